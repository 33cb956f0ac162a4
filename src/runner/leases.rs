//! The servers that a case or a level holds while its steps are made, and their logs since then. Main type: [`Leases`].

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ServerLog;
use super::running::Running;
use crate::server::LogPosition;

/// The servers of one case.
#[derive(Clone)]
pub(crate) struct Leases {
    pub(super) servers: Arc<BTreeMap<String, Arc<Running>>>,
}

/// Where each server's log stood.
pub(super) struct LogMarks(Vec<(String, LogPosition)>);

impl Leases {
    pub(super) fn new(servers: BTreeMap<String, Arc<Running>>) -> Self {
        Self { servers: Arc::new(servers) }
    }

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
