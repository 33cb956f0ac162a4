//! Rows 1, 2, 3 and 20: silence, peers that do not speak HTTP/2, and windows that do not open.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::Misbehaviour;
use super::raw::{HELLO, OK_HEADERS, Peer, prefixed};

/// `SETTINGS_INITIAL_WINDOW_SIZE` = 0
const NO_WINDOW: &[u8] = &[0, 4, 0, 0, 0, 0];

/// Fatal, `protocol_version`.
const ALERT: &[u8] = &[0x15, 3, 3, 0, 2, 2, 0x46];

pub(super) fn all() -> Vec<Misbehaviour> {
    vec![
        Misbehaviour::answer("never_answers", |frames| frames),
        Misbehaviour::answer("headers_then_silence", |frames| frames.headers(OK_HEADERS)),
        Misbehaviour::answer("message_then_silence", |frames| frames.headers(OK_HEADERS).message(HELLO)),
        Misbehaviour::answer("half_a_message_then_silence", |frames| {
            frames.headers(OK_HEADERS).data(&prefixed(0, HELLO)[..7])
        }),
        Misbehaviour::connection("silent", |mut stream| async move {
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }),
        Misbehaviour::connection("settings_then_silence", |mut stream| async move {
            let _ = stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }),
        says("http_1", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        says_and_closes("http_1_then_closes", b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n"),
        says("ssh", b"SSH-2.0-OpenSSH_9.6\r\n"),
        says("tls_alert", ALERT),
        says_and_closes("tls_alert_then_closes", ALERT),
        says_and_closes("closes_at_once", b""),
        says("smtp", b"220 mail.test ESMTP ready\r\n"),
        says("binary", b"\0\0\x01\0\xff\xfe\xfd\xfc\xfb\xfa"),
        Misbehaviour::peer_with("no_window", NO_WINDOW, Peer::stay),
        Misbehaviour::peer("window_not_opened_again", Peer::stay),
    ]
}

/// Reads what the client says first, then answers with these bytes and stays.
fn says(name: &str, bytes: &'static [u8]) -> Misbehaviour {
    Misbehaviour::connection(name, move |mut stream| async move {
        let _ = stream.read(&mut [0; 64]).await;
        let _ = stream.write_all(bytes).await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
}

/// The same, and closes: with a FIN, since all was read.
fn says_and_closes(name: &str, bytes: &'static [u8]) -> Misbehaviour {
    Misbehaviour::connection(name, move |mut stream| async move {
        let _ = stream.read(&mut [0; 1024]).await;
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
}
