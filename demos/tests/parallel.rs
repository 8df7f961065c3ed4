//! Work spread over processes, as a user runs it: one of them dies, and the result is right all the same.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::process::Command;

/// Primes below 300,000.
const PRIMES: &str = "25997 primes";

/// Runs the demo: exit status, standard output, standard error.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_parallel")).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// The ranges of a line such as `it held [0..1, 1..2]; ...`.
fn held(told: &str) -> Vec<&str> {
    let (_, rest) = told.split_once("it held [").unwrap();
    rest.split(']').next().unwrap().split(", ").collect()
}

#[test]
fn the_work_of_a_worker_that_was_killed_is_done_by_others() {
    for (workers, ranges) in [(2, 4), (3, 24), (5, 100)] {
        let (status, told, errors) = run(&["--workers", &workers.to_string(), "--ranges", &ranges.to_string()]);
        assert_eq!(status, Some(0), "{told}{errors}");
        assert!(told.contains(PRIMES) && told.contains("counted here, in another way, they are as many"), "{told}");
        let (_, fatal) = told.split_once("worker 2 will be killed half way through ").unwrap();
        let held = held(&told);
        // What it was killed in, and what had been promised beside that.
        assert_eq!(held[0], fatal.lines().next().unwrap(), "{told}");
        for range in held {
            let again = told.lines().filter(|line| line.ends_with(&format!("has done {range} again")));
            let by: Vec<_> = again.filter(|line| !line.contains("worker 2 ")).collect();
            assert_eq!(by.len(), 1, "{range} in\n{told}");
        }
        let killed: Vec<_> = told.lines().filter(|line| line.contains("is gone")).collect();
        assert_eq!(killed.len(), 1, "{told}");
        assert!(killed[0].starts_with("worker 2, process "), "{told}");
        if cfg!(unix) {
            assert!(killed[0].contains("signal: 9 (SIGKILL); the call may have run"), "{told}");
            for number in (1..=workers).filter(|number| *number != 2) {
                assert!(told.contains(&format!("worker {number} has ended: exit status: 0")), "{told}");
            }
        }
        assert!(errors.ends_with(&format!("{ranges} of {ranges} ranges are done\n")), "{errors}");
        assert!(!format!("{told}{errors}").contains('\u{1b}'), "no bar where there is no terminal");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    for arguments in [&["--workers"][..], &["--workers", "1"], &["--ranges", "5"], &["--ranges", "x"], &["--fast", "1"]]
    {
        let (status, told, errors) = run(arguments);
        assert_eq!((status, &*told), (Some(2), ""), "{arguments:?}");
        assert!(errors.starts_with("usage: cargo xtask demo parallel"), "{errors}");
    }
    let (status, told, _) = run(&["--help"]);
    assert_eq!(status, Some(0));
    assert!(told.starts_with("usage:"), "{told}");
}
