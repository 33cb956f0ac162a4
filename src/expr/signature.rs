//! The functions of expressions: what they take and give. One table for checking, evaluating and suggesting.

use super::{Ty, Value};

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Anything,
    Bool,
    /// A whole number of any type.
    Whole,
    /// A number of any type.
    Number,
    /// A number of any type, as a double.
    Double,
    Text,
    Bytes,
    Timestamp,
    Duration,
    List,
    Map,
    Optional,
    Enum,
}

/// What a call comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    Anything,
    Bool,
    Int,
    Uint,
    Double,
    Text,
    Bytes,
    Timestamp,
    Duration,
    Texts,
    Ints,
    /// What it is called on, or its first argument.
    Same,
    List,
    Type,
    Optional,
    /// What the optional may hold.
    Held,
}

/// One way to call a function.
#[derive(Debug)]
pub(super) struct Signature {
    /// With its namespace: `math.abs`.
    pub(super) name: &'static str,
    /// What it is called on; `None` if on nothing.
    pub(super) target: Option<Takes>,
    pub(super) takes: &'static [Takes],
    pub(super) gives: Gives,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Macro {
    Has,
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
    SortBy,
    OptMap,
    OptFlatMap,
    Bind,
    Greatest,
    Least,
}

/// Macros: their names, how they are written, and how many arguments they take.
pub(super) const MACROS: &[(&str, Macro, &str, std::ops::RangeInclusive<usize>)] = &[
    ("has", Macro::Has, "has(message.field)", 1..=1),
    ("all", Macro::All, "list.all(x, x > 0)", 2..=2),
    ("exists", Macro::Exists, "list.exists(x, x > 0)", 2..=2),
    ("exists_one", Macro::ExistsOne, "list.exists_one(x, x > 0)", 2..=2),
    ("existsOne", Macro::ExistsOne, "list.existsOne(x, x > 0)", 2..=2),
    ("map", Macro::Map, "list.map(x, x * 2)", 2..=3),
    ("filter", Macro::Filter, "list.filter(x, x > 0)", 2..=2),
    ("sortBy", Macro::SortBy, "list.sortBy(x, x.name)", 2..=2),
    ("optMap", Macro::OptMap, "optional.optMap(x, x * 2)", 2..=2),
    ("optFlatMap", Macro::OptFlatMap, "optional.optFlatMap(x, x.?name)", 2..=2),
    ("cel.bind", Macro::Bind, "cel.bind(x, value, x + x)", 3..=3),
    ("math.greatest", Macro::Greatest, "math.greatest(1, 2)", 1..=usize::MAX),
    ("math.least", Macro::Least, "math.least(1, 2)", 1..=usize::MAX),
];

/// The first parts of functions' names.
pub(super) const NAMESPACES: &[&str] = &["math", "base64", "strings", "lists", "optional", "cel"];

const TYPES: &[&str] = &[
    "bool",
    "bytes",
    "double",
    "google.protobuf.Duration",
    "google.protobuf.Timestamp",
    "int",
    "list",
    "map",
    "null_type",
    "optional_type",
    "string",
    "type",
    "uint",
];

pub(super) fn is_type(name: &str) -> bool {
    TYPES.contains(&name)
}

const fn global(name: &'static str, takes: &'static [Takes], gives: Gives) -> Signature {
    Signature { name, target: None, takes, gives }
}

const fn on(target: Takes, name: &'static str, takes: &'static [Takes], gives: Gives) -> Signature {
    Signature { name, target: Some(target), takes, gives }
}

use Takes::{Anything, Bool, Bytes, Double, Duration, Enum, List, Map, Number, Optional, Text, Timestamp, Whole};

pub(super) const SIGNATURES: &[Signature] = &[
    // ours
    global("uuid", &[], Gives::Text),
    global("now", &[], Gives::Timestamp),
    global("random_int", &[Whole, Whole], Gives::Int),
    global("random_string", &[Whole], Gives::Text),
    global("sum", &[List], Gives::Anything),
    global("free_port", &[], Gives::Int),
    // conversions
    global("bool", &[Bool], Gives::Bool),
    global("bool", &[Text], Gives::Bool),
    global("bytes", &[Text], Gives::Bytes),
    global("bytes", &[Bytes], Gives::Bytes),
    global("double", &[Number], Gives::Double),
    global("double", &[Text], Gives::Double),
    global("duration", &[Text], Gives::Duration),
    global("duration", &[Duration], Gives::Duration),
    global("dyn", &[Anything], Gives::Anything),
    global("int", &[Number], Gives::Int),
    global("int", &[Text], Gives::Int),
    global("int", &[Timestamp], Gives::Int),
    global("string", &[Enum], Gives::Text),
    global("string", &[Text], Gives::Text),
    global("string", &[Bool], Gives::Text),
    global("string", &[Number], Gives::Text),
    global("string", &[Bytes], Gives::Text),
    global("string", &[Timestamp], Gives::Text),
    global("string", &[Duration], Gives::Text),
    global("timestamp", &[Text], Gives::Timestamp),
    global("timestamp", &[Timestamp], Gives::Timestamp),
    global("timestamp", &[Whole], Gives::Timestamp),
    global("type", &[Anything], Gives::Type),
    global("uint", &[Number], Gives::Uint),
    global("uint", &[Text], Gives::Uint),
    // sizes
    global("size", &[Text], Gives::Int),
    global("size", &[Bytes], Gives::Int),
    global("size", &[List], Gives::Int),
    global("size", &[Map], Gives::Int),
    on(Text, "size", &[], Gives::Int),
    on(Bytes, "size", &[], Gives::Int),
    on(List, "size", &[], Gives::Int),
    on(Map, "size", &[], Gives::Int),
    // texts
    global("matches", &[Text, Text], Gives::Bool),
    global("strings.quote", &[Text], Gives::Text),
    on(Text, "charAt", &[Whole], Gives::Text),
    on(Text, "contains", &[Text], Gives::Bool),
    on(Text, "endsWith", &[Text], Gives::Bool),
    on(Text, "format", &[List], Gives::Text),
    on(Text, "indexOf", &[Text], Gives::Int),
    on(Text, "indexOf", &[Text, Whole], Gives::Int),
    on(List, "join", &[], Gives::Text),
    on(List, "join", &[Text], Gives::Text),
    on(Text, "lastIndexOf", &[Text], Gives::Int),
    on(Text, "lastIndexOf", &[Text, Whole], Gives::Int),
    on(Text, "lowerAscii", &[], Gives::Text),
    on(Text, "matches", &[Text], Gives::Bool),
    on(Text, "replace", &[Text, Text], Gives::Text),
    on(Text, "replace", &[Text, Text, Whole], Gives::Text),
    on(Text, "reverse", &[], Gives::Text),
    on(Text, "split", &[Text], Gives::Texts),
    on(Text, "split", &[Text, Whole], Gives::Texts),
    on(Text, "startsWith", &[Text], Gives::Bool),
    on(Text, "substring", &[Whole], Gives::Text),
    on(Text, "substring", &[Whole, Whole], Gives::Text),
    on(Text, "trim", &[], Gives::Text),
    on(Text, "upperAscii", &[], Gives::Text),
    // lists
    global("lists.range", &[Whole], Gives::Ints),
    on(List, "distinct", &[], Gives::Same),
    on(List, "flatten", &[], Gives::List),
    on(List, "flatten", &[Whole], Gives::List),
    on(List, "reverse", &[], Gives::Same),
    on(List, "slice", &[Whole, Whole], Gives::Same),
    on(List, "sort", &[], Gives::Same),
    // encoders
    global("base64.decode", &[Text], Gives::Bytes),
    global("base64.encode", &[Bytes], Gives::Text),
    // mathematics
    global("math.abs", &[Number], Gives::Same),
    global("math.bitAnd", &[Whole, Whole], Gives::Same),
    global("math.bitNot", &[Whole], Gives::Same),
    global("math.bitOr", &[Whole, Whole], Gives::Same),
    global("math.bitShiftLeft", &[Whole, Whole], Gives::Same),
    global("math.bitShiftRight", &[Whole, Whole], Gives::Same),
    global("math.bitXor", &[Whole, Whole], Gives::Same),
    global("math.ceil", &[Double], Gives::Double),
    global("math.floor", &[Double], Gives::Double),
    global("math.isFinite", &[Double], Gives::Bool),
    global("math.isInf", &[Double], Gives::Bool),
    global("math.isNaN", &[Double], Gives::Bool),
    global("math.round", &[Double], Gives::Double),
    global("math.sign", &[Number], Gives::Same),
    global("math.sqrt", &[Double], Gives::Double),
    global("math.trunc", &[Double], Gives::Double),
    // optionals
    global("optional.none", &[], Gives::Optional),
    global("optional.of", &[Anything], Gives::Optional),
    global("optional.ofNonZeroValue", &[Anything], Gives::Optional),
    on(Optional, "hasValue", &[], Gives::Bool),
    on(Optional, "or", &[Optional], Gives::Optional),
    on(Optional, "orValue", &[Anything], Gives::Held),
    on(Optional, "value", &[], Gives::Held),
    // times
    on(Timestamp, "getDate", &[], Gives::Int),
    on(Timestamp, "getDate", &[Text], Gives::Int),
    on(Timestamp, "getDayOfMonth", &[], Gives::Int),
    on(Timestamp, "getDayOfMonth", &[Text], Gives::Int),
    on(Timestamp, "getDayOfWeek", &[], Gives::Int),
    on(Timestamp, "getDayOfWeek", &[Text], Gives::Int),
    on(Timestamp, "getDayOfYear", &[], Gives::Int),
    on(Timestamp, "getDayOfYear", &[Text], Gives::Int),
    on(Timestamp, "getFullYear", &[], Gives::Int),
    on(Timestamp, "getFullYear", &[Text], Gives::Int),
    on(Timestamp, "getHours", &[], Gives::Int),
    on(Timestamp, "getHours", &[Text], Gives::Int),
    on(Timestamp, "getMilliseconds", &[], Gives::Int),
    on(Timestamp, "getMilliseconds", &[Text], Gives::Int),
    on(Timestamp, "getMinutes", &[], Gives::Int),
    on(Timestamp, "getMinutes", &[Text], Gives::Int),
    on(Timestamp, "getMonth", &[], Gives::Int),
    on(Timestamp, "getMonth", &[Text], Gives::Int),
    on(Timestamp, "getSeconds", &[], Gives::Int),
    on(Timestamp, "getSeconds", &[Text], Gives::Int),
    on(Duration, "getHours", &[], Gives::Int),
    on(Duration, "getMilliseconds", &[], Gives::Int),
    on(Duration, "getMinutes", &[], Gives::Int),
    on(Duration, "getSeconds", &[], Gives::Int),
];

impl Takes {
    /// Whether a value of this type may be taken; where nothing is known, yes.
    pub(super) fn admits(self, ty: &Ty) -> bool {
        matches!(
            (self, ty),
            (Self::Anything, _)
                | (_, Ty::Any)
                | (Self::Bool, Ty::Bool)
                | (Self::Text, Ty::String)
                | (Self::Bytes, Ty::Bytes)
                | (Self::Timestamp, Ty::Timestamp)
                | (Self::Duration, Ty::Duration)
                | (Self::List, Ty::List(_))
                | (Self::Map, Ty::Map(..) | Ty::Record(_))
                | (Self::Optional, Ty::Optional(_))
                | (Self::Enum, Ty::Enum(_))
                | (Self::Whole, Ty::Int | Ty::Uint | Ty::Enum(_))
                | (Self::Number | Self::Double, Ty::Int | Ty::Uint | Ty::Double | Ty::Enum(_))
        )
    }

    /// The value as it is taken, if it is.
    pub(super) fn take(self, value: &Value) -> Option<Value> {
        match (self, value) {
            (Self::Anything, value)
            | (Self::Bool, value @ Value::Bool(_))
            | (Self::Text, value @ Value::Text(_))
            | (Self::Bytes, value @ Value::Bytes(_))
            | (Self::Timestamp, value @ Value::Timestamp { .. })
            | (Self::Duration, value @ Value::Duration { .. })
            | (Self::List, value @ Value::List(_))
            | (Self::Map, value @ (Value::Map(_) | Value::Record(_)))
            | (Self::Optional, value @ Value::Optional(_))
            | (Self::Enum, value @ Value::Enum(..))
            | (Self::Whole | Self::Number, value @ (Value::Int(_) | Value::Uint(_)))
            | (Self::Number | Self::Double, value @ Value::Double(_)) => Some(value.clone()),
            (Self::Whole | Self::Number, Value::Enum(_, number)) => Some(Value::Int(i64::from(*number))),
            (Self::Double, value) => value.as_double().map(Value::Double),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Anything => "anything",
            Self::Bool => "a bool",
            Self::Whole => "a whole number",
            Self::Number | Self::Double => "a number",
            Self::Text => "a string",
            Self::Bytes => "bytes",
            Self::Timestamp => "a timestamp",
            Self::Duration => "a duration",
            Self::List => "a list",
            Self::Map => "a map",
            Self::Optional => "an optional",
            Self::Enum => "an enum",
        }
    }
}

impl Gives {
    /// The type of a call, by that of what it is called on or its first argument.
    pub(super) fn ty(self, first: Option<&Ty>) -> Ty {
        match self {
            Self::Anything | Self::Type => Ty::Any,
            Self::Bool => Ty::Bool,
            Self::Int => Ty::Int,
            Self::Uint => Ty::Uint,
            Self::Double => Ty::Double,
            Self::Text => Ty::String,
            Self::Bytes => Ty::Bytes,
            Self::Timestamp => Ty::Timestamp,
            Self::Duration => Ty::Duration,
            Self::Texts => Ty::list(Ty::String),
            Self::Ints => Ty::list(Ty::Int),
            Self::List => Ty::list(Ty::Any),
            Self::Same => match first {
                Some(Ty::Enum(_)) => Ty::Int,
                Some(ty) => ty.clone(),
                None => Ty::Any,
            },
            Self::Optional => match first {
                Some(Ty::Optional(held)) => Ty::Optional(held.clone()),
                Some(ty) => Ty::Optional(Box::new(ty.clone())),
                None => Ty::Optional(Box::new(Ty::Any)),
            },
            Self::Held => match first {
                Some(Ty::Optional(held)) => (**held).clone(),
                _ => Ty::Any,
            },
        }
    }
}

impl Macro {
    /// Whether it may be called on a value of this type.
    pub(super) fn goes_over(self, ty: &Ty) -> bool {
        let is_optional = matches!(self, Self::OptMap | Self::OptFlatMap);
        match ty {
            Ty::Any => true,
            Ty::Optional(_) => is_optional,
            Ty::List(_) | Ty::Map(..) | Ty::Record(_) => !is_optional,
            _ => false,
        }
    }
}

/// The ways to call a function: on something, or on nothing.
pub(super) fn signatures(name: &str, on_target: bool) -> impl Iterator<Item = &'static Signature> + Clone {
    SIGNATURES.iter().filter(move |signature| signature.name == name && signature.target.is_some() == on_target)
}

/// The macro of a name; only those with a namespace, and `has`, are called on nothing.
pub(super) fn macro_of(name: &str, on_target: bool) -> Option<Macro> {
    let (_, kind, ..) = MACROS.iter().find(|(known, ..)| *known == name)?;
    let stands_alone = matches!(kind, Macro::Has | Macro::Bind | Macro::Greatest | Macro::Least);
    (stands_alone != on_target).then_some(*kind)
}
