//! gRPC test cases in YAML.
#![allow(dead_code, unused_imports)]

mod diagnostic;
mod expr;
mod grpc;
mod matcher;
mod message;
mod schema;
mod select;
mod server;
mod spec;
mod yaml;
