//! The `grpc-spec` binary; everything is in the library.

fn main() -> std::process::ExitCode {
    grpc_spec::cli::main()
}
