//! What is done again: `repeat` and `retry` of a case, `eventually` of a call.

use std::time::Duration;

use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::spec::{Eventually, Repeat, Retry};
use crate::yaml::Node;
use crate::yaml::decode::{self, Key, Reads, Table};

/// Between two attempts under `eventually`, where nothing else is said.
const EVERY: Duration = Duration::from_millis(100);
/// With more calls at the same time, what is tested is the machine they come from.
const MOST_PARALLEL: u32 = 1_000;

#[derive(Debug, Default)]
pub(super) struct RepeatFrame {
    times: Option<Spanned<u32>>,
    parallel: Option<Spanned<u32>>,
}

#[derive(Debug, Default)]
pub(super) struct RetryFrame {
    attempts: Option<Spanned<u32>>,
    every: Option<Spanned<Duration>>,
}

#[derive(Debug, Default)]
pub(super) struct EventuallyFrame {
    within: Option<Spanned<Duration>>,
    every: Option<Spanned<Duration>>,
}

pub(super) static REPEAT: Table<RepeatFrame> = Table {
    what: "`repeat`",
    keys: &[&[
        Key::required("times", Reads::Other(|repeat, node, out| repeat.times = decode::count(node, out)), "times: 200"),
        Key::new("parallel", Reads::Other(|repeat, node, out| repeat.parallel = decode::count(node, out))),
    ]],
};

pub(super) static RETRY: Table<RetryFrame> = Table {
    what: "`retry`",
    keys: &[&[
        Key::required(
            "attempts",
            Reads::Other(|retry, node, out| retry.attempts = decode::count(node, out)),
            "attempts: 3",
        ),
        Key::new("every", Reads::Limit(|retry| &mut retry.every)),
    ]],
};

pub(super) static EVENTUALLY: Table<EventuallyFrame> = Table {
    what: "`eventually`",
    keys: &[&[
        Key::required("within", Reads::Limit(|eventually| &mut eventually.within), "within: 5s"),
        Key::new("every", Reads::Limit(|eventually| &mut eventually.every)),
    ]],
};

/// `repeat: 200`, or `repeat: { times: 200, parallel: 10 }`.
pub(super) fn read_repeat(node: &Node, out: &mut Diagnostics) -> Option<Repeat> {
    if node.as_mapping().is_none() {
        return decode::count(node, out).map(|times| Repeat { times: times.value, parallel: 1 });
    }
    let mut repeat = RepeatFrame::default();
    REPEAT.read(node, &mut repeat, out);
    if let Some(parallel) = repeat.parallel.as_ref().filter(|parallel| parallel.value > MOST_PARALLEL) {
        let headline = format!("{} repeats at the same time are too many", parallel.value);
        let most = Diagnostic::error(headline).at(parallel.span, format!("at most {MOST_PARALLEL}"));
        out.push(most.hint("`times` may be as large as it has to be"));
        return None;
    }
    Some(Repeat { times: repeat.times?.value, parallel: repeat.parallel.map_or(1, |parallel| parallel.value) })
}

/// `retry: { attempts: 3, every: 100ms }`; at once, where `every` is not said.
pub(super) fn read_retry(node: &Node, out: &mut Diagnostics) -> Option<Retry> {
    if let Some(number) = bare(node) {
        out.push(not_bare("retry", node).hint(format!("write `retry: {{ attempts: {number} }}`")));
        return None;
    }
    let mut retry = RetryFrame::default();
    RETRY.read(node, &mut retry, out);
    let attempts = retry.attempts?;
    if attempts.value == 1 {
        let once = Diagnostic::error("one attempt is no retry").at(attempts.span, "the first attempt counts");
        out.push(once.hint("write `attempts: 2` or more, or leave `retry` out"));
        return None;
    }
    Some(Retry { attempts: attempts.value, every: retry.every.map_or(Duration::ZERO, |every| every.value) })
}

/// `eventually: { within: 5s, every: 100ms }`; every 100ms, where that is not said.
pub(super) fn read_eventually(node: &Node, out: &mut Diagnostics) -> Option<Eventually> {
    if let Some(limit) = bare(node) {
        out.push(not_bare("eventually", node).hint(format!("write `eventually: {{ within: {limit} }}`")));
        return None;
    }
    let mut eventually = EventuallyFrame::default();
    EVENTUALLY.read(node, &mut eventually, out);
    let within = eventually.within?;
    if let Some(every) = &eventually.every
        && every.value > within.value
    {
        let label = "there is never a second attempt";
        let longer = Diagnostic::error("`every` is longer than `within`").at(every.span, label);
        out.push(longer.also(within.span, "").hint("write a shorter `every`, or leave it out for 100ms"));
        return None;
    }
    let every = eventually.every.map_or(EVERY.min(within.value), |every| every.value);
    Some(Eventually { span: node.span, within: within.value, every })
}

/// The text of a scalar where a mapping is due.
fn bare(node: &Node) -> Option<&str> {
    node.as_scalar().filter(|_| !node.is_null()).map(|scalar| &*scalar.text)
}

fn not_bare(key: &str, node: &Node) -> Diagnostic {
    Diagnostic::error(format!("`{key}` takes a mapping")).at(node.span, "")
}
