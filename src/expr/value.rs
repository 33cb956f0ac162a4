//! Values: what names stand for and expressions come to.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use prost_reflect::{DynamicMessage, EnumDescriptor};

use crate::yaml::Node;

/// What a name stands for, or an expression comes to.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// Text, which is read by the type of the field it reaches: a string of an expression, the environment, a port, an
    /// address, text joined. Nothing in it is escaped.
    Text(Arc<str>),
    /// The YAML written in `vars`: it stands, whole, for what is written there, operators included. As written: its
    /// scalars are read through [`super::Text::of`], like any other.
    Yaml(Node),
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Bytes(Bytes),
    /// Since 1970-01-01T00:00:00Z; `nanos` count forward, and are at least 0.
    Timestamp {
        seconds: i64,
        nanos: i32,
    },
    /// Both of the same sign.
    Duration {
        seconds: i64,
        nanos: i32,
    },
    Enum(EnumDescriptor, i32),
    /// No wrapper, `Timestamp`, `Duration`, `Any` that can be unpacked, nor `Value`: those are what they hold.
    Message(Arc<DynamicMessage>),
    List(Arc<[Value]>),
    Map(Arc<BTreeMap<Key, Value>>),
    /// Named members, such as `status.code` and `steps.create`.
    Record(Arc<BTreeMap<Arc<str>, Value>>),
    /// A value or none, as `.?field` gives it. No expression ends with one.
    Optional(Option<Arc<Value>>),
    /// A type, as `type(x)` gives it.
    Type(Arc<str>),
}

/// A key of a map. Whole numbers are equal whatever their type, as in CEL.
#[derive(Debug, Clone)]
pub(crate) enum Key {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Text(Arc<str>),
}

impl Value {
    pub(crate) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(items.into_iter().collect())
    }

    pub(crate) fn record<'a>(members: impl IntoIterator<Item = (&'a str, Self)>) -> Self {
        Self::Record(Arc::new(members.into_iter().map(|(name, value)| (Arc::from(name), value)).collect()))
    }

    /// A length of time, such as what a call took.
    pub(crate) fn duration(duration: std::time::Duration) -> Self {
        let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        // fewer than a second's, so they fit
        let nanos = i32::try_from(duration.subsec_nanos()).unwrap_or_default();
        Self::Duration { seconds, nanos }
    }
}

impl Key {
    fn number(&self) -> Option<i128> {
        match self {
            Self::Int(number) => Some(i128::from(*number)),
            Self::Uint(number) => Some(i128::from(*number)),
            Self::Bool(_) | Self::Text(_) => None,
        }
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(left), Self::Bool(right)) => left.cmp(right),
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
            (left, right) => match (left.number(), right.number()) {
                (Some(left), Some(right)) => left.cmp(&right),
                (left, right) => {
                    let rank = |key: &Self, number: Option<i128>| match (key, number) {
                        (_, Some(_)) => 1,
                        (Self::Text(_), None) => 2,
                        (_, None) => 0,
                    };
                    rank(self, left).cmp(&rank(other, right))
                }
            },
        }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Key {}
