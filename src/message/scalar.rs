//! The raw text of a scalar, read by a field's type in JSON's spelling. What the text looks like to YAML does not
//! matter: `no` in a string field is `no`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost_reflect::{EnumDescriptor, Kind, Syntax, Value};

use super::FieldPath;
use super::field::single_name;
use super::number::{NotWhole, is_number, respell, whole};
use crate::diagnostic::{Diagnostic, Span, did_you_mean, one_of};

/// A scalar's text, and how it came to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw<'a> {
    pub(super) text: &'a str,
    pub(super) written: Written,
    pub(super) span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Plain,
    /// In quotes or as a block: text wherever text is possible.
    Quoted,
    /// By a `${…}`: as if written there, but text where that is possible.
    Computed,
}

/// What is wrong with a text, before it is known where the text stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// Follows the field's name: `is out of range`.
    what: String,
    label: String,
    hints: Vec<String>,
}

impl Problem {
    pub(super) fn new(what: impl Into<String>, label: impl Into<String>) -> Self {
        Self { what: what.into(), label: label.into(), hints: Vec::new() }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    fn hints(mut self, hints: impl IntoIterator<Item = String>) -> Self {
        self.hints.extend(hints);
        self
    }

    pub(super) fn at(self, span: Span, path: &FieldPath) -> Diagnostic {
        Diagnostic::error(format!("{} {}", path.subject(), self.what)).at(span, self.label).hints(self.hints)
    }
}

/// Reads a scalar; messages are not scalars, and refused.
pub(super) fn read_scalar(raw: Raw<'_>, kind: &Kind) -> Result<Value, Problem> {
    let text = raw.text;
    match kind {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => integer(text, kind).map(Value::I32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => integer(text, kind).map(Value::I64),
        Kind::Uint32 | Kind::Fixed32 => integer(text, kind).map(Value::U32),
        Kind::Uint64 | Kind::Fixed64 => integer(text, kind).map(Value::U64),
        Kind::Double => double(text).map(Value::F64),
        Kind::Float => float(text).map(Value::F32),
        Kind::Bool => boolean(raw).map(Value::Bool),
        Kind::String => Ok(Value::String(text.to_owned())),
        Kind::Bytes => base64(text).map(|bytes| Value::Bytes(bytes.into())),
        Kind::Enum(descriptor) => enumeration(text, descriptor).map(Value::EnumNumber),
        Kind::Message(descriptor) => {
            Err(Problem::new("is a message", format!("expected a mapping of fields of `{}`", descriptor.full_name())))
        }
    }
}

/// An integer type: what whole numbers it holds.
pub(super) trait Integer: TryFrom<i128> + std::fmt::Display {
    const MIN: Self;
    const MAX: Self;
}

macro_rules! integers {
    ($($ty:ty),*) => { $(impl Integer for $ty { const MIN: Self = <$ty>::MIN; const MAX: Self = <$ty>::MAX; })* };
}
integers!(i32, i64, u32, u64);

pub(super) fn integer<T: Integer>(text: &str, kind: &Kind) -> Result<T, Problem> {
    let name = single_name(kind);
    let range =
        || Problem::new("is out of range", format!("{} lies between {} and {}", with_article(&name), T::MIN, T::MAX));
    match whole(text) {
        Ok(value) => T::try_from(value).map_err(|_| range()),
        Err(NotWhole::Huge) => Err(range()),
        Err(NotWhole::Fraction) => {
            Err(Problem::new(format!("is not {}", with_article(&name)), "expected a whole number, without a fraction"))
        }
        Err(NotWhole::Spelling) => {
            Err(Problem::new(format!("is not {}", with_article(&name)), "expected a whole number in decimal")
                .hints(respell(text).map(|number| format!("write `{number}`"))))
        }
    }
}

fn double(text: &str) -> Result<f64, Problem> {
    let value: f64 = number(text, "double", |text| text.parse().ok())?;
    if value.is_infinite() && is_number(text) {
        return Err(too_large("double", "1.7976931348623157e308"));
    }
    Ok(value)
}

fn float(text: &str) -> Result<f32, Problem> {
    let value: f32 = number(text, "float", |text| text.parse().ok())?;
    if value.is_infinite() && is_number(text) {
        return Err(too_large("float", "3.4028235e38"));
    }
    Ok(value)
}

/// Rust reads more spellings than JSON, so only those of JSON reach it.
fn number<T>(text: &str, name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, Problem> {
    let spelled = is_number(text) || matches!(text, "NaN" | "Infinity" | "-Infinity");
    if let Some(value) = spelled.then(|| parse(text)).flatten() {
        return Ok(value);
    }
    let bare = text.trim_start_matches(['+', '-']).trim_start_matches('.').to_ascii_lowercase();
    let sign = if text.starts_with('-') { "-" } else { "" };
    let meant = match &*bare {
        "nan" => Some("NaN".to_owned()),
        "inf" | "infinity" => Some(format!("{sign}Infinity")),
        _ => respell(text),
    };
    Err(Problem::new(format!("is not a {name}"), "expected a number, `NaN`, `Infinity` or `-Infinity`")
        .hints(meant.map(|number| format!("write `{number}`"))))
}

fn too_large(name: &str, most: &str) -> Problem {
    Problem::new("is out of range", format!("the largest {name} is {most}"))
        .hint("write `Infinity` or `-Infinity`, if that is meant")
}

fn boolean(raw: Raw<'_>) -> Result<bool, Problem> {
    let problem = Problem::new("is not a bool", "expected `true` or `false`");
    match (raw.text, raw.written) {
        ("true", Written::Plain | Written::Computed) => Ok(true),
        ("false", Written::Plain | Written::Computed) => Ok(false),
        ("true" | "false", Written::Quoted) => Err(problem.hint("write it without quotes")),
        (text, _) => Err(match &*text.to_lowercase() {
            "true" | "yes" | "on" | "y" | "t" | "1" => problem.hint("write `true`"),
            "false" | "no" | "off" | "n" | "f" | "0" => problem.hint("write `false`"),
            _ => problem,
        }),
    }
}

/// Standard alphabet, padded, no bits left over (RFC 4648, sections 3.5 and 4).
fn base64(text: &str) -> Result<Vec<u8>, Problem> {
    STANDARD.decode(text).map_err(|_| {
        let problem = Problem::new("is not base64", "expected base64 in the standard alphabet, padded with `=`")
            .hint("other ways to write bytes: `{ $utf8: text }`, `{ $hex: 0a0b }`, `{ $file: path }`");
        let compact: String = text.chars().filter(|at| !at.is_whitespace()).collect();
        let standard = compact.replace('-', "+").replace('_', "/");
        let standard = standard.trim_end_matches('=');
        let padded = format!("{standard}{}", "=".repeat(standard.len().wrapping_neg() % 4));
        if compact.len() <= 100 && padded != text && STANDARD.decode(&padded).is_ok() {
            problem.hint(format!("in this form it is `{padded}`"))
        } else {
            problem
        }
    })
}

fn enumeration(text: &str, descriptor: &EnumDescriptor) -> Result<i32, Problem> {
    if let Some(value) = descriptor.get_value_by_name(text) {
        return Ok(value.number());
    }
    let name = descriptor.full_name();
    let values: Vec<_> = descriptor.values().collect();
    let names = values.iter().map(prost_reflect::EnumValueDescriptor::name);
    if is_number(text) {
        let number = whole(text).ok().and_then(|number| i32::try_from(number).ok()).ok_or_else(|| {
            Problem::new(format!("has no value {text}"), "an enum's numbers are whole, and those of an int32")
        })?;
        if is_open(descriptor) || descriptor.get_value(number).is_some() {
            return Ok(number);
        }
        return Err(Problem::new(format!("has no value {number}"), format!("`{name}` is a closed enum of proto2"))
            .hint(format!("its values are {}", one_of(names))));
    }
    let short = text.rsplit('.').next().unwrap_or(text);
    let by_suffix = || {
        let suffix = format!("_{}", short.to_uppercase());
        names.clone().find(|known| known.ends_with(&suffix)).map(|known| format!("did you mean `{known}`?"))
    };
    Err(Problem::new(format!("has no value `{text}`"), format!("not a name of the enum `{name}`"))
        .hints(did_you_mean(short, names.clone()).or_else(by_suffix))
        .hint(format!("its values are {}", one_of(names.clone()))))
}

/// Whether numbers without a name are values too: proto3's enums are open, proto2's closed.
pub(super) fn is_open(descriptor: &EnumDescriptor) -> bool {
    descriptor.parent_file().syntax() != Syntax::Proto2
}

/// `an int32`, `a uint32`.
pub(super) fn with_article(name: &str) -> String {
    let article = if name.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {name}")
}
