//! The guard: one `sh`, in a process group of its own, that outlives us and ends the groups we could not end ourselves,
//! because we were killed or called `exit`. It reads `+ group` and `- group` from a pipe; when the pipe ends, so have we.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::Pid;

use crate::diagnostic::Diagnostic;

/// POSIX, for dash, bash and busybox. In dash, `kill -TERM -- -1` fails where `kill -s TERM` works. Some know no
/// fractions in `sleep`.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
groups=
while read -r change group; do
  case $change in
    +) groups="$groups $group" ;;
    -) kept=
       for each in $groups; do [ "$each" = "$group" ] || kept="$kept $each"; done
       groups=$kept ;;
  esac
done
[ -n "$groups" ] || exit 0
for each in $groups; do kill -s TERM -- "-$each"; done
sleep 0.5 || sleep 1
for each in $groups; do kill -s KILL -- "-$each"; done
"#;

/// One for the process: what it watches over is the process's end.
static GUARD: Mutex<Guard> = Mutex::new(Guard { pipe: None, groups: BTreeSet::new(), missing: Missing::No });

struct Guard {
    /// To its standard input. Closed on exec, so that no program we start keeps it open.
    pipe: Option<ChildStdin>,
    groups: BTreeSet<i32>,
    missing: Missing,
}

/// Whether there can be no guard, and whether that was said.
enum Missing {
    No,
    Because(io::Error),
    Said,
}

/// Starts the guard if there is none, before a program is started.
pub(super) fn prepare() {
    let mut guard = lock();
    if guard.pipe.is_none() {
        guard.start();
    }
}

/// Says, once, that there can be no guard.
pub(super) fn warning() -> Option<Diagnostic> {
    let mut guard = lock();
    match std::mem::replace(&mut guard.missing, Missing::Said) {
        Missing::Because(error) => Some(
            Diagnostic::warning(format!("started servers have no guard: `sh` cannot be run: {error}"))
                .note("they are stopped when the run ends all the same, unless this process is killed"),
        ),
        before => {
            guard.missing = before;
            None
        }
    }
}

/// Has `group` ended when this process ends.
pub(super) fn watch(group: Pid) {
    let group = group.as_raw_nonzero().get();
    let mut guard = lock();
    guard.groups.insert(group);
    guard.tell('+', group);
}

/// Takes back [`watch`]: the group has ended, and its number may become that of another.
pub(super) fn release(group: Pid) {
    let group = group.as_raw_nonzero().get();
    let mut guard = lock();
    if guard.groups.remove(&group) {
        guard.tell('-', group);
    }
}

fn lock() -> MutexGuard<'static, Guard> {
    GUARD.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Guard {
    /// Says one thing to the guard. If it has gone, another is started, which is told everything.
    fn tell(&mut self, change: char, group: i32) {
        let line = format!("{change} {group}\n");
        if self.pipe.as_mut().is_some_and(|pipe| pipe.write_all(line.as_bytes()).is_err()) {
            self.start();
        }
    }

    /// Without a guard the run goes on.
    fn start(&mut self) {
        let known: Vec<String> = self.groups.iter().map(|group| format!("+ {group}\n")).collect();
        let started = spawn().and_then(|mut pipe| pipe.write_all(known.concat().as_bytes()).map(|()| pipe));
        self.pipe = None;
        match started {
            Ok(pipe) => self.pipe = Some(pipe),
            Err(error) if matches!(self.missing, Missing::No) => self.missing = Missing::Because(error),
            Err(_) => {}
        }
    }
}

fn spawn() -> io::Result<ChildStdin> {
    let mut child = Command::new("sh")
        .args(["-c", SCRIPT])
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    child.stdin.take().ok_or_else(|| io::Error::other("no pipe to it"))
}

#[cfg(test)]
mod tests;
