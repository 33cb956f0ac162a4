//! The wire, on the `h2` crate: addresses, connections, calls, framing, metadata, status, deadlines.
//!
//! A [`Channel`] reaches one [`Target`] and opens [`Call`]s on it; a call ends in a [`CallOutcome`], which is plain data
//! of our own. Nothing of `h2` or `http` leaves this module, everything awaited is under a deadline, and what a server
//! sends is data: it can make a call fail, never panic, hang or fill the memory.

mod call;
mod channel;
mod code;
mod compression;
mod connect;
mod connect_error;
mod connection;
mod credential;
mod deadline;
mod ending;
mod first_bytes;
mod frame;
mod health;
mod http2;
mod keepalive;
mod metadata;
mod outcome;
mod reflection;
mod request;
mod response;
mod sending;
mod status;
mod target;
#[cfg(test)]
mod tests;
mod tls;
mod tls_error;

pub(crate) use call::Call;
pub(crate) use channel::{Channel, ChannelOptions, Limits};
pub(crate) use code::Code;
pub(crate) use compression::Compression;
pub(crate) use connect_error::ConnectError;
pub(crate) use credential::{credentials, hide_credentials};
pub(crate) use health::{Health, check_health, reflection_answers};
pub(crate) use metadata::{Metadata, MetadataError, MetadataKey, MetadataValue};
pub(crate) use outcome::{CallOutcome, Received};
pub(crate) use reflection::{Reflection, ReflectionError};
pub(crate) use request::CallRequest;
pub(crate) use status::{Origin, Status};
pub(crate) use target::{Target, TargetError};
pub(crate) use tls::{Pem, Tls, TlsError, TlsOptions, TlsPart, check_server_name};
