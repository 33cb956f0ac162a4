//! A server named on the command line, and how it is reached.

use std::path::Path;

use super::args::{Connection, TlsFiles};
use crate::diagnostic::Diagnostic;
use crate::grpc::{Channel, ChannelOptions, Pem, Target, Tls, TlsError, TlsOptions};
use crate::message::read_file;

impl Connection {
    /// A channel that has not connected yet; the files are read.
    ///
    /// # Errors
    /// An address or a file that is none, TLS for an address that is reached without it.
    pub(super) fn channel(&self) -> Result<Channel, Box<Diagnostic>> {
        let target = Target::parse(&self.address).and_then(|target| match &self.authority {
            Some(authority) => target.with_authority(authority),
            None => Ok(target),
        });
        let target = target.map_err(|error| Box::new(Diagnostic::error(error.headline).hint(error.help)))?;
        let tls = self.tls.options()?;
        if let (Some(_), false) = (&tls, target.is_tls()) {
            let headline = format!("TLS options for {target}, which is reached in plaintext");
            return Err(Box::new(Diagnostic::error(headline).hint("write `https://host:port`, or leave them out")));
        }
        let tls = tls.map(|options| Tls::new(&options)).transpose().map_err(unusable)?;
        Ok(Channel::new(target, ChannelOptions { tls, ..ChannelOptions::default() }))
    }
}

impl TlsFiles {
    /// `None` where nothing is said.
    fn options(&self) -> Result<Option<TlsOptions>, Box<Diagnostic>> {
        let pem = |path: &Option<_>| path.as_deref().map(read_pem).transpose();
        let options = TlsOptions {
            ca: pem(&self.ca)?,
            identity: pem(&self.cert)?.zip(pem(&self.key)?),
            server_name: self.server_name.clone(),
            skip_verify: self.skip_verify,
        };
        let said = options.ca.is_some() || options.identity.is_some() || options.server_name.is_some();
        Ok((said || options.skip_verify).then_some(options))
    }
}

fn read_pem(path: &Path) -> Result<Pem, Box<Diagnostic>> {
    let shown = path.display().to_string();
    match read_file(path) {
        Ok(bytes) => Ok(Pem { path: shown, bytes }),
        Err(error) => Err(Box::new(Diagnostic::error(format!("cannot read `{shown}`: {error}")))),
    }
}

fn unusable(error: TlsError) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(error.headline).hints(error.help.map(str::to_owned)))
}
