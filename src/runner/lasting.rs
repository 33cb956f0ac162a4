//! `eventually`: a call that is made again until it holds, or its time is over. Main type: [`Last`].

use std::pin::Pin;
use std::time::{Duration, Instant};

use super::Interrupt;
use super::call::{CallEnd, Surroundings, make_call};
use crate::plan::PlannedCall;
use crate::spec::Eventually;

/// What came of a call, or of the last of several attempts.
pub(super) struct Last {
    pub(super) end: CallEnd,
    /// With `eventually`: how many, in what time.
    pub(super) attempts: Option<(u32, Duration)>,
}

/// Makes a call, again until it holds if it says so. Boxed: a case waits in many places, and this is by far the largest;
/// and the call may have a script with calls of its own.
pub(super) fn make_lasting<'a>(
    call: &'a PlannedCall,
    within: Surroundings<'a>,
) -> Pin<Box<dyn Future<Output = Last> + Send + 'a>> {
    Box::pin(async move {
        match call.eventually {
            Some(eventually) => make_until_it_holds(call, eventually, within).await,
            None => Last { end: make_call(call, within).await, attempts: None },
        }
    })
}

/// An attempt that was cut short by the end of its time says little: then the one before counts as the last.
async fn make_until_it_holds(call: &PlannedCall, eventually: Eventually, within: Surroundings<'_>) -> Last {
    let started = Instant::now();
    let deadline = within.until.map_or(started + eventually.within, |until| until.min(started + eventually.within));
    let within = Surroundings { until: Some(deadline), ..within };
    let mut attempts = 0;
    let mut before: Option<CallEnd> = None;
    loop {
        attempts += 1;
        let end = make_call(call, within).await;
        let may_hold_later = match &end {
            CallEnd::Failed { .. } => true,
            // what has died does not come back
            CallEnd::Unreachable(_) => within.leases.get(&call.server).is_some_and(|server| server.exited().is_none()),
            CallEnd::Passed(_) | CallEnd::Invalid(_) | CallEnd::Interrupted => false,
        };
        let is_over = Instant::now() >= deadline;
        let end = if is_over && may_hold_later { before.take().unwrap_or(end) } else { end };
        if !may_hold_later || is_over || Instant::now() + eventually.every >= deadline {
            return Last { end, attempts: Some((attempts, started.elapsed())) };
        }
        before = Some(end);
        if !sleep(eventually.every, within.interrupt, within.until).await {
            return Last { end: CallEnd::Interrupted, attempts: None };
        }
    }
}

/// Sleeps so long, or up to the end of all that may be done; `false` if it was interrupted.
pub(super) async fn sleep(duration: Duration, interrupt: &Interrupt, until: Option<Instant>) -> bool {
    let moment = Instant::now() + duration;
    let moment = until.map_or(moment, |until| until.min(moment));
    tokio::select! {
        biased;
        () = interrupt.raised() => false,
        () = tokio::time::sleep_until(moment.into()) => true,
    }
}
