use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::{Binding, Ty, names_in};
use super::*;
use crate::yaml::{Entry, NodeKind, Scalar, Style};

/// Builds nodes that stand in one file, each with a span of its own.
struct File {
    sources: Sources,
    id: crate::diagnostic::FileId,
    next: std::cell::Cell<usize>,
}

impl File {
    fn new() -> Self {
        let sources = Sources::new();
        let id = sources.add("a.yaml", " ".repeat(10_000));
        Self { sources, id, next: std::cell::Cell::new(0) }
    }

    fn span(&self, length: usize) -> Span {
        let start = self.next.get();
        self.next.set(start + length + 1);
        Span::new(self.id, start, start + length)
    }

    fn scalar(&self, text: &str) -> Node {
        let kind = NodeKind::Scalar(Scalar { text: text.into(), style: Style::Plain });
        Node { span: self.span(text.len()), kind }
    }

    fn list(&self, items: &[Node]) -> Node {
        Node { span: self.span(2), kind: NodeKind::Sequence(items.into()) }
    }

    fn mapping(&self, key: &str, value: Node) -> Node {
        let key = crate::diagnostic::Spanned::new(key.into(), self.span(key.len()));
        let entry = Entry { key, key_style: Style::Plain, value };
        Node { span: self.span(2), kind: NodeKind::Mapping(Arc::new([entry])) }
    }

    /// What reading says: the text, or the diagnostics.
    fn read(&self, text: &str) -> (Option<Text>, Vec<Diagnostic>) {
        let mut out = Diagnostics::new();
        let read = Text::of(&self.scalar(text), &self.sources, &mut out);
        (read, out.into_iter().collect())
    }

    fn template(&self, text: &str) -> Template {
        match self.read(text) {
            (Some(Text::Template(template)), problems) if problems.is_empty() => template,
            other => panic!("`{text}` is no template: {other:?}"),
        }
    }

    fn headline(&self, text: &str) -> String {
        let (read, problems) = self.read(text);
        assert!(read.is_none(), "`{text}` reads");
        problems.into_iter().map(|problem| problem.headline).collect::<Vec<_>>().join("; ")
    }

    /// What `check` reports of a template.
    fn check(&self, text: &str, env: &Env) -> Vec<Diagnostic> {
        let mut out = Diagnostics::new();
        let sound = self.template(text).check(env, &self.sources, &mut out);
        assert_eq!(sound, out.is_empty());
        out.into_iter().collect()
    }

    fn check_env(&self, env: &Env) -> Vec<Diagnostic> {
        let mut out = Diagnostics::new();
        env.check(&self.sources, &mut out);
        out.into_iter().collect()
    }
}

fn known(node: Node) -> Binding {
    Binding::Known(Value::Yaml(node))
}

fn level<T, const N: usize>(names: [(&str, T); N]) -> BTreeMap<Arc<str>, T> {
    names.into_iter().map(|(name, value)| (name.into(), value)).collect()
}

fn env<const N: usize>(names: [(&str, Binding); N]) -> Arc<Env> {
    Arc::new(Env::new()).child(level(names))
}

/// A value in short: `text "x"`, or YAML with its lists and mappings in brackets.
fn show(value: &Value) -> String {
    fn node(of: &Node) -> String {
        match &of.kind {
            NodeKind::Scalar(scalar) => scalar.text.to_string(),
            NodeKind::Sequence(items) => format!("[{}]", items.iter().map(node).collect::<Vec<_>>().join(", ")),
            NodeKind::Mapping(entries) => {
                let entries = entries.iter().map(|entry| format!("{}: {}", entry.key.value, node(&entry.value)));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }
        }
    }
    match value {
        Value::Text(text) => format!("text {text:?}"),
        Value::Yaml(of) => node(of),
        other => format!("{other:?}"),
    }
}

fn fold(file: &File, text: &str, env: &Env) -> Option<String> {
    file.template(text).fold(env).as_ref().map(show)
}

#[test]
fn text_without_expressions_is_a_literal() {
    let file = File::new();
    for (written, meant) in [("", ""), ("a $ b", "a $ b"), ("$${who}", "${who}"), ("{who}", "{who}")] {
        assert!(
            matches!(file.read(written), (Some(Text::Literal(text)), problems) if text == meant && problems.is_empty())
        );
    }
}

#[test]
fn a_container_is_an_empty_literal() {
    let file = File::new();
    let read = Text::of(&file.list(&[]), &file.sources, &mut Diagnostics::new());
    assert!(matches!(read, Some(Text::Literal(text)) if text.is_empty()));
}

#[test]
fn a_template_knows_its_names() {
    let file = File::new();
    let template = file.template("${a}-${ env.HOME }-${servers.greeter.address}");
    assert_eq!(
        template.names().map(|name| name.path.to_string()).collect::<Vec<_>>(),
        ["a", "env.HOME", "servers.greeter.address"]
    );
    assert!(!template.is_whole());
    assert!(file.template("${a}").is_whole());
    assert!(!file.template(" ${a}").is_whole());
}

#[test]
fn refuses_what_is_not_a_name() {
    let file = File::new();
    assert_eq!(file.headline("a ${who"), "`${` is never closed");
    assert_eq!(file.headline("${}"), "`${}` names nothing");
    assert_eq!(file.headline("${ }"), "`${}` names nothing");
    assert_eq!(file.headline("${a b}"), "an operator is missing before `b`");
    assert_eq!(
        file.headline("${1a} ${a.} ${a..b}"),
        "`1a` is not a number; something is missing after `.`; \
        the expression does not parse"
    );
}

#[test]
fn says_what_is_accepted() {
    let file = File::new();
    let hint = |text| file.read(text).1.pop().expect("a diagnostic").hints.pop().expect("a hint");
    assert_eq!(hint("${ }"), "as in `${who}`, `${env.HOME}` or `${count + 1}`");
    assert_eq!(hint("${{ who }}"), "write `${who}`");
}

#[test]
fn templates_of_other_tools_are_warned_about() {
    let read = |text: &str| {
        let sources = Sources::new();
        let file = sources.add("a.yaml", text);
        let mut out = Diagnostics::new();
        let node = crate::yaml::parse(file, text, &mut out).expect("valid YAML");
        (Text::of(&node, &sources, &mut out), out.into_iter().collect::<Vec<_>>())
    };
    let (text, problems) = read("Hello {{ .who }}");
    assert!(matches!(text, Some(Text::Literal(text)) if text == "Hello {{ .who }}"));
    assert_eq!(problems[0].severity, crate::diagnostic::Severity::Warning);
    assert_eq!(problems[0].hints, ["templates are written `${who}`"]);
    assert!(read("'{{ }} and {{a b}} and }}{{'").1.is_empty());
}

#[test]
fn a_whole_template_stands_for_the_yaml_written() {
    let file = File::new();
    let list = file.list(&[file.scalar("1.10"), file.scalar("no")]);
    let env = env([("version", known(file.scalar("1.10"))), ("list", known(list))]);
    assert_eq!(fold(&file, "${version}", &env).as_deref(), Some("1.10"));
    assert_eq!(fold(&file, "${list}", &env).as_deref(), Some("[1.10, no]"));
    assert_eq!(fold(&file, "v${version}", &env).as_deref(), Some("text \"v1.10\""));
}

#[test]
fn joined_text_is_unescaped_once() {
    let file = File::new();
    let env = env([("a", known(file.scalar("$${x}"))), ("t", Binding::Known(Value::Text("$${x}".into())))]);
    assert_eq!(fold(&file, "<${a}> $${y}", &env).as_deref(), Some("text \"<${x}> ${y}\""));
    assert_eq!(fold(&file, "<${t}>", &env).as_deref(), Some("text \"<$${x}>\""));
    assert_eq!(fold(&file, "${a}", &env).as_deref(), Some("$${x}"), "the YAML as written, which its reader unescapes");
}

#[test]
fn what_is_known_later_does_not_fold() {
    let file = File::new();
    let env = env([("a", Binding::Later(Ty::Any)), ("b", known(file.scalar("<${a}>")))]);
    assert_eq!(fold(&file, "${a}", &env), None);
    assert_eq!(fold(&file, "${b}", &env), None);
    assert_eq!(fold(&file, "${env.HOME}", &env), None);
    assert_eq!(file.check("${a}${b}${env.HOME}", &env), []);
}

#[test]
fn names_inside_values_are_resolved() {
    let file = File::new();
    let env = env([
        ("who", known(file.scalar("ada"))),
        ("a", known(file.scalar("${b}"))),
        ("b", known(file.scalar("dear ${who}"))),
        ("port", Binding::Known(Value::Text("80$${".into()))),
        (
            "rule",
            known(
                file.mapping("$in", file.list(&[file.scalar("${who}"), file.scalar("${b}"), file.scalar("${port}")])),
            ),
        ),
        ("mixed", known(file.list(&[file.scalar("${who}"), file.scalar("${env.X}")]))),
    ]);
    assert_eq!(fold(&file, "${a}", &env).as_deref(), Some("text \"dear ada\""));
    assert_eq!(
        fold(&file, "${rule}", &env).as_deref(),
        Some("{$in: [ada, dear ada, 80$$${]}"),
        "escaped, to read back"
    );
    assert_eq!(fold(&file, "${mixed}", &env).as_deref(), Some("[ada, ${env.X}]"), "what is known later remains");
    assert_eq!(file.check_env(&env), []);
}

#[test]
fn a_value_sees_the_names_of_where_it_was_written() {
    let file = File::new();
    let suite = env([("tenant", known(file.scalar("acme"))), ("greeting", known(file.scalar("hi ${tenant}")))]);
    let case = suite.child(level([("tenant", known(file.scalar("beta")))]));
    assert_eq!(fold(&file, "${tenant}", &case).as_deref(), Some("beta"));
    assert_eq!(fold(&file, "${greeting}", &case).as_deref(), Some("text \"hi acme\""));
    let again = suite.child(level([("greeting", known(file.scalar("oh, ${tenant}")))]));
    assert_eq!(fold(&file, "${greeting}", &again).as_deref(), Some("text \"oh, acme\""));
}

#[test]
fn reports_undefined_names_with_a_way_out() {
    let file = File::new();
    let env = env([
        ("user_id", Binding::Later(Ty::Any)),
        ("who", known(file.scalar("ada"))),
        ("servers.greeter.address", Binding::Later(Ty::Any)),
    ]);
    let check = |text| {
        let mut problems = file.check(text, &env);
        let problem = problems.pop().expect("a diagnostic");
        assert_eq!(problems, []);
        (problem.headline, problem.primary.expect("a place").text, problem.hints.join("; "))
    };
    let expect = |headline: &str, label: &str, hint: &str| (headline.to_owned(), label.to_owned(), hint.to_owned());
    assert_eq!(check("${user_ld}"), expect("`user_ld` is not defined", "no such name", "did you mean `user_id`?"));
    assert_eq!(
        check("${servers.greter.address}"),
        expect("`servers.greter.address` is not defined", "no such name", "did you mean `servers.greeter.address`?")
    );
    assert_eq!(
        check("${zebra}"),
        expect("`zebra` is not defined", "no such name", "known here: `servers.greeter.address`, `user_id` or `who`")
    );
    assert_eq!(check("${who.name}"), expect("a string has no fields", "not a message or a map", ""));
    assert_eq!(check("${HOME}").2, "a variable of the environment is written `${env.HOME}`");
    assert_eq!(check("${env}").2, "write `env.NAME`, as in `env.HOME`");
    assert_eq!(check("${port}").1, "only the `start` and `address` of a server know it");
}

#[test]
fn all_undefined_names_are_reported() {
    let file = File::new();
    assert_eq!(file.check("${a} ${b} ${a}", &Env::new()).len(), 3);
}

#[test]
fn a_list_cannot_be_joined_into_text() {
    let file = File::new();
    let env = env([("list", known(file.list(&[]))), ("alias", known(file.scalar("${list}")))]);
    assert_eq!(file.check("${list}", &env), []);
    assert_eq!(file.check("x${list}", &env)[0].headline, "`list` is a list, which no text can hold");
    assert_eq!(file.check("x${alias}", &env)[0].headline, "`alias` is a list, which no text can hold");
    let scope = Arc::new(Scope::new()).child(level([("list", Value::Yaml(file.list(&[])))]));
    assert_eq!(
        file.template("${list}").text(&scope).expect_err("a list").headline,
        "`list` is a list, which no text can hold"
    );
}

#[test]
fn a_circle_is_reported_once() {
    let file = File::new();
    let env = env([
        ("a", known(file.scalar("${b}"))),
        ("b", known(file.list(&[file.scalar("${a}"), file.scalar("${c}")]))),
        ("c", known(file.scalar("plain"))),
        ("d", known(file.scalar("${a}"))),
    ]);
    let problems = file.check_env(&env);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].headline, "variables refer to each other in a circle: `a` → `b` → `a`");
    assert_eq!(problems[0].primary.as_ref().expect("a place").text, "`b` is needed here");
    assert_eq!(problems[0].secondary[0].text, "`a` is needed here");
    assert_eq!(fold(&file, "${d}", &env), None, "and evaluation ends");
}

#[test]
fn a_variable_that_refers_to_itself_is_reported() {
    let file = File::new();
    let outer = env([("a", known(file.scalar("x")))]);
    let problems = file.check_env(&outer.child(level([("a", known(file.scalar("${a}y")))])));
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].headline, "the variable `a` refers to itself");
}

#[test]
fn undefined_names_in_values_are_reported_where_they_are_written() {
    let file = File::new();
    let env = env([("a", known(file.list(&[file.scalar("${nope}")])))]);
    assert_eq!(file.check_env(&env)[0].headline, "`nope` is not defined");
    assert_eq!(file.check("${a}", &env), []);
}

#[test]
fn values_that_grow_without_end_are_stopped() {
    let file = File::new();
    let doubling: BTreeMap<Arc<str>, Binding> = (0..60)
        .map(|at| (format!("v{at}").into(), known(file.scalar(&format!("${{v{0}}}${{v{0}}}", at + 1)))))
        .chain([("v60".into(), known(file.scalar("x")))])
        .collect();
    assert_eq!(fold(&file, "${v0}", &Arc::new(Env::new()).child(doubling)), None);
    let deep: BTreeMap<Arc<str>, Binding> = (0..500)
        .map(|at| (format!("v{at}").into(), known(file.scalar(&format!("${{v{}}}", at + 1)))))
        .chain([("v500".into(), known(file.scalar("x")))])
        .collect();
    let deep = Arc::new(Env::new()).child(deep);
    assert_eq!(fold(&file, "${v0}", &deep), None);
    assert_eq!(fold(&file, "${v450}", &deep).as_deref(), Some("x"));
    assert_eq!(file.check_env(&deep), []);
}

#[test]
fn a_scope_gives_values_and_the_environment() {
    let file = File::new();
    let environment = BTreeMap::from([("TOKEN".into(), "s3cret".into())]);
    let scope = Arc::new(Scope::with_environment(environment)).child(level([("port", Value::Text("8080".into()))]));
    assert_eq!(file.template("http://x:${port}").text(&scope).as_deref(), Ok("http://x:8080"));
    assert_eq!(file.template("${env.TOKEN}").text(&scope).as_deref(), Ok("s3cret"));
    let wrong = |text| file.template(text).evaluate(&scope).expect_err("no value").headline;
    assert_eq!(wrong("a ${env.NOPE}"), "the environment variable `NOPE` is not set");
    assert_eq!(wrong("${user_id}"), "`user_id` has no value");
}

#[cfg(unix)]
#[test]
fn an_environment_variable_that_is_not_utf_8_is_an_error() {
    use std::os::unix::ffi::OsStringExt as _;
    let file = File::new();
    let environment = BTreeMap::from([("X".into(), std::ffi::OsString::from_vec(vec![0xff]))]);
    let problem = file.template("${env.X}").evaluate(&Scope::with_environment(environment)).expect_err("not text");
    assert_eq!(problem.headline, "the environment variable `X` is not UTF-8");
}

#[test]
fn names_in_a_tree_are_found() {
    let file = File::new();
    let node = file.mapping("k", file.list(&[file.scalar("${a}"), file.scalar("${b} ${a}"), file.scalar("${")]));
    let names: Vec<String> = names_in(&node, &file.sources).iter().map(|name| name.path.to_string()).collect();
    assert_eq!(names, ["a", "b", "a"]);
}

#[test]
fn each_name_has_its_own_place() {
    let text = "plain: Hello, ${who}!\nquoted: \"\\u00e9 ${ a } and ${b c}\"\nblock: |\n  one\n  two ${nope\n";
    let sources = Sources::new();
    let file = sources.add("a.yaml", text);
    let mut out = Diagnostics::new();
    let root = crate::yaml::parse(file, text, &mut out).expect("valid YAML");
    let names = names_in(&root, &sources);
    assert_eq!(names.iter().map(|name| &text[name.span.range()]).collect::<Vec<_>>(), ["${who}"]);
    for entry in root.as_mapping().expect("a mapping") {
        Text::of(&entry.value, &sources, &mut out);
    }
    let places: Vec<_> =
        out.iter().filter_map(|problem| problem.primary.as_ref()).map(|label| &text[label.span.range()]).collect();
    assert_eq!(places, ["c", "${nope"]);
    let who = Text::of(root.get("plain").expect("there"), &sources, &mut out);
    let Some(Text::Template(who)) = who else { panic!("a template") };
    who.check(&Env::new(), &sources, &mut out);
    let label = out.iter().last().and_then(|problem| problem.primary.clone()).expect("a place");
    assert_eq!(sources.locate(label.span), "a.yaml:1:15");
}
