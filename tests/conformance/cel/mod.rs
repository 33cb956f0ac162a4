//! The conformance files of the Common Expression Language, <https://github.com/google/cel-spec>, on our expressions.
//! What is not as they have it is listed, with its reason, in `exceptions.txt`; what is neither as they have it nor
//! listed fails, and so does what is listed and yet as they have it.

mod exceptions;
mod literal;
mod suite;
mod value;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::{env, fs, io, thread};

use grpc_spec::internal::evaluate;
use libtest_mimic::Failed;
use prost_reflect::DescriptorPool;

use exceptions::{Exception, Exceptions};
use suite::{Expected, Test};
use value::{same, show};

/// Tests of the suite, at least; fewer would be less than all of it.
const TESTS: usize = 2450;

const OVERWRITE: &str = "SNAPSHOTS";

#[derive(Clone, Copy, Default)]
struct Count {
    passed: usize,
    otherwise: usize,
    absent: usize,
    failed: usize,
}

/// Runs the suite in `module`, a folder with the Go module `cel.dev/expr`; with the stack that cases have, since a parser
/// goes as deep as an expression is nested.
pub(super) fn run(module: &Path) -> Result<(), Failed> {
    const STACK: usize = 8 << 20;
    let module = module.to_owned();
    let run = thread::Builder::new().stack_size(STACK).spawn(move || run_all(&module))?;
    run.join().unwrap_or_else(|_| Err("the run panicked".into()))
}

fn run_all(module: &Path) -> Result<(), Failed> {
    let (tests, pool) = suite::read(module)?;
    if tests.len() < TESTS {
        return Err(format!("the suite has {} tests, {TESTS} at least were expected", tests.len()).into());
    }
    let mut exceptions = Exceptions::parse(include_str!("exceptions.txt"))?;
    let mut sections: BTreeMap<(&str, &str), Count> = BTreeMap::new();
    let mut problems = String::new();
    for test in &tests {
        let id = format!("{}/{}/{}", test.file, test.section, test.name);
        let count = sections.entry((&test.file, &test.section)).or_default();
        let exception = exceptions.of(&id, &test.source);
        if exception == Some(Exception::Absent) {
            count.absent += 1;
            continue;
        }
        match (exception, verdict(test, &pool)) {
            (None, Ok(())) => count.passed += 1,
            (Some(_), Err(_)) => count.otherwise += 1,
            (Some(_), Ok(())) => {
                count.failed += 1;
                let _ = writeln!(problems, "{id}: comes out as the specification has it, and is listed otherwise");
            }
            (None, Err(cause)) => {
                count.failed += 1;
                let _ = writeln!(problems, "{id}: {cause}");
            }
        }
    }
    problems.push_str(&exceptions.idle());
    let table = table(&sections);
    write!(io::stdout(), "{}\n{table}\n", by_section(&sections))?;
    if !problems.is_empty() {
        return Err(problems.into());
    }
    check_documentation(&table)
}

/// Whether a test comes out as it says.
fn verdict(test: &Test, pool: &DescriptorPool) -> Result<(), String> {
    let source = &test.source;
    let lifted = literal::lifted(source, &test.bindings, &test.container, pool);
    let found = lifted.and_then(|(source, bindings)| evaluate(&source, &bindings));
    match (test.expected.as_ref().map_err(Clone::clone)?, found) {
        (Expected::Error, Err(_)) => Ok(()),
        (Expected::Error, Ok(found)) => Err(format!("`{source}` is {}, not an error", show(&found))),
        (Expected::Value(expected), Ok(found)) if same(expected, &found) => Ok(()),
        (Expected::Value(expected), Ok(found)) => {
            Err(format!("`{source}` is {}, not {}", show(&found), show(expected)))
        }
        (Expected::Value(expected), Err(error)) => Err(format!("`{source}` is {}; but: {error}", show(expected))),
    }
}

/// `file/section: 12 passed, 1 otherwise`, a line for each.
fn by_section(sections: &BTreeMap<(&str, &str), Count>) -> String {
    let mut text = String::new();
    for ((file, section), Count { passed, otherwise, absent, failed }) in sections {
        let counts = [(passed, "passed"), (otherwise, "otherwise"), (absent, "absent"), (failed, "FAILED")];
        let counts = counts.into_iter().filter(|(count, _)| **count > 0).map(|(count, word)| format!("{count} {word}"));
        let _ = writeln!(text, "{file}/{section}: {}", counts.collect::<Vec<_>>().join(", "));
    }
    text
}

/// As the documentation shows it.
fn table(sections: &BTreeMap<(&str, &str), Count>) -> String {
    let mut files: BTreeMap<&str, Count> = BTreeMap::new();
    let mut total = Count::default();
    for ((file, _), count) in sections {
        files.entry(file).or_default().add(count);
        total.add(count);
    }
    let mut text = String::from("| file | as specified | otherwise | absent |\n| --- | --: | --: | --: |\n");
    for (name, Count { passed, otherwise, absent, .. }) in files {
        let _ = writeln!(text, "| `{name}` | {passed} | {otherwise} | {absent} |");
    }
    let Count { passed, otherwise, absent, .. } = total;
    let _ = writeln!(text, "| all | {passed} | {otherwise} | {absent} |");
    text
}

impl Count {
    fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.otherwise += other.otherwise;
        self.absent += other.absent;
        self.failed += other.failed;
    }
}

/// Whether the documentation has the table; with `SNAPSHOTS=overwrite` it is written there.
fn check_documentation(table: &str) -> Result<(), Failed> {
    const BEGIN: &str = "<!-- conformance -->\n";
    const END: &str = "<!-- end of conformance -->\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/expressions.md");
    let text = fs::read_to_string(&path)?;
    let (before, rest) = text.split_once(BEGIN).ok_or("docs/expressions.md has no place for the table")?;
    let (shown, after) = rest.split_once(END).ok_or("docs/expressions.md has no end of the table")?;
    if shown.trim() == table.trim() {
        return Ok(());
    }
    if env::var_os(OVERWRITE).is_some_and(|value| value == "overwrite") {
        fs::write(path, format!("{before}{BEGIN}\n{table}\n{END}{after}"))?;
        return Ok(());
    }
    Err(format!("docs/expressions.md has other numbers; {OVERWRITE}=overwrite writes these there").into())
}
