//! Every carrier that comes with the library does what every carrier must.

use std::io::{self, PipeReader, PipeWriter};

use wherever::transport::memory_pair;
use wherever::{Framed, Transport};
use wherever_tests::conformance::{Claims, check};
use wherever_transports::Traced;

use super::*;

/// No more than the two functions, of any carrier.
struct Bare<T>(T);

impl<T: Transport> Transport for Bare<T> {
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        self.0.send(frame)
    }

    fn recv(&self, frame: &mut Vec<u8>) -> io::Result<()> {
        self.0.recv(frame)
    }
}

type Pipe = Framed<PipeReader, PipeWriter>;

fn pipes() -> (Pipe, Pipe) {
    let (to_far, to_near) = (io::pipe().unwrap(), io::pipe().unwrap());
    (Framed::new(to_near.0, to_far.1), Framed::new(to_far.0, to_near.1))
}

#[test]
fn memory() {
    check(memory_pair, Claims { closes: true });
}

#[test]
fn sockets() {
    check(|| both(UnixStream::pair().unwrap(), |stream| Socket::unix(stream).unwrap()), Claims { closes: true });
    check(tcp, Claims { closes: true });
}

fn both<A, B>((near, far): (A, A), make: impl Fn(A) -> B) -> (B, B) {
    (make(near), make(far))
}

fn tcp() -> (Socket, Socket) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (Socket::tcp(near).unwrap(), Socket::tcp(listener.accept().unwrap().0).unwrap())
}

#[test]
fn framed_pipes() {
    check(pipes, Claims { closes: false });
}

#[test]
fn one_within_another() {
    let traced = |carrier| Traced::new(carrier, |_, _| {});
    check(|| both(memory_pair(), traced), Claims { closes: true });
}

#[test]
fn with_nothing_but_the_two_functions() {
    check(|| both(memory_pair(), Bare), Claims { closes: false });
}
