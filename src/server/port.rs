//! A free port for a server to listen on, held so that nobody else is given it meanwhile. Main type: [`Port`].

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::expr::FreePorts;
use crate::grpc::Target;

/// Who listens on this machine takes a connection at once.
const CONNECT_WITHIN: Duration = Duration::from_secs(1);

/// A port of 127.0.0.1 that was free when it was picked.
#[derive(Debug)]
pub(super) struct Port {
    number: u16,
    /// Bound but not listening: the system gives the number to nobody, connecting to it is refused until the server
    /// listens, and whoever binds with `SO_REUSEADDR`, as nearly every server does, binds beside it.
    hold: Option<TcpSocket>,
}

impl Port {
    /// A port that stays ours until this value is dropped.
    pub(super) fn held() -> io::Result<Self> {
        let socket = bind()?;
        Ok(Self { number: socket.local_addr()?.port(), hold: Some(socket) })
    }

    /// A port given back at once, for a server that cannot bind beside a hold; somebody else may be quicker.
    pub(super) fn unheld() -> io::Result<Self> {
        Ok(Self { number: bind()?.local_addr()?.port(), hold: None })
    }

    pub(super) fn number(&self) -> u16 {
        self.number
    }

    pub(super) fn is_held(&self) -> bool {
        self.hold.is_some()
    }
}

/// The ports that `free_port()` has given to one server.
#[derive(Debug, Clone, Default)]
pub(super) struct FurtherPorts(Arc<Mutex<Vec<Port>>>);

impl FurtherPorts {
    /// What expressions take them from: held like the server's first, or not.
    pub(super) fn source(&self, held: bool) -> FreePorts {
        let ports = self.clone();
        FreePorts::new(move || {
            let port = if held { Port::held() } else { Port::unheld() };
            let port = port.map_err(|error| format!("no port is free: {error}"))?;
            let number = port.number();
            ports.0.lock().unwrap_or_else(PoisonError::into_inner).push(port);
            Ok(number)
        })
    }
}

fn bind() -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    Ok(socket)
}

/// Whether somebody on this machine takes connections at `target`.
pub(super) async fn is_taken(target: &Target) -> bool {
    let address = target.to_string();
    let Some((_, place)) = address.split_once("://") else { return false };
    let is_here = place.starts_with("localhost:")
        || place.parse().is_ok_and(|place: SocketAddr| place.ip().is_loopback() || place.ip().is_unspecified());
    is_here && timeout(CONNECT_WITHIN, TcpStream::connect(place)).await.is_ok_and(|connected| connected.is_ok())
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_server_listens_beside_the_hold_and_not_before_it_does() {
        let port = Port::held().expect("a port is free");
        let address = (Ipv4Addr::LOCALHOST, port.number());
        let refused = TcpStream::connect(address).expect_err("nobody listens yet");
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        let _listener = TcpListener::bind(address).expect("std binds with SO_REUSEADDR");
        TcpStream::connect(address).expect("the listener answers");
    }

    #[test]
    fn held_ports_are_distinct() {
        let ports: Vec<Port> = (0..50).map(|_| Port::held().expect("a port is free")).collect();
        let mut numbers: Vec<u16> = ports.iter().map(Port::number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 50);
    }

    #[test]
    fn an_unheld_port_can_be_bound_by_a_server_that_reuses_nothing() {
        let port = Port::unheld().expect("a port is free");
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port.number()))).expect("nobody holds it");
    }
}
