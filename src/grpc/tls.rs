//! TLS: whom we trust, who we are, and the handshake.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::ResolvesClientCert;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::connect_error::ConnectError;
use super::first_bytes::Io;
use super::target::Target;

/// What a case file says of TLS; files are read already.
#[derive(Clone, Debug, Default)]
pub(crate) struct TlsOptions {
    /// The authorities to trust, instead of those of the system.
    pub(crate) ca: Option<Pem>,
    /// The certificate and the key to show to a server that asks.
    pub(crate) identity: Option<(Pem, Pem)>,
    /// The name the server's certificate must have, if it is not the host of the address.
    pub(crate) server_name: Option<String>,
    /// Trusts any certificate.
    pub(crate) skip_verify: bool,
}

/// A PEM file, and what to call it in errors.
#[derive(Clone)]
pub(crate) struct Pem {
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
}

/// TLS made ready: certificates parsed, once for all connections.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    config: Arc<ClientConfig>,
    server_name: Option<ServerName<'static>>,
}

/// Why TLS cannot be set up. A lower-case fragment, and the way out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{headline}")]
pub(crate) struct TlsError {
    pub(crate) headline: String,
    pub(crate) help: Option<&'static str>,
    pub(crate) part: TlsPart,
}

/// What is wrong when TLS cannot be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsPart {
    Ca,
    Certificate,
    Key,
    ServerName,
    /// Nothing of what was said.
    System,
}

const ALPN_HTTP2: &[u8] = b"h2";

impl Tls {
    /// Parses certificates and keys; reads those of the system if no other is to be trusted.
    ///
    /// # Errors
    /// A file without a certificate or key that can be parsed, a key that is not the certificate's, no root
    /// certificates on this system, a server name that is none.
    pub(crate) fn new(options: &TlsOptions) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| plain(TlsPart::System, error.to_string()))?;
        let builder = if options.skip_verify {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(TrustAnyone(provider)))
        } else {
            builder.with_root_certificates(roots(options.ca.as_ref())?)
        };
        let mut config = match &options.identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = certificates(certificate, TlsPart::Certificate)?;
                builder.with_client_auth_cert(chain, private_key(key)?).map_err(|error| {
                    let headline = format!("`{}` and `{}` do not go together: {error}", certificate.path, key.path);
                    plain(TlsPart::Key, headline)
                })?
            }
        };
        config.alpn_protocols = vec![ALPN_HTTP2.to_vec()];
        let server_name = match &options.server_name {
            None => None,
            Some(name) => Some(parse_name(name)?),
        };
        Ok(Self { config: Arc::new(config), server_name })
    }

    /// What holds where nothing is said: the system's authorities, read once.
    ///
    /// # Errors
    /// No root certificates on this system.
    pub(super) fn system() -> Result<Self, TlsError> {
        static SYSTEM: OnceLock<Result<Tls, TlsError>> = OnceLock::new();
        SYSTEM.get_or_init(|| Self::new(&TlsOptions::default())).clone()
    }

    /// Shakes hands over a transport that stands.
    pub(super) async fn connect<T: Io>(
        &self,
        target: &Target,
        host: &str,
        io: T,
    ) -> Result<(TlsStream<T>, Handshake), ConnectError> {
        let name = match &self.server_name {
            Some(name) => name.clone(),
            None => parse_name(host).map_err(|error| ConnectError::tls_setup(target, &error))?,
        };
        let asking = Arc::new(Asking::new(Arc::clone(&self.config.client_auth_cert_resolver)));
        let mut config = ClientConfig::clone(&self.config);
        config.client_auth_cert_resolver = Arc::clone(&asking) as _;
        let shaken = TlsConnector::from(Arc::new(config)).connect(name, io).await;
        let stream = shaken.map_err(|error| ConnectError::tls(target, &error, asking.certificate()))?;
        let agreed_on_http2 = stream.get_ref().1.alpn_protocol() == Some(ALPN_HTTP2);
        Ok((stream, Handshake { agreed_on_http2, certificate: asking.certificate() }))
    }
}

impl std::fmt::Debug for Pem {
    /// Without the bytes, which may be a key.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Pem").field(&self.path).finish()
    }
}

/// What a handshake came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Handshake {
    pub(super) agreed_on_http2: bool,
    pub(super) certificate: ClientCertificate,
}

/// What became of our certificate. A server that refuses it may close before its alert has been read, under TLS 1.3 after
/// the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientCertificate {
    NotAskedFor,
    /// Asked for, and we have none that fits.
    Missing,
    Shown,
}

/// Notes whether the server asks for our certificate.
#[derive(Debug)]
struct Asking {
    ours: Arc<dyn ResolvesClientCert>,
    asked: AtomicBool,
    shown: AtomicBool,
}

impl Asking {
    fn new(ours: Arc<dyn ResolvesClientCert>) -> Self {
        Self { ours, asked: AtomicBool::new(false), shown: AtomicBool::new(false) }
    }

    fn certificate(&self) -> ClientCertificate {
        match (self.asked.load(Ordering::Relaxed), self.shown.load(Ordering::Relaxed)) {
            (false, _) => ClientCertificate::NotAskedFor,
            (true, false) => ClientCertificate::Missing,
            (true, true) => ClientCertificate::Shown,
        }
    }
}

impl ResolvesClientCert for Asking {
    fn resolve(&self, issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        let shown = self.ours.resolve(issuers, schemes);
        self.shown.store(shown.is_some(), Ordering::Relaxed);
        shown
    }

    fn has_certs(&self) -> bool {
        self.ours.has_certs()
    }
}

/// Whether a text can be a server's name.
///
/// # Errors
/// Anything but a DNS name or an IP address.
pub(crate) fn check_server_name(name: &str) -> Result<(), TlsError> {
    parse_name(name).map(drop)
}

fn roots(ca: Option<&Pem>) -> Result<Arc<RootCertStore>, TlsError> {
    let Some(ca) = ca else { return system_roots() };
    let mut store = RootCertStore::empty();
    for certificate in certificates(ca, TlsPart::Ca)? {
        store.add(certificate).map_err(|error| {
            plain(TlsPart::Ca, format!("a certificate in `{}` cannot be trusted: {error}", ca.path))
        })?;
    }
    Ok(Arc::new(store))
}

/// Read once for the process: on some systems there are hundreds.
fn system_roots() -> Result<Arc<RootCertStore>, TlsError> {
    static ROOTS: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(store)
    });
    if ROOTS.is_empty() {
        return Err(TlsError {
            headline: "this system has no root certificates".to_owned(),
            help: Some("install them, or name those to trust: `tls: { ca: ca.pem }`"),
            part: TlsPart::System,
        });
    }
    Ok(Arc::clone(&ROOTS))
}

fn private_key(pem: &Pem) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(&pem.bytes).map_err(|_| {
        let encrypted = String::from_utf8_lossy(&pem.bytes).contains("ENCRYPTED");
        TlsError {
            headline: format!("`{}` holds no private key that can be read", pem.path),
            help: Some(if encrypted {
                "it is encrypted: write it without a password, `openssl pkey -in FILE -out PLAIN`"
            } else {
                "a PEM file has lines `-----BEGIN PRIVATE KEY-----`"
            }),
            part: TlsPart::Key,
        }
    })
}

fn certificates(pem: &Pem, part: TlsPart) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem.bytes).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(TlsError {
            headline: format!("`{}` holds no certificate", pem.path),
            help: Some("a PEM file has lines `-----BEGIN CERTIFICATE-----`"),
            part,
        }),
        Err(error) => Err(plain(part, format!("`{}` is not a PEM file: {error}", pem.path))),
    }
}

fn parse_name(name: &str) -> Result<ServerName<'static>, TlsError> {
    ServerName::try_from(name.to_owned()).map_err(|_| TlsError {
        headline: format!("`{name}` cannot be a server's name"),
        help: Some("it is a DNS name or an IP address, as the server's certificate has it"),
        part: TlsPart::ServerName,
    })
}

fn plain(part: TlsPart, headline: String) -> TlsError {
    TlsError { headline, help: None, part }
}

/// For `skip_verify`: any certificate will do, as long as the server has its key.
#[derive(Debug)]
struct TrustAnyone(Arc<CryptoProvider>);

impl ServerCertVerifier for TrustAnyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
