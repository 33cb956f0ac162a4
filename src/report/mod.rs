//! Results for people and machines: one renderer of a failure, the console, `JUnit`. Only here and in `cli` is anything
//! printed, and only through [`Output`].

mod console;
mod failure;
mod junit;
mod output;
mod reproduce;
mod style;
mod timeline;

use std::io;

pub(crate) use console::Console;
pub(crate) use failure::{FailureStyle, SharedCause, render_failure, shared_cause};
pub(crate) use junit::JUnit;
pub(crate) use output::Output;
pub(crate) use style::{ColourChoice, plural};

use crate::runner::Event;

/// Listens to a run.
pub(crate) trait Reporter: Send {
    /// Takes what has happened since, in order.
    fn events(&mut self, events: &[Event]) -> io::Result<()>;
}
