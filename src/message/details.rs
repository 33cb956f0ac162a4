//! The details of a `google.rpc.Status`: messages of the kind `Any`, each in a pool that knows what it holds, where one
//! does.

use prost_reflect::{DescriptorPool, DynamicMessage, ReflectMessage as _, Value};

use super::any::find_type;
use super::decode;

const ANY: &str = "google.protobuf.Any";

/// Those of a status as it came; none where the bytes are no status.
pub(crate) fn status_details(status: &[u8], pool: &DescriptorPool) -> Vec<DynamicMessage> {
    let details = || {
        let status = decode(status, &pool.get_message_by_name("google.rpc.Status")?).ok()?;
        let details = status.get_field_by_name("details")?;
        let details = details.as_list()?.iter().filter_map(Value::as_message);
        Some(details.filter(|detail| detail.descriptor().full_name() == ANY).cloned().collect())
    };
    if status.is_empty() { Vec::new() } else { details().unwrap_or_default() }
}

/// The full name of what a detail holds, where its pool does not know it.
pub(crate) fn unknown_detail(detail: &DynamicMessage) -> Option<String> {
    let url = detail.get_field_by_number(1)?;
    let (_, name) = url.as_str()?.rsplit_once('/')?;
    let is_name = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && part.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    let is_unknown = name.split('.').all(is_name) && find_type(name, detail.descriptor().parent_pool()).is_none();
    is_unknown.then(|| name.to_owned())
}

/// The same detail in another pool, if that knows what it holds.
pub(crate) fn detail_in(detail: &DynamicMessage, pool: &DescriptorPool) -> Option<DynamicMessage> {
    find_type(detail.get_field_by_number(1)?.as_str()?, pool)?;
    let mut moved = DynamicMessage::new(pool.get_message_by_name(ANY)?);
    for number in [1, 2] {
        moved.try_set_field_by_number(number, detail.get_field_by_number(number)?.into_owned()).ok()?;
    }
    // It may nest too deep, now that there is a look into it.
    decode(&prost::Message::encode_to_vec(&moved), &moved.descriptor()).ok()
}
