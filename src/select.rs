//! Which cases are meant: by id, before anything is planned. Main type: [`Selection`].

use std::sync::Arc;

use crate::spec::{Case, CaseFile, LoadFailure, LoadedFile, Suite};

/// What the command line or the harness asks for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    /// Any of them; none at all means every case.
    pub(crate) filters: Vec<Filter>,
    /// Any of them; none at all means every case.
    pub(crate) tags: Vec<String>,
    /// None of them.
    pub(crate) skip_tags: Vec<String>,
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

    pub(crate) fn is_everything(&self) -> bool {
        self.filters.is_empty() && self.tags.is_empty() && self.skip_tags.is_empty()
    }

    /// The cases that are meant, file by file. That there is none is for the caller to say.
    pub(crate) fn choose(&self, suite: &Suite) -> Vec<Chosen> {
        let valid = suite.files.iter().filter_map(|file| match file {
            LoadedFile::Valid(file) => Some(file),
            LoadedFile::Invalid(_) => None,
        });
        let choose = |file: &Arc<CaseFile>| {
            let cases: Vec<Arc<Case>> = file.cases.iter().filter(|case| self.means(case)).cloned().collect();
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

    fn means(&self, case: &Case) -> bool {
        let named = self.filters.is_empty() || self.filters.iter().any(|filter| filter.matches(case.id.as_str()));
        let has = |tag: &String| case.tags.contains(tag);
        named && (self.tags.is_empty() || self.tags.iter().any(has)) && !self.skip_tags.iter().any(has)
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

    /// Whether it names a file that does not load, or could match a case in it if it did.
    fn may_match_in(&self, file: &str) -> bool {
        match self {
            Self::Exact(whole) => whole.split("::").next() == Some(file),
            Self::Contains(part) => part.split_once("::").is_none_or(|(before, _)| file.ends_with(before)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::diagnostic::Sources;
    use crate::spec::{Overrides, load};

    /// Two files with two cases each, and one that does not load.
    fn suite() -> Suite {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
        write("grpc-spec.yaml", "servers: { a: { address: x:1 } }");
        write("a.yaml", "cases: [ { name: one, call: S/M }, { name: two, call: S/M } ]");
        write("b.yaml", "cases: [ { name: one, call: S/M }, { name: one more, call: S/M } ]");
        write("broken.yaml", "cases: []");
        let paths = [Path::to_owned(folder.path())];
        load(&paths, &Overrides::default(), &Sources::new()).suites.remove(0)
    }

    fn chosen(filters: &[Filter]) -> Vec<String> {
        let chosen = Selection { filters: filters.to_vec(), ..Selection::all() }.choose(&suite());
        chosen.iter().flat_map(|file| &file.cases).map(|case| case.id.to_string()).collect()
    }

    fn contains(part: &str) -> Filter {
        Filter::Contains(part.to_owned())
    }

    fn exact(id: &str) -> Filter {
        Filter::Exact(id.to_owned())
    }

    #[test]
    fn no_filter_means_every_case_in_order() {
        assert_eq!(chosen(&[]), ["a.yaml::one", "a.yaml::two", "b.yaml::one", "b.yaml::one more"]);
    }

    #[test]
    fn a_filter_is_a_part_of_the_id() {
        assert_eq!(chosen(&[contains("one")]), ["a.yaml::one", "b.yaml::one", "b.yaml::one more"]);
        assert_eq!(chosen(&[contains("b.yaml::")]), ["b.yaml::one", "b.yaml::one more"]);
        assert_eq!(chosen(&[contains("two"), contains("more")]), ["a.yaml::two", "b.yaml::one more"]);
        assert_eq!(chosen(&[contains("three")]), [""; 0]);
    }

    #[test]
    fn an_exact_filter_is_the_whole_id() {
        assert_eq!(chosen(&[exact("b.yaml::one")]), ["b.yaml::one"]);
        assert_eq!(chosen(&[exact("b.yaml")]), [""; 0]);
    }

    #[test]
    fn files_that_do_not_load_count_where_they_may_hold_what_is_meant() {
        let suite = suite();
        let failures =
            |filters: &[Filter]| Selection { filters: filters.to_vec(), ..Selection::all() }.failures(&suite).count();
        assert_eq!(failures(&[]), 1);
        assert_eq!(failures(&[contains("one")]), 1, "it may hold such a case");
        assert_eq!(failures(&[contains("broken.yaml::one")]), 1);
        assert_eq!(failures(&[contains("a.yaml::one")]), 0);
        assert_eq!(failures(&[exact("broken.yaml::one")]), 1);
        assert_eq!(failures(&[exact("broken.yaml")]), 1);
        assert_eq!(failures(&[exact("a.yaml::one")]), 0);
    }
}
