//! An adapter between editors that speak the Debug Adapter Protocol and the debuggers of other processes.
//!
//! On one side is an editor, on standard input and output or at a port; on the other the objects of `wherever-debug` that
//! a process exports, whatever its language is.
#![forbid(unsafe_code)]

mod arguments;
mod attach;
mod breakpoints;
mod editor;
mod framing;
mod halt;
mod inspect;
mod log;
mod options;
mod session;
mod show;
mod sources;
#[cfg(test)]
mod tests;

use std::env;
use std::io::{self, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use log::Log;
use options::{Options, USAGE};

/// How long, and for how many bytes, an editor that was served is waited for until it closes its end.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: u64 = 16 << 20;

fn main() -> ExitCode {
    let words = env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    let options = match Options::read(words) {
        Ok(Some(options)) => options,
        Ok(None) => {
            // Whoever asked and does not listen misses it.
            let _ = io::stdout().write_all(USAGE.as_bytes());
            return ExitCode::SUCCESS;
        }
        Err(wrong) => return failed(&format!("{wrong}\n\n{USAGE}"), 2),
    };
    let log = match options.log.as_deref().map(Log::to).transpose() {
        Ok(log) => log.unwrap_or_default(),
        Err(error) => return failed(&format!("the log cannot be written: {error}"), 1),
    };
    let served = match options.port {
        Some(port) => serve_port(port, options, &log),
        None => session::serve(io::stdin().lock(), Box::new(io::stdout()), Arc::new(options), log),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => failed(&reason, 1),
    }
}

fn failed(what: &str, code: u8) -> ExitCode {
    let _ = writeln!(io::stderr(), "wherever-dap: {}", what.trim_end());
    ExitCode::from(code)
}

/// Serves whoever connects on this machine, each by itself, until the program is ended.
fn serve_port(port: u16, options: Options, log: &Log) -> Result<(), String> {
    let failed = |error: io::Error| format!("nothing can be served at port {port}: {error}");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let told = writeln!(io::stdout(), "wherever-dap: listening on {address}");
    told.and_then(|()| io::stdout().flush()).map_err(failed)?;
    let options = Arc::new(options);
    loop {
        let editor = match listener.accept() {
            Ok((editor, _)) => editor,
            // It has gone again.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
            Err(error) => return Err(failed(error)),
        };
        let (options, log) = (options.clone(), log.clone());
        let serve = move || {
            if let Err(reason) = serve_editor(editor, options, log) {
                let _ = writeln!(io::stderr(), "wherever-dap: {reason}");
            }
        };
        thread::Builder::new().name("editor".into()).spawn(serve).map_err(failed)?;
    }
}

fn serve_editor(editor: TcpStream, options: Arc<Options>, log: Log) -> Result<(), String> {
    let ours = editor.try_clone().map_err(|error| format!("the editor's socket: {error}"))?;
    // Answers are small, and waited for.
    let _ = ours.set_nodelay(true);
    let ended = session::serve(BufReader::new(&editor), Box::new(ours), options, log);
    // Closed with something unread, a socket takes back what was sent last.
    let _ = editor.shutdown(Shutdown::Write);
    let _ = editor.set_read_timeout(Some(LINGER));
    let _ = io::copy(&mut (&editor).take(LINGER_BYTES), &mut io::sink());
    ended
}
