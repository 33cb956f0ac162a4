//! The fixture server, once for all tests of this process.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::OnceLock;

use grpc_spec_fixture_server::serve;

/// Where it listens, as `--server` takes it.
pub(crate) fn fixture_address() -> &'static str {
    static ADDRESS: OnceLock<String> = OnceLock::new();
    ADDRESS.get_or_init(|| {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.set_nonblocking(true).expect("it is ours");
        let address = listener.local_addr().expect("it is bound");
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("it does not block");
                serve(listener).await.expect("it serves until the process ends");
            });
        });
        format!("http://{address}")
    })
}
