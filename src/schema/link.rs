//! Files into the pool, each after its imports: the one place where descriptors are inserted.

use std::collections::HashMap;

use prost_reflect::{DescriptorError, DescriptorPool};
use prost_types::FileDescriptorProto;

use super::catalog::{Catalog, Edition, Open, Opened, Origin, Source};
use super::editions::FileFeatures;
use super::imports::drop_imports;
use super::problem::{self, with_backticks};
use super::reflecting::{GIVE_PROTOS, MAX_WORDS};
use super::scan::scan;
use super::{editions, guard};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Span, did_you_mean, neutralise_line};

/// Links files to their imports.
pub(super) struct Linker<'a> {
    catalog: &'a Catalog,
    sources: &'a Sources,
    pool: DescriptorPool,
    states: HashMap<String, State>,
    dropped: Vec<Dropped>,
}

/// An import that is nowhere, and that nothing needs.
#[derive(Debug)]
pub(super) struct Dropped {
    /// Where the file is from.
    pub(super) origin: DroppedBy,
    pub(super) file: String,
    pub(super) import: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DroppedBy {
    Set(usize),
    Server,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Its imports are being linked.
    Open,
    Linked,
    /// Why was reported.
    Failed,
}

/// A file whose imports are being linked.
struct Pending {
    file: Box<Opened>,
    /// How many of its imports have been looked at.
    seen: usize,
    /// Whether all of them are linked.
    sound: bool,
    /// Imports that are nowhere, by their place in the list: tolerated, if nothing of them is used.
    missing: Vec<usize>,
}

impl<'a> Linker<'a> {
    pub(super) fn new(catalog: &'a Catalog, sources: &'a Sources) -> Self {
        Self { catalog, sources, pool: DescriptorPool::new(), states: HashMap::new(), dropped: Vec::new() }
    }

    /// Whether what is linked so far declares a message, enum or extension.
    pub(super) fn declares(&self, name: &str) -> bool {
        self.pool.get_message_by_name(name).is_some()
            || self.pool.get_enum_by_name(name).is_some()
            || self.pool.get_extension_by_name(name).is_some()
    }

    pub(super) fn finish(self) -> (DescriptorPool, Vec<Dropped>) {
        (self.pool, self.dropped)
    }

    /// Whether a file failed, which was reported then.
    pub(super) fn has_failed(&self, name: &str) -> bool {
        self.states.get(name) == Some(&State::Failed)
    }

    /// Links a file and all it imports; `false` if it cannot be. What is wrong with it goes to `out`, once, however
    /// often the file is asked for.
    pub(super) fn add(&mut self, name: &str, out: &mut Diagnostics) -> bool {
        // a walk in depth with a stack of its own: chains of imports may be long
        let mut stack = Vec::new();
        if self.enter(name, &mut stack, out).is_none() {
            out.push(Diagnostic::error(format!("there is no proto file `{name}`")));
        }
        while let Some(top) = stack.last_mut() {
            if let Some(import) = top.file.descriptor.dependency.get(top.seen).cloned() {
                top.seen += 1;
                self.import(&import, &mut stack, out);
            } else if let Some(pending) = stack.pop() {
                let linked = self.link(*pending.file, pending.sound, &pending.missing, out);
                if let Some(importer) = stack.last_mut() {
                    importer.sound &= linked;
                }
            }
        }
        self.states.get(name) == Some(&State::Linked)
    }

    /// An import of the file on top of the stack: linked already, or put on top of it, or wrong.
    fn import(&mut self, import: &str, stack: &mut Vec<Pending>, out: &mut Diagnostics) {
        if self.states.get(import) == Some(&State::Open) {
            out.push(self.circle(stack, import));
            if let Some(importer) = stack.last_mut() {
                importer.sound = false;
            }
            return;
        }
        let at = stack.len() - 1;
        let state = self.enter(import, stack, out);
        let importer = &mut stack[at];
        match (state, &importer.file.origin) {
            (Some(State::Open | State::Linked), _) => {}
            (None, Origin::Set(_) | Origin::Reflected) => importer.missing.push(importer.seen - 1),
            (None, Origin::Source(source)) => {
                out.push(self.import_not_found(import, source));
                importer.sound = false;
            }
            (Some(State::Failed), _) | (None, Origin::Bundled) => importer.sound = false,
        }
    }

    /// Opens a file and puts it on the stack; its state, or `None` if it is nowhere.
    fn enter(&mut self, name: &str, stack: &mut Vec<Pending>, out: &mut Diagnostics) -> Option<State> {
        if let Some(state) = self.states.get(name) {
            return Some(*state);
        }
        let state = match self.catalog.open(name, self.sources, out) {
            Open::Found(file) => {
                stack.push(Pending { file, seen: 0, sound: true, missing: Vec::new() });
                State::Open
            }
            Open::Broken => State::Failed,
            Open::Missing => return None,
        };
        self.states.insert(name.to_owned(), state);
        Some(state)
    }

    /// Puts a file into the pool, if its imports are linked (`sound`) but for those `missing`.
    fn link(&mut self, file: Opened, sound: bool, missing: &[usize], out: &mut Diagnostics) -> bool {
        let Opened { mut descriptor, features, origin } = file;
        let name = descriptor.name().to_owned();
        let missing: Vec<String> = missing.iter().map(|at| descriptor.dependency[*at].clone()).collect();
        drop_imports(&mut descriptor, |import| missing.iter().any(|missing| missing == import));
        // places are needed for errors only, and cost more than the descriptor itself
        descriptor.source_code_info = None;
        let linked = sound
            && self.lower(&mut descriptor, features.as_ref(), &origin, out)
            && self.insert(descriptor, &origin, &missing, out);
        let dropped_by = match origin {
            Origin::Set(set) => Some(DroppedBy::Set(set)),
            Origin::Reflected => Some(DroppedBy::Server),
            Origin::Source(_) | Origin::Bundled => None,
        };
        if let (true, Some(origin)) = (linked, dropped_by) {
            self.dropped.extend(missing.into_iter().map(|import| Dropped { origin, file: name.clone(), import }));
        }
        self.states.insert(name, if linked { State::Linked } else { State::Failed });
        linked
    }

    /// Makes a file of an edition one that the pool understands.
    fn lower(
        &self,
        descriptor: &mut FileDescriptorProto,
        features: Option<&FileFeatures>,
        origin: &Origin,
        out: &mut Diagnostics,
    ) -> bool {
        let Some(features) = features else { return true };
        match editions::lower(descriptor, features, &self.pool) {
            Ok(()) => true,
            Err(reason) => {
                out.push(self.refused(descriptor.name(), origin, &reason));
                false
            }
        }
    }

    /// Puts a descriptor into the pool, unless it would panic there.
    fn insert(
        &mut self,
        descriptor: FileDescriptorProto,
        origin: &Origin,
        missing: &[String],
        out: &mut Diagnostics,
    ) -> bool {
        let name = descriptor.name().to_owned();
        if let Some(reason) = guard::refuse(&descriptor) {
            out.push(self.refused(&name, origin, &reason));
            return false;
        }
        match self.pool.add_file_descriptor_proto(descriptor) {
            Ok(()) => true,
            Err(error) => {
                self.report(&name, origin, missing, &error, out);
                false
            }
        }
    }

    /// A file that cannot be taken; `reason` is the rest of a sentence that begins with its name.
    fn refused(&self, name: &str, origin: &Origin, reason: &str) -> Diagnostic {
        match origin {
            Origin::Set(at) => {
                let set = &self.catalog.sets[*at];
                Diagnostic::error(format!("`{name}` of `{}` {reason}", set.path.display()))
                    .at(set.span, "this descriptor set holds it")
            }
            Origin::Source(source) => {
                let problem = Diagnostic::error(format!("`{name}` {reason}"));
                match &source.edition {
                    Some(Edition { header, .. }) => {
                        let place = Span::new(source.add_to(self.sources), header.start, header.end);
                        problem.at(place, "editions are understood as far as proto2 or proto3 can say the same")
                    }
                    None => problem,
                }
            }
            Origin::Reflected => self.of_server(format!("`{name}`{} {reason}", self.server())).hint(GIVE_PROTOS),
            Origin::Bundled => Diagnostic::error(format!("`{name}` {reason}")),
        }
    }

    /// Something wrong with what the server sent.
    fn of_server(&self, headline: String) -> Diagnostic {
        let problem = Diagnostic::error(headline);
        match &self.catalog.reflected {
            Some(reflected) => problem.at(reflected.span, "its protos come from its reflection"),
            None => problem,
        }
    }

    /// ` of the server "x"`
    fn server(&self) -> String {
        self.catalog.reflected.as_ref().map_or(String::new(), |from| format!(" of the server `{}`", from.server))
    }

    /// A file of the server that uses what it imports and cannot have.
    fn lacks(&self, name: &str, import: &str, wrong: String) -> Diagnostic {
        let from = self.catalog.reflected.as_ref();
        let why = from.and_then(|reflected| reflected.missing.get(import));
        let headline = format!("`{name}`{} needs `{import}`, which the server does not give", self.server());
        let problem = self.of_server(headline).note(wrong);
        let problem = match why {
            Some(why) => problem.named_note("answer", neutralise_line(why, MAX_WORDS)),
            None => problem,
        };
        problem.hint(GIVE_PROTOS)
    }

    /// Reports why the pool refused a file.
    fn report(
        &mut self,
        name: &str,
        origin: &Origin,
        missing: &[String],
        error: &DescriptorError,
        out: &mut Diagnostics,
    ) {
        match origin {
            Origin::Source(source) => {
                // once more, with the places of everything
                match self.insert_with_places(name, source) {
                    Some(Err(error)) => {
                        let error = error.with_source_code(source.parsed());
                        out.extend(problem::convert(&error, source, self.sources));
                    }
                    _ => out.push(Diagnostic::error(with_backticks(&error.to_string())).note(format!("in `{name}`"))),
                }
            }
            Origin::Set(at) => {
                let set = &self.catalog.sets[*at];
                let wrong = with_backticks(&error.to_string());
                let problem = match missing {
                    [] => Diagnostic::error(format!("`{name}` of `{}` is broken: {wrong}", set.path.display()))
                        .at(set.span, "this descriptor set holds it"),
                    [import, ..] => Diagnostic::error(format!("`{name}` needs `{import}`, which is nowhere"))
                        .at(set.span, "this descriptor set does not hold it")
                        .note(wrong)
                        .hint("make the set with its imports: `protoc --include_imports`, or `buf build`"),
                };
                out.push(problem);
            }
            Origin::Reflected => {
                let wrong = with_backticks(&error.to_string());
                out.push(match missing {
                    [] => self.of_server(format!("`{name}`{} is broken: {wrong}", self.server())).hint(GIVE_PROTOS),
                    [import, ..] => self.lacks(name, import, wrong),
                });
            }
            Origin::Bundled => out.push(
                Diagnostic::error(format!(
                    "`{name}` does not fit the other protos: {}",
                    with_backticks(&error.to_string())
                ))
                .hint("something else declares the same names; import it under this name"),
            ),
        }
    }

    fn insert_with_places(&mut self, name: &str, source: &Source) -> Option<Result<(), DescriptorError>> {
        let (mut descriptor, features) = source.parse(name, &mut Vec::new()).ok()?;
        if let Some(features) = features {
            editions::lower(&mut descriptor, &features, &self.pool).ok()?;
        }
        Some(self.pool.add_file_descriptor_proto(descriptor))
    }

    fn import_not_found(&self, import: &str, source: &Source) -> Diagnostic {
        let problem = Diagnostic::error(format!("there is no `{import}`"))
            .at(place_of_import(import, source, self.sources), "imported here, and in no import path");
        let suffix = format!("/{import}");
        let below = self.catalog.index.files().iter().find_map(|file| {
            file.name.ends_with(&suffix).then(|| {
                let levels = import.split('/').count();
                (file, file.path.ancestors().nth(levels).unwrap_or(&file.path))
            })
        });
        let near = did_you_mean(import, self.catalog.index.files().iter().map(|file| &*file.name));
        match (below, near) {
            (Some((file, root)), _) => problem
                .note(format!("`{}` is there", file.path.display()))
                .hint(format!("add `{}` to `import_paths`", root.display())),
            (None, Some(near)) => problem.hint(near),
            (None, None) => problem.hint("add the folder from which it is imported to `import_paths`"),
        }
    }

    /// A file that imports itself, by way of others.
    fn circle(&self, stack: &[Pending], import: &str) -> Diagnostic {
        const SHOWN: usize = 8;
        let names = stack.iter().map(|pending| pending.file.descriptor.name());
        let mut circle: Vec<String> =
            names.skip_while(|name| *name != import).map(|name| format!("`{name}`")).collect();
        circle.push(format!("`{import}`"));
        if circle.len() > SHOWN {
            circle.splice(SHOWN / 2..circle.len() - SHOWN / 2, ["…".to_owned()]);
        }
        let problem = Diagnostic::error(format!("imports go in a circle: {}", circle.join(" → ")));
        match stack.last().map(|pending| &pending.file.origin) {
            Some(Origin::Source(source)) => {
                problem.at(place_of_import(import, source, self.sources), "this import closes the circle")
            }
            Some(Origin::Set(at)) => problem.at(self.catalog.sets[*at].span, "in this descriptor set"),
            Some(Origin::Reflected) => match &self.catalog.reflected {
                Some(from) => problem.at(from.span, "in the protos of this server").hint(GIVE_PROTOS),
                None => problem,
            },
            Some(Origin::Bundled) | None => problem,
        }
    }
}

fn place_of_import(import: &str, source: &Source, sources: &Sources) -> Span {
    let imports = scan(source.text.as_bytes()).imports;
    let range = imports.into_iter().find(|(name, _)| name == import).map_or(0..0, |(_, range)| range);
    Span::new(source.add_to(sources), range.start, range.end)
}
