//! A purse that is handed on, for less than it can, and taken back. `cargo xtask demo bank` runs it.
//!
//! Four processes: the bank; Alice, who is this one and has a purse with 100; Bob, whom she gives parts of what she may;
//! and Carol, who knows Bob only. Each line with a tick was checked, and the program fails if one does not hold.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program whose job is to show something")]

#[cfg(unix)]
mod person;
#[cfg(unix)]
mod purse;
#[cfg(unix)]
mod story;

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => story::alice(),
        ["the-bank"] => story::serve(&purse::bank()),
        ["bob"] => story::bob(),
        ["carol"] => story::carol(),
        _ => {
            eprintln!("usage: cargo xtask demo bank");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bank: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    println!("this demo needs the carriers of Unix");
    ExitCode::SUCCESS
}
