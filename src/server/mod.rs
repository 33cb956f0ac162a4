//! Servers that a run starts: programs, in a process group of their own, with a held port, probed until they are ready,
//! their log kept, ended with all their children whatever happens; and servers in this process. Main type:
//! [`RunningServer`].

mod build;
mod error;
mod group;
mod guard;
mod in_process;
mod launch;
mod log;
mod order;
mod port;
mod probe;
mod process;
mod reach;
mod ready;
mod running;
mod started;
#[cfg(test)]
mod testing;

pub(crate) use build::Builds;
pub(crate) use error::StartError;
pub(crate) use in_process::{BoxError, InProcess, Serve};
pub(crate) use launch::names;
pub(crate) use log::{Log, LogPosition, LogTail};
pub(crate) use order::{check, check_called, references};
pub(crate) use reach::{channel_options, check_plaintext, not_an_address, target};
pub(crate) use running::RunningServer;
pub(crate) use started::{StartContext, Started};
