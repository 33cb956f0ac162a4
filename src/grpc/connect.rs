//! From an address to a transport: name, TCP or unix socket.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpStream, UnixStream, lookup_host};

use super::channel::Limits;
use super::connect_error::{ConnectError, Stage};
use super::connection::Connection;
use super::first_bytes::{FirstBytes, Io, Observed};
use super::target::{Endpoint, Target};

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

/// Connects, and waits until the server has shown that it speaks HTTP/2. The caller sets the time limit.
pub(super) async fn connect(target: &Target, limits: Limits, progress: &Progress) -> Result<Connection, ConnectError> {
    progress.first.clear();
    let io = transport(target, progress).await?;
    progress.reached(Stage::Settings);
    let first = progress.first.clone();
    match Connection::establish(Observed::new(io, first.clone()), &first, limits).await {
        Ok(connection) => {
            progress.reached(Stage::Waiting);
            Ok(connection)
        }
        Err(broken) => Err(ConnectError::not_http2(target, &first.get(), broken.as_ref())),
    }
}

async fn transport(target: &Target, progress: &Progress) -> Result<Box<dyn Io>, ConnectError> {
    match &target.endpoint {
        Endpoint::Tcp { host, port } => {
            progress.reached(Stage::Resolving);
            let addresses = lookup_host((host.as_str(), *port))
                .await
                .map_err(|error| ConnectError::resolve(target, host, &error))?;
            let mut errors = Vec::new();
            for address in addresses {
                progress.reached(Stage::Dialling(address.to_string()));
                match TcpStream::connect(address).await.and_then(without_delay) {
                    Ok(stream) => return Ok(Box::new(stream)),
                    Err(error) => errors.push((address.to_string(), error)),
                }
            }
            Err(ConnectError::dial(target, &errors))
        }
        Endpoint::Unix(path) => {
            progress.reached(Stage::Dialling(target.to_string()));
            match UnixStream::connect(path).await {
                Ok(stream) => Ok(Box::new(stream)),
                Err(error) => Err(ConnectError::dial(target, &[(path.display().to_string(), error)])),
            }
        }
    }
}

/// Small frames leave at once: a call would wait for the peer's acknowledgement otherwise.
fn without_delay(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    Ok(stream)
}
