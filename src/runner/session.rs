//! What lives during a run: servers and the connections to them, started when the first case needs them, once for the
//! run, the file or the case; and the interruption that ends it all.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::OnceCell;

use super::reflect::{Unreflected, reflect};
use super::running::{Running, StartFailure, reach, start};
use super::{CaseError, Interrupt, Job, STOP_WITHIN, ServerLog, Subject};
use crate::diagnostic::{Diagnostics, Sources};
use crate::expr::{Env, Scope};
use crate::plan::{PlannedCase, plan_reflected};
use crate::schema::{Schema, Wanted};
use crate::server::{Builds, LogPosition, Serve, references};
use crate::spec::{CaseId, Config, ServerScope, ServerSource, ServerSpec};

/// Owns what a run starts.
pub(crate) struct Session {
    sources: Arc<Sources>,
    suites: Vec<SuiteRun>,
    in_process: InProcessServers,
    builds: Builds,
    interrupt: Interrupt,
    progress: Progress,
    servers: Mutex<HashMap<ServerKey, Arc<ServerSlot>>>,
    /// Cases still to end, by suite and file: the last one stops what the file started.
    remaining: Mutex<HashMap<(usize, String), usize>>,
    /// By suite and server: one for all cases, whichever instance of the server was asked.
    schemas: Mutex<HashMap<(usize, String), Arc<SchemaSlot>>>,
    warnings: Mutex<Diagnostics>,
}

/// Told what takes a while, such as a server that is built and started.
pub(crate) type Progress = Box<dyn Fn(&str) + Send + Sync>;

/// A suite as the session needs it.
pub(crate) struct SuiteRun {
    pub(crate) config: Arc<Config>,
    /// The suite's variables, for planning and for running.
    pub(crate) env: Arc<Env>,
    pub(crate) scope: Arc<Scope>,
    /// What is to be asked of servers by reflection.
    pub(crate) wanted: BTreeMap<String, Wanted>,
}

impl SuiteRun {
    fn server(&self, name: &str) -> Option<&ServerSpec> {
        self.config.servers.iter().find(|spec| spec.name.value == name).map(|spec| &**spec)
    }
}

/// What the harness serves in the test's own process.
#[derive(Clone, Default)]
pub(crate) struct InProcessServers {
    pub(crate) serve: BTreeMap<String, Serve>,
    /// A runtime of their own, so that a handler that blocks does not stop our timers.
    pub(crate) runtime: Option<Handle>,
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

type SchemaSlot = OnceCell<Result<Arc<Schema>, Arc<Unreflected>>>;
type ServerSlot = OnceCell<Result<Arc<Running>, Arc<StartFailure>>>;
type Leased<'a> = Pin<Box<dyn Future<Output = Result<Arc<Running>, Arc<StartFailure>>> + Send + 'a>>;

impl Session {
    pub(crate) fn new(
        sources: Arc<Sources>,
        suites: Vec<SuiteRun>,
        in_process: InProcessServers,
        interrupt: Interrupt,
        progress: Progress,
    ) -> Self {
        Self {
            sources,
            suites,
            in_process,
            builds: Builds::new(),
            interrupt,
            progress,
            servers: Mutex::default(),
            remaining: Mutex::default(),
            schemas: Mutex::default(),
            warnings: Mutex::default(),
        }
    }

    /// Says which cases will run; each ends with [`Self::case_ended`].
    pub(crate) fn expect_cases<'c>(&self, cases: impl IntoIterator<Item = &'c Job>) {
        let mut remaining = lock(&self.remaining);
        for job in cases {
            *remaining.entry((job.suite, job.file.id.clone())).or_default() += 1;
        }
    }

    pub(crate) fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    pub(crate) fn subject(&self, job: &Job) -> Subject {
        Subject::of_case(&job.file, &job.case, &self.sources)
    }

    /// The servers of a case, started as needed.
    pub(super) async fn lease(&self, job: &Job) -> Result<Leases, Arc<StartFailure>> {
        let mut servers = BTreeMap::new();
        for name in job.case.servers() {
            servers.insert(name.to_owned(), self.running(name, job).await?);
        }
        Ok(Leases { servers: Arc::new(servers) })
    }

    /// One server, and before it those that its `start` names.
    fn running<'a>(&'a self, name: &'a str, job: &'a Job) -> Leased<'a> {
        Box::pin(async move {
            let Some(spec) = self.suites[job.suite].server(name) else {
                return Err(Arc::new(StartFailure::unknown(name)));
            };
            let key = ServerKey { suite: job.suite, name: name.to_owned(), owner: owner(spec, job) };
            let slot = Arc::clone(lock(&self.servers).entry(key).or_default());
            slot.get_or_init(|| self.start(spec, job)).await.clone()
        })
    }

    async fn start(&self, spec: &ServerSpec, job: &Job) -> Result<Arc<Running>, Arc<StartFailure>> {
        let scope = &self.suites[job.suite].scope;
        let running = match &spec.source {
            ServerSource::Start(command) => {
                let first = if command.build.is_some() { "building and starting" } else { "starting" };
                (self.progress)(&format!("{first} the server `{}` …", spec.name.value));
                let mut addresses = BTreeMap::new();
                for (name, _) in references(spec, &self.sources) {
                    addresses.insert(name.clone(), self.running(&name, job).await?.address());
                }
                start(spec, command, scope, &addresses, &self.sources, &self.builds).await
            }
            ServerSource::Address(node) => reach(spec, node, scope, &self.sources),
            ServerSource::Override(address) => Running::at(spec, address, None),
            ServerSource::InProcess => self.in_process.start(spec),
        };
        if let Ok(running) = &running {
            lock(&self.warnings).extend(running.warning());
        }
        running.map(Arc::new).map_err(Arc::new)
    }

    /// The plan of a case: made before, or now that its servers can be asked for their protos.
    pub(crate) async fn plan(&self, job: &Job, leases: &Leases) -> Result<Arc<PlannedCase>, CaseError> {
        if let Some(planned) = &job.plan {
            return Ok(Arc::clone(planned));
        }
        let mut schemas = BTreeMap::new();
        for (name, server) in &*leases.servers {
            let key = (job.suite, name.clone());
            let slot = Arc::clone(lock(&self.schemas).entry(key).or_default());
            let schema = slot.get_or_init(|| self.reflect(job.suite, server)).await.clone();
            schemas.insert(name.clone(), schema.map_err(|why| why.to_case_error())?);
        }
        let mut warnings = Diagnostics::new();
        let config = &self.suites[job.suite].config;
        let planned = plan_reflected(config, &job.file, &job.case, &schemas, &self.sources, &mut warnings);
        lock(&self.warnings).append(warnings);
        planned.map_err(CaseError::Invalid)
    }

    async fn reflect(&self, suite: usize, server: &Running) -> Result<Arc<Schema>, Arc<Unreflected>> {
        let suite = &self.suites[suite];
        let Some(spec) = suite.server(&server.name) else { return Err(Arc::new(Unreflected::unknown(&server.name))) };
        let mut warnings = Diagnostics::new();
        let schema = reflect(suite, spec, &server.channel, &self.sources, &mut warnings).await;
        lock(&self.warnings).append(warnings);
        schema.map(Arc::new).map_err(Arc::new)
    }

    /// Stops what lived for this case alone, or for its file if it was the last.
    pub(crate) async fn case_ended(&self, job: &Job) {
        let suite = job.suite;
        let file = (suite, job.file.id.clone());
        let last = match lock(&self.remaining).get_mut(&file) {
            Some(remaining) => {
                *remaining = remaining.saturating_sub(1);
                *remaining == 0
            }
            None => false,
        };
        self.stop_where(|key| match &key.owner {
            Owner::Run => false,
            Owner::File(id) => last && key.suite == suite && *id == file.1,
            Owner::Case(id) => key.suite == suite && *id == job.case.id,
        })
        .await;
    }

    /// Stops all that is left. Called once, at the end of every run, whatever happened.
    pub(crate) async fn finish(&self) {
        self.stop_where(|_| true).await;
    }

    /// What went less well than it should while servers were started.
    pub(crate) fn warnings(&self) -> Diagnostics {
        std::mem::take(&mut lock(&self.warnings))
    }

    async fn stop_where(&self, which: impl Fn(&ServerKey) -> bool) {
        let ended: Vec<Arc<ServerSlot>> = {
            let mut servers = lock(&self.servers);
            servers.extract_if(|key, _| which(key)).map(|(_, slot)| slot).collect()
        };
        let mut stopping = tokio::task::JoinSet::new();
        for slot in ended {
            if let Some(Ok(running)) = slot.get() {
                let running = Arc::clone(running);
                stopping.spawn(async move { running.stop().await });
            }
        }
        // Who does not end within the time is killed when its last owner drops it.
        let _ = tokio::time::timeout(STOP_WITHIN, stopping.join_all()).await;
    }
}

/// The servers of one case.
#[derive(Clone)]
pub(crate) struct Leases {
    servers: Arc<BTreeMap<String, Arc<Running>>>,
}

/// Where each server's log stood.
pub(super) struct LogMarks(Vec<(String, LogPosition)>);

impl Leases {
    pub(super) fn get(&self, name: &str) -> Option<&Running> {
        self.servers.get(name).map(|running| &**running)
    }

    pub(super) fn log_marks(&self) -> LogMarks {
        let mark = |(name, running): (&String, &Arc<Running>)| Some((name.clone(), running.log_position()?));
        LogMarks(self.servers.iter().filter_map(mark).collect())
    }

    /// What a server wrote since `marks`.
    pub(super) fn log_since(&self, name: &str, marks: &LogMarks) -> Option<ServerLog> {
        let (_, position) = marks.0.iter().find(|(marked, _)| marked == name)?;
        self.get(name)?.log_since(*position)
    }
}

fn owner(spec: &ServerSpec, job: &Job) -> Owner {
    match &spec.source {
        ServerSource::Start(start) => match start.scope {
            ServerScope::Run => Owner::Run,
            ServerScope::File => Owner::File(job.file.id.clone()),
            ServerScope::Case => Owner::Case(job.case.id.clone()),
        },
        ServerSource::Address(_) | ServerSource::Override(_) | ServerSource::InProcess => Owner::Run,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
