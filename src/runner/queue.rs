//! Which case is next: the first in the order listed that may start now. Cases of a `serial` file wait for those before
//! them, cases with a `lock` for those that hold it; neither takes a place from others meanwhile. Main type: [`Queue`].

use std::collections::{BTreeMap, HashSet, VecDeque};

use super::Job;

/// Cases that have not started.
pub(super) struct Queue {
    /// Those of a lane start in its order; what holds one of them back holds all of them back.
    lanes: BTreeMap<Lane, VecDeque<(usize, Job)>>,
    /// Locks of the cases that run, with their suites.
    held: HashSet<(usize, String)>,
    /// Serial files of which a case runs.
    busy: HashSet<Lane>,
}

/// What holds cases back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Lane {
    /// A serial file.
    Serial { suite: usize, file: String },
    /// The same locks, perhaps none.
    Locks { suite: usize, locks: Vec<String> },
}

impl Queue {
    pub(super) fn new(jobs: Vec<Job>) -> Self {
        let mut lanes: BTreeMap<Lane, VecDeque<(usize, Job)>> = BTreeMap::new();
        for (at, job) in jobs.into_iter().enumerate() {
            lanes.entry(Lane::of(&job)).or_default().push_back((at, job));
        }
        Self { lanes, held: HashSet::new(), busy: HashSet::new() }
    }

    /// The next case, which is to start; [`Self::ended`] is told when it has ended.
    pub(super) fn next(&mut self) -> Option<Job> {
        let may_start = |(lane, jobs): (&Lane, &VecDeque<(usize, Job)>)| {
            let (at, job) = jobs.front()?;
            let free = !self.busy.contains(lane) && !locks(job).any(|lock| self.held.contains(&lock));
            free.then(|| (*at, lane.clone()))
        };
        let (_, lane) = self.lanes.iter().filter_map(may_start).min()?;
        let jobs = self.lanes.get_mut(&lane)?;
        let (_, job) = jobs.pop_front()?;
        if jobs.is_empty() {
            self.lanes.remove(&lane);
        }
        self.held.extend(locks(&job));
        if matches!(lane, Lane::Serial { .. }) {
            self.busy.insert(lane);
        }
        Some(job)
    }

    pub(super) fn ended(&mut self, job: &Job) {
        for lock in locks(job) {
            self.held.remove(&lock);
        }
        self.busy.remove(&Lane::of(job));
    }

    /// What has not started, in the order listed.
    pub(super) fn into_rest(self) -> impl Iterator<Item = Job> {
        let mut rest: Vec<(usize, Job)> = self.lanes.into_values().flatten().collect();
        rest.sort_by_key(|(at, _)| *at);
        rest.into_iter().map(|(_, job)| job)
    }
}

impl Lane {
    fn of(job: &Job) -> Self {
        let suite = job.suite;
        if job.file.serial {
            return Self::Serial { suite, file: job.file.id.clone() };
        }
        let mut locks = job.case.locks.to_vec();
        locks.sort_unstable();
        Self::Locks { suite, locks }
    }
}

fn locks(job: &Job) -> impl Iterator<Item = (usize, String)> {
    job.case.locks.iter().map(|lock| (job.suite, lock.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::testing::job;

    fn names(jobs: &[Option<Job>]) -> Vec<&str> {
        jobs.iter().flatten().map(|job| job.case.id.as_str()).collect()
    }

    #[test]
    fn cases_start_in_the_order_listed() {
        let mut queue = Queue::new(vec![job("a::1", false, &[]), job("b::1", false, &["x"]), job("a::2", false, &[])]);
        assert_eq!(names(&[queue.next(), queue.next(), queue.next(), queue.next()]), ["a::1", "b::1", "a::2"]);
    }

    #[test]
    fn a_lock_is_held_by_one_and_holds_nobody_else_back() {
        let mut queue = Queue::new(vec![
            job("a::1", false, &["x", "y"]),
            job("a::2", false, &["y", "z"]),
            job("a::3", false, &["z"]),
            job("a::4", false, &[]),
            job("a::5", false, &["y"]),
        ]);
        let first = queue.next().expect("it may start");
        assert_eq!(names(&[queue.next(), queue.next(), queue.next()]), ["a::3", "a::4"]);
        queue.ended(&first);
        assert_eq!(names(&[queue.next()]), ["a::5"], "`z` is held");
    }

    #[test]
    fn a_serial_file_runs_in_order_beside_others() {
        let mut queue = Queue::new(vec![
            job("s::1", true, &["x"]),
            job("s::2", true, &[]),
            job("a::1", false, &["x"]),
            job("a::2", false, &[]),
        ]);
        let first = queue.next().expect("it may start");
        assert_eq!(names(&[queue.next(), queue.next()]), ["a::2"]);
        queue.ended(&first);
        assert_eq!(names(&[queue.next(), queue.next()]), ["s::2", "a::1"]);
        assert_eq!(queue.into_rest().count(), 0);
    }
}
