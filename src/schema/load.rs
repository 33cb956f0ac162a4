//! From what a suite says of its protos to a pool.

use std::collections::BTreeSet;
use std::sync::Arc;

use prost_reflect::DescriptorPool;

use super::catalog::Catalog;
use super::declared::{Declared, declared_twice};
use super::descriptor_set::DescriptorSet;
use super::link::Linker;
use super::lookup::{Resolved, resolve};
use super::{SchemaSources, bundled};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};

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

impl Schema {
    /// Compiles what declares `services` (as calls name them; with imports) and the `files` and `descriptor_sets`
    /// named. Everything wrong with them goes to `out`; the schema then answers for the rest, and [`Self::method`] is
    /// silent about what is missing because of it. A service that nothing declares is no error here: it is reported
    /// where it is called.
    pub(crate) fn load(from: &SchemaSources, services: &[&str], sources: &Sources, out: &mut Diagnostics) -> Self {
        let mut problems = Diagnostics::new();
        let catalog = Arc::new(Catalog::read(from, &mut problems));
        let declared = Declared::find(&catalog, services);
        let is_incomplete = problems.has_errors() || catalog.index.problems().has_errors();
        let known: BTreeSet<String> = declared.services().map(str::to_owned).collect();

        let mut linker = Linker::new(&catalog, sources);
        let mut broken = BTreeSet::new();
        for service in services {
            let Resolved::One(service) = resolve(service, known.iter().map(String::as_str)) else { continue };
            let file = match declared.file(service) {
                Ok(file) => file,
                Err(files) => {
                    if broken.insert(service.to_owned()) {
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
            let pool = linker.pool();
            if pool.get_message_by_name(message).is_none() && pool.get_enum_by_name(message).is_none() {
                // a broken copy in an import path is of no concern where nothing needs it
                linker.add(name, &mut Diagnostics::new());
            }
        }
        let (pool, dropped) = linker.finish();
        problems.append(catalog.index.problems());
        problems.extend(dropped_imports(&catalog, &dropped));
        out.append(problems);
        Self { pool, catalog, known, broken, is_incomplete }
    }

    pub(crate) fn pool(&self) -> &DescriptorPool {
        &self.pool
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

/// A warning for each set that lacks imports which nothing in it uses.
fn dropped_imports(catalog: &Catalog, dropped: &[(usize, String, String)]) -> Vec<Diagnostic> {
    let warn = |(at, set): (usize, &DescriptorSet)| {
        let of_set: Vec<_> = dropped.iter().filter(|(of, _, _)| *of == at).collect();
        let (_, file, import) = of_set.first()?;
        let rest = match of_set.len() - 1 {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        Some(
            Diagnostic::warning(format!("`{}` lacks imports", set.path.display()))
                .at(set.span, "nothing in it needs them")
                .note(format!("`{file}` imports `{import}`{rest}"))
                .hint("make it with `protoc --include_imports`"),
        )
    };
    catalog.sets.iter().enumerate().filter_map(warn).collect()
}
