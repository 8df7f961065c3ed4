//! Frames arrive as they were sent, whatever their length.

use std::io::IoSlice;
use std::thread;

use super::*;

const LENGTHS: [usize; 6] = [0, 1, 4 << 10, 1 << 20, 0, 3];

fn frame(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 31 % 251) as u8).collect()
}

/// Sends frames of all lengths, whole and in parts, and gets them back from whoever echoes.
fn send_and_receive(carrier: &Any) {
    let sender = carrier.clone();
    // Somebody must read while it is sent.
    let sending = thread::spawn(move || {
        for len in LENGTHS {
            let frame = frame(len);
            sender.send(&frame).unwrap();
            let parts: Vec<IoSlice<'_>> = frame.chunks(1000).map(IoSlice::new).collect();
            sender.send_parts(&parts).unwrap();
            sender.send_parts(&[IoSlice::new(&[]), IoSlice::new(&frame), IoSlice::new(&[])]).unwrap();
        }
    });
    let mut got = b"what was there before".to_vec();
    for len in LENGTHS {
        for turn in 0..3 {
            match turn {
                0 => carrier.recv(&mut got).unwrap(),
                _ => carrier.recv_until(&mut got, None).unwrap(),
            }
            assert_eq!(got, frame(len), "{len} bytes, turn {turn}");
        }
    }
    sending.join().unwrap();
}

fn with_an_echo((near, far): (Any, Any)) {
    let echoing = thread::spawn(move || {
        let mut frame = Vec::new();
        let end = loop {
            match far.recv(&mut frame) {
                Ok(()) => far.send(&frame).unwrap(),
                Err(error) => break error,
            }
        };
        assert_eq!(end.kind(), io::ErrorKind::UnexpectedEof, "{end}");
    });
    send_and_receive(&near);
    near.close();
    echoing.join().unwrap();
}

#[test]
fn by_a_unix_socket() {
    with_an_echo(unix_pair());
}

#[test]
fn by_tcp() {
    with_an_echo(tcp_pair());
}

#[test]
fn by_a_child_and_its_standard_input_and_output() {
    let child = echo();
    let carrier: Any = Arc::new(child.clone());
    send_and_receive(&carrier);
    carrier.close();
    assert!(child.wait().unwrap().success());
}

#[test]
fn many_short_frames_that_come_at_once_are_told_apart() {
    let (near, far) = unix_pair();
    for number in 0..200_u32 {
        // Fewer than a socket holds, which counts more than their bytes.
        near.send(&number.to_le_bytes()).unwrap();
    }
    let mut frame = Vec::new();
    for number in 0..200_u32 {
        far.recv(&mut frame).unwrap();
        assert_eq!(frame, number.to_le_bytes());
    }
}

#[test]
fn what_was_sent_before_a_close_arrives_and_then_its_end() {
    for (near, far) in [unix_pair(), tcp_pair()] {
        near.send(b"last words").unwrap();
        near.close();
        let mut frame = Vec::new();
        far.recv(&mut frame).unwrap();
        assert_eq!(frame, b"last words");
        assert_eq!(kind(far.recv(&mut frame)), io::ErrorKind::UnexpectedEof);
        assert_eq!(kind(far.recv_until(&mut frame, None)), io::ErrorKind::UnexpectedEof);
    }
}

#[test]
fn what_a_side_said_before_it_went_is_received_after_sends_that_met_nobody() {
    for (near, far) in [unix_pair(), tcp_pair()] {
        far.send(b"last words").unwrap();
        far.close();
        drop(far);
        for _ in 0..5 {
            near.send(b"nobody takes this").unwrap();
        }
        let mut frame = Vec::new();
        near.recv(&mut frame).unwrap();
        assert_eq!(frame, b"last words");
        assert_eq!(kind(near.recv(&mut frame)), io::ErrorKind::UnexpectedEof);
        // Who never receives is told in the end.
        let end = std::iter::repeat_with(|| near.send(b"nor this")).find_map(Result::err).unwrap();
        assert_eq!(end.kind(), io::ErrorKind::UnexpectedEof);
    }
}

#[test]
fn a_frame_too_long_for_a_stream_is_refused_and_disturbs_nothing() {
    let (near, far) = unix_pair();
    let long = vec![0; near.frame_len_max() + 1];
    assert_eq!(kind(near.send(&long)), io::ErrorKind::FileTooLarge);
    near.send(b"short").unwrap();
    let mut frame = Vec::new();
    far.recv(&mut frame).unwrap();
    assert_eq!(frame, b"short");
}
