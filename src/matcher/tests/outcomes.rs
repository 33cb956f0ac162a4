//! Outcomes of calls that were never made.

use std::time::Duration;

use bytes::Bytes;

use crate::grpc::{CallOutcome, Code, Metadata, MetadataValue, Origin, Status};

pub(super) fn outcome(code: Code, message: &str) -> CallOutcome {
    CallOutcome {
        status: Status {
            code,
            raw: Some(code.number().to_string()),
            message: message.to_owned(),
            details: Bytes::new(),
            origin: Origin::Server,
        },
        http_status: Some(200),
        headers: Metadata::new(),
        trailers: Metadata::new(),
        trailers_only: false,
        messages: Vec::new(),
        unrecorded: 0,
        unsent: 0,
        bytes_sent: 0,
        bytes_received: 0,
        elapsed: Duration::from_millis(20),
        stopped_in: None,
        causes: Vec::new(),
        hints: Vec::new(),
        warnings: Vec::new(),
    }
}

pub(super) fn ok() -> CallOutcome {
    outcome(Code::Ok, "")
}

pub(super) fn metadata(pairs: &[(&str, &str)]) -> Metadata {
    let mut metadata = Metadata::new();
    for (key, value) in pairs {
        let value = if key.ends_with("-bin") {
            MetadataValue::Binary(Bytes::copy_from_slice(value.as_bytes()))
        } else {
            MetadataValue::Text((*value).to_owned())
        };
        metadata.push(key, value).expect("it can be sent");
    }
    metadata
}
