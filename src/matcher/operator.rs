//! The one table of operators: which types each is for and what it takes. It drives the checks, the error messages and
//! the suggestions. Main type: [`Operator`].

use crate::diagnostic::{did_you_mean, one_of};

/// A set of kinds of types, by what operators do with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Classes(u16);

impl Classes {
    pub(crate) const NUMBER: Self = Self(1);
    pub(crate) const BOOL: Self = Self(1 << 1);
    pub(crate) const STRING: Self = Self(1 << 2);
    pub(crate) const BYTES: Self = Self(1 << 3);
    pub(crate) const ENUM: Self = Self(1 << 4);
    pub(crate) const TIMESTAMP: Self = Self(1 << 5);
    pub(crate) const DURATION: Self = Self(1 << 6);
    pub(crate) const LIST: Self = Self(1 << 7);
    pub(crate) const MAP: Self = Self(1 << 8);
    pub(crate) const MESSAGE: Self = Self(1 << 9);
    pub(crate) const ANY: Self = Self(1 << 10);
    const ANYTHING: Self = Self((1 << 11) - 1);

    /// In words for a message, in the order of the format's own table.
    const NAMED: [(Self, &'static str); 11] = [
        (Self::NUMBER, "numbers"),
        (Self::TIMESTAMP, "timestamps"),
        (Self::DURATION, "durations"),
        (Self::BOOL, "booleans"),
        (Self::STRING, "strings"),
        (Self::BYTES, "bytes"),
        (Self::ENUM, "enums"),
        (Self::LIST, "lists"),
        (Self::MAP, "maps"),
        (Self::MESSAGE, "messages"),
        (Self::ANY, "`Any`"),
    ];

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// `numbers, timestamps and durations`.
    pub(crate) fn describe(self) -> String {
        if self == Self::ANYTHING {
            return "anything".to_owned();
        }
        let names: Vec<&str> =
            Self::NAMED.iter().filter(|(class, _)| self.meets(*class)).map(|(_, name)| *name).collect();
        match names.as_slice() {
            [] => "nothing".to_owned(),
            [only] => (*only).to_owned(),
            [first @ .., last] => format!("{} and {last}", first.join(", ")),
        }
    }
}

/// What an operator asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    In,
    Not,
    Present,
    Cel,
    Gt,
    Gte,
    Lt,
    Lte,
    Between,
    Approx,
    Within,
    Regex,
    Contains,
    StartsWith,
    EndsWith,
    Len,
    Json,
    Format,
    Hex,
    Utf8,
    Sha256,
    Type,
    Each,
    Unordered,
    Sorted,
    Unique,
    Keys,
    Values,
    Exact,
    Oneof,
    File,
    Zeros,
}

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Operator {
    pub(crate) op: Op,
    /// With its `$`.
    pub(crate) name: &'static str,
    /// The types it is for.
    pub(crate) fits: Classes,
    /// Its operand, in words that follow "takes".
    pub(crate) takes: &'static str,
}

const ORDERED: Classes = Classes::NUMBER.or(Classes::TIMESTAMP).or(Classes::DURATION);
const TEXTUAL: Classes = Classes::STRING.or(Classes::BYTES);

/// Every operator, in the order of the format's own table.
pub(crate) const OPERATORS: &[Operator] = &[
    row(Op::In, "$in", Classes::ANYTHING, "a list of values or operators, one of which must hold"),
    row(Op::Not, "$not", Classes::ANYTHING, "a value or an operator that must not hold"),
    row(Op::Present, "$present", Classes::ANYTHING, "`true` or `false`"),
    row(Op::Cel, "$cel", Classes::ANYTHING, "a CEL expression about `this`"),
    row(Op::Gt, "$gt", ORDERED, "a value of the field's type"),
    row(Op::Gte, "$gte", ORDERED, "a value of the field's type"),
    row(Op::Lt, "$lt", ORDERED, "a value of the field's type"),
    row(Op::Lte, "$lte", ORDERED, "a value of the field's type"),
    row(Op::Between, "$between", ORDERED, "`[low, high]`, both ends included"),
    row(Op::Approx, "$approx", ORDERED, "`{ value: …, within: … }`"),
    row(Op::Within, "$within", Classes::TIMESTAMP, "a duration from now, such as `5s`"),
    row(Op::Regex, "$regex", Classes::STRING, "a regular expression"),
    row(Op::Contains, "$contains", TEXTUAL.or(Classes::LIST), "what must be in it, or a list: each of them"),
    row(Op::StartsWith, "$starts_with", TEXTUAL, "what it starts with"),
    row(Op::EndsWith, "$ends_with", TEXTUAL, "what it ends with"),
    row(Op::Len, "$len", TEXTUAL.or(Classes::LIST).or(Classes::MAP), "a count, or operators on it"),
    row(Op::Json, "$json", TEXTUAL, "the JSON value it holds, matched in part"),
    row(Op::Format, "$format", Classes::STRING, "the name of a format"),
    row(Op::Hex, "$hex", Classes::BYTES, "hexadecimal digits"),
    row(Op::Utf8, "$utf8", Classes::BYTES, "a text, or operators on it"),
    row(Op::Type, "$type", Classes::BYTES.or(Classes::ANY), "a message's full name"),
    row(Op::Sha256, "$sha256", Classes::BYTES, "64 hexadecimal digits"),
    row(Op::Each, "$each", Classes::LIST, "what every element must be"),
    row(Op::Unordered, "$unordered", Classes::LIST, "a list of all elements, in any order"),
    row(Op::Sorted, "$sorted", Classes::LIST, "`asc`, `desc`, or `{ field: asc }`"),
    row(Op::Unique, "$unique", Classes::LIST, "`true`, or the field that must differ"),
    row(Op::Keys, "$keys", Classes::MAP, "the list of its keys, or operators on it"),
    row(Op::Values, "$values", Classes::MAP, "the list of its values in key order, or operators on it"),
    row(
        Op::Exact,
        "$exact",
        Classes::MESSAGE.or(Classes::MAP).or(Classes::ANY),
        "the whole of it: nothing else may be set",
    ),
    row(Op::Oneof, "$oneof", Classes::MESSAGE, "`{ oneof: member }`"),
    row(Op::File, "$file", Classes::ANYTHING, "a path, relative to this file"),
    row(Op::Zeros, "$zeros", Classes::BYTES, "a count of zero bytes"),
];

const fn row(op: Op, name: &'static str, fits: Classes, takes: &'static str) -> Operator {
    Operator { op, name, fits, takes }
}

/// Words of other tools, and what they are here.
const FOREIGN: &[(&str, &str)] = &[
    ("$eq", "write the value itself"),
    ("$equals", "write the value itself"),
    ("$ne", "write `$not: …`"),
    ("$neq", "write `$not: …`"),
    ("$any_of", "write `$in: […]`"),
    ("$anyOf", "write `$in: […]`"),
    ("$oneOf", "write `$in: […]` (`$oneof` asks which member of a oneof is set)"),
    ("$one_of", "write `$in: […]` (`$oneof` asks which member of a oneof is set)"),
    ("$or", "write `$in: […]`"),
    ("$nin", "write `$not: { $in: […] }`"),
    ("$all_of", "write the operators in one mapping: all of them must hold"),
    ("$allOf", "write the operators in one mapping: all of them must hold"),
    ("$and", "write the operators in one mapping: all of them must hold"),
    ("$all", "write `$each: …`"),
    ("$every", "write `$each: …`"),
    ("$some", "write `$contains: […]`"),
    ("$any", "write `$contains: […]`"),
    ("$none", "write `$not: { $contains: […] }`"),
    ("$exists", "write `$present: true`"),
    ("$size", "write `$len: …`"),
    ("$length", "write `$len: …`"),
    ("$match", "write `$regex: …`"),
    ("$matches", "write `$regex: …`"),
];

impl Operator {
    pub(crate) fn by_name(name: &str) -> Option<&'static Self> {
        OPERATORS.iter().find(|operator| operator.name == name)
    }

    /// Those for a type, as a closed set in words.
    pub(crate) fn fitting(classes: Classes) -> String {
        let fitting = OPERATORS.iter().filter(|operator| operator.fits.meets(classes));
        one_of(fitting.map(|operator| operator.name))
    }
}

/// The way out for a name that is no operator: our word for it, or the nearest one that fits the type.
pub(crate) fn suggestion(written: &str, classes: Classes) -> Option<String> {
    let foreign = FOREIGN.iter().find(|(word, _)| *word == written).map(|(_, ours)| (*ours).to_owned());
    let fitting = OPERATORS.iter().filter(|operator| operator.fits.meets(classes));
    foreign
        .or_else(|| did_you_mean(written, fitting.map(|operator| operator.name)))
        .or_else(|| did_you_mean(written, OPERATORS.iter().map(|operator| operator.name)))
}

/// Whether a mapping's key is an operator: it starts with one `$`; `$$` is a literal key that starts with `$`.
pub(crate) fn is_operator_key(key: &str) -> bool {
    key.starts_with('$') && !key.starts_with("$$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_is_found_by_its_name_once() {
        for operator in OPERATORS {
            let found = Operator::by_name(operator.name).expect("it is in the table");
            assert_eq!(found.op, operator.op);
            assert!(FOREIGN.iter().all(|(word, _)| *word != operator.name));
        }
    }

    #[test]
    fn classes_read_as_words() {
        assert_eq!(ORDERED.describe(), "numbers, timestamps and durations");
        assert_eq!(Classes::ANYTHING.describe(), "anything");
        assert_eq!(Classes::STRING.describe(), "strings");
    }

    #[test]
    fn foreign_words_are_answered_with_ours() {
        assert_eq!(suggestion("$eq", Classes::NUMBER).as_deref(), Some("write the value itself"));
        assert_eq!(suggestion("$none", Classes::LIST).as_deref(), Some("write `$not: { $contains: […] }`"));
        assert_eq!(suggestion("$betwen", Classes::NUMBER).as_deref(), Some("did you mean `$between`?"));
        assert_eq!(suggestion("$zzzzzz", Classes::NUMBER), None);
    }
}
