//! Words from elsewhere, and ours for them.

/// A key that other tools use, and the keys it may be here: the first that the mapping has is meant.
const WORDS: &[(&str, &[&str])] = &[
    ("addr", &["address"]),
    ("after", &["teardown"]),
    ("after_all", &["teardown"]),
    ("after_each", &["teardown"]),
    ("args", &["command"]),
    ("assertions", &["expect"]),
    ("before", &["setup"]),
    ("before_all", &["setup"]),
    ("before_each", &["setup"]),
    ("body", &["request", "response"]),
    ("bytes", &["message"]),
    ("ca_cert", &["ca"]),
    ("ca_file", &["ca"]),
    ("cacert", &["ca"]),
    ("cafile", &["ca"]),
    ("cert_file", &["cert"]),
    ("certificate", &["cert"]),
    ("cleanup", &["teardown"]),
    ("client_cert", &["cert"]),
    ("client_key", &["key"]),
    ("cmd", &["command"]),
    ("code", &["status"]),
    ("compress", &["compression", "compressed"]),
    ("concurrency", &["parallel"]),
    ("count", &["repeat", "times"]),
    ("data", &["request", "response"]),
    ("deadline", &["timeout"]),
    ("delay", &["sleep"]),
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
    ("examples", &["cases"]),
    ("exec", &["command"]),
    ("expected", &["expect"]),
    ("expects", &["expect"]),
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
    ("iterations", &["repeat", "times"]),
    ("keep_alive", &["keepalive"]),
    ("key_file", &["key"]),
    ("labels", &["tags"]),
    ("latency", &["elapsed"]),
    ("message", &["request", "response"]),
    ("messages", &["requests", "responses"]),
    ("method", &["call"]),
    ("output", &["response"]),
    ("parallelism", &["parallel"]),
    ("payload", &["request", "response"]),
    ("port", &["address"]),
    ("private_key", &["key"]),
    ("proto", &["protos"]),
    ("proto_files", &["files"]),
    ("proto_paths", &["import_paths"]),
    ("protoset", &["descriptor_sets"]),
    ("protosets", &["descriptor_sets"]),
    ("receive", &["recv"]),
    ("reply", &["response"]),
    ("result", &["response"]),
    ("root_ca", &["ca"]),
    ("roots", &["ca"]),
    ("rpc", &["call"]),
    ("run", &["command"]),
    ("scenarios", &["cases"]),
    ("script", &["stream"]),
    ("servername", &["server_name"]),
    ("sni", &["server_name"]),
    ("ssl", &["tls"]),
    ("target", &["server", "address"]),
    ("test", &["cases", "name"]),
    ("tests", &["cases"]),
    ("then", &["expect"]),
    ("title", &["name"]),
    ("url", &["address", "server"]),
    ("variables", &["vars"]),
    ("wait", &["sleep", "ready"]),
    ("wait_for", &["ready"]),
    ("want", &["expect"]),
    ("workdir", &["cwd"]),
    ("working_dir", &["cwd"]),
];

/// Keys that other tools have and this format does not need, and what does their work.
const ELSEWHERE: &[(&str, &str)] = &[
    ("focus", "run a case alone with `--filter`"),
    ("only", "run a case alone with `--filter`"),
    ("proto_file", "name proto files once, under `protos:`"),
    ("shell", "`command` is a list of arguments; for a shell write `[sh, -c, \"…\"]`"),
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

fn folded(written: &str) -> String {
    written.to_ascii_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_sorted_and_unique() {
        assert!(WORDS.is_sorted_by(|(one, _), (next, _)| one < next));
    }

    #[test]
    fn answers_with_the_key_that_the_mapping_has() {
        assert_eq!(ours("body", &["name", "request"]), Some("request"));
        assert_eq!(ours("Body", &["response"]), Some("response"));
        assert_eq!(ours("after-each", &["teardown"]), Some("teardown"));
        assert_eq!(ours("cleanup", &["name", "call"]), None);
    }

    #[test]
    fn says_what_does_the_work_of_what_is_not_there() {
        assert_eq!(instead("only"), Some("run a case alone with `--filter`"));
        assert_eq!(instead("request"), None);
    }
}
