//! Every scalar type, exactly at its limits, and just beyond them.

use prost_reflect::Value;

use super::{build, built, field};

/// Builds one field from one YAML value.
fn read(name: &str, yaml: &str) -> Result<Value, String> {
    match build(&format!("{name}: {yaml}")) {
        Ok(message) => Ok(field(&message, name)),
        Err(errors) => Err(errors.join("\n")),
    }
}

fn signed_32() -> [&'static str; 3] {
    ["int32_value", "sint32_value", "sfixed32_value"]
}

fn signed_64() -> [&'static str; 3] {
    ["int64_value", "sint64_value", "sfixed64_value"]
}

#[test]
fn integers_reach_their_limits() {
    for name in signed_32() {
        assert_eq!(read(name, "2147483647"), Ok(Value::I32(i32::MAX)));
        assert_eq!(read(name, "-2147483648"), Ok(Value::I32(i32::MIN)));
    }
    for name in signed_64() {
        assert_eq!(read(name, "9223372036854775807"), Ok(Value::I64(i64::MAX)));
        assert_eq!(read(name, "-9223372036854775808"), Ok(Value::I64(i64::MIN)));
        assert_eq!(read(name, "9007199254740993"), Ok(Value::I64(9_007_199_254_740_993)));
    }
    for name in ["uint32_value", "fixed32_value"] {
        assert_eq!(read(name, "4294967295"), Ok(Value::U32(u32::MAX)));
        assert_eq!(read(name, "-0"), Ok(Value::U32(0)));
    }
    for name in ["uint64_value", "fixed64_value"] {
        assert_eq!(read(name, "18446744073709551615"), Ok(Value::U64(u64::MAX)));
        assert_eq!(read(name, "1.8446744073709551615e19"), Ok(Value::U64(u64::MAX)));
    }
}

#[test]
fn integers_stop_at_their_limits() {
    let beyond: &[(&[&str], [&str; 2])] = &[
        (&signed_32(), ["2147483648", "-2147483649"]),
        (&signed_64(), ["9223372036854775808", "-9223372036854775809"]),
        (&["uint32_value", "fixed32_value"], ["4294967296", "-1"]),
        (&["uint64_value", "fixed64_value"], ["18446744073709551616", "-1"]),
    ];
    for (names, values) in beyond {
        for name in *names {
            for value in values {
                let error = read(name, value).expect_err("it does not fit");
                assert!(error.contains(&format!("`{name}` is out of range")), "{error}");
            }
        }
    }
}

#[test]
fn integers_are_decimal_and_whole() {
    for yaml in ["1e3", "1000", "1000.0", "'1000'", "\"1e3\"", "10.00e+2", "100000E-2"] {
        assert_eq!(read("int32_value", yaml), Ok(Value::I32(1000)), "{yaml}");
    }
    for yaml in
        ["0x1F", "0123", "1_000", "+5", "'+5'", "' 5'", "1.5", "five", "''", "true", ".inf", "NaN", "[1]", "{}", "1e-1"]
    {
        assert!(read("int32_value", yaml).is_err(), "{yaml}");
    }
}

#[test]
fn floats_are_the_nearest_and_never_too_large() {
    assert_eq!(read("double_value", "1.7976931348623157e308"), Ok(Value::F64(f64::MAX)));
    assert_eq!(read("double_value", "-1.7976931348623157e308"), Ok(Value::F64(f64::MIN)));
    assert_eq!(read("double_value", "5e-324"), Ok(Value::F64(5e-324)));
    assert_eq!(read("double_value", "0.1"), Ok(Value::F64(0.1)));
    assert_eq!(read("double_value", "'0.1'"), Ok(Value::F64(0.1)));
    assert_eq!(read("double_value", "1e-999"), Ok(Value::F64(0.0)));
    assert_eq!(read("float_value", "3.4028235e38"), Ok(Value::F32(f32::MAX)));
    assert_eq!(read("float_value", "0.1"), Ok(Value::F32(0.1)));
    assert_eq!(read("float_value", "16777217"), Ok(Value::F32(16_777_216.0)));
    assert_eq!(read("float_value", "Infinity"), Ok(Value::F32(f32::INFINITY)));
    assert_eq!(read("double_value", "\"-Infinity\""), Ok(Value::F64(f64::NEG_INFINITY)));
    assert!(matches!(read("double_value", "NaN"), Ok(Value::F64(value)) if value.is_nan()));
    for (name, yaml) in
        [("double_value", "1e309"), ("double_value", "-1e309"), ("float_value", "3.5e38"), ("float_value", "-1e39")]
    {
        assert!(read(name, yaml).is_err_and(|error| error.contains("out of range")), "{yaml}");
    }
    for yaml in [
        "nan",
        ".nan",
        ".inf",
        "inf",
        "+Infinity",
        "infinity",
        "1.",
        ".5",
        "+1.5",
        "1_0.0",
        "0x1p3",
        "1,5",
        "01.5",
        "''",
    ] {
        assert!(read("double_value", yaml).is_err_and(|error| error.contains("is not a double")), "{yaml}");
    }
}

#[test]
fn booleans_are_true_and_false() {
    assert_eq!(read("bool_value", "true"), Ok(Value::Bool(true)));
    assert_eq!(read("bool_value", "false"), Ok(Value::Bool(false)));
    for yaml in ["yes", "no", "on", "True", "TRUE", "1", "0", "'true'", "''", "y"] {
        assert!(read("bool_value", yaml).is_err(), "{yaml}");
    }
}

#[test]
fn a_string_is_what_is_written() {
    for (yaml, expected) in [
        ("no", "no"),
        ("1.10", "1.10"),
        ("true", "true"),
        ("0x1F", "0x1F"),
        ("2024-01-01", "2024-01-01"),
        ("'null'", "null"),
        ("\"~\"", "~"),
        ("''", ""),
        ("世界", "世界"),
        ("\"a\\nb\"", "a\nb"),
        (".inf", ".inf"),
        ("Null", "Null"),
    ] {
        assert_eq!(read("string_value", yaml), Ok(Value::String(expected.to_owned())), "{yaml}");
    }
}

#[test]
fn bytes_are_standard_padded_base64() {
    for (yaml, expected) in [("''", &b""[..]), ("AA==", b"\0"), ("+/+/", b"\xfb\xff\xbf"), ("'aGk='", b"hi")] {
        assert_eq!(read("bytes_value", yaml), Ok(Value::Bytes(expected.into())), "{yaml}");
    }
    for (yaml, hint) in [
        ("aGk", "in this form it is `aGk=`"),
        ("-_-_", "in this form it is `+/+/`"),
        ("'aG k='", "in this form it is `aGk=`"),
        ("AB==", "$utf8"),
        ("hello!", "$utf8"),
        ("aGk=aGk=", "$utf8"),
        ("====", "$utf8"),
    ] {
        let error = read("bytes_value", yaml).expect_err("it is not standard base64");
        assert!(error.contains("`bytes_value` is not base64") && error.contains(hint), "{yaml}: {error}");
    }
}

#[test]
fn enums_go_by_name_or_number() {
    for (yaml, expected) in [
        ("COLOUR_RED", 1),
        ("'COLOUR_RED'", 1),
        ("2", 2),
        ("'2'", 2),
        ("2.0", 2),
        ("-1", -1),
        ("COLOUR_NEGATIVE", -1),
        ("99", 99),
        ("2147483647", i32::MAX),
    ] {
        assert_eq!(read("colour", yaml), Ok(Value::EnumNumber(expected)), "{yaml}");
    }
    let error = read("colour", "COLOUR_REED").expect_err("there is no such name");
    assert_eq!(
        error,
        "1:9 `colour` has no value `COLOUR_REED` | not a name of the enum `fixtures.Colour` | did you mean `COLOUR_RED`? \
         | its values are `COLOUR_NEGATIVE`, `COLOUR_UNSPECIFIED`, `COLOUR_RED` or `COLOUR_GREEN`"
    );
    assert!(read("colour", "red").is_err_and(|error| error.contains("did you mean `COLOUR_RED`?")));
    assert!(read("colour", "2147483648").is_err_and(|error| error.contains("`colour` has no value 2147483648")));
    assert!(read("colour", "1.5").is_err_and(|error| error.contains("`colour` has no value 1.5")));
}

#[test]
fn defaults_without_presence_are_as_if_unset() {
    assert_eq!(built("{ int32_value: 0, string_value: '', bools: [], labels: {} }"), built("{}"));
    assert_ne!(built("{ optional_int32: 0 }"), built("{}"));
    assert_ne!(built("{ nested: {} }"), built("{}"));
    assert_ne!(built("{ choice_number: 0 }"), built("{}"));
}
