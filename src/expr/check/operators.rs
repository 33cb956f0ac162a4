//! Operators, by the types of their operands.

use prost_reflect::EnumDescriptor;

use super::Checker;
use crate::diagnostic::{did_you_mean, one_of};
use crate::expr::fault::Fault;
use crate::expr::term::{Binary, Operator, Term, TermKind};
use crate::expr::{Ty, Value};

impl Checker<'_> {
    pub(super) fn binary(&mut self, binary: &Binary, term: &Term) -> Ty {
        let Binary { operator, left, right, .. } = binary;
        if matches!(operator, Operator::And | Operator::Or) {
            let name = format!("`{}`", operator.symbol());
            self.condition(left, &name);
            self.condition(right, &name);
            return Ty::Bool;
        }
        let (first, second) = self.operands(binary);
        match operator {
            Operator::Equal | Operator::NotEqual => {
                let never = !may_be_equal(&first, &second);
                if never {
                    self.never_equal(binary, term, &first, &second);
                }
                Ty::Bool
            }
            Operator::In => {
                self.inside(binary, &first, &second);
                Ty::Bool
            }
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
                if !may_be_ordered(&first, &second) {
                    let label = format!("{first} and {second}");
                    let fault = Fault::new(term.range.clone(), "these have no order with each other", label);
                    let fault = self.with_time_hint(fault, binary, &first, &second);
                    self.wrong(fault);
                }
                Ty::Bool
            }
            _ => self.arithmetic(binary, term, &first, &second),
        }
    }

    /// The types of both operands; beside an enum, the name of a value that lacks its quotes is told as that.
    fn operands(&mut self, binary: &Binary) -> (Ty, Ty) {
        let before = self.problems.len();
        let first = self.term(&binary.left);
        let after = self.problems.len();
        let second = self.term(&binary.right);
        let sides = [(&first, &binary.right, after..self.problems.len()), (&second, &binary.left, before..after)];
        let unquoted = sides.into_iter().find_map(|(ty, other, said)| {
            let (Ty::Enum(descriptor), TermKind::Name(name)) = (ty, &other.kind) else { return None };
            let is_value = !said.is_empty() && descriptor.get_value_by_name(name).is_some();
            is_value.then(|| {
                let fault = Fault::new(other.range.clone(), format!("`{name}` is not defined"), "no such name");
                (said, fault.hint(format!("the name of an enum's value is written in quotes: `'{name}'`")))
            })
        });
        if let Some((said, fault)) = unquoted {
            let problem = self.expression.problem(fault);
            self.problems.splice(said, [problem]);
        }
        self.enum_name(&first, &binary.right);
        self.enum_name(&second, &binary.left);
        (first, second)
    }

    /// The text beside an enum must be the name of one of its values.
    fn enum_name(&mut self, ty: &Ty, other: &Term) {
        match (ty, &other.kind) {
            (Ty::Enum(descriptor), TermKind::Literal(Value::Text(name)))
                if descriptor.get_value_by_name(name).is_none() =>
            {
                self.wrong(unknown_value(descriptor, name, other));
            }
            (Ty::Enum(_), TermKind::List(elements)) => {
                for element in elements {
                    self.enum_name(ty, &element.value);
                }
            }
            (Ty::List(element), TermKind::Literal(Value::Text(_))) => self.enum_name(element, other),
            _ => {}
        }
    }

    fn never_equal(&mut self, binary: &Binary, term: &Term, first: &Ty, second: &Ty) {
        let label = format!("{first} and {second}");
        let fault = Fault::new(term.range.clone(), "these are never equal", label);
        let null_beside = match (first, second) {
            (Ty::Null, _) => Some(&binary.right),
            (_, Ty::Null) => Some(&binary.left),
            _ => None,
        };
        let fault = match null_beside {
            Some(other) if matches!(other.kind, TermKind::Select(_)) => {
                let source = self.expression.source_of(other);
                let not = if binary.operator == Operator::Equal { "!" } else { "" };
                fault.hint(format!("a field that is not set reads as its default; ask `{not}has({source})`"))
            }
            Some(_) => fault,
            None => self.with_conversion_hint(self.with_time_hint(fault, binary, first, second), binary, first, second),
        };
        self.wrong(fault);
    }

    fn with_conversion_hint(&self, fault: Fault, binary: &Binary, first: &Ty, second: &Ty) -> Fault {
        let sides = [(first, &binary.right, second), (second, &binary.left, first)];
        let number = sides.into_iter().find_map(|(ty, other, text)| match (&other.kind, text) {
            (TermKind::Literal(Value::Text(text)), Ty::String) if ty.is_number() && text.parse::<f64>().is_ok() => {
                Some(format!("write the number without quotes: `{text}`"))
            }
            (TermKind::Literal(Value::Text(text)), Ty::String)
                if *ty == Ty::Bool && (&**text == "true" || &**text == "false") =>
            {
                Some(format!("write `{text}` without quotes"))
            }
            (TermKind::Literal(Value::Text(text)), Ty::String) if *ty == Ty::Bytes => {
                Some(format!("bytes are written `b'{text}'`"))
            }
            (TermKind::Literal(number), _) if *ty == Ty::String && number.as_double().is_some() => {
                number.to_text().map(|number| format!("text is written in quotes: `'{number}'`"))
            }
            (_, Ty::String) if ty.is_number() => {
                Some(format!("convert one of them, as in `int({})`", self.expression.source_of(other)))
            }
            _ => None,
        });
        fault.hints(number)
    }

    /// A text where a time is meant.
    fn with_time_hint(&self, fault: Fault, binary: &Binary, first: &Ty, second: &Ty) -> Fault {
        let sides = [(first, &binary.right, second), (second, &binary.left, first)];
        let hint = sides.into_iter().find_map(|(ty, other, found)| {
            let source = self.expression.source_of(other);
            match (ty, found) {
                (Ty::Duration, Ty::String) => Some(format!("a duration is written `duration({source})`")),
                (Ty::Duration, found) if found.is_number() => {
                    Some("a duration is written with its unit: `duration('200ms')`".to_owned())
                }
                (Ty::Timestamp, Ty::String) => Some(format!("a timestamp is written `timestamp({source})`")),
                _ => None,
            }
        });
        fault.hints(hint)
    }

    fn inside(&mut self, binary: &Binary, first: &Ty, second: &Ty) {
        let range = binary.right.range.clone();
        match second {
            Ty::Any | Ty::Map(..) | Ty::Record(_) => {}
            Ty::List(element) => {
                if !may_be_equal(first, element) {
                    let label = format!("{first}, and elements that are {}s", element.noun());
                    let range = binary.left.range.start..binary.right.range.end;
                    self.wrong(Fault::new(range, "no element is ever equal to it", label));
                }
            }
            Ty::String => {
                let (text, part) = (self.expression.source_of(&binary.right), self.expression.source_of(&binary.left));
                let fault = Fault::new(range, "`in` looks into a list or a map", "this is a string");
                let hint = format!("a part of a text is `{text}.contains({part})`");
                self.wrong(fault.hint(hint));
            }
            other => {
                let label = format!("this is {other}");
                self.wrong(Fault::new(range, "`in` looks into a list or a map", label));
            }
        }
    }

    fn arithmetic(&mut self, binary: &Binary, term: &Term, first: &Ty, second: &Ty) -> Ty {
        if matches!(first, Ty::Any) || matches!(second, Ty::Any) {
            return match (first, second) {
                // whatever the other is, it must be one, too
                (Ty::String, _) | (_, Ty::String) if binary.operator == Operator::Add => Ty::String,
                _ => Ty::Any,
            };
        }
        if first.is_number() && second.is_number() {
            return match (binary.operator, first, second) {
                (Operator::Remainder, Ty::Double, _) | (Operator::Remainder, _, Ty::Double) => {
                    let range = binary.operator_range.clone();
                    self.wrong(Fault::new(range, "`%` takes whole numbers", format!("found {first} and {second}")))
                }
                (_, Ty::Double, _) | (_, _, Ty::Double) => Ty::Double,
                (_, Ty::Uint, Ty::Uint) => Ty::Uint,
                _ => Ty::Int,
            };
        }
        let result = match (binary.operator, first, second) {
            (Operator::Add, Ty::String, Ty::String) => Some(Ty::String),
            (Operator::Add, Ty::Bytes, Ty::Bytes) => Some(Ty::Bytes),
            (Operator::Add, Ty::List(left), Ty::List(right)) => {
                Some(Ty::list(if left == right { (**left).clone() } else { Ty::Any }))
            }
            (Operator::Add, Ty::Timestamp, Ty::Duration) | (Operator::Add, Ty::Duration, Ty::Timestamp) => {
                Some(Ty::Timestamp)
            }
            (Operator::Subtract, Ty::Timestamp, Ty::Duration) => Some(Ty::Timestamp),
            (Operator::Subtract, Ty::Timestamp, Ty::Timestamp)
            | (Operator::Add | Operator::Subtract, Ty::Duration, Ty::Duration) => Some(Ty::Duration),
            _ => None,
        };
        if let Some(result) = result {
            return result;
        }
        let symbol = binary.operator.symbol();
        let fault = Fault::new(
            term.range.clone(),
            format!("`{symbol}` does not take these values"),
            format!("{first} and {second}"),
        );
        let fault = match binary.operator {
            Operator::Add | Operator::Subtract => self.with_time_hint(fault, binary, first, second),
            _ => fault,
        };
        let text_beside = match (binary.operator, first, second) {
            (Operator::Add, Ty::String, other) => Some((other, &binary.right)),
            (Operator::Add, other, Ty::String) => Some((other, &binary.left)),
            _ => None,
        };
        self.wrong(match text_beside {
            Some((other, term)) if other.is_number() || matches!(other, Ty::Bool | Ty::Enum(_)) => {
                fault.hint(format!("as text: `string({})`", self.expression.source_of(term)))
            }
            _ => fault,
        })
    }
}

impl Ty {
    pub(in crate::expr) fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Uint | Self::Double | Self::Enum(_))
    }
}

fn may_be_equal(first: &Ty, second: &Ty) -> bool {
    match (first, second) {
        (Ty::Any, _)
        | (_, Ty::Any)
        | (Ty::Enum(_), Ty::String)
        | (Ty::String, Ty::Enum(_))
        | (Ty::Map(..) | Ty::Record(_), Ty::Map(..) | Ty::Record(_))
        | (Ty::Optional(_), Ty::Optional(_)) => true,
        (Ty::Enum(first), Ty::Enum(second)) => first.full_name() == second.full_name(),
        (Ty::Message(first), Ty::Message(second)) => first.full_name() == second.full_name(),
        (Ty::List(first), Ty::List(second)) => may_be_equal(first, second),
        (first, second) => first == second || (first.is_number() && second.is_number()),
    }
}

fn may_be_ordered(first: &Ty, second: &Ty) -> bool {
    match (first, second) {
        (Ty::Any, other) | (other, Ty::Any) => {
            !matches!(other, Ty::Null | Ty::Message(_) | Ty::List(_) | Ty::Map(..) | Ty::Record(_) | Ty::Optional(_))
        }
        (first, second) if first.is_number() && second.is_number() => true,
        (first, second) => {
            first == second && matches!(first, Ty::Bool | Ty::String | Ty::Bytes | Ty::Timestamp | Ty::Duration)
        }
    }
}

fn unknown_value(descriptor: &EnumDescriptor, name: &str, term: &Term) -> Fault {
    let values: Vec<_> = descriptor.values().collect();
    let names = || values.iter().map(prost_reflect::EnumValueDescriptor::name);
    let label = format!("not a name of the enum `{}`", descriptor.full_name());
    let suffix = format!("_{}", name.to_uppercase());
    let by_suffix = || names().find(|known| known.ends_with(&suffix)).map(|known| format!("did you mean `{known}`?"));
    Fault::new(term.range.clone(), format!("`{name}` is no value of this enum"), label)
        .hints(did_you_mean(name, names()).or_else(by_suffix))
        .hint(format!("its values are {}", one_of(names())))
}
