//! cel's functions, called with our values: texts, lists, mathematics, times, conversions. What cel cannot hold (a
//! message, an enum) goes through a list and back as it is.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use cel::common::ast::{CallExpr, Expr, IdedExpr};
use cel::common::types::{
    CelBool, CelBytes, CelDouble, CelDuration, CelInt, CelList, CelMap, CelMapKey, CelNull, CelOptional, CelString,
    CelTimestamp, CelType, CelUInt, Type,
};
use cel::common::value::{StaticVal, Val};
use cel::{Context, Env, ExecutionError, extensions};
use chrono::{DateTime, TimeDelta, Utc};

use crate::expr::operate;
use crate::expr::signature::Signature;
use crate::expr::{Key, Value};

static LIBRARY: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib();
    // a name declared twice would fail a test of ours: every function of the table is called there
    let _ = env.add_extension(extensions::strings);
    let _ = env.add_extension(extensions::math);
    let _ = env.add_extension(extensions::encoders);
    let _ = env.add_extension(extensions::lists);
    Arc::new(env)
});

/// Calls a function. The error says what is wrong, in its words.
pub(super) fn call(signature: &Signature, values: &[Value]) -> Result<Value, String> {
    let mut context = Context::with_env(Arc::clone(&LIBRARY));
    let mut arguments = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        let name = format!("@{index}");
        context.add_variable_as_val(&name, into_cel(value)?);
        arguments.push(IdedExpr { id: 0, expr: Expr::Ident(name) });
    }
    let target = signature.target.is_some().then(|| Box::new(arguments.remove(0)));
    let call = CallExpr { func_name: signature.name.to_owned(), target, args: arguments };
    let call = IdedExpr { id: 0, expr: Expr::Call(call) };
    let result = cel::Value::resolve_val(&call, &context).map_err(|error| said(&error))?;
    from_cel(result.as_ref()).ok_or_else(|| "the result cannot be read".to_owned())
}

/// How much work a call is, beside that of evaluating its arguments.
pub(super) fn cost(name: &str, values: &[Value]) -> usize {
    match (name, values) {
        // it compares each with each
        ("distinct", [Value::List(items)]) => items.len().saturating_mul(items.len()),
        ("lists.range", [size]) => as_size(size),
        (_, values) => values.iter().map(elements).sum(),
    }
}

/// The elements of lists within lists.
fn elements(value: &Value) -> usize {
    match value {
        Value::List(items) => items.iter().map(elements).sum::<usize>() + items.len(),
        Value::Text(text) => text.len() / 1024,
        Value::Bytes(bytes) => bytes.len() / 1024,
        _ => 1,
    }
}

/// How many bytes the result may come to, where it can be much more than the arguments.
pub(super) fn size(name: &str, values: &[Value]) -> usize {
    match (name, values) {
        ("replace", [Value::Text(text), Value::Text(from), Value::Text(to), ..]) => {
            let matches = text.len() / from.len().max(1) + 1;
            text.len().saturating_add(matches.saturating_mul(to.len()))
        }
        ("join", [Value::List(items), rest @ ..]) => {
            let separator = rest.first().map_or(0, text_length);
            items.iter().map(text_length).fold(items.len().saturating_mul(separator), usize::saturating_add)
        }
        ("format", [template, Value::List(items)]) => {
            // a number may be written with up to a hundred digits
            items.iter().map(printed).fold(text_length(template), usize::saturating_add)
        }
        ("lists.range", [size]) => as_size(size).saturating_mul(size_of::<Value>()),
        (_, values) => values.iter().map(text_length).sum(),
    }
}

fn as_size(value: &Value) -> usize {
    value.as_int().and_then(|size| usize::try_from(size).ok()).unwrap_or(0)
}

fn text_length(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        _ => 0,
    }
}

fn printed(value: &Value) -> usize {
    match value {
        Value::List(items) => items.iter().map(printed).sum::<usize>() + items.len(),
        Value::Map(entries) => entries.values().map(printed).sum::<usize>() + 100 * entries.len(),
        other => 500 + 2 * text_length(other),
    }
}

/// A value of ours inside cel's.
#[derive(Debug)]
struct Foreign(Value);

static FOREIGN: LazyLock<Type> = LazyLock::new(|| Type::new_unspecified_type("message"));

impl Val for Foreign {
    fn get_type(&self) -> &Type {
        &FOREIGN
    }

    fn cel_type() -> &'static Type {
        &FOREIGN
    }

    fn equals(&self, other: &dyn Val) -> bool {
        from_cel(other).is_some_and(|other| operate::equal(&self.0, &other))
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(Self(self.0.clone()))
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Foreign {}

fn into_cel(value: &Value) -> Result<Box<dyn Val>, String> {
    Ok(match value {
        Value::Text(text) => Box::new(CelString::from(text.to_string())),
        Value::Null => Box::new(CelNull),
        Value::Bool(value) => Box::new(CelBool::from(*value)),
        Value::Int(value) => Box::new(CelInt::from(*value)),
        Value::Uint(value) => Box::new(CelUInt::from(*value)),
        Value::Double(value) => Box::new(CelDouble::from(*value)),
        Value::Bytes(bytes) => Box::new(CelBytes::from(bytes.to_vec())),
        Value::Timestamp { seconds, nanos } => {
            let nanos = u32::try_from(*nanos).ok();
            let at = nanos.and_then(|nanos| DateTime::<Utc>::from_timestamp(*seconds, nanos));
            Box::new(CelTimestamp::from(at.ok_or("the timestamp is out of range")?.fixed_offset()))
        }
        Value::Duration { seconds, nanos } => {
            let whole = TimeDelta::try_seconds(*seconds);
            let length = whole.and_then(|whole| whole.checked_add(&TimeDelta::nanoseconds(i64::from(*nanos))));
            Box::new(CelDuration::from(length.ok_or("the duration is out of range")?))
        }
        Value::List(items) => Box::new(CelList::from(items.iter().map(into_cel).collect::<Result<Vec<_>, _>>()?)),
        Value::Map(entries) => {
            let mut map: HashMap<CelMapKey<'static>, Box<dyn Val>> = HashMap::with_capacity(entries.len());
            for (key, value) in entries.iter() {
                let key = match key {
                    Key::Bool(key) => CelMapKey::from(*key),
                    Key::Int(key) => CelMapKey::from(*key),
                    Key::Uint(key) => CelMapKey::from(*key),
                    Key::Text(key) => CelMapKey::from(key.to_string()),
                };
                map.insert(key, into_cel(value)?);
            }
            Box::new(CelMap::from(map))
        }
        Value::Optional(held) => match held {
            Some(held) => Box::new(CelOptional::of(into_cel(held)?)),
            None => Box::new(CelOptional::none()),
        },
        Value::Type(name) => Box::new(CelType::new(name.to_string())),
        Value::Enum(..) | Value::Message(_) | Value::Record(_) | Value::Yaml(_) => Box::new(Foreign(value.clone())),
    })
}

fn from_cel(value: &dyn Val) -> Option<Value> {
    if let Some(text) = value.downcast_ref::<CelString>() {
        return Some(Value::text(text.inner()));
    }
    if value.downcast_ref::<CelNull>().is_some() {
        return Some(Value::Null);
    }
    if let Some(value) = value.downcast_ref::<CelBool>() {
        return Some(Value::Bool(*value.inner()));
    }
    if let Some(value) = value.downcast_ref::<CelInt>() {
        return Some(Value::Int(*value.inner()));
    }
    if let Some(value) = value.downcast_ref::<CelUInt>() {
        return Some(Value::Uint(*value.inner()));
    }
    if let Some(value) = value.downcast_ref::<CelDouble>() {
        return Some(Value::Double(*value.inner()));
    }
    if let Some(bytes) = value.downcast_ref::<CelBytes>() {
        return Some(Value::Bytes(Bytes::copy_from_slice(bytes.inner())));
    }
    if let Some(at) = value.downcast_ref::<CelTimestamp>() {
        let nanos = i32::try_from(at.inner().timestamp_subsec_nanos()).ok()?;
        return Some(Value::Timestamp { seconds: at.inner().timestamp(), nanos });
    }
    if let Some(length) = value.downcast_ref::<CelDuration>() {
        let length = length.inner();
        return Some(Value::Duration { seconds: length.num_seconds(), nanos: length.subsec_nanos() });
    }
    if let Some(list) = value.downcast_ref::<CelList>() {
        let items = list.inner().iter().map(|item| from_cel(item.as_ref()));
        return items.collect::<Option<Vec<_>>>().map(Value::from);
    }
    if let Some(map) = value.downcast_ref::<CelMap>() {
        let entries = map.inner().iter().map(|(key, value)| {
            let key = operate::key_of(&from_cel(key.inner())?)?;
            Some((key, from_cel(value.as_ref())?))
        });
        return entries.collect::<Option<BTreeMap<_, _>>>().map(|map| Value::Map(Arc::new(map)));
    }
    if let Some(optional) = value.downcast_ref::<CelOptional>() {
        return match optional.inner() {
            Some(held) => from_cel(held).map(|held| Value::Optional(Some(Arc::new(held)))),
            None => Some(Value::Optional(None)),
        };
    }
    if let Some(ty) = value.downcast_ref::<CelType>() {
        return Some(Value::Type(ty.name().into()));
    }
    value.downcast_ref::<Foreign>().map(|foreign| foreign.0.clone())
}

/// What cel says of a failure, in our words.
fn said(error: &ExecutionError) -> String {
    const SHOWN: usize = 200;
    let text = match error {
        ExecutionError::FunctionError { message, .. } => message.clone(),
        ExecutionError::NoSuchOverload(_) => "it does not take values of these types".to_owned(),
        ExecutionError::IndexOutOfBounds(_) => "the index is out of bounds".to_owned(),
        other => other.to_string(),
    };
    let mut letters = text.chars();
    let shortened: String = letters.by_ref().take(SHOWN).collect();
    if letters.next().is_some() { format!("{shortened}…") } else { shortened }
}
