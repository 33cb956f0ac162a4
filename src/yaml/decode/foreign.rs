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
    ("cleanup", &["teardown"]),
    ("cmd", &["command"]),
    ("code", &["status"]),
    ("count", &["repeat", "times"]),
    ("data", &["request", "response"]),
    ("deadline", &["timeout"]),
    ("desc", &["description"]),
    ("descriptors", &["descriptor_sets"]),
    ("dir", &["cwd"]),
    ("disabled", &["skip"]),
    ("duration", &["elapsed"]),
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
    ("iterations", &["repeat", "times"]),
    ("labels", &["tags"]),
    ("latency", &["elapsed"]),
    ("message", &["request", "response"]),
    ("messages", &["requests", "responses"]),
    ("method", &["call"]),
    ("output", &["response"]),
    ("parallelism", &["parallel"]),
    ("payload", &["request", "response"]),
    ("port", &["address"]),
    ("proto", &["protos"]),
    ("proto_files", &["files"]),
    ("proto_paths", &["import_paths"]),
    ("protoset", &["descriptor_sets"]),
    ("protosets", &["descriptor_sets"]),
    ("reply", &["response"]),
    ("result", &["response"]),
    ("rpc", &["call"]),
    ("run", &["command"]),
    ("scenarios", &["cases"]),
    ("target", &["server", "address"]),
    ("test", &["cases", "name"]),
    ("tests", &["cases"]),
    ("then", &["expect"]),
    ("title", &["name"]),
    ("url", &["address", "server"]),
    ("variables", &["vars"]),
    ("wait", &["ready"]),
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

/// What to write instead of a key that is not in `known`.
pub(super) fn translate(written: &str, known: &[&str]) -> Option<String> {
    let written = written.to_ascii_lowercase().replace('-', "_");
    let ours = WORDS.iter().find(|(word, _)| *word == written).map(|(_, ours)| *ours).unwrap_or_default();
    if let Some(ours) = ours.iter().find(|ours| known.contains(ours)) {
        return Some(format!("this is written `{ours}` here"));
    }
    ELSEWHERE.iter().find(|(word, _)| *word == written).map(|(_, instead)| (*instead).to_owned())
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
        assert_eq!(translate("body", &["request"]).as_deref(), Some("this is written `request` here"));
        assert_eq!(translate("Body", &["response"]).as_deref(), Some("this is written `response` here"));
        assert_eq!(translate("after-each", &["teardown"]).as_deref(), Some("this is written `teardown` here"));
        assert_eq!(translate("cleanup", &["name", "call"]), None);
    }
}
