//! Starting a program and waiting until it is ready: names evaluated, build run, port held, all of it undone if the
//! start fails or is dropped. Main type: [`Started`].

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::build::Builds;
use super::error::{StartError, Subject};
use super::guard;
use super::launch::{Evaluation, uses};
use super::log::{Log, LogTail};
use super::port::{FurtherPorts, Port, is_taken};
use super::process::{GRACE, Launch, Process};
use super::reach::{channel_options, check_plaintext, probe_metadata, target};
use super::ready::{self, NotReady};
use crate::diagnostic::{Diagnostic, Sources};
use crate::expr::{Scope, Value};
use crate::grpc::{Channel, ChannelOptions, Target};
use crate::spec::{ServerSpec, Start};

/// How long an address may still be taken by one that is just ending.
const TAKEN_WITHIN: Duration = Duration::from_secs(2);
/// What programs write when somebody else holds their port, in lower case.
const IN_USE: &[&str] = &["address already in use", "address in use", "eaddrinuse", "addrinuse", "failed to bind"];

/// A program that was started and got ready.
#[derive(Debug)]
pub(crate) struct Started {
    process: Process,
    address: String,
    warning: Option<Box<Diagnostic>>,
    // Below the process, and so dropped after it.
    _port: Port,
    _further: FurtherPorts,
    _dir: Option<TempDir>,
}

/// What a start is given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StartContext<'a> {
    /// The suite's values, and `servers.NAME.address` of the servers started before.
    pub(crate) scope: &'a Arc<Scope>,
    pub(crate) sources: &'a Sources,
    pub(crate) builds: &'a Builds,
}

impl Started {
    /// Builds it, starts it, waits until it is ready. To drop the future leaves nothing behind.
    pub(crate) async fn start(
        server: &ServerSpec,
        start: &Start,
        context: StartContext<'_>,
    ) -> Result<Self, StartError> {
        let options = channel_options(server).map_err(|problem| *problem)?;
        let subject = Subject::new(&server.name.value, start, context.sources);
        let start = Starting { server, start, options, context, subject };
        let prepared = start.prepare(Port::held())?;
        start.build(&prepared).await?;
        match start.run(prepared).await {
            // Some programs cannot bind beside our hold.
            Err(Failure::PortInUse(_)) => start.run(start.prepare(Port::unheld())?).await,
            result => result,
        }
        .map_err(|failure| match failure {
            Failure::PortInUse(error) | Failure::Other(error) => error,
        })
    }

    pub(super) fn warning(&self) -> Option<&Diagnostic> {
        self.warning.as_deref()
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn log(&self) -> &Arc<Log> {
        self.process.log()
    }

    pub(super) fn exited(&self) -> Option<String> {
        self.process.exit().map(|exit| exit.to_string())
    }

    pub(super) async fn stop(self) {
        self.process.stop(GRACE).await;
    }
}

/// A start under way.
struct Starting<'a> {
    server: &'a ServerSpec,
    start: &'a Start,
    /// How it is reached.
    options: ChannelOptions,
    context: StartContext<'a>,
    subject: Subject<'a>,
}

/// All that a program needs to run.
struct Prepared {
    port: Port,
    further: FurtherPorts,
    dir: Option<TempDir>,
    scope: Arc<Scope>,
    build: Option<Launch>,
    launch: Launch,
    /// Where it will listen, unless its log says another port.
    target: Target,
}

enum Failure {
    /// It ended because it could not have the port that we picked for it.
    PortInUse(StartError),
    Other(StartError),
}

impl Starting<'_> {
    fn prepare(&self, port: io::Result<Port>) -> Result<Prepared, StartError> {
        let port = port.map_err(|error| self.subject.nothing_free("port", &error))?;
        let mut values = BTreeMap::from([(Arc::from("port"), text(&port.number()))]);
        let mut dir = None;
        if uses(self.start, "dir", self.context.sources) {
            let made = TempDir::with_prefix("grpc-spec-");
            let made = made.map_err(|error| self.subject.nothing_free("temporary folder", &error))?;
            values.insert("dir".into(), text(&made.path().display()));
            dir = Some(made);
        }
        let further = FurtherPorts::default();
        let scope = self.context.scope.child(values).with_free_ports(further.source(port.is_held()));
        let mut evaluation = Evaluation::new(&scope, self.context.sources);
        let build = evaluation.build(self.start);
        let launch = evaluation.launch(self.start);
        let address = evaluation.address(self.start);
        match (launch, address) {
            (Some(launch), Some(address)) if !evaluation.problems.has_errors() => {
                let target = self.target(&address)?;
                Ok(Prepared { port, further, dir, scope, build, launch, target })
            }
            _ => Err(evaluation.problems.into()),
        }
    }

    fn target(&self, address: &str) -> Result<Target, StartError> {
        let target = target(self.server, address).map_err(|error| self.subject.no_target(&error))?;
        check_plaintext(self.server, &target).map_err(|problem| *problem)?;
        Ok(target)
    }

    async fn build(&self, prepared: &Prepared) -> Result<(), StartError> {
        let (Some(launch), Some(words)) = (&prepared.build, &self.start.build) else { return Ok(()) };
        let within = self.start.build_within;
        let built = self.context.builds.run(launch, within).await;
        let place = words.first().map_or(self.start.span, |word| word.span);
        built.map_err(|failure| self.subject.not_built(place, launch, within, &failure))
    }

    async fn run(&self, prepared: Prepared) -> Result<Started, Failure> {
        let Prepared { port, further, dir, scope, launch, target, .. } = prepared;
        if stays_taken(&target).await {
            return Err(Failure::Other(self.subject.taken(&target)));
        }
        let mut process =
            Process::spawn(&launch).map_err(|error| Failure::Other(self.subject.not_spawned(&launch, &error)))?;
        let said = match self.ready(&mut process, &target).await {
            Ok(said) => said,
            Err(why) => {
                let error = self.subject.not_ready(&why, self.start.ready.within, process.log());
                process.stop(GRACE).await;
                let in_use = matches!(why, NotReady::Ended(_)) && self.subject.tells_port && says_in_use(&error.log);
                return Err(if in_use { Failure::PortInUse(error) } else { Failure::Other(error) });
            }
        };
        let target = match said {
            Some(port) => self.target_with(port, &scope).map_err(Failure::Other)?,
            None => target,
        };
        Ok(Started {
            process,
            address: target.to_string(),
            warning: guard::warning().map(Box::new),
            _port: port,
            _further: further,
            _dir: dir,
        })
    }

    /// Waits until it is ready; returns the port that its log says, if it says one.
    async fn ready(&self, process: &mut Process, target: &Target) -> Result<Option<u16>, NotReady> {
        let within = self.start.ready.within;
        if let Some(pattern) = &self.start.ready.log {
            return ready::writes(process, &pattern.value, within).await;
        }
        let channel = Channel::new(target.clone(), self.options.clone());
        let metadata = probe_metadata(self.server, self.context.scope, self.context.sources);
        ready::answers(process, &channel, &metadata, within).await.map(|()| None)
    }

    /// Where it listens, now that its log has said which port.
    fn target_with(&self, port: u16, scope: &Arc<Scope>) -> Result<Target, StartError> {
        let scope = scope.child(BTreeMap::from([(Arc::from("port"), text(&port))]));
        let mut evaluation = Evaluation::new(&scope, self.context.sources);
        let address = evaluation.address(self.start).ok_or(evaluation.problems)?;
        self.target(&address)
    }
}

fn text(value: &impl ToString) -> Value {
    Value::Text(value.to_string().into())
}

/// Whether somebody listens at `target`, and still does after a while: what listened there may be just ending.
async fn stays_taken(target: &Target) -> bool {
    let until = Instant::now() + TAKEN_WITHIN;
    while is_taken(target).await {
        if Instant::now() >= until {
            return true;
        }
        sleep(Duration::from_millis(50)).await;
    }
    false
}

fn says_in_use(log: &LogTail) -> bool {
    let text = log.text.to_lowercase();
    IN_USE.iter().any(|phrase| text.contains(phrase))
}

#[cfg(test)]
mod tests;
