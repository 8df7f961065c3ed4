//! `wherever` in one sitting: two processes, and objects that are used across them. `cargo xtask demo` runs it.
//!
//! Read `here.rs` first: it is this side of the story. `there.rs` is the other process. Every claim that is printed is
//! checked, and the program fails if one does not hold.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program whose job is to tell a story")]

mod arguments;
mod costs;
mod here;
mod tell;
mod there;

use std::fmt;
use std::io;
use std::process::ExitCode;

use wherever::wire::describe::escape;

use arguments::{HELP, Wish};

/// Why the story ends early.
enum Failure {
    /// Something did not happen as it was told.
    NotAsTold(String),
    /// A call failed that should not.
    Call(wherever::Error),
    /// The system refused.
    System(io::Error),
}

impl From<wherever::Error> for Failure {
    fn from(error: wherever::Error) -> Self {
        Failure::Call(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::System(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::NotAsTold(claim) => write!(f, "this was told and does not hold: {claim}"),
            // What a peer says goes to a terminal only with its control characters escaped.
            Failure::Call(error) => write!(f, "a call failed: {}", escape(&error.to_string())),
            Failure::System(error) => write!(f, "{error}"),
        }
    }
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let outcome = match Wish::parse(&words) {
        Ok(Wish::Help) => {
            println!("{HELP}");
            Ok(())
        }
        Ok(Wish::Story { number, items, trace }) => here::run(number, &items, trace),
        Ok(Wish::There { colour }) => there::run(colour),
        Err(text) => {
            eprintln!("{text}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("main_job: {failure}");
            ExitCode::FAILURE
        }
    }
}
