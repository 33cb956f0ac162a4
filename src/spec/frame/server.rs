//! `servers:`: where each is, or how it is started.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use regex::Regex;

use super::tls::{TLS, TlsFrame};
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::grpc::Target;
use crate::spec::metadata;
use crate::spec::server::{check_address, check_authority, tls_in_plaintext};
use crate::spec::{Limits, Ready, ServerScope, ServerSource, ServerSpec, Start, Tls};
use crate::yaml::decode::{self, Key, Reads, Table};
use crate::yaml::{Entry, Node};

const BUILD_WITHIN: Duration = Duration::from_secs(600);
const READY_WITHIN: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
struct ServerFrame {
    /// Of the file that holds it.
    folder: PathBuf,
    start: Option<Start>,
    address: Option<Node>,
    authority: Option<Spanned<String>>,
    tls: Option<Tls>,
    metadata: Vec<(Spanned<String>, Node)>,
    keepalive: Option<Spanned<Duration>>,
    limits: Limits,
}

#[derive(Debug, Default)]
struct StartFrame {
    build: Option<Vec<Node>>,
    build_within: Option<Spanned<Duration>>,
    command: Option<Vec<Node>>,
    env: Vec<(Spanned<String>, Node)>,
    cwd: Option<Spanned<String>>,
    ready: ReadyFrame,
    scope: ServerScope,
}

#[derive(Debug, Default)]
struct ReadyFrame {
    within: Option<Spanned<Duration>>,
    log: Option<Spanned<Regex>>,
}

static SERVER: Table<ServerFrame> = Table {
    what: "a server",
    keys: &[&[
        Key::new("start", Reads::Mapping(|| START.names(), ServerFrame::read_start)),
        Key::new("address", Reads::Other(|server, node, out| server.address = read_address(node, out))),
        Key::new("authority", Reads::Other(|server, node, out| server.authority = read_authority(node, out))),
        Key::new(
            "tls",
            Reads::Mapping(
                || TLS.names(),
                |server, node, out| server.tls = Some(TlsFrame::read(node, &server.folder, out)),
            ),
        ),
        Key::new("metadata", Reads::Other(|server, node, out| server.metadata = metadata::read(node, out))),
        Key::new("keepalive", Reads::Limit(|server| &mut server.keepalive)),
        Key::new(
            "limits",
            Reads::Mapping(|| LIMITS.names(), |server, node, out| LIMITS.read(node, &mut server.limits, out)),
        ),
    ]],
};

static START: Table<StartFrame> = Table {
    what: "`start`",
    keys: &[&[
        Key::new("build", Reads::Other(|start, node, out| start.build = read_command(node, out))),
        Key::new("build_within", Reads::Limit(|start| &mut start.build_within)),
        Key::required(
            "command",
            Reads::Other(|start, node, out| start.command = read_command(node, out)),
            "command: [program, argument]",
        ),
        Key::new("env", Reads::Other(|start, node, out| start.env = read_env(node, out))),
        Key::new("cwd", Reads::Text(|start| &mut start.cwd)),
        Key::new("ready", Reads::Mapping(|| READY.names(), |start, node, out| READY.read(node, &mut start.ready, out))),
        Key::new("scope", Reads::Other(|start, node, out| start.scope = read_scope(node, out))),
    ]],
};

static READY: Table<ReadyFrame> = Table {
    what: "`ready`",
    keys: &[&[
        Key::new("within", Reads::Limit(|ready| &mut ready.within)),
        Key::new("log", Reads::Other(|ready, node, out| ready.log = read_pattern(node, out))),
    ]],
};

static LIMITS: Table<Limits> = Table {
    what: "`limits`",
    keys: &[&[
        Key::new("message", Reads::Size(|limits| &mut limits.message)),
        Key::new("metadata", Reads::Size(|limits| &mut limits.metadata)),
        Key::new("recorded", Reads::Size(|limits| &mut limits.recorded)),
    ]],
};

/// Reads `servers:` of a file that lies in `folder`.
pub(in crate::spec) fn read_servers(node: &Node, folder: &Path, out: &mut Diagnostics) -> Vec<Arc<ServerSpec>> {
    let hint = "write `{ name: { address: \"127.0.0.1:50051\" } }`";
    let entries = decode::entries(node, "servers by name", hint, out).unwrap_or_default();
    let read = |entry: &Entry| {
        let name = Spanned::new(entry.key.value.to_string(), entry.key.span);
        check_name(&name, out);
        let damaged = decode::damaged(&entry.value, out);
        let mut server = ServerFrame { folder: folder.to_owned(), ..ServerFrame::default() };
        SERVER.read(&entry.value, &mut server, out);
        server.finish(name, &entry.value, damaged, out).map(Arc::new)
    };
    entries.iter().filter_map(read).collect()
}

/// `${servers.NAME.address}` and `--server NAME=…` must be able to say it, and it must not look like an address.
fn check_name(name: &Spanned<String>, out: &mut Diagnostics) {
    let mut letters = name.value.chars();
    let starts = letters.next().is_some_and(|first| first.is_ascii_alphabetic());
    if !starts || !letters.all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-')) {
        let headline = format!("`{}` cannot be the name of a server", name.value.escape_debug());
        let form = "a server's name is a letter, then letters, digits, `_` and `-`, all ASCII";
        out.push(Diagnostic::error(headline).at(name.span, "").hint(form));
    }
}

impl ServerFrame {
    fn read_start(&mut self, node: &Node, out: &mut Diagnostics) {
        let mut start = StartFrame::default();
        START.read(node, &mut start, out);
        self.start = start.finish(node, &self.folder);
    }

    /// The server, if it says where it is.
    fn finish(self, name: Spanned<String>, node: &Node, damaged: bool, out: &mut Diagnostics) -> Option<ServerSpec> {
        let source = match (self.start, self.address) {
            (Some(start), address) => ServerSource::Start(Start { address, ..start }),
            (None, Some(address)) => ServerSource::Address(address),
            (None, None) => {
                // What is there and could not be read has been reported.
                let absent = |key| node.get(key).is_none() && !decode::misspelt(node, key);
                if node.as_mapping().is_some() && !damaged && absent("start") && absent("address") {
                    let headline = format!("server `{}` has neither `start` nor `address`", name.value);
                    let hint = "write `address: \"127.0.0.1:50051\"`, or `start: { command: [program, argument] }`";
                    out.push(Diagnostic::error(headline).at(name.span, "where is it?").hint(hint));
                }
                return None;
            }
        };
        let Self { authority, tls, metadata, keepalive, limits, .. } = self;
        if let Some(tls) = &tls {
            out.extend(unused_tls(tls, &source));
        }
        Some(ServerSpec { name, source, metadata, authority, tls, keepalive, limits })
    }
}

impl StartFrame {
    fn finish(self, node: &Node, folder: &Path) -> Option<Start> {
        let cwd = self.cwd.map_or_else(|| folder.to_owned(), |cwd| folder.join(cwd.value));
        Some(Start {
            span: node.span,
            build: self.build,
            build_within: self.build_within.map_or(BUILD_WITHIN, |limit| limit.value),
            command: self.command?,
            env: self.env,
            // Whole, since a program's own path is looked up from either side of a change of folder.
            cwd: std::path::absolute(&cwd).unwrap_or(cwd),
            ready: Ready { within: self.ready.within.map_or(READY_WITHIN, |limit| limit.value), log: self.ready.log },
            scope: self.scope,
            address: None,
        })
    }
}

fn read_address(node: &Node, out: &mut Diagnostics) -> Option<Node> {
    let address = decode::plain(node, out)?;
    let refused = check_address(&address.as_scalar()?.text);
    out.extend(refused.map(|refused| refused.at(node.span, "")));
    Some(address)
}

fn read_authority(node: &Node, out: &mut Diagnostics) -> Option<Spanned<String>> {
    let authority = decode::text(node, out)?;
    out.extend(check_authority(&authority.value).map(|refused| refused.at(node.span, "")));
    Some(authority)
}

/// Reports `tls` of a server that is surely reached without it: not where the scheme is yet to be filled in.
fn unused_tls(tls: &Tls, source: &ServerSource) -> Option<Diagnostic> {
    let address = match source {
        ServerSource::Start(Start { address: None, .. }) => "http://localhost:${port}",
        ServerSource::Start(Start { address: Some(address), .. }) | ServerSource::Address(address) => {
            &address.as_scalar()?.text
        }
        ServerSource::Override(_) | ServerSource::InProcess => return None,
    };
    let is_plain = |address| Target::parse(address).is_ok_and(|target| !target.is_tls());
    if let Some(rest) = address.strip_prefix("http://") {
        Some(tls_in_plaintext(tls.span, Some(&format!("https://{rest}"))))
    } else if address.starts_with("unix:") {
        Some(tls_in_plaintext(tls.span, None))
    } else if !address.contains("${") && is_plain(address) {
        Some(tls_in_plaintext(tls.span, Some(&format!("https://{address}"))))
    } else {
        None
    }
}

/// Program and arguments, at least the program.
fn read_command(node: &Node, out: &mut Diagnostics) -> Option<Vec<Node>> {
    let hint = match node.as_scalar() {
        Some(line) if !line.text.contains(['"', '\'', '\\', '$', ',', '\n', '|', '>', '<', '&', ';']) => {
            format!(
                "write one item for each argument: `[{}]`",
                line.text.split_whitespace().collect::<Vec<_>>().join(", ")
            )
        }
        _ => "write one item for each argument: `[program, argument]`".to_owned(),
    };
    let items = decode::items(node, "a program and its arguments, as a list", &hint, out)?;
    let read: Vec<Node> = items.iter().filter_map(|item| decode::plain(item, out)).collect();
    if items.is_empty()
        || read.first().is_some_and(|program| program.as_scalar().is_some_and(|text| text.text.is_empty()))
    {
        let headline = "this command names no program";
        out.push(Diagnostic::error(headline).at(node.span, "").hint("write `[program, argument]`"));
        return None;
    }
    (read.len() == items.len()).then_some(read)
}

fn read_env(node: &Node, out: &mut Diagnostics) -> Vec<(Spanned<String>, Node)> {
    let hint = "write `{ NAME: value }`";
    let mut variables = Vec::new();
    for entry in decode::entries(node, "environment variables by name", hint, out).unwrap_or_default() {
        let name = &entry.key.value;
        if name.is_empty() || name.contains(['=', '\0']) {
            let headline = format!("`{}` cannot be the name of an environment variable", name.escape_debug());
            out.push(Diagnostic::error(headline).at(entry.key.span, "").hint(hint));
        }
        if let Some(value) = decode::plain(&entry.value, out) {
            variables.push((Spanned::new(name.to_string(), entry.key.span), value));
        }
    }
    variables
}

fn read_pattern(node: &Node, out: &mut Diagnostics) -> Option<Spanned<Regex>> {
    let written = decode::text(node, out)?;
    match Regex::new(&written.value) {
        Ok(pattern) => Some(Spanned::new(pattern, written.span)),
        Err(error) => {
            // The last line says what; those before it draw a caret of their own.
            let text = error.to_string();
            let problem = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            let hint = "the syntax is that of Rust's `regex` crate; write `\\` before a literal `.`, `(`, `[`, `{`, `*`, `+` or `?`";
            let headline = format!("not a regular expression: {problem}");
            out.push(Diagnostic::error(headline).at(written.span, "").hint(hint));
            None
        }
    }
}

fn read_scope(node: &Node, out: &mut Diagnostics) -> ServerScope {
    let choices = [("run", ServerScope::Run), ("file", ServerScope::File), ("case", ServerScope::Case)];
    decode::choice(node, &choices, out).unwrap_or_default()
}
