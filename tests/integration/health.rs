//! `grpc-spec health`.

use crate::support::{fixture_address, grpc_spec};

#[test]
fn a_server_that_serves() {
    let ended = grpc_spec(["health", fixture_address()]).run().exits(0);
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("SERVING\n", ""));
    let ended = grpc_spec(["health", fixture_address(), "--service", "echo.v1.Echo"]).run().exits(0);
    assert_eq!(ended.stdout, "SERVING\n");
}

#[test]
fn a_service_that_is_unknown() {
    let ended = grpc_spec(["health", fixture_address(), "--service", "no.Such"]).run().exits(1);
    assert_eq!(ended.stdout, "");
    ended.says("does not tell its health: NOT_FOUND").says("= hint: it knows nothing of a service `no.Such`");
}

#[test]
fn a_server_that_is_not_there() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = nobody.local_addr().expect("it is bound").to_string();
    drop(nobody);
    let ended = grpc_spec(["health", &address]).run().exits(3);
    ended.says(&format!("error: cannot connect to http://{address}")).says("connection refused");
    ended.says("is the server running, and on this port?");
}

#[test]
fn a_server_that_says_nothing_is_waited_for_as_long_as_said() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("it is bound").to_string();
    let ended = grpc_spec(["health", &address, "--timeout", "100ms"]).run().exits(3);
    ended.says("within ").says("no HTTP/2 SETTINGS received");
}

#[test]
fn what_cannot_be_asked_is_usage() {
    for (arguments, said) in [
        (&["nowhere"][..], "no port in `nowhere`"),
        (&["127.0.0.1:1", "--timeout", "5"], "a number without a unit"),
        (&["127.0.0.1:1", "--skip-verify"], "which is reached in plaintext"),
        (&["https://127.0.0.1:1", "--ca", "absent.pem"], "cannot read `absent.pem`: there is no such file"),
        (&["https://127.0.0.1:1", "--cert", "me.pem"], "--key <FILE>"),
    ] {
        let ended = grpc_spec(["health"]).arguments(arguments.iter().copied()).run().exits(2);
        ended.says(said);
    }
}
