//! Expressions against a schema that has what expressions treat in their own way.

mod checking;
mod evaluating;
mod explaining;
mod messages;
mod properties;
mod syntax;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};

use super::{Binding, Env, Expression, Scope, Ty, Value};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::yaml::{Node, parse};

const SOURCE: &str = r#"
    syntax = "proto3";
    package t;
    import "google/protobuf/any.proto";
    import "google/protobuf/duration.proto";
    import "google/protobuf/struct.proto";
    import "google/protobuf/timestamp.proto";
    import "google/protobuf/wrappers.proto";
    enum Color { COLOR_UNSPECIFIED = 0; RED = 1; GREEN = 2; }
    message Item { string name = 1; int32 price = 2; optional string note = 3; repeated string tags = 4; }
    message M {
      int32 i32 = 1; int64 i64 = 2; uint32 u32 = 3; uint64 u64 = 4;
      float f = 5; double d = 6; bool b = 7; string s = 8; bytes data = 9; Color color = 10;
      optional int32 maybe = 11; Item item = 12; repeated Item items = 13; repeated int32 numbers = 14;
      map<string, int32> counts = 15; map<uint64, Item> by_id = 16;
      oneof contact { string email = 17; string phone = 18; }
      google.protobuf.Any any = 19; google.protobuf.Timestamp at = 20; google.protobuf.Duration took = 21;
      google.protobuf.Struct struct = 22; google.protobuf.Value value = 23; google.protobuf.ListValue list = 24;
      google.protobuf.UInt64Value wrapped = 25; google.protobuf.StringValue text = 26;
      repeated Color colors = 27; map<bool, Color> flags = 28; M self = 29; repeated google.protobuf.Any anys = 30;
    }
"#;

pub(super) static POOL: LazyLock<DescriptorPool> = LazyLock::new(pool);

/// A pool of its own with the same types.
pub(super) fn pool() -> DescriptorPool {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("t.proto"), SOURCE).expect("it is written");
    let files = protox::compile(["t.proto"], [folder.path()]).expect("the source compiles");
    DescriptorPool::from_file_descriptor_set(files).expect("the descriptors fit")
}

pub(super) fn descriptor() -> MessageDescriptor {
    POOL.get_message_by_name("t.M").expect("it is declared")
}

/// A message from JSON.
pub(super) fn message(json: &str) -> Arc<DynamicMessage> {
    let mut json = serde_json::Deserializer::from_str(json);
    Arc::new(DynamicMessage::deserialize(descriptor(), &mut json).expect("it is JSON of the type"))
}

fn full() -> Arc<DynamicMessage> {
    message(
        r#"{
            "i32": -1, "i64": "-9223372036854775808", "u32": 7, "u64": "18446744073709551615",
            "f": 0.5, "d": 0.1, "b": true, "s": "世界", "data": "AP8=", "color": "GREEN", "maybe": 0,
            "item": { "name": "pen", "price": 3, "note": "" },
            "items": [{ "name": "a", "price": 1 }, { "name": "b", "price": 2, "tags": ["x", "y"] }],
            "numbers": [1, 2, 3], "counts": { "one": 1, "two": 2 },
            "byId": { "18446744073709551615": { "name": "last" } }, "email": "a@b.c",
            "any": { "@type": "type.googleapis.com/t.Item", "name": "inside" },
            "at": "2024-02-29T12:30:00.5Z", "took": "1.5s", "struct": { "k": [1, "two", null, { "deep": true }] },
            "value": "text", "list": [1, false], "wrapped": "18446744073709551615",
            "colors": ["RED", "GREEN"], "flags": { "true": "RED" }
        }"#,
    )
}

/// An expression in a YAML document of its own, and what planning and running know beside it.
pub(super) struct Written {
    pub(super) sources: Sources,
    pub(super) node: Node,
}

impl Written {
    pub(super) fn new(yaml: &str) -> Self {
        let sources = Sources::new();
        let mut out = Diagnostics::new();
        let node = parse(sources.add("a.yaml", yaml), yaml, &mut out).expect("it is YAML");
        assert!(out.is_empty(), "{out:?}");
        Self { sources, node }
    }

    /// As the text of a block, so that nothing in it means something to YAML.
    fn block(source: &str) -> Self {
        let indented = source.replace('\n', "\n  ");
        let this = Self::new(&format!("e: |-\n  {indented}\n"));
        let node = this.node.get("e").expect("it is there").clone();
        Self { node, ..this }
    }

    pub(super) fn read(&self) -> Result<Expression, Vec<Diagnostic>> {
        let mut out = Diagnostics::new();
        let read = Expression::parse(&self.node, &self.sources, &mut out);
        let problems: Vec<_> = out.into_iter().collect();
        assert_eq!(read.is_none(), !problems.is_empty());
        read.ok_or(problems)
    }

    /// A diagnostic in a line: `text at its place: headline | label | hint | …`.
    fn words(&self, problem: &Diagnostic) -> String {
        let label = problem.primary.as_ref().expect("it has a place");
        let file = self.sources.get(label.span.file);
        let place = &file.text()[label.span.range()];
        let parts: Vec<_> = std::iter::once(label.text.clone()).chain(problem.hints.iter().cloned()).collect();
        format!("{place}: {} | {}", problem.headline, parts.join(" | "))
    }
}

pub(super) fn names<T, const N: usize>(names: [(&str, T); N]) -> BTreeMap<Arc<str>, T> {
    names.into_iter().map(|(name, value)| (name.into(), value)).collect()
}

fn status() -> Value {
    Value::record([("code", Value::Int(5)), ("message", Value::text("no user")), ("details", Value::list([]))])
}

pub(super) fn scope() -> Arc<Scope> {
    let environment = BTreeMap::from([("HOME".into(), "/root".into())]);
    Arc::new(Scope::with_environment(environment)).with_random(1).child(names([
        ("response", Value::Message(full())),
        ("empty", Value::Message(message("{}"))),
        ("who", Value::text("ada")),
        ("count", Value::Uint(3)),
        ("elapsed", Value::Duration { seconds: 0, nanos: 200_000_000 }),
        ("status", status()),
        ("servers.greeter.address", Value::text("127.0.0.1:1")),
    ]))
}

pub(super) fn env() -> Arc<Env> {
    let later = |ty| Binding::Later(ty);
    let status = Ty::record([("code", Ty::Int), ("message", Ty::String), ("details", Ty::list(Ty::Any))]);
    Arc::new(Env::new()).child(names([
        ("response", later(Ty::Message(descriptor()))),
        ("empty", later(Ty::Message(descriptor()))),
        ("who", Binding::Known(Value::text("ada"))),
        ("count", later(Ty::Uint)),
        ("elapsed", later(Ty::Duration)),
        ("status", later(status)),
        ("servers.greeter.address", later(Ty::String)),
    ]))
}

pub(super) fn expression(source: &str) -> Expression {
    Written::block(source).read().unwrap_or_else(|problems| panic!("`{source}`: {problems:?}"))
}

/// The value, if checking finds nothing wrong.
fn evaluate(source: &str) -> Result<Value, String> {
    let expression = expression(source);
    let mut out = Diagnostics::new();
    expression.check(&env(), &mut out);
    assert!(out.is_empty(), "`{source}`: {out:?}");
    evaluate_unchecked(source)
}

fn evaluate_unchecked(source: &str) -> Result<Value, String> {
    let written = Written::block(source);
    let expression = written.read().expect("it parses");
    expression.evaluate(&scope()).map_err(|problem| written.words(&problem))
}

fn is_true(source: &str) {
    assert!(matches!(evaluate(source), Ok(Value::Bool(true))), "`{source}`: {:?}", evaluate(source));
}
