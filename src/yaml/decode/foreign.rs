//! Words from elsewhere, and ours for them.

/// A key that other tools use, and the keys it may be here: the first that the mapping has is meant.
const WORDS: &[(&str, &[&str])] = &[
    ("actions", &["steps"]),
    ("addr", &["address"]),
    ("after", &["teardown"]),
    ("after_all", &["teardown"]),
    ("always", &["teardown"]),
    ("args", &["command"]),
    ("assertions", &["expect"]),
    ("asserts", &["assert"]),
    ("await", &["eventually"]),
    ("backoff", &["every"]),
    ("before", &["setup", "steps"]),
    ("before_all", &["setup", "steps"]),
    ("body", &["request", "response"]),
    ("bytes", &["message"]),
    ("ca_cert", &["ca"]),
    ("ca_file", &["ca"]),
    ("cacert", &["ca"]),
    ("cafile", &["ca"]),
    ("calls", &["steps"]),
    ("captures", &["capture"]),
    ("cert_file", &["cert"]),
    ("certificate", &["cert"]),
    ("cleanup", &["teardown"]),
    ("client_cert", &["cert"]),
    ("client_key", &["key"]),
    ("cmd", &["command"]),
    ("code", &["status"]),
    ("compress", &["compression", "compressed"]),
    ("concurrency", &["parallel"]),
    ("count", &["repeat", "times", "attempts"]),
    ("csv", &["file", "rows"]),
    ("data", &["request", "response"]),
    ("data_driven", &["rows"]),
    ("dataset", &["rows"]),
    ("deadline", &["timeout", "within"]),
    ("defer", &["teardown"]),
    ("delay", &["sleep", "every"]),
    ("desc", &["description"]),
    ("descriptors", &["descriptor_sets"]),
    ("dir", &["cwd"]),
    ("disabled", &["skip"]),
    ("duration", &["elapsed"]),
    ("encoding", &["compression"]),
    ("endpoint", &["call", "address"]),
    ("environment", &["env"]),
    ("environments", &["profiles"]),
    ("error", &["status"]),
    ("examples", &["rows", "cases"]),
    ("exclusive", &["lock"]),
    ("exec", &["command"]),
    ("expect_failure", &["xfail"]),
    ("expected", &["expect"]),
    ("expected_failure", &["xfail"]),
    ("expects", &["expect"]),
    ("export", &["capture"]),
    ("extract", &["capture"]),
    ("fails", &["xfail"]),
    ("finally", &["teardown"]),
    ("for_each", &["rows"]),
    ("foreach", &["rows"]),
    ("from", &["file"]),
    ("given", &["setup", "steps"]),
    ("headers", &["metadata"]),
    ("host", &["address", "server"]),
    ("id", &["name"]),
    ("ignore", &["skip"]),
    ("import_path", &["import_paths"]),
    ("imports", &["import_paths"]),
    ("includes", &["import_paths"]),
    ("input", &["request"]),
    ("insecure", &["skip_verify"]),
    ("insecure_skip_verify", &["skip_verify"]),
    ("interval", &["every"]),
    ("iterations", &["repeat", "times"]),
    ("keep_alive", &["keepalive"]),
    ("key_file", &["key"]),
    ("known_failure", &["xfail"]),
    ("labels", &["tags"]),
    ("latency", &["elapsed"]),
    ("let", &["vars"]),
    ("locks", &["lock"]),
    ("mask", &["secrets"]),
    ("matrix", &["rows"]),
    ("max_attempts", &["attempts"]),
    ("max_retries", &["attempts", "retry"]),
    ("message", &["request", "response"]),
    ("messages", &["requests", "responses"]),
    ("method", &["call"]),
    ("must_fail", &["xfail"]),
    ("mutex", &["lock"]),
    ("output", &["response"]),
    ("parallelism", &["parallel"]),
    ("parameterize", &["rows"]),
    ("parameterized", &["rows"]),
    ("parameters", &["rows"]),
    ("parametrize", &["rows"]),
    ("params", &["rows"]),
    ("path", &["file"]),
    ("payload", &["request", "response"]),
    ("pending", &["skip"]),
    ("period", &["every"]),
    ("poll", &["eventually"]),
    ("poll_interval", &["every"]),
    ("port", &["address"]),
    ("private_key", &["key"]),
    ("proto", &["protos"]),
    ("proto_files", &["files"]),
    ("proto_paths", &["import_paths"]),
    ("protoset", &["descriptor_sets"]),
    ("protosets", &["descriptor_sets"]),
    ("receive", &["recv"]),
    ("redact", &["secrets"]),
    ("register", &["capture"]),
    ("reply", &["response"]),
    ("result", &["response"]),
    ("retries", &["retry", "attempts"]),
    ("root_ca", &["ca"]),
    ("roots", &["ca"]),
    ("rpc", &["call"]),
    ("run", &["command"]),
    ("save", &["capture"]),
    ("scenarios", &["cases"]),
    ("script", &["stream"]),
    ("secret", &["secrets"]),
    ("sensitive", &["secrets"]),
    ("sequential", &["serial"]),
    ("servername", &["server_name"]),
    ("should_fail", &["xfail"]),
    ("sni", &["server_name"]),
    ("ssl", &["tls"]),
    ("step", &["steps"]),
    ("store", &["capture"]),
    ("table", &["rows"]),
    ("target", &["server", "address"]),
    ("test", &["cases", "name"]),
    ("tests", &["cases"]),
    ("then", &["expect"]),
    ("timeout", &["within"]),
    ("times", &["attempts"]),
    ("title", &["name"]),
    ("tries", &["attempts"]),
    ("until", &["eventually"]),
    ("url", &["address", "server"]),
    ("variables", &["vars"]),
    ("wait", &["sleep", "ready"]),
    ("wait_for", &["ready"]),
    ("wait_until", &["eventually"]),
    ("want", &["expect"]),
    ("when", &["call"]),
    ("with_items", &["rows"]),
    ("workdir", &["cwd"]),
    ("working_dir", &["cwd"]),
    ("xpass", &["xfail"]),
];

/// Keys that other tools have and this format does not need, and what does their work.
const ELSEWHERE: &[(&str, &str)] = &[
    ("after_each", "write `teardown` in each case: that of a file is run once, after its cases"),
    ("before_each", "let it be the first of each case's `steps`: `setup` of a file is run once, before its cases"),
    ("depends_on", "cases do not wait for each other: write one case with `steps`, or a `setup` for all of the file"),
    ("else", "there are no conditions: write a case for each"),
    ("extends", "what files share stands in `grpc-spec.yaml`, what cases share in their file"),
    ("focus", "run a case alone with `--filter`"),
    ("if", "there are no conditions: write a case for each"),
    ("import", "what files share stands in `grpc-spec.yaml`, what cases share in their file"),
    ("include", "what files share stands in `grpc-spec.yaml`, what cases share in their file"),
    ("loop", "`rows` make a case for each of a list of values, `repeat` runs a case again"),
    ("needs", "cases do not wait for each other: write one case with `steps`, or a `setup` for all of the file"),
    ("only", "run a case alone with `--filter`"),
    ("parallel", "cases run in parallel, unless their file has `serial: true` or they share a `lock`"),
    ("proto_file", "name proto files once, under `protos:`"),
    ("shell", "`command` is a list of arguments; for a shell write `[sh, -c, \"…\"]`"),
];

/// Keys of ours, and where they stand: what is said of one that stands elsewhere.
const PLACES: &[(&str, &str)] = &[
    ("across", "`across` is a key of a case"),
    ("capture", "`capture` is a key of a call, or stands beside a `recv`"),
    ("description", "`description` is a key of a case"),
    ("eventually", "`eventually` is a key of a call"),
    ("id", "`id` is a key of a step, or of the one call of a case"),
    ("label", "`label` is a key of a row, under `rows:`"),
    ("lock", "`lock` is a key of a case, or of its file"),
    ("profiles", "`profiles` stands at the top of the suite, `grpc-spec.yaml`"),
    ("repeat", "`repeat` is a key of a case"),
    ("retry", "`retry` is a key of a case; a single call is made again under `eventually`"),
    ("rows", "`rows` is a key of a case"),
    ("secrets", "`secrets` is a key of the suite, `grpc-spec.yaml`"),
    ("serial", "`serial` is a key of a case file"),
    ("setup", "`setup` is a key of a case file, or of the suite; in a case, let it be the first of the `steps`"),
    ("skip", "`skip` is a key of a case"),
    ("sleep", "`sleep` is a step of its own: `- sleep: 2s`"),
    ("steps", "`steps` is a key of a case; steps do not hold steps"),
    ("tags", "`tags` is a key of a case, of its file, or of the suite"),
    ("teardown", "`teardown` is a key of a case, of its file, or of the suite"),
    ("vars", "`vars` is a key of a case, of its file, or of the suite"),
    ("xfail", "`xfail` is a key of a case"),
];

/// Our key for one from elsewhere, if `known` has it.
pub(super) fn ours<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    let written = folded(written);
    let (_, ours) = WORDS.iter().find(|(word, _)| *word == written)?;
    ours.iter().find_map(|ours| known.iter().find(|known| *known == ours).copied())
}

/// What does the work of a key from elsewhere that the format does without.
pub(super) fn instead(written: &str) -> Option<&'static str> {
    let written = folded(written);
    ELSEWHERE.iter().find(|(word, _)| *word == written).map(|(_, instead)| *instead)
}

/// Where a key of ours stands.
pub(super) fn place(written: &str) -> Option<&'static str> {
    PLACES.iter().find(|(word, _)| *word == written).map(|(_, place)| *place)
}

fn folded(written: &str) -> String {
    written.to_ascii_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_sorted_and_unique() {
        assert!(WORDS.is_sorted_by(|(one, _), (next, _)| one < next));
        assert!(ELSEWHERE.is_sorted_by(|(one, _), (next, _)| one < next));
        assert!(PLACES.is_sorted_by(|(one, _), (next, _)| one < next));
    }

    #[test]
    fn answers_with_the_key_that_the_mapping_has() {
        assert_eq!(ours("body", &["name", "request"]), Some("request"));
        assert_eq!(ours("Body", &["response"]), Some("response"));
        assert_eq!(ours("after-all", &["teardown"]), Some("teardown"));
        assert_eq!(ours("cleanup", &["name", "call"]), None);
    }

    #[test]
    fn says_what_does_the_work_of_what_is_not_there() {
        assert_eq!(instead("only"), Some("run a case alone with `--filter`"));
        assert_eq!(instead("request"), None);
    }
}
