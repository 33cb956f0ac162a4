//! `lock: db`: cases that name the same lock are kept apart, in this process and in all others of this user on this
//! machine. Main type: [`Locks`].

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use tokio::sync::OwnedMutexGuard;

use super::{Job, Progress};
use crate::diagnostic::Diagnostic;

/// How long another process may hold a lock.
const WITHIN: Duration = Duration::from_secs(600);
/// How often it is looked at.
const EVERY: Duration = Duration::from_millis(20);
/// From when on it is said what is waited for.
const SAID_AFTER: Duration = Duration::from_secs(1);

/// The locks of a run, by suite folder and name.
pub(super) struct Locks {
    known: Mutex<HashMap<(PathBuf, String), Known>>,
    /// Of the files that keep processes apart.
    folder: PathBuf,
    is_one_of_many: bool,
}

type Known = Arc<tokio::sync::Mutex<()>>;

/// Locks that are held, until this is dropped.
#[derive(Default)]
pub(super) struct Held {
    among_all: Vec<File>,
    within_us: Vec<OwnedMutexGuard<()>>,
}

impl Locks {
    pub(super) fn new() -> Self {
        // Users have folders of their own: a file of another could not be opened.
        let name = format!("grpc-spec-locks-{}", rustix::process::getuid().as_raw());
        let is_one_of_many = std::env::var_os("NEXTEST").is_some_and(|value| value == "1");
        Self { known: Mutex::default(), folder: std::env::temp_dir().join(name), is_one_of_many }
    }

    /// What a case needs. Under nextest, where each case is a process, those of a serial file are kept apart too; in what
    /// order they run is nextest's to say.
    pub(super) fn of(&self, job: &Job) -> Vec<String> {
        let mut names = job.case.locks.to_vec();
        if self.is_one_of_many && job.file.serial {
            names.push(format!("the serial file {}", job.file.id));
        }
        names
    }

    /// Takes all of `names`, always in the same order: nobody waits in a circle.
    pub(super) async fn take(&self, suite: &Path, names: Vec<String>, progress: &Progress) -> Result<Held, Diagnostic> {
        let mut held = Held::default();
        if names.is_empty() {
            return Ok(held);
        }
        let suite = suite.canonicalize().unwrap_or_else(|_| suite.to_owned());
        for name in &names.into_iter().collect::<BTreeSet<_>>() {
            let lock = {
                let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                Arc::clone(known.entry((suite.clone(), name.clone())).or_default())
            };
            held.within_us.push(lock.lock_owned().await);
            held.among_all.push(self.take_from_others(&suite, name, progress).await?);
        }
        Ok(held)
    }

    async fn take_from_others(&self, suite: &Path, name: &str, progress: &Progress) -> Result<File, Diagnostic> {
        let failed = |error: io::Error| {
            let folder = self.folder.display();
            Diagnostic::error(format!("the lock `{name}` cannot be taken: {error}"))
                .note(format!("it is a file in `{folder}`"))
        };
        let file = self.open(suite, name).map_err(failed)?;
        let began = Instant::now();
        let mut said = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
                Err(TryLockError::WouldBlock) if began.elapsed() > WITHIN => {
                    return Err(Diagnostic::error(format!(
                        "another process has held the lock `{name}` for {WITHIN:?}"
                    )));
                }
                Err(TryLockError::WouldBlock) => {
                    if !said && began.elapsed() > SAID_AFTER {
                        said = true;
                        progress(&format!("waiting for the lock `{name}`, which another process holds …"));
                    }
                    tokio::time::sleep(EVERY).await;
                }
            }
        }
    }

    fn open(&self, suite: &Path, name: &str) -> io::Result<File> {
        fs::create_dir_all(&self.folder)?;
        let mut hash = Sha256::new();
        hash.update(suite.as_os_str().as_encoded_bytes());
        hash.update([0]);
        hash.update(name);
        let hash = URL_SAFE_NO_PAD.encode(hash.finalize());
        File::options().create(true).truncate(false).write(true).open(self.folder.join(hash))
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    fn locks(folder: &Path) -> Arc<Locks> {
        Arc::new(Locks { known: Mutex::default(), folder: folder.join("locks"), is_one_of_many: false })
    }

    fn quiet() -> Progress {
        Box::new(|_| {})
    }

    async fn is_free(locks: &Locks, suite: &Path, name: &str) -> bool {
        timeout(Duration::from_millis(60), locks.take(suite, vec![name.to_owned()], &quiet())).await.is_ok()
    }

    #[tokio::test]
    async fn a_lock_is_held_by_one_here_and_elsewhere() {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let (here, elsewhere) = (locks(folder.path()), locks(folder.path()));
        let names = vec!["x".to_owned(), "y".to_owned()];
        let held = here.take(folder.path(), names, &quiet()).await.expect("it is free");
        for locks in [&here, &elsewhere] {
            assert!(!is_free(locks, folder.path(), "x").await);
            assert!(is_free(locks, folder.path(), "z").await);
            assert!(is_free(locks, Path::new("/"), "x").await, "that of another suite");
        }
        drop(held);
        for locks in [&here, &elsewhere] {
            assert!(is_free(locks, folder.path(), "x").await);
        }
    }

    #[tokio::test]
    async fn locks_in_any_order_are_no_circle() {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let locks = locks(folder.path());
        let mut waiting = tokio::task::JoinSet::new();
        for at in 0..20 {
            let (locks, suite) = (Arc::clone(&locks), folder.path().to_owned());
            let names = if at % 2 == 0 { ["x", "y"] } else { ["y", "x"] }.map(str::to_owned);
            waiting.spawn(async move {
                let held = locks.take(&suite, names.to_vec(), &quiet()).await;
                tokio::task::yield_now().await;
                held.is_ok()
            });
        }
        let all = timeout(Duration::from_secs(30), waiting.join_all()).await.expect("nobody waits for ever");
        assert!(all.into_iter().all(|taken| taken));
    }
}
