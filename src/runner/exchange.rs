//! A call as its report shows it, made of what was planned, sent and answered: [`Exchange`], whose shape is with the
//! results.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use prost_reflect::DynamicMessage;

use super::running::Running;
use super::{Exchange, ProtosFound, Reply};
use crate::grpc::Metadata;
use crate::plan::PlannedCall;
use crate::spec::Config;

impl Exchange {
    pub(super) fn new(
        call: &PlannedCall,
        config: &Config,
        server: &Running,
        metadata: Metadata,
        requests: Vec<Arc<DynamicMessage>>,
        reply: Reply,
    ) -> Self {
        Self {
            server: server.name.clone(),
            target: server.target(),
            authority: server.authority.clone(),
            tls: server.tls.clone(),
            method: call.method.clone(),
            metadata,
            timeout: call.timeout,
            protos: protos_found(call, config),
            requests,
            reply,
            details: Vec::new(),
            timeline: None,
            nested: None,
            log: None,
        }
    }
}

/// Where the method is declared.
fn protos_found(call: &PlannedCall, config: &Config) -> ProtosFound {
    let file = call.method.parent_service().parent_file();
    let mut folders = config.protos.import_paths.iter().map(|path| &path.value);
    let sets = &config.protos.descriptor_sets;
    match folders.find(|folder| folder.join(file.name()).is_file()) {
        Some(folder) => ProtosFound::File { import_path: short(folder), file: file.name().to_owned() },
        None if sets.is_empty() => ProtosFound::Reflected,
        None => ProtosFound::DescriptorSets(sets.iter().map(|path| short(&path.value)).collect()),
    }
}

/// `cases/../protos` as `protos`: links resolved, seen from the working directory.
fn short(folder: &Path) -> PathBuf {
    let Ok(resolved) = folder.canonicalize() else { return folder.to_owned() };
    let here = std::env::current_dir().and_then(|here| here.canonicalize()).unwrap_or_default();
    match resolved.strip_prefix(&here) {
        Ok(below) if below.as_os_str().is_empty() => PathBuf::from("."),
        Ok(below) => below.to_owned(),
        Err(_) => resolved,
    }
}
