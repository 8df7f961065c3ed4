//! Runs a target on files, without libFuzzer.

use std::io::{self, Write};
use std::process::ExitCode;

/// Runs `run` once on the contents of each file named on the command line.
///
/// A finding shows as the panic it is, with its backtrace. Returns failure if
/// no file is named or one cannot be read.
pub fn replay(run: fn(&[u8])) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    let mut files = 0;
    for path in std::env::args_os().skip(1) {
        files += 1;
        let shown = path.to_string_lossy().into_owned();
        match std::fs::read(&path) {
            Ok(data) => {
                run(&data);
                say(&format!("ok: {shown} ({} bytes)", data.len()));
            }
            Err(error) => {
                say(&format!("cannot read {shown}: {error}"));
                code = ExitCode::FAILURE;
            }
        }
    }
    if files == 0 {
        say("usage: name the input files to run through this target");
        code = ExitCode::FAILURE;
    }
    code
}

/// Prints one line; a closed pipe is no reason to fail.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
