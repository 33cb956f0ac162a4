//! What was not as expected: [`Mismatch`] keeps the place, the rule and the actual value; its words are made here, as
//! mathematics where that says it best.

use std::borrow::Cow;

use prost_reflect::Value;
use similar::{ChangeTag, TextDiff};

use super::value_type::ValueType;
use super::words::shorten;
use crate::diagnostic::{Diagnostic, Span};

/// One thing that is not as expected.
#[derive(Debug, Clone)]
pub(crate) struct Mismatch {
    /// Where in the answer: `items[3].price`, `len(tags)`, `header x-id`, `status`.
    pub(crate) path: String,
    /// The literal or operand in the case file.
    pub(crate) span: Span,
    pub(crate) expected: Expected,
    pub(crate) actual: Actual,
    /// Lines that explain it.
    pub(crate) notes: Notes,
}

/// Lines below a mismatch: name and text.
pub(crate) type Notes = Vec<(Cow<'static, str>, String)>;

/// The rule that did not hold.
#[derive(Debug, Clone)]
pub(crate) struct Expected {
    pub(crate) fault: Fault,
    /// What follows "expected" at the caret: `10 ≤ random ≤ 20`; may be empty.
    pub(crate) statement: String,
    /// Of a literal: the value itself.
    pub(crate) literal: Option<Value>,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) enum Actual {
    Unset,
    Value(Value, ValueType),
    /// In words.
    Words(String),
    /// There is nothing to show beside the headline.
    Nothing,
}

/// In which way a rule did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    Differs,
    OutOfRange,
    /// A regular expression.
    NoMatch,
    LacksPart,
    StartsDifferently,
    EndsDifferently,
    OtherDigest,
    /// What it is not: `a uuid`, `JSON`, `UTF-8`, `a pkg.Msg`.
    IsNot(String),
    /// JSON of another type than the rule is for.
    OtherType,
    NotSet,
    /// An element or a map's entry.
    Missing,
    IsSet,
    NoneOf,
    Forbidden,
    /// Set, where nothing else may be.
    NotExpected,
    UnknownFields,
    TooMany(usize),
    Empty,
    /// No element for an expected one.
    LacksElement,
    NotSorted,
    Repeated,
    /// Of a oneof.
    OtherMember,
    /// In an `Any`.
    OtherMessage,
    /// Could not be judged; the words of the cause.
    NotJudged(String),
    /// A condition that came to false, in what words.
    False(&'static str),
    /// A condition that could not be evaluated: why, and in a word where.
    NotEvaluated {
        cause: String,
        label: String,
    },
    /// A headline of its own.
    Said(String),
}

impl Fault {
    /// The headline, about a place.
    pub(crate) fn headline(&self, path: &str) -> String {
        let says = match self {
            Self::Differs => "differs",
            Self::OutOfRange => "is out of range",
            Self::NoMatch => "does not match",
            Self::LacksPart => "lacks a part",
            Self::StartsDifferently => "starts differently",
            Self::EndsDifferently => "ends differently",
            Self::OtherDigest => "has another digest",
            Self::IsNot(what) => return format!("{path} is not {what}"),
            Self::OtherType => "has another type",
            Self::NotSet => "is not set",
            Self::Missing => "is missing",
            Self::IsSet => "is set",
            Self::NoneOf => "is none of these",
            Self::Forbidden => "is what it must not be",
            Self::NotExpected => "is not expected",
            Self::UnknownFields => "has unknown fields",
            Self::TooMany(1) => "has an element too many",
            Self::TooMany(count) => return format!("{path} has {count} elements too many"),
            Self::Empty => "is empty",
            Self::LacksElement => "lacks an element",
            Self::NotSorted => "is not sorted",
            Self::Repeated => "has a duplicate",
            Self::OtherMember => "holds another member",
            Self::OtherMessage => "holds another message",
            Self::NotJudged(cause) | Self::NotEvaluated { cause, .. } => {
                return format!("{path} cannot be judged: {cause}");
            }
            Self::False(says) => says,
            Self::Said(headline) => return headline.clone(),
        };
        format!("{path} {says}")
    }
}

impl Actual {
    /// One line, with the type: `42 (int32)`; `None` when there is nothing to show.
    pub(crate) fn describe(&self) -> Option<String> {
        match self {
            Self::Unset => Some("unset".to_owned()),
            Self::Value(value, ty) => Some(ty.describe(value)),
            Self::Words(words) => Some(words.clone()),
            Self::Nothing => None,
        }
    }
}

impl Mismatch {
    /// As shown: the rule at its place in the case file, the actual value below.
    pub(crate) fn to_diagnostic(&self) -> Diagnostic {
        let label = match (&self.expected.fault, self.expected.statement.as_str()) {
            (Fault::False(_), _) => "false".to_owned(),
            (Fault::NotEvaluated { label, .. }, _) => label.clone(),
            (_, "") => String::new(),
            (_, statement) => format!("expected {statement}"),
        };
        let mut diagnostic = Diagnostic::error(self.expected.fault.headline(&self.path)).at(self.span, label);
        if let Some(actual) = self.actual.describe() {
            diagnostic = diagnostic.named_note("actual", actual);
        }
        if let Some(difference) = self.difference() {
            diagnostic = diagnostic.named_note("diff", difference);
        }
        for (name, text) in &self.notes {
            diagnostic = diagnostic.named_note(name.clone(), text.clone());
        }
        diagnostic
    }

    /// Between two texts of which at least one is long, of several lines, or holds what looks like something else.
    fn difference(&self) -> Option<String> {
        let (Some(Value::String(expected)), Actual::Value(Value::String(actual), _)) =
            (&self.expected.literal, &self.actual)
        else {
            return None;
        };
        if expected.contains('\n') || actual.contains('\n') {
            return Some(lines_that_differ(expected, actual));
        }
        let is_long = |text: &str| text.chars().count() > LONG;
        let needs_help = |text: &str| is_long(text) || is_misleading(text);
        (needs_help(expected) || needs_help(actual)).then(|| first_difference(expected, actual))
    }
}

/// Whether a character is not what it looks like: a space that does not break, an accent of its own.
fn is_misleading(text: &str) -> bool {
    text.chars().any(|letter| !letter.is_control() && letter.escape_debug().len() > 2)
}

/// A text of more characters is not compared by eye.
const LONG: usize = 60;

/// Most lines of a difference that are shown.
const LINES: usize = 40;

/// Longest text that is compared line by line, in bytes: the work grows with the square of what differs.
const COMPARED: usize = 1 << 20;

fn lines_that_differ(expected: &str, actual: &str) -> String {
    if expected.len().max(actual.len()) > COMPARED {
        return first_difference(expected, actual);
    }
    let difference = TextDiff::from_lines(expected, actual);
    let mut lines = vec!["- expected, + actual".to_owned()];
    for group in difference.grouped_ops(2) {
        for change in group.iter().flat_map(|operation| difference.iter_changes(operation)) {
            let sign = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            let text = change.value();
            let newline = if text.ends_with('\n') { "" } else { " (no line break at the end)" };
            lines.push(format!("{sign} {}{newline}", shorten(text.trim_end_matches(['\n', '\r']), 160)));
        }
    }
    if lines.len() > LINES {
        let more = lines.len() - LINES;
        lines.truncate(LINES);
        lines.push(format!("… {more} more lines"));
    }
    lines.join("\n")
}

/// Of two lines, a window from a little before the first character that differs.
fn first_difference(expected: &str, actual: &str) -> String {
    const BEFORE: usize = 10;
    const AFTER: usize = 40;
    let same = expected.chars().zip(actual.chars()).take_while(|(left, right)| left == right).count();
    let start = same.saturating_sub(BEFORE);
    let window = |text: &str| {
        let shown: String = text.chars().skip(start).take(BEFORE + AFTER).collect();
        let before = if start > 0 { "…" } else { "" };
        let after = if text.chars().count() > start + BEFORE + AFTER { "…" } else { "" };
        format!("{before}{shown:?}{after}")
    };
    format!("from character {}\n- {}\n+ {}", same + 1, window(expected), window(actual))
}
