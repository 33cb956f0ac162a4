use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use super::{Masker, Piece};

const SECRET: &str = "s3cr%t \"wört\"\\\u{1b}[0m'<&>?>~";

fn masker(secret: &str) -> Masker {
    let masker = Masker::default();
    masker.add_text("password", secret);
    masker
}

#[test]
fn without_secrets_a_text_is_as_it_is() {
    assert!(matches!(Masker::default().mask("Bearer x"), Cow::Borrowed("Bearer x")));
    assert!(matches!(masker("hunter2").mask("Bearer x"), Cow::Borrowed("Bearer x")));
}

#[test]
fn a_secret_is_replaced_by_its_name() {
    assert_eq!(masker("hunter2").mask("a hunter2, Xhunter2X"), "a •password•, X•password•X");
}

/// As a status message is sent.
const GRPC: &percent_encoding::AsciiSet = &percent_encoding::CONTROLS.add(b'%');

#[test]
fn a_secret_is_found_in_every_form() {
    let masker = masker(SECRET);
    let json = r#"s3cr%t \"wört\"\\\u001b[0m'<&>?>~"#.to_owned();
    assert_eq!(serde_json::to_string(SECRET).expect("text"), format!("\"{json}\""));
    let utf8 = SECRET.as_bytes();
    let joined = |write: fn(&u8) -> String| utf8.iter().map(write).collect::<Vec<_>>().concat();
    let (hex, percent) = (joined(|byte| format!("{byte:02x}")), joined(|byte| format!("%{byte:02X}")));
    let grpc = percent_encoding::percent_encode(utf8, GRPC).to_string();
    let url = percent_encoding::percent_encode(utf8, percent_encoding::NON_ALPHANUMERIC).to_string();
    for form in [
        SECRET.to_owned(),
        crate::diagnostic::neutralise(SECRET).into_owned(),
        json.clone(),
        format!("{SECRET:?}").trim_matches('"').to_owned(),
        SECRET.replace('\'', "''"),
        SECRET.replace('\'', r"'\''"),
        quick_xml::escape::escape(SECRET).into_owned(),
        utf8.escape_ascii().to_string(),
        hex.to_uppercase(),
        hex,
        url.to_lowercase().replace("%20", "+"),
        url,
        grpc,
        percent,
        format!("{json:?}").trim_matches('"').to_owned(),
    ] {
        let shown = masker.mask(&form).into_owned();
        assert!(shown.contains("•password•") && shown.len() < 16, "{form} is shown as {shown}");
    }
}

#[test]
fn a_secret_is_found_in_base64_wherever_it_begins() {
    for secret in ["hunter2!", "hunter22!", "hunter222!", "\u{fb}\u{ff}\u{fe}\u{3ff}\u{fbf}"] {
        let masker = masker(secret);
        for (before, after) in (0..7).flat_map(|before| (0..4).map(move |after| (before, after))) {
            let longer = [&b"abcdefg"[..before], secret.as_bytes(), &b"zyx"[..after]].concat();
            for encoded in [
                STANDARD.encode(&longer),
                STANDARD_NO_PAD.encode(&longer),
                URL_SAFE.encode(&longer),
                URL_SAFE_NO_PAD.encode(&longer),
            ] {
                let shown = masker.mask(&encoded).into_owned();
                let (lead, tail) = shown.split_once("•password•").unwrap_or_else(|| panic!("{encoded}: {shown}"));
                assert!(lead.len() <= before * 4 / 3, "{encoded}: {shown}");
                assert!(tail.trim_end_matches('=').len() <= (after * 4).div_ceil(3), "{encoded}: {shown}");
            }
        }
    }
}

#[test]
fn bytes_that_are_no_text_are_found() {
    let masker = Masker::default();
    masker.add_bytes("key", &[0xff, 0, 1, 2, 0xfe]);
    assert_eq!(masker.mask("/wABAv4= ff000102fe FF000102FE \\xff\\x00\\x01\\x02\\xfe"), "•key•= •key• •key• •key•");
}

#[test]
fn what_is_cut_off_is_masked_as_far_as_it_goes() {
    let masker = masker("correct horse battery");
    assert_eq!(masker.mask("a correct h…"), "a •password•…");
    assert_eq!(masker.mask("a Y29ycmVjdCBob3…"), "a •password•…");
    assert_eq!(masker.mask("a cor…, corre, batte…"), "a cor…, corre, batte…");
    assert_eq!(masker.mask("\"a correct h\"… and …\"horse battery and\""), "\"a •password•\"… and …\"•password• and\"");
    assert_eq!(masker.mask("…\"ect horse ba\"… …attery"), "…\"•password•\"… …•password•");
    assert_eq!(masker.mask("…tery …orse…"), "…•password• …orse…", "too little to tell");
}

#[test]
fn a_secret_longer_than_what_is_looked_for_is_masked_whole() {
    let secret: String = (0..1000).map(|at: u32| char::from(b'a' + (at * at % 23) as u8)).collect();
    let masker = masker(&secret);
    assert_eq!(masker.mask(&format!("<{secret}>")), "<•password•>");
    assert_eq!(masker.mask(&format!("<{}>", &secret[..700])), "<•password•>");
    assert_eq!(masker.mask(&format!("<{}…>", &secret[..100])), "<•password•…>");
}

#[test]
fn each_long_line_of_a_secret_is_one() {
    let masker = masker("-----BEGIN KEY-----\nMIGHAgEAMBMGByqG\nshort\n-----END KEY-----\n");
    assert_eq!(masker.mask("  key: |\n    MIGHAgEAMBMGByqG\n    short\n"), "  key: |\n    •password•\n    short\n");
}

#[test]
fn a_short_secret_is_hidden_where_it_stands_alone() {
    let masker = masker("abc");
    assert_eq!(masker.mask("abc: \"abc\", abcd, _abc, YWJj"), "•password•: \"•password•\", abcd, _abc, YWJj");
}

#[test]
fn secrets_that_overlap_leave_nothing() {
    let masker = masker("abcdef");
    masker.add_text("token", "defghi");
    assert_eq!(masker.mask("abcdefghi abcdef defghi"), "•password• •password• •token•");
    masker.add_text("longer", "x-abcdef-y");
    assert_eq!(masker.mask("x-abcdef-y"), "•longer•");
}

#[test]
fn the_first_name_of_a_value_stays() {
    let masker = masker("hunter2");
    masker.add_text("authorization", "hunter2");
    assert_eq!(masker.mask("hunter2"), "•password•");
}

#[test]
fn what_is_masked_stays_as_it_is() {
    let masker = masker("password");
    let once = masker.mask("my password").into_owned();
    assert_eq!(once, "my •password•");
    assert_eq!(masker.mask(&once), once);
}

#[test]
fn secrets_may_come_one_after_the_other() {
    let masker = Arc::new(Masker::default());
    let threads = (0..4).map(|thread| {
        let masker = Arc::clone(&masker);
        std::thread::spawn(move || {
            for at in 0..100 {
                let token = format!("token-{thread}-{at}-");
                masker.add_text("token", &token);
                assert_eq!(masker.mask(&token), "•token•");
            }
        })
    });
    threads.collect::<Vec<_>>().into_iter().for_each(|thread| thread.join().expect("no panic"));
    assert_eq!(masker.mask("token-0-0- token-3-99-"), "•token• •token•");
}

#[test]
fn pieces_say_what_stood_there() {
    let masker = masker("hunter2");
    let secret = |range, verbatim| Piece::Secret { name: "password".into(), range, verbatim };
    assert_eq!(masker.pieces("a hunter2"), [Piece::Text("a "), secret(2..9, true)]);
    assert_eq!(masker.pieces("aHVudGVyMg=="), [secret(0..10, false), Piece::Text("==")]);
    assert_eq!(masker.pieces(""), []);
}
