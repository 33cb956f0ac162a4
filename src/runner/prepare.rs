//! Everything before the first call: files loaded, cases chosen and planned, and all that is wrong with any of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Job, SuiteRun};
use crate::diagnostic::{Diagnostics, Sources};
use crate::plan::{PlannedSuite, plan_suite};
use crate::select::Chosen;
use crate::server;
use crate::spec::Loaded;
