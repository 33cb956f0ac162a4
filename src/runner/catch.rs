//! A panic of ours ends a case, not what must be done after it.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// Waits for `future`; the error is what it said when it panicked.
pub(super) async fn catch<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = pin!(future);
    poll_fn(move |context| {
        // It is not polled again after a panic.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(text(&*panic))),
        }
    })
    .await
}

/// What a panicked task said.
pub(crate) fn panic_message(error: tokio::task::JoinError) -> String {
    match error.try_into_panic() {
        Ok(panic) => text(&*panic),
        Err(_) => "the task was cancelled".to_owned(),
    }
}

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_future_left_is_there_after_its_panic() {
        let mut made = Vec::new();
        let end = catch(async {
            made.push(1);
            tokio::task::yield_now().await;
            assert!(made.is_empty(), "no {}", "more");
        });
        assert_eq!(end.await, Err("no more".to_owned()));
        assert_eq!(made, [1]);
        assert_eq!(catch(async { 7 }).await, Ok(7));
    }
}
