//! No output holds a secret: suites that use secrets wherever a case can have them, and what is looked for in
//! everything that is written of them.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::support::{Ended, Folder, Invocation, program};

/// Of the environment, and sent as a credential.
const TOKEN: &str = "tok-Env.7f3a~9b!x";
/// Written in the suite, with everything that somebody escapes.
const PASSWORD: &str = r#"pa$s "wörd" <&>'\%+/ 7"#;
/// Given by `--var`.
const PIN: &str = "pin-given-81723";
/// Of rows.
const SEATS: [&str; 2] = ["seat-first-row-1", "seat-second-row"];
/// Sent as credentials, and declared by nobody.
const COOKIE: &str = "c00kie-Value-5519";
const API_KEY: &str = "api-Key-Value-3ff1";
/// In a server's answer, and captured.
const SESSION: &str = "sess-Captured-0042";
/// Computed from that.
const DERIVED: &str = "derived-2400-derutpaC";

const SUITE: &str = r#"protos: { import_paths: [./protos] }
servers:
  started: { start: { command: [env, -u, HARNESS_PATH, ./program, serve, "${port}"] } }
  nowhere: { address: "http://${host}:1" }
  dies:
    start:
      command: [sh, -c, "echo \"said $PASSWORD and $1\"; exit 3", "-", "${pin}"]
      env: { PASSWORD: "${password}" }
server: started
vars:
  password: "pa$s \"wörd\" <&>'\\%+/ 7"
  host: nowhere-secret.invalid
  login: { user: ada-of-login, keys: [first-of-login] }
  pin: none-given
secrets: [env.TOKEN, password, pin, host, login, seat, session]
"#;

/// Every case fails.
const CASES: &str = r#"vars:
  same: "${password}"
metadata:
  authorization: "Bearer ${env.TOKEN}"
  cookie: "id=c00kie-Value-5519"
  x-api-key-bin: { $utf8: "api-Key-Value-3ff1" }
  x-plain: "${pin}"
  x-plain-bin: { $utf8: "0${password}" }
cases:
  - name: texts and bytes
    call: Echo/Unary
    request:
      item:
        name: "in ${password} out"
        payload: { $utf8: "1${password}" }
        nickname: "${pin}"
        tags: [x, "${env.TOKEN}"]
        settings: "${login}"
        labels: { key: "${host}" }
        attachments: [ { $type: echo.v1.Item, payload: { $utf8: "22${password}22" } } ]
    expect:
      response: { item: { name: x, nickname: { $regex: "^pin-given" }, payload: "eHg=", tags: [x] } }
  - name: status and metadata
    call: Echo/Unary
    request:
      answer:
        status:
          code: NOT_FOUND
          message: "no ${password}"
          details: [ { $type: echo.v1.Item, name: "${same}", payload: { $utf8: "333${pin}" } } ]
        headers: [ { key: x-header, text: "${pin}" }, { key: x-header-bin, binary: { $utf8: "4${password}" } } ]
        trailers: [ { key: set-cookie, text: "id=from-Set-Cookie-77; Path=/" } ]
    expect: { status: { code: OK }, headers: { x-header: "${env.TOKEN}" }, trailers: { set-cookie: x } }
  - name: said by the server ${pin}
    call: TestServer/GetRandom
    request: { id: "${password} ${env.TOKEN}" }
    expect: { response: { random: 99 } }
  - name: "named pin-given-81723"
    description: "tells of ${pin}, which is pin-given-81723"
    call: Greeter/SayHello
    request: { name: "${password}${pin}" }
    expect: { response: { message: { $starts_with: "${pin}" } } }
  - name: rows
    rows: [ { label: seat-first-row-1, seat: seat-first-row-1 }, { seat: seat-second-row } ]
    call: Greeter/SayHello
    request: { name: "${seat}" }
    expect: { response: { message: "${seat}" } }
  - name: captures
    steps:
      - call: Greeter/SayHello
        request: { name: "sess-Capt${'ured-0042'}" }
        capture: { session: "response.message.substring(7, 25)" }
      - call: Greeter/SayHello
        capture: { twisted: "'derived-' + session.substring(5).reverse()" }
      - call: Greeter/SayHello
        request: { name: "${session} ${twisted}" }
        expect:
          assert: ["response.message == twisted", "session.size() < 3"]
  - name: what would be captured
    call: Greeter/SayHello
    request: { name: "sess-Capt${'ured-0042'}" }
    capture: { session: "response.message.substring(7, 25)" }
    expect: { assert: "response.message == 'x'" }
  - name: conversation
    call: Chat/Talk
    stream:
      - send: { text: "say ${password}" }
      - recv: { text: { $contains: "say" } }
      - send: { text: "${pin}" }
      - recv: { text: other }
  - name: unreachable
    server: nowhere
    call: Greeter/SayHello
    expect: { unreachable: "${password}" }
  - name: not started
    server: dies
    call: Greeter/SayHello
  - name: not reached
    server: nowhere
    call: Greeter/SayHello
  - { name: skipped, skip: "for seat-second-row", call: Greeter/SayHello }
"#;

/// What is wrong is on the line of a secret.
const BROKEN: &str = r#"vars: { password: "of-broken-file-77", pint: 1 }
metadata: { authorization: Bearer written-in-broken-1 }
cases:
  - { name: a, call: Greeter/SayHello, request: { nmae: of-broken-file-77 } }
  - { name: b, call: Greeter/SayHello, metadata: { authorization: Bearer written-in-broken-1, te: x } }
  - { name: c, call: Greeter/SayHello, vars: { password: of-broken-case-78, te: x }, request: { name: "${pasword}" } }
"#;

const NO_YAML: &str = "vars: { password: \"of-no-yaml-79\", 'authorization': Bearer written-in-no-yaml\n  - [\n";

fn secrets() -> Vec<&'static str> {
    let declared = [TOKEN, PASSWORD, PIN, COOKIE, API_KEY, SESSION, DERIVED, "nowhere-secret.invalid"];
    let of_login = ["ada-of-login", "first-of-login", "from-Set-Cookie-77"];
    let broken =
        ["of-broken-file-77", "written-in-broken-1", "of-broken-case-78", "of-no-yaml-79", "written-in-no-yaml"];
    [&declared[..], &of_login, &SEATS, &broken].concat()
}

/// The ways in which a secret may stand in an output, found without our own masking.
fn forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let inside = |quoted: String| quoted[1..quoted.len() - 1].to_owned();
    let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let percent = |keep: fn(&u8) -> bool| {
        bytes.iter().fold(String::new(), |mut text, byte| {
            if keep(byte) {
                text.push(char::from(*byte));
            } else {
                let _ = write!(text, "%{byte:02X}");
            }
            text
        })
    };
    let mut forms = vec![
        secret.to_owned(),
        inside(serde_json::to_string(secret).expect("text")),
        inside(format!("{secret:?}")),
        quick_xml::escape::escape(secret).into_owned(),
        secret.replace('\'', r"'\''"),
        hex.to_uppercase(),
        hex,
        percent(|byte| (b' '..=b'~').contains(byte) && *byte != b'%'),
        percent(u8::is_ascii_alphanumeric),
    ];
    for before in 0..3 {
        let longer = [&b"ab"[..before], bytes, b"cd"].concat();
        // letters that only the secret decides
        let decided = (before * 8).div_ceil(6)..(before + bytes.len()) * 8 / 6;
        forms.push(STANDARD_NO_PAD.encode(&longer)[decided.clone()].to_owned());
        forms.push(URL_SAFE_NO_PAD.encode(&longer)[decided].to_owned());
    }
    forms
}

/// The secrets that a text holds, each with the form it has; also where it is percent-encoded, in whichever way.
fn leaks(text: &str) -> Vec<(&'static str, String)> {
    let text = &format!("{text}\n{}", percent_encoding::percent_decode_str(text).decode_utf8_lossy());
    let found = |secret: &'static str| {
        let here = forms(secret).into_iter().filter(|form| text.contains(form.as_str()));
        here.map(move |form| (secret, form)).collect::<Vec<_>>()
    };
    secrets().into_iter().flat_map(found).collect()
}

#[track_caller]
fn holds_no_secret(what: &str, text: &str) {
    let leaks = leaks(text);
    assert!(leaks.is_empty(), "{what} holds {leaks:?}:\n{text}");
}

fn suite() -> Folder {
    Folder::new().file("grpc-spec.yaml", SUITE).file("a.yaml", CASES)
}

/// With the secrets from outside.
fn outside(invocation: Invocation) -> Invocation {
    invocation.env("TOKEN", TOKEN)
}

fn run<'a>(folder: &Folder, arguments: impl IntoIterator<Item = &'a str>) -> Ended {
    let pin = format!("pin={PIN}");
    outside(folder.grpc_spec(arguments)).arguments(["--var", pin.as_str()]).run()
}

fn harness<'a>(folder: &Folder, arguments: impl IntoIterator<Item = &'a str>) -> Invocation {
    let pin = format!("pin={PIN}");
    outside(folder.run(program())).env("HARNESS_PATH", ".").env("HARNESS_VAR", pin).arguments(arguments)
}

#[test]
fn the_search_finds_every_form() {
    for secret in secrets() {
        for form in forms(secret) {
            assert!(leaks(&format!("<{form}>")).iter().any(|(found, _)| *found == secret), "{form}");
        }
    }
}

#[test]
fn a_report_holds_no_secret() {
    let folder = suite().file("target/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55");
    for extra in [&[][..], &["--full"], &["--color", "always"], &["--jobs", "1", "--full", "--color", "always"]] {
        let arguments = ["run", ".", "--junit", "junit.xml"].iter().chain(extra).copied();
        let ended = run(&folder, arguments).exits(3);
        holds_no_secret("standard output", &ended.stdout);
        holds_no_secret("standard error", &ended.stderr);
        holds_no_secret("the JUnit report", &folder.read("junit.xml"));
    }
    let records = std::fs::read_dir(folder.path("target/grpc-spec")).expect("the last run is on record");
    for record in records {
        let record = std::fs::read_to_string(record.expect("an entry").path()).expect("it is read");
        holds_no_secret("the record of the last run", &record);
        assert!(record.contains("a.yaml::named •pin•"), "{record}");
    }
    let again = run(&folder, ["run", ".", "--failed", "--filter", "named"]).exits(1);
    again.says("a.yaml::named •pin• ... FAILED");
}

#[test]
fn names_stand_where_the_secrets_stood() {
    let folder = suite();
    let ended = run(&folder, ["run", ".", "--jobs", "1", "--junit", "junit.xml"]).exits(3);
    let junit = folder.read("junit.xml");
    for shown in [
        "test a.yaml::named •pin• ... FAILED",
        "test a.yaml::rows[•seat•] ... FAILED",
        "test a.yaml::skipped ... ignored, for •seat•",
        "authorization: Bearer •env.TOKEN•",
        "cookie: id=•cookie•",
        "set-cookie: id=•set-cookie•; Path=/",
        "description: tells of ${pin}, which is •pin•",
        r#"-H 'authorization: Bearer '"$TOKEN""#,
        "no •password•",
        "name: \"in •password• out\"",
        "said •password• and •pin•",
        "http://•host•:1",
        "name: •session• •twisted•",
        "message: \"Hello, •session•!\"",
        "recv { text: \"echo say •password•\" }",
    ] {
        assert!(ended.stdout.contains(shown), "no `{shown}` in\n{ended}");
    }
    for shown in ["a.yaml::named •pin•", "a.yaml::rows[•seat•]", "for •seat•", "Bearer •env.TOKEN•", "no •password•"]
    {
        assert!(junit.contains(shown), "no `{shown}` in\n{junit}");
    }
}

#[test]
fn a_harness_shows_no_secret() {
    let folder = suite();
    let ended = harness(&folder, []).env("GRPC_SPEC_JUNIT", "junit.xml").run().exits(101);
    holds_no_secret("the harness", &ended.to_string());
    holds_no_secret("its JUnit report", &folder.read("junit.xml"));
    ended.says("a.yaml::named •pin•").says("authorization: Bearer •env.TOKEN•");

    let listed = harness(&folder, ["--list", "--format", "terse"]).run().exits(0);
    holds_no_secret("the list", &listed.to_string());
    for name in ["a.yaml::named •pin•", "a.yaml::texts and bytes"] {
        listed.says(&format!("{name}: test"));
        let one = harness(&folder, ["--exact", name, "--nocapture"]).env("NEXTEST", "1").run().exits(101);
        holds_no_secret("one case under nextest", &one.to_string());
        one.says("Bearer •env.TOKEN•");
    }
}

#[test]
fn listing_and_checking_show_no_secret() {
    let folder = suite();
    let listed = run(&folder, ["list", "."]).exits(0);
    holds_no_secret("the list", &listed.to_string());
    listed.says("a.yaml::named •pin•");
    let checked = run(&folder, ["check", "."]).exits(0);
    holds_no_secret("the check", &checked.to_string());
    for name in ["texts and bytes", "named pin-given-81723", "rows[seat-first-row-1]"] {
        let explained = run(&folder, ["explain", &format!("a.yaml::{name}"), "."]).exits(0);
        holds_no_secret("the explanation", &explained.to_string());
        explained.says("•password•").says("cookie: \"id=•cookie•\"");
    }
}

#[test]
fn what_is_broken_shows_no_secret() {
    let folder = suite().file("broken.yaml", BROKEN).file("no.yaml", NO_YAML);
    for command in ["check", "list", "run"] {
        let ended = run(&folder, [command, "."]).exits(2);
        holds_no_secret(command, &ended.to_string());
        ended.says("•password•");
    }
    let checked = run(&folder, ["check", "."]).exits(2);
    checked.says("request: { nmae: •password• }").says("Bearer •authorization•, te: x");
    let junit = run(&folder, ["run", ".", "--junit", "junit.xml"]).exits(2);
    holds_no_secret("the report of what is broken", &junit.to_string());
    holds_no_secret("the JUnit report of what is broken", &folder.read("junit.xml"));

    let suite = format!("{SUITE}timeout: [\n");
    let folder = Folder::new().file("grpc-spec.yaml", &suite).file("broken.yaml", BROKEN);
    holds_no_secret("a broken suite", &run(&folder, ["check", "."]).exits(2).to_string());
}

#[test]
fn a_secret_that_is_too_short_is_told() {
    let folder = Folder::new()
        .file(
            "grpc-spec.yaml",
            "protos: { import_paths: [./protos] }\nservers: { a: { address: x:1 } }\nsecrets: [pin]\n",
        )
        .file(
            "a.yaml",
            "vars: { pin: 123 }\ncases: [ { name: a, call: Greeter/SayHello, request: { name: \"${pin}\" } } ]\n",
        );
    let checked = folder.grpc_spec(["check", "."]).run().exits(0);
    checked.says("warning: the secret `pin` is too short to be hidden everywhere\n --> a.yaml:1:14\n");
    checked.says("vars: { pin: •pin• }").says("make it at least 4 characters long");
}
