//! One HTTP/2 connection: handshake and limits, the task that drives it, PING, and how it ended.

use std::convert::Infallible;
use std::future::{Future as _, pending, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use h2::client::{Builder, SendRequest};
use h2::{Ping, PingPong};
use tokio::sync::{Mutex, oneshot, watch};
use tokio::time::timeout;

use super::channel::ChannelOptions;
use super::deadline::readable;
use super::first_bytes::{FirstBytes, Observed};
use super::frame::Outgoing;
use super::http2::{self, Broken, FRAME_HEADER};
use super::keepalive::Keepalive;

type Driver = h2::client::Connection<Observed, Outgoing>;

/// A connection whose server has shown that it speaks HTTP/2. It closes when it is dropped and no call uses it.
pub(super) struct Connection {
    sender: SendRequest<Outgoing>,
    pings: Arc<Mutex<PingPong>>,
    in_flight: Arc<AtomicUsize>,
    /// It takes no more calls: GOAWAY, or a stream could not be opened.
    spent: AtomicBool,
    /// How it ended, once it has.
    end: watch::Receiver<Option<Arc<str>>>,
    /// What was odd about it, for every call that uses it.
    pub(super) warning: Option<String>,
    /// Dropped with the connection, which tells its task to come to an end.
    _alive: oneshot::Sender<Infallible>,
}

/// How long the task of a dropped connection may take to send what is left, a `RST_STREAM` and a `GOAWAY`.
const LINGER: Duration = Duration::from_secs(1);

/// How long the end of a connection is waited for when one of its streams says that it was lost.
const END_IS_NEAR: Duration = Duration::from_millis(100);

/// One megabyte keeps a fast stream going over any network a test sees.
const WINDOW: u32 = 1 << 20;

/// The library counts small DATA frames that wait to be read, against a peer that fills the memory with them; 25 KiB,
/// its default, closes the connection on an honest fast stream of small messages.
const DATA_FRAME_BUDGET: usize = 64 << 20;

/// Headers beyond the library's limit are dropped without an error, beyond four times as much they end the connection.
/// So it gets room for four times what we allow, and we refuse what is over.
const HEADER_ROOM: usize = 4;

/// Streams we have reset, whose late frames are to be ignored.
const RESET_STREAMS: usize = 1024;

impl Connection {
    /// Shakes hands, and waits for the server's SETTINGS.
    ///
    /// # Errors
    /// How the connection ended, or `None` if it just closed or what came is not HTTP/2.
    pub(super) async fn establish(
        io: Observed,
        first: &FirstBytes,
        options: &ChannelOptions,
        warning: Option<String>,
    ) -> Result<Self, Option<Broken>> {
        let heard = io.heard();
        let header_list = u32::try_from(options.limits.metadata.saturating_mul(HEADER_ROOM)).unwrap_or(u32::MAX);
        let handshake = Builder::new()
            .enable_push(false)
            .initial_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .data_frame_budget(DATA_FRAME_BUDGET)
            .max_header_list_size(header_list)
            .max_concurrent_reset_streams(RESET_STREAMS)
            .handshake(io);
        let (sender, mut driver): (_, Driver) = handshake.await.map_err(|error| Some(http2::broken(&error)))?;
        poll_fn(|context| match Pin::new(&mut driver).poll(context) {
            Poll::Ready(Ok(())) => Poll::Ready(Err(None)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(Some(http2::broken(&error)))),
            Poll::Pending => first.check(|first| match first {
                settings if http2::is_settings(settings) => Poll::Ready(Ok(())),
                other if other.len() >= FRAME_HEADER => Poll::Ready(Err(None)),
                _ => Poll::Pending,
            }),
        })
        .await?;
        let Some(pings) = driver.ping_pong() else { return Err(None) };
        let (pings, in_flight) = (Arc::new(Mutex::new(pings)), Arc::default());
        let keepalive = options.keepalive.map(|every| Keepalive {
            every,
            heard,
            in_flight: Arc::clone(&in_flight),
            pings: Arc::clone(&pings),
        });
        let (alive, dropped) = oneshot::channel();
        let (ended, end) = watch::channel(None);
        tokio::spawn(async move {
            let how = drive(driver, keepalive, dropped).await;
            ended.send_replace(Some(how));
        });
        Ok(Self { sender, pings, in_flight, spent: AtomicBool::new(false), end, warning, _alive: alive })
    }

    /// A handle that opens one stream.
    pub(super) fn sender(&self) -> SendRequest<Outgoing> {
        self.sender.clone()
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(super) fn takes_calls(&self) -> bool {
        !self.spent.load(Ordering::Relaxed) && self.end.borrow().is_none()
    }

    /// No more calls on this one.
    pub(super) fn retire(&self) {
        self.spent.store(true, Ordering::Relaxed);
    }

    /// Waits for the answer to a PING. Dropped before it came, the connection is retired.
    pub(super) async fn ping(&self) -> Result<(), Broken> {
        let mut pings = self.pings.lock().await;
        let unanswered = Retire(Some(self));
        let answer = pings.ping(Ping::opaque()).await;
        if answer.is_ok() {
            unanswered.answered();
        }
        answer.map(|_| ()).map_err(|error| http2::broken(&error))
    }

    /// How the connection ended, if it does so within a moment.
    pub(super) async fn end(&self) -> Option<Arc<str>> {
        let mut end = self.end.clone();
        timeout(END_IS_NEAR, end.wait_for(Option::is_some)).await.ok()?.ok()?.clone()
    }
}

/// Counts a call as in flight for as long as it lives.
pub(super) struct Lease(Arc<Connection>);

impl Lease {
    pub(super) fn new(connection: Arc<Connection>) -> Self {
        connection.in_flight.fetch_add(1, Ordering::Relaxed);
        Self(connection)
    }
}

impl std::ops::Deref for Lease {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Retires a connection whose PING is given up.
struct Retire<'a>(Option<&'a Connection>);

impl Retire<'_> {
    fn answered(mut self) {
        self.0 = None;
    }
}

impl Drop for Retire<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.0 {
            connection.retire();
        }
    }
}

/// Drives a connection to its end, and says how it ended.
async fn drive(mut driver: Driver, keepalive: Option<Keepalive>, dropped: oneshot::Receiver<Infallible>) -> Arc<str> {
    let unanswered = async {
        match keepalive {
            Some(keepalive) => keepalive.unanswered().await,
            None => pending().await,
        }
    };
    let end = tokio::select! {
        end = &mut driver => Some(end),
        _ = dropped => None,
        within = unanswered => {
            return format!("no answer to a keepalive PING within {}", readable(within)).into();
        }
    };
    let end = match end {
        Some(end) => Ok(end),
        None => timeout(LINGER, driver).await,
    };
    match end {
        Ok(Ok(())) => "the server closed the connection".into(),
        Ok(Err(error)) => http2::broken(&error).fragment().into(),
        Err(_) => "the connection was closed here".into(),
    }
}
