//! Messages against descriptors that hold every type protobuf has.

mod building;
mod computed;
mod decoding;
mod details;
mod errors;
mod oracle;
mod rendering;
mod round_trips;
mod scalars;
mod templates;
mod well_known;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MessageDescriptor, ReflectMessage as _, Value};

use super::{Context, MessageTemplate, WellKnown};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::expr::Env;
use crate::yaml::{self, Node};

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let files = ["all_types.proto", "all_types_proto2.proto"];
    let compiled = protox::compile(files, [fixtures().join("protos")]).expect("the fixtures compile");
    DescriptorPool::from_file_descriptor_set(compiled).expect("what protox compiles is sound")
});

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn descriptor(name: &str) -> MessageDescriptor {
    POOL.get_message_by_name(name).expect("the fixtures declare it")
}

fn all_types() -> MessageDescriptor {
    descriptor("fixtures.AllTypes")
}

fn proto2() -> MessageDescriptor {
    descriptor("fixtures.proto2.AllTypes")
}

/// A YAML document and all that reading it takes.
struct Source {
    sources: Arc<Sources>,
    node: Option<Node>,
    env: Arc<Env>,
    out: Diagnostics,
}

impl Source {
    fn new(yaml: &str) -> Self {
        Self::at("case.yaml", yaml)
    }

    fn at(path: impl Into<PathBuf>, yaml: &str) -> Self {
        let sources = Arc::new(Sources::new());
        let mut out = Diagnostics::new();
        let node = yaml::parse(sources.add(path, yaml), yaml, &mut out);
        Self { sources, node, env: Arc::new(Env::new()), out }
    }

    fn template(&mut self, descriptor: &MessageDescriptor) -> Option<MessageTemplate> {
        let context = Context { sources: &self.sources, env: &self.env, pool: &POOL, read_files: true };
        let built = MessageTemplate::build(self.node.as_ref()?, descriptor, &context, &mut self.out);
        assert_eq!(built.is_none(), self.out.has_errors(), "a value or an error, not both: {:?}", self.out);
        built
    }

    fn message(&mut self, descriptor: &MessageDescriptor) -> Result<DynamicMessage, Vec<String>> {
        match self.template(descriptor) {
            Some(MessageTemplate::Constant(message)) => Ok(DynamicMessage::clone(&message)),
            Some(MessageTemplate::Deferred(_)) => Err(vec!["deferred".to_owned()]),
            None => Err(self.words()),
        }
    }

    fn words(&self) -> Vec<String> {
        self.out.iter().map(|problem| words(problem, &self.sources)).collect()
    }
}

/// A diagnostic on one line: `line:column headline | label | hint | …`.
fn words(problem: &Diagnostic, sources: &Sources) -> String {
    let place = problem.primary.as_ref().map_or_else(String::new, |label| {
        let (line, column) = sources.get(label.span.file).line_column(label.span.start as usize);
        format!("{line}:{column} ")
    });
    let label = problem.primary.iter().map(|label| label.text.clone());
    let also = problem.secondary.iter().map(|label| format!("{} {}", sources.locate(label.span), label.text));
    let parts: Vec<_> = label.chain(also).chain(problem.hints.iter().cloned()).collect();
    format!("{place}{} | {}", problem.headline, parts.join(" | "))
}

fn build(yaml: &str) -> Result<DynamicMessage, Vec<String>> {
    Source::new(yaml).message(&all_types())
}

fn built(yaml: &str) -> DynamicMessage {
    build(yaml).unwrap_or_else(|errors| panic!("{yaml}\n{}", errors.join("\n")))
}

fn field(message: &DynamicMessage, name: &str) -> Value {
    message.get_field_by_name(name).expect("the fixtures declare it").into_owned()
}

/// Whether two messages say the same: NaN is NaN, and what `Any`s hold is compared, not its bytes.
fn same(left: &DynamicMessage, right: &DynamicMessage) -> bool {
    let any = |message: &DynamicMessage| -> Option<(String, DynamicMessage)> {
        (WellKnown::of(&message.descriptor()) == Some(WellKnown::Any)).then_some(())?;
        let url = field(message, "type_url").as_str()?.to_owned();
        let held = super::any::find_type(&url, &POOL)?;
        Some((url, DynamicMessage::decode(held, field(message, "value").as_bytes()?.clone()).ok()?))
    };
    if let (Some((left, held)), Some((right, other))) = (any(left), any(right)) {
        return left == right && same(&held, &other);
    }
    let fields = |message: &DynamicMessage| -> BTreeMap<u32, Value> {
        let declared = message.fields().map(|(field, value)| (field.number(), value.clone()));
        declared.chain(message.extensions().map(|(field, value)| (field.number(), value.clone()))).collect()
    };
    let (left, right) = (fields(left), fields(right));
    left.len() == right.len()
        && left.iter().zip(&right).all(|((number, value), (other, held))| number == other && same_value(value, held))
}

#[expect(clippy::float_cmp, reason = "what was read must be what was written, to the last bit")]
fn same_value(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::F32(left), Value::F32(right)) => left == right || (left.is_nan() && right.is_nan()),
        (Value::F64(left), Value::F64(right)) => left == right || (left.is_nan() && right.is_nan()),
        (Value::Message(left), Value::Message(right)) => same(left, right),
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same_value(left, right))
        }
        (Value::Map(left), Value::Map(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, left)| right.get(key).is_some_and(|right| same_value(left, right)))
        }
        (left, right) => left == right,
    }
}

#[test]
fn the_fixtures_have_every_kind_of_field() {
    let kinds: Vec<_> =
        [all_types(), proto2()].iter().flat_map(|message| message.fields().collect::<Vec<_>>()).collect();
    for kind in [
        Kind::Double,
        Kind::Float,
        Kind::Int32,
        Kind::Int64,
        Kind::Uint32,
        Kind::Uint64,
        Kind::Sint32,
        Kind::Sint64,
        Kind::Fixed32,
        Kind::Fixed64,
        Kind::Sfixed32,
        Kind::Sfixed64,
        Kind::Bool,
        Kind::String,
        Kind::Bytes,
    ] {
        assert!(kinds.iter().any(|field| field.kind() == kind && !field.is_list()), "{kind:?}");
        assert!(kinds.iter().any(|field| field.kind() == kind && field.is_list()), "repeated {kind:?}");
    }
}
