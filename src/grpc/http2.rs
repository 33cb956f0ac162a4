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
    /// By an alert of TLS, which says why.
    pub(super) by_alert: bool,
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
        let hint = match reason {
            Some(Reason::REFUSED_STREAM) => "the server did not take the call: is it overloaded, or shutting down?",
            Some(Reason::ENHANCE_YOUR_CALM) => BUSY,
            Some(Reason::INADEQUATE_SECURITY) => {
                "the server asks for a better secured connection: is `https://` meant?"
            }
            Some(Reason::HTTP_1_1_REQUIRED) => "the server wants HTTP/1.1 for this: is this the gRPC port?",
            _ => "the server, or a proxy in front of it, gave the call up: does its log say why?",
        };
        return Broken::new(code, format!("the server reset the stream: {name}")).hint(hint);
    }
    if error.is_go_away() && error.is_remote() {
        let text = match debug_data(error) {
            Some(data) => format!("the server closed the connection: GOAWAY {name} `{data}`"),
            None => format!("the server closed the connection: GOAWAY {name}"),
        };
        let is_busy = reason == Some(Reason::ENHANCE_YOUR_CALM);
        return Broken::new(Code::Unavailable, text).hint(if is_busy { BUSY } else { SHUTTING_DOWN });
    }
    if let Some(io) = error.get_io() {
        let text = io.to_string();
        let alert = explain_alert(&text);
        let by_alert = alert.is_some();
        let (cause, hint) = alert.unwrap_or((text, LOST.to_owned()));
        let lost = Broken::new(Code::Unavailable, "the connection was lost".to_owned()).hint(hint);
        return Broken { causes: vec![cause], connection_lost: true, by_alert, ..lost };
    }
    let mut causes: Vec<_> = reason.map(|reason| reason.description().to_owned()).into_iter().collect();
    causes.extend(debug_data(error));
    if error.is_reset() || error.is_go_away() {
        let broken =
            Broken::new(Code::Internal, format!("the server broke the rules of HTTP/2: {name}")).hint(NO_RULES);
        return Broken { causes, ..broken };
    }
    let unused = Broken::new(Code::Internal, "the HTTP/2 stream could not be used".to_owned()).hint(LOST);
    Broken { causes: vec![error.to_string()], ..unused }
}

const BUSY: &str = "the server finds this client too busy: too many pings, or streams reset too fast";
const SHUTTING_DOWN: &str = "is the server shutting down, or does it close old connections? Its log may say why";
const LOST: &str = "did the server crash, or was it stopped? Its log may say why";
const NO_RULES: &str = "the fault is in the server, or in a proxy in front of it, not in the case";

impl Broken {
    fn new(code: Code, headline: String) -> Self {
        Self { code, headline, causes: Vec::new(), hints: Vec::new(), connection_lost: false, by_alert: false }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
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
