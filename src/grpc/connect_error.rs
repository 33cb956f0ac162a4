//! Why a server could not be reached, in words: what was tried, what came back, and the way out.

use std::fmt;
use std::io;
use std::time::Duration;

use super::code::Code;
use super::deadline::readable;
use super::http2::{self, Broken};
use super::target::{Endpoint, Target};

/// No connection could be made, so no call was: `unreachable`, not a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConnectError {
    /// What gRPC calls it: `UNAVAILABLE`, or `DEADLINE_EXCEEDED` if time ran out first.
    pub(crate) code: Code,
    /// `cannot connect to http://127.0.0.1:50051`
    pub(crate) headline: String,
    /// Why, from the outermost to the innermost.
    pub(crate) causes: Vec<String>,
    /// Ways out.
    pub(crate) hints: Vec<String>,
}

/// How far an attempt to connect got; what a deadline that passes meanwhile has to say.
#[derive(Clone, Debug, Default)]
pub(super) enum Stage {
    /// Another call makes the connection, or nothing has begun.
    #[default]
    Waiting,
    Resolving,
    /// Dialling this address.
    Dialling(String),
    Tls,
    /// The transport stands, HTTP/2 does not yet.
    Settings,
}

impl ConnectError {
    pub(super) fn resolve(target: &Target, host: &str, error: &io::Error) -> Self {
        Self {
            code: Code::Unavailable,
            headline: format!("cannot connect to {target}"),
            causes: vec![format!("cannot resolve `{host}`: {error}")],
            hints: vec![format!("check the host's name: does `getent hosts {host}` find it?")],
        }
    }

    /// Every address that was tried, and what became of it.
    pub(super) fn dial(target: &Target, errors: &[(String, io::Error)]) -> Self {
        let mut hints = Vec::new();
        if errors.iter().any(|(_, error)| error.kind() == io::ErrorKind::ConnectionRefused) {
            hints.push(format!("nothing listens on {}: is the server running, and on this port?", target.endpoint));
        }
        if errors.iter().any(|(_, error)| error.kind() == io::ErrorKind::NotFound) {
            hints.push(format!("there is no socket {}: is the server running?", target.endpoint));
        }
        let causes = errors.iter().map(|(address, error)| format!("{address}: {}", plain(error))).collect();
        Self { code: Code::Unavailable, headline: format!("cannot connect to {target}"), causes, hints }
    }

    /// The transport stood, but what came over it was not HTTP/2; `first` is what came.
    pub(super) fn not_http2(target: &Target, first: &[u8], broken: Option<&Broken>) -> Self {
        if let Some(Broken { causes, hints, .. }) = broken.filter(|broken| broken.by_alert) {
            let headline = format!("no HTTP/2 connection to {target}");
            return Self { code: Code::Unavailable, headline, causes: causes.clone(), hints: hints.clone() };
        }
        let (cause, hint) = diagnose(target, first);
        let mut causes = vec![cause];
        if let Some(broken) = broken.filter(|_| http2::is_settings(first) || first.is_empty()) {
            causes.push(broken.headline.clone());
            causes.extend(broken.causes.iter().cloned());
        }
        Self {
            code: Code::Unavailable,
            headline: format!("no HTTP/2 connection to {target}"),
            causes,
            hints: hint.into_iter().collect(),
        }
    }

    /// The deadline passed; `first` is what had come by then.
    pub(super) fn timed_out(target: &Target, stage: &Stage, first: &[u8], waited: Duration) -> Self {
        let waited = readable(waited);
        let mut hints = Vec::new();
        let cause = match stage {
            Stage::Waiting => "waiting for a connection".to_owned(),
            Stage::Resolving => "resolving the host's name".to_owned(),
            Stage::Dialling(address) => {
                hints.push("nothing answers there: is the address right, does a firewall drop packets?".to_owned());
                format!("connecting to {address}")
            }
            Stage::Tls => {
                hints.push(format!("does the server expect plaintext? Then write `http://{}`", target.endpoint));
                "waiting for the TLS handshake".to_owned()
            }
            Stage::Settings if first.is_empty() => {
                hints.push(silent(target));
                "no HTTP/2 SETTINGS received: the peer accepts the connection and says nothing".to_owned()
            }
            Stage::Settings => {
                let (cause, hint) = diagnose(target, first);
                hints.extend(hint);
                format!("no HTTP/2 SETTINGS received: {cause}")
            }
        };
        Self {
            code: Code::DeadlineExceeded,
            headline: format!("no connection to {target} within {waited}"),
            causes: vec![cause],
            hints,
        }
    }

    /// A connection that stood, but is of no use.
    pub(super) fn lost(target: &Target, broken: Broken) -> Self {
        let Broken { headline, mut causes, hints, .. } = broken;
        causes.insert(0, headline);
        Self { code: Code::Unavailable, headline: format!("no connection to {target}"), causes, hints }
    }

    /// A PING that was not answered in time.
    pub(super) fn no_pong(target: &Target, waited: Duration) -> Self {
        Self {
            code: Code::DeadlineExceeded,
            headline: format!("{target} did not answer an HTTP/2 PING within {}", readable(waited)),
            causes: Vec::new(),
            hints: Vec::new(),
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.headline)?;
        self.causes.iter().try_for_each(|cause| write!(formatter, ": {cause}"))
    }
}

impl std::error::Error for ConnectError {}

const WHICH_PORT: &str = "is this the port of a gRPC server?";

/// What a peer that is not HTTP/2 seems to be, from the first bytes it sent.
fn diagnose(target: &Target, first: &[u8]) -> (String, Option<String>) {
    if first.is_empty() {
        ("the server closed the connection without a word".to_owned(), Some(silent(target)))
    } else if first.starts_with(&[0x15, 3]) {
        let hint = match &target.endpoint {
            tcp @ Endpoint::Tcp { .. } => format!("the server expects TLS: write `https://{tcp}`"),
            Endpoint::Unix(_) => "the server expects TLS, which a `unix:` address does not use".to_owned(),
        };
        ("the server answered with a TLS alert".to_owned(), Some(hint))
    } else if first.starts_with(b"HTTP/") {
        let hint = "gRPC needs HTTP/2: is this another port of the server, or a proxy that speaks HTTP/1.1 only?";
        (format!("the server answered in HTTP/1: `{}`", line(first)), Some(hint.to_owned()))
    } else if first.starts_with(b"SSH-") {
        (format!("the server answered `{}`", line(first)), Some("this is an SSH server: is the port right?".to_owned()))
    } else if http2::is_settings(first) {
        (
            "the connection ended after the server's SETTINGS".to_owned(),
            Some("does the server's log say why it closes connections?".to_owned()),
        )
    } else if first.iter().take(8).all(|byte| matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t')) {
        (format!("the server answered with text that is not HTTP/2: `{}`", line(first)), Some(WHICH_PORT.to_owned()))
    } else {
        let shown: Vec<_> = first.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let cause = format!("the server answered with bytes that are not HTTP/2: {}", shown.join(" "));
        (cause, Some(WHICH_PORT.to_owned()))
    }
}

fn silent(target: &Target) -> String {
    if target.tls {
        WHICH_PORT.to_owned()
    } else {
        format!("{WHICH_PORT} If it expects TLS, write `https://{}`", target.endpoint)
    }
}

fn line(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).escape_debug().to_string()
}

/// `connection refused`, without the number behind it where the kind says it all.
fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::NotFound => "no such file".to_owned(),
        _ => error.to_string(),
    }
}
