//! What a server wrote, stdout and stderr as they came: a bounded ring of lines, with positions in it, so that "since
//! the case began" can be cut out. Main type: [`Log`].

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// Lines kept; older ones are dropped.
const MAX_LINES: usize = 10_000;
/// Bytes kept, over all lines.
const MAX_BYTES: usize = 1 << 20;
/// Bytes kept of one line; the rest is counted and dropped.
const MAX_LINE_BYTES: usize = 8 << 10;

/// The output of one server, which goes on growing.
#[derive(Debug)]
pub(crate) struct Log {
    ring: Mutex<Ring>,
    /// Lines ever ended: who waits for a line waits for this to grow.
    ended: watch::Sender<u64>,
    /// Whether all has been read that will ever be written.
    closed: watch::Sender<bool>,
}

/// A place in a log: the line that is being written, or that comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct LogPosition(u64);

/// Lines cut out of a log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LogTail {
    /// Whole lines, each with its line feed; the last may still lack it.
    pub(crate) text: String,
    /// Earlier lines that were asked for and are not in `text`.
    pub(crate) dropped: u64,
}

#[derive(Debug, Default)]
struct Ring {
    lines: VecDeque<Arc<str>>,
    bytes: usize,
    /// Lines dropped: the number of the first line kept.
    dropped: u64,
    /// The line being written, without its line feed.
    open: Vec<u8>,
    /// Bytes of the line being written that were over the limit.
    cut: usize,
}

impl Log {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { ring: Mutex::default(), ended: watch::Sender::new(0), closed: watch::Sender::new(false) })
    }

    /// Where what is written from now on begins.
    pub(crate) fn position(&self) -> LogPosition {
        LogPosition(self.ring().end())
    }

    /// What was written since `position`, as far as it is kept; a line not yet ended is part of it.
    pub(crate) fn since(&self, position: LogPosition) -> LogTail {
        let ring = self.ring();
        LogTail { text: ring.text(position.0), dropped: ring.dropped.saturating_sub(position.0) }
    }

    /// The last `lines` lines.
    pub(crate) fn tail(&self, lines: usize) -> LogTail {
        let ring = self.ring();
        let open = usize::from(!ring.open.is_empty());
        let from = ring.end().saturating_sub(lines.saturating_sub(open) as u64).max(ring.dropped);
        LogTail { text: ring.text(from), dropped: from }
    }

    /// The ended lines from `position` on, and the position after them.
    pub(super) fn lines(&self, position: LogPosition) -> (Vec<Arc<str>>, LogPosition) {
        let ring = self.ring();
        (ring.from(position.0).cloned().collect(), LogPosition(ring.end()))
    }

    /// The line being written, if there is one.
    pub(super) fn open_line(&self) -> Option<String> {
        let ring = self.ring();
        (!ring.open.is_empty()).then(|| ring.open_text())
    }

    /// Changes with every ended line.
    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.ended.subscribe()
    }

    /// Adds bytes as they came, lines and characters cut anywhere.
    pub(super) fn write(&self, bytes: &[u8]) {
        let mut ring = self.ring();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(end) => {
                    ring.extend(end);
                    ring.end_line();
                }
                None => ring.extend(piece),
            }
        }
        self.announce(ring);
    }

    /// Ends the line being written: nothing comes after it.
    pub(super) fn close(&self) {
        let mut ring = self.ring();
        if !ring.open.is_empty() {
            ring.end_line();
        }
        self.announce(ring);
        self.closed.send_replace(true);
    }

    /// Waits until nothing more will come, but no longer than `within`: what a program wrote last is read a moment later
    /// than its end is noticed.
    pub(crate) async fn drained(&self, within: Duration) {
        let mut closed = self.closed.subscribe();
        let _ = timeout(within, closed.wait_for(|closed| *closed)).await;
    }

    fn announce(&self, ring: MutexGuard<'_, Ring>) {
        let end = ring.end();
        drop(ring);
        self.ended.send_if_modified(|ended| std::mem::replace(ended, end) != end);
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    /// The number of the line being written, or of the next.
    fn end(&self) -> u64 {
        self.dropped + self.lines.len() as u64
    }

    fn from(&self, number: u64) -> impl Iterator<Item = &Arc<str>> {
        let skipped = usize::try_from(number.saturating_sub(self.dropped)).unwrap_or(usize::MAX);
        self.lines.iter().skip(skipped)
    }

    fn text(&self, from: u64) -> String {
        let mut text: String = self.from(from).flat_map(|line| [&**line, "\n"]).collect();
        text.push_str(&self.open_text());
        text
    }

    fn extend(&mut self, bytes: &[u8]) {
        let (kept, cut) = bytes.split_at(bytes.len().min(MAX_LINE_BYTES - self.open.len()));
        self.open.extend_from_slice(kept);
        self.cut += cut.len();
    }

    fn end_line(&mut self) {
        let line: Arc<str> = self.open_text().into();
        self.open.clear();
        self.cut = 0;
        self.bytes += line.len();
        self.lines.push_back(line);
        while self.lines.len() > MAX_LINES || self.bytes > MAX_BYTES {
            let oldest = self.lines.pop_front();
            self.bytes -= oldest.map_or(0, |line| line.len());
            self.dropped += 1;
        }
    }

    fn open_text(&self) -> String {
        let text = String::from_utf8_lossy(self.open.strip_suffix(b"\r").unwrap_or(&self.open));
        match self.cut {
            0 => text.into_owned(),
            cut => format!("{text}… ({cut} more bytes)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(pieces: &[&[u8]]) -> Arc<Log> {
        let log = Log::new();
        for piece in pieces {
            log.write(piece);
        }
        log
    }

    #[test]
    fn cuts_out_what_came_since_a_position() {
        let log = written(&[b"before\nhalf"]);
        let position = log.position();
        log.write(b" a line\nafter\n");
        assert_eq!(log.since(position), LogTail { text: "half a line\nafter\n".to_owned(), dropped: 0 });
        assert_eq!(log.since(log.position()), LogTail::default());
        assert_eq!(log.tail(1), LogTail { text: "after\n".to_owned(), dropped: 2 });
    }

    #[test]
    fn a_line_not_yet_ended_is_shown_but_not_a_line() {
        let log = written(&[b"one\ntwo"]);
        assert_eq!(log.since(LogPosition::default()).text, "one\ntwo");
        assert_eq!(log.tail(1), LogTail { text: "two".to_owned(), dropped: 1 });
        assert_eq!(log.lines(LogPosition::default()).0, [Arc::from("one")]);
        log.close();
        assert_eq!(log.lines(LogPosition::default()).0, [Arc::from("one"), Arc::from("two")]);
    }

    #[test]
    fn keeps_characters_that_arrive_in_pieces_and_replaces_what_is_none() {
        let log = written(&[b"\xe4\xb8", b"\x96\r\n", b"\xff|\n"]);
        assert_eq!(log.since(LogPosition::default()).text, "世\n\u{fffd}|\n");
    }

    #[test]
    fn drops_the_oldest_lines_and_counts_them() {
        let log = Log::new();
        for number in 0..MAX_LINES + 5 {
            log.write(format!("{number}\n").as_bytes());
        }
        let all = log.since(LogPosition::default());
        assert_eq!((all.dropped, all.text.lines().next()), (5, Some("5")));
        assert_eq!(log.since(LogPosition(3)).dropped, 2);
    }

    #[test]
    fn memory_is_bounded_for_long_lines_and_many_of_them() {
        let log = Log::new();
        let endless = vec![b'x'; 3 * MAX_LINE_BYTES];
        for _ in 0..2 * MAX_BYTES / MAX_LINE_BYTES {
            log.write(&endless);
            log.write(b"\n");
        }
        let all = log.since(LogPosition::default());
        assert!(all.text.len() <= MAX_BYTES + MAX_BYTES / MAX_LINE_BYTES, "{} bytes kept", all.text.len());
        let last = log.tail(1).text;
        assert!(last.ends_with(&format!("x… ({} more bytes)\n", 2 * MAX_LINE_BYTES)), "{}", &last[last.len() - 40..]);
    }

    #[tokio::test]
    async fn who_waits_for_the_last_line_has_it_and_waits_no_longer_than_said() {
        let log = Log::new();
        log.drained(Duration::from_millis(1)).await;
        let waiting = tokio::spawn({
            let log = Arc::clone(&log);
            async move {
                log.drained(Duration::from_secs(600)).await;
                log.since(LogPosition::default()).text
            }
        });
        log.write(b"out of cheese");
        log.close();
        assert_eq!(waiting.await.expect("no panic"), "out of cheese\n");
    }

    #[tokio::test]
    async fn who_waits_for_a_line_is_told() {
        let log = Log::new();
        let mut ended = log.subscribe();
        log.write(b"no line yet");
        assert!(!ended.has_changed().expect("the log is alive"));
        log.write(b"\n");
        ended.changed().await.expect("the log is alive");
        assert_eq!(log.lines(LogPosition::default()).0.len(), 1);
    }
}
