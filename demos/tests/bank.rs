//! The bank as a user runs it: four processes, and what each may do.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// Lines that it may have, all files together.
const LINES_MAX: usize = 150;

#[test]
fn what_was_given_is_all_that_can_be_done_and_ends_when_it_is_taken_back() {
    let output = Command::new(env!("CARGO_BIN_EXE_bank")).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), &*errors), (Some(0), ""), "{told}");
    let claims = [
        "Bob takes 10 of the allowance, and leaves 20.",
        "Bob sees in her purse 70.",
        "Paying from her purse: denied: Call of member \"pay\" on rust:bank::Account by the policy `read-only`;",
        "Paying more than there is: bank:Short: 21 wanted, and 20 there",
        "Carol pays him 5 of the allowance, and leaves 15.",
        "Paying from Alice's purse: denied: Call of member \"pay\" on rust:bank::Account by the policy `read-only`;",
        "Bob's use of it: denied: Call of member \"pay\" on rust:bank::Account by the policy `revoked`;",
        "Carol's use of it: denied: Call of member \"balance\" on rust:bank::Account by the policy `revoked`;",
        "Alice herself moves the rest, and leaves 0.",
        "All purses together hold 100.",
    ];
    let lines: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("✓ ")).collect();
    assert_eq!(lines.len(), claims.len(), "{told}");
    for (line, claim) in lines.iter().zip(claims) {
        assert!(line.starts_with(claim), "{line:?} does not begin with {claim:?}");
    }
}

#[test]
fn it_is_read_in_one_sitting() {
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin/bank")).unwrap();
    let lines = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap().lines().count());
    assert!(lines.sum::<usize>() < LINES_MAX);
}
