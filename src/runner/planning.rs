//! Plans that wait for what servers say they serve: made when these can be asked, before the first call. Main type:
//! [`LateFile`].

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::leases::Leases;
use super::level::{Around, Blocked};
use super::reflect::{Unreflected, reflect};
use super::running::Running;
use super::session::{around_file, lock};
use super::{Job, Session};
use crate::diagnostic::Diagnostics;
use crate::plan::{PlannedCase, PlannedLevel, Planner, Schemas};
use crate::schema::Schema;
use crate::spec::CaseId;

/// Cases of one file that wait for their plans.
#[derive(Default)]
pub(super) struct LateFile {
    pub(super) waiting: Vec<Job>,
    plans: HashMap<CaseId, Result<Arc<PlannedCase>, Diagnostics>>,
}

impl Session {
    pub(super) async fn planned_suite(&self, suite: usize) -> Result<Arc<PlannedLevel>, Blocked> {
        let around = self.around_suite(suite);
        let plan = async {
            if let Some(planned) = &self.suites[suite].level {
                return Ok(Arc::clone(planned));
            }
            let schemas = self.schemas_of(around).await?;
            self.planned_now(suite, &schemas, |planner, found| planner.suite(found))
        };
        self.level(around.tenant).planned(plan).await
    }

    pub(super) async fn planned_file(&self, job: &Job) -> Result<Arc<PlannedLevel>, Blocked> {
        let around = around_file(job.suite, &job.file);
        let plan = async {
            if let Some(planned) = &job.around {
                return Ok(Arc::clone(planned));
            }
            let suite = self.planned_suite(job.suite).await?;
            let schemas = self.schemas_of(around).await?;
            self.planned_now(job.suite, &schemas, |planner, found| planner.file(&suite, &job.file, found))
        };
        self.level(around.tenant).planned(plan).await
    }

    fn planned_now(
        &self,
        suite: usize,
        schemas: &BTreeMap<String, Arc<Schema>>,
        plan: impl FnOnce(Planner<'_>, &mut Diagnostics) -> PlannedLevel,
    ) -> Result<Arc<PlannedLevel>, Blocked> {
        let mut found = Diagnostics::new();
        let level = plan(self.planner(suite, schemas), &mut found);
        if found.has_errors() {
            return Err(Blocked::Invalid(found));
        }
        lock(&self.warnings).append(found);
        Ok(Arc::new(level))
    }

    fn planner<'a>(&'a self, suite: usize, schemas: &'a BTreeMap<String, Arc<Schema>>) -> Planner<'a> {
        Planner { config: self.config(suite), schemas: Schemas::OfServers(schemas), sources: &self.sources }
    }

    /// The schemas of the servers that the steps around cases call.
    async fn schemas_of(&self, around: Around<'_>) -> Result<BTreeMap<String, Arc<Schema>>, Blocked> {
        let leases = self.lease(around.tenant, around.servers()).await.map_err(Blocked::NotStarted)?;
        self.schemas(around.tenant.suite, &leases).await
    }

    /// The plan of a case: made before, or now that its servers can be asked for their protos. With it all those of its
    /// file are planned that call no other server, so that what is wrong with them is known before any call.
    pub(super) async fn plan(&self, job: &Job, leases: &Leases) -> Result<Arc<PlannedCase>, Blocked> {
        if let Some(planned) = &job.plan {
            return Ok(Arc::clone(planned));
        }
        let file = self.planned_file(job).await?;
        let schemas = self.schemas(job.suite, leases).await?;
        let mut late = lock(&self.late);
        let late = late.entry((job.suite, job.file.id.clone())).or_default();
        let can_be_planned = |job: &Job| job.case.servers().into_iter().all(|server| schemas.contains_key(server));
        for waiting in late.waiting.extract_if(.., |job| can_be_planned(job)) {
            late.plans.insert(waiting.case.id.clone(), self.plan_with(&waiting, &schemas, &file));
        }
        let planned = match late.plans.get(&job.case.id) {
            Some(planned) => planned.clone(),
            None => self.plan_with(job, &schemas, &file),
        };
        planned.map_err(Blocked::Invalid)
    }

    fn plan_with(
        &self,
        job: &Job,
        schemas: &BTreeMap<String, Arc<Schema>>,
        file: &PlannedLevel,
    ) -> Result<Arc<PlannedCase>, Diagnostics> {
        let (none, mut warnings) = (Diagnostics::new(), Diagnostics::new());
        let planned = self.planner(job.suite, schemas).case(file, &job.case, &none, &mut warnings);
        lock(&self.warnings).append(warnings);
        planned
    }

    /// What servers say they serve; each is asked once.
    async fn schemas(&self, suite: usize, leases: &Leases) -> Result<BTreeMap<String, Arc<Schema>>, Blocked> {
        let mut schemas = BTreeMap::new();
        for (name, server) in &*leases.servers {
            let key = (suite, name.clone());
            let slot = Arc::clone(lock(&self.schemas).entry(key).or_default());
            let schema = slot.get_or_init(|| Box::pin(self.reflect(suite, server))).await.clone();
            schemas.insert(name.clone(), schema.map_err(Blocked::Unreflected)?);
        }
        Ok(schemas)
    }

    async fn reflect(&self, index: usize, server: &Running) -> Result<Arc<Schema>, Arc<Unreflected>> {
        let suite = &self.suites[index];
        let Some(spec) = suite.server(&server.name) else { return Err(Arc::new(Unreflected::unknown(&server.name))) };
        let mut warnings = Diagnostics::new();
        let around = (&*self.scopes[index], &self.sources);
        let schema = reflect(suite, spec, &server.channel, around, &mut warnings).await;
        lock(&self.warnings).append(warnings);
        schema.map(Arc::new).map_err(Arc::new)
    }
}
