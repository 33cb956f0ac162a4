//! The only way to write: whole blocks, so that nothing interleaves.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Standard output, shared by everything that writes to it.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    to: Arc<Mutex<Stream>>,
}

#[derive(Debug)]
enum Stream {
    Stdout(io::Stdout),
    Stderr(io::Stderr),
}

impl Output {
    pub(crate) fn stdout() -> Self {
        Self { to: Arc::new(Mutex::new(Stream::Stdout(io::stdout()))) }
    }

    pub(crate) fn stderr() -> Self {
        Self { to: Arc::new(Mutex::new(Stream::Stderr(io::stderr()))) }
    }

    /// Writes one block, whole, and flushes it.
    pub(crate) fn block(&self, text: &str) -> io::Result<()> {
        let mut stream = self.to.lock().unwrap_or_else(PoisonError::into_inner);
        let writer: &mut dyn Write = match &mut *stream {
            Stream::Stdout(stdout) => stdout,
            Stream::Stderr(stderr) => stderr,
        };
        writer.write_all(text.as_bytes())?;
        writer.flush()
    }
}
