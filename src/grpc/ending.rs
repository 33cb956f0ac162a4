//! The rules by which a call ends: what trailers, their absence, a response that is not gRPC, a broken stream or a
//! passed deadline mean as a status.

use std::time::Duration;

use http::{HeaderMap, header};

use super::code::Code;
use super::compression::{Compression, DecompressError};
use super::deadline::readable;
use super::frame::FrameError;
use super::http2::Broken;
use super::metadata::header_list_size;
use super::outcome::Phase;
use super::status::Status;

/// How a call ended; what an outcome is made of, beside what was sent and received on the way.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) status: Status,
    pub(super) trailers: HeaderMap,
    pub(super) trailers_only: bool,
    /// Whether the server ended the stream as it should; if not, it is reset.
    pub(super) complete: bool,
    pub(super) connection_lost: bool,
    pub(super) causes: Vec<String>,
    pub(super) hints: Vec<String>,
    pub(super) warnings: Vec<String>,
}

const RAISE_MESSAGE: &str = "raise `limits: { message: … }` of the server if this is meant to pass";
const NOT_MESSAGES: &str = "the server, or a proxy in front of it, sends something else than gRPC messages";
const CUT_SHORT: &str = "the stream ended in the middle of a message: does the server's log say why?";
const ONE_STATUS: &str = "a server must send `grpc-status` once, as a number from 0 to 16";

impl Ending {
    /// Ended here, for a reason of our own.
    pub(super) fn client(code: Code, message: impl Into<String>) -> Self {
        Self {
            status: Status::client(code, message),
            trailers: HeaderMap::new(),
            trailers_only: false,
            complete: false,
            connection_lost: false,
            causes: Vec::new(),
            hints: Vec::new(),
            warnings: Vec::new(),
        }
    }

    pub(super) fn cancelled() -> Self {
        Self::client(Code::Cancelled, "cancelled by the client")
    }

    pub(super) fn deadline(after: Duration, phase: Phase) -> Self {
        let hint = match phase {
            Phase::FreeStream => "the server takes no more calls on the connection: run fewer at a time, with `--jobs`",
            Phase::Sending { .. } => "the server does not read what is sent: its HTTP/2 window is used up",
            _ => "if the server may take longer, raise the `timeout`",
        };
        let headline = format!("deadline exceeded after {}, {phase}", readable(after));
        Self { hints: vec![hint.to_owned()], ..Self::client(Code::DeadlineExceeded, headline) }
    }

    /// The stream or its connection broke.
    pub(super) fn broken(broken: Broken) -> Self {
        let Broken { code, headline, causes, hints, connection_lost, .. } = broken;
        Self { connection_lost, causes, hints, ..Self::client(code, headline) }
    }

    /// What came is not a message, or more than is allowed.
    pub(super) fn frame(error: FrameError) -> Self {
        match error {
            FrameError::OverLimit { .. } => Self {
                hints: vec![RAISE_MESSAGE.to_owned()],
                ..Self::client(Code::ResourceExhausted, error.to_string())
            },
            FrameError::Flag(_) => {
                Self { hints: vec![NOT_MESSAGES.to_owned()], ..Self::client(Code::Internal, error.to_string()) }
            }
        }
    }

    /// A message that cannot be unpacked.
    pub(super) fn decompress(number: usize, compression: Compression, error: &DecompressError) -> Self {
        match error {
            DecompressError::OverLimit { .. } => Self {
                hints: vec![RAISE_MESSAGE.to_owned()],
                ..Self::client(Code::ResourceExhausted, error.to_string())
            },
            DecompressError::Broken(cause) => Self {
                causes: vec![cause.clone()],
                hints: vec![format!("the server said `grpc-encoding: {compression}`, and must keep to it")],
                ..Self::client(Code::Internal, format!("message {number} is not {compression}"))
            },
        }
    }

    /// Headers or trailers over the limit; `None` if they are within.
    pub(super) fn oversize(what: &str, headers: &HeaderMap, limit: usize) -> Option<Self> {
        let size = header_list_size(headers);
        (size > limit).then(|| Self {
            hints: vec!["raise `limits: { metadata: … }` of the server if this is meant to pass".to_owned()],
            ..Self::client(Code::ResourceExhausted, format!("{what} of {size} bytes are over the limit of {limit}"))
        })
    }

    /// The stream ended in order, with these trailers (none: an empty map) and perhaps in the middle of a message.
    pub(super) fn trailers(http_status: u16, trailers: HeaderMap, cut: Option<String>) -> Self {
        let mut warnings = Vec::new();
        let status = Status::read(&trailers, &mut warnings);
        if let (Some(_), false) = (&status, http_status == 200) {
            warnings.push(format!("HTTP status {http_status} beside a `grpc-status`"));
        }
        let ending = match (status, cut) {
            (Some(status), Some(cut)) if status.code == Code::Ok => Self {
                causes: vec![format!("the server said {} all the same", status.code)],
                hints: vec![CUT_SHORT.to_owned()],
                ..Self::client(Code::Internal, cut)
            },
            (Some(status), cut) => {
                warnings.extend(cut);
                let is_none = status.raw.as_ref().is_some_and(|raw| *raw != status.code.number().to_string());
                let hints = is_none.then(|| ONE_STATUS.to_owned()).into_iter().collect();
                Self { status, hints, ..Self::client(Code::Ok, "") }
            }
            (None, Some(cut)) => Self { hints: vec![CUT_SHORT.to_owned()], ..Self::client(Code::Internal, cut) },
            (None, None) if http_status != 200 => {
                Self::client(code_of_http(http_status), format!("HTTP status {http_status} without a `grpc-status`"))
            }
            (None, None) => {
                let found = if trailers.is_empty() { "no trailers" } else { "trailers without a `grpc-status`" };
                Self {
                    hints: vec!["is there a proxy on the way that drops trailers?".to_owned()],
                    ..Self::client(Code::Unknown, format!("the response ended with {found}"))
                }
            }
        };
        Self { trailers, complete: true, warnings, ..ending }
    }

    /// A response that is not gRPC, and what its body begins with.
    pub(super) fn foreign(http_status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let content_type = headers.get(header::CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let found = match &content_type {
            None => "without a content-type".to_owned(),
            Some(text) => format!("with content-type `{}`", text.escape_debug()),
        };
        let code = match content_type.as_deref() {
            Some(text) if http_status == 200 && is_grpc_of_another_codec(text) => Code::Internal,
            _ => code_of_http(http_status),
        };
        let mut causes = Vec::new();
        if !body.is_empty() {
            causes.push(format!("the body begins with `{}`", String::from_utf8_lossy(body).escape_debug()));
        }
        let hint = match (http_status, content_type.as_deref()) {
            (_, Some(text)) if text.starts_with("application/grpc-web") => {
                "the server speaks gRPC-Web here, not gRPC: is this the port of a proxy for browsers?"
            }
            (300..=399, _) => "gRPC does not follow redirects: use the address that `location` names in its headers",
            (401 | 403, _) => "is there a proxy in front that asks for credentials?",
            (404, _) => "an HTTP server answers here that does not know the method: is this the gRPC port?",
            (502..=504, _) => "a proxy answers that could not reach the server behind it: is that one running?",
            (200, None) => "the server, or a proxy in front of it, must send `content-type: application/grpc`",
            (200, Some(text)) if is_grpc_of_another_codec(text) => {
                "messages are protobuf here: have the server answer with `application/grpc`"
            }
            _ => "an HTTP server answers here: is this the gRPC port?",
        };
        let headline = format!("HTTP {http_status} {found}, which is not a gRPC response");
        Self { causes, hints: vec![hint.to_owned()], ..Self::client(code, headline) }
    }

    /// A CANCELLED at the deadline is the deadline's: the server counts it down too, and may strike first.
    pub(super) fn at_deadline(self, after: Duration, phase: Phase) -> Self {
        if self.status.code != Code::Cancelled {
            return self;
        }
        let said = match &self.status.raw {
            Some(_) if self.status.message.is_empty() => "the server ended the call with CANCELLED".to_owned(),
            Some(_) => format!("the server ended the call with CANCELLED: {}", self.status.message),
            None => self.status.message.clone(),
        };
        let late = Self::deadline(after, phase);
        Self { status: Status { raw: self.status.raw, ..late.status }, causes: vec![said], ..self }
    }
}

/// Whether a response with this content-type holds messages we can read: `application/grpc`, `application/grpc+proto`.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/grpc") || essence.eq_ignore_ascii_case("application/grpc+proto")
}

fn is_grpc_of_another_codec(content_type: &str) -> bool {
    content_type.starts_with("application/grpc+") || content_type.starts_with("application/grpc;")
}

/// What an HTTP status means that came without a `grpc-status` (gRPC, "HTTP to gRPC Status Code Mapping").
fn code_of_http(status: u16) -> Code {
    match status {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502..=504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}
