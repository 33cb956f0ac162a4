//! Cuts a scalar's text at its `${…}`: brace matching that knows quoted strings, as CEL writes them, so that
//! `${"}"}` ends where it should.

use std::ops::Range;

/// A stretch of a scalar's text; ranges are bytes of that text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text as it is, each `$${` already a `${`.
    Text(String),
    /// What stands between the braces; `whole` takes in `${` and `}`.
    Expression { whole: Range<usize>, inner: Range<usize> },
    /// A `${` without its `}`; reaches to the end of the text.
    Unclosed(Range<usize>),
}

/// The pieces of `text`, in order; neighbouring text is one piece.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut at = 0;
    while let Some(found) = text[at..].find('$').map(|offset| at + offset) {
        literal.push_str(&text[at..found]);
        let rest = &text[found..];
        if rest.starts_with("$${") {
            literal.push_str("${");
            at = found + 3;
        } else if rest.starts_with("${") {
            if !literal.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut literal)));
            }
            let start = found + 2;
            let Some(end) = closing_brace(text, start) else {
                pieces.push(Piece::Unclosed(found..text.len()));
                return pieces;
            };
            pieces.push(Piece::Expression { whole: found..end + 1, inner: start..end });
            at = end + 1;
        } else {
            literal.push('$');
            at = found + 1;
        }
    }
    literal.push_str(&text[at..]);
    if !literal.is_empty() {
        pieces.push(Piece::Text(literal));
    }
    pieces
}

/// `text` such that [`pieces`] reads it back as text alone.
pub(super) fn escape(text: &str) -> String {
    text.replace("${", "$${")
}

/// Where the `}` stands that closes an expression from `start`. An apostrophe that opens no string (`${who's}`) must
/// not swallow the brace: without a match, the first `}` will do, and the expression is reported for what it is.
fn closing_brace(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = start;
    while at < bytes.len() {
        match bytes[at] {
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            b'"' | b'\'' => match end_of_string(bytes, at, is_raw(&bytes[start..at])) {
                Some(end) => {
                    at = end;
                    continue;
                }
                None => break,
            },
            _ => {}
        }
        at += 1;
    }
    text[start..].find('}').map(|offset| start + offset)
}

/// Whether what stands before a quote makes its string a raw one (`r"\"`), where a backslash is itself.
fn is_raw(before: &[u8]) -> bool {
    let letters = before.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let prefix = &before[before.len() - letters..];
    prefix.len() <= 2 && prefix.iter().any(|byte| matches!(byte, b'r' | b'R'))
}

/// The offset after the string whose quote stands at `quote`, tripled quotes included.
fn end_of_string(bytes: &[u8], quote: usize, raw: bool) -> Option<usize> {
    let mark = bytes[quote];
    let triple = [mark; 3];
    let closing: &[u8] = if bytes[quote..].starts_with(&triple) { &triple } else { &triple[..1] };
    let mut at = quote + closing.len();
    while at < bytes.len() {
        if bytes[at] == b'\\' && !raw {
            at += 2;
        } else if bytes[at..].starts_with(closing) {
            return Some(at + closing.len());
        } else {
            at += 1;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pieces in short: text as it is, expressions in brackets.
    fn cut(text: &str) -> Vec<String> {
        let show = |piece| match piece {
            Piece::Text(literal) => literal,
            Piece::Expression { inner, .. } => format!("<{}>", &text[inner]),
            Piece::Unclosed(range) => format!("unclosed {}", &text[range]),
        };
        pieces(text).into_iter().map(show).collect()
    }

    #[test]
    fn cuts_text_and_expressions() {
        assert_eq!(cut(""), Vec::<String>::new());
        assert_eq!(cut("Hello, ${who}!"), ["Hello, ", "<who>", "!"]);
        assert_eq!(cut("${a}${b}"), ["<a>", "<b>"]);
        assert_eq!(cut("${}"), ["<>"]);
        assert_eq!(cut("世${who}界"), ["世", "<who>", "界"]);
    }

    #[test]
    fn a_doubled_dollar_is_a_literal_brace() {
        assert_eq!(cut("$${who}"), ["${who}"]);
        assert_eq!(cut("a $${ b ${c}"), ["a ${ b ", "<c>"]);
        assert_eq!(cut("$$${who}"), ["$${who}"]);
        assert_eq!(cut("$5 and $$ and $"), ["$5 and $$ and $"]);
    }

    #[test]
    fn what_is_escaped_reads_back_as_itself() {
        for text in ["", "${a}", "$${a}", "$$${", "a$", "$", "${${"] {
            let read: String = cut(&escape(text)).concat();
            assert_eq!(read, text);
        }
    }

    #[test]
    fn braces_inside_strings_do_not_close() {
        assert_eq!(cut(r#"${"}"}x"#), [r#"<"}">"#, "x"]);
        assert_eq!(cut(r"${'\'}'}x"), [r"<'\'}'>", "x"]);
        assert_eq!(cut(r"${r'\'}x"), [r"<r'\'>", "x"]);
        assert_eq!(cut(r#"${""" "} """}x"#), [r#"<""" "} """>"#, "x"]);
        assert_eq!(cut("${ {'a': 1} }x"), ["< {'a': 1} >", "x"]);
    }

    #[test]
    fn a_stray_quote_does_not_swallow_the_brace() {
        assert_eq!(cut("${who's} there"), ["<who's>", " there"]);
    }

    #[test]
    fn an_unclosed_brace_reaches_to_the_end() {
        assert_eq!(cut("a ${who"), ["a ", "unclosed ${who"]);
        assert_eq!(cut("${"), ["unclosed ${"]);
    }
}
