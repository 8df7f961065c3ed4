//! A debugger for scripts in Rhai: a process that runs one, and a terminal in another that debugs it, over any carrier.
//! `cargo xtask demo debugger` tells what it can; at a terminal it lets you try.
//!
//! `script` is the side that runs, `front` the one that debugs. Both know the interfaces of `wherever-debug`, and the core
//! knows nothing of either.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program whose job is to show something")]
#![allow(unreachable_pub, reason = "what is `pub` is so to the peer")]

#[cfg(unix)]
mod front;
#[cfg(unix)]
mod line;
#[cfg(unix)]
mod run;
#[cfg(unix)]
mod script;
#[cfg(unix)]
mod story;

use std::process::ExitCode;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "\
usage: cargo xtask demo debugger [-- ARGS]

  (nothing)                 tell the story; at a terminal, debug the story's script
  story                     tell the story
  run SCRIPT [--listen URL] run a script, and let it be debugged at a URL: unix:, tcp:, stdio:, or tty:DEVICE
      --wait                  begin when somebody has attached, and stop at the first line
      --record                keep the variables of every frame of an error, also while nobody is attached
      --hold                  after an error, stay until somebody has been there to look
  attach URL                debug what runs there: unix:, tcp:, exec:PROGRAM, or tty:DEVICE
      --script FILE           read the commands from a file
      --count                 tell how many messages each command took";

/// Prints a line, unless nobody reads what is printed any more.
fn say(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

#[cfg(unix)]
fn main() -> ExitCode {
    use std::io::IsTerminal as _;
    let words: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match words.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        None if std::io::stdin().is_terminal() => story::try_it(),
        None | Some(("story", [])) => story::tell(),
        Some(("run", rest)) => run::Run::of(rest).and_then(|what| run::run(&what)),
        Some(("attach", rest)) => front::Attach::of(rest).and_then(|whom| front::attach(&whom)),
        Some(("--help", _)) => {
            say(USAGE);
            Ok(true)
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("debugger: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    say("this demo needs Unix sockets and pseudo-terminals");
    ExitCode::SUCCESS
}
