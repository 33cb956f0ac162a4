//! What a call sends before its first message.

use std::time::Instant;

use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::compression::{ACCEPTED, Compression};
use super::deadline::grpc_timeout;
use super::metadata::Metadata;
use super::target::Target;

/// What a call needs to be opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallRequest<'a> {
    /// `/package.Service/Method`
    pub(crate) path: &'a str,
    pub(crate) metadata: &'a Metadata,
    /// Sent as `grpc-timeout`, and over everything the call waits for.
    pub(crate) deadline: Instant,
    /// What the messages sent as compressed are compressed by.
    pub(crate) compression: Compression,
}

const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
pub(super) const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

const USER_AGENT: &str = concat!("grpc-spec/", env!("CARGO_PKG_VERSION"));

/// What cannot stand in a `:path`; a method's name holds none of it.
const NOT_IN_A_PATH: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'?').add(b'`').add(b'{').add(b'}');

impl<'a> CallRequest<'a> {
    /// A request whose messages are sent as they are.
    pub(crate) fn new(path: &'a str, metadata: &'a Metadata, deadline: Instant) -> Self {
        Self { path, metadata, deadline, compression: Compression::Identity }
    }

    /// The request's headers, with the time that is left from `now` on.
    pub(super) fn head(&self, target: &Target, now: Instant) -> Request<()> {
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        if let Some(timeout) = grpc_timeout(self.deadline.saturating_duration_since(now)) {
            headers.insert(GRPC_TIMEOUT, timeout);
        }
        if self.compression != Compression::Identity {
            headers.insert(GRPC_ENCODING, HeaderValue::from_static(self.compression.name()));
        }
        headers.insert(GRPC_ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED));
        self.metadata.append_to(&mut headers);
        headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static(USER_AGENT));
        let path = PathAndQuery::try_from(self.path)
            .or_else(|_| PathAndQuery::try_from(utf8_percent_encode(self.path, NOT_IN_A_PATH).to_string()));
        let mut uri = http::uri::Parts::default();
        uri.scheme = Some(target.scheme());
        uri.authority = Some(target.uri_authority());
        uri.path_and_query = Some(path.unwrap_or_else(|_| PathAndQuery::from_static("/")));
        let mut head = Request::new(());
        *head.method_mut() = Method::POST;
        *head.version_mut() = Version::HTTP_2;
        // Scheme, authority and path are all there, which is all that a URI asks for.
        *head.uri_mut() = Uri::from_parts(uri).unwrap_or_default();
        *head.headers_mut() = headers;
        head
    }
}
