//! Keys of mappings: which are operators, and what they say as keys of a protobuf map.

use prost_reflect::{Kind, MapKey};

use super::FieldPath;
use super::quote::double_quoted;
use super::scalar::{Problem, integer};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::yaml::Entry;

/// Whether a key is an operator's: it starts with one `$`.
pub(crate) fn is_operator_key(key: &str) -> bool {
    key.starts_with('$') && !key.starts_with("$$")
}

/// What a key that is no operator's says: `$$name` is `$name`.
pub(super) fn literal_text(key: &str) -> &str {
    if key.starts_with("$$") { &key[1..] } else { key }
}

/// A map's key by the key's type; `$$name` is the text `$name`. `path` is the map's.
pub(crate) fn map_key(entry: &Entry, kind: &Kind, path: &FieldPath, out: &mut Diagnostics) -> Option<MapKey> {
    let text = literal_text(&entry.key.value);
    if text.contains("${") {
        out.push(
            Diagnostic::warning(format!("a key of {} holds `${{`", path.subject()))
                .at(entry.key.span, "a key is what is written: no `${…}` is replaced in it"),
        );
    }
    literal_key(entry, text, kind, path, out)
}

/// As [`map_key`], `text` being the key itself.
pub(super) fn literal_key(
    entry: &Entry,
    text: &str,
    kind: &Kind,
    path: &FieldPath,
    out: &mut Diagnostics,
) -> Option<MapKey> {
    let key = match kind {
        Kind::String => Ok(MapKey::String(text.to_owned())),
        Kind::Bool => match text {
            "true" => Ok(MapKey::Bool(true)),
            "false" => Ok(MapKey::Bool(false)),
            _ => Err(Problem::new("is not a bool", "the keys of this map are `true` and `false`")),
        },
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => integer(text, kind).map(MapKey::I32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => integer(text, kind).map(MapKey::I64),
        Kind::Uint32 | Kind::Fixed32 => integer(text, kind).map(MapKey::U32),
        Kind::Uint64 | Kind::Fixed64 => integer(text, kind).map(MapKey::U64),
        // protobuf has no maps with other keys, and the pool refuses them
        _ => Err(Problem::new("is not a key", "this map has no keys that can be written")),
    };
    key.map_err(|problem| out.push(problem.at(entry.key.span, &path.key(&double_quoted(text))))).ok()
}

/// A key as it stands in a path: text in quotes, numbers and booleans bare.
pub(crate) fn quoted_key(key: &MapKey) -> String {
    match key {
        MapKey::Bool(value) => value.to_string(),
        MapKey::I32(value) => value.to_string(),
        MapKey::I64(value) => value.to_string(),
        MapKey::U32(value) => value.to_string(),
        MapKey::U64(value) => value.to_string(),
        MapKey::String(value) => double_quoted(value),
    }
}
