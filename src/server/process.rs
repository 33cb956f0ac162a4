//! A program that runs: in a process group of its own, its output kept, its end noticed, and ended with all its
//! children, in good order by [`Process::stop`], at once when dropped. Main type: [`Process`].

use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Pid;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

use super::group::{Group, KILL_WITHIN};
use super::guard;
use super::log::Log;

/// What a program that has ended by itself, or is stopped, leaves its children to end in.
pub(super) const GRACE: Duration = Duration::from_secs(5);
/// How long the last of a program's output may take after its end: a child that got away may hold the pipe open.
const DRAIN_WITHIN: Duration = Duration::from_millis(250);

/// What to run, nothing left to evaluate.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Launch {
    pub(super) program: String,
    pub(super) arguments: Vec<String>,
    /// Beside our own environment.
    pub(super) env: Vec<(String, String)>,
    pub(super) cwd: PathBuf,
}

/// A started program.
#[derive(Debug)]
pub(super) struct Process {
    log: Arc<Log>,
    exit: watch::Receiver<Option<Exit>>,
    /// Holds the grace that a stop gives.
    stop: Option<oneshot::Sender<Duration>>,
    group: Arc<Group>,
    keeper: JoinHandle<()>,
    reader: JoinHandle<()>,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exit(ExitStatus);

impl Process {
    /// Starts it, on the current runtime.
    pub(super) fn spawn(launch: &Launch) -> io::Result<Self> {
        guard::prepare();
        // One pipe for both: so their order is kept, as on a terminal.
        let (output, stdout) = io::pipe()?;
        let stderr = stdout.try_clone()?;
        let output = pipe::Receiver::from_owned_fd(output.into())?;
        let child = Command::new(&launch.program)
            .args(&launch.arguments)
            .envs(launch.env.iter().map(|(name, value)| (name, value)))
            .current_dir(&launch.cwd)
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let leader = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let group = Arc::new(Group::new(leader.ok_or_else(|| io::Error::other("it has no process id"))?));
        let log = Log::new();
        let reader = tokio::spawn(read(output, Arc::clone(&log)));
        let (exited, exit) = watch::channel(None);
        let (stop, stopped) = oneshot::channel();
        let keeper = tokio::spawn(keep(child, Arc::clone(&group), exited, stopped));
        Ok(Self { log, exit, stop: Some(stop), group, keeper, reader })
    }

    pub(super) fn log(&self) -> &Arc<Log> {
        &self.log
    }

    /// How it ended, if it has.
    pub(super) fn exit(&self) -> Option<Exit> {
        *self.exit.borrow()
    }

    /// Waits for its end, and for the last of its output.
    pub(super) async fn exited(&mut self) -> Exit {
        let exit = loop {
            if let Some(exit) = self.exit() {
                break exit;
            }
            if self.exit.changed().await.is_err() {
                // The keeper ends without an exit only with its runtime, and then nobody is left to be told.
                std::future::pending::<()>().await;
            }
        };
        self.drain().await;
        exit
    }

    /// Ends it and its children: SIGTERM, and for what is left after `grace`, SIGKILL. To drop this future is SIGKILL.
    pub(super) async fn stop(mut self, grace: Duration) {
        if let Some(stop) = self.stop.take() {
            // Fails if it has ended by itself; then the keeper ends what it left.
            let _ = stop.send(grace);
        }
        let _ = (&mut self.keeper).await;
        self.drain().await;
    }

    async fn drain(&mut self) {
        if !self.reader.is_finished() {
            let _ = timeout(DRAIN_WITHIN, &mut self.reader).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.group.kill();
        self.reader.abort();
    }
}

impl Exit {
    pub(super) fn success(self) -> bool {
        self.0.success()
    }
}

/// `exit code 3`, `signal 9 (SIGKILL)`.
impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.code() {
            Some(code) => write!(f, "exit code {code}"),
            None => f.write_str(&self.0.to_string().replacen("signal: ", "signal ", 1)),
        }
    }
}

async fn read(mut output: pipe::Receiver, log: Arc<Log>) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(length @ 1..) = output.read(&mut buffer).await {
        log.write(&buffer[..length]);
    }
    log.close();
}

/// Sees the program to its end, by itself or by a stop, then to the end of its children: what a program leaves behind
/// when it ends belongs to nobody.
async fn keep(
    mut child: Child,
    group: Arc<Group>,
    exited: watch::Sender<Option<Exit>>,
    stopped: oneshot::Receiver<Duration>,
) {
    let (status, deadline) = tokio::select! {
        status = child.wait() => {
            group.terminate();
            (Some(status), Instant::now() + GRACE)
        }
        grace = grace(stopped) => {
            group.terminate();
            let deadline = Instant::now() + grace;
            (timeout_at(deadline, child.wait()).await.ok(), deadline)
        }
    };
    let status = if let Some(status) = status {
        Some(status)
    } else {
        group.kill();
        timeout(KILL_WITHIN, child.wait()).await.ok()
    };
    // Waiting fails only for a process that somebody else has waited for: nothing in this program does.
    if let Some(Ok(status)) = status {
        exited.send_replace(Some(Exit(status)));
    }
    group.end(deadline).await;
}

/// The grace of a stop, when one is asked for. A handle dropped without has killed the group: then only the wait is left.
async fn grace(stopped: oneshot::Receiver<Duration>) -> Duration {
    match stopped.await {
        Ok(grace) => grace,
        Err(_) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
