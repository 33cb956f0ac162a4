//! `stream:` as written: a list whose items are a word (`close`) or a mapping with one word and what stands beside it.

use std::time::Duration;

use super::call::{CallFrame, CallKeys, check_exclusive, read_flag};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, Spanned};
use crate::spec::script::{Extent, Receive, Script, ScriptAction, ScriptStep};
use crate::yaml::Node;
use crate::yaml::decode::{self, Key, Reads, Table};

pub(in crate::spec) type ScriptFrame = Script<CallFrame>;

/// What one item says.
#[derive(Debug, Default)]
struct ItemFrame {
    send: Option<Node>,
    recv: Option<Node>,
    recv_until: Option<Node>,
    recv_all: Option<Node>,
    silent_for: Option<Spanned<Duration>>,
    sleep: Option<Spanned<Duration>>,
    within: Option<Spanned<Duration>>,
    compressed: Option<Spanned<bool>>,
    call: CallFrame,
}

static ITEM: Table<ItemFrame> = Table {
    what: "a step of a script",
    keys: &[
        &[
            Key::new("send", Reads::Node(|item| &mut item.send)),
            Key::new("recv", Reads::Node(|item| &mut item.recv)),
            Key::new("recv_until", Reads::Node(|item| &mut item.recv_until)),
            Key::new("recv_all", Reads::Node(|item| &mut item.recv_all)),
            Key::new("within", Reads::Limit(|item| &mut item.within)),
            Key::new("compressed", Reads::Other(|item, node, out| item.compressed = read_flag(node, out))),
            Key::new("silent_for", Reads::Limit(|item| &mut item.silent_for)),
            Key::new("sleep", Reads::Limit(|item| &mut item.sleep)),
            Key::new("call", Reads::Text(|item| &mut item.call.call)),
        ],
        CallKeys::<ItemFrame>::KEYS,
    ],
};

/// The words that say what is done, as keys; each item has one.
const WORDS: [&str; 7] = ["send", "recv", "recv_until", "recv_all", "silent_for", "sleep", "call"];

/// The words that may stand alone.
const BARE: [(&str, Bare); 4] = [
    ("close", Bare::Close),
    ("cancel", Bare::Cancel),
    ("recv", Bare::Receive(Extent::Next)),
    ("recv_all", Bare::Receive(Extent::Rest)),
];

#[derive(Clone, Copy)]
enum Bare {
    Close,
    Cancel,
    Receive(Extent),
}

impl AsMut<CallFrame> for ItemFrame {
    fn as_mut(&mut self) -> &mut CallFrame {
        &mut self.call
    }
}

/// Reads a script; `None` after an error in it.
pub(super) fn read(node: &Node, out: &mut Diagnostics) -> Option<ScriptFrame> {
    let hint = "write a list: `- send: { … }`, `- recv: { … }`, `- close`";
    let damaged = decode::damaged(node, out);
    let items = decode::items(node, "a list of what is sent and received", hint, out)?;
    let steps: Vec<_> = items.iter().map(|item| read_item(item, out)).collect();
    let steps = steps.into_iter().collect::<Option<_>>()?;
    (!damaged).then_some(Script { span: node.span, steps })
}

fn read_item(node: &Node, out: &mut Diagnostics) -> Option<ScriptStep<CallFrame>> {
    match (node.as_scalar(), node.as_mapping()) {
        (Some(scalar), _) if WORDS.contains(&&*scalar.text) && !is_bare(&scalar.text) => {
            let word = &scalar.text;
            let lacks = Diagnostic::error(format!("`{word}` does not stand alone")).at(node.span, "");
            out.push(lacks.hint(format!("write `- {word}: {}`", example(word))));
            None
        }
        (Some(_), _) => {
            let action = match decode::choice(node, &BARE, out)? {
                Bare::Close => ScriptAction::Close,
                Bare::Cancel => ScriptAction::Cancel,
                Bare::Receive(extent) => ScriptAction::Receive(Receive {
                    extent,
                    expected: None,
                    within: None,
                    compressed: None,
                    capture: Vec::new(),
                }),
            };
            Some(ScriptStep { span: node.span, action })
        }
        (None, Some(entries)) => {
            let alone = |key: &&crate::yaml::Entry| matches!(&*key.key.value, "close" | "cancel");
            if let Some(entry) = entries.iter().find(alone) {
                let word = &entry.key.value;
                let alone =
                    Diagnostic::error(format!("`{word}` stands alone")).at(entry.key.span, "nothing follows it");
                out.push(alone.hint(format!("write `- {word}`")));
                return None;
            }
            read_mapping(node, out)
        }
        (None, None) => {
            out.push(
                Diagnostic::error("a step of a script is a word or a mapping")
                    .at(node.span, "a list")
                    .hint("write `- send: { … }`, `- recv: { … }` or `- close`"),
            );
            None
        }
    }
}

fn is_bare(word: &str) -> bool {
    BARE.iter().any(|(bare, _)| *bare == word)
}

fn read_mapping(node: &Node, out: &mut Diagnostics) -> Option<ScriptStep<CallFrame>> {
    let damaged = decode::damaged(node, out);
    let mut item = ItemFrame::default();
    ITEM.read(node, &mut item, out);
    check_exclusive(node, out);
    let (word, span) = word(node, damaged, out)?;
    if !fits(node, word, out) {
        return None;
    }
    let ItemFrame { send, recv, recv_until, recv_all, silent_for, sleep, within, compressed, mut call } = item;
    let within = within.map(|within| within.value);
    let capture = if word == "call" { Vec::new() } else { std::mem::take(&mut call.capture) };
    let receive =
        |extent, expected, compressed| ScriptAction::Receive(Receive { extent, expected, within, compressed, capture });
    let action = match word {
        "send" => ScriptAction::Send { message: send?, compressed },
        "recv" => receive(Extent::Next, recv, compressed),
        "recv_until" => receive(Extent::Until, recv_until, compressed),
        "recv_all" => receive(Extent::Rest, recv_all, compressed),
        "silent_for" => ScriptAction::SilentFor(silent_for?.value),
        "sleep" => ScriptAction::Sleep(sleep?.value),
        _ => ScriptAction::Call(Box::new(call)),
    };
    Some(ScriptStep { span, action })
}

/// The one word of a mapping that says what is done, and its place.
fn word(node: &Node, damaged: bool, out: &mut Diagnostics) -> Option<(&'static str, Span)> {
    let mut found = WORDS.iter().filter_map(|word| Some((*word, decode::key_span(node, word)?)));
    let Some(first) = found.next() else {
        let unclear = damaged || WORDS.iter().any(|word| decode::misspelt(node, word));
        if !unclear && node.as_mapping().is_some_and(|entries| entries.iter().all(|entry| is_known(&entry.key.value))) {
            let nothing = Diagnostic::error("this step of a script says nothing to do").at(node.span, "");
            out.push(nothing.hint("write `- send: { … }`, `- recv: { … }`, `- call: pkg.Service/Method` or `- close`"));
        }
        return None;
    };
    if let Some(second) = found.next() {
        let (first, second) = if first.1 < second.1 { (first, second) } else { (second, first) };
        let both = Diagnostic::error(format!("both `{}` and `{}` in one step", first.0, second.0));
        out.push(both.at(second.1, "a step does one thing").also(first.1, "").hint("begin each with a `-` of its own"));
        return None;
    }
    Some(first)
}

fn is_known(key: &str) -> bool {
    ITEM.names().contains(&key)
}

/// Whether what stands beside the word belongs to it.
fn fits(node: &Node, word: &str, out: &mut Diagnostics) -> bool {
    let of_a_call: Vec<&str> = CallKeys::<ItemFrame>::names();
    let mut fits = true;
    for entry in node.as_mapping().unwrap_or_default() {
        let key = &*entry.key.value;
        let owners: &[&str] = match key {
            "within" => &["recv", "recv_until", "recv_all"],
            "compressed" => &["send", "recv", "recv_until", "recv_all"],
            "capture" => &["recv", "recv_until", "recv_all", "call"],
            _ if of_a_call.contains(&key) => &["call"],
            _ => continue,
        };
        if !owners.contains(&word) {
            fits = false;
            let stray = Diagnostic::error(format!("`{key}` beside `{word}`"));
            let belongs = crate::diagnostic::one_of(owners.iter().copied());
            out.push(stray.at(entry.key.span, "says nothing here").hint(format!("it stands beside {belongs}")));
        }
    }
    fits
}

fn example(word: &str) -> &'static str {
    match word {
        "silent_for" | "sleep" => "100ms",
        "call" => "pkg.Service/Method",
        _ => "{ … }",
    }
}
