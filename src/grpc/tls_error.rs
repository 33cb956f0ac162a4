//! Why a TLS handshake failed, in words.

use std::io;

use jiff::Timestamp;
use tokio_rustls::rustls::pki_types::UnixTime;
use tokio_rustls::rustls::{AlertDescription, CertificateError, Error, InvalidMessage};

use super::code::Code;
use super::connect_error::ConnectError;
use super::target::Target;
use super::tls::TlsError;

const TRUST: &str =
    "if this is the right server, name the authority that signed its certificate: `tls: { ca: ca.pem }`";
const SHOW: &str = "give it a certificate: `tls: { cert: me.pem, key: me.key }`";

impl ConnectError {
    /// TLS could not be set up on our side.
    pub(super) fn tls_setup(target: &Target, error: &TlsError) -> Self {
        Self {
            code: Code::Unavailable,
            headline: format!("no TLS connection to {target}"),
            causes: vec![error.headline.clone()],
            hints: error.help.map(str::to_owned).into_iter().collect(),
        }
    }

    /// The handshake failed.
    pub(super) fn tls(target: &Target, error: &io::Error) -> Self {
        let typed = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        let (cause, hint) = match typed {
            Some(error) => explain(error, target),
            None if error.kind() == io::ErrorKind::UnexpectedEof => (
                "the server closed the connection during the TLS handshake".to_owned(),
                Some(format!("does it expect plaintext? Then write `http://{}`", target.endpoint)),
            ),
            None => (error.to_string(), None),
        };
        Self {
            code: Code::Unavailable,
            headline: format!("no TLS connection to {target}"),
            causes: vec![cause],
            hints: hint.into_iter().collect(),
        }
    }
}

/// What an alert means that came after the handshake: TLS 1.3 refuses a client's certificate there. The HTTP/2 library
/// passes on the text alone.
pub(super) fn explain_alert(text: &str) -> Option<(String, String)> {
    let alert = text.strip_prefix("received fatal alert: ")?;
    let alert = [
        AlertDescription::CertificateRequired,
        AlertDescription::BadCertificate,
        AlertDescription::UnknownCA,
        AlertDescription::CertificateExpired,
        AlertDescription::CertificateUnknown,
        AlertDescription::AccessDenied,
        AlertDescription::DecryptError,
        AlertDescription::HandshakeFailure,
    ]
    .into_iter()
    .find(|known| format!("{known:?}") == alert)?;
    let (cause, hint) = received(alert);
    Some((cause, hint?))
}

fn explain(error: &Error, target: &Target) -> (String, Option<String>) {
    match error {
        Error::InvalidCertificate(error) => certificate(error),
        Error::AlertReceived(alert) => received(*alert),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => (
            "the server answered with something that is not TLS".to_owned(),
            Some(format!("does it expect plaintext? Then write `http://{}`", target.endpoint)),
        ),
        Error::NoApplicationProtocol => no_http2(),
        other => (other.to_string(), None),
    }
}

fn certificate(error: &CertificateError) -> (String, Option<String>) {
    let trust = || Some(TRUST.to_owned());
    match error {
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names: Vec<_> = presented.iter().map(|name| format!("`{}`", bare(name))).collect();
            let found = if names.is_empty() { "no name".to_owned() } else { names.join(", ") };
            let hint = presented.first().map(|name| {
                format!("if this is the right server, say what it is called: `tls: {{ server_name: {} }}`", bare(name))
            });
            (format!("the certificate is for {found}, not for `{}`", expected.to_str()), hint)
        }
        CertificateError::ExpiredContext { not_after, .. } => {
            (format!("the certificate expired at {}", moment(*not_after)), None)
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            (format!("the certificate is not valid before {}", moment(*not_before)), None)
        }
        CertificateError::UnknownIssuer => {
            ("the certificate was issued by an authority that is not trusted".to_owned(), trust())
        }
        // Another authority of the same name.
        CertificateError::BadSignature => {
            ("the certificate was not signed by the authority that is trusted".to_owned(), trust())
        }
        CertificateError::Other(other) => (format!("the certificate is not accepted: {other}"), trust()),
        other => (format!("the certificate is not accepted: {other}"), None),
    }
}

fn received(alert: AlertDescription) -> (String, Option<String>) {
    let show = || Some(SHOW.to_owned());
    match alert {
        AlertDescription::CertificateRequired => ("the server asks for a client certificate".to_owned(), show()),
        AlertDescription::NoApplicationProtocol => no_http2(),
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::DecryptError
        | AlertDescription::AccessDenied => (
            format!("the server does not accept our client certificate, or lacks one: alert {alert:?}"),
            Some(format!("does it trust the authority that signed ours? If none is set, {SHOW}")),
        ),
        // TLS 1.2 has no alert of its own for it.
        AlertDescription::HandshakeFailure => (
            "the server refused the handshake: alert HandshakeFailure".to_owned(),
            Some(format!("if it asks for a client certificate, {SHOW}")),
        ),
        other => (format!("the server refused the handshake: alert {other:?}"), None),
    }
}

fn no_http2() -> (String, Option<String>) {
    (
        "the server speaks TLS, but not HTTP/2 in it (ALPN)".to_owned(),
        Some("is this the gRPC port? Or a proxy that has HTTP/2 turned off?".to_owned()),
    )
}

/// `api.test` of `DnsName("api.test")`, `127.0.0.1` of `IpAddress(127.0.0.1)`.
fn bare(name: &str) -> &str {
    name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name).trim_matches('"')
}

fn moment(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).map_or_else(|_| format!("{seconds} s after 1970"), |moment| moment.to_string())
}
