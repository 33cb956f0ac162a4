//! What does not parse, and what was meant: the words of other languages, what is not closed, what is missing.

use std::ops::Range;

use cel::ParseError;

use super::tokens::{Token, TokenKind};
use crate::expr::fault::Fault;

/// A symbol of another language: what to say of it, and the way out.
const FOREIGN_SYMBOLS: &[(&str, &str, &str)] = &[
    ("===", "`===` is not CEL", "write `==`: in CEL it always compares values"),
    ("!==", "`!==` is not CEL", "write `!=`"),
    ("<>", "`<>` is not CEL", "write `!=`"),
    ("=>", "CEL has no functions of one's own", "a condition over a list is written `list.all(x, x > 0)`"),
    ("->", "CEL has no functions of one's own", "a condition over a list is written `list.all(x, x > 0)`"),
    ("??", "`??` is not CEL", "write `a.?b.orValue('otherwise')`, or `has(a.b) ? a.b : 'otherwise'`"),
    ("**", "CEL has no power", "multiply"),
    ("=", "`=` does not compare", "write `==`"),
    ("&", "a single `&` is not CEL", "write `&&`"),
    ("|", "a single `|` is not CEL", "write `||`"),
    (";", "`;` is not CEL", "an expression is one; join conditions with `&&`"),
    ("::", "`::` is not CEL", "write `.`"),
];

/// A word of another language that stands between two operands, or before one.
const FOREIGN_WORDS: &[(&str, &str)] = &[
    ("and", "write `&&`"),
    ("AND", "write `&&`"),
    ("or", "write `||`"),
    ("OR", "write `||`"),
    ("is", "write `==`"),
    ("eq", "write `==`"),
    ("ne", "write `!=`"),
    ("lt", "write `<`"),
    ("gt", "write `>`"),
    ("mod", "write `%`"),
    ("contains", "write `text.contains('part')`, or `element in list`"),
    ("matches", "write `text.matches('^pattern$')`"),
    ("startsWith", "write `text.startsWith('begin')`"),
    ("endsWith", "write `text.endsWith('end')`"),
];

/// What is wrong with a source that does not parse.
pub(super) fn of(source: &str, tokens: &[Token], errors: &[ParseError]) -> Fault {
    if tokens.is_empty() {
        return Fault::new(0..source.len(), "an expression is missing", "nothing is written here");
    }
    let search = Search { source, tokens };
    let found = (0..tokens.len()).find_map(|at| search.foreign(at));
    found.or_else(|| search.brackets()).or_else(|| search.neighbours()).unwrap_or_else(|| search.told(errors))
}

struct Search<'a> {
    source: &'a str,
    tokens: &'a [Token],
}

impl<'a> Search<'a> {
    fn text(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.text(self.source))
    }

    fn is_operand_end(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| match token.kind {
            TokenKind::Word => !matches!(token.text(self.source), "in" | "not" | "and" | "or"),
            TokenKind::Number | TokenKind::Text => true,
            TokenKind::Symbol => matches!(token.text(self.source), ")" | "]" | "}"),
            TokenKind::OpenText => false,
        })
    }

    fn is_operand_start(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| match token.kind {
            TokenKind::Word => token.text(self.source) != "in",
            TokenKind::Number | TokenKind::Text => true,
            TokenKind::Symbol => matches!(token.text(self.source), "(" | "[" | "{" | "!" | "-"),
            TokenKind::OpenText => false,
        })
    }

    /// What another language would mean by this token.
    fn foreign(&self, at: usize) -> Option<Fault> {
        let token = &self.tokens[at];
        let range = token.range.clone();
        let text = self.text(at);
        let before = at.checked_sub(1);
        let follows_dot = before.is_some_and(|before| self.text(before) == ".");
        match token.kind {
            TokenKind::OpenText => {
                let quote = text.trim_start_matches(|letter: char| letter.is_ascii_alphabetic()).chars().next();
                let quote = quote.unwrap_or('\'');
                let line = text.lines().next().unwrap_or(text).len();
                let fault = Fault::new(range.start..range.start + line, "a text is never closed", "begins here");
                return Some(fault.hint(format!("close it with `{quote}`")));
            }
            TokenKind::Text => return self.escape(token),
            TokenKind::Number => return number(text, range),
            TokenKind::Symbol | TokenKind::Word => {}
        }
        if token.kind == TokenKind::Symbol {
            if text == "?." && self.tokens.get(at + 1).is_some_and(|next| next.kind == TokenKind::Word) {
                let field = self.text(at + 1);
                return Some(
                    Fault::new(range, "`?.` is not CEL", "the question mark comes after the dot")
                        .hint(format!("write `.?{field}`, and say what to take without it: `.orValue(…)`")),
                );
            }
            if matches!(text, "$" | "#" | "@" | "\\" | "^" | "~") {
                return Some(unknown_character(self.source, text, range));
            }
            let (_, headline, hint) = FOREIGN_SYMBOLS.iter().find(|(symbol, ..)| *symbol == text)?;
            return Some(Fault::new(range, *headline, "not an operator here").hint(*hint));
        }
        if follows_dot {
            return None;
        }
        if text == "not" && self.tokens.get(at + 1).is_some_and(|next| next.text(self.source) == "in") {
            let both = range.start..self.tokens[at + 1].range.end;
            return Some(Fault::new(both, "`not in` is not CEL", "not an operator").hint("write `!(x in list)`"));
        }
        if text == "not" && self.is_operand_start(at + 1) {
            return Some(Fault::new(range, "`not` is not CEL", "not an operator").hint("write `!`"));
        }
        if matches!(text, "if" | "then" | "else") {
            return Some(
                Fault::new(range, format!("`{text}` is not CEL"), "not a word of expressions")
                    .hint("write `condition ? this : that`"),
            );
        }
        if matches!(text, "let" | "var" | "const") {
            return Some(
                Fault::new(range, format!("`{text}` is not CEL"), "an expression declares nothing")
                    .hint("variables are declared under `vars:` or `capture:`"),
            );
        }
        if before.is_some_and(|before| self.is_operand_end(before)) && self.is_operand_start(at + 1) {
            let (_, hint) = FOREIGN_WORDS.iter().find(|(word, _)| *word == text)?;
            return Some(Fault::new(range, format!("`{text}` is not an operator"), "not CEL").hint(*hint));
        }
        if !text.starts_with('`') && !text.is_ascii() {
            return Some(
                Fault::new(range, format!("`{text}` is not a name"), "names are ASCII letters, digits and `_`")
                    .hint("text is written in quotes"),
            );
        }
        None
    }

    /// A backslash that no escape begins with.
    fn escape(&self, token: &Token) -> Option<Fault> {
        let text = token.text(self.source);
        let prefix = text.find(['\'', '"'])?;
        if text[..prefix].contains(['r', 'R']) {
            return None;
        }
        let mut letters = text.char_indices();
        while let Some((at, letter)) = letters.next() {
            if letter != '\\' {
                continue;
            }
            let (end, escaped) = letters.next()?;
            if !"abfnrtv\\?\"'`xXuU01234567".contains(escaped) {
                let start = token.range.start + at;
                return Some(
                    Fault::new(
                        start..token.range.start + end + escaped.len_utf8(),
                        format!("`\\{escaped}` is no escape"),
                        "unknown escape",
                    )
                    .hint("a literal backslash is written `\\\\`; in `r'…'` it needs none, as in `r'\\d+'`"),
                );
            }
        }
        None
    }

    /// Brackets that do not belong together.
    fn brackets(&self) -> Option<Fault> {
        let mut open: Vec<&Token> = Vec::new();
        for token in self.tokens.iter().filter(|token| token.kind == TokenKind::Symbol) {
            let text = token.text(self.source);
            let opening = match text {
                "(" | "[" | "{" => {
                    open.push(token);
                    continue;
                }
                ")" => "(",
                "]" => "[",
                "}" => "{",
                _ => continue,
            };
            match open.pop() {
                Some(bracket) if bracket.text(self.source) == opening => {}
                Some(bracket) => {
                    let wanted = closing(bracket.text(self.source));
                    let opened = bracket.text(self.source);
                    return Some(
                        Fault::new(token.range.clone(), format!("`{text}` does not close `{opened}`"), "wrong bracket")
                            .hint(format!("close `{opened}` with `{wanted}` first")),
                    );
                }
                None => {
                    return Some(
                        Fault::new(token.range.clone(), format!("`{text}` closes nothing"), "nothing is open here")
                            .hint(format!("remove it, or open it with `{opening}`")),
                    );
                }
            }
        }
        let unclosed = open.pop()?;
        let opened = unclosed.text(self.source);
        Some(
            Fault::new(unclosed.range.clone(), format!("`{opened}` is never closed"), "opened here")
                .hint(format!("close it with `{}`", closing(opened))),
        )
    }

    /// Two operands without an operator between them, an operator without an operand.
    fn neighbours(&self) -> Option<Fault> {
        let is_operator = |at: usize| {
            self.tokens.get(at).is_some_and(|token| {
                let text = token.text(self.source);
                text == "in"
                    || (token.kind == TokenKind::Symbol
                        && !matches!(text, "(" | ")" | "[" | "]" | "{" | "}" | "," | "!" | "-" | "?" | ":" | "."))
            })
        };
        for at in 0..self.tokens.len() {
            let (text, range) = (self.text(at), self.tokens[at].range.clone());
            let follows_dot = at > 0 && matches!(self.text(at - 1), "." | "?");
            let misses = is_operator(at) || matches!(text, "!" | "-" | "." | "?" | ":" | ",");
            if misses && at + 1 == self.tokens.len() && !follows_dot {
                return Some(missing_after(text, range.end));
            }
            if misses && matches!(self.text(at + 1), ")" | "]" | "}") && text != "," && !follows_dot {
                return Some(missing_after(text, range.end));
            }
            if is_operator(at) && (at == 0 || matches!(self.text(at - 1), "(" | "[" | ",")) {
                return Some(
                    Fault::new(range, format!("something is missing before `{text}`"), "expected a value before it")
                        .hint(format!("`{text}` stands between two values")),
                );
            }
            if at > 0 && self.is_operand_end(at - 1) && !follows_dot {
                let starts_operand =
                    matches!(self.tokens[at].kind, TokenKind::Word | TokenKind::Number | TokenKind::Text)
                        && text != "in";
                if starts_operand || text == "!" {
                    return Some(
                        Fault::new(range, format!("an operator is missing before `{text}`"), "not expected here")
                            .hint("join conditions with `&&` or `||`; text is written in quotes"),
                    );
                }
            }
        }
        let questions = self.tokens.iter().filter(|token| token.is(self.source, "?")).count();
        let colons = self.tokens.iter().filter(|token| token.is(self.source, ":")).count();
        let question = self.tokens.iter().find(|token| token.is(self.source, "?"))?;
        (questions > colons).then(|| {
            Fault::new(question.range.clone(), "`?` has no `:`", "what if the condition is false?")
                .hint("write `condition ? this : that`")
        })
    }

    /// What the parser says, put shortly.
    fn told(&self, errors: &[ParseError]) -> Fault {
        let Some(error) = errors.first() else { return unreadable(0..self.source.len()) };
        let at = byte_of(self.source, error.pos);
        let token = self.tokens.iter().find(|token| token.range.end > at);
        let range = token.map_or(at..self.source.len(), |token| token.range.clone());
        let text = &self.source[range.clone()];
        if error.msg.starts_with("reserved identifier") {
            return Fault::new(range, format!("`{text}` is a reserved word of CEL"), "cannot be a name");
        }
        if error.msg.contains("invalid int literal") || error.msg.contains("invalid uint literal") {
            return Fault::new(range, format!("{text} is out of range"), "does not fit into 64 bits")
                .hint("an int lies between -9223372036854775808 and 9223372036854775807, a uint (`10u`) goes to 18446744073709551615");
        }
        if error.msg.contains("invalid") && error.msg.contains("literal") {
            return Fault::new(range, "a literal cannot be read", "not a literal of CEL");
        }
        let label = if range.is_empty() { "the expression ends too early" } else { "not expected here" };
        Fault::new(range, "the expression does not parse", label)
    }
}

pub(super) fn too_long(label: String, source: &str) -> Fault {
    Fault::new(0..source.len(), "the expression is too long", label)
        .hint("compute parts of it in variables, or in a `capture`")
}

pub(super) fn message_literal(name: &str, at: Range<usize>) -> Fault {
    Fault::new(at, "messages are not built in expressions", format!("`{name}{{…}}` makes a message"))
        .hint("write a message as YAML, in `vars` or where it is needed; a map is written `{'key': value}`")
}

pub(super) fn unreadable(at: Range<usize>) -> Fault {
    Fault::new(at, "the expression cannot be read", "not expected here")
}

fn missing_after(text: &str, end: usize) -> Fault {
    Fault::new(end..end, format!("something is missing after `{text}`"), "expected a value here")
}

fn closing(opening: &str) -> &'static str {
    match opening {
        "(" => ")",
        "[" => "]",
        _ => "}",
    }
}

fn unknown_character(source: &str, text: &str, range: Range<usize>) -> Fault {
    if text == "$" && source[range.end..].starts_with('{') {
        return Fault::new(range.start..range.end + 1, "`${` inside an expression", "this is an expression already")
            .hint("write names as they are: `user_id`, not `${user_id}`");
    }
    let fault = Fault::new(range, format!("`{text}` is not CEL"), "not expected here");
    match text {
        "\\" | "^" => fault.hint("regular expressions are texts: `name.matches('^a')`"),
        "@" | "$" => fault.hint("names are ASCII letters, digits and `_`"),
        _ => fault,
    }
}

/// A number with letters that stick to it.
fn number(text: &str, range: Range<usize>) -> Option<Fault> {
    let is_hex = text.starts_with("0x")
        && text.len() > 2
        && text[2..].trim_end_matches(['u', 'U']).bytes().all(|b| b.is_ascii_hexdigit());
    let digits = text.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    if is_hex || matches!(digits, "" | "u" | "U") {
        return None;
    }
    let exponent = digits.strip_prefix(['e', 'E']).map(|rest| rest.trim_start_matches(['+', '-']));
    if exponent.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit())) {
        return None;
    }
    let fault = Fault::new(range, format!("`{text}` is not a number"), "not CEL");
    let unit = digits.trim_start_matches(|letter: char| letter.is_ascii_digit());
    Some(match unit {
        "ns" | "us" | "ms" | "s" | "m" | "h" => fault.hint(format!("a duration is written `duration('{text}')`")),
        _ if text.contains('_') => fault.hint(format!("write `{}`", text.replace('_', ""))),
        _ => fault,
    })
}

/// The byte of a place as the parser tells it: line and column from 1, the column in characters.
fn byte_of(source: &str, (line, column): (isize, isize)) -> usize {
    let lines_before = usize::try_from(line - 1).unwrap_or(0);
    let start: usize = source.split_inclusive('\n').take(lines_before).map(str::len).sum();
    let rest = &source[start.min(source.len())..];
    let column = usize::try_from(column - 1).unwrap_or(0);
    start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
}
