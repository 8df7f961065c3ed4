//! The carriers of `transports`, with real sockets and real processes; connecting and serving by URL.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod child;
mod closing;
mod conformance;
mod limits;
mod serving;
mod starved;
mod stopping;
mod strangers;
mod there_and_back;
mod urls;
mod waiting;

use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use wherever::error::Disconnected;
use wherever::hosts::List;
use wherever::{Error, Node, Peer, Transport, Value};
use wherever_transports::{Child, Socket};

/// The helper program, as a URL says it.
const HELPER: &str = env!("CARGO_BIN_EXE_carrier");

type Any = Arc<dyn Transport>;

fn unix_pair() -> (Any, Any) {
    let (near, far) = UnixStream::pair().unwrap();
    (Arc::new(Socket::unix(near).unwrap()), Arc::new(Socket::unix(far).unwrap()))
}

fn tcp_pair() -> (Any, Any) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (far, _) = listener.accept().unwrap();
    (Arc::new(Socket::tcp(near).unwrap()), Arc::new(Socket::tcp(far).unwrap()))
}

/// A port that is taken, and that nobody listens on, for as long as this lives.
fn deaf_port() -> (TcpStream, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let port = stream.local_addr().unwrap().port();
    (stream, port)
}

/// A process that sends back what it gets, over its own standard input and output.
fn echo() -> Child {
    let mut command = Command::new(HELPER);
    command.arg("echo");
    Child::spawn(command).unwrap()
}

/// A directory of the test's own, gone in its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("wherever-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn url(&self, name: &str) -> String {
        format!("unix://{}", self.path(name).display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn kind<T>(result: io::Result<T>) -> io::ErrorKind {
    result.err().unwrap().kind()
}

/// A node with something to be had.
fn node() -> Node {
    let node = Node::new();
    node.export("list", List::from(vec![Value::Int(5)]).to_own());
    node
}

/// Uses what [`node`] exports.
fn use_list(peer: &Peer) -> Result<Value, Error> {
    peer.get("list")?.index(0)
}

fn works(peer: &Peer) {
    assert_eq!(use_list(peer).unwrap(), Value::Int(5));
}

/// The one error that every call of a lost session fails with.
fn lost<T: std::fmt::Debug>(result: Result<T, Error>) -> Arc<Disconnected> {
    match result {
        Err(Error::Disconnected(lost)) => lost,
        other => panic!("not disconnected: {other:?}"),
    }
}

/// Waits for something that is sure to come.
fn until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        std::thread::yield_now();
    }
}

/// Ends a session from this side, and sees that nothing is left of it.
fn end(peer: &Peer) {
    peer.close("done");
    // The last words may leave by another thread.
    until(|| peer.stats().is_idle());
}
