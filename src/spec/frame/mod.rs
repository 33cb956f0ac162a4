//! What one mapping of the format says, before anything is inherited, laid over or resolved: the tables of keys and the
//! types they read into. Main types: [`SuiteFrame`] and [`FileFrame`].

mod again;
mod call;
mod case;
mod file;
mod rows;
mod script;
mod server;
mod step;
mod suite;
mod tls;

pub(super) use call::CallFrame;
pub(super) use case::{CaseFrame, Rows};
pub(super) use file::FileFrame;
pub(super) use rows::RowsFrame;
pub(super) use script::ScriptFrame;
pub(super) use server::read_servers;
pub(super) use step::StepFrame;
pub(super) use suite::{ProtosFrame, SuiteFrame};

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::expr::check_variable_name;
use crate::yaml::{Node, decode};

/// Reads `tags:`.
fn read_tags(node: &Node, out: &mut Diagnostics) -> Vec<Spanned<String>> {
    let tags = decode::texts(node, out).unwrap_or_default();
    tags.into_iter().filter(|tag| fits_a_tag(tag, "a tag", out)).collect()
}

/// Reads `lock:`, one or a list of them.
fn read_locks(node: &Node, out: &mut Diagnostics) -> Vec<Spanned<String>> {
    let locks = match node.as_sequence() {
        Some(_) => decode::texts(node, out).unwrap_or_default(),
        None => decode::text(node, out).into_iter().collect(),
    };
    locks.into_iter().filter(|lock| fits_a_tag(lock, "a lock", out)).collect()
}

/// Whether a word is made of letters, digits, `_`, `-`, `.` and `/`.
fn fits_a_tag(word: &Spanned<String>, what: &str, out: &mut Diagnostics) -> bool {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.' | '/');
    let fits = !word.value.is_empty() && word.value.chars().all(allowed);
    if !fits {
        let headline = match word.value.as_str() {
            "" => format!("{what} is empty"),
            written => format!("`{}` cannot be {what}", written.escape_debug()),
        };
        let form = format!("{what} is made of ASCII letters, digits, `_`, `-`, `.` and `/`");
        out.push(Diagnostic::error(headline).at(word.span, "").hint(form));
    }
    fits
}

/// Reads `vars:`: names that expressions can use, with the YAML they stand for.
fn read_vars(node: &Node, out: &mut Diagnostics) -> Vec<(Spanned<Arc<str>>, Node)> {
    read_names(node, "variables by name", "write `{ name: value }`", out)
}

/// Reads a mapping whose keys are names of variables.
fn read_names(node: &Node, what: &str, hint: &str, out: &mut Diagnostics) -> Vec<(Spanned<Arc<str>>, Node)> {
    let mut names = decode::names_and_nodes(node, what, hint, out).unwrap_or_default();
    names.retain(|(name, _)| {
        let refused = check_variable_name(&name.value, name.span);
        let fits = refused.is_none();
        out.extend(refused);
        fits
    });
    names
}

/// Reports two keys of a mapping that exclude each other, at the later of the two.
fn exclusive(node: &Node, one: &str, other: &str, hint: &str, out: &mut Diagnostics) {
    let (Some(one_at), Some(other_at)) = (decode::key_span(node, one), decode::key_span(node, other)) else { return };
    let (first, second) = (one_at.min(other_at), one_at.max(other_at));
    let headline = format!("both `{one}` and `{other}`");
    out.push(Diagnostic::error(headline).at(second, "one excludes the other").also(first, "").hint(hint));
}
