//! Cases for tests of what only orders them.

use std::path::PathBuf;
use std::sync::Arc;

use super::Job;
use crate::diagnostic::{Sources, Span};
use crate::spec::{Case, CaseFile, CaseId, Origins};
use crate::yaml::{Node, NodeKind};

/// A case that does nothing, `file::name`, of a file that is `serial` or not.
pub(super) fn job(id: &str, serial: bool, locks: &[&str]) -> Job {
    let (file, name) = id.split_once("::").expect("an id");
    let span = Span::new(Sources::new().add(file, "x"), 0, 1);
    let written = Node { span, kind: NodeKind::Mapping([].into()) };
    let case = Case {
        id: CaseId::new(file, name),
        span,
        description: None,
        tags: Arc::default(),
        skip: None,
        xfail: None,
        vars: Arc::default(),
        row: None,
        repeat: None,
        retry: None,
        across: None,
        locks: locks.iter().map(|lock| (*lock).to_owned()).collect(),
        steps: Arc::default(),
        teardown: Arc::default(),
        origins: Arc::new(Origins { written, tags: Vec::new(), locks: Vec::new() }),
    };
    let file = CaseFile {
        id: file.to_owned(),
        id_in_suite: file.to_owned(),
        path: PathBuf::from(file),
        vars: Vec::new(),
        setup: Arc::default(),
        teardown: Arc::default(),
        serial,
        cases: Vec::new(),
    };
    Job { suite: 0, file: Arc::new(file), case: Arc::new(case), around: None, plan: None }
}
