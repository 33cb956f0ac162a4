//! Calls: which function is meant, with how many arguments, of what types.

use super::Checker;
use crate::diagnostic::{did_you_mean, one_of};
use crate::expr::evaluate::Evaluation;
use crate::expr::fault::Fault;
use crate::expr::resolve::Walk;
use crate::expr::signature::{MACROS, NAMESPACES, SIGNATURES, Signature, Takes, macro_of, signatures};
use crate::expr::term::{Call, Term, TermKind};
use crate::expr::{Env, Ty};

/// What other languages call our functions.
const FOREIGN: &[(&str, &str)] = &[
    ("length", "`size()`"),
    ("beginsWith", "`startsWith(…)`"),
    ("hasPrefix", "`startsWith(…)`"),
    ("hasSuffix", "`endsWith(…)`"),
    ("len", "`size(…)`, or `list.size()`"),
    ("count", "`list.filter(x, x > 0).size()`, or `list.size()`"),
    ("includes", "`text.contains('part')`, or `element in list`"),
    ("has_key", "`'key' in map`"),
    ("hasOwnProperty", "`'key' in map`, or `has(message.field)`"),
    ("toLowerCase", "`lowerAscii()`"),
    ("lower", "`lowerAscii()`"),
    ("toUpperCase", "`upperAscii()`"),
    ("upper", "`upperAscii()`"),
    ("toString", "`string(…)`"),
    ("str", "`string(…)`"),
    ("parseInt", "`int(…)`"),
    ("Number", "`int(…)` or `double(…)`"),
    ("float", "`double(…)`"),
    ("every", "`list.all(x, x > 0)`"),
    ("some", "`list.exists(x, x > 0)`"),
    ("any", "`list.exists(x, x > 0)`"),
    ("find", "`list.filter(x, x > 0)[0]`"),
    ("max", "`math.greatest(…)`"),
    ("min", "`math.least(…)`"),
    ("abs", "`math.abs(…)`"),
    ("round", "`math.round(…)`"),
    ("floor", "`math.floor(…)`"),
    ("ceil", "`math.ceil(…)`"),
    ("exists_in", "`element in list`"),
    ("test", "`text.matches('pattern')`"),
    ("match", "`text.matches('pattern')`"),
    ("regex", "`text.matches('pattern')`"),
    ("random", "`random_int(low, high)`"),
    ("now_utc", "`now()`"),
    ("isEmpty", "`size() == 0`"),
    ("not", "`!`"),
    ("reduce", "`sum(list)`, or `math.greatest(list)`"),
];

impl Checker<'_> {
    pub(super) fn call(&mut self, call: &Call, term: &Term) -> Ty {
        let (name, target) = self.callee(call);
        if let Some(kind) = macro_of(&name, target.is_some()) {
            return self.expand(kind, call);
        }
        let known = signatures(&name, target.is_some());
        if known.clone().next().is_none() {
            let fault = self.unknown_function(call, &name, target);
            return self.wrong(fault);
        }
        let before = self.problems.len();
        let target_type = target.map(|target| self.term(target));
        let types: Vec<_> = call.arguments.iter().map(|argument| self.term(argument)).collect();
        if self.problems.len() > before {
            return Ty::Any;
        }
        if name == "free_port" && self.env.get("port").is_none() {
            let range = call.function_range.clone();
            return self.wrong(Fault::new(
                range,
                "`free_port` is not known here",
                "only the `start` and `address` of a server know it",
            ));
        }
        let fits = known.clone().find(|signature| {
            let target = signature.target.zip(target_type.as_ref());
            signature.takes.len() == types.len()
                && target
                    .into_iter()
                    .chain(signature.takes.iter().copied().zip(&types))
                    .all(|(takes, ty)| takes.admits(ty))
        });
        let Some(signature) = fits else {
            let fault = self.misfit(call, known, target.zip(target_type.as_ref()), &types);
            return self.wrong(fault);
        };
        if let Some(fault) = self.constant_fault(term, &call.arguments, target) {
            self.problems.push(fault);
            return Ty::Any;
        }
        // of several that fit what is not known, nothing can be said
        let several =
            known.filter(|other| other.takes.len() == types.len()).any(|other| other.gives != signature.gives);
        if several && (target_type == Some(Ty::Any) || types.contains(&Ty::Any)) {
            return Ty::Any;
        }
        signature.gives.ty(target_type.as_ref().or(types.first()))
    }

    fn callee<'c>(&self, call: &'c Call) -> (String, Option<&'c Term>) {
        match &call.target {
            Some(Term { kind: TermKind::Name(namespace), .. })
                if NAMESPACES.contains(&&**namespace) && !self.bound.iter().any(|(bound, _)| bound == namespace) =>
            {
                (format!("{namespace}.{}", call.function), None)
            }
            target => (call.function.to_string(), target.as_ref()),
        }
    }

    /// What a call of literals alone runs into: `duration('5 minutes')`, a pattern that is none.
    fn constant_fault(
        &self,
        term: &Term,
        arguments: &[Term],
        target: Option<&Term>,
    ) -> Option<crate::diagnostic::Diagnostic> {
        let is_literal = |term: &Term| matches!(term.kind, TermKind::Literal(_));
        let pattern_at = match &term.kind {
            TermKind::Call(call) if &*call.function == "matches" => arguments.last(),
            _ => None,
        };
        if let Some(Term { kind: TermKind::Literal(crate::expr::Value::Text(pattern)), range }) = pattern_at {
            let error = regex::Regex::new(pattern).err()?;
            let reason = error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            let fault = Fault::new(range.clone(), "this is not a regular expression", reason);
            return Some(
                self.expression
                    .problem(fault.hint("the syntax is that of Rust's `regex`; in `r'…'` a backslash is itself")),
            );
        }
        if arguments.is_empty() || !arguments.iter().chain(target).all(is_literal) {
            return None;
        }
        let nothing = Env::new();
        let mut walk = Walk::new(&nothing);
        let stop = Evaluation::new(&mut walk, &nothing, self.expression).term(term).err()?;
        self.expression.failure(stop).wrong()
    }

    fn unknown_function(&self, call: &Call, name: &str, target: Option<&Term>) -> Fault {
        let range = call.function_range.clone();
        let source = target.map(|target| self.expression.source_of(target));
        let fault = Fault::new(range.clone(), format!("there is no function `{name}`"), "no such function");
        if signatures(name, target.is_none()).next().is_some() || macro_of(name, target.is_none()).is_some() {
            let example = example(name, target.is_none());
            return match source {
                Some(source) => {
                    Fault::new(range, format!("`{name}` is not called on a value"), format!("called on `{source}`"))
                        .hint(format!("write `{example}`"))
                }
                None => Fault::new(range, format!("`{name}` is called on a value"), "called on nothing")
                    .hint(format!("write `{example}`")),
            };
        }
        if let Some((_, ours)) = FOREIGN.iter().find(|(foreign, _)| *foreign == &*call.function) {
            return fault.hint(format!("it is written {ours} here"));
        }
        let receiver =
            target.map(|target| Checker::new(self.env, self.expression).with_bound(&self.bound).term(target));
        let in_namespaces =
            SIGNATURES.iter().map(|signature| signature.name).chain(MACROS.iter().map(|(name, ..)| *name));
        let qualified =
            in_namespaces.clone().find(|known| known.rsplit_once('.').is_some_and(|(_, last)| last == name));
        if let Some(qualified) = qualified {
            return fault.hint(format!("write `{}`", example(qualified, false)));
        }
        let known: Vec<&str> = match name.split_once('.') {
            Some((namespace, _)) if target.is_none() => in_namespaces
                .filter(|known| known.split_once('.').is_some_and(|(first, _)| first == namespace))
                .collect(),
            _ => {
                let functions = SIGNATURES.iter().filter(|signature| match (signature.target, &receiver) {
                    (Some(takes), Some(ty)) => takes.admits(ty),
                    (takes, ty) => takes.is_none() && ty.is_none(),
                });
                let macros = MACROS.iter().filter(|(name, kind, ..)| {
                    macro_of(name, target.is_some()).is_some() && receiver.as_ref().is_none_or(|ty| kind.goes_over(ty))
                });
                let macros = macros.map(|(name, ..)| *name);
                functions.map(|signature| signature.name).chain(macros).filter(|name| !name.contains('.')).collect()
            }
        };
        let near = did_you_mean(name, known.iter().copied());
        if near.is_some() {
            return fault.hints(near);
        }
        if let Some((foreign, ours)) = FOREIGN.iter().find(|(foreign, _)| did_you_mean(name, [*foreign]).is_some()) {
            return fault.hint(format!("`{foreign}` is written {ours} here"));
        }
        let mut known = known;
        known.sort_unstable();
        known.dedup();
        let where_known = if target.is_some() { "on a value" } else { "here" };
        fault.hint(format!("known {where_known}: {}", one_of(known)))
    }

    /// Why none of the ways to call a function fits.
    fn misfit(
        &self,
        call: &Call,
        known: impl Iterator<Item = &'static Signature> + Clone,
        target: Option<(&Term, &Ty)>,
        types: &[Ty],
    ) -> Fault {
        let name = &*call.function;
        if let Some((target, ty)) = target
            && !known.clone().any(|signature| signature.target.is_some_and(|takes| takes.admits(ty)))
        {
            let takes = any_of(known.filter_map(|signature| signature.target));
            let fault = Fault::new(
                call.function_range.clone(),
                format!("`{name}` cannot be called on {ty}"),
                format!("it is called on {takes}"),
            );
            let source = self.expression.source_of(target);
            return match ty {
                Ty::Enum(_) => fault.hint(format!("the name of the enum's value: `string({source}).{name}(…)`")),
                ty if ty.is_number() && takes == Takes::Text.name() => {
                    fault.hint(format!("as text: `string({source}).{name}(…)`"))
                }
                Ty::Bytes if takes == Takes::Text.name() => {
                    fault.hint(format!("as text: `string({source}).{name}(…)`"))
                }
                Ty::Optional(_) => fault.hint(format!("say what to take if it is none: `{source}.orValue(…)`")),
                _ => fault,
            };
        }
        let known = known.filter(|signature| match (signature.target, target) {
            (Some(takes), Some((_, ty))) => takes.admits(ty),
            _ => true,
        });
        let same_count = known.clone().filter(|signature| signature.takes.len() == types.len());
        if same_count.clone().next().is_none() {
            let mut counts: Vec<_> = known.map(|signature| signature.takes.len()).collect();
            counts.sort_unstable();
            counts.dedup();
            let wanted = counts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
            let plural = if counts == [1] { "argument" } else { "arguments" };
            let label = format!("found {}", types.len());
            return Fault::new(call.function_range.clone(), format!("`{name}` takes {wanted} {plural}"), label)
                .hint(format!("as in `{}`", example(&self.callee(call).0, target.is_some())));
        }
        // the first argument that none of them takes
        let position = (0..types.len())
            .find(|at| !same_count.clone().any(|signature| signature.takes[*at].admits(&types[*at])))
            .unwrap_or_default();
        let takes = any_of(same_count.map(|signature| signature.takes[position]));
        let range = call.arguments.get(position).map_or(call.function_range.clone(), |argument| argument.range.clone());
        let ty = &types[position.min(types.len() - 1)];
        let fault = Fault::new(range, format!("`{name}` takes {takes} here"), format!("this is {ty}"));
        let source = call.arguments.get(position).map_or("", |argument| self.expression.source_of(argument));
        match ty {
            Ty::String if takes == Takes::Bytes.name() => fault.hint(format!("write `bytes({source})`")),
            ty if takes == Takes::Text.name() && (ty.is_number() || *ty == Ty::Bool) => {
                fault.hint(format!("write `string({source})`"))
            }
            _ => fault,
        }
    }
}

/// `a string, bytes or a list`.
fn any_of(takes: impl Iterator<Item = Takes>) -> String {
    let mut names: Vec<&str> = Vec::new();
    for take in takes {
        if !names.contains(&take.name()) {
            names.push(take.name());
        }
    }
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => (*last).to_owned(),
        None => "nothing".to_owned(),
    }
}

/// How a function is called: `text.replace(text, text)`.
fn example(name: &str, on_target: bool) -> String {
    if let Some((_, _, example, _)) = MACROS.iter().find(|(known, ..)| *known == name) {
        return (*example).to_owned();
    }
    let Some(signature) = signatures(name, on_target).max_by_key(|signature| signature.takes.len()) else {
        return format!("{name}(…)");
    };
    let arguments: Vec<_> = signature.takes.iter().map(|takes| noun(*takes)).collect();
    let target = signature.target.map_or(String::new(), |takes| format!("{}.", noun(takes)));
    format!("{target}{name}({})", arguments.join(", "))
}

fn noun(takes: Takes) -> &'static str {
    match takes {
        Takes::Anything => "value",
        Takes::Bool => "bool",
        Takes::Whole | Takes::Number | Takes::Double => "number",
        Takes::Text => "text",
        Takes::Bytes => "bytes",
        Takes::Timestamp => "timestamp",
        Takes::Duration => "duration",
        Takes::List => "list",
        Takes::Map => "map",
        Takes::Optional => "optional",
        Takes::Enum => "enum",
    }
}
