//! From what a case file says to what it means: everything inherited from file and suite resolved, ids final.

use std::sync::Arc;

use super::call::DEFAULT_TIMEOUT;
use super::config::{check_server, looks_like_address};
use super::frame::{CallFrame, CaseFrame, FileFrame, ScriptFrame};
use super::server::check_address;
use super::{
    Action, Call, Case, CaseId, Config, Inherited, Payload, Script, ScriptAction, ScriptStep, ServerSource, ServerSpec,
    Step, metadata,
};
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned, one_of};
use crate::yaml::{Node, NodeKind, Scalar, Style, decode};

/// Resolves the cases of one file.
pub(super) struct Resolver<'a> {
    /// The file's id.
    pub(super) file: &'a str,
    pub(super) config: &'a Config,
    /// Whether the suite's servers are all known: not after an error in what declares them.
    pub(super) servers_known: bool,
    /// Whether what the suite says for all its calls is known: not after an error in the suite file.
    pub(super) suite_valid: bool,
}

impl Resolver<'_> {
    /// The cases that are whole; what is wrong with the others, `out` says.
    pub(super) fn cases(&self, frame: FileFrame, out: &mut Diagnostics) -> Vec<Arc<Case>> {
        self.check_server(frame.inherited.server.as_ref(), out);
        let FileFrame { inherited, tags, cases, .. } = frame;
        let file_tags: Vec<&str> =
            self.config.tags.iter().map(String::as_str).chain(tags.iter().map(|tag| &*tag.value)).collect();
        if let Some(nameless) = cases.iter().find_map(|case| self.call_without_server(case, &inherited)) {
            out.push(self.no_server(nameless));
        }
        cases.into_iter().filter_map(|case| self.case(case, &inherited, &file_tags, out).map(Arc::new)).collect()
    }

    fn case(&self, frame: CaseFrame, file: &Inherited, file_tags: &[&str], out: &mut Diagnostics) -> Option<Case> {
        let mut tags: Vec<String> = Vec::new();
        for tag in file_tags.iter().copied().chain(frame.tags.iter().map(|tag| &*tag.value)) {
            if !tags.iter().any(|known| known == tag) {
                tags.push(tag.to_owned());
            }
        }
        let call = self.call(frame.call, &[file], out);
        let name = frame.name?;
        let step = Step { span: frame.span, id: None, name: None, action: Action::Call(Box::new(call?)) };
        Some(Case {
            id: CaseId::new(self.file, &name.value),
            span: frame.span,
            description: frame.description.map(|description| description.value),
            tags: tags.into(),
            skip: frame.skip,
            xfail: None,
            vars: frame.vars.into(),
            row: None,
            repeat: frame.repeat,
            retry: None,
            across: frame.across,
            locks: Arc::default(),
            steps: [step].into(),
            teardown: Arc::default(),
        })
    }

    /// One call; `around` is what it takes over, from the farthest: of its file, of a call it is made within.
    fn call(&self, frame: CallFrame, around: &[&Inherited], out: &mut Diagnostics) -> Option<Call> {
        let CallFrame { inherited, call, compression, request, requests, stream, expect } = frame;
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
        let server = self.server(&levels)?.clone();
        let inherited = levels.iter().fold(self.inherited(&server.value), |far, near| far.overlaid(near));
        Some(Call {
            server,
            service: inherited.service,
            timeout: inherited.timeout.map_or(DEFAULT_TIMEOUT, |timeout| timeout.value),
            metadata: inherited.metadata,
            call,
            compression,
            payload: payload?,
            expect,
            capture: Vec::new(),
            eventually: None,
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
    fn server<'a>(&'a self, levels: &[&'a Inherited]) -> Option<&'a Spanned<String>> {
        let named = levels.iter().rev().find_map(|level| level.server.as_ref());
        named.or(self.config.inherited.server.as_ref())
    }

    /// The call of a case for which nobody names a server.
    fn call_without_server<'a>(&self, case: &'a CaseFrame, file: &Inherited) -> Option<&'a Spanned<String>> {
        let missing = self.suite_valid && self.servers_known && self.server(&[file, &case.call.inherited]).is_none();
        case.call.call.as_ref().filter(|_| missing)
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

/// The addresses that a file without a suite names instead of servers, as servers of that name.
pub(super) fn address_servers(
    frame: &FileFrame,
    declared: &[Arc<ServerSpec>],
    out: &mut Diagnostics,
) -> Vec<Arc<ServerSpec>> {
    let calls = frame.cases.iter().flat_map(|case| case.call.all());
    let named = std::iter::once(&frame.inherited).chain(calls.map(|call| &call.inherited));
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
