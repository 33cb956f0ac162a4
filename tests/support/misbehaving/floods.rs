//! Rows 17 and 18: floods of headers and frames, messages without end, and one byte now and then.

use std::time::Duration;

use super::Misbehaviour;
use super::raw::{
    ACK, CONTINUATION, DATA, Fields, Frames, HEADERS, HELLO, OK_HEADERS, OK_TRAILERS, PING, SETTINGS, block, frame,
    prefixed,
};

/// Between two bytes of one that is slow: its deadline passes long before the five in front of a message are there.
const NOW_AND_THEN: Duration = Duration::from_millis(800);

pub(super) fn all() -> Vec<Misbehaviour> {
    let flood = |name: &str, again: fn(Frames) -> Frames| {
        Misbehaviour::peer(name, move |mut peer| async move {
            if let Some(stream) = peer.request().await {
                peer.write(&Frames::on(stream).headers(OK_HEADERS).bytes()).await;
                peer.flood(&again(Frames::on(stream)).bytes().repeat(100)).await;
            }
        })
    };
    vec![
        Misbehaviour::peer("continuation_flood", |mut peer| async move {
            if let Some(stream) = peer.request().await {
                peer.write(&frame(HEADERS, 0, stream, &block(OK_HEADERS))).await;
                peer.flood(&frame(CONTINUATION, 0, stream, &block(&[("x", "y")])).repeat(100)).await;
            }
        }),
        flood("empty_data_flood", |frames| frames.frame(DATA, 0, &[])),
        metadata("headers_of_20_kb", &[("x", 1000); 20]),
        metadata("headers_of_200_kb", &[("x", 1000); 200]),
        metadata("headers_of_1_mb", &[("x", 1000); 1100]),
        Misbehaviour::answer("headers_of_500_fields", |frames| {
            let names: Vec<_> = (0..500).map(|number| format!("x-{number}")).collect();
            let fields: Vec<_> = names.iter().map(|name| (name.as_str(), "y")).collect();
            frames.headers(&[OK_HEADERS, &fields].concat()).message(HELLO).trailers(OK_TRAILERS)
        }),
        Misbehaviour::answer("trailers_of_1_mb", |frames| {
            frames.response(&[OK_TRAILERS, &[("x", &"v".repeat(1_200_000))]].concat())
        }),
        flood("ping_flood", |frames| frames.of_connection(PING, 0, &[7; 8])),
        flood("ping_answer_flood", |frames| frames.of_connection(PING, ACK, &[7; 8])),
        flood("settings_flood", |frames| frames.of_connection(SETTINGS, 0, &[])),
        messages("messages_without_end", HELLO.to_vec()),
        messages("large_messages_without_end", [&[0x0a, 0xff, 0x7f][..], &[b'x'; 16_383]].concat()),
        Misbehaviour::peer("one_byte_now_and_then", |mut peer| async move {
            let Some(stream) = peer.request().await else { return };
            peer.write(&Frames::on(stream).headers(OK_HEADERS).bytes()).await;
            for byte in prefixed(0, HELLO) {
                if !peer.write(&Frames::on(stream).data(&[byte]).bytes()).await {
                    break;
                }
                tokio::time::sleep(NOW_AND_THEN).await;
            }
            peer.stay().await;
        }),
    ]
}

/// The same message over and over, as fast as the client takes it.
fn messages(name: &str, message: Vec<u8>) -> Misbehaviour {
    Misbehaviour::calls(name, move |mut call| {
        let message = message.clone();
        async move {
            loop {
                call.send(&message).await?;
            }
        }
    })
}

/// A response with so much metadata: names, and how long their values are.
fn metadata(name: &str, fields: &[(&'static str, usize)]) -> Misbehaviour {
    let values: Vec<(&str, String)> = fields.iter().map(|(name, length)| (*name, "v".repeat(*length))).collect();
    Misbehaviour::answer(name, move |frames| {
        let fields: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let headers: Fields = &[OK_HEADERS, &fields].concat();
        frames.headers(headers).message(HELLO).trailers(OK_TRAILERS)
    })
}
