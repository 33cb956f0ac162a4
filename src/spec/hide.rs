//! What files say and nobody may see is hidden as soon as they are read, before anything can be wrong with them: the
//! values of `secrets:`, and credentials in metadata. Of a file that is no YAML, lines that look like them.

use std::collections::BTreeSet;
use std::sync::Arc;

use regex::Regex;

use super::{CaseFile, Secret};
use crate::diagnostic::{Diagnostic, Diagnostics, FileId, Masker, SHORT, Sources, Span, Spanned};
use crate::expr::Text;
use crate::grpc::hide_credentials;
use crate::yaml::{Node, NodeKind, Style};

type Variables = [(Spanned<Arc<str>>, Node)];

/// A file as read; without a node where it is no YAML.
pub(super) type Read<'a> = (FileId, Option<&'a Node>);

/// Hides what the files of a suite say; `out` hears of what cannot be hidden well.
pub(super) fn hide<'a>(
    secrets: &[Spanned<Secret>],
    overriding: &Variables,
    files: impl Iterator<Item = Read<'a>>,
    sources: &Sources,
    out: &mut Diagnostics,
) {
    let masker = sources.masker();
    let mut names: BTreeSet<Arc<str>> = BTreeSet::new();
    for secret in secrets {
        match &secret.value {
            Secret::Variable(name) => names.extend([Arc::clone(name)]),
            Secret::Environment(variable) => {
                let name = format!("env.{variable}");
                if let Ok(value) = std::env::var(&**variable) {
                    out.extend(short(&name, &value, secret.span));
                    masker.add_text(&name, &value);
                }
            }
        }
    }
    let mut vars: Vec<(Arc<str>, Node)> = Vec::new();
    let mut unread = Vec::new();
    for (file, node) in files {
        match node {
            Some(node) => collect(node, &mut vars, masker),
            None => unread.push(file),
        }
    }
    vars.extend(overriding.iter().map(|(name, node)| (Arc::clone(&name.value), node.clone())));
    add_what_secrets_are(&mut names, &vars, sources);
    for (name, node) in vars.iter().filter(|(name, _)| names.contains(name)) {
        if let (Some(text), Some(scalar)) = (literal(node, sources), node.as_scalar())
            && !scalar.text.is_empty()
        {
            out.extend(short(name, &text, node.span));
        }
        hide_scalars(name, node, sources);
    }
    for file in unread {
        hide_lines(&names, sources.get(file).text(), masker);
    }
}

/// Hides what rows say, which may come from files of their own.
pub(super) fn hide_rows(secrets: &[Spanned<Secret>], file: &CaseFile, sources: &Sources) {
    for (name, node) in file.cases.iter().filter_map(|case| case.row.as_ref()).flat_map(|row| row.vars.iter()) {
        if secrets.iter().any(|secret| secret.value == Secret::Variable(Arc::clone(&name.value))) {
            hide_scalars(&name.value, node, sources);
        }
    }
}

/// The secrets that a suite file names which is no YAML.
pub(super) fn secrets_in_lines(file: FileId, sources: &Sources) -> Vec<Spanned<Secret>> {
    let source = sources.get(file);
    let mut lines = source.text().lines().skip_while(|line| !line.trim_start().starts_with("secrets:"));
    let Some((_, first)) = lines.next().and_then(|line| line.split_once(':')) else { return Vec::new() };
    let listed = lines.take_while(|line| line.trim_start().starts_with(['-', ']']) || !line.contains(':'));
    let parts = std::iter::once(first).chain(listed).flat_map(|line| line.split(','));
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let names = parts.map(|part| part.trim_matches(|letter| !is_part(letter))).filter(|name| !name.is_empty());
    let secret = |name: &str| match name.strip_prefix("env.") {
        Some(variable) => Secret::Environment(variable.into()),
        None => Secret::Variable(name.into()),
    };
    names.map(|name| Spanned::new(secret(name), Span::new(file, 0, 0))).collect()
}

/// Takes variables, those of rows and profiles too, and hides credentials.
fn collect(node: &Node, vars: &mut Vec<(Arc<str>, Node)>, masker: &Masker) {
    match &node.kind {
        NodeKind::Scalar(_) => {}
        NodeKind::Sequence(items) => items.iter().for_each(|item| collect(item, vars, masker)),
        NodeKind::Mapping(entries) => {
            for entry in entries.iter() {
                let value = &entry.value;
                let of = |node: &Node| {
                    let entries = node.as_mapping().unwrap_or_default().iter();
                    entries.map(|entry| (Arc::clone(&entry.key.value), entry.value.clone())).collect::<Vec<_>>()
                };
                match &*entry.key.value {
                    "vars" => vars.extend(of(value)),
                    "rows" => vars.extend(value.as_sequence().unwrap_or_default().iter().flat_map(of)),
                    "metadata" | "headers" | "trailers" => {
                        for (key, value) in of(value) {
                            hide_values(&key.to_ascii_lowercase(), &value, masker);
                        }
                    }
                    _ => {}
                }
                collect(value, vars, masker);
            }
        }
    }
}

/// Hides the credentials of a key, written as texts or by operators that hold a value.
fn hide_values(key: &str, value: &Node, masker: &Masker) {
    match &value.kind {
        // `null` only says that nothing is sent
        NodeKind::Scalar(scalar) if value.is_null() || scalar.text.contains("${") => {}
        NodeKind::Scalar(scalar) => hide_credentials(key, &scalar.text, masker),
        NodeKind::Sequence(items) => items.iter().for_each(|item| hide_values(key, item, masker)),
        NodeKind::Mapping(entries) => {
            let holds_one = |key: &str| matches!(key, "$utf8" | "$hex" | "$in");
            let held = entries.iter().filter(|entry| holds_one(&entry.key.value));
            held.for_each(|entry| hide_values(key, &entry.value, masker));
        }
    }
}

/// A variable that a secret stands for, whole, is one.
fn add_what_secrets_are(names: &mut BTreeSet<Arc<str>>, vars: &[(Arc<str>, Node)], sources: &Sources) {
    loop {
        let of_secrets = vars.iter().filter(|(name, _)| names.contains(name));
        let meant: Vec<Arc<str>> = of_secrets
            .filter_map(|(_, node)| match Text::of(node, sources, &mut Diagnostics::new())? {
                Text::Template(template) if template.is_whole() => {
                    let known = |path: &Arc<str>| vars.iter().any(|(name, _)| name == path);
                    template.names().map(|name| Arc::from(name.root())).find(known)
                }
                Text::Template(_) | Text::Literal(_) => None,
            })
            .filter(|name| !names.contains(name))
            .collect();
        if meant.is_empty() {
            return;
        }
        names.extend(meant);
    }
}

fn hide_scalars(name: &str, node: &Node, sources: &Sources) {
    match &node.kind {
        NodeKind::Scalar(scalar) => {
            let Some(text) = literal(node, sources) else { return };
            sources.masker().add_text(name, &text);
            if scalar.style != Style::Plain {
                // as it is written, escapes and all
                let file = sources.get(node.span.file);
                let written = file.text().get(node.span.range()).unwrap_or_default();
                let written = written.trim_start_matches(['|', '>', '+', '-']).trim_matches(['"', '\'']);
                sources.masker().add_text(name, written);
            }
        }
        NodeKind::Sequence(items) => items.iter().for_each(|item| hide_scalars(name, item, sources)),
        NodeKind::Mapping(entries) => entries.iter().for_each(|entry| hide_scalars(name, &entry.value, sources)),
    }
}

/// What a scalar says; not that of a template, nor a word that hides nothing.
fn literal(node: &Node, sources: &Sources) -> Option<String> {
    let scalar = node.as_scalar()?;
    if scalar.style == Style::Plain && matches!(&*scalar.text, "null" | "~" | "true" | "false") {
        return None;
    }
    match Text::of(node, sources, &mut Diagnostics::new())? {
        Text::Literal(text) => Some(text),
        Text::Template(_) => None,
    }
}

fn short(name: &str, text: &str, span: Span) -> Option<Diagnostic> {
    let count = text.trim().chars().count();
    (1..SHORT).contains(&count).then(|| {
        Diagnostic::warning(format!("the secret `{name}` is too short to be hidden everywhere"))
            .at(span, "hidden only where no letter or digit stands beside it, and in no encoding")
            .hint(format!("make it at least {SHORT} characters long"))
    })
}

/// `name: value` in what is no YAML, and credentials.
fn hide_lines(names: &BTreeSet<Arc<str>>, text: &str, masker: &Masker) {
    let Ok(pair) = Regex::new(r#"([\w.-]+)["']?\s*:\s+(\S.*)$"#) else { return };
    for line in text.lines() {
        let mut rest = line;
        while let Some(found) = pair.captures(rest) {
            let (name, value) = (&found[1], found[2].trim());
            let bare = match value.chars().next() {
                Some(quote @ ('"' | '\'')) => value[1..].split(quote).next(),
                _ => value.split([',', '}', ']']).next(),
            };
            let bare = bare.unwrap_or_default().trim();
            if names.contains(name) {
                [value, bare].into_iter().filter(|value| !value.contains("${")).for_each(|value| {
                    masker.add_text(name, value);
                });
            } else if !bare.contains("${") {
                hide_credentials(&name.to_ascii_lowercase(), bare, masker);
            }
            rest = found.get(2).map_or("", |value| &rest[value.start()..]);
        }
    }
}
