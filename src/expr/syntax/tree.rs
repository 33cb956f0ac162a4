//! cel's tree → ours.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SourceInfo, operators};

use super::fault;
use super::layout::Layout;
use crate::expr::Value;
use crate::expr::fault::Fault;
use crate::expr::term::{Binary, Call, Conditional, Element, Entry, Index, Operator, Select, Term, TermKind};

/// How deep terms may nest: all that walks them recurses.
const MAX_DEPTH: usize = 250;

pub(super) struct Reader<'a> {
    pub(super) layout: Layout<'a>,
    pub(super) info: &'a SourceInfo,
    pub(super) depth: usize,
}

impl Reader<'_> {
    pub(super) fn term(&mut self, parsed: &IdedExpr) -> Result<Term, Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(fault::too_long(format!("nested more than {MAX_DEPTH} levels deep"), self.layout.source));
        }
        let term = self.read(parsed);
        self.depth -= 1;
        term
    }

    fn read(&mut self, parsed: &IdedExpr) -> Result<Term, Fault> {
        let at = self.place(parsed.id);
        Ok(match &parsed.expr {
            Expr::Literal(value) => {
                let value = literal(value);
                let negative = matches!(&value, Value::Int(number) if number.is_negative())
                    || matches!(&value, Value::Double(number) if number.is_sign_negative());
                let range = match self.layout.before(at.start) {
                    Some(minus) if negative && minus.is(self.layout.source, "-") => minus.range.start..at.end,
                    _ => at,
                };
                Term { range, kind: TermKind::Literal(value) }
            }
            Expr::Ident(name) => {
                Term { range: at, kind: TermKind::Name(name.strip_prefix('.').unwrap_or(name).into()) }
            }
            Expr::Select(select) => {
                let operand = self.term(&select.operand)?;
                let field_range = self.layout.word_after(at.end).unwrap_or(at);
                let range = self.outer(&operand).start..field_range.end;
                let field = select.field.as_str().into();
                let select = Select { operand, field, field_range, optional: false };
                Term { range, kind: TermKind::Select(Box::new(select)) }
            }
            Expr::List(list) => {
                let elements = list.elements.iter().enumerate().map(|(index, element)| {
                    let optional = list.optional_indices.contains(&index);
                    Ok(Element { value: self.term(element)?, optional })
                });
                let elements = elements.collect::<Result<_, Fault>>()?;
                Term { range: at.start..self.layout.closing(at.start), kind: TermKind::List(elements) }
            }
            Expr::Map(map) => {
                let mut entries = Vec::new();
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        let (key, value) = (self.term(&entry.key)?, self.term(&entry.value)?);
                        entries.push(Entry { key, value, optional: entry.optional });
                    }
                }
                Term { range: at.start..self.layout.closing(at.start), kind: TermKind::Map(entries) }
            }
            Expr::Call(call) => self.call(call, at)?,
            Expr::Struct(made) => return Err(fault::message_literal(&made.type_name, at)),
            Expr::Comprehension(_) | Expr::Unspecified => return Err(fault::unreadable(at)),
        })
    }

    fn call(&mut self, call: &CallExpr, at: Range<usize>) -> Result<Term, Fault> {
        if let (Some(operator), [left, right], None) = (operator(&call.func_name), call.args.as_slice(), &call.target) {
            let (left, right) = (self.term(left)?, self.term(right)?);
            let range = self.outer(&left).start..self.outer(&right).end;
            let binary = Binary { operator, operator_range: at, left, right };
            return Ok(Term { range, kind: TermKind::Binary(Box::new(binary)) });
        }
        match (call.func_name.as_str(), call.args.as_slice(), &call.target) {
            (operators::CONDITIONAL, [condition, then, otherwise], None) => {
                let (condition, then) = (self.term(condition)?, self.term(then)?);
                let otherwise = self.term(otherwise)?;
                let range = self.outer(&condition).start..self.outer(&otherwise).end;
                let conditional = Conditional { condition, then, otherwise };
                Ok(Term { range, kind: TermKind::Conditional(Box::new(conditional)) })
            }
            (operators::LOGICAL_NOT, [operand], None) => {
                let operand = self.term(operand)?;
                Ok(Term { range: at.start..self.outer(&operand).end, kind: TermKind::Not(Box::new(operand)) })
            }
            (operators::NEGATE, [operand], None) => {
                let operand = self.term(operand)?;
                Ok(Term { range: at.start..self.outer(&operand).end, kind: TermKind::Negate(Box::new(operand)) })
            }
            (operators::INDEX | operators::OPT_INDEX, [operand, index], None) => {
                let (operand, index) = (self.term(operand)?, self.term(index)?);
                let range = self.outer(&operand).start..self.layout.closing(at.start);
                let optional = call.func_name == operators::OPT_INDEX;
                Ok(Term { range, kind: TermKind::Index(Box::new(Index { operand, by: index, optional })) })
            }
            (operators::OPT_SELECT, [operand, field], None) => {
                let operand = self.term(operand)?;
                let field_range = self.layout.word_after(at.end).unwrap_or_else(|| at.clone());
                let range = self.outer(&operand).start..field_range.end;
                let field = match &field.expr {
                    Expr::Literal(LiteralValue::String(name)) => name.inner().into(),
                    _ => return Err(fault::unreadable(at)),
                };
                let select = Select { operand, field, field_range, optional: true };
                Ok(Term { range, kind: TermKind::Select(Box::new(select)) })
            }
            (function, arguments, target) => {
                let target = target.as_ref().map(|target| self.term(target)).transpose()?;
                let arguments = arguments.iter().map(|argument| self.term(argument)).collect::<Result<_, _>>()?;
                let function_range = self.layout.before(at.start).map_or(at.clone(), |token| token.range.clone());
                let start = target.as_ref().map_or(function_range.start, |target| self.outer(target).start);
                let range = start..self.layout.closing(at.start);
                let function: Arc<str> = function.strip_prefix('.').unwrap_or(function).into();
                let call = Call { target, function, function_range, arguments };
                Ok(Term { range, kind: TermKind::Call(Box::new(call)) })
            }
        }
    }

    fn outer(&self, term: &Term) -> Range<usize> {
        self.layout.with_parentheses(&term.range)
    }

    /// The token a node was made of: its offsets are bytes, the end included.
    fn place(&self, id: u64) -> Range<usize> {
        let start = self.info.offset_for(id).map_or(0, |(start, _)| start as usize);
        self.layout.token(start).map_or(0..self.layout.source.len(), |(_, token)| token.range.clone())
    }
}

fn operator(function: &str) -> Option<Operator> {
    Some(match function {
        operators::LOGICAL_OR => Operator::Or,
        operators::LOGICAL_AND => Operator::And,
        operators::EQUALS => Operator::Equal,
        operators::NOT_EQUALS => Operator::NotEqual,
        operators::LESS => Operator::Less,
        operators::LESS_EQUALS => Operator::LessOrEqual,
        operators::GREATER => Operator::Greater,
        operators::GREATER_EQUALS => Operator::GreaterOrEqual,
        operators::IN => Operator::In,
        operators::ADD => Operator::Add,
        operators::SUBSTRACT => Operator::Subtract,
        operators::MULTIPLY => Operator::Multiply,
        operators::DIVIDE => Operator::Divide,
        operators::MODULO => Operator::Remainder,
        _ => return None,
    })
}

fn literal(value: &LiteralValue) -> Value {
    match value {
        LiteralValue::Boolean(value) => Value::Bool(*value.inner()),
        LiteralValue::Int(value) => Value::Int(*value.inner()),
        LiteralValue::UInt(value) => Value::Uint(*value.inner()),
        LiteralValue::Double(value) => Value::Double(*value.inner()),
        LiteralValue::String(value) => Value::text(value.inner()),
        LiteralValue::Bytes(value) => Value::Bytes(Bytes::copy_from_slice(value.inner())),
        LiteralValue::Null => Value::Null,
    }
}
