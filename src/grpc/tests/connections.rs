//! Connections: shared by calls, lost, and made anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::honest::echo;
use super::{SETTINGS, SHORT, Target, channel, listen, told, try_unary};
use crate::grpc::{Code, ConnectError};

async fn error(target: Target) -> ConnectError {
    try_unary(&channel(target)).await.expect_err("a server that cannot be reached")
}

#[tokio::test]
async fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    drop(listener);
    let error = error(Target::parse(&address).expect("an address")).await;
    assert_eq!(error.code, Code::Unavailable);
    assert_eq!(error.to_string(), format!("cannot connect to http://{address}: {address}: connection refused"));
    assert_eq!(error.hints, [format!("nothing listens on {address}: is the server running, and on this port?")]);
}

#[tokio::test]
async fn no_socket_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("absent.sock");
    let error = error(Target::parse(&format!("unix:{}", path.display())).expect("an address")).await;
    assert_eq!(error.causes, [format!("{}: no such file", path.display())]);
    assert_eq!(error.hints, [format!("there is no socket {}: is the server running?", path.display())]);
}

#[tokio::test]
async fn calls_that_wait_for_one_connection_say_what_it_waits_for() {
    let target = listen(|mut stream| async move {
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let channel = channel(target);
    let (first, second) = tokio::join!(try_unary(&channel), try_unary(&channel));
    for error in [first.expect_err("no connection"), second.expect_err("no connection")] {
        assert_eq!(error.code, Code::DeadlineExceeded);
        assert_eq!(error.causes, ["no HTTP/2 SETTINGS received: the peer accepts the connection and says nothing"]);
    }
}

#[tokio::test]
async fn calls_that_wait_for_one_connection_share_its_failure() {
    let attempts = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&attempts);
    let target = listen(move |mut stream| {
        counter.fetch_add(1, Ordering::SeqCst);
        async move {
            let _ = stream.read(&mut [0; 64]).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    })
    .await;
    let channel = channel(target);
    let (first, second) = tokio::join!(try_unary(&channel), try_unary(&channel));
    assert_eq!(first.expect_err("no connection"), second.expect_err("no connection"));
    assert_eq!(attempts.load(Ordering::SeqCst), 1);
    try_unary(&channel).await.expect_err("no connection");
    assert_eq!(attempts.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_ping_that_is_not_answered() {
    let target = listen(|mut stream| async move {
        let _ = stream.write_all(SETTINGS).await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let error = channel(target.await).ping(Instant::now() + SHORT).await.expect_err("no answer");
    assert_eq!(error.code, Code::DeadlineExceeded);
    assert!(error.headline.contains("did not answer an HTTP/2 PING within"), "{error}");
}

/// How many connections there were, and how many of them have ended.
#[derive(Default)]
struct Connections {
    made: AtomicUsize,
    ended: AtomicUsize,
}

/// Answers one call on each connection and then ends it, with a GOAWAY or without; counts them.
async fn one_call_each(goaway: bool) -> (Target, Arc<Connections>) {
    let connections = Arc::new(Connections::default());
    let counter = Arc::clone(&connections);
    let target = listen(move |stream| {
        counter.made.fetch_add(1, Ordering::SeqCst);
        let served = async move {
            let mut connection = h2::server::handshake(stream).await.expect("HTTP/2");
            let Some(Ok((request, answer))) = connection.accept().await else { return };
            let mut answered = tokio::spawn(echo(request, answer));
            if goaway {
                connection.graceful_shutdown();
                while connection.accept().await.is_some() {}
            } else {
                tokio::select! {
                    _ = connection.accept() => {}
                    _ = &mut answered => {
                        // What was answered is still to be written.
                        let soon = tokio::time::sleep(Duration::from_millis(20));
                        tokio::select! { _ = connection.accept() => {}, () = soon => {} }
                    }
                }
            }
        };
        let counter = Arc::clone(&counter);
        async move {
            served.await;
            counter.ended.fetch_add(1, Ordering::SeqCst);
        }
    });
    (target.await, connections)
}

#[tokio::test]
async fn the_call_after_a_lost_connection_makes_another() {
    for goaway in [false, true] {
        let (target, connections) = one_call_each(goaway).await;
        let channel = channel(target);
        for count in 1..=3 {
            let outcome = try_unary(&channel).await.expect("reached");
            assert_eq!(outcome.status.code, Code::Ok, "{}", told(&outcome));
            assert_eq!(connections.made.load(Ordering::SeqCst), count);
            // The server's end follows its answer; let it arrive, or the call is made on a connection that ends. Once it
            // is sent, what reads it here is woken in the first pause and has run before the second is over.
            while connections.ended.load(Ordering::SeqCst) < count {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            for _ in 0..2 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}
