//! An instrument behind a pseudo-terminal, used from two processes, one of which dies: the story as a user runs it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::collections::BTreeSet;
use std::process::Command;

/// Runs the demo: exit status, standard output, standard error.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_hardware")).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_story_is_told_from_beginning_to_end() {
    let (status, told, errors) = run(&[]);
    assert_eq!((status, &*errors), (Some(0), ""), "{told}");
    let mut rest = &*told;
    for line in [
        "anna   position 0, 20.0 degrees, free",
        "ben   position 0, 20.0 degrees, free",
        "ben > move 5",
        "anna   hears: position 5, 20.5 degrees, free",
        "ben   hears: position 5, 20.5 degrees, free",
        "anna > lock 0",
        "ben > move 6",
        "ben   position 6, 20.6 degrees, free",
        "anna > move 7",
        "anna   refused: this lease is over",
        "anna > lock 3600",
        "ben   hears: position 6, 20.6 degrees, locked by anna",
        "anna > move 12",
        "ben   hears: position 12, 21.2 degrees, locked by anna",
        "ben > move 3",
        "ben   refused: anna has locked the instrument",
        "anna   has ended: signal: 9 (SIGKILL)",
        "ben   hears: position 12, 21.2 degrees, free",
        "ben > move 3",
        "ben   position 3, 22.1 degrees, free",
        "ben   has ended: exit status: 0",
        "instrument   has ended: exit status: 0",
    ] {
        let found = rest.split_once(&format!("   {line}\n"));
        rest = found.unwrap_or_else(|| panic!("{line:?} is missing, or not in its place, in\n{told}")).1;
    }
    let processes: BTreeSet<&str> =
        told.split("   process ").skip(1).filter_map(|rest| rest.split(' ').next()).collect();
    assert_eq!(processes.len(), 3, "{told}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let (status, told, errors) = run(&["--fast"]);
    assert_eq!((status, &*told), (Some(2), ""));
    assert!(errors.starts_with("usage: cargo xtask demo hardware"), "{errors}");
    let (status, told, errors) = run(&["user", "anna", "unix:///no/such/socket"]);
    assert_eq!((status, &*told), (Some(1), ""));
    assert!(errors.starts_with("hardware: nothing is at unix:///no/such/socket"), "{errors}");
    let (status, told, errors) = run(&["instrument", "/dev/null", "unix:///no/such/socket"]);
    assert_eq!((status, &*told), (Some(1), ""));
    assert!(errors.starts_with("hardware: "), "{errors}");
}
