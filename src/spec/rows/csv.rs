//! Rows of a CSV file (RFC 4180): a header of names, then a text in each cell. The `csv` crate reads the texts; where
//! they stand, [`Cells`] says.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use csv::{ReaderBuilder, StringRecord};

use super::{LABEL, MAX_ROWS, TOLD, are_told_apart, read_label, tell, too_many};
use crate::diagnostic::{Diagnostic, Diagnostics, FileId, Span, Spanned};
use crate::expr::check_variable_name;
use crate::spec::Row;
use crate::yaml::{Node, NodeKind, Scalar, Style};

const BYTE_ORDER_MARK: &str = "\u{feff}";
const LINE_BREAKS: [char; 2] = ['\r', '\n'];

/// What the header says of a column.
enum Column {
    Label,
    Variable(Spanned<Arc<str>>),
}

/// The rows of a CSV file; `None` after an error.
pub(super) fn read(file: FileId, text: &str, out: &mut Diagnostics) -> Option<Vec<Row>> {
    let mut records = Records::new(file, text);
    let Some(header) = records.next(out) else {
        if records.flaws == 0 {
            let empty = Diagnostic::error("no header in this file of rows").at(Span::new(file, 0, 0), "it is empty");
            out.push(empty.hint("write the names of the variables in the first line: `label,who`"));
        }
        return None;
    };
    let columns = read_header(&header, out)?;
    let mut rows = Vec::new();
    let mut ragged = Vec::new();
    let mut unlabelled = 0;
    while let Some(record) = records.next(out).filter(|_| unlabelled < TOLD) {
        if rows.len() == MAX_ROWS {
            out.push(too_many(record.span));
            return None;
        }
        if record.texts.len() != columns.len() {
            ragged.push(ragged_row(&record, columns.len(), rows.len() + ragged.len() + 1));
            continue;
        }
        match read_record(&record, &columns, rows.len() + 1, out) {
            Some(row) => rows.push(row),
            None => unlabelled += 1,
        }
    }
    let sound = ragged.is_empty() && unlabelled + records.flaws == 0;
    tell(ragged, "rows", out);
    if !sound {
        return None;
    }
    if rows.is_empty() {
        let none = Diagnostic::error("no rows").at(header.span, "nothing follows the header");
        out.push(none.hint("write a line for each row, or leave `rows` out"));
        return None;
    }
    are_told_apart(&rows, out).then_some(rows)
}

fn read_header(header: &Record, out: &mut Diagnostics) -> Option<Vec<Column>> {
    if let (1, Some(separator)) = (header.texts.len(), header.texts.iter().next().and_then(other_separator)) {
        let other = Diagnostic::error("the header has one column").at(header.span, format!("separated by {separator}"));
        out.push(other.hint("separate columns by commas: `label,who`"));
        return None;
    }
    let mut columns: Vec<Option<Column>> = Vec::new();
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for (at, name) in header.texts.iter().enumerate() {
        let span = header.cell(at);
        if let Some(first) = seen.insert(name, span) {
            let again = Diagnostic::error(format!("a second column is named `{name}`")).at(span, "the same name again");
            out.push(again.also(first, "first here").hint("give each column a name of its own, or remove one"));
            columns.push(None);
        } else if name == LABEL {
            columns.push(Some(Column::Label));
        } else if let Some(refused) = refuse_name(name, span) {
            out.push(refused);
            columns.push(None);
        } else {
            columns.push(Some(Column::Variable(Spanned::new(name.into(), span))));
        }
    }
    columns.into_iter().collect()
}

fn refuse_name(name: &str, span: Span) -> Option<Diagnostic> {
    if name.trim().is_empty() {
        let empty = Diagnostic::error("a column without a name").at(span, "");
        return Some(empty.hint("the first line holds the names of the variables: name the column, or remove it"));
    }
    check_variable_name(name, span).map(|refused| refused.note("the first line of a CSV file holds names"))
}

/// What separates the names of a header that has no comma.
fn other_separator(text: &str) -> Option<&'static str> {
    [(';', "semicolons"), ('\t', "tabs"), ('|', "bars")]
        .into_iter()
        .find(|(sign, _)| text.contains(*sign))
        .map(|(_, word)| word)
}

fn read_record(record: &Record, columns: &[Column], number: usize, out: &mut Diagnostics) -> Option<Row> {
    let mut label = None;
    let mut vars = Vec::with_capacity(columns.len());
    for (at, (column, text)) in columns.iter().zip(&record.texts).enumerate() {
        match column {
            Column::Label => label = Some(read_label(text, record.cell(at), out)?),
            Column::Variable(name) => vars.push((name.clone(), record.node(at, text))),
        }
    }
    let label = label.unwrap_or_else(|| Spanned::new(number.to_string().into(), record.span));
    Some(Row { span: record.span, label, vars: vars.into() })
}

fn ragged_row(record: &Record, columns: usize, number: usize) -> Diagnostic {
    let found = record.texts.len();
    let cells = |count: usize| format!("{count} {}", if count == 1 { "cell" } else { "cells" });
    let ragged = Diagnostic::error(format!("row {number} has {}, the header {columns}", cells(found)));
    if found > columns {
        return ragged.at(record.cell(columns), "one too many").hint("quote a cell that holds a comma: `\"a,b\"`");
    }
    ragged.at(record.span, "").hint("a cell that is empty has its comma all the same: `a,,c`")
}

/// One record: its texts, and where they stand.
struct Record {
    span: Span,
    texts: StringRecord,
    cells: Cells,
}

impl Record {
    fn cell(&self, at: usize) -> Span {
        self.cells.ranges.get(at).map_or(self.span, |range| {
            let start = self.span.range().start;
            Span::new(self.span.file, start + range.start, start + range.end)
        })
    }

    /// What is quoted is a text, as in YAML; so is `null`, which a table means as a word.
    fn node(&self, at: usize, text: &str) -> Node {
        let quoted = self.cells.quoted.get(at).copied().unwrap_or_default();
        let style = if quoted || matches!(text, "null" | "~") { Style::DoubleQuoted } else { Style::Plain };
        Node { span: self.cell(at), kind: NodeKind::Scalar(Scalar { text: text.into(), style }) }
    }
}

/// The records of a file, one after the other.
struct Records<'text> {
    file: FileId,
    text: &'text str,
    /// Where what is read begins: after the byte order mark.
    offset: usize,
    reader: csv::Reader<&'text [u8]>,
    /// Records that were passed over, each with an error.
    flaws: usize,
}

impl<'text> Records<'text> {
    fn new(file: FileId, text: &'text str) -> Self {
        let body = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(body.as_bytes());
        Self { file, text, offset: text.len() - body.len(), reader, flaws: 0 }
    }

    /// The next record that is sound; what is wrong with those before it, `out` says.
    fn next(&mut self, out: &mut Diagnostics) -> Option<Record> {
        while self.flaws < TOLD {
            let start = self.place();
            let mut texts = StringRecord::new();
            match self.reader.read_record(&mut texts) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    let span = Span::new(self.file, start, self.text.len());
                    out.push(
                        Diagnostic::error(format!("not CSV: {error}")).at(span, "").hint("write lines of `a,b,c`"),
                    );
                    self.flaws += 1;
                    return None;
                }
            }
            // line breaks that end the record before, and empty lines
            let written = &self.text[start..self.place()];
            let start = start + (written.len() - written.trim_start_matches(LINE_BREAKS).len());
            let written = written.trim_matches(LINE_BREAKS);
            match Cells::find(written) {
                Ok(cells) => {
                    let span = Span::new(self.file, start, start + written.len());
                    return Some(Record { span, texts, cells });
                }
                Err(flaw) => {
                    let place = Span::new(self.file, start + flaw.range.start, start + flaw.range.end);
                    out.push(Diagnostic::error(flaw.problem).at(place, "").hint(flaw.hint));
                    self.flaws += 1;
                }
            }
        }
        None
    }

    /// How far it has been read.
    fn place(&self) -> usize {
        let read = usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX);
        self.offset.saturating_add(read).min(self.text.len())
    }
}

/// Where the cells of a record stand in its text, quotes included.
#[derive(Debug, Default, PartialEq, Eq)]
struct Cells {
    ranges: Vec<Range<usize>>,
    quoted: Vec<bool>,
}

/// What a lenient reader would pass.
#[derive(Debug, PartialEq, Eq)]
struct Flaw {
    range: Range<usize>,
    problem: &'static str,
    hint: &'static str,
}

impl Cells {
    fn find(written: &str) -> Result<Self, Flaw> {
        let bytes = written.as_bytes();
        let comma = |from: usize| bytes[from..].iter().position(|byte| *byte == b',').map(|length| from + length);
        let mut cells = Self::default();
        let mut start = 0;
        loop {
            let quoted = bytes.get(start) == Some(&b'"');
            let end = if quoted { closing_quote(bytes, start)? } else { comma(start).unwrap_or(bytes.len()) };
            cells.ranges.push(start..end);
            cells.quoted.push(quoted);
            match bytes.get(end) {
                None => return Ok(cells),
                Some(b',') => start = end + 1,
                Some(_) => {
                    let rest = comma(end).unwrap_or(bytes.len());
                    let problem = "text after the quote that closes a cell";
                    return Err(Flaw {
                        range: end..rest,
                        problem,
                        hint: "double a quote within quotes: `\"a \"\"b\"\" c\"`",
                    });
                }
            }
        }
    }
}

/// The offset after the quote that closes the one at `start`.
fn closing_quote(bytes: &[u8], start: usize) -> Result<usize, Flaw> {
    let mut at = start + 1;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'"', Some(b'"')) => at += 2,
            (b'"', _) => return Ok(at + 1),
            _ => at += 1,
        }
    }
    let hint =
        "close it with a `\"`; a quote that is part of the text is doubled, in a cell that is quoted: `\"5\"\" wide\"`";
    Err(Flaw { range: start..start + 1, problem: "a quote is never closed", hint })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(written: &str) -> Vec<&str> {
        Cells::find(written).expect("it is sound").ranges.into_iter().map(|range| &written[range]).collect()
    }

    #[test]
    fn cells_stand_between_commas_outside_of_quotes() {
        assert_eq!(cells("a,b"), ["a", "b"]);
        assert_eq!(cells("a,,"), ["a", "", ""]);
        assert_eq!(cells("\"a,b\",\"c\"\"d\nе\",f"), ["\"a,b\"", "\"c\"\"d\nе\"", "f"]);
        assert_eq!(cells("a\"b\",c"), ["a\"b\"", "c"]);
        assert_eq!(cells(""), [""]);
    }

    #[test]
    fn refuses_what_a_lenient_reader_would_swallow() {
        let flaw = |written: &str| Cells::find(written).expect_err("it is not sound");
        assert_eq!((flaw("a,\"b").problem, flaw("a,\"b").range), ("a quote is never closed", 2..3));
        assert_eq!(flaw("\"a\"b,c").range, 3..4);
    }
}
