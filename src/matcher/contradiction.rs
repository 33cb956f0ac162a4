//! What contradicts itself is an error before any call: bounds that leave nothing between them, a choice of which none
//! is allowed, `$present: false` beside what must be set.

use std::cmp::Ordering;
use std::sync::Arc;

use prost_reflect::{Kind, Value};

use super::check::{Check, Relation};
use super::order::{integer, nanoseconds, number};
use super::rule::{Matcher, Rule};
use super::value_type::ValueType;
use super::view::View;
use crate::diagnostic::{Diagnostic, Span};
use crate::expr::Scope;
use crate::message::{FieldPath, FieldType};

/// Of several operators on one value, all of which must hold.
pub(super) fn contradiction(all: &[Matcher], ty: &ValueType, path: &FieldPath) -> Option<Diagnostic> {
    absent_and_present(all, path)
        .or_else(|| empty_range(all, ty, path))
        .or_else(|| no_choice(all, path))
        .or_else(|| no_length(all, path))
}

fn absent_and_present(all: &[Matcher], path: &FieldPath) -> Option<Diagnostic> {
    let absent = all.iter().find(|matcher| matches!(matcher.rule, Rule::Present(false)))?;
    let present = all.iter().find(|matcher| matcher.needs_value())?;
    Some(
        Diagnostic::error(format!("{} is expected to be set and unset", path.subject()))
            .at(absent.span, "unset here")
            .also(present.span, "set here"),
    )
}

/// One end of a range.
#[derive(Debug, Clone, Copy)]
struct Bound {
    at: At,
    /// Whether the end itself is allowed.
    included: bool,
    /// Where it was written; `None` for a limit of the type.
    span: Option<Span>,
}

#[derive(Debug, Clone, Copy)]
enum At {
    /// An integer, or nanoseconds.
    Whole(i128),
    Real(f64),
}

impl At {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Message(message) => nanoseconds(message).map(Self::Whole),
            other => integer(other).map(Self::Whole).or_else(|| number(other).map(Self::Real)),
        }
    }

    fn order(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(left), Self::Whole(right)) => Some(left.cmp(&right)),
            (Self::Real(left), Self::Real(right)) => left.partial_cmp(&right),
            _ => None,
        }
    }
}

/// Low and high ends that the checks of a value set.
fn bounds(matcher: &Matcher) -> (Option<Bound>, Option<Bound>) {
    let bound = |value: &Value, included| At::of(value).map(|at| Bound { at, included, span: Some(matcher.span) });
    match &matcher.rule {
        Rule::Check(Check::Order(Relation::Greater, value)) => (bound(value, false), None),
        Rule::Check(Check::Order(Relation::GreaterOrEqual, value)) => (bound(value, true), None),
        Rule::Check(Check::Order(Relation::Less, value)) => (None, bound(value, false)),
        Rule::Check(Check::Order(Relation::LessOrEqual, value)) => (None, bound(value, true)),
        Rule::Check(Check::Between(low, high)) => (bound(low, true), bound(high, true)),
        Rule::Check(Check::Equal(value)) => (bound(value, true), bound(value, true)),
        _ => (None, None),
    }
}

fn empty_range(all: &[Matcher], ty: &ValueType, path: &FieldPath) -> Option<Diagnostic> {
    let (mut low, mut high) = limits(ty);
    for matcher in all {
        let (lower, upper) = bounds(matcher);
        low = tighter(low, lower, Ordering::Greater);
        high = tighter(high, upper, Ordering::Less);
    }
    let (low, high) = (low?, high?);
    let is_empty = match (low.at, high.at) {
        // between two whole numbers there may be none
        (At::Whole(first), At::Whole(last)) => first + i128::from(!low.included) > last - i128::from(!high.included),
        _ => match low.at.order(high.at)? {
            Ordering::Greater => true,
            Ordering::Equal => !(low.included && high.included),
            Ordering::Less => false,
        },
    };
    if !is_empty {
        return None;
    }
    let error = Diagnostic::error(format!("{} can never be in this range", path.subject()));
    let scope = Arc::new(Scope::new());
    let says = |span: Span| {
        let matcher = all.iter().find(|matcher| matcher.span == span)?;
        Some(matcher.statement(&path_or_value(path), &scope))
    };
    Some(match (low.span, high.span) {
        (Some(low), Some(high)) => {
            error.at(high, says(high).unwrap_or_default()).also(low, says(low).unwrap_or_default())
        }
        (Some(one), None) | (None, Some(one)) => {
            error.at(one, format!("{}, which no {} is", says(one).unwrap_or_default(), ty.name()))
        }
        (None, None) => error,
    })
}

fn path_or_value(path: &FieldPath) -> String {
    if path.is_root() { "value".to_owned() } else { path.to_string() }
}

/// The tighter of two ends: the greater low one, the lesser high one; at the same place the one that excludes it.
fn tighter(one: Option<Bound>, other: Option<Bound>, wins: Ordering) -> Option<Bound> {
    match (one, other) {
        (Some(one), Some(other)) => Some(match other.at.order(one.at) {
            Some(ordering) if ordering == wins => other,
            Some(Ordering::Equal) if !other.included => other,
            _ => one,
        }),
        (one, other) => one.or(other),
    }
}

/// Of the type itself.
fn limits(ty: &ValueType) -> (Option<Bound>, Option<Bound>) {
    let kind = match ty {
        ValueType::Field(FieldType::Single(kind)) => kind,
        ValueType::Count => &Kind::Uint64,
        _ => return (None, None),
    };
    let (low, high): (i128, i128) = match kind {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => (i32::MIN.into(), i32::MAX.into()),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => (i64::MIN.into(), i64::MAX.into()),
        Kind::Uint32 | Kind::Fixed32 => (0, u32::MAX.into()),
        Kind::Uint64 | Kind::Fixed64 => (0, u64::MAX.into()),
        _ => return (None, None),
    };
    let bound = |at| Some(Bound { at: At::Whole(at), included: true, span: None });
    (bound(low), bound(high))
}

/// `$in` beside tests that none of its literals passes.
fn no_choice(all: &[Matcher], path: &FieldPath) -> Option<Diagnostic> {
    for matcher in all {
        let alternatives = match &matcher.rule {
            Rule::AnyOf(alternatives) => alternatives.as_slice(),
            Rule::Check(Check::Equal(_)) => std::slice::from_ref(matcher),
            _ => continue,
        };
        let literals: Option<Vec<&Value>> = alternatives
            .iter()
            .map(|alternative| match &alternative.rule {
                Rule::Check(Check::Equal(value)) => Some(value),
                _ => None,
            })
            .collect();
        let Some(literals) = literals else { continue };
        let checks: Vec<(&Matcher, &Check)> = all
            .iter()
            .filter(|other| other.span != matcher.span)
            .filter_map(|other| match &other.rule {
                // what depends on the moment is not known before
                Rule::Check(Check::Within(_)) => None,
                Rule::Check(check) => Some((other, check)),
                _ => None,
            })
            .collect();
        if literals.iter().any(|literal| checks.iter().all(|(_, check)| check.holds(literal))) {
            continue;
        }
        let (other, _) = checks.iter().find(|(_, check)| !literals.iter().all(|literal| check.holds(literal)))?;
        return Some(
            Diagnostic::error(format!("{} can never be all of this", path.subject()))
                .at(matcher.span, "none of what is allowed here …")
                .also(other.span, "… passes this"),
        );
    }
    None
}

/// A length that the elements asked for cannot have.
fn no_length(all: &[Matcher], path: &FieldPath) -> Option<Diagnostic> {
    let (elements, count, exactly) = all.iter().find_map(|matcher| match &matcher.rule {
        Rule::Each(_) => Some((matcher, 1, false)),
        Rule::Containing(items) => Some((matcher, items.len(), false)),
        Rule::Unordered(items) => Some((matcher, items.len(), true)),
        _ => None,
    })?;
    let count = i128::try_from(count).ok()?;
    for matcher in all {
        let Rule::Seen(View::Length, inner) = &matcher.rule else { continue };
        let parts = match &inner.rule {
            Rule::All(parts) => parts.as_slice(),
            _ => std::slice::from_ref(&**inner),
        };
        for part in parts {
            let (low, high) = bounds(part);
            let too_short = high.is_some_and(|high| match high.at {
                At::Whole(last) => last - i128::from(!high.included) < count,
                At::Real(_) => false,
            });
            let too_long = exactly
                && low.is_some_and(|low| match low.at {
                    At::Whole(first) => first + i128::from(!low.included) > count,
                    At::Real(_) => false,
                });
            if too_short || too_long {
                let asked = super::words::elements(usize::try_from(count).unwrap_or(usize::MAX));
                let amount = if exactly { asked } else { format!("at least {asked}") };
                return Some(
                    Diagnostic::error(format!("{} can never have this length", path.subject()))
                        .at(part.span, part.statement("len", &Arc::new(Scope::new())))
                        .also(elements.span, format!("{amount} here")),
                );
            }
        }
    }
    None
}
