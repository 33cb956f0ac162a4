use std::collections::BTreeMap;

use prost::Message as _;
use prost_reflect::DynamicMessage;
use protox::file::File;

use super::*;
use crate::diagnostic::Severity;
use crate::schema::MethodName;

/// A server's files by what asking for them brings, and its answers to everything else.
struct Server {
    files: Vec<FileDescriptorProto>,
    lists: Option<Vec<&'static str>>,
    /// What is said instead of what is asked for.
    instead: BTreeMap<&'static str, Answer>,
    asked: Vec<Question>,
}

fn file(name: &str, text: &str) -> FileDescriptorProto {
    let mut file = FileDescriptorProto::from(File::from_source(name, text).unwrap_or_else(|error| panic!("{error:?}")));
    file.source_code_info = None;
    file
}

fn bytes(file: &FileDescriptorProto) -> Bytes {
    file.encode_to_vec().into()
}

impl Server {
    fn new(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(name, text)| file(name, text)).collect();
        Self { files, lists: None, instead: BTreeMap::new(), asked: Vec::new() }
    }

    fn saying(mut self, name: &'static str, answer: Answer) -> Self {
        self.instead.insert(name, answer);
        self
    }

    fn answer(&self, question: &Question) -> Answer {
        let name = match question {
            Question::Services => "",
            Question::Symbol(name) | Question::File(name) => name,
        };
        if let Some(answer) = self.instead.get(name) {
            return answer.clone();
        }
        let found = match question {
            Question::Services => {
                let of_file = |file: &FileDescriptorProto| {
                    SetFile::decode(&bytes(file)).expect("a file").services().collect::<Vec<_>>()
                };
                let all = self.files.iter().flat_map(of_file).collect();
                return Answer::Services(
                    self.lists.as_ref().map_or(all, |lists| lists.iter().map(|&name| name.to_owned()).collect()),
                );
            }
            Question::File(name) => self.files.iter().find(|file| file.name() == name),
            Question::Symbol(name) => self.files.iter().find(|file| {
                declares(file, name)
                    || SetFile::decode(&bytes(file)).expect("a file").services().any(|service| service == *name)
            }),
        };
        found.map_or(Answer::Refused("NOT_FOUND: no such thing".to_owned()), |file| Answer::Files(vec![bytes(file)]))
    }

    fn reflect(&mut self, wanted: Wanted, from: &SchemaSources) -> (Schema, String) {
        let sources = Sources::new();
        let suite = sources.add("grpc-spec.yaml", "servers: { api: … }");
        let mut reflecting = Reflecting::new(from, wanted, "api", Span::new(suite, 11, 14));
        while let Some(question) = reflecting.next() {
            let answer = self.answer(&question);
            reflecting.answer(&question, answer);
            self.asked.push(question);
            assert!(self.asked.len() < 100, "it does not end: {:?}", self.asked);
        }
        let mut out = Diagnostics::new();
        let schema = reflecting.finish(&sources, &mut out);
        (schema, out.iter().map(show).collect())
    }

    /// The schema of services, and what was wrong.
    fn services(&mut self, services: &[&str]) -> (Schema, String) {
        self.reflect(wanted(services, &[]), &SchemaSources::default())
    }

    /// What is wrong when these services are wanted.
    fn problems(&mut self, services: &[&str]) -> String {
        self.services(services).1
    }

    fn asked(&self) -> Vec<String> {
        self.asked.iter().map(ToString::to_string).collect()
    }
}

fn wanted(services: &[&str], symbols: &[&str]) -> Wanted {
    let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    Wanted { services: set(services), symbols: set(symbols) }
}

/// Headline, label, notes and hints, one a line; the usual way out as `…`.
fn show(problem: &Diagnostic) -> String {
    let severity = if problem.severity == Severity::Error { "error" } else { "warning" };
    let label = problem.primary.iter().map(|label| format!("  at the server: {}\n", label.text));
    let notes = problem.notes.iter().map(|note| format!("  {}: {}\n", note.name, note.text));
    let hints = problem.hints.iter().map(|hint| format!("  hint: {}\n", hint.replace(GIVE_PROTOS, "…")));
    format!("{severity}: {}\n{}", problem.headline, label.chain(notes).chain(hints).collect::<String>())
}

fn method(schema: &Schema, service: &str, method: &str) -> Result<String, String> {
    let mut out = Diagnostics::new();
    let sources = Sources::new();
    let place = Span::new(sources.add("cases.yaml", "x"), 0, 1);
    let name = MethodName { service: service.to_owned(), method: method.to_owned() };
    let found = schema.method(&name, place, &mut out);
    found.map(|method| method.full_name().to_owned()).ok_or_else(|| out.iter().map(show).collect())
}

const GREETER: (&str, &str) = (
    "hello.proto",
    "syntax = \"proto3\"; package hello; import \"common/types.proto\"; import \"google/protobuf/timestamp.proto\";
     service Greeter { rpc Greet(common.Name) returns (google.protobuf.Timestamp); }",
);
const TYPES: (&str, &str) =
    ("common/types.proto", "syntax = \"proto3\"; package common; message Name { string name = 1; }");

#[test]
fn asks_for_services_and_then_for_what_their_files_import() {
    let mut server = Server::new(&[GREETER, TYPES]);
    let (schema, problems) = server.services(&["Greeter"]);
    assert_eq!(problems, "");
    assert_eq!(server.asked(), ["its services", "`hello.Greeter`", "`common/types.proto`"]);
    assert_eq!(method(&schema, "Greeter", "Greet").as_deref(), Ok("hello.Greeter.Greet"));
    assert_eq!(method(&schema, "hello.Greeter", "Greet").as_deref(), Ok("hello.Greeter.Greet"));
}

#[test]
fn asks_for_nothing_that_came_already() {
    let whole = Answer::Files(vec![bytes(&file(GREETER.0, GREETER.1)), bytes(&file(TYPES.0, TYPES.1))]);
    let mut server = Server::new(&[GREETER]).saying("hello.Greeter", whole);
    assert_eq!(server.problems(&["hello.Greeter"]), "");
    assert_eq!(server.asked(), ["its services", "`hello.Greeter`"]);
}

#[test]
fn asks_for_full_names_where_the_list_is_kept_back() {
    let mut server = Server::new(&[GREETER, TYPES]).saying("", Answer::Refused("UNIMPLEMENTED".to_owned()));
    assert_eq!(server.problems(&["hello.Greeter"]), "");
    let mut server = Server::new(&[GREETER, TYPES]).saying("", Answer::Refused("UNIMPLEMENTED".to_owned()));
    assert_eq!(
        server.problems(&["Greeter"]),
        "error: the server `api` does not say what the service `Greeter` is\n  \
         at the server: it was asked for its protos\n  answer: NOT_FOUND: no such thing\n  hint: …\n"
    );
}

#[test]
fn files_go_before_the_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "syntax = \"proto3\"; package common; message Name { string local = 1; }";
    std::fs::create_dir(folder.path().join("common")).expect("a folder");
    std::fs::write(folder.path().join(TYPES.0), text).expect("written");
    std::fs::write(folder.path().join("near.proto"), "package near; service Greeter {}").expect("written");
    let sources = Sources::new();
    let place = Span::new(sources.add("x", "x"), 0, 1);
    let import_paths = vec![crate::diagnostic::Spanned::new(folder.path().to_owned(), place)];
    let from = SchemaSources { import_paths, reflection: Some(true), ..SchemaSources::default() };

    let mut server = Server::new(&[GREETER, TYPES]);
    let (schema, problems) = server.reflect(wanted(&["hello.Greeter"], &[]), &from);
    assert_eq!(problems, "");
    assert_eq!(server.asked(), ["its services", "`hello.Greeter`"], "its import is local");
    let name = schema.pool().get_message_by_name("common.Name").expect("Name");
    assert!(name.get_field_by_name("local").is_some());

    let mut server = Server::new(&[GREETER, TYPES]);
    let _ = server.reflect(wanted(&["Greeter"], &[]), &from);
    assert_eq!(server.asked(), [""; 0], "the short name is that of a local service");
}

#[test]
fn services_that_are_not_there_are_reported_where_they_are_called() {
    let (schema, problems) = Server::new(&[GREETER, TYPES]).services(&["Greter"]);
    assert_eq!(problems, "");
    assert_eq!(
        method(&schema, "Greter", "Greet"),
        Err("error: unknown service `Greter`\n  at the server: neither the server `api` nor a proto here has it\n  \
             note: known: `hello.Greeter`\n  hint: did you mean `hello.Greeter`?\n"
            .to_owned())
    );
    let mut server = Server::new(&[]);
    server.lists = Some(vec!["grpc.reflection.v1.ServerReflection"]);
    let (schema, _) = server.services(&["Greeter"]);
    assert_eq!(
        method(&schema, "Greeter", "Greet"),
        Err("error: unknown service `Greeter`\n  at the server: the server `api` has no such service\n  hint: …\n"
            .to_owned())
    );
}

#[test]
fn what_cases_mention_is_asked_for_and_may_be_missing() {
    let extended =
        "import \"base.proto\"; package ext; extend base.Open { optional int32 mark = 100; } message Detail {}";
    let mut server = Server::new(&[
        (
            "base.proto",
            "package base; message Open { extensions 100 to 200; } service S { rpc A(Open) returns (Open); }",
        ),
        ("ext.proto", extended),
    ]);
    let wanted = wanted(&["S"], &["ext.mark", "ext.Detail", "ext.Unknown", "google.rpc.ErrorInfo"]);
    let (schema, problems) = server.reflect(wanted, &SchemaSources::default());
    assert_eq!(problems, "");
    assert!(
        schema.knows_symbol("ext.mark") && schema.knows_symbol("ext.Detail") && !schema.knows_symbol("ext.Unknown")
    );
    let open = schema.pool().get_message_by_name("base.Open").expect("Open");
    let message = DynamicMessage::decode(open, &[0xa0, 6, 7][..]).expect("a message");
    assert_eq!(message.extensions().count(), 1);
}

#[test]
fn a_file_that_is_not_given_is_named_with_who_imports_it() {
    assert_eq!(
        Server::new(&[GREETER]).problems(&["Greeter"]),
        "error: `hello.proto` of the server `api` needs `common/types.proto`, which the server does not give\n  \
         at the server: its protos come from its reflection\n  note: name `common.Name` is not defined\n  \
         answer: NOT_FOUND: no such thing\n  hint: …\n"
    );
    let other = Answer::Files(vec![bytes(&file("types.proto", TYPES.1))]);
    let problems = Server::new(&[GREETER]).saying("common/types.proto", other).problems(&["Greeter"]);
    assert!(problems.contains("\n  answer: it sent `types.proto` instead\n"), "{problems}");
    let wrong = Answer::Files(vec![Bytes::from_static(b"\xff\xff<html>")]);
    let problems = Server::new(&[GREETER]).saying("common/types.proto", wrong).problems(&["Greeter"]);
    assert!(problems.contains("\n  answer: it sent what is no file descriptor: "), "{problems}");
    let list = Answer::Services(vec!["a.B".to_owned()]);
    let problems = Server::new(&[GREETER]).saying("common/types.proto", list).problems(&["Greeter"]);
    assert!(problems.contains("\n  answer: it sent a list of services instead\n"), "{problems}");
}

#[test]
fn a_missing_file_that_nothing_needs_is_a_warning() {
    let text = format!("{} message Alone {{}}", GREETER.1.replace("common.Name", "Alone"));
    let mut server = Server::new(&[(GREETER.0, &text)]);
    let (schema, problems) = server.services(&["Greeter"]);
    assert_eq!(
        problems,
        "warning: the server `api` does not give all that its protos import\n  \
         at the server: nothing in it needs them\n  note: `hello.proto` imports `common/types.proto`\n  hint: …\n"
    );
    assert!(method(&schema, "Greeter", "Greet").is_ok());
}

#[test]
fn hostile_files_are_refused_with_their_names() {
    let a = "import \"b.proto\"; service A { rpc X(M) returns (M); } message M {}";
    let b = "import \"a.proto\"; message N {}";
    let problems = Server::new(&[("a.proto", a), ("b.proto", b)]).problems(&["A"]);
    assert!(problems.starts_with("error: imports go in a circle: `a.proto` → `b.proto` → `a.proto`\n"), "{problems}");

    let twice = "service A { rpc X(M) returns (M); } message M { optional int32 a = 1; optional int32 b = 1; }";
    let problems = Server::new(&[("a.proto", twice)]).problems(&["A"]);
    assert!(problems.starts_with("error: `a.proto` of the server `api` is broken: "), "{problems}");

    let mut syntax = file("a.proto", "service A {}");
    syntax.syntax = Some("proto4".to_owned());
    let mut server = Server::new(&[]).saying("A", Answer::Files(vec![bytes(&syntax)]));
    server.lists = Some(vec!["A"]);
    let problems = server.problems(&["A"]);
    assert!(
        problems.starts_with("error: `a.proto` of the server `api` has the unknown syntax `proto4`\n"),
        "{problems}"
    );
}

#[test]
fn the_first_of_two_files_with_one_name_is_taken() {
    let second = file("hello.proto", "package hello; service Greeter {} service Second {}");
    let answer = Answer::Files(vec![bytes(&file(GREETER.0, GREETER.1)), bytes(&second)]);
    let (schema, problems) = Server::new(&[GREETER, TYPES]).saying("hello.Greeter", answer).services(&["Greeter"]);
    assert_eq!(problems, "");
    assert!(method(&schema, "Greeter", "Greet").is_ok());
}

#[test]
fn a_service_in_two_files_is_an_error() {
    let files = [file("a.proto", "service S {}"), file("b.proto", "service S {}")];
    let mut server = Server::new(&[]).saying("S", Answer::Files(files.iter().map(bytes).collect()));
    server.lists = Some(vec!["S"]);
    let problems = server.problems(&["S"]);
    assert!(problems.starts_with("error: the service `S` is declared in 2 files\n"), "{problems}");
    assert!(problems.contains("  note: declared in the server's `b.proto`\n"), "{problems}");
}

#[test]
fn files_that_do_not_declare_what_was_asked_for_are_no_answer() {
    let mut server =
        Server::new(&[GREETER, TYPES]).saying("hello.Greeter", Answer::Files(vec![bytes(&file(TYPES.0, TYPES.1))]));
    assert_eq!(
        server.problems(&["hello.Greeter"]),
        "error: the server `api` does not say what the service `hello.Greeter` is\n  \
         at the server: it was asked for its protos\n  answer: it sent files that do not declare it\n  hint: …\n"
    );
}

#[test]
fn editions_are_lowered() {
    let mut edition =
        file("a.proto", "syntax = \"proto3\"; service A { rpc X(M) returns (M); } message M { int32 n = 1; }");
    edition.syntax = Some("editions".to_owned());
    let mut bytes = edition.encode_to_vec();
    prost::encoding::int32::encode(14, &1000, &mut bytes);
    let mut server = Server::new(&[]).saying("A", Answer::Files(vec![bytes.into()]));
    server.lists = Some(vec!["A"]);
    let (schema, problems) = server.services(&["A"]);
    assert_eq!(problems, "");
    let message = schema.pool().get_message_by_name("M").expect("M");
    assert!(message.get_field_by_name("n").expect("n").supports_presence());
}

#[test]
fn a_server_that_never_stops_sending_is_stopped() {
    let mut reflecting = {
        let sources = Sources::new();
        let place = Span::new(sources.add("x", "x"), 0, 1);
        Reflecting::new(&SchemaSources::default(), wanted(&["S"], &[]), "api", place)
    };
    let mut asked = 0;
    while let Some(question) = reflecting.next() {
        let answer = match &question {
            Question::Services => Answer::Services(vec!["S".to_owned()]),
            Question::Symbol(name) | Question::File(name) => {
                let next = file(
                    name,
                    &format!("import \"{asked}.proto\"; service {} {{}}", if asked == 1 { "S" } else { "T" }),
                );
                Answer::Files(vec![bytes(&next)])
            }
        };
        asked += 1;
        reflecting.answer(&question, answer);
    }
    assert_eq!(asked, MAX_FILES + 2);
    let mut out = Diagnostics::new();
    let _ = reflecting.finish(&Sources::new(), &mut out);
    let problems: String = out.iter().map(show).collect();
    assert!(problems.contains("sends too much by reflection: over 10000 files, or 64 MiB"), "{problems}");
}
