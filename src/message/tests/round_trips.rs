//! Properties: what is rendered reads back, and nothing makes the walk panic.

use std::sync::Arc;

use proptest::prelude::*;
use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};

use super::super::{Limits, WellKnown, decode, render};
use super::{POOL, Source, all_types, proto2, same};

/// A source of choices for generated messages: bytes, consumed in order; zeros when they are used up.
struct Choices<'a>(std::slice::Iter<'a, u8>);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        self.0.next().copied().unwrap_or_default()
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound.max(1)
    }

    fn long(&mut self) -> u64 {
        match self.below(4) {
            0 => u64::from(self.byte()),
            1 => u64::MAX - u64::from(self.byte()),
            2 => 1 << self.below(64),
            _ => (0..8).fold(0, |sum, _| sum << 8 | u64::from(self.byte())),
        }
    }

    fn text(&mut self) -> String {
        const ODD: [&str; 32] = [
            "",
            "a",
            " ",
            "null",
            "~",
            "true",
            "no",
            "1.10",
            "-",
            ": ",
            "#",
            "${x}",
            "$",
            "$$",
            "\n",
            "\t",
            "\"",
            "'",
            "\\",
            "\u{0}",
            "é",
            "世",
            "\u{1f600}",
            "\u{feff}",
            "\u{2028}",
            "{",
            "]",
            ",",
            "<<",
            "…",
            "\u{85}",
            "\r",
        ];
        (0..self.below(5)).fold(String::new(), |mut text, _| {
            match self.below(4) {
                0 => text.extend(char::from_u32(u32::try_from(self.long() % 0x11_0000).unwrap_or_default())),
                _ => text.push_str(ODD[self.below(ODD.len())]),
            }
            text
        })
    }

    fn value(&mut self, kind: &Kind, depth: usize) -> Value {
        #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "any bits will do")]
        let (long, int) = (self.long() as i64, self.long() as i32);
        match kind {
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(int),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(long),
            Kind::Uint32 | Kind::Fixed32 => Value::U32(int.cast_unsigned()),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(long.cast_unsigned()),
            Kind::Double => Value::F64(f64::from_bits(long.cast_unsigned())),
            Kind::Float => Value::F32(f32::from_bits(int.cast_unsigned())),
            Kind::Bool => Value::Bool(int & 1 == 1),
            Kind::String => Value::String(self.text()),
            Kind::Bytes => Value::Bytes((0..self.below(40)).map(|_| self.byte()).collect::<Vec<_>>().into()),
            Kind::Enum(descriptor) => match self.below(2) {
                1 if descriptor.full_name() == "fixtures.Colour" => Value::EnumNumber(int),
                _ => Value::EnumNumber(
                    descriptor.values().nth(self.below(descriptor.values().len())).map_or(0, |value| value.number()),
                ),
            },
            Kind::Message(descriptor) => Value::Message(self.message(descriptor, depth + 1)),
        }
    }

    /// Well-known types hold only what has a form: the others are tested one by one.
    fn message(&mut self, descriptor: &MessageDescriptor, depth: usize) -> DynamicMessage {
        let mut message = DynamicMessage::new(descriptor.clone());
        let known = WellKnown::of(descriptor);
        match known {
            Some(WellKnown::Value) => {
                let number = if depth > 6 { 1 + self.below(4) } else { 1 + self.below(6) };
                let kind =
                    descriptor.get_field(u32::try_from(number).expect("it is small")).expect("a Value has six").kind();
                let value = match self.value(&kind, depth) {
                    Value::F64(number) if !number.is_finite() => Value::F64(0.5),
                    value => value,
                };
                message.set_field_by_number(u32::try_from(number).expect("it is small"), value);
                return message;
            }
            Some(WellKnown::Any) => {
                let names = [
                    "fixtures.Nested",
                    "google.protobuf.Duration",
                    "google.protobuf.Value",
                    "google.protobuf.Empty",
                    "google.protobuf.Int32Value",
                ];
                let held = POOL.get_message_by_name(names[self.below(names.len())]).expect("the fixtures import it");
                let prefix = ["type.googleapis.com/", "example.com/a/", "/"][self.below(3)];
                let url = format!("{prefix}{}", held.full_name());
                let bytes = self.message(&held, depth + 2).encode_to_vec();
                message.set_field_by_number(1, Value::String(url));
                message.set_field_by_number(2, Value::Bytes(bytes.into()));
                return message;
            }
            Some(WellKnown::FieldMask) => {
                const PATHS: [&str; 4] = ["a", "b_c", "d.e_f", "g_h.i"];
                let paths = (0..self.below(3)).map(|_| Value::String(PATHS[self.below(PATHS.len())].to_owned()));
                message.set_field_by_number(1, Value::List(paths.collect()));
                return message;
            }
            _ if depth > 6 => return message,
            _ => {}
        }
        let fields: Vec<_> = descriptor.fields().collect();
        let wanted = if fields.len() <= 3 { fields.len() } else { self.below(6) };
        for index in 0..wanted {
            let field = if fields.len() <= 3 { &fields[index] } else { &fields[self.below(fields.len())] };
            let value = self.field(field, depth);
            message.set_field(field, value);
        }
        for field in fields.iter().filter(|field| field.is_required()) {
            let value = self.field(field, depth);
            message.set_field(field, value);
        }
        message
    }

    fn field(&mut self, field: &FieldDescriptor, depth: usize) -> Value {
        let kind = field.kind();
        if field.is_map() {
            let entry = kind.as_message().expect("a map's entry is a message").clone();
            let entries = (0..self.below(3)).filter_map(|_| {
                let key: MapKey = self.value(&entry.map_entry_key_field().kind(), depth).into_map_key()?;
                Some((key, self.value(&entry.map_entry_value_field().kind(), depth)))
            });
            return Value::Map(entries.collect());
        }
        if field.is_list() {
            return Value::List((0..self.below(4)).map(|_| self.value(&kind, depth)).collect());
        }
        self.value(&kind, depth)
    }
}

/// What the message is after the wire: without explicit defaults.
fn normal(message: &DynamicMessage, descriptor: &MessageDescriptor) -> DynamicMessage {
    decode(&message.encode_to_vec(), descriptor).expect("what is encoded decodes")
}

/// A message that is made of the choices.
pub(super) fn generated(descriptor: &MessageDescriptor, choices: &[u8]) -> DynamicMessage {
    normal(&Choices(choices.iter()).message(descriptor, 0), descriptor)
}

fn reads_back(descriptor: &MessageDescriptor, choices: &[u8]) {
    let message = generated(descriptor, choices);
    let text = render(&message, Limits::NONE);
    let read = Source::new(&text).message(descriptor).unwrap_or_else(|errors| panic!("{text}\n{}", errors.join("\n")));
    assert!(same(&normal(&read, descriptor), &message), "{text}\n{message}\n{read}");
    let bounded = render(&message, Limits { lines: 5, text: 7 });
    assert!(bounded.lines().count() <= 6, "{bounded}");
}

proptest! {
    #![proptest_config(ProptestConfig { ..ProptestConfig::default() })]

    #[test]
    fn what_is_rendered_reads_back(choices in proptest::collection::vec(any::<u8>(), 0..400)) {
        reads_back(&all_types(), &choices);
        reads_back(&proto2(), &choices);
    }

    #[test]
    fn arbitrary_bytes_decode_or_say_why(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        match decode(&bytes, &all_types()) {
            Ok(message) => {
                let text = render(&message, Limits::REPORT);
                prop_assert!(text.lines().count() <= Limits::REPORT.lines + 1);
            }
            Err(error) => prop_assert!(error.to_string().contains("at byte"), "{error}"),
        }
    }

    #[test]
    fn a_message_cut_or_changed_decodes_or_says_why(
        choices in proptest::collection::vec(any::<u8>(), 0..200),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<bool>(),
    ) {
        let mut bytes = Choices(choices.iter()).message(&all_types(), 0).encode_to_vec();
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            if cut { bytes.truncate(at) } else { bytes[at] = byte }
        }
        match decode(&bytes, &all_types()) {
            Ok(message) => drop(render(&message, Limits::NONE)),
            Err(error) => prop_assert!(error.to_string().contains("at byte"), "{error}"),
        }
    }

    #[test]
    fn arbitrary_yaml_is_a_message_or_an_error(
        keys in proptest::collection::vec((0..200_usize, 0..VALUES.len(), 0..VALUES.len()), 0..8),
    ) {
        let names: Vec<String> = all_types().fields().map(|field| field.name().to_owned()).collect();
        let mut yaml = String::new();
        for (name, value, other) in keys {
            let name = names.get(name).map_or("$type", String::as_str);
            let value = VALUES[value].replace('@', VALUES[other]);
            yaml.extend([name, ": ", &value, "\n"]);
        }
        let mut source = Source::new(&yaml);
        if let Ok(message) = source.message(&all_types()) {
            let text = render(&message, Limits::NONE);
            let read = Source::new(&text).message(&all_types()).unwrap_or_else(|errors| panic!("{text}\n{}", errors.join("\n")));
            prop_assert!(same(&read, &message), "{}\n{}", yaml, text);
        }
    }

    #[test]
    fn arbitrary_text_in_every_field_is_a_value_or_an_error(text in "\\PC{0,12}|[-+0-9.eExX_:TZsmhn$ {}]{0,14}", name in 0..200_usize) {
        let names: Vec<String> = all_types().fields().map(|field| field.name().to_owned()).collect();
        let yaml = format!("{}: {}", names[name % names.len()], super::super::quote::double_quoted(&text));
        let mut source = Source::new(&yaml);
        if source.template(&all_types()).is_none() {
            prop_assert!(!source.words().is_empty());
        }
    }
}

const VALUES: [&str; 40] = [
    "1",
    "-1",
    "1e3",
    "a",
    "true",
    "null",
    "~",
    "''",
    "\"x\\u0000\"",
    "[]",
    "{}",
    "[@]",
    "[@, @]",
    "{ a: @ }",
    "{ 1: @, 1.0: @ }",
    "{ id: @ }",
    "{ $hex: @ }",
    "{ $zeros: @ }",
    "{ $json: @ }",
    "{ $utf8: @ }",
    "{ $type: fixtures.Nested, id: @ }",
    "{ $type: google.protobuf.Duration, value: @ }",
    "{ $type: google.protobuf.Any, value: @ }",
    "{ $type: @ }",
    "{ $file: @ }",
    "{ $between: @ }",
    "{ $hex: @, $utf8: @ }",
    "{ $$a: @ }",
    "{ $a: @, b: @ }",
    "1.5s",
    "2024-01-01T00:00:00Z",
    "COLOUR_RED",
    "AA==",
    "'${x}'",
    "'$${x}'",
    "'${'",
    "{ seconds: @, nanos: @ }",
    "{ type_url: @, value: @ }",
    "{ paths: @ }",
    "NaN",
];

#[test]
fn a_message_is_shared_and_not_copied() {
    let mut source = Source::new("int32_value: 1");
    let template = source.template(&all_types()).expect("it is a message");
    let (first, second) = (template.fill(&crate::expr::Scope::new()), template.fill(&crate::expr::Scope::new()));
    assert!(Arc::ptr_eq(&first.expect("a constant"), &second.expect("a constant")));
}
