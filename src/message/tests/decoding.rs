//! Bytes that are messages, and what is said of those that are not.

use prost::Message as _;
use prost_reflect::Value;

use super::super::decode;
use super::{all_types, built, field, proto2};

fn fault(bytes: &[u8]) -> String {
    decode(bytes, &all_types()).expect_err("it is not a message").to_string()
}

#[test]
fn what_was_built_decodes() {
    let message = built(
        "{ int32_value: -1, items: [{ id: 1 }], labels: { a: b }, any: { $type: fixtures.Nested }, unpacked: [1, 2] }",
    );
    assert_eq!(decode(&message.encode_to_vec(), &all_types()).expect("it is a message"), message);
}

#[test]
fn packed_and_unpacked_both_decode() {
    let packed = decode(b"\x8a\x02\x02\x01\x02", &all_types()).expect("it is a message");
    let unpacked = decode(b"\x88\x02\x01\x88\x02\x02", &all_types()).expect("it is a message");
    assert_eq!(packed, unpacked);
    assert_eq!(field(&packed, "int32s"), Value::List(vec![Value::I32(1), Value::I32(2)]));
}

#[test]
fn unknown_fields_are_kept() {
    let bytes = b"\xc0\x3e\x05";
    let message = decode(bytes, &all_types()).expect("it is a message");
    assert_eq!(message.unknown_fields().count(), 1);
    assert_eq!(message.encode_to_vec(), bytes);
}

#[test]
fn what_is_broken_says_where() {
    for (bytes, expected) in [
        (&b"\x1a"[..], "`int32_value`: the bytes end in the middle of it: 1 wanted, 0 left, at byte 1"),
        (b"\x18", "`int32_value`: the bytes end in the middle of it: 1 wanted, 0 left, at byte 1"),
        (b"\x72\x05hi", "`string_value`: 5 bytes are announced, 2 are left, at byte 1"),
        (b"\x72\x02h\xff", "`string_value`: a string is not valid UTF-8, at byte 3"),
        (b"\x8a\x01\x04\x12\x02h\xff", "`nested.name`: a string is not valid UTF-8, at byte 6"),
        (b"\xfa\x02\x00\xfa\x02\x04\x12\x02\xc3\x28", "`items[1].name`: a string is not valid UTF-8, at byte 8"),
        (
            b"\x1a\x01x",
            "`int32_value`: an int32 comes as length-delimited, not as varint: the server may have another version of the schema, at byte 0",
        ),
        (
            b"\x70\x01",
            "`string_value`: a string comes as varint, not as length-delimited: the server may have another version of the schema, at byte 0",
        ),
        (
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
            "`fixtures.AllTypes`: a varint is longer than 64 bits, at byte 0",
        ),
        (b"\x00\x00", "`fixtures.AllTypes`: a field has the number 0, at byte 0"),
        (b"\x0f", "`fixtures.AllTypes`: there is no wire type 7, at byte 0"),
        (b"\xc3\x3e", "`unknown field 1000`: the group 1000 is not ended, at byte 2"),
        (b"\xc4\x3e", "`fixtures.AllTypes`: the group 1000 ends, and was not begun, at byte 0"),
        (b"\xfa\x01\x03\0\0\0", "`doubles`: the bytes end in the middle of it: 8 wanted, 3 left, at byte 3"),
        (b"\x9a\x03\x04\x0a\x02\xff\xff", "`labels.key`: a string is not valid UTF-8, at byte 5"),
    ] {
        assert_eq!(fault(bytes), expected);
    }
}

#[test]
fn depth_has_a_limit() {
    let nested = |depth: usize| {
        let mut bytes = Vec::new();
        for _ in 0..depth {
            let mut outer = vec![0x1a];
            prost::encoding::encode_varint(bytes.len() as u64, &mut outer);
            outer.append(&mut bytes);
            bytes = outer;
        }
        let mut outer = vec![0x8a, 0x01];
        prost::encoding::encode_varint(bytes.len() as u64, &mut outer);
        outer.append(&mut bytes);
        outer
    };
    assert!(decode(&nested(99), &all_types()).is_ok());
    assert!(fault(&nested(100)).contains("messages nest more than 100 deep"), "{}", fault(&nested(100)));
    assert!(fault(&nested(20_000)).contains("messages nest more than 100 deep"));
    let groups = [0xc3, 0x3e].repeat(20_000);
    assert!(fault(&groups).contains("messages nest more than 100 deep"));
}

#[test]
fn required_fields_are_required_of_servers_too() {
    let fault = |bytes: &[u8]| decode(bytes, &proto2()).expect_err("it lacks something").to_string();
    assert_eq!(fault(b""), "the required field `id` of `fixtures.proto2.AllTypes` is not set");
    assert_eq!(
        fault(b"\x08\x01\x82\x01\x00"),
        "the required field `child.name` of `fixtures.proto2.AllTypes` is not set"
    );
    assert!(decode(b"\x08\x01", &proto2()).is_ok());
}
