//! What can be wrong with variables before anything uses them: undefined names in their values, and circles.

use std::collections::{BTreeMap, BTreeSet};

use super::resolve::{Failure, Names as _};
use super::{Binding, Env, Name, Scope, Template, Text, Value};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::yaml::{Node, NodeKind};

impl Env {
    /// Checks the values that this level adds, not its parents': templates that do not read, undefined names, and
    /// variables that refer to each other in a circle, each circle once. `false` if there was one.
    pub(crate) fn check(&self, sources: &Sources, out: &mut Diagnostics) -> bool {
        let mut problems = Diagnostics::new();
        let mut references = BTreeMap::new();
        for (name, binding) in self.own() {
            let Binding::Known(Value::Yaml(node)) = binding else { continue };
            let mut used = Vec::new();
            for_each_template(node, sources, &mut problems, &mut |template, problems| {
                template.check(self, sources, problems);
                used.extend(template.names());
            });
            references.insert(name, used);
        }
        problems.extend(circles(&references));
        let sound = !problems.has_errors();
        out.append(problems);
        sound
    }
}

impl Scope {
    /// Reports what `node` reads of the environment, itself or through variables, and is not there.
    pub(crate) fn check_environment(&self, node: &Node, sources: &Sources, out: &mut Diagnostics) {
        self.check_environment_once(node, sources, &mut BTreeSet::new(), out);
    }

    /// `seen`: the variables already looked into, each with the level it stands at.
    fn check_environment_once(
        &self,
        node: &Node,
        sources: &Sources,
        seen: &mut BTreeSet<(*const Self, String)>,
        out: &mut Diagnostics,
    ) {
        for name in names_in(node, sources) {
            if name.environment().is_some() {
                out.extend(self.look_up(&name).err().and_then(Failure::wrong));
                continue;
            }
            // of `user.name` the variable is `user`
            let variable = if self.get(&name.path).is_some() { &*name.path } else { name.root() };
            if let Some((Value::Yaml(node), level)) = self.find(variable)
                && seen.insert((level, variable.to_owned()))
            {
                level.check_environment_once(node, sources, seen, out);
            }
        }
    }
}

/// The names that the templates in `node` use, at any depth, in order. Templates that do not read have none.
pub(crate) fn names_in(node: &Node, sources: &Sources) -> Vec<Name> {
    let mut names = Vec::new();
    for_each_template(node, sources, &mut Diagnostics::new(), &mut |template, _| {
        names.extend(template.names());
    });
    names
}

fn for_each_template(
    node: &Node,
    sources: &Sources,
    out: &mut Diagnostics,
    visit: &mut impl FnMut(&Template, &mut Diagnostics),
) {
    match &node.kind {
        NodeKind::Scalar(_) => {
            if let Some(Text::Template(template)) = Text::of(node, sources, out) {
                visit(&template, out);
            }
        }
        NodeKind::Sequence(items) => items.iter().for_each(|item| for_each_template(item, sources, out, visit)),
        NodeKind::Mapping(entries) => {
            entries.iter().for_each(|entry| for_each_template(&entry.value, sources, out, visit));
        }
    }
}

/// One diagnostic for each circle: a walk in depth, in which a reference to what is still being walked closes one.
fn circles(references: &BTreeMap<&str, Vec<Name>>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut done = BTreeSet::new();
    for start in references.keys().copied() {
        // each step: a variable, and how many of its references have been followed
        let mut path: Vec<(&str, usize)> = Vec::new();
        if !done.contains(start) {
            path.push((start, 0));
        }
        while let Some((name, followed)) = path.last_mut() {
            let Some(reference) = references[*name].get(*followed) else {
                done.insert(*name);
                path.pop();
                continue;
            };
            *followed += 1;
            let Some((target, _)) = references.get_key_value(reference.root()) else { continue };
            if let Some(at) = path.iter().position(|(walked, _)| walked == target) {
                // what was followed last, of each step, is what leads to the next
                let circle: Vec<_> = path[at..].iter().map(|(name, next)| &references[name][next - 1]).collect();
                found.push(circle_of(&circle));
            } else if !done.contains(target) {
                path.push((target, 0));
            }
        }
    }
    found
}

/// `circle`: the references that lead from each variable to the next, the last to the first.
fn circle_of(circle: &[&Name]) -> Diagnostic {
    const SHOWN: usize = 8;
    let Some(first) = circle.last() else { return Diagnostic::error("a variable refers to itself") };
    if circle.len() == 1 {
        return Diagnostic::error(format!("the variable `{}` refers to itself", first.path))
            .at(first.span, "this is the variable being defined")
            .hint("give one of the two another name");
    }
    let label = |name: &Name| format!("`{}` is needed here", name.path);
    let names: Vec<String> =
        std::iter::once(first).chain(circle).take(SHOWN).map(|name| format!("`{}`", name.path)).collect();
    let more = if circle.len() >= SHOWN { " → …" } else { "" };
    let problem = Diagnostic::error(format!("variables refer to each other in a circle: {}{more}", names.join(" → ")));
    let problem = problem.at(circle[0].span, label(circle[0])).hint("write out what one of them stands for");
    circle[1..].iter().take(SHOWN).fold(problem, |problem, name| problem.also(name.span, label(name)))
}
