//! What a file says in `features`, as a tree beside its descriptor: prost-types does not know them and drops them.
//! Decoded from the same bytes as the descriptor, or gathered from source. Main type: [`FileFeatures`].

use crate::diagnostic::one_of;

/// The editions that are understood: (name, number in `google.protobuf.Edition`).
const EDITIONS: &[(&str, i32)] = &[("2023", 1000), ("2024", 1001)];

/// Whether an edition is understood, by its name in source.
pub(in crate::schema) fn is_understood(edition: &str) -> bool {
    edition_number(edition).is_some()
}

pub(super) fn edition_number(edition: &str) -> Option<i32> {
    EDITIONS.iter().find(|(name, _)| *name == edition).map(|(_, number)| *number)
}

/// "`2023` or `2024`".
pub(in crate::schema) fn understood() -> String {
    one_of(EDITIONS.iter().map(|(name, _)| *name))
}

/// Whether `file` declares the features of one language's generated code: they are dropped, and so is its import.
pub(in crate::schema) fn is_language_features(file: &str) -> bool {
    file.starts_with("google/protobuf/") && file.ends_with("_features.proto")
}

/// The part of `google.protobuf.FeatureSet` that changes what is on the wire or what a message holds; `None` where it
/// is inherited. Numbers as in `descriptor.proto`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(in crate::schema) struct FeatureSet {
    #[prost(int32, optional, tag = "1")]
    pub(super) field_presence: Option<i32>,
    #[prost(int32, optional, tag = "2")]
    pub(super) enum_type: Option<i32>,
    #[prost(int32, optional, tag = "3")]
    pub(super) repeated_field_encoding: Option<i32>,
    #[prost(int32, optional, tag = "5")]
    pub(super) message_encoding: Option<i32>,
}

/// A `FileDescriptorProto` as far as editions go.
#[derive(Clone, PartialEq, prost::Message)]
pub(in crate::schema) struct FileFeatures {
    #[prost(message, repeated, tag = "4")]
    pub(super) messages: Vec<MessageFeatures>,
    #[prost(message, repeated, tag = "5")]
    pub(super) enums: Vec<EnumFeatures>,
    #[prost(message, repeated, tag = "7")]
    pub(super) extensions: Vec<FieldFeatures>,
    #[prost(message, optional, tag = "8")]
    pub(super) options: Option<FileOptions>,
    #[prost(int32, optional, tag = "14")]
    pub(super) edition: Option<i32>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct MessageFeatures {
    #[prost(message, repeated, tag = "2")]
    pub(super) fields: Vec<FieldFeatures>,
    #[prost(message, repeated, tag = "3")]
    pub(super) messages: Vec<MessageFeatures>,
    #[prost(message, repeated, tag = "4")]
    pub(super) enums: Vec<EnumFeatures>,
    #[prost(message, repeated, tag = "6")]
    pub(super) extensions: Vec<FieldFeatures>,
    #[prost(message, optional, tag = "7")]
    pub(super) options: Option<MessageOptions>,
    #[prost(message, repeated, tag = "8")]
    pub(super) oneofs: Vec<OneofFeatures>,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct FieldFeatures {
    #[prost(message, optional, tag = "8")]
    pub(super) options: Option<FieldOptions>,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct OneofFeatures {
    #[prost(message, optional, tag = "2")]
    pub(super) options: Option<OneofOptions>,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct EnumFeatures {
    #[prost(message, optional, tag = "3")]
    pub(super) options: Option<EnumOptions>,
}

/// `FileOptions` and its like, of which each has a number of its own for `features`.
macro_rules! options {
    ($($name:ident = $tag:literal),*) => {$(
        #[derive(Clone, Copy, PartialEq, prost::Message)]
        pub(super) struct $name {
            #[prost(message, optional, tag = $tag)]
            features: Option<FeatureSet>,
        }
    )*};
}

options!(FileOptions = "50", MessageOptions = "12", FieldOptions = "21", OneofOptions = "1", EnumOptions = "7");

/// What stands at one element: read with [`Self::own`], made with [`Self::saying`].
macro_rules! element {
    ($($element:ty: $options:ident),*) => {$(
        impl $element {
            /// What is said here; what is not is inherited.
            pub(super) fn own(&self) -> FeatureSet {
                self.options.and_then(|options| options.features).unwrap_or_default()
            }

            #[allow(clippy::needless_update, reason = "some of the types have more fields")]
            pub(super) fn saying(features: FeatureSet) -> Self {
                let mut element = Self::default();
                element.options = Some($options { features: Some(features) });
                element
            }
        }
    )*};
}

element!(
    FileFeatures: FileOptions,
    MessageFeatures: MessageOptions,
    FieldFeatures: FieldOptions,
    OneofFeatures: OneofOptions,
    EnumFeatures: EnumOptions
);

impl FileFeatures {
    /// Why its edition is not understood, if so: the rest of a sentence that begins with its name.
    pub(super) fn refuse(&self) -> Option<String> {
        let edition = match self.edition {
            Some(number) if EDITIONS.iter().any(|(_, known)| *known == number) => return None,
            Some(number) => format!("the edition with the number {number}"),
            None => "an edition that it does not name".to_owned(),
        };
        Some(format!("is written in {edition}, and the editions understood are {}", understood()))
    }
}

/// Features with everything inherited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Features {
    pub(super) presence: Presence,
    pub(super) is_closed: bool,
    pub(super) is_packed: bool,
    pub(super) is_delimited: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Explicit,
    Implicit,
    Required,
}

/// A feature of a number that stands for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UnknownValue {
    pub(super) feature: &'static str,
    pub(super) number: i32,
}

impl Features {
    /// What editions 2023 and 2024 begin with.
    pub(super) const DEFAULT: Self =
        Self { presence: Presence::Explicit, is_closed: false, is_packed: true, is_delimited: false };

    /// With what is said nearer.
    pub(super) fn with(self, own: FeatureSet) -> Result<Self, UnknownValue> {
        let choose = |feature, said: Option<i32>, inherited: bool, (no, yes): (i32, i32)| match said {
            None => Ok(inherited),
            Some(number) if number == no => Ok(false),
            Some(number) if number == yes => Ok(true),
            Some(number) => Err(UnknownValue { feature, number }),
        };
        Ok(Self {
            presence: match own.field_presence {
                None => self.presence,
                Some(1) => Presence::Explicit,
                Some(2) => Presence::Implicit,
                Some(3) => Presence::Required,
                Some(number) => return Err(UnknownValue { feature: "field_presence", number }),
            },
            is_closed: choose("enum_type", own.enum_type, self.is_closed, (1, 2))?,
            is_packed: choose("repeated_field_encoding", own.repeated_field_encoding, self.is_packed, (2, 1))?,
            is_delimited: choose("message_encoding", own.message_encoding, self.is_delimited, (1, 2))?,
        })
    }
}
