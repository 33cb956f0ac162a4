//! An expression as a tree: what the parser makes, and what is checked, evaluated and explained.

use std::ops::Range;
use std::sync::Arc;

use super::Value;
use super::signature::{Macro, NAMESPACES, macro_of};

/// A part of an expression, and the bytes of the source it was read from, brackets around it not included.
#[derive(Debug, Clone)]
pub(super) struct Term {
    pub(super) range: Range<usize>,
    pub(super) kind: TermKind,
}

#[derive(Debug, Clone)]
pub(super) enum TermKind {
    Literal(Value),
    Name(Arc<str>),
    Select(Box<Select>),
    Index(Box<Index>),
    /// `function(…)`, `target.function(…)`, macros included.
    Call(Box<Call>),
    Not(Box<Term>),
    Negate(Box<Term>),
    Binary(Box<Binary>),
    Conditional(Box<Conditional>),
    /// `optional`: `[?x]` leaves `x` out if it is none.
    List(Vec<Element>),
    Map(Vec<Entry>),
}

/// `operand.field`, or `operand.?field`.
#[derive(Debug, Clone)]
pub(super) struct Select {
    pub(super) operand: Term,
    pub(super) field: Arc<str>,
    pub(super) field_range: Range<usize>,
    pub(super) optional: bool,
}

/// `operand[index]`, or `operand[?index]`.
#[derive(Debug, Clone)]
pub(super) struct Index {
    pub(super) operand: Term,
    pub(super) by: Term,
    pub(super) optional: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) target: Option<Term>,
    pub(super) function: Arc<str>,
    pub(super) function_range: Range<usize>,
    pub(super) arguments: Vec<Term>,
}

#[derive(Debug, Clone)]
pub(super) struct Binary {
    pub(super) operator: Operator,
    pub(super) operator_range: Range<usize>,
    pub(super) left: Term,
    pub(super) right: Term,
}

#[derive(Debug, Clone)]
pub(super) struct Conditional {
    pub(super) condition: Term,
    pub(super) then: Term,
    pub(super) otherwise: Term,
}

#[derive(Debug, Clone)]
pub(super) struct Element {
    pub(super) value: Term,
    pub(super) optional: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: Term,
    pub(super) value: Term,
    pub(super) optional: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }

    /// Whether it compares: its operands are what a failed assertion shows.
    pub(super) fn compares(self) -> bool {
        matches!(
            self,
            Self::Equal
                | Self::NotEqual
                | Self::Less
                | Self::LessOrEqual
                | Self::Greater
                | Self::GreaterOrEqual
                | Self::In
        )
    }
}

impl Term {
    /// `a`, or `a.b.c` as its parts: selections of fields, none of them optional, on a name.
    pub(super) fn path(&self) -> Option<Vec<&Arc<str>>> {
        let mut parts = Vec::new();
        let mut term = self;
        loop {
            match &term.kind {
                TermKind::Name(name) => {
                    parts.push(name);
                    parts.reverse();
                    return Some(parts);
                }
                TermKind::Select(select) if !select.optional => {
                    parts.push(&select.field);
                    term = &select.operand;
                }
                _ => return None,
            }
        }
    }

    /// The terms directly within, in the order of the source.
    pub(super) fn children(&self) -> Vec<&Self> {
        match &self.kind {
            TermKind::Literal(_) | TermKind::Name(_) => Vec::new(),
            TermKind::Select(select) => vec![&select.operand],
            TermKind::Index(index) => vec![&index.operand, &index.by],
            TermKind::Call(call) => call.target.iter().chain(&call.arguments).collect(),
            TermKind::Not(operand) | TermKind::Negate(operand) => vec![operand],
            TermKind::Binary(binary) => vec![&binary.left, &binary.right],
            TermKind::Conditional(conditional) => {
                vec![&conditional.condition, &conditional.then, &conditional.otherwise]
            }
            TermKind::List(elements) => elements.iter().map(|element| &element.value).collect(),
            TermKind::Map(entries) => entries.iter().flat_map(|entry| [&entry.key, &entry.value]).collect(),
        }
    }
}

/// What selections and indices begin with, and each of them, in order.
pub(super) fn chain_of(term: &Term) -> (&Term, Vec<&Term>) {
    let mut chain = Vec::new();
    let mut base = term;
    loop {
        base = match &base.kind {
            TermKind::Select(select) => {
                chain.push(base);
                &select.operand
            }
            TermKind::Index(index) => {
                chain.push(base);
                &index.operand
            }
            _ => break,
        };
    }
    chain.reverse();
    (base, chain)
}

/// What may be one name of several parts, from the first alone: `servers`, `servers.greeter`, `servers.greeter.address`.
pub(super) fn paths(name: &str, chain: &[&Term]) -> Vec<String> {
    let mut paths = vec![name.to_owned()];
    for step in chain {
        let TermKind::Select(select) = &step.kind else { break };
        if select.optional {
            break;
        }
        paths.push(format!("{}.{}", paths[paths.len() - 1], select.field));
    }
    paths
}

/// The parts of a call, by what they see.
pub(super) struct Parts<'t> {
    /// The variable that a macro gives the parts inside.
    pub(super) variable: Option<&'t str>,
    pub(super) outside: Vec<&'t Term>,
    pub(super) inside: Vec<&'t Term>,
}

impl Call {
    /// The macro it is.
    pub(super) fn as_macro(&self) -> Option<Macro> {
        match &self.target {
            Some(Term { kind: TermKind::Name(namespace), .. }) if NAMESPACES.contains(&&**namespace) => {
                macro_of(&format!("{namespace}.{}", self.function), false)
            }
            target => macro_of(&self.function, target.is_some()),
        }
    }

    /// What it is called on, unless that is the namespace of a function.
    pub(super) fn receiver(&self) -> Option<&Term> {
        self.target
            .as_ref()
            .filter(|target| !matches!(&target.kind, TermKind::Name(namespace) if NAMESPACES.contains(&&**namespace)))
    }

    pub(super) fn parts(&self) -> Parts<'_> {
        let plain = || Parts {
            variable: None,
            outside: self.receiver().into_iter().chain(&self.arguments).collect(),
            inside: Vec::new(),
        };
        let binds = self.as_macro().filter(|kind| !matches!(kind, Macro::Has | Macro::Greatest | Macro::Least));
        let (Some(kind), [Term { kind: TermKind::Name(variable), .. }, rest @ ..]) = (binds, &self.arguments[..])
        else {
            return plain();
        };
        let mut outside: Vec<&Term> = self.receiver().into_iter().collect();
        let inside = match rest.split_first() {
            Some((value, body)) if kind == Macro::Bind => {
                outside.push(value);
                body
            }
            _ => rest,
        };
        Parts { variable: Some(variable), outside, inside: inside.iter().collect() }
    }
}
