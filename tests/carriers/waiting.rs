//! Waiting for a frame no longer than a time, or until a wake.

use std::io::Write;
use std::thread;
use std::time::Duration;

use super::*;

const AT_ONCE: Option<Duration> = Some(Duration::ZERO);
const SHORT: Option<Duration> = Some(Duration::from_millis(1));

/// Each carrier, with something that keeps it open and silent.
fn silent() -> Vec<(Any, Option<Any>)> {
    let ((unix, other_unix), (tcp, other_tcp)) = (unix_pair(), tcp_pair());
    vec![(unix, Some(other_unix)), (tcp, Some(other_tcp)), (Arc::new(echo()), None)]
}

#[test]
fn the_time_passes() {
    for (carrier, _other) in silent() {
        assert!(carrier.is_interruptible());
        for time in [AT_ONCE, SHORT, AT_ONCE] {
            assert_eq!(kind(carrier.recv_until(&mut Vec::new(), time)), io::ErrorKind::TimedOut);
        }
    }
}

#[test]
fn a_wake_sticks_until_it_is_told() {
    for (carrier, _other) in silent() {
        carrier.wake();
        carrier.wake();
        assert_eq!(kind(carrier.recv_until(&mut Vec::new(), None)), io::ErrorKind::Interrupted);
        assert_eq!(kind(carrier.recv_until(&mut Vec::new(), AT_ONCE)), io::ErrorKind::TimedOut);
    }
}

#[test]
fn a_wake_comes_from_any_thread_at_any_time() {
    for (carrier, _other) in silent() {
        for time in [None, Some(Duration::MAX)] {
            let waiting = carrier.clone();
            let waits = thread::spawn(move || kind(waiting.recv_until(&mut Vec::new(), time)));
            carrier.wake();
            assert_eq!(waits.join().unwrap(), io::ErrorKind::Interrupted);
        }
    }
}

#[test]
fn frames_go_before_a_wake_and_a_wake_is_not_lost_by_them() {
    for (near, far) in [unix_pair(), tcp_pair()] {
        near.wake();
        far.send(b"one").unwrap();
        far.send(b"two").unwrap();
        let mut frame = Vec::new();
        // By TCP the first may still be on its way: then the wake is told, and must be given again.
        while let Err(error) = near.recv_until(&mut frame, None) {
            assert_eq!(error.kind(), io::ErrorKind::Interrupted);
            near.wake();
        }
        assert_eq!(frame, b"one");
        while let Err(error) = near.recv_until(&mut frame, None) {
            assert_eq!(error.kind(), io::ErrorKind::Interrupted);
            near.wake();
        }
        assert_eq!(frame, b"two");
        assert_eq!(kind(near.recv_until(&mut frame, None)), io::ErrorKind::Interrupted);
    }
}

#[test]
fn a_wake_does_nothing_to_a_plain_recv() {
    let (near, far) = unix_pair();
    near.wake();
    far.send(b"one").unwrap();
    let mut frame = Vec::new();
    near.recv(&mut frame).unwrap();
    assert_eq!(frame, b"one");
    assert_eq!(kind(near.recv_until(&mut frame, None)), io::ErrorKind::Interrupted);
}

#[test]
fn half_a_frame_is_kept_over_time_and_wake() {
    let (near, mut far) = UnixStream::pair().unwrap();
    let near = Socket::unix(near).unwrap();
    let bytes = b"\x05\0\0\0hello\x02\0\0\0hi";
    let mut frame = Vec::new();
    // Cut at each byte, of the head too.
    for cut in 0..9 {
        far.write_all(&bytes[..cut]).unwrap();
        assert_eq!(kind(near.recv_until(&mut frame, AT_ONCE)), io::ErrorKind::TimedOut);
        near.wake();
        assert_eq!(kind(near.recv_until(&mut frame, None)), io::ErrorKind::Interrupted);
        assert_eq!(kind(near.recv_until(&mut frame, SHORT)), io::ErrorKind::TimedOut);
        far.write_all(&bytes[cut..]).unwrap();
        near.recv_until(&mut frame, None).unwrap();
        assert_eq!(frame, b"hello");
        near.recv(&mut frame).unwrap();
        assert_eq!(frame, b"hi");
    }
}

#[test]
fn bytes_that_make_no_frame_hold_up_neither_the_time_nor_a_wake() {
    let (near, mut far) = UnixStream::pair().unwrap();
    let near = Arc::new(Socket::unix(near).unwrap());
    // A frame of 16 MiB, which comes for ever: one that is longer than all that is ever written.
    far.write_all(&(16_u32 << 20).to_le_bytes()).unwrap();
    let trickling = thread::spawn(move || {
        let mut sent = 0;
        while sent < 15 << 20 && far.write_all(b"x").is_ok() {
            sent += 1;
        }
    });
    assert_eq!(kind(near.recv_until(&mut Vec::new(), SHORT)), io::ErrorKind::TimedOut);
    near.wake();
    assert_eq!(kind(near.recv_until(&mut Vec::new(), None)), io::ErrorKind::Interrupted);
    near.close();
    drop(near);
    trickling.join().unwrap();
}
