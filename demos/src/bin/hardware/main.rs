//! An instrument that several processes use, one of which locks it and dies. `cargo xtask demo hardware` runs it.
//!
//! `instrument.rs` is what they share, `owner.rs` the process that owns the device, `user.rs` one that uses it.
//! `laboratory.rs` tells the story: it plugs in the device, which is simulated behind a pseudo-terminal (`device.rs`),
//! starts an owner and two users, and types what these would type (`console.rs`). Every answer is checked, and the
//! program fails if one is not as told.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program whose job is to show something")]

#[cfg(unix)]
mod console;
#[cfg(unix)]
mod device;
#[cfg(unix)]
mod instrument;
#[cfg(unix)]
mod laboratory;
#[cfg(unix)]
mod owner;
#[cfg(unix)]
mod user;

use std::process::ExitCode;

#[cfg(unix)]
const USAGE: &str = "\
usage: cargo xtask demo hardware

Tells a story of three processes. They can be played by hand too, with commands on standard input:

  hardware device              plug a simulated device in, and print its serial port
  hardware instrument PORT URL own the device, and serve it at a URL such as unix:///tmp/instrument
  hardware user NAME URL       use it: read, move POSITION, lock SECONDS, free";

#[cfg(unix)]
fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => laboratory::run(),
        ["device"] => laboratory::plug_in(),
        ["instrument", port, url] => owner::serve(port, url),
        ["user", name, url] => user::serve(name, url),
        ["--help"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hardware: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    println!("this demo needs pseudo-terminals");
    ExitCode::SUCCESS
}
