//! The sandbox on a port.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::{Calls, Effect, Fault, Options, Sandbox, ServeError, serve, serve_sandbox};

const REQUEST: &str = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 43\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/sts/aws4_request, Signature=0\
    \r\nConnection: close\r\n\r\nAction=GetCallerIdentity&Version=2011-06-15";

async fn ask(address: std::net::SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(REQUEST.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn requests_are_answered_until_shutdown_and_faults_close_the_connection() {
    let sandbox = Sandbox::in_memory(Options::default());
    sandbox.inject(Fault::new(Calls::all(), 2, Effect::Drop));
    let (stop, stopped) = oneshot::channel::<()>();
    let (ready, address) = oneshot::channel();
    let server =
        tokio::spawn(serve_sandbox(0, sandbox, async { stopped.await.unwrap_or(()) }, |address| {
            ready.send(address).unwrap();
        }));
    let address = address.await.unwrap();
    let answer = ask(address).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains("<Account>123456789012</Account>"));
    assert_eq!(ask(address).await, "");
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(5), server).await.unwrap().unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_taken_port_and_a_held_folder_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { dir: dir.path().to_owned(), ..Options::default() };
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = serve(port, options.clone(), async {}, |_| {}).await.unwrap_err();
    assert!(matches!(error, ServeError::Listen { .. }), "{error}");
    let _embedded = Sandbox::open(options.clone()).unwrap();
    let error = serve(0, options, async {}, |_| {}).await.unwrap_err();
    assert!(matches!(error, ServeError::Open(_)), "{error}");
}
