use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};

use super::descriptor;
use crate::message::{Limits, detail_in, render_all, status_details, unknown_detail};
use crate::schema::{Schema, SchemaSources};

fn any(url: &str, bytes: &'static [u8]) -> DynamicMessage {
    let mut any = DynamicMessage::new(descriptor("google.protobuf.Any"));
    any.set_field_by_number(1, Value::String(url.to_owned()));
    any.set_field_by_number(2, Value::Bytes(bytes.into()));
    any
}

/// A pool with nothing but what every pool has.
fn bare() -> prost_reflect::DescriptorPool {
    let sources = crate::diagnostic::Sources::new();
    let mut out = crate::diagnostic::Diagnostics::new();
    Schema::load(&SchemaSources::default(), &[], &sources, &mut out).pool().clone()
}

#[test]
fn bytes_that_are_no_status_have_no_details() {
    assert!(status_details(&[], &bare()).is_empty());
    assert!(status_details(&[0xff; 3], &bare()).is_empty());
    let details = status_details(b"\x08\x05\x1a\x02\x0a\x00", &bare());
    assert_eq!(details.len(), 1);
    assert_eq!(unknown_detail(&details[0]), None, "it holds nothing");
}

#[test]
fn only_names_that_can_be_asked_for_are_unknown() {
    let unknown = |url| unknown_detail(&any(url, b""));
    assert_eq!(unknown("type.googleapis.com/un.Heard").as_deref(), Some("un.Heard"));
    for url in ["type.googleapis.com/fixtures.Nested", "un.Heard", "a/", "a/b..c", "a/b c", "a/1b", "a/.b"] {
        assert_eq!(unknown(url), None, "{url}");
    }
}

#[test]
fn a_detail_moves_to_a_pool_that_knows_it() {
    let detail = any("type.googleapis.com/google.rpc.ErrorInfo", b"\x0a\x04GONE");
    assert!(unknown_detail(&detail).is_some());
    let pool = bare();
    let moved = detail_in(&detail, &pool).expect("it is known");
    assert_eq!(moved.descriptor().parent_pool(), &pool);
    let shown = render_all(&[moved], Limits::REPORT);
    assert_eq!(shown, "- $type: google.rpc.ErrorInfo\n  reason: GONE\n");
    assert!(detail_in(&any("a/un.Heard", b""), &pool).is_none());
}

#[test]
fn many_details_are_cut() {
    let many: Vec<_> = (0..1_000).map(|_| any("a/un.Heard", b"\x08\x01")).collect();
    let shown = render_all(&many, Limits::REPORT);
    assert!(shown.lines().count() <= 61, "{shown}");
    assert!(shown.ends_with("more lines, shown with --full\n"), "{shown}");
    assert_eq!(render_all(&many, Limits::NONE).lines().count(), 3_000);
}
