//! Checking online: the plans of cases that need the reflection of their servers, without a call of their own.

use super::{CaseResult, Job, Outcome, Session, make_ready, not_run};
use crate::diagnostic::Diagnostics;

/// Plans `jobs`, whose servers are started or reached for it, and stops what was started. Returns a result for each that
/// cannot be planned, and warnings.
pub(crate) async fn plan_online(session: &Session, jobs: &[Job]) -> (Vec<CaseResult>, Diagnostics) {
    session.expect_cases(jobs);
    let mut results = Vec::new();
    for job in jobs {
        let ready = tokio::select! {
            biased;
            () = session.interrupt().raised() => break,
            ready = make_ready(session, job) => ready,
        };
        if let Err(error) = ready {
            results.push(not_run(session.subject(job), Outcome::Errored(Box::new(error))));
        }
        session.case_ended(job).await;
    }
    session.finish().await;
    (results, session.warnings())
}
