//! What the command line asks for, and what that means of the suites there are. Main type: [`Selection`].

use std::collections::BTreeSet;
use std::sync::Arc;

use super::changes::Changes;
use super::choice::valid;
use super::dependencies::Dependencies;
use super::last_run::{no_record, shown};
use super::{Choice, Filter, LastRun, Partition, TagExpression};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources, did_you_mean, one_of};
use crate::spec::{Case, CaseFile, LoadFailure, LoadedFile, Step, Suite};

/// Which cases: those for which all of this holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    /// Any of these or of `exact`; none at all means every case.
    pub(crate) filters: Vec<Filter>,
    /// Whole ids.
    pub(crate) exact: Vec<String>,
    /// Any of them; none at all means every case.
    pub(crate) tags: Vec<TagExpression>,
    /// None of them.
    pub(crate) skip_tags: Vec<TagExpression>,
    /// Only what did not pass in the last run.
    pub(crate) failed: bool,
    /// Only what changed since this revision.
    pub(crate) changed: Option<String>,
    /// Of what is left, this part.
    pub(crate) partition: Option<Partition>,
}

impl Selection {
    pub(crate) fn is_everything(&self) -> bool {
        let Self { filters, exact, tags, skip_tags, failed, changed, partition } = self;
        filters.is_empty()
            && exact.is_empty()
            && tags.is_empty()
            && skip_tags.is_empty()
            && !failed
            && changed.is_none()
            && partition.is_none()
    }

    /// The cases that are meant.
    pub(crate) fn choose(&self, suites: &[Suite], sources: &Arc<Sources>) -> Choice {
        let mut diagnostics = self.unknown(suites);
        let failed = self.failed.then(|| last_runs(suites, &mut diagnostics));
        let changed = self.changed.as_deref().map(|revision| changed_cases(revision, suites, sources)).transpose();
        let changed = changed.unwrap_or_else(|unknown| {
            diagnostics.push(*unknown);
            Some(vec![BTreeSet::new(); suites.len()])
        });
        let mut position = 0;
        let mut choice = Choice::of(suites, |at, file, case| {
            let is_in = |ids: &Option<Vec<BTreeSet<String>>>| {
                ids.as_ref().is_none_or(|suites| suites[at].contains(&file.id_in_suite(case)))
            };
            // a record holds no secrets, nor do the ids in it
            let has_failed =
                |suites: &Vec<BTreeSet<String>>| suites[at].contains(&*sources.masker().mask(&file.id_in_suite(case)));
            let is_meant = self.means(file, case) && failed.as_ref().is_none_or(has_failed) && is_in(&changed);
            let is_in_part = self.partition.is_none_or(|part| part.holds(&file.id_in_suite(case), position));
            position += usize::from(is_meant);
            is_meant && is_in_part
        });
        if choice.cases().next().is_none() {
            let nothing_failed = failed.is_some_and(|suites| suites.iter().all(BTreeSet::is_empty));
            choice.nothing = Some(self.nothing(suites, nothing_failed && diagnostics.is_empty(), position));
        }
        choice.diagnostics = diagnostics;
        choice
    }

    /// The files that do not load and may hold a case that is meant.
    pub(crate) fn failures<'a>(&'a self, suite: &'a Suite) -> impl Iterator<Item = &'a LoadFailure> {
        suite.files.iter().filter_map(|file| match file {
            LoadedFile::Valid(_) => None,
            LoadedFile::Invalid(failure) => self.may_mean(failure).then_some(failure),
        })
    }

    /// By its id and its tags.
    fn means(&self, file: &CaseFile, case: &Case) -> bool {
        let any = |tags: &[TagExpression]| tags.iter().any(|tag| tag.holds(&case.tags));
        let named = self.names_all()
            || self.filters.iter().any(|filter| filter.matches(case.id.as_str()))
            || self.exact.iter().any(|id| is_called(file, case, id));
        named && (self.tags.is_empty() || any(&self.tags)) && !any(&self.skip_tags)
    }

    /// By ids.
    fn names_all(&self) -> bool {
        self.filters.is_empty() && self.exact.is_empty()
    }

    fn may_mean(&self, failure: &LoadFailure) -> bool {
        let is_in_it =
            |id: &String| id.strip_prefix(&failure.id).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
        self.names_all()
            || self.filters.iter().any(|filter| filter.may_match_in(&failure.id))
            || self.exact.iter().any(is_in_it)
    }

    /// Warns of what is asked for and nowhere to be found, each once.
    fn unknown(&self, suites: &[Suite]) -> Diagnostics {
        let cases: Vec<(&Arc<CaseFile>, &Arc<Case>)> =
            suites.iter().flat_map(valid).flat_map(|file| file.cases.iter().map(move |case| (file, case))).collect();
        let ids: Vec<&str> = cases.iter().map(|(_, case)| case.id.as_str()).collect();
        let mut warnings = Diagnostics::new();
        if ids.is_empty() {
            return warnings;
        }
        let is_unknown = |id: &&String| !cases.iter().any(|(file, case)| is_called(file, case, id));
        warnings.extend(self.exact.iter().filter(is_unknown).map(|id| {
            let unknown = Diagnostic::warning(format!("no case has the id `{id}`"));
            unknown.hints(near_id(id, &ids))
        }));
        let matches_nothing = |filter: &&Filter| !ids.iter().any(|id| filter.matches(id));
        warnings.extend(self.filters.iter().filter(matches_nothing).map(|filter| {
            let unknown = Diagnostic::warning(format!("`{}` matches no id", filter.written()));
            let words = ids.iter().flat_map(|id| id.split(|letter: char| !letter.is_alphanumeric()));
            unknown.hints(near_id(filter.written(), &ids).or_else(|| did_you_mean(filter.written(), words)))
        }));
        let tags: BTreeSet<&str> = cases.iter().flat_map(|(_, case)| &*case.tags).map(String::as_str).collect();
        let named: BTreeSet<&str> = self.tags.iter().chain(&self.skip_tags).flat_map(TagExpression::names).collect();
        warnings.extend(named.into_iter().filter(|tag| !tags.contains(tag)).map(|tag| {
            let unknown = Diagnostic::warning(format!("no case has the tag `{tag}`"));
            match did_you_mean(tag, tags.iter().copied()) {
                Some(meant) => unknown.hint(meant),
                None if tags.is_empty() => unknown,
                None => unknown.hint(format!("there are {}", one_of(tags.iter().copied()))),
            }
        }));
        warnings
    }

    /// Why nothing is meant; `before` says how many were, but for the partition.
    fn nothing(&self, suites: &[Suite], nothing_failed: bool, before: usize) -> Diagnostic {
        let known: usize = suites.iter().flat_map(valid).map(|file| file.cases.len()).sum();
        if known == 0 {
            let hint = "case files are `*.yaml` files with a list of `cases:`";
            return Diagnostic::error("there are no cases").hint(hint);
        }
        let nothing = Diagnostic::error(format!("no case is selected, of {known}"));
        if nothing_failed {
            return nothing.note("every case passed in the last run, or was not run");
        }
        if before > 0 {
            return nothing.note(format!("this part of {before} holds none"));
        }
        if let Some(revision) = &self.changed {
            return nothing.note(format!("none that is asked for rests on a file that differs from `{revision}`"));
        }
        if self.names_all() {
            return nothing;
        }
        nothing.hint("`grpc-spec list PATH` shows the ids that there are, of files that load")
    }
}

/// Whether a case has this id: as it is shown, or within its suite alone.
fn is_called(file: &CaseFile, case: &Case, id: &str) -> bool {
    case.id.as_str() == id || file.id_in_suite(case) == id
}

/// Ids that may have been meant: those that hold what is written, such as of rows; nearly the same; or the same name in
/// another file.
fn near_id(written: &str, ids: &[&str]) -> Option<String> {
    const SHOWN: usize = 5;
    let folded = written.to_lowercase();
    let holding = ids.iter().filter(|id| id.to_lowercase().contains(&folded)).take(SHOWN).copied().collect();
    let name = |id: &str| id.split_once("::").map_or(id, |(_, name)| name).to_owned();
    let meant = name(written);
    let is_near = |id: &&&str| name(id) == meant || did_you_mean(&meant, [name(id).as_str()]).is_some();
    let listed = |near: Vec<&str>| (!near.is_empty()).then(|| format!("did you mean {}?", one_of(near)));
    listed(holding)
        .or_else(|| did_you_mean(written, ids.iter().copied()))
        .or_else(|| listed(ids.iter().filter(is_near).take(SHOWN).copied().collect()))
}

/// Of each suite, the ids of the cases that did not pass in its last run.
fn last_runs(suites: &[Suite], warnings: &mut Diagnostics) -> Vec<BTreeSet<String>> {
    let not_passed = |suite: &Suite| {
        let last_run = LastRun::of(suite).ok_or_else(|| no_record(shown(suite).display()));
        last_run.and_then(|last_run| last_run.not_passed()).unwrap_or_else(|warning| {
            warnings.push(*warning);
            BTreeSet::new()
        })
    };
    suites.iter().map(not_passed).collect()
}

/// Of each suite, the ids of the cases that rest on something that differs from a revision.
fn changed_cases(
    revision: &str,
    suites: &[Suite],
    sources: &Arc<Sources>,
) -> Result<Vec<BTreeSet<String>>, Box<Diagnostic>> {
    let mut changes = Changes::default();
    for suite in suites {
        changes.add(revision, &suite.config.folder)?;
    }
    Ok(suites.iter().map(|suite| changed_cases_of(suite, &changes, sources)).collect())
}

fn changed_cases_of(suite: &Suite, changes: &Changes, sources: &Arc<Sources>) -> BTreeSet<String> {
    let around = suite.config.setup.iter().chain(&*suite.config.teardown);
    let of_files = valid(suite).flat_map(|file| {
        let steps = file.setup.iter().chain(&*file.teardown);
        steps.flat_map(Step::calls).chain(file.cases.iter().flat_map(|case| case.calls()))
    });
    let calls = around.flat_map(Step::calls).chain(of_files);
    let dependencies = Dependencies::new(&suite.config, changes, calls, sources);
    let everything = dependencies.suite_changed();
    let mut ids = BTreeSet::new();
    for file in valid(suite) {
        let whole_file = everything || dependencies.file_changed(file);
        let cases = file.cases.iter().filter(|case| whole_file || dependencies.case_changed(case));
        ids.extend(cases.map(|case| file.id_in_suite(case)));
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Overrides, load};

    /// Two files with two cases each, and one that does not load.
    fn suites() -> Vec<Suite> {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
        write("grpc-spec.yaml", "servers: { a: { address: x:1 } }");
        write("a.yaml", "cases: [ { name: one, tags: [x, y], call: S/M }, { name: two, tags: [y], call: S/M } ]");
        write("b.yaml", "cases: [ { name: one, call: S/M }, { name: one more, tags: [x], call: S/M } ]");
        write("broken.yaml", "cases: []");
        load(&[folder.path().to_owned()], &Overrides::default(), &Sources::new()).suites
    }

    fn filters(filters: &[&str]) -> Selection {
        let filters = filters.iter().map(|filter| Filter::parse(filter).expect("a filter")).collect();
        Selection { filters, ..Selection::default() }
    }

    fn exact(id: &str) -> Selection {
        Selection { exact: vec![id.to_owned()], ..Selection::default() }
    }

    fn choice(selection: &Selection) -> Choice {
        selection.choose(&suites(), &Arc::new(Sources::new()))
    }

    fn chosen(selection: &Selection) -> Vec<String> {
        choice(selection).cases().map(|(_, case)| case.id.to_string()).collect()
    }

    fn warnings(selection: &Selection) -> Vec<(String, Vec<String>)> {
        choice(selection).diagnostics.into_iter().map(|warning| (warning.headline, warning.hints)).collect()
    }

    #[test]
    fn nothing_asked_for_means_every_case_in_order() {
        assert_eq!(chosen(&Selection::default()), ["a.yaml::one", "a.yaml::two", "b.yaml::one", "b.yaml::one more"]);
    }

    #[test]
    fn any_of_the_filters_and_ids_will_do() {
        assert_eq!(chosen(&filters(&["one"])), ["a.yaml::one", "b.yaml::one", "b.yaml::one more"]);
        assert_eq!(chosen(&filters(&["two", "more"])), ["a.yaml::two", "b.yaml::one more"]);
        assert_eq!(chosen(&filters(&["three"])), [""; 0]);
        assert_eq!(chosen(&exact("b.yaml::one")), ["b.yaml::one"]);
        assert_eq!(chosen(&exact("b.yaml")), [""; 0]);
        let both = Selection { exact: exact("b.yaml::one").exact, ..filters(&["two"]) };
        assert_eq!(chosen(&both), ["a.yaml::two", "b.yaml::one"]);
    }

    #[test]
    fn tags_narrow_what_is_named() {
        let tag = |written| vec![TagExpression::parse(written).expect("an expression")];
        let tagged = Selection { tags: tag("x"), ..filters(&["b.yaml"]) };
        assert_eq!(chosen(&tagged), ["b.yaml::one more"]);
        let skipping = Selection { skip_tags: tag("x and y"), ..Selection::default() };
        assert_eq!(chosen(&skipping), ["a.yaml::two", "b.yaml::one", "b.yaml::one more"]);
        let either = Selection { tags: [tag("x and y"), tag("y and not x")].concat(), ..Selection::default() };
        assert_eq!(chosen(&either), ["a.yaml::one", "a.yaml::two"]);
    }

    #[test]
    fn what_is_nowhere_to_be_found_is_told() {
        let meant = |near: &str| vec![format!("did you mean {near}?")];
        let unknown = |id: &str| format!("no case has the id `{id}`");
        assert_eq!(warnings(&exact("a.yaml::tow")), [(unknown("a.yaml::tow"), meant("`a.yaml::two`"))]);
        let one = "`a.yaml::one`, `b.yaml::one` or `b.yaml::one more`";
        assert_eq!(warnings(&exact("one")), [(unknown("one"), meant(one))]);
        assert_eq!(warnings(&exact("else.yaml::two")), [(unknown("else.yaml::two"), meant("`a.yaml::two`"))]);
        assert_eq!(warnings(&filters(&["ONE M"])), [("`ONE M` matches no id".into(), meant("`b.yaml::one more`"))]);
        assert_eq!(warnings(&filters(&["one", "zebra"])), [("`zebra` matches no id".into(), vec![])]);
        let tag = |written| vec![TagExpression::parse(written).expect("an expression")];
        let tags = Selection { tags: tag("not z"), skip_tags: tag("X and zebra"), ..Selection::default() };
        let told = warnings(&tags);
        let headlines: Vec<&str> = told.iter().map(|(headline, _)| headline.as_str()).collect();
        assert_eq!(headlines, ["no case has the tag `X`", "no case has the tag `z`", "no case has the tag `zebra`"]);
        assert_eq!(told[2].1, ["there are `x` or `y`"]);
    }

    #[test]
    fn a_part_is_taken_of_what_is_left() {
        let part = |written: &str| {
            let partition = Some(Partition::parse(written).expect("a partition"));
            chosen(&Selection { partition, ..filters(&["one"]) })
        };
        assert_eq!(part("count:1/2"), ["a.yaml::one", "b.yaml::one more"]);
        assert_eq!(part("count:2/2"), ["b.yaml::one"]);
        assert_eq!(part("count:5/9"), [""; 0]);
        assert_eq!(part("hash:3/4"), ["b.yaml::one"]);
    }

    #[test]
    fn files_that_do_not_load_count_where_they_may_hold_what_is_meant() {
        let suites = suites();
        let failures = |selection: &Selection| selection.failures(&suites[0]).count();
        assert_eq!(failures(&Selection::default()), 1);
        assert_eq!(failures(&filters(&["one"])), 1, "it may hold such a case");
        assert_eq!(failures(&filters(&["broken.yaml::one"])), 1);
        assert_eq!(failures(&filters(&["a.yaml::one"])), 0);
        assert_eq!(failures(&exact("broken.yaml::one")), 1);
        assert_eq!(failures(&exact("broken.yaml")), 1);
        assert_eq!(failures(&exact("a.yaml::one")), 0);
    }
}
