//! The secrets of a run, and their names in their place: `•password•`. Main type: [`Masker`].

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use aho_corasick::AhoCorasick;

use super::decoded::Decoded;
use super::secret::{Form, SHORT, forms_of};
use super::source::floor;

/// Stands on both sides of a secret's name.
const MARK: char = '•';

/// Bytes of a form by which it is looked for; what follows them is compared.
const LOOKED_FOR: usize = 256;

/// Bytes from within a needle by which they are told from any others.
const MIDDLE: usize = 8;

/// What must not be shown. Shared by all of a run: secrets are added as they become known, and whatever is written
/// passes [`Masker::mask`] first. Without secrets that costs nothing.
#[derive(Debug, Default)]
pub(crate) struct Masker {
    any: AtomicBool,
    known: RwLock<Known>,
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    Text(&'t str),
    Secret {
        name: Arc<str>,
        /// Where it stood in the text.
        range: Range<usize>,
        /// It stood there as it is, whole, and nothing else.
        verbatim: bool,
    },
}

impl Masker {
    /// Hides a text in whatever form, under the name it has from now on.
    pub(crate) fn add_text(&self, name: &str, text: &str) {
        self.add_bytes(name, text.as_bytes());
    }

    /// As [`Self::add_text`], of bytes.
    pub(crate) fn add_bytes(&self, name: &str, bytes: &[u8]) {
        if bytes.is_empty() || self.read().values.contains(bytes) {
            return;
        }
        let mut known = self.write();
        if known.values.insert(bytes.into()) {
            known.add(name, forms_of(bytes));
            self.any.store(true, Ordering::Release);
        }
    }

    /// The text with each secret's name in its place. What is masked already stays as it is.
    pub(crate) fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let pieces = self.pieces(text);
        if let [] | [Piece::Text(_)] = pieces.as_slice() {
            return Cow::Borrowed(text);
        }
        Cow::Owned(pieces.iter().map(Piece::shown).collect())
    }

    /// The text in pieces, secrets apart.
    pub(crate) fn pieces<'t>(&self, text: &'t str) -> Vec<Piece<'t>> {
        if !self.any.load(Ordering::Acquire) {
            return vec![Piece::Text(text)];
        }
        let mut pieces = Vec::new();
        let mut shown = 0;
        for Found { range, name, verbatim } in self.settled().find(text) {
            if shown < range.start {
                pieces.push(Piece::Text(&text[shown..range.start]));
            }
            shown = range.end;
            pieces.push(Piece::Secret { name, range, verbatim });
        }
        if shown < text.len() {
            pieces.push(Piece::Text(&text[shown..]));
        }
        pieces
    }

    /// With an automaton for everything that is known.
    fn settled(&self) -> RwLockReadGuard<'_, Known> {
        let known = self.read();
        if known.added.is_empty() {
            return known;
        }
        drop(known);
        self.write().settle();
        // what another thread has added meanwhile, it shows later than we read this text
        self.read()
    }

    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Piece<'_> {
    /// As it may be seen.
    pub(crate) fn shown(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Secret { name, .. } => Cow::Owned(placeholder(name)),
        }
    }
}

/// What stands in a secret's place.
pub(crate) fn placeholder(name: &str) -> String {
    format!("{MARK}{name}{MARK}")
}

#[derive(Debug, Default)]
struct Known {
    values: HashSet<Box<[u8]>>,
    forms: HashSet<Arc<[u8]>>,
    names: HashSet<Arc<str>>,
    /// No automaton has them yet.
    added: Vec<Needle>,
    /// Each smaller than the one before it: to add one secret after the other costs little, and so does it to look for
    /// all of them.
    tiers: Vec<Tier>,
}

/// What is looked for.
#[derive(Debug)]
struct Needle {
    form: Form,
    name: Arc<str>,
}

/// Needles, and how they are found together.
#[derive(Debug)]
struct Tier {
    needles: Vec<Needle>,
    automaton: AhoCorasick,
    /// Needles by what they begin and end with: of a text that is cut off only this may be left.
    beginnings: HashMap<[u8; SHORT], Vec<usize>>,
    ends: HashMap<[u8; SHORT], Vec<usize>>,
}

struct Found {
    range: Range<usize>,
    name: Arc<str>,
    verbatim: bool,
}

impl Known {
    fn add(&mut self, name: &str, forms: Vec<Form>) {
        let name: Arc<str> = name.into();
        self.names.insert(Arc::clone(&name));
        let known = &mut self.forms;
        let new = forms.into_iter().filter(|form| known.insert(Arc::clone(&form.bytes)));
        self.added.extend(new.map(|form| Needle { form, name: Arc::clone(&name) }));
    }

    /// Joins what was added with the tiers that are no larger.
    fn settle(&mut self) {
        let mut needles = std::mem::take(&mut self.added);
        while let Some(smaller) = self.tiers.pop_if(|last| last.needles.len() <= needles.len()) {
            needles = smaller.needles.into_iter().chain(needles).collect();
        }
        Tier::build(needles, &mut self.tiers);
    }

    /// What is to be hidden, in order, nothing twice.
    fn find(&self, text: &str) -> Vec<Found> {
        let mut found = Vec::new();
        for decoded in Decoded::all(text) {
            for tier in &self.tiers {
                tier.find(&decoded, &mut found);
            }
        }
        for Found { range, .. } in &mut found {
            *range = whole_characters(text, range);
        }
        let masked = self.placeholders(text);
        found.retain(|Found { range, .. }| !masked.iter().any(|at| at.start <= range.start && range.end <= at.end));
        found.sort_by_key(|Found { range, verbatim, .. }| (range.start, Reverse(range.end), !verbatim));
        let mut apart: Vec<Found> = Vec::with_capacity(found.len());
        for next in found {
            match apart.last_mut() {
                Some(last) if next.range.end <= last.range.end => {}
                Some(last) if next.range.start < last.range.end => {
                    last.range.end = next.range.end;
                    last.verbatim = false;
                }
                _ => apart.push(next),
            }
        }
        apart
    }

    /// Where secrets have been masked.
    fn placeholders(&self, text: &str) -> Vec<Range<usize>> {
        let marks: Vec<usize> = text.match_indices(MARK).map(|(at, _)| at).collect();
        let is_one = |pair: &&[usize]| self.names.contains(&text[pair[0] + MARK.len_utf8()..pair[1]]);
        marks.windows(2).filter(is_one).map(|pair| pair[0]..pair[1] + MARK.len_utf8()).collect()
    }
}

impl Tier {
    /// Adds a tier of these needles, or several where they are too many for one.
    fn build(mut needles: Vec<Needle>, tiers: &mut Vec<Self>) {
        if needles.is_empty() {
            return;
        }
        let Ok(automaton) = AhoCorasick::new(needles.iter().map(Needle::looked_for)) else {
            let half = needles.split_off(needles.len() / 2);
            if !needles.is_empty() {
                Self::build(needles, tiers);
                Self::build(half, tiers);
            }
            return;
        };
        let mut beginnings: HashMap<_, Vec<usize>> = HashMap::new();
        let mut ends: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, Needle { form, .. }) in needles.iter().enumerate() {
            if let (Some(beginning), Some(end)) = (form.bytes.first_chunk(), form.bytes.last_chunk()) {
                beginnings.entry(*beginning).or_default().push(at);
                ends.entry(*end).or_default().push(at);
            }
        }
        tiers.push(Self { needles, automaton, beginnings, ends });
    }

    fn find(&self, text: &Decoded, found: &mut Vec<Found>) {
        let bytes = text.bytes.as_slice();
        for looked_for in self.automaton.find_overlapping_iter(bytes) {
            let Needle { form, name } = &self.needles[looked_for.pattern().as_usize()];
            let start = looked_for.start();
            let length = common_length(&bytes[start..], &form.bytes);
            let range = start..start + length;
            if form.alone && !is_alone(bytes, &range) {
                continue;
            }
            let range = text.origin(form.with_shared(bytes, range));
            let verbatim = form.verbatim && range.len() == form.bytes.len();
            found.push(Found { range, name: Arc::clone(name), verbatim });
        }
        let cuts = text.cuts();
        for (at, cut) in cuts.iter().enumerate() {
            found.extend(self.beginning_before(text, cut.start));
            found.extend(self.end_after(text, cut.end));
            if let Some(next) = cuts.get(at + 1) {
                found.extend(self.middle(text, cut.end..next.start));
            }
        }
    }

    /// The longest part that ends there and is how a needle begins.
    fn beginning_before(&self, text: &Decoded, end: usize) -> Option<Found> {
        (end.saturating_sub(LOOKED_FOR)..end).find_map(|start| {
            let part = &text.bytes[start..end];
            let candidates = self.beginnings.get(part.first_chunk()?)?;
            let needle =
                candidates.iter().map(|at| &self.needles[*at]).find(|needle| needle.form.bytes.starts_with(part))?;
            Some(Found { range: text.origin(start..end), name: Arc::clone(&needle.name), verbatim: false })
        })
    }
}

impl Tier {
    /// The longest part that begins there and is how a needle ends.
    fn end_after(&self, text: &Decoded, start: usize) -> Option<Found> {
        let longest = (start + LOOKED_FOR).min(text.bytes.len());
        (start..=longest).rev().find_map(|end| {
            let part = &text.bytes[start..end];
            let candidates = self.ends.get(part.last_chunk()?)?;
            let mut candidates = candidates.iter().map(|at| &self.needles[*at]);
            let needle = candidates.find(|needle| needle.form.bytes.ends_with(part))?;
            Some(Found { range: text.origin(start..end), name: Arc::clone(&needle.name), verbatim: false })
        })
    }

    /// What is cut off at both sides, if it is from within a needle.
    fn middle(&self, text: &Decoded, range: Range<usize>) -> Option<Found> {
        let part = text.bytes.get(range.clone()).filter(|part| (MIDDLE..=LOOKED_FOR).contains(&part.len()))?;
        let holds = |needle: &&Needle| needle.form.bytes.windows(part.len()).any(|bytes| bytes == part);
        let needle = self.needles.iter().find(holds)?;
        Some(Found { range: text.origin(range), name: Arc::clone(&needle.name), verbatim: false })
    }
}

impl Needle {
    fn looked_for(&self) -> &[u8] {
        let bytes = &self.form.bytes;
        &bytes[..bytes.len().min(LOOKED_FOR)]
    }
}

impl Form {
    /// With the letters at its sides that hold some bits of it.
    fn with_shared(&self, text: &[u8], range: Range<usize>) -> Range<usize> {
        let is_base64 = |letter: &u8| letter.is_ascii_alphanumeric() || b"+/-_".contains(letter);
        let before = self.shared.0 && text[..range.start].last().is_some_and(is_base64);
        let after = self.shared.1 && text[range.end..].first().is_some_and(is_base64);
        range.start - usize::from(before)..range.end + usize::from(after)
    }
}

/// Bytes that two have in common at their start.
fn common_length(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

/// The characters that any of these bytes belong to.
fn whole_characters(text: &str, range: &Range<usize>) -> Range<usize> {
    let mut end = range.end;
    while !text.is_char_boundary(end) {
        end += 1;
    }
    floor(text, range.start)..end
}

fn is_alone(text: &[u8], range: &Range<usize>) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    !text[..range.start].last().is_some_and(is_word) && !text[range.end..].first().is_some_and(is_word)
}

#[cfg(test)]
mod tests;
