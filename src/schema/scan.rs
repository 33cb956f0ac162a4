//! A light look at proto source: which package, which services, what is imported, which edition. It reads declarations
//! at the top level only, past comments and strings, and takes broken files as they come.

use std::ops::Range;

/// What a file declares, as far as a look tells; ranges are bytes of its text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Declared {
    package: String,
    /// Short names, each with its place.
    services: Vec<(String, Range<usize>)>,
    /// What is imported, and where it is written, quotes included.
    pub(super) imports: Vec<(String, Range<usize>)>,
    /// `edition = "2023"`: the edition, and the whole statement.
    pub(super) edition: Option<(String, Range<usize>)>,
}

impl Declared {
    /// The services' full names, each with the place of its short one.
    pub(super) fn services(&self) -> impl Iterator<Item = (String, Range<usize>)> {
        let full = |name: &str| match &*self.package {
            "" => name.to_owned(),
            package => format!("{package}.{name}"),
        };
        self.services.iter().map(move |(name, range)| (full(name), range.clone()))
    }
}

/// Looks at a file.
pub(super) fn scan(text: &[u8]) -> Declared {
    let mut declared = Declared::default();
    let mut tokens = Tokens::new(text);
    let mut depth = 0_usize;
    let mut statement_starts = true;
    while let Some((token, range)) = tokens.next() {
        let was_start = std::mem::replace(&mut statement_starts, false);
        match token {
            Token::Mark(b'{') => depth += 1,
            Token::Mark(b'}') => {
                depth = depth.saturating_sub(1);
                statement_starts = depth == 0;
            }
            Token::Mark(b';') => statement_starts = depth == 0,
            Token::Word(b"package") if was_start => declared.package = tokens.path(),
            Token::Word(b"service") if was_start => {
                if let Some((Token::Word(name), range)) = tokens.next() {
                    declared.services.push((lossy(name), range));
                }
            }
            Token::Word(b"import") if was_start => declared.imports.extend(tokens.text_after_words()),
            Token::Word(b"edition") if was_start => {
                if let Some((Token::Mark(b'='), _)) = tokens.next()
                    && let Some((edition, end)) = tokens.text_after_words()
                {
                    declared.edition = Some((edition, range.start..end.end));
                }
            }
            Token::Word(_) | Token::Text(_) | Token::Mark(_) => {}
        }
    }
    declared
}

/// A word or number, a string, or a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'text> {
    Word(&'text [u8]),
    /// What is between the quotes, escapes as written.
    Text(&'text [u8]),
    Mark(u8),
}

/// Tokens with their places, comments left out.
#[derive(Debug, Clone)]
pub(super) struct Tokens<'text> {
    text: &'text [u8],
    at: usize,
}

impl<'text> Iterator for Tokens<'text> {
    type Item = (Token<'text>, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = &self.text[self.at..];
            let start = self.at;
            match *rest.first()? {
                byte if byte.is_ascii_whitespace() => self.at += 1,
                b'/' if rest.starts_with(b"//") => self.at += find(rest, b"\n").unwrap_or(rest.len()),
                b'/' if rest.starts_with(b"/*") => {
                    self.at += find(&rest[2..], b"*/").map_or(rest.len(), |end| end + 4);
                }
                quote @ (b'"' | b'\'') => {
                    let length = length_of_string(&rest[1..], quote);
                    self.at = (start + length + 2).min(self.text.len());
                    return Some((Token::Text(&rest[1..=length]), start..self.at));
                }
                byte if is_word(byte) => {
                    let length = rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len());
                    self.at += length;
                    return Some((Token::Word(&rest[..length]), start..self.at));
                }
                mark => {
                    self.at += 1;
                    return Some((Token::Mark(mark), start..self.at));
                }
            }
        }
    }
}

impl<'text> Tokens<'text> {
    pub(super) fn new(text: &'text [u8]) -> Self {
        Self::at(text, 0)
    }

    /// Those from a place on.
    pub(super) fn at(text: &'text [u8], at: usize) -> Self {
        Self { text, at }
    }

    /// Words joined by dots; stops before what follows.
    fn path(&mut self) -> String {
        let mut path = String::new();
        loop {
            let before = self.at;
            match self.next() {
                Some((Token::Word(word), _)) => path.push_str(&lossy(word)),
                Some((Token::Mark(b'.'), _)) => path.push('.'),
                Some(_) => {
                    self.at = before;
                    return path;
                }
                None => return path,
            }
        }
    }

    /// The string that follows, past words such as `public`.
    fn text_after_words(&mut self) -> Option<(String, Range<usize>)> {
        loop {
            let before = self.at;
            match self.next()? {
                (Token::Word(_), _) => {}
                (Token::Text(text), range) => return Some((lossy(text), range)),
                (Token::Mark(_), _) => {
                    self.at = before;
                    return None;
                }
            }
        }
    }
}

/// How much of `text` stands before the closing quote; a line break ends a string that is never closed.
fn length_of_string(text: &[u8], quote: u8) -> usize {
    let mut at = 0;
    while at < text.len() && text[at] != quote && text[at] != b'\n' {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    at.min(text.len())
}

fn is_word(byte: u8) -> bool {
    // what is beyond ASCII is no separator: it keeps broken names in one piece
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services(text: &str) -> Vec<String> {
        scan(text.as_bytes()).services().map(|(name, _)| name).collect()
    }

    #[test]
    fn finds_services_in_their_package() {
        assert_eq!(services("syntax = \"proto3\"; package a.b; service S {} service T { }"), ["a.b.S", "a.b.T"]);
        assert_eq!(services("service S{}"), ["S"]);
        assert_eq!(services("service S {}\npackage late . one;"), ["late.one.S"], "in any order, spaced");
        assert_eq!(services("service // why\n /* not */ S {}"), ["S"]);
    }

    #[test]
    fn passes_over_comments_and_strings() {
        assert_eq!(services("// service A {}\n/* service B {} */ service C {}"), ["C"]);
        assert_eq!(services("/* service A {}"), Vec::<String>::new());
        assert_eq!(services(r#"option x = "; service A {"; service B {}"#), ["B"]);
        assert_eq!(services(r#"option x = "\"; service A {"; service B {}"#), ["B"]);
        assert_eq!(services("option x = '; service A {'; service B {}"), ["B"]);
        assert_eq!(services("option x = 'never closed;\nservice B {}"), Vec::<String>::new());
    }

    #[test]
    fn looks_at_the_top_level_only() {
        assert_eq!(services("message M { string service = 1; } service S {}"), ["S"]);
        assert_eq!(services("message service { string a = 1; } message package {}"), Vec::<String>::new());
        assert_eq!(
            services("option (o) = { service: 1 }; service S { rpc A(B) returns (C) {} } service T {}"),
            ["S", "T"]
        );
        assert_eq!(services("enum E { package = 0; }"), Vec::<String>::new());
    }

    #[test]
    fn takes_broken_text_as_it_comes() {
        for text in
            ["", "service", "service {", "package", "import", "edition =", "\"", "\"\\", "}}}; service", "/", "é\u{0}"]
        {
            assert_eq!(services(text), Vec::<String>::new(), "{text:?}");
        }
    }

    #[test]
    fn finds_imports_and_the_edition() {
        let text = "edition = \"2023\";\nimport \"a.proto\"; import public 'b/c.proto';";
        let declared = scan(text.as_bytes());
        let imports: Vec<_> = declared.imports.iter().map(|(name, range)| (&**name, &text[range.clone()])).collect();
        assert_eq!(imports, [("a.proto", "\"a.proto\""), ("b/c.proto", "'b/c.proto'")]);
        let (edition, range) = declared.edition.expect("an edition");
        assert_eq!((&*edition, &text[range]), ("2023", "edition = \"2023\""));
        assert_eq!(scan(b"message M { string edition = 1; }").edition, None);
    }
}
