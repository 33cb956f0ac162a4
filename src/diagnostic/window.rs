//! The few lines of a file that a diagnostic shows, bounded whatever the file's size and the length of its lines.

use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{Annotation, AnnotationKind, Snippet};

use super::neutral::{neutralise, neutralise_line};
use super::source::floor;
use super::{FileId, Masker, Piece, SourceFile, Sources, Span};

/// Characters shown of a line.
pub(super) const WIDEST: usize = 160;

/// Of those, before the label.
const LEAD: usize = 60;

/// Lines between two labels beyond which each gets a window of its own.
const FARTHEST: usize = 1_000;

/// Lines of one file with labels in them.
pub(super) struct Window {
    file: Arc<SourceFile>,
    masker: Arc<Masker>,
    id: FileId,
    /// By number.
    lines: Vec<Line>,
    labels: Vec<Mark>,
    /// As the snippet's source.
    text: String,
}

/// A line, of which a part is shown.
struct Line {
    /// From 1.
    number: usize,
    /// Of the part, in the file.
    shown: Range<usize>,
    /// Whether something is left out before and after it.
    cut: (bool, bool),
    /// The secrets in the part, in order: where in the file, and what stands there instead.
    secrets: Vec<(Range<usize>, String)>,
}

struct Mark {
    line: usize,
    /// In the file, within the line's shown part.
    range: Range<usize>,
    text: String,
    primary: bool,
    /// Of the start, in the file, from 1.
    column: usize,
}

impl Window {
    pub(super) fn new(sources: &Sources, span: Span, text: String, primary: bool) -> Self {
        let (file, masker) = (sources.get(span.file), Arc::clone(sources.masker()));
        let (lines, labels, drawn) = (Vec::new(), Vec::new(), String::new());
        let mut window = Self { file, masker, id: span.file, lines, labels, text: drawn };
        window.mark(span, text, primary);
        window
    }

    /// Takes a further label if it is near; says whether it did.
    pub(super) fn join(&mut self, span: Span, text: &str) -> bool {
        if span.file != self.id {
            return false;
        }
        let (number, _) = self.file.line_column(span.range().start);
        let near = self.lines.iter().any(|line| line.number.abs_diff(number) <= FARTHEST);
        let hidden = self.lines.iter().any(|line| line.number == number && !line.shows(span.range().start));
        if !near || hidden {
            return false;
        }
        self.mark(span, text.to_owned(), false);
        true
    }

    /// The number of the last line shown.
    pub(super) fn last_line(&self) -> usize {
        self.lines.iter().map(|line| line.number).max().unwrap_or(1)
    }

    pub(super) fn snippet(&self) -> Snippet<'_, Annotation<'_>> {
        let first = self.lines.first().map_or(1, |line| line.number);
        Snippet::source(&self.text).line_start(first).path(self.path()).annotations(self.labels.iter().map(|mark| {
            let kind = if mark.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let label = Some(mark.text.as_str()).filter(|text| !text.is_empty());
            kind.span(self.in_text(mark)).label(label)
        }))
    }

    /// Puts right the column of the window's header, which annotate-snippets counts in the part of the line it got. Looks
    /// from `from` on; returns the end of the header.
    pub(super) fn correct_column(&self, rendered: &mut String, from: usize) -> usize {
        let Some(mark) = self.labels.iter().min_by_key(|mark| (!mark.primary, mark.range.start)) else { return from };
        let Some(line) = self.lines.iter().find(|line| line.number == mark.line) else { return from };
        let counted = line.until(self.file.text(), mark.range.start, false).chars().count() + 1;
        let place = format!("{}:{}", self.path(), mark.line);
        let wrong = format!("{place}:{counted}\n");
        let Some(found) = rendered[from..].find(&wrong) else { return from };
        let right = format!("{place}:{}\n", mark.column);
        let start = from + found;
        rendered.replace_range(start..start + wrong.len(), &right);
        start + right.len()
    }

    fn path(&self) -> String {
        neutralise_line(&self.file.path().display().to_string(), 1_000)
    }

    fn mark(&mut self, span: Span, text: String, primary: bool) {
        let source = self.file.text();
        let offset = floor(source, span.range().start);
        let (number, column) = self.file.line_column(offset);
        let whole = self.file.line(number);
        let start = offset.clamp(whole.start, whole.end);
        if !self.lines.iter().any(|line| line.number == number) {
            self.lines.push(Line::around(source, number, whole.clone(), start, &self.masker));
            self.lines.sort_by_key(|line| line.number);
        }
        let shown = self.lines.iter().find(|line| line.number == number).map_or(whole, |line| line.shown.clone());
        // of a value over several lines the first is enough
        let end = floor(source, span.range().end).clamp(start, shown.end.max(start));
        self.labels.push(Mark { line: number, range: start..end, text, primary, column });
        self.text = self.draw();
    }

    /// The source for annotate-snippets: the lines shown, and an empty one for each between them that is not.
    fn draw(&self) -> String {
        let mut text = String::new();
        let mut previous: Option<usize> = None;
        for line in &self.lines {
            let missing = previous.map_or(0, |previous| line.number - previous - 1);
            if missing == 1 {
                // annotate-snippets does not leave out a single line
                let between = self.file.line(line.number - 1);
                let start = between.start;
                let line = Line::around(self.file.text(), line.number - 1, between, start, &self.masker);
                text.push_str(&line.draw(self.file.text()));
            }
            text.extend(std::iter::repeat_n('\n', missing));
            text.push_str(&line.draw(self.file.text()));
            text.push('\n');
            previous = Some(line.number);
        }
        text.pop();
        if text.is_empty() || text.ends_with('\n') {
            text.push(' '); // or there would be no such line
        }
        text
    }

    /// A label's place in the drawn text.
    fn in_text(&self, mark: &Mark) -> Range<usize> {
        let first = self.lines.first().map_or(1, |line| line.number);
        let above = self.text.split('\n').take(mark.line - first).map(|line| line.len() + 1).sum::<usize>();
        let Some(line) = self.lines.iter().find(|line| line.number == mark.line) else { return above..above };
        let until = |offset, behind| above + line.until(self.file.text(), offset, behind).len();
        let start = until(mark.range.start, false);
        start..until(mark.range.end, true).max(start)
    }
}

impl Line {
    /// The line, or if it is long, its part around `at`.
    fn around(source: &str, number: usize, whole: Range<usize>, at: usize, masker: &Masker) -> Self {
        let pieces = masker.pieces(&source[whole.clone()]);
        let secrets = pieces.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Secret { range, .. } => {
                Some((whole.start + range.start..whole.start + range.end, piece.shown().into_owned()))
            }
        });
        let mut secrets: Vec<(Range<usize>, String)> = secrets.collect();
        let back =
            |count: usize| source[whole.start..at].char_indices().rev().nth(count - 1).map_or(0, |(index, _)| index);
        let from = |start: usize| {
            source[start..whole.end].char_indices().nth(WIDEST).map_or(whole.end, |(index, _)| start + index)
        };
        if from(whole.start) == whole.end {
            return Self { number, shown: whole, cut: (false, false), secrets };
        }
        // a secret is not cut
        let within =
            |offset: usize| secrets.iter().map(|(secret, _)| secret).find(|at| at.start < offset && offset < at.end);
        let start = whole.start + back(LEAD);
        let end = from(start);
        let start = within(start).map_or(start, |secret| secret.start);
        let end = within(end).map_or(end, |secret| secret.end);
        secrets.retain(|(secret, _)| start <= secret.start && secret.end <= end);
        Self { number, cut: (start > whole.start, end < whole.end), shown: start..end, secrets }
    }

    fn shows(&self, offset: usize) -> bool {
        self.shown.contains(&offset) || (offset >= self.shown.end && !self.cut.1)
    }

    fn lead(&self) -> &'static str {
        if self.cut.0 { "…" } else { "" }
    }

    fn draw(&self, source: &str) -> String {
        let tail = if self.cut.1 { "…" } else { "" };
        self.until(source, self.shown.end, true) + tail
    }

    /// As drawn, up to an offset in the file; of a secret that it lies in, nothing, or what stands there instead.
    fn until(&self, source: &str, offset: usize, behind: bool) -> String {
        let mut text = self.lead().to_owned();
        let mut drawn = self.shown.start;
        for (secret, instead) in self.secrets.iter().filter(|(secret, _)| secret.start < offset) {
            text.push_str(&neutralise(&source[drawn..secret.start]));
            if secret.end > offset && !behind {
                return text;
            }
            text.push_str(instead);
            drawn = secret.end;
        }
        text.push_str(&neutralise(&source[drawn..offset.max(drawn)]));
        text
    }
}
