//! Whether a quiet peer is still there: a PING now and then while calls are in flight, and what comes of no answer.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use h2::{Ping, PingPong};
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

/// Watches one connection.
pub(super) struct Keepalive {
    pub(super) every: Duration,
    /// Set whenever anything was read.
    pub(super) heard: Arc<AtomicBool>,
    pub(super) in_flight: Arc<AtomicUsize>,
    pub(super) pings: Arc<Mutex<PingPong>>,
}

/// An answer is waited for as long as `every`, and no longer than this.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

impl Keepalive {
    /// Returns once a PING was not answered within the time it returns, nor anything else heard. Servers count the PINGs
    /// they did not ask for, so that none is sent to a peer that speaks, or for nothing.
    pub(super) async fn unanswered(self) -> Duration {
        let within = self.every.min(ANSWER_WITHIN);
        loop {
            sleep(self.every).await;
            if self.has_heard() || self.in_flight.load(Ordering::Relaxed) == 0 {
                continue;
            }
            let mut pings = self.pings.lock().await;
            let mut answer = pin!(pings.ping(Ping::opaque()));
            loop {
                match timeout(within, &mut answer).await {
                    Ok(Ok(_)) => break,
                    // The connection ends, and says how by itself.
                    Ok(Err(_)) => pending().await,
                    Err(_) if self.has_heard() => {}
                    Err(_) => return within,
                }
            }
        }
    }

    /// Whether anything was read since this was asked before.
    fn has_heard(&self) -> bool {
        self.heard.swap(false, Ordering::Relaxed)
    }
}
