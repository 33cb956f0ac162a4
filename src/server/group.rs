//! A process group: a started program with all its children, ended as one. Main type: [`Group`].

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::time::{Instant, sleep, timeout_at};

use super::guard;

/// How long the system may take to end what was sent SIGKILL: what takes longer is stuck in the kernel.
pub(super) const KILL_WITHIN: Duration = Duration::from_secs(2);

/// The group that a program leads, watched by the guard until it has ended.
#[derive(Debug)]
pub(super) struct Group {
    id: Pid,
    /// Nothing of it is left, or nothing that can survive: signals could reach another group of that number.
    over: AtomicBool,
}

impl Group {
    pub(super) fn new(leader: Pid) -> Self {
        guard::watch(leader);
        Self { id: leader, over: AtomicBool::new(false) }
    }

    /// Asks every process in it to end.
    pub(super) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends every process in it, whatever it does.
    pub(super) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Waits until none of its processes is left; kills those left at `deadline`.
    pub(super) async fn end(&self, deadline: Instant) {
        if timeout_at(deadline, self.gone()).await.is_err() {
            self.kill();
            // Waiting longer would end it no sooner.
            let _ = timeout_at(Instant::now() + KILL_WITHIN, self.gone()).await;
        }
        self.close();
    }

    /// The system tells nobody when a group has ended: ask, less and less often.
    async fn gone(&self) {
        let mut pause = Duration::from_millis(1);
        while is_alive(self.id) {
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    fn signal(&self, signal: Signal) {
        if !self.over.load(Ordering::Acquire) {
            // An error says that the group has ended already.
            let _ = kill_process_group(self.id, signal);
        }
    }

    fn close(&self) {
        if !self.over.swap(true, Ordering::AcqRel) {
            guard::release(self.id);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
        self.close();
    }
}

/// Whether a process of the group runs. One that has ended and that nobody has waited for does not, though the system
/// counts it: in a container whose first process waits for nobody it stays for ever.
fn is_alive(group: Pid) -> bool {
    test_kill_process_group(group) != Err(Errno::SRCH) && !has_only_zombies(group)
}

#[cfg(target_os = "linux")]
fn has_only_zombies(group: Pid) -> bool {
    let group = group.as_raw_nonzero().to_string();
    let Ok(processes) = std::fs::read_dir("/proc") else { return false };
    !processes.flatten().filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok()).any(|stat| {
        // `pid (name) state parent group …`, as proc_pid_stat(5) has it; the name may hold anything.
        let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
        let state = fields.next();
        fields.nth(1) == Some(&group) && !matches!(state, Some("Z" | "X"))
    })
}

#[cfg(not(target_os = "linux"))]
fn has_only_zombies(_group: Pid) -> bool {
    false
}
