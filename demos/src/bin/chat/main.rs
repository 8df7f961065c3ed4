//! A room in which several processes talk, by callbacks in both directions. `cargo xtask demo chat` runs it.
//!
//! This process has the room, and starts three members, each a process of its own. Whoever takes a seat gives the room a
//! listener; what one says, all listeners are told. One member is killed in the middle of it, and one leaves; the others
//! are told of both.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program whose job is to show something")]

#[cfg(unix)]
mod room;
#[cfg(unix)]
mod story;

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => story::host(),
        [name @ ("ann" | "bea" | "cem"), url] => story::member(name, url),
        _ => {
            eprintln!("usage: cargo xtask demo chat");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    println!("this demo needs the carriers of Unix");
    ExitCode::SUCCESS
}
