//! The runtime that cases run on.

use std::io;

use tokio::runtime::{Builder, Runtime};

/// Of each thread: a message may nest deeply.
const STACK_SIZE: usize = 8 << 20;

pub(crate) fn case_runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().enable_all().thread_stack_size(STACK_SIZE).build()
}
