//! Macros: their variables have the types of what is gone over, their conditions are true or false.

use std::sync::Arc;

use super::Checker;
use crate::expr::Ty;
use crate::expr::fault::Fault;
use crate::expr::signature::{MACROS, Macro};
use crate::expr::term::{Call, Term, TermKind};

impl Checker<'_> {
    pub(super) fn expand(&mut self, kind: Macro, call: &Call) -> Ty {
        let name = &*call.function;
        let counts = MACROS.iter().find(|(_, known, ..)| *known == kind);
        let is_right = counts.is_none_or(|(.., counts)| counts.contains(&call.arguments.len()));
        if !is_right {
            let example = counts.map_or("", |(_, _, example, _)| example);
            let wanted = match counts.map(|(.., counts)| (*counts.start(), *counts.end())) {
                Some((1, 1)) => "1 argument".to_owned(),
                Some((least, most)) if least == most => format!("{least} arguments"),
                Some((least, usize::MAX)) => format!("{least} argument or more"),
                Some((least, most)) => format!("{least} or {most} arguments"),
                None => "other arguments".to_owned(),
            };
            let (range, label) = (call.function_range.clone(), format!("found {}", call.arguments.len()));
            let fault = Fault::new(range, format!("`{name}` takes {wanted}"), label);
            return self.wrong(fault.hint(format!("as in `{example}`")));
        }
        match (kind, call.arguments.as_slice()) {
            (Macro::Has, [field @ Term { kind: TermKind::Select(_), .. }]) => {
                self.selection(field);
                Ty::Bool
            }
            (Macro::Has, [field]) => {
                let fault = Fault::new(field.range.clone(), "`has` asks for a field", "not a field");
                let hint = match &field.kind {
                    TermKind::Index(_) => "whether a map has a key: `'key' in map`; a list, `list.size() > 2`",
                    _ => "as in `has(response.user)`",
                };
                self.wrong(fault.hint(hint))
            }
            (Macro::Greatest | Macro::Least, arguments) => {
                let mut types: Vec<_> = arguments.iter().map(|argument| self.term(argument)).collect();
                match types.as_slice() {
                    [Ty::List(element)] => (**element).clone(),
                    [_] => types.remove(0),
                    [first, rest @ ..] if rest.iter().all(|ty| ty == first) => first.clone(),
                    _ => Ty::Any,
                }
            }
            (Macro::Bind, [variable, value, body]) => {
                let ty = self.term(value);
                self.with(variable, ty, |this| this.term(body))
            }
            (Macro::OptMap | Macro::OptFlatMap, [variable, body]) => {
                let held = match self.receiver(call) {
                    Ty::Optional(held) => *held,
                    Ty::Any => Ty::Any,
                    other => {
                        let range = call.receiver().map_or(call.function_range.clone(), |target| target.range.clone());
                        let fault = Fault::new(range, "an optional is wanted here", format!("this is {other}"));
                        self.wrong(fault.hint("an optional is `message.?field`, or `optional.of(value)`"))
                    }
                };
                let ty = self.with(variable, held, |this| this.term(body));
                super::optional(ty, true)
            }
            (kind, [variable, rest @ ..]) => {
                let list = self.receiver(call);
                let element = self.element_of(&list, call);
                self.over(kind, variable, element, rest, &list)
            }
            _ => Ty::Any,
        }
    }

    /// What a macro over a list or a map comes to.
    fn over(&mut self, kind: Macro, variable: &Term, element: Ty, rest: &[Term], list: &Ty) -> Ty {
        let name = |kind| MACROS.iter().find(|(_, known, ..)| *known == kind).map_or("", |(name, ..)| name);
        let of = format!("`{}`", name(kind));
        match (kind, rest) {
            (Macro::Map, [body]) => Ty::list(self.with(variable, element, |this| this.term(body))),
            (Macro::Map, [condition, body]) => Ty::list(self.with(variable, element, |this| {
                this.condition(condition, &of);
                this.term(body)
            })),
            (Macro::SortBy, [key]) => {
                self.with(variable, element, |this| this.term(key));
                list.clone()
            }
            (Macro::Filter, [condition]) => {
                self.with(variable, element.clone(), |this| this.condition(condition, &of));
                Ty::list(element)
            }
            (_, [condition]) => {
                self.with(variable, element, |this| this.condition(condition, &of));
                Ty::Bool
            }
            _ => Ty::Any,
        }
    }

    fn receiver(&mut self, call: &Call) -> Ty {
        call.receiver().map_or(Ty::Any, |target| self.term(target))
    }

    fn element_of(&mut self, list: &Ty, call: &Call) -> Ty {
        match list {
            Ty::Any => Ty::Any,
            Ty::List(element) => (**element).clone(),
            Ty::Map(key, _) => (**key).clone(),
            Ty::Record(_) => Ty::String,
            other => {
                let range = call.receiver().map_or(call.function_range.clone(), |target| target.range.clone());
                let headline = format!("`{}` goes over a list or a map", call.function);
                self.wrong(Fault::new(range, headline, format!("this is {other}")))
            }
        }
    }

    fn with<T>(&mut self, variable: &Term, ty: Ty, read: impl FnOnce(&mut Self) -> T) -> T {
        let name = if let TermKind::Name(name) = &variable.kind {
            Arc::clone(name)
        } else {
            let fault = Fault::new(variable.range.clone(), "a name is wanted here", "it stands for each element");
            self.wrong(fault.hint("as in `list.all(x, x > 0)`"));
            "".into()
        };
        self.bound.push((name, ty));
        let result = read(self);
        self.bound.pop();
        result
    }
}
