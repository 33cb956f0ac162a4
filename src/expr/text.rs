//! Values as text: joined into longer text, or read again by the type of a field.

use super::Value;

impl Value {
    pub(crate) fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Uint(number) => i64::try_from(*number).ok(),
            Self::Enum(_, number) => Some(i64::from(*number)),
            _ => None,
        }
    }

    /// A number of any type, rounded if need be.
    pub(crate) fn as_double(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "what doubles do")]
        Some(match self {
            Self::Int(number) => *number as f64,
            Self::Uint(number) => *number as f64,
            Self::Enum(_, number) => f64::from(*number),
            Self::Double(number) => *number,
            _ => return None,
        })
    }

    /// The text of a single value, as protobuf's JSON writes it, without quotes; `None` if it has none that says all of
    /// it: null, bytes, a message, a list, a map.
    pub(crate) fn to_text(&self) -> Option<String> {
        Some(match self {
            Self::Text(text) => text.to_string(),
            Self::Bool(value) => value.to_string(),
            Self::Int(number) => number.to_string(),
            Self::Uint(number) => number.to_string(),
            Self::Double(number) => double_text(*number),
            Self::Enum(descriptor, number) => {
                descriptor.get_value(*number).map_or_else(|| number.to_string(), |value| value.name().to_owned())
            }
            Self::Timestamp { seconds, nanos } => timestamp_text(*seconds, *nanos)?,
            Self::Duration { seconds, nanos } => duration_text(*seconds, *nanos),
            Self::Type(name) => name.to_string(),
            Self::Yaml(_)
            | Self::Null
            | Self::Bytes(_)
            | Self::Message(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Record(_)
            | Self::Optional(_) => return None,
        })
    }

    /// In a few characters, for a message.
    pub(super) fn short(&self) -> String {
        const SHOWN: usize = 30;
        let text = match self {
            Self::Text(text) => format!("'{text}'"),
            other => other.to_text().unwrap_or_else(|| other.describe()),
        };
        match text.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    }
}

/// The shortest text that reads back as the same number.
pub(crate) fn double_text(value: f64) -> String {
    let reads_better = value == 0.0 || (1e-5..1e17).contains(&value.abs());
    match value {
        value if value.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        value if reads_better => format!("{value}"),
        value => format!("{value:e}"),
    }
}

fn duration_text(seconds: i64, nanos: i32) -> String {
    let sign = if seconds < 0 || nanos < 0 { "-" } else { "" };
    let (seconds, nanos) = (seconds.unsigned_abs(), nanos.unsigned_abs());
    format!("{sign}{seconds}{}s", fraction(nanos))
}

fn timestamp_text(seconds: i64, nanos: i32) -> Option<String> {
    let whole = jiff::Timestamp::from_second(seconds).ok()?.to_string();
    Some(format!("{}{}Z", whole.strip_suffix('Z')?, fraction(u32::try_from(nanos).ok()?)))
}

/// Of a second, in three, six or nine digits.
fn fraction(nanos: u32) -> String {
    let digits = format!("{nanos:09}");
    match digits.trim_end_matches('0').len().div_ceil(3) {
        0 => String::new(),
        groups => format!(".{}", &digits[..(3 * groups).min(digits.len())]),
    }
}
