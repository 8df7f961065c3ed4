//! Tests with real processes.

use super::*;

fn shell(script: &str) -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    Child::spawn(command).unwrap()
}

fn recv(child: &Child) -> io::Result<Vec<u8>> {
    let mut frame = Vec::new();
    child.recv(&mut frame).map(|()| frame)
}

/// The kind and text of the error.
fn failed<T>(result: io::Result<T>) -> (io::ErrorKind, String) {
    let error = result.err().unwrap();
    (error.kind(), error.to_string())
}

#[test]
fn frames_go_there_and_back() {
    let child = shell("exec cat");
    for frame in [&b"one"[..], b"", &[7; 100_000]] {
        // More than a pipe holds: somebody must read while it is sent.
        let sender = child.clone();
        let sent = frame.to_vec();
        let thread = thread::spawn(move || sender.send(&sent));
        assert_eq!(recv(&child).unwrap(), frame);
        thread.join().unwrap().unwrap();
    }
    child.close();
    child.close();
    assert_eq!(failed(child.send(b"late")).0, io::ErrorKind::UnexpectedEof);
    assert_eq!(failed(recv(&child)).0, io::ErrorKind::UnexpectedEof);
    assert!(child.wait().unwrap().success());
    assert!(child.wait().unwrap().success(), "it can be asked again");
}

#[test]
fn the_end_tells_the_exit_status() {
    let child = shell("printf '\\003\\000\\000\\000abc'; exit 3");
    assert_eq!(recv(&child).unwrap(), b"abc", "what it said before its end arrives");
    let (kind, text) = failed(recv(&child));
    assert_eq!(kind, io::ErrorKind::UnexpectedEof);
    assert_eq!(text, "the child `sh` ended: exit status: 3");
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[test]
fn the_end_within_a_frame_says_so() {
    let child = shell("printf '\\005\\000\\000\\000ab'; kill -9 $$");
    let (kind, text) = failed(recv(&child));
    assert_eq!(kind, io::ErrorKind::UnexpectedEof);
    assert!(text.starts_with("the child `sh` ended: signal: 9"), "{text}");
    assert!(text.ends_with("(the stream ended within a frame)"), "{text}");
}

#[test]
fn what_a_child_said_before_it_died_is_received_after_a_send_that_met_nobody() {
    let child = shell("exec 0<&-; printf '\\003\\000\\000\\000abc'; exit 4");
    // However far it has come: its input is closed when its status can be had.
    child.0.status(STATUS_WAIT).unwrap();
    for _ in 0..UNHEARD_MAX {
        child.send(b"nobody takes this").unwrap();
    }
    let (kind, text) = failed(child.send(b"nor this"));
    assert_eq!((kind, &*text), (io::ErrorKind::BrokenPipe, "the child `sh` ended: exit status: 4"));
    assert_eq!(recv(&child).unwrap(), b"abc");
    assert_eq!(failed(recv(&child)).1, "the child `sh` ended: exit status: 4");
}

#[test]
fn a_close_ends_a_recv_that_is_blocked_as_soon_as_the_child_has_ended() {
    let child = shell("exec cat");
    let other = child.clone();
    let thread = thread::spawn(move || failed(recv(&other)).0);
    child.close();
    assert_eq!(thread.join().unwrap(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn a_child_that_does_not_end_is_killed_and_reaped_by_the_last_drop() {
    // It tells its number, and that it has begun to ignore its input.
    let child = shell("printf '\\001\\000\\000\\000x'; exec tail -f /dev/null");
    let number = child.id();
    assert_eq!(recv(&child).unwrap(), b"x");
    let clone = child.clone();
    drop(child);
    assert!(is_alive(number));
    drop(clone);
    assert!(!is_alive(number), "neither alive nor a zombie");
}

#[test]
fn a_child_that_prints_and_does_not_read_can_be_waited_for() {
    let child = shell("head -c 1000000 /dev/zero; cat");
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let (kind, text) = failed(Child::spawn(Command::new("/no/such\u{1b}/program")).map(|_| ()));
    assert_eq!(kind, io::ErrorKind::NotFound);
    assert!(text.contains("`/no/such\\u{1b}/program`"), "{text}");
}

fn is_alive(number: u32) -> bool {
    Command::new("sh").args(["-c", &format!("kill -0 {number} 2>/dev/null")]).status().unwrap().success()
}
