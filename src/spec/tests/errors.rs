//! Broken files: what is said, where, and what to do about it.

use super::*;

/// What a file in a suite with the servers `a` and `b` is told: `line:column headline | hint`.
fn told(file: &str, text: &str, suite: &str) -> Vec<String> {
    let mut files = vec![("grpc-spec.yaml", suite), ("a.yaml", "cases: [ { name: n, call: S/M } ]")];
    match files.iter_mut().find(|(name, _)| *name == file) {
        Some(replaced) => replaced.1 = text,
        None => files.push((file, text)),
    }
    let folder = Folder::new(&files);
    let outcome = folder.load(&[""]);
    let own = outcome.loaded.suites.iter().flat_map(|suite| &suite.files).filter_map(|loaded| match loaded {
        LoadedFile::Invalid(failure) if !failure.blocked => Some(&failure.diagnostics),
        _ => None,
    });
    own.flat_map(|diagnostics| diagnostics.iter())
        .map(|diagnostic| {
            let line = outcome.line(diagnostic);
            let place = line.strip_prefix(&format!("{file}:")).unwrap_or(&line);
            format!("{place} | {}", diagnostic.hints.join(" | ")).replace(&outcome.root, "")
        })
        .collect()
}

#[track_caller]
fn case_file(text: &str, said: &[&str]) {
    assert_eq!(told("a.yaml", text, SUITE), said, "{text}");
}

#[track_caller]
fn case(keys: &str, said: &[&str]) {
    case_file(&format!("cases:\n- name: n\n  call: S/M\n  {keys}\n"), said);
}

#[track_caller]
fn suite(text: &str, said: &[&str]) {
    assert_eq!(told("grpc-spec.yaml", text, SUITE), said, "{text}");
}

#[track_caller]
fn server(keys: &str, said: &[&str]) {
    suite(&format!("servers:\n  a: {{ {keys} }}\n"), said);
}

#[test]
fn unknown_keys_suggest_what_was_meant() {
    case("requst: {}", &["4:3: unknown key `requst` | did you mean `request`?"]);
    case("body: {}", &["4:3: unknown key `body` | this is written `request` here"]);
    case("response: {}", &["4:3: unknown key `response` | `response` belongs under `expect:`"]);
    case("expect: { body: {} }", &["4:13: unknown key `body` | this is written `response` here"]);
    case("only: true", &["4:3: unknown key `only` | run a case alone with `--filter`"]);
    case(
        "zebra: {}",
        &[
            "4:3: unknown key `zebra` | a case takes `name`, `description`, `tags`, `skip`, `xfail`, `vars`, `rows`, `repeat`, `across`, `retry`, `lock`, `teardown`, `steps`, `id`, `call`, \
           `server`, `service`, `metadata`, `timeout`, `compression`, `request`, `requests`, `stream`, `expect`, `capture` or `eventually`",
        ],
    );
    case("cleanup: []", &["4:3: unknown key `cleanup` | this is written `teardown` here"]);
    case("attempts: 3", &["4:3: unknown key `attempts` | `attempts` belongs under `retry:`"]);
    case("serial: true", &["4:3: unknown key `serial` | `serial` is a key of a case file"]);
    case_file(
        "tests: []\ncases: [ { name: n, call: S/M } ]",
        &["1:1: unknown key `tests` | this is written `cases` here"],
    );
    suite("server: a\nservers: { a: { url: x } }", &["2:17: unknown key `url` | this is written `address` here"]);
    server(
        "command: [x]",
        &[
            "2:8: unknown key `command` | `command` belongs under `start:`",
            "2:3: server `a` has neither `start` nor `address` | write `address: \"127.0.0.1:50051\"`, or `start: { command: [program, argument] }`",
        ],
    );
    suite("import_paths: [x]", &["1:1: unknown key `import_paths` | `import_paths` belongs under `protos:`"]);
}

#[test]
fn a_case_has_a_name_and_a_call() {
    case_file(
        "cases:\n- name: n\n",
        &["2:3: missing key `call` | write `call: pkg.Service/Method`, or several calls as a list under `steps:`"],
    );
    case_file("cases:\n- call: S/M\n", &["2:3: missing key `name` | write `name: what the case shows`"]);
    case_file(
        "cases:\n- {}\n",
        &[
            "2:3: missing key `name` | write `name: what the case shows`",
            "2:3: missing key `call` | write `call: pkg.Service/Method`, or several calls as a list under `steps:`",
        ],
    );
    case_file(
        "cases:\n- hello\n",
        &[
            "2:3: expected a mapping, found `hello` | a case takes `name`, `description`, `tags`, `skip`, `xfail`, `vars`, `rows`, `repeat`, `across`, `retry`, `lock`, `teardown`, `steps`, `id`, `call`, \
         `server`, `service`, `metadata`, `timeout`, `compression`, `request`, `requests`, `stream`, `expect`, `capture` or `eventually`",
        ],
    );
    case_file("cases:\n- name: n\n  call: \"\"\n", &["3:9: `call` names no method | write `call: pkg.Service/Method`"]);
}

#[test]
fn what_the_parser_left_out_is_not_missing_too() {
    case_file(
        "cases:\n- name: n\n  call:\n",
        &["3:3: `call` has no value | write what is meant: `null`, `\"\"`, `[]` or `{}`"],
    );
    case_file(
        "cases:\n- call: S/M\n  name:\n  timeout: 1\n",
        &[
            "3:3: `name` has no value | write what is meant: `null`, `\"\"`, `[]` or `{}`",
            "4:12: `1`: a number without a unit | write `1s` or `1ms`",
        ],
    );
}

#[test]
fn a_file_has_cases() {
    case_file("cases: []", &["1:8: no cases in this file | write a list: `- name: …` for each case"]);
    case_file("server: a", &["1:1: missing key `cases` | write `cases: [ { name: …, call: … } ]`"]);
    case_file(
        "cases: {}",
        &["1:8: expected a list of cases, found a mapping | write a list: `- name: …` for each case"],
    );
}

#[test]
fn a_file_of_something_else_is_said_to_be_that_once() {
    let hint = "a case file has `cases:`; a YAML file in the folder of cases that is none stands in a hidden folder, or elsewhere";
    case_file("openapi: 3.0.0\ninfo: {}\n", &[&format!("1:1: this is not a case file | {hint}")]);
}

#[test]
fn a_misspelt_key_is_not_missing_too() {
    case_file("case: [ { name: n, call: S/M } ]", &["1:1: unknown key `case` | did you mean `cases`?"]);
    case_file(
        "cases: [ { title: n, rpc: S/M } ]",
        &[
            "1:12: unknown key `title` | this is written `name` here",
            "1:22: unknown key `rpc` | this is written `call` here",
        ],
    );
}

#[test]
fn case_names_fit_on_a_line() {
    let name = |name: &str, said: &str| case_file(&format!("cases:\n- call: S/M\n  name: {name}\n"), &[said]);
    name("\"\"", "3:9: the name of a case is empty | say what the case shows: `name: greets by name`");
    name("\"  \"", "3:9: the name of a case is empty | say what the case shows: `name: greets by name`");
    name("\" x\"", "3:9: the name of a case has a space at an end | write `x`");
    name(
        "\"one\\ntwo\"",
        "3:9: the name of a case is more than one line of text | write `one`, and the rest as `description`",
    );
    name(
        "\"one\\u2028two\"",
        "3:9: the name of a case is more than one line of text | write `one`, and the rest as `description`",
    );
    name("[x]", "3:9: expected a text, found a list | write it without the brackets or the dash");
    name("null", "3:9: expected a text, found null | leave it out, or write `\"null\"` to mean the text");
}

#[test]
fn rejects_duplicate_case_names_with_both_places() {
    let text = "cases:\n- { name: n, call: S/M }\n- { name: n, call: S/M }\n";
    case_file(
        text,
        &["3:11: a second case is named `n` | name what sets it apart from the first: names are unique in their file"],
    );
    let folder = Folder::new(&[("grpc-spec.yaml", SUITE), ("a.yaml", text)]);
    let outcome = folder.load(&[""]);
    let duplicate = outcome.loaded.all_diagnostics().next().expect("it is reported");
    assert_eq!(
        outcome.sources.locate(duplicate.secondary[0].span).rsplit_once("a.yaml").map(|(_, at)| at),
        Some(":2:11")
    );
}

#[test]
fn one_key_excludes_another() {
    case(
        "request: {}\n  requests: []",
        &[
            "5:3: both `request` and `requests` | keep `request` for one message, `requests` for a list of them where the client streams",
        ],
    );
    case(
        "requests: []\n  request: {}",
        &[
            "5:3: both `request` and `requests` | keep `request` for one message, `requests` for a list of them where the client streams",
        ],
    );
    case(
        "expect: { response: {}, responses: [] }",
        &[
            "4:27: both `response` and `responses` | keep `response` for one message, `responses` for a list of them where the server streams",
        ],
    );
    case(
        "requests: {}",
        &[
            "4:13: expected a list of messages, found a mapping | write one message as `request:`, several as a list under `requests:`",
        ],
    );
}

#[test]
fn a_call_that_finds_no_server_has_no_other_outcome() {
    let alone = "keep `unreachable` alone: a call that finds no server has no outcome but that";
    case("expect: { unreachable: refused }", &[]);
    case(
        "expect: { unreachable: refused, status: OK }",
        &[&format!("4:35: both `unreachable` and `status` | {alone}")],
    );
}

#[test]
fn skip_wants_a_reason() {
    case("skip: true", &["4:9: `skip` takes the reason why | say why: `skip: waits for issue 12`"]);
    case("skip: false", &["4:9: `skip` takes the reason why | leave `skip` out to run the case"]);
    case("skip: \"\"", &["4:9: `skip` takes the reason why | say why: `skip: waits for issue 12`"]);
}

#[test]
fn repeats_are_counted() {
    case("repeat: 0", &["4:11: `0`: a count is at least 1 | leave it out, or write `1` or more"]);
    case("repeat: { parallel: 2 }", &["4:13: missing key `times` | write `times: 200`"]);
    case(
        "repeat: { times: 2, parallel: 0 }",
        &["4:33: `0`: a count is at least 1 | leave it out, or write `1` or more"],
    );
    case("across: {}", &["4:3: `across` without `repeat` | add `repeat: 200`, or expect it of the one response"]);
}

#[test]
fn tags_and_variables_have_names() {
    case(
        "tags: [smoke, \"a b\", ä]",
        &[
            "4:17: `a b` cannot be a tag | a tag is made of ASCII letters, digits, `_`, `-`, `.` and `/`",
            "4:24: `ä` cannot be a tag | a tag is made of ASCII letters, digits, `_`, `-`, `.` and `/`",
        ],
    );
    case("tags: smoke", &["4:9: expected a list of texts, found `smoke` | write `[smoke]`"]);
    case(
        "vars: { request: x }",
        &["4:11: `request` cannot be the name of a variable | choose another name, such as `the_request`"],
    );
    case("vars: [x]", &["4:9: expected variables by name, found a list | write `{ name: value }`"]);
}

#[test]
fn metadata_keys_are_allowed_and_unique() {
    case("metadata: { grpc-timeout: 1S }", &["4:15: `grpc-timeout` is reserved | set `timeout` instead"]);
    case("metadata: { \":path\": x }", &["4:15: `:path` is reserved | set `call` instead"]);
    case(
        "metadata: { Content-Type: x }",
        &["4:15: `content-type` is reserved | leave it out: calls are sent as `application/grpc`"],
    );
    case(
        "metadata: { grpc-own: x }",
        &["4:15: `grpc-own` is reserved | choose a name that does not start with `grpc-`"],
    );
    case(
        "metadata: { \"a b\": x }",
        &["4:15: `a b` cannot be a metadata key | a key is letters, digits, `_`, `-` and `.`"],
    );
    case(
        "metadata: { X-A: a, x-a: b }",
        &["4:23: metadata `x-a` is written twice | write several values as a list: `x-a: [a, b]`"],
    );
    case("metadata: []", &["4:13: expected metadata by key, found a list | write `{ authorization: Bearer x }`"]);
}

#[test]
fn servers_that_are_named_exist() {
    case(
        "server: bb",
        &[
            "4:11: unknown server `bb` | did you mean `b`? | write `a` or `b`, or declare it under `servers:` in `grpc-spec.yaml`",
        ],
    );
    case(
        "server: 127.0.0.1:50051",
        &["4:11: unknown server `127.0.0.1:50051` | write `a` or `b`, or give it a name in `grpc-spec.yaml`: \
         `servers: { NAME: { address: \"127.0.0.1:50051\" } }`"],
    );
    let text = "server: x\ncases:\n- { name: n, call: S/M }\n- { name: m, call: S/M }\n";
    case_file(
        text,
        &["1:9: unknown server `x` | write `a` or `b`, or declare it under `servers:` in `grpc-spec.yaml`"],
    );
    suite(
        &SUITE.replace("server: a", "server: c"),
        &["4:9: unknown server `c` | write `a` or `b`, or declare it under `servers:` in `grpc-spec.yaml`"],
    );
}

#[test]
fn a_call_has_one_server() {
    let two = SUITE.replace("server: a\n", "");
    assert_eq!(
        told("a.yaml", "cases:\n- name: n\n  call: S/M\n", &two),
        ["3:9: no server is named for this call | write `server: a` in the case, in the file or in the suite",]
    );
    assert_eq!(
        told("a.yaml", "cases:\n- name: n\n  call: S/M\n", "tags: []"),
        ["3:9: no server is named for this call | declare one under `servers:` in `grpc-spec.yaml`",]
    );
}

#[test]
fn a_suite_keeps_protos_and_servers_for_its_files() {
    let folder = Folder::new(&[
        ("grpc-spec.yaml", SUITE),
        ("a.yaml", "servers: {}\nprotos: {}\ncases: [ { name: n, call: S/M } ]"),
    ]);
    assert_eq!(
        folder.load(&[""]).errors(),
        [
            "a.yaml:2:1: `protos` in a file that belongs to a suite",
            "a.yaml:1:1: `servers` in a file that belongs to a suite",
        ]
    );
}

#[test]
fn servers_say_where_they_are() {
    server(
        "authority: x",
        &[
            "2:3: server `a` has neither `start` nor `address` | write `address: \"127.0.0.1:50051\"`, or `start: { command: [program, argument] }`",
        ],
    );
    let forms = "an address is `http://host:port`, `https://host:port`, `unix:/path`, or `host:port`";
    server("address: localhost", &[&format!("2:17: no port in `localhost` | {forms}")]);
    server("address: \"${env.WHERE}\"", &[]);
    server(
        "address: a:1, authority: \"a b\"",
        &["2:33: `a b` cannot be an authority | an authority is `host` or `host:port`"],
    );
    server("start: {}", &["2:15: missing key `command` | write `command: [program, argument]`"]);
    server("start: { command: [] }", &["2:26: this command names no program | write `[program, argument]`"]);
    server(
        "start: { command: python3 server.py }",
        &[
            "2:26: expected a program and its arguments, as a list, found `python3 server.py` | write one item for each argument: `[python3, server.py]`",
        ],
    );
    server(
        "start: { command: [x], scope: runs }",
        &["2:38: unknown choice `runs` | did you mean `run`? | write `run`, `file` or `case`"],
    );
    server(
        "start: { command: [x], env: { \"A=B\": c } }",
        &["2:38: `A=B` cannot be the name of an environment variable | write `{ NAME: value }`"],
    );
    server(
        "start: { command: [x], ready: { within: 0s } }",
        &["2:48: zero is no time at all | write a longer one, such as `100ms`"],
    );
    server(
        "start: { command: [x], ready: { log: \"(\" } }",
        &[
            "2:45: not a regular expression: unclosed group | the syntax is that of Rust's `regex` crate; write `\\` before a literal \
         `.`, `(`, `[`, `{`, `*`, `+` or `?`",
        ],
    );
    server("address: x:1, limits: { message: 4MB }", &["2:41: `4MB`: unknown unit `MB` | write `4MiB`"]);
    suite(
        "servers: { \"a:1\": { address: x:1 } }",
        &[
            "1:12: `a:1` cannot be the name of a server | a server's name is a letter, then letters, digits, `_` and `-`, all ASCII",
        ],
    );
}

#[test]
fn profiles_are_read_even_where_they_are_not_chosen() {
    suite(
        &format!("{SUITE}profiles: {{ p: {{ timeout: 1, profiles: {{}} }} }}\n"),
        &[
            "5:27: `1`: a number without a unit | write `1s` or `1ms`",
            "5:30: unknown key `profiles` | `profiles` stands at the top of the suite, `grpc-spec.yaml`",
        ],
    );
}

#[test]
fn everything_wrong_with_every_file_comes_in_one_pass() {
    let folder = Folder::new(&[
        ("grpc-spec.yaml", "servers: { a: { address: x:1, authority: [] } }\ntags: [\"a b\"]\n"),
        ("a.yaml", "cases:\n- { name: n, call: S/M, timeout: 1, repeat: 0 }\n- { nam: n, call: S/M }\n"),
        ("b.yaml", "cases: !x [ { name: n, call: S/M } ]\n"),
        ("c.yaml", "cases: [ { name: n, call: S/M } ]\n"),
    ]);
    let outcome = folder.load(&["", "gone"]);
    assert_eq!(
        outcome.errors(),
        [
            "`gone` does not exist",
            "grpc-spec.yaml:1:42: expected a text, found a list",
            "grpc-spec.yaml:2:8: `a b` cannot be a tag",
            "a.yaml:2:34: `1`: a number without a unit",
            "a.yaml:2:45: `0`: a count is at least 1",
            "a.yaml:3:5: unknown key `nam`",
            "b.yaml:1:8: YAML tag `!x`",
            "`c.yaml` is not run: its suite is invalid",
        ]
    );
    assert_eq!(outcome.ids(), ["<grpc-spec.yaml>", "<a.yaml>", "<b.yaml>", "<c.yaml>"]);
}
