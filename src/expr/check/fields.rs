//! Fields of messages and members of what has a fixed set of them; elements by their number or key.

use prost_reflect::{FieldDescriptor, MessageDescriptor};

use super::{Checker, optional};
use crate::diagnostic::{did_you_mean, one_of};
use crate::expr::fault::Fault;
use crate::expr::message_value::Member;
use crate::expr::signature::{macro_of, signatures};
use crate::expr::term::{Index, Select, Term, TermKind};
use crate::expr::{Ty, Value};

impl Checker<'_> {
    /// `operand.field`, the operand being of type `ty`.
    pub(super) fn select(&mut self, ty: &Ty, select: &Select, operand: &Term) -> Ty {
        if let Ty::Optional(held) = ty {
            return optional(self.field(held, select, operand), true);
        }
        optional(self.field(ty, select, operand), select.optional)
    }

    fn field(&mut self, ty: &Ty, select: &Select, operand: &Term) -> Ty {
        let name = &*select.field;
        let range = select.field_range.clone();
        match ty {
            Ty::Any => Ty::Any,
            Ty::Map(_, value) => (**value).clone(),
            Ty::Message(descriptor) => match Member::find(descriptor, name) {
                Some(Member::Declared(field)) => Ty::of_field(&field),
                Some(Member::Extension(extension)) => {
                    let element = Ty::of_kind(&extension.kind());
                    if extension.is_list() { Ty::list(element) } else { element }
                }
                None => self.wrong(unknown_field(descriptor, name, select)),
            },
            Ty::Record(members) => members.get(name).cloned().unwrap_or_else(|| {
                let known = members.keys().map(|name| &**name);
                let source = self.expression.source_of(operand);
                let fault = Fault::new(range, format!("`{source}` has no `{name}`"), "no such member");
                let fault = fault.hints(did_you_mean(name, known.clone()));
                self.wrong(fault.hint(format!("it has {}", one_of(known))))
            }),
            other => {
                let source = self.expression.source_of(operand);
                let fault = Fault::new(range, format!("{other} has no fields"), "not a message or a map");
                self.wrong(match (other, name) {
                    (Ty::String | Ty::List(_) | Ty::Bytes, "length" | "len" | "size" | "count" | "Length") => {
                        fault.hint(format!("write `{source}.size()`"))
                    }
                    (Ty::List(_), _) => fault
                        .hint(format!("one element: `{source}[0].{name}`"))
                        .hint(format!("all of them: `{source}.map(x, x.{name})`")),
                    (Ty::Timestamp, _) => {
                        fault.hint(format!("seconds since 1970: `int({source})`; parts: `{source}.getFullYear()`"))
                    }
                    (Ty::Duration, _) => fault
                        .hint(format!("compare it: `{source} < duration('200ms')`"))
                        .hint(format!("in seconds: `{source}.getSeconds()`")),
                    (Ty::Enum(_), _) => {
                        fault.hint(format!("its name: `string({source})`; it compares with a name in quotes"))
                    }
                    (_, name) if signatures(name, true).next().is_some() || macro_of(name, true).is_some() => {
                        fault.hint(format!("it is a function: write `{source}.{name}(…)`"))
                    }
                    _ => fault,
                })
            }
        }
    }

    /// `operand[index]`, the operand being of type `ty`, the index of type `by`.
    pub(super) fn element(&mut self, ty: &Ty, by: &Ty, index: &Index) -> Ty {
        let range = index.by.range.clone();
        let label = format!("this is {by}");
        match ty {
            Ty::Any => Ty::Any,
            Ty::List(element) => {
                if !matches!(by, Ty::Any | Ty::Int | Ty::Uint) {
                    return self.wrong(Fault::new(range, "an element of a list is told by its number", label));
                }
                if let TermKind::Literal(Value::Int(number)) = &index.by.kind
                    && number.is_negative()
                {
                    let list = self.expression.source_of(&index.operand);
                    return self.wrong(
                        Fault::new(range, "elements are counted from 0", "before the first")
                            .hint(format!("the last one: `{list}[{list}.size() - 1]`")),
                    );
                }
                (**element).clone()
            }
            Ty::Map(key, value) => {
                if !may_be_key(key, by) {
                    return self.wrong(Fault::new(range, format!("the keys of this map are {}s", key.noun()), label));
                }
                (**value).clone()
            }
            Ty::Record(members) => match &index.by.kind {
                TermKind::Literal(Value::Text(name)) => members.get(name).cloned().unwrap_or_else(|| {
                    let known = members.keys().map(|name| &**name);
                    let fault = Fault::new(range, format!("there is no `{name}`"), "no such member");
                    self.wrong(fault.hints(did_you_mean(name, known.clone())).hint(format!("known: {}", one_of(known))))
                }),
                _ => Ty::Any,
            },
            Ty::Message(descriptor) => {
                let headline = format!("`{}` is a message, neither list nor map", descriptor.full_name());
                self.wrong(Fault::new(range, headline, "not an index").hint("a field is written `message.field`"))
            }
            Ty::String => {
                let text = self.expression.source_of(&index.operand);
                self.wrong(
                    Fault::new(range, "a string has no elements", "not a list or a map")
                        .hint(format!("a character is `{text}.charAt(0)`, a part `{text}.substring(0, 3)`")),
                )
            }
            other => self.wrong(Fault::new(range, format!("{other} has no elements"), "not a list or a map")),
        }
    }
}

fn may_be_key(key: &Ty, by: &Ty) -> bool {
    matches!((key, by), (Ty::Any, _) | (_, Ty::Any))
        || (matches!(key, Ty::Int | Ty::Uint) && by.is_number())
        || key == by
}

fn unknown_field(descriptor: &MessageDescriptor, name: &str, select: &Select) -> Fault {
    let fields: Vec<_> = descriptor.fields().collect();
    let names = || fields.iter().map(FieldDescriptor::name);
    let label = format!("not a field of `{}`", descriptor.full_name());
    let fault = Fault::new(select.field_range.clone(), format!("unknown field `{name}`"), label)
        .hints(did_you_mean(name, names()));
    if fields.is_empty() {
        fault.hint("it has no fields")
    } else {
        fault.hint(format!("its fields are {}", one_of(names())))
    }
}
