use std::fmt::Write as _;

use proptest::prelude::{any, prop_assert, proptest};
use proptest::sample::Index;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use prost_types::FileDescriptorProto;
use protox::file::File;

use super::{FileFeatures, Rewritten, lower, take_features};
use crate::schema::guard;
use crate::schema::scan::scan;

fn parse(text: &str) -> FileDescriptorProto {
    File::from_source("a.proto", text).map_or_else(|error| panic!("{error:?}\n{text}"), FileDescriptorProto::from)
}

fn lowered(source: &str) -> Result<FileDescriptorProto, String> {
    let (edition, header) = scan(source.as_bytes()).edition.expect("an edition");
    let mut wrong = Vec::new();
    let mut file = parse(&Rewritten::new(source, header).text);
    let features = take_features(&mut file, &edition, &mut wrong);
    assert!(wrong.is_empty(), "{wrong:?}");
    lower(&mut file, &features, &DescriptorPool::new())?;
    file.source_code_info = None;
    Ok(file)
}

fn pool(file: FileDescriptorProto) -> DescriptorPool {
    let mut pool = DescriptorPool::new();
    pool.add_file_descriptor_proto(file).expect("a file that links");
    pool
}

/// What a message's fields are on the wire and in memory, one a line.
fn facts(message: &MessageDescriptor) -> String {
    let mut facts = String::new();
    for field in message.fields() {
        let oneof = field.containing_oneof().filter(|oneof| !oneof.is_synthetic()).map(|oneof| oneof.name().to_owned());
        let _ = writeln!(
            facts,
            "{} {} {:?} {:?} group={} packed={} presence={} default={:?} oneof={oneof:?}",
            field.name(),
            field.number(),
            field.kind(),
            field.cardinality(),
            field.is_group(),
            field.is_packed(),
            field.supports_presence(),
            // of a message it is the message's type, which may print itself without end
            field.kind().as_message().is_none().then(|| field.default_value()),
        );
    }
    facts
}

const TYPES: &str = "
    message M { int32 n = 1; }
    enum E { ZERO = 0; ONE = 1; }";

#[test]
fn fields_become_what_their_features_say() {
    // (what stands in the message, the same in proto2 or proto3)
    let same = |edition: &str, body: &str, syntax: &str, written: &str| {
        let file = format!("edition = \"2023\"; {edition} message A {{ {body} }}");
        let ours = pool(lowered(&file).expect("it can be lowered"));
        let theirs = pool(parse(&format!("syntax = \"{syntax}\"; message A {{ {written} }}")));
        let a = |pool: &DescriptorPool| pool.get_message_by_name("A").expect("A");
        assert_eq!(facts(&a(&ours)), facts(&a(&theirs)), "{file}");
    };
    let implicit = "option features.field_presence = IMPLICIT;";
    same("", "int32 n = 1;", "proto3", "optional int32 n = 1;");
    same("", "int32 n = 1 [features.field_presence = IMPLICIT];", "proto3", "int32 n = 1;");
    same("", "int32 n = 1 [features.field_presence = LEGACY_REQUIRED];", "proto2", "required int32 n = 1;");
    same("", "int32 n = 1 [features = { field_presence: IMPLICIT }];", "proto3", "int32 n = 1;");
    same(implicit, "int32 n = 1;", "proto3", "int32 n = 1;");
    same(
        "option features = { [pb.go] { api: X } field_presence: IMPLICIT };",
        "int32 n = 1;",
        "proto3",
        "int32 n = 1;",
    );
    same(implicit, "int32 n = 1 [features.field_presence = EXPLICIT];", "proto3", "optional int32 n = 1;");
    same("", "repeated int32 n = 1;", "proto3", "repeated int32 n = 1;");
    same("", "repeated int32 n = 1 [features.repeated_field_encoding = EXPANDED];", "proto2", "repeated int32 n = 1;");
    same(
        "option features.repeated_field_encoding = EXPANDED;",
        "repeated string s = 1;",
        "proto3",
        "repeated string s = 1;",
    );
    same(
        "",
        "option features.repeated_field_encoding = EXPANDED; repeated bool b = 1;",
        "proto2",
        "repeated bool b = 1;",
    );
    same("", "oneof o { int32 n = 1; string s = 2; }", "proto3", "oneof o { int32 n = 1; string s = 2; }");
    same(implicit, "oneof o { int32 n = 1; string s = 2; }", "proto3", "oneof o { int32 n = 1; string s = 2; }");
    same("", "map<string, int32> m = 1;", "proto3", "map<string, int32> m = 1;");
    same(
        "option features.message_encoding = DELIMITED;",
        "map<string, int32> m = 1;",
        "proto3",
        "map<string, int32> m = 1;",
    );
    same(implicit, "A a = 1;", "proto3", "A a = 1;");
    same("", "A a = 1;", "proto3", "A a = 1;");
    same("", "int32 n = 1 [features.(pb.cpp).string_type = VIEW];", "proto3", "optional int32 n = 1;");
    same("option features.utf8_validation = NONE;", "string s = 1;", "proto3", "optional string s = 1;");
    same("", "int32 n = 1; message _n {}", "proto3", "optional int32 n = 1;");
}

#[test]
fn default_values_stay() {
    let file = lowered(
        r#"edition = "2023"; message A {
            int32 i = 1 [default = -5, deprecated = true];
            string s = 2 [deprecated = true, default = "it's \"so\""];
            bytes b = 3 [default = "\x00\xff'"];
            bool t = 4 [default = true];
            double d = 5 [default = 1.5];
            float f = 6 [default = -inf];
            double nan = 7 [default = nan];
            uint64 default = 8 [default = 18446744073709551615];
            double e = 9 [ default=1e300 ];
        }"#,
    );
    let theirs = parse(
        r#"message A {
            optional int32 i = 1 [default = -5];
            optional string s = 2 [default = "it's \"so\""];
            optional bytes b = 3 [default = "\x00\xff'"];
            optional bool t = 4 [default = true];
            optional double d = 5 [default = 1.5];
            optional float f = 6 [default = -inf];
            optional double nan = 7 [default = nan];
            optional uint64 default = 8 [default = 18446744073709551615];
            optional double e = 9 [default = 1e300];
        }"#,
    );
    let a = |file| pool(file).get_message_by_name("A").expect("A");
    assert_eq!(facts(&a(file.expect("it can be lowered"))), facts(&a(theirs)));
}

#[test]
fn enums_decide_between_proto2_and_proto3() {
    let syntax = |text: &str| lowered(&format!("edition = \"2023\"; {text}")).map(|file| file.syntax().to_owned());
    let closed = "option features.enum_type = CLOSED;";
    assert_eq!(syntax("enum E { A = 0; }").as_deref(), Ok("proto3"));
    assert_eq!(syntax(&format!("enum E {{ {closed} A = 1; }}")).as_deref(), Ok("proto2"));
    assert_eq!(syntax(&format!("enum E {{ {closed} A = 0; }}")).as_deref(), Ok("proto2"));
    assert_eq!(syntax(&format!("{closed} enum E {{ A = 0; }} message M {{ int32 n = 1; }}")).as_deref(), Ok("proto2"));
    assert_eq!(syntax(&format!("enum E {{ {closed} A = 0; }} enum F {{ B = 0; }}")).as_deref(), Ok("proto3"));
    assert_eq!(
        syntax(&format!(
            "package p; message M {{ int32 n = 1 [features.field_presence = IMPLICIT]; enum E {{ {closed} A = 1; }} }}"
        )),
        Err("has the enum `p.M.E`, whose first value is not 0, as only in proto2, and the field `p.M.n` of IMPLICIT \
             presence, as only in proto3"
            .to_owned())
    );
}

#[test]
fn types_are_found_in_the_scope_that_uses_them() {
    let file = lowered(&format!(
        "edition = \"2023\"; package p.q; option features.message_encoding = DELIMITED; {TYPES}
         message Outer {{
           message M {{ string s = 1; }}
           message Inner {{ M near = 1; q.M far = 2; .p.q.M full = 3; E e = 4; repeated E es = 5; Nested nested = 6; }}
           message Nested {{}}
         }}"
    ));
    let pool = pool(file.expect("it can be lowered"));
    let inner = pool.get_message_by_name("p.q.Outer.Inner").expect("Inner");
    let kinds: Vec<_> =
        inner.fields().map(|field| format!("{} {:?} {}", field.name(), field.kind(), field.is_group())).collect();
    assert_eq!(
        kinds,
        [
            "near p.q.Outer.M true",
            "far p.q.M true",
            "full p.q.M true",
            "e p.q.E false",
            "es p.q.E false",
            "nested p.q.Outer.Nested true"
        ]
    );
}

#[test]
fn messages_have_the_bytes_of_their_proto2_and_proto3_equivalents() {
    let ours = format!(
        "edition = \"2023\"; {TYPES} message A {{
           M plain = 1; M group = 2 [features.message_encoding = DELIMITED];
           repeated int32 packed = 3; repeated int32 expanded = 4 [features.repeated_field_encoding = EXPANDED];
           int32 explicit = 5; int32 implicit = 6 [features.field_presence = IMPLICIT];
           repeated E es = 7; map<string, M> map = 8; oneof o {{ M a = 9; string b = 10; }} }}"
    );
    let ours = pool(lowered(&ours).expect("it can be lowered"));
    let message = DynamicMessage::deserialize(
        ours.get_message_by_name("A").expect("A"),
        serde_json::json!({
            "plain": { "n": 1 }, "group": { "n": 2 }, "packed": [1, 2], "expanded": [3, 4], "explicit": 0, "implicit": 0,
            "es": ["ZERO", "ONE"], "map": { "k": { "n": 0 } }, "a": { "n": 5 },
        }),
    );
    let bytes = message.expect("a message").encode_to_vec();
    // by hand, from the encoding of protocol buffers
    let expected: &[u8] = &[
        0x0a, 2, 0x08, 1, // plain, length-prefixed
        0x13, 0x08, 2, 0x14, // group
        0x1a, 2, 1, 2, // packed
        0x20, 3, 0x20, 4, // expanded
        0x28, 0, // explicit, though zero; implicit is not there
        0x3a, 2, 0, 1, // enums, packed
        0x42, 7, 0x0a, 1, b'k', 0x12, 2, 0x08, 0, // map entry, n explicit
        0x4a, 2, 0x08, 5,
    ];
    assert_eq!(bytes, expected);
}

#[test]
fn groups_are_read_as_they_are_written() {
    let file =
        lowered("edition = \"2023\"; message A { A a = 1 [features.message_encoding = DELIMITED]; int32 n = 2; }");
    let a = pool(file.expect("it can be lowered")).get_message_by_name("A").expect("A");
    let message = DynamicMessage::decode(a, &[0x0b, 0x10, 7, 0x0c][..]).expect("a message");
    let inner = message.get_field_by_name("a").expect("a").into_owned();
    assert_eq!(inner.as_message().and_then(|inner| inner.get_field_by_name("n")?.as_i32()), Some(7));
}

#[test]
fn extensions_have_presence() {
    let file = lowered(
        "edition = \"2023\"; option features.field_presence = IMPLICIT;
         message A { extensions 100 to max; } extend A { int32 n = 100; repeated int32 ns = 101; }",
    );
    let pool = pool(file.expect("it can be lowered"));
    let extension = |name| pool.get_extension_by_name(name).expect("an extension");
    assert!(extension("n").supports_presence());
    assert!(extension("ns").is_packed());
}

#[test]
fn what_edition_2024_adds_is_passed_over() {
    let file = lowered(
        "edition = \"2024\"; option features.default_symbol_visibility = STRICT;
         option features.enforce_naming_style = STYLE_LEGACY;
         export message A { local enum E { Z = 0; } reserved foo, bar; reserved 7 to 9; int32 export = 1; E local = 2; }
         local message message { A export = 1; }",
    );
    let pool = pool(file.expect("it can be lowered"));
    let a = pool.get_message_by_name("A").expect("A");
    assert_eq!(a.fields().map(|field| field.name().to_owned()).collect::<Vec<_>>(), ["export", "local"]);
    assert!(pool.get_message_by_name("message").is_some());
}

#[test]
fn what_is_rewritten_stays_in_its_place() {
    let place = |source: &str, word: &str| {
        let (_, header) = scan(source.as_bytes()).edition.expect("an edition");
        let rewritten = Rewritten::new(source, header);
        let found = rewritten.text.find(word).expect("the word");
        assert_eq!(found - rewritten.added, source.find(word).expect("the word"), "{source}");
        rewritten.text
    };
    assert_eq!(place("edition = \"2023\";\nmessage A {}", "A"), "syntax=\"proto3\" ;\nmessage A {}");
    assert_eq!(place("edition=\"2023\";message A {}", "A"), "syntax=\"proto3\";message A {}");
    assert_eq!(place("// é\nedition\n=\n\"2023\";message A {}", "A"), "// é\nsyntax=\"proto3\" ;message A {}");
    assert_eq!(
        place("edition /* é */ = \"2023\";message A {}", "A").len(),
        "edition /* é */ = \"2023\";message A {}".len()
    );
    let source = "edition = '2023'; import option 'x'; message A { reserved a,\n b; int32 n = 1 [default = -inf]; }";
    assert_eq!(
        place(source, "A"),
        "syntax=\"proto3\" ; import        'x'; message A {            \n  ; int32 n = 1 [defau1t = \"-i\"]; }"
    );
}

/// A descriptor as protoc writes it: features by their numbers.
fn described(field_features: &[u8], edition: i32) -> (FileDescriptorProto, FileFeatures) {
    let mut file = parse("syntax = \"proto3\"; message A { A a = 1; repeated int32 ns = 2; int32 n = 3; }");
    file.syntax = Some("editions".to_owned());
    file.source_code_info = None;
    for field in &mut file.message_type[0].field {
        // the parser leaves names to be resolved, a descriptor does not
        if field.type_name.is_some() {
            field.type_name = Some(".A".to_owned());
            field.set_type(prost_types::field_descriptor_proto::Type::Message);
        }
    }
    // merged into the file: a message whose fields have options with features (21), and the edition (14)
    let mut features = FileFeatures::default();
    let mut bytes = file.encode_to_vec();
    let mut extra = Vec::new();
    prost::encoding::int32::encode(14, &edition, &mut extra);
    prost::encoding::message::encode(8, &Options { features: field_features.to_vec() }, &mut extra);
    bytes.extend(extra);
    prost::Message::merge(&mut features, &bytes[..]).expect("a descriptor");
    (FileDescriptorProto::decode(&bytes[..]).expect("a descriptor"), features)
}

/// `FileOptions` with `features`.
#[derive(Clone, PartialEq, prost::Message)]
struct Options {
    #[prost(bytes = "vec", tag = "50")]
    features: Vec<u8>,
}

#[test]
fn features_of_a_descriptor_are_read_from_its_bytes() {
    // field_presence IMPLICIT, repeated_field_encoding EXPANDED, message_encoding DELIMITED
    let (mut file, features) = described(&[0x08, 2, 0x18, 2, 0x28, 2], 1000);
    lower(&mut file, &features, &DescriptorPool::new()).expect("it can be lowered");
    let a = pool(file).get_message_by_name("A").expect("A");
    assert_eq!(
        facts(&a),
        "a 1 A Optional group=true packed=false presence=true default=None oneof=None\n\
         ns 2 int32 Repeated group=false packed=false presence=false default=Some(List([])) oneof=None\n\
         n 3 int32 Optional group=false packed=false presence=false default=Some(I32(0)) oneof=None\n"
    );
}

#[test]
fn what_is_not_understood_is_named() {
    let refused = |features: &[u8], edition| {
        let (mut file, features) = described(features, edition);
        lower(&mut file, &features, &DescriptorPool::new()).expect_err("it cannot be lowered")
    };
    assert_eq!(
        refused(&[], 1002),
        "is written in the edition with the number 1002, and the editions understood are `2023` or `2024`"
    );
    assert_eq!(refused(&[0x08, 9], 1000), "says of the file `features.field_presence` with the unknown value 9");
}

proptest! {
    /// Any bytes of a descriptor, features and all: refused, or taken, and never a panic.
    #[test]
    fn no_descriptor_makes_it_panic(
        edits in proptest::collection::vec((any::<Index>(), any::<u8>()), 0..6),
        edition in proptest::sample::select(vec![0, 1000, 1001]),
        set in proptest::collection::vec((1_u8..7, 0_u8..4), 0..6),
    ) {
        let set: Vec<u8> = set.into_iter().flat_map(|(feature, value)| [feature << 3, value]).collect();
        let (file, _) = described(&set, edition);
        let mut bytes = file.encode_to_vec();
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let (Ok(mut file), Ok(features)) = (FileDescriptorProto::decode(&bytes[..]), FileFeatures::decode(&bytes[..]))
            && lower(&mut file, &features, &DescriptorPool::new()).is_ok()
            && guard::refuse(&file).is_none()
        {
            let name = file.name().to_owned();
            let mut pool = DescriptorPool::new();
            if pool.add_file_descriptor_proto(file).is_ok() {
                prop_assert!(pool.get_file_by_name(&name).is_some());
            }
        }
    }
}
