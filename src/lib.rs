//! gRPC test cases in YAML: a request, what must come back, no generated code.
//!
//! A case names a method, the request, and what is expected of the outcome. Fields are read by their protobuf types, and
//! everything that can be known before a call is checked before any call.
//!
//! ```yaml
//! # cases/greeter.yaml
//! server: greeter
//! cases:
//!   - name: greets by name
//!     call: Greeter/SayHello
//!     request: { name: test }
//!     expect:
//!       response: { message: "Hello, test!" }
//! ```
//!
//! A suite file beside it says where the protos and the servers are:
//!
//! ```yaml
//! # cases/grpc-spec.yaml
//! protos: { import_paths: [../protos] }
//! servers:
//!   greeter:
//!     start: { command: [python3, server.py, --port, "${port}"] }
//! ```
//!
//! # As tests of `cargo test`
//!
//! A test target without Rust's own harness runs the folder, each case a test under its own name:
//!
//! ```toml
//! # Cargo.toml
//! [[test]]
//! name = "cases"
//! harness = false
//! ```
//!
//! ```no_run
//! // tests/cases.rs
//! fn main() -> std::process::ExitCode {
//!     grpc_spec::Harness::new("cases").run()
//! }
//! ```
//!
//! [`Harness::serve`] serves a server of the suite in the test's own process; [`Harness::server`] uses one that is
//! already running. Without a Rust project, the program `grpc-spec` runs the same files: `grpc-spec run cases/`.
//!
//! # What a failure looks like
//!
//! ```text
//! error: random is out of range
//!   --> cases/test_server.yaml:10:27
//!    |
//! 10 |       response: { random: { $between: [30, 40] } }
//!    |                           ^^^^^^^^^^^^^^^^^^^^^^ expected 30 ≤ random ≤ 40
//!    = actual: 18 (int32)
//! ```
//!
//! All mismatches of a case are shown, then the call, what came back, the server's log since the case began, and a
//! `grpcurl` line that makes the call again.
//!
//! # Limits
//!
//! - Unix only: started servers live in process groups.
//! - Editions 2023 and 2024 are lowered to what proto2 and proto3 can say; what cannot be is an error that names it.
//! - Under `cargo nextest` each case is a process of its own, so a server with `scope: run` starts once for each case.

#[doc(hidden)]
pub mod cli;
mod diagnostic;
mod explain;
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
