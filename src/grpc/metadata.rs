//! Metadata: an ordered multimap of lower-case keys, whose `-bin` keys hold bytes and all others text.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

/// What a peer sent, or what is sent to it, in order; a key may be there several times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Metadata {
    entries: Vec<(MetadataKey, MetadataValue)>,
}

/// A key: lower case, without the characters HTTP forbids.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct MetadataKey(HeaderName);

/// A value: bytes under a `-bin` key, text under any other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MetadataValue {
    Text(String),
    Binary(Bytes),
}

/// Why a pair cannot be sent. A lower-case fragment, and the way out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{headline}")]
pub(crate) struct MetadataError {
    pub(crate) headline: String,
    pub(crate) help: Option<&'static str>,
}

/// Padding may be there or not when reading (gRPC over HTTP/2, "Custom-Metadata").
pub(super) const BASE64_AS_SENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Read only to be of help: the specification asks for the standard alphabet.
pub(super) const BASE64_URL_SAFE: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Set by the protocol, or forbidden in HTTP/2; `grpc-…` is reserved as a whole.
const RESERVED: [&str; 10] = [
    "connection",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl Metadata {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a value to what a request sends.
    ///
    /// # Errors
    /// A key that cannot be one or is reserved, text with characters outside of printable ASCII, text under a `-bin`
    /// key, bytes under another.
    pub(crate) fn push(&mut self, key: &str, value: MetadataValue) -> Result<(), MetadataError> {
        let key = MetadataKey::parse(key)?;
        match &value {
            MetadataValue::Text(_) if key.is_binary() => {
                return Err(MetadataError {
                    headline: format!("`{key}` holds bytes, not text"),
                    help: Some("a key that ends in `-bin` takes `{$hex: …}`, `{$utf8: …}` or base64"),
                });
            }
            MetadataValue::Binary(_) if !key.is_binary() => {
                return Err(MetadataError {
                    headline: format!("`{key}` holds text, not bytes"),
                    help: Some("a key with bytes ends in `-bin`"),
                });
            }
            MetadataValue::Text(text) => {
                if let Some(found) = text.chars().find(|character| !matches!(character, ' '..='~')) {
                    return Err(MetadataError {
                        headline: format!("{found:?} in the value of `{key}`"),
                        help: Some("metadata is printable ASCII; other text goes under a key that ends in `-bin`"),
                    });
                }
            }
            MetadataValue::Binary(_) => {}
        }
        self.entries.push((key, value));
        Ok(())
    }

    /// All values of a key, in the order they were sent. The key's case does not matter.
    pub(crate) fn get_all<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a MetadataValue> {
        let key: Cow<'_, str> = if key.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(key.to_ascii_lowercase())
        } else {
            Cow::Borrowed(key)
        };
        self.entries.iter().filter(move |(name, _)| name.as_str() == key).map(|(_, value)| value)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&MetadataKey, &MetadataValue)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What a server sent. A `-bin` value may hold several, joined by commas; one that is not base64 stays as the text
    /// it is, with a warning.
    pub(super) fn from_headers(headers: &HeaderMap, warnings: &mut Vec<String>) -> Self {
        let mut entries = Vec::with_capacity(headers.len());
        for (name, value) in headers {
            let key = MetadataKey(name.clone());
            if key.is_binary() {
                for part in value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                    let value = if let Ok(bytes) = BASE64_AS_SENT.decode(part) {
                        MetadataValue::Binary(bytes.into())
                    } else {
                        let raw = String::from_utf8_lossy(part).into_owned();
                        let is = match BASE64_URL_SAFE.decode(part) {
                            Ok(_) => "is in the URL-safe alphabet of base64, not in the standard one",
                            Err(_) => "is not base64",
                        };
                        warnings.push(format!("`{key}` {is}: `{}`", raw.escape_debug()));
                        MetadataValue::Text(raw)
                    };
                    entries.push((key.clone(), value));
                }
            } else {
                entries.push((key, MetadataValue::Text(String::from_utf8_lossy(value.as_bytes()).into_owned())));
            }
        }
        Self { entries }
    }

    pub(super) fn append_to(&self, headers: &mut HeaderMap) {
        for (key, value) in &self.entries {
            let value = match value {
                MetadataValue::Text(text) => HeaderValue::from_bytes(text.as_bytes()),
                MetadataValue::Binary(bytes) => HeaderValue::try_from(STANDARD_NO_PAD.encode(bytes)),
            };
            // `push` lets in printable ASCII only, and what was received was a header value already.
            if let Ok(value) = value {
                headers.append(key.0.clone(), value);
            }
        }
    }
}

impl MetadataKey {
    /// A key of a request, in any case.
    ///
    /// # Errors
    /// Characters that are not letters, digits, `_`, `-` or `.`; a reserved name.
    pub(crate) fn parse(key: &str) -> Result<Self, MetadataError> {
        let lower = key.to_ascii_lowercase();
        if lower.starts_with(':') || lower.starts_with("grpc-") || RESERVED.contains(&lower.as_str()) {
            return Err(MetadataError {
                headline: format!("`{key}` is reserved"),
                help: Some("the protocol sets it; a case cannot"),
            });
        }
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.');
        match HeaderName::from_bytes(lower.as_bytes()) {
            Ok(name) if lower.bytes().all(legal) => Ok(Self(name)),
            _ => Err(MetadataError {
                headline: format!("`{key}` cannot be a metadata key"),
                help: Some("a key is letters, digits, `_`, `-` and `.`"),
            }),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether its values are bytes.
    pub(crate) fn is_binary(&self) -> bool {
        self.0.as_str().ends_with("-bin")
    }
}

/// Text as it is, bytes as the base64 that is sent.
impl fmt::Display for MetadataValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => formatter.write_str(text),
            Self::Binary(bytes) => formatter.write_str(&STANDARD_NO_PAD.encode(bytes)),
        }
    }
}

impl fmt::Display for MetadataKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for MetadataKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), formatter)
    }
}

/// The size of a header list as HTTP/2 counts it (RFC 9113, 6.5.2): 32 more than name and value for each field.
pub(super) fn header_list_size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::{Metadata, MetadataValue};

    fn text(value: &str) -> MetadataValue {
        MetadataValue::Text(value.to_owned())
    }

    fn binary(value: &'static [u8]) -> MetadataValue {
        MetadataValue::Binary(Bytes::from_static(value))
    }

    fn received(pairs: &[(&'static str, &'static str)]) -> (Metadata, Vec<String>) {
        let mut headers = HeaderMap::new();
        for (key, value) in pairs {
            headers.append(HeaderName::from_static(key), HeaderValue::from_static(value));
        }
        let mut warnings = Vec::new();
        (Metadata::from_headers(&headers, &mut warnings), warnings)
    }

    #[test]
    fn keeps_the_order_of_repeated_keys() {
        let mut metadata = Metadata::new();
        for value in ["b", "a", "c"] {
            metadata.push("X-Many", text(value)).expect("legal");
        }
        assert!(metadata.get_all("x-many").eq(&[text("b"), text("a"), text("c")]));
        let mut headers = HeaderMap::new();
        metadata.append_to(&mut headers);
        assert!(headers.get_all("x-many").iter().eq(["b", "a", "c"]));
    }

    #[test]
    fn bytes_are_sent_as_base64_without_padding() {
        let mut metadata = Metadata::new();
        metadata.push("trace-bin", binary(&[0xab, 0xab])).expect("legal");
        let mut headers = HeaderMap::new();
        metadata.append_to(&mut headers);
        assert_eq!(headers["trace-bin"], "q6s");
    }

    #[test]
    fn bytes_are_read_with_and_without_padding_and_joined_by_commas() {
        let (metadata, warnings) = received(&[("a-bin", "q6s="), ("a-bin", "q6s"), ("b-bin", "q6s=, AAE")]);
        assert!(metadata.get_all("a-bin").eq(&[binary(&[0xab, 0xab]), binary(&[0xab, 0xab])]));
        assert!(metadata.get_all("b-bin").eq(&[binary(&[0xab, 0xab]), binary(&[0, 1])]));
        assert_eq!(warnings, Vec::<String>::new());
    }

    #[test]
    fn bytes_that_are_not_base64_stay_raw_with_a_warning() {
        let (metadata, warnings) = received(&[("a-bin", "not base64!")]);
        assert!(metadata.get_all("a-bin").eq(&[text("not base64!")]));
        assert_eq!(warnings, ["`a-bin` is not base64: `not base64!`"]);
    }

    #[test]
    fn refuses_what_cannot_be_sent() {
        let mut metadata = Metadata::new();
        for (key, value, headline) in [
            ("grpc-timeout", text("1S"), "`grpc-timeout` is reserved"),
            ("Content-Type", text("x"), "`Content-Type` is reserved"),
            (":path", text("x"), "`:path` is reserved"),
            ("te", text("x"), "`te` is reserved"),
            ("a b", text("x"), "`a b` cannot be a metadata key"),
            ("", text("x"), "`` cannot be a metadata key"),
            ("é", text("x"), "`é` cannot be a metadata key"),
            ("a", text("é"), "'é' in the value of `a`"),
            ("a", text("x\n"), "'\\n' in the value of `a`"),
            ("a-bin", text("x"), "`a-bin` holds bytes, not text"),
            ("a", binary(b"x"), "`a` holds text, not bytes"),
        ] {
            assert_eq!(metadata.push(key, value).expect_err("refused").headline, headline);
        }
        assert!(metadata.is_empty());
    }

    proptest! {
        #[test]
        fn bytes_survive_the_way_there(bytes: Vec<u8>) {
            let mut metadata = Metadata::new();
            metadata.push("x-bin", MetadataValue::Binary(bytes.into())).expect("legal");
            let mut headers = HeaderMap::new();
            metadata.append_to(&mut headers);
            let mut warnings = Vec::new();
            prop_assert_eq!(Metadata::from_headers(&headers, &mut warnings), metadata);
            prop_assert!(warnings.is_empty());
        }

        #[test]
        fn any_header_value_can_be_read(bytes: Vec<u8>) {
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                let mut headers = HeaderMap::new();
                headers.append("x", value.clone());
                headers.append("x-bin", value);
                let _ = Metadata::from_headers(&headers, &mut Vec::new());
            }
        }
    }
}
