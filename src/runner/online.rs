//! Checking online: the plans of cases that need the reflection of their servers, without a call of their own.

use super::case::make_ready;
use super::{CaseResult, Job, Outcome, Session, not_run};
use crate::diagnostic::Diagnostics;

/// Plans `jobs`, whose servers are started or reached for it, and stops what was started. Returns a result for each that
/// cannot be planned, and warnings.
pub(crate) async fn plan_online(session: &Session, jobs: &[Job]) -> (Vec<CaseResult>, Diagnostics) {
    session.expect_cases(jobs);
    let mut results = Vec::new();
    for job in jobs {
        match make_ready(session, job).await {
            Ok(_) => {}
            Err(Outcome::NotRun(_)) => break,
            Err(outcome) => results.push(not_run(session.subject(job), outcome)),
        }
        session.case_ended(job).await;
    }
    session.finish().await;
    (results, session.warnings())
}
