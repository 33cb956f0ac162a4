//! Tags joined by and, or, not. Main type: [`TagExpression`].

use std::collections::BTreeSet;

/// `--tag 'smoke and not slow'`.
///
/// ```text
/// or  = and { ("or" | "||") and }
/// and = not { ("and" | "&&") not }
/// not = ("not" | "!") not | "(" or ")" | TAG
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TagExpression {
    Tag(String),
    Not(Box<TagExpression>),
    All(Vec<TagExpression>),
    Any(Vec<TagExpression>),
}

/// How deep parentheses and negations may go.
const MAX_DEPTH: usize = 64;

impl TagExpression {
    /// Reads an argument.
    ///
    /// # Errors
    /// What is wrong with it, in words, with a caret at the place.
    pub(crate) fn parse(written: &str) -> Result<Self, String> {
        let mut parser = Parser { text: written, at: 0, depth: 0 };
        let expression = parser.any()?;
        match parser.peek()? {
            Token::End => Ok(expression),
            Token::Close => Err(parser.error("this `)` closes nothing")),
            _ => Err(parser.error("expected `and` or `or` before this")),
        }
    }

    pub(super) fn holds(&self, tags: &[String]) -> bool {
        match self {
            Self::Tag(tag) => tags.contains(tag),
            Self::Not(not) => !not.holds(tags),
            Self::All(all) => all.iter().all(|one| one.holds(tags)),
            Self::Any(any) => any.iter().any(|one| one.holds(tags)),
        }
    }

    /// Each tag it names, once.
    pub(super) fn names(&self) -> BTreeSet<&str> {
        match self {
            Self::Tag(tag) => BTreeSet::from([tag.as_str()]),
            Self::Not(not) => not.names(),
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::names).collect(),
        }
    }
}

/// What an expression is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'text> {
    Tag(&'text str),
    And,
    Or,
    Not,
    Open,
    Close,
    End,
}

#[derive(Debug, Clone, Copy)]
struct Parser<'text> {
    text: &'text str,
    /// Bytes read.
    at: usize,
    depth: usize,
}

impl<'text> Parser<'text> {
    fn any(&mut self) -> Result<TagExpression, String> {
        self.joined(Token::Or, Self::all, TagExpression::Any)
    }

    fn all(&mut self) -> Result<TagExpression, String> {
        self.joined(Token::And, Self::one, TagExpression::All)
    }

    fn joined(
        &mut self,
        by: Token<'_>,
        part: impl Fn(&mut Self) -> Result<TagExpression, String>,
        join: impl Fn(Vec<TagExpression>) -> TagExpression,
    ) -> Result<TagExpression, String> {
        let first = part(self)?;
        let mut parts = vec![first];
        while self.peek()? == by {
            self.next()?;
            parts.push(part(self)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { join(parts) })
    }

    fn one(&mut self) -> Result<TagExpression, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error("this goes too deep"));
        }
        let start = *self;
        let one = match self.next()? {
            Token::Tag(tag) => TagExpression::Tag(tag.to_owned()),
            Token::Not => TagExpression::Not(Box::new(self.one()?)),
            Token::Open => {
                let within = self.any()?;
                match self.peek()? {
                    Token::Close => self.next()?,
                    Token::End => return Err(start.error("this `(` is never closed")),
                    _ => return Err(self.error("expected `and`, `or` or `)`")),
                };
                within
            }
            Token::And | Token::Or | Token::Close | Token::End => return Err(start.error("expected a tag")),
        };
        self.depth -= 1;
        Ok(one)
    }

    fn peek(&self) -> Result<Token<'text>, String> {
        { *self }.next()
    }

    fn next(&mut self) -> Result<Token<'text>, String> {
        self.skip_spaces();
        let rest = &self.text[self.at..];
        let (token, length) = match rest.as_bytes() {
            [] => (Token::End, 0),
            [b'(', ..] => (Token::Open, 1),
            [b')', ..] => (Token::Close, 1),
            [b'!', ..] => (Token::Not, 1),
            [b'&', b'&', ..] => (Token::And, 2),
            [b'|', b'|', ..] => (Token::Or, 2),
            [b'&', ..] => return Err(self.error("write `and`, or `&&`")),
            [b'|', ..] => return Err(self.error("write `or`, or `||`")),
            [b',', ..] => return Err(self.error("a comma joins nothing: write `and` or `or`")),
            _ => {
                let length = rest.find(|letter| !is_of_tag(letter)).unwrap_or(rest.len());
                let token = match &rest[..length] {
                    "" => return Err(self.error("a tag is made of ASCII letters, digits, `_`, `-`, `.` and `/`")),
                    "and" => Token::And,
                    "or" => Token::Or,
                    "not" => Token::Not,
                    tag => Token::Tag(tag),
                };
                (token, length)
            }
        };
        self.at += length;
        Ok(token)
    }

    fn skip_spaces(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    /// What is wrong with the token that comes next.
    fn error(&self, problem: &str) -> String {
        let mut here = *self;
        here.skip_spaces();
        let before = self.text[..here.at].chars().count();
        let line: String = self.text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        format!("{problem}\n    {line}\n    {}^", " ".repeat(before))
    }
}

fn is_of_tag(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.' | '/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(expression: &str, tags: &[&str]) -> bool {
        let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
        TagExpression::parse(expression).expect("an expression").holds(&tags)
    }

    #[track_caller]
    fn refuses(expression: &str, problem: &str, caret_at: usize) {
        let error = TagExpression::parse(expression).expect_err("refused");
        assert_eq!(error, format!("{problem}\n    {expression}\n    {}^", " ".repeat(caret_at)));
    }

    #[test]
    fn joins_tags() {
        assert!(holds("smoke", &["slow", "smoke"]));
        assert!(!holds("smoke", &["smoke/users"]));
        assert!(holds("smoke/users-v1.2_x", &["smoke/users-v1.2_x"]));
        assert!(holds("smoke and not slow", &["smoke"]));
        assert!(!holds("smoke and not slow", &["smoke", "slow"]));
        assert!(holds("smoke or slow", &["slow"]));
        assert!(holds("(a or b) and c", &["b", "c"]));
        assert!(!holds("(a or b) and c", &["a", "b"]));
        assert!(holds("not not a", &["a"]));
        assert!(holds("not (a and b)", &["a"]));
    }

    #[test]
    fn and_binds_tighter_than_or() {
        assert!(holds("a or b and c", &["a"]));
        assert!(holds("b and c or a", &["a"]));
        assert!(holds("not a or b", &["a", "b"]), "and `not` tighter than either");
    }

    #[test]
    fn knows_the_marks_of_programming_languages() {
        assert!(holds("a&&!b||c", &["a"]));
        assert!(holds("!(a||b)&&c", &["c"]));
        assert!(holds(" a  &&  b ", &["a", "b"]));
    }

    #[test]
    fn names_its_tags() {
        let expression = TagExpression::parse("a and (b or not c) and a").expect("an expression");
        assert_eq!(expression.names().into_iter().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert!(holds("android or order or nothing", &["order"]), "words that begin as operators do");
    }

    #[test]
    fn an_error_points_into_the_expression() {
        refuses("", "expected a tag", 0);
        refuses("smoke and", "expected a tag", 9);
        refuses("smoke and or b", "expected a tag", 10);
        refuses("or b", "expected a tag", 0);
        refuses("()", "expected a tag", 1);
        refuses("smoke slow", "expected `and` or `or` before this", 6);
        refuses("smoke not slow", "expected `and` or `or` before this", 6);
        refuses("a and (b or c", "this `(` is never closed", 6);
        refuses("(a b)", "expected `and`, `or` or `)`", 3);
        refuses("a or b)", "this `)` closes nothing", 6);
        refuses("a & b", "write `and`, or `&&`", 2);
        refuses("a | b", "write `or`, or `||`", 2);
        refuses("smoke,slow", "a comma joins nothing: write `and` or `or`", 5);
        refuses("é or b", "a tag is made of ASCII letters, digits, `_`, `-`, `.` and `/`", 0);
        refuses("a or #b", "a tag is made of ASCII letters, digits, `_`, `-`, `.` and `/`", 5);
    }

    #[test]
    fn depth_is_bounded() {
        let deep = "(".repeat(100_000);
        assert!(TagExpression::parse(&deep).expect_err("refused").starts_with("this goes too deep"));
        let deep = "!".repeat(100_000) + "a";
        assert!(TagExpression::parse(&deep).expect_err("refused").starts_with("this goes too deep"));
    }
}
