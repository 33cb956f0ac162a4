//! A case file and its cases.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::call::{CallFrame, CallKeys, check_exclusive};
use super::{ProtosFrame, read_servers, read_tags, read_vars};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, Spanned};
use crate::spec::ServerSpec;
use crate::spec::{Inherited, Repeat, metadata};
use crate::yaml::decode::{self, Key, Reads, Table};
use crate::yaml::{Node, Style};

/// What a case file says.
#[derive(Debug, Default)]
pub(in crate::spec) struct FileFrame {
    /// Of the file: paths are relative to it.
    pub(in crate::spec) folder: PathBuf,
    pub(in crate::spec) protos: ProtosFrame,
    pub(in crate::spec) servers: Vec<Arc<ServerSpec>>,
    pub(in crate::spec) inherited: Inherited,
    pub(in crate::spec) tags: Vec<Spanned<String>>,
    pub(in crate::spec) vars: Vec<(Spanned<Arc<str>>, Node)>,
    pub(in crate::spec) cases: Vec<CaseFrame>,
}

/// What a case says.
#[derive(Debug)]
pub(in crate::spec) struct CaseFrame {
    pub(in crate::spec) span: Span,
    pub(in crate::spec) name: Option<Spanned<String>>,
    pub(in crate::spec) description: Option<Spanned<String>>,
    pub(in crate::spec) tags: Vec<Spanned<String>>,
    pub(in crate::spec) skip: Option<String>,
    pub(in crate::spec) vars: Vec<(Spanned<Arc<str>>, Node)>,
    pub(in crate::spec) repeat: Option<Repeat>,
    pub(in crate::spec) across: Option<Node>,
    pub(in crate::spec) call: CallFrame,
}

#[derive(Debug, Default)]
struct RepeatFrame {
    times: Option<Spanned<u32>>,
    parallel: Option<Spanned<u32>>,
}

static FILE: Table<FileFrame> = Table {
    what: "a case file",
    keys: &[&[
        Key::new("protos", Reads::Other(|file, node, out| file.protos.read(node, out))),
        Key::new("servers", Reads::Other(|file, node, out| file.servers = read_servers(node, &file.folder, out))),
        Key::new("server", Reads::Text(|file| &mut file.inherited.server)),
        Key::new("service", Reads::Text(|file| &mut file.inherited.service)),
        Key::new("metadata", Reads::Other(|file, node, out| file.inherited.metadata = metadata::read(node, out))),
        Key::new("timeout", Reads::Limit(|file| &mut file.inherited.timeout)),
        Key::new("tags", Reads::Other(|file, node, out| file.tags = read_tags(node, out))),
        Key::new("vars", Reads::Other(|file, node, out| file.vars = read_vars(node, out))),
        Key::required("cases", Reads::Other(read_cases), "cases: [ { name: …, call: … } ]"),
    ]],
};

static CASE: Table<CaseFrame> = Table {
    what: "a case",
    keys: &[
        &[
            Key::required(
                "name",
                Reads::Other(|case, node, out| case.name = read_name(node, out)),
                "name: what the case shows",
            ),
            Key::new("description", Reads::Text(|case| &mut case.description)),
            Key::new("tags", Reads::Other(|case, node, out| case.tags = read_tags(node, out))),
            Key::new("skip", Reads::Other(|case, node, out| case.skip = read_reason(node, out))),
            Key::new("vars", Reads::Other(|case, node, out| case.vars = read_vars(node, out))),
            Key::new("repeat", Reads::Other(|case, node, out| case.repeat = read_repeat(node, out))),
            Key::new("across", Reads::Node(|case| &mut case.across)),
            Key::required("call", Reads::Text(|case| &mut case.call.call), "call: pkg.Service/Method"),
        ],
        CallKeys::<CaseFrame>::KEYS,
    ],
};

static REPEAT: Table<RepeatFrame> = Table {
    what: "`repeat`",
    keys: &[&[
        Key::required("times", Reads::Other(|repeat, node, out| repeat.times = decode::count(node, out)), "times: 200"),
        Key::new("parallel", Reads::Other(|repeat, node, out| repeat.parallel = decode::count(node, out))),
    ]],
};

impl FileFrame {
    /// Reads a whole case file that lies in `folder`.
    pub(in crate::spec) fn read(node: &Node, folder: &Path, out: &mut Diagnostics) -> Self {
        let mut file = Self { folder: folder.to_owned(), ..Self::default() };
        match foreign_key(node) {
            Some(key) => out.push(not_a_case_file(key)),
            None => FILE.read(node, &mut file, out),
        }
        file
    }
}

impl AsMut<CallFrame> for CaseFrame {
    fn as_mut(&mut self) -> &mut CallFrame {
        &mut self.call
    }
}

impl CaseFrame {
    fn read(node: &Node, out: &mut Diagnostics) -> Self {
        let mut case = Self {
            span: node.span,
            name: None,
            description: None,
            tags: Vec::new(),
            skip: None,
            vars: Vec::new(),
            repeat: None,
            across: None,
            call: CallFrame::default(),
        };
        CASE.read(node, &mut case, out);
        check_exclusive(node, out);
        if let Some(across) = decode::key_span(node, "across")
            && node.get("repeat").is_none()
        {
            let headline = "`across` without `repeat`";
            let label = "this speaks of all the repeats of a case";
            out.push(
                Diagnostic::error(headline)
                    .at(across, label)
                    .hint("add `repeat: 200`, or expect it of the one response"),
            );
        }
        case
    }
}

/// The first key of a file with no key of ours at all: it was written for something else.
fn foreign_key(node: &Node) -> Option<Span> {
    let entries = node.as_mapping()?;
    let names = FILE.names();
    let ours = entries.iter().any(|entry| names.contains(&&*entry.key.value)) || decode::misspelt(node, "cases");
    entries.first().map(|entry| entry.key.span).filter(|_| !ours)
}

fn not_a_case_file(key: Span) -> Diagnostic {
    let hint = "a case file has `cases:`; a YAML file in the folder of cases that is none stands in a hidden folder, or elsewhere";
    Diagnostic::error("this is not a case file").at(key, "none of its keys is one of a case file").hint(hint)
}

fn read_cases(file: &mut FileFrame, node: &Node, out: &mut Diagnostics) {
    let hint = "write a list: `- name: …` for each case";
    let damaged = decode::damaged(node, out);
    let Some(items) = decode::items(node, "a list of cases", hint, out) else { return };
    if items.is_empty() && !damaged {
        out.push(Diagnostic::error("no cases in this file").at(node.span, "").hint(hint));
    }
    file.cases = items.iter().map(|item| CaseFrame::read(item, out)).collect();
    refuse_duplicate_names(&file.cases, out);
}

fn refuse_duplicate_names(cases: &[CaseFrame], out: &mut Diagnostics) {
    let mut seen = HashMap::new();
    for name in cases.iter().filter_map(|case| case.name.as_ref()) {
        if let Some(first) = seen.get(name.value.as_str()) {
            let headline = format!("a second case is named `{}`", name.value);
            let duplicate = Diagnostic::error(headline).at(name.span, "the same name again").also(*first, "first here");
            out.push(duplicate.hint("name what sets it apart from the first: names are unique in their file"));
        } else {
            seen.insert(name.value.as_str(), name.span);
        }
    }
}

/// A case's name: it ends its id, which stands on a line of its own and is typed into filters.
fn read_name(node: &Node, out: &mut Diagnostics) -> Option<Spanned<String>> {
    let name = decode::text(node, out)?;
    let breaks = |letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}');
    let (problem, hint) = if name.value.trim().is_empty() {
        ("is empty", "say what the case shows: `name: greets by name`".to_owned())
    } else if name.value.contains(breaks) {
        let line: Vec<&str> = name.value.split(breaks).map(str::trim).filter(|part| !part.is_empty()).collect();
        (
            "is more than one line of text",
            format!("write `{}`, and the rest as `description`", line.first().unwrap_or(&"")),
        )
    } else if name.value.trim() != name.value {
        ("has a space at an end", format!("write `{}`", name.value.trim()))
    } else {
        return Some(name);
    };
    out.push(Diagnostic::error(format!("the name of a case {problem}")).at(name.span, "").hint(hint));
    None
}

/// Why a case is skipped. `skip: false` would skip it, which nobody means.
fn read_reason(node: &Node, out: &mut Diagnostics) -> Option<String> {
    let reason = decode::text(node, out)?;
    let plain = node.as_scalar().is_some_and(|scalar| scalar.style == Style::Plain);
    let hint = match reason.value.trim() {
        "" => "say why: `skip: waits for issue 12`",
        "true" | "yes" | "on" if plain => "say why: `skip: waits for issue 12`",
        "false" | "no" | "off" if plain => "leave `skip` out to run the case",
        _ => return Some(reason.value),
    };
    out.push(Diagnostic::error("`skip` takes the reason why").at(reason.span, "not a reason").hint(hint));
    None
}

fn read_repeat(node: &Node, out: &mut Diagnostics) -> Option<Repeat> {
    if node.as_mapping().is_none() {
        return decode::count(node, out).map(|times| Repeat { times: times.value, parallel: 1 });
    }
    let mut repeat = RepeatFrame::default();
    REPEAT.read(node, &mut repeat, out);
    Some(Repeat { times: repeat.times?.value, parallel: repeat.parallel.map_or(1, |parallel| parallel.value) })
}
