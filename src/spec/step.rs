//! One step of a case, a `setup` or a `teardown`, as written. Main type: [`Step`].

use std::sync::Arc;
use std::time::Duration;

use super::{Call, Capture};
use crate::diagnostic::{Span, Spanned};
use crate::yaml::Node;

/// A step. A case written with the keys of one call has one.
#[derive(Debug)]
pub(crate) struct Step {
    /// Of the whole step; of the case, where that is one call.
    pub(crate) span: Span,
    /// What expressions know it by, as `steps.ID`.
    pub(crate) id: Option<Spanned<Arc<str>>>,
    /// What reports call it.
    pub(crate) name: Option<String>,
    pub(crate) action: Action,
    /// Its own mapping; the case's, where that is one call.
    pub(crate) written: Node,
}

/// What a step does.
#[derive(Debug)]
pub(crate) enum Action {
    Call(Box<Call>),
    Sleep(Duration),
}

impl Step {
    /// The call it is, unless it sleeps.
    pub(crate) fn call(&self) -> Option<&Call> {
        match &self.action {
            Action::Call(call) => Some(call),
            Action::Sleep(_) => None,
        }
    }

    /// Every call it makes, those in a script too.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &Call> {
        self.call().into_iter().flat_map(Call::all)
    }

    /// Everything in it that may hold `${…}`.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.call().into_iter().flat_map(Call::nodes)
    }

    /// Everything in it that is bare CEL.
    pub(crate) fn expressions(&self) -> impl Iterator<Item = &Node> {
        self.call().into_iter().flat_map(Call::expressions)
    }

    /// Everything that it captures.
    pub(crate) fn captures(&self) -> impl Iterator<Item = &Capture> {
        self.call().into_iter().flat_map(Call::captures)
    }
}
