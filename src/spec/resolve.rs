//! From what a case file says to what it means: everything inherited from file and suite resolved, ids final.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::call::DEFAULT_TIMEOUT;
use super::config::{Around, check_server, looks_like_address};
use super::frame::{CallFrame, CaseFrame, FileFrame, Rows, RowsFrame, ScriptFrame, StepFrame};
use super::rows::{RowFiles, whole_rows};
use super::server::check_address;
use super::{
    Action, Call, Case, CaseFile, CaseId, Config, Inherited, Origins, Payload, Row, Script, ScriptAction, ScriptStep,
    ServerSource, ServerSpec, Step, metadata,
};
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned, one_of};
use crate::yaml::{Node, NodeKind, Scalar, Style, decode};

/// Resolves the cases of one file, or what stands around all cases of a suite.
pub(super) struct Resolver<'a> {
    config: &'a Config,
    rows: &'a RowFiles<'a>,
    /// Whether the suite's servers are all known: not after an error in what declares them.
    servers_known: bool,
    /// Whether what the suite says for all its calls is known: not after an error in the suite file.
    suite_valid: bool,
    /// The first call for which nobody names a server.
    nameless: RefCell<Option<Spanned<String>>>,
}

/// What a file says for all its cases.
struct FileWide<'a> {
    /// The file's id.
    id: &'a str,
    /// Paths are relative to it.
    folder: &'a Path,
    inherited: Inherited,
    tags: Vec<Spanned<String>>,
    locks: Vec<Spanned<String>>,
    vars: &'a [(Spanned<Arc<str>>, Node)],
    setup: &'a [Step],
}

impl<'a> Resolver<'a> {
    pub(super) fn new(config: &'a Config, rows: &'a RowFiles<'a>, servers_known: bool, suite_valid: bool) -> Self {
        Self { config, rows, servers_known, suite_valid, nameless: RefCell::default() }
    }

    /// The steps around all cases of the suite.
    pub(super) fn suite(&self, around: Around, out: &mut Diagnostics) -> (Arc<[Step]>, Arc<[Step]>) {
        let mut steps = |frames| self.steps(frames, &[], out).unwrap_or_default();
        let (setup, teardown) = (steps(around.setup), steps(around.teardown));
        self.tell_nameless(out);
        (setup, teardown)
    }

    /// What a file says, as far as it is whole; what is wrong with the rest, `out` says.
    pub(super) fn file(
        &self,
        id: &str,
        id_in_suite: String,
        path: PathBuf,
        frame: FileFrame,
        out: &mut Diagnostics,
    ) -> CaseFile {
        self.check_server(frame.inherited.server.as_ref(), out);
        let FileFrame { folder, inherited, tags, locks, vars, serial, setup, teardown, cases, .. } = frame;
        let mut steps = |frames| self.steps(frames, &[&inherited], out).unwrap_or_default();
        let (setup, teardown) = (steps(setup), steps(teardown));
        let file = FileWide { id, folder: &folder, inherited, tags, locks, vars: &vars, setup: &setup };
        let resolved: Vec<Arc<Case>> =
            cases.into_iter().flat_map(|case| self.case(case, &file, out)).map(Arc::new).collect();
        refuse_duplicate_ids(&resolved, id, &teardown, out);
        self.tell_nameless(out);
        CaseFile { id: id.to_owned(), id_in_suite, path, vars, setup, teardown, serial, cases: resolved }
    }

    /// A case; with rows, one for each.
    fn case(&self, frame: CaseFrame, file: &FileWide<'_>, out: &mut Diagnostics) -> Vec<Case> {
        let levels = [&file.inherited, &frame.call.inherited];
        let teardown = self.steps(frame.teardown, &levels, out);
        let steps = match frame.steps {
            Some(steps) => {
                self.check_server(frame.call.inherited.server.as_ref(), out);
                self.steps(steps, &levels, out)
            }
            None => self.call(frame.call, &[&file.inherited], out).map(|call| {
                let action = Action::Call(Box::new(call));
                [Step { span: frame.span, id: frame.id, name: None, action, written: frame.written.clone() }].into()
            }),
        };
        let rows = self.rows(frame.rows, file.folder, out);
        let (Some(name), Some(steps), Some(teardown), Some(rows)) = (frame.name, steps, teardown, rows) else {
            return Vec::new();
        };
        let tags = each_once(self.config.tags.iter().chain(&file.tags).chain(&frame.tags));
        let locks = each_once(file.locks.iter().chain(&frame.locks));
        let spans = |texts: &[&Spanned<String>]| texts.iter().map(|text| text.span).collect();
        let texts = |texts: &[&Spanned<String>]| texts.iter().map(|text| text.value.clone()).collect();
        let case = Case {
            id: CaseId::new(file.id, &name.value),
            span: frame.span,
            description: frame.description.map(|description| description.value),
            origins: Arc::new(Origins { written: frame.written, tags: spans(&tags), locks: spans(&locks) }),
            tags: texts(&tags),
            skip: frame.skip,
            xfail: frame.xfail,
            vars: frame.vars.into(),
            row: None,
            repeat: frame.repeat,
            retry: frame.retry,
            across: frame.across,
            locks: texts(&locks),
            steps,
            teardown,
        };
        let Some(rows) = rows else { return vec![case] };
        let rows = whole_rows(&rows, |name| self.has_default(name, &case, file), out);
        let of_row = |row: &Row| Case { id: case.id.of_row(&row.label.value), row: Some(row.clone()), ..case.clone() };
        rows.into_iter().map(of_row).collect()
    }

    /// The outer `None` after an error, the inner one where there are no rows.
    #[expect(clippy::option_option, reason = "an error is one thing, no rows another")]
    fn rows(&self, rows: Rows, folder: &Path, out: &mut Diagnostics) -> Option<Option<Arc<[Row]>>> {
        match rows {
            Rows::None => Some(None),
            Rows::Unreadable | Rows::Some(RowsFrame::Here(None)) => None,
            Rows::Some(RowsFrame::Here(Some(rows))) => Some(Some(rows.into())),
            Rows::Some(RowsFrame::File(named)) => self.rows.read(&named, folder, out).map(Some),
        }
    }

    /// Whether a variable that a row does not have is one of a level farther away.
    fn has_default(&self, name: &str, case: &Case, file: &FileWide<'_>) -> bool {
        let vars = self.config.vars.iter().chain(&self.config.overriding_vars).chain(file.vars).chain(&*case.vars);
        let captured = self.config.setup.iter().chain(file.setup).flat_map(Step::captures);
        vars.map(|(name, _)| name).chain(captured.map(|capture| &capture.name)).any(|known| *known.value == *name)
    }

    /// Steps of one list; `None` after an error in one.
    fn steps(&self, frames: Vec<StepFrame>, around: &[&Inherited], out: &mut Diagnostics) -> Option<Arc<[Step]>> {
        let step = |StepFrame { span, written, id, name, sleep, call }: StepFrame, out: &mut Diagnostics| {
            let action = match sleep {
                Some(sleep) => Action::Sleep(sleep.value),
                None => Action::Call(Box::new(self.call(call, around, out)?)),
            };
            Some(Step { span, id, name: name.map(|name| name.value), action, written })
        };
        let steps: Vec<Option<Step>> = frames.into_iter().map(|frame| step(frame, out)).collect();
        steps.into_iter().collect()
    }

    /// One call; `around` is what it takes over, from the farthest: of its file, of a call it is made within.
    fn call(&self, frame: CallFrame, around: &[&Inherited], out: &mut Diagnostics) -> Option<Call> {
        let CallFrame { inherited, call, compression, request, requests, stream, expect, capture, eventually } = frame;
        self.check_server(inherited.server.as_ref(), out);
        let levels: Vec<&Inherited> = around.iter().copied().chain([&inherited]).collect();
        let payload = match stream {
            Some(script) => self.script(script, &levels, out).map(Payload::Script),
            None => read_payload(request, requests, out),
        };
        let call = call.filter(|call| {
            if call.value.is_empty() {
                let hint = "write `call: pkg.Service/Method`";
                out.push(Diagnostic::error("`call` names no method").at(call.span, "").hint(hint));
            }
            !call.value.is_empty()
        })?;
        let Some(server) = self.server(&levels).cloned() else {
            self.nameless.borrow_mut().get_or_insert(call);
            return None;
        };
        let inherited = levels.iter().fold(self.inherited(&server.value), |far, near| far.overlaid(near));
        Some(Call {
            server,
            service: inherited.service,
            timeout_at: inherited.timeout.as_ref().map(|timeout| timeout.span),
            timeout: inherited.timeout.map_or(DEFAULT_TIMEOUT, |timeout| timeout.value),
            metadata: inherited.metadata,
            call,
            compression,
            payload: payload?,
            expect,
            capture,
            eventually,
        })
    }

    fn script(&self, script: ScriptFrame, around: &[&Inherited], out: &mut Diagnostics) -> Option<Script> {
        let step = |ScriptStep { span, action }: ScriptStep<CallFrame>, out: &mut Diagnostics| {
            let action = match action {
                ScriptAction::Call(call) => ScriptAction::Call(Box::new(self.call(*call, around, out)?)),
                ScriptAction::Send { message, compressed } => ScriptAction::Send { message, compressed },
                ScriptAction::Receive(receive) => ScriptAction::Receive(receive),
                ScriptAction::SilentFor(duration) => ScriptAction::SilentFor(duration),
                ScriptAction::Sleep(duration) => ScriptAction::Sleep(duration),
                ScriptAction::Close => ScriptAction::Close,
                ScriptAction::Cancel => ScriptAction::Cancel,
            };
            Some(ScriptStep { span, action })
        };
        let steps: Vec<_> = script.steps.into_iter().map(|written| step(written, out)).collect();
        Some(Script { span: script.span, steps: steps.into_iter().collect::<Option<_>>()? })
    }

    /// Reports a server that does not exist, once where it is named.
    fn check_server(&self, named: Option<&Spanned<String>>, out: &mut Diagnostics) {
        if let Some(named) = named
            && self.servers_known
        {
            check_server(named, &self.config.servers, self.config.source.is_some(), out);
        }
    }

    /// The server named nearest, of levels from the farthest.
    fn server<'s>(&'s self, levels: &[&'s Inherited]) -> Option<&'s Spanned<String>> {
        let named = levels.iter().rev().find_map(|level| level.server.as_ref());
        named.or(self.config.inherited.server.as_ref())
    }

    /// Reports, once of a file, that nobody names a server.
    fn tell_nameless(&self, out: &mut Diagnostics) {
        if let Some(call) = self.nameless.take()
            && self.suite_valid
            && self.servers_known
        {
            out.push(self.no_server(&call));
        }
    }

    /// Said once of a file, whose other calls most often miss it too.
    fn no_server(&self, call: &Spanned<String>) -> Diagnostic {
        let known: Vec<&str> = self.config.servers.iter().map(|server| &*server.name.value).collect();
        let none = Diagnostic::error("no server is named for this call").at(call.span, "");
        match (known.as_slice(), self.config.source) {
            ([], Some(_)) => none.hint("declare one under `servers:` in `grpc-spec.yaml`"),
            ([], None) => {
                none.hint("write `server: 127.0.0.1:50051`, or declare servers in a `grpc-spec.yaml` beside the file")
            }
            ([first, ..], _) => none
                .note(format!("it may be {}", one_of(known.iter().copied())))
                .hint(format!("write `server: {first}` in the case, in the file or in the suite")),
        }
    }

    /// What the suite and the server say.
    fn inherited(&self, server: &str) -> Inherited {
        let mut inherited = self.config.inherited.clone();
        if let Some(server) = self.config.servers.iter().find(|known| known.name.value == server) {
            inherited.metadata = metadata::merge(&inherited.metadata, &server.metadata);
        }
        inherited
    }
}

/// Each text once, in order.
fn each_once<'t>(texts: impl Iterator<Item = &'t Spanned<String>>) -> Vec<&'t Spanned<String>> {
    let mut each: Vec<&Spanned<String>> = Vec::new();
    for text in texts {
        if !each.iter().any(|known| known.value == text.value) {
            each.push(text);
        }
    }
    each
}

/// Reports cases that come to one id: `a[1]` by its name, and row 1 of `a`; or that of the file's teardown.
fn refuse_duplicate_ids(cases: &[Arc<Case>], file: &str, teardown: &[Step], out: &mut Diagnostics) {
    let place = |case: &Case| case.row.as_ref().map_or(case.span, |row| row.label.span);
    let mut seen: HashMap<&str, &Case> = HashMap::with_capacity(cases.len());
    for case in cases {
        // of two names the frame speaks
        if let Some(first) = seen.insert(case.id.as_str(), case)
            && first.row.is_some() != case.row.is_some()
        {
            let same = Diagnostic::error(format!("two cases have the id `{}`", case.id)).at(place(case), "the same id");
            let hint = "name one of them otherwise: a row's label follows its case's name, in brackets";
            out.push(same.also(place(first), "first here").hint(hint));
        }
    }
    let own = CaseId::new(file, "teardown");
    if let (Some(step), Some(case)) = (teardown.first(), seen.get(own.as_str())) {
        let same = Diagnostic::error(format!("a case has the id of the file's teardown, `{own}`"));
        let same = same.at(place(case), "the same id").also(step.span, "what reports under this id");
        out.push(same.hint("give the case another name"));
    }
}

/// The addresses that a file without a suite names instead of servers, as servers of that name.
pub(super) fn address_servers(
    frame: &FileFrame,
    declared: &[Arc<ServerSpec>],
    out: &mut Diagnostics,
) -> Vec<Arc<ServerSpec>> {
    let named = std::iter::once(&frame.inherited).chain(frame.calls().map(|call| &call.inherited));
    let mut servers: Vec<Arc<ServerSpec>> = Vec::new();
    for named in named.filter_map(|inherited| inherited.server.as_ref()) {
        let known = declared.iter().chain(&servers).any(|server| server.name.value == named.value);
        if !known && looks_like_address(&named.value) {
            out.extend(check_address(&named.value).map(|refused| refused.at(named.span, "")));
            let address = Scalar { text: named.value.as_str().into(), style: Style::Plain };
            let address = Node { span: named.span, kind: NodeKind::Scalar(address) };
            servers.push(Arc::new(ServerSpec::new(named.clone(), ServerSource::Address(address))));
        }
    }
    servers
}

fn read_payload(request: Option<Node>, requests: Option<Node>, out: &mut Diagnostics) -> Option<Payload> {
    let Some(requests) = requests else { return Some(Payload::One(request)) };
    let hint = "write one message as `request:`, several as a list under `requests:`";
    let items = decode::items(&requests, "a list of messages", hint, out)?;
    Some(Payload::Many { span: requests.span, items: items.to_vec() })
}
