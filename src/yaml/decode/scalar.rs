//! Texts, choices, booleans and counts. The raw text counts, as everywhere in the format: `name: true` is a name.

use super::{expected, items};
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned, did_you_mean, one_of};
use crate::yaml::Node;

/// A text, as written.
pub(crate) fn text(node: &Node, out: &mut Diagnostics) -> Option<Spanned<String>> {
    scalar(node, "a text", out).map(|text| Spanned::new(text.to_owned(), node.span))
}

/// A list of texts.
pub(crate) fn texts(node: &Node, out: &mut Diagnostics) -> Option<Vec<Spanned<String>>> {
    items(node, "a list of texts", &as_list(node), out)
        .map(|items| items.iter().filter_map(|item| text(item, out)).collect())
}

/// A scalar that is read later, because it may hold `${…}`.
pub(crate) fn plain(node: &Node, out: &mut Diagnostics) -> Option<Node> {
    scalar(node, "a text", out).map(|_| node.clone())
}

/// `true` or `false`.
pub(crate) fn boolean(node: &Node, out: &mut Diagnostics) -> Option<bool> {
    match scalar(node, "`true` or `false`", out)? {
        "true" => Some(true),
        "false" => Some(false),
        written => {
            let meant = match written.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "y" | "1" => "write `true`",
                "false" | "no" | "off" | "n" | "0" => "write `false`",
                _ => "write `true` or `false`",
            };
            out.push(expected("`true` or `false`", node).hint(meant));
            None
        }
    }
}

/// A whole number from 1, in decimal.
pub(crate) fn count(node: &Node, out: &mut Diagnostics) -> Option<Spanned<u32>> {
    let written = scalar(node, "a count", out)?;
    let decimal = !written.is_empty() && written.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = written.len() > 1 && written.starts_with('0');
    let (problem, hint) = match written.parse::<u32>() {
        Ok(0) if decimal && !leading_zero => ("a count is at least 1", "leave it out, or write `1` or more".to_owned()),
        Ok(count) if decimal && !leading_zero => return Some(Spanned::new(count, node.span)),
        Ok(count) if decimal && count > 0 => ("a count has no leading zero", format!("write `{count}`")),
        Err(_) if decimal && !leading_zero => ("this count is too large", format!("write at most `{}`", u32::MAX)),
        _ => ("not a count", "write a whole number in plain digits, at least 1".to_owned()),
    };
    out.push(Diagnostic::error(format!("`{written}`: {problem}")).at(node.span, "").hint(hint));
    None
}

/// One of a closed set of words.
pub(crate) fn choice<T: Copy>(node: &Node, choices: &[(&'static str, T)], out: &mut Diagnostics) -> Option<T> {
    let known = || choices.iter().map(|(word, _)| *word);
    let written = scalar(node, &one_of(known()), out)?;
    let chosen = choices.iter().find(|(word, _)| *word == written).map(|(_, value)| *value);
    if chosen.is_none() {
        let hints = did_you_mean(written, known()).into_iter().chain([format!("write {}", one_of(known()))]);
        out.push(Diagnostic::error(format!("unknown choice `{written}`")).at(node.span, "").hints(hints));
    }
    chosen
}

/// The text of a scalar that is not `null`.
pub(super) fn scalar<'a>(node: &'a Node, what: &str, out: &mut Diagnostics) -> Option<&'a str> {
    match node.as_scalar() {
        Some(scalar) if !node.is_null() => Some(&scalar.text),
        Some(scalar) => {
            let hint = match what {
                "a text" => format!("leave it out, or write `\"{}\"` to mean the text", scalar.text),
                _ => format!("leave it out, or write {what}"),
            };
            out.push(expected(what, node).hint(hint));
            None
        }
        None => {
            let hint = match node.as_sequence() {
                Some([only]) if only.as_scalar().is_some() => "write it without the brackets or the dash".to_owned(),
                _ => format!("write {what} in its place"),
            };
            out.push(expected(what, node).hint(hint));
            None
        }
    }
}

/// How a lone scalar is written as a list.
fn as_list(node: &Node) -> String {
    match node.as_scalar() {
        Some(scalar) if !node.is_null() && !scalar.text.contains(['\n', ',', '[', ']', '{', '}', '"', '#']) => {
            format!("write `[{}]`", scalar.text)
        }
        _ => "write a list: `[a, b]`".to_owned(),
    }
}
