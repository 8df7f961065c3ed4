//! The carrier of one's own, as the demo uses it: as short as it is said to be, and two processes talk over it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

/// Lines that the whole carrier may have, comments and blank ones among them.
const LINES_MAX: usize = 40;

#[test]
fn the_carrier_is_two_functions_in_fewer_than_40_lines() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin/custom_transport/carrier.rs");
    let text = fs::read_to_string(path).unwrap();
    assert!(text.lines().count() < LINES_MAX, "{} lines", text.lines().count());
    let (_, carrier) = text.split_once("impl Transport for ").unwrap();
    let functions: Vec<_> = carrier.split("fn ").skip(1).map(|rest| rest.split('(').next().unwrap()).collect();
    assert_eq!(functions, ["send", "recv"]);
    // Nothing of ours helps it, and no crate either.
    let uses: Vec<_> = text.lines().filter(|line| line.starts_with("use ") && !line.starts_with("use std::")).collect();
    assert_eq!(uses, ["use wherever::Transport;"]);
}

#[test]
fn everything_works_on_it_between_two_processes() {
    let output = Command::new(env!("CARGO_BIN_EXE_custom_transport")).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), &*errors), (Some(0), ""), "{told}");
    for claim in [
        "a call gives its result",
        "a call that fails says what with",
        "a callback runs on the thread that waits for its call",
        "a value larger than a pipe",
        "a chain of ten promises takes 11 messages",
        "a stream brings all its items",
        "the calls of two threads are over there at once",
        "a callback comes while nobody here waits",
        "closing fails the call of a thread that waits",
        "the other process has ended by itself",
        "nothing is left in any table",
    ] {
        assert!(told.contains(&format!("✓ {claim}")), "{claim:?} is missing in\n{told}");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_custom_transport")).arg("--fast").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("usage: cargo xtask demo custom_transport"));
}
