//! spec + schemas → what can run: methods looked up, requests encoded once, expectations compiled once, from the suite
//! over its files to each [`PlannedCase`]. Pure: calls nothing, starts nothing. What is planned cannot hold a typo.

mod call;
mod capture;
mod level;
mod metadata;
mod names;
mod overriding;
mod planner;
mod random;
mod reflected;
mod script;
mod script_order;
mod step;
mod suite;
mod unused;

pub(crate) use call::{PlannedCall, PlannedPayload, RequestMessage};
pub(crate) use capture::PlannedCapture;
pub(crate) use level::PlannedLevel;
pub(crate) use metadata::MetadataTemplate;
pub(crate) use names::Names;
pub(crate) use overriding::unknown_overrides;
pub(crate) use planner::{PlannedCase, Planner, Schemas};
pub(crate) use random::is_random;
pub(crate) use reflected::reflection_metadata;
pub(crate) use script::{PlannedAction, PlannedReceive, PlannedScript};
pub(crate) use step::{PlannedStep, StepAction};
pub(crate) use suite::{Plan, PlannedEntry, PlannedSuite, plan_suite};
pub(crate) use unused::unused_variables;
