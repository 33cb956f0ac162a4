//! The format: what `grpc-spec.yaml` and the case files say, frames decoded, ids final. Requests and expectations stay
//! nodes: only a descriptor can read them. Main type: [`Suite`].

mod call;
mod case;
mod config;
mod discover;
mod frame;
mod hide;
mod id;
mod load;
mod metadata;
mod read;
mod resolve;
mod rows;
mod script;
mod secret;
mod server;
mod step;

use std::path::PathBuf;
use std::sync::Arc;

pub(crate) use call::{Call, Capture, Eventually, Expect, Inherited, Payload};
pub(crate) use case::{Case, CaseFile, Origins, Repeat, Retry, Row};
pub(crate) use config::{Config, Overrides};
pub(crate) use id::CaseId;
pub(crate) use load::{Loaded, load, load_for_id};
pub(crate) use script::{Extent, Receive, Script, ScriptAction, ScriptStep};
pub(crate) use secret::Secret;
pub(crate) use server::{Limits, Ready, ServerScope, ServerSource, ServerSpec, Start, Tls, tls_in_plaintext};
pub(crate) use step::{Action, Step};

use crate::diagnostic::Diagnostics;
use id::fits_an_id;

/// The case files that belong to one `grpc-spec.yaml`; or one that stands by its own keys.
#[derive(Debug)]
pub(crate) struct Suite {
    pub(crate) config: Arc<Config>,
    /// Whether `files` are all it has: not where single files were asked for.
    pub(crate) whole: bool,
    /// Sorted by id; an invalid suite file comes first.
    pub(crate) files: Vec<LoadedFile>,
}

impl Suite {
    /// Whether `id` is that of one of its cases, or of one of its files that does not load.
    fn has(&self, id: &str) -> bool {
        self.files.iter().any(|file| match file {
            LoadedFile::Valid(file) => file.cases.iter().any(|case| case.id.as_str() == id),
            LoadedFile::Invalid(failure) => failure.id == id,
        })
    }
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
    /// Nothing is wrong with the file itself, but with the suite it belongs to.
    pub(crate) blocked: bool,
    /// The cases that could be read nevertheless: something else may be wrong with them.
    pub(crate) rest: Option<Arc<CaseFile>>,
}

#[cfg(test)]
mod tests;
