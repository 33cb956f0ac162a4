//! Which files what a case does rests on. Where that cannot be told, the case counts as changed: better one too many.
//! Main type: [`Dependencies`].

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::changes::Changes;
use crate::diagnostic::{Diagnostics, FileId, Sources};
use crate::schema::{MethodName, Schema};
use crate::spec::{Call, Case, CaseFile, Config, ServerSpec, Step};
use crate::yaml::{Node, NodeKind};

/// What has changed of the files behind one suite.
pub(super) struct Dependencies<'a> {
    config: &'a Config,
    changes: &'a Changes,
    sources: &'a Arc<Sources>,
    schema: OnceCell<Schema>,
    /// What all its calls name.
    services: Vec<String>,
    /// Of each of them, once asked for: whether its protos have changed.
    known: RefCell<HashMap<String, bool>>,
}

impl<'a> Dependencies<'a> {
    pub(super) fn new<'c>(
        config: &'a Config,
        changes: &'a Changes,
        calls: impl Iterator<Item = &'c Call>,
        sources: &'a Arc<Sources>,
    ) -> Self {
        let services = calls.filter_map(|call| Some(method_name(call)?.service)).collect();
        Self { config, changes, sources, schema: OnceCell::new(), services, known: RefCell::default() }
    }

    /// Whether something changed that concerns every case.
    pub(super) fn suite_changed(&self) -> bool {
        let Config { source, vars, setup, teardown, .. } = self.config;
        source.is_some_and(|source| self.source_changed(source))
            || vars.iter().any(|(_, node)| self.named_changed(node))
            || setup.iter().chain(&**teardown).any(|step| self.step_changed(step))
            || self.schema().files_named().iter().any(|file| self.changes.has(file))
    }

    /// Whether something changed that concerns every case of a file.
    pub(super) fn file_changed(&self, file: &CaseFile) -> bool {
        self.changes.has(&file.path)
            || file.vars.iter().any(|(_, node)| self.named_changed(node))
            || file.setup.iter().chain(&*file.teardown).any(|step| self.step_changed(step))
    }

    /// Whether something changed that concerns one case.
    pub(super) fn case_changed(&self, case: &Case) -> bool {
        let row = case.row.iter().flat_map(|row| row.vars.iter());
        case.row.as_ref().is_some_and(|row| self.source_changed(row.span.file))
            || case.vars.iter().chain(row).any(|(_, node)| self.named_changed(node))
            || case.across.as_ref().is_some_and(|across| self.named_changed(across))
            || case.all_steps().any(|step| self.step_changed(step))
    }

    fn step_changed(&self, step: &Step) -> bool {
        step.nodes().any(|node| self.named_changed(node)) || step.calls().any(|call| self.call_changed(call))
    }

    fn call_changed(&self, call: &Call) -> bool {
        let server = self.config.servers.iter().find(|server| server.name.value == call.server.value);
        server.is_some_and(|server| tls_files(server).any(|file| self.changes.has(file))) || self.protos_changed(call)
    }

    fn protos_changed(&self, call: &Call) -> bool {
        let Some(name) = method_name(call) else { return true };
        if let Some(changed) = self.known.borrow().get(&name.service) {
            return *changed;
        }
        let changed = match self.schema().files_behind(&name.service) {
            Some(files) => files.iter().any(|file| self.changes.has(file)),
            // a server has it; or else nobody knows what is wrong
            None => !self.config.protos.reflects(),
        };
        self.known.borrow_mut().insert(name.service, changed);
        changed
    }

    fn schema(&self) -> &Schema {
        self.schema.get_or_init(|| {
            let services: Vec<&str> = self.services.iter().map(String::as_str).collect();
            // what is wrong with them, planning says
            Schema::load(&self.config.protos, &services, self.sources, &mut Diagnostics::new())
        })
    }

    /// Whether a file that `$file` names has changed.
    fn named_changed(&self, node: &Node) -> bool {
        match &node.kind {
            NodeKind::Scalar(_) => false,
            NodeKind::Sequence(items) => items.iter().any(|item| self.named_changed(item)),
            NodeKind::Mapping(entries) => entries.iter().any(|entry| {
                let named = entry.value.as_scalar().filter(|_| &*entry.key.value == "$file");
                match named {
                    Some(path) if path.text.contains("${") => true,
                    Some(path) => self.changes.has(&self.beside(entry.value.span.file, &path.text)),
                    None => self.named_changed(&entry.value),
                }
            }),
        }
    }

    fn source_changed(&self, file: FileId) -> bool {
        self.changes.has(self.sources.get(file).path())
    }

    fn beside(&self, holder: FileId, path: &str) -> PathBuf {
        self.sources.get(holder).path().parent().unwrap_or(Path::new("")).join(path)
    }
}

fn method_name(call: &Call) -> Option<MethodName> {
    let service = call.service.as_ref().map(|service| service.value.as_str());
    MethodName::parse(&call.call, service, &mut Diagnostics::new())
}

fn tls_files(server: &ServerSpec) -> impl Iterator<Item = &Path> {
    let files = server.tls.iter().flat_map(|tls| [&tls.ca, &tls.cert, &tls.key]);
    files.flatten().map(|file| file.value.as_path())
}
