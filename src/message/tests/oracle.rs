//! Against protobuf's own Python implementation: what both formats know means the same here and there. Runs where the
//! environment variable `GRPC_SPEC_PYTHON` names a Python that has `protobuf`.

use std::fs::File;
use std::process::Command;

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use prost::Message as _;
use prost_reflect::DynamicMessage;

use super::super::decode;
use super::round_trips::generated;
use super::{POOL, Source, descriptor, fixtures, same};
use crate::diagnostic::{Diagnostics, Sources};
use crate::message::quote::double_quoted;
use crate::yaml;

const PROTO3: &str = "fixtures.AllTypes";
const PROTO2: &str = "fixtures.proto2.AllTypes";

/// What the oracle says to each question, in order: `(key, text)` of a JSON object.
fn ask(questions: &[String]) -> Option<Vec<(String, String)>> {
    let Some(python) = std::env::var_os("GRPC_SPEC_PYTHON") else {
        #[expect(clippy::print_stderr, reason = "a test that did not run says so")]
        {
            eprintln!("not compared with protobuf's Python implementation: GRPC_SPEC_PYTHON is not set");
        }
        return None;
    };
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (set, asked) = (folder.path().join("types.binpb"), folder.path().join("questions"));
    std::fs::write(&set, POOL.encode_to_vec()).expect("it can be written to");
    std::fs::write(&asked, questions.join("\n")).expect("it can be written to");
    let output = Command::new(python)
        .arg(fixtures().join("python/protobuf_oracle.py"))
        .arg(&set)
        .stdin(File::open(&asked).expect("it was written"))
        .output()
        .expect("GRPC_SPEC_PYTHON names a program");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    let answers: Vec<_> = text.lines().map(answer).collect();
    assert_eq!(answers.len(), questions.len());
    Some(answers)
}

/// An object of one text. Our YAML reads it, as what Python writes here is ASCII without surrogates: hex and errors;
/// messages as JSON are escaped twice.
fn answer(line: &str) -> (String, String) {
    let mut problems = Diagnostics::new();
    let node = yaml::parse(Sources::new().add("answer", line), line, &mut problems);
    let node = node.unwrap_or_else(|| panic!("{line}\n{problems:?}"));
    let entry = &node.as_mapping().expect("an answer is an object")[0];
    let text = entry.value.as_scalar().expect("an answer holds a text").text.to_string();
    (entry.key.value.to_string(), text)
}

fn asking(message: &str, key: &str, text: &str) -> String {
    format!("{{\"type\": {}, \"{key}\": {}}}", double_quoted(message), double_quoted(text))
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hex"))
        .collect()
}

/// What `fixtures/protobuf_json.txt` lists: names of messages and JSON texts.
fn questions() -> Vec<(String, String)> {
    let listed = std::fs::read_to_string(fixtures().join("protobuf_json.txt")).expect("the list is there");
    let mut questions = Vec::new();
    let (mut message, mut fields) = ("", Vec::new());
    for line in listed.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix("    ") {
            Some(value) if fields.is_empty() => questions.push((message.to_owned(), value.to_owned())),
            Some(value) => {
                let wrapped = fields.iter().map(|field| (message.to_owned(), format!("{{\"{field}\": {value}}}")));
                questions.extend(wrapped);
            }
            None => {
                let mut names = line.split(' ');
                message = names.next().unwrap_or_default();
                fields = names.collect();
            }
        }
    }
    questions
}

#[test]
fn what_both_read_means_the_same() {
    let questions = questions();
    let asked: Vec<_> = questions.iter().map(|(message, text)| asking(message, "json", text)).collect();
    let Some(answers) = ask(&asked) else { return };
    let mut differences = Vec::new();
    for ((message, text), (kind, answer)) in questions.iter().zip(&answers) {
        let descriptor = descriptor(message);
        let ours = from_json(text, message);
        match (&ours, kind == "hex") {
            (Ok(ours), true) => {
                let theirs = DynamicMessage::decode(descriptor, &*unhex(answer)).expect("Python wrote a message");
                if !same(ours, &theirs) {
                    differences.push(format!("{text}\n  here:  {ours}\n  there: {theirs}"));
                }
            }
            (Err(_), false) => {}
            (Ok(_), false) => differences.push(format!("{text}\n  here:  accepted\n  there: {answer}")),
            (Err(error), true) => {
                differences.push(format!("{text}\n  here:  {}\n  there: accepted", error.join("\n         ")));
            }
        }
    }
    assert!(differences.is_empty(), "{} of {}:\n{}", differences.len(), questions.len(), differences.join("\n"));
}

/// Read as a file of JSON, in which nothing is an operator.
fn from_json(text: &str, message: &str) -> Result<DynamicMessage, Vec<String>> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    std::fs::write(folder.path().join("message.json"), text).expect("it can be written to");
    Source::at(folder.path().join("case.yaml"), "{ $file: message.json }").message(&descriptor(message))
}

#[test]
fn what_python_writes_is_read_as_the_same_message() {
    let mut runner = TestRunner::deterministic();
    let choices = proptest::collection::vec(proptest::num::u8::ANY, 0..300);
    let mut messages: Vec<(&str, DynamicMessage)> = Vec::new();
    for _ in 0..400 {
        let choices = choices.new_tree(&mut runner).expect("bytes can be made").current();
        for name in [PROTO3, PROTO2] {
            messages.push((name, generated(&descriptor(name), &choices)));
        }
    }
    let asked: Vec<_> =
        messages.iter().map(|(name, message)| asking(name, "hex", &hex(&message.encode_to_vec()))).collect();
    let Some(answers) = ask(&asked) else { return };
    let mut read = 0;
    for ((name, message), (kind, answer)) in messages.iter().zip(&answers) {
        if kind == "error" {
            continue;
        }
        let ours = from_json(answer, name).unwrap_or_else(|errors| panic!("{answer}\n{}", errors.join("\n")));
        let ours = decode(&ours.encode_to_vec(), &descriptor(name)).expect("what is encoded decodes");
        assert!(same(&ours, message), "{answer}\n{message}\n{ours}");
        read += 1;
    }
    assert!(read * 10 > messages.len() * 9, "Python can write {read} of {} only", messages.len());
}
