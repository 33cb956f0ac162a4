use std::time::Duration;

use super::*;
use crate::diagnostic::{Diagnostics, Sources, Spanned};
use crate::yaml::parse;

/// Reads what stands under `key:` with `read`.
fn value<T>(written: &str, read: impl Fn(&Node, &mut Diagnostics) -> Option<T>) -> Result<T, String> {
    let text = format!("key: {written}");
    let mut out = Diagnostics::new();
    let file = Sources::new().add("a.yaml", text.as_str());
    let node = parse(file, &text, &mut out).expect("it is YAML");
    let read = node.get("key").and_then(|node| read(node, &mut out));
    match (read, out.iter().next()) {
        (Some(value), None) => Ok(value),
        (None, Some(diagnostic)) => {
            let place = diagnostic.primary.as_ref().expect("has a place");
            assert_eq!(place.span.start, 5, "points at the value");
            assert!(!diagnostic.hints.is_empty(), "has a way out: {diagnostic:?}");
            Err(format!("{} | {}", diagnostic.headline, diagnostic.hints.join(" | ")))
        }
        (value, said) => panic!("{written}: a value ({}) and an error ({said:?})", value.is_some()),
    }
}

fn plain<T>(
    read: impl Fn(&Node, &mut Diagnostics) -> Option<Spanned<T>>,
) -> impl Fn(&Node, &mut Diagnostics) -> Option<T> {
    move |node, out| read(node, out).map(|spanned| spanned.value)
}

#[test]
fn reads_durations() {
    let cases: &[(&str, u64)] = &[
        ("1ns", 1),
        ("250us", 250_000),
        ("250ms", 250_000_000),
        ("10s", 10_000_000_000),
        ("1m30s", 90_000_000_000),
        ("1h2m3s4ms5us6ns", 3_723_004_005_006),
        ("1.5s", 1_500_000_000),
        ("0.000000001s", 1),
        ("1.50000000000000000000000000s", 1_500_000_000),
        ("\"10s\"", 10_000_000_000),
        ("0s", 0),
    ];
    for (written, nanoseconds) in cases {
        assert_eq!(value(written, plain(duration)), Ok(Duration::from_nanos(*nanoseconds)), "{written}");
    }
}

#[test]
fn refuses_what_is_no_duration_and_says_what_to_write() {
    let cases = [
        ("10", "`10`: a number without a unit | write `10s` or `10ms`"),
        ("-5s", "`-5s`: a duration has no sign | write `5s`"),
        ("+5s", "`+5s`: a duration has no sign | write `5s`"),
        ("10 s", "`10 s`: a duration has no space in it | write `10s`"),
        ("10 seconds", "`10 seconds`: a duration has no space in it | write `10s`"),
        ("10sec", "`10sec`: unknown unit `sec` | write `10s`"),
        ("10S", "`10S`: unknown unit `S` | write `10s`"),
        ("5µs", "`5µs`: unknown unit `µs` | write `5us`"),
        ("2d", "`2d`: unknown unit `d` | write days as hours: `24h`"),
        ("2x", "`2x`: unknown unit `x` | the units are `ns`, `us`, `ms`, `s`, `m` and `h`"),
        ("30s1m", "`30s1m`: units go from large to small, each once | write it as in `1h2m3s`"),
        ("1s1s", "`1s1s`: units go from large to small, each once | write it as in `1h2m3s`"),
        ("s", "`s`: not a duration | write numbers with units: `250ms`, `10s`, `1m30s`"),
        (".5s", "`.5s`: not a duration | write numbers with units: `250ms`, `10s`, `1m30s`"),
        ("1.s", "`1.s`: not a duration | write numbers with units: `250ms`, `10s`, `1m30s`"),
        ("1.2.3s", "`1.2.3s`: not a duration | write numbers with units: `250ms`, `10s`, `1m30s`"),
        ("\"\"", "an empty text: not a duration | write numbers with units: `250ms`, `10s`, `1m30s`"),
        ("1.5ns", "`1.5ns`: finer than a nanosecond | write whole nanoseconds: `1ns` is the finest"),
        ("99999999999h", "`99999999999h`: this duration is too long | write at most `5000000h`"),
        (
            "99999999999999999999999999999999999999999h",
            "`99999999999999999999999999999999999999999h`: this duration is too long | write at most `5000000h`",
        ),
        ("[1s]", "expected a duration, found a list | write it without the brackets or the dash"),
        ("{}", "expected a duration, found a mapping | write a duration in its place"),
        ("null", "expected a duration, found null | leave it out, or write a duration"),
    ];
    for (written, said) in cases {
        assert_eq!(value(written, plain(duration)).map(|_| ()), Err(said.to_owned()), "{written}");
    }
}

#[test]
fn a_limit_is_longer_than_zero() {
    assert_eq!(value("1ns", plain(positive_duration)), Ok(Duration::from_nanos(1)));
    let said = value("0s", plain(positive_duration)).expect_err("zero is refused");
    assert_eq!(said, "zero is no time at all | write a longer one, such as `100ms`");
}

#[test]
fn reads_sizes() {
    for (written, bytes) in [("0B", 0), ("512B", 512), ("1KiB", 1024), ("4MiB", 4 << 20), ("2GiB", 2 << 30)] {
        assert_eq!(value(written, plain(size)), Ok(bytes), "{written}");
    }
}

#[test]
fn refuses_what_is_no_size_and_says_what_to_write() {
    let cases = [
        ("4", "`4`: a number without a unit | write `4B` or `4MiB`"),
        ("4MB", "`4MB`: unknown unit `MB` | write `4MiB`"),
        ("4m", "`4m`: unknown unit `m` | write `4MiB`"),
        ("4 MiB", "`4 MiB`: a size has no space in it | write `4MiB`"),
        ("-4MiB", "`-4MiB`: not a size | write a whole number with its unit: `512KiB`, `4MiB`"),
        ("1.5MiB", "`1.5MiB`: not a size | write a whole number with its unit: `512KiB`, `4MiB`"),
        ("4parsec", "`4parsec`: unknown unit `parsec` | the units are `B`, `KiB`, `MiB` and `GiB`"),
        ("99999999999GiB", "`99999999999GiB`: this size is too large | write at most `8589934592GiB`"),
    ];
    for (written, said) in cases {
        assert_eq!(value(written, plain(size)).map(|_| ()), Err(said.to_owned()), "{written}");
    }
}

#[test]
fn counts_are_plain_digits_from_one() {
    assert_eq!(value("200", plain(count)), Ok(200));
    assert_eq!(value("\"200\"", plain(count)), Ok(200));
    let cases = [
        ("0", "`0`: a count is at least 1 | leave it out, or write `1` or more"),
        ("-1", "`-1`: not a count | write a whole number in plain digits, at least 1"),
        ("+1", "`+1`: not a count | write a whole number in plain digits, at least 1"),
        ("1_000", "`1_000`: not a count | write a whole number in plain digits, at least 1"),
        ("1.5", "`1.5`: not a count | write a whole number in plain digits, at least 1"),
        ("many", "`many`: not a count | write a whole number in plain digits, at least 1"),
        ("007", "`007`: a count has no leading zero | write `7`"),
        ("4294967296", "`4294967296`: this count is too large | write at most `4294967295`"),
    ];
    for (written, said) in cases {
        assert_eq!(value(written, plain(count)).map(|_| ()), Err(said.to_owned()), "{written}");
    }
}

#[test]
fn a_text_is_what_was_written() {
    for written in ["true", "1.10", "no", "2024-01-01", "\"null\"", "0x1F"] {
        assert_eq!(value(written, plain(text)).as_deref(), Ok(written.trim_matches('"')), "{written}");
    }
    let said = value("~", plain(text)).expect_err("null is no text");
    assert_eq!(said, "expected a text, found null | leave it out, or write `\"~\"` to mean the text");
}

#[test]
fn a_list_of_texts_is_a_list() {
    let list = value("[a, true, 1]", texts).expect("texts");
    assert_eq!(list.iter().map(|text| text.value.as_str()).collect::<Vec<_>>(), ["a", "true", "1"]);
    let said = value("smoke", texts).expect_err("not a list");
    assert_eq!(said, "expected a list of texts, found `smoke` | write `[smoke]`");
}

#[test]
fn booleans_are_two_words() {
    assert_eq!(value("true", boolean), Ok(true));
    assert_eq!(value("false", boolean), Ok(false));
    assert_eq!(value("yes", boolean), Err("expected `true` or `false`, found `yes` | write `true`".to_owned()));
    assert_eq!(value("False", boolean), Err("expected `true` or `false`, found `False` | write `false`".to_owned()));
}

#[test]
fn a_choice_suggests_the_nearest() {
    let read = |node: &Node, out: &mut Diagnostics| choice(node, &[("file", 1), ("case", 2)], out);
    assert_eq!(value("case", read), Ok(2));
    let said = "unknown choice `fil` | did you mean `file`? | write `file` or `case`";
    assert_eq!(value("fil", read), Err(said.to_owned()));
    let said = "unknown choice `everything` | write `file` or `case`";
    assert_eq!(value("everything", read), Err(said.to_owned()));
}
