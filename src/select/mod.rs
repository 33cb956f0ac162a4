//! Which cases are meant, before anything is planned: by id, by tag, by what came of the last run, by what changed, and
//! which part of those. Needs no schema, but to tell whom a changed proto concerns. Main types: [`Selection`], which says
//! what is asked for, and [`Choice`], which holds what is meant.

mod changes;
mod choice;
mod dependencies;
mod filter;
mod hash;
mod last_run;
mod partition;
mod selection;
mod shuffle;
mod tags;

pub(crate) use choice::{Choice, Chosen};
pub(crate) use filter::Filter;
pub(crate) use last_run::LastRun;
pub(crate) use partition::Partition;
pub(crate) use selection::Selection;
pub(crate) use shuffle::shuffle;
pub(crate) use tags::TagExpression;
