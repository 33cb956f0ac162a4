//! What a thousand unary cases cost, as whole processes: `cargo bench --bench unary`.
//!
//! `grpc-spec run` over 1,000 cases, in one file and in 1,000 files, beside a program that makes the same calls in a
//! bare loop on tonic's own client with generated code, and checks the same replies. Both call a server that is already
//! running in a process of its own. They run in alternating pairs, so that what else the machine does falls on both;
//! a ratio is the median of the pairs' ratios. CPU is user and system time of the whole process.
//!
//! `--rounds N` and `--calls N` after `--` change the defaults.
#![expect(clippy::print_stdout, reason = "a benchmark's result is what it prints")]

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use grpc_spec_fixture_server::proto::systems::HelloRequest;
use grpc_spec_fixture_server::proto::systems::greeter_client::GreeterClient;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tonic::transport::Endpoint;

type BoxError = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [SERVE] => serve(),
        [LOOP, address, calls, concurrency] => tonic_loop(address, calls.parse()?, concurrency.parse()?),
        _ => compare(number(&arguments, "--rounds", 9)?, number(&arguments, "--calls", 1000)?),
    }
}

/// The value of an option, or its default.
fn number(arguments: &[String], option: &str, default: usize) -> Result<usize, BoxError> {
    match arguments.iter().position(|argument| argument == option) {
        None => Ok(default),
        Some(index) => {
            let text = arguments.get(index + 1).ok_or_else(|| format!("`{option}` needs a number"))?;
            Ok(text.parse().map_err(|_| format!("`{text}` is not a number"))?)
        }
    }
}

/// This program again, as the server.
const SERVE: &str = "--as-server";
/// This program again, as the loop on tonic's client.
const LOOP: &str = "--as-loop";

/// Prints its address and serves until its standard input ends.
fn serve() -> Result<(), BoxError> {
    Runtime::new()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("http://{}", listener.local_addr()?);
        let starter_ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
        tokio::select! {
            ended = grpc_spec_fixture_server::serve(listener) => ended,
            _ = starter_ended => Ok(()),
        }
    })
}

/// Makes the calls on one channel, `concurrency` at a time, and checks each reply.
fn tonic_loop(address: &str, calls: usize, concurrency: usize) -> Result<(), BoxError> {
    Runtime::new()?.block_on(async {
        let client = GreeterClient::new(Endpoint::from_shared(address.to_owned())?.connect().await?);
        let mut workers = JoinSet::new();
        for worker in 0..concurrency {
            let mut client = client.clone();
            workers.spawn(async move {
                for number in (worker..calls).step_by(concurrency) {
                    let request = HelloRequest { name: format!("caller {number}") };
                    let reply = client.say_hello(request).await?.into_inner();
                    if reply.message != format!("Hello, caller {number}!") {
                        return Err(format!("unexpected reply: {reply:?}").into());
                    }
                }
                Ok::<(), BoxError>(())
            });
        }
        while let Some(worker) = workers.join_next().await {
            worker??;
        }
        Ok(())
    })
}

fn compare(rounds: usize, calls: usize) -> Result<(), BoxError> {
    let server = Server::start()?;
    let one_file = suite(calls, calls)?;
    let many_files = suite(calls, 1)?;
    for suite in [&one_file, &many_files] {
        verify(suite.path(), &server.address, calls)?;
    }

    let this = std::env::current_exe()?;
    let cores = std::thread::available_parallelism()?.get();
    let default_jobs = (4 * cores).max(8);
    println!(
        "{calls} unary calls, whole processes, {cores} cores, median of {rounds} pairs: grpc-spec / tonic's client"
    );
    println!();
    println!("{:<34} {:<14} {:>27} {:>34}", "grpc-spec run", "tonic loop", "wall", "CPU");
    for (jobs, concurrency) in [(default_jobs, 1), (default_jobs, default_jobs), (1, 1)] {
        for (suite, what) in [(&one_file, "1 file".to_owned()), (&many_files, format!("{calls} files"))] {
            let pairs = pairs(
                rounds,
                || grpc_spec(suite.path(), &server.address, jobs),
                || tonic(&this, &server.address, calls, concurrency),
            )?;
            println!(
                "{:<34} {:<14} {:>27} {:>34}",
                format!("{what}, --jobs {jobs}"),
                format!("{concurrency} at a time"),
                figures(&pairs, |cost| cost.wall),
                figures(&pairs, |cost| cost.cpu),
            );
        }
    }
    Ok(())
}

/// A suite of greetings: `calls` cases, `per_file` in each file.
fn suite(calls: usize, per_file: usize) -> Result<TempDir, BoxError> {
    let folder = tempfile::tempdir()?;
    let protos = Path::new(env!("CARGO_MANIFEST_DIR")).join("protos");
    let config = format!(
        "protos: {{ import_paths: [\"{}\"] }}\nservers:\n  greeter: {{ address: \"http://127.0.0.1:1\" }}\n",
        protos.display()
    );
    fs::write(folder.path().join("grpc-spec.yaml"), config)?;
    for first in (0..calls).step_by(per_file) {
        let mut text = "service: Greeter\ncases:\n".to_owned();
        for number in first..(first + per_file).min(calls) {
            writeln!(text, "  - name: greets caller {number}")?;
            writeln!(text, "    call: SayHello")?;
            writeln!(text, "    request: {{ name: caller {number} }}")?;
            writeln!(text, "    expect: {{ response: {{ message: \"Hello, caller {number}!\" }} }}")?;
        }
        fs::write(folder.path().join(format!("from_{first}.yaml")), text)?;
    }
    Ok(folder)
}

fn grpc_spec(suite: &Path, address: &str, jobs: usize) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grpc-spec"));
    command.arg("run").arg(suite).args(["--server", &format!("greeter={address}"), "--jobs", &jobs.to_string()]);
    command
}

fn tonic(this: &Path, address: &str, calls: usize, concurrency: usize) -> Command {
    let mut command = Command::new(this);
    command.args([LOOP, address, &calls.to_string(), &concurrency.to_string()]);
    command
}

/// A benchmark of cases that did not run would be fast: once, unmeasured, the report must name every one.
fn verify(suite: &Path, address: &str, calls: usize) -> Result<(), BoxError> {
    let report: PathBuf = suite.join("report.xml");
    let mut command = grpc_spec(suite, address, 8);
    measure(command.arg("--junit").arg(&report))?;
    let reported = fs::read_to_string(&report)
        .map_err(|error| format!("no report of the cases: {error}"))?
        .matches("<testcase ")
        .count();
    fs::remove_file(report)?;
    if reported == calls { Ok(()) } else { Err(format!("{reported} cases ran, not {calls}").into()) }
}

/// What one process took.
#[derive(Debug, Clone, Copy)]
struct Cost {
    wall: Duration,
    cpu: Duration,
}

/// Both commands, ours first and last in turn; one unmeasured pair before.
fn pairs(
    rounds: usize,
    ours: impl Fn() -> Command,
    theirs: impl Fn() -> Command,
) -> Result<Vec<(Cost, Cost)>, BoxError> {
    let mut pairs = Vec::new();
    for round in 0..=rounds {
        let pair = if round % 2 == 0 {
            let first = measure(&mut ours())?;
            (first, measure(&mut theirs())?)
        } else {
            let first = measure(&mut theirs())?;
            (measure(&mut ours())?, first)
        };
        if round > 0 {
            pairs.push(pair);
        }
    }
    Ok(pairs)
}

/// Runs a command to its end; only its own error output is shown.
fn measure(command: &mut Command) -> Result<Cost, BoxError> {
    let cpu_before = children_cpu()?;
    let start = Instant::now();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    let wall = start.elapsed();
    if !status.success() {
        return Err(format!("{command:?} ended with {status}").into());
    }
    Ok(Cost { wall, cpu: children_cpu()?.saturating_sub(cpu_before) })
}

/// User and system time of all the children that have ended.
fn children_cpu() -> Result<Duration, BoxError> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let microseconds = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(u64::try_from(microseconds)?))
}

/// Both medians and the median ratio: `81.2 ms / 120.4 ms = 0.67`.
fn figures(pairs: &[(Cost, Cost)], figure: impl Fn(&Cost) -> Duration) -> String {
    let milliseconds = |cost: &Cost| figure(cost).as_secs_f64() * 1e3;
    let ours = median(pairs.iter().map(|(ours, _)| milliseconds(ours)));
    let theirs = median(pairs.iter().map(|(_, theirs)| milliseconds(theirs)));
    let ratio = median(pairs.iter().map(|(ours, theirs)| milliseconds(ours) / milliseconds(theirs)));
    format!("{ours:.1} ms / {theirs:.1} ms = {ratio:.2}")
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The fixture server in a process of its own, which ends with this one.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start() -> Result<Self, BoxError> {
        let mut process =
            Command::new(std::env::current_exe()?).arg(SERVE).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut address = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut address)?;
        }
        Ok(Self { process, address: address.trim().to_owned() })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
