//! Protobuf editions, lowered: prost-reflect knows proto2 and proto3 only (and panics on anything else), so a file
//! written in an edition becomes the proto2 or proto3 file that means the same. What its `features` say is read from
//! source ([`Rewritten`], [`take_features`]) or from a descriptor's bytes ([`FileFeatures`]), and applied by [`lower`].

mod features;
mod lower;
mod options;
mod rewrite;
#[cfg(test)]
mod tests;

pub(super) use features::{FileFeatures, is_language_features, is_understood, understood};
pub(super) use lower::lower;
pub(super) use options::{WrongFeature, take_features};
pub(super) use rewrite::Rewritten;
