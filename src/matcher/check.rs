//! One test of one value: [`Check`], made from a [`Test`] and its operands before any call or, where an operand has
//! holes, when the case runs.

use std::cmp::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use prost_reflect::Value;
use regex::Regex;
use sha2::{Digest, Sha256};

use super::format::Format;
use super::order::{equal, nanoseconds, near, number, order};

/// Which test is made of operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    Equal,
    Order(Relation),
    Between,
    Approx,
    Within,
    Regex,
    Contains,
    StartsWith,
    EndsWith,
    Format,
    Sha256,
}

/// A test and its operands, of the type of what is tested.
#[derive(Debug, Clone)]
pub(crate) enum Check {
    Equal(Value),
    Order(Relation, Value),
    /// Both ends included.
    Between(Value, Value),
    /// `within` is a double, or a duration for times.
    Approx {
        value: Value,
        within: Value,
    },
    /// Of now, before or after: a duration.
    Within(Value),
    Regex(Regex),
    /// A part of a text, or of bytes.
    Contains(Value),
    StartsWith(Value),
    EndsWith(Value),
    Format(Format),
    Sha256([u8; 32]),
}

/// An order that must hold between the value and the operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Relation {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Greater => ">",
            Self::GreaterOrEqual => "≥",
            Self::Less => "<",
            Self::LessOrEqual => "≤",
        }
    }

    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
        }
    }
}

impl Check {
    /// From operands read by their types; as many as the test takes. The error says what is wrong with them.
    pub(super) fn new(test: Test, operands: Vec<Value>) -> Result<Self, String> {
        let mut operands = operands.into_iter();
        let mut next = || operands.next().ok_or_else(|| "an operand is missing".to_owned());
        let first = next()?;
        Ok(match test {
            Test::Equal => Self::Equal(first),
            Test::Order(relation) => {
                if number(&first).is_some_and(f64::is_nan) {
                    return Err("nothing is greater or less than NaN".to_owned());
                }
                Self::Order(relation, first)
            }
            Test::Between => {
                let high = next()?;
                match order(&first, &high) {
                    Some(Ordering::Greater) => {
                        return Err("the low end is above the high end: write the lower one first".to_owned());
                    }
                    None => return Err("nothing lies between these".to_owned()),
                    Some(_) => Self::Between(first, high),
                }
            }
            Test::Approx => {
                let within = next()?;
                if is_negative(&within) {
                    return Err("`within` is negative".to_owned());
                }
                Self::Approx { value: first, within }
            }
            Test::Within if is_negative(&first) => return Err("a distance from now is never negative".to_owned()),
            Test::Within => Self::Within(first),
            Test::Regex => Self::Regex(Regex::new(text(&first)?).map_err(|error| regex_problem(&error))?),
            Test::Contains => Self::Contains(first),
            Test::StartsWith => Self::StartsWith(first),
            Test::EndsWith => Self::EndsWith(first),
            Test::Format => {
                let name = text(&first)?;
                Self::Format(Format::by_name(name).ok_or_else(|| format!("`{name}` is not a known format"))?)
            }
            Test::Sha256 => Self::Sha256(sha256_digits(text(&first)?)?),
        })
    }

    /// Whether it holds; a value of another type, as JSON may bring it, fails every test.
    pub(super) fn holds(&self, actual: &Value) -> bool {
        match self {
            Self::Equal(expected) => equal(expected, actual),
            Self::Order(relation, bound) => order(actual, bound).is_some_and(|ordering| relation.holds(ordering)),
            Self::Between(low, high) => {
                order(actual, low).is_some_and(Ordering::is_ge) && order(actual, high).is_some_and(Ordering::is_le)
            }
            Self::Approx { value, within } => near(actual, value, within),
            Self::Within(distance) => is_now(actual, distance),
            Self::Regex(regex) => actual.as_str().is_some_and(|text| regex.is_match(text)),
            Self::Contains(part) => compare_parts(actual, part, contains),
            Self::StartsWith(part) => compare_parts(actual, part, <[u8]>::starts_with),
            Self::EndsWith(part) => compare_parts(actual, part, <[u8]>::ends_with),
            Self::Format(format) => actual.as_str().is_some_and(|text| format.matches(text)),
            Self::Sha256(digest) => actual.as_bytes().is_some_and(|bytes| Sha256::digest(bytes)[..] == digest[..]),
        }
    }
}

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| "a text is needed".to_owned())
}

fn is_negative(value: &Value) -> bool {
    match value {
        Value::Message(duration) => nanoseconds(duration).is_some_and(|nanos| nanos < 0),
        other => number(other).is_none_or(|number| number < 0.0 || number.is_nan()),
    }
}

/// The cause in one line; the crate's own text draws a caret over several.
fn regex_problem(error: &regex::Error) -> String {
    let text = error.to_string();
    let cause = text.lines().last().unwrap_or_default();
    cause.strip_prefix("error: ").unwrap_or(cause).to_owned()
}

fn sha256_digits(text: &str) -> Result<[u8; 32], String> {
    let wrong = || "a SHA-256 digest has 64 hexadecimal digits".to_owned();
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    let mut digest = [0; 32];
    for (at, byte) in digest.iter_mut().enumerate() {
        let pair = text.get(at * 2..at * 2 + 2).ok_or_else(wrong)?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
    }
    Ok(digest)
}

fn is_now(actual: &Value, distance: &Value) -> bool {
    let nanoseconds_of = |value: &Value| value.as_message().and_then(nanoseconds);
    let Some((actual, distance)) = nanoseconds_of(actual).zip(nanoseconds_of(distance)) else { return false };
    (actual - now()).abs() <= distance
}

/// Since 1970, in nanoseconds.
pub(super) fn now() -> i128 {
    let nanos = |duration: std::time::Duration| i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX);
    SystemTime::now().duration_since(UNIX_EPOCH).map_or_else(|before| -nanos(before.duration()), nanos)
}

fn compare_parts(actual: &Value, part: &Value, holds: fn(&[u8], &[u8]) -> bool) -> bool {
    match (actual, part) {
        (Value::String(actual), Value::String(part)) => holds(actual.as_bytes(), part.as_bytes()),
        (Value::Bytes(actual), Value::Bytes(part)) => holds(actual, part),
        _ => false,
    }
}

fn contains(whole: &[u8], part: &[u8]) -> bool {
    match (std::str::from_utf8(whole), std::str::from_utf8(part)) {
        // the standard library's search of text is linear
        (Ok(whole), Ok(part)) => whole.contains(part),
        _ => part.is_empty() || whole.windows(part.len()).any(|window| window == part),
    }
}
