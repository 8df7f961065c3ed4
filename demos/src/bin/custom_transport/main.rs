//! A carrier of the user's own, under everything that `wherever` does. `cargo xtask demo custom_transport` runs it.
//!
//! `carrier.rs` is all that there is to it: fewer than 40 lines, and two functions. `here.rs` uses it, `there.rs` is the
//! other process. Every claim that is printed is checked, and the program fails if one does not hold.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program whose job is to show something")]

#[cfg(unix)]
mod carrier;
#[cfg(unix)]
mod here;
#[cfg(unix)]
mod there;

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => here::run(),
        ["there", folder] => there::run(folder.as_ref()),
        _ => {
            eprintln!("usage: cargo xtask demo custom_transport");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("custom_transport: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    println!("this demo needs named pipes that are files");
    ExitCode::SUCCESS
}
