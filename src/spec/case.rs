//! A case file and its cases.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Payload, Step};
use crate::diagnostic::{Span, Spanned};
use crate::yaml::Node;

/// The one name of a case, in listings, filters, reports and reruns: `users/create.yaml::creates a user`.
/// A single line, unique in its suite, nothing escaped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CaseId(Arc<str>);

impl CaseId {
    /// From the file's path below the suite's folder (with `/`) and the case's name.
    pub(crate) fn new(file: &str, name: &str) -> Self {
        Self(format!("{file}::{name}").into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What one case file says.
#[derive(Debug)]
pub(crate) struct CaseFile {
    /// Below the suite's folder, with `/` between folders.
    pub(crate) id: String,
    /// As the user would name it.
    pub(crate) path: PathBuf,
    /// The file's own variables: name → the YAML written there.
    pub(crate) vars: Vec<(Spanned<Arc<str>>, Node)>,
    pub(crate) cases: Vec<Arc<Case>>,
}

/// One case, everything inherited from file and suite already resolved.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) id: CaseId,
    /// Of the whole case in its file.
    pub(crate) span: Span,
    pub(crate) description: Option<String>,
    /// The suite's, the file's and the case's, each once.
    pub(crate) tags: Vec<String>,
    /// Why it is not run.
    pub(crate) skip: Option<String>,
    /// The case's own variables: name → the YAML written there.
    pub(crate) vars: Vec<(Spanned<Arc<str>>, Node)>,
    pub(crate) repeat: Option<Repeat>,
    /// Over all the repeats: field path → expectations of its figures.
    pub(crate) across: Option<Node>,
    /// A case written with the keys of one call has one step.
    pub(crate) steps: Vec<Step>,
}

impl Case {
    /// Every call it makes, those within scripts too.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().flat_map(Step::all)
    }

    /// Names of the servers that it calls, each once.
    pub(crate) fn servers(&self) -> BTreeSet<&str> {
        self.calls().map(|call| call.server.value.as_str()).collect()
    }

    /// Whether nothing is said of what must come back, so that it checks only for OK.
    pub(crate) fn checks_only_ok(&self) -> bool {
        let checks_more = |step: &Step| step.expect.is_some() || matches!(step.payload, Payload::Script(_));
        self.across.is_none() && !self.steps.iter().any(checks_more)
    }
}

/// `repeat: 200`, or `repeat: { times: 200, parallel: 10 }`; both at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Repeat {
    pub(crate) times: u32,
    pub(crate) parallel: u32,
}
