//! The tokens of an expression, with their places. The parser says what an expression means; the tokens say where its
//! parts begin and end, and what was meant where it does not parse.

use std::ops::Range;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    Word,
    Number,
    Text,
    /// A quote that nothing closes.
    OpenText,
    /// An operator or a bracket; two characters where those mean something together.
    Symbol,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) range: Range<usize>,
}

/// Symbols of more than one character: those of CEL, and of languages that people come from.
const LONG: &[&str] = &["===", "!==", "==", "!=", "<=", ">=", "&&", "||", "=>", "->", "<>", "??", "?.", "**", "::"];

pub(super) fn tokens(source: &str) -> Vec<Token> {
    let bytes = source.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(letter) = source[at..].chars().next() {
        if letter.is_whitespace() {
            at += letter.len_utf8();
            continue;
        }
        if source[at..].starts_with("//") {
            at += source[at..].find('\n').unwrap_or(source.len() - at);
            continue;
        }
        let (kind, end) = match letter {
            '\'' | '"' => text(bytes, at, false),
            '`' => match source[at + 1..].find('`') {
                Some(length) => (TokenKind::Word, at + length + 2),
                None => (TokenKind::OpenText, source.len()),
            },
            _ if letter.is_ascii_digit() => (TokenKind::Number, number(bytes, at)),
            '.' if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) && !follows_operand(tokens.last()) => {
                (TokenKind::Number, number(bytes, at))
            }
            _ if letter.is_alphabetic() || letter == '_' => {
                let word = source[at..].find(|letter: char| !letter.is_alphanumeric() && letter != '_');
                let end = word.map_or(source.len(), |length| at + length);
                let is_prefix = end - at <= 2 && source[at..end].bytes().all(|byte| b"rRbB".contains(&byte));
                match bytes.get(end) {
                    Some(b'\'' | b'"') if is_prefix => text(bytes, end, source[at..end].contains(['r', 'R'])),
                    _ => (TokenKind::Word, end),
                }
            }
            _ => {
                let long = LONG.iter().find(|symbol| source[at..].starts_with(**symbol));
                (TokenKind::Symbol, at + long.map_or(letter.len_utf8(), |symbol| symbol.len()))
            }
        };
        // `a ? .5 : b` and `x.?y` are no `?.`
        let end = if &source[at..end] == "?." && bytes.get(end).is_some_and(u8::is_ascii_digit) { at + 1 } else { end };
        tokens.push(Token { kind, range: at..end });
        at = end;
    }
    tokens
}

impl Token {
    pub(super) fn text<'s>(&self, source: &'s str) -> &'s str {
        &source[self.range.clone()]
    }

    pub(super) fn is(&self, source: &str, symbol: &str) -> bool {
        self.kind == TokenKind::Symbol && self.text(source) == symbol
    }
}

/// Whether a `.` after this token selects, rather than begins a number.
fn follows_operand(before: Option<&Token>) -> bool {
    before.is_some_and(|token| matches!(token.kind, TokenKind::Word | TokenKind::Number | TokenKind::Text))
}

/// The end of the string whose quote stands at `quote`, tripled quotes included.
fn text(bytes: &[u8], quote: usize, raw: bool) -> (TokenKind, usize) {
    let triple = [bytes[quote]; 3];
    let closing: &[u8] = if bytes[quote..].starts_with(&triple) { &triple } else { &triple[..1] };
    let mut at = quote + closing.len();
    while at < bytes.len() {
        if bytes[at] == b'\\' && !raw {
            at += 2;
        } else if bytes[at..].starts_with(closing) {
            return (TokenKind::Text, at + closing.len());
        } else {
            at += 1;
        }
    }
    (TokenKind::OpenText, bytes.len())
}

/// The end of what begins as a number; letters that stick to it are part of it (`0x1F`, `10u`, and `5MiB`, which is none).
fn number(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        let is_fraction = *byte == b'.' && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        let is_sign = matches!(byte, b'+' | b'-')
            && at > start
            && matches!(bytes[at - 1], b'e' | b'E')
            && !bytes[start..at].starts_with(b"0x")
            && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        if !(byte.is_ascii_alphanumeric() || *byte == b'_' || is_fraction || is_sign) {
            break;
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(source: &str) -> Vec<&str> {
        tokens(source).iter().map(|token| token.text(source)).collect()
    }

    #[test]
    fn an_expression_falls_into_tokens() {
        assert_eq!(
            cut("a.b[1] >= 'x' // not this\n&& !c"),
            ["a", ".", "b", "[", "1", "]", ">=", "'x'", "&&", "!", "c"]
        );
        assert_eq!(cut(r#"r'\' + b"\"" + '''a'b'''"#), [r"r'\'", "+", r#"b"\"""#, "+", "'''a'b'''"]);
        assert_eq!(cut("1.5e-3 + 0x1Fu * .5 a.5"), ["1.5e-3", "+", "0x1Fu", "*", ".5", "a", ".", "5"]);
        assert_eq!(cut("世.界 === 1 ?? 2"), ["世", ".", "界", "===", "1", "??", "2"]);
        assert_eq!(cut("a.`b-c` 'open"), ["a", ".", "`b-c`", "'open"]);
        assert_eq!(tokens("'open")[0].kind, TokenKind::OpenText);
        assert_eq!(cut("x.?y ?.5 : z?.w"), ["x", ".", "?", "y", "?", ".5", ":", "z", "?.", "w"]);
    }
}
