//! What is meant, suite by suite. Main types: [`Choice`] and [`Chosen`].

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::spec::{Case, CaseFile, LoadedFile, Suite};

/// The cases that are meant.
#[derive(Debug, Default)]
pub(crate) struct Choice {
    /// As many as there are suites.
    pub(crate) suites: Vec<Vec<Chosen>>,
    /// What is wrong with what was asked for (then nothing is meant), and warnings, such as of a tag that no case has.
    pub(crate) diagnostics: Diagnostics,
    /// That nothing is meant, and why.
    pub(crate) nothing: Option<Diagnostic>,
}

/// A file with those of its cases that are meant, in the order written; at least one.
#[derive(Debug, Clone)]
pub(crate) struct Chosen {
    pub(crate) file: Arc<CaseFile>,
    pub(crate) cases: Vec<Arc<Case>>,
}

impl Choice {
    /// The cases for which `means` holds.
    pub(crate) fn of(suites: &[Suite], mut means: impl FnMut(usize, &CaseFile, &Case) -> bool) -> Self {
        let mut choose = |(at, suite): (usize, &Suite)| {
            let mut chosen = Vec::new();
            for file in valid(suite) {
                let cases: Vec<_> = file.cases.iter().filter(|case| means(at, file, case)).cloned().collect();
                if !cases.is_empty() {
                    chosen.push(Chosen { file: Arc::clone(file), cases });
                }
            }
            chosen
        };
        Self { suites: suites.iter().enumerate().map(&mut choose).collect(), ..Self::default() }
    }

    /// Each case, with its file.
    pub(crate) fn cases(&self) -> impl Iterator<Item = (&Arc<CaseFile>, &Arc<Case>)> {
        self.suites.iter().flatten().flat_map(|chosen| chosen.cases.iter().map(move |case| (&chosen.file, case)))
    }
}

/// The files that load.
pub(super) fn valid(suite: &Suite) -> impl Iterator<Item = &Arc<CaseFile>> {
    suite.files.iter().filter_map(|file| match file {
        LoadedFile::Valid(file) => Some(file),
        LoadedFile::Invalid(_) => None,
    })
}
