//! Which files there are: from the paths given to case files, each under the `grpc-spec.yaml` it belongs to.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::io;
use std::path::{Component, Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::diagnostic::{Diagnostic, Diagnostics, did_you_mean};

/// Names of a suite file; the first is the one to use.
const SUITE_FILES: [&str; 2] = ["grpc-spec.yaml", "grpc-spec.yml"];

/// A file or folder: as the user would name it, and as the system knows it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) shown: PathBuf,
    pub(super) canonical: PathBuf,
}

/// A suite, not read yet.
#[derive(Debug)]
pub(super) struct FoundSuite {
    /// `None` for a case file that stands by itself: then it is the only one.
    pub(super) file: Option<Place>,
    /// Ids are paths below it.
    pub(super) folder: Place,
    /// By id.
    pub(super) cases: BTreeMap<String, FoundFile>,
    /// Whether these are all its files.
    pub(super) whole: bool,
}

/// A case file, not read yet.
#[derive(Debug)]
pub(super) struct FoundFile {
    pub(super) place: Place,
    /// Named by the user: it is a case file, whoever else names it.
    pub(super) given: bool,
}

/// The suites of the case files at and below `paths`.
pub(super) fn discover(paths: &[PathBuf], out: &mut Diagnostics) -> Vec<FoundSuite> {
    let mut search = Search { suites: BTreeMap::new(), nearest: HashMap::new(), out };
    for path in paths {
        search.path(path);
    }
    search.finish()
}

/// As [`discover`] of `root`, but the one file that `id` names (a case's, or the file's own) and its suite; `None` where
/// that is not plain to see.
pub(super) fn discover_id(root: &Path, id: &str, out: &mut Diagnostics) -> Option<Vec<FoundSuite>> {
    let file = id.split("::").next().filter(|file| is_yaml(Path::new(file)) && !is_suite_file(Path::new(file)))?;
    let below = Path::new(file);
    let plain = below.components().all(|part| matches!(part, Component::Normal(name) if !is_hidden(name)));
    let root = Place::of(root).ok().filter(|root| plain && root.canonical.is_dir())?;
    let mut search = Search { suites: BTreeMap::new(), nearest: HashMap::new(), out };
    let suite = search.nearest(&root.canonical);
    let folder = suite.as_deref().and_then(Path::parent).unwrap_or(&root.canonical);
    let canonical = folder.join(below);
    let rest = canonical.strip_prefix(&root.canonical).ok()?;
    let place = root.join(rest);
    if !place.canonical.is_file() || search.nearest(place.canonical.parent()?) != suite {
        return None;
    }
    search.case_file(place, &root, true);
    Some(search.finish())
}

impl Place {
    fn of(shown: &Path) -> io::Result<Self> {
        Ok(Self { shown: shown.to_owned(), canonical: shown.canonicalize()? })
    }

    fn join(&self, below: &Path) -> Self {
        if below.as_os_str().is_empty() {
            return self.clone();
        }
        let shown = if self.shown == Path::new(".") { below.to_owned() } else { self.shown.join(below) };
        Self { shown, canonical: self.canonical.join(below) }
    }

    /// The folder of a file.
    pub(super) fn folder(&self) -> Self {
        let parent = |path: &Path| match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        Self { shown: parent(&self.shown), canonical: parent(&self.canonical) }
    }
}

struct Search<'a> {
    /// By the suite's folder; by its own path for a case file without a suite.
    suites: BTreeMap<PathBuf, FoundSuite>,
    /// Folders, and the suite file at or above each.
    nearest: HashMap<PathBuf, Option<PathBuf>>,
    out: &'a mut Diagnostics,
}

impl Search<'_> {
    fn finish(self) -> Vec<FoundSuite> {
        self.suites.into_values().collect()
    }

    fn path(&mut self, path: &Path) {
        let place = match Place::of(path) {
            Ok(place) => place,
            Err(error) => return self.out.push(unreachable(path, &error)),
        };
        let shown = path.display();
        if place.canonical.is_dir() {
            self.folder(&place);
        } else if !place.canonical.is_file() {
            self.out.push(neither(path).hint("name a case file, or a folder of them"));
        } else if is_suite_file(path) {
            let folder = place.folder();
            let suite = Diagnostic::error(format!("`{shown}` holds no cases: it is a suite file"));
            self.out.push(suite.hint(format!("name its folder: `{}`", folder.shown.display())));
        } else if is_yaml(path) {
            let folder = place.folder();
            self.case_file(place, &folder, true);
        } else {
            let other = Diagnostic::error(format!("`{shown}` is not a case file"));
            self.out.push(other.hint("case files end in `.yaml` or `.yml`"));
        }
    }

    /// Every case file below; hidden files and folders are not looked at, nor are links to folders.
    fn folder(&mut self, root: &Place) {
        let visible = |entry: &DirEntry| entry.depth() == 0 || !is_hidden(entry.file_name());
        for entry in WalkDir::new(&root.canonical).sort_by_file_name().into_iter().filter_entry(visible) {
            let path = match &entry {
                Ok(entry) => entry.path(),
                Err(error) => {
                    self.out.push(unwalkable(root, error));
                    continue;
                }
            };
            if !is_yaml(path) || path.is_dir() {
                continue;
            }
            let Ok(below) = path.strip_prefix(&root.canonical) else { continue };
            let place = root.join(below);
            if path.metadata().is_ok_and(|there| !there.is_file()) {
                // To read a pipe is to wait for whoever writes to it.
                self.out.push(neither(&place.shown).hint("move it out of the folder of cases, or name it otherwise"));
                continue;
            }
            if is_suite_file(path) {
                // Known even without case files, so that it is checked.
                if self.nearest(place.folder().canonical.as_path()).as_deref() == Some(path) {
                    self.suite(path, root);
                }
            } else {
                self.case_file(place, root, false);
            }
        }
        for (folder, suite) in &mut self.suites {
            suite.whole |= folder.starts_with(&root.canonical);
        }
    }

    /// A case file found at or below `root`.
    fn case_file(&mut self, place: Place, root: &Place, given: bool) {
        let suite = self.nearest(&place.folder().canonical);
        let folder = suite.as_deref().and_then(Path::parent).unwrap_or(&root.canonical);
        let Some(id) = place.canonical.strip_prefix(folder).ok().and_then(file_id) else {
            let headline = format!("`{}` cannot be the name of a case file", place.shown.display());
            let hint =
                "rename it: its path is the start of ids, which are UTF-8, one line, and have `::` before the name";
            return self.out.push(Diagnostic::error(headline).hint(hint));
        };
        let found = match suite {
            Some(suite) => self.suite(&suite, root),
            None => self.suites.entry(place.canonical.clone()).or_insert_with(|| FoundSuite {
                file: None,
                folder: root.clone(),
                cases: BTreeMap::new(),
                whole: true,
            }),
        };
        found.cases.entry(id).or_insert(FoundFile { place, given: false }).given |= given;
    }

    /// The suite of a suite file, shown as seen from `root`.
    fn suite(&mut self, file: &Path, root: &Place) -> &mut FoundSuite {
        let folder = file.parent().unwrap_or(file);
        self.suites.entry(folder.to_owned()).or_insert_with(|| {
            let file = show(file, root);
            FoundSuite { folder: file.folder(), file: Some(file), cases: BTreeMap::new(), whole: false }
        })
    }

    /// The suite file at or above a folder.
    fn nearest(&mut self, folder: &Path) -> Option<PathBuf> {
        if let Some(known) = self.nearest.get(folder) {
            return known.clone();
        }
        let here: Vec<PathBuf> =
            SUITE_FILES.map(|name| folder.join(name)).into_iter().filter(|file| file.is_file()).collect();
        if let [yaml, yml] = here.as_slice() {
            let both = Diagnostic::error(format!("both `{}` and `{}`", yaml.display(), yml.display()));
            self.out.push(both.hint("a folder has one suite file: keep `grpc-spec.yaml`"));
        }
        let nearest = match here.into_iter().next() {
            Some(here) => Some(here),
            None => folder.parent().and_then(|parent| self.nearest(parent)),
        };
        self.nearest.insert(folder.to_owned(), nearest.clone());
        nearest
    }
}

/// A path at, below or above `root`, as the user would name it.
fn show(path: &Path, root: &Place) -> Place {
    if let Ok(below) = path.strip_prefix(&root.canonical) {
        return root.join(below);
    }
    let current = std::env::current_dir().and_then(|folder| folder.canonicalize());
    let shown = match current.as_deref().map(|folder| path.strip_prefix(folder)) {
        Ok(Ok(below)) => below,
        _ => path,
    };
    Place { shown: shown.to_owned(), canonical: path.to_owned() }
}

/// The id of a case file: its path below the suite's folder, with `/`.
fn file_id(below: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = below.iter().map(OsStr::to_str).collect();
    let id = parts?.join("/");
    (!id.contains("::") && !id.contains(char::is_control)).then_some(id)
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn is_suite_file(path: &Path) -> bool {
    path.file_name().is_some_and(|name| SUITE_FILES.iter().any(|suite| name == *suite))
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn neither(path: &Path) -> Diagnostic {
    Diagnostic::error(format!("`{}` is neither a file nor a folder", path.display()))
}

fn unreachable(path: &Path, error: &io::Error) -> Diagnostic {
    let shown = path.display();
    if error.kind() != io::ErrorKind::NotFound {
        return Diagnostic::error(format!("cannot read `{shown}`: {error}"))
            .hint("name a case file or folder you may read");
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let beside: Vec<String> = beside.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let missing = Diagnostic::error(format!("`{shown}` does not exist"));
    match did_you_mean(name, beside.iter().map(String::as_str)) {
        Some(meant) => missing.hint(meant),
        None => missing.hint("name a case file, or a folder of them"),
    }
}

fn unwalkable(root: &Place, error: &walkdir::Error) -> Diagnostic {
    let path = error.path().map_or_else(|| root.shown.clone(), |path| show(path, root).shown);
    let problem = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
    let headline = format!("cannot look into `{}`: {problem}", path.display());
    Diagnostic::error(headline).hint("make it readable, or name the case files one by one")
}
