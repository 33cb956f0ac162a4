//! Reading the format's own frame (the keys of suites, files, cases, servers) from the tree. One [`Table`] of keys per
//! kind of mapping is the decoder, the list of what exists, and the source of "did you mean". Beside it the readers of
//! the frame's own scalars: texts, durations, sizes, counts. Every error has a place and a way out; reading goes on.

mod container;
mod foreign;
mod quantity;
mod scalar;
mod table;

pub(crate) use container::{damaged, entries, items, key_span, names_and_nodes};
#[cfg(test)]
use quantity::duration;
pub(crate) use quantity::{duration_of, positive_duration, size};
pub(crate) use scalar::{boolean, choice, count, plain, text, texts};
pub(crate) use table::{Key, Reads, Table, misspelt};

use super::Node;
use crate::diagnostic::Diagnostic;

/// `expected a list, found a mapping`; of a short scalar, its text.
fn expected(what: &str, node: &Node) -> Diagnostic {
    const SHOWN: usize = 40;
    let found = match node.as_scalar() {
        Some(scalar) if !node.is_null() && scalar.text.chars().count() <= SHOWN && !scalar.text.contains('\n') => {
            format!("`{}`", scalar.text)
        }
        _ => node.describe().to_owned(),
    };
    Diagnostic::error(format!("expected {what}, found {found}")).at(node.span, "")
}

#[cfg(test)]
mod tests;
