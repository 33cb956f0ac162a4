//! How a call ended: the status a server sent, or the one made here when it sent none.

use base64::Engine as _;
use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use percent_encoding::percent_decode;
use prost::Message as _;

use super::code::Code;
use super::metadata::{BASE64_AS_SENT, BASE64_URL_SAFE};

/// A gRPC status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    /// What the server's number means, or what the rules of gRPC make of the failure; UNKNOWN for a number that is none.
    pub(crate) code: Code,
    /// `grpc-status` as it was sent; `None` if the server sent none.
    pub(crate) raw: Option<String>,
    /// `grpc-message`, decoded, or what happened in our own words.
    pub(crate) message: String,
    /// A serialized `google.rpc.Status`; empty if there is none or it was not base64.
    pub(crate) details: Bytes,
    pub(crate) origin: Origin,
}

/// Who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Server,
    Client,
}

pub(super) const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const GRPC_STATUS_DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

impl Status {
    /// A status made here.
    pub(super) fn client(code: Code, message: impl Into<String>) -> Self {
        Self { code, raw: None, message: message.into(), details: Bytes::new(), origin: Origin::Client }
    }

    /// What the server's trailers say; `None` without a `grpc-status`.
    pub(super) fn read(trailers: &HeaderMap, warnings: &mut Vec<String>) -> Option<Self> {
        let mut values = trailers.get_all(&GRPC_STATUS).iter();
        let first = values.next()?;
        let mut raw = String::from_utf8_lossy(first.as_bytes()).into_owned();
        let mut code =
            raw.parse().ok().filter(|_| raw.bytes().all(|byte| byte.is_ascii_digit())).and_then(Code::from_number);
        for other in values {
            raw.push_str(", ");
            raw.push_str(&String::from_utf8_lossy(other.as_bytes()));
            code = None;
        }
        if code.is_none() {
            warnings.push(format!("`grpc-status` is no status code: `{}`", raw.escape_debug()));
        }
        Some(Self {
            code: code.unwrap_or(Code::Unknown),
            raw: Some(raw),
            message: message(trailers),
            details: details(trailers, warnings),
            origin: Origin::Server,
        })
    }
}

/// `grpc-message` is percent-encoded UTF-8; what is wrong in it is kept as it is, never an error (gRPC over HTTP/2,
/// "Status-Message").
fn message(trailers: &HeaderMap) -> String {
    trailers
        .get(&GRPC_MESSAGE)
        .map(|value| percent_decode(value.as_bytes()).decode_utf8_lossy().into_owned())
        .unwrap_or_default()
}

fn details(trailers: &HeaderMap, warnings: &mut Vec<String>) -> Bytes {
    let Some(value) = trailers.get(&GRPC_STATUS_DETAILS) else { return Bytes::new() };
    // `Metadata::from_headers` warns of what is not base64 as it should be.
    let decoded = BASE64_AS_SENT.decode(value.as_bytes()).or_else(|_| BASE64_URL_SAFE.decode(value.as_bytes()));
    let bytes = Bytes::from(decoded.unwrap_or_default());
    if let Err(error) = RpcStatus::decode(bytes.clone()) {
        warnings.push(format!("`grpc-status-details-bin` holds no google.rpc.Status: {error}"));
    }
    bytes
}

/// `google.rpc.Status`, to know one.
#[derive(Clone, PartialEq, prost::Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::{Code, Origin, Status};

    fn read(pairs: &[(&'static str, &'static [u8])]) -> (Option<Status>, Vec<String>) {
        let mut headers = HeaderMap::new();
        for (key, value) in pairs {
            headers.append(HeaderName::from_static(key), HeaderValue::from_bytes(value).expect("a header value"));
        }
        let mut warnings = Vec::new();
        (Status::read(&headers, &mut warnings), warnings)
    }

    fn status(pairs: &[(&'static str, &'static [u8])]) -> Status {
        read(pairs).0.expect("a status")
    }

    #[test]
    fn reads_code_message_and_details() {
        let (found, warnings) =
            read(&[("grpc-status", b"5"), ("grpc-message", b"no such%20user"), ("grpc-status-details-bin", b"CAU")]);
        let found = found.expect("a status");
        assert_eq!((found.code, found.raw.as_deref()), (Code::NotFound, Some("5")));
        assert_eq!((found.message.as_str(), &found.details[..]), ("no such user", &[8, 5][..]));
        assert_eq!(found.origin, Origin::Server);
        assert!(warnings.is_empty());
    }

    #[test]
    fn there_is_none_without_grpc_status() {
        assert_eq!(read(&[("grpc-message", b"lonely")]).0, None);
    }

    #[test]
    fn a_number_that_is_no_code_is_unknown_and_kept() {
        for raw in ["abc", "99", "", "-1", "+5", " 5", "99999999999"] {
            let (found, warnings) = read(&[("grpc-status", raw.as_bytes())]);
            let found = found.expect("a status");
            assert_eq!((found.code, found.raw.as_deref()), (Code::Unknown, Some(raw)));
            assert_eq!(warnings, [format!("`grpc-status` is no status code: `{raw}`")]);
        }
    }

    #[test]
    fn two_of_them_are_unknown() {
        let found = status(&[("grpc-status", b"0"), ("grpc-status", b"5")]);
        assert_eq!((found.code, found.raw.as_deref()), (Code::Unknown, Some("0, 5")));
    }

    #[test]
    fn a_badly_encoded_message_keeps_the_code() {
        let bad = status(&[("grpc-status", b"5"), ("grpc-message", b"100% of %zz %C3 \xc3\xa9")]);
        assert_eq!((bad.code, bad.message.as_str()), (Code::NotFound, "100% of %zz \u{fffd} é"));
    }

    #[test]
    fn the_messages_of_the_interop_suite_are_whole() {
        let encoded = b"%09%0Atest with whitespace%0D%0Aand Unicode BMP %E2%98%BA and non-BMP %F0%9F%98%88%09%0A";
        let found = status(&[("grpc-status", b"2"), ("grpc-message", encoded)]);
        assert_eq!(found.message, "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n");
    }

    #[test]
    fn details_that_are_not_base64_keep_the_code() {
        let (found, _) = read(&[("grpc-status", b"5"), ("grpc-status-details-bin", b"!!!")]);
        let found = found.expect("a status");
        assert_eq!((found.code, found.details.len()), (Code::NotFound, 0));
    }

    #[test]
    fn details_in_the_url_safe_alphabet_are_read() {
        let (found, warnings) = read(&[("grpc-status", b"5"), ("grpc-status-details-bin", b"CAUSBn5-fj8_Pw")]);
        assert_eq!(&found.expect("a status").details[..], b"\x08\x05\x12\x06~~~???");
        assert!(warnings.is_empty(), "{warnings:?}");
    }

    #[test]
    fn details_that_are_no_status_are_kept_with_a_warning() {
        let (found, warnings) = read(&[("grpc-status", b"5"), ("grpc-status-details-bin", b"////")]);
        assert_eq!(&found.expect("a status").details[..], &[0xff; 3]);
        assert!(warnings[0].starts_with("`grpc-status-details-bin` holds no google.rpc.Status: "), "{warnings:?}");
    }

    proptest! {
        #[test]
        fn any_trailers_can_be_read(status: Vec<u8>, message: Vec<u8>, details: Vec<u8>) {
            let mut headers = HeaderMap::new();
            for (key, bytes) in [("grpc-status", status), ("grpc-message", message), ("grpc-status-details-bin", details)] {
                if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                    headers.append(key, value);
                }
            }
            let _ = Status::read(&headers, &mut Vec::new());
        }
    }
}
