//! The variables whose values nobody may see: each is hidden as soon as a scope has it. Main type: [`Secrets`].

use std::collections::BTreeSet;
use std::sync::Arc;

use prost_reflect::{DynamicMessage, Value as Held};

use super::{Expression, Name, Scope, Template, Text, Value};
use crate::diagnostic::{Diagnostics, Masker, Span};
use crate::grpc::Metadata;
use crate::yaml::{Node, NodeKind, Scalar, Style};

/// What is computed from a secret is one too, unless it is shorter than this: then it says little, and may be any word.
const DERIVED: usize = 8;

/// How many variables are looked into that stand one within the other.
const MAX_SEEN: usize = 100;

/// Those looked into, each with the level it stands at.
type Seen = BTreeSet<(*const Scope, Arc<str>)>;

/// The secrets of a suite.
#[derive(Debug)]
pub(crate) struct Secrets {
    /// Of variables; `env.TOKEN` for one of the environment.
    names: BTreeSet<Arc<str>>,
    masker: Arc<Masker>,
}

/// What a value is a secret for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Because {
    Named,
    Derived,
}

impl Secrets {
    pub(crate) fn new(names: impl IntoIterator<Item = Arc<str>>, masker: &Arc<Masker>) -> Self {
        Self { names: names.into_iter().collect(), masker: Arc::clone(masker) }
    }

    /// Hides the secrets among the variables of a level.
    pub(super) fn hide_level(&self, level: &Scope) {
        if self.names.is_empty() {
            return;
        }
        for (name, value) in level.own() {
            let because = if self.names.contains(name) {
                Because::Named
            } else if self.stands_in(value, level, &mut Seen::new()) {
                Because::Derived
            } else {
                continue;
            };
            // what has no value is nobody's secret, and is told where it is used
            let value = match value {
                Value::Yaml(node) => evaluated(name, node.span, level),
                value => Some(value.clone()),
            };
            if let Some(value) = value {
                self.hide(name, &value, because);
            }
        }
    }

    /// Whether a value is computed from a secret.
    fn stands_in(&self, value: &Value, level: &Scope, seen: &mut Seen) -> bool {
        let Value::Yaml(node) = value else { return false };
        templates(node).iter().any(|template| self.is_read(template.names(), level, seen))
    }

    fn is_read(&self, mut names: impl Iterator<Item = Name>, scope: &Scope, seen: &mut Seen) -> bool {
        names.any(|name| {
            self.names.contains(&name.path)
                || self.names.contains(name.root())
                || scope.find(name.root()).is_some_and(|(value, level)| {
                    seen.len() < MAX_SEEN
                        && seen.insert((level, name.root().into()))
                        && self.stands_in(value, level, seen)
                })
        })
    }

    fn hide(&self, name: &str, value: &Value, because: Because) {
        let text = |text: &str| {
            if because == Because::Named || text.chars().count() >= DERIVED {
                self.masker.add_text(name, text);
            }
        };
        match value {
            Value::Text(written) => text(written),
            Value::Yaml(node) => scalars(node).iter().for_each(|scalar| text(scalar)),
            Value::Int(number) => text(&number.to_string()),
            Value::Uint(number) => text(&number.to_string()),
            Value::Double(number) => text(&number.to_string()),
            Value::Bytes(bytes) if because == Because::Named || bytes.len() >= DERIVED => {
                self.masker.add_bytes(name, bytes);
            }
            Value::Message(message) => hide_fields(message, &mut |bytes| match std::str::from_utf8(bytes) {
                Ok(written) => text(written),
                Err(_) => self.masker.add_bytes(name, bytes),
            }),
            Value::Optional(Some(value)) => self.hide(name, value, because),
            Value::List(items) => items.iter().for_each(|item| self.hide(name, item, because)),
            Value::Map(entries) => entries.values().for_each(|value| self.hide(name, value, because)),
            Value::Record(members) => members.values().for_each(|value| self.hide(name, value, because)),
            Value::Null
            | Value::Bool(_)
            | Value::Bytes(_)
            | Value::Timestamp { .. }
            | Value::Duration { .. }
            | Value::Enum(..)
            | Value::Optional(None)
            | Value::Type(_) => {}
        }
    }
}

impl Scope {
    /// Hides what gives access.
    pub(crate) fn hide_credentials(&self, metadata: &Metadata) {
        if let Some(secrets) = self.secrets() {
            metadata.hide_credentials(&secrets.masker);
        }
    }

    /// Hides what would be captured, whatever comes of its call, if it is a secret or computed from one.
    pub(crate) fn hide_captured(self: &Arc<Self>, name: &str, expression: &Expression) {
        let Some(secrets) = self.secrets().filter(|secrets| !secrets.names.is_empty()) else { return };
        let because = if secrets.names.contains(name) {
            Because::Named
        } else if secrets.is_read(expression.names(), self, &mut Seen::new()) {
            Because::Derived
        } else {
            return;
        };
        if let Ok(value) = expression.evaluate(self) {
            secrets.hide(name, &value, because);
        }
    }
}

/// What a variable comes to: computed once for the level, as whoever reads it has it.
fn evaluated(name: &str, span: Span, level: &Scope) -> Option<Value> {
    let scalar = Scalar { text: format!("${{{name}}}").into(), style: Style::DoubleQuoted };
    let node = Node { span, kind: NodeKind::Scalar(scalar) };
    match Text::read(&node, None, &mut Diagnostics::new())? {
        Text::Template(template) => template.evaluate(level).ok(),
        Text::Literal(_) => None,
    }
}

fn templates(node: &Node) -> Vec<Template> {
    match &node.kind {
        NodeKind::Scalar(scalar) if !scalar.text.contains("${") => Vec::new(),
        NodeKind::Scalar(_) => match Text::read(node, None, &mut Diagnostics::new()) {
            Some(Text::Template(template)) => vec![template],
            Some(Text::Literal(_)) | None => Vec::new(),
        },
        NodeKind::Sequence(items) => items.iter().flat_map(templates).collect(),
        NodeKind::Mapping(entries) => entries.iter().flat_map(|entry| templates(&entry.value)).collect(),
    }
}

/// The texts of a value, but words that hide nothing.
fn scalars(node: &Node) -> Vec<String> {
    match &node.kind {
        NodeKind::Scalar(scalar) => {
            let is_word = scalar.style == Style::Plain && matches!(&*scalar.text, "null" | "~" | "true" | "false");
            match Text::read(node, None, &mut Diagnostics::new()) {
                Some(Text::Literal(text)) if !is_word => vec![text],
                _ => Vec::new(),
            }
        }
        NodeKind::Sequence(items) => items.iter().flat_map(scalars).collect(),
        NodeKind::Mapping(entries) => entries.iter().flat_map(|entry| scalars(&entry.value)).collect(),
    }
}

/// The strings and bytes of a message.
fn hide_fields(message: &DynamicMessage, hide: &mut impl FnMut(&[u8])) {
    for (_, value) in message.fields() {
        hide_held(value, hide);
    }
}

fn hide_held(value: &Held, hide: &mut impl FnMut(&[u8])) {
    match value {
        Held::String(text) => hide(text.as_bytes()),
        Held::Bytes(bytes) => hide(bytes),
        Held::Message(message) => hide_fields(message, hide),
        Held::List(items) => items.iter().for_each(|item| hide_held(item, hide)),
        Held::Map(entries) => entries.values().for_each(|value| hide_held(value, hide)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::diagnostic::Sources;

    /// What is shown of `text` once a scope has these variables, of which `secrets` are secrets.
    fn shown(vars: &str, secrets: &[&str], text: &str) -> String {
        let sources = Sources::new();
        let file = sources.add("a.yaml", vars);
        let node = crate::yaml::parse(file, vars, &mut Diagnostics::new()).expect("it is YAML");
        let values: BTreeMap<Arc<str>, Value> = node
            .as_mapping()
            .expect("variables")
            .iter()
            .map(|entry| (Arc::clone(&entry.key.value), Value::Yaml(entry.value.clone())))
            .collect();
        let secrets = Arc::new(Secrets::new(secrets.iter().map(|name| Arc::from(*name)), sources.masker()));
        let _ = Arc::new(Scope::new()).hiding(secrets).child(values);
        sources.masker().mask(text).into_owned()
    }

    #[test]
    fn the_value_of_a_secret_is_hidden() {
        assert_eq!(
            shown("password: hunter2\nuser: ada-lovelace", &["password"], "ada-lovelace hunter2"),
            "ada-lovelace •password•"
        );
        assert_eq!(shown("password: hunter2", &[], "hunter2"), "hunter2");
    }

    #[test]
    fn what_a_secret_is_made_of_comes_to_is_hidden() {
        assert_eq!(
            shown("host: example\npassword: \"${host}-hunter2\"", &["password"], "example-hunter2"),
            "•password•"
        );
    }

    #[test]
    fn the_scalars_of_a_list_or_mapping_are_hidden() {
        let vars = "login: { user: ada-lovelace, password: hunter2, enabled: true, keys: [first-key, second-key] }";
        let written = "true ada-lovelace hunter2 second-key";
        assert_eq!(shown(vars, &["login"], written), "true •login• •login• •login•");
    }

    #[test]
    fn what_is_computed_from_a_secret_is_hidden() {
        let vars = "token: abcdefgh\nheader: \"Bearer ${token}\"\nlist: [\"x-${header}\"]";
        let written = "QmVhcmVyIGFiY2RlZmdo"; // base64 of the header
        assert_eq!(shown(vars, &["token"], written), "•header•");
    }

    #[test]
    fn captures_are_hidden() {
        let sources = Sources::new();
        let secrets = Arc::new(Secrets::new([Arc::from("token")], sources.masker()));
        let scope = Arc::new(Scope::new()).hiding(secrets);
        let _ = scope.child(BTreeMap::new()).child([("token".into(), Value::Text("t-12345".into()))].into());
        assert_eq!(sources.masker().mask("t-12345"), "•token•");
    }
}
