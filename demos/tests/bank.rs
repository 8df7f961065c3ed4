//! The bank as a user runs it: four processes, and what each may do.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// Lines that each of its files may have.
const LINES_MAX: usize = 150;

#[test]
fn what_was_given_is_all_that_can_be_done_and_ends_when_it_is_taken_back() {
    let output = Command::new(env!("CARGO_BIN_EXE_bank")).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), &*errors), (Some(0), ""), "{told}");
    let claims = [
        "Alice has 100.",
        "Bob sees in her purse 70.",
        "Bob pays 10 back, and it holds 80.",
        "Bob has left 20.",
        "Taking from where he may look: denied: Call of member \"withdraw\" on rust:bank::purse::Account by the policy \
         `read-only`;",
        "Looking where he may pay: wanted an object with the interface org.example.Purse/1,",
        "Spending more than there is: 21 wanted, and 20 there",
        "A note that he made himself: that is no note of this bank",
        "Her purse, used as a note: note: wanted an object with the interface org.example.Note/1,",
        "A note that he uses twice brings the second time 0.",
        "Carol sees 19.",
        "Spending it: denied: Call of member \"withdraw\" on rust:bank::purse::Account by the policy `read-only`;",
        "What Bob had: denied: Call of member \"withdraw\" on rust:bank::purse::Account by the policy `revoked`;",
        "What he showed Carol: denied: Call of member \"balance\" on rust:bank::purse::Account by the policy `revoked`;",
        "Bob still sees in her purse 81.",
        "With the rest it holds 100.",
        "All purses and notes of the bank hold 100.",
    ];
    let lines: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("✓ ")).collect();
    assert_eq!(lines.len(), claims.len(), "{told}");
    for (line, claim) in lines.iter().zip(claims) {
        assert!(line.starts_with(claim), "{line:?} does not begin with {claim:?}");
    }
}

#[test]
fn no_file_of_it_is_long() {
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin/bank")).unwrap();
    for file in files.map(|file| file.unwrap().path()) {
        assert!(fs::read_to_string(&file).unwrap().lines().count() < LINES_MAX, "{}", file.display());
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_bank")).arg("--fast").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("usage: cargo xtask demo bank"));
}
