//! What surrounds cases while they run: the variables of their suite and file, computed once, and what `setup` captures
//! before the first of them and `teardown` undoes after the last. Main type: [`Level`].

use std::future::Future;
use std::sync::{Arc, Mutex};

use tokio::sync::OnceCell;

use super::reflect::Unreflected;
use super::result::{CaseError, Outcome, Part, SetupFailure};
use super::running::StartFailure;
use super::session::{Tenant, lock};
use super::stage::Stage;
use super::{Interrupt, Session};
use crate::diagnostic::Diagnostics;
use crate::expr::Scope;
use crate::plan::PlannedLevel;
use crate::spec::Step;

/// A suite or file, as far as it has come.
#[derive(Default)]
pub(super) struct Level {
    planned: OnceCell<Result<Arc<PlannedLevel>, Blocked>>,
    begun: OnceCell<Result<Arc<Scope>, Blocked>>,
    /// Where its setup was made and its teardown will be; nothing once it was.
    stage: Mutex<Option<Stage>>,
}

/// Why the cases within cannot run. All of them show it.
#[derive(Debug, Clone)]
pub(super) enum Blocked {
    Interrupted,
    NotStarted(Arc<StartFailure>),
    Unreflected(Arc<Unreflected>),
    Invalid(Diagnostics),
    Setup(Arc<SetupFailure>),
}

/// Which suite or file.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) tenant: Tenant<'a>,
    /// The id of the suite's or the case file.
    pub(super) id: &'a str,
    pub(super) setup: &'a [Step],
    pub(super) teardown: &'a [Step],
}

impl Blocked {
    pub(super) fn into_outcome(self) -> Outcome {
        let error = match self {
            Self::Interrupted => return Outcome::NotRun("interrupted"),
            Self::NotStarted(failure) => CaseError::NotStarted(failure),
            Self::Unreflected(why) => CaseError::Unreflected(why),
            Self::Invalid(problems) => CaseError::Invalid(problems),
            Self::Setup(failure) => CaseError::Setup(failure),
        };
        Outcome::Errored(Box::new(error))
    }
}

impl Level {
    /// Its plan: made before, or now by `plan`.
    pub(super) async fn planned(
        &self,
        plan: impl Future<Output = Result<Arc<PlannedLevel>, Blocked>>,
    ) -> Result<Arc<PlannedLevel>, Blocked> {
        self.planned.get_or_init(|| plan).await.clone()
    }

    /// What the cases within see: `scope`, and what the setup captures; whoever comes first has it made.
    pub(super) async fn begun(
        &self,
        session: &Session,
        around: Around<'_>,
        planned: &PlannedLevel,
        scope: impl FnOnce() -> Arc<Scope>,
    ) -> Result<Arc<Scope>, Blocked> {
        self.begun.get_or_init(|| self.begin(session, around, planned, scope())).await.clone()
    }

    async fn begin(
        &self,
        session: &Session,
        around: Around<'_>,
        planned: &PlannedLevel,
        scope: Arc<Scope>,
    ) -> Result<Arc<Scope>, Blocked> {
        if planned.setup.is_empty() && planned.teardown.is_empty() {
            return Ok(scope);
        }
        let leases = tokio::select! {
            biased;
            () = session.interrupt().raised() => return Err(Blocked::Interrupted),
            leases = session.lease(around.tenant, around.servers()) => leases.map_err(Blocked::NotStarted)?,
        };
        let mut stage = Stage::new(session.config(around.tenant.suite), leases, scope);
        let made = stage.make(Part::Setup, &planned.setup, session.interrupt()).await;
        let scope = Arc::clone(stage.scope());
        *lock(&self.stage) = Some(stage);
        match made {
            Ok(_) => Ok(scope),
            Err(Outcome::NotRun(_)) => Err(Blocked::Interrupted),
            Err(outcome) => {
                let id = format!("{}::setup", around.id);
                Err(Blocked::Setup(Arc::new(SetupFailure { id, outcome })))
            }
        }
    }

    /// Makes the teardown, once, if the setup was begun.
    pub(super) async fn end(&self, around: Around<'_>, interrupt: &Interrupt) -> Vec<Outcome> {
        let stage = lock(&self.stage).take();
        match (stage, self.planned.get()) {
            (Some(mut stage), Some(Ok(planned))) if !around.teardown.is_empty() => {
                stage.tear_down(&planned.teardown, interrupt).await
            }
            _ => Vec::new(),
        }
    }
}

impl Around<'_> {
    /// The servers that its steps call.
    pub(super) fn servers(&self) -> impl Iterator<Item = &str> {
        let calls = self.setup.iter().chain(self.teardown).flat_map(Step::calls);
        calls.map(|call| call.server.value.as_str())
    }
}
