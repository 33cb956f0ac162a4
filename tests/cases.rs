//! The cases of `cases/` as tests, against the Rust server in this process.

use std::process::ExitCode;

use grpc_spec_fixture_server::serve;

fn main() -> ExitCode {
    grpc_spec::Harness::new("cases")
        .serve("greeter", serve)
        .serve("random", serve)
        .serve("echo", serve)
        .serve("users", serve)
        .serve("interop", serve)
        .serve("decompresses", serve)
        .serve("compresses", serve)
        .serve("reports_compression", serve)
        .run()
}
