//! Services and methods by the names that calls use.

use std::collections::BTreeSet;

use prost_reflect::{MethodDescriptor, ServiceDescriptor};

use super::index::short_name;
use super::{GIVE_PROTOS, MethodName, Schema};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, did_you_mean, one_of};

/// What a service's name stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Resolved<'a> {
    One(&'a str),
    /// A short name of these.
    Several(BTreeSet<&'a str>),
    Unknown,
}

/// The full name that `written` stands for, among `known`: itself, or the one service that it is the short name of.
pub(super) fn resolve<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Resolved<'a> {
    let mut found = BTreeSet::new();
    for service in known {
        if service == written {
            return Resolved::One(service);
        }
        if short_name(service) == written {
            found.insert(service);
        }
    }
    match (found.len(), found.first()) {
        (0, _) | (_, None) => Resolved::Unknown,
        (1, Some(only)) => Resolved::One(only),
        _ => Resolved::Several(found),
    }
}

impl Schema {
    /// The method called at `span`, or a diagnostic that suggests near misses and lists what exists. Silent about
    /// what was reported when the schema was loaded.
    pub(crate) fn method(&self, name: &MethodName, span: Span, out: &mut Diagnostics) -> Option<MethodDescriptor> {
        let service = self.service(&name.service, span, out)?;
        let found = service.methods().find(|method| method.name() == name.method);
        if found.is_none() {
            out.push(unknown_method(&service, &name.method, span));
        }
        found
    }

    /// The service named at `span`: as [`Self::method`].
    pub(crate) fn service(&self, name: &str, span: Span, out: &mut Diagnostics) -> Option<ServiceDescriptor> {
        let compiled: BTreeSet<String> = self.pool.services().map(|service| service.full_name().to_owned()).collect();
        match resolve(name, self.known.iter().chain(&compiled).map(String::as_str)) {
            Resolved::One(full_name) => {
                let service = self.pool.get_service_by_name(full_name);
                if service.is_none() && !self.broken.contains(full_name) {
                    let problem = Diagnostic::error(format!("the service `{full_name}` was not compiled"));
                    out.push(problem.at(span, "its file is known, and was not asked for"));
                }
                service
            }
            Resolved::Several(candidates) => {
                out.push(
                    Diagnostic::error(format!("`{name}` is the short name of {} services", candidates.len()))
                        .at(span, "which of them?")
                        .hint(format!("write {}", one_of(candidates))),
                );
                None
            }
            Resolved::Unknown => {
                if !self.is_incomplete {
                    out.push(self.unknown_service(name, span));
                }
                None
            }
        }
    }

    /// Whether a service that calls name is declared here, or anything is known of it.
    pub(crate) fn knows_service(&self, name: &str) -> bool {
        resolve(name, self.known.iter().map(String::as_str)) != Resolved::Unknown
    }

    /// Whether a message or extension is compiled.
    pub(crate) fn knows_symbol(&self, name: &str) -> bool {
        self.pool.get_message_by_name(name).is_some() || self.pool.get_extension_by_name(name).is_some()
    }

    /// The full names of all services that the sources declare, compiled or not; the first call scans all files.
    pub(crate) fn services(&self) -> BTreeSet<String> {
        let indexed = self.catalog.index.services().iter().map(|declaration| declaration.service.clone());
        let compiled = self.pool.services().map(|service| service.full_name().to_owned());
        indexed.chain(compiled).chain(self.known.iter().cloned()).collect()
    }

    fn unknown_service(&self, name: &str, span: Span) -> Diagnostic {
        const SHOWN: usize = 3;
        let services = self.services();
        let problem = Diagnostic::error(format!("unknown service `{name}`"));
        let server = self.catalog.reflected.as_ref().map(|reflected| reflected.server.as_str());
        if let (true, Some(server)) = (services.is_empty(), server) {
            return problem.at(span, format!("the server `{server}` has no such service")).hint(GIVE_PROTOS);
        }
        if services.is_empty() {
            return problem
                .at(span, "no proto here declares a service")
                .hint("say where the protos are: `protos: { import_paths: [...] }`");
        }
        let (label, known) = match server {
            Some(server) => (format!("neither the server `{server}` nor a proto here has it"), "known"),
            None => ("no proto here declares it".to_owned(), "declared here"),
        };
        let problem = problem.at(span, label);
        let has_short_name = |service: &&str| short_name(service).eq_ignore_ascii_case(short_name(name));
        let names = || services.iter().map(String::as_str);
        let same: Vec<&str> = names().filter(has_short_name).take(SHOWN).collect();
        if same.is_empty() {
            problem.note(format!("{known}: {}", one_of(names()))).hints(near_service(name, &services))
        } else {
            problem.hint(format!("did you mean {}?", one_of(same)))
        }
    }
}

/// By its full name, or else by the short one alone.
fn near_service(name: &str, services: &BTreeSet<String>) -> Option<String> {
    did_you_mean(name, services.iter().map(String::as_str)).or_else(|| {
        let near = did_you_mean(short_name(name), services.iter().map(|service| short_name(service)))?;
        let full = services.iter().find(|service| near.contains(&format!("`{}`", short_name(service))));
        full.map(|full| format!("did you mean `{full}`?"))
    })
}

fn unknown_method(service: &ServiceDescriptor, written: &str, span: Span) -> Diagnostic {
    let methods: Vec<String> = service.methods().map(|method| method.name().to_owned()).collect();
    let names = || methods.iter().map(String::as_str);
    let problem = Diagnostic::error(format!("the service `{}` has no method `{written}`", service.full_name()))
        .at(span, "no such method");
    match did_you_mean(written, names()) {
        Some(near) => problem.hint(near),
        None if methods.is_empty() => problem.note("it has no methods at all"),
        None => problem.note(format!("its methods: {}", one_of(names()))),
    }
}
