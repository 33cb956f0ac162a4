//! What a run tells those who report it. Reporters listen; they never call the runner.

use std::sync::Arc;

use super::{CaseResult, Summary};

#[derive(Debug, Clone)]
pub(crate) enum Event {
    RunStarted { cases: usize, filtered_out: usize },
    CaseFinished(Arc<CaseResult>),
    RunFinished(Summary),
}
