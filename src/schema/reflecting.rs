//! A schema from server reflection, laid under local protos: which questions to ask, one after the other, and what
//! their answers come to. It asks nobody itself. Main type: [`Reflecting`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use prost_types::FileDescriptorProto;

use super::descriptor_set::SetFile;
use super::index::short_name;
use super::load::Loading;
use super::lookup::{Resolved, resolve};
use super::{Answer, Question, Schema, SchemaSources};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Span, neutralise_line};

/// What is taken of one server at most.
const MAX_FILES: usize = 10_000;
const MAX_BYTES: usize = 64 << 20;
/// How much of a server's own words is shown.
pub(super) const MAX_WORDS: usize = 300;

/// What is wanted of a server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// As calls name them: in full or not.
    pub(crate) services: BTreeSet<String>,
    /// Full names of messages and extensions that cases mention. They may be unknown.
    pub(crate) symbols: BTreeSet<String>,
}

/// What a server has sent, for the [`Catalog`].
#[derive(Debug)]
pub(super) struct Reflected {
    /// As the suite names it.
    pub(super) server: String,
    /// Where it is named.
    pub(super) span: Span,
    /// By name; the first of each.
    pub(super) files: BTreeMap<String, SetFile>,
    /// Files that it has not, and what came instead.
    pub(super) missing: BTreeMap<String, String>,
}

impl Reflected {
    /// The file that declares a message, enum or extension.
    pub(super) fn file_of(&self, symbol: &str) -> Option<&str> {
        self.files.iter().find(|(_, file)| declares(&file.descriptor, symbol)).map(|(name, _)| name.as_str())
    }
}

fn declares(file: &FileDescriptorProto, symbol: &str) -> bool {
    let below = match file.package() {
        "" => Some(symbol),
        package => symbol.strip_prefix(package).and_then(|rest| rest.strip_prefix('.')),
    };
    let Some(mut path) = below else { return false };
    let (mut messages, mut enums, mut extensions) = (&file.message_type, &file.enum_type, &file.extension);
    while let Some((parent, rest)) = path.split_once('.') {
        let Some(parent) = messages.iter().find(|message| message.name() == parent) else { return false };
        (messages, enums, extensions) = (&parent.nested_type, &parent.enum_type, &parent.extension);
        path = rest;
    }
    messages.iter().any(|message| message.name() == path)
        || enums.iter().any(|declared| declared.name() == path)
        || extensions.iter().any(|extension| extension.name() == path)
}

/// A schema that is being fetched: [`Self::next`] says what to ask, [`Self::answer`] takes what came.
#[derive(Debug)]
pub(crate) struct Reflecting {
    loading: Loading,
    reflected: Reflected,
    wanted: Wanted,
    /// What the server says it serves; `None` while it was not asked, empty if it does not say.
    listed: Option<BTreeSet<String>>,
    /// Of what is wanted, the services that only the server may know, by their full names.
    services: BTreeSet<String>,
    /// To be asked; each once.
    queue: VecDeque<Question>,
    asked: BTreeSet<String>,
    /// Of the services that were asked for by their names: why they did not come.
    refused: BTreeMap<String, String>,
    bytes: usize,
    /// Beyond all that is reasonable: nothing more is asked.
    is_too_much: bool,
}

impl Reflecting {
    /// Begins with what is there without the server, named `server` at `span`.
    pub(crate) fn new(from: &SchemaSources, wanted: Wanted, server: &str, span: Span) -> Self {
        let services: Vec<&str> = wanted.services.iter().map(String::as_str).collect();
        Self {
            loading: Loading::new(from, &services),
            reflected: Reflected { server: server.to_owned(), span, files: BTreeMap::new(), missing: BTreeMap::new() },
            wanted,
            listed: None,
            services: BTreeSet::new(),
            queue: VecDeque::new(),
            asked: BTreeSet::new(),
            refused: BTreeMap::new(),
            bytes: 0,
            is_too_much: false,
        }
    }

    /// What to ask next; `None` when there is nothing left.
    pub(crate) fn next(&mut self) -> Option<Question> {
        if self.is_too_much {
            return None;
        }
        if self.listed.is_none() {
            let local = || self.loading.declared.services();
            if self.wanted.services.iter().any(|service| resolve(service, local()) == Resolved::Unknown) {
                return Some(Question::Services);
            }
            self.begin(BTreeSet::new());
        }
        while let Some(question) = self.queue.pop_front() {
            if let Question::Symbol(name) | Question::File(name) = &question
                && self.asked.insert(name.clone())
                && !self.reflected.files.contains_key(name)
            {
                return Some(question);
            }
        }
        None
    }

    /// Now that it is known what is served: the services that are not local are asked for, then all else mentioned.
    fn begin(&mut self, listed: BTreeSet<String>) {
        let local: BTreeSet<&str> = self.loading.declared.services().collect();
        let known = || local.iter().copied().chain(listed.iter().map(String::as_str));
        let of_server = |written: &String| match resolve(written, local.iter().copied()) {
            Resolved::Unknown => match resolve(written, known()) {
                Resolved::One(full) => Some(full.to_owned()),
                // Reported where it is called.
                Resolved::Several(_) => None,
                // A server may keep its list to itself, or parts of it.
                Resolved::Unknown => Some(written.clone()),
            },
            Resolved::One(_) | Resolved::Several(_) => None,
        };
        self.services = self.wanted.services.iter().filter_map(of_server).collect();
        self.queue.extend(self.services.iter().chain(&self.wanted.symbols).cloned().map(Question::Symbol));
        self.listed = Some(listed);
    }

    /// Takes the answer to a question.
    pub(crate) fn answer(&mut self, question: &Question, answer: Answer) {
        match (question, answer) {
            (Question::Services, Answer::Services(services)) => self.begin(services.into_iter().collect()),
            (Question::Services, _) => self.begin(BTreeSet::new()),
            (Question::Symbol(name), Answer::Files(files)) => {
                self.take(files, name);
                let declares = |file: &SetFile| file.services().any(|service| service == *name);
                if self.services.contains(name) && !self.reflected.files.values().any(declares) {
                    self.refused
                        .entry(name.clone())
                        .or_insert_with(|| "it sent files that do not declare it".to_owned());
                }
            }
            (Question::File(name), Answer::Files(files)) => {
                let names = self.take(files, name);
                if !self.reflected.files.contains_key(name) && !self.reflected.missing.contains_key(name) {
                    let instead = names.first().map_or("nothing".to_owned(), |instead| format!("`{instead}`"));
                    self.missing(name, format!("it sent {instead} instead"));
                }
            }
            (Question::Symbol(name), Answer::Refused(why)) => {
                self.refused.insert(name.clone(), why);
            }
            (Question::File(name), Answer::Refused(why)) => self.missing(name, why),
            (Question::Symbol(name), Answer::Services(_)) => {
                self.refused.insert(name.clone(), "it sent a list of services instead".to_owned());
            }
            (Question::File(name), Answer::Services(_)) => {
                self.missing(name, "it sent a list of services instead".to_owned());
            }
        }
    }

    fn missing(&mut self, file: &str, why: String) {
        self.reflected.missing.insert(file.to_owned(), why);
    }

    /// Keeps files, and asks for what they import; returns their names.
    fn take(&mut self, files: Vec<Bytes>, asked: &str) -> Vec<String> {
        let mut names = Vec::new();
        for bytes in files {
            self.bytes += bytes.len();
            if self.reflected.files.len() == MAX_FILES || self.bytes > MAX_BYTES {
                self.is_too_much = true;
                break;
            }
            let file = match SetFile::decode(&bytes) {
                Ok(file) => file,
                Err(error) => {
                    let why = format!("it sent what is no file descriptor: {error}");
                    self.reflected.missing.insert(asked.to_owned(), why.clone());
                    self.refused.insert(asked.to_owned(), why);
                    continue;
                }
            };
            let name = file.descriptor.name().to_owned();
            names.push(name.clone());
            if self.reflected.files.contains_key(&name) {
                continue;
            }
            let imports = file.descriptor.dependency.iter().filter(|import| !self.loading.catalog.has(import));
            self.queue.extend(imports.cloned().map(Question::File));
            self.reflected.files.insert(name, file);
        }
        names
    }

    /// The schema, of what is local and what came. What is wrong goes to `out`, as with [`Schema::load`].
    pub(crate) fn finish(self, sources: &Sources, out: &mut Diagnostics) -> Schema {
        let Self { mut loading, reflected, wanted, listed, services, mut refused, is_too_much, .. } = self;
        let (server, span) = (&reflected.server, reflected.span);
        let asked = "it was asked for its protos";
        if is_too_much {
            let size = MAX_BYTES >> 20;
            let headline =
                format!("the server `{server}` sends too much by reflection: over {MAX_FILES} files, or {size} MiB");
            out.append(std::mem::take(&mut loading.problems));
            out.push(Diagnostic::error(headline).at(span, asked).hint(GIVE_PROTOS));
            // What is missing for that reason is not worth a word.
            return loading.link(&[], sources, &mut Diagnostics::new());
        }
        let mut listed = listed.unwrap_or_default();
        for service in services {
            // One that is not listed is unknown, as is reported where it is called.
            if let Some(why) = refused.remove(&service).filter(|_| listed.is_empty() || listed.contains(&service)) {
                let headline = format!("the server `{server}` does not say what the service `{service}` is");
                let problem = Diagnostic::error(headline).at(span, asked);
                let why = neutralise_line(&why, MAX_WORDS);
                loading.problems.push(problem.named_note("answer", why).hint(GIVE_PROTOS));
                loading.broken.insert(service.clone());
                listed.insert(service);
            }
        }
        let local: BTreeSet<String> =
            loading.declared.services().map(|service| short_name(service).to_owned()).collect();
        // A short name that the files know means what they say.
        let is_shown = |service: &String| !is_infrastructure(service) && !local.contains(short_name(service));
        loading.known.extend(listed.into_iter().filter(is_shown));
        loading.symbols = wanted.symbols;
        loading.catalog.reflected = Some(reflected);
        loading.declared.add_reflected(&loading.catalog);
        let services: Vec<&str> = wanted.services.iter().map(String::as_str).collect();
        loading.link(&services, sources, out)
    }
}

/// How to do without reflection.
pub(crate) const GIVE_PROTOS: &str = "give the protos themselves: `protos: { import_paths: [...] }` or `descriptor_sets: [...]`; they go before reflection";

/// Services that nobody tests, of which every list has some.
fn is_infrastructure(service: &str) -> bool {
    service.starts_with("grpc.reflection.")
}

#[cfg(test)]
mod tests;
