//! Source of an edition, rewritten for a parser of proto3: what is written stays in its place, so that what is wrong
//! with it is shown where it stands. Main type: [`Rewritten`].

use std::ops::Range;

use crate::schema::scan::{Token, Tokens};

/// What stands for `default`, which proto3 does not allow: an option with another name, of the same length.
pub(super) const DEFAULT: &str = "defau1t";
/// What stands for `-inf` and `-nan`, which only a `default` may be: texts of the same length.
pub(super) const MINUS_INFINITY: &[u8] = b"-i";
pub(super) const NAN: &[u8] = b"-n";

const HEADER: &str = "syntax=\"proto3\"";

/// Source as proto3.
#[derive(Debug)]
pub(in crate::schema) struct Rewritten {
    pub(in crate::schema) text: String,
    /// How many bytes longer the header is than it was; all that follows stands so much later.
    pub(in crate::schema) added: usize,
}

impl Rewritten {
    /// Rewrites a file whose `edition = "…"` stands at `header`.
    pub(in crate::schema) fn new(text: &str, header: Range<usize>) -> Self {
        let mut rewriter = Rewriter { text, edits: Vec::new() };
        rewriter.walk(header.end);
        let mut rewritten = String::with_capacity(text.len() + HEADER.len());
        rewritten.push_str(&text[..header.start]);
        rewritten.push_str(HEADER);
        let added = HEADER.len().saturating_sub(header.len());
        // Line breaks within it stay, too.
        let rest = header.len().saturating_sub(HEADER.len());
        rewritten.push_str(&blank(&text.as_bytes()[header.end - rest..header.end]));
        let mut at = header.end;
        for (range, with) in rewriter.edits {
            rewritten.push_str(&text[at..range.start]);
            rewritten.push_str(&with);
            at = range.end;
        }
        rewritten.push_str(&text[at..]);
        Self { text: rewritten, added }
    }
}

struct Rewriter<'text> {
    text: &'text str,
    /// In order; each as long as what it replaces.
    edits: Vec<(Range<usize>, String)>,
}

impl Rewriter<'_> {
    fn walk(&mut self, from: usize) {
        let text = self.text.as_bytes();
        let mut tokens = Tokens::at(text, from);
        let mut statement_starts = true;
        let mut brackets = 0_usize;
        // Whether an option's name may stand here, in `[name = value, name = value]`.
        let mut name_starts = false;
        while let Some((token, range)) = tokens.next() {
            let was_start = std::mem::replace(&mut statement_starts, false);
            let was_name = std::mem::replace(&mut name_starts, false);
            match token {
                Token::Mark(b'{' | b'}' | b';') => statement_starts = true,
                Token::Mark(b'[') => {
                    brackets += 1;
                    name_starts = brackets == 1;
                }
                Token::Mark(b']') => brackets = brackets.saturating_sub(1),
                Token::Mark(b',') => name_starts = brackets == 1,
                Token::Word(b"import") if was_start => self.import(tokens.clone()),
                Token::Word(b"export" | b"local") if was_start && declares_type(tokens.clone()) => {
                    self.blank(range);
                    // `message` or `enum` goes on as the first word.
                    statement_starts = true;
                }
                Token::Word(b"reserved") if was_start => self.reserved(range, tokens.clone()),
                Token::Word(b"default") if was_name => self.default(range, tokens.clone()),
                Token::Word(_) | Token::Text(_) | Token::Mark(_) => {}
            }
        }
    }

    /// `import option "x.proto"`: an import like others.
    fn import(&mut self, mut rest: Tokens<'_>) {
        if let Some((Token::Word(b"option"), range)) = rest.next() {
            self.blank(range);
        }
    }

    /// `reserved a, b;`: names without quotes, of which nothing here needs to know.
    fn reserved(&mut self, word: Range<usize>, rest: Tokens<'_>) {
        let mut end = None;
        for (token, range) in rest {
            match token {
                Token::Word(name) if !name.first().is_some_and(u8::is_ascii_digit) => end = Some(range.end),
                Token::Mark(b',') if end.is_some() => {}
                Token::Mark(b';') => break,
                // Numbers, or names in quotes: understood as they are, or refused.
                Token::Word(_) | Token::Text(_) | Token::Mark(_) => return,
            }
        }
        if let Some(end) = end {
            self.blank(word.start..end);
        }
    }

    fn default(&mut self, word: Range<usize>, mut rest: Tokens<'_>) {
        if !matches!(rest.next(), Some((Token::Mark(b'='), _))) {
            return;
        }
        self.edits.push((word, DEFAULT.to_owned()));
        if let (Some((Token::Mark(b'-'), minus)), Some((Token::Word(name), word))) = (rest.next(), rest.next())
            && minus.end == word.start
        {
            let text = match name {
                b"inf" => MINUS_INFINITY,
                b"nan" => NAN,
                _ => return,
            };
            self.edits.push((minus.start..word.end, format!("\"{}\"", String::from_utf8_lossy(text))));
        }
    }

    fn blank(&mut self, range: Range<usize>) {
        self.edits.push((range.clone(), blank(&self.text.as_bytes()[range])));
    }
}

/// Spaces in place of `text`; its line breaks stay.
fn blank(text: &[u8]) -> String {
    text.iter().map(|byte| if *byte == b'\n' { '\n' } else { ' ' }).collect()
}

/// Whether `message Name {` or `enum Name {` follows.
fn declares_type(mut rest: Tokens<'_>) -> bool {
    matches!(rest.next(), Some((Token::Word(b"message" | b"enum"), _)))
        && matches!(rest.next(), Some((Token::Word(_), _)))
        && matches!(rest.next(), Some((Token::Mark(b'{'), _)))
}
