//! Ctrl-C, cooperatively: what waits selects on it, and no case's future is ever dropped.

use tokio::sync::watch;

/// Shared by all that must end early. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt(watch::Sender<bool>);

impl Interrupt {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    pub(crate) fn raise(&self) {
        self.0.send_replace(true);
    }

    pub(crate) fn is_raised(&self) -> bool {
        *self.0.borrow()
    }

    /// Ends when it is raised.
    pub(crate) async fn raised(&self) {
        let mut receiver = self.0.subscribe();
        // the sender lives in `self`, so this cannot end in an error
        let _ = receiver.wait_for(|raised| *raised).await;
    }

    /// Raises itself at the first SIGINT or SIGTERM; at the second the process ends at once, and the guard of started
    /// servers stops them.
    pub(crate) fn listen(&self) {
        let interrupt = self.clone();
        tokio::spawn(async move {
            if signal().await {
                interrupt.raise();
                if signal().await {
                    std::process::exit(130);
                }
            }
        });
    }
}

/// Waits for SIGINT or SIGTERM; `false` if they cannot be listened to.
async fn signal() -> bool {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted.is_ok(),
            received = terminate.recv() => received.is_some(),
        },
        Err(_) => tokio::signal::ctrl_c().await.is_ok(),
    }
}
