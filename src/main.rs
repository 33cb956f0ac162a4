//! The `grpc-spec` binary; everything is in the library.

fn main() {}
