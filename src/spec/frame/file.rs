//! A case file, as written.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::call::CallFrame;
use super::case::CaseFrame;
use super::step::{StepFrame, read_steps, refuse_duplicate_ids};
use super::{ProtosFrame, read_locks, read_servers, read_tags, read_vars};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, Spanned};
use crate::spec::ServerSpec;
use crate::spec::{Inherited, metadata};
use crate::yaml::Node;
use crate::yaml::decode::{self, Key, Reads, Table};

/// What a case file says.
#[derive(Debug, Default)]
pub(in crate::spec) struct FileFrame {
    /// Of the file: paths are relative to it.
    pub(in crate::spec) folder: PathBuf,
    pub(in crate::spec) protos: ProtosFrame,
    pub(in crate::spec) servers: Vec<Arc<ServerSpec>>,
    pub(in crate::spec) inherited: Inherited,
    pub(in crate::spec) tags: Vec<Spanned<String>>,
    pub(in crate::spec) locks: Vec<Spanned<String>>,
    pub(in crate::spec) vars: Vec<(Spanned<Arc<str>>, Node)>,
    pub(in crate::spec) serial: bool,
    pub(in crate::spec) setup: Vec<StepFrame>,
    pub(in crate::spec) teardown: Vec<StepFrame>,
    pub(in crate::spec) cases: Vec<CaseFrame>,
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
        Key::new("lock", Reads::Other(|file, node, out| file.locks = read_locks(node, out))),
        Key::new("vars", Reads::Other(|file, node, out| file.vars = read_vars(node, out))),
        Key::new(
            "serial",
            Reads::Other(|file, node, out| file.serial = decode::boolean(node, out).unwrap_or_default()),
        ),
        Key::new("setup", Reads::Other(|file, node, out| file.setup = read_steps(node, out))),
        Key::new("teardown", Reads::Other(|file, node, out| file.teardown = read_steps(node, out))),
        Key::required("cases", Reads::Other(read_cases), "cases: [ { name: …, call: … } ]"),
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
        refuse_duplicate_ids([&*file.setup, &file.teardown], out);
        file
    }

    /// Every call it makes, those in scripts too.
    pub(in crate::spec) fn calls(&self) -> impl Iterator<Item = &CallFrame> {
        let around = self.setup.iter().chain(&self.teardown).flat_map(|step| step.call.all());
        around.chain(self.cases.iter().flat_map(CaseFrame::calls))
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
