//! Servers that a run starts: command and process group, held port, readiness, log; stopped whatever happens.

mod group;
mod guard;
mod log;
mod port;
mod process;

#[cfg(test)]
mod testing;
