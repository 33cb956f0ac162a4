//! What our own test programs need of the engine, in plain types. No part of the public interface: it changes with them.

mod cel;

use std::time::{Duration, Instant};

pub use cel::{CelValue, evaluate};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;

use crate::grpc::{
    Call, CallOutcome, CallRequest, Channel, ChannelOptions, Compression, ConnectError, Limits, Metadata,
    MetadataValue, Pem, Target, Tls, TlsOptions,
};

/// Where a server is, and how it is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// As in `address:` of a suite.
    pub address: String,
    /// The authority to trust, in PEM.
    pub ca: Option<Vec<u8>>,
    /// Our certificate and its key, in PEM.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
    /// Bytes of a message received, at most.
    pub message_limit: Option<usize>,
}

/// How a call is opened.
#[derive(Debug, Default)]
pub struct Head {
    /// `/package.Service/Method`
    pub path: String,
    /// In order. Values of `-bin` keys are base64.
    pub metadata: Vec<(String, String)>,
    /// `None`: no deadline, and none is sent.
    pub timeout: Option<Duration>,
    /// As in `grpc-encoding`; messages are sent compressed, unless this is empty.
    pub compression: String,
}

/// The way to one server; its connections are shared by the calls.
#[derive(Clone)]
pub struct Client(Channel);

/// A call that is open.
pub struct OpenCall {
    call: Call,
    compressed: bool,
}

/// How a call ended.
#[derive(Debug)]
pub struct Ended {
    /// The number of its status.
    pub code: u8,
    pub message: String,
    /// A serialized `google.rpc.Status`, or nothing.
    pub details: Bytes,
    /// As on the wire: values of `-bin` keys are base64.
    pub headers: Vec<(String, String)>,
    pub trailers: Vec<(String, String)>,
    pub messages: Vec<Bytes>,
}

/// How long a call may take that has no deadline: longer than a `grpc-timeout` can say.
const NO_DEADLINE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

impl Client {
    /// A client that has not connected yet.
    ///
    /// # Errors
    /// An address or a certificate that is none.
    pub fn new(endpoint: &Endpoint) -> Result<Self, String> {
        let target = Target::parse(&endpoint.address).map_err(|error| error.to_string())?;
        let pem = |path: &str, bytes: &Vec<u8>| Pem { path: path.to_owned(), bytes: bytes.clone() };
        let tls = endpoint.ca.as_ref().map(|ca| {
            let identity = endpoint.identity.as_ref().map(|(cert, key)| (pem("cert", cert), pem("key", key)));
            Tls::new(&TlsOptions { ca: Some(pem("ca", ca)), identity, ..TlsOptions::default() })
        });
        let tls = tls.transpose().map_err(|error| error.to_string())?;
        let mut limits = Limits::default();
        limits.message = endpoint.message_limit.unwrap_or(limits.message);
        Ok(Self(Channel::new(target, ChannelOptions { limits, tls, ..ChannelOptions::default() })))
    }

    /// Opens a call. The inner error says that the server was not reached.
    ///
    /// # Errors
    /// Metadata that cannot be sent, a compression that is none.
    pub async fn open(&self, head: &Head) -> Result<Result<OpenCall, Ended>, String> {
        let mut metadata = Metadata::new();
        for (key, value) in &head.metadata {
            let value = if key.to_ascii_lowercase().ends_with("-bin") {
                let bytes = STANDARD_NO_PAD.decode(value.trim_end_matches('='));
                MetadataValue::Binary(bytes.map_err(|error| format!("`{key}`: {error}"))?.into())
            } else {
                MetadataValue::Text(value.clone())
            };
            metadata.push(key, value).map_err(|error| error.to_string())?;
        }
        let compression = match head.compression.as_str() {
            "" => Compression::Identity,
            name => Compression::from_name(name).ok_or_else(|| format!("unknown compression `{name}`"))?,
        };
        let deadline = Instant::now() + head.timeout.unwrap_or(NO_DEADLINE);
        let request = CallRequest { path: &head.path, metadata: &metadata, deadline, compression };
        let compressed = compression != Compression::Identity;
        Ok(self.0.open(request).await.map(|call| OpenCall { call, compressed }).map_err(Ended::from))
    }
}

impl OpenCall {
    /// Sends a message; false once the call has ended.
    pub async fn send(&mut self, message: Bytes) -> bool {
        self.call.send(message, self.compressed).await.is_ok()
    }

    /// Says that no more will be sent.
    pub fn close_send(&mut self) {
        self.call.close_send();
    }

    /// The next message; `None` once the call has ended. May be dropped while it waits.
    pub async fn receive(&mut self) -> Option<Bytes> {
        self.call.receive().await.map(|received| received.bytes)
    }

    /// Ends it from here.
    pub fn cancel(&mut self) {
        self.call.cancel();
    }

    /// Receives what is left.
    pub async fn finish(self) -> Ended {
        self.call.finish().await.into()
    }

    /// As [`Self::finish`], where the response is one message.
    pub async fn finish_with_one_message(self) -> Ended {
        self.call.finish_with_one_message().await.into()
    }
}

impl From<CallOutcome> for Ended {
    fn from(outcome: CallOutcome) -> Self {
        Self {
            code: outcome.status.code.number(),
            message: outcome.status.message,
            details: outcome.status.details,
            headers: pairs(&outcome.headers),
            trailers: pairs(&outcome.trailers),
            messages: outcome.messages.into_iter().map(|received| received.bytes).collect(),
        }
    }
}

impl From<ConnectError> for Ended {
    fn from(error: ConnectError) -> Self {
        Self {
            code: error.code.number(),
            message: error.to_string(),
            details: Bytes::new(),
            headers: Vec::new(),
            trailers: Vec::new(),
            messages: Vec::new(),
        }
    }
}

fn pairs(metadata: &Metadata) -> Vec<(String, String)> {
    metadata.iter().map(|(key, value)| (key.as_str().to_owned(), value.to_string())).collect()
}
