//! One of several parts of what is selected, for runs on several machines. Main type: [`Partition`].

use super::hash::fnv_1a;

/// `--partition hash:K/N` or `count:K/N`: all parts together are the whole, and no two share a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Partition {
    by: By,
    /// From 1.
    part: u64,
    /// At least `part`.
    of: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// The id alone says which part a case is in, on every machine, whatever else is selected.
    Hash,
    /// The parts take turns: as even as can be.
    Count,
}

const FORM: &str = "write `hash:1/3` or `count:1/3`: the first of three parts";

impl Partition {
    /// Reads an argument.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(crate) fn parse(written: &str) -> Result<Self, String> {
        let Some((by, parts)) = written.split_once(':') else { return Err(FORM.to_owned()) };
        let by = match by {
            "hash" => By::Hash,
            "count" => By::Count,
            other => return Err(format!("unknown way to part `{other}`; {FORM}")),
        };
        let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        let (Some(part), Some(of)) = parts.split_once('/').map_or((None, None), |(k, n)| (number(k), number(n))) else {
            return Err(format!("`{parts}` is not K/N; {FORM}"));
        };
        if part == 0 || part > of {
            return Err(format!("there is no part {part} of {of}: parts count from 1 to {of}"));
        }
        Ok(Self { by, part, of })
    }

    /// Whether a case is in this part: its id within its suite, and where it stands among what is selected, from 0.
    pub(super) fn holds(&self, id: &str, position: usize) -> bool {
        let at = match self.by {
            By::Hash => fnv_1a(id.as_bytes()),
            By::Count => position as u64,
        };
        at % self.of == self.part - 1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn refuses_what_is_no_part() {
        let refused = |written| Partition::parse(written).expect_err("refused");
        assert!(refused("1/2").starts_with("write `hash:1/3`"));
        assert!(refused("hsah:1/2").starts_with("unknown way to part `hsah`"));
        for written in ["hash:", "hash:1", "hash:1/", "hash:/2", "hash:a/b", "count:-1/2", "count:+1/2", "hash:1/2/3"] {
            assert!(refused(written).contains("is not K/N"), "{written}");
        }
        assert_eq!(refused("hash:0/2"), "there is no part 0 of 2: parts count from 1 to 2");
        assert_eq!(refused("count:3/2"), "there is no part 3 of 2: parts count from 1 to 2");
        assert!(refused("count:1/0").starts_with("there is no part 1 of 0"));
    }

    #[test]
    fn the_hash_of_an_id_stays_what_it_is() {
        let part = |id| (1..=4).find(|part| Partition { by: By::Hash, part: *part, of: 4 }.holds(id, 0));
        let parts = ["a.yaml::one", "a.yaml::two", "b.yaml::one", "users/create.yaml::creates a user[ada]"].map(part);
        assert_eq!(parts, [Some(4), Some(2), Some(3), Some(3)], "other parts than those of earlier versions");
    }

    proptest! {
        #[test]
        fn parts_are_disjoint_and_together_whole(ids in proptest::collection::vec(".*", 0..50), of in 1_u64..20) {
            for by in [By::Hash, By::Count] {
                for (position, id) in ids.iter().enumerate() {
                    let parts = (1..=of).filter(|part| Partition { by, part: *part, of }.holds(id, position));
                    prop_assert_eq!(parts.count(), 1);
                }
            }
        }

        #[test]
        fn parts_by_count_differ_by_one_case_at_most(count in 0_usize..200, of in 1_u64..20) {
            let size = |part| (0..count).filter(|at| Partition { by: By::Count, part, of }.holds("", *at)).count();
            let sizes: Vec<usize> = (1..=of).map(size).collect();
            prop_assert!(sizes.iter().max().unwrap_or(&0) - sizes.iter().min().unwrap_or(&0) <= 1);
        }

        #[test]
        fn a_partition_reads_as_it_is_written(of in 1_u64..1000, seed in any::<u64>()) {
            let part = seed % of + 1;
            prop_assert_eq!(Partition::parse(&format!("hash:{part}/{of}")), Ok(Partition { by: By::Hash, part, of }));
        }
    }
}
