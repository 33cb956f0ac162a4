//! The names by which expressions know a call: what was sent, and once it is over what came back. As types when it is
//! planned, as values when it was made.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use prost_reflect::{DescriptorPool, DynamicMessage, EnumDescriptor, MethodDescriptor};
use prost_types::{EnumDescriptorProto, EnumValueDescriptorProto, FileDescriptorProto, FileDescriptorSet};

use super::expectation::Observed;
use crate::expr::{Key, Ty, Value};
use crate::grpc::{Code, Metadata, MetadataValue, Status};

/// Names with their types, or their values.
pub(crate) type Named<T> = BTreeMap<Arc<str>, T>;

/// `request`, or `requests` where the client streams.
pub(crate) fn types_of_sent(method: &MethodDescriptor) -> Named<Ty> {
    let message = Ty::of_message(&method.input());
    if method.is_client_streaming() {
        Named::from([("requests".into(), Ty::list(message))])
    } else {
        Named::from([("request".into(), message)])
    }
}

/// `response` or `responses`, `status`, `headers`, `trailers`, `elapsed`.
pub(crate) fn types_of_reply(method: &MethodDescriptor) -> Named<Ty> {
    let message = Ty::of_message(&method.output());
    let code = CODES.clone().map_or(Ty::Any, Ty::Enum);
    let status = [("code", code), ("message", Ty::String), ("details", Ty::list(Ty::Any))];
    let metadata = Ty::map(Ty::String, Ty::list(Ty::Any));
    Named::from([
        if method.is_server_streaming() {
            ("responses".into(), Ty::list(message))
        } else {
            ("response".into(), message)
        },
        ("status".into(), Ty::record(status)),
        ("headers".into(), metadata.clone()),
        ("trailers".into(), metadata),
        ("elapsed".into(), Ty::Duration),
    ])
}

/// The value of what [`types_of_sent`] names. One that was not sent is not there.
pub(crate) fn values_of_sent(method: &MethodDescriptor, sent: &[Arc<DynamicMessage>]) -> Named<Value> {
    let mut messages = sent.iter().map(message_value);
    if method.is_client_streaming() {
        Named::from([("requests".into(), Value::list(messages))])
    } else {
        messages.next().map(|message| ("request".into(), message)).into_iter().collect()
    }
}

impl Observed<'_> {
    /// The values of what [`types_of_reply`] names. A `response` that did not come is not there.
    pub(crate) fn values(&self, method: &MethodDescriptor) -> Named<Value> {
        let Self { outcome, messages, details } = self;
        let mut messages = messages.iter().map(|message| message_value(&Arc::new(message.clone())));
        let mut values = Named::from([
            ("status".into(), status(&outcome.status, details)),
            ("headers".into(), metadata(&outcome.headers)),
            ("trailers".into(), metadata(&outcome.trailers)),
            ("elapsed".into(), Value::duration(outcome.elapsed)),
        ]);
        if method.is_server_streaming() {
            values.insert("responses".into(), Value::list(messages));
        } else if let Some(message) = messages.next() {
            values.insert("response".into(), message);
        }
        values
    }
}

/// A whole message as a value.
pub(crate) fn message_value(message: &Arc<DynamicMessage>) -> Value {
    Value::of_message(message)
}

fn status(status: &Status, details: &[DynamicMessage]) -> Value {
    let number = i32::from(status.code.number());
    let code = CODES.clone().map_or(Value::Int(i64::from(number)), |codes| Value::Enum(codes, number));
    let details = details.iter().map(|detail| message_value(&Arc::new(detail.clone())));
    Value::record([
        ("code", code),
        ("message", Value::text(status.message.as_str())),
        ("details", Value::list(details)),
    ])
}

/// Keys to lists of values, in the order they came.
fn metadata(metadata: &Metadata) -> Value {
    let mut values: BTreeMap<Key, Vec<Value>> = BTreeMap::new();
    for (key, value) in metadata.iter() {
        let value = match value {
            MetadataValue::Text(text) => Value::text(text.as_str()),
            MetadataValue::Binary(bytes) => Value::Bytes(bytes.clone()),
        };
        values.entry(Key::Text(key.as_str().into())).or_default().push(value);
    }
    Value::Map(Arc::new(values.into_iter().map(|(key, values)| (key, Value::list(values))).collect()))
}

/// The codes as an enum, so that their names are checked like those of any other; `None` never.
static CODES: LazyLock<Option<EnumDescriptor>> = LazyLock::new(|| {
    let value = |code: Code| EnumValueDescriptorProto {
        name: Some(code.name().to_owned()),
        number: Some(i32::from(code.number())),
        ..EnumValueDescriptorProto::default()
    };
    let codes = EnumDescriptorProto {
        name: Some("Code".to_owned()),
        value: Code::ALL.map(value).into(),
        ..EnumDescriptorProto::default()
    };
    let file = FileDescriptorProto {
        name: Some("google/rpc/code.proto".to_owned()),
        package: Some("google.rpc".to_owned()),
        syntax: Some("proto3".to_owned()),
        enum_type: vec![codes],
        ..FileDescriptorProto::default()
    };
    let files = FileDescriptorSet { file: vec![file] };
    DescriptorPool::from_file_descriptor_set(files).ok()?.get_enum_by_name("google.rpc.Code")
});
