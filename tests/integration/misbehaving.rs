//! Servers that misbehave, as the real program sees them: `tests/support/misbehaving` holds the servers,
//! `fixtures/misbehaving` the cases, a file for each kind of misbehaviour. Each is met twice: by a case that must not
//! pass, whose report is a golden file, and by one that expects it. All of it in time and in bounded memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use regex::Regex;

use crate::support::{Ended, Folder, Goldens, JUnitFile, MEMORY, Verdict, program, redact, root, run_bounded};

const GALLERY: &str = "fixtures/misbehaving";

/// Case names that end so expect what happens, and pass; all others must not.
const EXPECTED: &str = "as expected";

/// By how much a run may exceed one with nothing to it, in KiB, where all is taken that may be kept of a call: 64 MiB, and
/// once more while it is judged.
const MEMORY_AND_ALL_KEPT: u64 = MEMORY + 2 * (64 << 10);

#[test]
fn silence() {
    Row::new("01_silence").exits(1);
}

#[test]
fn no_http_2() {
    Row::new("02_no_http_2").exits(3);
}

#[test]
fn other_protocols() {
    Row::new("03_other_protocols").exits(3);
}

#[test]
fn messages_cut_short() {
    Row::new("04_cut_short").exits(1);
}

#[test]
fn messages_too_long() {
    Row::new("05_too_long").alone().exits(1);
}

#[test]
fn bad_compression() {
    Row::new("06_compression").exits(1);
}

#[test]
fn bad_protobuf() {
    Row::new("07_protobuf").exits(1);
}

#[test]
fn bad_status() {
    Row::new("08_status").exits(1);
}

#[test]
fn bad_details() {
    Row::new("09_details").exits(1);
}

#[test]
fn odd_messages_of_the_status() {
    Row::new("10_message").exits(1);
}

#[test]
fn bad_binary_metadata() {
    Row::new("11_binary_metadata").exits(1);
}

#[test]
fn bad_cardinality() {
    Row::new("12_cardinality").exits(1);
}

#[test]
fn what_is_not_grpc() {
    Row::new("13_not_grpc").exits(1);
}

#[test]
fn streams_that_are_reset() {
    Row::new("14_reset_streams").exits(1);
}

#[test]
fn connections_that_are_lost() {
    Row::new("15_lost_connections").exits(1);
}

#[test]
fn broken_frames() {
    Row::new("16_broken_frames").exits(1);
}

#[test]
fn much_metadata() {
    Row::new("17_much_metadata").alone().exits(1);
}

#[test]
fn floods() {
    Row::new("18_floods").alone().one_by_one().exits(1);
}

#[test]
fn as_much_is_kept_of_a_flood_as_there_is_room_for() {
    let text = "cases:
  - name: messages without end
    server: messages_without_end
    call: Wire/ServerStream
    timeout: 3s
  - name: large messages without end
    server: large_messages_without_end
    call: Wire/ServerStream
    timeout: 3s
";
    let folder = Folder::new()
        .file("grpc-spec.yaml", &suite(text).replace(", limits: { recorded: 1MiB }", ""))
        .file("wire.proto", &read_file("wire.proto"))
        .file("floods.yaml", text);
    let row = Row { memory: MEMORY_AND_ALL_KEPT, ..Row::new("floods").alone() };
    let _alone = row.lock();
    for case in ["messages without end", "large messages without end"] {
        let _ = row.run(&folder, &["--exact", &format!("floods.yaml::{case}")]).exits(1);
    }
}

#[test]
fn odd_but_fine() {
    Row::new("19_odd_but_fine").exits(0);
}

#[test]
fn no_window() {
    Row::new("20_no_window").one_by_one().exits(1);
}

#[test]
fn reflection() {
    Row { memory: MEMORY_AND_ALL_KEPT, ..Row::new("21_reflection").alone() }.exits(2);
}

#[test]
fn many_at_a_time_do_not_disturb_each_other() {
    let folder = Folder::new();
    let names: Vec<String> = names("yaml").into_iter().filter(|name| !APART.contains(&name.as_str())).collect();
    let cases: Vec<(String, String)> = names.iter().map(|name| (name.clone(), read(name))).collect();
    for (name, text) in &cases {
        folder.write(&format!("{name}.yaml"), text);
    }
    let all: String = cases.into_iter().map(|(_, text)| text).collect();
    let folder = folder.file("grpc-spec.yaml", &suite(&all)).file("wire.proto", &read_file("wire.proto"));
    folder.grpc_spec(["run", ".", "--jobs", "32", "--junit", "junit.xml"]).run().exits(3);
    assert_verdicts(&JUnitFile::read(&folder.read("junit.xml")));
}

/// Those that need the whole machine, a process for each case, or another suite.
const APART: [&str; 5] = ["05_too_long", "17_much_metadata", "18_floods", "20_no_window", "21_reflection"];

#[test]
fn every_file_is_run() {
    assert_eq!(names("yaml"), names("stdout"));
}

/// One row of the table of misbehaving servers.
struct Row {
    name: &'static str,
    memory: u64,
    is_alone: bool,
    is_one_by_one: bool,
}

impl Row {
    fn new(name: &'static str) -> Self {
        Self { name, memory: MEMORY, is_alone: false, is_one_by_one: false }
    }

    /// Not beside others that are hard on the machine.
    fn alone(self) -> Self {
        Self { is_alone: true, ..self }
    }

    /// Each case in a process of its own, since connections do not survive it, or are not the same afterwards.
    fn one_by_one(self) -> Self {
        Self { is_one_by_one: true, ..self }
    }

    /// Runs it. `code` is how a run ends; one by one, that of the cases which must not pass.
    #[track_caller]
    fn exits(self, code: i32) {
        let _alone = self.lock();
        let text = read(self.name);
        let suite = if self.name == "21_reflection" { servers(&text) } else { suite(&text) };
        let folder = Folder::new()
            .file("grpc-spec.yaml", &suite)
            .file("wire.proto", &read_file("wire.proto"))
            .file(&format!("{}.yaml", self.name), &text);
        let mut told = String::new();
        if self.is_one_by_one {
            for id in folder.grpc_spec(["list", "."]).run().exits(0).stdout.lines() {
                let code = if id.ends_with(EXPECTED) { 0 } else { code };
                told.push_str(&self.run(&folder, &["--exact", id]).exits(code).stdout);
            }
        } else {
            told = self.run(&folder, &[]).exits(code).stdout;
        }
        let mut goldens = Goldens::default();
        goldens.compare(&root().join(GALLERY).join(self.name).with_extension("stdout"), &uncounted(&redact(&told)));
        goldens.assert();
    }

    fn lock(&self) -> Option<MutexGuard<'static, ()>> {
        static ALONE: Mutex<()> = Mutex::new(());
        self.is_alone.then(|| ALONE.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// One run, whose verdicts, time and memory are as they should be.
    #[track_caller]
    fn run(&self, folder: &Folder, arguments: &[&str]) -> Ended {
        let (ended, report) = run_bounded(folder, ["."].iter().chain(arguments).copied(), self.memory);
        assert_verdicts(&report);
        ended
    }
}

/// How much of a flood came in time is another number each time.
fn uncounted(text: &str) -> String {
    let waited = Regex::new(r"waiting for (the rest of )?message \d{3,} (or the status|\(\d+ of \d+ bytes\))");
    let kept = Regex::new(r"(only the first \d+) of \d+ messages");
    let text = waited.expect("a pattern").replace_all(text, "waiting for [MANY]");
    kept.expect("a pattern").replace_all(&text, "$1 of [MANY] messages").into_owned()
}

/// Whether each case passes that expects what happens, and no other.
#[track_caller]
fn assert_verdicts(report: &JUnitFile) {
    assert!(!report.cases.is_empty());
    for case in &report.cases {
        match &case.verdict {
            Verdict::Passed => assert!(case.name.ends_with(EXPECTED), "{} passes", case.name),
            Verdict::Failure(_) | Verdict::Error(_) => {
                assert!(!case.name.ends_with(EXPECTED), "{}\n{}", case.name, case.output);
                assert!(!case.output.contains("panicked"), "{}\n{}", case.name, case.output);
            }
            Verdict::Skipped(why) => panic!("{} is skipped: {why}", case.name),
        }
    }
}

/// A suite with the proto, and the servers that these cases name.
fn suite(cases: &str) -> String {
    format!("protos: {{ import_paths: [.] }}\n{}", servers(cases))
}

fn servers(cases: &str) -> String {
    let mut text = "servers:\n".to_owned();
    let named: BTreeSet<&str> = cases.lines().filter_map(|line| line.trim_start().strip_prefix("server: ")).collect();
    for name in named {
        let address = MISBEHAVING.addresses.get(name).unwrap_or_else(|| panic!("no server `{name}`"));
        let limits = if FORGETFUL.contains(&name) { ", limits: { recorded: 1MiB }" } else { "" };
        let _ = writeln!(text, "  {name}: {{ address: \"http://{address}\"{limits} }}");
    }
    text
}

/// Of these less is kept than of others, so that there is always more.
const FORGETFUL: [&str; 2] = ["messages_without_end", "large_messages_without_end"];

/// The servers, which end with the standard input they hold, and so with this process.
struct Misbehaving {
    addresses: BTreeMap<String, String>,
    _child: Child,
}

static MISBEHAVING: LazyLock<Misbehaving> = LazyLock::new(|| {
    let mut command = Command::new(program());
    let command = command.arg("misbehave").env_remove("HARNESS_PATH").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the servers start");
    let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
    let lines = lines.take_while(|line| !line.is_empty());
    let addresses = lines.filter_map(|line| line.split_once('=').map(|(name, at)| (name.to_owned(), at.to_owned())));
    Misbehaving { addresses: addresses.collect(), _child: child }
});

/// The files of the gallery with this extension, without it, in order.
fn names(extension: &str) -> Vec<String> {
    let files =
        fs::read_dir(root().join(GALLERY)).expect("the gallery is read").map(|entry| entry.expect("an entry").path());
    let files = files.filter(|path| path.extension().is_some_and(|is| is == extension));
    let mut names: Vec<String> =
        files.filter_map(|path| Some(path.file_stem()?.to_str().expect("UTF-8").to_owned())).collect();
    names.sort();
    names
}

fn read(name: &str) -> String {
    read_file(&format!("{name}.yaml"))
}

fn read_file(name: &str) -> String {
    fs::read_to_string(root().join(GALLERY).join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}
