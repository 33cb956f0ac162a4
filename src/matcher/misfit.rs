//! What is said of an operator that does not exist, or not for the type.

use super::operator::{Classes, Op, Operator, suggestion};
use super::value_type::ValueType;
use crate::diagnostic::Diagnostic;
use crate::message::FieldPath;
use crate::yaml::Entry;

pub(super) fn unknown(entry: &Entry, ty: &ValueType, classes: Classes, path: &FieldPath) -> Diagnostic {
    let key = &*entry.key.value;
    let error = Diagnostic::error(format!("unknown operator `{key}`"))
        .at(entry.key.span, format!("{} is of type {}", path.subject(), ty.name()))
        .hints(suggestion(key, classes))
        .hint(format!("operators here are {}", Operator::fitting(classes)));
    if classes.meets(Classes::MAP) {
        return error.hint("a literal key that starts with `$` is written with `$$`");
    }
    error
}

pub(super) fn misfit(
    operator: &Operator,
    entry: &Entry,
    ty: &ValueType,
    classes: Classes,
    path: &FieldPath,
) -> Diagnostic {
    let name = operator.name;
    let element = ty.element().map(|element| element.shape().classes());
    let way_out = match operator.op {
        Op::Exact if classes.meets(Classes::LIST) => {
            Some("a list written plainly is exact; for its elements write `[{ $exact: … }]`".to_owned())
        }
        _ if element.is_some_and(|element| operator.fits.meets(element)) => {
            Some(format!("to ask it of every element, write `$each: {{ {name}: … }}`"))
        }
        Op::Utf8 if classes.meets(Classes::STRING) => Some("write the text itself".to_owned()),
        Op::Type if classes.meets(Classes::MESSAGE) => Some("its type is known from the schema".to_owned()),
        _ => None,
    };
    Diagnostic::error(format!("`{name}` does not fit {}", path.subject()))
        .at(entry.key.span, format!("{} is of type {}", path.subject(), ty.name()))
        .note(format!("`{name}` is for {}", operator.fits.describe()))
        .hints(way_out)
        .hint(format!("operators here are {}", Operator::fitting(classes)))
}
