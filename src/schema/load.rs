//! From what a suite says of its protos to a pool.

use std::collections::BTreeSet;
use std::sync::Arc;

use prost_reflect::DescriptorPool;

use super::catalog::Catalog;
use super::declared::{Declared, declared_twice};
use super::descriptor_set::DescriptorSet;
use super::link::{Dropped, DroppedBy, Linker};
use super::lookup::{Resolved, resolve};
use super::reflecting::{GIVE_PROTOS, Reflected};
use super::{SchemaSources, bundled};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Span};

/// Descriptors of one set of sources, and the lookup of methods in them.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    pub(super) pool: DescriptorPool,
    pub(super) catalog: Arc<Catalog>,
    /// Full names of services known from the start, compiled or not.
    pub(super) known: BTreeSet<String>,
    /// Services whose files do not compile, which was reported.
    pub(super) broken: BTreeSet<String>,
    /// Whether a source could not be read, which was reported: what seems to be missing may be in it.
    pub(super) is_incomplete: bool,
}

/// What is known before anything is linked.
#[derive(Debug)]
pub(super) struct Loading {
    pub(super) catalog: Catalog,
    pub(super) declared: Declared,
    pub(super) problems: Diagnostics,
    /// Full names of services, beside those declared.
    pub(super) known: BTreeSet<String>,
    pub(super) broken: BTreeSet<String>,
    /// Full names of messages and extensions that may be there: linked if they can be.
    pub(super) symbols: BTreeSet<String>,
}

impl Schema {
    /// Compiles what declares `services` (as calls name them; with imports) and the `files` and `descriptor_sets`
    /// named. Everything wrong with them goes to `out`; the schema then answers for the rest, and [`Self::method`] is
    /// silent about what is missing because of it. A service that nothing declares is no error here: it is reported
    /// where it is called.
    pub(crate) fn load(from: &SchemaSources, services: &[&str], sources: &Sources, out: &mut Diagnostics) -> Self {
        Loading::new(from, services).link(services, sources, out)
    }

    pub(crate) fn pool(&self) -> &DescriptorPool {
        &self.pool
    }
}

impl Loading {
    /// Looks for all that could declare `services`.
    pub(super) fn new(from: &SchemaSources, services: &[&str]) -> Self {
        let mut problems = Diagnostics::new();
        let catalog = Catalog::read(from, &mut problems);
        Self {
            declared: Declared::find(&catalog, services),
            catalog,
            problems,
            known: BTreeSet::new(),
            broken: BTreeSet::new(),
            symbols: BTreeSet::new(),
        }
    }

    /// As [`Schema::load`].
    pub(super) fn link(self, services: &[&str], sources: &Sources, out: &mut Diagnostics) -> Schema {
        let Self { catalog, declared, mut problems, mut known, mut broken, symbols } = self;
        let catalog = Arc::new(catalog);
        let is_incomplete = problems.has_errors() || catalog.index.problems().has_errors();
        known.extend(declared.services().map(str::to_owned));

        let mut linker = Linker::new(&catalog, sources);
        for service in services {
            let Resolved::One(service) = resolve(service, known.iter().map(String::as_str)) else { continue };
            if broken.contains(service) {
                continue;
            }
            let file = match declared.file(service) {
                Ok(file) => file,
                Err(files) => {
                    if !files.is_empty() && broken.insert(service.to_owned()) {
                        problems.push(declared_twice(service, &files, &catalog, sources));
                    }
                    continue;
                }
            };
            if !linker.add(file, &mut problems) {
                broken.insert(service.to_owned());
            }
        }
        for name in catalog.explicit.keys() {
            linker.add(name, &mut problems);
        }
        link_sets(&catalog, &mut linker, &mut problems);
        for (name, message) in bundled::ALWAYS {
            if !linker.declares(message) {
                // a broken copy in an import path is of no concern where nothing needs it
                linker.add(name, &mut Diagnostics::new());
            }
        }
        for symbol in &symbols {
            if let Some(file) = catalog.reflected.as_ref().and_then(|reflected| reflected.file_of(symbol))
                && !linker.declares(symbol)
            {
                // what is mentioned and cannot be had is reported where it is mentioned
                linker.add(file, &mut Diagnostics::new());
            }
        }
        let (pool, dropped) = linker.finish();
        problems.append(catalog.index.problems());
        problems.extend(dropped_imports(&catalog, &dropped));
        out.append(problems);
        Schema { pool, catalog, known, broken, is_incomplete }
    }
}

/// Links what the descriptor sets hold besides what is needed; what cannot be linked is left out, with a warning.
fn link_sets(catalog: &Catalog, linker: &mut Linker<'_>, out: &mut Diagnostics) {
    const SHOWN: usize = 5;
    for set in &catalog.sets {
        let mut left_out = Vec::new();
        for name in set.files.keys() {
            let mut problems = Diagnostics::new();
            if !linker.has_failed(name) && !linker.add(name, &mut problems) {
                left_out.extend(problems.into_iter().map(|problem| problem.headline));
            }
        }
        if !left_out.is_empty() {
            let warning = Diagnostic::warning(format!("parts of `{}` are left out", set.path.display()))
                .at(set.span, "no call needs them");
            let more = left_out.len().saturating_sub(SHOWN);
            let warning = left_out.into_iter().take(SHOWN).fold(warning, Diagnostic::note);
            out.push(if more > 0 { warning.note(format!("and {more} more")) } else { warning });
        }
    }
}

/// A warning for each set, and for the server, that lacks imports which nothing in it uses.
fn dropped_imports(catalog: &Catalog, dropped: &[Dropped]) -> Vec<Diagnostic> {
    let warn = |from: DroppedBy, headline: String, span: Span, way_out: &str| {
        let dropped: Vec<_> = dropped.iter().filter(|dropped| dropped.origin == from).collect();
        let Dropped { file, import, .. } = dropped.first()?;
        let rest = match dropped.len() - 1 {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        Some(
            Diagnostic::warning(headline)
                .at(span, "nothing in it needs them")
                .note(format!("`{file}` imports `{import}`{rest}"))
                .hint(way_out),
        )
    };
    let of_set = |(at, set): (usize, &DescriptorSet)| {
        let headline = format!("`{}` lacks imports", set.path.display());
        warn(DroppedBy::Set(at), headline, set.span, "make it with `protoc --include_imports`")
    };
    let of_server = |from: &Reflected| {
        let headline = format!("the server `{}` does not give all that its protos import", from.server);
        warn(DroppedBy::Server, headline, from.span, GIVE_PROTOS)
    };
    let of_sets = catalog.sets.iter().enumerate().filter_map(of_set);
    of_sets.chain(catalog.reflected.iter().filter_map(of_server)).collect()
}
