//! Tables of keys: what a kind of mapping may hold, and how each value is read.

use std::time::Duration;

use super::foreign::{instead, ours, place};
use super::{damaged, expected, positive_duration, size, text, texts};
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned, did_you_mean, one_of};
use crate::yaml::{Entry, Node};

/// The keys of one kind of mapping, read into a `T`.
pub(crate) struct Table<T: 'static> {
    /// In words: `a case`.
    pub(crate) what: &'static str,
    /// In the order to list them; in groups, so that two kinds can share some.
    pub(crate) keys: &'static [&'static [Key<T>]],
}

/// One key.
pub(crate) struct Key<T> {
    name: &'static str,
    reads: Reads<T>,
    /// How it is written, for a key that cannot be left out.
    required: Option<&'static str>,
}

/// How a key's value is read, and where it goes.
pub(crate) enum Reads<T> {
    Text(fn(&mut T) -> &mut Option<Spanned<String>>),
    Texts(fn(&mut T) -> &mut Option<Vec<Spanned<String>>>),
    /// How long something may take: longer than zero.
    Limit(fn(&mut T) -> &mut Option<Spanned<Duration>>),
    Size(fn(&mut T) -> &mut Option<Spanned<u64>>),
    /// What only a later phase can read.
    Node(fn(&mut T) -> &mut Option<Node>),
    /// A mapping with a table of its own: the names of its keys, and how it is read.
    Mapping(fn() -> Vec<&'static str>, Reader<T>),
    /// A form of its own.
    Other(Reader<T>),
}

/// Reads a value into a `T`, and says what is wrong with it.
pub(crate) type Reader<T> = fn(&mut T, &Node, &mut Diagnostics);

impl<T> Key<T> {
    pub(crate) const fn new(name: &'static str, reads: Reads<T>) -> Self {
        Self { name, reads, required: None }
    }

    /// A key that cannot be left out; `example` shows how it is written.
    pub(crate) const fn required(name: &'static str, reads: Reads<T>, example: &'static str) -> Self {
        Self { name, reads, required: Some(example) }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }
}

impl<T> Table<T> {
    /// The names of all keys.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.keys().map(|key| key.name).collect()
    }

    /// Reads `node` into `frame`, key by key. Reports what is no mapping, unknown keys, missing keys, and what is wrong
    /// with each value.
    pub(crate) fn read(&self, node: &Node, frame: &mut T, out: &mut Diagnostics) {
        let Some(entries) = node.as_mapping() else {
            out.push(expected("a mapping", node).hint(self.takes()));
            return;
        };
        let complete = !damaged(node, out);
        for entry in entries {
            match self.keys().find(|key| key.name == &*entry.key.value) {
                Some(key) => key.reads.read(&entry.value, frame, out),
                None => out.push(self.unknown(entry)),
            }
        }
        for key in self.keys() {
            if let Some(example) = key.required
                && complete
                && node.get(key.name).is_none()
                && !misspelt(node, key.name)
            {
                let place = entries.first().map_or(node.span, |entry| entry.key.span);
                let headline = format!("missing key `{}`", key.name);
                let label = format!("{} needs it", self.what);
                out.push(Diagnostic::error(headline).at(place, label).hint(format!("write `{example}`")));
            }
        }
    }

    fn keys(&self) -> impl Iterator<Item = &'static Key<T>> {
        self.keys.iter().copied().flatten()
    }

    fn unknown(&self, entry: &Entry) -> Diagnostic {
        let written = &*entry.key.value;
        let names = self.names();
        let unknown = Diagnostic::error(format!("unknown key `{written}`"))
            .at(entry.key.span, format!("not a key of {}", self.what));
        let belongs = || {
            let owner = self.keys().find(|key| key.reads.keys().contains(&written))?;
            Some(format!("`{written}` belongs under `{}:`", owner.name))
        };
        let meant = ours(written, &names)
            .map(|ours| format!("this is written `{ours}` here"))
            .or_else(belongs)
            .or_else(|| place(written).map(str::to_owned))
            .or_else(|| instead(written).map(str::to_owned));
        match (meant, did_you_mean(written, names.iter().copied())) {
            (Some(meant), _) => unknown.hint(meant),
            // a guess
            (None, Some(meant)) => unknown.note(self.takes()).hint(meant),
            (None, None) => unknown.hint(self.takes()),
        }
    }

    /// What exists.
    fn takes(&self) -> String {
        format!("{} takes {}", self.what, one_of(self.names()))
    }
}

/// Whether a key of a mapping is most likely meant to be `key`: then that is not missing.
pub(crate) fn misspelt(node: &Node, key: &str) -> bool {
    let means = |written: &str| did_you_mean(written, [key]).is_some() || ours(written, &[key]).is_some();
    node.as_mapping().unwrap_or_default().iter().any(|entry| means(&entry.key.value))
}

impl<T> Reads<T> {
    fn read(&self, node: &Node, frame: &mut T, out: &mut Diagnostics) {
        match self {
            Self::Text(of) => *of(frame) = text(node, out),
            Self::Texts(of) => *of(frame) = texts(node, out),
            Self::Limit(of) => *of(frame) = positive_duration(node, out),
            Self::Size(of) => *of(frame) = size(node, out),
            Self::Node(of) => *of(frame) = Some(node.clone()),
            Self::Mapping(_, read) | Self::Other(read) => read(frame, node, out),
        }
    }

    /// The names of the keys of the mapping it reads, if it has a table.
    fn keys(&self) -> Vec<&'static str> {
        match self {
            Self::Mapping(names, _) => names(),
            _ => Vec::new(),
        }
    }
}
