//! The carrier to a child process: its standard input and output.

use std::io::{self, BufReader, Read};
use std::path::Path;
use std::process::{self, ChildStdin, ChildStdout, Command, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use wherever::wire::describe::escape;
use wherever::{Framed, Transport};

use crate::closable::{Closable, closed};

/// A child process as a carrier: frames go to its standard input and come from its standard output. The child uses
/// [`crate::stdio`], or speaks the protocol by itself.
///
/// Clones are the same child, so that one can carry a session while another waits for its end. When the last one is
/// dropped, a child that still runs is killed; either way it is reaped.
///
/// - [`Transport::close`] closes the child's standard input, so that it sees the end. It never waits. A `recv` that is
///   blocked returns when the child ends, or closes its output: a pipe cannot be interrupted. A `send` that is blocked
///   returns when the child reads on, or ends.
/// - When the child is gone, the error of `recv` tells how it ended. The first few `send`s to a child that is gone do
///   not fail, so that what the child said last is still received, and the reason after it.
#[derive(Clone)]
pub struct Child(Arc<Inner>);

struct Inner {
    name: String,
    frames: Framed<Output, Closable<ChildStdin>>,
    input: Closable<ChildStdin>,
    output: Output,
    process: Mutex<process::Child>,
    id: u32,
    /// Sends that have found the child gone.
    unheard: AtomicU32,
}

/// How long to wait for the exit status of a child that has closed its output. An ending process closes its files a
/// moment before its status can be had; one that goes on running without an output is told apart by this.
const STATUS_WAIT: Duration = Duration::from_secs(2);

/// Sends that do not fail though the child is gone: a preface, a first frame, and what a batch may make of it.
const UNHEARD_MAX: u32 = 16;

impl Child {
    /// Starts a child process. Its standard input and output become the carrier, whatever the command says of them;
    /// its standard error goes where the command says: by default where ours goes.
    ///
    /// # Errors
    /// Why it could not be started.
    pub fn spawn(mut command: Command) -> io::Result<Self> {
        command.stdin(process::Stdio::piped()).stdout(process::Stdio::piped());
        let program = Path::new(command.get_program());
        let name = escape(&program.file_name().unwrap_or(program.as_os_str()).to_string_lossy());
        let mut process = command.spawn().map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("the child `{}` cannot be started: {error}", escape(&program_name(&command))),
            )
        })?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(io::Error::other("a child without standard input and output"));
        };
        let (input, output) = (Closable::new(input), Output(Arc::new(Mutex::new(BufReader::new(output)))));
        Ok(Self(Arc::new(Inner {
            name,
            frames: Framed::new(output.clone(), input.clone()),
            input,
            output,
            id: process.id(),
            process: Mutex::new(process),
            unheard: AtomicU32::new(0),
        })))
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.0.id
    }

    /// Closes the child's standard input, and waits until it has ended by itself. What it still prints to its standard
    /// output is thrown away.
    ///
    /// # Errors
    /// What the system says.
    pub fn wait(&self) -> io::Result<ExitStatus> {
        self.0.input.close();
        // Or else it could be stuck in printing.
        io::copy(&mut self.0.output.clone(), &mut io::sink())?;
        self.0.process().wait()
    }

    /// Ends the child at once.
    ///
    /// # Errors
    /// What the system says. A child that has ended already is no error.
    pub fn kill(&self) -> io::Result<()> {
        self.0.process().kill()
    }
}

fn program_name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

impl Inner {
    fn process(&self) -> MutexGuard<'_, process::Child> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the child has ended, if it has, or does within a moment.
    fn status(&self) -> Option<ExitStatus> {
        let start = Instant::now();
        loop {
            match self.process().try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if start.elapsed() < STATUS_WAIT => {}
                _ => return None,
            }
            thread::park_timeout(Duration::from_millis(1));
        }
    }

    /// The error of a carrier that has ended, with what became of the child.
    fn ended(&self, error: &io::Error) -> io::Error {
        let place = match error.get_ref() {
            // The carrier's own words, where it has any: that it was within a frame.
            Some(words) => format!(" ({words})"),
            None => String::new(),
        };
        let text = match self.status() {
            Some(status) => format!("the child `{}` ended: {status}{place}", self.name),
            None => format!("the child `{}` closed its end, and still runs{place}", self.name),
        };
        io::Error::new(error.kind(), text)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.input.close();
        let mut process = self.process();
        // A child that has ended is reaped with the status it has; either call fails only if that was done.
        let _ = process.kill();
        let _ = process.wait();
    }
}

impl Transport for Child {
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        let inner = &self.0;
        let Err(error) = inner.frames.send(frame) else { return Ok(()) };
        if error.kind() != io::ErrorKind::BrokenPipe {
            return Err(error);
        }
        // Whoever sends much and never receives must be told in the end.
        if inner.unheard.fetch_add(1, Ordering::Relaxed) < UNHEARD_MAX && inner.status().is_some() {
            return Ok(());
        }
        Err(inner.ended(&error))
    }

    fn recv(&self, frame: &mut Vec<u8>) -> io::Result<()> {
        let inner = &self.0;
        if inner.input.is_closed() {
            return Err(closed());
        }
        inner.frames.recv(frame).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof if !inner.input.is_closed() => inner.ended(&error),
            _ => error,
        })
    }

    fn close(&self) {
        self.0.input.close();
    }

    fn frame_len_max(&self) -> usize {
        self.0.frames.frame_len_max()
    }
}

/// The child's output, shared by whoever receives and whoever waits for its end.
#[derive(Clone)]
struct Output(Arc<Mutex<BufReader<ChildStdout>>>);

impl Read for Output {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).read(buffer)
    }
}

#[cfg(all(test, unix))]
mod tests;
