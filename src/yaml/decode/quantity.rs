//! Durations (`250ms`, `1m30s`) and sizes (`4MiB`).

use std::time::Duration;

use super::scalar::scalar;
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::yaml::Node;

/// From large to small, in nanoseconds.
const TIMES: &[(&str, u128)] = &[
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// Units of time that others write, and ours.
const OTHER_TIMES: &[(&str, &str)] = &[
    ("hr", "h"),
    ("hrs", "h"),
    ("hour", "h"),
    ("hours", "h"),
    ("min", "m"),
    ("mins", "m"),
    ("minute", "m"),
    ("minutes", "m"),
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("msec", "ms"),
    ("millis", "ms"),
    ("millisecond", "ms"),
    ("milliseconds", "ms"),
    ("usec", "us"),
    ("µs", "us"),
    ("μs", "us"),
    ("micros", "us"),
    ("microseconds", "us"),
    ("nsec", "ns"),
    ("nanos", "ns"),
    ("nanoseconds", "ns"),
];

const SIZES: &[(&str, u64)] = &[("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// What is wrong with a quantity, and the way out.
struct Flaw {
    problem: String,
    hint: String,
}

/// A duration: numbers with `ns us ms s m h`, from large to small, joined. Fractions are exact to the nanosecond.
pub(crate) fn duration(node: &Node, out: &mut Diagnostics) -> Option<Spanned<Duration>> {
    let written = scalar(node, "a duration", out)?;
    read(parse_duration(written), written, node, out)
}

/// As [`duration`], longer than zero: how long something may take.
pub(crate) fn positive_duration(node: &Node, out: &mut Diagnostics) -> Option<Spanned<Duration>> {
    let duration = duration(node, out)?;
    if duration.value.is_zero() {
        let headline = "zero is no time at all";
        out.push(Diagnostic::error(headline).at(node.span, "").hint("write a longer one, such as `100ms`"));
        return None;
    }
    Some(duration)
}

/// A duration that stands elsewhere, on the command line. The error is a fragment with its way out.
pub(crate) fn duration_of(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|flaw| format!("{}: {}", flaw.problem, flaw.hint))
}

/// A size in bytes: a whole number with `B KiB MiB GiB`.
pub(crate) fn size(node: &Node, out: &mut Diagnostics) -> Option<Spanned<u64>> {
    let written = scalar(node, "a size", out)?;
    read(parse_size(written), written, node, out)
}

fn read<T>(parsed: Result<T, Flaw>, written: &str, node: &Node, out: &mut Diagnostics) -> Option<Spanned<T>> {
    match parsed {
        Ok(value) => Some(Spanned::new(value, node.span)),
        Err(flaw) => {
            let quoted = if written.is_empty() { "an empty text".to_owned() } else { format!("`{written}`") };
            let headline = format!("{quoted}: {}", flaw.problem);
            out.push(Diagnostic::error(headline).at(node.span, "").hint(flaw.hint));
            None
        }
    }
}

fn parse_duration(written: &str) -> Result<Duration, Flaw> {
    const EXAMPLES: &str = "write numbers with units: `250ms`, `10s`, `1m30s`";
    let flaw = |problem: &str, hint: String| Flaw { problem: problem.to_owned(), hint };
    let suggest = |meant: String| match parse_duration(&meant) {
        Ok(_) => format!("write `{meant}`"),
        Err(flaw) => flaw.hint,
    };
    if written.starts_with(['+', '-']) {
        return Err(flaw("a duration has no sign", suggest(written[1..].to_owned())));
    }
    if written.contains(char::is_whitespace) {
        return Err(flaw("a duration has no space in it", suggest(written.split_whitespace().collect())));
    }
    let mut rest = written;
    let mut nanoseconds: u128 = 0;
    let mut smaller = TIMES;
    while !rest.is_empty() || written.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len()));
        let (unit, after) = after.split_at(after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len()));
        if !is_decimal(number) {
            return Err(flaw("not a duration", EXAMPLES.to_owned()));
        }
        if unit.is_empty() {
            return Err(flaw("a number without a unit", format!("write `{written}s` or `{written}ms`")));
        }
        let Some(at) = smaller.iter().position(|(name, _)| *name == unit) else {
            return Err(if TIMES.iter().any(|(name, _)| *name == unit) {
                flaw("units go from large to small, each once", "write it as in `1h2m3s`".to_owned())
            } else {
                unknown_unit(written, unit)
            });
        };
        let Some(part) = times(number, smaller[at].1) else {
            return Err(flaw("finer than a nanosecond", "write whole nanoseconds: `1ns` is the finest".to_owned()));
        };
        nanoseconds = nanoseconds.saturating_add(part);
        smaller = &smaller[at + 1..];
        rest = after;
    }
    u64::try_from(nanoseconds)
        .map(Duration::from_nanos)
        .map_err(|_| flaw("this duration is too long", "write at most `5000000h`".to_owned()))
}

fn unknown_unit(written: &str, unit: &str) -> Flaw {
    let lower = unit.to_lowercase();
    let ours = TIMES.iter().find(|(name, _)| *name == lower).map(|(name, _)| *name);
    let ours = ours.or_else(|| OTHER_TIMES.iter().find(|(theirs, _)| *theirs == lower).map(|(_, ours)| *ours));
    let meant = ours.map(|ours| written.replacen(unit, ours, 1)).filter(|meant| parse_duration(meant).is_ok());
    let hint = match meant {
        Some(meant) => format!("write `{meant}`"),
        None if matches!(lower.as_str(), "d" | "day" | "days") => "write days as hours: `24h`".to_owned(),
        None => "the units are `ns`, `us`, `ms`, `s`, `m` and `h`".to_owned(),
    };
    Flaw { problem: format!("unknown unit `{unit}`"), hint }
}

/// Digits, with digits around a point if there is one.
fn is_decimal(number: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match number.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(number),
    }
}

/// A decimal times a unit, exact or not at all; the largest number where it is larger still.
fn times(number: &str, unit: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let whole = whole.parse::<u128>().unwrap_or(u128::MAX).saturating_mul(unit);
    let fraction = match fraction.trim_end_matches('0') {
        "" => "0",
        digits => digits,
    };
    let scale = 10u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part = fraction.parse::<u128>().ok()?.checked_mul(unit)?;
    (part % scale == 0).then(|| whole.saturating_add(part / scale))
}

fn parse_size(written: &str) -> Result<u64, Flaw> {
    let flaw = |problem: &str, hint: String| Flaw { problem: problem.to_owned(), hint };
    let (number, unit) = written.split_at(written.find(|c: char| !c.is_ascii_digit()).unwrap_or(written.len()));
    if number.is_empty() || unit.starts_with('.') {
        return Err(flaw("not a size", "write a whole number with its unit: `512KiB`, `4MiB`".to_owned()));
    }
    if unit.is_empty() {
        return Err(flaw("a number without a unit", format!("write `{number}B` or `{number}MiB`")));
    }
    let Some((_, factor)) = SIZES.iter().find(|(name, _)| *name == unit) else {
        let ours = match unit.trim().to_ascii_lowercase().as_str() {
            "b" | "byte" | "bytes" => Some("B"),
            "k" | "kb" | "ki" | "kib" => Some("KiB"),
            "m" | "mb" | "mi" | "mib" => Some("MiB"),
            "g" | "gb" | "gi" | "gib" => Some("GiB"),
            _ => None,
        };
        let hint = ours
            .map_or("the units are `B`, `KiB`, `MiB` and `GiB`".to_owned(), |unit| format!("write `{number}{unit}`"));
        let problem =
            if unit.starts_with(' ') { "a size has no space in it" } else { &format!("unknown unit `{unit}`") };
        return Err(flaw(problem, hint));
    };
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(*factor));
    bytes.ok_or_else(|| flaw("this size is too large", "write at most `8589934592GiB`".to_owned()))
}
