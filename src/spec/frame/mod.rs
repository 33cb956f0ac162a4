//! What one mapping of the format says, before anything is inherited, laid over or resolved: the tables of keys and the
//! types they read into. Main types: [`SuiteFrame`] and [`FileFrame`].

mod call;
mod file;
mod script;
mod server;
mod suite;
mod tls;

pub(super) use call::CallFrame;
pub(super) use file::{CaseFrame, FileFrame};
pub(super) use script::ScriptFrame;
pub(super) use server::read_servers;
pub(super) use suite::{ProtosFrame, SuiteFrame};

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::expr::check_variable_name;
use crate::yaml::{Node, decode};

/// Reads `tags:`: letters, digits, `_`, `-`, `.` and `/`.
fn read_tags(node: &Node, out: &mut Diagnostics) -> Vec<Spanned<String>> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.' | '/');
    let mut tags = decode::texts(node, out).unwrap_or_default();
    tags.retain(|tag| {
        let fits = !tag.value.is_empty() && tag.value.chars().all(allowed);
        if !fits {
            let headline = match tag.value.as_str() {
                "" => "a tag is empty".to_owned(),
                written => format!("`{}` cannot be a tag", written.escape_debug()),
            };
            let form = "a tag is made of ASCII letters, digits, `_`, `-`, `.` and `/`";
            out.push(Diagnostic::error(headline).at(tag.span, "").hint(form));
        }
        fits
    });
    tags
}

/// Reads `vars:`: names that expressions can use, with the YAML they stand for.
fn read_vars(node: &Node, out: &mut Diagnostics) -> Vec<(Spanned<Arc<str>>, Node)> {
    let hint = "write `{ name: value }`";
    let mut vars = decode::names_and_nodes(node, "variables by name", hint, out).unwrap_or_default();
    vars.retain(|(name, _)| {
        let refused = check_variable_name(&name.value, name.span);
        let fits = refused.is_none();
        out.extend(refused);
        fits
    });
    vars
}

/// Reports two keys of a mapping that exclude each other, at the later of the two.
fn exclusive(node: &Node, one: &str, other: &str, hint: &str, out: &mut Diagnostics) {
    let (Some(one_at), Some(other_at)) = (decode::key_span(node, one), decode::key_span(node, other)) else { return };
    let (first, second) = (one_at.min(other_at), one_at.max(other_at));
    let headline = format!("both `{one}` and `{other}`");
    out.push(Diagnostic::error(headline).at(second, "one excludes the other").also(first, "").hint(hint));
}
