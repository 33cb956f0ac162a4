//! Text as a YAML scalar that reads back as it: plain where everyone reads it as that text, else in double quotes.

use std::fmt::Write as _;

use crate::diagnostic::is_hidden;

/// In double quotes, for JSON and YAML alike: control characters and what would turn the line around are escaped.
pub(crate) fn double_quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            letter if is_hidden(letter) => {
                // all of them lie in the basic plane, where JSON's `\u` reaches
                let _ = write!(quoted, "\\u{:04x}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// A text as a value: `${` is escaped, because a reader of cases would look for a name in it.
pub(super) fn text(text: &str) -> String {
    if text.contains("${") { double_quoted(&text.replace("${", "$${")) } else { scalar(text) }
}

/// A text as a map's key: a `$` at its start is doubled, because it would make an operator.
pub(super) fn key(text: &str) -> String {
    if text.starts_with('$') { scalar(&format!("${text}")) } else { scalar(text) }
}

fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { double_quoted(text) }
}

/// Whether the text may stand without quotes, in a flow too: the library's opinion, and nothing that flows, keys or
/// readers of YAML 1.1 would take for something else.
fn is_plain(text: &str) -> bool {
    const ANYWHERE: &[char] = &[',', '[', ']', '{', '}', '#', '\'', '"', '\\', '\n'];
    const AT_THE_START: &[char] = &[' ', ':', '=', '<', '?', '!', '|', '>', '%', '@', '&', '*', '`'];
    const OLD_BOOLEANS: [&str; 4] = ["yes", "no", "on", "off"];
    !text.is_empty()
        && text.len() <= 1000
        && !text.contains(ANYWHERE)
        && !text.starts_with(AT_THE_START)
        && !text.contains(": ")
        && !text.ends_with(':')
        && !text.chars().any(is_hidden)
        && !OLD_BOOLEANS.contains(&&*text.to_lowercase())
        && !super::number::is_number(text)
        && serde_yaml::to_string(text).is_ok_and(|written| written.trim_end_matches('\n') == text)
}
