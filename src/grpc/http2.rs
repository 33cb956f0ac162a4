//! What HTTP/2 says went wrong, in gRPC's codes and in words.

use h2::Reason;

use super::code::Code;
use super::tls_error::explain_alert;

/// A stream or a connection that ended before its time.
#[derive(Clone, Debug)]
pub(super) struct Broken {
    pub(super) code: Code,
    pub(super) headline: String,
    pub(super) causes: Vec<String>,
    pub(super) hints: Vec<String>,
    /// The connection is gone, and how it ended says more than the stream knows.
    pub(super) connection_lost: bool,
}

/// The start of a SETTINGS frame on stream 0, which every HTTP/2 connection begins with (RFC 9113, 3.4).
pub(super) fn is_settings(first: &[u8]) -> bool {
    first.len() >= FRAME_HEADER && first[3] == 4 && first[5..FRAME_HEADER] == [0; 4]
}

pub(super) const FRAME_HEADER: usize = 9;

/// What an error of the HTTP/2 library means for the call it ended.
pub(super) fn broken(error: &h2::Error) -> Broken {
    let reason = error.reason();
    let name = reason.map(named).unwrap_or_default();
    if error.is_reset() && error.is_remote() {
        let code = reason.map_or(Code::Internal, code_of_reset);
        return Broken::new(code, format!("the server reset the stream: {name}"), Vec::new());
    }
    if error.is_go_away() && error.is_remote() {
        let text = match debug_data(error) {
            Some(data) => format!("the server closed the connection: GOAWAY {name} `{data}`"),
            None => format!("the server closed the connection: GOAWAY {name}"),
        };
        let mut broken = Broken::new(Code::Unavailable, text, Vec::new());
        if reason == Some(Reason::ENHANCE_YOUR_CALM) {
            broken
                .hints
                .push("the server finds this client too busy: too many pings, or streams reset too fast".to_owned());
        }
        return broken;
    }
    if let Some(io) = error.get_io() {
        let text = io.to_string();
        let (cause, hint) = match explain_alert(&text) {
            Some((cause, hint)) => (cause, Some(hint)),
            None => (text, None),
        };
        return Broken {
            connection_lost: true,
            hints: hint.into_iter().collect(),
            ..Broken::new(Code::Unavailable, "the connection was lost".to_owned(), vec![cause])
        };
    }
    let mut causes: Vec<_> = reason.map(|reason| reason.description().to_owned()).into_iter().collect();
    causes.extend(debug_data(error));
    if error.is_reset() || error.is_go_away() {
        return Broken::new(Code::Internal, format!("the server broke the rules of HTTP/2: {name}"), causes);
    }
    Broken::new(Code::Internal, "the HTTP/2 stream could not be used".to_owned(), vec![error.to_string()])
}

impl Broken {
    fn new(code: Code, headline: String, causes: Vec<String>) -> Self {
        Self { code, headline, causes, hints: Vec::new(), connection_lost: false }
    }

    /// How a connection ended, as one fragment: `GOAWAY …` or `connection reset by peer`.
    pub(super) fn fragment(&self) -> String {
        match &self.causes[..] {
            [only] if self.connection_lost => only.clone(),
            causes => std::iter::once(&self.headline).chain(causes).cloned().collect::<Vec<_>>().join(": "),
        }
    }
}

/// The code of a stream that the server reset (gRPC over HTTP/2, "Errors").
fn code_of_reset(reason: Reason) -> Code {
    match reason {
        Reason::REFUSED_STREAM => Code::Unavailable,
        Reason::CANCEL => Code::Cancelled,
        Reason::ENHANCE_YOUR_CALM => Code::ResourceExhausted,
        Reason::INADEQUATE_SECURITY => Code::PermissionDenied,
        _ if u32::from(reason) <= LAST_REASON => Code::Internal,
        _ => Code::Unknown,
    }
}

const LAST_REASON: u32 = 13;

/// `CANCEL (0x8)`
fn named(reason: Reason) -> String {
    let number = u32::from(reason);
    let name = match reason {
        Reason::NO_ERROR => "NO_ERROR",
        Reason::PROTOCOL_ERROR => "PROTOCOL_ERROR",
        Reason::INTERNAL_ERROR => "INTERNAL_ERROR",
        Reason::FLOW_CONTROL_ERROR => "FLOW_CONTROL_ERROR",
        Reason::SETTINGS_TIMEOUT => "SETTINGS_TIMEOUT",
        Reason::STREAM_CLOSED => "STREAM_CLOSED",
        Reason::FRAME_SIZE_ERROR => "FRAME_SIZE_ERROR",
        Reason::REFUSED_STREAM => "REFUSED_STREAM",
        Reason::CANCEL => "CANCEL",
        Reason::COMPRESSION_ERROR => "COMPRESSION_ERROR",
        Reason::CONNECT_ERROR => "CONNECT_ERROR",
        Reason::ENHANCE_YOUR_CALM => "ENHANCE_YOUR_CALM",
        Reason::INADEQUATE_SECURITY => "INADEQUATE_SECURITY",
        Reason::HTTP_1_1_REQUIRED => "HTTP_1_1_REQUIRED",
        _ => "unknown error code",
    };
    format!("{name} ({number:#x})")
}

/// The debug data of a GOAWAY. The library tells it in its text alone, at the end and escaped: `… (b"too_many_pings")`.
fn debug_data(error: &h2::Error) -> Option<String> {
    let text = error.to_string();
    let (_, data) = text.split_once(" (b\"")?;
    data.strip_suffix("\")").map(str::to_owned)
}
