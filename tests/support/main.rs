//! What the integration tests start as programs of their own: a server that a suite starts, and a harness as a user
//! would write it.
//!
//! - `support serve PORT` serves the fixture services; a `TestServer/GetRandom` with an id that holds `die` ends the
//!   program. It first writes its process id to the file that `PID_FILE` names, if any.
//! - `support serve-tls PORT CERT KEY CLIENTS` serves them over TLS, to clients whose certificate the authority of the
//!   last file signed.
//! - `support misbehave` serves everything that misbehaves, and prints where, until its standard input ends.
//! - `support measure FILE PROGRAM ARGUMENTS…` runs a program, and writes to the file how much memory it had at most, in
//!   KiB.
//! - With `HARNESS_PATH` set it is a harness of that path, and takes the arguments of `cargo test`. `HARNESS_SERVE`
//!   names servers of its own process, `HARNESS_SERVER` and `HARNESS_VAR` hold `NAME=TEXT`, `HARNESS_PROFILE` a name.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that talks to whoever started it")]

mod misbehaving;
mod tls_front;

use std::env;
use std::net::Ipv4Addr;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitCode};

use grpc_spec::Harness;
use grpc_spec_fixture_server::{BoxError, serve, serve_and_print};
use nix::sys::resource::{UsageWho, getrusage};
use tokio::net::TcpListener;

use crate::tls_front::TlsFront;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    // a server that a harness starts has its environment
    let serves = arguments.first().is_some_and(|word| word.starts_with("serve"));
    if let Ok(path) = env::var("HARNESS_PATH")
        && !serves
    {
        return harness(path).run();
    }
    let served = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["serve", port] => serve_until_told_to_die(port),
        ["serve-tls", port, files @ ..] => serve_tls(port, files),
        ["misbehave"] => misbehaving::serve(),
        ["measure", file, program, arguments @ ..] => {
            return measure(file, program, arguments).unwrap_or_else(failure);
        }
        other => Err(format!("unknown arguments {other:?}").into()),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure(error),
    }
}

fn failure(error: impl std::fmt::Display) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::FAILURE
}

/// Ends as the program does; by a signal, with 128 and its number.
fn measure(file: &str, program: &str, arguments: &[&str]) -> Result<ExitCode, BoxError> {
    let status = Command::new(program).args(arguments).status()?;
    // The one child there ever was.
    let peak = getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss();
    std::fs::write(file, peak.to_string())?;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    Ok(ExitCode::from(u8::try_from(code)?))
}

fn harness(path: String) -> Harness {
    let listed = |name| env::var(name).unwrap_or_default().split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let pairs =
        |name| listed(name).into_iter().filter_map(|pair| Some(pair.split_once('=')?).map(own)).collect::<Vec<_>>();
    let mut harness = Harness::new(path);
    for name in listed("HARNESS_SERVE") {
        harness = harness.serve(name, serve);
    }
    for (name, address) in pairs("HARNESS_SERVER") {
        harness = harness.server(name, address);
    }
    for (name, value) in pairs("HARNESS_VAR") {
        harness = harness.var(name, value);
    }
    for name in listed("HARNESS_PROFILE") {
        harness = harness.profile(name);
    }
    harness
}

fn own((name, text): (&str, &str)) -> (String, String) {
    (name.to_owned(), text.to_owned())
}

fn serve_until_told_to_die(port: &str) -> Result<(), BoxError> {
    let port: u16 = port.parse()?;
    if let Ok(file) = env::var("PID_FILE") {
        std::fs::write(file, std::process::id().to_string())?;
    }
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        println!("listening on {}", listener.local_addr()?);
        serve_and_print(listener, |line| {
            println!("{line}");
            if line.contains("die") {
                eprintln!("out of cheese");
                std::process::exit(7);
            }
        })
        .await
    })
}

fn serve_tls(port: &str, files: &[&str]) -> Result<(), BoxError> {
    let port: u16 = port.parse()?;
    let files: Vec<String> = files.iter().map(std::fs::read_to_string).collect::<Result<_, _>>()?;
    let [certificate, key, clients] = files.try_into().map_err(|_| "expected three files")?;
    let front = TlsFront { certificate, key, clients: Some(clients), protocols: &["h2"] };
    tokio::runtime::Runtime::new()?.block_on(async {
        let behind = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = behind.local_addr()?;
        tokio::spawn(serve(behind));
        front.serve(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?, address).await;
        Ok(())
    })
}
