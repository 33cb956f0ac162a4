//! What the runner and the client under test say to each other: messages with a length of four bytes before each, read
//! by descriptor.

use std::io::{self, Read, Write};
use std::sync::LazyLock;

use bytes::Bytes;
use grpc_spec::internal::{Ended, Endpoint, Head};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, ReflectMessage as _, Value};
use std::time::Duration;

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/protos");
    let files = protox::compile(["conformance.proto"], [folder]).expect("the protocol compiles");
    DescriptorPool::from_file_descriptor_set(files).expect("the protocol is whole")
});

/// A call to make.
pub(crate) struct Request {
    pub(crate) test_name: String,
    pub(crate) endpoint: Endpoint,
    pub(crate) head: Head,
    pub(crate) messages: Vec<Bytes>,
    pub(crate) delay: Duration,
    pub(crate) kind: Kind,
    pub(crate) cancel: Option<Cancel>,
}

/// What of the kinds of methods changes how the client goes about it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Unary and client streams.
    OneResponse,
    Responses,
    /// A response is awaited after each request.
    InTurn,
}

/// When the client ends the call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cancel {
    BeforeCloseSend,
    AfterCloseSend(Duration),
    AfterResponses(usize),
}

/// What came of it.
pub(crate) struct Response {
    pub(crate) ended: Ended,
    pub(crate) unsent: usize,
}

/// The next request; `None` at the end of the input.
pub(crate) fn read_request(input: &mut impl Read) -> io::Result<Option<Request>> {
    let mut length = [0; 4];
    match input.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let mut bytes = vec![0; usize::try_from(u32::from_be_bytes(length)).map_err(io::Error::other)?];
    input.read_exact(&mut bytes)?;
    decode("ClientCompatRequest", &bytes).map(|message| Some(Request::from(&message)))
}

/// Writes what came of the call of this name; an error says that it could not be made as it was asked for.
pub(crate) fn write_response(
    output: &mut impl Write,
    test_name: String,
    result: Result<Response, String>,
) -> io::Result<()> {
    let mut message = new("ClientCompatResponse");
    message.set_field_by_name("test_name", Value::String(test_name));
    match result {
        Ok(response) => message.set_field_by_name("response", Value::Message(response.encode()?)),
        Err(text) => {
            let mut error = new("ClientErrorResult");
            error.set_field_by_name("message", Value::String(text));
            message.set_field_by_name("error", Value::Message(error));
        }
    }
    let bytes = message.encode_to_vec();
    output.write_all(&u32::try_from(bytes.len()).map_err(io::Error::other)?.to_be_bytes())?;
    output.write_all(&bytes)?;
    output.flush()
}

impl From<&DynamicMessage> for Request {
    fn from(message: &DynamicMessage) -> Self {
        let [cert, creds, cancel] = ["server_tls_cert", "client_tls_creds", "cancel"].map(|name| field(message, name));
        let ca = cert.as_bytes().filter(|cert| !cert.is_empty()).map(|cert| cert.to_vec());
        let identity = message.has_field_by_name("client_tls_creds").then(|| {
            let creds = creds.as_message().expect("a message");
            ["cert", "key"].map(|name| field(creds, name).as_bytes().expect("bytes").to_vec())
        });
        let scheme = if ca.is_some() { "https" } else { "http" };
        let limit = number(message, "message_receive_limit");
        let values = |header: &DynamicMessage| -> Vec<(String, String)> {
            let name = text(header, "name");
            let values = field(header, "value");
            let values = values.as_list().expect("a list").iter();
            values.map(|value| (name.clone(), value.as_str().expect("a text").to_owned())).collect()
        };
        Self {
            test_name: text(message, "test_name"),
            endpoint: Endpoint {
                address: format!("{scheme}://{}:{}", text(message, "host"), number(message, "port")),
                ca,
                identity: identity.map(|[cert, key]| (cert, key)),
                message_limit: (limit > 0).then_some(limit as usize),
            },
            head: Head {
                path: format!("/{}/{}", text(message, "service"), text(message, "method")),
                metadata: messages(message, "request_headers").iter().flat_map(values).collect(),
                timeout: message.has_field_by_name("timeout_ms").then(|| milliseconds(message, "timeout_ms")),
                compression: compression(number(message, "compression")).to_owned(),
            },
            messages: messages(message, "request_messages")
                .iter()
                .map(|any| field(any, "value").as_bytes().expect("bytes").clone())
                .collect(),
            delay: milliseconds(message, "request_delay_ms"),
            kind: match number(message, "stream_type") {
                1 | 2 => Kind::OneResponse,
                5 => Kind::InTurn,
                _ => Kind::Responses,
            },
            cancel: message.has_field_by_name("cancel").then(|| Cancel::from(cancel.as_message().expect("a message"))),
        }
    }
}

impl From<&DynamicMessage> for Cancel {
    fn from(message: &DynamicMessage) -> Self {
        if message.has_field_by_name("before_close_send") {
            Self::BeforeCloseSend
        } else if message.has_field_by_name("after_num_responses") {
            Self::AfterResponses(number(message, "after_num_responses") as usize)
        } else {
            Self::AfterCloseSend(milliseconds(message, "after_close_send_ms"))
        }
    }
}

impl Response {
    fn encode(self) -> io::Result<DynamicMessage> {
        let Self { ended, unsent } = self;
        let mut result = new("ClientResponseResult");
        result.set_field_by_name("response_headers", headers(&ended.headers));
        result.set_field_by_name("response_trailers", headers(&ended.trailers));
        let payload = |bytes: &Bytes| decode("MethodResponse", bytes).map(|response| field(&response, "payload"));
        let payloads: io::Result<_> = ended.messages.iter().map(payload).collect();
        result.set_field_by_name("payloads", Value::List(payloads?));
        if ended.code != 0 {
            let mut error = new("Error");
            error.set_field_by_name("code", Value::I32(ended.code.into()));
            error.set_field_by_name("message", Value::String(ended.message));
            // What is no status has no details; the code stands.
            if let Ok(status) = decode("Status", &ended.details) {
                error.set_field_by_name("details", field(&status, "details"));
            }
            result.set_field_by_name("error", Value::Message(error));
        }
        result.set_field_by_name("num_unsent_requests", Value::I32(i32::try_from(unsent).map_err(io::Error::other)?));
        Ok(result)
    }
}

/// Values of one name together, in the order of the names' first appearance.
fn headers(pairs: &[(String, String)]) -> Value {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in pairs {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let header = |name: &str| {
        let values = pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| Value::String(value.clone()));
        let mut header = new("Header");
        header.set_field_by_name("name", Value::String(name.to_owned()));
        header.set_field_by_name("value", Value::List(values.collect()));
        Value::Message(header)
    };
    Value::List(names.into_iter().map(header).collect())
}

/// The name of a value of the protocol's enum; empty for none, and for those we do not have.
fn compression(number: u32) -> &'static str {
    match number {
        2 => "gzip",
        4 => "zstd",
        5 => "deflate",
        _ => "",
    }
}

fn new(name: &str) -> DynamicMessage {
    let full = format!("connectrpc.conformance.v1.{name}");
    DynamicMessage::new(POOL.get_message_by_name(&full).expect("a message of the protocol"))
}

fn decode(name: &str, bytes: &[u8]) -> io::Result<DynamicMessage> {
    DynamicMessage::decode(new(name).descriptor(), bytes).map_err(io::Error::other)
}

fn field(message: &DynamicMessage, name: &str) -> Value {
    message.get_field_by_name(name).expect("a field of the protocol").into_owned()
}

fn text(message: &DynamicMessage, name: &str) -> String {
    field(message, name).as_str().expect("a text").to_owned()
}

fn number(message: &DynamicMessage, name: &str) -> u32 {
    match field(message, name) {
        Value::EnumNumber(number) => number.try_into().unwrap_or_default(),
        value => value.as_u32().expect("a number"),
    }
}

fn milliseconds(message: &DynamicMessage, name: &str) -> Duration {
    Duration::from_millis(number(message, name).into())
}

fn messages(message: &DynamicMessage, name: &str) -> Vec<DynamicMessage> {
    let list = field(message, name);
    let items = list.as_list().expect("a list").iter();
    items.map(|item| item.as_message().expect("a message").clone()).collect()
}
