//! A field's place in a message, as people write it: `items[3].labels["a"].name`.

use std::fmt;

/// A path from a message down to a field, list element or map value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FieldPath(Vec<Segment>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Field(String),
    /// Counts from 0.
    Index(usize),
    /// As written: text in quotes, numbers and booleans bare.
    Key(String),
}

impl FieldPath {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub(crate) fn field(&self, name: &str) -> Self {
        self.with(Segment::Field(name.to_owned()))
    }

    #[must_use]
    pub(crate) fn index(&self, index: usize) -> Self {
        self.with(Segment::Index(index))
    }

    #[must_use]
    pub(crate) fn key(&self, key: &str) -> Self {
        self.with(Segment::Key(key.to_owned()))
    }

    /// Whether it is the message itself.
    pub(crate) fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// As the subject of a headline: `` `items[3].name` ``, or `the message`.
    pub(crate) fn subject(&self) -> String {
        if self.is_root() { "the message".to_owned() } else { format!("`{self}`") }
    }

    /// The same, of a path that may be very long: its first and last segments.
    pub(crate) fn short_subject(&self) -> String {
        const ENDS: usize = 4;
        if self.0.len() <= 3 * ENDS {
            return self.subject();
        }
        let part = |segments: &[Segment]| Self(segments.to_vec());
        let (first, last) = (part(&self.0[..ENDS]), part(&self.0[self.0.len() - ENDS..]));
        format!("`{first}.….{last}`")
    }

    fn with(&self, segment: Segment) -> Self {
        let mut path = self.clone();
        path.0.push(segment);
        path
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Field(name) if at == 0 => f.write_str(name)?,
                Segment::Field(name) => write!(f, ".{name}")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) => write!(f, "[{key}]")?,
            }
        }
        Ok(())
    }
}
