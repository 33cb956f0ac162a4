//! What the tests of this layer share: whether processes run.

use std::time::Duration;

use tokio::time::{sleep, timeout};

/// Long enough for a busy machine, never waited out by a test that passes.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Whether a process runs; one that waits to be waited for does not.
pub(super) fn runs(id: &str) -> bool {
    let id = id.trim();
    let state = if std::path::Path::new("/proc/self/stat").exists() {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        stat.rsplit(") ").next().unwrap_or_default().to_owned()
    } else {
        let ps = std::process::Command::new("ps").args(["-o", "stat=", "-p", id]).output().expect("ps runs");
        String::from_utf8_lossy(&ps.stdout).trim().to_owned()
    };
    !state.is_empty() && !state.starts_with(['Z', 'X'])
}

/// Waits until a process has ended; panics if it does not.
pub(super) async fn gone(id: &str) {
    let wait = async {
        while runs(id) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("process {id} is left behind"));
}
