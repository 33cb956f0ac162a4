//! What a whole `${…}` comes to, as a field's value: of the field's type exactly, or not at all. What planning knows of
//! its type is held against the field's before anything runs.

use std::collections::HashMap;

use prost::Message as _;
use prost_reflect::{DynamicMessage, EnumDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage as _, Value};

use super::build::{Builder, Built, describe};
use super::field::single_name;
use super::scalar::{Integer, Raw, Written, is_open, with_article};
use super::time::Seconds;
use super::well_known::{is_null_value, mask_path, seconds, set, wrap};
use super::{FieldPath, FieldType, WellKnown};
use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{self, Key, Ty};

impl Builder<'_> {
    /// A computed value where a value of `ty` is wanted; `span` is where it is computed.
    pub(super) fn computed(
        &mut self,
        value: &expr::Value,
        ty: &FieldType,
        path: &FieldPath,
        span: Span,
    ) -> Option<Built> {
        self.spend_node(span, path)?;
        match (value, ty) {
            (expr::Value::Text(text), _) => self.scalar(Raw { text, written: Written::Computed, span }, ty, path),
            (expr::Value::Null, FieldType::Single(Kind::Enum(descriptor))) if is_null_value(descriptor) => {
                Some(Built::Value(Value::EnumNumber(0)))
            }
            (expr::Value::Null, FieldType::Single(Kind::Message(descriptor)))
                if WellKnown::of(descriptor) == Some(WellKnown::Value) =>
            {
                Some(Built::Value(super::json::null(descriptor)))
            }
            (expr::Value::Null, _) => Some(Built::Null),
            (expr::Value::List(items), FieldType::List(kind)) => {
                let ty = FieldType::Single(kind.clone());
                let items = items.iter().enumerate();
                let values = items.map(|(index, item)| self.part(item, &ty, &path.index(index), span));
                // all of them, so that each fault is told
                let values: Vec<_> = values.collect();
                values.into_iter().collect::<Option<Vec<_>>>().map(|values| Built::Value(Value::List(values)))
            }
            (expr::Value::Map(entries), FieldType::Map { key, value }) => {
                let pairs = entries.iter().map(|(key, value)| (expr::Value::from(key), key, value));
                self.entries(pairs, key, value, path, span)
            }
            (expr::Value::Record(members), FieldType::Map { key, value }) => {
                let keys: Vec<_> = members.keys().map(|name| Key::Text(name.clone())).collect();
                let pairs = keys.iter().zip(members.values()).map(|(key, value)| (expr::Value::from(key), key, value));
                self.entries(pairs, key, value, path, span)
            }
            (value, FieldType::Single(Kind::Message(descriptor))) => {
                let made = self.deeper(span, path, |this| this.as_message(value, descriptor, path, span))?;
                Some(Built::Value(made))
            }
            (value, FieldType::Single(kind)) => match single(value, kind) {
                Ok(value) => Some(Built::Value(value)),
                Err(why) => self.misfit(value, ty, path, span, why),
            },
            (value, ty) => self.misfit(value, ty, path, span, Why::Type),
        }
    }

    /// A value within another, which cannot be null.
    fn part(&mut self, value: &expr::Value, ty: &FieldType, path: &FieldPath, span: Span) -> Option<Value> {
        match self.computed(value, ty, path, span)? {
            Built::Value(value) => Some(value),
            Built::Null | Built::Later => {
                let error = Diagnostic::error(format!("`{path}` is null"));
                self.out.push(error.at(span, "a list or a map holds no null"));
                None
            }
        }
    }

    fn entries<'v>(
        &mut self,
        entries: impl Iterator<Item = (expr::Value, &'v Key, &'v expr::Value)>,
        key_kind: &Kind,
        value_kind: &Kind,
        path: &FieldPath,
        span: Span,
    ) -> Option<Built> {
        let ty = FieldType::Single(value_kind.clone());
        let mut sound = true;
        let mut map = HashMap::new();
        for (as_value, key, value) in entries {
            let Some(key) = map_key(key, key_kind) else {
                self.misfit::<()>(&as_value, &FieldType::Single(key_kind.clone()), path, span, Why::Key);
                sound = false;
                continue;
            };
            let at = path.key(&super::key::quoted_key(&key));
            match self.part(value, &ty, &at, span) {
                Some(value) => {
                    map.insert(key, value);
                }
                None => sound = false,
            }
        }
        sound.then_some(Built::Value(Value::Map(map)))
    }

    fn as_message(
        &mut self,
        value: &expr::Value,
        descriptor: &MessageDescriptor,
        path: &FieldPath,
        span: Span,
    ) -> Option<Value> {
        let ty = FieldType::message(descriptor.clone());
        let known = WellKnown::of(descriptor);
        match (value, &known) {
            (expr::Value::Message(message), _) if message.descriptor() == *descriptor => {
                Some(Value::Message((**message).clone()))
            }
            (expr::Value::Message(message), _) if message.descriptor().full_name() == descriptor.full_name() => {
                // of another pool: its bytes say the same
                match DynamicMessage::decode(descriptor.clone(), message.encode_to_vec().as_slice()) {
                    Ok(message) => Some(Value::Message(message)),
                    Err(_) => self.misfit(value, &ty, path, span, Why::Type),
                }
            }
            (expr::Value::Message(message), Some(WellKnown::Any)) => Some(packed(message, descriptor)),
            (expr::Value::Timestamp { .. } | expr::Value::Duration { .. }, Some(WellKnown::Any)) => {
                let name = if matches!(value, expr::Value::Timestamp { .. }) { "Timestamp" } else { "Duration" };
                let held = self.pool.get_message_by_name(&format!("google.protobuf.{name}"));
                match held.and_then(|held| self.as_message(value, &held, path, span)) {
                    Some(Value::Message(message)) => Some(packed(&message, descriptor)),
                    _ => self.misfit(value, &ty, path, span, Why::Type),
                }
            }
            (expr::Value::Timestamp { seconds: whole, nanos }, Some(WellKnown::Timestamp))
            | (expr::Value::Duration { seconds: whole, nanos }, Some(WellKnown::Duration)) => {
                Some(seconds(descriptor, Seconds { seconds: *whole, nanos: *nanos }))
            }
            (value, Some(WellKnown::Wrapper(kind))) => {
                let inner = self.part(value, &FieldType::Single(kind.clone()), path, span)?;
                Some(wrap(descriptor, inner))
            }
            (value, Some(WellKnown::Value | WellKnown::Struct | WellKnown::ListValue)) => {
                self.as_json(value, descriptor, path, span)
            }
            (expr::Value::List(paths), Some(WellKnown::FieldMask)) => {
                let paths = paths.iter().map(|path| match path {
                    expr::Value::Text(text) => mask_path(text).ok(),
                    _ => None,
                });
                match paths.collect::<Option<Vec<_>>>() {
                    Some(paths) => Some(wrap(descriptor, Value::List(paths))),
                    None => self.misfit(value, &ty, path, span, Why::Type),
                }
            }
            _ => self.misfit(value, &ty, path, span, Why::Type),
        }
    }

    /// As `google.protobuf.Value`, `Struct` or `ListValue`.
    fn as_json(
        &mut self,
        value: &expr::Value,
        descriptor: &MessageDescriptor,
        path: &FieldPath,
        span: Span,
    ) -> Option<Value> {
        let ty = FieldType::message(descriptor.clone());
        let known = WellKnown::of(descriptor);
        let element = |number: u32| match descriptor.get_field(number).map(|field| FieldType::of(&field)) {
            Some(FieldType::Map { value, .. } | FieldType::List(value)) => Some(FieldType::Single(value)),
            Some(single) => Some(single),
            None => None,
        };
        match (value, known) {
            (expr::Value::Map(_) | expr::Value::Record(_), Some(WellKnown::Struct)) => {
                let fields = FieldType::of(&descriptor.get_field(1)?);
                self.part(value, &fields, path, span).map(|fields| wrap(descriptor, fields))
            }
            (expr::Value::List(items), Some(WellKnown::ListValue)) => {
                let ty = element(1)?;
                let items = items.iter().enumerate();
                let items: Vec<_> = items.map(|(index, item)| self.part(item, &ty, &path.index(index), span)).collect();
                let items = items.into_iter().collect::<Option<_>>()?;
                Some(wrap(descriptor, Value::List(items)))
            }
            (expr::Value::Bool(value), Some(WellKnown::Value)) => Some(set(descriptor, 4, Value::Bool(*value))),
            (expr::Value::Map(_) | expr::Value::Record(_), Some(WellKnown::Value)) => {
                self.part(value, &element(5)?, path, span).map(|object| set(descriptor, 5, object))
            }
            (expr::Value::List(_), Some(WellKnown::Value)) => {
                self.part(value, &element(6)?, path, span).map(|list| set(descriptor, 6, list))
            }
            (value, Some(WellKnown::Value)) => match single(value, &Kind::Double) {
                Ok(number) => Some(set(descriptor, 2, number)),
                Err(why) => self.misfit(value, &ty, path, span, why),
            },
            _ => self.misfit(value, &ty, path, span, Why::Type),
        }
    }

    fn misfit<T>(&mut self, value: &expr::Value, ty: &FieldType, path: &FieldPath, span: Span, why: Why) -> Option<T> {
        let found = match value.to_text() {
            Some(text) if why == Why::Inexact => format!("`${{…}}` is {text}"),
            _ => format!("`${{…}}` is {}", value.describe()),
        };
        let headline = match (why, ty) {
            (Why::Inexact, FieldType::Single(kind)) => {
                format!("{} does not fit into {}", path.subject(), with_article(&single_name(kind)))
            }
            (Why::Key, FieldType::Single(kind)) => {
                format!("a key of {} is not {}", path.subject(), with_article(&single_name(kind)))
            }
            _ => unfit(ty, path),
        };
        let error = Diagnostic::error(headline).at(span, found);
        self.out.push(error.hints(way_out(&Ty::of_value(value), ty)));
        None
    }
}

fn unfit(ty: &FieldType, path: &FieldPath) -> String {
    format!("{} takes {}", path.subject(), describe(ty))
}

/// What to write instead.
fn way_out(found: &Ty, ty: &FieldType) -> Option<String> {
    let FieldType::Single(kind) = ty else { return None };
    match (kind, found) {
        (Kind::String, Ty::Bytes) => Some("as base64: `${base64.encode(…)}`".to_owned()),
        (Kind::String, Ty::Bool | Ty::Int | Ty::Uint | Ty::Double | Ty::Enum(_) | Ty::Timestamp | Ty::Duration) => {
            Some("as text: `${string(…)}`".to_owned())
        }
        (Kind::Message(wanted), Ty::Message(found)) if wanted.full_name() != found.full_name() => {
            Some(format!("write its fields one by one, from those of `{}`", found.full_name()))
        }
        _ => None,
    }
}

/// Why a value does not become a field's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Type,
    /// Of the right kind, but not one the type holds.
    Inexact,
    Key,
}

/// A value that is neither list, map nor message.
fn single(value: &expr::Value, kind: &Kind) -> Result<Value, Why> {
    match (kind, value) {
        (Kind::Bool, expr::Value::Bool(value)) => Ok(Value::Bool(*value)),
        (Kind::Bytes, expr::Value::Bytes(bytes)) => Ok(Value::Bytes(bytes.clone())),
        (Kind::Enum(descriptor), value) => enumeration(value, descriptor),
        (Kind::Int32 | Kind::Sint32 | Kind::Sfixed32, value) => whole(value).map(Value::I32),
        (Kind::Int64 | Kind::Sint64 | Kind::Sfixed64, value) => whole(value).map(Value::I64),
        (Kind::Uint32 | Kind::Fixed32, value) => whole(value).map(Value::U32),
        (Kind::Uint64 | Kind::Fixed64, value) => whole(value).map(Value::U64),
        (Kind::Double, value) => double(value).map(Value::F64),
        (Kind::Float, expr::Value::Double(number)) => {
            // rounded as a number written there would be
            #[expect(clippy::cast_possible_truncation, reason = "to the nearest float; what is too large is refused")]
            let float = *number as f32;
            if float.is_infinite() && number.is_finite() { Err(Why::Inexact) } else { Ok(Value::F32(float)) }
        }
        (Kind::Float, value) => {
            #[expect(clippy::cast_possible_truncation, reason = "looked at below")]
            let float = double(value)? as f32;
            if whole::<i128>(value) == Ok(i128_of(f64::from(float))) {
                Ok(Value::F32(float))
            } else {
                Err(Why::Inexact)
            }
        }
        _ => Err(Why::Type),
    }
}

/// A number that is whole, whatever its type, if the integer type holds it.
fn whole<T: TryFrom<i128>>(value: &expr::Value) -> Result<T, Why> {
    let number = match value {
        expr::Value::Int(number) => i128::from(*number),
        expr::Value::Uint(number) => i128::from(*number),
        expr::Value::Enum(_, number) => i128::from(*number),
        expr::Value::Double(number) if number.fract() == 0.0 && number.abs() < 1e20 => i128_of(*number),
        expr::Value::Double(_) => return Err(Why::Inexact),
        _ => return Err(Why::Type),
    };
    T::try_from(number).map_err(|_| Why::Inexact)
}

#[expect(clippy::cast_possible_truncation, reason = "whole, and far within the bounds of an i128")]
fn i128_of(number: f64) -> i128 {
    number as i128
}

/// A number of any type, if a double holds it.
fn double(value: &expr::Value) -> Result<f64, Why> {
    let number = value.as_double().ok_or(Why::Type)?;
    let is_exact = matches!(value, expr::Value::Double(_)) || whole::<i128>(value) == Ok(i128_of(number));
    if is_exact { Ok(number) } else { Err(Why::Inexact) }
}

fn enumeration(value: &expr::Value, descriptor: &EnumDescriptor) -> Result<Value, Why> {
    if let expr::Value::Enum(other, _) = value
        && other.full_name() != descriptor.full_name()
    {
        return Err(Why::Type);
    }
    let number: i32 = whole(value)?;
    let is_known = is_open(descriptor) || descriptor.get_value(number).is_some();
    if is_known { Ok(Value::EnumNumber(number)) } else { Err(Why::Inexact) }
}

fn map_key(key: &Key, kind: &Kind) -> Option<MapKey> {
    fn fit<T: Integer>(number: i128) -> Option<T> {
        T::try_from(number).ok()
    }
    let number = match (key, kind) {
        (Key::Text(text), Kind::String) => return Some(MapKey::String(text.to_string())),
        (Key::Bool(value), Kind::Bool) => return Some(MapKey::Bool(*value)),
        (Key::Int(number), _) => i128::from(*number),
        (Key::Uint(number), _) => i128::from(*number),
        _ => return None,
    };
    match kind {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => fit(number).map(MapKey::I32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => fit(number).map(MapKey::I64),
        Kind::Uint32 | Kind::Fixed32 => fit(number).map(MapKey::U32),
        Kind::Uint64 | Kind::Fixed64 => fit(number).map(MapKey::U64),
        _ => None,
    }
}

/// A message in an `Any`.
fn packed(message: &DynamicMessage, any: &MessageDescriptor) -> Value {
    let mut packed = DynamicMessage::new(any.clone());
    let url = format!("{}{}", super::any::PREFIX, message.descriptor().full_name());
    packed.set_field_by_number(1, Value::String(url));
    let bytes = message.encode_to_vec();
    if !bytes.is_empty() {
        packed.set_field_by_number(2, Value::Bytes(bytes.into()));
    }
    Value::Message(packed)
}

/// What is wrong with a whole `${…}` of this type in a field, if no value of the type can ever be the field's.
pub(super) fn never_fits(found: &Ty, ty: &FieldType, path: &FieldPath, span: Span) -> Option<Diagnostic> {
    (!may_fit(found, ty))
        .then(|| Diagnostic::error(unfit(ty, path)).at(span, format!("`${{…}}` is {found}")).hints(way_out(found, ty)))
}

fn may_fit(found: &Ty, ty: &FieldType) -> bool {
    if matches!(found, Ty::Any | Ty::Null) {
        return true;
    }
    let kind = match (found, ty) {
        (Ty::List(element), FieldType::List(kind)) => return may_fit(element, &FieldType::Single(kind.clone())),
        (Ty::Map(_, element), FieldType::Map { value, .. }) => {
            return may_fit(element, &FieldType::Single(value.clone()));
        }
        // told where its members are
        (Ty::Record(_), FieldType::Map { .. }) => return true,
        (_, FieldType::List(_) | FieldType::Map { .. }) => return false,
        (_, FieldType::Single(kind)) => kind,
    };
    match kind {
        Kind::Message(descriptor) => match (WellKnown::of(descriptor), found) {
            (_, Ty::Message(other)) if other.full_name() == descriptor.full_name() => true,
            (Some(WellKnown::Wrapper(kind)), found) => may_fit(found, &FieldType::Single(kind)),
            (Some(WellKnown::Any), found) => matches!(found, Ty::Message(_) | Ty::Timestamp | Ty::Duration),
            (Some(WellKnown::Timestamp), found) => matches!(found, Ty::Timestamp | Ty::String),
            (Some(WellKnown::Duration), found) => matches!(found, Ty::Duration | Ty::String),
            (Some(WellKnown::FieldMask), found) => matches!(found, Ty::String | Ty::List(_)),
            (Some(WellKnown::Struct), found) => matches!(found, Ty::Map(..) | Ty::Record(_)),
            (Some(WellKnown::ListValue), found) => matches!(found, Ty::List(_)),
            (Some(WellKnown::Value), found) => {
                !matches!(found, Ty::Message(_) | Ty::Bytes | Ty::Timestamp | Ty::Duration | Ty::Optional(_))
            }
            _ => false,
        },
        Kind::String => matches!(found, Ty::String),
        Kind::Bytes => matches!(found, Ty::Bytes | Ty::String),
        Kind::Bool => matches!(found, Ty::Bool | Ty::String),
        Kind::Enum(descriptor) => match found {
            Ty::Enum(other) => other.full_name() == descriptor.full_name(),
            found => matches!(found, Ty::Int | Ty::Uint | Ty::Double | Ty::String),
        },
        _ => matches!(found, Ty::Int | Ty::Uint | Ty::Double | Ty::Enum(_) | Ty::String),
    }
}
