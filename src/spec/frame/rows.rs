//! `rows:`, as written: a list, or the name of a file that holds one.

use crate::diagnostic::{Diagnostics, Spanned};
use crate::spec::Row;
use crate::spec::rows::read_rows;
use crate::yaml::Node;
use crate::yaml::decode::{self, Key, Reads, Table};

/// Where the rows of a case are.
#[derive(Debug)]
pub(in crate::spec) enum RowsFrame {
    /// `None` after an error in them.
    Here(Option<Vec<Row>>),
    /// The path of a file, from the one that names it.
    File(Spanned<String>),
}

#[derive(Debug, Default)]
struct FileFrame {
    file: Option<Spanned<String>>,
}

static FILE: Table<FileFrame> =
    Table { what: "`rows`", keys: &[&[Key::required("file", Reads::Text(|rows| &mut rows.file), "file: names.csv")]] };

impl RowsFrame {
    /// `None` after an error.
    pub(super) fn read(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        if node.as_mapping().is_some() {
            if node.get("file").is_none() && !decode::misspelt(node, "file") && !decode::damaged(node, out) {
                let hint = "write a `-` before each row, or `rows: { file: names.csv }`";
                decode::items(node, "a list of rows", hint, out);
                return None;
            }
            let mut frame = FileFrame::default();
            FILE.read(node, &mut frame, out);
            return frame.file.map(Self::File);
        }
        match node.as_scalar() {
            Some(path) if !node.is_null() && !path.text.is_empty() => {
                let hint = format!("write `rows: {{ file: {} }}`", path.text);
                decode::items(node, "a list of rows", &hint, out);
                None
            }
            _ => Some(Self::Here(read_rows(node, out))),
        }
    }
}
