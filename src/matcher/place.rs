//! Where in an answer a rule is judged: a chain on the stack that becomes text only for a mismatch.

use std::fmt;

use prost_reflect::{MapKey, Value};

use super::view::View;
use crate::message::Field;

/// The name of the one response, left out before its fields: `random`, not `response.random`.
pub(super) const RESPONSE: &str = "response";
/// What expressions call how a call ended.
pub(super) const STATUS: &str = "status";

/// A place and those it lies in: `items[3].labels["a"]`, `len(tags)`, `json(body)["id"]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    parent: Option<&'a Place<'a>>,
    segment: Segment<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Segment<'a> {
    Root(&'a str),
    Field(&'a Field),
    Name(&'a str),
    Index(usize),
    Key(&'a MapKey),
    View(&'a View),
}

impl<'a> Place<'a> {
    pub(super) fn root(name: &'a str) -> Self {
        Self { parent: None, segment: Segment::Root(name) }
    }

    pub(super) fn field(&'a self, field: &'a Field) -> Self {
        self.with(Segment::Field(field))
    }

    pub(super) fn name(&'a self, name: &'a str) -> Self {
        self.with(Segment::Name(name))
    }

    pub(super) fn index(&'a self, index: usize) -> Self {
        self.with(Segment::Index(index))
    }

    pub(super) fn key(&'a self, key: &'a MapKey) -> Self {
        self.with(Segment::Key(key))
    }

    pub(super) fn view(&'a self, view: &'a View) -> Self {
        self.with(Segment::View(view))
    }

    fn with(&'a self, segment: Segment<'a>) -> Self {
        Self { parent: Some(self), segment }
    }

    fn dotted(self, name: &str) -> String {
        match self.parent {
            // an extension has brackets around its name
            Some(parent) if !parent.is_response() && name.starts_with('[') => format!("{parent}{name}"),
            Some(parent) if !parent.is_response() => format!("{parent}.{name}"),
            _ => name.to_owned(),
        }
    }

    /// The response itself, possibly seen through an `Any` or a wrapper.
    fn is_response(self) -> bool {
        match self.segment {
            Segment::Root(name) => name == RESPONSE,
            Segment::View(view) => view.passes_unset() && self.parent.is_some_and(|parent| parent.is_response()),
            _ => false,
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parent = || self.parent.map(ToString::to_string).unwrap_or_default();
        match self.segment {
            Segment::Root(name) => f.write_str(name),
            Segment::Field(field) => f.write_str(&self.dotted(&field.name())),
            Segment::Name(name) => f.write_str(&self.dotted(name)),
            Segment::Index(index) => write!(f, "{}[{index}]", parent()),
            Segment::Key(key) => write!(f, "{}[{}]", parent(), key_text(key)),
            Segment::View(view) => f.write_str(&view.subject(&parent())),
        }
    }
}

impl View {
    /// What it shows of a subject: `len(tags)`.
    pub(super) fn subject(&self, subject: &str) -> String {
        let function = match self {
            Self::Length => "len",
            Self::Keys => "keys",
            Self::Values => "values",
            Self::Json => "json",
            Self::Utf8 => "utf8",
            Self::Wrapped | Self::Paths | Self::Tree | Self::Message(_) => return subject.to_owned(),
        };
        format!("{function}({subject})")
    }
}

/// Text in quotes, numbers and booleans bare.
pub(super) fn key_text(key: &MapKey) -> String {
    match Value::from(key.clone()) {
        Value::String(text) => format!("{text:?}"),
        other => other.to_string(),
    }
}
