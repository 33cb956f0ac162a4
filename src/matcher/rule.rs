//! What an expectation compiles to: a tree of rules, each with the place it was written at. Main type: [`Matcher`].

use prost_reflect::{FieldDescriptor, MapKey, OneofDescriptor};

use super::check::{Check, Test};
use super::value_type::ValueType;
use super::view::View;
use crate::diagnostic::Span;
use crate::expr::Expression;
use crate::message::{Field, ValueTemplate};

/// What a value must be.
#[derive(Debug, Clone)]
pub(crate) struct Matcher {
    /// Of the literal or the operand, where a mismatch points.
    pub(super) span: Span,
    /// Of what is compared.
    pub(super) ty: ValueType,
    pub(super) rule: Rule,
}

#[derive(Debug, Clone)]
pub(super) enum Rule {
    /// One test of one value.
    Check(Check),
    /// `$cel`: true of the value, as `this`.
    Condition(Expression),
    /// A test with an operand that only the run knows.
    Deferred(Deferred),
    /// `null`: not set; in a map, not there.
    Unset,
    /// Set, or without presence, not the default.
    Present(bool),
    All(Vec<Matcher>),
    AnyOf(Vec<Matcher>),
    Not(Box<Matcher>),
    /// Something seen in the value: its length, the message in it.
    Seen(View, Box<Matcher>),
    Fields {
        fields: Vec<(Field, Matcher)>,
        /// Nothing else may be set, and no field unknown.
        exact: bool,
    },
    /// Which member of a oneof is set; `None`: no member.
    Oneof(OneofDescriptor, Option<FieldDescriptor>),
    /// The elements of a list, all of them, in order.
    Items(Vec<Matcher>),
    /// The members of a map or a JSON object.
    Entries {
        entries: Vec<(MapKey, Matcher)>,
        exact: bool,
    },
    /// At least one element, and all match.
    Each(Box<Matcher>),
    /// A list with an element for each, every one another.
    Containing(Vec<Matcher>),
    /// The elements of a list, all of them, in any order.
    Unordered(Vec<Matcher>),
    Sorted {
        by: Option<Member>,
        descending: bool,
    },
    Unique {
        by: Option<Member>,
    },
    /// `$contains` where JSON may be a text or a list.
    TextOrList {
        text: Option<Box<Matcher>>,
        list: Box<Matcher>,
    },
}

/// What elements of a list are compared by.
#[derive(Debug, Clone)]
pub(super) enum Member {
    Field(Field, ValueType),
    /// Of a JSON object.
    Key(String),
}

/// A test whose operands are filled when it runs.
#[derive(Debug, Clone)]
pub(super) struct Deferred {
    pub(super) test: Test,
    pub(super) operands: Vec<ValueTemplate>,
}

impl Matcher {
    pub(super) fn new(span: Span, ty: &ValueType, rule: Rule) -> Self {
        Self { span, ty: ty.clone(), rule }
    }

    /// Where a mismatch points.
    pub(crate) fn span(&self) -> Span {
        self.span
    }

    /// Whether it can only hold of something set: what `{}` is the least of.
    pub(super) fn needs_value(&self) -> bool {
        match &self.rule {
            Rule::Unset | Rule::Not(_) | Rule::Deferred(_) => false,
            Rule::Present(present) => *present,
            Rule::All(all) => all.iter().any(Self::needs_value),
            Rule::AnyOf(alternatives) => alternatives.iter().all(Self::needs_value),
            Rule::Oneof(_, member) => member.is_some(),
            Rule::Seen(view, inner) => !view.passes_unset() || inner.needs_value(),
            _ => true,
        }
    }
}

impl Member {
    pub(super) fn name(&self) -> String {
        match self {
            Self::Field(field, _) => field.name().into_owned(),
            Self::Key(key) => key.clone(),
        }
    }
}
