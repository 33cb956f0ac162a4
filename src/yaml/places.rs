//! Where in the source the parts of a scalar's text stand: YAML's escapes, folding and indentation undone.
//!
//! The source is read again by the rules of each style, and every step is compared with the text that the parser
//! made of it: where they differ there are no places rather than wrong ones.

use std::ops::Range;

use super::{Scalar, Style};
use crate::diagnostic::Span;

/// The places of a scalar's text, for several look-ups.
#[derive(Debug)]
pub(crate) struct Places {
    node: Span,
    /// In order, without gaps in the text; empty where there is no exact mapping.
    pieces: Vec<Piece>,
}

/// Text and source that belong together: of the same length byte by byte, otherwise as a whole.
#[derive(Debug)]
struct Piece {
    text: Range<usize>,
    source: Range<usize>,
}

impl Scalar {
    /// Where the parts of its text stand in the source. `node` is the scalar's own span, `source` the text of its file.
    pub(crate) fn places(&self, node: Span, source: &str) -> Places {
        let pieces = match source.get(node.range()) {
            Some(written) => Aligner::align(self, written).unwrap_or_default(),
            None => Vec::new(),
        };
        Places { node, pieces }
    }
}

impl Places {
    pub(crate) fn span_of(&self, range: Range<usize>) -> Span {
        self.find(&range).map_or(self.node, |found| {
            let offset = self.node.range().start;
            Span::new(self.node.file, offset + found.start, offset + found.end)
        })
    }

    fn find(&self, range: &Range<usize>) -> Option<Range<usize>> {
        let last = self.pieces.last()?;
        if range.start > range.end || range.end > last.text.end {
            return None;
        }
        let start =
            if range.start == last.text.end { last.source.end } else { self.piece(range.start).start_of(range.start) };
        let end = if range.is_empty() { start } else { self.piece(range.end - 1).end_of(range.end) };
        Some(start..end.max(start))
    }

    /// The piece a byte of the text is in.
    fn piece(&self, at: usize) -> &Piece {
        let index = self.pieces.partition_point(|piece| piece.text.end <= at);
        &self.pieces[index.min(self.pieces.len() - 1)]
    }
}

impl Piece {
    fn is_exact(&self) -> bool {
        self.text.len() == self.source.len()
    }

    fn start_of(&self, at: usize) -> usize {
        if self.is_exact() { self.source.start + (at - self.text.start) } else { self.source.start }
    }

    fn end_of(&self, at: usize) -> usize {
        if self.is_exact() { self.source.start + (at - self.text.start) } else { self.source.end }
    }
}

/// Lays source beside text, piece by piece.
struct Aligner<'a> {
    text: &'a str,
    /// How much of the text is laid.
    done: usize,
    pieces: Vec<Piece>,
}

impl<'a> Aligner<'a> {
    /// `None` where source and text do not fit together.
    fn align(scalar: &'a Scalar, written: &str) -> Option<Vec<Piece>> {
        let mut aligner = Self { text: &scalar.text, done: 0, pieces: Vec::new() };
        match scalar.style {
            Style::Plain => aligner.flow(written, 0..written.len(), scalar.style)?,
            Style::SingleQuoted | Style::DoubleQuoted => {
                aligner.flow(written, 1..written.len().checked_sub(1)?, scalar.style)?;
            }
            Style::Literal | Style::Folded => aligner.block(written, scalar.style)?,
        }
        (aligner.done == aligner.text.len()).then_some(aligner.pieces)
    }

    /// Lays `expected`, which is what the source range stands for.
    fn lay(&mut self, source: Range<usize>, expected: &str) -> Option<()> {
        if !self.text[self.done..].starts_with(expected) {
            return None;
        }
        let text = self.done..self.done + expected.len();
        self.done = text.end;
        match self.pieces.last_mut() {
            // exact pieces that follow each other are one
            Some(last) if last.is_exact() && text.len() == source.len() && last.source.end == source.start => {
                last.text.end = text.end;
                last.source.end = source.end;
            }
            _ => self.pieces.push(Piece { text, source }),
        }
        Some(())
    }

    /// A plain or quoted text: line folding (YAML 1.2, 6.5), and the escapes of its quotes (5.7, 7.3).
    fn flow(&mut self, written: &str, body: Range<usize>, style: Style) -> Option<()> {
        let mut at = body.start;
        while at < body.end {
            let rest = written.get(at..body.end)?;
            let special = |c: char| {
                matches!(c, ' ' | '\t' | '\r' | '\n')
                    || (c == '\'' && style == Style::SingleQuoted)
                    || (c == '\\' && style == Style::DoubleQuoted)
            };
            let length = match rest.find(special) {
                Some(0) if rest.starts_with('\'') => {
                    self.lay(at..at + 2, "'")?;
                    2
                }
                Some(0) if rest.starts_with('\\') => self.escape(at, rest)?,
                Some(0) => self.white_space(at, rest)?,
                Some(length) => {
                    self.lay(at..at + length, &rest[..length])?;
                    length
                }
                None => {
                    self.lay(at..at + rest.len(), rest)?;
                    rest.len()
                }
            };
            at += length;
        }
        Some(())
    }

    /// Blanks, which line breaks among them fold; returns their length.
    fn white_space(&mut self, at: usize, rest: &str) -> Option<usize> {
        let length = white_space(rest);
        let run = &rest[..length];
        match line_breaks(run) {
            0 => self.lay(at..at + length, run)?,
            1 => self.lay(at..at + length, " ")?,
            many => self.lay(at..at + length, &"\n".repeat(many - 1))?,
        }
        Some(length)
    }

    /// One escape of a text in double quotes; returns its length.
    fn escape(&mut self, at: usize, rest: &str) -> Option<usize> {
        let letter = rest[1..].chars().next()?;
        if letter == '\n' || letter == '\r' {
            let length = 1 + white_space(&rest[1..]);
            self.lay(at..at + length, &"\n".repeat(line_breaks(&rest[..length]) - 1))?;
            return Some(length);
        }
        let code = |from: usize, digits: usize| u32::from_str_radix(rest.get(from..from + digits)?, 16).ok();
        let (length, c) = match letter {
            'x' => (4, char::from_u32(code(2, 2)?)?),
            'u' => match code(2, 4)? {
                // a pair of surrogates, as in JSON
                high @ 0xd800..=0xdbff => {
                    let low = code(8, 4)?.checked_sub(0xdc00)?;
                    (12, char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + low)?)
                }
                code => (6, char::from_u32(code)?),
            },
            'U' => (10, char::from_u32(code(2, 8)?)?),
            _ => (1 + letter.len_utf8(), named_escape(letter)?),
        };
        self.lay(at..at + length, c.encode_utf8(&mut [0; 4]))?;
        Some(length)
    }

    /// A block (YAML 1.2, 8.1): header, then lines whose indentation is no part of the text.
    fn block(&mut self, written: &str, style: Style) -> Option<()> {
        let Some(header) = written.find('\n') else { return self.lay(written.len()..written.len(), self.text) };
        let mut lines = Vec::new();
        let mut at = header + 1;
        for line in written[at..].split_inclusive('\n') {
            let content = line.trim_end_matches('\n');
            lines.push((at, content.strip_suffix('\r').unwrap_or(content)));
            at += line.len();
        }
        // the first line that is not blank tells the indentation; what the text has of its blanks is none
        let blanks = |text: &str| text.len() - text.trim_start_matches(' ').len();
        let first = lines.iter().map(|(_, line)| line).find(|line| !line.trim_start_matches(' ').is_empty());
        let indentation = blanks(first?).checked_sub(blanks(self.text.trim_start_matches('\n')))?;
        let mut end = header + 1;
        for (at, line) in lines {
            let content = &line[indentation.min(blanks(line))..];
            if style == Style::Folded && content.is_empty() {
                continue; // part of what separates the lines around it
            }
            let start = at + line.len() - content.len();
            if at > header + 1 || style == Style::Folded {
                self.separator(end..start, style)?;
            }
            self.lay(start..start + content.len(), content)?;
            end = start + content.len();
        }
        // the line breaks at the end, which the node's span leaves out
        let rest = &self.text[self.done..];
        if rest.bytes().all(|byte| byte == b'\n') { self.lay(end..end, rest) } else { None }
    }

    /// What stands in the text for the line breaks between two lines.
    fn separator(&mut self, source: Range<usize>, style: Style) -> Option<()> {
        let rest = &self.text[self.done..];
        let breaks = rest.len() - rest.trim_start_matches('\n').len();
        match (style, breaks) {
            (Style::Literal, _) => self.lay(source, "\n"),
            (_, 0) if self.done > 0 => self.lay(source, " "),
            (_, 0) => Some(()),
            (_, many) => self.lay(source, &rest[..many]),
        }
    }
}

/// The length of the blanks and line breaks a text begins with.
fn white_space(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t', '\r', '\n']).len()
}

fn line_breaks(text: &str) -> usize {
    text.matches("\r\n").count() + text.replace("\r\n", "").matches(['\r', '\n']).count()
}

/// The character of an escape of one letter (YAML 1.2, 5.7).
fn named_escape(letter: char) -> Option<char> {
    Some(match letter {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' | '\t' => '\t',
        'n' => '\n',
        'v' => '\u{b}',
        'f' => '\u{c}',
        'r' => '\r',
        'e' => '\u{1b}',
        ' ' | '"' | '/' | '\\' => letter,
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        _ => return None,
    })
}
