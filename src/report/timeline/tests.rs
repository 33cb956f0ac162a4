//! Timelines as they are drawn.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prost_reflect::{DescriptorPool, DynamicMessage, Value};

use super::*;
use crate::diagnostic::Span;
use crate::grpc::{Code, Metadata, Origin, Received, Status};

fn text(text: &str) -> DynamicMessage {
    let pool = DescriptorPool::global();
    let descriptor = pool.get_message_by_name("google.protobuf.FieldDescriptorProto").expect("it is well known");
    let mut message = DynamicMessage::new(descriptor);
    message.set_field_by_name("name", Value::String(text.to_owned()));
    message
}

fn outcome(messages: usize, compressed: bool) -> CallOutcome {
    let received = Received { bytes: Bytes::new(), compressed, at: Duration::ZERO };
    CallOutcome {
        status: Status {
            code: Code::NotFound,
            raw: None,
            message: String::new(),
            details: Bytes::new(),
            origin: Origin::Server,
        },
        http_status: Some(200),
        headers: Metadata::new(),
        trailers: Metadata::new(),
        trailers_only: false,
        messages: vec![received; messages],
        unrecorded: 0,
        unsent: 0,
        bytes_sent: 0,
        bytes_received: 0,
        elapsed: Duration::ZERO,
        stopped_in: None,
        causes: Vec::new(),
        hints: Vec::new(),
        warnings: Vec::new(),
    }
}

/// Draws what happened, a millisecond apart, each at a line of its own.
fn draw(happened: Vec<Happening>, messages: &[DynamicMessage], outcome: &CallOutcome, full: bool) -> String {
    let sources = Sources::default();
    let file = sources.add("script.yaml", "-\n".repeat(200));
    let moment = |(at, what): (usize, Happening)| Moment {
        at: Duration::from_micros(at as u64 * 1_500),
        step: (!matches!(what, Happening::Ended)).then(|| Span::new(file, at * 2, at * 2 + 1)),
        what,
    };
    let timeline = Timeline { moments: happened.into_iter().enumerate().map(moment).collect(), cut: false };
    TimelineWriter { sources: &sources, palette: Palette::new(false), full, outcome, messages }.write(&timeline)
}

#[test]
fn each_moment_has_a_line() {
    let messages = [text("echo hi"), text("news"), text("more")];
    let happened = vec![
        Happening::Sent { message: Arc::new(text("hi")), compressed: true },
        Happening::Received { index: 0, fate: Fate::Received },
        Happening::Silent(Duration::from_millis(100)),
        Happening::Slept(Duration::from_secs(2)),
        Happening::Called {
            method: "chat.v1.Rooms/Announce".to_owned(),
            elapsed: Duration::from_millis(3),
            passed: true,
        },
        Happening::Received { index: 1, fate: Fate::PassedOver },
        Happening::Received { index: 2, fate: Fate::Unwanted },
        Happening::NotSent,
        Happening::Closed,
        Happening::Unmet { word: "recv", headline: "text differs".to_owned() },
        Happening::Ended,
    ];
    let drawn = draw(happened, &messages, &outcome(3, false), false);
    assert_eq!(
        drawn,
        "\
+0µs    → send (compressed) { name: hi }  (line 1)
+1.50ms ← recv { name: echo hi }  (line 2)
+3.00ms · silent_for 100ms  (line 3)
+4.50ms · sleep 2s  (line 4)
+6.00ms · call chat.v1.Rooms/Announce: passed after 3.00ms  (line 5)
+7.50ms ← recv (passed over) { name: news }  (line 6)
+9.00ms ← recv (no step receives it) { name: more }  (line 7)
+10.5ms · send, passed over: the stream had ended  (line 8)
+12.0ms → close  (line 9)
+13.5ms × recv: text differs  (line 10)
+15.0ms ← end: NOT_FOUND
"
    );
}

#[test]
fn what_came_compressed_and_what_failed_stands_out() {
    let happened = vec![
        Happening::Received { index: 0, fate: Fate::Received },
        Happening::Called { method: "a.B/C".to_owned(), elapsed: Duration::from_millis(3), passed: false },
        Happening::Cancelled,
    ];
    let drawn = draw(happened, &[text("a")], &outcome(1, true), false);
    assert_eq!(
        drawn,
        "\
+0µs    ← recv (compressed) { name: a }  (line 1)
+1.50ms × call a.B/C: failed after 3.00ms  (line 2)
+3.00ms → cancel  (line 3)
"
    );
}

#[test]
fn the_middle_of_a_long_timeline_is_left_out_unless_all_is_asked_for() {
    let messages: Vec<DynamicMessage> = (0..100).map(|at| text(&format!("message {at}"))).collect();
    let happened = |count| (0..count).map(|index| Happening::Received { index, fate: Fate::Received }).collect();
    let lines = |count, full| draw(happened(count), &messages, &outcome(100, false), full).lines().count();
    assert_eq!(lines(FIRST + LAST, false), FIRST + LAST);
    assert_eq!(lines(FIRST + LAST + 1, false), FIRST + LAST + 1, "a line is not replaced by a line");
    assert_eq!(lines(100, false), FIRST + LAST + 1);
    assert_eq!(lines(100, true), 100);
    let drawn = draw(happened(100), &messages, &outcome(100, false), false);
    assert!(drawn.contains("\n… 68 moments, shown with --full\n"), "{drawn}");
    assert!(drawn.contains("{ name: message 7 }") && !drawn.contains("{ name: message 8 }"), "{drawn}");
    assert!(drawn.contains("{ name: message 76 }") && !drawn.contains("{ name: message 75 }"), "{drawn}");
}

#[test]
fn long_messages_are_shortened_unless_all_is_asked_for() {
    let long = "a".repeat(5_000);
    let mut message = text(&long);
    message.set_field_by_name("number", Value::I32(1));
    let happened = || vec![Happening::Received { index: 0, fate: Fate::Received }];
    let drawn = draw(happened(), std::slice::from_ref(&message), &outcome(1, false), false);
    assert!(drawn.len() < 400, "{drawn}");
    let drawn = draw(happened(), &[message], &outcome(1, false), true);
    assert!(drawn.contains(&long) && drawn.contains("\n    number: 1\n"), "{drawn}");
}
