//! `$format`: the well-known forms of a text.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use base64::Engine as _;
use email_address::{EmailAddress, Options};
use jiff::civil;

/// A form a text may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// RFC 9562: 8-4-4-4-12 hexadecimal digits, of either case, any version.
    Uuid,
    /// RFC 5321, without a display name.
    Email,
    /// RFC 3986, with a scheme.
    Uri,
    Ipv4,
    Ipv6,
    /// RFC 1123: labels of letters, digits and inner hyphens, at most 253 characters.
    Hostname,
    /// RFC 3339: date, time and offset.
    Rfc3339,
    /// RFC 4648, standard alphabet, padded.
    Base64,
    /// Semantic Versioning 2.0.0.
    Semver,
}

impl Format {
    pub(crate) const ALL: [Self; 9] = [
        Self::Uuid,
        Self::Email,
        Self::Uri,
        Self::Ipv4,
        Self::Ipv6,
        Self::Hostname,
        Self::Rfc3339,
        Self::Base64,
        Self::Semver,
    ];

    /// As written in a case.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::Email => "email",
            Self::Uri => "uri",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Hostname => "hostname",
            Self::Rfc3339 => "rfc3339",
            Self::Base64 => "base64",
            Self::Semver => "semver",
        }
    }

    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// With its article, for a sentence: `a uuid`, `an email address`.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Uuid => "a uuid",
            Self::Email => "an email address",
            Self::Uri => "a uri",
            Self::Ipv4 => "an ipv4 address",
            Self::Ipv6 => "an ipv6 address",
            Self::Hostname => "a hostname",
            Self::Rfc3339 => "an rfc3339 time",
            Self::Base64 => "base64",
            Self::Semver => "a semantic version",
        }
    }

    pub(crate) fn matches(self, text: &str) -> bool {
        match self {
            Self::Uuid => is_uuid(text),
            Self::Email => {
                let options = Options::default().without_display_text().with_no_minimum_sub_domains();
                EmailAddress::parse_with_options(text, options).is_ok()
            }
            Self::Uri => fluent_uri::Uri::parse(text).is_ok(),
            Self::Ipv4 => Ipv4Addr::from_str(text).is_ok(),
            Self::Ipv6 => Ipv6Addr::from_str(text).is_ok(),
            Self::Hostname => is_hostname(text),
            Self::Rfc3339 => is_rfc3339(text),
            Self::Base64 => base64::engine::general_purpose::STANDARD.decode(text).is_ok(),
            Self::Semver => semver::Version::parse(text).is_ok(),
        }
    }
}

fn is_uuid(text: &str) -> bool {
    let mut groups = text.split('-');
    let lengths = [8, 4, 4, 4, 12];
    lengths.iter().all(|length| {
        groups.next().is_some_and(|group| group.len() == *length && group.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }) && groups.next().is_none()
}

fn is_hostname(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

/// RFC 3339, section 5.6: `2024-02-29T23:59:60.5Z`. The calendar decides which days exist; a leap second is allowed.
fn is_rfc3339(text: &str) -> bool {
    let bytes = text.as_bytes();
    let number = |range: std::ops::Range<usize>| -> Option<i16> {
        let digits = text.get(range)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
    };
    let is_at = |at: usize, any_of: &[u8]| bytes.get(at).is_some_and(|byte| any_of.contains(byte));
    let in_range = |range: std::ops::Range<usize>, high: i16| number(range).is_some_and(|value| value <= high);
    let date_exists = || {
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        civil::Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    };
    let separated = is_at(4, b"-") && is_at(7, b"-") && is_at(10, b"Tt") && is_at(13, b":") && is_at(16, b":");
    if !separated || date_exists().is_none() || !in_range(11..13, 23) || !in_range(14..16, 59) || !in_range(17..19, 60)
    {
        return false;
    }
    let mut offset = 19;
    if is_at(offset, b".") {
        let digits = bytes[20..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return false;
        }
        offset = 20 + digits;
    }
    match &bytes[offset..] {
        b"Z" | b"z" => true,
        [b'+' | b'-', _, _, b':', _, _] => in_range(offset + 1..offset + 3, 23) && in_range(offset + 4..offset + 6, 59),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_accepts_its_form_and_refuses_its_like() {
        let table: [(Format, &[&str], &[&str]); 9] = [
            (
                Format::Uuid,
                &["123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-426614174000"],
                &["", "123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g", "{x}"],
            ),
            (
                Format::Email,
                &["ada@example.com", "a+b@localhost", "ünï@example.com"],
                &["", "ada", "ada@", "@x", "Ada <ada@x.y>"],
            ),
            (Format::Uri, &["https://a.b/c?d#e", "mailto:a@b", "urn:x:y"], &["", "/a", "a b", "http://a b"]),
            (Format::Ipv4, &["127.0.0.1"], &["", "127.0.0.256", "127.0.0.01", "::1", "127.0.0.1:80"]),
            (Format::Ipv6, &["::1", "2001:db8::1"], &["", "127.0.0.1", "[::1]", ":::"]),
            (Format::Hostname, &["localhost", "a-b.example.com", "3com.com"], &["", "-a", "a-", "a..b", "a_b", "ä.de"]),
            (
                Format::Rfc3339,
                &["2024-02-29T12:30:00Z", "1985-04-12T23:20:50.52+01:30", "1990-12-31t23:59:60z"],
                &[
                    "",
                    "2023-02-29T12:30:00Z",
                    "2024-02-29 12:30:00Z",
                    "2024-02-29T12:30Z",
                    "2024-02-29T12:30:00",
                    "2024-02-29T12:30:00.Z",
                    "2024-02-29T24:00:00Z",
                ],
            ),
            (Format::Base64, &["", "YQ==", "+/+/"], &["YQ", "-_-_", "YQ= ", "a"]),
            (Format::Semver, &["1.2.3", "1.0.0-rc.1+build.5"], &["", "1.2", "v1.2.3", "01.2.3"]),
        ];
        for (format, good, bad) in table {
            assert_eq!(Format::by_name(format.name()), Some(format));
            for text in good {
                assert!(format.matches(text), "{text:?} is {}", format.describe());
            }
            for text in bad {
                assert!(!format.matches(text), "{text:?} is not {}", format.describe());
            }
        }
    }
}
