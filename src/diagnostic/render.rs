//! Diagnostics as text, in rustc's look: headline, place, source line with carets, notes, hints. The source lines are drawn
//! by annotate-snippets, which gets a [`Window`] of each file and no more.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use annotate_snippets::renderer::{DEFAULT_CONTEXT_STYLE, DEFAULT_EMPHASIS_STYLE};
use annotate_snippets::{Level, Renderer};
use anstyle::Style;

use super::neutral::{neutralise, neutralise_line};
use super::window::Window;
use super::{Diagnostic, Diagnostics, FileId, Label, Severity, Sources};

/// Characters of a headline or label: a file may hold a name of any length.
const LONGEST_LINE: usize = 300;

/// Columns: lines are cut by [`Window`], not by annotate-snippets.
const UNBOUNDED: usize = 1_000_000;

/// All of them, separated by blank lines: those of a file together, otherwise in the order found, equal ones once.
/// Ends without a line break.
pub(crate) fn render_all(diagnostics: &Diagnostics, sources: &Sources, colour: bool) -> String {
    let mut files: HashMap<Option<FileId>, usize> = HashMap::new();
    let mut ordered = Vec::new();
    for diagnostic in diagnostics.iter() {
        let next = files.len();
        let place = diagnostic.primary.as_ref().map(|label| label.span);
        let file = *files.entry(place.map(|span| span.file)).or_insert(next);
        ordered.push((file, place.map(|span| span.start), diagnostic));
    }
    ordered.sort_by_key(|(file, start, _)| (*file, *start)); // stable
    let mut seen = HashSet::new();
    let mut texts = Vec::new();
    for (_, _, diagnostic) in ordered {
        let text = render(diagnostic, sources, colour);
        if seen.insert(text.clone()) {
            texts.push(text);
        }
    }
    texts.join("\n\n")
}

/// One diagnostic; ends without a line break. What comes from files and servers is neutralised.
pub(crate) fn render(diagnostic: &Diagnostic, sources: &Sources, colour: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let headline = neutralise_line(&diagnostic.headline, LONGEST_LINE);
    let windows = windows(diagnostic, sources);
    let snippets = windows.iter().map(Window::snippet);
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(UNBOUNDED);
    let mut text = renderer.render(&[level.primary_title(headline).elements(snippets)]);
    let mut header = text.find('\n').unwrap_or(text.len());
    for window in &windows {
        header = window.correct_column(&mut text, header);
    }
    let mut text = trim_line_ends(&text);
    let gutter = windows.iter().map(Window::last_line).max().map_or(1, |line| line.to_string().len());
    let notes = diagnostic.notes.iter().map(|note| (&*note.name, &*note.text));
    let hints = diagnostic.hints.iter().map(|hint| ("hint", &**hint));
    for (name, note) in notes.chain(hints) {
        write_note(&mut text, gutter, name, note, colour);
    }
    text
}

/// The parts of files to show: labels that are near each other share a window. The primary label's is the first.
fn windows(diagnostic: &Diagnostic, sources: &Sources) -> Vec<Window> {
    let mut windows: Vec<Window> = Vec::new();
    let primary = diagnostic.primary.iter().map(|label| (label, true));
    let secondary = diagnostic.secondary.iter().map(|label| (label, false));
    for (Label { span, text }, primary) in primary.chain(secondary) {
        let text = neutralise_line(text, LONGEST_LINE);
        if !windows.iter_mut().any(|window| window.join(*span, &text)) {
            windows.push(Window::new(sources, *span, text, primary));
        }
    }
    windows
}

/// `   = name: text`, the text's further lines below its first.
fn write_note(text: &mut String, gutter: usize, name: &str, note: &str, colour: bool) {
    let (mark, emphasis) =
        if colour { (DEFAULT_CONTEXT_STYLE, DEFAULT_EMPHASIS_STYLE) } else { (Style::new(), Style::new()) };
    let name = neutralise_line(name, LONGEST_LINE);
    let note = neutralise(note);
    let mut lines = note.trim_end().lines();
    let first = lines.next().unwrap_or_default();
    let pad = " ".repeat(gutter + 1);
    // writing to a string cannot fail
    let _ = write!(text, "\n{pad}{mark}={mark:#} {emphasis}{name}{emphasis:#}: {first}");
    let indent = " ".repeat(gutter + 1 + "= : ".len() + name.chars().count());
    for line in lines {
        let _ = write!(text, "\n{}", format!("{indent}{line}").trim_end());
    }
}

fn trim_line_ends(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
