//! What has been captured while a step is made, however the step ends: what it made may have to be undone. Main type:
//! [`Kept`].

use std::sync::{Mutex, PoisonError};

use crate::expr::Value;
use crate::matcher::Named;

/// Filled as soon as something is captured, by calls within a script too.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<Named<Value>>);

impl Kept {
    pub(super) fn add(&self, captured: &Named<Value>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(captured.clone());
    }

    pub(super) fn into_captured(self) -> Named<Value> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
