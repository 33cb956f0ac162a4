//! A case file and its cases.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{Call, CaseId, Payload, Step};
use crate::diagnostic::{Span, Spanned};
use crate::yaml::Node;

/// What one case file says.
#[derive(Debug)]
pub(crate) struct CaseFile {
    /// Below the suite's folder, with `/` between folders; where several suites have such a file, as `path`.
    pub(crate) id: String,
    /// Below the suite's folder, whatever else is loaded.
    pub(crate) id_in_suite: String,
    /// As the user would name it.
    pub(crate) path: PathBuf,
    /// The file's own variables: name → the YAML written there.
    pub(crate) vars: Vec<(Spanned<Arc<str>>, Node)>,
    /// Run once before and after its cases.
    pub(crate) setup: Arc<[Step]>,
    pub(crate) teardown: Arc<[Step]>,
    /// Its cases run in order, one at a time.
    pub(crate) serial: bool,
    pub(crate) cases: Vec<Arc<Case>>,
}

impl CaseFile {
    /// What one of its cases is called within the suite, whatever else is loaded.
    pub(crate) fn id_in_suite(&self, case: &Case) -> String {
        let name = case.id.as_str().strip_prefix(&self.id).unwrap_or_default();
        format!("{}{name}", self.id_in_suite)
    }
}

/// One case, everything inherited from file and suite already resolved. With rows, there is one for each: they differ in
/// `id` and `row`, and share the rest.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) id: CaseId,
    /// Of the whole case in its file.
    pub(crate) span: Span,
    pub(crate) description: Option<String>,
    /// The suite's, the file's and the case's, each once.
    pub(crate) tags: Arc<[String]>,
    /// Why it is not run.
    pub(crate) skip: Option<String>,
    /// Why it must fail.
    pub(crate) xfail: Option<String>,
    /// The case's own variables: name → the YAML written there.
    pub(crate) vars: Arc<[(Spanned<Arc<str>>, Node)]>,
    pub(crate) row: Option<Row>,
    pub(crate) repeat: Option<Repeat>,
    pub(crate) retry: Option<Retry>,
    /// Over all the repeats: field path → expectations of its figures.
    pub(crate) across: Option<Node>,
    /// The file's and the case's, each once: cases that share one never run at the same time.
    pub(crate) locks: Arc<[String]>,
    /// At least one; a case written with the keys of one call has just that.
    pub(crate) steps: Arc<[Step]>,
    /// Tried whatever came of the steps.
    pub(crate) teardown: Arc<[Step]>,
    pub(crate) origins: Arc<Origins>,
}

/// Where what a case says comes from, for those who explain it.
#[derive(Debug)]
pub(crate) struct Origins {
    /// The case's own mapping.
    pub(crate) written: Node,
    /// Of each of its tags.
    pub(crate) tags: Vec<Span>,
    /// Of each of its locks.
    pub(crate) locks: Vec<Span>,
}

impl Case {
    /// Its steps, then those of its teardown.
    pub(crate) fn all_steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().chain(self.teardown.iter())
    }

    /// Every call it makes, those within scripts and of its teardown too.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &Call> {
        self.all_steps().flat_map(Step::calls)
    }

    /// Names of the servers that it calls, each once.
    pub(crate) fn servers(&self) -> BTreeSet<&str> {
        self.calls().map(|call| call.server.value.as_str()).collect()
    }

    /// Whether nothing is said of what must come back, so that it checks only for OK.
    pub(crate) fn checks_only_ok(&self) -> bool {
        let checks_more = |call: &Call| call.expect.is_some() || matches!(call.payload, Payload::Script(_));
        self.across.is_none() && !self.steps.iter().filter_map(Step::call).any(checks_more)
    }
}

/// `repeat: 200`, or `repeat: { times: 200, parallel: 10 }`; both at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Repeat {
    pub(crate) times: u32,
    pub(crate) parallel: u32,
}

/// `retry: { attempts: 3, every: 100ms }`: the whole case again, after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retry {
    /// The first one included; at least 2.
    pub(crate) attempts: u32,
    /// Between an attempt's end and the next one's start.
    pub(crate) every: Duration,
}

/// One row of `rows:`.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Where it stands, in the case or in a file of rows.
    pub(crate) span: Span,
    /// What the case's id ends with: the row's `label`, or else its number, from 1.
    pub(crate) label: Spanned<Arc<str>>,
    /// Nearer than those of the case and of `--var`.
    pub(crate) vars: Arc<[(Spanned<Arc<str>>, Node)]>,
}
