//! Rules in words, as mathematics: `10 ≤ random ≤ 20`, `id ∈ {1, 2}`, `len(tags) ≥ 1`.

use std::sync::Arc;

use prost_reflect::{DynamicMessage, Kind, ReflectMessage, Value};

use super::check::Check;
use super::rule::{Matcher, Rule};
use super::value_type::ValueType;
use super::view::View;
use crate::expr::Scope;
use crate::message::FieldType;

/// Longest statement, in characters.
const SHOWN: usize = 160;

/// At most so many characters on one line, with `…` for the rest.
pub(super) fn shorten(text: &str, shown: usize) -> String {
    match text.char_indices().nth(shown) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Without line breaks, nor more than one blank in a row.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Matcher {
    /// What must be true of `subject`.
    pub(super) fn statement(&self, subject: &str, scope: &Arc<Scope>) -> String {
        shorten(&self.say(subject, scope), SHOWN)
    }

    fn say(&self, subject: &str, scope: &Arc<Scope>) -> String {
        match &self.rule {
            Rule::Check(check) => check.statement(subject, &self.ty),
            Rule::Deferred(deferred) => match deferred.rule(&self.ty, scope) {
                Ok(Rule::Check(check)) => check.statement(subject, &self.ty),
                Ok(rule) => Self::new(self.span, &self.ty, rule).say(subject, scope),
                Err(_) => format!("{subject} as the expression says"),
            },
            Rule::Condition(expression) => one_line(expression.source()),
            Rule::Unset | Rule::Present(false) => format!("{subject} to be unset"),
            Rule::Present(true) => format!("{subject} to be set"),
            Rule::All(all) => join(all, " and ", subject, scope),
            Rule::AnyOf(alternatives) => match literals(alternatives) {
                Some(set) => format!("{subject} ∈ {set}"),
                None => join(alternatives, " or ", subject, scope),
            },
            Rule::Not(inner) => inner.say_not(subject, scope),
            Rule::Seen(View::Message(descriptor), inner) => {
                let typed = format!("{subject} of type {}", descriptor.full_name());
                match &inner.rule {
                    Rule::Fields { fields, .. } if fields.is_empty() => typed,
                    _ => inner.say(&typed, scope),
                }
            }
            Rule::Seen(view, inner) => inner.say(&view.subject(subject), scope),
            Rule::Fields { fields, exact: false } if fields.is_empty() => format!("{subject} to be set"),
            Rule::Fields { fields, exact } => {
                let parts: Vec<_> = fields.iter().map(|(field, matcher)| matcher.say(&field.name(), scope)).collect();
                let only = if *exact { "only " } else { "" };
                format!("{subject} with {only}{{ {} }}", parts.join(", "))
            }
            Rule::Oneof(oneof, Some(member)) => format!("{} = {}", dotted(subject, oneof.name()), member.name()),
            Rule::Oneof(oneof, None) => format!("{} to be unset", dotted(subject, oneof.name())),
            Rule::Items(items) => match self.literal() {
                Some(literal) => format!("{subject} = {literal}"),
                None => format!("{subject} of {}", elements(items.len())),
            },
            Rule::Entries { entries, .. } => {
                let entries: Vec<_> =
                    entries.iter().map(|(key, matcher)| matcher.say(&super::place::key_text(key), scope)).collect();
                format!("{subject} with {{ {} }}", entries.join(", "))
            }
            Rule::Each(inner) => format!("of each element, {}", inner.say("element", scope)),
            Rule::Containing(items) => format!("{subject} to contain {}", elements(items.len())),
            Rule::Unordered(items) => format!("{subject} of {}, in any order", elements(items.len())),
            Rule::Sorted { by, descending } => {
                let direction = if *descending { "descending" } else { "ascending" };
                match by {
                    Some(member) => format!("{subject} to be {direction} by {}", member.name()),
                    None => format!("{subject} to be {direction}"),
                }
            }
            Rule::Unique { by: None } => format!("{subject} without duplicates"),
            Rule::Unique { by: Some(member) } => format!("{subject} without duplicates of {}", member.name()),
            Rule::TextOrList { text: Some(text), .. } => text.say(subject, scope),
            Rule::TextOrList { text: None, list } => list.say(subject, scope),
        }
    }

    fn say_not(&self, subject: &str, scope: &Arc<Scope>) -> String {
        match &self.rule {
            Rule::Check(check) => check.negation(subject, &self.ty),
            Rule::AnyOf(alternatives) => match literals(alternatives) {
                Some(set) => format!("{subject} ∉ {set}"),
                None => format!("not ({})", self.say(subject, scope)),
            },
            Rule::Unset | Rule::Present(false) => format!("{subject} to be set"),
            Rule::Present(true) => format!("{subject} to be unset"),
            _ => format!("not ({})", self.say(subject, scope)),
        }
    }

    /// As it was written, if it is a literal with nothing but literals in it.
    fn literal(&self) -> Option<String> {
        match &self.rule {
            Rule::Check(Check::Equal(value)) => Some(self.ty.render(value)),
            Rule::Unset => Some("unset".to_owned()),
            Rule::Items(items) => {
                let items: Option<Vec<_>> = items.iter().map(Self::literal).collect();
                Some(format!("[{}]", items?.join(", ")))
            }
            _ => None,
        }
    }

    /// What a time is compared with, as text of its type.
    pub(super) fn now(&self) -> Option<String> {
        let ValueType::Field(FieldType::Single(Kind::Message(descriptor))) = &self.ty else { return None };
        let mut now = DynamicMessage::new(descriptor.clone());
        let nanoseconds = super::check::now();
        now.try_set_field_by_number(1, Value::I64(i64::try_from(nanoseconds / 1_000_000_000).ok()?)).ok()?;
        Some(self.ty.render(&Value::Message(now)))
    }
}

impl Check {
    fn negation(&self, subject: &str, ty: &ValueType) -> String {
        let show = |value: &Value| ty.render(value);
        match self {
            Self::Equal(value) => format!("{subject} ≠ {}", show(value)),
            Self::Format(format) => format!("anything but {}", format.describe()),
            Self::Regex(regex) => format!("{subject} not to match /{}/", shorten(regex.as_str(), 100)),
            Self::Contains(part) => format!("{subject} not to contain {}", show(part)),
            Self::StartsWith(part) => format!("{subject} not to start with {}", show(part)),
            Self::EndsWith(part) => format!("{subject} not to end with {}", show(part)),
            _ => format!("not ({})", self.statement(subject, ty)),
        }
    }

    pub(super) fn statement(&self, subject: &str, ty: &ValueType) -> String {
        let show = |value: &Value| ty.render(value);
        match self {
            Self::Equal(value) => format!("{subject} = {}", show(value)),
            Self::Order(relation, bound) => format!("{subject} {} {}", relation.symbol(), show(bound)),
            Self::Between(low, high) => format!("{} ≤ {subject} ≤ {}", show(low), show(high)),
            Self::Approx { value, within } => {
                format!("|{subject} - {}| ≤ {}", show(value), distance(within))
            }
            Self::Within(within) => format!("|{subject} - now| ≤ {}", distance(within)),
            Self::Regex(regex) => format!("{subject} to match /{}/", shorten(regex.as_str(), 100)),
            Self::Contains(part) => format!("{subject} to contain {}", show(part)),
            Self::StartsWith(part) => format!("{subject} to start with {}", show(part)),
            Self::EndsWith(part) => format!("{subject} to end with {}", show(part)),
            Self::Format(format) => format.describe().to_owned(),
            Self::Sha256(digest) => {
                let digits: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("sha256({subject}) = {}", digits.concat())
            }
        }
    }
}

fn distance(value: &Value) -> String {
    match value {
        Value::Message(message) => ValueType::single(Kind::Message(message.descriptor())).render(value),
        other => other.to_string(),
    }
}

/// `{1, 2}`, if all are literals.
fn literals(alternatives: &[Matcher]) -> Option<String> {
    let literals: Option<Vec<_>> = alternatives.iter().map(Matcher::literal).collect();
    Some(format!("{{{}}}", literals?.join(", ")))
}

fn join(matchers: &[Matcher], word: &str, subject: &str, scope: &Arc<Scope>) -> String {
    matchers.iter().map(|matcher| matcher.say(subject, scope)).collect::<Vec<_>>().join(word)
}

fn dotted(subject: &str, name: &str) -> String {
    if subject == super::place::RESPONSE { name.to_owned() } else { format!("{subject}.{name}") }
}

pub(super) fn elements(count: usize) -> String {
    match count {
        0 => "no elements".to_owned(),
        1 => "1 element".to_owned(),
        count => format!("{count} elements"),
    }
}
