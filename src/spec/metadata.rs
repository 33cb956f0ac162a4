//! Request metadata as the frame sees it: keys in lower case, allowed and unique; merged from far to near. The values
//! stay nodes.

use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::grpc::MetadataKey;
use crate::yaml::{Node, decode};

/// Metadata by lower-case key.
pub(super) type Metadata = Vec<(Spanned<String>, Node)>;

/// What to use instead of a reserved key.
const INSTEAD: &[(&str, &str)] = &[
    (":authority", "set `authority` of the server instead"),
    (":path", "set `call` instead"),
    ("content-type", "leave it out: calls are sent as `application/grpc`"),
    ("grpc-accept-encoding", "leave it out: it follows from what can be decoded"),
    ("grpc-encoding", "leave it out: it follows from how messages are sent"),
    ("grpc-timeout", "set `timeout` instead"),
    ("host", "set `authority` of the server instead"),
    ("te", "leave it out: calls are sent with `te: trailers`"),
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
    let error = MetadataKey::parse(&key.value).err()?;
    let instead = INSTEAD.iter().find(|(reserved, _)| *reserved == key.value).map(|(_, instead)| *instead);
    let own = key.value.starts_with("grpc-").then_some("choose a name that does not start with `grpc-`");
    let hint = instead.or(own).or(error.help).unwrap_or("choose another key");
    Some(Diagnostic::error(error.headline).at(key.span, "a key of metadata").hint(hint))
}
