//! What did not pass in the last run, kept for `--failed`: one small file a suite. It holds ids, and nothing else of a
//! case. Main type: [`LastRun`].

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use serde_json::{Value, json};

use super::hash::fnv_1a;
use crate::diagnostic::Diagnostic;
use crate::spec::{LoadedFile, Suite};

/// Of the form of the file.
const VERSION: u64 = 1;

/// The place where a suite's last run is kept.
#[derive(Debug, Clone)]
pub(crate) struct LastRun {
    path: PathBuf,
    /// The suite's folder, or the file that stands by itself; as the system knows it.
    suite: PathBuf,
    /// As the user would name it.
    shown: PathBuf,
}

impl LastRun {
    /// `None` where there is no place to keep it.
    pub(crate) fn of(suite: &Suite) -> Option<Self> {
        let shown = shown(suite);
        let canonical = shown.canonicalize().ok()?;
        let folder = target_folder(&canonical).map(|target| target.join("grpc-spec")).or_else(cache_folder)?;
        Some(Self::within(&folder, canonical, shown))
    }

    fn within(folder: &Path, suite: PathBuf, shown: PathBuf) -> Self {
        let name = format!("last-run-{:016x}.json", fnv_1a(suite.as_os_str().as_encoded_bytes()));
        Self { path: folder.join(name), suite, shown }
    }

    /// The ids, within the suite, of the cases that did not pass.
    ///
    /// # Errors
    /// A warning: there is no record, or none that can be read.
    pub(super) fn not_passed(&self) -> Result<BTreeSet<String>, Box<Diagnostic>> {
        let suite = self.shown.display();
        let unusable = |why: &str| {
            let headline = format!("the record of the last run of `{suite}` is ignored: {why}");
            Box::new(Diagnostic::warning(headline).hint("the next run writes it anew"))
        };
        match fs::read(&self.path) {
            Ok(bytes) => self.read(&bytes).map_err(unusable),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(no_record(suite)),
            Err(error) => Err(unusable(&format!("`{}`: {error}", self.path.display()))),
        }
    }

    /// The file that it is kept in.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What the file is to hold after a run, from what came of its cases: ids within the suite, and whether they passed.
    /// What did not run stays as it was, unless it is `gone`.
    pub(crate) fn updated(
        &self,
        came: impl IntoIterator<Item = (String, bool)>,
        gone: impl Fn(&str) -> bool,
    ) -> String {
        let mut not_passed = self.not_passed().unwrap_or_default();
        not_passed.retain(|id| !gone(id));
        for (id, passed) in came {
            if passed {
                not_passed.remove(&id);
            } else {
                not_passed.insert(id);
            }
        }
        let record = json!({ "version": VERSION, "suite": self.suite.to_string_lossy(), "not_passed": not_passed });
        format!("{record:#}\n")
    }

    fn read(&self, bytes: &[u8]) -> Result<BTreeSet<String>, &'static str> {
        const FOREIGN: &str = "it is none of ours";
        let record: Value = serde_json::from_slice(bytes).map_err(|_| "it is damaged")?;
        match record["version"].as_u64() {
            Some(VERSION) => {}
            Some(_) => return Err("another version of grpc-spec wrote it"),
            None => return Err(FOREIGN),
        }
        if record["suite"].as_str() != Some(&*self.suite.to_string_lossy()) {
            return Err("it is that of another suite");
        }
        let ids = record["not_passed"].as_array().ok_or(FOREIGN)?;
        ids.iter().map(|id| id.as_str().map(str::to_owned)).collect::<Option<_>>().ok_or(FOREIGN)
    }
}

/// That nothing is known of a suite.
pub(super) fn no_record(suite: impl std::fmt::Display) -> Box<Diagnostic> {
    let headline = format!("no run of `{suite}` is on record: `--failed` knows none of its cases");
    let warning = Diagnostic::warning(headline);
    Box::new(warning.hint("run it once without `--failed`; what comes of it is kept on this machine"))
}

/// The suite's folder, or the file that stands by itself.
pub(super) fn shown(suite: &Suite) -> PathBuf {
    let alone = suite.files.first().filter(|_| suite.config.source.is_none());
    alone.map_or_else(
        || suite.config.folder.clone(),
        |file| match file {
            LoadedFile::Valid(file) => file.path.clone(),
            LoadedFile::Invalid(failure) => failure.path.clone(),
        },
    )
}

/// The nearest `target` folder of Cargo, at or above a path.
fn target_folder(path: &Path) -> Option<PathBuf> {
    // Cargo marks its target folders so: a folder that is merely called `target` is none
    path.ancestors().map(|folder| folder.join("target")).find(|target| target.join("CACHEDIR.TAG").is_file())
}

/// Ours in the platform's folder of caches.
fn cache_folder() -> Option<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(OsString::into).filter(|path: &PathBuf| path.is_absolute());
    let below_home = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    let caches = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(below_home)))?;
    Some(caches.join("grpc-spec"))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn record(folder: &TempDir) -> LastRun {
        LastRun::within(folder.path(), PathBuf::from("/suite"), PathBuf::from("suite"))
    }

    fn kept(record: &LastRun) -> Vec<String> {
        record.not_passed().expect("a record").into_iter().collect()
    }

    fn run(record: &LastRun, came: &[(&str, bool)], gone: impl Fn(&str) -> bool) {
        let came = came.iter().map(|(id, passed)| ((*id).to_owned(), *passed));
        fs::write(record.path(), record.updated(came, gone)).expect("written");
    }

    #[test]
    fn only_what_ran_is_updated() {
        let folder = TempDir::new().expect("a folder");
        let record = record(&folder);
        let none = record.not_passed().expect_err("a warning");
        assert_eq!(none.headline, "no run of `suite` is on record: `--failed` knows none of its cases");
        run(&record, &[("a", false), ("b", false), ("c", true)], |_| false);
        assert_eq!(kept(&record), ["a", "b"]);
        run(&record, &[("b", true), ("c", false)], |_| false);
        assert_eq!(kept(&record), ["a", "c"], "`a` did not run");
        run(&record, &[], |id| id == "a");
        assert_eq!(kept(&record), ["c"], "`a` is no longer there");
    }

    #[test]
    fn what_is_damaged_or_foreign_is_ignored() {
        let folder = TempDir::new().expect("a folder");
        let record = record(&folder);
        for (text, why) in [
            ("{", "it is damaged"),
            ("[]", "it is none of ours"),
            (r#"{ "version": 2, "suite": "/suite" }"#, "another version of grpc-spec wrote it"),
            (r#"{ "version": 1, "suite": "/other", "not_passed": [] }"#, "it is that of another suite"),
            (r#"{ "version": 1, "suite": "/suite", "not_passed": [1] }"#, "it is none of ours"),
            (r#"{ "version": 1, "suite": "/suite" }"#, "it is none of ours"),
        ] {
            fs::write(record.path(), text).expect("written");
            let warning = record.not_passed().expect_err("a warning");
            assert_eq!(warning.headline, format!("the record of the last run of `suite` is ignored: {why}"));
        }
        run(&record, &[("b", false)], |_| false);
        assert_eq!(kept(&record), ["b"]);
    }

    #[test]
    fn a_target_folder_is_one_that_cargo_made() {
        let folder = TempDir::new().expect("a folder");
        let cases = folder.path().join("service/cases");
        fs::create_dir_all(cases.join("target")).expect("a folder that is none of Cargo's");
        assert_eq!(target_folder(&cases), None);
        let target = folder.path().join("target");
        fs::create_dir_all(&target).expect("a folder");
        fs::write(target.join("CACHEDIR.TAG"), "Signature: 8a477f597d28d172789f06886806bc55").expect("written");
        assert_eq!(target_folder(&cases), Some(target));
    }
}
