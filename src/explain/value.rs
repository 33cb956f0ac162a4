//! A value to show: YAML, substituted, each part with the place it comes from. Main types: [`Value`], [`Substitution`].

use std::sync::Arc;

use super::places::Places;
use crate::diagnostic::{Diagnostics, Span};
use crate::expr::{self, Env, Template, Text};
use crate::message::double_quoted;
use crate::spec::Capture;
use crate::yaml::{Entry, Node, NodeKind, Scalar, Style};

/// A value, with what its comment says.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) kind: Kind,
    comment: String,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// As YAML.
    Scalar(String),
    /// A text of several lines.
    Block(String),
    List(Vec<Value>),
    /// Keys as YAML.
    Map(Vec<(String, Value)>),
}

impl Value {
    pub(super) fn new(kind: Kind, comment: impl Into<String>) -> Self {
        Self { kind, comment: comment.into() }
    }

    pub(super) fn scalar(text: impl Into<String>, comment: impl Into<String>) -> Self {
        Self::new(Kind::Scalar(text.into()), comment)
    }

    /// Of a list or mapping, that of its first part.
    pub(super) fn comment(&self) -> &str {
        let first = match &self.kind {
            Kind::Scalar(_) | Kind::Block(_) => None,
            Kind::List(items) => items.first(),
            Kind::Map(entries) => entries.first().map(|(_, value)| value),
        };
        first.map_or(&self.comment, Self::comment)
    }

    /// In the flow style, if everything in it comes from one place and it is no longer than `limit`.
    pub(super) fn in_one_line(&self, limit: usize) -> Option<String> {
        if let Kind::Scalar(text) = &self.kind {
            return Some(text.clone());
        }
        let text = self.flow(self.comment())?;
        (text.chars().count() <= limit).then_some(text)
    }

    fn flow(&self, comment: &str) -> Option<String> {
        match &self.kind {
            Kind::Scalar(text) => (self.comment == comment).then(|| flow_scalar(text)),
            Kind::Block(_) => None,
            Kind::List(items) => {
                let items: Option<Vec<String>> = items.iter().map(|item| item.flow(comment)).collect();
                Some(format!("[{}]", items?.join(", ")))
            }
            Kind::Map(entries) if entries.is_empty() => Some("{}".to_owned()),
            Kind::Map(entries) => {
                let entry =
                    |(key, value): &(String, Self)| Some(format!("{}: {}", flow_scalar(key), value.flow(comment)?));
                let entries: Option<Vec<String>> = entries.iter().map(entry).collect();
                Some(format!("{{ {} }}", entries?.join(", ")))
            }
        }
    }
}

/// Puts values in the place of names, as far as they are known before the run.
pub(super) struct Substitution<'a> {
    pub(super) env: &'a Env,
    /// From near to far.
    pub(super) captures: &'a [&'a Capture],
    pub(super) places: &'a Places<'a>,
}

impl Substitution<'_> {
    /// What a node says.
    pub(super) fn of(&self, node: &Node) -> Value {
        self.walk(node, &|node, scalar| self.scalar(node, scalar))
    }

    /// What a variable stands for, from where it stands.
    pub(super) fn of_variable(&self, name: &str, node: &Node) -> Value {
        let scalar = Scalar { text: format!("${{{name}}}").into(), style: Style::Plain };
        let reference = Node { span: node.span, kind: NodeKind::Scalar(scalar) };
        match self.read(&reference).and_then(|template| template.fold(self.env)) {
            Some(value) => self.known(&value, node.span, "").unwrap_or_else(|| self.of(node)),
            None => self.of(node),
        }
    }

    fn scalar(&self, node: &Node, scalar: &Scalar) -> Value {
        let written = || Value { kind: shown(scalar), comment: self.places.of(node.span) };
        let Some(template) = self.read(node) else { return written() };
        let mut names: Vec<String> = template.names().map(|name| format!("`{}`", name.path)).collect();
        names.dedup();
        let how = if template.is_whole() { "as" } else { "with" };
        let names = if names.is_empty() { String::new() } else { format!(", {how} {}", names.join(", ")) };
        let known = template.fold(self.env).and_then(|value| self.known(&value, node.span, &names));
        known.unwrap_or_else(|| {
            let written = written();
            let captured: Vec<String> = template.names().filter_map(|name| self.captured(&name.path)).collect();
            let later = if captured.is_empty() { "when it runs".to_owned() } else { captured.join(", ") };
            Value { comment: format!("{}, {later}", written.comment), ..written }
        })
    }

    /// Where a name is captured, if it is.
    fn captured(&self, name: &str) -> Option<String> {
        let capture = self.captures.iter().find(|capture| &*capture.name.value == name)?;
        Some(format!("with `{name}` of {}", self.places.of(capture.name.span)))
    }

    fn read(&self, node: &Node) -> Option<Template> {
        // what is wrong with it is said where it is planned
        match Text::of(node, self.places.sources, &mut Diagnostics::new()) {
            Some(Text::Template(template)) => Some(template),
            Some(Text::Literal(_)) | None => None,
        }
    }

    /// A value that is known, used at a place through `names`; `None` if no YAML says it.
    fn known(&self, value: &expr::Value, used: Span, names: &str) -> Option<Value> {
        let scalar = |text: String| Some(Value::scalar(text, format!("{}{names}", self.places.of(used))));
        match value {
            expr::Value::Yaml(node) => Some(self.walk(node, &|node, scalar| Value {
                kind: shown(scalar),
                comment: format!("{}{names}", self.places.of(node.span)),
            })),
            expr::Value::Text(text) => {
                let text: Arc<str> = text.replace("${", "$${").into();
                let style = if is_plain(&text) { Style::Plain } else { Style::DoubleQuoted };
                let kind = shown(&Scalar { text, style });
                Some(Value { kind, comment: format!("{}{names}", self.places.of(used)) })
            }
            expr::Value::Null => scalar("null".to_owned()),
            expr::Value::Bool(flag) => scalar(flag.to_string()),
            expr::Value::Int(number) => scalar(number.to_string()),
            expr::Value::Uint(number) => scalar(number.to_string()),
            expr::Value::Double(number) => scalar(number.to_string()),
            _ => None,
        }
    }

    fn walk(&self, node: &Node, scalar: &impl Fn(&Node, &Scalar) -> Value) -> Value {
        let kind = match &node.kind {
            NodeKind::Scalar(text) => return scalar(node, text),
            NodeKind::Sequence(items) => Kind::List(items.iter().map(|item| self.walk(item, scalar)).collect()),
            NodeKind::Mapping(entries) => {
                let entry = |Entry { key, key_style, value }: &Entry| {
                    let key = Scalar { text: Arc::clone(&key.value), style: *key_style };
                    (as_yaml(&key), self.walk(value, scalar))
                };
                Kind::Map(entries.iter().map(entry).collect())
            }
        };
        Value { kind, comment: self.places.of(node.span) }
    }
}

fn shown(scalar: &Scalar) -> Kind {
    let is_block = scalar.text.contains('\n')
        && !scalar.text.starts_with([' ', '\n'])
        && !scalar.text.ends_with("\n\n")
        && !scalar.text.chars().any(|letter| letter.is_control() && letter != '\n');
    if is_block { Kind::Block(scalar.text.to_string()) } else { Kind::Scalar(as_yaml(scalar)) }
}

/// In the style it was written, as far as it may be.
fn as_yaml(scalar: &Scalar) -> String {
    if scalar.style == Style::Plain && is_plain(&scalar.text) {
        scalar.text.to_string()
    } else {
        double_quoted(&scalar.text)
    }
}

/// Whether a text may stand without quotes on a line of its own.
fn is_plain(text: &str) -> bool {
    const AT_THE_START: &[char] =
        &['[', ']', '{', '}', ',', '#', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`', '?', ':', ' '];
    !text.is_empty()
        && !text.starts_with(AT_THE_START)
        && !text.starts_with("- ")
        && text != "-"
        && !text.ends_with([' ', ':'])
        && ![": ", " #"].iter().any(|mark| text.contains(mark))
        && !text.chars().any(char::is_control)
}

/// A scalar as an item of a list on one line.
pub(super) fn in_a_list(scalar: &Scalar) -> String {
    flow_scalar(&as_yaml(scalar))
}

/// A scalar as YAML, within `[ ]` or `{ }`.
fn flow_scalar(text: &str) -> String {
    if text.starts_with('"') || !text.contains([',', '[', ']', '{', '}']) {
        text.to_owned()
    } else {
        double_quoted(text)
    }
}
