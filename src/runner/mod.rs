//! Running what was planned: a [`Session`] owns servers and connections, [`run_case`] takes one case to its verdict,
//! [`schedule`] runs many. The harness and the command line drive the same pieces.

mod call;
mod case;
mod catch;
mod details;
mod event;
mod exchange;
mod interrupt;
mod kept;
mod lasting;
mod leases;
mod level;
mod locks;
mod online;
mod planning;
mod prepare;
mod queue;
mod reflect;
mod result;
mod running;
mod runtime;
mod schedule;
mod script;
mod session;
mod shortfall;
mod stage;
#[cfg(test)]
mod testing;
mod timeline;
mod turns;

use std::time::Duration;

pub(crate) use case::run_case;
pub(crate) use catch::panic_message;
pub(crate) use event::Event;
pub(crate) use interrupt::Interrupt;
pub(crate) use online::plan_online;
pub(crate) use prepare::Prepared;
pub(crate) use reflect::Unreflected;
pub(crate) use result::{
    CaseError, CaseResult, Exchange, Failure, Outcome, Part, ProtosFound, Reply, ServerLog, SetupFailure, StepReport,
    Subject, Summary,
};
pub(crate) use running::StartFailure;
pub(crate) use runtime::case_runtime;
pub(crate) use schedule::{Job, Schedule, default_jobs, not_run};
pub(crate) use session::{InProcessServers, Progress, Session, SuiteRun};
pub(crate) use timeline::{Fate, Happening, Moment, Timeline};

/// What random functions draw from, where nobody has said it.
pub(crate) fn fresh_seed() -> u64 {
    fastrand::u64(..)
}

/// How long what a run started may take to stop.
pub(crate) const STOP_WITHIN: Duration = Duration::from_secs(10);
