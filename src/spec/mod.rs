//! The format: what `grpc-spec.yaml` and the case files say, frames decoded, ids final. Requests and expectations stay
//! nodes: only a descriptor can read them. Main type: [`Suite`].

mod case;
mod config;
mod step;

use std::path::PathBuf;
use std::sync::Arc;

pub(crate) use case::{Case, CaseFile, CaseId, Repeat};
pub(crate) use config::{Config, Overrides, Ready, ServerScope, ServerSource, ServerSpec, Start};
pub(crate) use step::{Expect, Inherited, Payload, Step};

use crate::diagnostic::Diagnostics;

/// The case files that belong to one `grpc-spec.yaml` (or to none: then each stands by its own keys).
#[derive(Debug)]
pub(crate) struct Suite {
    pub(crate) config: Arc<Config>,
    /// Sorted by path.
    pub(crate) files: Vec<LoadedFile>,
}

/// A case file, or why it cannot be read.
#[derive(Debug)]
pub(crate) enum LoadedFile {
    Valid(Arc<CaseFile>),
    Invalid(LoadFailure),
}

/// A file that does not load: it is an error under its own path.
#[derive(Debug)]
pub(crate) struct LoadFailure {
    /// Below the suite's folder, with `/`; stands in reports where a case id would.
    pub(crate) id: String,
    pub(crate) path: PathBuf,
    pub(crate) diagnostics: Diagnostics,
}
