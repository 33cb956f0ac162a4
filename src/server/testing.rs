//! What the tests of this layer share: servers as a suite would say them, and whether processes run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response};
use regex::Regex;
use tokio::net::TcpListener;

use tokio::time::{sleep, timeout};

use crate::diagnostic::{Diagnostics, Sources, Spanned};
use crate::spec::{Limits, Ready, ServerScope, ServerSource, ServerSpec, Start};
use crate::yaml::{Entry, Node, parse};

/// Long enough for a busy machine, never waited out by a test that passes.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Whether a process runs; one that waits to be waited for does not.
pub(super) fn runs(id: &str) -> bool {
    let id = id.trim();
    let state = if std::path::Path::new("/proc/self/stat").exists() {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        stat.rsplit(") ").next().unwrap_or_default().to_owned()
    } else {
        let ps = std::process::Command::new("ps").args(["-o", "stat=", "-p", id]).output().expect("ps runs");
        String::from_utf8_lossy(&ps.stdout).trim().to_owned()
    };
    !state.is_empty() && !state.starts_with(['Z', 'X'])
}

/// Waits until a process has ended; panics if it does not.
pub(super) async fn gone(id: &str) {
    let wait = async {
        while runs(id) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("process {id} is left behind"));
}

pub(super) const HEALTH: &str = "/grpc.health.v1.Health/Check";

/// What a server says to a call: a message and OK, or a status of its own.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reply {
    Message(&'static [u8]),
    Status(&'static str),
}

/// By path; where nothing is said, UNIMPLEMENTED.
pub(super) type Replies = &'static [(&'static str, Reply)];

/// A gRPC server of bare HTTP/2; counts its calls.
pub(super) async fn serve_grpc(listener: TcpListener, replies: Replies, calls: Arc<AtomicUsize>) {
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        let Ok(mut connection) = h2::server::handshake(stream).await else { continue };
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            calls.fetch_add(1, Ordering::SeqCst);
            let reply = replies.iter().find(|(path, _)| *path == request.uri().path());
            let reply = reply.map_or(Reply::Status("12"), |(_, reply)| *reply);
            let head = Response::builder().header("content-type", "application/grpc");
            let mut body = respond.send_response(head.body(()).expect("a head"), false).expect("it is sent");
            if let Reply::Message(message) = reply {
                let length = u32::try_from(message.len()).expect("short").to_be_bytes();
                body.send_data(Bytes::from([&[0], &length[..], message].concat()), false).expect("it is sent");
            }
            let status = if let Reply::Status(status) = reply { status } else { "0" };
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", status.parse().expect("a value"));
            body.send_trailers(trailers).expect("it is sent");
        }
    }
}

pub(super) struct TestSuite {
    pub(super) sources: Sources,
    pub(super) servers: Vec<Arc<ServerSpec>>,
}

/// Reads what stands below `servers:`, with only what these tests need checked.
pub(super) fn suite(yaml: &str) -> TestSuite {
    let sources = Sources::new();
    let file = sources.add("grpc-spec.yaml", yaml);
    let mut problems = Diagnostics::new();
    let servers = parse(file, yaml, &mut problems).unwrap_or_else(|| panic!("{problems:?}"));
    let servers = servers.as_mapping().expect("servers by name").iter().map(|entry| Arc::new(server(entry))).collect();
    TestSuite { sources, servers }
}

impl TestSuite {
    /// The one server there is.
    pub(super) fn start(&self) -> &Start {
        match self.servers.as_slice() {
            [server] => match &server.source {
                ServerSource::Start(start) => start,
                other => panic!("{other:?} is not started"),
            },
            many => panic!("{} servers", many.len()),
        }
    }
}

fn server(entry: &Entry) -> ServerSpec {
    let address = entry.value.get("address").cloned();
    let source = match (entry.value.get("start"), address) {
        (Some(node), address) => ServerSource::Start(start(node, address)),
        (None, Some(address)) => ServerSource::Address(address),
        (None, None) => panic!("neither `start` nor `address`"),
    };
    let name = Spanned::new(entry.key.value.to_string(), entry.key.span);
    let (metadata, limits) = (Vec::new(), Limits::default());
    ServerSpec { name, source, metadata, authority: None, tls: None, keepalive: None, limits }
}

fn start(node: &Node, address: Option<Node>) -> Start {
    let list = |key| node.get(key).map(|node| node.as_sequence().expect("a list").to_vec());
    let text = |node: &Node| node.as_scalar().expect("a scalar").text.to_string();
    let milliseconds = |node: Option<&Node>| {
        node.map_or(PATIENCE, |node| Duration::from_millis(text(node).parse().expect("milliseconds")))
    };
    let ready = node.get("ready");
    let log = ready
        .and_then(|ready| ready.get("log"))
        .map(|log| Spanned::new(Regex::new(&text(log)).expect("a regular expression"), log.span));
    let env = node.get("env").and_then(Node::as_mapping).unwrap_or_default().iter();
    Start {
        span: node.span,
        build: list("build"),
        build_within: milliseconds(node.get("build_within")),
        command: list("command").expect("a command"),
        env: env
            .map(|entry| (Spanned::new(entry.key.value.to_string(), entry.key.span), entry.value.clone()))
            .collect(),
        cwd: node.get("cwd").map_or_else(std::env::temp_dir, |cwd| text(cwd).into()),
        ready: Ready { within: milliseconds(ready.and_then(|ready| ready.get("within"))), log },
        scope: match node.get("scope").map(text).as_deref() {
            None | Some("run") => ServerScope::Run,
            Some("file") => ServerScope::File,
            Some("case") => ServerScope::Case,
            Some(other) => panic!("no scope `{other}`"),
        },
        address,
    }
}
