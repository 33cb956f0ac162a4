//! The name of a method as `call:` writes it.

use std::fmt;

use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};

/// A name as written in `call:`: `pkg.Service/Method`, `Service/Method`, or `Method` beside `service:`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct MethodName {
    /// As written: with its package or without.
    pub(crate) service: String,
    pub(crate) method: String,
}

impl MethodName {
    /// Reads a name. `inherited` is the `service:` that stands for what `written` leaves out.
    pub(crate) fn parse(written: &Spanned<String>, inherited: Option<&str>, out: &mut Diagnostics) -> Option<Self> {
        let text = written.value.as_str();
        let (service, method) = match (text.split_once('/'), inherited) {
            (Some((service, method)), _) => (service, method),
            (None, Some(service)) if is_identifier(text) => (service, text),
            (None, None) if is_identifier(text) => {
                out.push(
                    Diagnostic::error(format!("`{text}` does not say of which service"))
                        .at(written.span, "a method without its service")
                        .hint(format!("write `Service/{text}`, or name the service with `service:`")),
                );
                return None;
            }
            (None, _) => ("", text),
        };
        if service.split('.').all(is_identifier) && is_identifier(method) {
            return Some(Self { service: service.to_owned(), method: method.to_owned() });
        }
        let problem = Diagnostic::error(format!("`{text}` is not the name of a method"));
        let problem = problem.at(written.span, "a method is called as `package.Service/Method`");
        out.push(problem.hints(respelled(text).map(|name| format!("write `{name}`"))));
        None
    }
}

impl fmt::Display for MethodName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.service, self.method)
    }
}

/// What `/a.B/C`, `a.B.C` and `a/B/C` are meant to be: `a.B/C`.
fn respelled(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.trim().split(['/', '.', ':']).filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [service @ .., method] if !service.is_empty() && parts.iter().all(|part| is_identifier(part)) => {
            Some(format!("{}/{method}", service.join(".")))
        }
        _ => None,
    }
}

fn is_identifier(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Sources, Span};

    fn parse(text: &str, inherited: Option<&str>) -> Result<String, (String, Vec<String>)> {
        let span = Span::new(Sources::new().add("a.yaml", text), 0, text.len());
        let mut out = Diagnostics::new();
        let name = MethodName::parse(&Spanned::new(text.to_owned(), span), inherited, &mut out);
        match (name, out.into_iter().next()) {
            (Some(name), None) => Ok(name.to_string()),
            (None, Some(problem)) => Err((problem.headline, problem.hints)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn reads_a_service_and_a_method() {
        assert_eq!(parse("Greeter/SayHello", None).as_deref(), Ok("Greeter/SayHello"));
        assert_eq!(parse("hello.v1.Greeter/SayHello", Some("Other")).as_deref(), Ok("hello.v1.Greeter/SayHello"));
        assert_eq!(parse("SayHello", Some("hello.v1.Greeter")).as_deref(), Ok("hello.v1.Greeter/SayHello"));
    }

    #[test]
    fn asks_for_the_service_of_a_bare_method() {
        let (headline, hints) = parse("SayHello", None).expect_err("no service");
        assert_eq!(headline, "`SayHello` does not say of which service");
        assert_eq!(hints, ["write `Service/SayHello`, or name the service with `service:`"]);
    }

    #[test]
    fn understands_near_misses() {
        for text in [
            "/a.Greeter/SayHello",
            "a.Greeter.SayHello",
            "a/Greeter/SayHello",
            "a.Greeter/SayHello/",
            " a.Greeter/SayHello",
        ] {
            let (headline, hints) = parse(text, None).expect_err("not a name");
            assert_eq!(headline, format!("`{text}` is not the name of a method"));
            assert_eq!(hints, ["write `a.Greeter/SayHello`"]);
        }
        for text in ["", "/", "Greeter/", "a b/C", "${name}/C", "Greeter/Say Hello"] {
            assert_eq!(parse(text, Some("S")).expect_err("not a name").1, Vec::<String>::new(), "{text:?}");
        }
    }
}
