//! The way to one server: its connections, opened when they are needed, and the calls made over them.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::time::timeout_at;

use super::call::{Call, NotSent};
use super::code::Code;
use super::connect::{self, Progress};
use super::connect_error::ConnectError;
use super::connection::{Connection, Lease};
use super::outcome::CallOutcome;
use super::request::CallRequest;
use super::target::Target;
use super::tls::Tls;

/// The way to one server. Cheap to clone; its connections close when the last clone and the last call are gone.
#[derive(Clone)]
pub(crate) struct Channel(Arc<Shared>);

/// How a channel behaves.
#[derive(Clone, Debug)]
pub(crate) struct ChannelOptions {
    pub(crate) limits: Limits,
    /// Connections at most; one more is opened whenever the others carry 32 calls each.
    pub(crate) connections: usize,
    /// For `https://`; the system's authorities are trusted where it says nothing.
    pub(crate) tls: Option<Tls>,
    /// How long a connection with calls in flight may be silent before a PING asks whether its peer is still there.
    pub(crate) keepalive: Option<Duration>,
}

/// What a server may send, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// One message, decompressed.
    pub(crate) message: usize,
    /// Headers or trailers, as HTTP/2 counts them.
    pub(crate) metadata: usize,
    /// What is kept of one call's messages, each with the room it takes when it is decoded.
    pub(crate) recorded: usize,
}

struct Shared {
    target: Target,
    options: ChannelOptions,
    connections: Mutex<Vec<Arc<Connection>>>,
    /// Held while the first connection is made, so that a burst of calls makes one.
    connecting: tokio::sync::Mutex<()>,
    progress: Progress,
    /// Why the last attempt to connect failed, and when.
    failure: Mutex<Option<(Instant, ConnectError)>>,
    /// Whether one more connection is being opened in the background.
    widening: AtomicBool,
}

/// Beyond this many calls on each connection, another one is opened.
const CALLS_PER_CONNECTION: usize = 32;

/// How often a call may find its connection closed before anything was sent.
const ATTEMPTS: usize = 3;

/// Deadlines this close to each other are the same one.
const A_MOMENT: Duration = Duration::from_millis(50);

/// How long a further connection may take; the calls go on over those that stand.
const WIDEN_WITHIN: Duration = Duration::from_secs(10);

impl Channel {
    /// A channel that has not connected yet.
    pub(crate) fn new(target: Target, options: ChannelOptions) -> Self {
        Self(Arc::new(Shared {
            target,
            options,
            connections: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
            progress: Progress::default(),
            failure: Mutex::default(),
            widening: AtomicBool::new(false),
        }))
    }

    pub(crate) fn target(&self) -> &Target {
        &self.0.target
    }

    /// Makes sure that a connection stands.
    pub(crate) async fn connect(&self, deadline: Instant) -> Result<(), ConnectError> {
        self.lease(deadline).await.map(drop)
    }

    /// Sends an HTTP/2 PING and waits for its answer.
    pub(crate) async fn ping(&self, deadline: Instant) -> Result<(), ConnectError> {
        let begun = Instant::now();
        let connection = self.lease(deadline).await?;
        match timeout_at(deadline.into(), connection.ping()).await {
            Ok(answer) => answer.map_err(|broken| ConnectError::lost(&self.0.target, broken)),
            Err(_) => Err(ConnectError::no_pong(&self.0.target, begun.elapsed())),
        }
    }

    /// Opens a call. An error means that the server was not reached and nothing was sent; what happens after that is in
    /// the call's outcome.
    pub(crate) async fn open(&self, request: CallRequest<'_>) -> Result<Call, ConnectError> {
        let begun = Instant::now();
        let mut attempt = 1;
        loop {
            let lease = self.lease(request.deadline).await?;
            match Call::start(lease, &request, &self.0.target, self.0.options.limits, begun) {
                Ok(call) => return Ok(call),
                Err(NotSent(broken)) if attempt == ATTEMPTS => return Err(ConnectError::lost(&self.0.target, broken)),
                Err(NotSent(_)) => attempt += 1,
            }
        }
    }

    /// Makes a call with one request message, compressed if the request says by what, and one response message; waits
    /// for its end.
    pub(crate) async fn unary(&self, request: CallRequest<'_>, message: Bytes) -> Result<CallOutcome, ConnectError> {
        let mut call = self.open(request).await?;
        call.send_only(message);
        Ok(call.finish_with_one_message().await)
    }

    /// A connection to make one call on.
    async fn lease(&self, deadline: Instant) -> Result<Lease, ConnectError> {
        if let Some(lease) = self.pick() {
            return Ok(lease);
        }
        let begun = Instant::now();
        let attempted = timeout_at(deadline.into(), async {
            let _one_at_a_time = self.0.connecting.lock().await;
            if let Some(lease) = self.pick() {
                return Ok(lease);
            }
            // The attempt that this call waited for speaks for it too, unless it was but short of time.
            if let Some(error) = self.0.failure_since(begun).filter(|error| error.code != Code::DeadlineExceeded) {
                return Err(error);
            }
            let Shared { target, options, progress, .. } = &*self.0;
            let connected = connect::connect(target, options, progress).await;
            let connection = Arc::new(connected.inspect_err(|error| self.0.failed(error))?);
            let lease = Lease::new(Arc::clone(&connection));
            self.0.connections().push(connection);
            Ok(lease)
        });
        attempted.await.unwrap_or_else(|_| {
            // If another call's deadline passed a moment ago, this one has begun anew and knows less.
            let a_moment_ago = Instant::now().checked_sub(A_MOMENT).unwrap_or(begun);
            let error = self.0.failure_since(begun.max(a_moment_ago));
            let error = error.unwrap_or_else(|| self.0.progress.timed_out(&self.0.target, begun.elapsed()));
            self.0.failed(&error);
            Err(error)
        })
    }

    /// The connection with the fewest calls, if any stands; opens one more in the background when all are busy.
    fn pick(&self) -> Option<Lease> {
        let mut connections = self.0.connections();
        connections.retain(|connection| connection.takes_calls());
        let lease = Lease::new(Arc::clone(connections.iter().min_by_key(|connection| connection.in_flight())?));
        if connections.len() < self.0.options.connections {
            let in_flight: usize = connections.iter().map(|connection| connection.in_flight()).sum();
            if in_flight > connections.len() * CALLS_PER_CONNECTION {
                self.widen();
            }
        }
        Some(lease)
    }

    fn widen(&self) {
        if self.0.widening.swap(true, Ordering::Relaxed) {
            return;
        }
        let channel = Arc::downgrade(&self.0);
        let (target, options) = (self.0.target.clone(), self.0.options.clone());
        tokio::spawn(async move {
            let progress = Progress::default();
            let connected = tokio::time::timeout(WIDEN_WITHIN, connect::connect(&target, &options, &progress)).await;
            let Some(shared) = channel.upgrade() else { return };
            // If it failed, the calls go on over the connections that stand.
            if let Ok(Ok(connection)) = connected {
                shared.connections().push(Arc::new(connection));
            }
            shared.widening.store(false, Ordering::Relaxed);
        });
    }
}

impl Shared {
    fn connections(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Connection>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, error: &ConnectError) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), error.clone()));
    }

    /// Why an attempt failed that ended after this.
    fn failure_since(&self, begun: Instant) -> Option<ConnectError> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.as_ref().filter(|(at, _)| *at > begun).map(|(_, error)| error.clone())
    }
}

impl Default for ChannelOptions {
    /// The limits of the case format, and a connection for each core.
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            connections: available_parallelism().map_or(1, NonZeroUsize::get),
            tls: None,
            keepalive: None,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { message: 4 << 20, metadata: 1 << 20, recorded: 64 << 20 }
    }
}
