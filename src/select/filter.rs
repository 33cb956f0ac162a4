//! Ways to name cases by a part of their ids: a text, a glob, a regular expression. Main type: [`Filter`].

use regex::Regex;

/// `--filter`. An id, or a part of one, typed as it is, always matches itself, whatever marks it holds.
#[derive(Debug, Clone)]
pub(crate) enum Filter {
    /// A part of the id.
    Text(String),
    /// With `*` (any text) and `?` (any one character): the whole id. `[` and `]` are themselves, as in ids of rows.
    Glob(String, Regex),
    /// Between slashes: found anywhere in the id.
    Regex(String, Regex),
}

impl Filter {
    /// Reads an argument.
    ///
    /// # Errors
    /// What is wrong with it, in words, with the place.
    pub(crate) fn parse(written: &str) -> Result<Self, String> {
        if written.is_empty() {
            return Err("an empty text is in every id".to_owned());
        }
        let between_slashes = written.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
        if let Some(pattern) = between_slashes.filter(|pattern| !pattern.is_empty()) {
            let regex = Regex::new(pattern).map_err(|error| error.to_string())?;
            return Ok(Self::Regex(written.to_owned(), regex));
        }
        if written.contains(['*', '?']) {
            let regex = Regex::new(&regex_of_glob(written)).map_err(|error| error.to_string())?;
            return Ok(Self::Glob(written.to_owned(), regex));
        }
        Ok(Self::Text(written.to_owned()))
    }

    pub(super) fn matches(&self, id: &str) -> bool {
        match self {
            Self::Text(part) => id.contains(part.as_str()),
            Self::Glob(written, regex) => regex.is_match(id) || id.contains(written.as_str()),
            Self::Regex(_, regex) => regex.is_match(id),
        }
    }

    /// Whether it may match a case in a file that does not load, if it did.
    pub(super) fn may_match_in(&self, file: &str) -> bool {
        match self {
            Self::Text(part) => part.split_once("::").is_none_or(|(before, _)| file.ends_with(before)),
            Self::Glob(..) | Self::Regex(..) => true,
        }
    }

    /// As it was typed.
    pub(super) fn written(&self) -> &str {
        match self {
            Self::Text(written) | Self::Glob(written, _) | Self::Regex(written, _) => written,
        }
    }
}

fn regex_of_glob(glob: &str) -> String {
    let part = |letter: char| match letter {
        '*' => ".*".to_owned(),
        '?' => ".".to_owned(),
        other => regex::escape(other.encode_utf8(&mut [0; 4])),
    };
    format!("(?s)^{}$", glob.chars().map(part).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn matches(filter: &str, id: &str) -> bool {
        Filter::parse(filter).expect("a filter").matches(id)
    }

    #[test]
    fn a_text_is_found_anywhere() {
        assert!(matches("one", "a.yaml::one more"));
        assert!(matches("a.yaml::", "sub/a.yaml::one"));
        assert!(!matches("One", "a.yaml::one"));
    }

    #[test]
    fn a_glob_matches_the_whole_id() {
        assert!(matches("users/*", "users/v1/a.yaml::one"));
        assert!(matches("*::one", "a.yaml::one"));
        assert!(matches("a.yaml::on?", "a.yaml::one"));
        assert!(matches("*::世?", "a.yaml::世界"));
        assert!(!matches("one*", "a.yaml::one"));
        assert!(!matches("*::on?", "a.yaml::on"));
        assert!(!matches("aXyaml*", "a.yaml::one"), "a dot is a dot");
        assert!(!matches("a.yaml*", "a-yaml::one"), "a dot is a dot");
    }

    #[test]
    fn what_is_between_slashes_is_a_regular_expression() {
        assert!(matches("/^a.*(one|two)$/", "a.yaml::two"));
        assert!(matches("/one/", "a.yaml::one more"));
        assert!(!matches("/^one/", "a.yaml::one"));
        assert!(matches("//", "a//b.yaml::one"), "nothing is between these");
        assert!(!matches("/", "a.yaml::one"));
    }

    #[test]
    fn an_id_typed_as_it_is_matches_itself() {
        for id in ["users.yaml::creates a user[ada]", "a.yaml::is it *there*?", "a.yaml::a [b] (c) {d} ^$ .+ \\ |"] {
            assert!(matches(id, id), "{id}");
            let (_, name) = id.split_once("::").expect("a name");
            assert!(matches(name, id), "{name}");
        }
    }

    #[test]
    fn refuses_what_is_no_pattern() {
        assert_eq!(Filter::parse("").expect_err("refused"), "an empty text is in every id");
        let error = Filter::parse("/a(b/").expect_err("refused");
        assert!(error.contains("a(b\n     ^"), "{error}");
    }
}
