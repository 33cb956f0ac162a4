//! Cases as `cargo test` output, through libtest-mimic: the public way in. Main type: [`Harness`].

mod trials;

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::Arguments;
use tokio::net::TcpListener;

use crate::runner::default_jobs;
use crate::server::{BoxError, Serve};
use crate::spec::Overrides;

/// Runs a folder of cases as tests of `cargo test`, each under its own name.
///
/// A `tests/cases.rs` with `harness = false` in `Cargo.toml` needs no more than this:
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     grpc_spec::Harness::new("cases").run()
/// }
/// ```
///
/// It takes the arguments that Rust's own test harness takes (`cargo test -- NAME`, `--list`, `--exact`,
/// `--test-threads`, …), so that `cargo nextest` and editors understand it too. With `GRPC_SPEC_JUNIT=FILE` in the
/// environment it also writes a `JUnit` report (not under nextest, which writes its own). `GRPC_SPEC_SEED=N` repeats the
/// random values of a run that told this seed.
#[must_use = "a harness does nothing until it is `run`"]
pub struct Harness {
    path: PathBuf,
    overrides: Overrides,
    serve: BTreeMap<String, Serve>,
}

impl Harness {
    /// The cases below `path`: a folder, or one file; relative to where the test runs, which under `cargo test` is the
    /// package's folder.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), overrides: Overrides::default(), serve: BTreeMap::new() }
    }

    /// Serves `name` in the test's own process, in place of what the suite says of it.
    ///
    /// `serve` is called with a listener on a free port of `127.0.0.1` when the first case needs the server, and its
    /// future is dropped when the run ends. An error of the future is shown with the cases that it made fail.
    ///
    /// ```no_run
    /// # async fn my_server(listener: tokio::net::TcpListener) -> Result<(), std::io::Error> { Ok(()) }
    /// fn main() -> std::process::ExitCode {
    ///     grpc_spec::Harness::new("cases").serve("greeter", |listener| my_server(listener)).run()
    /// }
    /// ```
    pub fn serve<F, R, E>(mut self, name: impl Into<String>, serve: F) -> Self
    where
        F: Fn(TcpListener) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        let name = name.into();
        self.overrides.in_process.push(name.clone());
        let serve: Serve = Arc::new(move |listener| {
            let serving = serve(listener);
            Box::pin(async move { serving.await.map_err(Into::into) })
        });
        self.serve.insert(name, serve);
        self
    }

    /// Uses a server that is already running at `address`, such as `http://127.0.0.1:50051`, in place of what the
    /// suite says of `name`.
    pub fn server(mut self, name: impl Into<String>, address: impl Into<String>) -> Self {
        self.overrides.servers.push((name.into(), address.into()));
        self
    }

    /// Lays a profile of the suite over it.
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.overrides.profile = Some(name.into());
        self
    }

    /// Sets a variable, over what suite, files and cases say.
    pub fn var(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.overrides.vars.push((name.into(), value.into()));
        self
    }

    /// Runs what the arguments of the process select, prints as `cargo test` does, and stops what was started.
    ///
    /// Returns what `main` should: success if everything passed, 101 if a case did not, as Rust's own harness has it.
    #[must_use = "return it from `main`, or a failing case passes"]
    pub fn run(self) -> ExitCode {
        let mut arguments = Arguments::from_args();
        arguments.test_threads.get_or_insert_with(default_jobs);
        trials::run(self, &arguments)
    }
}
