//! From an address to a connection: name, TCP or unix socket, TLS, HTTP/2.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpStream, UnixStream, lookup_host};

use super::channel::ChannelOptions;
use super::connect_error::{ConnectError, Stage};
use super::connection::Connection;
use super::first_bytes::{FirstBytes, Io, Observed};
use super::target::{Endpoint, Target};
use super::tls::{Handshake, Tls};

/// How far the attempt to connect has got, for whoever's deadline passes meanwhile.
#[derive(Debug, Default)]
pub(super) struct Progress {
    stage: Mutex<Stage>,
    first: FirstBytes,
}

impl Progress {
    pub(super) fn timed_out(&self, target: &Target, waited: Duration) -> ConnectError {
        let stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner).clone();
        ConnectError::timed_out(target, &stage, &self.first.get(), waited)
    }

    fn reached(&self, stage: Stage) {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = stage;
    }
}

const NO_ALPN: &str = "the server did not agree on HTTP/2 (ALPN `h2`); other gRPC clients may refuse it";

/// Connects, and waits until the server has shown that it speaks HTTP/2. The caller sets the time limit.
pub(super) async fn connect(
    target: &Target,
    options: &ChannelOptions,
    progress: &Progress,
) -> Result<Connection, ConnectError> {
    progress.first.clear();
    let (io, handshake) = match &target.endpoint {
        Endpoint::Tcp { host, port } => {
            let stream = tcp(target, host, *port, progress).await?;
            if target.tls {
                secure(target, host, stream, options, progress).await?
            } else {
                (Box::new(stream) as Box<dyn Io>, None)
            }
        }
        Endpoint::Unix(path) => {
            progress.reached(Stage::Dialling(target.to_string()));
            let stream = UnixStream::connect(path).await;
            let stream = stream.map_err(|error| ConnectError::dial(target, &[(path.display().to_string(), error)]))?;
            (Box::new(stream) as Box<dyn Io>, None)
        }
    };
    progress.reached(Stage::Settings);
    let warning = handshake.filter(|handshake| !handshake.agreed_on_http2).map(|_| NO_ALPN.to_owned());
    let first = progress.first.clone();
    match Connection::establish(Observed::new(io, first.clone()), &first, options, warning.clone()).await {
        Ok(connection) => {
            progress.reached(Stage::Waiting);
            Ok(connection)
        }
        Err(broken) => {
            let first = first.get();
            let explained = broken.as_ref().is_some_and(|broken| broken.by_alert);
            let refused = handshake.filter(|_| first.is_empty() && !explained);
            let refused = refused.and_then(|handshake| ConnectError::closed_after_tls(target, handshake.certificate));
            Err(refused.unwrap_or_else(|| {
                let mut error = ConnectError::not_http2(target, &first, broken.as_ref());
                error.causes.extend(warning);
                error
            }))
        }
    }
}

async fn tcp(target: &Target, host: &str, port: u16, progress: &Progress) -> Result<TcpStream, ConnectError> {
    progress.reached(Stage::Resolving);
    let addresses = lookup_host((host, port)).await.map_err(|error| ConnectError::resolve(target, host, &error))?;
    let mut errors = Vec::new();
    for address in addresses {
        progress.reached(Stage::Dialling(address.to_string()));
        match TcpStream::connect(address).await.and_then(without_delay) {
            Ok(stream) => return Ok(stream),
            Err(error) => errors.push((address.to_string(), error)),
        }
    }
    Err(ConnectError::dial(target, &errors))
}

async fn secure(
    target: &Target,
    host: &str,
    stream: TcpStream,
    options: &ChannelOptions,
    progress: &Progress,
) -> Result<(Box<dyn Io>, Option<Handshake>), ConnectError> {
    progress.reached(Stage::Tls);
    let tls = match &options.tls {
        Some(tls) => tls.clone(),
        None => Tls::system().map_err(|error| ConnectError::tls_setup(target, &error))?,
    };
    let (stream, handshake) = tls.connect(target, host, stream).await?;
    Ok((Box::new(stream), Some(handshake)))
}

/// Small frames leave at once: a call would wait for the peer's acknowledgement otherwise.
fn without_delay(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    Ok(stream)
}
