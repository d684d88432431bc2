//! The sandbox on a port, for any AWS client.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::storage::OpenError;
use super::{Dropped, Options, Sandbox};

/// Why a sandbox could not be served.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The folder could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The port could not be used.
    #[error("cannot listen on port {port}: {source}")]
    Listen {
        /// The port asked for.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
}

/// Serves the sandbox of `options.dir` on a port of this machine until `shutdown` ends.
///
/// Port 0 takes a free one; `on_ready` hears the address once connections are accepted. The folder
/// is held alone meanwhile. Fails when it is held by others or the port is taken.
pub async fn serve(
    port: u16,
    options: Options,
    shutdown: impl Future<Output = ()> + Send,
    on_ready: impl FnOnce(SocketAddr) + Send,
) -> Result<(), ServeError> {
    let sandbox = Sandbox::open_alone(options)?;
    serve_sandbox(port, sandbox, shutdown, on_ready).await
}

/// Serves a sandbox that is already open.
pub async fn serve_sandbox(
    port: u16,
    sandbox: Sandbox,
    shutdown: impl Future<Output = ()> + Send,
    on_ready: impl FnOnce(SocketAddr) + Send,
) -> Result<(), ServeError> {
    let listen = |source| ServeError::Listen { port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(listen)?;
    on_ready(listener.local_addr().map_err(listen)?);
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => {
                // A connection that could not be accepted is the client's to repeat.
                if let Ok((stream, _)) = accepted {
                    connections.spawn(talk(stream, sandbox.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
    Ok(())
}

/// Answers the requests of one connection.
async fn talk(stream: TcpStream, sandbox: Sandbox) {
    let service = service_fn(move |request| answer(sandbox.clone(), request));
    // A client that goes away in the middle is no error of ours.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// Answers one request. An error closes the connection without an answer.
async fn answer(
    sandbox: Sandbox,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Dropped> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Dropped)?.to_bytes();
    let response = sandbox.handle(Request::from_parts(parts, body)).await?;
    Ok(response.map(Full::new))
}
