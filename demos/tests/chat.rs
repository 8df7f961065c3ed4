//! The chat as a user runs it: four processes, of which one is killed. Every line is where it must be.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// Lines that it may have, all files together.
const LINES_MAX: usize = 150;

/// What is told in the room, in order, and who hears it: all who are there.
const TOLD: [(&str, &[&str]); 9] = [
    ("ann is here", &["ann"]),
    ("bea is here", &["ann", "bea"]),
    ("cem is here", &["ann", "bea", "cem"]),
    ("ann: hello, bea and cem", &["ann", "bea", "cem"]),
    ("bea: hello, ann", &["ann", "bea", "cem"]),
    ("cem: I feel odd", &["ann", "bea", "cem"]),
    ("cem is gone", &["ann", "bea"]),
    ("ann is gone", &["bea"]),
    ("bea is gone", &[]),
];

#[test]
fn all_hear_the_same_from_when_they_came_until_they_went() {
    let output = Command::new(env!("CARGO_BIN_EXE_chat")).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let heard = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}{heard}");
    let ends = ["ann ended with exit status: 0", "bea ended with exit status: 0", "cem ended with signal: 9 (SIGKILL)"];
    let lines: Vec<&str> = TOLD.iter().map(|(line, _)| *line).chain(ends).collect();
    assert_eq!(told.lines().collect::<Vec<_>>(), lines);
    let hearing = |(line, names): &(&str, &[&str])| -> String {
        names.iter().map(|name| format!("  {name} hears: {line}\n")).collect()
    };
    assert_eq!(heard, TOLD.iter().map(hearing).collect::<String>());
}

#[test]
fn it_is_read_in_one_sitting() {
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin/chat")).unwrap();
    let lines = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap().lines().count());
    assert!(lines.sum::<usize>() < LINES_MAX);
}
