//! Where a server is: `http://host:port`, `https://host:port`, `unix:/path`, or a bare `host:port`.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use http::uri::{Authority, Scheme};

/// A parsed address, and the `:authority` sent to it. Displays as the address: `http://127.0.0.1:50051`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(super) tls: bool,
    pub(super) endpoint: Endpoint,
    authority: Authority,
}

/// What the connector dials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// `host` without the brackets of an IPv6 address.
    Tcp {
        host: String,
        port: u16,
    },
    Unix(PathBuf),
}

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{headline}")]
pub(crate) struct TargetError {
    pub(crate) headline: String,
    /// The way out.
    pub(crate) help: &'static str,
}

const FORMS: &str = "an address is `http://host:port`, `https://host:port`, `unix:/path`, or `host:port`";

impl Target {
    /// Reads an address. A bare `host:port` is plaintext on loopback and TLS elsewhere.
    ///
    /// # Errors
    /// Another scheme, a path, user information, a missing or bad port, a host that cannot be one.
    pub(crate) fn parse(text: &str) -> Result<Self, TargetError> {
        if let Some(path) = text.strip_prefix("unix:") {
            return Self::unix(path);
        }
        let (scheme, rest) = match text.split_once("://") {
            None => (None, text),
            Some(("http", rest)) => (Some(false), rest),
            Some(("https", rest)) => (Some(true), rest),
            Some((other, _)) => return Err(refused(format!("unknown scheme `{other}://` in `{text}`"))),
        };
        let rest = if scheme.is_some() { rest.strip_suffix('/').unwrap_or(rest) } else { rest };
        if let Some(found) = rest.find(['/', '?', '#']) {
            return Err(refused(format!("`{}` after the host in `{text}`", &rest[found..])));
        }
        if rest.contains('@') {
            return Err(TargetError {
                headline: format!("user information in `{text}`"),
                help: "send credentials as metadata: `authorization: Basic …`",
            });
        }
        if rest.is_empty() {
            return Err(refused(format!("no host in `{text}`")));
        }
        let authority: Authority = rest.parse().map_err(|_| refused(format!("`{rest}` is not a host and a port")))?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(refused(format!("no host in `{text}`")));
        }
        let written = rest[authority.host().len()..].strip_prefix(':');
        let port = match (written, scheme) {
            (Some(digits), _) => digits.parse().ok().filter(|port| *port != 0).ok_or_else(|| TargetError {
                headline: format!("`{digits}` is not a port"),
                help: "a port is a number from 1 to 65535",
            })?,
            (None, Some(false)) => 80,
            (None, Some(true)) => 443,
            (None, None) => {
                return Err(TargetError { headline: format!("no port in `{text}`"), help: FORMS });
            }
        };
        let tls = scheme.unwrap_or_else(|| !is_loopback(&host));
        Ok(Self { tls, endpoint: Endpoint::Tcp { host, port }, authority })
    }

    /// The same place, with another `:authority`.
    ///
    /// # Errors
    /// A text that cannot be an authority.
    pub(crate) fn with_authority(mut self, authority: &str) -> Result<Self, TargetError> {
        self.authority = authority.parse().map_err(|_| TargetError {
            headline: format!("`{authority}` cannot be an authority"),
            help: "an authority is `host` or `host:port`",
        })?;
        Ok(self)
    }

    /// Whether it is reached over TLS.
    pub(crate) fn is_tls(&self) -> bool {
        self.tls
    }

    /// What is sent as `:authority`.
    #[cfg(test)]
    pub(crate) fn authority(&self) -> &str {
        self.authority.as_str()
    }

    pub(super) fn uri_authority(&self) -> Authority {
        self.authority.clone()
    }

    pub(super) fn scheme(&self) -> Scheme {
        if self.tls { Scheme::HTTPS } else { Scheme::HTTP }
    }

    fn unix(path: &str) -> Result<Self, TargetError> {
        let path = path.strip_prefix("//").unwrap_or(path);
        if !path.starts_with('/') || path.len() < 2 {
            return Err(TargetError {
                headline: format!("`unix:{path}` does not hold an absolute path"),
                help: "write `unix:/path/to/socket`",
            });
        }
        let endpoint = Endpoint::Unix(PathBuf::from(path));
        Ok(Self { tls: false, endpoint, authority: Authority::from_static("localhost") })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.endpoint {
            Endpoint::Unix(path) => write!(formatter, "unix:{}", path.display()),
            tcp @ Endpoint::Tcp { .. } => {
                write!(formatter, "{}://{tcp}", if self.tls { "https" } else { "http" })
            }
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(formatter, "{}", path.display()),
            Self::Tcp { host, port } if host.contains(':') => write!(formatter, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(formatter, "{host}:{port}"),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn refused(headline: String) -> TargetError {
    TargetError { headline, help: FORMS }
}

#[cfg(test)]
mod tests {
    use super::Target;

    fn parsed(text: &str) -> (String, String) {
        let target = Target::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        (target.to_string(), target.authority().to_owned())
    }

    fn pair(address: &str, authority: &str) -> (String, String) {
        (address.to_owned(), authority.to_owned())
    }

    #[test]
    fn keeps_the_scheme_that_is_written() {
        assert_eq!(parsed("http://127.0.0.1:50051"), pair("http://127.0.0.1:50051", "127.0.0.1:50051"));
        assert_eq!(parsed("http://api.test:80/"), pair("http://api.test:80", "api.test:80"));
        assert_eq!(parsed("https://localhost:1"), pair("https://localhost:1", "localhost:1"));
    }

    #[test]
    fn a_scheme_has_its_default_port() {
        assert_eq!(parsed("http://api.test"), pair("http://api.test:80", "api.test"));
        assert_eq!(parsed("https://api.test"), pair("https://api.test:443", "api.test"));
    }

    #[test]
    fn a_bare_address_is_plaintext_on_loopback_only() {
        assert_eq!(parsed("localhost:50051").0, "http://localhost:50051");
        assert_eq!(parsed("127.8.0.1:50051").0, "http://127.8.0.1:50051");
        assert_eq!(parsed("[::1]:50051"), pair("http://[::1]:50051", "[::1]:50051"));
        assert_eq!(parsed("api.test:50051").0, "https://api.test:50051");
        assert_eq!(parsed("10.0.0.1:50051").0, "https://10.0.0.1:50051");
    }

    #[test]
    fn a_unix_socket_has_the_authority_localhost() {
        assert_eq!(parsed("unix:/run/api.sock"), pair("unix:/run/api.sock", "localhost"));
        assert_eq!(parsed("unix:///run/api.sock"), pair("unix:/run/api.sock", "localhost"));
    }

    #[test]
    fn the_authority_can_be_another() {
        let target = Target::parse("http://127.0.0.1:1").expect("an address");
        let renamed = target.clone().with_authority("api.internal").expect("an authority");
        assert_eq!(renamed.authority(), "api.internal");
        assert_eq!(renamed.to_string(), "http://127.0.0.1:1");
        assert!(target.with_authority("no authority").is_err());
    }

    #[test]
    fn refuses_what_is_no_address_and_says_why() {
        for (text, headline) in [
            ("", "no host in ``"),
            ("localhost", "no port in `localhost`"),
            ("localhost:", "`` is not a port"),
            ("localhost:0", "`0` is not a port"),
            ("localhost:70000", "`70000` is not a port"),
            ("grpc://localhost:1", "unknown scheme `grpc://` in `grpc://localhost:1`"),
            ("http://localhost:1/api", "`/api` after the host in `http://localhost:1/api`"),
            ("http://me:secret@localhost:1", "user information in `http://me:secret@localhost:1`"),
            ("http://", "no host in `http://`"),
            ("unix:run/api.sock", "`unix:run/api.sock` does not hold an absolute path"),
            ("two words:1", "`two words:1` is not a host and a port"),
        ] {
            match Target::parse(text) {
                Ok(target) => panic!("{text}: read as {target}"),
                Err(error) => assert_eq!(error.headline, headline),
            }
        }
    }
}
