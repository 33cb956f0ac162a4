//! gRPC test cases in YAML.
#![allow(dead_code, unused_imports)]

#[doc(hidden)]
pub mod cli;
mod diagnostic;
mod expr;
mod grpc;
mod harness;
#[doc(hidden)]
pub mod internal;
mod matcher;
mod message;
mod plan;
mod report;
mod runner;
mod schema;
mod select;
mod server;
mod spec;
mod yaml;

pub use harness::Harness;
