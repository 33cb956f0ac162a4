//! TLS: whom we trust and who we are, and what is said when it does not fit (row 22 of the misbehaving servers).

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

use super::honest::echo;
use super::{PATH, SHORT, Target, listen, told};
use crate::grpc::{
    CallOutcome, CallRequest, Channel, ChannelOptions, Code, ConnectError, Metadata, Pem, Tls, TlsOptions,
};

type Versions = &'static [&'static SupportedProtocolVersion];

const BOTH: Versions = &[&TLS12, &TLS13];
const EACH: [Versions; 2] = [&[&TLS12], &[&TLS13]];

/// An authority of our own.
struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
struct Identity {
    certificate: String,
    key: KeyPair,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, key()).expect("an authority"))
    }

    fn pem(&self) -> Pem {
        pem("ca.pem", &self.0.pem())
    }

    fn issue(&self, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let mut params = CertificateParams::new(vec!["api.test".to_owned()]).expect("a name");
        change(&mut params);
        let key = key();
        let certificate = params.signed_by(&key, &self.0).expect("a certificate").pem();
        Identity { certificate, key }
    }
}

impl Identity {
    fn pems(&self) -> (Pem, Pem) {
        (pem("me.pem", &self.certificate), pem("me.key", &self.key.serialize_pem()))
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

fn pem(path: &str, text: &str) -> Pem {
    Pem { path: path.to_owned(), bytes: text.as_bytes().to_vec() }
}

/// How a test's server differs from an ordinary one.
struct Server<'a> {
    identity: Identity,
    clients: Option<&'a Authority>,
    alpn: &'static [&'static [u8]],
    versions: Versions,
}

impl Server<'_> {
    fn new(identity: Identity) -> Self {
        Self { identity, clients: None, alpn: &[b"h2"], versions: BOTH }
    }

    async fn serve(self) -> Target {
        use tokio_rustls::rustls::pki_types::pem::PemObject as _;
        let provider = Arc::new(default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_protocol_versions(self.versions).expect("versions");
        let builder = match self.clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.0.der().clone()).expect("an authority");
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.with_client_cert_verifier(verifier.expect("a verifier"))
            }
        };
        let chain = vec![CertificateDer::from_pem_slice(self.identity.certificate.as_bytes()).expect("a certificate")];
        let key = PrivateKeyDer::try_from(self.identity.key.serialize_der()).expect("a key");
        let mut config = builder.with_single_cert(chain, key).expect("a certificate and its key");
        config.alpn_protocols = self.alpn.iter().map(|name| name.to_vec()).collect();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let target = listen(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let Ok(mut connection) = h2::server::handshake(stream).await else { return };
                while let Some(Ok((request, answer))) = connection.accept().await {
                    tokio::spawn(echo(request, answer));
                }
            }
        })
        .await;
        Target::parse(&target.to_string().replace("http:", "https:")).expect("an address")
    }
}

/// Trusts the authority, and calls the server by its name.
fn trusting(authority: &Authority) -> TlsOptions {
    TlsOptions { ca: Some(authority.pem()), server_name: Some("api.test".to_owned()), ..TlsOptions::default() }
}

async fn call(target: Target, options: &TlsOptions) -> Result<CallOutcome, ConnectError> {
    let tls = Some(Tls::new(options).expect("good certificates"));
    let channel = Channel::new(target, ChannelOptions { tls, ..ChannelOptions::default() });
    let metadata = Metadata::new();
    channel.unary(CallRequest::new(PATH, &metadata, Instant::now() + SHORT * 10), Bytes::from_static(b"hi")).await
}

async fn refused(target: Target, options: &TlsOptions) -> ConnectError {
    let error = call(target, options).await.expect_err("no connection");
    assert_eq!(error.code, Code::Unavailable, "{error}");
    error
}

#[tokio::test]
async fn a_trusted_authority_and_the_right_name() {
    let authority = Authority::new("ours");
    for versions in EACH {
        let target = Server { versions, ..Server::new(authority.issue(|_| ())) }.serve().await;
        let outcome = call(target, &trusting(&authority)).await.expect("reached");
        assert_eq!(told(&outcome), "OK: ");
    }
}

#[tokio::test]
async fn an_unknown_authority() {
    let target = Server::new(Authority::new("ours").issue(|_| ())).serve().await;
    let error = refused(target.clone(), &trusting(&Authority::new("another"))).await;
    assert_eq!(error.headline, format!("no TLS connection to {target}"));
    assert_eq!(error.causes, ["the certificate was issued by an authority that is not trusted"]);
    assert!(error.hints[0].contains("`tls: { ca: ca.pem }`"), "{:?}", error.hints);
    // Of the same name.
    let error = refused(target, &trusting(&Authority::new("ours"))).await;
    assert_eq!(error.causes, ["the certificate was not signed by the authority that is trusted"]);
}

#[tokio::test]
async fn a_certificate_for_another_name() {
    let authority = Authority::new("ours");
    let target = Server::new(authority.issue(|_| ())).serve().await;
    let error = refused(target, &TlsOptions { server_name: None, ..trusting(&authority) }).await;
    assert_eq!(error.causes, ["the certificate is for `api.test`, not for `127.0.0.1`"]);
    assert_eq!(error.hints, ["if this is the right server, say what it is called: `tls: { server_name: api.test }`"]);
}

#[tokio::test]
async fn a_certificate_out_of_its_time() {
    let authority = Authority::new("ours");
    let expired = authority.issue(|params| params.not_after = date_time_ymd(2020, 2, 1));
    let error = refused(Server::new(expired).serve().await, &trusting(&authority)).await;
    assert_eq!(error.causes, ["the certificate expired at 2020-02-01T00:00:00Z"]);

    let early = authority.issue(|params| params.not_before = date_time_ymd(4000, 1, 1));
    let error = refused(Server::new(early).serve().await, &trusting(&authority)).await;
    assert_eq!(error.causes, ["the certificate is not valid before 4000-01-01T00:00:00Z"]);
}

#[tokio::test]
async fn verification_can_be_skipped() {
    let expired = Authority::new("ours").issue(|params| params.not_after = date_time_ymd(2020, 2, 1));
    let options = TlsOptions { skip_verify: true, ..TlsOptions::default() };
    let outcome = call(Server::new(expired).serve().await, &options).await.expect("reached");
    assert_eq!(outcome.status.code, Code::Ok);
}

/// The text of a failure, wherever it showed: under TLS 1.3 the first call may meet it.
async fn without_an_accepted_certificate(target: Target, options: &TlsOptions) -> (Vec<String>, Vec<String>) {
    match call(target, options).await {
        Err(error) => (error.causes, error.hints),
        Ok(outcome) => {
            assert_eq!(outcome.status.code, Code::Unavailable, "{}", told(&outcome));
            (outcome.causes, outcome.hints)
        }
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_a_server_that_asks() {
    let (authority, clients) = (Authority::new("servers"), Authority::new("clients"));
    for versions in EACH {
        let server = || Server { clients: Some(&clients), versions, ..Server::new(authority.issue(|_| ())) };
        let options = TlsOptions { identity: Some(clients.issue(|_| ()).pems()), ..trusting(&authority) };
        let outcome = call(server().serve().await, &options).await.expect("reached");
        assert_eq!(outcome.status.code, Code::Ok);

        let (causes, hints) = without_an_accepted_certificate(server().serve().await, &trusting(&authority)).await;
        assert_eq!(causes, ["the server asks for a client certificate"]);
        assert!(hints[0].contains("`tls: { cert: me.pem, key: me.key }`"), "{hints:?}");

        let options = TlsOptions { identity: Some(authority.issue(|_| ()).pems()), ..trusting(&authority) };
        let (causes, _) = without_an_accepted_certificate(server().serve().await, &options).await;
        assert!(causes[0].contains("our client certificate"), "{causes:?}");
    }
}

#[tokio::test]
async fn no_agreement_on_http2_is_a_warning() {
    let authority = Authority::new("ours");
    let target = Server { alpn: &[], ..Server::new(authority.issue(|_| ())) }.serve().await;
    let outcome = call(target, &trusting(&authority)).await.expect("reached");
    assert_eq!(
        told(&outcome),
        "OK: \nwarning: the server did not agree on HTTP/2 (ALPN `h2`); other gRPC clients may refuse it"
    );
}

#[tokio::test]
async fn a_server_that_speaks_http_1_only_in_tls() {
    let authority = Authority::new("ours");
    let target = Server { alpn: &[b"http/1.1"], ..Server::new(authority.issue(|_| ())) }.serve().await;
    let error = refused(target, &trusting(&authority)).await;
    assert_eq!(error.causes, ["the server speaks TLS, but not HTTP/2 in it (ALPN)"]);
}

#[tokio::test]
async fn plaintext_to_tls() {
    let https = Server::new(Authority::new("ours").issue(|_| ())).serve().await;
    let http = Target::parse(&https.to_string().replace("https:", "http:")).expect("an address");
    let error = refused(http, &TlsOptions { skip_verify: true, ..TlsOptions::default() }).await;
    assert_eq!(error.causes, ["the server answered with a TLS alert"]);
    assert_eq!(error.hints, [format!("the server expects TLS: write `{https}`")]);
}

#[tokio::test]
async fn tls_to_plaintext() {
    let http = listen(|stream| async move {
        if let Ok(mut connection) = h2::server::handshake(stream).await {
            while connection.accept().await.is_some() {}
        }
    })
    .await;
    let https = Target::parse(&http.to_string().replace("http:", "https:")).expect("an address");
    let error = refused(https, &TlsOptions { skip_verify: true, ..TlsOptions::default() }).await;
    assert!(error.hints[0].contains(&format!("write `{http}`")), "{error}: {:?}", error.hints);
}

#[test]
fn files_that_hold_no_certificate_are_refused() {
    let authority = Authority::new("ours");
    let identity = authority.issue(|_| ());
    let (certificate, key) = identity.pems();
    let (_, other) = authority.issue(|_| ()).pems();
    for (options, headline) in [
        (TlsOptions { ca: Some(pem("empty.pem", "")), ..TlsOptions::default() }, "`empty.pem` holds no certificate"),
        (TlsOptions { ca: Some(pem("text.pem", "hello")), ..TlsOptions::default() }, "`text.pem` holds no certificate"),
        (
            TlsOptions { identity: Some((certificate.clone(), certificate.clone())), ..trusting(&authority) },
            "`me.pem` holds no private key",
        ),
        (
            TlsOptions { identity: Some((certificate, other)), ..trusting(&authority) },
            "`me.pem` and `me.key` do not go together: ",
        ),
        (
            TlsOptions { server_name: Some("no name".to_owned()), ..trusting(&authority) },
            "`no name` cannot be a server's name",
        ),
    ] {
        let error = Tls::new(&options).expect_err("refused");
        assert!(error.headline.starts_with(headline), "{error}");
    }
    assert!(!format!("{key:?}").contains("PRIVATE"));
}
