//! Where descriptors come from: proto sources compiled in memory, descriptor sets; one pool per set of sources.
//! Main type: [`Schema`].

use std::path::PathBuf;

use prost_reflect::{DescriptorPool, MethodDescriptor};

use crate::diagnostic::{Diagnostics, Sources, Span, Spanned};

/// What a suite says of its protos, paths resolved against the file that names them.
#[derive(Debug, Clone, Default)]
pub(crate) struct SchemaSources {
    pub(crate) import_paths: Vec<Spanned<PathBuf>>,
    /// More files to compile, as written (relative to an import path) and resolved.
    pub(crate) files: Vec<Spanned<PathBuf>>,
    pub(crate) descriptor_sets: Vec<Spanned<PathBuf>>,
}

/// A name as written in `call:`: `pkg.Service/Method`, `Service/Method`, or `Method` beside `service:`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct MethodName {
    pub(crate) service: String,
    pub(crate) method: String,
}

/// Descriptors of one set of sources, and the lookup of methods in them.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    pool: DescriptorPool,
}

impl Schema {
    /// Compiles what declares `services` (with imports) and the `files` and `descriptor_sets` named; everything wrong
    /// with them goes to `out`. A service that nothing declares is no error here: [`Self::method`] reports it where it
    /// is called.
    pub(crate) fn load(
        _from: &SchemaSources,
        _services: &[&str],
        _sources: &Sources,
        _out: &mut Diagnostics,
    ) -> Option<Self> {
        None
    }

    pub(crate) fn pool(&self) -> &DescriptorPool {
        &self.pool
    }

    /// The method called at `span`, or a diagnostic that suggests near misses and lists what exists.
    pub(crate) fn method(&self, _name: &MethodName, _span: Span, _out: &mut Diagnostics) -> Option<MethodDescriptor> {
        None
    }
}
