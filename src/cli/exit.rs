//! The exit codes, in one table.

use std::process::ExitCode;

use crate::runner::Summary;

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Everything selected passed.
    Passed = 0,
    /// An expectation was not met, or a case could not run to its end.
    Failed = 1,
    /// Invalid usage, case file, suite file or proto; wins over 1. Mostly nothing is run then. What can be checked only
    /// once a server has said what it serves is an error of its case, while other cases run, and ends here as well.
    Invalid = 2,
    /// A server could not be started or reached; wins over 1 and 2.
    Unreachable = 3,
    /// Nothing was selected.
    NothingSelected = 4,
    /// Interrupted (128 + SIGINT, as shells have it).
    Interrupted = 130,
}

impl Exit {
    /// The code of a run that was not interrupted.
    pub(crate) fn of(summary: &Summary) -> Self {
        if summary.unreachable > 0 {
            Self::Unreachable
        } else if summary.invalid > 0 {
            Self::Invalid
        } else if summary.is_green() {
            Self::Passed
        } else {
            Self::Failed
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
