//! `docs/expressions.md` says what the tables say, and its examples are true. `SNAPSHOTS=overwrite` writes the tables anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::signature::{Gives, MACROS, SIGNATURES, Signature, Takes};
use super::{Env, Expression, Scope, Value};
use crate::diagnostic::{Diagnostics, Sources};
use crate::yaml;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/expressions.md");

fn document() -> String {
    std::fs::read_to_string(PATH).expect("the document is read")
}

#[test]
fn the_tables_are_documented() {
    let text = document();
    let shown = replace(&replace(&text, "macros", &macros()), "functions", &functions());
    if text != shown && std::env::var("SNAPSHOTS").is_ok_and(|how| how == "overwrite") {
        std::fs::write(PATH, &shown).expect("the document is written");
        return;
    }
    let difference = similar::TextDiff::from_lines(text.as_str(), &shown);
    assert!(text == shown, "SNAPSHOTS=overwrite writes it anew:\n{}", difference.unified_diff().context_radius(1));
}

#[test]
fn the_documented_examples_are_true() {
    let text = document();
    let blocks = text.split("```cel\n").skip(1).filter_map(|rest| rest.split_once("```"));
    let examples: Vec<&str> = blocks.flat_map(|(block, _)| block.lines()).collect();
    assert!(examples.len() > 20, "{} examples were found", examples.len());
    for example in examples {
        assert_eq!(evaluate(example), Ok(true), "{example}");
    }
}

fn evaluate(source: &str) -> Result<bool, String> {
    let sources = Sources::new();
    let mut out = Diagnostics::new();
    let text = serde_json::to_string(source).expect("a text is JSON");
    let node = yaml::parse(sources.add("example", text.as_str()), &text, &mut out).expect("JSON is YAML");
    let expression = Expression::parse(&node, &sources, &mut out);
    let checked = expression.filter(|expression| expression.check(&Arc::new(Env::new()), &mut out).is_some());
    let expression = checked.ok_or_else(|| format!("{:?}", out.iter().map(|one| &one.headline).collect::<Vec<_>>()))?;
    match expression.evaluate(&Arc::new(Scope::new())) {
        Ok(Value::Bool(value)) => Ok(value),
        Ok(_) => Err("neither true nor false".to_owned()),
        Err(problem) => Err(problem.headline),
    }
}

/// `text` with something else between `<!-- NAME -->` and its end.
fn replace(text: &str, name: &str, content: &str) -> String {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->\n"));
    let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("no place for the {name}"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("no end of the {name}"));
    format!("{before}{begin}\n{content}\n{end}{after}")
}

fn macros() -> String {
    MACROS.iter().fold("| macro | as in |\n| --- | --- |\n".to_owned(), |mut table, (name, _, example, _)| {
        let _ = writeln!(table, "| `{name}` | `{example}` |");
        table
    })
}

/// A row for each function, by where it comes from.
fn functions() -> String {
    let mut by_origin: BTreeMap<Origin, BTreeMap<&str, Vec<String>>> = BTreeMap::new();
    for signature in SIGNATURES {
        let forms = by_origin.entry(Origin::of(signature)).or_default().entry(signature.name).or_default();
        forms.push(format!("`{}`", form(signature)));
    }
    let mut text = String::new();
    for (origin, functions) in by_origin {
        let separator = if text.is_empty() { "" } else { "\n" };
        let _ = write!(text, "{separator}{}:\n\n| function | as |\n| --- | --- |\n", origin.describe());
        for (name, forms) in functions {
            let _ = writeln!(text, "| `{name}` | {} |", forms.join("<br>"));
        }
    }
    text
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    Ours,
    Standard,
    Strings,
    Lists,
    Mathematics,
    Encoders,
    Optionals,
}

impl Origin {
    fn of(signature: &Signature) -> Self {
        const OURS: &[&str] = &["uuid", "now", "random_int", "random_string", "sum", "free_port"];
        const STANDARD: &[&str] = &["contains", "endsWith", "matches", "size", "startsWith"];
        let name = signature.name;
        match signature.target {
            _ if OURS.contains(&name) => Self::Ours,
            _ if name.starts_with("math.") => Self::Mathematics,
            _ if name.starts_with("base64.") => Self::Encoders,
            _ if name.starts_with("lists.") => Self::Lists,
            _ if name.starts_with("optional.") => Self::Optionals,
            Some(Takes::Optional) => Self::Optionals,
            _ if name.starts_with("strings.") || name == "join" => Self::Strings,
            _ if STANDARD.contains(&name) => Self::Standard,
            Some(Takes::Text) => Self::Strings,
            Some(Takes::List) => Self::Lists,
            _ => Self::Standard,
        }
    }

    fn describe(self) -> &'static str {
        match self {
            Self::Ours => "Ours; the random ones repeat with `--seed`",
            Self::Standard => "CEL's own",
            Self::Strings => "Of the strings extension",
            Self::Lists => "Of the lists extension",
            Self::Mathematics => "Of the math extension",
            Self::Encoders => "Of the encoders extension",
            Self::Optionals => "Of optional values",
        }
    }
}

/// `string.charAt(int) → string`
fn form(signature: &Signature) -> String {
    let takes: Vec<&str> = signature.takes.iter().map(|takes| taken(*takes)).collect();
    let target = signature.target.map(|target| format!("{}.", taken(target))).unwrap_or_default();
    format!("{target}{}({}) → {}", signature.name, takes.join(", "), given(signature))
}

fn taken(takes: Takes) -> &'static str {
    match takes {
        Takes::Anything => "any",
        Takes::Bool => "bool",
        Takes::Whole => "int",
        Takes::Number => "number",
        Takes::Double => "double",
        Takes::Text => "string",
        Takes::Bytes => "bytes",
        Takes::Timestamp => "timestamp",
        Takes::Duration => "duration",
        Takes::List => "list",
        Takes::Map => "map",
        Takes::Optional => "optional",
        Takes::Enum => "enum",
    }
}

fn given(signature: &Signature) -> &'static str {
    match signature.gives {
        Gives::Anything | Gives::Held => "any",
        Gives::Bool => "bool",
        Gives::Int => "int",
        Gives::Uint => "uint",
        Gives::Double => "double",
        Gives::Text => "string",
        Gives::Bytes => "bytes",
        Gives::Timestamp => "timestamp",
        Gives::Duration => "duration",
        Gives::Texts => "list of strings",
        Gives::Ints => "list of ints",
        Gives::Same => signature.target.or(signature.takes.first().copied()).map_or("any", taken),
        Gives::List => "list",
        Gives::Type => "type",
        Gives::Optional => "optional",
    }
}
