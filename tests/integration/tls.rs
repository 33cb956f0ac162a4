//! Servers behind TLS: reached as the suite says, and what is said when they are not.

#[path = "../support/tls_front.rs"]
mod tls_front;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::LazyLock;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};

use self::tls_front::TlsFront;
use crate::support::{Ended, Folder, MEMORY, assert_golden, fixture_address, grpc_spec, run_bounded};

const CASE: &str = "cases:\n  - { name: greets, call: Greeter/SayHello }\n";

/// A case that expects not to get through.
fn unreachable(why: &str) -> String {
    CASE.replace(" }", &format!(", expect: {{ unreachable: {{ $contains: {why} }} }} }}"))
}

/// An authority of our own.
struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
struct Identity {
    certificate: String,
    key: String,
}

static OURS: LazyLock<Authority> = LazyLock::new(|| Authority::new("ours"));

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority"))
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for `localhost` and `127.0.0.1`.
    fn issue(&self) -> Identity {
        self.issue_with(&["localhost", "127.0.0.1"], |_| ())
    }

    fn issue_with(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate").pem();
        Identity { certificate, key: key.serialize_pem() }
    }
}

impl Identity {
    fn front(self) -> TlsFront {
        TlsFront { certificate: self.certificate, key: self.key, clients: None, protocols: &["h2"] }
    }
}

/// The fixture server behind a front, for as long as the tests run: `127.0.0.1:PORT`.
fn behind(front: TlsFront) -> SocketAddr {
    let fixture = fixture_address().strip_prefix("http://").expect("plaintext").parse().expect("an address");
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.set_nonblocking(true).expect("it is ours");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("it does not block");
            front.serve(listener, fixture).await;
        });
    });
    address
}

/// A suite with one server, our authority beside it in `ca.pem`.
fn suite(server: &str) -> Folder {
    Folder::suite(&format!("  api: {server}\n")).file("ca.pem", &OURS.pem())
}

/// Runs the case, and the case that expects to be refused for this reason: the one ends in an error, the other passes.
fn refused(name: &str, reason: &str, folder: Folder) {
    let folder = folder.file("case.yaml", CASE);
    let (ended, _) = run_bounded(&folder, ["case.yaml"], MEMORY);
    let ended = ended.exits(3);
    assert_golden(&format!("tls_{name}"), &folder.redact(&ended.transcript()));
    folder.write("expected.yaml", &unreachable(reason));
    folder.grpc_spec(["run", "expected.yaml"]).run().exits(0);
}

#[test]
fn a_private_authority_is_trusted_where_it_is_named() {
    let at = behind(OURS.issue().front());
    let server = format!("{{ address: \"https://{at}\", tls: {{ ca: ca.pem }} }}");
    let folder = suite(&server).file("case.yaml", CASE);
    folder.grpc_spec(["run", "."]).run().exits(0);
}

#[test]
fn paths_are_relative_to_the_suite() {
    let at = behind(OURS.issue().front());
    let folder = suite(&format!("{{ address: \"https://{at}\", tls: {{ ca: ca.pem }} }}")).file("deep/case.yaml", CASE);
    grpc_spec(["run", folder.path("deep").to_str().expect("UTF-8")]).run().exits(0);
}

#[test]
fn the_name_and_the_authority_can_be_others() {
    let at = behind(OURS.issue_with(&["api.test"], |_| ()).front());
    let server = format!(
        "{{ address: \"https://{at}\", authority: api.internal, tls: {{ ca: ca.pem, server_name: api.test }} }}"
    );
    let case = "cases:
  - name: tells the authority
    call: Echo/Unary
    expect: { response: { authority: api.internal } }
";
    let folder = suite(&server).file("case.yaml", case);
    folder.grpc_spec(["run", "."]).run().exits(0);
}

#[test]
fn verification_can_be_skipped() {
    let at = behind(Authority::new("another").issue_with(&["api.test"], |_| ()).front());
    let folder = suite(&format!("{{ address: \"https://{at}\", tls: {{ skip_verify: true }} }}"));
    folder.file("case.yaml", CASE).grpc_spec(["run", "."]).run().exits(0);
}

#[test]
fn a_client_certificate_is_shown() {
    let clients = Authority::new("clients");
    let at = behind(TlsFront { clients: Some(clients.pem()), ..OURS.issue().front() });
    let me = clients.issue();
    let tls = "tls: { ca: ca.pem, cert: me.pem, key: me.key }";
    let folder = suite(&format!("{{ address: \"https://{at}\", {tls} }}"))
        .file("me.pem", &me.certificate)
        .file("me.key", &me.key)
        .file("case.yaml", CASE);
    folder.grpc_spec(["run", "."]).run().exits(0);

    let ours = OURS.issue();
    folder.write("me.pem", &ours.certificate);
    folder.write("me.key", &ours.key);
    refused("client_certificate_not_accepted", "certificate", folder);
}

#[test]
fn a_client_certificate_is_asked_for() {
    let at = behind(TlsFront { clients: Some(OURS.pem()), ..OURS.issue().front() });
    let server = format!("{{ address: \"https://{at}\", tls: {{ ca: ca.pem }} }}");
    refused("client_certificate_missing", "certificate", suite(&server));
}

#[test]
fn a_certificate_for_another_name() {
    let at = behind(OURS.issue_with(&["api.test"], |_| ()).front());
    refused("name", "certificate", suite(&format!("{{ address: \"https://{at}\", tls: {{ ca: ca.pem }} }}")));
}

#[test]
fn an_expired_certificate() {
    let expired = OURS.issue_with(&["127.0.0.1"], |params| params.not_after = date_time_ymd(2020, 2, 1));
    let at = behind(expired.front());
    refused("expired", "certificate", suite(&format!("{{ address: \"https://{at}\", tls: {{ ca: ca.pem }} }}")));
}

#[test]
fn an_unknown_issuer() {
    let at = behind(Authority::new("another").issue().front());
    refused("issuer", "certificate", suite(&format!("{{ address: \"https://{at}\", tls: {{ ca: ca.pem }} }}")));
}

#[test]
fn a_self_signed_certificate() {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("names");
    let certificate = params.self_signed(&key).expect("a certificate").pem();
    let at = behind(Identity { certificate: certificate.clone(), key: key.serialize_pem() }.front());
    let folder = suite(&format!("{{ address: \"https://{at}\", tls: {{ ca: ca.pem }} }}")).file("case.yaml", CASE);
    folder.write("ca.pem", &certificate);
    folder.grpc_spec(["run", "."]).run().exits(0);
    folder.write("ca.pem", &OURS.pem());
    refused("self_signed", "certificate", folder);
}

#[test]
fn plaintext_to_tls() {
    let at = behind(OURS.issue().front());
    refused("plaintext_to_tls", "TLS", suite(&format!("{{ address: \"http://{at}\" }}")));
}

#[test]
fn tls_to_plaintext() {
    let at = fixture_address().replace("http:", "https:");
    refused("tls_to_plaintext", "TLS", suite(&format!("{{ address: \"{at}\", tls: {{ ca: ca.pem }} }}")));
}

#[test]
fn http_1_in_tls() {
    let at = behind(TlsFront { protocols: &["http/1.1"], ..OURS.issue().front() });
    refused("http_1", "HTTP/2", suite(&format!("{{ address: \"https://{at}\", tls: {{ ca: ca.pem }} }}")));
}

#[test]
fn no_agreement_on_http_2_is_a_warning_of_the_failure() {
    let at = behind(TlsFront { protocols: &[], ..OURS.issue().front() });
    let folder = suite(&format!("{{ address: \"https://{at}\", tls: {{ ca: ca.pem }} }}"));
    let case = CASE.replace(" }", ", expect: { status: NOT_FOUND } }");
    let ended = folder.file("case.yaml", &case).grpc_spec(["run", "."]).run().exits(1);
    ended.says("warning: the server did not agree on HTTP/2 (ALPN `h2`)");
}

#[test]
fn a_failure_is_reproduced_with_the_same_files() {
    let at = behind(TlsFront { clients: Some(OURS.pem()), ..OURS.issue_with(&["api.test"], |_| ()).front() });
    let me = OURS.issue();
    let tls = "tls: { ca: ca.pem, cert: me.pem, key: me.key, server_name: api.test }";
    let folder = suite(&format!("{{ address: \"https://{at}\", {tls} }}"))
        .file("me.pem", &me.certificate)
        .file("me.key", &me.key)
        .file("case.yaml", &CASE.replace(" }", ", expect: { status: NOT_FOUND } }"));
    let ended = folder.grpc_spec(["run", "."]).run().exits(1);
    ended.says("reproduce: grpcurl -servername api.test -cacert ca.pem -cert me.pem -key me.key -import-path ");
}

#[test]
fn a_started_server_is_asked_over_tls_whether_it_is_ready() {
    let (server, me) = (OURS.issue(), OURS.issue());
    let suite = suite(
        "
    start: { command: [./program, serve-tls, \"${port}\", server.pem, server.key, ca.pem] }
    address: \"https://localhost:${port}\"
    tls: { ca: ca.pem, cert: me.pem, key: me.key }",
    );
    let folder = suite
        .file("server.pem", &server.certificate)
        .file("server.key", &server.key)
        .file("me.pem", &me.certificate)
        .file("me.key", &me.key)
        .file("case.yaml", CASE);
    folder.grpc_spec(["run", "."]).run().exits(0);
}

#[test]
fn files_are_read_where_a_case_uses_the_server() {
    let servers = "
  none: { address: \"https://127.0.0.1:1\", tls: { ca: absent.pem } }
  empty: { address: \"https://127.0.0.1:1\", tls: { ca: empty.pem } }
  key: { address: \"https://127.0.0.1:1\", tls: { cert: ca.pem, key: ca.pem } }
";
    let case = |server: &str| format!("server: {server}\n{CASE}");
    let folder = Folder::suite(servers).file("ca.pem", &OURS.pem()).file("empty.pem", "nothing\n");
    for server in ["none", "empty", "key"] {
        folder.write(&format!("{server}.yaml"), &case(server));
    }
    let ended: Ended = folder.grpc_spec(["check", "."]).run().exits(2);
    assert_golden("tls_files", &folder.redact(&ended.transcript()));
    let ended = folder.grpc_spec(["run", "empty.yaml"]).run().exits(2);
    ended.says_not("absent.pem");
}

#[test]
fn files_of_a_server_that_is_elsewhere_for_this_run_are_not_needed() {
    let folder = suite("{ address: \"https://127.0.0.1:1\", tls: { ca: absent.pem } }").file("case.yaml", CASE);
    folder.grpc_spec(["run", ".", "--server", &format!("api={}", fixture_address())]).run().exits(0);
}

#[test]
fn health_is_asked_over_tls_too() {
    let at = behind(TlsFront { clients: Some(OURS.pem()), ..OURS.issue_with(&["api.test"], |_| ()).front() });
    let me = OURS.issue();
    let folder = Folder::new().file("ca.pem", &OURS.pem()).file("me.pem", &me.certificate).file("me.key", &me.key);
    let address = format!("https://{at}");
    let trusting = ["health", &address, "--ca", "ca.pem", "--server-name", "api.test"];
    folder.grpc_spec(trusting).arguments(["--cert", "me.pem", "--key", "me.key"]).run().exits(0).says("SERVING");
    folder.grpc_spec(trusting).run().exits(3).says("the server asks for a client certificate");
    let ended = folder.grpc_spec(["health", &address, "--ca", "ca.pem"]).run().exits(3);
    ended.says("the certificate is for `api.test`, not for `127.0.0.1`");
}
