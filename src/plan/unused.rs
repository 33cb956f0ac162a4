//! Variables, columns of rows and captured values that nothing uses: warnings of `grpc-spec check`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Span, Spanned};
use crate::expr::{Expression, names_in};
use crate::select::Chosen;
use crate::spec::{Case, Secret, Step, Suite};
use crate::yaml::{Entry, Node, NodeKind, Scalar};

type Variables = [(Spanned<Arc<str>>, Node)];

/// Warns of what the suite, its files and cases define and no expression names. `chosen` must be all that was loaded;
/// `elsewhere` are names used outside of cases, such as by servers.
pub(crate) fn unused_variables(
    suite: &Suite,
    chosen: &[Chosen],
    elsewhere: impl IntoIterator<Item = String>,
    sources: &Sources,
) -> Diagnostics {
    let config = &suite.config;
    let mut unused = Diagnostics::new();
    // what is kept from being printed is of use
    let secrets = config.secrets.iter().filter_map(|secret| match &secret.value {
        Secret::Variable(name) => Some(name.to_string()),
        Secret::Environment(_) => None,
    });
    let secrets: HashSet<String> = secrets.collect();
    let mut in_suite = Uses { names: elsewhere.into_iter().chain(secrets.iter().cloned()).collect(), sources };
    for Chosen { file, cases } in chosen {
        let mut in_file = Uses { names: secrets.clone(), sources };
        // the cases of one table differ in their rows alone
        for table in cases.chunk_by(|one, other| Arc::ptr_eq(&one.steps, &other.steps)) {
            let mut in_case = Uses { names: secrets.clone(), sources };
            in_case.of_case(table);
            warn_of_case(table, &in_case, &mut unused);
            in_file.names.extend(in_case.names);
        }
        in_file.of_vars(&file.vars);
        in_file.of_steps(file.setup.iter().chain(file.teardown.iter()));
        warn_of_variables(&file.vars, &in_file, &mut unused);
        warn_of_captures(file.setup.iter().chain(file.teardown.iter()), &in_file, &mut unused);
        in_suite.names.extend(in_file.names);
    }
    in_suite.of_vars(&config.vars);
    in_suite.of_steps(config.setup.iter().chain(config.teardown.iter()));
    // a file that was not loaded may use them
    if suite.whole {
        warn_of_variables(&config.vars, &in_suite, &mut unused);
        warn_of_captures(config.setup.iter().chain(config.teardown.iter()), &in_suite, &mut unused);
    }
    unused
}

/// The names that expressions use.
pub(super) struct Uses<'a> {
    pub(super) names: HashSet<String>,
    pub(super) sources: &'a Sources,
}

impl Uses<'_> {
    pub(super) fn of_case(&mut self, table: &[Arc<Case>]) {
        let Some(case) = table.first() else { return };
        case.across.iter().for_each(|across| self.of_across(across));
        self.of_steps(case.all_steps());
        self.of_vars(&case.vars);
        table.iter().filter_map(|case| case.row.as_ref()).for_each(|row| self.of_vars(&row.vars));
    }

    pub(super) fn of_steps<'s>(&mut self, steps: impl Iterator<Item = &'s Step>) {
        for step in steps {
            step.nodes().for_each(|node| self.of_node(node));
            step.expressions().for_each(|node| self.of_expression(node));
        }
    }

    pub(super) fn of_vars(&mut self, vars: &Variables) {
        for (_, node) in vars {
            self.of_node(node);
        }
    }

    /// `${…}` at any depth, and what `$cel` holds.
    fn of_node(&mut self, node: &Node) {
        self.names.extend(names_in(node, self.sources).iter().map(|name| variable(&name.path)));
        self.of_cel(node);
    }

    fn of_cel(&mut self, node: &Node) {
        match &node.kind {
            NodeKind::Scalar(_) => {}
            NodeKind::Sequence(items) => items.iter().for_each(|item| self.of_cel(item)),
            NodeKind::Mapping(entries) => {
                for Entry { key, value, .. } in entries.iter() {
                    if &*key.value == "$cel" { self.of_expression(value) } else { self.of_cel(value) }
                }
            }
        }
    }

    /// Its keys are CEL.
    fn of_across(&mut self, across: &Node) {
        self.of_node(across);
        for Entry { key, key_style, .. } in across.as_mapping().unwrap_or_default() {
            let scalar = Scalar { text: Arc::clone(&key.value), style: *key_style };
            self.of_expression(&Node { span: key.span, kind: NodeKind::Scalar(scalar) });
        }
    }

    /// What is wrong with it is said where it is planned.
    fn of_expression(&mut self, node: &Node) {
        if let Some(expression) = Expression::parse(node, self.sources, &mut Diagnostics::new()) {
            self.names.extend(expression.names().map(|name| variable(&name.path)));
        }
    }
}

/// The variable that a path begins with.
fn variable(path: &str) -> String {
    path.split('.').next().unwrap_or(path).to_owned()
}

fn warn_of_case(table: &[Arc<Case>], used: &Uses<'_>, out: &mut Diagnostics) {
    let Some(case) = table.first() else { return };
    warn_of_variables(&case.vars, used, out);
    let mut columns: HashMap<&str, Span> = HashMap::new();
    for (name, _) in table.iter().filter_map(|case| case.row.as_ref()).flat_map(|row| &*row.vars) {
        columns.entry(&name.value).or_insert(name.span);
    }
    let mut unused: Vec<(&str, Span)> = columns.into_iter().filter(|(name, _)| !used.names.contains(*name)).collect();
    unused.sort_by_key(|(_, span)| *span);
    out.extend(unused.into_iter().map(|(name, span)| warning("the variable", name, "of these rows ", span)));
    warn_of_captures(case.all_steps(), used, out);
}

fn warn_of_variables(vars: &Variables, used: &Uses<'_>, out: &mut Diagnostics) {
    let unused = vars.iter().filter(|(name, _)| !used.names.contains(&*name.value));
    out.extend(unused.map(|(name, _)| warning("the variable", &name.value, "", name.span)));
}

fn warn_of_captures<'s>(steps: impl Iterator<Item = &'s Step>, used: &Uses<'_>, out: &mut Diagnostics) {
    let captures = steps.flat_map(Step::captures).map(|capture| &capture.name);
    let unused = captures.filter(|name| !used.names.contains(&*name.value));
    out.extend(unused.map(|name| warning("what is captured as", &name.value, "", name.span)));
}

fn warning(what: &str, name: &str, of: &str, span: Span) -> Diagnostic {
    Diagnostic::warning(format!("{what} `{name}` {of}is never used"))
        .at(span, "")
        .hint(format!("use it as `${{{name}}}`, or remove it"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::select::Chosen;
    use crate::spec::{LoadedFile, Overrides, load};

    /// `line: headline` of what is never used in a suite with one file.
    fn unused(suite: &str, file: &str) -> Vec<String> {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
        write("grpc-spec.yaml", &format!("servers: {{ a: {{ address: x:1 }} }}\n{suite}"));
        write("a.yaml", file);
        write("rows.csv", "used,other\n1,2\n3,4\n");
        let sources = Sources::new();
        let loaded = load(&[folder.path().to_owned()], &Overrides::default(), &sources);
        assert_eq!(loaded.all_diagnostics().count(), 0);
        let suite = &loaded.suites[0];
        let LoadedFile::Valid(file) = &suite.files[0] else { panic!("it loads") };
        let chosen = [Chosen { file: Arc::clone(file), cases: file.cases.clone() }];
        let line = |warning: &Diagnostic| {
            let place = warning.primary.as_ref().expect("a place").span;
            let source = sources.get(place.file);
            format!("{}: {}", source.line_column(place.start as usize).0, warning.headline)
        };
        unused_variables(suite, &chosen, Vec::new(), &sources).iter().map(line).collect()
    }

    #[test]
    fn what_templates_and_expressions_name_is_used() {
        let suite = "vars: { one: 1, two: 2, three: 3, four: 4, five: 5 }\nsetup: [ { call: S/M, capture: { six: response.x } } ]\n";
        let file = "cases:
- name: n
  call: S/M
  request: { x: \"${one}\" }
  repeat: 2
  across: { response.x - three: { min: \"${six}\" } }
  expect: { response: { x: { $cel: this == two } }, assert: response.x == four }
  capture: { seven: five }
  teardown: [ { call: S/M, request: { x: \"${seven}\" } } ]
";
        assert_eq!(unused(suite, file), [""; 0]);
    }

    #[test]
    fn a_column_is_told_once() {
        let file = "cases:\n- { name: n, call: S/M, request: { x: \"${used}\" }, rows: { file: rows.csv } }\n";
        assert_eq!(unused("", file), ["1: the variable `other` of these rows is never used"]);
    }

    #[test]
    fn captures_and_variables_of_every_level_are_told() {
        let suite = "vars: { far: 1, hidden: long enough }\nsecrets: [hidden, token]\nsetup: [ { call: S/M, capture: { token: response.x } } ]\n";
        let file = "vars: { near: 1 }
cases:
- name: n
  vars: { own: 1 }
  call: S/M
  capture: { kept: response.x }
";
        let told = [
            "4: the variable `own` is never used",
            "6: what is captured as `kept` is never used",
            "1: the variable `near` is never used",
            "2: the variable `far` is never used",
        ];
        assert_eq!(unused(suite, file), told, "what is kept secret is of use");
    }
}
