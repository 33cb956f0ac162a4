//! `grpc-spec.yaml`, and a profile in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::step::{StepFrame, read_steps, refuse_duplicate_ids};
use super::{read_servers, read_tags, read_vars};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, Spanned};
use crate::expr::check_variable_name;
use crate::schema::SchemaSources;
use crate::spec::{Inherited, Secret, ServerSpec, metadata};
use crate::yaml::Node;
use crate::yaml::decode::{self, Key, Reads, Table};

/// What a suite file says, or a profile in it.
#[derive(Debug, Default)]
pub(in crate::spec) struct SuiteFrame {
    /// The folder of the file: paths are relative to it.
    pub(in crate::spec) folder: PathBuf,
    /// The whole of it.
    pub(in crate::spec) span: Option<Span>,
    pub(in crate::spec) protos: ProtosFrame,
    pub(in crate::spec) servers: Vec<Arc<ServerSpec>>,
    pub(in crate::spec) inherited: Inherited,
    pub(in crate::spec) vars: Vec<(Spanned<Arc<str>>, Node)>,
    pub(in crate::spec) tags: Vec<Spanned<String>>,
    pub(in crate::spec) secrets: Vec<Spanned<Secret>>,
    pub(in crate::spec) setup: Vec<StepFrame>,
    pub(in crate::spec) teardown: Vec<StepFrame>,
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
    Key::new("secrets", Reads::Other(|suite, node, out| suite.secrets = read_secrets(node, out))),
    Key::new("setup", Reads::Other(|suite, node, out| suite.setup = read_steps(node, out))),
    Key::new("teardown", Reads::Other(|suite, node, out| suite.teardown = read_steps(node, out))),
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
        let mut suite = Self { folder: folder.to_owned(), span: Some(node.span), ..Self::default() };
        SUITE.read(node, &mut suite, out);
        refuse_duplicate_ids([&*suite.setup, &suite.teardown], out);
        suite
    }

    pub(in crate::spec) fn has_profile(&self, name: &str) -> bool {
        self.profiles.iter().any(|(known, _)| *known.value == *name)
    }

    /// The names of its variables, those of its profiles too.
    pub(in crate::spec) fn variables(&self) -> impl Iterator<Item = &Arc<str>> {
        let levels = std::iter::once(self).chain(self.profiles.iter().map(|(_, profile)| profile));
        levels.flat_map(|level| level.vars.iter().map(|(name, _)| &name.value))
    }

    /// Lays a profile over it: a server is replaced whole, the rest merges by key.
    pub(in crate::spec) fn lay(&mut self, profile: Self) {
        self.protos.lay(&profile.protos);
        for server in &profile.servers {
            match self.servers.iter_mut().find(|below| below.name.value == server.name.value) {
                Some(below) => *below = Arc::clone(server),
                None => self.servers.push(Arc::clone(server)),
            }
        }
        self.inherited = self.inherited.overlaid(&profile.inherited);
        self.vars = merge_vars(&self.vars, &profile.vars);
        self.tags.extend(profile.tags);
        self.secrets.extend(profile.secrets);
        if !profile.setup.is_empty() {
            self.setup = profile.setup;
        }
        if !profile.teardown.is_empty() {
            self.teardown = profile.teardown;
        }
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
        let mut profile =
            SuiteFrame { folder: suite.folder.clone(), span: Some(entry.value.span), ..SuiteFrame::default() };
        PROFILE.read(&entry.value, &mut profile, out);
        refuse_duplicate_ids([&*profile.setup, &profile.teardown], out);
        suite.profiles.push((entry.key.clone(), profile));
    }
}

/// What is never printed: `env.TOKEN`, or the name of a variable.
fn read_secrets(node: &Node, out: &mut Diagnostics) -> Vec<Spanned<Secret>> {
    let secrets = decode::texts(node, out).unwrap_or_default();
    secrets.into_iter().filter_map(|secret| read_secret(&secret, out)).collect()
}

fn read_secret(written: &Spanned<String>, out: &mut Diagnostics) -> Option<Spanned<Secret>> {
    let text = written.value.as_str();
    let is_name = |name: &str| {
        let mut letters = name.chars();
        letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
            && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    if let Some(name) = text.strip_prefix("env.").filter(|name| is_name(name)) {
        return Some(Spanned::new(Secret::Environment(name.into()), written.span));
    }
    let Some(refused) = check_variable_name(text, written.span) else {
        return Some(Spanned::new(Secret::Variable(text.into()), written.span));
    };
    let inner = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).map(str::trim);
    let hint = match inner {
        Some(inner) => format!("name it without braces: `{inner}`"),
        None if text == "env" => "name one variable of the environment: `env.TOKEN`".to_owned(),
        None if text.starts_with("env.") => "after `env.` come letters, digits and `_`".to_owned(),
        None => "capture what comes back under a name of its own, and name that".to_owned(),
    };
    let label = refused.primary.map(|label| label.text).unwrap_or_default();
    let form = "a secret is the name of a variable, or `env.NAME`";
    out.push(Diagnostic::error(format!("`{text}` names no secret")).at(written.span, label).note(form).hint(hint));
    None
}

/// Variables by name, those of `near` before those of `far`.
fn merge_vars(far: &[(Spanned<Arc<str>>, Node)], near: &[(Spanned<Arc<str>>, Node)]) -> Vec<(Spanned<Arc<str>>, Node)> {
    let hidden = |name: &Arc<str>| near.iter().any(|(nearer, _)| nearer.value == *name);
    far.iter().filter(|(name, _)| !hidden(&name.value)).chain(near).cloned().collect()
}
