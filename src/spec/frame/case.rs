//! A case, as written.

use std::sync::Arc;

use super::again::{REPEAT, RETRY, read_repeat, read_retry};
use super::call::{CallFrame, CallKeys, check_exclusive};
use super::rows::RowsFrame;
use super::step::{StepFrame, read_id, read_steps, refuse_duplicate_ids};
use super::{exclusive, read_locks, read_tags, read_vars};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, Spanned};
use crate::spec::{Repeat, Retry, fits_an_id};
use crate::yaml::decode::{self, Key, Reads, Table};
use crate::yaml::{Node, Style};

/// What a case says.
#[derive(Debug)]
pub(in crate::spec) struct CaseFrame {
    pub(in crate::spec) span: Span,
    pub(in crate::spec) written: Node,
    pub(in crate::spec) name: Option<Spanned<String>>,
    pub(in crate::spec) description: Option<Spanned<String>>,
    pub(in crate::spec) tags: Vec<Spanned<String>>,
    pub(in crate::spec) skip: Option<String>,
    pub(in crate::spec) xfail: Option<String>,
    pub(in crate::spec) vars: Vec<(Spanned<Arc<str>>, Node)>,
    pub(in crate::spec) rows: Rows,
    pub(in crate::spec) repeat: Option<Repeat>,
    pub(in crate::spec) across: Option<Node>,
    pub(in crate::spec) retry: Option<Retry>,
    pub(in crate::spec) locks: Vec<Spanned<String>>,
    pub(in crate::spec) teardown: Vec<StepFrame>,
    /// Instead of `call`.
    pub(in crate::spec) steps: Option<Vec<StepFrame>>,
    /// Of the one call.
    pub(in crate::spec) id: Option<Spanned<Arc<str>>>,
    /// The one call; beside `steps`, what they inherit.
    pub(in crate::spec) call: CallFrame,
}

/// What a case says of rows.
#[derive(Debug)]
pub(in crate::spec) enum Rows {
    None,
    /// What could not be read.
    Unreadable,
    Some(RowsFrame),
}

/// The keys of a call that a case with steps may have as well: for all of them.
const FOR_ALL_STEPS: [&str; 4] = ["server", "service", "metadata", "timeout"];

static CASE: Table<CaseFrame> = Table {
    what: "a case",
    keys: &[
        &[
            Key::required(
                "name",
                Reads::Other(|case, node, out| case.name = read_name(node, out)),
                "name: what the case shows",
            ),
            Key::new("description", Reads::Text(|case| &mut case.description)),
            Key::new("tags", Reads::Other(|case, node, out| case.tags = read_tags(node, out))),
            Key::new("skip", Reads::Other(|case, node, out| case.skip = read_reason("skip", node, out))),
            Key::new("xfail", Reads::Other(|case, node, out| case.xfail = read_reason("xfail", node, out))),
            Key::new("vars", Reads::Other(|case, node, out| case.vars = read_vars(node, out))),
            Key::new(
                "rows",
                Reads::Other(|case, node, out| {
                    case.rows = RowsFrame::read(node, out).map_or(Rows::Unreadable, Rows::Some);
                }),
            ),
            Key::new(
                "repeat",
                Reads::Mapping(|| REPEAT.names(), |case, node, out| case.repeat = read_repeat(node, out)),
            ),
            Key::new("across", Reads::Node(|case| &mut case.across)),
            Key::new("retry", Reads::Mapping(|| RETRY.names(), |case, node, out| case.retry = read_retry(node, out))),
            Key::new("lock", Reads::Other(|case, node, out| case.locks = read_locks(node, out))),
            Key::new("teardown", Reads::Other(|case, node, out| case.teardown = read_steps(node, out))),
            Key::new("steps", Reads::Other(|case, node, out| case.steps = Some(read_steps(node, out)))),
            Key::new("id", Reads::Other(|case, node, out| case.id = read_id(node, out))),
            Key::new("call", Reads::Text(|case| &mut case.call.call)),
        ],
        CallKeys::<CaseFrame>::KEYS,
    ],
};

impl AsMut<CallFrame> for CaseFrame {
    fn as_mut(&mut self) -> &mut CallFrame {
        &mut self.call
    }
}

impl CaseFrame {
    pub(super) fn read(node: &Node, out: &mut Diagnostics) -> Self {
        let mut case = Self {
            span: node.span,
            written: node.clone(),
            name: None,
            description: None,
            tags: Vec::new(),
            skip: None,
            xfail: None,
            vars: Vec::new(),
            rows: Rows::None,
            repeat: None,
            across: None,
            retry: None,
            locks: Vec::new(),
            teardown: Vec::new(),
            steps: None,
            id: None,
            call: CallFrame::default(),
        };
        let damaged = decode::damaged(node, out);
        CASE.read(node, &mut case, out);
        check_exclusive(node, out);
        let hint = "keep `skip` not to run the case, `xfail` to run it and see it fail";
        exclusive(node, "skip", "xfail", hint, out);
        let hint = "keep `repeat` where every run must pass, `retry` where one run is enough";
        exclusive(node, "repeat", "retry", hint, out);
        check_across(node, out);
        check_steps(node, damaged, out);
        case.check_ids(out);
        case
    }

    /// Every call it makes, those in scripts too; beside `steps`, what they inherit is among them.
    pub(in crate::spec) fn calls(&self) -> impl Iterator<Item = &CallFrame> {
        let steps = self.steps.iter().flatten().chain(&self.teardown);
        std::iter::once(&self.call).chain(steps.map(|step| &step.call)).flat_map(CallFrame::all)
    }

    fn check_ids(&self, out: &mut Diagnostics) {
        let steps = self.steps.as_deref().unwrap_or_default();
        refuse_duplicate_ids([steps, &self.teardown], out);
        let same = |id: &&Spanned<Arc<str>>| self.id.as_ref().is_some_and(|own| own.value == id.value);
        if let Some(own) = &self.id
            && let Some(id) = self.teardown.iter().filter_map(|step| step.id.as_ref()).find(same)
        {
            let again = Diagnostic::error(format!("a second step has the id `{}`", id.value));
            let again = again.at(id.span, "the same id again").also(own.span, "first here");
            out.push(again.hint("give it another id: expressions tell steps apart by it"));
        }
    }
}

fn check_across(node: &Node, out: &mut Diagnostics) {
    if let Some(across) = decode::key_span(node, "across")
        && node.get("repeat").is_none()
    {
        let label = "this speaks of all the repeats of a case";
        let without = Diagnostic::error("`across` without `repeat`").at(across, label);
        out.push(without.hint("add `repeat: 200`, or expect it of the one response"));
    }
}

/// A case is either steps or one call.
fn check_steps(node: &Node, damaged: bool, out: &mut Diagnostics) {
    let Some(entries) = node.as_mapping() else { return };
    let Some(steps) = decode::key_span(node, "steps") else {
        let unclear = damaged || ["call", "steps"].iter().any(|key| decode::misspelt(node, key));
        if !unclear && decode::key_span(node, "call").is_none() {
            let place = entries.first().map_or(node.span, |entry| entry.key.span);
            let missing = Diagnostic::error("missing key `call`").at(place, "a case needs it, or `steps`");
            out.push(missing.hint("write `call: pkg.Service/Method`, or several calls as a list under `steps:`"));
        }
        return;
    };
    let mut of_a_call = CallKeys::<CaseFrame>::names();
    of_a_call.retain(|key| !FOR_ALL_STEPS.contains(key));
    of_a_call.extend(["id", "call"]);
    for entry in entries.iter().filter(|entry| of_a_call.contains(&&*entry.key.value)) {
        let key = &entry.key.value;
        let beside = Diagnostic::error(format!("`{key}` beside `steps`"));
        let beside = beside.at(entry.key.span, "belongs to one call").also(steps, "the calls are here");
        let hint = if &**key == "call" {
            "make it one of the steps: `- call: …`".to_owned()
        } else {
            format!("write `{key}` in the step that makes the call")
        };
        out.push(beside.hint(hint));
    }
    let calls = |item: &Node| item.get("sleep").is_none() || item.get("call").is_some();
    if let Some(items) = node.get("steps").and_then(Node::as_sequence)
        && !items.is_empty()
        && !items.iter().any(calls)
    {
        let idle = Diagnostic::error("this case calls nothing").at(steps, "all its steps sleep");
        out.push(idle.hint("add a step: `- call: pkg.Service/Method`"));
    }
}

/// A case's name: it ends its id, which stands on a line of its own and is typed into filters.
fn read_name(node: &Node, out: &mut Diagnostics) -> Option<Spanned<String>> {
    let name = decode::text(node, out)?;
    let example = "say what the case shows: `name: greets by name`";
    fits_an_id(&name.value, name.span, "the name of a case", example, out).then_some(name)
}

/// Why a case is skipped, or must fail. `skip: false` would skip it, which nobody means.
fn read_reason(key: &str, node: &Node, out: &mut Diagnostics) -> Option<String> {
    let reason = decode::text(node, out)?;
    let plain = node.as_scalar().is_some_and(|scalar| scalar.style == Style::Plain);
    let why = || format!("say why: `{key}: waits for issue 12`");
    let hint = match reason.value.trim() {
        "" => why(),
        "true" | "yes" | "on" if plain => why(),
        "false" | "no" | "off" if plain && key == "skip" => "leave `skip` out to run the case".to_owned(),
        "false" | "no" | "off" if plain => format!("leave `{key}` out: the case must pass then"),
        _ => return Some(reason.value),
    };
    out.push(Diagnostic::error(format!("`{key}` takes the reason why")).at(reason.span, "not a reason").hint(hint));
    None
}
