//! An instrument behind a pseudo-terminal, used from two processes, one of which dies: the story as a user runs it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// Lines that all its files may have together: it is read in one sitting.
const LINES_MAX: usize = 150;

#[test]
fn who_has_the_lease_has_the_instrument_until_time_or_death_ends_it() {
    let output = Command::new(env!("CARGO_BIN_EXE_hardware")).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), &*errors), (Some(0), ""), "{told}");
    let wanted = [
        "ben hears: show that ben has a lease",
        "ben hears: move to 5",
        "ben hears: show that anna has a lease",
        "ben hears: move to 12",
        "ben is refused: anna has locked the instrument",
        "anna's process has ended: signal: 9 (SIGKILL)",
        "ben hears: move to 3",
    ];
    assert_eq!(told.lines().collect::<Vec<_>>(), wanted);
}

#[test]
fn it_is_short() {
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin/hardware")).unwrap();
    let lines = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap().lines().count());
    assert!(lines.sum::<usize>() < LINES_MAX);
}
