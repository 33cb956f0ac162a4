//! Protos that are always there: protobuf's well-known types, and `google.rpc`'s status with its details, so that
//! status details and `Any` decode out of the box. Files of the same name in an import path or descriptor set win.

use prost_types::FileDescriptorProto;
use protox::file::{FileResolver as _, GoogleFileResolver};

/// Files of `google.rpc`: (name, source).
const GOOGLE_RPC: &[(&str, &str)] = &[
    ("google/rpc/code.proto", include_str!("google/rpc/code.proto")),
    ("google/rpc/error_details.proto", include_str!("google/rpc/error_details.proto")),
    ("google/rpc/status.proto", include_str!("google/rpc/status.proto")),
];

/// What every pool holds: (file, a message or enum in it, by which a copy under another name is known).
pub(super) const ALWAYS: &[(&str, &str)] = &[
    ("google/protobuf/any.proto", "google.protobuf.Any"),
    ("google/protobuf/duration.proto", "google.protobuf.Duration"),
    ("google/protobuf/empty.proto", "google.protobuf.Empty"),
    ("google/protobuf/field_mask.proto", "google.protobuf.FieldMask"),
    ("google/protobuf/struct.proto", "google.protobuf.Struct"),
    ("google/protobuf/timestamp.proto", "google.protobuf.Timestamp"),
    ("google/protobuf/wrappers.proto", "google.protobuf.Int32Value"),
    ("google/rpc/code.proto", "google.rpc.Code"),
    ("google/rpc/error_details.proto", "google.rpc.ErrorInfo"),
    ("google/rpc/status.proto", "google.rpc.Status"),
];

/// The source of a bundled file.
pub(super) fn source(name: &str) -> Option<&'static str> {
    GOOGLE_RPC.iter().find(|(known, _)| *known == name).map(|(_, source)| *source)
}

/// The descriptor of one of protobuf's own files.
pub(super) fn well_known(name: &str) -> Option<FileDescriptorProto> {
    GoogleFileResolver::new().open_file(name).ok().map(FileDescriptorProto::from)
}
