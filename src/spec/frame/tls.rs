//! `tls:` of a server.

use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::grpc::check_server_name;
use crate::spec::Tls;
use crate::yaml::Node;
use crate::yaml::decode::{self, Key, Reads, Table};

#[derive(Debug, Default)]
pub(super) struct TlsFrame {
    ca: Option<Spanned<String>>,
    cert: Option<Spanned<String>>,
    key: Option<Spanned<String>>,
    server_name: Option<Spanned<String>>,
    skip_verify: bool,
}

pub(super) static TLS: Table<TlsFrame> = Table {
    what: "`tls`",
    keys: &[&[
        Key::new("ca", Reads::Text(|tls| &mut tls.ca)),
        Key::new("cert", Reads::Text(|tls| &mut tls.cert)),
        Key::new("key", Reads::Text(|tls| &mut tls.key)),
        Key::new("server_name", Reads::Other(|tls, node, out| tls.server_name = read_server_name(node, out))),
        Key::new(
            "skip_verify",
            Reads::Other(|tls, node, out| tls.skip_verify = decode::boolean(node, out).unwrap_or_default()),
        ),
    ]],
};

impl TlsFrame {
    /// Reads `tls:` of a file that lies in `folder`.
    pub(super) fn read(node: &Node, folder: &Path, out: &mut Diagnostics) -> Tls {
        let mut frame = Self::default();
        TLS.read(node, &mut frame, out);
        frame.check(node, out);
        let path = |said: Option<Spanned<String>>| said.map(|said| Spanned::new(beside(folder, said.value), said.span));
        Tls {
            span: node.span,
            ca: path(frame.ca),
            cert: path(frame.cert),
            key: path(frame.key),
            server_name: frame.server_name,
            skip_verify: frame.skip_verify,
        }
    }

    /// What contradicts itself, or is half of something.
    fn check(&self, node: &Node, out: &mut Diagnostics) {
        let absent = |key| node.get(key).is_none() && !decode::misspelt(node, key);
        if let Some(cert) = self.cert.as_ref().filter(|_| absent("key")) {
            out.push(
                Diagnostic::error("`cert` without its `key`")
                    .at(cert.span, "our certificate, which only its private key makes ours")
                    .hint("name the file with its private key: `key: me.key`; it may be the same file"),
            );
        }
        if let Some(key) = self.key.as_ref().filter(|_| absent("cert")) {
            out.push(
                Diagnostic::error("`key` without its `cert`")
                    .at(key.span, "the private key of our certificate")
                    .hint("name the file with the certificate: `cert: me.pem`; it may be the same file"),
            );
        }
        if let Some(ca) = self.ca.as_ref().filter(|_| self.skip_verify) {
            out.push(
                Diagnostic::error("`ca` beside `skip_verify: true`")
                    .at(ca.span, "any certificate is trusted, whoever signed it")
                    .hint("leave one of them out"),
            );
        }
    }
}

fn read_server_name(node: &Node, out: &mut Diagnostics) -> Option<Spanned<String>> {
    let name = decode::text(node, out)?;
    let refused = check_server_name(&name.value).err();
    out.extend(
        refused.map(|error| Diagnostic::error(error.headline).at(name.span, "").hints(error.help.map(str::to_owned))),
    );
    Some(name)
}

/// A path relative to the file that holds it, as the user would write it here.
fn beside(folder: &Path, path: String) -> PathBuf {
    if folder == Path::new(".") { path.into() } else { folder.join(path) }
}
