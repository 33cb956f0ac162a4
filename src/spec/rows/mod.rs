//! `rows:`: where they are read from, a list or a file, and what is true of all of them. Main types: [`RowFiles`] and
//! `spec::Row`.

mod csv;

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::read::read_data;
use super::{Row, fits_an_id};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Span, Spanned};
use crate::expr::check_variable_name;
use crate::yaml::{self, Node, decode};

/// The column, or the key, that names its row.
const LABEL: &str = "label";
/// More rows than anybody waits for.
const MAX_ROWS: usize = 1_000_000;
/// How many mistakes of one kind are told: a file of many rows has the same one in each.
const TOLD: usize = 10;
/// Kinds of files that hold rows.
const KINDS: &str = "rows come from a `.csv`, `.json` or `.yaml` file";

/// The files of rows of a load, each read once however many cases name it.
pub(super) struct RowFiles<'a> {
    sources: &'a Sources,
    /// By canonical path; `None` after an error, which has been reported.
    read: RefCell<HashMap<PathBuf, Option<Arc<[Row]>>>>,
}

impl<'a> RowFiles<'a> {
    pub(super) fn new(sources: &'a Sources) -> Self {
        Self { sources, read: RefCell::default() }
    }

    /// The rows of a file, named in a file of `folder`; `None` after an error.
    pub(super) fn read(&self, named: &Spanned<String>, folder: &Path, out: &mut Diagnostics) -> Option<Arc<[Row]>> {
        // as a user would name it
        let path = if folder == Path::new(".") { PathBuf::from(&named.value) } else { folder.join(&named.value) };
        let kind = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
        let is_csv = match kind.as_deref().and_then(std::ffi::OsStr::to_str) {
            Some("csv") => true,
            Some("json" | "yaml" | "yml") => false,
            _ => {
                let other = Diagnostic::error(format!("`{}` is no file of rows", named.value)).at(named.span, "");
                out.push(other.hint(KINDS));
                return None;
            }
        };
        let key = path.canonicalize().unwrap_or_else(|_| path.clone());
        if let Some(known) = self.read.borrow().get(&key) {
            return known.clone();
        }
        let rows = self.read_file(&path, is_csv, named.span, out).map(Arc::from);
        self.read.borrow_mut().insert(key, rows.clone());
        rows
    }

    fn read_file(&self, path: &Path, is_csv: bool, named: Span, out: &mut Diagnostics) -> Option<Vec<Row>> {
        let file = read_data(path, named, self.sources, out)?;
        let source = self.sources.get(file);
        if is_csv {
            return csv::read(file, source.text(), out);
        }
        let mut found = Diagnostics::new();
        let node = yaml::parse(file, source.text(), &mut found);
        let rows = node.and_then(|node| read_rows(&node, &mut found)).filter(|_| !found.has_errors());
        out.append(found);
        rows
    }
}

/// The rows of a list of mappings; `None` after an error.
pub(super) fn read_rows(node: &Node, out: &mut Diagnostics) -> Option<Vec<Row>> {
    let hint = "write a list with a mapping for each row: `- { label: ascii, who: test }`";
    let damaged = decode::damaged(node, out);
    let items = decode::items(node, "a list of rows", hint, out)?;
    if items.is_empty() && !damaged {
        out.push(Diagnostic::error("no rows").at(node.span, "the case would never run").hint(hint));
        return None;
    }
    if let Some(beyond) = items.get(MAX_ROWS) {
        out.push(too_many(beyond.span));
        return None;
    }
    let rows: Vec<Option<Row>> = items.iter().enumerate().map(|(at, item)| read_row(item, at + 1, out)).collect();
    let rows: Vec<Row> = rows.into_iter().collect::<Option<_>>()?;
    (are_told_apart(&rows, out) && !damaged).then_some(rows)
}

fn read_row(node: &Node, number: usize, out: &mut Diagnostics) -> Option<Row> {
    let hint = "write `- { who: test }`: variables by name, and a `label` that ends the id";
    let entries = decode::entries(node, "a row", hint, out)?;
    let mut label = Some(Spanned::new(number.to_string().into(), node.span));
    let mut vars = Vec::new();
    let mut sound = true;
    for entry in entries {
        if &*entry.key.value == LABEL {
            label = decode::text(&entry.value, out).and_then(|label| read_label(&label.value, label.span, out));
        } else if let Some(refused) = check_variable_name(&entry.key.value, entry.key.span) {
            out.push(refused);
            sound = false;
        } else {
            vars.push((entry.key.clone(), entry.value.clone()));
        }
    }
    label.filter(|_| sound).map(|label| Row { span: node.span, label, vars: vars.into() })
}

fn read_label(text: &str, span: Span, out: &mut Diagnostics) -> Option<Spanned<Arc<str>>> {
    if text.contains("${") {
        let computed = Diagnostic::error("a label is not computed").at(span, "part of the case's id");
        out.push(computed.hint("write the text itself: ids are known before anything runs"));
        return None;
    }
    let example = "say what sets the row apart, or leave `label` out for its number";
    fits_an_id(text, span, "the label of a row", example, out).then(|| Spanned::new(text.into(), span))
}

/// Reports rows of one label.
fn are_told_apart(rows: &[Row], out: &mut Diagnostics) -> bool {
    let mut seen: HashMap<&str, Span> = HashMap::with_capacity(rows.len());
    let mut same = Vec::new();
    for Row { label, .. } in rows {
        if let Some(first) = seen.get(&*label.value) {
            let again = Diagnostic::error(format!("a second row has the label `{}`", label.value));
            let again = again.at(label.span, "the same label again").also(*first, "first here");
            same.push(again.hint("label what sets it apart from the first; a row without a label has its number"));
        } else {
            seen.insert(&label.value, label.span);
        }
    }
    let apart = same.is_empty();
    tell(same, "rows", out);
    apart
}

/// The rows that have every variable which others have, or which a level farther away has; the rest is reported.
pub(super) fn whole_rows<'r>(
    rows: &'r [Row],
    has_default: impl Fn(&str) -> bool,
    out: &mut Diagnostics,
) -> Vec<&'r Row> {
    let has = |row: &Row, name: &str| row.vars.iter().any(|(known, _)| *known.value == *name);
    let mut columns: HashMap<&str, (&Spanned<Arc<str>>, usize)> = HashMap::new();
    for (name, _) in rows.iter().flat_map(|row| &*row.vars) {
        columns.entry(&name.value).or_insert((name, 0)).1 += 1;
    }
    let mut partial: Vec<&Spanned<Arc<str>>> =
        columns.into_values().filter(|(_, times)| *times < rows.len()).map(|(name, _)| name).collect();
    partial.sort_by_key(|name| name.span);
    partial.retain(|name| !has_default(&name.value));
    for name in &partial {
        let lacks = |row: &Row| {
            let lacks = Diagnostic::error(format!("the row `{}` lacks the variable `{}`", row.label.value, name.value));
            let lacks = lacks.at(row.span, "not in this row").also(name.span, "another row has it");
            lacks.hint(format!("add `{}: …`, or give it a default under `vars:`", name.value))
        };
        tell(rows.iter().filter(|row| !has(row, &name.value)).map(lacks).collect(), "rows", out);
    }
    rows.iter().filter(|row| partial.iter().all(|name| has(row, &name.value))).collect()
}

/// Tells the first mistakes of a kind, and how many more there are.
fn tell(mut mistakes: Vec<Diagnostic>, of: &str, out: &mut Diagnostics) {
    let more = mistakes.len().saturating_sub(TOLD);
    mistakes.truncate(TOLD);
    if more > 0
        && let Some(last) = mistakes.pop()
    {
        mistakes.push(last.note(format!("{more} more {of} like this")));
    }
    out.extend(mistakes);
}

fn too_many(beyond: Span) -> Diagnostic {
    let many = Diagnostic::error(format!("more than {MAX_ROWS} rows")).at(beyond, "one too many");
    many.hint("give the case fewer rows: each is a case of its own")
}
