//! What of metadata gives access to whoever has it: it is never shown.

use std::ops::Range;

use base64::Engine as _;

use super::metadata::BASE64_AS_SENT;
use super::{Metadata, MetadataValue};
use crate::diagnostic::Masker;

/// A credential that is shorter is hidden only where it stands in metadata: elsewhere it may be any word.
const SHORTEST: usize = 4;

/// Words in keys whose values give access.
const WORDS: [&str; 11] = [
    "apikey",
    "auth",
    "authorization",
    "cookie",
    "credential",
    "credentials",
    "jwt",
    "passwd",
    "password",
    "secret",
    "token",
];

/// What makes a `key` one that gives access, as in `x-api-key`.
const OF_KEYS: [&str; 5] = ["access", "api", "private", "secret", "session"];

impl Metadata {
    /// Hides what gives access, under the names of its keys.
    pub(crate) fn hide_credentials(&self, masker: &Masker) {
        for (key, value) in self.iter() {
            match value {
                MetadataValue::Text(text) => hide_credentials(key.as_str(), text, masker),
                MetadataValue::Binary(bytes) if gives_access(key.as_str()) && bytes.len() >= SHORTEST => {
                    masker.add_bytes(key.as_str(), bytes);
                }
                MetadataValue::Binary(_) => {}
            }
        }
    }
}

/// Hides what gives access in a value, under the name of its key.
pub(crate) fn hide_credentials(key: &str, value: &str, masker: &Masker) {
    for part in credentials(key, value) {
        let credential = &value[part.clone()];
        if credential.len() < SHORTEST {
            continue;
        }
        masker.add_text(key, credential);
        if value[..part.start].trim_end().eq_ignore_ascii_case("basic")
            && let Some(decoded) =
                BASE64_AS_SENT.decode(credential).ok().and_then(|bytes| String::from_utf8(bytes).ok())
        {
            let password = decoded.split_once(':').map_or("", |(_, password)| password);
            for secret in [&decoded, password].into_iter().filter(|secret| secret.len() >= SHORTEST) {
                masker.add_text(key, secret);
            }
        }
    }
}

/// The parts of a value that give access: of `Bearer x` what follows the scheme, of a cookie its value.
pub(crate) fn credentials(key: &str, value: &str) -> Vec<Range<usize>> {
    if !gives_access(key) {
        return Vec::new();
    }
    match key {
        "cookie" => pairs(value).collect(),
        "set-cookie" => pairs(value).take(1).collect(),
        _ => {
            let scheme = value.split_once(' ').map_or("", |(scheme, _)| scheme);
            let is_scheme =
                !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            let start = if is_scheme && key.ends_with("authorization") { scheme.len() + 1 } else { 0 };
            let part = start..value.len();
            if part.is_empty() { Vec::new() } else { vec![part] }
        }
    }
}

/// The values of `a=b; c=d`.
fn pairs(value: &str) -> impl Iterator<Item = Range<usize>> {
    let mut next = 0;
    let pairs = value.split(';').map(move |pair| {
        let start = next;
        next += pair.len() + 1;
        let name = pair.find('=').map_or(0, |at| at + 1);
        start + name..start + pair.len()
    });
    pairs.filter(|part| !part.is_empty())
}

/// Whether the values of a key give access. A page's token does not.
fn gives_access(key: &str) -> bool {
    let words: Vec<&str> = key.split(['-', '_', '.']).collect();
    let is_page = words.iter().any(|word| matches!(*word, "page" | "continuation" | "idempotency" | "sync"));
    let is_key = words.windows(2).any(|pair| pair[1] == "key" && OF_KEYS.contains(&pair[0]));
    !is_page && (is_key || words.iter().any(|word| WORDS.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_give_access_are_known() {
        for key in
            ["authorization", "proxy-authorization", "cookie", "x-api-key", "x-auth-token", "token-bin", "apikey"]
        {
            assert!(gives_access(key), "{key}");
        }
        for key in ["content-type", "x-key", "monkey", "next-page-token", "author", "idempotency-key", "tokens-left"] {
            assert!(!gives_access(key), "{key}");
        }
    }

    #[test]
    fn schemes_names_and_attributes_do_not() {
        let parts = |key, value: &'static str| credentials(key, value).into_iter().map(|part| &value[part]).collect();
        let said: Vec<Vec<&str>> = vec![
            parts("authorization", "Bearer abc.def"),
            parts("authorization", "abc.def"),
            parts("authorization", "Bearer "),
            parts("cookie", "a=one; b=two"),
            parts("set-cookie", "session=one; Path=/; HttpOnly"),
            parts("x-api-key", "one two"),
            parts("date", "one two"),
        ];
        let expected: [&[&str]; 7] = [&["abc.def"], &["abc.def"], &[], &["one", "two"], &["one"], &["one two"], &[]];
        assert_eq!(said, expected);
    }

    #[test]
    fn the_password_of_basic_is_hidden_too() {
        let masker = Masker::default();
        hide_credentials("authorization", "Basic YWRhOmh1bnRlcjI=", &masker);
        let written = "Basic YWRhOmh1bnRlcjI=, ada:hunter2, hunter2, ada";
        assert_eq!(masker.mask(written), "Basic •authorization•, •authorization•, •authorization•, ada");
    }

    #[test]
    fn what_is_too_short_to_be_told_from_a_word_is_not_looked_for() {
        let masker = Masker::default();
        hide_credentials("authorization", "Bearer x", &masker);
        assert_eq!(masker.mask("x"), "x");
    }
}
