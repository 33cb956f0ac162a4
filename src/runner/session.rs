//! What lives during a run: servers and the connections to them, started when the first case needs them, once for the
//! run, the file or the case; what surrounds cases, begun with the first and ended after the last of them; and the
//! interruption that ends it all.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::runtime::Handle;
use tokio::sync::OnceCell;

use super::details::DetailTypes;
use super::leases::Leases;
use super::level::{Around, Blocked, Level};
use super::locks::{Held, Locks};
use super::planning::LateFile;
use super::reflect::Unreflected;
use super::running::{Running, StartFailure, reach, start};
use super::turns::Turns;
use super::{CaseResult, Interrupt, Job, STOP_WITHIN, Subject};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::expr::{Scope, Value, derive_seed};
use crate::matcher::Named;
use crate::plan::{Names, PlannedLevel, is_random};
use crate::schema::{Schema, Wanted};
use crate::server::{Builds, Serve, references};
use crate::spec::{CaseFile, CaseId, Config, ServerScope, ServerSource, ServerSpec};

/// Owns what a run starts.
pub(crate) struct Session {
    pub(super) sources: Arc<Sources>,
    pub(super) suites: Vec<SuiteRun>,
    in_process: InProcessServers,
    builds: Builds,
    interrupt: Interrupt,
    progress: Progress,
    servers: Mutex<HashMap<ServerKey, Arc<ServerSlot>>>,
    /// Cases still to end, by suite and file: the last one stops what the file started.
    remaining: Mutex<HashMap<(usize, String), usize>>,
    /// By suite and server: one for all cases, whichever instance of the server was asked.
    pub(super) schemas: Mutex<HashMap<(usize, String), Arc<SchemaSlot>>>,
    pub(super) warnings: Mutex<Diagnostics>,
    /// By suite and file, the cases whose schema only their servers have.
    pub(super) late: Mutex<HashMap<(usize, String), LateFile>>,
    /// What surrounds the cases of each suite, and of each of its files.
    levels: Mutex<HashMap<LevelKey, Arc<Level>>>,
    /// Of each suite, what its servers and everything else in it see.
    pub(super) scopes: Vec<Arc<Scope>>,
    locks: Locks,
    turns: Turns,
    seed: u64,
    /// Teardowns that failed, and are no case's.
    teardowns: Mutex<Vec<CaseResult>>,
}

/// Told what takes a while, such as a server that is built and started.
pub(crate) type Progress = Box<dyn Fn(&str) + Send + Sync>;

/// A suite as the session needs it.
pub(crate) struct SuiteRun {
    pub(crate) config: Arc<Config>,
    /// Its variables alone.
    pub(crate) names: Names,
    pub(crate) values: Named<Value>,
    /// What surrounds all cases, unless its servers have to be asked for their protos first.
    pub(crate) level: Option<Arc<PlannedLevel>>,
    /// The files with a case that is meant to run.
    pub(crate) files: Vec<Arc<CaseFile>>,
    /// What is to be asked of servers by reflection.
    pub(crate) wanted: BTreeMap<String, Wanted>,
}

impl SuiteRun {
    /// What surrounds everything in it, its variables included: computed once for the run.
    fn scope(&self, seed: u64, sources: &Sources) -> Arc<Scope> {
        let scope = Arc::new(Scope::new()).hiding(self.config.hidden(sources));
        scope.with_random(derive_seed(seed, SUITE_FILE)).child(self.values.clone())
    }

    pub(super) fn server(&self, name: &str) -> Option<&Arc<ServerSpec>> {
        self.config.servers.iter().find(|spec| spec.name.value == name)
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

/// Of a suite, or of one of its files.
type LevelKey = (usize, Option<String>);
type SchemaSlot = OnceCell<Result<Arc<Schema>, Arc<Unreflected>>>;
type ServerSlot = OnceCell<Result<Arc<Running>, Arc<StartFailure>>>;
type Leased<'a> = Pin<Box<dyn Future<Output = Result<Arc<Running>, Arc<StartFailure>>> + Send + 'a>>;

/// For whom a server is started.
#[derive(Clone, Copy)]
pub(super) struct Tenant<'a> {
    /// The index of the suite.
    pub(super) suite: usize,
    pub(super) file: Option<&'a str>,
    pub(super) case: Option<&'a CaseId>,
}

impl<'a> From<&'a Job> for Tenant<'a> {
    fn from(job: &'a Job) -> Self {
        Self { suite: job.suite, file: Some(&job.file.id), case: Some(&job.case.id) }
    }
}

impl Session {
    pub(crate) fn new(
        sources: Arc<Sources>,
        suites: Vec<SuiteRun>,
        in_process: InProcessServers,
        interrupt: Interrupt,
        progress: Progress,
        seed: u64,
    ) -> Self {
        let scopes = suites.iter().map(|suite| suite.scope(seed, &sources)).collect();
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
            late: Mutex::default(),
            levels: Mutex::default(),
            scopes,
            locks: Locks::new(),
            turns: Turns::default(),
            seed,
            teardowns: Mutex::default(),
        }
    }

    /// Says which cases will run, in their order; each ends with [`Self::case_ended`].
    pub(crate) fn expect_cases<'c>(&self, cases: impl IntoIterator<Item = &'c Job>) {
        let (mut remaining, mut late) = (lock(&self.remaining), lock(&self.late));
        for job in cases {
            *remaining.entry((job.suite, job.file.id.clone())).or_default() += 1;
            self.turns.expect(job);
            if job.plan.is_none() {
                late.entry((job.suite, job.file.id.clone())).or_default().waiting.push(job.clone());
            }
        }
    }

    pub(crate) fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// What the random functions of this run draw from.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// The seed, where a failure of the case may depend on it.
    pub(super) fn seed_to_tell(&self, job: &Job) -> Option<u64> {
        is_random(self.config(job.suite), &job.file, &job.case).then_some(self.seed)
    }

    pub(super) fn config(&self, suite: usize) -> &Arc<Config> {
        &self.suites[suite].config
    }

    pub(crate) fn subject(&self, job: &Job) -> Subject {
        Subject::of_case(&job.file, &job.case, &self.sources)
    }

    /// Waits until the cases before it in a serial file have ended, and for its locks.
    pub(super) async fn admit(&self, job: &Job) -> Result<Held, Diagnostic> {
        self.turns.come(job).await;
        self.locks.take(&self.config(job.suite).folder, self.locks.of(job), &self.progress).await
    }

    /// The servers of these names, started as needed.
    pub(super) async fn lease<'n>(
        &self,
        tenant: Tenant<'_>,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Result<Leases, Arc<StartFailure>> {
        let mut servers = BTreeMap::new();
        for name in names {
            if !servers.contains_key(name) {
                servers.insert(name.to_owned(), self.running(name, tenant).await?);
            }
        }
        Ok(Leases::new(servers))
    }

    /// One server, and before it those that its `start` names.
    fn running<'a>(&'a self, name: &'a str, tenant: Tenant<'a>) -> Leased<'a> {
        Box::pin(async move {
            let Some(spec) = self.suites[tenant.suite].server(name) else {
                return Err(Arc::new(StartFailure::unknown(name)));
            };
            let key = ServerKey { suite: tenant.suite, name: name.to_owned(), owner: owner(spec, tenant) };
            let slot = Arc::clone(lock(&self.servers).entry(key).or_default());
            slot.get_or_init(|| self.start(spec, tenant)).await.clone()
        })
    }

    async fn start(&self, spec: &Arc<ServerSpec>, tenant: Tenant<'_>) -> Result<Arc<Running>, Arc<StartFailure>> {
        let scope = &self.scopes[tenant.suite];
        let mut running = match &spec.source {
            ServerSource::Start(command) => {
                let first = if command.build.is_some() { "building and starting" } else { "starting" };
                (self.progress)(&format!("{first} the server `{}` …", spec.name.value));
                let mut addresses = BTreeMap::new();
                for (name, _) in references(spec, &self.sources) {
                    addresses.insert(name.clone(), self.running(&name, tenant).await?.address());
                }
                start(spec, command, scope, &addresses, &self.sources, &self.builds).await
            }
            ServerSource::Address(node) => reach(spec, node, scope, &self.sources),
            ServerSource::Override(address) => Running::at(spec, address, None),
            ServerSource::InProcess => self.in_process.start(spec),
        };
        if let Ok(running) = &mut running {
            let suite = &self.suites[tenant.suite];
            if suite.config.protos.reflects() {
                let (env, sources) = (Arc::clone(&suite.names.env), Arc::clone(&self.sources));
                running.details = Some(DetailTypes::new(Arc::clone(spec), env, Arc::clone(scope), sources));
            }
            lock(&self.warnings).extend(running.warning());
        }
        running.map(Arc::new).map_err(Arc::new)
    }

    /// What the case sees of its suite and file: their variables, and what their setups captured.
    pub(super) async fn surroundings(&self, job: &Job) -> Result<Arc<Scope>, Blocked> {
        let (suite, file) = (self.around_suite(job.suite), around_file(job.suite, &job.file));
        let planned_suite = self.planned_suite(job.suite).await?;
        let planned_file = self.planned_file(job).await?;
        let of_suite = || Arc::clone(&self.scopes[job.suite]);
        let outer = self.level(suite.tenant).begun(self, suite, &planned_suite, of_suite).await?;
        let seed = derive_seed(self.seed, file.id);
        let of_file = || outer.with_random(seed).child(planned_file.values.clone());
        self.level(file.tenant).begun(self, file, &planned_file, of_file).await
    }

    pub(super) fn level(&self, tenant: Tenant<'_>) -> Arc<Level> {
        let key = (tenant.suite, tenant.file.map(str::to_owned));
        Arc::clone(lock(&self.levels).entry(key).or_default())
    }

    pub(super) fn around_suite(&self, suite: usize) -> Around<'_> {
        let config = self.config(suite);
        let tenant = Tenant { suite, file: None, case: None };
        Around { tenant, id: SUITE_FILE, setup: &config.setup, teardown: &config.teardown }
    }

    /// Stops the servers that lived for one attempt of a case.
    pub(super) async fn attempt_ended(&self, job: &Job) {
        self.stop_where(|key| key.is_of_case(job)).await;
    }

    /// Stops what lived for this case alone. If it was the last of its file, its teardown is made, and what lived for
    /// the file is stopped.
    pub(crate) async fn case_ended(&self, job: &Job) {
        self.turns.end(job);
        let suite = job.suite;
        let file = (suite, job.file.id.clone());
        let last = match lock(&self.remaining).get_mut(&file) {
            Some(remaining) => {
                *remaining = remaining.saturating_sub(1);
                *remaining == 0
            }
            None => false,
        };
        self.stop_where(|key| key.is_of_case(job)).await;
        if last {
            self.tear_down(around_file(suite, &job.file), &job.file.path).await;
            self.stop_where(|key| key.suite == suite && matches!(&key.owner, Owner::File(id) if *id == file.1)).await;
        }
    }

    /// Makes what teardowns are left, and stops all that is left. Called once, at the end of every run, whatever
    /// happened.
    pub(crate) async fn finish(&self) {
        for (at, suite) in self.suites.iter().enumerate() {
            for file in &suite.files {
                self.tear_down(around_file(at, file), &file.path).await;
            }
            let path = suite.config.source.map(|source| self.sources.get(source).path().to_owned());
            self.tear_down(self.around_suite(at), path.as_deref().unwrap_or(&suite.config.folder)).await;
        }
        self.stop_where(|_| true).await;
    }

    async fn tear_down(&self, around: Around<'_>, path: &Path) {
        let Some(first) = around.teardown.first() else { return };
        let started = Instant::now();
        let mut failed = self.level(around.tenant).end(around, &self.interrupt).await;
        if failed.is_empty() {
            return;
        }
        let subject = Subject::of_teardown(around.id, path, first.span, &self.sources);
        let outcome = failed.remove(0);
        lock(&self.teardowns).push(CaseResult {
            subject,
            outcome,
            elapsed: started.elapsed(),
            retried: Vec::new(),
            teardown: failed,
        });
    }

    /// Teardowns that failed since the last time this was asked, each a result of its own.
    pub(crate) fn teardowns(&self) -> Vec<CaseResult> {
        std::mem::take(&mut lock(&self.teardowns))
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

/// What stands before `::teardown` of a suite.
const SUITE_FILE: &str = "grpc-spec.yaml";

pub(super) fn around_file(suite: usize, file: &CaseFile) -> Around<'_> {
    let tenant = Tenant { suite, file: Some(&file.id), case: None };
    Around { tenant, id: &file.id, setup: &file.setup, teardown: &file.teardown }
}

/// Planning lets nobody call a server that ends before them.
fn owner(spec: &ServerSpec, tenant: Tenant<'_>) -> Owner {
    let scope = match &spec.source {
        ServerSource::Start(start) => start.scope,
        ServerSource::Address(_) | ServerSource::Override(_) | ServerSource::InProcess => ServerScope::Run,
    };
    match (scope, tenant) {
        (ServerScope::Case, Tenant { case: Some(case), .. }) => Owner::Case(case.clone()),
        (ServerScope::Case | ServerScope::File, Tenant { file: Some(file), .. }) => Owner::File(file.to_owned()),
        _ => Owner::Run,
    }
}

impl ServerKey {
    fn is_of_case(&self, job: &Job) -> bool {
        self.suite == job.suite && matches!(&self.owner, Owner::Case(id) if *id == job.case.id)
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
