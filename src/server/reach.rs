//! How a server is reached, from what the suite says of it: TLS with its files read, keepalive, limits, authority.

use std::path::PathBuf;

use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Span, Spanned};
use crate::expr::{Scope, Text};
use crate::grpc::{
    self, ChannelOptions, Limits, Metadata, MetadataValue, Pem, Target, TargetError, TlsError, TlsOptions, TlsPart,
};
use crate::message::read_file;
use crate::spec::{ServerSource, ServerSpec, Tls, tls_in_plaintext};

/// The options of a channel to `server`; reads the files that its `tls` names.
///
/// # Errors
/// What is wrong with one of them.
pub(crate) fn channel_options(server: &ServerSpec) -> Result<ChannelOptions, Box<Diagnostic>> {
    let tls = server.tls.as_ref().filter(|_| may_use_tls(server)).map(read_tls).transpose()?;
    let keepalive = server.keepalive.as_ref().map(|every| every.value);
    Ok(ChannelOptions { limits: limits(server), tls, keepalive, ..ChannelOptions::default() })
}

/// The target at `address`, with the server's `authority`.
pub(crate) fn target(server: &ServerSpec, address: &str) -> Result<Target, TargetError> {
    let target = Target::parse(address)?;
    match &server.authority {
        Some(authority) => target.with_authority(&authority.value),
        None => Ok(target),
    }
}

/// An address that is none.
pub(crate) fn not_an_address(server: &ServerSpec, error: &TargetError) -> Diagnostic {
    let headline = format!("the address of the server `{}` is not one: {}", server.name.value, error.headline);
    Diagnostic::error(headline).hint(error.help)
}

/// Reports `tls` of a server whose address, now that it is known, is reached without it. One that is put elsewhere for
/// a run may be.
pub(crate) fn check_plaintext(server: &ServerSpec, target: &Target) -> Result<(), Box<Diagnostic>> {
    let written = matches!(server.source, ServerSource::Start(_) | ServerSource::Address(_));
    match &server.tls {
        Some(tls) if written && !target.is_tls() => {
            let instead = target.to_string().strip_prefix("http://").map(|place| format!("https://{place}"));
            Err(Box::new(tls_in_plaintext(tls.span, instead.as_deref())))
        }
        _ => Ok(()),
    }
}

/// The metadata of calls that ask whether a server is ready: texts that need nothing a file or a case says. A server
/// that wants to know more of who asks is up as well.
pub(super) fn probe_metadata(server: &ServerSpec, scope: &Scope, sources: &Sources) -> Metadata {
    let mut metadata = Metadata::new();
    for (key, node) in &server.metadata {
        for value in node.as_sequence().unwrap_or(std::slice::from_ref(node)) {
            // What is wrong with them is reported where they are planned.
            let text = match value.as_scalar().and_then(|_| Text::of(value, sources, &mut Diagnostics::new())) {
                Some(Text::Literal(text)) => text,
                Some(Text::Template(template)) => template.text(scope).unwrap_or_default(),
                None => continue,
            };
            let _ = metadata.push(&key.value, MetadataValue::Text(text));
        }
    }
    metadata
}

/// Not one that is put elsewhere for a run, where it is reached in plaintext.
fn may_use_tls(server: &ServerSpec) -> bool {
    match &server.source {
        ServerSource::Start(_) | ServerSource::Address(_) => true,
        ServerSource::Override(address) => Target::parse(address).is_ok_and(|target| target.is_tls()),
        ServerSource::InProcess => false,
    }
}

fn limits(server: &ServerSpec) -> Limits {
    let defaults = Limits::default();
    let bytes = |said: &Option<Spanned<u64>>, default: usize| {
        said.as_ref().map_or(default, |said| usize::try_from(said.value).unwrap_or(usize::MAX))
    };
    Limits {
        message: bytes(&server.limits.message, defaults.message),
        metadata: bytes(&server.limits.metadata, defaults.metadata),
        recorded: bytes(&server.limits.recorded, defaults.recorded),
    }
}

fn read_tls(tls: &Tls) -> Result<grpc::Tls, Box<Diagnostic>> {
    let identity = match (&tls.cert, &tls.key) {
        (Some(cert), Some(key)) => Some((read_pem(cert)?, read_pem(key)?)),
        _ => None,
    };
    let options = TlsOptions {
        ca: tls.ca.as_ref().map(read_pem).transpose()?,
        identity,
        server_name: tls.server_name.as_ref().map(|name| name.value.clone()),
        skip_verify: tls.skip_verify,
    };
    grpc::Tls::new(&options).map_err(|error| Box::new(unusable(&error, tls)))
}

fn read_pem(path: &Spanned<PathBuf>) -> Result<Pem, Box<Diagnostic>> {
    let shown = path.value.display().to_string();
    match read_file(&path.value) {
        Ok(bytes) => Ok(Pem { path: shown, bytes }),
        Err(error) => {
            let unreadable = Diagnostic::error(format!("cannot read `{shown}`: {error}")).at(path.span, "");
            Err(Box::new(unreadable.hint("the path is relative to the folder of the file that holds it")))
        }
    }
}

fn unusable(error: &TlsError, tls: &Tls) -> Diagnostic {
    let place: Option<Span> = match error.part {
        TlsPart::Ca => tls.ca.as_ref().map(|ca| ca.span),
        TlsPart::Certificate => tls.cert.as_ref().map(|cert| cert.span),
        TlsPart::Key => tls.key.as_ref().map(|key| key.span),
        TlsPart::ServerName => tls.server_name.as_ref().map(|name| name.span),
        TlsPart::System => None,
    };
    Diagnostic::error(error.headline.clone()).at(place.unwrap_or(tls.span), "").hints(error.help.map(str::to_owned))
}
