//! The chat as a user runs it: four processes, of which one is killed. Every line is where it must be.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// Lines that each of its files may have.
const LINES_MAX: usize = 150;

/// What is said, in order, from the first to the last.
const SAID: [&str; 11] = [
    "the host is here",
    "ann is here",
    "bea is here",
    "cem is here",
    "ann: hello, bea and cem",
    "bea: hello, ann",
    "cem: I feel odd",
    "cem is gone",
    "ann: he went without a word",
    "bea is gone",
    "ann is gone",
];

#[test]
fn all_hear_the_same_from_when_they_came_until_they_went() {
    let output = Command::new(env!("CARGO_BIN_EXE_chat")).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), &*errors), (Some(0), ""), "{told}");
    let mut wanted = format!("The host hears:\n{}\n", SAID.join("\n"));
    for (name, heard, end) in [
        ("ann", &SAID[1..10], "exit status: 0"),
        ("bea", &SAID[2..9], "exit status: 0"),
        ("cem", &SAID[3..6], "signal: 9 (SIGKILL)"),
    ] {
        wanted += &format!("\n{name} heard:\n{}\n({end})\n", heard.join("\n"));
    }
    assert_eq!(told, wanted);
}

#[test]
fn no_file_of_it_is_long() {
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin/chat")).unwrap();
    for file in files.map(|file| file.unwrap().path()) {
        assert!(fs::read_to_string(&file).unwrap().lines().count() < LINES_MAX, "{}", file.display());
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_chat")).arg("--fast").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("usage: cargo xtask demo chat"));
}
