//! TLS in front of a server that has none: shared by the integration tests and the program they start.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// What the front shows and asks for, all in PEM.
pub(crate) struct TlsFront {
    pub(crate) certificate: String,
    pub(crate) key: String,
    /// Clients must have a certificate that this authority signed.
    pub(crate) clients: Option<String>,
    /// What is agreed on by ALPN.
    pub(crate) protocols: &'static [&'static str],
}

impl TlsFront {
    /// Passes every connection on to the server behind, until the future is dropped.
    pub(crate) async fn serve(self, listener: TcpListener, behind: SocketAddr) {
        let acceptor = self.acceptor();
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut front = match acceptor.accept(stream).into_fallible().await {
                    Ok(front) => front,
                    Err((_, mut stream)) => {
                        // The alert is lost on whoever it tells why, if we close with something unread.
                        let _ = stream.shutdown().await;
                        let _ = stream.read_to_end(&mut Vec::new()).await;
                        return;
                    }
                };
                let Ok(mut back) = TcpStream::connect(behind).await else { return };
                let _ = copy_bidirectional(&mut front, &mut back).await;
            });
        }
    }

    fn acceptor(&self) -> TlsAcceptor {
        let provider = Arc::new(default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().expect("versions");
        let builder = match &self.clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(certificate(authority)).expect("an authority");
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.with_client_cert_verifier(verifier.expect("a verifier"))
            }
        };
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).expect("a key");
        let config = builder.with_single_cert(vec![certificate(&self.certificate)], key);
        let mut config = config.expect("a certificate and its key");
        config.alpn_protocols = self.protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

fn certificate(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate")
}
