//! The client under test: reads calls from standard input, makes them many at a time, writes what came of each to
//! standard output.

use std::collections::HashMap;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use grpc_spec::internal::{Client, Endpoint, OpenCall};
use tokio::runtime::Runtime;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout_at};

use crate::protocol::{Cancel, Kind, Request, Response, read_request, write_response};

/// Calls at the same time; enough to share connections.
const PARALLEL: usize = 16;

/// Until the end of the input.
pub(crate) fn run() -> ExitCode {
    let served = Runtime::new().and_then(|runtime| runtime.block_on(serve()));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The runner shows what the client under test writes there.
            let _ = io::Write::write_all(&mut io::stderr(), format!("error: {error}\n").as_bytes());
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> io::Result<()> {
    let mut clients = Clients::default();
    let places = Arc::new(Semaphore::new(PARALLEL));
    let output = Arc::new(Mutex::new(io::stdout()));
    let mut calls = JoinSet::new();
    while let Some(request) = tokio::task::spawn_blocking(|| read_request(&mut io::stdin().lock())).await?? {
        let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
        let client = clients.get(&request.endpoint);
        let output = Arc::clone(&output);
        calls.spawn(async move {
            let result = match client {
                Ok(client) => make(&client, &request).await,
                Err(error) => Err(error),
            };
            drop(place);
            write_response(&mut *output.lock().await, request.test_name, result)
        });
    }
    while let Some(written) = calls.join_next().await {
        written??;
    }
    Ok(())
}

/// A client for each server, so that calls share its connections.
#[derive(Default)]
struct Clients(HashMap<Endpoint, Client>);

impl Clients {
    fn get(&mut self, endpoint: &Endpoint) -> Result<Client, String> {
        if let Some(client) = self.0.get(endpoint) {
            return Ok(client.clone());
        }
        let client = Client::new(endpoint)?;
        self.0.insert(endpoint.clone(), client.clone());
        Ok(client)
    }
}

async fn make(client: &Client, request: &Request) -> Result<Response, String> {
    let mut call = match client.open(&request.head).await? {
        Ok(call) => call,
        Err(ended) => return Ok(Response { ended, unsent: request.messages.len() }),
    };
    let mut received = 0;
    let mut sent = 0;
    for message in &request.messages {
        sleep(request.delay).await;
        if !call.send(message.clone()).await {
            break;
        }
        sent += 1;
        if request.kind == Kind::InTurn && !receive(&mut call, &mut received, request.cancel).await {
            break;
        }
    }
    match request.cancel {
        Some(Cancel::BeforeCloseSend) => call.cancel(),
        Some(Cancel::AfterCloseSend(delay)) => {
            let until = Instant::now() + delay;
            call.close_send();
            let reading = async { while receive(&mut call, &mut received, None).await {} };
            if timeout_at(until.into(), reading).await.is_err() {
                call.cancel();
            }
        }
        _ => call.close_send(),
    }
    let ended = if request.kind == Kind::OneResponse {
        let mut ended = call.finish_with_one_message().await;
        if ended.code != 0 {
            // As the protocol has it: such a call returns a message or an error.
            ended.messages.clear();
        }
        ended
    } else {
        while receive(&mut call, &mut received, request.cancel).await {}
        call.finish().await
    };
    Ok(Response { ended, unsent: request.messages.len() - sent })
}

/// Receives a message, and cancels the call after the last that is wanted; false once the call has ended.
async fn receive(call: &mut OpenCall, received: &mut usize, cancel: Option<Cancel>) -> bool {
    if call.receive().await.is_none() {
        return false;
    }
    *received += 1;
    if cancel == Some(Cancel::AfterResponses(*received)) {
        call.cancel();
    }
    true
}
