//! The keys of one call, shared by whatever is one: a case, a step of a script.

use std::marker::PhantomData;
use std::sync::Arc;

use super::again::{EVENTUALLY, read_eventually};
use super::script::{self, ScriptFrame};
use super::{exclusive, read_names};
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::grpc::Compression;
use crate::spec::{Capture, Eventually, Expect, Inherited, metadata};
use crate::yaml::decode::{self, Key, Reads, Table};
use crate::yaml::{Node, NodeKind};

/// What a call says.
#[derive(Debug, Default)]
pub(in crate::spec) struct CallFrame {
    pub(in crate::spec) inherited: Inherited,
    pub(in crate::spec) call: Option<Spanned<String>>,
    pub(in crate::spec) compression: Option<Spanned<Compression>>,
    pub(in crate::spec) request: Option<Node>,
    pub(in crate::spec) requests: Option<Node>,
    pub(in crate::spec) stream: Option<ScriptFrame>,
    pub(in crate::spec) expect: Option<Expect>,
    pub(in crate::spec) capture: Vec<Capture>,
    pub(in crate::spec) eventually: Option<Eventually>,
}

/// The keys of a call beside `call` itself, in the tables of frames that hold one.
pub(super) struct CallKeys<T>(PhantomData<T>);

impl<T: AsMut<CallFrame> + 'static> CallKeys<T> {
    pub(super) const KEYS: &[Key<T>] = &[
        Key::new("server", Reads::Text(|frame| &mut frame.as_mut().inherited.server)),
        Key::new("service", Reads::Text(|frame| &mut frame.as_mut().inherited.service)),
        Key::new(
            "metadata",
            Reads::Other(|frame, node, out| frame.as_mut().inherited.metadata = metadata::read(node, out)),
        ),
        Key::new("timeout", Reads::Limit(|frame| &mut frame.as_mut().inherited.timeout)),
        Key::new(
            "compression",
            Reads::Other(|frame, node, out| frame.as_mut().compression = read_compression(node, out)),
        ),
        Key::new("request", Reads::Node(|frame| &mut frame.as_mut().request)),
        Key::new("requests", Reads::Node(|frame| &mut frame.as_mut().requests)),
        Key::new("stream", Reads::Other(|frame, node, out| frame.as_mut().stream = script::read(node, out))),
        Key::new(
            "expect",
            Reads::Mapping(|| EXPECT.names(), |frame, node, out| frame.as_mut().expect = Some(read_expect(node, out))),
        ),
        Key::new("capture", Reads::Other(|frame, node, out| frame.as_mut().capture = read_capture(node, out))),
        Key::new(
            "eventually",
            Reads::Mapping(
                || EVENTUALLY.names(),
                |frame, node, out| frame.as_mut().eventually = read_eventually(node, out),
            ),
        ),
    ];
}

static EXPECT: Table<Expect> = Table {
    what: "`expect`",
    keys: &[&[
        Key::new("response", Reads::Node(|expect| &mut expect.response)),
        Key::new("responses", Reads::Node(|expect| &mut expect.responses)),
        Key::new("status", Reads::Node(|expect| &mut expect.status)),
        Key::new("headers", Reads::Node(|expect| &mut expect.headers)),
        Key::new("trailers", Reads::Node(|expect| &mut expect.trailers)),
        Key::new("metadata", Reads::Node(|expect| &mut expect.metadata)),
        Key::new("elapsed", Reads::Node(|expect| &mut expect.elapsed)),
        Key::new("compressed", Reads::Other(|expect, node, out| expect.compressed = read_flag(node, out))),
        Key::new("unreachable", Reads::Node(|expect| &mut expect.unreachable)),
        Key::new("assert", Reads::Other(|expect, node, out| expect.assert = read_assert(node, out))),
    ]],
};

impl<T: AsMut<CallFrame> + 'static> CallKeys<T> {
    pub(super) fn names() -> Vec<&'static str> {
        Self::KEYS.iter().map(Key::name).collect()
    }
}

impl CallFrame {
    /// The call, and those in its script.
    pub(in crate::spec) fn all(&self) -> Vec<&Self> {
        let within = self.stream.iter().flat_map(ScriptFrame::calls).flat_map(Self::all);
        std::iter::once(self).chain(within).collect()
    }
}

/// Reports the keys of a call that exclude each other.
pub(super) fn check_exclusive(node: &Node, out: &mut Diagnostics) {
    let hint = "keep `request` for one message, `requests` for a list of them where the client streams";
    exclusive(node, "request", "requests", hint, out);
    let hint = "a script holds all that is sent: write `- send: …` for each message";
    exclusive(node, "request", "stream", hint, out);
    exclusive(node, "requests", "stream", hint, out);
}

/// `true` or `false`, with its place.
pub(super) fn read_flag(node: &Node, out: &mut Diagnostics) -> Option<Spanned<bool>> {
    decode::boolean(node, out).map(|flag| Spanned::new(flag, node.span))
}

fn read_compression(node: &Node, out: &mut Diagnostics) -> Option<Spanned<Compression>> {
    let choices = Compression::ALL.map(|compression| (compression.name(), compression));
    decode::choice(node, &choices, out).map(|compression| Spanned::new(compression, node.span))
}

fn read_expect(node: &Node, out: &mut Diagnostics) -> Expect {
    let mut expect = Expect::default();
    EXPECT.read(node, &mut expect, out);
    let hint = "keep `response` for one message, `responses` for a list of them where the server streams";
    exclusive(node, "response", "responses", hint, out);
    let hint = "keep `unreachable` alone: a call that finds no server has no outcome but that";
    for other in EXPECT.names().into_iter().filter(|name| *name != "unreachable") {
        exclusive(node, "unreachable", other, hint, out);
    }
    expect
}

/// One expression, or a list of them.
fn read_assert(node: &Node, out: &mut Diagnostics) -> Vec<Node> {
    let items = node.as_sequence().unwrap_or(std::slice::from_ref(node));
    if items.is_empty() {
        let nothing = Diagnostic::error("nothing is asserted").at(node.span, "an empty list");
        out.push(nothing.hint("write an expression that must be true, or leave `assert` out"));
    }
    items.iter().filter_map(|item| read_expression(item, "response.id != ''", out)).collect()
}

/// Names, and the expressions that they keep.
fn read_capture(node: &Node, out: &mut Diagnostics) -> Vec<Capture> {
    if node.as_mapping().is_some_and(<[crate::yaml::Entry]>::is_empty) {
        let nothing = Diagnostic::error("nothing is captured").at(node.span, "an empty mapping");
        out.push(nothing.hint("write `{ user_id: response.id }`, or leave `capture` out"));
    }
    let hint = "write `{ user_id: response.id }`";
    let captures = read_names(node, "captured values by name", hint, out);
    let capture = |(name, node): (Spanned<Arc<str>>, Node)| {
        Some(Capture { name, expression: read_expression(&node, "response.id", out)? })
    };
    captures.into_iter().filter_map(capture).collect()
}

/// CEL is a text; what it says is read when the types are known.
fn read_expression(node: &Node, example: &str, out: &mut Diagnostics) -> Option<Node> {
    if let Some(scalar) = node.as_scalar()
        && !node.is_null()
        && !scalar.text.trim().is_empty()
    {
        return Some(node.clone());
    }
    let found = if node.as_scalar().is_some() && !node.is_null() { "an empty text" } else { node.describe() };
    let wrong = Diagnostic::error(format!("expected an expression, found {found}")).at(node.span, "");
    out.push(match &node.kind {
        NodeKind::Mapping(_) => {
            wrong.hint("quote an expression that has `{`, or `: ` in it; fields are expected under `response:`")
        }
        NodeKind::Sequence(_) => wrong.hint("quote an expression that begins with `[`"),
        NodeKind::Scalar(_) => wrong.hint(format!("write CEL: `{example}`")),
    });
    None
}
