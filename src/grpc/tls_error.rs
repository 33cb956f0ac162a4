//! Why a TLS handshake failed, in words.

use std::io;

use jiff::Timestamp;
use tokio_rustls::rustls::pki_types::UnixTime;
use tokio_rustls::rustls::{AlertDescription, CertificateError, Error, InvalidMessage};

use super::code::Code;
use super::connect_error::ConnectError;
use super::target::Target;
use super::tls::{ClientCertificate, TlsError};

const TRUST: &str = "if this is the right server, name the authority that signed its certificate, or the certificate \
                     itself if it is self-signed: `tls: { ca: ca.pem }`";
const SHOW: &str = "give it a certificate: `tls: { cert: me.pem, key: me.key }`";
const ASKS: &str = "the server asks for a client certificate";
const TRUSTS_OURS: &str = "does it trust the authority that signed ours?";
const RENEW: &str =
    "renew it on the server, if this machine's clock is right; to call it all the same, `tls: { skip_verify: true }`";
const CLOCK: &str = "is the clock of this machine right, or that of the one it was made on?";

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
    pub(super) fn tls(target: &Target, error: &io::Error, certificate: ClientCertificate) -> Self {
        let typed = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        let (cause, hint) = match (typed, refusal(certificate)) {
            // TLS 1.2 has no alert of its own for a certificate that is missing.
            (None | Some(Error::AlertReceived(AlertDescription::HandshakeFailure)), Some(refusal)) => refusal,
            (Some(error), _) => explain(error, target),
            (None, None) if error.kind() == io::ErrorKind::UnexpectedEof => (
                "the server closed the connection during the TLS handshake".to_owned(),
                Some(format!("does it expect plaintext? Then write `http://{}`", target.endpoint)),
            ),
            (None, None) => (error.to_string(), None),
        };
        Self {
            code: Code::Unavailable,
            headline: format!("no TLS connection to {target}"),
            causes: vec![cause],
            hints: hint.into_iter().collect(),
        }
    }

    /// The connection ended after the handshake without a word, or without one that arrived. `None` if our certificate
    /// has nothing to do with it.
    pub(super) fn closed_after_tls(target: &Target, certificate: ClientCertificate) -> Option<Self> {
        let (cause, hint) = refusal(certificate)?;
        Some(Self {
            code: Code::Unavailable,
            headline: format!("no HTTP/2 connection to {target}"),
            causes: vec![cause],
            hints: hint.into_iter().collect(),
        })
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

/// Why a server closes that asked for our certificate.
fn refusal(certificate: ClientCertificate) -> Option<(String, Option<String>)> {
    match certificate {
        ClientCertificate::NotAskedFor => None,
        ClientCertificate::Missing => Some((ASKS.to_owned(), Some(SHOW.to_owned()))),
        ClientCertificate::Shown => Some((
            "the server closed the connection after it was shown our client certificate".to_owned(),
            Some(TRUSTS_OURS.to_owned()),
        )),
    }
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
            (format!("the certificate expired at {}", moment(*not_after)), Some(RENEW.to_owned()))
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            (format!("the certificate is not valid before {}", moment(*not_before)), Some(CLOCK.to_owned()))
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
        AlertDescription::CertificateRequired => (ASKS.to_owned(), show()),
        AlertDescription::NoApplicationProtocol => no_http2(),
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::DecryptError
        | AlertDescription::AccessDenied => (
            format!("the server does not accept our client certificate, or lacks one: alert {alert:?}"),
            Some(format!("{TRUSTS_OURS} If none is set, {SHOW}")),
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
