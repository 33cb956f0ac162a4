//! A server in this process, as `cargo test` has it: a future that serves a listener. It runs on a runtime of its own,
//! given by the caller, so that a handler that blocks does not stop our timers. Main type: [`InProcess`].

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinHandle};

use super::error::StartError;
use super::log::Log;
use crate::diagnostic::Diagnostic;

/// What serves: called anew for each server that is started.
pub(crate) type Serve = Arc<dyn Fn(TcpListener) -> Serving + Send + Sync>;
/// Serves until it is dropped; to end by itself is to fail.
pub(crate) type Serving = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// A server that runs in this process.
#[derive(Debug)]
pub(crate) struct InProcess {
    address: String,
    log: Arc<Log>,
    /// How it ended by itself.
    ended: Arc<OnceLock<String>>,
    serving: AbortHandle,
    watching: JoinHandle<()>,
}

impl InProcess {
    /// Serves a free port of 127.0.0.1 on `runtime`. Whoever connects from now on is answered as soon as it accepts.
    pub(crate) fn start(name: &str, serve: &Serve, runtime: &Handle) -> Result<Self, StartError> {
        let (listener, address) = listen().map_err(|error| {
            Diagnostic::error(format!("the server `{name}` of this process cannot listen: {error}"))
        })?;
        let serve = Arc::clone(serve);
        let serving = runtime.spawn(async move { serve(TcpListener::from_std(listener)?).await });
        let (log, ended) = (Log::new(), Arc::new(OnceLock::new()));
        let abort = serving.abort_handle();
        let watching = runtime.spawn(watch(serving, Arc::clone(&log), Arc::clone(&ended)));
        Ok(Self { address: format!("http://{address}"), log, ended, serving: abort, watching })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn log(&self) -> &Arc<Log> {
        &self.log
    }

    pub(super) fn exited(&self) -> Option<String> {
        self.ended.get().cloned()
    }

    /// Drops what serves, and returns when it is dropped.
    pub(super) async fn stop(mut self) {
        self.serving.abort();
        // Fails only with its runtime, and then it is stopped.
        let _ = (&mut self.watching).await;
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn listen() -> io::Result<(std::net::TcpListener, SocketAddr)> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Keeps how it ended, unless it was stopped.
async fn watch(serving: JoinHandle<Result<(), BoxError>>, log: Arc<Log>, ended: Arc<OnceLock<String>>) {
    let reason = match serving.await {
        Ok(Ok(())) => "what serves it returned".to_owned(),
        Ok(Err(error)) => format!("what serves it failed: {}", Chain(&*error)),
        Err(error) if error.is_cancelled() => return,
        Err(error) => format!("what serves it panicked: {}", panic_text(error)),
    };
    let line = format!("{reason}\n");
    // Set here alone.
    let _ = ended.set(reason);
    log.write(line.as_bytes());
}

/// An error with its causes: `transport error: address in use`.
struct Chain<'a>(&'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        std::iter::successors(self.0.source(), |&cause| cause.source()).try_for_each(|cause| write!(f, ": {cause}"))
    }
}

fn panic_text(error: tokio::task::JoinError) -> String {
    let payload = match error.try_into_panic() {
        Ok(payload) => payload,
        Err(error) => return error.to_string(),
    };
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no text").to_owned()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::timeout;

    use super::super::log::LogPosition;
    use super::super::testing::PATIENCE;
    use super::*;

    fn serve<F>(serve: impl Fn(TcpListener) -> F + Send + Sync + 'static) -> Serve
    where
        F: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        Arc::new(move |listener| Box::pin(serve(listener)))
    }

    fn echo() -> Serve {
        serve(|listener| async move {
            loop {
                let (mut stream, _) = listener.accept().await?;
                let byte = stream.read_u8().await?;
                stream.write_u8(byte).await?;
            }
        })
    }

    fn ask(address: &str) -> io::Result<u8> {
        let mut stream = std::net::TcpStream::connect(address.trim_start_matches("http://"))?;
        stream.write_all(b"x")?;
        let mut answer = [0];
        stream.read_exact(&mut answer).map(|()| answer[0])
    }

    async fn ended(server: &InProcess) -> String {
        let mut lines = server.log.subscribe();
        timeout(PATIENCE, lines.wait_for(|lines| *lines > 0)).await.expect("it ends").expect("the log is alive");
        server.log.since(LogPosition::default()).text
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn it_answers_at_once_and_until_it_is_stopped() {
        let server = InProcess::start("api", &echo(), &Handle::current()).expect("it listens");
        let address = server.address().to_owned();
        let answer = tokio::task::spawn_blocking({
            let address = address.clone();
            move || ask(&address)
        });
        assert_eq!(answer.await.expect("no panic").expect("it answers"), b'x');
        assert_eq!(server.exited(), None);
        timeout(PATIENCE, server.stop()).await.expect("it stops");
        assert!(ask(&address).is_err(), "nobody listens any more");
    }

    #[tokio::test]
    async fn each_start_is_a_server_of_its_own() {
        let serve = echo();
        let start = || InProcess::start("api", &serve, &Handle::current()).expect("it listens");
        assert_ne!(start().address(), start().address());
    }

    #[tokio::test]
    async fn why_it_ended_is_its_log() {
        let failing = serve(|_| async { Err(io::Error::other("no database").into()) });
        let server = InProcess::start("api", &failing, &Handle::current()).expect("it listens");
        assert_eq!(ended(&server).await, "what serves it failed: no database\n");
        let returning = serve(|_| async { Ok(()) });
        let server = InProcess::start("api", &returning, &Handle::current()).expect("it listens");
        assert_eq!(ended(&server).await, "what serves it returned\n");
    }

    #[tokio::test]
    async fn a_panic_is_how_it_ended_and_not_ours() {
        let panicking = serve(|listener| async move {
            let address = listener.local_addr()?;
            panic!("at {address}");
        });
        let server = InProcess::start("api", &panicking, &Handle::current()).expect("it listens");
        let log = ended(&server).await;
        assert!(log.starts_with("what serves it panicked: at 127.0.0.1:"), "{log}");
        server.stop().await;
    }
}
