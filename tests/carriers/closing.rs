//! A close from another thread: whoever is blocked returns.

use std::io::Read;
use std::thread;

use super::*;

#[test]
fn a_recv_that_is_blocked_returns() {
    for (near, _far) in [unix_pair(), tcp_pair()] {
        let blocked = near.clone();
        let receiving = thread::spawn(move || kind(blocked.recv(&mut Vec::new())));
        near.close();
        assert_eq!(receiving.join().unwrap(), io::ErrorKind::UnexpectedEof);
        // For good, and as often as it is asked.
        near.close();
        assert_eq!(kind(near.recv(&mut Vec::new())), io::ErrorKind::UnexpectedEof);
        assert_eq!(kind(near.send(b"late")), io::ErrorKind::UnexpectedEof);
    }
}

#[test]
fn a_recv_until_that_is_blocked_returns() {
    for (near, _far) in [unix_pair(), tcp_pair()] {
        let blocked = near.clone();
        let receiving = thread::spawn(move || kind(blocked.recv_until(&mut Vec::new(), None)));
        near.close();
        assert_eq!(receiving.join().unwrap(), io::ErrorKind::UnexpectedEof);
        assert_eq!(kind(near.recv_until(&mut Vec::new(), None)), io::ErrorKind::UnexpectedEof);
    }
}

#[test]
fn a_recv_until_on_a_child_that_ignores_it_returns() {
    let mut command = Command::new("tail");
    command.args(["-f", "/dev/null"]);
    let child = Child::spawn(command).unwrap();
    let blocked = child.clone();
    let receiving = thread::spawn(move || kind(blocked.recv_until(&mut Vec::new(), None)));
    child.close();
    assert_eq!(receiving.join().unwrap(), io::ErrorKind::UnexpectedEof);
    assert_eq!(child.wait_for(std::time::Duration::ZERO), None, "it still runs");
}

#[test]
fn a_send_that_is_blocked_returns() {
    let unix = UnixStream::pair().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let tcp = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let far_tcp = listener.accept().unwrap().0;
    let ends: [(Socket, Box<dyn Read>); 2] =
        [(Socket::unix(unix.0).unwrap(), Box::new(unix.1)), (Socket::tcp(tcp).unwrap(), Box::new(far_tcp))];
    for (near, mut far) in ends {
        let blocked = near.clone();
        // Far more than a socket holds.
        let frame = vec![0; near.frame_len_max()];
        let sending = thread::spawn(move || kind(blocked.send(&frame)));
        // It has begun, and cannot end.
        far.read_exact(&mut [0; 4]).unwrap();
        near.close();
        assert_eq!(sending.join().unwrap(), io::ErrorKind::UnexpectedEof);
    }
}

#[test]
fn the_last_clone_closes_the_socket() {
    let (near, mut far) = UnixStream::pair().unwrap();
    let near = Socket::unix(near).unwrap();
    drop(near.clone());
    near.send(b"").unwrap();
    far.read_exact(&mut [0; 4]).unwrap();
    drop(near);
    assert_eq!(far.read(&mut [0; 4]).unwrap(), 0);
}
