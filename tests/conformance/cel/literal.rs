//! Messages that the suite makes in its expressions, `TestAllTypes{single_int32: 1}`: ours make none. Each is made here, of
//! the values of its fields, and becomes a variable: so reading, comparing and presence are put to the test all the same.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use grpc_spec::internal::{CelValue, evaluate};
use prost_reflect::prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage as _, Value,
};
use regex::Regex;

use super::value::of_message;

/// An expression without literals of messages, and the variables in their place. The error is what an evaluation of the
/// literal would say.
pub(super) fn lifted(
    source: &str,
    bindings: &[(String, CelValue)],
    container: &str,
    pool: &DescriptorPool,
) -> Result<(String, Vec<(String, CelValue)>), String> {
    let (mut source, mut bindings) = (source.to_owned(), bindings.to_vec());
    loop {
        let strings = strings(&source);
        let is_code = |at: usize| strings.iter().all(|string| !string.contains(&at));
        // the last one that begins has no other in it
        let Some(found) = BEGIN.find_iter(&source).filter(|found| is_code(found.start())).last() else {
            return Ok((source, bindings));
        };
        let brace = found.end() - 1;
        let end = closing(&source, brace, &strings).ok_or("a brace is not closed")?;
        let name: String = source[found.start()..brace].split_whitespace().collect();
        let descriptor = resolve(&name, container, pool).ok_or_else(|| format!("no type `{name}`"))?;
        let mut message = DynamicMessage::new(descriptor.clone());
        for part in split(&source, brace + 1..end, &strings) {
            set(&mut message, &source[part], &bindings)?;
        }
        // as it would arrive: what is a default and has no presence is not there
        let message = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice());
        let message = message.map_err(|error| error.to_string())?;
        let variable = format!("made_{}", bindings.len());
        bindings.push((variable.clone(), of_message(&message)?));
        source.replace_range(found.start()..=end, &variable);
    }
}

/// The name of a message and its brace.
static BEGIN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:\.\s*)?\b(?:\w+\s*\.\s*)*[A-Z]\w*\s*\{").expect("a pattern"));

static STRING: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r#"(?s)r?'''.*?'''|r?""".*?"""|r'[^']*'|r"[^"]*"|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`[^`]*`"#;
    Regex::new(pattern).expect("a pattern")
});

/// Where strings stand, quotes included.
fn strings(source: &str) -> Vec<Range<usize>> {
    STRING.find_iter(source).map(|found| found.range()).collect()
}

/// The brace that closes the one at `open`.
fn closing(source: &str, open: usize, strings: &[Range<usize>]) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, letter) in source.char_indices().skip_while(|(at, _)| *at < open) {
        match letter {
            _ if strings.iter().any(|string| string.contains(&at)) => {}
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The parts between commas.
fn split(source: &str, range: Range<usize>, strings: &[Range<usize>]) -> Vec<Range<usize>> {
    let (mut parts, mut start, mut depth) = (Vec::new(), range.start, 0_i32);
    for (at, letter) in source[range.clone()].char_indices().map(|(at, letter)| (at + range.start, letter)) {
        match letter {
            _ if strings.iter().any(|string| string.contains(&at)) => {}
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(start..at);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(start..range.end);
    parts.retain(|part| !source[part.clone()].trim().is_empty());
    parts
}

/// By its name, or one within its container.
fn resolve(name: &str, container: &str, pool: &DescriptorPool) -> Option<MessageDescriptor> {
    if let Some(absolute) = name.strip_prefix('.') {
        return pool.get_message_by_name(absolute);
    }
    let mut container = Some(container).filter(|container| !container.is_empty());
    while let Some(within) = container {
        if let Some(found) = pool.get_message_by_name(&format!("{within}.{name}")) {
            return Some(found);
        }
        container = within.rsplit_once('.').map(|(outer, _)| outer);
    }
    pool.get_message_by_name(name)
}

/// `field: expression`, or `?field: optional`.
fn set(message: &mut DynamicMessage, part: &str, bindings: &[(String, CelValue)]) -> Result<(), String> {
    let (name, source) = part.split_once(':').ok_or_else(|| format!("`{part}` is no field"))?;
    let name = name.trim().trim_matches('`');
    let (name, source) = match name.strip_prefix('?') {
        Some(name) => match evaluate(&format!("({source}).hasValue()"), bindings)? {
            CelValue::Bool(true) => (name.trim(), format!("({source}).value()")),
            _ => return Ok(()),
        },
        None => (name, source.to_owned()),
    };
    let field = message.descriptor().get_field_by_name(name).ok_or_else(|| format!("no field `{name}`"))?;
    if let Some(value) = of_field(evaluate(&source, bindings)?, &field)? {
        message.set_field(&field, value);
    }
    Ok(())
}

/// A value for a field; `None` leaves it unset.
fn of_field(value: CelValue, field: &FieldDescriptor) -> Result<Option<Value>, String> {
    let kind = field.kind();
    match value {
        CelValue::List(items) if field.is_list() => {
            // null elements are left out
            let items = items.into_iter().filter_map(|item| single(item, &kind).transpose());
            items.collect::<Result<_, _>>().map(|items| Some(Value::List(items)))
        }
        CelValue::Map(entries) if field.is_map() => {
            let Kind::Message(entry) = &kind else { return Err("a map without entries".to_owned()) };
            let (key, value) = (entry.map_entry_key_field().kind(), entry.map_entry_value_field().kind());
            let mut map = HashMap::new();
            for (written, held) in entries {
                let written = single(written, &key)?.and_then(map_key).ok_or("no key of a map")?;
                if let Some(held) = single(held, &value)? {
                    map.insert(written, held);
                }
            }
            Ok(Some(Value::Map(map)))
        }
        _ if field.is_list() || field.is_map() => Err("a single value for many".to_owned()),
        value => single(value, &kind),
    }
}

fn map_key(value: Value) -> Option<MapKey> {
    Some(match value {
        Value::Bool(key) => MapKey::Bool(key),
        Value::I32(key) => MapKey::I32(key),
        Value::I64(key) => MapKey::I64(key),
        Value::U32(key) => MapKey::U32(key),
        Value::U64(key) => MapKey::U64(key),
        Value::String(key) => MapKey::String(key),
        _ => return None,
    })
}

fn single(value: CelValue, kind: &Kind) -> Result<Option<Value>, String> {
    let range = |_| "out of range".to_owned();
    Ok(Some(match (kind, value) {
        (Kind::Message(descriptor), value) => return message(value, descriptor).map(|made| made.map(Value::Message)),
        (Kind::Enum(descriptor), CelValue::Null) if descriptor.full_name() == "google.protobuf.NullValue" => {
            Value::EnumNumber(0)
        }
        (Kind::Enum(_), CelValue::Int(number)) => Value::EnumNumber(i32::try_from(number).map_err(range)?),
        (Kind::Bool, CelValue::Bool(value)) => Value::Bool(value),
        (Kind::Int32 | Kind::Sint32 | Kind::Sfixed32, CelValue::Int(number)) => {
            Value::I32(i32::try_from(number).map_err(range)?)
        }
        (Kind::Int64 | Kind::Sint64 | Kind::Sfixed64, CelValue::Int(number)) => Value::I64(number),
        (Kind::Uint32 | Kind::Fixed32, CelValue::Uint(number)) => Value::U32(u32::try_from(number).map_err(range)?),
        (Kind::Uint64 | Kind::Fixed64, CelValue::Uint(number)) => Value::U64(number),
        #[expect(clippy::cast_possible_truncation, reason = "a float is the nearest there is")]
        (Kind::Float, CelValue::Double(number)) => Value::F32(number as f32),
        (Kind::Double, CelValue::Double(number)) => Value::F64(number),
        (Kind::String, CelValue::String(text)) => Value::String(text),
        (Kind::Bytes, CelValue::Bytes(bytes)) => Value::Bytes(bytes.into()),
        (kind, _) => return Err(format!("no {kind:?}")),
    }))
}

/// A message, or what stands for one.
fn message(value: CelValue, descriptor: &MessageDescriptor) -> Result<Option<DynamicMessage>, String> {
    let mut made = DynamicMessage::new(descriptor.clone());
    let name = descriptor.full_name().strip_prefix("google.protobuf.").unwrap_or_default();
    match (name, value) {
        ("Value", CelValue::Null) => made.set_field_by_name("null_value", Value::EnumNumber(0)),
        ("Any", CelValue::Null) => return pack("Value", CelValue::Null, descriptor).map(Some),
        (_, CelValue::Message(message)) if message.descriptor() == *descriptor => return Ok(Some(message)),
        ("Any", value) => return of_any(value, descriptor).map(Some),
        ("Timestamp", CelValue::Timestamp { seconds, nanos }) | ("Duration", CelValue::Duration { seconds, nanos }) => {
            made.set_field_by_name("seconds", Value::I64(seconds));
            made.set_field_by_name("nanos", Value::I32(nanos));
        }
        ("Value", value) => {
            let (member, value) = match value {
                CelValue::Bool(value) => ("bool_value", Value::Bool(value)),
                CelValue::Double(number) => ("number_value", Value::F64(number)),
                CelValue::String(text) => ("string_value", Value::String(text)),
                CelValue::Int(number) => json_number(number.into()),
                CelValue::Uint(number) => json_number(number.into()),
                list @ CelValue::List(_) => ("list_value", part(list, descriptor, "ListValue")?),
                map @ CelValue::Map(_) => ("struct_value", part(map, descriptor, "Struct")?),
                _ => return Err("no JSON".to_owned()),
            };
            made.set_field_by_name(member, value);
        }
        ("ListValue", list @ CelValue::List(_)) | ("Struct", list @ CelValue::Map(_)) => {
            let field = descriptor.get_field(1).ok_or("no such field")?;
            made.set_field(&field, of_field(list, &field)?.ok_or("nothing")?);
        }
        ("Struct" | "ListValue", CelValue::Null) => return Err("null is none".to_owned()),
        (_, CelValue::Null) => return Ok(None),
        (wrapper, value) if wrapper.ends_with("Value") => {
            let field = descriptor.get_field(1).ok_or("no such field")?;
            made.set_field(&field, of_field(value, &field)?.ok_or("nothing")?);
        }
        _ => return Err(format!("no {}", descriptor.full_name())),
    }
    Ok(Some(made))
}

/// A double, if that is exact, else text.
fn json_number(number: i128) -> (&'static str, Value) {
    const EXACT: i128 = 1 << 53;
    #[expect(clippy::cast_precision_loss, reason = "up to there it is exact")]
    let number_value = number as f64;
    if number.abs() < EXACT {
        ("number_value", Value::F64(number_value))
    } else {
        ("string_value", Value::String(number.to_string()))
    }
}

fn part(value: CelValue, beside: &MessageDescriptor, name: &str) -> Result<Value, String> {
    message(value, &well_known(name, beside)?)?.map(Value::Message).ok_or_else(|| "nothing".to_owned())
}

fn well_known(name: &str, beside: &MessageDescriptor) -> Result<MessageDescriptor, String> {
    let name = format!("google.protobuf.{name}");
    beside.parent_pool().get_message_by_name(&name).ok_or_else(|| format!("no type `{name}`"))
}

/// A value in an `Any`: in the message that stands for it.
fn of_any(value: CelValue, any: &MessageDescriptor) -> Result<DynamicMessage, String> {
    let name = match &value {
        CelValue::Message(message) => return Ok(packed(message, any)),
        CelValue::Bool(_) => "BoolValue",
        CelValue::Int(_) => "Int64Value",
        CelValue::Uint(_) => "UInt64Value",
        CelValue::Double(_) => "DoubleValue",
        CelValue::String(_) => "StringValue",
        CelValue::Bytes(_) => "BytesValue",
        CelValue::Timestamp { .. } => "Timestamp",
        CelValue::Duration { .. } => "Duration",
        CelValue::List(_) => "ListValue",
        CelValue::Map(_) => "Struct",
        CelValue::Null | CelValue::Type(_) => return Err("no message".to_owned()),
    };
    pack(name, value, any)
}

fn pack(name: &str, value: CelValue, any: &MessageDescriptor) -> Result<DynamicMessage, String> {
    let held = message(value, &well_known(name, any)?)?.ok_or("nothing")?;
    Ok(packed(&held, any))
}

fn packed(held: &DynamicMessage, any: &MessageDescriptor) -> DynamicMessage {
    let mut made = DynamicMessage::new(any.clone());
    let url = format!("type.googleapis.com/{}", held.descriptor().full_name());
    made.set_field_by_name("type_url", Value::String(url));
    made.set_field_by_name("value", Value::Bytes(held.encode_to_vec().into()));
    made
}
