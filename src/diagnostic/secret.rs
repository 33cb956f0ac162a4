//! The ways in which a secret may be written: as it is, escaped by a format on its way, encoded, or as a part of
//! something longer that is encoded. Main type: [`Form`].

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_encode};

use super::neutral::{is_hidden, neutral, neutralise, neutralise_line};
use super::source::floor;

/// Fewer characters than this are hidden only where they stand alone: whatever holds them by chance stays readable.
pub(crate) const SHORT: usize = 4;

/// A line of a secret of many lines is hidden by itself if it has so many characters.
const LINE: usize = 8;

/// As much as is looked for, in bytes: what is longer is known by what it begins with.
const LONGEST: usize = 1 << 20;

/// As gRPC writes a status message.
const GRPC_MESSAGE: &AsciiSet = &CONTROLS.add(b'%');

/// As a URL writes a value, with what RFC 3986 leaves as it is.
const URL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// As JavaScript's `encodeURIComponent`.
const URI_COMPONENT: &AsciiSet = &URL.remove(b'!').remove(b'*').remove(b'\'').remove(b'(').remove(b')');

/// One way to write a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) text: Arc<str>,
    /// The secret as it is, whole.
    pub(super) verbatim: bool,
    /// Only where no letter, digit or `_` stands beside it.
    pub(super) alone: bool,
    /// Whether the letter before it, and the one after, holds some bits of it: in base64.
    pub(super) shared: (bool, bool),
}

impl Form {
    fn new(text: impl Into<Arc<str>>) -> Self {
        Self { text: text.into(), verbatim: false, alone: false, shared: (false, false) }
    }
}

/// The forms of a text, each once.
pub(super) fn forms_of_text(text: &str) -> Vec<Form> {
    let text = &text[..floor(text, LONGEST)];
    let mut forms = Forms::default();
    forms.verbatim(text);
    forms.text(text.trim());
    let lines: BTreeSet<&str> = text.lines().map(str::trim).filter(|line| line.chars().count() >= LINE).collect();
    lines.into_iter().for_each(|line| forms.text(line));
    forms.all
}

/// The forms of bytes, each once; of what is text, those of the text.
pub(super) fn forms_of_bytes(bytes: &[u8]) -> Vec<Form> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return forms_of_text(text);
    }
    let mut forms = Forms::default();
    forms.bytes(&bytes[..bytes.len().min(LONGEST)]);
    forms.all
}

#[derive(Default)]
struct Forms {
    known: BTreeSet<Arc<str>>,
    all: Vec<Form>,
}

impl Forms {
    fn push(&mut self, form: Form) {
        if !form.text.is_empty() && self.known.insert(form.text.clone()) {
            self.all.push(form);
        }
    }

    fn add(&mut self, text: impl Into<Arc<str>>) {
        self.push(Form::new(text));
    }

    fn verbatim(&mut self, text: &str) {
        let alone = text.chars().count() < SHORT;
        self.push(Form { verbatim: true, alone, ..Form::new(text) });
        self.text(text);
    }

    fn text(&mut self, text: &str) {
        if text.chars().count() < SHORT {
            self.push(Form { alone: true, ..Form::new(text) });
            return;
        }
        self.add(text);
        self.add(neutralise(text));
        self.add(neutralise_line(text, LONGEST));
        self.add(json(text, is_hidden)); // as we write YAML
        self.add(json(text, |_| false));
        self.add(json(text, |letter| neutral(letter) != letter)); // on our line for grpcurl
        self.add(json(text, |letter| !(' '..='~').contains(&letter)));
        self.add(json(text, |letter| matches!(letter, '<' | '>' | '&' | '\u{2028}' | '\u{2029}'))); // as Go writes it
        let debug = format!("{text:?}");
        self.add(&debug[1..debug.len() - 1]);
        self.add(text.replace('\'', "''")); // YAML
        self.add(text.replace('\'', r"'\''")); // a shell
        self.add(xml(text));
        self.bytes(text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        if bytes.len() < SHORT {
            return;
        }
        self.add(bytes.escape_ascii().to_string());
        for set in [GRPC_MESSAGE, URL, URI_COMPONENT, NON_ALPHANUMERIC] {
            let encoded = percent_encode(bytes, set).to_string();
            if encoded.contains('%') {
                for text in [lower_percent(&encoded), encoded] {
                    self.add(text.replace("%20", "+"));
                    self.add(text);
                }
            }
        }
        let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        self.add(hex.to_uppercase());
        self.add(hex);
        for before in 0..3 {
            self.base64(bytes, before);
        }
    }

    /// What of base64 only these bytes decide, when `before` bytes of a group of three stand before them.
    fn base64(&mut self, bytes: &[u8], before: usize) {
        let group = [&[0; 3][..before], bytes].concat();
        let (first, end) = ((before * 8).div_ceil(6), group.len() * 8 / 6);
        let encoded = STANDARD_NO_PAD.encode(&group);
        let Some(decided) = encoded.get(first..end).filter(|decided| decided.len() >= SHORT) else { return };
        let shared = (before > 0, !group.len().is_multiple_of(3));
        for text in [decided.to_owned(), decided.replace('+', "-").replace('/', "_")] {
            self.push(Form { shared, ..Form::new(text) });
        }
    }
}

/// Within the quotes of JSON, or of YAML's double ones, where controls and what `escaped` says is written `\u…`.
fn json(text: &str, escaped: impl Fn(char) -> bool) -> String {
    let mut json = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            letter if letter < ' ' || escaped(letter) => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    let _ = write!(json, "\\u{unit:04x}");
                }
            }
            letter => json.push(letter),
        }
    }
    json
}

/// As text or an attribute of XML.
fn xml(text: &str) -> String {
    let named = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    named.replace('"', "&quot;").replace('\'', "&apos;")
}

/// `%2F` as `%2f`.
fn lower_percent(encoded: &str) -> String {
    let lower = |digits: &mut u8, letter: char| {
        let is_digit = *digits > 0;
        *digits = if letter == '%' { 2 } else { digits.saturating_sub(1) };
        Some(if is_digit { letter.to_ascii_lowercase() } else { letter })
    };
    encoded.chars().scan(0, lower).collect()
}
