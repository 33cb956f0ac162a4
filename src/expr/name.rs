//! Names: what stands between the braces at present, and what a variable may be called.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Span};

/// A name used in a template, dotted as written (`servers.greeter.address`), and its own place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) path: Arc<str>,
    pub(crate) span: Span,
}

impl Name {
    /// The variable it begins with: `user` of `user.name`.
    pub(crate) fn root(&self) -> &str {
        self.path.split('.').next().unwrap_or(&self.path)
    }

    /// `NAME` of `env.NAME`.
    pub(super) fn environment(&self) -> Option<&str> {
        self.path.strip_prefix("env.").filter(|name| !name.contains('.'))
    }
}

/// Whether `text` is identifiers joined by dots: `who`, `env.HOME`.
pub(super) fn is_path(text: &str) -> bool {
    text.split('.').enumerate().all(|(at, part)| {
        let mut letters = part.chars();
        let first = letters.next();
        // the environment has names such as `_` and `__CF_USER`, which no variable may have
        first.is_some_and(|first| first.is_ascii_alphabetic() || (at > 0 && first == '_'))
            && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    })
}

/// Names that templates and CEL see by themselves.
const TAKEN: &[&str] = &[
    "dir",
    "elapsed",
    "env",
    "headers",
    "port",
    "request",
    "requests",
    "response",
    "responses",
    "servers",
    "status",
    "steps",
    "this",
    "trailers",
];

/// Functions and macros that are called without a receiver, types, and the first parts of CEL's extension functions
/// (`math.greatest`). What is only ever called on a value (`contains`, `join`) leaves its name free.
const FUNCTIONS: &[&str] = &[
    "all",
    "base64",
    "bool",
    "bytes",
    "cel",
    "double",
    "duration",
    "dyn",
    "exists",
    "exists_one",
    "filter",
    "free_port",
    "has",
    "int",
    "list",
    "lists",
    "map",
    "matches",
    "math",
    "now",
    "null_type",
    "optional",
    "optional_type",
    "proto",
    "random_int",
    "random_string",
    "size",
    "string",
    "strings",
    "sum",
    "timestamp",
    "type",
    "uint",
    "uuid",
];

/// Words that CEL reserves, <https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax>.
pub(super) const WORDS: &[&str] = &[
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
];

/// What is wrong with the name of a variable (of `vars`, `--var`, `rows`, `capture`), if anything: a letter, then
/// letters, digits and `_`, all ASCII, and no name that expressions know already.
pub(crate) fn check_variable_name(name: &str, span: Span) -> Option<Diagnostic> {
    let refused = |label: &str| Diagnostic::error(format!("`{name}` cannot be the name of a variable")).at(span, label);
    let because = if !is_path(name) || name.contains('.') {
        let form = "a variable's name is a letter, then letters, digits and `_`, all ASCII";
        return Some(refused("not a name").hints([form.to_owned()]).hints(respelled(name)));
    } else if TAKEN.contains(&name) {
        format!("expressions know `{name}` already")
    } else if FUNCTIONS.contains(&name) {
        format!("`{name}` is a function or a type in expressions")
    } else if WORDS.contains(&name) {
        format!("`{name}` is a reserved word of CEL")
    } else {
        return None;
    };
    Some(refused(&because).hint(format!("choose another name, such as `the_{name}`")))
}

/// What is wrong with the id of a step, which expressions know as `steps.ID`, if anything.
pub(crate) fn check_step_id(id: &str, span: Span) -> Option<Diagnostic> {
    let refused = |label: &str| Diagnostic::error(format!("`{id}` cannot be the id of a step")).at(span, label);
    if !is_path(id) || id.contains('.') {
        let form = "an id is a letter, then letters, digits and `_`, all ASCII: expressions say `steps.ID`";
        return Some(refused("not a name").hint(form).hints(respelled(id)));
    }
    WORDS.contains(&id).then(|| {
        refused(&format!("`{id}` is a reserved word of CEL")).hint(format!("choose another, such as `the_{id}`"))
    })
}

/// The nearest name that is allowed: `user-id` → `user_id`.
fn respelled(name: &str) -> Option<String> {
    let kept: String =
        name.chars().map(|letter| if matches!(letter, '-' | '.' | ' ') { '_' } else { letter }).collect();
    let kept = kept.trim_start_matches('_');
    is_path(kept).then(|| format!("write `{kept}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Sources;

    fn check(name: &str) -> Option<Diagnostic> {
        check_variable_name(name, Span::new(Sources::new().add("a.yaml", name), 0, name.len()))
    }

    #[test]
    fn ordinary_names_are_free() {
        for name in ["who", "user_id", "a1", "Tenant", "contains", "format", "name", "label"] {
            assert_eq!(check(name), None, "{name}");
        }
    }

    #[test]
    fn refuses_what_is_not_a_name() {
        for name in ["", "1a", "_a", "a.b", "user-id", "naïve", "a b"] {
            assert!(check(name).is_some(), "{name}");
        }
        assert_eq!(check("user-id").expect("refused").hints[1], "write `user_id`");
    }

    #[test]
    fn refuses_names_that_expressions_know() {
        let label = |name| check(name).and_then(|diagnostic| diagnostic.primary).expect("refused").text;
        assert_eq!(label("request"), "expressions know `request` already");
        assert_eq!(label("uuid"), "`uuid` is a function or a type in expressions");
        assert_eq!(label("in"), "`in` is a reserved word of CEL");
    }
}
