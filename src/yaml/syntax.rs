//! Words for what is no YAML: granit's kinds of error → headline, the place that a person would look at, and a way out.

use std::ops::Range;

use granit_parser::ErrorKind;

use super::problem::{self, Source};
use crate::diagnostic::Diagnostic;

/// What was going on when reading failed.
pub(super) struct Failure<'a> {
    pub(super) source: Source<'a>,
    pub(super) kind: &'a ErrorKind,
    /// Where granit stopped.
    pub(super) at: usize,
    /// The end of what was read well.
    pub(super) before: usize,
    /// The innermost bracket still open.
    pub(super) open: Option<Range<usize>>,
}

impl Failure<'_> {
    pub(super) fn explain(&self) -> Diagnostic {
        self.tab().or_else(|| self.expression()).or_else(|| self.bracket()).unwrap_or_else(|| self.plainly())
    }

    /// The character at an offset.
    fn character(&self, at: usize) -> Option<char> {
        self.source.text[at..].chars().next()
    }

    /// The character at an offset, as a range; empty at the end of a line.
    fn one(&self, at: usize) -> Range<usize> {
        let length = self.character(at).filter(|c| !matches!(c, '\n' | '\r')).map_or(0, char::len_utf8);
        at..at + length
    }

    fn error(&self, headline: impl Into<String>, range: Range<usize>, label: impl Into<String>) -> Diagnostic {
        Diagnostic::error(headline).at(self.source.span(range), label)
    }

    /// A tab where spaces are due. granit points before it, sometimes a line above.
    fn tab(&self) -> Option<Diagnostic> {
        let Self { source, at, .. } = *self;
        let indented_by_tab = |line: usize| {
            let blank = source.text[line..].find(|c| c != ' ' && c != '\t').map_or(source.text.len(), |end| line + end);
            source.text[line..blank].find('\t').map(|tab| line + tab)
        };
        let line = source.line_start(at);
        let here = || indented_by_tab(line);
        let place = match self.kind {
            ErrorKind::TabInPlainScalar | ErrorKind::TabAtBlockScalarStart => {
                let below = source.text[at..].find('\n').map(|newline| at + newline + 1);
                below
                    .and_then(indented_by_tab)
                    .or_else(|| source.text[at..].find('\t').map(|tab| at + tab))
                    .or_else(here)
            }
            ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation => {
                here().or_else(|| source.text[at..].find('\t').map(|tab| at + tab))
            }
            _ => return here().map(|tab| self.indentation_by_tab(tab)),
        };
        let place = place.unwrap_or(at);
        if indented_by_tab(source.line_start(place)).is_some_and(|tab| tab <= place) {
            return Some(self.indentation_by_tab(place));
        }
        Some(
            self.error("a tab where YAML allows none", self.one(place), "this is a tab")
                .hint("write spaces; in a text, quote it and write `\\t`"),
        )
    }

    /// Where a text stands outside of quotes and comments, in a range that begins outside of them.
    fn find_unquoted(&self, range: Range<usize>, wanted: &str) -> Option<usize> {
        let text = &self.source.text[range.clone()];
        let (mut quote, mut before) = (None, ' ');
        for (index, c) in text.char_indices() {
            match quote {
                Some(open) => quote = Some(open).filter(|open| *open != c),
                None if text[index..].starts_with(wanted) => return Some(range.start + index),
                None if matches!(c, '"' | '\'') && " \t\n[{,:".contains(before) => quote = Some(c),
                None if c == '#' && " \t\n".contains(before) => quote = Some('\n'),
                None => {}
            }
            before = c;
        }
        None
    }

    fn indentation_by_tab(&self, tab: usize) -> Diagnostic {
        self.error("a tab in the indentation", self.one(tab), "this is a tab").hint("YAML is indented with spaces")
    }

    /// An expression, ours or another tool's, that YAML takes for a mapping.
    fn expression(&self) -> Option<Diagnostic> {
        let Self { source, at, before, .. } = *self;
        // the `$` may have been read as a text
        let from = source.clamp(before.saturating_sub(1)..before).start;
        let region = source.clamp(from..source.line_end(at.max(before)).min(from + 2_000));
        if let Some(start) = self.find_unquoted(region.clone(), "{{") {
            return Some(problem::double_braces(source, start));
        }
        let start = self.find_unquoted(region, "${")?;
        let open = self.open.clone().filter(|open| open.start < start)?;
        // the plain text that the expression is in, from the bracket, comma or colon before it
        let earlier = &source.text[open.end.max(source.line_start(start))..start];
        let from = earlier.rfind([',', '[', '{']).map_or(0, |mark| mark + 1);
        let from = earlier[from..].rfind(": ").map_or(from, |colon| from + colon + 2);
        let from = start - earlier[from..].trim_start().len();
        let end = source.line_end(start);
        let end = source.text[start..end].find('}').map_or(end, |close| start + close + 1);
        let inside = if self.character(open.start) == Some('[') { "[ ]" } else { "{ }" };
        let quoted = problem::quoted(&source.text[from..end]);
        Some(
            self.error(
                format!("an expression inside `{inside}` that is not quoted"),
                start..end,
                "YAML reads a mapping here",
            )
            .hint(format!("quote the whole text: {quoted}")),
        )
    }

    /// A bracket that is not closed, where the place to look at is the bracket.
    fn bracket(&self) -> Option<Diagnostic> {
        let Self { source, at, .. } = *self;
        match self.kind {
            ErrorKind::UnclosedFlowCollection { .. }
            | ErrorKind::UnexpectedEofFlowSequence
            | ErrorKind::UnexpectedEofFlowMapping
            | ErrorKind::UnexpectedEofImplicitFlowMapping
            | ErrorKind::ExpectedFlowMappingSeparator
            | ErrorKind::ExpectedFlowSequenceSeparator
            | ErrorKind::InvalidColonPlacement
            | ErrorKind::MappingValueNotAllowed
            | ErrorKind::InvalidFlowScalarIndent => {}
            _ => return None,
        }
        let unclosed = |open: Range<usize>| {
            let bracket = &source.text[open.clone()];
            let close = if bracket == "[" { "]" } else { "}" };
            self.error(format!("unclosed `{bracket}`"), open, format!("no `{close}` for this"))
                .hint(format!("close it with `{close}`, or quote the text it belongs to"))
        };
        if matches!(self.kind, ErrorKind::UnclosedFlowCollection { .. }) {
            return Some(unclosed(self.one(at)));
        }
        let open = self.open.clone()?;
        if at >= source.text.trim_end().len() {
            return Some(unclosed(open));
        }
        if source.line_start(at) > open.start {
            let line = source.text[source.line_start(at)..source.line_end(at)].trim_start();
            let first = source.line_end(at) - line.len();
            return Some(unclosed(open).also(source.span(first..at.max(first)), "this no longer fits in it"));
        }
        if self.character(at) == Some(',') {
            return Some(
                self.error("nothing between two commas", self.one(at), "a value is due before it")
                    .hint(problem::NOTHING),
            );
        }
        let close = if self.character(open.start) == Some('[') { "]" } else { "}" };
        Some(
            self.error(format!("expected `,` or `{close}`"), self.one(at), "this cannot go on here")
                .also(source.span(open), "opened here")
                .hint("quote a text that holds `: `, `,`, brackets or braces"),
        )
    }

    fn plainly(&self) -> Diagnostic {
        let Self { source, at, .. } = *self;
        let here = self.one(at);
        let rest_of_word = source.text[at..].find(char::is_whitespace).map_or(source.text.len(), |end| at + end);
        let word = at..source.clamp(at..rest_of_word.min(at + 100)).end.max(here.end);
        match self.kind {
            ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => {
                let quote = self.opening_quote();
                self.error("unclosed quote", self.one(quote), "opened here, never closed").hint(
                    "close it; a quote within the text is written `\\\"` in double quotes and `''` in single ones",
                )
            }
            ErrorKind::InvalidQuotedScalarIndent => {
                let quote = self.opening_quote();
                self.error("unclosed quote", self.one(quote), "opened here")
                    .also(source.span(here), "the text in quotes would go on here, less indented than it must be")
                    .hint("close the quote on its line, or indent the lines that continue the text")
            }
            ErrorKind::InvalidTrailingDoubleQuotedScalar => self
                .error("text after a closing quote", word, "the quote before this ends the text")
                .hint("put the whole text in quotes, quotes within it as `\\\"`"),
            ErrorKind::InvalidTrailingSingleQuotedScalar => self
                .error("text after a closing quote", word, "the quote before this ends the text")
                .hint("put the whole text in quotes, quotes within it as `''`"),
            ErrorKind::UnknownQuotedScalarEscape => self
                .error("unknown escape in double quotes", self.bad_escape(), "no escape of YAML")
                .hint("a backslash is written `\\\\` there; in single quotes it is a character like any other"),
            ErrorKind::InvalidQuotedScalarHexEscape
            | ErrorKind::InvalidLowSurrogateHexEscape
            | ErrorKind::InvalidLowSurrogate
            | ErrorKind::MissingLowSurrogate
            | ErrorKind::UnpairedLowSurrogate
            | ErrorKind::InvalidUnicodeEscape => self
                .error("invalid escape in double quotes", self.bad_escape(), "no character has this code")
                .hint("characters are written as they are, or as `\\xHH`, `\\uHHHH` or `\\UHHHHHHHH`"),
            ErrorKind::MappingValueNotAllowed => self.second_colon(),
            ErrorKind::MismatchedFlowCollectionEnd { open, close } => self
                .error(format!("`{open}` closed by `{close}`"), here, "opened here")
                .hint("brackets and braces close in the order they were opened; quote them if they are text"),
            ErrorKind::MisplacedFlowCollectionEnd => {
                let bracket = self.character(at).unwrap_or(']');
                self.error(format!("`{bracket}` closes nothing"), here, "nothing is open here")
                    .hint("quote a text that begins with it")
            }
            ErrorKind::ExpectedBlockMappingKey => self
                .error("expected a key", here, "neither a key of the mapping above nor its end")
                .hint("check the indentation; a text that begins with a quote, `[` or `{` and goes on behind it must be quoted as a whole"),
            ErrorKind::ExpectedBlockSequenceEntry => self
                .error("expected `- `", here, "neither an item of the list above nor its end")
                .hint("check the indentation"),
            ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => self
                .error("expected `key: value`", word, "no `:` after this")
                .hint("check the indentation, and the lines before"),
            ErrorKind::InvalidIndentation => {
                self.error("invalid indentation", here, "fits none of the lines above").hint("align it with its siblings")
            }
            ErrorKind::BlockEntryInFlowCollection => self
                .error("`- ` inside brackets", self.one(source.skip_trivia(at)), "items are separated by commas here")
                .hint("leave the `-` out, or quote a text that begins with it"),
            ErrorKind::BlockSequenceEntryNotAllowed => self
                .error("a list cannot begin here", here, "no `- ` in the middle of a line")
                .hint("begin it on the next line, write it in `[ ]`, or quote a text that begins with `- `"),
            ErrorKind::UnexpectedCharacter { character } if character.is_control() => {
                self.error(format!("control character U+{:04X}", u32::from(*character)), here, "not allowed in YAML").hint(
                    format!("in double quotes it is written `\\x{:02X}`", u32::from(*character)),
                )
            }
            ErrorKind::UnexpectedCharacter { character: '`' } => self
                .error("a backtick cannot begin a text", here, "reserved by YAML")
                .hint("quote the text"),
            ErrorKind::UnexpectedCharacter { character } => self
                .error(format!("`{character}` cannot begin a text"), here, "reserved by YAML")
                .hint("quote the text"),
            ErrorKind::MissingAnchorOrAliasName => {
                let sign = self.character(at).unwrap_or('&');
                self.error(format!("`{sign}` without a name"), here, "YAML reads an anchor or an alias here")
                    .hint(format!("quote a text that begins with `{sign}`"))
            }
            ErrorKind::ExpectedTagBang
            | ErrorKind::InvalidTagTerminator
            | ErrorKind::MissingTagUri
            | ErrorKind::UndeclaredTagHandle
            | ErrorKind::InvalidGlobalTagCharacter
            | ErrorKind::UnclosedVerbatimTag
            | ErrorKind::InvalidTagEscape
            | ErrorKind::InvalidTagUtf8LeadingByte
            | ErrorKind::InvalidTagUtf8TrailingByte
            | ErrorKind::InvalidTagUtf8 => problem::tag(source, word),
            ErrorKind::InvalidBlockScalarHeader | ErrorKind::ZeroBlockScalarIndent => self
                .error("the text of a block begins on the next line", word, "only `+`, `-` or 1 to 9 may follow `|` and `>`")
                .hint("quote a text that begins with `|` or `>`"),
            ErrorKind::InvalidBlockScalarIndent => self
                .error("invalid indentation in a block text", here, "less indented than the blank line before")
                .hint("blank lines before the text must not be indented deeper than its first line"),
            ErrorKind::CommentInterceptedScalar => self
                .error("a comment inside a text", here, "the text goes on in the next line")
                .hint("move the comment, or quote the text if the `#` belongs to it"),
            ErrorKind::CommentNotSeparated => self
                .error("`#` right after a value", here, "a comment needs a space before it")
                .hint("put a space before it, or quote the text if the `#` belongs to it"),
            ErrorKind::RecursionLimitExceeded => problem::too_deep(source, here, super::parse::MAX_DEPTH),
            ErrorKind::BomInsideDocument => self
                .error("a byte order mark inside the file", here, "U+FEFF")
                .hint("remove it; in double quotes it is written `\\uFEFF`"),
            ErrorKind::ExpectedDocumentStart if self.before == 0 => self
                .error("expected `---` after a directive", here, "a line that begins with `%` is a YAML directive")
                .hint("remove the directive"),
            other => self.error(format!("invalid YAML: {other}"), here, "").hint("quote the text, or check the indentation"),
        }
    }

    /// A `: ` where no key can be: in a plain text, or after a line whose indentation is wrong.
    fn second_colon(&self) -> Diagnostic {
        let Self { source, at, .. } = *self;
        let line = source.line_start(at);
        let indent = source.text[line..at].len() - source.text[line..at].trim_start().len();
        let text = &source.text[line + indent..at];
        if let Some(colon) = text.find(": ") {
            let value = text[colon + 2..].trim_start();
            let end = source.line_end(at);
            return self
                .error("a second `:` in one line", self.one(at), "no mapping can begin in the middle of a line")
                .hint(format!(
                    "if it is text, quote it: {}",
                    problem::quoted(source.text[at - value.len()..end].trim_end())
                ));
        }
        self.error(
            format!("`{}` is no key here", problem::shortened(text)),
            line + indent..at,
            "the value above goes on up to this line",
        )
        .hint("check the indentation: a mapping's keys are aligned")
    }

    /// The first escape that YAML does not know, in the text in double quotes that begins where granit stopped.
    fn bad_escape(&self) -> Range<usize> {
        let mut rest = self.source.text[self.at..].char_indices().skip(1);
        while let Some((index, c)) = rest.next() {
            if c == '"' {
                break;
            }
            if c != '\\' {
                continue;
            }
            let Some((_, letter)) = rest.next() else { break };
            let digits = match letter {
                'x' => 2,
                'u' => 4,
                'U' => 8,
                _ if "0abt\tnvfre \"/\\N_LP\r\n".contains(letter) => continue,
                _ => 0,
            };
            let start = self.at + index;
            let end = start + 1 + letter.len_utf8();
            let code = self.source.text.get(end..end + digits).and_then(|digits| u32::from_str_radix(digits, 16).ok());
            if digits == 0 || code.is_none_or(|code| char::from_u32(code).is_none()) {
                return start..end;
            }
        }
        self.one(self.at)
    }

    /// Where the quoted text began that never ends: granit tells where it gave up.
    fn opening_quote(&self) -> usize {
        let Self { source, at, before, .. } = *self;
        if matches!(self.character(at), Some('"' | '\'')) {
            return at;
        }
        let region = source.clamp(before..at.max(before));
        let mut last = None;
        let mut from = source.skip_trivia(region.start);
        while from < region.end {
            match self.character(from) {
                Some('"' | '\'') => {
                    last = Some(from);
                    break;
                }
                Some('#') if source.text[..from].ends_with([' ', '\t', '\n']) => from = source.line_end(from),
                Some(other) => from += other.len_utf8(),
                None => break,
            }
        }
        last.unwrap_or(at)
    }
}
