//! Expectations: compiled from YAML by the type of what they speak of, everything that can be wrong reported before any
//! call; compared with what came back, all mismatches at their places in the case file.
//!
//! `compile` makes a `Matcher` of a node and a type, [`Expectation`] is one of a whole `expect:`, [`Across`] one of the
//! figures over all repeats. A [`Mismatch`] becomes a diagnostic by [`Mismatch::to_diagnostic`].

mod across;
mod assertion;
mod assignment;
mod check;
mod compare;
mod compile;
mod condition;
mod contradiction;
mod expectation;
mod figure;
mod format;
mod from_value;
mod json;
mod list;
mod literal;
mod metadata;
mod misfit;
mod mismatch;
mod names;
mod oneof;
mod operation;
mod operator;
mod order;
mod place;
mod rule;
mod sequence;
mod shown;
mod status;
mod value_type;
mod view;
mod words;

pub(crate) use across::{Across, Sample};
pub(crate) use compile::compile;
pub(crate) use expectation::{Expectation, Observed, Subject, compression_mismatch};
pub(crate) use mismatch::Mismatch;
pub(crate) use names::{Named, message_value, types_of_reply, types_of_sent, values_of_sent};
pub(crate) use rule::Matcher;
pub(crate) use shown::describe;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
