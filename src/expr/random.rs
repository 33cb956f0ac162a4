//! Random values that a seed repeats.

use std::sync::{Arc, Mutex, PoisonError};

use fastrand::Rng;

/// A generator, shared by all who hold it.
#[derive(Debug, Clone)]
pub(super) struct Random {
    seed: u64,
    generator: Arc<Mutex<Rng>>,
}

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, generator: Arc::new(Mutex::new(Rng::with_seed(seed))) }
    }

    /// One for what is called `name`: the same, whatever has been drawn from this one.
    pub(super) fn named(&self, name: &str) -> Self {
        Self::new(derive_seed(self.seed, name))
    }

    pub(super) fn draw<T>(&self, draw: impl FnOnce(&mut Rng) -> T) -> T {
        draw(&mut self.generator.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Without a seed, every run differs.
impl Default for Random {
    fn default() -> Self {
        Self::new(fastrand::u64(..))
    }
}

/// A seed for a part of what has a seed: a case by its id, an attempt by its number.
pub(crate) fn derive_seed(seed: u64, name: &str) -> u64 {
    // FNV-1a, then a mix: the standard library's hash may change with its version
    let hash = name
        .bytes()
        .fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    Rng::with_seed(hash).u64(..)
}
