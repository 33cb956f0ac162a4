//! Operators → rules: what fits the type, what each takes, and what several in one mapping say together.

use std::sync::Arc;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor, Value};

use super::check::{Relation, Test};
use super::compile::{Compiler, seen};
use super::contradiction::contradiction;
use super::format::Format;
use super::json;
use super::literal::from_value;
use super::operator::{Classes, Op, Operator, suggestion};
use super::rule::{Matcher, Member, Rule};
use super::value_type::{JsonForm, Shape, ValueType, well_known};
use super::view::View;
use crate::diagnostic::{Diagnostic, Spanned, did_you_mean, one_of};
use crate::message::{FieldPath, FieldType, ValueTemplate, find_field};
use crate::yaml::{Entry, Node, NodeKind, Style};

/// An operator in its place.
#[derive(Clone, Copy)]
struct Use<'a> {
    operator: &'static Operator,
    entry: &'a Entry,
    /// The mapping it stands in.
    node: &'a Node,
    ty: &'a ValueType,
    shape: &'a Shape,
    path: &'a FieldPath,
}

impl Compiler<'_> {
    /// A mapping of operators, all of which must hold.
    pub(super) fn operators(
        &mut self,
        node: &Node,
        entries: &[Entry],
        ty: &ValueType,
        shape: &Shape,
        path: &FieldPath,
        exact: bool,
    ) -> Option<Matcher> {
        let classes = shape.classes();
        let mut all = Vec::with_capacity(entries.len());
        let mut sound = true;
        for entry in entries {
            let matcher = match Operator::by_name(&entry.key.value) {
                None => {
                    self.out.push(unknown(entry, ty, classes, path));
                    None
                }
                Some(operator) if !operator.fits.meets(classes) => {
                    self.out.push(misfit(operator, entry, ty, classes, path));
                    None
                }
                Some(operator) => self.operation(Use { operator, entry, node, ty, shape, path }, exact),
            };
            match matcher {
                Some(matcher) => all.push(matcher),
                None => sound = false,
            }
        }
        if !sound {
            return None;
        }
        if let Some(problem) = contradiction(&all, ty, path) {
            self.out.push(problem);
            return None;
        }
        if all.len() == 1 {
            return all.pop();
        }
        Some(Matcher::new(node.span, ty, Rule::All(all)))
    }

    fn operation(&mut self, used: Use<'_>, exact: bool) -> Option<Matcher> {
        let Use { operator, entry, node, ty, path, .. } = used;
        let operand = &entry.value;
        let within = path.field(operator.name);
        let rule = |rule| Some(Matcher::new(operand.span, ty, rule));
        match operator.op {
            Op::In => {
                let items = self.several(used)?;
                // each is read, so that every error is reported
                let alternatives: Vec<_> = items.iter().map(|item| self.value(item, ty, path, false)).collect();
                rule(Rule::AnyOf(alternatives.into_iter().collect::<Option<_>>()?))
            }
            Op::Not => {
                let inner = self.value(operand, ty, path, false)?;
                rule(Rule::Not(Box::new(inner)))
            }
            Op::Present => {
                let bool = ValueType::single(Kind::Bool);
                match self.operand(operand, &bool, &within)? {
                    ValueTemplate::Constant(Value::Bool(present)) => rule(Rule::Present(present)),
                    _ => self.refuse(used, "known only when the case runs"),
                }
            }
            Op::Cel => {
                self.out.push(
                    Diagnostic::error("`$cel` is not supported yet")
                        .at(entry.key.span, "this version knows names only")
                        .hint("say it with the other operators"),
                );
                None
            }
            Op::Gt => self.compared(used, Test::Order(Relation::Greater)),
            Op::Gte => self.compared(used, Test::Order(Relation::GreaterOrEqual)),
            Op::Lt => self.compared(used, Test::Order(Relation::Less)),
            Op::Lte => self.compared(used, Test::Order(Relation::LessOrEqual)),
            Op::Between => {
                let resolved = self.resolve(operand)?;
                let Some([low, high]) = resolved.as_sequence() else { return self.refuse(used, "not two values") };
                let low = self.operand(low, &bound_type(ty), &within);
                let high = self.operand(high, &bound_type(ty), &within);
                self.check(Test::Between, vec![low?, high?], operand.span, ty, operator.name)
            }
            Op::Approx => self.approximately(used),
            Op::Within => {
                let distance = self.operand(operand, &duration()?, &within)?;
                self.check(Test::Within, vec![distance], operand.span, ty, operator.name)
            }
            Op::Regex => self.part(used, Test::Regex),
            Op::StartsWith => self.part(used, Test::StartsWith),
            Op::EndsWith => self.part(used, Test::EndsWith),
            Op::Sha256 => {
                let digits = self.operand(operand, &ValueType::STRING, &within)?;
                self.check(Test::Sha256, vec![digits], operand.span, ty, operator.name)
            }
            Op::Format => self.format(used),
            Op::Contains => self.contains(used),
            Op::Len => {
                let inner = self.value(operand, &ValueType::Count, &within, false)?;
                Some(seen(operand.span, ty, View::Length, inner))
            }
            Op::Json => {
                let inner = self.value(operand, &ValueType::JSON, &within, exact)?;
                Some(seen(operand.span, ty, View::Json, inner))
            }
            Op::Utf8 => {
                let inner = self.value(operand, &ValueType::STRING, &within, false)?;
                Some(seen(operand.span, ty, View::Utf8, inner))
            }
            Op::Type => self.typed(node.span, std::slice::from_ref(entry), ty, path, exact),
            Op::Hex | Op::Zeros | Op::File => self.made(used, exact),
            Op::Each => {
                let inner = self.value(operand, &ty.element()?, &within, false)?;
                rule(Rule::Each(Box::new(inner)))
            }
            Op::Unordered => {
                let resolved = self.resolve(operand)?;
                let Some(items) = resolved.as_sequence() else { return self.refuse(used, "not a list") };
                let items = self.elements(items, &ty.element()?, path, exact)?;
                rule(Rule::Unordered(items))
            }
            Op::Sorted => self.sorted(used),
            Op::Unique => self.unique(used),
            Op::Keys => {
                let keys = match ty {
                    ValueType::Field(FieldType::Map { key, .. }) => FieldType::List(key.clone()),
                    _ => FieldType::List(Kind::String),
                };
                let inner = self.value(operand, &ValueType::Field(keys), &within, false)?;
                Some(seen(operand.span, ty, View::Keys, inner))
            }
            Op::Values => {
                let values = match ty {
                    ValueType::Field(FieldType::Map { value, .. }) => ValueType::Field(FieldType::List(value.clone())),
                    _ => ValueType::Json(JsonForm::Array),
                };
                let inner = self.value(operand, &values, &within, exact)?;
                Some(seen(operand.span, ty, View::Values, inner))
            }
            Op::Exact => self.value(operand, ty, path, true),
            Op::Oneof => {
                let Shape::Message(descriptor) = used.shape else { return None };
                let mut members = self.oneofs(operand, descriptor)?;
                match members.len() {
                    1 => members.pop(),
                    _ => rule(Rule::All(members)),
                }
            }
        }
    }

    /// Reports an operand of the wrong form.
    fn refuse<T>(&mut self, used: Use<'_>, label: &str) -> Option<T> {
        let name = used.operator.name;
        let headline = format!("`{name}` takes {}", used.operator.takes);
        self.out.push(Diagnostic::error(headline).at(used.entry.value.span, label));
        None
    }

    /// An operand that is a list of at least one.
    fn several(&mut self, used: Use<'_>) -> Option<Arc<[Node]>> {
        let resolved = self.resolve(&used.entry.value)?;
        match resolved.kind {
            NodeKind::Sequence(items) if items.is_empty() => {
                self.refuse(used, "an empty list: nothing is asked, or nothing can hold")
            }
            NodeKind::Sequence(items) => Some(items),
            NodeKind::Scalar(_) | NodeKind::Mapping(_) => {
                self.refuse(used, &format!("expected a list, found {}", resolved.describe()))
            }
        }
    }

    fn compared(&mut self, used: Use<'_>, test: Test) -> Option<Matcher> {
        let within = used.path.field(used.operator.name);
        let bound = self.operand(&used.entry.value, &bound_type(used.ty), &within)?;
        self.check(test, vec![bound], used.entry.value.span, used.ty, used.operator.name)
    }

    fn approximately(&mut self, used: Use<'_>) -> Option<Matcher> {
        let resolved = self.resolve(&used.entry.value)?;
        let (Some(value), Some(within), Some(2)) =
            (resolved.get("value"), resolved.get("within"), resolved.as_mapping().map(<[Entry]>::len))
        else {
            return self.refuse(used, "expected `value` and `within`, nothing else");
        };
        let distance = match used.shape {
            Shape::Timestamp | Shape::Duration => duration()?,
            _ => ValueType::single(Kind::Double),
        };
        let path = used.path.field(used.operator.name);
        let value = self.operand(value, &bound_type(used.ty), &path.field("value"));
        let within = self.operand(within, &distance, &path.field("within"));
        self.check(Test::Approx, vec![value?, within?], used.entry.value.span, used.ty, used.operator.name)
    }

    /// A test of a text or bytes by a part, or by a pattern.
    fn part(&mut self, used: Use<'_>, test: Test) -> Option<Matcher> {
        let within = used.path.field(used.operator.name);
        let part = self.operand(&used.entry.value, &text_type(used.ty), &within)?;
        self.check(test, vec![part], used.entry.value.span, used.ty, used.operator.name)
    }

    fn format(&mut self, used: Use<'_>) -> Option<Matcher> {
        let operand = &used.entry.value;
        let within = used.path.field(used.operator.name);
        let name = self.operand(operand, &ValueType::STRING, &within)?;
        if let ValueTemplate::Constant(Value::String(name)) = &name
            && Format::by_name(name).is_none()
        {
            let known = Format::ALL.map(Format::name);
            self.out.push(
                Diagnostic::error(format!("unknown format `{name}`"))
                    .at(operand.span, "not a format")
                    .hints(did_you_mean(name, known))
                    .hint(format!("the formats are {}", one_of(known))),
            );
            return None;
        }
        self.check(Test::Format, vec![name], operand.span, used.ty, used.operator.name)
    }

    fn contains(&mut self, used: Use<'_>) -> Option<Matcher> {
        let Use { entry, ty, shape, path, operator, .. } = used;
        let operand = self.resolve(&entry.value)?;
        let within = path.field(operator.name);
        match shape {
            Shape::List(_) | Shape::Json(JsonForm::Array) => {
                let items = self.several(used)?;
                let items = self.elements(&items, &ty.element()?, path, false)?;
                Some(Matcher::new(operand.span, ty, Rule::Containing(items)))
            }
            Shape::Json(_) => {
                let items = match &operand.kind {
                    NodeKind::Sequence(_) => self.several(used)?,
                    NodeKind::Scalar(_) | NodeKind::Mapping(_) => Arc::from([operand.clone()]),
                };
                let list = self.elements(&items, &ValueType::JSON, path, false)?;
                let is_text = |item: &Node| item.as_scalar().is_some() && !item.is_null();
                let text = match items.iter().all(is_text) {
                    true => Some(Box::new(self.parts(&items, used, &within)?)),
                    false => None,
                };
                let list = Box::new(Matcher::new(operand.span, ty, Rule::Containing(list)));
                Some(Matcher::new(operand.span, ty, Rule::TextOrList { text, list }))
            }
            _ => match &operand.kind {
                NodeKind::Sequence(_) => {
                    let items = self.several(used)?;
                    self.parts(&items, used, &within)
                }
                NodeKind::Scalar(_) | NodeKind::Mapping(_) => self.parts(std::slice::from_ref(&operand), used, &within),
            },
        }
    }

    /// Each part must be in the text or the bytes.
    fn parts(&mut self, items: &[Node], used: Use<'_>, within: &FieldPath) -> Option<Matcher> {
        let ty = text_type(used.ty);
        let mut parts = Vec::with_capacity(items.len());
        for item in items {
            if let Some(part) = self.operand(item, &ty, within) {
                parts.extend(self.check(Test::Contains, vec![part], item.span, &ty, used.operator.name));
            }
        }
        if parts.len() < items.len() {
            return None;
        }
        match parts.len() {
            1 => parts.pop(),
            _ => Some(Matcher::new(used.entry.value.span, &ty, Rule::All(parts))),
        }
    }

    /// `$hex`, `$zeros`, `$file`: values as they are made for a request.
    fn made(&mut self, used: Use<'_>, exact: bool) -> Option<Matcher> {
        let alone = Node { span: used.node.span, kind: NodeKind::Mapping(Arc::from([used.entry.clone()])) };
        let value = self.operand(&alone, used.ty, used.path)?;
        match value {
            ValueTemplate::Constant(value) => {
                let value = match (used.ty, value) {
                    (ValueType::Json(_), Value::Message(message)) => json::from_message(&message),
                    (_, value) => value,
                };
                Some(from_value(value, used.ty, used.entry.value.span, exact))
            }
            deferred @ ValueTemplate::Deferred(_) => {
                self.check(Test::Equal, vec![deferred], used.entry.value.span, used.ty, used.operator.name)
            }
        }
    }

    fn sorted(&mut self, used: Use<'_>) -> Option<Matcher> {
        let operand = self.resolve(&used.entry.value)?;
        let (key, direction) = match operand.as_mapping() {
            None => (None, operand.clone()),
            Some([entry]) => (Some(&entry.key), self.resolve(&entry.value)?),
            Some(_) => return self.refuse(used, "expected one field"),
        };
        let descending = match direction.as_scalar().map(|scalar| &*scalar.text) {
            Some("asc") => false,
            Some("desc") => true,
            Some(other) => {
                self.out.push(
                    Diagnostic::error(format!("`{other}` is no direction"))
                        .at(direction.span, "expected `asc` or `desc`")
                        .hints(did_you_mean(other, ["asc", "desc"])),
                );
                return None;
            }
            None => return self.refuse(used, "expected `asc` or `desc`"),
        };
        let by = match key {
            Some(key) => Some(self.member(key, used)?),
            None => None,
        };
        let ty = match &by {
            Some(Member::Field(_, ty)) => ty.clone(),
            Some(Member::Key(_)) => ValueType::JSON,
            None => used.ty.element()?,
        };
        if !is_ordered(&ty) {
            let hint = if by.is_none() { "name what to sort by: `{ field: asc }`" } else { "sort by a scalar field" };
            self.out.push(
                Diagnostic::error(format!("{} has no order", ty.name()))
                    .at(operand.span, "nothing to sort by")
                    .hint(hint),
            );
            return None;
        }
        Some(Matcher::new(operand.span, used.ty, Rule::Sorted { by, descending }))
    }

    fn unique(&mut self, used: Use<'_>) -> Option<Matcher> {
        let operand = self.resolve(&used.entry.value)?;
        let Some(scalar) = operand.as_scalar() else { return self.refuse(used, "expected `true` or a field") };
        let by = match &*scalar.text {
            "true" if scalar.style == Style::Plain => None,
            "false" if scalar.style == Style::Plain => {
                return self.refuse(used, "asks for nothing: leave it out");
            }
            name => Some(self.member(&Spanned::new(Arc::from(name), operand.span), used)?),
        };
        Some(Matcher::new(operand.span, used.ty, Rule::Unique { by }))
    }

    /// A field of the elements of a list.
    fn member(&mut self, key: &Spanned<Arc<str>>, used: Use<'_>) -> Option<Member> {
        let element = used.ty.element()?;
        match element.shape() {
            Shape::Message(descriptor) => {
                let field = find_field(&descriptor, key, used.path, self.out)?;
                let ty = ValueType::Field(field.ty());
                Some(Member::Field(field, ty))
            }
            Shape::Json(_) => Some(Member::Key(key.value.to_string())),
            _ => {
                self.out.push(
                    Diagnostic::error(format!("the elements of {} have no fields", used.path.subject()))
                        .at(key.span, format!("each is of type {}", element.name())),
                );
                None
            }
        }
    }

    /// `{ contact: email }`: oneof → member, or `null`.
    pub(super) fn oneofs(&mut self, operand: &Node, descriptor: &MessageDescriptor) -> Option<Vec<Matcher>> {
        let operand = self.resolve(operand)?;
        let entries = operand.as_mapping().filter(|entries| !entries.is_empty());
        let Some(entries) = entries else {
            self.out.push(
                Diagnostic::error("`$oneof` takes `{ oneof: member }`")
                    .at(operand.span, format!("expected a mapping, found {}", operand.describe())),
            );
            return None;
        };
        let oneofs: Vec<OneofDescriptor> = descriptor.oneofs().filter(|oneof| !oneof.is_synthetic()).collect();
        let ty = ValueType::Field(FieldType::message(descriptor.clone()));
        let mut matchers = Vec::with_capacity(entries.len());
        for entry in entries {
            let name = &*entry.key.value;
            let Some(oneof) = oneofs.iter().find(|oneof| oneof.name() == name) else {
                let names = oneofs.iter().map(OneofDescriptor::name);
                self.out.push(
                    Diagnostic::error(format!("unknown oneof `{name}`"))
                        .at(entry.key.span, format!("not a oneof of `{}`", descriptor.full_name()))
                        .hints(did_you_mean(name, names.clone()))
                        .hint(format!("its oneofs are {}", one_of(names))),
                );
                continue;
            };
            if let Some(member) = self.oneof_member(oneof, &entry.value) {
                matchers.push(Matcher::new(entry.value.span, &ty, Rule::Oneof(oneof.clone(), member)));
            }
        }
        (matchers.len() == entries.len()).then_some(matchers)
    }

    /// The outer `None` after an error, the inner one for `null`.
    #[expect(clippy::option_option, reason = "the rule itself holds an optional member")]
    fn oneof_member(&mut self, oneof: &OneofDescriptor, node: &Node) -> Option<Option<FieldDescriptor>> {
        let node = self.resolve(node)?;
        if node.is_null() {
            return Some(None);
        }
        let written = node.as_scalar().map(|scalar| scalar.text.to_string()).unwrap_or_default();
        let found = oneof.fields().find(|field| field.name() == written || field.json_name() == written);
        if found.is_none() {
            let members: Vec<FieldDescriptor> = oneof.fields().collect();
            let names = members.iter().map(FieldDescriptor::name);
            self.out.push(
                Diagnostic::error(format!("unknown member of the oneof `{}`", oneof.name()))
                    .at(node.span, "not a member")
                    .hints(did_you_mean(&written, names.clone()))
                    .hint(format!("its members are {}", one_of(names))),
            );
        }
        found.map(Some)
    }
}

fn duration() -> Option<ValueType> {
    well_known("Duration").map(|descriptor| ValueType::Field(FieldType::message(descriptor)))
}

/// Of what a value is compared with: JSON has doubles only.
fn bound_type(ty: &ValueType) -> ValueType {
    match ty {
        ValueType::Json(_) => ValueType::single(Kind::Double),
        other => other.clone(),
    }
}

/// Of a part of a text or of bytes.
fn text_type(ty: &ValueType) -> ValueType {
    match ty {
        ValueType::Json(_) => ValueType::STRING,
        other => other.clone(),
    }
}

fn is_ordered(ty: &ValueType) -> bool {
    let ordered = Classes::NUMBER
        .or(Classes::BOOL)
        .or(Classes::STRING)
        .or(Classes::BYTES)
        .or(Classes::ENUM)
        .or(Classes::TIMESTAMP)
        .or(Classes::DURATION);
    // a wrapper is a message, which has no order of its own
    !matches!(ty.shape(), Shape::Wrapper(_)) && ty.shape().classes().meets(ordered)
}

fn unknown(entry: &Entry, ty: &ValueType, classes: Classes, path: &FieldPath) -> Diagnostic {
    let key = &*entry.key.value;
    let error = Diagnostic::error(format!("unknown operator `{key}`"))
        .at(entry.key.span, format!("{} is of type {}", path.subject(), ty.name()))
        .hints(suggestion(key, classes))
        .hint(format!("operators here are {}", Operator::fitting(classes)));
    if classes.meets(Classes::MAP) {
        return error.hint("a literal key that starts with `$` is written with `$$`");
    }
    error
}

fn misfit(operator: &Operator, entry: &Entry, ty: &ValueType, classes: Classes, path: &FieldPath) -> Diagnostic {
    let name = operator.name;
    let element = ty.element().map(|element| element.shape().classes());
    let way_out = match operator.op {
        Op::Exact if classes.meets(Classes::LIST) => {
            Some("a list written plainly is exact; for its elements write `[{ $exact: … }]`".to_owned())
        }
        _ if element.is_some_and(|element| operator.fits.meets(element)) => {
            Some(format!("to ask it of every element, write `$each: {{ {name}: … }}`"))
        }
        Op::Utf8 if classes.meets(Classes::STRING) => Some("write the text itself".to_owned()),
        Op::Type if classes.meets(Classes::MESSAGE) => Some("its type is known from the schema".to_owned()),
        _ => None,
    };
    Diagnostic::error(format!("`{name}` does not fit {}", path.subject()))
        .at(entry.key.span, format!("{} is of type {}", path.subject(), ty.name()))
        .note(format!("`{name}` is for {}", operator.fits.describe()))
        .hints(way_out)
        .hint(format!("operators here are {}", Operator::fitting(classes)))
}
