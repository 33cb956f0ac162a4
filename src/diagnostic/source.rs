//! Source files and places in them. A [`Span`] is small and `Copy`, so position travels with every value.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, RwLock};

use super::Masker;

/// Which of a run's [`Sources`] a span lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FileId(u32);

/// A range of bytes in a source file: `start` included, `end` excluded, both on character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Span {
    pub(crate) file: FileId,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    pub(crate) fn new(file: FileId, start: usize, end: usize) -> Self {
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { file, start: clamp(start), end: clamp(end) }
    }

    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// From the start of `self` to the end of `other`; both lie in the same file.
    pub(crate) fn to(self, other: Self) -> Self {
        Self { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// A value and the place it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

impl<T> Spanned<T> {
    pub(crate) fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// One file that was read, whole.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// As shown in diagnostics: as the user named it, or relative to what the user named.
    path: PathBuf,
    text: String,
    line_starts: OnceLock<Vec<u32>>,
}

impl SourceFile {
    fn new(path: PathBuf, text: String) -> Self {
        Self { path, text, line_starts: OnceLock::new() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte offset, both from 1, the column in characters. A byte order mark is no column.
    pub(crate) fn line_column(&self, offset: usize) -> (usize, usize) {
        let offset = offset.min(self.text.len());
        let line = self.line_starts().partition_point(|start| *start as usize <= offset).max(1);
        let before = self.text.get(self.line(line).start..offset).unwrap_or_default();
        (line, before.chars().count() + 1)
    }

    /// The bytes of a line, numbered from 1, without line break and byte order mark.
    pub(crate) fn line(&self, number: usize) -> Range<usize> {
        let starts = self.line_starts();
        let start = |index: usize| starts.get(index).map_or(self.text.len(), |start| *start as usize);
        let (start, end) = (start(number.saturating_sub(1)), start(number));
        let text = self.text.get(start..end).unwrap_or_default();
        let text = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
        let mark = if start == 0 && text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        start + mark..start + text.len()
    }

    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let after_newlines = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
            std::iter::once(0).chain(after_newlines).map(|at| u32::try_from(at).unwrap_or(u32::MAX)).collect()
        })
    }
}

/// Every file read in a run, and what must not be shown of them. Shared: files join while others are being read.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    files: RwLock<Vec<Arc<SourceFile>>>,
    masker: Arc<Masker>,
}

impl Sources {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn add(&self, path: impl Into<PathBuf>, text: impl Into<String>) -> FileId {
        let mut files = self.files.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let id = FileId(u32::try_from(files.len()).unwrap_or(u32::MAX));
        files.push(Arc::new(SourceFile::new(path.into(), text.into())));
        id
    }

    pub(crate) fn get(&self, id: FileId) -> Arc<SourceFile> {
        let files = self.files.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        Arc::clone(&files[id.0 as usize])
    }

    /// The secrets of the run.
    pub(crate) fn masker(&self) -> &Arc<Masker> {
        &self.masker
    }

    /// `path:line:column` of the start of a span.
    #[cfg(test)]
    pub(crate) fn locate(&self, span: Span) -> String {
        let file = self.get(span.file);
        let (line, column) = file.line_column(span.start as usize);
        format!("{}:{line}:{column}", file.path().display())
    }
}

/// The character boundary at or before an offset.
pub(super) fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_from_one() {
        let sources = Sources::new();
        let id = sources.add("a.yaml", "\u{feff}a: 1\r\nnäme: x\n");
        let file = sources.get(id);
        assert_eq!(file.line_column(3), (1, 1));
        let x = file.text().find('x').expect("there is an x");
        assert_eq!(file.line_column(x), (2, 7));
        assert_eq!(file.line_column(usize::MAX), (3, 1));
        assert_eq!(file.line_column(0), (1, 1));
        assert_eq!(&file.text()[file.line(1)], "a: 1");
        assert_eq!(&file.text()[file.line(2)], "näme: x");
        assert_eq!(file.line(3), file.text().len()..file.text().len());
    }
}
