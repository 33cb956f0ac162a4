//! `features.*` options of source, as the parser leaves them: read, and taken out. Also the default values that
//! [`Rewritten`](super::Rewritten) has hidden from it.

use prost_types::field_descriptor_proto::Type;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, UninterpretedOption,
};

use super::features::{
    EnumFeatures, FeatureSet, FieldFeatures, FileFeatures, MessageFeatures, OneofFeatures, edition_number,
};
use super::rewrite::{DEFAULT, MINUS_INFINITY, NAN};
use crate::diagnostic::{Diagnostic, Sources, Span, did_you_mean, one_of};
use crate::schema::catalog::Source;
use crate::schema::scan::{Token, Tokens};

/// A feature: its name and its values, with their numbers in `google.protobuf.FeatureSet`.
struct Feature {
    name: &'static str,
    values: &'static [(&'static str, i32)],
    /// Where it is kept; `None` if it changes nothing that we see.
    place: Option<fn(&mut FeatureSet) -> &mut Option<i32>>,
}

const FEATURES: &[Feature] = &[
    Feature {
        name: "field_presence",
        values: &[("EXPLICIT", 1), ("IMPLICIT", 2), ("LEGACY_REQUIRED", 3)],
        place: Some(|set| &mut set.field_presence),
    },
    Feature { name: "enum_type", values: &[("OPEN", 1), ("CLOSED", 2)], place: Some(|set| &mut set.enum_type) },
    Feature {
        name: "repeated_field_encoding",
        values: &[("PACKED", 1), ("EXPANDED", 2)],
        place: Some(|set| &mut set.repeated_field_encoding),
    },
    Feature { name: "utf8_validation", values: &[("VERIFY", 2), ("NONE", 3)], place: None },
    Feature {
        name: "message_encoding",
        values: &[("LENGTH_PREFIXED", 1), ("DELIMITED", 2)],
        place: Some(|set| &mut set.message_encoding),
    },
    Feature { name: "json_format", values: &[("ALLOW", 1), ("LEGACY_BEST_EFFORT", 2)], place: None },
    Feature { name: "enforce_naming_style", values: &[("STYLE2024", 1), ("STYLE_LEGACY", 2)], place: None },
    Feature {
        name: "default_symbol_visibility",
        values: &[("EXPORT_ALL", 1), ("EXPORT_TOP_LEVEL", 2), ("LOCAL_ALL", 3), ("STRICT", 4)],
        place: None,
    },
];

/// A feature that is none.
#[derive(Debug)]
pub(in crate::schema) struct WrongFeature {
    /// The word that is wrong.
    word: String,
    problem: Diagnostic,
}

impl WrongFeature {
    /// What to report: the parser keeps no place of an option, so it is where the word first stands.
    pub(in crate::schema) fn at(self, source: &Source, sources: &Sources) -> Diagnostic {
        let mut words = Tokens::new(source.text.as_bytes());
        let range = words.find_map(|(token, range)| (token == Token::Word(self.word.as_bytes())).then_some(range));
        let range = range.unwrap_or_default();
        self.problem.at(Span::new(source.add_to(sources), range.start, range.end), "")
    }
}

/// Takes the features out of a file's options, and puts its default values where they belong. What is no feature goes
/// to `out`.
pub(in crate::schema) fn take_features(
    file: &mut FileDescriptorProto,
    edition: &str,
    out: &mut Vec<WrongFeature>,
) -> FileFeatures {
    let own = file.options.as_mut().map(|options| features(&mut options.uninterpreted_option, out));
    FileFeatures {
        messages: file.message_type.iter_mut().map(|message| of_message(message, out)).collect(),
        enums: file.enum_type.iter_mut().map(|declared| of_enum(declared, out)).collect(),
        extensions: file.extension.iter_mut().map(|field| of_field(field, out)).collect(),
        edition: edition_number(edition),
        ..FileFeatures::saying(own.unwrap_or_default())
    }
}

fn of_message(message: &mut DescriptorProto, out: &mut Vec<WrongFeature>) -> MessageFeatures {
    let own = message.options.as_mut().map(|options| features(&mut options.uninterpreted_option, out));
    let of_oneof = |oneof: &mut prost_types::OneofDescriptorProto, out: &mut Vec<WrongFeature>| {
        let own = oneof.options.as_mut().map(|options| features(&mut options.uninterpreted_option, out));
        OneofFeatures::saying(own.unwrap_or_default())
    };
    MessageFeatures {
        fields: message.field.iter_mut().map(|field| of_field(field, out)).collect(),
        messages: message.nested_type.iter_mut().map(|nested| of_message(nested, out)).collect(),
        enums: message.enum_type.iter_mut().map(|declared| of_enum(declared, out)).collect(),
        extensions: message.extension.iter_mut().map(|field| of_field(field, out)).collect(),
        oneofs: message.oneof_decl.iter_mut().map(|oneof| of_oneof(oneof, out)).collect(),
        ..MessageFeatures::saying(own.unwrap_or_default())
    }
}

fn of_enum(declared: &mut EnumDescriptorProto, out: &mut Vec<WrongFeature>) -> EnumFeatures {
    let own = declared.options.as_mut().map(|options| features(&mut options.uninterpreted_option, out));
    EnumFeatures::saying(own.unwrap_or_default())
}

fn of_field(field: &mut FieldDescriptorProto, out: &mut Vec<WrongFeature>) -> FieldFeatures {
    let field_type = field.r#type.map(|_| field.r#type());
    let Some(options) = &mut field.options else { return FieldFeatures::default() };
    let own = features(&mut options.uninterpreted_option, out);
    let is_default = |option: &UninterpretedOption| is_plain(option, DEFAULT) && option.name.len() == 1;
    let default = options.uninterpreted_option.iter().position(is_default);
    if let Some(at) = default {
        let value = options.uninterpreted_option.remove(at);
        // What does not fit the type is refused when the file is linked.
        field.default_value = Some(default_value(field_type, &value));
    }
    FieldFeatures::saying(own)
}

/// Takes out the options that are `features`, of whatever language; returns protobuf's own.
fn features(options: &mut Vec<UninterpretedOption>, out: &mut Vec<WrongFeature>) -> FeatureSet {
    let mut set = FeatureSet::default();
    options.retain(|option| {
        if !is_plain(option, "features") {
            return true;
        }
        match &option.name[1..] {
            [] => read_aggregate(option.aggregate_value.as_deref().unwrap_or_default(), &mut set, out),
            // The features of generated code.
            [first, ..] if first.is_extension => {}
            [name, ..] => read(&name.name_part, option.identifier_value.as_deref(), &mut set, out),
        }
        false
    });
    set
}

/// Whether an option's name begins with `name`.
fn is_plain(option: &UninterpretedOption, name: &str) -> bool {
    option.name.first().is_some_and(|part| !part.is_extension && part.name_part == name)
}

fn read(name: &str, value: Option<&str>, set: &mut FeatureSet, out: &mut Vec<WrongFeature>) {
    let names = || FEATURES.iter().map(|feature| feature.name);
    let Some(feature) = names().position(|known| known == name).map(|at| &FEATURES[at]) else {
        let unknown = Diagnostic::error(format!("unknown feature `features.{name}`"));
        let problem = unknown.hints(did_you_mean(name, names())).note(format!("the features: {}", one_of(names())));
        out.push(WrongFeature { word: name.to_owned(), problem });
        return;
    };
    let values = || feature.values.iter().map(|(value, _)| *value);
    let value = value.unwrap_or_default();
    match (feature.values.iter().find(|(known, _)| *known == value), feature.place) {
        (Some((_, number)), Some(place)) => *place(set) = Some(*number),
        (Some(_), None) => {}
        (None, _) => {
            let wrong = Diagnostic::error(format!("`{value}` is no value of `features.{name}`"));
            let problem = wrong.hints(did_you_mean(value, values())).hint(format!("write {}", one_of(values())));
            out.push(WrongFeature { word: if value.is_empty() { name } else { value }.to_owned(), problem });
        }
    }
}

/// `features = { field_presence: IMPLICIT, [pb.go] { … } }`, without its braces or with them.
fn read_aggregate(text: &str, set: &mut FeatureSet, out: &mut Vec<WrongFeature>) {
    let mut tokens = Tokens::new(text.as_bytes()).map(|(token, _)| token).peekable();
    while let Some(token) = tokens.next() {
        match token {
            Token::Mark(b'[') => {
                // A language's: its name, and its value in braces.
                tokens.by_ref().find(|token| *token == Token::Mark(b']'));
                tokens.next_if_eq(&Token::Mark(b':'));
                let mut depth = 0_usize;
                while let Some(token) = tokens.peek() {
                    match token {
                        Token::Mark(b'{' | b'<') => depth += 1,
                        Token::Mark(b'}' | b'>') if depth > 0 => depth -= 1,
                        _ if depth == 0 => break,
                        _ => {}
                    }
                    tokens.next();
                    if depth == 0 {
                        break;
                    }
                }
            }
            Token::Word(name) => {
                tokens.next_if_eq(&Token::Mark(b':'));
                let value = tokens.next_if(|token| matches!(token, Token::Word(_)));
                let value = value.and_then(|value| match value {
                    Token::Word(value) => std::str::from_utf8(value).ok(),
                    Token::Text(_) | Token::Mark(_) => None,
                });
                read(&String::from_utf8_lossy(name), value, set, out);
            }
            Token::Text(_) | Token::Mark(_) => {}
        }
    }
}

/// A default as a descriptor holds it.
fn default_value(field_type: Option<Type>, option: &UninterpretedOption) -> String {
    let UninterpretedOption {
        identifier_value,
        positive_int_value,
        negative_int_value,
        double_value,
        string_value,
        aggregate_value,
        ..
    } = option;
    if let Some(bytes) = string_value {
        return match field_type {
            Some(Type::Float | Type::Double) if bytes == MINUS_INFINITY => "-inf".to_owned(),
            Some(Type::Float | Type::Double) if bytes == NAN => "nan".to_owned(),
            Some(Type::Bytes) => bytes.escape_ascii().to_string(),
            _ => String::from_utf8_lossy(bytes).into_owned(),
        };
    }
    let number = positive_int_value.map(|value| value.to_string());
    let number = number.or_else(|| negative_int_value.map(|value| value.to_string()));
    let number = number.or_else(|| double_value.map(|value| value.to_string()));
    number.or_else(|| identifier_value.clone()).or_else(|| aggregate_value.clone()).unwrap_or_default()
}
