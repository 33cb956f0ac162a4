//! YAML as written: text → an owned tree that keeps the span of every key, scalar and container, the raw text and the
//! style of scalars. Nothing here guesses a type: who reads a scalar decides what it means.

pub(crate) mod decode;
mod frame;
mod node;
mod parse;
mod places;
mod problem;
mod scalar;
mod syntax;

pub(crate) use node::{Entry, Node, NodeKind};
pub(crate) use parse::parse;
pub(crate) use places::Places;
pub(crate) use scalar::{Scalar, Style};

#[cfg(test)]
mod tests;
