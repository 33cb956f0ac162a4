//! From a descriptor and its features to a proto2 or proto3 descriptor that means the same: [`lower`].

use std::collections::{HashMap, HashSet};

use prost_reflect::DescriptorPool;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, OneofDescriptorProto,
};

use super::features::{
    EnumFeatures, FeatureSet, Features, FieldFeatures, FileFeatures, MessageFeatures, Presence, UnknownValue,
};

/// Makes `file` a proto3 file, or a proto2 one where its enums ask for that. `pool` holds what it imports.
///
/// What an edition has and neither has is an error: the rest of a sentence that begins with the file's name.
pub(in crate::schema) fn lower(
    file: &mut FileDescriptorProto,
    features: &FileFeatures,
    pool: &DescriptorPool,
) -> Result<(), String> {
    if let Some(reason) = features.refuse() {
        return Err(reason);
    }
    let package = file.package().to_owned();
    let mut names = HashMap::new();
    collect_kinds(&package, &file.message_type, &file.enum_type, &mut names);
    let mut lowering = Lowering { names, pool, survey: Survey::default(), is_proto2: None };
    // First only looked at, to know which of the two it becomes.
    lowering.file(&mut file.clone(), features, &package)?;
    let is_proto2 = lowering.survey.needs_proto2()?;
    lowering.is_proto2 = Some(is_proto2);
    lowering.file(file, features, &package)?;
    file.syntax = Some(if is_proto2 { "proto2" } else { "proto3" }.to_owned());
    Ok(())
}

/// What the name of a field's type stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Message,
    /// The entry of a map, which is a message of its own sort.
    MapEntry,
    Enum,
}

/// What decides between proto2 and proto3. Full names, of the first of each.
#[derive(Debug, Default)]
struct Survey {
    /// A field that has no presence, as none of proto2's.
    implicit: Option<String>,
    /// An enum that does not begin with zero, as none of proto3's.
    not_from_zero: Option<String>,
    has_open_enum: bool,
    has_closed_enum: bool,
}

impl Survey {
    fn needs_proto2(&self) -> Result<bool, String> {
        match (&self.not_from_zero, &self.implicit) {
            (Some(not_from_zero), Some(implicit)) => Err(format!(
                "has the enum `{not_from_zero}`, whose first value is not 0, as only in proto2, and the field \
                 `{implicit}` of IMPLICIT presence, as only in proto3"
            )),
            (Some(_), None) => Ok(true),
            // Enums are closed in proto2: numbers without a name are refused in requests.
            (None, None) => Ok(self.has_closed_enum && !self.has_open_enum),
            (None, Some(_)) => Ok(false),
        }
    }
}

struct Lowering<'a> {
    /// What the file declares, by full name.
    names: HashMap<String, Kind>,
    pool: &'a DescriptorPool,
    survey: Survey,
    /// `None` while the file is only looked at.
    is_proto2: Option<bool>,
}

impl Lowering<'_> {
    fn file(&mut self, file: &mut FileDescriptorProto, own: &FileFeatures, package: &str) -> Result<(), String> {
        let features = inherit(Features::DEFAULT, own.own(), "the file")?;
        for (at, message) in file.message_type.iter_mut().enumerate() {
            self.message(message, own.messages.get(at), features, package)?;
        }
        for (at, declared) in file.enum_type.iter().enumerate() {
            self.enumeration(declared, own.enums.get(at), features, package)?;
        }
        for (at, field) in file.extension.iter_mut().enumerate() {
            self.extension(field, own.extensions.get(at), features, package)?;
        }
        Ok(())
    }

    fn message(
        &mut self,
        message: &mut DescriptorProto,
        own: Option<&MessageFeatures>,
        inherited: Features,
        scope: &str,
    ) -> Result<(), String> {
        let nothing = MessageFeatures::default();
        let own = own.unwrap_or(&nothing);
        let scope = join(scope, message.name());
        let features = inherit(inherited, own.own(), &format!("the message `{scope}`"))?;
        for (at, nested) in message.nested_type.iter_mut().enumerate() {
            self.message(nested, own.messages.get(at), features, &scope)?;
        }
        for (at, declared) in message.enum_type.iter().enumerate() {
            self.enumeration(declared, own.enums.get(at), features, &scope)?;
        }
        for (at, field) in message.extension.iter_mut().enumerate() {
            self.extension(field, own.extensions.get(at), features, &scope)?;
        }
        let is_entry = message.options.as_ref().is_some_and(prost_types::MessageOptions::map_entry);
        if is_entry {
            // Keys and values are as they always were.
            return Ok(());
        }
        let mut optional = Vec::new();
        for (at, field) in message.field.iter_mut().enumerate() {
            let oneof = field.oneof_index.and_then(|oneof| own.oneofs.get(usize::try_from(oneof).ok()?));
            let features = match oneof {
                Some(oneof) => inherit(features, oneof.own(), &format!("a oneof of `{scope}`"))?,
                None => features,
            };
            if self.field(field, own.fields.get(at), features, &scope)? {
                optional.push(at);
            }
        }
        add_synthetic_oneofs(message, &optional);
        Ok(())
    }

    /// Whether numbers that have no name are values is said of an enum.
    fn enumeration(
        &mut self,
        declared: &EnumDescriptorProto,
        own: Option<&EnumFeatures>,
        inherited: Features,
        scope: &str,
    ) -> Result<(), String> {
        let name = join(scope, declared.name());
        let own = own.map(EnumFeatures::own).unwrap_or_default();
        let features = inherit(inherited, own, &format!("the enum `{name}`"))?;
        self.survey.has_closed_enum |= features.is_closed;
        self.survey.has_open_enum |= !features.is_closed;
        if declared.value.first().is_some_and(|first| first.number() != 0) {
            self.survey.not_from_zero.get_or_insert(name);
        }
        Ok(())
    }

    fn extension(
        &mut self,
        field: &mut FieldDescriptorProto,
        own: Option<&FieldFeatures>,
        inherited: Features,
        scope: &str,
    ) -> Result<(), String> {
        // Extensions have presence, whatever their file says.
        let features = Features { presence: Presence::Explicit, ..inherited };
        let own = own.copied().map(|own| FeatureSet { field_presence: None, ..own.own() });
        let own = own.map(FieldFeatures::saying);
        if self.field(field, own.as_ref(), features, scope)? {
            // An `optional` extension of proto3 has no oneof.
            field.proto3_optional = Some(true);
        }
        Ok(())
    }

    /// Lowers a field; `true` if it is to be an `optional` one of proto3.
    fn field(
        &mut self,
        field: &mut FieldDescriptorProto,
        own: Option<&FieldFeatures>,
        inherited: Features,
        scope: &str,
    ) -> Result<bool, String> {
        let name = join(scope, field.name());
        let own = own.map(FieldFeatures::own).unwrap_or_default();
        let features = inherit(inherited, own, &format!("the field `{name}`"))?;
        let kind = self.kind(field, scope);
        if features.is_delimited && kind == Some(Kind::Message) {
            field.set_type(Type::Group);
        }
        if field.label() == Label::Repeated {
            if is_packable(field, kind) {
                field.options.get_or_insert_default().packed = Some(features.is_packed);
            }
            return Ok(false);
        }
        if field.oneof_index.is_some() {
            return Ok(false);
        }
        let is_message = matches!(kind, Some(Kind::Message | Kind::MapEntry));
        match features.presence {
            Presence::Required => field.set_label(Label::Required),
            Presence::Implicit if !is_message => {
                self.survey.implicit.get_or_insert(name);
                return Ok(false);
            }
            Presence::Implicit | Presence::Explicit => {}
        }
        // A required field, too, has presence in proto3 only with a oneof of its own.
        Ok(!is_message && self.is_proto2 == Some(false))
    }

    /// What a field's type is, if it is named; `None` also if the name stands for nothing, which linking reports.
    fn kind(&self, field: &FieldDescriptorProto, scope: &str) -> Option<Kind> {
        let name = field.type_name.as_deref()?;
        match name.strip_prefix('.') {
            Some(full) => self.declared(full),
            // Source names types relative to where they are used: the innermost scope that has the name.
            None => std::iter::successors(Some(scope), |scope| {
                (!scope.is_empty()).then(|| scope.rsplit_once('.').map_or("", |(parent, _)| parent))
            })
            .find_map(|scope| self.declared(&join(scope, name))),
        }
    }

    fn declared(&self, name: &str) -> Option<Kind> {
        self.names.get(name).copied().or_else(|| match self.pool.get_message_by_name(name) {
            Some(message) if message.is_map_entry() => Some(Kind::MapEntry),
            Some(_) => Some(Kind::Message),
            None => self.pool.get_enum_by_name(name).map(|_| Kind::Enum),
        })
    }
}

fn inherit(features: Features, own: FeatureSet, element: &str) -> Result<Features, String> {
    let unknown = |UnknownValue { feature, number }| {
        format!("says of {element} `features.{feature}` with the unknown value {number}")
    };
    features.with(own).map_err(unknown)
}

fn join(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}

fn collect_kinds(
    scope: &str,
    messages: &[DescriptorProto],
    enums: &[EnumDescriptorProto],
    into: &mut HashMap<String, Kind>,
) {
    into.extend(enums.iter().map(|declared| (join(scope, declared.name()), Kind::Enum)));
    for message in messages {
        let name = join(scope, message.name());
        collect_kinds(&name, &message.nested_type, &message.enum_type, into);
        let is_entry = message.options.as_ref().is_some_and(prost_types::MessageOptions::map_entry);
        into.insert(name, if is_entry { Kind::MapEntry } else { Kind::Message });
    }
}

/// Whether values of a repeated field may stand one after the other without tags.
fn is_packable(field: &FieldDescriptorProto, kind: Option<Kind>) -> bool {
    match kind {
        Some(kind) => kind == Kind::Enum,
        None => !matches!(field.r#type(), Type::String | Type::Bytes | Type::Message | Type::Group),
    }
}

/// Makes fields `optional` as proto3 has it: each in a oneof of its own, `_name`, after all others.
fn add_synthetic_oneofs(message: &mut DescriptorProto, fields: &[usize]) {
    if fields.is_empty() {
        return;
    }
    let DescriptorProto { field, nested_type, oneof_decl, enum_type, .. } = &*message;
    let fields_and_types = field.iter().map(FieldDescriptorProto::name);
    let fields_and_types = fields_and_types.chain(nested_type.iter().map(DescriptorProto::name));
    let oneofs_and_enums = oneof_decl.iter().map(OneofDescriptorProto::name);
    let oneofs_and_enums = oneofs_and_enums.chain(enum_type.iter().map(EnumDescriptorProto::name));
    let mut taken: HashSet<String> = fields_and_types.chain(oneofs_and_enums).map(str::to_owned).collect();
    for at in fields {
        let field = &mut message.field[*at];
        // As protoc names them: https://github.com/protocolbuffers/protobuf/blob/main/docs/implementing_proto3_presence.md
        let mut name =
            if field.name().starts_with('_') { field.name().to_owned() } else { format!("_{}", field.name()) };
        while taken.contains(&name) {
            name.insert(0, 'X');
        }
        taken.insert(name.clone());
        field.proto3_optional = Some(true);
        field.oneof_index = i32::try_from(message.oneof_decl.len()).ok();
        message.oneof_decl.push(OneofDescriptorProto { name: Some(name), options: None });
    }
}
