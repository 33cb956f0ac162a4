//! When a started program counts as ready: a ladder of probes, or a line of its log. A program that has ended is not
//! ready, whoever answers at its address.

use std::time::Duration;

use regex::Regex;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::log::{Log, LogPosition};
use super::probe::{Answer, ask};
use super::process::{Exit, Process};
use crate::grpc::{Channel, Metadata, Target};

/// How long one climb of the ladder may take: who takes a connection and says nothing is asked again.
const PROBE_WITHIN: Duration = Duration::from_secs(1);
/// Between two probes, at first and at last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(200));

/// Why a program does not count as ready.
#[derive(Debug)]
pub(super) enum NotReady {
    Ended(Exit),
    /// Nothing good came of the probes in time.
    NoAnswer {
        target: Target,
        last: String,
    },
    /// No line of the log matched in time.
    NoLine,
    /// The line matched, but what the group `port` holds is no port.
    NoPort {
        line: String,
        port: String,
    },
}

/// Waits until the ladder says that the server at the channel's end is ready. Its calls carry `metadata`.
pub(super) async fn answers(
    process: &mut Process,
    channel: &Channel,
    metadata: &Metadata,
    within: Duration,
) -> Result<(), NotReady> {
    let until = Instant::now() + within;
    tokio::select! {
        biased;
        exit = process.exited() => Err(NotReady::Ended(exit)),
        result = climb(channel, metadata, until) => {
            result.map_err(|last| NotReady::NoAnswer { target: channel.target().clone(), last })
        }
    }
}

/// Waits for a line that matches; returns the port, if `pattern` has a group of that name.
pub(super) async fn writes(process: &mut Process, pattern: &Regex, within: Duration) -> Result<Option<u16>, NotReady> {
    let until = Instant::now() + within;
    let log = process.log().clone();
    let found = tokio::select! {
        // The line first: of a program that writes it and ends, the end is noticed below.
        biased;
        found = timeout_at(until, find(&log, pattern)) => found.map_err(|_| NotReady::NoLine)?,
        exit = process.exited() => return Err(NotReady::Ended(exit)),
    };
    match process.exit() {
        Some(exit) => Err(NotReady::Ended(exit)),
        None => found,
    }
}

/// Asks until the server is ready; the error is the last answer.
async fn climb(channel: &Channel, metadata: &Metadata, until: Instant) -> Result<(), String> {
    let (mut pause, longest) = PAUSES;
    let mut last = None;
    loop {
        match ask(channel, metadata, until.min(Instant::now() + PROBE_WITHIN)).await {
            Answer::Ready => return Ok(()),
            // A probe that the end cuts short knows less than the one before.
            Answer::NotYet(_) if last.is_some() && Instant::now() >= until => {}
            Answer::NotYet(why) => last = Some(why),
        }
        if Instant::now() >= until {
            return Err(last.unwrap_or_default());
        }
        sleep_until(until.min(Instant::now() + pause)).await;
        pause = (pause * 2).min(longest);
    }
}

async fn find(log: &Log, pattern: &Regex) -> Result<Option<u16>, NotReady> {
    let mut ended = log.subscribe();
    let mut position = LogPosition::default();
    loop {
        let (lines, next) = log.lines(position);
        position = next;
        if let Some((line, groups)) = lines.iter().find_map(|line| Some((line, pattern.captures(line)?))) {
            return groups.name("port").map(|port| port_of(port.as_str(), line)).transpose();
        }
        if ended.changed().await.is_err() {
            // The log outlives this: a process is borrowed with it.
            std::future::pending::<()>().await;
        }
    }
}

fn port_of(text: &str, line: &str) -> Result<u16, NotReady> {
    text.parse()
        .ok()
        .filter(|port| *port != 0)
        .ok_or_else(|| NotReady::NoPort { line: line.to_owned(), port: text.to_owned() })
}
