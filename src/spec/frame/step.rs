//! A step: of a case, of `setup`, of `teardown`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::call::{CallFrame, CallKeys, check_exclusive};
use super::exclusive;
use crate::diagnostic::{Diagnostic, Diagnostics, Span, Spanned};
use crate::expr::check_step_id;
use crate::yaml::Node;
use crate::yaml::decode::{self, Key, Reads, Table};

/// What a step says: a call, unless it sleeps.
#[derive(Debug)]
pub(in crate::spec) struct StepFrame {
    pub(in crate::spec) span: Span,
    pub(in crate::spec) written: Node,
    pub(in crate::spec) id: Option<Spanned<Arc<str>>>,
    pub(in crate::spec) name: Option<Spanned<String>>,
    pub(in crate::spec) sleep: Option<Spanned<Duration>>,
    pub(in crate::spec) call: CallFrame,
}

static STEP: Table<StepFrame> = Table {
    what: "a step",
    keys: &[
        &[
            Key::new("id", Reads::Other(|step, node, out| step.id = read_id(node, out))),
            Key::new("name", Reads::Text(|step| &mut step.name)),
            Key::new("sleep", Reads::Limit(|step| &mut step.sleep)),
            Key::new("call", Reads::Text(|step| &mut step.call.call)),
        ],
        CallKeys::<StepFrame>::KEYS,
    ],
};

impl AsMut<CallFrame> for StepFrame {
    fn as_mut(&mut self) -> &mut CallFrame {
        &mut self.call
    }
}

/// Reads `steps:`, `setup:`, `teardown:`.
pub(super) fn read_steps(node: &Node, out: &mut Diagnostics) -> Vec<StepFrame> {
    let hint = if node.as_mapping().is_some_and(|entries| entries.iter().any(|entry| is_known(&entry.key.value))) {
        "write a `-` before the step"
    } else {
        "write a list: `- call: pkg.Service/Method` for each step"
    };
    let damaged = decode::damaged(node, out);
    let items = decode::items(node, "a list of steps", hint, out);
    if items.is_some_and(<[Node]>::is_empty) && !damaged {
        let label = "an empty list";
        out.push(Diagnostic::error("no steps").at(node.span, label).hint(hint));
    }
    items.unwrap_or_default().iter().map(|item| read_step(item, out)).collect()
}

/// What expressions know a call by.
pub(super) fn read_id(node: &Node, out: &mut Diagnostics) -> Option<Spanned<Arc<str>>> {
    let id = decode::text(node, out)?;
    let refused = check_step_id(&id.value, id.span);
    let fits = refused.is_none();
    out.extend(refused);
    fits.then(|| Spanned::new(id.value.into(), id.span))
}

/// Reports steps that share an id; `lists` are all those that see each other.
pub(super) fn refuse_duplicate_ids<'a>(lists: impl IntoIterator<Item = &'a [StepFrame]>, out: &mut Diagnostics) {
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for id in lists.into_iter().flatten().filter_map(|step| step.id.as_ref()) {
        if let Some(first) = seen.get(&*id.value) {
            let again = Diagnostic::error(format!("a second step has the id `{}`", id.value));
            let again = again.at(id.span, "the same id again").also(*first, "first here");
            out.push(again.hint("give it another id: expressions tell steps apart by it"));
        } else {
            seen.insert(&id.value, id.span);
        }
    }
}

fn read_step(node: &Node, out: &mut Diagnostics) -> StepFrame {
    let mut step = StepFrame {
        span: node.span,
        written: node.clone(),
        id: None,
        name: None,
        sleep: None,
        call: CallFrame::default(),
    };
    let damaged = decode::damaged(node, out);
    if let Some(scalar) = node.as_scalar().filter(|_| !node.is_null()) {
        let written = match &*scalar.text {
            "sleep" => "sleep: 2s".to_owned(),
            method if method.contains('/') => format!("call: {method}"),
            _ => "call: pkg.Service/Method".to_owned(),
        };
        let bare = Diagnostic::error("a step is a mapping").at(node.span, "a text");
        out.push(bare.hint(format!("write `- {written}`")));
        return step;
    }
    STEP.read(node, &mut step, out);
    check_exclusive(node, out);
    check_action(node, damaged, out);
    step
}

/// A step calls or sleeps, and where it sleeps that is all.
fn check_action(node: &Node, damaged: bool, out: &mut Diagnostics) {
    let Some(entries) = node.as_mapping() else { return };
    match (decode::key_span(node, "call"), decode::key_span(node, "sleep")) {
        (Some(_), Some(_)) => exclusive(node, "call", "sleep", "begin each with a `-` of its own", out),
        (Some(_), None) => {}
        (None, Some(sleep)) => {
            for entry in entries.iter().filter(|entry| &*entry.key.value != "sleep" && is_known(&entry.key.value)) {
                let beside = Diagnostic::error(format!("`{}` beside `sleep`", entry.key.value));
                let beside = beside.at(entry.key.span, "belongs to a call").also(sleep, "");
                out.push(beside.hint("write just `- sleep: 2s`, and the call as a step of its own"));
            }
        }
        (None, None) => {
            let unclear = damaged || ["call", "sleep"].iter().any(|key| decode::misspelt(node, key));
            if !unclear {
                let place = entries.first().map_or(node.span, |entry| entry.key.span);
                let idle = Diagnostic::error("this step neither calls nor sleeps").at(place, "");
                out.push(idle.hint("write `call: pkg.Service/Method`, or just `sleep: 2s`"));
            }
        }
    }
}

fn is_known(key: &str) -> bool {
    STEP.names().contains(&key)
}
