//! Operators that make values: `$hex`, `$utf8`, `$zeros`, `$json`, `$file` (`$type` is `any`'s). What a value cannot be
//! written with, is told apart: operators that expect, words of other tools, misspellings, strays beside fields.

use std::path::Path;

use prost_reflect::{Kind, MessageDescriptor, Value};

use super::build::{Builder, Built, Content, Known};
use super::scalar::{Problem, integer};
use super::well_known::WellKnown;
use super::{FieldPath, FieldType, kind_name};
use crate::diagnostic::{Diagnostic, did_you_mean, one_of};
use crate::yaml::{Entry, Node};

/// Those that make a value of some type.
const VALUES: [&str; 6] = ["$hex", "$utf8", "$zeros", "$json", "$type", "$file"];

/// Those that only expectations know.
const EXPECTATIONS: [&str; 22] = [
    "$in",
    "$not",
    "$present",
    "$cel",
    "$gt",
    "$gte",
    "$lt",
    "$lte",
    "$between",
    "$approx",
    "$within",
    "$regex",
    "$contains",
    "$starts_with",
    "$ends_with",
    "$len",
    "$format",
    "$sha256",
    "$each",
    "$unordered",
    "$sorted",
    "$unique",
];
/// As above, for maps and messages.
const STRUCTURES: [&str; 4] = ["$keys", "$values", "$exact", "$oneof"];

/// Words of other tools, and what is written here.
const FOREIGN: [(&str, &str); 3] = [
    ("$eq", "write the value itself"),
    ("$base64", "write the base64 itself, without an operator"),
    ("$text", "write the text itself; for bytes `{ $utf8: text }`"),
];

impl Builder<'_> {
    /// A mapping all of whose keys are operators, where a value of `ty` is wanted.
    pub(super) fn operator(
        &mut self,
        node: &Node,
        entries: &[Entry],
        ty: &FieldType,
        path: &FieldPath,
    ) -> Option<Built> {
        let mut chosen: Option<&Entry> = None;
        let mut sound = true;
        for entry in entries {
            if let Some(problem) = refusal(entry, ty, path) {
                self.out.push(problem);
                sound = false;
            } else if let Some(first) = chosen {
                let (first, key) = (&first.key, &entry.key);
                self.out.push(
                    Diagnostic::error(format!("`{}` and `{}` exclude each other", first.value, key.value))
                        .at(key.span, "a second value for the same field")
                        .also(first.span, "first here"),
                );
                sound = false;
            } else {
                chosen = Some(entry);
            }
        }
        let entry = chosen.filter(|_| sound)?;
        let operand = &entry.value;
        let within = path.field(&entry.key.value);
        match &*entry.key.value {
            "$file" => self.file(operand, ty, path, &within),
            "$json" => match self.json_text(operand, &within)? {
                Known::Now(text) if *ty == FieldType::Single(Kind::String) => Some(Built::Value(Value::String(text))),
                Known::Now(text) => Some(Built::Value(Value::Bytes(text.into()))),
                Known::Later => Some(Built::Later),
            },
            "$type" => self.typed_bytes(node, entries, path),
            operator => {
                let text = match self.operand(operand, &within)? {
                    Known::Now(text) => text,
                    Known::Later => return Some(Built::Later),
                };
                let bytes = match operator {
                    "$hex" => hex(&text),
                    "$utf8" => Ok(text.into_bytes()),
                    _ => {
                        let length = integer::<u32>(&text, &Kind::Uint32)
                            .map_err(|problem| self.out.push(problem.at(operand.span, &within)));
                        let length = length.ok()? as usize;
                        self.spend_bytes(length, operand.span, &within)?;
                        Ok(vec![0; length])
                    }
                };
                let bytes = bytes.map_err(|problem| self.out.push(problem.at(operand.span, &within))).ok()?;
                Some(Built::Value(Value::Bytes(bytes.into())))
            }
        }
    }

    /// An operator's operand that is one text.
    pub(super) fn operand(&mut self, node: &Node, path: &FieldPath) -> Option<Known<String>> {
        match self.content(node)? {
            Content::Text(text, _) => Some(Known::Now(text.to_string())),
            Content::Value(value) => {
                let text = value.to_text();
                if text.is_none() {
                    let error = Diagnostic::error(format!("`{path}` is a text"));
                    self.out.push(error.at(node.span, format!("`${{…}}` is {}", value.describe())));
                }
                text.map(Known::Now)
            }
            Content::Later(_) => Some(Known::Later),
            Content::Node(stands_for) => self.deeper(node.span, path, |this| this.operand(&stands_for, path)),
            Content::Container => {
                let error = Diagnostic::error(format!("`{path}` is a text"));
                self.out.push(error.at(node.span, format!("expected a text, found {}", node.describe())));
                None
            }
        }
    }

    /// `{$file: path}`: bytes as they are, a string as UTF-8, anything else as JSON or YAML.
    fn file(&mut self, operand: &Node, ty: &FieldType, path: &FieldPath, within: &FieldPath) -> Option<Built> {
        let written = match self.operand(operand, within)? {
            Known::Now(_) if !self.read_files => return Some(Built::Later),
            Known::Now(written) => written,
            Known::Later => return Some(Built::Later),
        };
        let holder = self.sources.get(operand.span.file);
        let file = holder.path().parent().unwrap_or(Path::new("")).join(&written);
        let unreadable = |reason: String| {
            Diagnostic::error(format!("cannot read `{written}`"))
                .at(operand.span, reason)
                .hint("a path is relative to the file it is written in")
        };
        let bytes = match self.files.bytes(&file) {
            Ok(bytes) => bytes,
            Err(reason) => {
                self.out.push(unreadable(reason));
                return None;
            }
        };
        self.spend_bytes(bytes.len(), operand.span, within)?;
        if *ty == FieldType::Single(Kind::Bytes) {
            return Some(Built::Value(Value::Bytes(bytes)));
        }
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => text,
            Err(error) => {
                let at = error.valid_up_to();
                self.out.push(unreadable(format!("it is not UTF-8: byte {at} begins no character")));
                return None;
            }
        };
        if *ty == FieldType::Single(Kind::String) {
            return Some(Built::Value(Value::String(text.to_owned())));
        }
        let (node, problems) = self.files.document(&file, text, self.sources);
        self.out.append(problems);
        let is_json = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let literal = std::mem::replace(&mut self.literal, is_json);
        let built = node.and_then(|node| self.deeper(operand.span, path, |this| this.required(&node, ty, path)));
        self.literal = literal;
        built
    }

    /// Reports an operator among the fields of a message.
    pub(super) fn stray_operator(&mut self, entry: &Entry, descriptor: &MessageDescriptor, path: &FieldPath) {
        let key = &*entry.key.value;
        let problem = match key {
            "$oneof" => Diagnostic::error(format!("`$oneof` is an expectation, and {} is a value", path.subject()))
                .at(entry.key.span, "it asks which member is set")
                .hint("set the member itself"),
            "$type" => Diagnostic::error(format!("{} has its type from the schema", path.subject()))
                .at(entry.key.span, format!("it is a `{}` already", descriptor.full_name()))
                .hint("`$type` is for `google.protobuf.Any`, and for bytes that hold a message"),
            _ => {
                self.mixed_key(entry, path);
                return;
            }
        };
        self.out.push(problem);
    }

    /// Reports an operator among literal keys.
    pub(super) fn mixed_key(&mut self, entry: &Entry, path: &FieldPath) {
        let key = &*entry.key.value;
        let error = Diagnostic::error(format!("`{key}` stands among literal keys of {}", path.subject()));
        let error = error.at(entry.key.span, "an operator stands alone, or with other operators");
        self.out.push(if key.starts_with("${") {
            error.hint("no `${…}` is replaced in keys")
        } else {
            error.hint(format!("a literal key that starts with `$` is written `${key}`"))
        });
    }
}

/// Why an operator does not make a value of this type.
fn refusal(entry: &Entry, ty: &FieldType, path: &FieldPath) -> Option<Diagnostic> {
    let key = &*entry.key.value;
    let fitting = operators_for(ty);
    if fitting.contains(&key) {
        return None;
    }
    let subject = path.subject();
    let at = |headline: String, label: String| Diagnostic::error(headline).at(entry.key.span, label);
    let ways = format!("operators that make a `{}`: {}", kind_name(ty), one_of(fitting.iter().copied()));
    if VALUES.contains(&key) {
        return Some(
            at(format!("`{key}` does not fit {subject}"), format!("{subject} is a `{}`", kind_name(ty))).hint(
                match (key, ty) {
                    ("$utf8", FieldType::Single(Kind::String)) => "write the text itself".to_owned(),
                    _ => ways,
                },
            ),
        );
    }
    if EXPECTATIONS.contains(&key) || STRUCTURES.contains(&key) {
        return Some(
            at(format!("`{key}` is an expectation, and {subject} is a value"), "a value is wanted here".to_owned())
                .hint("write the value itself"),
        );
    }
    let unknown = at(format!("unknown operator `{key}`"), format!("{subject} is a `{}`", kind_name(ty)));
    if let Some((_, way_out)) = FOREIGN.iter().find(|(foreign, _)| *foreign == key) {
        return Some(unknown.hint(*way_out));
    }
    if key.starts_with("${") {
        return Some(unknown.hint("no `${…}` is replaced in keys"));
    }
    let unknown = unknown.hints(did_you_mean(key, fitting.iter().copied())).hint(ways);
    let has_keys = match ty {
        FieldType::Map { .. } => true,
        FieldType::Single(Kind::Message(descriptor)) => {
            matches!(WellKnown::of(descriptor), Some(WellKnown::Struct | WellKnown::Value))
        }
        _ => false,
    };
    Some(if has_keys {
        unknown.hint(format!("a literal key that starts with `$` is written `${key}`"))
    } else {
        unknown
    })
}

/// The operators that make a value of this type.
fn operators_for(ty: &FieldType) -> &'static [&'static str] {
    match ty {
        FieldType::Single(Kind::Bytes) => &VALUES,
        FieldType::Single(Kind::String) => &["$json", "$file"],
        _ => &["$file"],
    }
}

fn hex(text: &str) -> Result<Vec<u8>, Problem> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    match digits {
        Some(digits) if digits.len() % 2 == 0 => {
            Ok(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
        }
        Some(_) => Err(Problem::new("is not hexadecimal", "an odd number of digits: two make a byte")),
        None => Err(Problem::new("is not hexadecimal", "expected the digits 0 to 9 and a to f, nothing between them")),
    }
}
