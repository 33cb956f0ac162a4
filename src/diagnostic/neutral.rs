//! Text from files and servers, made harmless for a terminal.

use std::borrow::Cow;

/// Replaces what a terminal would act on or hide: control characters by their pictures (`␛`), bidirectional overrides,
/// line separators and invisible characters by `�`. Line feeds and tabs stay, and the number of characters does too.
pub(crate) fn neutralise(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| neutral(c) == c) { Cow::Borrowed(text) } else { text.chars().map(neutral).collect() }
}

/// [`neutralise`], on one line and of at most `limit` characters.
pub(crate) fn neutralise_line(text: &str, limit: usize) -> String {
    let mut line: String =
        text.chars().take(limit).map(|c| if matches!(c, '\n' | '\t') { ' ' } else { neutral(c) }).collect();
    if text.chars().nth(limit).is_some() {
        line.pop();
        line.push('…');
    }
    line
}

pub(super) fn neutral(c: char) -> char {
    match c {
        '\n' | '\t' => c,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '␡',
        // C1 controls; bidirectional marks, embeddings, overrides and isolates; separators; invisible ones; tags
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => '\u{fffd}',
        _ => c,
    }
}

/// Controls, and characters that are not seen but change what is: separators of lines, marks of direction, byte order.
pub(crate) fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(letter, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_what_a_terminal_acts_on() {
        assert_eq!(neutralise("a\u{1b}[31mb\r\u{9b}c\u{202e}d\n\te"), "a␛[31mb␍\u{fffd}c\u{fffd}d\n\te");
        assert!(matches!(neutralise("Grüße, 世界 👨‍👩‍👧"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_line_is_one_and_bounded() {
        assert_eq!(neutralise_line("a\nb", 10), "a b");
        assert_eq!(neutralise_line("abcdef", 4), "abc…");
        assert_eq!(neutralise_line("abcd", 4), "abcd");
    }
}
