//! Commands that build a program of another package and run it: demo, sim, real, bench, vectors; and shuttle, for the
//! models of the core.

use std::env;

use crate::process::{Outcome, cargo, run, target_dir};
use crate::python;

/// The package with the simulator and the vectors.
const TESTS: &str = "wherever-tests";

/// The demo that runs when none is named.
pub(crate) const DEFAULT_DEMO: &str = "main_job";

/// `cargo xtask demo`: builds all demos, since one may start another as its
/// second process, and runs the one named.
pub(crate) fn demo(args: &[String]) -> Outcome {
    let (name, rest) = demo_args(args);
    if name == "traceback" {
        return python::demo_traceback(rest);
    }
    run(&mut cargo(&["build", "--quiet", "--package", "wherever-demos"]))?;
    let base = ["run", "--quiet", "--package", "wherever-demos", "--bin"];
    run(cargo(&base).args([name, "--"]).args(rest))
}

/// `cargo xtask sim`: random topologies on invented time. A release build,
/// because its worth is in the number of seeds.
pub(crate) fn sim(args: &[String]) -> Outcome {
    let base = ["run", "--quiet", "--release", "--package", TESTS, "--bin", "sim", "--"];
    run(cargo(&base).args(args))
}

/// `cargo xtask real`: a scene between real processes, or random programs.
pub(crate) fn real(args: &[String]) -> Outcome {
    let base = ["run", "--quiet", "--package", TESTS, "--bin", "real", "--"];
    run(cargo(&base).args(args))
}

/// `cargo xtask bench`: the bare carrier and us by turns, between two processes.
pub(crate) fn bench(args: &[String]) -> Outcome {
    let base = ["run", "--quiet", "--profile", "bench", "--package", "wherever-bench", "--bin", "bench", "--"];
    run(cargo(&base).args(args))
}

/// `cargo xtask shuttle`: the models of the drivers' locks and roles, under a
/// model checker, or those with `MODEL` in their name. A build of its own, where
/// the checker stands in for the locks; a release, for the number of schedules.
pub(crate) fn shuttle(args: &[String]) -> Outcome {
    let flags = format!("{} --cfg shuttle", env::var("RUSTFLAGS").unwrap_or_default());
    let base = ["test", "--quiet", "--locked", "--release", "--package", "wherever", "--lib"];
    let mut command = cargo(&base);
    command.env("RUSTFLAGS", flags.trim()).env("CARGO_TARGET_DIR", target_dir().join("shuttle"));
    let names = if args.is_empty() { &["model".to_owned()] } else { args };
    run(command.arg("--").args(names))
}

/// `cargo xtask vectors`: writes the protocol's vectors anew, or compares with
/// those that are checked in.
pub(crate) fn vectors(args: &[String]) -> Outcome {
    let base = ["run", "--quiet", "--package", TESTS, "--bin", "vectors", "--"];
    run(cargo(&base).args(args))
}

/// Splits `[NAME] [--] ARGS`; the first word is a name unless it is a flag.
fn demo_args(args: &[String]) -> (&str, &[String]) {
    let (name, rest) = match args.split_first() {
        Some((name, rest)) if !name.starts_with('-') => (name.as_str(), rest),
        _ => (DEFAULT_DEMO, args),
    };
    match rest.split_first() {
        Some((dashes, rest)) if dashes == "--" => (name, rest),
        _ => (name, rest),
    }
}

#[cfg(test)]
mod tests {
    use super::demo_args;

    /// Splits a line by spaces and asks for the demo and its arguments.
    fn split(line: &str) -> (String, Vec<String>) {
        let args: Vec<String> = line.split_whitespace().map(String::from).collect();
        let (name, rest) = demo_args(&args);
        (name.to_owned(), rest.to_vec())
    }

    #[test]
    fn a_demo_has_a_default_name_and_takes_all_other_arguments() {
        let none: [&str; 0] = [];
        assert_eq!(split(""), ("main_job".into(), none.map(String::from).into()));
        assert_eq!(split("other").0, "other");
        for line in ["-n 3", "-- -n 3", "main_job -n 3", "main_job -- -n 3"] {
            assert_eq!(split(line), ("main_job".into(), vec!["-n".into(), "3".into()]));
        }
        assert_eq!(split("x -- -- y").1, ["--", "y"]);
    }
}
