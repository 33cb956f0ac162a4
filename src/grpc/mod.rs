//! The wire, on the h2 crate: target, connector, framing, metadata, status, deadline. What leaves this module is plain
//! data of our own.
