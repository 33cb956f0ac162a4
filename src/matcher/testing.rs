//! What the tests of this module share: a schema, and how an expectation is compiled, compared and shown.

use std::sync::{Arc, LazyLock};

use prost_reflect::{DescriptorPool, DynamicMessage, Value};

use super::Mismatch;
use super::compile::compile;
use super::rule::Matcher;
use crate::diagnostic::{Diagnostics, FileId, Sources};
use crate::expr::{Env, Scope};
use crate::message::{Context, FieldPath, FieldType, MessageTemplate};
use crate::yaml::{Node, parse};

pub(super) static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    const SOURCE: &str = r#"
        syntax = "proto3";
        package t;
        import "google/protobuf/any.proto";
        import "google/protobuf/duration.proto";
        import "google/protobuf/field_mask.proto";
        import "google/protobuf/struct.proto";
        import "google/protobuf/timestamp.proto";
        import "google/protobuf/wrappers.proto";
        import "google/rpc/status.proto";
        enum Color { COLOR_UNSPECIFIED = 0; RED = 1; GREEN = 2; }
        message Item { string name = 1; int32 price = 2; optional string note = 3; repeated string tags = 4; }
        message M {
          int32 i32 = 1; int64 i64 = 2; uint32 u32 = 3; uint64 u64 = 4;
          float f = 5; double d = 6; bool b = 7; string s = 8; bytes data = 9; Color color = 10;
          optional int32 maybe = 11; Item item = 12; repeated Item items = 13; repeated int32 numbers = 14;
          map<string, int32> counts = 15; map<int32, Item> by_id = 16;
          oneof contact { string email = 17; string phone = 18; }
          google.protobuf.Any any = 19; google.protobuf.Timestamp at = 20; google.protobuf.Duration took = 21;
          google.protobuf.Struct struct = 22; google.protobuf.Value value = 23; google.protobuf.ListValue list = 24;
          google.protobuf.Int32Value wrapped = 25; google.protobuf.FieldMask mask = 26;
          repeated string strings = 27; repeated double doubles = 28; repeated google.protobuf.Value values = 29;
          repeated Color colors = 30; repeated google.protobuf.Any anys = 31; M self = 32;
          google.protobuf.StringValue text = 33;
        }
        service S { rpc Get(M) returns (M); rpc Watch(M) returns (stream M); }
    "#;
    let folder = tempfile::tempdir().expect("a folder");
    let rpc = folder.path().join("google/rpc");
    std::fs::create_dir_all(&rpc).expect("the folders are made");
    std::fs::write(rpc.join("status.proto"), include_str!("../schema/google/rpc/status.proto")).expect("it is written");
    std::fs::write(folder.path().join("t.proto"), SOURCE).expect("it is written");
    let files = protox::compile(["t.proto"], [folder.path()]).expect("the source compiles");
    DescriptorPool::from_file_descriptor_set(files).expect("the descriptors fit")
});

pub(super) fn message_type() -> FieldType {
    FieldType::message(POOL.get_message_by_name("t.M").expect("it is declared"))
}

/// Something written, to be read by the schema.
pub(super) struct Written {
    pub(super) sources: Arc<Sources>,
    pub(super) env: Arc<Env>,
    pub(super) node: Node,
    pub(super) file: FileId,
}

impl Written {
    pub(super) fn new(text: &str) -> Self {
        let sources = Arc::new(Sources::new());
        let file = sources.add("case.yaml", text);
        let mut out = Diagnostics::new();
        let node = parse(file, text, &mut out).unwrap_or_else(|| panic!("not YAML: {text}: {out:?}"));
        Self { sources, env: Arc::new(Env::new()), node, file }
    }

    pub(super) fn context(&self) -> Context<'_> {
        Context { sources: &self.sources, env: &self.env, pool: &POOL, read_files: true }
    }

    pub(super) fn compile(&self) -> Result<Matcher, Vec<String>> {
        let mut out = Diagnostics::new();
        let matcher = compile(&self.node, &message_type(), &FieldPath::new(), &self.context(), &mut out);
        match matcher {
            Some(matcher) if !out.has_errors() => Ok(matcher),
            _ => {
                assert!(out.has_errors(), "no matcher, and no error");
                Err(out.iter().map(|problem| flat(problem, &self.sources)).collect())
            }
        }
    }

    pub(super) fn message(&self) -> DynamicMessage {
        let mut out = Diagnostics::new();
        let descriptor = POOL.get_message_by_name("t.M").expect("it is declared");
        let built = MessageTemplate::build(&self.node, &descriptor, &self.context(), &mut out);
        let template = built.unwrap_or_else(|| panic!("not a message: {out:?}"));
        template.fill(&Arc::new(Scope::new())).expect("nothing is left to fill").as_ref().clone()
    }
}

/// A message of type `t.M`.
pub(super) fn message(text: &str) -> Value {
    Value::Message(Written::new(text).message())
}

/// What an expectation says of a response; panics if it cannot be compiled.
pub(super) fn compare(expected: &str, actual: &Value) -> Vec<Mismatch> {
    let written = Written::new(expected);
    let matcher = written.compile().unwrap_or_else(|problems| panic!("{expected}: {problems:#?}"));
    matcher.compare(Some(actual), super::place::RESPONSE, &Arc::new(Scope::new()))
}

/// One mismatch on one line for each part: `headline | expected … | actual …`.
pub(super) fn shown(mismatches: &[Mismatch]) -> Vec<String> {
    let of = |mismatch: &Mismatch| {
        let diagnostic = mismatch.to_diagnostic();
        let label = diagnostic.primary.map(|label| label.text).unwrap_or_default();
        let notes = diagnostic.notes.iter().map(|note| format!("{}: {}", note.name, note.text));
        std::iter::once(diagnostic.headline)
            .chain(std::iter::once(label))
            .chain(notes)
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" | ")
    };
    mismatches.iter().map(of).collect()
}

/// `line:column headline | label | hints`.
pub(super) fn flat(problem: &crate::diagnostic::Diagnostic, sources: &Sources) -> String {
    let place = problem.primary.as_ref().map_or_else(String::new, |label| {
        let (line, column) = sources.get(label.span.file).line_column(label.span.start as usize);
        format!("{line}:{column} ")
    });
    let label = problem.primary.iter().map(|label| label.text.clone());
    let notes = problem.notes.iter().map(|note| note.text.clone());
    let parts = label.chain(notes).chain(problem.hints.iter().cloned()).filter(|part| !part.is_empty());
    let parts: Vec<String> = std::iter::once(format!("{place}{}", problem.headline)).chain(parts).collect();
    parts.join(" | ")
}
