//! The suite's files: `SimpleTestFile`s in text format, read by the protos that come with them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use grpc_spec::internal::CelValue;
use prost_reflect::{DescriptorPool, DynamicMessage, MapKey, Value};

use super::value;

/// One expression, and what comes of it.
pub(super) struct Test {
    pub(super) file: String,
    pub(super) section: String,
    pub(super) name: String,
    pub(super) source: String,
    pub(super) bindings: Vec<(String, CelValue)>,
    /// What the types of messages are looked up in.
    pub(super) container: String,
    pub(super) expected: Result<Expected, String>,
}

pub(super) enum Expected {
    Value(CelValue),
    Error,
}

/// All tests, and the types they speak of.
pub(super) fn read(module: &Path) -> Result<(Vec<Test>, DescriptorPool), String> {
    let pool = pool(&module.join("proto"))?;
    let file_type = pool.get_message_by_name("cel.expr.conformance.test.SimpleTestFile").ok_or("no SimpleTestFile")?;
    let folder = module.join("tests/simple/testdata");
    let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "textproto"));
    paths.sort();
    let mut tests = Vec::new();
    for path in paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = fs::read_to_string(&path).map_err(|error| failed(&error))?;
        // an empty file names a message type that is no more
        let file = DynamicMessage::parse_text_format(file_type.clone(), &text).map_err(|error| failed(&error))?;
        for section in messages(&file, "section") {
            let mut names = BTreeSet::new();
            for found in messages(&section, "test") {
                let mut read = test(&name, &text_of(&section, "name"), &found);
                while !names.insert(read.name.clone()) {
                    read.name.push('\'');
                }
                tests.push(read);
            }
        }
    }
    Ok((tests, pool))
}

fn pool(protos: &Path) -> Result<DescriptorPool, String> {
    let files = ["test/simple.proto", "proto2/test_all_types_extensions.proto", "proto3/test_all_types.proto"];
    let files = files.map(|file| format!("cel/expr/conformance/{file}"));
    let compiled = protox::compile(files, [protos]).map_err(|error| format!("{}: {error}", protos.display()))?;
    DescriptorPool::from_file_descriptor_set(compiled).map_err(|error| error.to_string())
}

fn test(file: &str, section: &str, test: &DynamicMessage) -> Test {
    let mut bindings = Vec::new();
    let mut unreadable = None;
    let field = test.get_field_by_name("bindings");
    for (name, bound) in field.as_deref().and_then(Value::as_map).into_iter().flatten() {
        let value = bound.as_message().and_then(|bound| message(bound, "value")).ok_or("no value".to_owned());
        match (name, value.and_then(|value| value::read(&value))) {
            (MapKey::String(name), Ok(value)) => bindings.push((name.clone(), value)),
            (_, error) => unreadable = error.err(),
        }
    }
    bindings.sort_by(|(left, _), (right, _)| left.cmp(right));
    Test {
        file: file.to_owned(),
        section: section.to_owned(),
        name: text_of(test, "name"),
        source: text_of(test, "expr"),
        bindings,
        container: text_of(test, "container"),
        expected: unreadable.map_or_else(|| expected(test), Err),
    }
}

fn expected(test: &DynamicMessage) -> Result<Expected, String> {
    let is = |name| test.get_field_by_name(name).as_deref() == Some(&Value::Bool(true));
    if is("check_only") {
        return Err("checks a type and evaluates nothing".to_owned());
    }
    if is("disable_macros") {
        return Err("switches macros off".to_owned());
    }
    let matchers = ["value", "typed_result", "eval_error", "any_eval_errors", "unknown", "any_unknowns"];
    let Some(name) = matchers.into_iter().find(|name| test.has_field_by_name(name)) else {
        return Ok(Expected::Value(CelValue::Bool(true)));
    };
    match (name, message(test, name)) {
        ("value", Some(value)) => value::read(&value).map(Expected::Value),
        ("typed_result", Some(typed)) => match message(&typed, "result") {
            Some(value) => value::read(&value).map(Expected::Value),
            None => Err("checks a type and evaluates nothing".to_owned()),
        },
        ("eval_error" | "any_eval_errors", _) => Ok(Expected::Error),
        _ => Err("expects an unknown value".to_owned()),
    }
}

fn message(message: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    message.has_field_by_name(name).then(|| message.get_field_by_name(name)?.as_message().cloned()).flatten()
}

fn messages(message: &DynamicMessage, name: &str) -> Vec<DynamicMessage> {
    let field = message.get_field_by_name(name);
    let items = field.as_deref().and_then(Value::as_list).unwrap_or_default();
    items.iter().filter_map(Value::as_message).cloned().collect()
}

fn text_of(message: &DynamicMessage, name: &str) -> String {
    message.get_field_by_name(name).as_deref().and_then(Value::as_str).unwrap_or_default().to_owned()
}
