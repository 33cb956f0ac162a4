//! The texts of `google.protobuf.Timestamp` (RFC 3339) and `google.protobuf.Duration` (`1.5s`, `1m30s`), and back.

use jiff::civil::Date;

use super::number::scaled;
use super::scalar::Problem;

/// Seconds and nanoseconds, as both messages hold them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seconds {
    pub(super) seconds: i64,
    pub(super) nanos: i32,
}

const EPOCH: Date = jiff::civil::date(1970, 1, 1);
const DAY: i64 = 86_400;
const NANOS: i128 = 1_000_000_000;
/// 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z, from timestamp.proto.
const TIMESTAMPS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
/// 10,000 years, from duration.proto.
const LONGEST: i128 = 315_576_000_000 * NANOS;
/// From long to short, as they are joined, with their power of ten in nanoseconds or their seconds.
const UNITS: [(&str, u32, i128); 6] =
    [("h", 9, 3600), ("m", 9, 60), ("s", 9, 1), ("ms", 6, 1), ("us", 3, 1), ("ns", 0, 1)];

/// Reads `2024-02-29T12:00:00.5+01:00`: date, `T`, time, up to nine digits of a second, `Z` or an offset.
pub(super) fn parse_timestamp(text: &str) -> Result<Seconds, Problem> {
    let form = || {
        Problem::new("is not a timestamp", "expected RFC 3339, such as `2024-02-29T12:30:00Z`")
            .hint("date, `T`, hours, minutes, seconds, then `Z` or an offset such as `+01:00`")
    };
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = bytes.get(from..to)?;
        digits
            .iter()
            .all(u8::is_ascii_digit)
            .then(|| digits.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
    };
    let is = |at: usize, byte: u8| bytes.get(at) == Some(&byte);
    let punctuated = is(4, b'-') && is(7, b'-') && is(10, b'T') && is(13, b':') && is(16, b':');
    let fields =
        (|| Some((number(0, 4)?, number(5, 7)?, number(8, 10)?, number(11, 13)?, number(14, 16)?, number(17, 19)?)))();
    let (Some((year, month, day, hour, minute, second)), true) = (fields, punctuated) else { return Err(form()) };

    let (nanos, zone) = fraction(&text[19..]).ok_or_else(form)??;
    let offset = offset(zone).ok_or_else(form)?;

    let no_such = |label: String| Err(Problem::new("is not a timestamp", label));
    let small = |value: i64| i8::try_from(value).unwrap_or(i8::MAX);
    let Ok(date) = Date::new(i16::try_from(year).unwrap_or(i16::MAX), small(month), small(day)) else {
        return no_such(format!("there is no {}", &text[..10]));
    };
    if second == 60 {
        return Err(Problem::new("is not a timestamp", "second 60: a Timestamp has no leap seconds")
            .hint("write second 59, or the first of the next minute"));
    }
    if hour > 23 || minute > 59 || second > 59 {
        return no_such(format!("there is no {} on a day", &text[11..19]));
    }
    let seconds = days_since_epoch(date) * DAY + hour * 3600 + minute * 60 + second - offset;
    if !TIMESTAMPS.contains(&seconds) {
        return Err(Problem::new(
            "is out of range",
            "a Timestamp lies between 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z",
        ));
    }
    Ok(Seconds { seconds, nanos })
}

/// `.5` and what follows it; an error if there are more than nine digits, `None` if there are none after the point.
fn fraction(text: &str) -> Option<Result<(i32, &str), Problem>> {
    let Some(rest) = text.strip_prefix('.') else { return Some(Ok((0, text))) };
    let end = rest.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(rest.len());
    if end > 9 {
        return Some(Err(Problem::new("is not a timestamp", "more than nine digits of a second")));
    }
    let nanos = format!("{:0<9}", &rest[..end]).parse().ok()?;
    (end > 0).then(|| Ok((nanos, &rest[end..])))
}

/// `Z` or `+01:00`, in seconds east.
fn offset(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let (sign, rest) = match zone.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let two = |digits: &str| -> Option<i64> {
        (digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit())).then(|| digits.parse().ok())?
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn days_since_epoch(date: Date) -> i64 {
    date.duration_since(EPOCH).as_secs() / DAY
}

/// The canonical text, or `None` if the message holds no timestamp that has one.
pub(super) fn timestamp_text(at: Seconds) -> Option<String> {
    let nanos = u32::try_from(at.nanos).ok().filter(|nanos| i128::from(*nanos) < NANOS)?;
    if !TIMESTAMPS.contains(&at.seconds) {
        return None;
    }
    let days = jiff::SignedDuration::from_secs(at.seconds.div_euclid(DAY) * DAY);
    let date = EPOCH.checked_add(days).ok()?;
    let second = at.seconds.rem_euclid(DAY);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let (year, month, day) = (date.year(), date.month(), date.day());
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{}Z", fraction_text(nanos)))
}

/// Reads `1.5s`, `250ms`, `1m30s`, `-1.5s`: exact to the nanosecond.
pub(super) fn parse_duration(text: &str) -> Result<Seconds, Problem> {
    let form = |label: &str| Problem::new("is not a duration", label);
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    if rest.is_empty() {
        return Err(form("expected a duration such as `1.5s`, `250ms` or `1m30s`"));
    }
    let (mut total, mut units) = (0_i128, UNITS.as_slice());
    while !rest.is_empty() {
        let number_end = rest.find(|at: char| !at.is_ascii_digit() && at != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(number_end);
        let unit_end = tail.find(|at: char| !at.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        if unit.is_empty() && tail.is_empty() && !number.is_empty() {
            return Err(form("a number without a unit").hint(format!("write `{text}s`, if seconds are meant")));
        }
        let Some(at) = units.iter().position(|(name, ..)| *name == unit) else {
            return Err(form("expected a duration such as `1.5s`, `250ms` or `1m30s`")
                .hint("the units are `h`, `m`, `s`, `ms`, `us` and `ns`, each at most once and in this order"));
        };
        let (_, power, factor) = units[at];
        let unscaled = scaled_part(number, power, factor).ok_or_else(|| {
            form("not a whole number of nanoseconds").hint("write the number in decimal, such as `1.5`")
        })?;
        total = total.saturating_add(unscaled);
        (units, rest) = (&units[at + 1..], tail);
    }
    if total > LONGEST {
        return Err(Problem::new("is out of range", "a Duration is at most 315576000000s (10,000 years) either way"));
    }
    let total = sign * total;
    let (seconds, nanos) = (i64::try_from(total / NANOS), i32::try_from(total % NANOS));
    Ok(Seconds { seconds: seconds.unwrap_or(i64::MAX), nanos: nanos.unwrap_or(0) })
}

/// Nanoseconds of `number` units; numbers too large to matter saturate, and are out of range.
fn scaled_part(number: &str, power: u32, factor: i128) -> Option<i128> {
    use super::number::NotWhole;
    match scaled(number, power) {
        Ok(nanos) => Some(nanos.saturating_mul(factor)),
        Err(NotWhole::Huge) => Some(i128::MAX),
        // A third of a minute has no finite decimal, but half a microsecond of an hour does: scale the factor in.
        Err(NotWhole::Fraction) if factor > 1 => {
            let finer = scaled(number, power + 4).ok()?.checked_mul(factor)?;
            (finer % 10_000 == 0).then_some(finer / 10_000)
        }
        Err(NotWhole::Fraction | NotWhole::Spelling) => None,
    }
}

/// The shortest text in seconds, or `None` if the message holds no duration that has one.
pub(super) fn duration_text(length: Seconds) -> Option<String> {
    let signs_agree = length.seconds == 0 || length.nanos == 0 || (length.seconds < 0) == (length.nanos < 0);
    let total = i128::from(length.seconds) * NANOS + i128::from(length.nanos);
    let nanos = length.nanos.unsigned_abs();
    if !signs_agree || i128::from(nanos) >= NANOS || total.abs() > LONGEST {
        return None;
    }
    let sign = if total < 0 { "-" } else { "" };
    Some(format!("{sign}{}{}s", length.seconds.unsigned_abs(), fraction_text(nanos)))
}

/// `.5`, `.000000001`, or nothing.
fn fraction_text(nanos: u32) -> String {
    if nanos == 0 {
        return String::new();
    }
    let digits = format!("{nanos:09}");
    format!(".{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64, nanos: i32) -> Seconds {
        Seconds { seconds, nanos }
    }

    #[test]
    fn timestamps_reach_their_limits_and_back() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", at(0, 0)),
            ("0001-01-01T00:00:00Z", at(-62_135_596_800, 0)),
            ("9999-12-31T23:59:59.999999999Z", at(253_402_300_799, 999_999_999)),
            ("1969-12-31T23:59:59.5Z", at(-1, 500_000_000)),
            ("2024-02-29T12:30:00.000001Z", at(1_709_209_800, 1000)),
        ] {
            assert_eq!(parse_timestamp(text), Ok(expected), "{text}");
            assert_eq!(timestamp_text(expected).as_deref(), Some(text));
        }
        assert_eq!(parse_timestamp("2024-01-01T01:00:00+01:00"), Ok(at(1_704_067_200, 0)));
        assert_eq!(parse_timestamp("0001-01-01T00:00:00-23:59"), Ok(at(-62_135_596_800 + 86_340, 0)));
        assert_eq!(timestamp_text(at(253_402_300_800, 0)), None);
        assert_eq!(timestamp_text(at(0, -1)), None);
        assert_eq!(timestamp_text(at(i64::MIN, i32::MIN)), None);
    }

    #[test]
    fn what_is_no_timestamp_is_refused() {
        for text in [
            "",
            "now",
            "2024-01-01",
            "2024-01-01T00:00:00",
            "2024-01-01 00:00:00Z",
            "2024-01-01t00:00:00Z",
            "2024-01-01T00:00:00z",
            "2023-02-29T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-00-01T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:60:00Z",
            "2024-06-30T23:59:60Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00.1234567890Z",
            "2024-01-01T00:00:00+0100",
            "2024-01-01T00:00:00+24:00",
            "2024-01-01T00:00:00+01:00Z",
            "0000-12-31T23:59:59Z",
            "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "10000-01-01T00:00:00Z",
            "2024-01-01T00:00:0éZ",
            "٢٠٢٤-01-01T00:00:00Z",
        ] {
            assert!(parse_timestamp(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_reach_their_limits_and_back() {
        for (text, expected) in [
            ("0s", at(0, 0)),
            ("1.5s", at(1, 500_000_000)),
            ("-1.5s", at(-1, -500_000_000)),
            ("-0.000000001s", at(0, -1)),
            ("315576000000s", at(315_576_000_000, 0)),
            ("-315576000000s", at(-315_576_000_000, 0)),
        ] {
            assert_eq!(parse_duration(text), Ok(expected), "{text}");
            assert_eq!(duration_text(expected).as_deref(), Some(text));
        }
        for (text, expected) in [
            ("250ms", at(0, 250_000_000)),
            ("1m30s", at(90, 0)),
            ("1.5h", at(5400, 0)),
            ("0.0000000001h", at(0, 360)),
            ("1h2m3s4ms5us6ns", at(3723, 4_005_006)),
            ("-1m0.5s", at(-60, -500_000_000)),
            ("1.50000000000s", at(1, 500_000_000)),
        ] {
            assert_eq!(parse_duration(text), Ok(expected), "{text}");
        }
        assert_eq!(duration_text(at(1, -1)), None);
        assert_eq!(duration_text(at(0, 1_000_000_000)), None);
        assert_eq!(duration_text(at(i64::MIN, i32::MIN)), None);
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "",
            "-",
            "s",
            "5",
            "1.5",
            "+1s",
            "1 s",
            "1s ",
            "--1s",
            "1s-1s",
            "1s1m",
            "1s1s",
            "1d",
            "1e3s",
            "1.s",
            ".5s",
            "01s",
            "0.5ns",
            "0.0000000001s",
            "315576000000.000000001s",
            "99999999999999999999999999999999999999999h",
            "Infinitys",
            "1é",
        ] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
