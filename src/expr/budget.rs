//! What one evaluation may do: nothing that is written in a case, or sent by a server, may take forever.

use std::time::Instant;

/// Parts of expressions evaluated, elements gone over.
const MAX_STEPS: usize = 5_000_000;
/// Bytes of texts and lists made.
const MAX_SIZE: usize = 256 << 20;
/// Between two looks at the clock.
const STEPS_BETWEEN: usize = 64;

#[derive(Debug)]
pub(super) struct Budget {
    steps: usize,
    size: usize,
    until: Option<Instant>,
    next_look: usize,
}

impl Budget {
    pub(super) fn new(until: Option<Instant>) -> Self {
        Self { steps: MAX_STEPS, size: MAX_SIZE, until, next_look: MAX_STEPS }
    }

    /// The error says why no more can be done.
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), &'static str> {
        self.steps = self.steps.checked_sub(steps.max(1)).ok_or("it takes more than five million steps")?;
        if self.steps <= self.next_look {
            self.next_look = self.steps.saturating_sub(STEPS_BETWEEN);
            if self.until.is_some_and(|until| Instant::now() >= until) {
                return Err("the time for it is up");
            }
        }
        Ok(())
    }

    pub(super) fn spend_size(&mut self, size: usize) -> Result<(), &'static str> {
        self.size = self.size.checked_sub(size).ok_or("it makes more than 256 MiB of texts and lists")?;
        Ok(())
    }
}
