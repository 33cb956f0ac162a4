//! What users meet: the real program and a real harness, their whole output, their exit codes, and what they leave
//! behind. With `SNAPSHOTS=overwrite` in the environment golden files are written anew.

mod broken;
mod cli;
mod documentation;
mod exit_codes;
mod explain;
mod failing;
mod harness;
mod health;
mod junit;
mod misbehaving;
mod reflection;
mod scenarios;
mod secrets;
mod selection;
mod servers;
mod support;
mod tls;
mod users;
