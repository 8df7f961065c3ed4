//! The random-topology model test: some hundreds of seeds, and that a seed stands for one run and no other.
#![allow(clippy::panic, reason = "tests fail by panicking")]

use wherever_tests::sim::{Pace, program, run};

#[test]
fn random_topologies() {
    for seed in 1..=300 {
        let report = run(&program(seed, 100), None, false);
        if let Some(failure) = report.failures.first() {
            panic!("seed {seed} of 100 operations: {failure}\nsee `cargo xtask sim --seed {seed} --ops 100 --trace`");
        }
    }
}

/// Both sides send as much as they like, nested calls among it, over carriers that hold one byte; a caller that waits
/// serves the calls nested in its own and no others. Whatever cannot go on is a failure of the run.
#[test]
fn hazard_5_and_6_flooding_over_one_byte_with_nested_calls_ends() {
    for seed in 1001..=1100 {
        let mut program = program(seed, 150);
        program.setup.links.iter_mut().for_each(|link| link.paces = [Pace::ByBytes; 2]);
        program.setup.cut_at = None;
        let report = run(&program, None, false);
        assert!(report.failures.is_empty(), "seed {seed}: {:?}", report.failures);
        assert!(report.calls > 20, "seed {seed}: {} calls", report.calls);
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
