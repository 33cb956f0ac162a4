//! "Did you mean": the nearest member of a closed set, and the set itself in words.

/// A hint that names the nearest of `known` to what was written, when one is near enough to be what was meant.
pub(crate) fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(written, known).map(|name| format!("did you mean `{name}`?"))
}

/// Characters beyond which nothing is compared: the work grows with the product of both lengths.
const LONGEST: usize = 100;

/// The nearest of `known`, within a third of the length (at least one edit), case apart.
fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = written.chars().count();
    if length > LONGEST {
        return None;
    }
    let folded = written.to_lowercase();
    let allowed = (length / 3).clamp(1, 4);
    known
        .into_iter()
        .filter(|name| name.chars().count().abs_diff(length) <= allowed)
        .map(|name| (strsim::damerau_levenshtein(&folded, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= allowed && *distance < length && *name != written)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// A closed set in words, sorted as given: `` `a`, `b` or `c` ``; bounded, so that a set of thousands stays readable.
pub(crate) fn one_of<'a>(known: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 30;
    let names: Vec<String> = known.into_iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [first @ .., last] if names.len() <= SHOWN => format!("{} or {last}", first.join(", ")),
        many => format!("{} and {} more", many[..SHOWN].join(", "), many.len() - SHOWN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_only_what_is_near() {
        assert_eq!(did_you_mean("nmae", ["name", "id"]).as_deref(), Some("did you mean `name`?"));
        assert_eq!(did_you_mean("Name", ["name"]).as_deref(), Some("did you mean `name`?"));
        assert_eq!(did_you_mean("zebra", ["name", "id"]), None);
        assert_eq!(did_you_mean("a", ["b"]), None, "nothing of it is left");
        assert_eq!(did_you_mean(&"x".repeat(100_000), ["x"]), None);
    }

    #[test]
    fn a_closed_set_reads_as_a_sentence() {
        assert_eq!(one_of(["a"]), "`a`");
        assert_eq!(one_of(["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
