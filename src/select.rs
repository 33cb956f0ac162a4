//! Which cases are meant: by id, before anything is planned. Main type: [`Selection`].

use std::sync::Arc;

use crate::spec::{Case, CaseFile, CaseId, LoadFailure, LoadedFile, Suite};

/// What the command line or the harness asks for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    /// Any of them; none at all means every case.
    pub(crate) filters: Vec<Filter>,
}

/// One way to name cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Filter {
    /// The whole id.
    Exact(String),
    /// A part of the id.
    Contains(String),
}

/// A file with those of its cases that are meant, in the order written; at least one.
#[derive(Debug, Clone)]
pub(crate) struct Chosen {
    pub(crate) file: Arc<CaseFile>,
    pub(crate) cases: Vec<Arc<Case>>,
}

impl Selection {
    /// Every case.
    pub(crate) fn all() -> Self {
        Self::default()
    }

    /// The cases that are meant, file by file. That there is none is for the caller to say.
    pub(crate) fn choose(&self, suite: &Suite) -> Vec<Chosen> {
        let valid = suite.files.iter().filter_map(|file| match file {
            LoadedFile::Valid(file) => Some(file),
            LoadedFile::Invalid(_) => None,
        });
        let choose = |file: &Arc<CaseFile>| {
            let cases: Vec<Arc<Case>> = file.cases.iter().filter(|case| self.means(&case.id)).cloned().collect();
            (!cases.is_empty()).then(|| Chosen { file: Arc::clone(file), cases })
        };
        valid.filter_map(choose).collect()
    }

    /// The files that do not load and may hold a case that is meant.
    pub(crate) fn failures<'a>(&'a self, suite: &'a Suite) -> impl Iterator<Item = &'a LoadFailure> {
        suite.files.iter().filter_map(|file| match file {
            LoadedFile::Valid(_) => None,
            LoadedFile::Invalid(failure) => self.may_mean(failure).then_some(failure),
        })
    }

    fn means(&self, id: &CaseId) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| filter.matches(id.as_str()))
    }

    fn may_mean(&self, failure: &LoadFailure) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| filter.may_match_in(&failure.id))
    }
}

impl Filter {
    fn matches(&self, id: &str) -> bool {
        match self {
            Self::Exact(whole) => id == whole,
            Self::Contains(part) => id.contains(part.as_str()),
        }
    }

    /// Whether it names `file`, or could match a case in it if that could be read.
    fn may_match_in(&self, file: &str) -> bool {
        let (Self::Exact(text) | Self::Contains(text)) = self;
        let named = text.split_once("::").map_or(text.as_str(), |(before, _)| before);
        match self {
            Self::Exact(_) => file == named,
            Self::Contains(_) if text.contains("::") => file.ends_with(named),
            Self::Contains(_) => file.contains(named),
        }
    }
}
