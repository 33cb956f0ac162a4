//! Waiting with a bound: nothing here hangs.

use std::path::Path;
use std::time::{Duration, Instant};

/// Long enough for a busy machine; never waited out by a test that passes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// Asks until there is an answer; panics if there never is one.
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < until, "waited {PATIENCE:?} in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until the process whose id stands in `file` has ended.
pub(crate) fn gone(file: &Path) {
    let id = eventually("a process id in the file", || {
        std::fs::read_to_string(file).ok().filter(|id| !id.trim().is_empty())
    });
    eventually(&format!("process {id} to be gone"), || (!runs(id.trim())).then_some(()));
}

/// Whether a process runs; one that waits to be waited for does not.
fn runs(id: &str) -> bool {
    let state = if Path::new("/proc/self/stat").exists() {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        stat.rsplit(") ").next().unwrap_or_default().to_owned()
    } else {
        let ps = std::process::Command::new("ps").args(["-o", "stat=", "-p", id]).output().expect("ps runs");
        String::from_utf8_lossy(&ps.stdout).trim().to_owned()
    };
    !state.is_empty() && !state.starts_with(['Z', 'X'])
}
