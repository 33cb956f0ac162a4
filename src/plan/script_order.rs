//! Which scripts can never work, whatever the server does: known from the order of their steps and the kind of method.

use prost_reflect::MethodDescriptor;

use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::spec::{Extent, Script, ScriptAction};

/// The kind of a method.
#[derive(Debug, Clone)]
pub(super) struct Streaming {
    pub(super) method: String,
    pub(super) client: bool,
    pub(super) server: bool,
}

impl Streaming {
    pub(super) fn of(method: &MethodDescriptor) -> Self {
        Self {
            method: method.name().to_owned(),
            client: method.is_client_streaming(),
            server: method.is_server_streaming(),
        }
    }
}

/// Reports what can never work; whether there was nothing.
pub(super) fn check_order<C>(script: &Script<C>, streaming: &Streaming, out: &mut Diagnostics) -> bool {
    if !streaming.client && !streaming.server {
        out.push(
            Diagnostic::error(format!("`{}` is a unary method: it has no stream for a script", streaming.method))
                .at(script.span, "a script")
                .hint("write `request:` with the message and `expect: { response: … }`"),
        );
        return false;
    }
    let mut order = Order::new(streaming);
    let mut problems: Vec<Diagnostic> =
        script.steps.iter().filter_map(|step| order.next(&step.action, step.span)).collect();
    if !streaming.client && order.sent.is_none() && !order.early {
        problems.push(
            Diagnostic::error(format!("the script sends no message: `{}` takes one", streaming.method))
                .at(script.span, "nothing is sent")
                .hint("begin with `- send: { … }`, or `- send: {}` for an empty message"),
        );
    }
    let sound = problems.is_empty();
    out.extend(problems);
    sound
}

/// What has been done before a step, and where first.
struct Order<'a> {
    streaming: &'a Streaming,
    sent: Option<Span>,
    /// Something was to be received before the message was sent that asks for it.
    early: bool,
    received: Option<Span>,
    closed: Option<Span>,
    /// By `recv_all`.
    ended: Option<Span>,
    cancelled: Option<Span>,
}

impl<'a> Order<'a> {
    fn new(streaming: &'a Streaming) -> Self {
        Self { streaming, sent: None, early: false, received: None, closed: None, ended: None, cancelled: None }
    }

    /// Takes one more step, and says why it can never work.
    fn next<C>(&mut self, action: &ScriptAction<C>, span: Span) -> Option<Diagnostic> {
        self.after_the_end(action, span).or_else(|| match action {
            ScriptAction::Send { .. } => self.send(span),
            ScriptAction::Receive(receive) => self.receive(receive.extent, span),
            ScriptAction::Close => self.close(span),
            ScriptAction::Cancel => {
                self.cancelled = Some(span);
                None
            }
            ScriptAction::SilentFor(_) | ScriptAction::Sleep(_) | ScriptAction::Call(_) => None,
        })
    }

    fn after_the_end<C>(&self, action: &ScriptAction<C>, span: Span) -> Option<Diagnostic> {
        let word = action.word();
        if let Some(cancelled) = self.cancelled {
            let after = Diagnostic::error(format!("`{word}` after `cancel`")).at(span, "never reached");
            return Some(after.also(cancelled, "this ends the call").hint("let `cancel` be the last step"));
        }
        let needs_stream = !matches!(action, ScriptAction::Sleep(_) | ScriptAction::Call(_));
        let ended = self.ended.filter(|_| needs_stream)?;
        let after = Diagnostic::error(format!("`{word}` after `recv_all`")).at(span, "the stream has ended");
        Some(after.also(ended, "this reads up to the end of the stream"))
    }

    fn close(&mut self, span: Span) -> Option<Diagnostic> {
        let closed = self.closed.replace(span)?;
        let again = Diagnostic::error("`close` after `close`").at(span, "closed already");
        Some(again.also(closed, "closed here"))
    }

    fn send(&mut self, span: Span) -> Option<Diagnostic> {
        if let Some(closed) = self.closed {
            let after = Diagnostic::error("`send` after `close`").at(span, "never sent");
            return Some(after.also(closed, "this says that no more is sent"));
        }
        let first = *self.sent.get_or_insert(span);
        (!self.streaming.client && first != span).then(|| {
            Diagnostic::error(format!("`{}` takes one message", self.streaming.method))
                .at(span, "one too many")
                .also(first, "sent here")
        })
    }

    fn receive(&mut self, extent: Extent, span: Span) -> Option<Diagnostic> {
        let word = extent.word();
        if !self.streaming.client && self.sent.is_none() {
            if std::mem::replace(&mut self.early, true) {
                return None;
            }
            let before = Diagnostic::error(format!("`{word}` before `send`"));
            let label = format!("`{}` answers only once it has its message", self.streaming.method);
            return Some(before.at(span, label).hint("begin with `- send: { … }`"));
        }
        if extent == Extent::Rest {
            self.ended = Some(span);
            self.closed.get_or_insert(span);
            return None;
        }
        let first = *self.received.get_or_insert(span);
        (!self.streaming.server && first != span).then(|| {
            Diagnostic::error(format!("`{}` returns one message", self.streaming.method))
                .at(span, "one too many")
                .also(first, "received here")
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::diagnostic::Sources;
    use crate::spec::{Receive, ScriptStep};
    use crate::yaml::{Node, NodeKind};

    const BIDI: (bool, bool) = (true, true);
    const SERVER: (bool, bool) = (false, true);
    const CLIENT: (bool, bool) = (true, false);

    /// What is wrong with a script of these words, for a method of this kind.
    fn problems((client, server): (bool, bool), words: &[&str]) -> Vec<String> {
        let file = Sources::default().add("script.yaml", " ".repeat(100));
        let steps = words.iter().enumerate().map(|(at, word)| {
            let span = Span::new(file, at, at + 1);
            let receive = |extent| {
                ScriptAction::Receive(Receive {
                    extent,
                    expected: None,
                    within: None,
                    compressed: None,
                    capture: Vec::new(),
                })
            };
            let action = match *word {
                "send" => {
                    ScriptAction::Send { message: Node { span, kind: NodeKind::Mapping([].into()) }, compressed: None }
                }
                "recv" => receive(Extent::Next),
                "recv_until" => receive(Extent::Until),
                "recv_all" => receive(Extent::Rest),
                "silent_for" => ScriptAction::SilentFor(Duration::from_millis(1)),
                "sleep" => ScriptAction::Sleep(Duration::from_millis(1)),
                "call" => ScriptAction::Call(Box::new(())),
                "close" => ScriptAction::Close,
                "cancel" => ScriptAction::Cancel,
                other => panic!("no such word: {other}"),
            };
            ScriptStep { span, action }
        });
        let script = Script { span: Span::new(file, 0, 99), steps: steps.collect() };
        let mut out = Diagnostics::new();
        let streaming = Streaming { method: "Talk".to_owned(), client, server };
        let sound = check_order(&script, &streaming, &mut out);
        assert_eq!(sound, out.is_empty());
        out.into_iter().map(|problem| problem.headline).collect()
    }

    #[test]
    fn a_conversation_goes_both_ways_in_any_order() {
        assert!(problems(BIDI, &[]).is_empty());
        assert!(
            problems(BIDI, &["recv", "send", "sleep", "send", "recv_until", "close", "recv", "silent_for"]).is_empty()
        );
        assert!(problems(BIDI, &["send", "call", "recv_all", "sleep", "call"]).is_empty());
        assert!(problems(BIDI, &["send", "close", "recv", "cancel"]).is_empty());
    }

    #[test]
    fn a_unary_method_has_no_script() {
        assert_eq!(
            problems((false, false), &["send", "recv"]),
            ["`Talk` is a unary method: it has no stream for a script"]
        );
    }

    #[test]
    fn nothing_follows_a_cancel() {
        assert_eq!(problems(BIDI, &["cancel", "recv"]), ["`recv` after `cancel`"]);
        assert_eq!(problems(BIDI, &["cancel", "call", "sleep"]), ["`call` after `cancel`", "`sleep` after `cancel`"]);
        assert_eq!(problems(BIDI, &["cancel", "cancel"]), ["`cancel` after `cancel`"]);
    }

    #[test]
    fn nothing_is_sent_after_the_half_close() {
        assert_eq!(problems(BIDI, &["send", "close", "send"]), ["`send` after `close`"]);
        assert_eq!(problems(BIDI, &["close", "close"]), ["`close` after `close`"]);
    }

    #[test]
    fn the_rest_is_received_once() {
        assert_eq!(problems(BIDI, &["recv_all", "recv"]), ["`recv` after `recv_all`"]);
        assert_eq!(problems(BIDI, &["recv_all", "send"]), ["`send` after `recv_all`"]);
        assert_eq!(problems(BIDI, &["recv_all", "silent_for"]), ["`silent_for` after `recv_all`"]);
        assert_eq!(problems(BIDI, &["recv_all", "cancel"]), ["`cancel` after `recv_all`"]);
    }

    #[test]
    fn a_method_that_takes_one_message_is_sent_one_first() {
        assert!(problems(SERVER, &["send", "recv", "recv", "close", "recv_all"]).is_empty());
        assert_eq!(problems(SERVER, &["send", "send"]), ["`Talk` takes one message"]);
        assert_eq!(problems(SERVER, &["close"]), ["the script sends no message: `Talk` takes one"]);
        assert_eq!(problems(SERVER, &["recv", "recv"]), ["`recv` before `send`"]);
        assert_eq!(problems(SERVER, &["recv_all", "send"]), ["`recv_all` before `send`"]);
    }

    #[test]
    fn a_method_that_returns_one_message_brings_no_second() {
        assert!(problems(CLIENT, &["send", "send", "close", "recv"]).is_empty());
        assert!(problems(CLIENT, &["send", "recv_all"]).is_empty());
        assert_eq!(problems(CLIENT, &["send", "recv", "recv_until"]), ["`Talk` returns one message"]);
    }
}
