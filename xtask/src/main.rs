//! The commands of this repository, so that a checkout needs nothing but cargo.
//!
//! Run as `cargo xtask COMMAND`; without a command it lists them.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program: printing is its job")]

mod fuzz;
mod gate;
mod packages;
mod process;
mod python;
mod watchdog;

use process::{Failure, Outcome};
use std::process::ExitCode;

/// What `cargo xtask` prints when it is not told what to do.
const HELP: &str = "\
usage: cargo xtask COMMAND

  demo [NAME] [-- ARGS]           build the demos and run one: main_job (the default), custom_transport, parallel,
                                  hardware, bank, chat, debugger, traceback (Python)
  test                            the gate: everything that must pass before a commit
  sim [--seeds N] [--seed S] ...  run random topologies on invented time (release build)
  python [ARGS]                   build the Python package, install it and run its tests: pytest's arguments
  bench [--quick] [ROW] ...       what a call costs beside the bare carrier (release build)
  bench python [--quick] [ROW] ...
                                  what the Python package costs beside libraries that do the like
  real SCENE | real model [--seed S] [--seeds N] [--carrier C] [--floods] [--kill]
                                  play a scene, or random programs, between real processes
  shuttle [MODEL]                 try many orders of threads on the models of the drivers; SHUTTLE_SCHEDULE
                                  replays the one that a failure printed
  vectors [--check]               write tests/vectors anew, or compare with them
  fuzz --seconds N [--target T]   run each fuzz target, or one, for N seconds (default: 60)";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(message) = &failure.message {
                eprintln!("{message}");
            }
            ExitCode::from(failure.code)
        }
    }
}

/// Runs the command that the first argument names on the rest.
fn dispatch(args: &[String]) -> Outcome {
    let Some((command, rest)) = args.split_first() else {
        return Err(Failure::usage(HELP));
    };
    match command.as_str() {
        "demo" => packages::demo(rest),
        "test" => gate::test(rest),
        "sim" => packages::sim(rest),
        "real" => packages::real(rest),
        "python" => python::test(rest),
        "bench" => match rest.split_first() {
            Some((which, rest)) if which == "python" => python::bench(rest),
            _ => packages::bench(rest),
        },
        "shuttle" => packages::shuttle(rest),
        "vectors" => packages::vectors(rest),
        "fuzz" => fuzz::fuzz(rest),
        other => Err(Failure::usage(format!("no command `{other}`\n\n{HELP}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::dispatch;

    #[test]
    fn no_command_or_an_unknown_one_prints_help_and_exits_2() {
        for args in [vec![], vec![String::from("deploy")]] {
            let failure = dispatch(&args).expect_err("there is nothing to run");
            assert_eq!(failure.code, 2);
            assert!(failure.message.is_some_and(|text| text.contains("usage:")));
        }
    }
}
