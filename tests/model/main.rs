//! The random-topology model test: some hundreds of seeds, and that a seed stands for one run and no other.
#![allow(clippy::panic, reason = "tests fail by panicking")]

use wherever_tests::sim::{program, run};

#[test]
fn random_topologies() {
    for seed in 1..=300 {
        let report = run(&program(seed, 100), None, false);
        if let Some(failure) = report.failures.first() {
            panic!("seed {seed} of 100 operations: {failure}\nsee `cargo xtask sim --seed {seed} --ops 100 --trace`");
        }
    }
}

#[test]
fn one_seed_is_one_run() {
    for seed in 1..=40 {
        let program = program(seed, 100);
        let (one, two) = (run(&program, None, false), run(&program, None, false));
        assert_eq!((one.digest, one.calls, one.frames), (two.digest, two.calls, two.frames), "seed {seed}");
    }
}
