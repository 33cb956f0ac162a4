//! Messages: YAML node → `DynamicMessage`, typed by descriptor, every error with span and field path, all at once;
//! bytes → message with depth limits; message → YAML text for reports.

mod any;
mod build;
mod computed;
mod decode;
mod details;
mod field;
mod file;
mod json;
mod key;
mod number;
mod operator;
mod path;
mod proto_json;
mod quote;
mod render;
mod scalar;
mod structure;
mod template;
mod time;
mod tree;
mod well_known;
mod wire;

#[cfg(test)]
mod tests;

pub(crate) use any::resolve_any;
pub(crate) use build::{Context, build_value};
pub(crate) use decode::decode;
pub(crate) use details::{detail_in, status_details, unknown_detail};
pub(crate) use field::{Field, FieldType, find_field, kind_name};
pub(crate) use file::read as read_file;
pub(crate) use key::map_key;
pub(crate) use path::FieldPath;
pub(crate) use proto_json::to_json;
pub(crate) use quote::double_quoted;
pub(crate) use render::{Limits, render, render_all, render_value};
pub(crate) use template::{MessageTemplate, ValueTemplate};
pub(crate) use well_known::WellKnown;
