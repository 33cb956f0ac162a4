//! A text as it reads without its escapes, whoever wrote them: secrets are looked for there too. Main type: [`Decoded`].

use std::ops::Range;

/// How often escapes may be escaped again, as by a log line that quotes JSON.
const MAX_NESTED: usize = 3;

/// Bytes, and where in the text each comes from.
pub(super) struct Decoded {
    pub(super) bytes: Vec<u8>,
    /// Of each byte, and behind the last; none where nothing was decoded.
    origins: Option<Vec<usize>>,
}

/// What a sequence stands for, and how long it is.
type Sequence = (Vec<u8>, usize);

impl Decoded {
    /// The text as it is, and as it reads without percent-encoding, and without backslashes.
    pub(super) fn all(text: &str) -> Vec<Self> {
        let mut all = vec![Self { bytes: text.as_bytes().to_vec(), origins: None }];
        all.extend(all[0].decode(percent));
        let mut outer = 0;
        for _ in 0..MAX_NESTED {
            let Some(inner) = all[outer].decode(backslash) else { break };
            outer = all.len();
            all.push(inner);
        }
        all
    }

    /// Where in the text these bytes come from.
    pub(super) fn origin(&self, range: Range<usize>) -> Range<usize> {
        match &self.origins {
            Some(origins) => origins[range.start]..origins[range.end],
            None => range,
        }
    }

    /// Where something was cut off, with the quotes beside it.
    pub(super) fn cuts(&self) -> Vec<Range<usize>> {
        let cut = "…".as_bytes();
        let is_quote = |byte: Option<&u8>| usize::from(byte == Some(&b'"'));
        let cuts = self.bytes.windows(cut.len()).enumerate().filter(|(_, bytes)| *bytes == cut);
        let with_quotes = cuts.map(|(at, _)| {
            let end = at + cut.len();
            at - is_quote(self.bytes[..at].last())..end + is_quote(self.bytes.get(end))
        });
        with_quotes.collect()
    }

    /// With each sequence as what it stands for; `None` if there is none.
    fn decode(&self, sequence: fn(&[u8]) -> Option<Sequence>) -> Option<Self> {
        let mut bytes = Vec::new();
        let mut origins = Vec::new();
        let mut at = 0;
        let origin = |at: usize| self.origins.as_ref().map_or(at, |origins| origins[at]);
        while at < self.bytes.len() {
            let rest = &self.bytes[at..];
            let (decoded, length) = match rest[0] {
                b'%' | b'\\' => sequence(rest).unwrap_or_else(|| (vec![rest[0]], 1)),
                byte => (vec![byte], 1),
            };
            origins.extend(std::iter::repeat_n(origin(at), decoded.len()));
            bytes.extend(decoded);
            at += length;
        }
        origins.push(origin(at));
        (bytes.len() < self.bytes.len()).then_some(Self { bytes, origins: Some(origins) })
    }
}

/// `%2F`
fn percent(text: &[u8]) -> Option<Sequence> {
    let digits = text.strip_prefix(b"%")?.get(..2)?;
    Some((vec![u8::try_from(number(digits, 16)?).ok()?], 3))
}

/// `\n`, `\"`, `\x2f`, `\u00e4`, `\u{e4}`, `\U000000e4`, `\303`: as JSON, YAML, Rust, Go, Python, C and protobuf's text
/// format have them.
fn backslash(text: &[u8]) -> Option<Sequence> {
    let rest = text.strip_prefix(b"\\")?;
    let control = |byte: u8| Some((vec![byte], 2));
    match *rest.first()? {
        b'n' => control(b'\n'),
        b'r' => control(b'\r'),
        b't' => control(b'\t'),
        b'b' => control(8),
        b'f' => control(12),
        b'v' => control(11),
        b'a' => control(7),
        b'e' => control(27),
        b'x' => Some((vec![u8::try_from(number(rest.get(1..3)?, 16)?).ok()?], 4)),
        b'u' if rest.get(1) == Some(&b'{') => {
            let end = rest.iter().take(10).position(|byte| *byte == b'}')?;
            Some((letter(number(&rest[2..end], 16)?)?, end + 2))
        }
        b'u' => {
            let first = number(rest.get(1..5)?, 16)?;
            if let Some(letter) = letter(first) {
                return Some((letter, 6));
            }
            let second = number(rest.get(5..)?.strip_prefix(b"\\u")?.get(..4)?, 16)?;
            let pair = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
            let letter = char::decode_utf16(pair).next()?.ok()?;
            Some((letter.to_string().into_bytes(), 12))
        }
        b'U' => Some((letter(number(rest.get(1..9)?, 16)?)?, 10)),
        b'0'..=b'7' => {
            let digits = rest.iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
            let byte = u8::try_from(number(&rest[..digits], 8)?).ok()?;
            Some((vec![byte], digits + 1))
        }
        mark @ (b'"' | b'\'' | b'\\' | b'/' | b'`' | b'$' | b' ') => control(mark),
        _ => None,
    }
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u32::from_str_radix(digits, radix).ok()
}

fn letter(number: u32) -> Option<Vec<u8>> {
    Some(char::from_u32(number)?.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(text: &str, as_what: &str) {
        let all: Vec<_> = Decoded::all(text).into_iter().map(|decoded| String::from_utf8(decoded.bytes)).collect();
        assert!(all.iter().any(|decoded| decoded.as_deref() == Ok(as_what)), "{text}: {all:?}");
    }

    #[test]
    fn every_kind_of_escape_is_read() {
        reads("a%20b%c3%A4%", "a bä%");
        reads(r#"\"a\\b\n\t\/"#, "\"a\\b\n\t/");
        reads(r"\u00e4\ud83d\ude00\u{1f600}\U0001f600", "ä😀😀😀");
        reads(r"\xc3\xa4\303\244\0", "ää\0");
        reads(r#"{\"a\": \"\\\"b\\\"\"}"#, r#"{"a": ""b""}"#);
    }

    #[test]
    fn what_is_no_escape_stays() {
        for text in [r"\", r"\q", "%", "%2", "%zz", r"\u12", r"\ud800", r"\x", r"\u{110000}", r"\400", "%+1"] {
            assert_eq!(Decoded::all(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn bytes_know_where_they_come_from() {
        let decoded = &Decoded::all(r"ab\u00e4c")[1];
        assert_eq!((decoded.origin(2..4), decoded.origin(4..5)), (2..8, 8..9));
    }
}
