//! The other side of the carrier speaks something else.

use super::*;

/// What a first call fails with.
fn reason(peer: &Peer) -> String {
    let error = lost(peer.get("x"));
    assert_over(peer);
    error.reason.to_string()
}

#[test]
fn an_echo() {
    let (peer, child) = shell("exec cat");
    let reason = reason(&peer);
    assert!(reason.contains("our own HELLO came back"), "{reason}");
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_program_that_prints_text() {
    let (peer, _child) = shell("echo hello world; exec cat >/dev/null");
    let reason = reason(&peer);
    assert!(reason.contains("does not frame as this one does") && reason.contains("\"hell\""), "{reason}");
}

#[test]
fn a_program_that_prints_less_than_a_frame() {
    let (peer, _child) = shell("echo hi");
    let reason = reason(&peer);
    assert!(reason.contains("the child `sh` ended: exit status: 0"), "{reason}");
}

#[test]
fn frames_of_another_protocol() {
    let (peer, _child) = shell("printf '\\005\\000\\000\\000\\033[2Jx'; exec cat >/dev/null");
    let reason = reason(&peer);
    assert!(reason.contains("does not speak this protocol: it began with \"\\x1b[2Jx\""), "{reason}");
}

#[test]
fn another_version_of_the_protocol() {
    let (peer, child) = start(&["version", "7"]);
    let reason = reason(&peer);
    assert!(reason.contains("the other side speaks version 7 of the protocol, this one 1"), "{reason}");
    assert!(child.wait().unwrap().success());
}

#[test]
fn another_version_from_one_who_has_left_already() {
    let (peer, child) = start(&["version", "2"]);
    // It has ended, and its words are still in the pipe.
    while std::fs::exists(format!("/proc/{}/fd/1", child.id())).unwrap_or(false) {
        std::thread::yield_now();
    }
    let reason = reason(&peer);
    assert!(reason.contains("the other side speaks version 2 of the protocol"), "{reason}");
}
