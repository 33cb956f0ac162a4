//! Source text → [`Term`]: cel's parser decides, and its tree becomes ours, every part with its place in the source.

mod fault;
mod layout;
mod tokens;
mod tree;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread::Builder;

use cel::Env;

use super::fault::Fault;
use super::name::WORDS;
use super::term::Term;
use layout::Layout;

/// Bytes of one expression, and its tokens: the parser recurses along them.
const MAX_LENGTH: usize = 100_000;
const MAX_TOKENS: usize = 2_000;
/// Brackets within brackets.
const MAX_NESTING: usize = 50;
const STACK: usize = 32 << 20;

/// Expressions read before: the rows of a table, and the attempts of a case, have theirs in common.
static READ: LazyLock<Mutex<HashMap<Box<str>, Arc<Term>>>> = LazyLock::new(Mutex::default);
/// How many are kept.
const KEPT: usize = 4096;

/// Reads an expression. Macros stay calls, as they are written.
pub(super) fn parse(source: &str) -> Result<Arc<Term>, Fault> {
    let read = || READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(term) = read().get(source) {
        return Ok(Arc::clone(term));
    }
    let term = Arc::new(parse_anew(source)?);
    let mut read = read();
    if read.len() >= KEPT {
        read.clear();
    }
    read.insert(source.into(), Arc::clone(&term));
    Ok(term)
}

/// Whether a word is no name.
pub(super) fn is_word(word: &str) -> bool {
    matches!(word, "true" | "false" | "null" | "in") || WORDS.contains(&word)
}

fn parse_anew(source: &str) -> Result<Term, Fault> {
    if source.len() > MAX_LENGTH {
        return Err(fault::too_long(format!("longer than {MAX_LENGTH} bytes"), source));
    }
    let tokens = tokens::tokens(source);
    if tokens.len() > MAX_TOKENS {
        return Err(fault::too_long(format!("it has more than {MAX_TOKENS} parts"), source));
    }
    let layout = Layout { source, tokens: &tokens };
    if layout.nesting() > MAX_NESTING {
        return Err(fault::too_long(format!("nested more than {MAX_NESTING} levels deep"), source));
    }
    let read = || {
        // an environment without macros, which are ours to check and evaluate
        let parser = Env::default().parser().enable_ident_escape_syntax(true);
        let (parsed, info) =
            parser.parse_with_source_info(source).map_err(|errors| fault::of(source, &tokens, &errors.errors))?;
        tree::Reader { layout, info: &info, depth: 0 }.term(&parsed)
    };
    // the parser takes up to 200 KiB of stack for each level, more than a thread of tests has
    let read = std::thread::scope(|scope| -> std::io::Result<_> {
        Ok(Builder::new().stack_size(STACK).spawn_scoped(scope, read)?.join())
    });
    match read {
        Ok(Ok(term)) => term,
        Ok(Err(_)) | Err(_) => Err(fault::unreadable(0..source.len())),
    }
}
