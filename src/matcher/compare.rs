//! A compiled expectation against what came back: all mismatches, each with its place. The judge goes through the
//! rules; lists have a file of their own. Main type: [`Judge`].

use std::borrow::Cow;
use std::sync::Arc;

use prost_reflect::{DynamicMessage, Value};

use super::check::{Check, Test};
use super::mismatch::{Actual, Expected, Fault, Mismatch};
use super::order::unknown_numbers;
use super::place::{Place, RESPONSE};
use super::rule::{Deferred, Matcher, Rule};
use super::value_type::ValueType;
use super::view::{Unseen, View};
use crate::diagnostic::Diagnostic;
use crate::expr::Scope;
use crate::message::{Field, FieldType};

/// What stands at a place: a value (the default of a field without presence, too), and whether CEL's `has()` would say
/// that it is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'v> {
    pub(super) value: Option<&'v Value>,
    pub(super) present: bool,
}

impl<'v> Found<'v> {
    pub(super) const NOTHING: Self = Self { value: None, present: false };

    pub(super) fn set(value: &'v Value) -> Self {
        Self { value: Some(value), present: true }
    }
}

/// Goes through the rules and keeps what does not hold; or only whether anything did not.
pub(super) struct Judge<'s> {
    pub(super) scope: &'s Arc<Scope>,
    /// `None`: only whether something failed is asked.
    mismatches: Option<Vec<Mismatch>>,
    failed: bool,
}

impl Matcher {
    /// Everything in `actual` that is not as expected; `root` names it. `None` is "not set".
    pub(crate) fn compare(&self, actual: Option<&Value>, root: &str, scope: &Arc<Scope>) -> Vec<Mismatch> {
        let found = actual.map_or(Found::NOTHING, Found::set);
        Judge::new(scope).mismatches(self, found, &Place::root(root))
    }

    /// As [`Self::compare`], for a list of messages.
    pub(crate) fn compare_all(&self, messages: &[DynamicMessage], root: &str, scope: &Arc<Scope>) -> Vec<Mismatch> {
        let list = Value::List(messages.iter().cloned().map(Value::Message).collect());
        self.compare_implicit(&list, !messages.is_empty(), root, scope)
    }

    /// As [`Self::compare`], of the one message received.
    pub(crate) fn compare_response(&self, message: &DynamicMessage, scope: &Arc<Scope>) -> Vec<Mismatch> {
        self.compare(Some(&Value::Message(message.clone())), RESPONSE, scope)
    }

    /// As [`Self::compare`], for what is never unset but may be empty, such as a list of messages: `$present` asks
    /// whether it is not.
    pub(super) fn compare_implicit(
        &self,
        actual: &Value,
        present: bool,
        root: &str,
        scope: &Arc<Scope>,
    ) -> Vec<Mismatch> {
        Judge::new(scope).mismatches(self, Found { value: Some(actual), present }, &Place::root(root))
    }
}

impl Deferred {
    /// The rule, its operands filled. A literal that comes to null expects "not set".
    pub(super) fn rule(&self, ty: &ValueType, scope: &Arc<Scope>) -> Result<Rule, Vec<Diagnostic>> {
        let operands = match (self.test, self.operands.as_slice()) {
            (Test::Equal, [literal]) => match literal.fill_unless_null(scope)? {
                Some(value) => vec![value],
                None => return Ok(Rule::Unset),
            },
            (_, operands) => operands.iter().map(|operand| operand.fill(scope)).collect::<Result<_, _>>()?,
        };
        Check::of(self.test, operands, ty).map(Rule::Check).map_err(|problem| vec![Diagnostic::error(problem)])
    }
}

impl<'s> Judge<'s> {
    pub(super) fn new(scope: &'s Arc<Scope>) -> Self {
        Self { scope, mismatches: Some(Vec::new()), failed: false }
    }

    /// All mismatches of a rule on its own.
    pub(super) fn mismatches(&self, matcher: &Matcher, found: Found<'_>, place: &Place<'_>) -> Vec<Mismatch> {
        let mut judge = Judge::new(self.scope);
        judge.judge(matcher, found, place);
        judge.mismatches.unwrap_or_default()
    }

    /// Whether a rule holds, without a word.
    pub(super) fn matches(&self, matcher: &Matcher, found: Found<'_>, place: &Place<'_>) -> bool {
        let mut judge = Judge { scope: self.scope, mismatches: None, failed: false };
        judge.judge(matcher, found, place);
        !judge.failed
    }

    /// Whether nothing more can be learned.
    pub(super) fn is_settled(&self) -> bool {
        self.failed && self.mismatches.is_none()
    }

    pub(super) fn fail(&mut self, mismatch: impl FnOnce(&Arc<Scope>) -> Mismatch) {
        self.failed = true;
        let scope = self.scope;
        if let Some(mismatches) = &mut self.mismatches {
            mismatches.push(mismatch(scope));
        }
    }

    /// A rule that does not hold of a value, in the rule's own words.
    pub(super) fn fail_rule(&mut self, matcher: &Matcher, fault: Fault, found: Found<'_>, place: &Place<'_>) {
        self.fail(|scope| {
            let path = place.to_string();
            let literal = match &matcher.rule {
                Rule::Check(Check::Equal(value)) => Some(value.clone()),
                _ => None,
            };
            let statement = matcher.statement(&path, scope);
            let actual = match found.value {
                Some(value) => Actual::Value(value.clone(), matcher.ty.clone()),
                None => Actual::Unset,
            };
            let expected = Expected { fault, statement, literal };
            let notes = match &matcher.rule {
                Rule::Check(Check::Within(_)) => {
                    matcher.now().map(|now| (Cow::Borrowed("now"), now)).into_iter().collect()
                }
                _ => Vec::new(),
            };
            Mismatch { path, span: matcher.span, expected, actual, notes }
        });
    }

    pub(super) fn judge(&mut self, matcher: &Matcher, found: Found<'_>, place: &Place<'_>) {
        match &matcher.rule {
            Rule::Unset | Rule::Present(false) if found.present => {
                self.fail_rule(matcher, Fault::IsSet, found, place);
            }
            Rule::Present(true) if !found.present => self.fail_rule(matcher, Fault::NotSet, found, place),
            Rule::Unset | Rule::Present(_) => {}
            Rule::All(all) => {
                for matcher in all {
                    if !self.is_settled() {
                        self.judge(matcher, found, place);
                    }
                }
            }
            Rule::AnyOf(alternatives) => {
                if !alternatives.iter().any(|alternative| self.matches(alternative, found, place)) {
                    self.fail_rule(matcher, Fault::NoneOf, found, place);
                }
            }
            Rule::Not(inner) => {
                if self.matches(inner, found, place) {
                    self.fail_rule(matcher, Fault::Forbidden, found, place);
                }
            }
            Rule::Deferred(deferred) => match deferred.rule(&matcher.ty, self.scope) {
                Ok(rule) => self.judge(&Matcher::new(matcher.span, &matcher.ty, rule), found, place),
                Err(problems) => self.fail(|_| not_judged(matcher, &problems, place)),
            },
            Rule::Seen(view, inner) if view.passes_unset() && found.value.is_none() => {
                self.judge(inner, found, place);
            }
            _ => match found.value {
                Some(value) => self.judge_value(matcher, value, found.present, place),
                None => self.fail_rule(matcher, Fault::NotSet, found, place),
            },
        }
    }

    /// The rules that need something to look at.
    fn judge_value(&mut self, matcher: &Matcher, value: &Value, present: bool, place: &Place<'_>) {
        let found = Found::set(value);
        match (&matcher.rule, value) {
            (Rule::Check(check), _) => {
                if !check.holds(value) && !self.fail_part_by_part(matcher, check, found, place) {
                    self.fail_rule(matcher, check.fault(), found, place);
                }
            }
            (Rule::Condition(expression), _) => self.judge_condition(matcher, expression, value, place),
            (Rule::Seen(view, inner), _) => match view.of(value) {
                Ok(seen) => {
                    let present = present || !view.passes_unset();
                    self.judge(inner, Found { value: Some(&seen), present }, &place.view(view));
                }
                Err(unseen) => self.fail_unseen(matcher, view, unseen, value, place),
            },
            (Rule::Fields { fields, exact }, Value::Message(message)) => {
                self.judge_fields(matcher, fields, *exact, message, place);
            }
            (Rule::Oneof(oneof, member), Value::Message(message)) => {
                let set = oneof.fields().find(|field| message.has_field(field));
                if set != *member {
                    let place = place.name(oneof.name());
                    self.fail(|_| Mismatch {
                        path: place.to_string(),
                        span: matcher.span,
                        expected: Expected {
                            fault: if set.is_some() { Fault::OtherMember } else { Fault::NotSet },
                            statement: member.as_ref().map_or_else(
                                || format!("{place} to be unset"),
                                |member| format!("{place} = {}", member.name()),
                            ),
                            literal: None,
                        },
                        actual: match set {
                            None => Actual::Unset,
                            Some(set) => {
                                let ty = ValueType::Field(FieldType::of(&set));
                                let value = ty.render(&message.get_field(&set));
                                Actual::Words(format!("{}: {value} ({})", set.name(), ty.name()))
                            }
                        },
                        notes: Vec::new(),
                    });
                }
            }
            (Rule::Entries { entries, exact }, Value::Map(map)) => {
                for (key, inner) in entries {
                    if self.is_settled() {
                        return;
                    }
                    let place = place.key(key);
                    match map.get(key) {
                        None if inner.needs_value() => self.fail_rule(inner, Fault::Missing, Found::NOTHING, &place),
                        value => self.judge(inner, value.map_or(Found::NOTHING, Found::set), &place),
                    }
                }
                let more =
                    map.iter().filter(|(key, _)| *exact && !entries.iter().any(|(expected, _)| expected == *key));
                let mut more: Vec<_> = more.collect();
                more.sort_by_key(|(key, _)| *key);
                for (key, value) in more {
                    let ty = match &matcher.ty {
                        ValueType::Field(FieldType::Map { value, .. }) => ValueType::single(value.clone()),
                        _ => ValueType::JSON,
                    };
                    self.fail_not_expected(matcher, value, &ty, &place.key(key));
                }
            }
            (Rule::TextOrList { text: Some(text), .. }, Value::String(_)) => self.judge(text, found, place),
            (Rule::TextOrList { list, .. }, Value::List(_)) => self.judge(list, found, place),
            (_, Value::List(items)) => self.judge_list(matcher, items, place),
            _ => self.fail_rule(matcher, Fault::OtherType, found, place),
        }
    }

    fn judge_fields(
        &mut self,
        matcher: &Matcher,
        fields: &[(Field, Matcher)],
        exact: bool,
        message: &DynamicMessage,
        place: &Place<'_>,
    ) {
        for (field, inner) in fields {
            if self.is_settled() {
                return;
            }
            let present = field.is_set(message);
            let value = (present || !field.supports_presence()).then(|| field.get(message));
            self.judge(inner, Found { value: value.as_deref(), present }, &place.field(field));
        }
        if !exact {
            return;
        }
        let declared = message.fields().map(|(field, _)| Field::Declared(field));
        let extensions = message.extensions().map(|(extension, _)| Field::Extension(extension));
        for field in declared.chain(extensions) {
            if !fields.iter().any(|(expected, _)| *expected == field) {
                let ty = ValueType::Field(field.ty());
                self.fail_not_expected(matcher, &field.get(message), &ty, &place.field(&field));
            }
        }
        let unknown = unknown_numbers(message);
        if !unknown.is_empty() {
            self.fail(|_| Mismatch {
                path: place.to_string(),
                span: matcher.span,
                expected: Expected {
                    fault: Fault::UnknownFields,
                    statement: "no field that the schema does not know".to_owned(),
                    literal: None,
                },
                actual: Actual::Words(numbers(&unknown)),
                notes: Vec::new(),
            });
        }
    }

    /// Under `$exact`.
    fn fail_not_expected(&mut self, matcher: &Matcher, value: &Value, ty: &ValueType, place: &Place<'_>) {
        self.fail(|_| Mismatch {
            path: place.to_string(),
            span: matcher.span,
            expected: Expected {
                fault: Fault::NotExpected,
                statement: "nothing else, under `$exact`".to_owned(),
                literal: None,
            },
            actual: Actual::Value(value.clone(), ty.clone()),
            notes: Vec::new(),
        });
    }

    fn fail_unseen(&mut self, matcher: &Matcher, view: &View, unseen: Unseen, value: &Value, place: &Place<'_>) {
        let (fault, statement, note) = match unseen {
            Unseen::OtherType(held) => {
                let View::Message(descriptor) = view else { return };
                let path = place.to_string();
                let name = descriptor.full_name().to_owned();
                return self.fail(|_| Mismatch {
                    path,
                    span: matcher.span,
                    expected: Expected { fault: Fault::OtherMessage, statement: format!("type {name}"), literal: None },
                    actual: Actual::Words(if held.is_empty() { "an empty Any".to_owned() } else { held }),
                    notes: Vec::new(),
                });
            }
            Unseen::NotJson(cause) => (Fault::IsNot("JSON".to_owned()), "JSON".to_owned(), Some(cause)),
            Unseen::NotUtf8 => (Fault::IsNot("UTF-8".to_owned()), "UTF-8".to_owned(), None),
            Unseen::NotMessage(cause) => {
                let View::Message(descriptor) = view else { return };
                let name = descriptor.full_name();
                (Fault::IsNot(format!("a {name}")), format!("type {name}"), Some(cause))
            }
            Unseen::OtherJson(wanted) => (Fault::OtherType, wanted.to_owned(), None),
        };
        self.fail(|_| Mismatch {
            path: place.to_string(),
            span: matcher.span,
            expected: Expected { fault, statement, literal: None },
            actual: Actual::Value(value.clone(), matcher.ty.clone()),
            notes: note.into_iter().map(|cause| (Cow::Borrowed("note"), cause)).collect(),
        });
    }
}

impl Check {
    /// In which way a value fails it.
    fn fault(&self) -> Fault {
        match self {
            Self::Equal(_) => Fault::Differs,
            Self::Order(..) | Self::Between(..) | Self::Approx { .. } | Self::Within(_) => Fault::OutOfRange,
            Self::Regex(_) => Fault::NoMatch,
            Self::Contains(_) => Fault::LacksPart,
            Self::StartsWith(_) => Fault::StartsDifferently,
            Self::EndsWith(_) => Fault::EndsDifferently,
            Self::Format(format) => Fault::IsNot(format.describe().to_owned()),
            Self::Sha256(_) => Fault::OtherDigest,
        }
    }
}

fn not_judged(matcher: &Matcher, problems: &[Diagnostic], place: &Place<'_>) -> Mismatch {
    let cause = problems.first().map_or_else(String::new, |problem| problem.headline.clone());
    Mismatch {
        path: place.to_string(),
        span: matcher.span,
        expected: Expected { fault: Fault::NotJudged(cause), statement: String::new(), literal: None },
        actual: Actual::Nothing,
        notes: problems
            .iter()
            .flat_map(|problem| &problem.hints)
            .map(|hint| (Cow::Borrowed("hint"), hint.clone()))
            .collect(),
    }
}

/// `field 7`, `fields 7, 9`.
fn numbers(numbers: &[u32]) -> String {
    const SHOWN: usize = 20;
    let listed: Vec<_> = numbers.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = if numbers.len() > SHOWN { ", …" } else { "" };
    let word = if numbers.len() == 1 { "field" } else { "fields" };
    format!("{word} {}{more}", listed.join(", "))
}
