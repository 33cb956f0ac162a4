//! Servers that a run starts: command and process group, held port, readiness, log; stopped whatever happens.
