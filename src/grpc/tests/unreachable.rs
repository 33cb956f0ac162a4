//! Servers that no connection can be made to (rows 2 and 3 of the misbehaving ones).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::raw::{self, listen};
use super::{SHORT, Target, channel, try_unary, unary};
use crate::grpc::outcome::Phase;
use crate::grpc::{Code, ConnectError};

async fn error(target: Target) -> ConnectError {
    try_unary(&channel(target)).await.expect_err("a server that cannot be reached")
}

/// Reads what the client says first, then answers with these bytes and stays.
async fn says(bytes: &'static [u8]) -> ConnectError {
    let target = listen(move |mut stream| async move {
        let _ = stream.read(&mut [0; 64]).await;
        let _ = stream.write_all(bytes).await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    error(target.await).await
}

/// The same, then closes.
async fn says_and_closes(bytes: &'static [u8]) -> ConnectError {
    let target = listen(move |mut stream| async move {
        let _ = stream.read(&mut [0; 1024]).await;
        let _ = stream.write_all(bytes).await;
    });
    error(target.await).await
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
async fn a_silent_peer_sends_no_settings() {
    let error = error(
        listen(|mut stream| async move {
            let _ = stream.read_to_end(&mut Vec::new()).await;
        })
        .await,
    )
    .await;
    assert_eq!(error.code, Code::DeadlineExceeded);
    assert!(error.headline.starts_with("no connection to http://127.0.0.1:"), "{error}");
    assert_eq!(error.causes, ["no HTTP/2 SETTINGS received: the peer accepts the connection and says nothing"]);
    assert!(error.hints[0].contains("If it expects TLS, write `https://127.0.0.1:"), "{:?}", error.hints);
}

#[tokio::test]
async fn settings_then_silence_is_a_call_that_waits() {
    let outcome = unary(raw::serve(|peer| async { peer }).await).await;
    assert_eq!(outcome.status.code, Code::DeadlineExceeded);
    assert_eq!(outcome.stopped_in, Some(Phase::Headers));
}

#[tokio::test]
async fn an_answer_in_http_1() {
    for error in [
        says(b"HTTP/1.1 400 Bad Request\r\n\r\n").await,
        says_and_closes(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n").await,
    ] {
        assert_eq!(error.code, Code::Unavailable);
        assert_eq!(error.causes, ["the server answered in HTTP/1: `HTTP/1.1 400 Bad Request`"]);
        assert!(error.hints[0].starts_with("gRPC needs HTTP/2"), "{:?}", error.hints);
    }
}

#[tokio::test]
async fn an_ssh_banner() {
    let error = says(b"SSH-2.0-OpenSSH_9.6\r\n").await;
    assert_eq!(error.code, Code::Unavailable);
    assert_eq!(error.causes, ["the server answered `SSH-2.0-OpenSSH_9.6`"]);
    assert_eq!(error.hints, ["this is an SSH server"]);
}

#[tokio::test]
async fn a_tls_alert() {
    const ALERT: &[u8] = &[0x15, 3, 3, 0, 2, 2, 0x46];
    for error in [says(ALERT).await, says_and_closes(ALERT).await] {
        assert_eq!(error.code, Code::Unavailable);
        assert_eq!(error.causes, ["the server answered with a TLS alert"]);
        assert!(error.hints[0].starts_with("the server expects TLS: write `https://127.0.0.1:"), "{:?}", error.hints);
    }
}

#[tokio::test]
async fn closing_at_once() {
    let error = error(
        listen(|mut stream| async move {
            // Reads the preface first, so that closing is no reset.
            let _ = stream.read(&mut [0; 1024]).await;
        })
        .await,
    )
    .await;
    assert_eq!(error.code, Code::Unavailable);
    assert_eq!(error.causes[0], "the server closed the connection without a word");
}

#[tokio::test]
async fn other_text_and_other_bytes() {
    let error = says(b"220 mail.test ESMTP ready\r\n").await;
    assert_eq!(error.causes, ["the server answered with text that is not HTTP/2: `220 mail.test ESMTP ready`"]);
    let error = says(b"\0\0\x01\0\xff\xfe\xfd\xfc\xfb\xfa").await;
    assert_eq!(error.causes, ["the server answered with bytes that are not HTTP/2: 00 00 01 00 ff fe fd fc fb fa"]);
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
    let channel = channel(raw::serve(|peer| async { peer }).await);
    let begun = std::time::Instant::now();
    let error = channel.ping(begun + SHORT).await.expect_err("no answer");
    assert_eq!(error.code, Code::DeadlineExceeded);
    assert!(error.headline.contains("did not answer an HTTP/2 PING within"), "{error}");
}
