//! Messages: YAML node → `DynamicMessage`, typed by descriptor, every error with span and field path, all at once;
//! bytes → message with depth limits; message → YAML text for reports.

mod build;
mod decode;
mod field;
mod path;
mod render;
mod template;
mod well_known;

pub(crate) use build::{Context, build_value, map_key, resolve_any};
pub(crate) use decode::{DecodeError, decode};
pub(crate) use field::{Field, FieldType, find_field, kind_name};
pub(crate) use path::FieldPath;
pub(crate) use render::{Limits, render, render_value};
pub(crate) use template::{MessageTemplate, ValueTemplate};
pub(crate) use well_known::WellKnown;
