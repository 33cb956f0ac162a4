//! The ways in which a secret may be written: as it is, encoded, or as a part of something longer that is encoded.
//! What is merely escaped, [`Decoded`](super::decoded::Decoded) reads. Main type: [`Form`].

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::neutral::{neutralise, neutralise_line};
use super::source::floor;

/// Fewer characters than this are hidden only where they stand alone: whatever holds them by chance stays readable.
pub(crate) const SHORT: usize = 4;

/// A line of a secret of many lines is hidden by itself if it has so many characters.
const LINE: usize = 8;

/// As much as is looked for, in bytes: what is longer is known by what it begins with.
const LONGEST: usize = 1 << 20;

/// One way to write a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) bytes: Arc<[u8]>,
    /// The secret as it is, whole.
    pub(super) verbatim: bool,
    /// Only where no letter, digit or `_` stands beside it.
    pub(super) alone: bool,
    /// Whether the letter before it, and the one after, holds some bits of it: in base64.
    pub(super) shared: (bool, bool),
}

impl Form {
    fn new(bytes: impl AsRef<[u8]>) -> Self {
        Self { bytes: bytes.as_ref().into(), verbatim: false, alone: false, shared: (false, false) }
    }
}

/// The forms of bytes, each once; of what is text, those of the text.
pub(super) fn forms_of(bytes: &[u8]) -> Vec<Form> {
    let mut forms = Forms::default();
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            let text = &text[..floor(text, LONGEST)];
            let alone = text.chars().count() < SHORT;
            forms.push(Form { verbatim: true, alone, ..Form::new(text) });
            forms.text(text);
            forms.text(text.trim());
            let lines: BTreeSet<&str> = text.lines().map(str::trim).filter(|line| line.len() >= LINE).collect();
            for line in lines {
                forms.text(line);
            }
        }
        Err(_) => forms.bytes(&bytes[..bytes.len().min(LONGEST)]),
    }
    forms.all
}

#[derive(Default)]
struct Forms {
    known: BTreeSet<Arc<[u8]>>,
    all: Vec<Form>,
}

impl Forms {
    fn push(&mut self, form: Form) {
        if !form.bytes.is_empty() && self.known.insert(Arc::clone(&form.bytes)) {
            self.all.push(form);
        }
    }

    fn add(&mut self, bytes: impl AsRef<[u8]>) {
        self.push(Form::new(bytes));
    }

    fn text(&mut self, text: &str) {
        if text.chars().count() < SHORT {
            self.push(Form { alone: true, ..Form::new(text) });
            return;
        }
        self.add(text);
        self.add(&*neutralise(text));
        self.add(neutralise_line(text, LONGEST));
        self.add(text.replace('\'', "''")); // YAML
        self.add(text.replace('\'', r"'\''")); // a shell
        self.add(xml(text));
        self.add(text.replace(' ', "+")); // in a URL
        self.bytes(text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        if bytes.len() < SHORT {
            return;
        }
        self.add(bytes);
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

/// As text or an attribute of XML.
fn xml(text: &str) -> String {
    let named = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    named.replace('"', "&quot;").replace('\'', "&apos;")
}
