//! A `grpcurl` line that makes a failed call again.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::diagnostic::{self, Masker, Piece, placeholder};
use crate::grpc::{MetadataValue, credentials};
use crate::message;
use crate::runner::{Exchange, ProtosFound};

/// Longest request shown on the line; a longer one would not be pasted into a shell.
const LONGEST: usize = 4096;

/// The line, where the call can be made that way.
pub(super) fn grpcurl(exchange: &Exchange, masker: &Masker) -> Option<String> {
    let mut line = "grpcurl".to_owned();
    let address = match exchange.target.split_once("://") {
        Some(("http", address)) => {
            line.push_str(" -plaintext");
            address
        }
        Some((_, address)) => {
            tls_options(exchange, &mut line)?;
            address
        }
        None => {
            line.push_str(" -plaintext -unix");
            exchange.target.strip_prefix("unix:")?
        }
    };
    if let Some(authority) = &exchange.authority {
        let _ = write!(line, " -authority {}", quote(authority));
    }
    match &exchange.protos {
        ProtosFound::File { import_path, file } => {
            let _ = write!(line, " -import-path {} -proto {}", quote(&import_path.display().to_string()), quote(file));
        }
        ProtosFound::DescriptorSets(sets) => {
            for set in sets {
                let _ = write!(line, " -protoset {}", quote(&set.display().to_string()));
            }
        }
        ProtosFound::Reflected => {}
    }
    for (key, value) in exchange.metadata.iter() {
        let _ = write!(line, " -H {}", word(&format!("{key}: {}", shown_value(key.as_str(), value, masker)), masker));
    }
    let requests: Result<Vec<String>, _> = exchange.requests.iter().map(|request| message::to_json(request)).collect();
    let requests = escaped(&requests.ok()?.join(" "));
    if requests.len() > LONGEST {
        return None;
    }
    if requests != "{}" {
        let _ = write!(line, " -d {}", word(&requests, masker));
    }
    let service = exchange.method.parent_service();
    let _ = write!(line, " {address} {}/{}", service.full_name(), exchange.method.name());
    Some(line)
}

/// How the server's certificate is verified and ours is shown. `None` where an authority of its own goes with another
/// name on the certificate: there, grpcurl verifies the authority.
fn tls_options(exchange: &Exchange, line: &mut String) -> Option<()> {
    let Some(tls) = &exchange.tls else { return exchange.authority.is_none().then_some(()) };
    if tls.skip_verify {
        line.push_str(" -insecure");
    } else {
        match (&exchange.authority, &tls.server_name) {
            (None, None) => {}
            (None, Some(name)) => {
                let _ = write!(line, " -servername {}", quote(&name.value));
            }
            (Some(authority), Some(name)) if *authority == name.value => {}
            (Some(_), _) => return None,
        }
    }
    for (option, file) in [("-cacert", &tls.ca), ("-cert", &tls.cert), ("-key", &tls.key)] {
        if let Some(file) = file {
            let _ = write!(line, " {option} {}", quote(&file.value.display().to_string()));
        }
    }
    Some(())
}

/// A value of metadata; what gives access is masked, or is known to `masker`.
pub(super) fn shown_value(key: &str, value: &MetadataValue, masker: &Masker) -> String {
    let text = value.to_string();
    let mut shown = String::new();
    let mut end = 0;
    for part in credentials(key, &text) {
        shown.push_str(&text[end..part.start]);
        end = part.end;
        match masker.pieces(&text[part.clone()]).as_slice() {
            // to be masked under the name it has
            [Piece::Secret { .. }] => shown.push_str(&text[part]),
            _ => shown.push_str(&placeholder(key)),
        }
    }
    shown + &text[end..]
}

/// JSON in which what a terminal would act on or hide is written `\u…`; such characters stand only within its strings.
fn escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for letter in json.chars() {
        if matches!(diagnostic::neutralise(letter.encode_utf8(&mut [0; 4])), Cow::Borrowed(_)) {
            escaped.push(letter);
        } else {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    escaped
}

/// `text` as one word of a POSIX shell; what came from its environment it puts there itself.
fn word(text: &str, masker: &Masker) -> String {
    let mut word = String::new();
    let mut literal = String::new();
    for piece in masker.pieces(text) {
        let variable = match &piece {
            Piece::Secret { name, verbatim: true, .. } => name.strip_prefix("env."),
            Piece::Secret { .. } | Piece::Text(_) => None,
        };
        if let Some(variable) = variable {
            if !literal.is_empty() {
                word.push_str(&quote(&std::mem::take(&mut literal)));
            }
            let _ = write!(word, "\"${variable}\"");
        } else {
            literal.push_str(&piece.shown());
        }
    }
    if !literal.is_empty() || word.is_empty() {
        word.push_str(&quote(&literal));
    }
    word
}

/// `text` as one word of a POSIX shell.
fn quote(text: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:=,@%+".contains(&byte);
    if !text.is_empty() && text.bytes().all(bare) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_act_on_is_escaped() {
        assert_eq!(escaped("{\"a\":\"\u{202e}\u{e0001}ä\u{a0}\"}"), "{\"a\":\"\\u202e\\udb40\\udc01ä\u{a0}\"}");
    }

    #[test]
    fn secrets_of_the_environment_are_for_the_shell_to_fill_in() {
        let masker = Masker::default();
        masker.add_text("env.TOKEN", "abc.def");
        masker.add_text("password", "hunter2");
        assert_eq!(word("authorization: Bearer abc.def", &masker), r#"'authorization: Bearer '"$TOKEN""#);
        assert_eq!(word("a: abc.def, it's hunter2", &masker), r#"'a: '"$TOKEN"', it'\''s •password•'"#);
        assert_eq!(word("abc.def", &masker), r#""$TOKEN""#);
        assert_eq!(word("YWJjLmRlZg==", &masker), "'•env.TOKEN•=='");
        assert_eq!(word("", &masker), "''");
    }

    #[test]
    fn credentials_are_masked_where_they_stand() {
        let masker = Masker::default();
        let shown = |key, text: &str| shown_value(key, &MetadataValue::Text(text.to_owned()), &masker);
        assert_eq!(shown("authorization", "Bearer x"), "Bearer •authorization•");
        assert_eq!(shown("set-cookie", "a=b; Path=/"), "a=•set-cookie•; Path=/");
        assert_eq!(shown("date", "today"), "today");
        masker.add_text("password", "hunter2");
        assert_eq!(shown("authorization", "Bearer hunter2"), "Bearer hunter2", "masked as the password it is");
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(quote("plain-1.0/x"), "plain-1.0/x");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("it's"), r"'it'\''s'");
    }
}
