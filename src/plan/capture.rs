//! `capture`: what is kept of a call, or of a message received. Main type: [`PlannedCapture`].

use std::sync::Arc;

use super::names::later;
use crate::diagnostic::{Diagnostics, Sources, Spanned};
use crate::expr::{Env, Expression, Ty};
use crate::matcher::Named;
use crate::spec::Capture;

/// A variable, and what it stands for once it can be told.
#[derive(Debug)]
pub(crate) struct PlannedCapture {
    pub(crate) name: Spanned<Arc<str>>,
    pub(crate) expression: Expression,
}

/// Checks what is captured where `env` is known, and what came back as `types` say. Also the types captured; after an
/// error in one, that of anything.
pub(super) fn plan_captures(
    captures: &[Capture],
    env: &Arc<Env>,
    types: &Named<Ty>,
    sources: &Sources,
    out: &mut Diagnostics,
) -> (Option<Vec<PlannedCapture>>, Named<Ty>) {
    if captures.is_empty() {
        return (Some(Vec::new()), Named::new());
    }
    let env = later(env, types);
    let mut planned = Some(Vec::new());
    let mut of_names = Named::new();
    for Capture { name, expression } in captures {
        let checked = Expression::parse(expression, sources, out)
            .and_then(|expression| expression.check(&env, out).map(|ty| (expression, ty)));
        let (expression, ty) = checked.map_or((None, Ty::Any), |(expression, ty)| (Some(expression), ty));
        of_names.insert(Arc::clone(&name.value), ty);
        planned = planned.zip(expression).map(|(mut planned, expression)| {
            planned.push(PlannedCapture { name: name.clone(), expression });
            planned
        });
    }
    (planned, of_names)
}

/// What is captured where nothing is known of it: what is wrong there is not wrong with those who use it.
pub(super) fn of_any_type<'c>(captures: impl Iterator<Item = &'c Capture>) -> Named<Ty> {
    captures.map(|capture| (Arc::clone(&capture.name.value), Ty::Any)).collect()
}
