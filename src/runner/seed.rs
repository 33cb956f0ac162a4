//! What the random functions of a run draw from: one number, from which each case has its own, whatever runs beside it.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};

use sha2::{Digest as _, Sha256};

/// The seed of a run: `--seed`, or one of the operating system's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seed(pub(crate) u64);

impl Seed {
    /// One that nobody has chosen.
    pub(crate) fn fresh() -> Self {
        // Its keys come from the operating system.
        Self(RandomState::new().hash_one(()))
    }

    /// The seed of a part of the run: the same for the same `name` and `number` in every run with this seed.
    pub(super) fn of(self, name: &str, number: u64) -> u64 {
        let mut hash = Sha256::new();
        hash.update(self.0.to_be_bytes());
        hash.update(number.to_be_bytes());
        hash.update(name);
        let mut first = [0; 8];
        first.copy_from_slice(&hash.finalize()[..8]);
        u64::from_be_bytes(first)
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_has_its_own_and_always_the_same() {
        let seed = Seed(7);
        assert_eq!(seed.of("a.yaml::x", 1), seed.of("a.yaml::x", 1));
        let parts = [seed.of("a.yaml::x", 1), seed.of("a.yaml::x", 2), seed.of("a.yaml::y", 1), Seed(8).of("a.yaml::x", 1)];
        for (at, part) in parts.iter().enumerate() {
            assert!(!parts[..at].contains(part));
        }
    }
}
