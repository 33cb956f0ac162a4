//! Request metadata as the frame sees it: keys in lower case, allowed and unique; merged from far to near. The values
//! stay nodes.

use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::yaml::{Node, decode};

/// Metadata by lower-case key.
pub(super) type Metadata = Vec<(Spanned<String>, Node)>;

/// Names that gRPC or HTTP/2 sets itself: <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md> and RFC 9113,
/// section 8.2.2; with what to use instead.
const RESERVED: &[(&str, &str)] = &[
    ("connection", "HTTP/2 forbids it: leave it out"),
    ("content-length", "leave it out: the length of the body follows from the messages"),
    ("content-type", "leave it out: calls are sent as `application/grpc`"),
    ("host", "set `authority` of the server instead"),
    ("keep-alive", "HTTP/2 forbids it: leave it out"),
    ("proxy-connection", "HTTP/2 forbids it: leave it out"),
    ("te", "leave it out: calls are sent with `te: trailers`"),
    ("transfer-encoding", "HTTP/2 forbids it: leave it out"),
    ("upgrade", "HTTP/2 forbids it: leave it out"),
];

/// Reads `metadata:` of a request. A value is a text, a list of them, an operator such as `{$hex: …}`, or `null`.
pub(super) fn read(node: &Node, out: &mut Diagnostics) -> Metadata {
    let hint = "write `{ authorization: Bearer x }`";
    let mut metadata: Metadata = Vec::new();
    for entry in decode::entries(node, "metadata by key", hint, out).unwrap_or_default() {
        let key = Spanned::new(entry.key.value.to_ascii_lowercase(), entry.key.span);
        if let Some(refused) = refuse(&key) {
            out.push(refused);
        } else if let Some((first, _)) = metadata.iter().find(|(first, _)| first.value == key.value) {
            let headline = format!("metadata `{}` is written twice", key.value);
            let again = Diagnostic::error(headline).at(key.span, "the same key: case does not matter");
            let hint = format!("write several values as a list: `{}: [a, b]`", key.value);
            out.push(again.also(first.span, "first here").hint(hint));
        } else {
            metadata.push((key, entry.value.clone()));
        }
    }
    metadata
}

/// `near` over `far`: what `near` says stands, its `null` drops what is inherited.
pub(super) fn merge(far: &Metadata, near: &Metadata) -> Metadata {
    let said = |key: &str| near.iter().any(|(nearer, _)| nearer.value == key);
    let inherited = far.iter().filter(|(key, _)| !said(&key.value));
    inherited.chain(near.iter().filter(|(_, value)| !value.is_null())).cloned().collect()
}

fn refuse(key: &Spanned<String>) -> Option<Diagnostic> {
    let name = key.value.as_str();
    let reserved = RESERVED.iter().find(|(reserved, _)| *reserved == name).map(|(_, instead)| *instead);
    let reserved = reserved.or_else(|| match name {
        "grpc-timeout" => Some("set `timeout` instead"),
        "grpc-encoding" | "grpc-accept-encoding" => Some("leave it out: it follows from how messages are sent"),
        ":authority" => Some("set `authority` of the server instead"),
        ":path" => Some("set `call` instead"),
        _ if name.starts_with("grpc-") => Some("choose a name that does not start with `grpc-`"),
        _ if name.starts_with(':') => Some("choose a name that does not start with `:`"),
        _ => None,
    });
    if let Some(instead) = reserved {
        let headline = format!("metadata `{name}` is reserved");
        return Some(Diagnostic::error(headline).at(key.span, "gRPC sets it itself").hint(instead));
    }
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.');
    if !name.is_empty() && name.bytes().all(allowed) {
        return None;
    }
    let headline = format!("`{}` cannot be a metadata key", name.escape_debug());
    let form = "a key is made of ASCII letters, digits, `-`, `_` and `.`";
    Some(Diagnostic::error(headline).at(key.span, "").hint(form))
}
