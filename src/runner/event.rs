//! What a run tells those who report it. Reporters listen; they never call the runner.

use std::sync::Arc;

use super::{CaseResult, Summary};
use crate::diagnostic::Diagnostic;

#[derive(Debug, Clone)]
pub(crate) enum Event {
    RunStarted {
        cases: usize,
        filtered_out: usize,
        /// The seed of their order, where that is random.
        shuffled: Option<u64>,
    },
    CaseFinished(Arc<CaseResult>),
    /// Something went less well than it should, but no case is wrong for it.
    Warned(Diagnostic),
    RunFinished(Summary),
}
