//! `grpc-spec.yaml`, and a profile in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{read_servers, read_tags, read_vars};
use crate::diagnostic::{Diagnostics, Spanned};
use crate::schema::SchemaSources;
use crate::spec::ServerSpec;
use crate::spec::{Inherited, metadata};
use crate::yaml::Node;
use crate::yaml::decode::{self, Key, Reads, Table};

/// What a suite file says, or a profile in it.
#[derive(Debug, Default)]
pub(in crate::spec) struct SuiteFrame {
    /// The folder of the file: paths are relative to it.
    pub(in crate::spec) folder: PathBuf,
    pub(in crate::spec) protos: ProtosFrame,
    pub(in crate::spec) servers: Vec<Arc<ServerSpec>>,
    pub(in crate::spec) inherited: Inherited,
    pub(in crate::spec) vars: Vec<(Spanned<Arc<str>>, Node)>,
    pub(in crate::spec) tags: Vec<Spanned<String>>,
    pub(in crate::spec) profiles: Vec<(Spanned<Arc<str>>, SuiteFrame)>,
}

/// `protos:`.
#[derive(Debug, Default, Clone)]
pub(in crate::spec) struct ProtosFrame {
    import_paths: Option<Vec<Spanned<String>>>,
    files: Option<Vec<Spanned<String>>>,
    descriptor_sets: Option<Vec<Spanned<String>>>,
    reflection: Option<bool>,
}

static SUITE: Table<SuiteFrame> = Table { what: "a suite", keys: &[KEYS, &[PROFILES]] };
static PROFILE: Table<SuiteFrame> = Table { what: "a profile", keys: &[KEYS] };

const PROFILES: Key<SuiteFrame> = Key::new("profiles", Reads::Other(read_profiles));
const KEYS: &[Key<SuiteFrame>] = &[
    Key::new("protos", Reads::Mapping(|| PROTOS.names(), |suite, node, out| suite.protos.read(node, out))),
    Key::new("servers", Reads::Other(|suite, node, out| suite.servers = read_servers(node, &suite.folder, out))),
    Key::new("server", Reads::Text(|suite| &mut suite.inherited.server)),
    Key::new("service", Reads::Text(|suite| &mut suite.inherited.service)),
    Key::new("timeout", Reads::Limit(|suite| &mut suite.inherited.timeout)),
    Key::new("metadata", Reads::Other(|suite, node, out| suite.inherited.metadata = metadata::read(node, out))),
    Key::new("vars", Reads::Other(|suite, node, out| suite.vars = read_vars(node, out))),
    Key::new("tags", Reads::Other(|suite, node, out| suite.tags = read_tags(node, out))),
];

static PROTOS: Table<ProtosFrame> = Table {
    what: "`protos`",
    keys: &[&[
        Key::new("import_paths", Reads::Texts(|protos| &mut protos.import_paths)),
        Key::new("files", Reads::Texts(|protos| &mut protos.files)),
        Key::new("descriptor_sets", Reads::Texts(|protos| &mut protos.descriptor_sets)),
        Key::new("reflection", Reads::Other(|protos, node, out| protos.reflection = decode::boolean(node, out))),
    ]],
};

impl SuiteFrame {
    /// Reads a whole suite file that lies in `folder`.
    pub(in crate::spec) fn read(node: &Node, folder: &Path, out: &mut Diagnostics) -> Self {
        let mut suite = Self { folder: folder.to_owned(), ..Self::default() };
        SUITE.read(node, &mut suite, out);
        suite
    }

    pub(in crate::spec) fn has_profile(&self, name: &str) -> bool {
        self.profiles.iter().any(|(known, _)| *known.value == *name)
    }

    /// Lays a profile over it: a server is replaced whole, the rest merges by key.
    pub(in crate::spec) fn lay(&mut self, profile: &Self) {
        self.protos.lay(&profile.protos);
        for server in &profile.servers {
            match self.servers.iter_mut().find(|below| below.name.value == server.name.value) {
                Some(below) => *below = Arc::clone(server),
                None => self.servers.push(Arc::clone(server)),
            }
        }
        self.inherited = self.inherited.overlaid(&profile.inherited);
        self.vars = merge_vars(&self.vars, &profile.vars);
        self.tags.extend(profile.tags.iter().cloned());
    }
}

impl ProtosFrame {
    pub(in crate::spec) fn read(&mut self, node: &Node, out: &mut Diagnostics) {
        PROTOS.read(node, self, out);
    }

    fn lay(&mut self, profile: &Self) {
        let over = |below: &mut Option<Vec<Spanned<String>>>, above: &Option<Vec<Spanned<String>>>| {
            if above.is_some() {
                below.clone_from(above);
            }
        };
        over(&mut self.import_paths, &profile.import_paths);
        over(&mut self.files, &profile.files);
        over(&mut self.descriptor_sets, &profile.descriptor_sets);
        self.reflection = profile.reflection.or(self.reflection);
    }

    /// Its paths, from the folder of the file that holds them.
    pub(in crate::spec) fn resolve(&self, folder: &Path) -> SchemaSources {
        let resolve = |paths: &Option<Vec<Spanned<String>>>| {
            let paths = paths.as_deref().unwrap_or_default();
            paths.iter().map(|path| Spanned::new(folder.join(&path.value), path.span)).collect()
        };
        SchemaSources {
            import_paths: resolve(&self.import_paths),
            files: resolve(&self.files),
            descriptor_sets: resolve(&self.descriptor_sets),
            reflection: self.reflection,
        }
    }
}

fn read_profiles(suite: &mut SuiteFrame, node: &Node, out: &mut Diagnostics) {
    let hint = "write `{ staging: { servers: … } }`";
    for entry in decode::entries(node, "profiles by name", hint, out).unwrap_or_default() {
        let mut profile = SuiteFrame { folder: suite.folder.clone(), ..SuiteFrame::default() };
        PROFILE.read(&entry.value, &mut profile, out);
        suite.profiles.push((entry.key.clone(), profile));
    }
}

/// Variables by name, those of `near` before those of `far`.
fn merge_vars(far: &[(Spanned<Arc<str>>, Node)], near: &[(Spanned<Arc<str>>, Node)]) -> Vec<(Spanned<Arc<str>>, Node)> {
    let hidden = |name: &Arc<str>| near.iter().any(|(nearer, _)| nearer.value == *name);
    far.iter().filter(|(name, _)| !hidden(&name.value)).chain(near).cloned().collect()
}
