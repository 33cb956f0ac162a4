//! What differs from run to run, replaced: times, moments, ports, versions.

use std::sync::LazyLock;

use regex::Regex;

/// A pattern, and what stands in golden files for its group `it`, or for all of it.
static RULES: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    let time = r"(?:\d+m\d\ds|\d+(?:\.\d+)?(?:µs|ms|s))";
    let moment = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z";
    [
        (format!(r"(?m)(?:^test .* \.\.\. \w+ \()(?<it>{time})\)$"), "[TIME]"),
        (format!(r"(?m)(?:^test .* \.\.\. (?:flaky|failed as expected) \()(?<it>{time})\),"), "[TIME]"),
        (format!(r"(?m)(?:` \()(?<it>{time})\)"), "[TIME]"),
        (format!(r"(?m)(?:^eventually: )(?<it>\d+ attempts? in {time}),"), "[ATTEMPTS]"),
        (format!(r"(?m)(?:^test result: .*; finished in )(?<it>{time})$"), "[TIME]"),
        (format!(r"(?m)(?:^status: \w+, after )(?<it>{time})\b"), "[TIME]"),
        (format!(r"(?m)(?:^    )(?<it>\+{time} *) [→←×·]"), "[TIME]"),
        (format!(r"(?m)(?:^status: none, cancelled after )(?<it>{time}):"), "[TIME]"),
        (format!(r"(?m)(?:: (?:passed|failed) after )(?<it>{time})\b"), "[TIME]"),
        (format!(r"(?:no connection to \S+ within )(?<it>{time})\b"), "[TIME]"),
        (format!(r"(?:deadline exceeded after )(?<it>{time})\b"), "[TIME]"),
        (r"(?m)(?:= actual: )(?<it>\d+\.\d{3,9}(?:µs|ms|s)) \(google".to_owned(), "[TIME]"),
        (r"(?m)(?:= elapsed: )(?<it>\d+\.\d{3,9}(?:µs|ms|s)) \(duration".to_owned(), "[TIME]"),
        (r"(?m)(?:^    timeout: )(?<it>[\d.]+s)$".to_owned(), "[TIME]"),
        (format!(r"(?m)(?:^    answered_at: )(?<it>{moment})$"), "[MOMENT]"),
        (format!(r"(?m)(?:= now: )(?<it>{moment})$"), "[MOMENT]"),
        (r"(?m)(?:^    date: )(?<it>.* GMT)$".to_owned(), "[MOMENT]"),
        (r"(?:127\.0\.0\.1:)(?<it>\d{4,5})\b".to_owned(), "[PORT]"),
        (r"(?:grpc-spec/)(?<it>\d+\.\d+\.\d+)".to_owned(), "[VERSION]"),
    ]
    .map(|(pattern, name)| (Regex::new(&pattern).expect("a pattern"), name))
    .into()
});

/// `text`, the same for every run.
pub(crate) fn redact(text: &str) -> String {
    let mut redacted = text.to_owned();
    for (pattern, name) in &*RULES {
        let replaced = pattern.replace_all(&redacted, |found: &regex::Captures| {
            let whole = found.get_match();
            let it = found.name("it").unwrap_or(whole);
            let (before, after) = (&redacted[whole.start()..it.start()], &redacted[it.end()..whole.end()]);
            format!("{before}{name}{after}")
        });
        redacted = replaced.into_owned();
    }
    redacted
}
