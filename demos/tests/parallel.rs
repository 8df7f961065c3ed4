//! Work spread over processes, as a user runs it: one of them dies, and the result is right all the same.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// Lines that all its files may have together: it is read in one sitting.
const LINES_MAX: usize = 150;

#[test]
fn the_work_of_a_worker_that_was_killed_is_done_by_another() {
    let output = Command::new(env!("CARGO_BIN_EXE_parallel")).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}{errors}");
    assert!(told.contains("there are 25997 primes below 300000\n"), "{told}");

    let gone: Vec<_> = told.lines().filter(|line| line.contains(" is gone: ")).collect();
    assert_eq!(gone.len(), 1, "{told}");
    assert!(gone[0].starts_with("worker 2 is gone: "), "{told}");
    // The range that it was killed in, and the next, if it had been given that by then.
    let held = told.lines().filter_map(|line| line.strip_prefix("worker 2 held the range from "));
    let held: Vec<&str> = held.map(|rest| rest.split(';').next().unwrap()).collect();
    assert!(held.contains(&"50000") && held.len() <= 2, "{told}");
    for from in held {
        let again = told.lines().filter(|line| line.ends_with(&format!(" has done the range from {from} again")));
        let by: Vec<_> = again.filter(|line| !line.starts_with("worker 2 ")).collect();
        assert_eq!(by.len(), 1, "{from} in\n{told}");
    }
    if cfg!(unix) {
        assert!(gone[0].contains("signal: 9 (SIGKILL)"), "{told}");
        for number in [1, 3] {
            assert!(told.contains(&format!("worker {number} has ended: exit status: 0")), "{told}");
        }
    }
    let bar: Vec<&str> = errors.lines().collect();
    assert_eq!(bar.len(), 24, "{errors}");
    assert_eq!(bar[17], "[##################......] 18/24");
    assert!(!errors.contains('\r'), "nothing is drawn over where there is no terminal");
}

#[test]
fn it_is_short() {
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin/parallel")).unwrap();
    let lines = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap().lines().count());
    assert!(lines.sum::<usize>() < LINES_MAX);
}
