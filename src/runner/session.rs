//! What lives during a run: servers and the connections to them, started when the first case needs them, once for the
//! run, the file or the case; and the interruption that ends it all.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;

use super::{CaseError, Interrupt, Outcome, STOP_WITHIN, ServerLog, Subject};
use crate::diagnostic::{Diagnostic, Sources};
use crate::expr::{Scope, Value};
use crate::grpc::{Channel, ChannelOptions, Target};
use crate::plan::{PlannedCase, PlannedSuite};
use crate::server::{InProcess, LogPosition, Server};
use crate::spec::{Case, CaseId, Config, ServerScope, ServerSource, ServerSpec};

/// Owns what a run starts.
pub(crate) struct Session {
    sources: Arc<Sources>,
    suites: Vec<SuiteRun>,
    in_process: BTreeMap<String, InProcess>,
    interrupt: Interrupt,
    servers: Mutex<HashMap<ServerKey, Arc<ServerSlot>>>,
    /// Cases still to end, by suite and file: the last one stops what the file started.
    remaining: Mutex<HashMap<(usize, String), usize>>,
}

struct SuiteRun {
    config: Arc<Config>,
    scope: Arc<Scope>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ServerKey {
    suite: usize,
    name: String,
    owner: Owner,
}

/// Whose end is the server's end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Owner {
    Run,
    File(String),
    Case(CaseId),
}

type ServerSlot = OnceCell<Result<Arc<Running>, Arc<StartFailure>>>;

/// A server that can be called.
pub(crate) struct Running {
    pub(super) name: String,
    pub(super) channel: Channel,
    /// As shown: `http://127.0.0.1:50051`.
    pub(super) target: String,
    /// What was started; none where the server was there already.
    pub(super) started: Option<Arc<Server>>,
}

/// Why a server cannot be called. Every case that needs it shows it.
#[derive(Debug)]
pub(crate) struct StartFailure {
    pub(crate) diagnostic: Diagnostic,
    pub(crate) log: Option<ServerLog>,
}
