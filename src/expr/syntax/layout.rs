//! Where the parts of an expression begin and end, told by its tokens.

use std::ops::Range;

use super::tokens::{Token, TokenKind};

/// A source beside its tokens.
pub(super) struct Layout<'a> {
    pub(super) source: &'a str,
    pub(super) tokens: &'a [Token],
}

impl<'a> Layout<'a> {
    /// The token that holds the byte at `at`.
    pub(super) fn token(&self, at: usize) -> Option<(usize, &'a Token)> {
        let index = self.tokens.partition_point(|token| token.range.end <= at);
        self.tokens.get(index).map(|token| (index, token))
    }

    /// The token before what begins at `at`.
    pub(super) fn before(&self, at: usize) -> Option<&'a Token> {
        let index = self.tokens.partition_point(|token| token.range.end <= at);
        self.tokens.get(index.checked_sub(1)?)
    }

    fn after(&self, at: usize) -> Option<&'a Token> {
        self.tokens.get(self.tokens.partition_point(|token| token.range.start < at))
    }

    /// The first word (or quoted field) after `at`.
    pub(super) fn word_after(&self, at: usize) -> Option<Range<usize>> {
        let index = self.tokens.partition_point(|token| token.range.start < at);
        self.tokens[index..].iter().find(|token| token.kind == TokenKind::Word).map(|token| token.range.clone())
    }

    /// The end of the bracket that opens at `at`.
    pub(super) fn closing(&self, at: usize) -> usize {
        let index = self.tokens.partition_point(|token| token.range.end <= at);
        let mut depth = 0_usize;
        for token in &self.tokens[index..] {
            match self.bracket(token) {
                Some(true) => depth += 1,
                Some(false) => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return token.range.end;
                    }
                }
                None => {}
            }
        }
        self.source.len()
    }

    /// How deep brackets stand within each other.
    pub(super) fn nesting(&self) -> usize {
        let (mut depth, mut deepest) = (0_usize, 0);
        for token in self.tokens {
            match self.bracket(token) {
                Some(true) => depth += 1,
                Some(false) => depth = depth.saturating_sub(1),
                None => {}
            }
            deepest = deepest.max(depth);
        }
        deepest
    }

    /// Whether a token opens a bracket (`true`) or closes one.
    fn bracket(&self, token: &Token) -> Option<bool> {
        match token.text(self.source) {
            "(" | "[" | "{" => Some(true),
            ")" | "]" | "}" => Some(false),
            _ => None,
        }
    }

    /// With the parentheses around it, which the tree does not know.
    pub(super) fn with_parentheses(&self, range: &Range<usize>) -> Range<usize> {
        let mut range = range.clone();
        while let (Some(before), Some(after)) = (self.before(range.start), self.after(range.end)) {
            if !(before.is(self.source, "(") && after.is(self.source, ")")) {
                break;
            }
            range = before.range.start..after.range.end;
        }
        range
    }
}
