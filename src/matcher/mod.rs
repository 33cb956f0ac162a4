//! Expectations: nodes compiled once against descriptors, then compared with what came back. Pure. Main types:
//! [`Matcher`] for a value, `Expectation` for a whole `expect:`.
