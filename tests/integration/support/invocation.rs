//! One run of a program, in a process group of its own and with a bound on its time. Main types: [`Invocation`] →
//! [`Running`] → [`Ended`].

use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::patience::eventually;
use super::{fixture_address, redact};

/// Read by what is run, and so never taken over from whoever runs the tests.
const FOREIGN: [&str; 10] = [
    "CLICOLOR_FORCE",
    "GRPC_SPEC_JUNIT",
    "GRPC_SPEC_SEED",
    "HARNESS_PATH",
    "HARNESS_PROFILE",
    "HARNESS_SERVE",
    "HARNESS_SERVER",
    "HARNESS_VAR",
    "NEXTEST",
    "NO_COLOR",
];

/// A program, its arguments and its surroundings.
pub(crate) struct Invocation(Command);

impl Invocation {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        for name in FOREIGN {
            command.env_remove(name);
        }
        // whatever a run keeps of itself is kept here, and not where our own runs keep it
        command.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
        Self(command)
    }

    pub(crate) fn arguments<'a>(mut self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        self.0.args(arguments);
        self
    }

    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// Has these servers be the fixture server in this process.
    pub(crate) fn with_fixture_servers(self, names: &[&str]) -> Self {
        let address = fixture_address();
        names.iter().fold(self, |run, name| run.arguments(["--server", &format!("{name}={address}")]))
    }

    pub(crate) fn run(self) -> Ended {
        self.start().end()
    }

    pub(crate) fn start(mut self) -> Running {
        let mut child = self.0.spawn().expect("the program starts");
        let stdout = Stream::read(child.stdout.take().expect("it is piped"));
        let stderr = Stream::read(child.stderr.take().expect("it is piped"));
        Running { child, stdout, stderr }
    }
}

/// A program that runs. Dropped, it is killed with its process group.
pub(crate) struct Running {
    child: Child,
    stdout: Stream,
    stderr: Stream,
}

impl Running {
    /// Waits until it has written `text` to its standard output.
    pub(crate) fn wait_for(&self, text: &str) {
        eventually(&format!("`{text}` in the output"), || self.stdout.text().contains(text).then_some(()));
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("it runs");
    }

    /// Closes the reading end of its standard output, as `head` does.
    pub(crate) fn close_stdout(&self) {
        self.stdout.close();
    }

    pub(crate) fn end(mut self) -> Ended {
        let status = eventually("the program to end", || self.child.try_wait().expect("it is our child"));
        let streams = [&self.stdout, &self.stderr];
        eventually("the program's output to end", || streams.iter().all(|stream| stream.has_ended()).then_some(()));
        Ended { status, stdout: self.stdout.text(), stderr: self.stderr.text() }
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = kill_process_group(self.pid(), Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

/// How a program ended, and all it wrote.
#[derive(Debug)]
pub(crate) struct Ended {
    status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// The exit code; panics with the whole output if it is another.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "{self}");
        self
    }

    #[track_caller]
    pub(crate) fn killed_by(&self, signal: Signal) {
        assert_eq!(self.status.signal(), Some(signal.as_raw()), "{self}");
    }

    /// Panics with the whole output unless `text` is in it.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Self {
        assert!(self.stdout.contains(text) || self.stderr.contains(text), "no `{text}` in\n{self}");
        self
    }

    #[track_caller]
    pub(crate) fn says_not(&self, text: &str) -> &Self {
        assert!(!self.stdout.contains(text) && !self.stderr.contains(text), "`{text}` in\n{self}");
        self
    }

    /// All of it, as golden files have it.
    pub(crate) fn transcript(&self) -> String {
        redact(&self.to_string())
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.stdout)?;
        if !self.stderr.is_empty() {
            write!(formatter, "--- stderr\n{}", self.stderr)?;
        }
        writeln!(formatter, "--- {}", self.status)
    }
}

/// What is read from a pipe, as it comes.
#[derive(Clone, Default)]
struct Stream(Arc<Mutex<Received>>);

#[derive(Default)]
struct Received {
    bytes: Vec<u8>,
    closed: bool,
    ended: bool,
}

impl Stream {
    fn read(mut pipe: impl Read + Send + 'static) -> Self {
        let stream = Self::default();
        let received = stream.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                let length = pipe.read(&mut buffer).unwrap_or(0);
                let mut received = received.0.lock().expect("nobody panics with it");
                received.bytes.extend_from_slice(&buffer[..length]);
                if length == 0 || received.closed {
                    received.ended = true;
                    break;
                }
            }
        });
        stream
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("nobody panics with it").bytes.clone())
            .expect("what is written is UTF-8")
    }

    fn has_ended(&self) -> bool {
        self.0.lock().expect("nobody panics with it").ended
    }

    fn close(&self) {
        self.0.lock().expect("nobody panics with it").closed = true;
    }
}
