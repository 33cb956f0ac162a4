//! Servers that misbehave, each in one way and on a port of its own: the other end of the cases in
//! `fixtures/misbehaving/`. Main type: [`Misbehaviour`].

mod connections;
mod endings;
mod floods;
mod frames;
mod honest;
mod messages;
mod raw;
mod reflection;
mod statuses;

use std::future::Future;
use std::io::{Read as _, Write as _};
use std::net::Ipv4Addr;
use std::pin::Pin;

use grpc_spec_fixture_server::BoxError;
use tokio::net::{TcpListener, TcpStream};

use self::raw::{Frames, Peer};

/// One way to misbehave.
struct Misbehaviour {
    /// As cases name the server.
    name: String,
    /// What becomes of a connection.
    script: Script,
}

type Script = Box<dyn Fn(TcpStream) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Serves them all until standard input ends. Prints `NAME=ADDRESS` for each, then an empty line.
pub(crate) fn serve() -> Result<(), BoxError> {
    let runtime = tokio::runtime::Runtime::new()?;
    let mut listed = String::new();
    for Misbehaviour { name, script } in all() {
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        listed += &format!("{name}={}\n", listener.local_addr()?);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                tokio::spawn(script(stream));
            }
        });
    }
    println!("{listed}");
    std::io::stdout().flush()?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    runtime.shutdown_background();
    Ok(())
}

fn all() -> Vec<Misbehaviour> {
    [
        connections::all(),
        messages::all(),
        statuses::all(),
        endings::all(),
        frames::all(),
        floods::all(),
        reflection::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Misbehaviour {
    /// Does with a connection what it likes.
    fn connection<F>(name: impl Into<String>, script: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self { name: name.into(), script: Box::new(move |stream| Box::pin(script(stream))) }
    }

    /// Speaks HTTP/2 up to its SETTINGS, and then does as it likes.
    fn peer<F>(name: impl Into<String>, script: impl Fn(Peer) -> F + Clone + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::peer_with(name, &[], script)
    }

    /// The same, with these SETTINGS.
    fn peer_with<F>(
        name: impl Into<String>,
        settings: &'static [u8],
        script: impl Fn(Peer) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::connection(name, move |stream| {
            let script = script.clone();
            async move { script(Peer::accept(stream, settings).await).await }
        })
    }

    /// Answers every request with these frames, and stays.
    fn answer(name: impl Into<String>, frames: impl Fn(Frames) -> Frames + Clone + Send + Sync + 'static) -> Self {
        Self::peer(name, move |mut peer| {
            let frames = frames.clone();
            async move {
                while let Some(stream) = peer.request().await {
                    peer.write(&frames(Frames::on(stream)).bytes()).await;
                }
            }
        })
    }

    /// Answers the first request with these frames, and then does something with the connection.
    fn answer_then<F>(
        name: impl Into<String>,
        frames: impl Fn(Frames) -> Frames + Clone + Send + Sync + 'static,
        then: impl Fn(Peer) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::peer(name, move |mut peer| {
            let (frames, then) = (frames.clone(), then.clone());
            async move {
                if let Some(stream) = peer.request().await {
                    peer.write(&frames(Frames::on(stream)).bytes()).await;
                    then(peer).await;
                }
            }
        })
    }
}
