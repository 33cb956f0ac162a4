//! Numbers as JSON spells them, read exactly: `1e3` and `1.0` are whole numbers, `0x1F` and `0123` are not numbers at
//! all.

use crate::expr::double_text;

/// Why a text is no whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotWhole {
    /// It is not a decimal number in JSON's spelling.
    Spelling,
    /// It has a fraction.
    Fraction,
    /// It has more digits than any integer type holds.
    Huge,
}

/// A number's text, taken apart: `-12.5e3` is minus, `12`, `5`, 3.
struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    /// Kept within ±10^9: beyond that, only zero is a whole number that fits.
    exponent: i64,
}

/// Whether the text is a JSON number.
pub(super) fn is_number(text: &str) -> bool {
    take_apart(text).is_some()
}

/// A whole number, exactly: the digits may be written with an exponent or a fraction of zeros.
pub(super) fn whole(text: &str) -> Result<i128, NotWhole> {
    let parts = take_apart(text).ok_or(NotWhole::Spelling)?;
    let mut digits = format!("{}{}", parts.whole, parts.fraction);
    let mut scale = parts.exponent - i64::try_from(parts.fraction.len()).unwrap_or(i64::MAX / 2);
    let significant = digits.trim_end_matches('0').len();
    if digits.bytes().all(|digit| digit == b'0') {
        return Ok(0);
    }
    scale += i64::try_from(digits.len() - significant).unwrap_or(i64::MAX / 2);
    digits.truncate(significant);
    let digits = digits.trim_start_matches('0');
    let scale = usize::try_from(scale).map_err(|_| NotWhole::Fraction)?;
    if digits.len().saturating_add(scale) > 30 {
        return Err(NotWhole::Huge);
    }
    let magnitude: i128 = format!("{digits}{}", "0".repeat(scale)).parse().map_err(|_| NotWhole::Huge)?;
    Ok(if parts.negative { -magnitude } else { magnitude })
}

/// A decimal number times `10^power`, if that is a whole number: `1.5` with power 9 is 1,500,000,000.
pub(super) fn scaled(text: &str, power: u32) -> Result<i128, NotWhole> {
    whole(&format!("{text}e{power}"))
}

/// How a number that was meant is spelled here, if that can be told: `31` for `0x1F`, `5` for `+5`.
pub(super) fn respell(written: &str) -> Option<String> {
    let text = written.trim();
    let (sign, bare) = match text.strip_prefix('-') {
        Some(bare) => ("-", bare),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let bare = bare.replace(['_', ','], "");
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = bare.strip_prefix(prefix) {
            return u64::from_str_radix(digits, radix).ok().map(|value| format!("{sign}{value}"));
        }
    }
    let stripped = bare.trim_start_matches('0');
    let starts_with_digit = stripped.starts_with(|first: char| first.is_ascii_digit());
    let padded = if starts_with_digit { stripped.to_owned() } else { format!("0{stripped}") };
    let spelled = format!("{sign}{}", padded.trim_end_matches('.'));
    (bare.contains(|digit: char| digit.is_ascii_digit()) && is_number(&spelled) && spelled != written)
        .then_some(spelled)
}

/// The shortest text that reads back as the same `float`.
pub(super) fn float_text(value: f32) -> String {
    let reads_better = value == 0.0 || (1e-5..1e17).contains(&f64::from(value).abs());
    match value {
        value if !value.is_finite() => double_text(f64::from(value)),
        value if reads_better => format!("{value}"),
        value => format!("{value:e}"),
    }
}

/// By JSON's grammar (RFC 8259, section 6).
fn take_apart(text: &str) -> Option<Parts<'_>> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, rest) = digits(rest)?;
    if whole.len() > 1 && whole.starts_with('0') {
        return None;
    }
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest)?,
        None => ("", rest),
    };
    let (exponent, rest) = match rest.strip_prefix(['e', 'E']) {
        Some(rest) => exponent(rest)?,
        None => (0, rest),
    };
    rest.is_empty().then_some(Parts { negative, whole, fraction, exponent })
}

fn exponent(text: &str) -> Option<(i64, &str)> {
    const BOUND: i64 = 1_000_000_000;
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, rest) = digits(rest)?;
    let magnitude = digits.parse().unwrap_or(BOUND).min(BOUND);
    Some((sign * magnitude, rest))
}

/// One or more digits, and what follows them.
fn digits(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_exact() {
        for (text, expected) in [
            ("0", 0),
            ("-0", 0),
            ("0.000", 0),
            ("0e999999999999999999999", 0),
            ("18446744073709551615", i128::from(u64::MAX)),
            ("-9223372036854775808", i128::from(i64::MIN)),
            ("1e3", 1000),
            ("1.0", 1),
            ("1.50e1", 15),
            ("1200e-2", 12),
            ("9007199254740993", 9_007_199_254_740_993),
            ("9.007199254740993e15", 9_007_199_254_740_993),
        ] {
            assert_eq!(whole(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_whole_says_why() {
        for text in ["", "-", "+5", "0123", "1_000", "0x1F", ".5", "5.", "1e", "1e+", " 1", "1 ", "٣", "1e3.0", "NaN"]
        {
            assert_eq!(whole(text), Err(NotWhole::Spelling), "{text}");
        }
        for text in ["0.5", "1e-1", "12.34e1", "1e-999999999999"] {
            assert_eq!(whole(text), Err(NotWhole::Fraction), "{text}");
        }
        for text in ["1e31", "1e999999999999", "123456789012345678901234567890123"] {
            assert_eq!(whole(text), Err(NotWhole::Huge), "{text}");
        }
    }

    #[test]
    fn a_number_that_was_meant_is_spelled_out() {
        for (text, expected) in [
            ("0x1F", Some("31")),
            ("-0x10", Some("-16")),
            ("0o17", Some("15")),
            ("0123", Some("123")),
            ("00", Some("0")),
            ("1_000", Some("1000")),
            ("1,000", Some("1000")),
            ("+5", Some("5")),
            (".5", Some("0.5")),
            ("5.", Some("5")),
            (" 5", Some("5")),
            ("5", None),
            ("abc", None),
            ("", None),
            ("_", None),
        ] {
            assert_eq!(respell(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn floats_are_written_short_and_read_back() {
        for value in [0.0, -0.0, 1.0, 0.1, 1e300, 5e-324, f64::MAX, f64::MIN_POSITIVE, 1e16, 123_456_789.125] {
            let text = double_text(value);
            assert!(is_number(&text), "{text}");
            assert_eq!(text.parse::<f64>().map(f64::to_bits), Ok(value.to_bits()), "{text}");
        }
        assert_eq!(float_text(0.1), "0.1");
        assert_eq!(float_text(f32::MAX), "3.4028235e38");
        assert_eq!(double_text(f64::NEG_INFINITY), "-Infinity");
    }
}
