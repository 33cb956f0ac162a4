//! `serial: true`: the cases of a file one at a time, in their order, whoever starts them when. Main type: [`Turns`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::Job;
use crate::spec::CaseId;

/// Whose turn it is in each serial file.
#[derive(Default)]
pub(super) struct Turns {
    /// By suite and file.
    files: Mutex<HashMap<(usize, String), Waiting>>,
}

/// Cases that have not ended, in their order.
type Waiting = Arc<watch::Sender<Vec<CaseId>>>;

impl Turns {
    /// Puts a case behind those of its file that are expected already.
    pub(super) fn expect(&self, job: &Job) {
        if job.file.serial {
            let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            let waiting = files.entry((job.suite, job.file.id.clone())).or_default();
            waiting.send_modify(|waiting| waiting.push(job.case.id.clone()));
        }
    }

    /// Waits until the cases before it have ended.
    pub(super) async fn come(&self, job: &Job) {
        if let Some(waiting) = self.of(job) {
            let is_first =
                |waiting: &Vec<CaseId>| waiting.first() == Some(&job.case.id) || !waiting.contains(&job.case.id);
            // the sender is in our hands, so that this cannot end in an error
            let _ = waiting.subscribe().wait_for(is_first).await;
        }
    }

    /// It has ended, whether or not it came to its turn.
    pub(super) fn end(&self, job: &Job) {
        if let Some(waiting) = self.of(job) {
            waiting.send_modify(|waiting| waiting.retain(|id| *id != job.case.id));
        }
    }

    fn of(&self, job: &Job) -> Option<Waiting> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.get(&(job.suite, job.file.id.clone())).map(Arc::clone)
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::runner::testing::job;

    fn is_ready(future: impl Future) -> bool {
        matches!(pin!(future).poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(_))
    }

    #[test]
    fn cases_of_a_serial_file_take_turns_and_others_do_not() {
        let turns = Turns::default();
        let jobs = [job("s::1", true, &[]), job("s::2", true, &[]), job("s::3", true, &[]), job("a::1", false, &[])];
        for job in &jobs {
            turns.expect(job);
        }
        let ready = || jobs.each_ref().map(|job| is_ready(turns.come(job)));
        assert_eq!(ready(), [true, false, false, true]);
        turns.end(&jobs[1]);
        assert_eq!(ready(), [true, true, false, true], "it was not run at all, and waits for nobody any more");
        turns.end(&jobs[0]);
        assert_eq!(ready(), [true, true, true, true]);
    }
}
