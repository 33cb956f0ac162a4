//! The parts of a case, in the order of the format. Main type: [`Explanation`].

use std::collections::BTreeSet;
use std::sync::Arc;

use super::page::Page;
use super::places::Places;
use super::value::{Substitution, Value, in_a_list};
use crate::diagnostic::{Sources, Span, Spanned, placeholder};
use crate::expr::Env;
use crate::message::double_quoted;
use crate::plan::Names;
use crate::spec::{
    Action, Call, Capture, Case, CaseFile, Config, Secret, ServerScope, ServerSource, ServerSpec, Start, Step,
};
use crate::yaml::Node;

/// The keys of a call that stand as written, after what is inherited.
const OF_A_CALL: [&str; 7] = ["compression", "request", "requests", "stream", "expect", "capture", "eventually"];

/// One case, as it is written down.
pub(super) struct Explanation<'a> {
    config: &'a Config,
    file: &'a CaseFile,
    case: &'a Case,
    /// Of the suite's steps, the file's, the case's.
    names: &'a [Names; 3],
    /// Of those whose steps are being told.
    env: &'a Env,
    /// From near to far.
    captures: Vec<&'a Capture>,
    places: Places<'a>,
    page: Page,
}

impl<'a> Explanation<'a> {
    pub(super) fn new(
        config: &'a Config,
        file: &'a CaseFile,
        case: &'a Case,
        names: &'a [Names; 3],
        sources: &'a Sources,
    ) -> Self {
        let lists = [&case.steps, &case.teardown, &file.setup, &config.setup];
        let captures = lists.into_iter().flat_map(|steps| steps.iter()).flat_map(Step::captures).collect();
        let env = &names[2].env;
        Self {
            config,
            file,
            case,
            names,
            env,
            captures,
            places: Places { config, case, sources },
            page: Page::default(),
        }
    }

    pub(super) fn write(mut self) -> String {
        let case = self.case;
        self.page.line(0, &format!("# {}", case.id), "");
        if let Some(row) = &case.row {
            let place = self.places.of(row.span);
            self.page.line(0, &format!("# {place}"), "");
        }
        for key in ["name", "description"] {
            self.written(0, &case.origins.written, key);
        }
        self.texts("tags", &case.tags, &case.origins.tags);
        for key in ["skip", "xfail", "repeat", "across", "retry"] {
            self.written(0, &case.origins.written, key);
        }
        self.texts("lock", &case.locks, &case.origins.locks);
        if self.file.serial {
            let comment = format!("{}, file: its cases run in order", self.file.path.display());
            self.page.line(0, "serial: true", &comment);
        }
        self.vars();
        self.servers();
        let (config, file) = (self.config, self.file);
        let [of_suite, of_file, of_case] = self.names;
        self.steps("setup", &[(of_suite, &config.setup), (of_file, &file.setup)]);
        self.env = &of_case.env;
        match case.steps.iter().as_slice() {
            [only] if case.origins.written.get("steps").is_none() => self.step(0, only, false),
            steps => self.steps("steps", &[(of_case, steps)]),
        }
        let teardown = [(of_case, &*case.teardown), (of_file, &file.teardown), (of_suite, &config.teardown)];
        self.steps("teardown", &teardown);
        self.page.finish(self.places.sources.masker())
    }

    /// A key as written, substituted, if it is there.
    fn written(&mut self, indent: usize, node: &Node, key: &str) {
        if let Some(node) = node.get(key) {
            let value = self.substitution().of(node);
            self.page.entry(indent, key, &value);
        }
    }

    fn substitution(&self) -> Substitution<'_> {
        Substitution { env: self.env, captures: &self.captures, places: &self.places }
    }

    fn texts(&mut self, key: &str, texts: &[String], spans: &[Span]) {
        if texts.is_empty() {
            return;
        }
        self.page.line(0, &format!("{key}:"), "");
        for (text, span) in texts.iter().zip(spans) {
            let place = self.places.of(*span);
            self.page.line(2, &format!("- {text}"), &place);
        }
    }

    /// Every variable it sees, the nearest of each name.
    fn vars(&mut self) {
        let row = self.case.row.as_ref().map(|row| &*row.vars).unwrap_or_default();
        let levels = [&self.config.vars, &self.file.vars, &*self.case.vars, &self.config.overriding_vars, row];
        let mut nearest: Vec<(&Arc<str>, &Node)> = Vec::new();
        for (Spanned { value: name, .. }, node) in levels.into_iter().flatten() {
            match nearest.iter_mut().find(|(known, _)| *known == name) {
                Some(known) => known.1 = node,
                None => nearest.push((name, node)),
            }
        }
        if !nearest.is_empty() {
            self.page.line(0, "vars:", "");
        }
        for (name, node) in nearest {
            let is_secret = |secret: &Spanned<Secret>| matches!(&secret.value, Secret::Variable(of) if of == name);
            let value = if self.config.secrets.iter().any(is_secret) {
                // an expression may hold what it comes to
                Value::scalar(placeholder(name), self.places.of(node.span))
            } else {
                self.substitution().of_variable(name, node)
            };
            self.page.entry(2, name, &value);
        }
    }

    /// The servers it calls, and those that what surrounds it calls.
    fn servers(&mut self) {
        let around = [&self.config.setup, &self.config.teardown, &self.file.setup, &self.file.teardown];
        let around = around.into_iter().flat_map(|steps| steps.iter()).flat_map(Step::calls);
        let mut named: BTreeSet<&str> = around.map(|call| call.server.value.as_str()).collect();
        named.extend(self.case.servers());
        self.page.line(0, "servers:", "");
        let config = self.config;
        for server in config.servers.iter().filter(|server| named.contains(server.name.value.as_str())) {
            let place = self.places.of(server.name.span);
            self.page.line(2, &format!("{}:", server.name.value), &place);
            self.server(server);
        }
    }

    fn server(&mut self, server: &ServerSpec) {
        match &server.source {
            ServerSource::Address(node) => self.node(4, "address", node),
            ServerSource::Override(address) => {
                self.page.line(4, &format!("address: {}", double_quoted(address)), "--server");
            }
            ServerSource::InProcess => self.page.line(4, "# served by the test itself", ""),
            ServerSource::Start(start) => self.start(start),
        }
        let text = |page: &mut Page, indent, key: &str, text: &str, place: String| {
            page.entry(indent, key, &Value::scalar(double_quoted(text), place));
        };
        if let Some(authority) = &server.authority {
            text(&mut self.page, 4, "authority", &authority.value, self.places.of(authority.span));
        }
        if let Some(tls) = &server.tls {
            self.page.line(4, "tls:", &self.places.of(tls.span));
            for (key, file) in [("ca", &tls.ca), ("cert", &tls.cert), ("key", &tls.key)] {
                if let Some(file) = file {
                    text(&mut self.page, 6, key, &file.value.display().to_string(), self.places.of(file.span));
                }
            }
            if let Some(name) = &tls.server_name {
                text(&mut self.page, 6, "server_name", &name.value, self.places.of(name.span));
            }
            if tls.skip_verify {
                self.page.line(6, "skip_verify: true", "");
            }
        }
    }

    fn start(&mut self, start: &Start) {
        self.page.line(4, "start:", &self.places.of(start.span));
        for (key, command) in [("build", start.build.as_deref()), ("command", Some(&*start.command))] {
            let Some(command) = command else { continue };
            // as written: `port` and the like are known to servers only
            let words: Vec<String> = command.iter().filter_map(Node::as_scalar).map(in_a_list).collect();
            let place = command.first().map(|first| self.places.of(first.span)).unwrap_or_default();
            self.page.line(6, &format!("{key}: [{}]", words.join(", ")), &place);
        }
        match start.scope {
            ServerScope::Run => {}
            ServerScope::File => self.page.line(6, "scope: file", ""),
            ServerScope::Case => self.page.line(6, "scope: case", ""),
        }
        if let Some(address) = &start.address {
            self.node(4, "address", address);
        }
    }

    fn node(&mut self, indent: usize, key: &str, node: &Node) {
        let value = self.substitution().of(node);
        self.page.entry(indent, key, &value);
    }

    /// Steps of several levels, with the names that each sees.
    fn steps(&mut self, key: &str, levels: &[(&'a Names, &[Step])]) {
        if levels.iter().any(|(_, steps)| !steps.is_empty()) {
            self.page.line(0, &format!("{key}:"), "");
        }
        for (names, step) in levels.iter().flat_map(|(names, steps)| steps.iter().map(move |step| (*names, step))) {
            self.env = &names.env;
            let first = self.page.next();
            self.step(4, step, true);
            self.page.itemize(first, 2);
        }
    }

    /// A step's keys; of a case that is one call those of the call, since the case's have been told.
    fn step(&mut self, indent: usize, step: &Step, named: bool) {
        self.written(indent, &step.written, "id");
        if named {
            self.written(indent, &step.written, "name");
        }
        match &step.action {
            Action::Sleep(_) => self.written(indent, &step.written, "sleep"),
            Action::Call(call) => self.call(indent, call, &step.written),
        }
    }

    fn call(&mut self, indent: usize, call: &Call, written: &Node) {
        let text = |key: &str, text: &Spanned<String>| (key.to_owned(), text.value.clone(), self.places.of(text.span));
        let mut inherited = vec![text("server", &call.server)];
        inherited.extend(call.service.as_ref().map(|service| text("service", service)));
        inherited.push(text("call", &call.call));
        let timeout = match call.timeout_at {
            Some(span) => {
                let source = self.places.sources.get(span.file);
                let written = source.text().get(span.range()).unwrap_or_default().to_owned();
                ("timeout".to_owned(), written, self.places.of(span))
            }
            None => ("timeout".to_owned(), "10s".to_owned(), "default".to_owned()),
        };
        inherited.push(timeout);
        for (key, text, place) in inherited {
            self.page.entry(indent, &key, &Value::scalar(text, place));
        }
        if !call.metadata.is_empty() {
            self.page.line(indent, "metadata:", "");
        }
        for (key, node) in &call.metadata {
            self.node(indent + 2, &key.value, node);
        }
        for key in OF_A_CALL {
            self.written(indent, written, key);
        }
    }
}
