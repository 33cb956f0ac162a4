//! Reading what was found: files → trees → frames → [`Suite`]s, with everything that is wrong with every file.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::config::{check_server, override_addresses, read_vars};
use super::discover::{FoundSuite, Place, discover, discover_id};
use super::frame::{FileFrame, SuiteFrame};
use super::hide::{hide, hide_rows, secrets_in_lines};
use super::read::read_source;
use super::resolve::{Resolver, address_servers};
use super::rows::RowFiles;
use super::secret::unknown_secrets;
use super::{Config, LoadFailure, LoadedFile, Overrides, Secret, Suite};
use crate::diagnostic::{Diagnostic, Diagnostics, FileId, Sources, Spanned};
use crate::yaml::{self, Node, NodeKind, decode};

/// What was loaded.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// Sorted by path. A case file without a `grpc-spec.yaml` is a suite of its own.
    pub(crate) suites: Vec<Suite>,
    /// What is wrong with the paths and overrides given (errors: nothing is to be run), and warnings about valid files.
    /// What is wrong with a file is in its [`LoadFailure`].
    pub(crate) diagnostics: Diagnostics,
}

/// Loads the case files at and below `paths`.
pub(crate) fn load(paths: &[PathBuf], overrides: &Overrides, sources: &Sources) -> Loaded {
    let mut diagnostics = Diagnostics::new();
    let found = discover(paths, &mut diagnostics);
    load_found(found, overrides, sources, diagnostics)
}

/// As [`load`] of `root`, but only the file of the case `id`, where that can be told from the id.
pub(crate) fn load_for_id(root: &Path, id: &str, overrides: &Overrides, sources: &Sources) -> Loaded {
    let mut diagnostics = Diagnostics::new();
    if let Some(found) = discover_id(root, id, &mut diagnostics) {
        let loaded = load_found(found, overrides, sources, diagnostics);
        // An override that this suite does not know may be meant for another.
        if loaded.suites.iter().any(|suite| suite.has(id)) && !loaded.diagnostics.has_errors() {
            return loaded;
        }
    }
    load(&[root.to_owned()], overrides, sources)
}

impl Loaded {
    /// Cases of the files that load.
    pub(crate) fn case_count(&self) -> usize {
        let files = self.suites.iter().flat_map(|suite| &suite.files);
        files.map(|file| if let LoadedFile::Valid(file) = file { file.cases.len() } else { 0 }).sum()
    }

    /// Everything that is wrong, in the order of the files.
    pub(crate) fn all_diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        let failures = self.suites.iter().flat_map(|suite| &suite.files).filter_map(|file| match file {
            LoadedFile::Valid(_) => None,
            LoadedFile::Invalid(failure) => Some(&failure.diagnostics),
        });
        self.diagnostics.iter().chain(failures.flat_map(Diagnostics::iter))
    }
}

/// A file that was read.
struct Document {
    /// Of the file in listings and reports.
    id: String,
    /// Below the suite's folder.
    id_in_suite: String,
    place: Place,
    given: bool,
    source: Option<FileId>,
    node: Option<Node>,
    diagnostics: Diagnostics,
}

/// A suite whose files were read.
struct ReadSuite {
    folder: Place,
    file: Option<Document>,
    cases: Vec<Document>,
    /// Whether these are all its files.
    whole: bool,
}

fn load_found(found: Vec<FoundSuite>, overrides: &Overrides, sources: &Sources, diagnostics: Diagnostics) -> Loaded {
    let mut read: Vec<ReadSuite> = found.into_iter().map(|suite| ReadSuite::new(suite, sources)).collect();
    leave_out_named(&mut read);
    tell_apart(&mut read);
    let mut loader = Loader {
        overrides,
        sources,
        rows: &RowFiles::new(sources),
        overriding_vars: Vec::new(),
        all_servers_known: true,
        diagnostics,
    };
    loader.overriding_vars = read_vars(overrides, sources, &mut loader.diagnostics);
    let suites: Vec<Suite> = read.into_iter().filter_map(|suite| loader.suite(suite)).collect();
    if loader.all_servers_known && !suites.is_empty() {
        let configs = suites.iter().map(|suite| &*suite.config);
        Config::check_overrides(configs, overrides, &mut loader.diagnostics);
    }
    Loaded { suites, diagnostics: loader.diagnostics }
}

impl ReadSuite {
    fn new(found: FoundSuite, sources: &Sources) -> Self {
        let suite_file = |place: Place| {
            let id = place.shown.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Document::read(id, place, true, sources)
        };
        let cases = found.cases.into_iter().map(|(id, file)| Document::read(id, file.place, file.given, sources));
        Self { folder: found.folder, file: found.file.map(suite_file), cases: cases.collect(), whole: found.whole }
    }
}

impl ReadSuite {
    fn documents(&self) -> impl Iterator<Item = &Document> {
        self.file.iter().chain(&self.cases)
    }
}

impl Document {
    fn read(id: String, place: Place, given: bool, sources: &Sources) -> Self {
        let mut diagnostics = Diagnostics::new();
        let source = read_source(&place.shown, sources, &mut diagnostics);
        let node = source.and_then(|source| yaml::parse(source, sources.get(source).text(), &mut diagnostics));
        Self { id_in_suite: id.clone(), id, place, given, source, node, diagnostics }
    }

    fn as_read(&self) -> (Option<FileId>, Option<&Node>) {
        (self.source, self.node.as_ref())
    }
}

/// Files of several suites with one id are called by their paths, so that what is listed and reported is plain.
fn tell_apart(suites: &mut [ReadSuite]) {
    loop {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for document in suites.iter().flat_map(ReadSuite::documents) {
            *counts.entry(document.id.clone()).or_default() += 1;
        }
        let mut changed = false;
        for document in suites.iter_mut().flat_map(|suite| suite.file.iter_mut().chain(&mut suite.cases)) {
            let path = document.place.shown.to_string_lossy();
            if counts.get(&document.id).is_some_and(|count| *count > 1) && document.id != path {
                document.id = path.into_owned();
                changed = true;
            }
        }
        // a path may be what a third file is called already
        if !changed {
            break;
        }
    }
}

/// Leaves out the files that another names by `$file`, or as rows: they are data, not cases.
fn leave_out_named(suites: &mut [ReadSuite]) {
    let mut named = HashSet::new();
    for document in suites.iter().flat_map(ReadSuite::documents) {
        if let Some(node) = &document.node {
            collect_named(node, &document.place, &mut named);
            let cases = node.get("cases").and_then(Node::as_sequence).unwrap_or_default();
            for path in cases.iter().filter_map(|case| case.get("rows")?.get("file")) {
                add_named(path, &document.place, &mut named);
            }
        }
    }
    if named.is_empty() {
        return;
    }
    let is_named = |place: &Place| place.canonical.canonicalize().is_ok_and(|path| named.contains(&path));
    for suite in suites {
        suite.cases.retain(|document| document.given || !is_named(&document.place));
    }
}

fn collect_named(node: &Node, holder: &Place, named: &mut HashSet<PathBuf>) {
    match &node.kind {
        NodeKind::Scalar(_) => {}
        NodeKind::Sequence(items) => items.iter().for_each(|item| collect_named(item, holder, named)),
        NodeKind::Mapping(entries) => {
            for entry in entries.iter() {
                collect_named(&entry.value, holder, named);
                if &*entry.key.value == "$file" {
                    add_named(&entry.value, holder, named);
                }
            }
        }
    }
}

fn add_named(path: &Node, holder: &Place, named: &mut HashSet<PathBuf>) {
    if let Some(path) = path.as_scalar()
        && let Ok(path) = holder.folder().shown.join(&*path.text).canonicalize()
        && path != holder.canonical
    {
        named.insert(path);
    }
}

/// From trees to suites.
struct Loader<'a> {
    overrides: &'a Overrides,
    sources: &'a Sources,
    rows: &'a RowFiles<'a>,
    overriding_vars: Vec<(Spanned<Arc<str>>, Node)>,
    /// Whether all servers of the suites so far could be read.
    all_servers_known: bool,
    /// What is wrong, but with no file; and warnings.
    diagnostics: Diagnostics,
}

impl Loader<'_> {
    /// Hides what these files say and nobody may see.
    fn hide<'a>(
        &mut self,
        secrets: &[Spanned<Secret>],
        files: impl Iterator<Item = (Option<FileId>, Option<&'a Node>)>,
    ) {
        let files = files.filter_map(|(file, node)| Some((file?, node)));
        hide(secrets, &self.overriding_vars, files, self.sources, &mut self.diagnostics);
    }

    fn suite(&mut self, mut read: ReadSuite) -> Option<Suite> {
        match read.file {
            Some(file) => Some(self.with_suite_file(&read.folder, read.whole, file, read.cases)),
            None => read.cases.pop().map(|only| self.alone(&read.folder, only)),
        }
    }

    fn with_suite_file(&mut self, folder: &Place, whole: bool, file: Document, cases: Vec<Document>) -> Suite {
        let Document { id, place, source, node, diagnostics: mut out, .. } = file;
        let mut config = Config { source, folder: folder.shown.clone(), ..Config::default() };
        let mut servers_known = false;
        let mut variables: Vec<Arc<str>> = Vec::new();
        if let Some(node) = &node {
            let frame = SuiteFrame::read(node, &folder.shown, &mut out);
            servers_known = ["servers", "profiles"].iter().all(|key| !is_damaged(node, key, &out))
                && self.overrides.profile.as_ref().is_none_or(|name| frame.has_profile(name));
            variables = frame.variables().cloned().collect();
            let around;
            (config, around) = Config::new(frame, source, self.overrides, self.sources, &mut self.diagnostics);
            config.overriding_vars.clone_from(&self.overriding_vars);
            if servers_known && let Some(named) = &config.inherited.server {
                check_server(named, &config.servers, true, &mut out);
            }
            let resolver = Resolver::new(&config, self.rows, servers_known, !out.has_errors());
            (config.setup, config.teardown) = resolver.suite(around, &mut out);
        }
        if let (Some(source), None) = (source, &node) {
            config.secrets = secrets_in_lines(source, self.sources);
        }
        let read = std::iter::once((source, node.as_ref())).chain(cases.iter().map(Document::as_read));
        self.hide(&config.secrets, read);
        self.all_servers_known &= servers_known;
        let mut files = Vec::new();
        let blocked_by = out.has_errors().then(|| place.shown.clone());
        if blocked_by.is_some() {
            files.push(LoadedFile::Invalid(LoadFailure {
                id,
                path: place.shown,
                diagnostics: out,
                blocked: false,
                rest: None,
            }));
        } else {
            self.diagnostics.append(out);
        }
        for mut document in cases {
            let frame = document.node.as_ref().map(|node| {
                refuse_suite_keys(node, &folder.shown, &mut document.diagnostics);
                FileFrame::read(node, &document.place.folder().shown, &mut document.diagnostics)
            });
            files.push(self.case_file(document, frame, &config, servers_known, blocked_by.as_deref()));
        }
        let suite = Suite { config: Arc::new(config), whole, files };
        if whole {
            self.diagnostics.extend(unknown_secrets(&suite, &variables));
        }
        suite
    }

    /// A case file that stands by its own keys.
    fn alone(&mut self, folder: &Place, mut document: Document) -> Suite {
        self.hide(&[], std::iter::once(document.as_read()));
        let out = &mut document.diagnostics;
        let frame = document.node.as_ref().map(|node| FileFrame::read(node, &document.place.folder().shown, out));
        let servers_known = document.node.as_ref().is_some_and(|node| !is_damaged(node, "servers", out));
        self.all_servers_known &= servers_known;
        let mut suite = SuiteFrame { folder: document.place.folder().shown, ..SuiteFrame::default() };
        if let Some(frame) = &frame {
            suite.protos = frame.protos.clone();
            suite.servers.clone_from(&frame.servers);
        }
        let (mut config, _) = Config::new(suite, None, self.overrides, self.sources, &mut self.diagnostics);
        config.folder.clone_from(&folder.shown);
        config.overriding_vars.clone_from(&self.overriding_vars);
        if let Some(frame) = &frame {
            let mut named = address_servers(frame, &config.servers, &mut document.diagnostics);
            override_addresses(&mut named, self.overrides);
            config.servers.extend(named);
        }
        let file = self.case_file(document, frame, &config, servers_known, None);
        Suite { config: Arc::new(config), whole: true, files: vec![file] }
    }

    fn case_file(
        &mut self,
        document: Document,
        frame: Option<FileFrame>,
        config: &Config,
        servers_known: bool,
        blocked_by: Option<&Path>,
    ) -> LoadedFile {
        let Document { id, id_in_suite, place, diagnostics: mut out, .. } = document;
        let path = place.shown;
        let file = frame.map(|frame| {
            let resolver = Resolver::new(config, self.rows, servers_known, blocked_by.is_none());
            Arc::new(resolver.file(&id, id_in_suite, path.clone(), frame, &mut out))
        });
        if let Some(file) = &file {
            hide_rows(&config.secrets, file, self.sources);
        }
        match (file, blocked_by) {
            (Some(file), None) if !out.has_errors() => {
                self.diagnostics.append(out);
                LoadedFile::Valid(file)
            }
            (rest, None) => LoadedFile::Invalid(LoadFailure { id, path, diagnostics: out, blocked: false, rest }),
            (file, Some(suite)) => {
                let blocked = file.is_some() && !out.has_errors();
                if blocked {
                    out.push(not_loaded(&path, suite));
                }
                LoadedFile::Invalid(LoadFailure { id, path, diagnostics: out, blocked, rest: None })
            }
        }
    }
}

/// Whether something is wrong in what stands under a key of a file, if it is there.
fn is_damaged(node: &Node, key: &str, out: &Diagnostics) -> bool {
    node.get(key).is_some_and(|node| decode::damaged(node, out))
}

/// Protos and servers are the suite's, where there is one.
fn refuse_suite_keys(node: &Node, suite: &Path, out: &mut Diagnostics) {
    let suite = suite.join("grpc-spec.yaml");
    for key in ["protos", "servers"] {
        if let Some(place) = decode::key_span(node, key) {
            let headline = format!("`{key}` in a file that belongs to a suite");
            let label = "the suite says this for all its files";
            out.push(Diagnostic::error(headline).at(place, label).hint(format!("move it to `{}`", suite.display())));
        }
    }
}

fn not_loaded(path: &Path, suite: &Path) -> Diagnostic {
    let headline = format!("`{}` is not run: its suite is invalid", path.display());
    Diagnostic::error(headline).hint(format!("mend `{}` first", suite.display()))
}
