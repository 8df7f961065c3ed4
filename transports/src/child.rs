//! The carrier to a child process: its standard input and output.

use std::fs::File;
use std::io::{self, IoSlice, Write};
use std::path::Path;
use std::process::{self, ChildStdin, Command, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use wherever::Transport;
use wherever::transport::FRAMED_LEN_MAX;
use wherever::wire::describe::escape;

use crate::closable::{Closable, closed};
use crate::inlet::{Inlet, WITHIN_FRAME};
use crate::outlet::{UNHEARD_MAX, write_frame};
use crate::wake::Wake;

/// A child process as a carrier: frames go to its standard input and come from its standard output. The child uses
/// [`crate::stdio`], or speaks the protocol by itself.
///
/// Clones are the same child, so that one can carry a session while another waits for its end. When the last one is
/// dropped, a child that still runs is killed; either way it is reaped.
///
/// - [`Transport::close`] closes the child's standard input, so that it sees the end. It never waits. A `recv_until` that
///   is blocked returns at once. A plain `recv` returns when the child ends, or closes its output, and a `send` that is
///   blocked when the child reads on, or ends: a pipe cannot be interrupted.
/// - When the child is gone, the error of `recv` tells how it ended. The first few `send`s to a child that is gone do
///   not fail, so that what the child said last is still received, and the reason after it.
#[derive(Clone)]
pub struct Child(Arc<Inner>);

struct Inner {
    name: String,
    input: Closable<Input>,
    output: Inlet,
    process: Mutex<process::Child>,
    id: u32,
    /// Sends that have found the child gone.
    unheard: AtomicU32,
}

/// How long to wait for the exit status of a child that has closed its output. An ending process closes its files a
/// moment before its status can be had; one that goes on running without an output is told apart by this.
const STATUS_WAIT: Duration = Duration::from_secs(2);

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
        let output = Inlet::new(file(output)).inspect_err(|_| {
            // Nobody would ever see to it: what fails here is what matters.
            let _ = process.kill().and_then(|()| process.wait());
        })?;
        Ok(Self(Arc::new(Inner {
            name,
            input: Closable::new(input_of(input)),
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
        self.0.output.drain()?;
        self.0.process().wait()
    }

    /// Waits until the child has ended by itself, no longer than this; how it has, if it has.
    pub fn wait_for(&self, time: Duration) -> Option<ExitStatus> {
        self.0.status(time)
    }

    pub(crate) fn inlet(&self) -> &Inlet {
        &self.0.output
    }

    /// Ends the child at once.
    ///
    /// # Errors
    /// What the system says. A child that has ended already is no error.
    pub fn kill(&self) -> io::Result<()> {
        self.0.process().kill()
    }
}

#[cfg(unix)]
type Input = crate::inherited::Marked<ChildStdin>;

#[cfg(windows)]
type Input = ChildStdin;

#[cfg(unix)]
fn input_of(input: ChildStdin) -> Input {
    Input::new(input)
}

#[cfg(windows)]
fn input_of(input: ChildStdin) -> Input {
    input
}

#[cfg(unix)]
fn file(output: process::ChildStdout) -> File {
    std::os::fd::OwnedFd::from(output).into()
}

#[cfg(windows)]
fn file(output: process::ChildStdout) -> File {
    std::os::windows::io::OwnedHandle::from(output).into()
}

fn program_name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

impl Inner {
    fn process(&self) -> MutexGuard<'_, process::Child> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the child has ended, if it has, or does in this time.
    fn status(&self, time: Duration) -> Option<ExitStatus> {
        let start = Instant::now();
        loop {
            match self.process().try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if start.elapsed() < time => {}
                _ => return None,
            }
            thread::park_timeout(Duration::from_millis(1));
        }
    }

    /// The error of a carrier that has ended, with what became of the child.
    fn ended(&self, error: &io::Error) -> io::Error {
        let is_within = error.get_ref().is_some_and(|words| words.to_string() == WITHIN_FRAME);
        let place = if is_within { format!(" ({WITHIN_FRAME})") } else { String::new() };
        let text = match self.status(STATUS_WAIT) {
            Some(status) => format!("the child `{}` ended: {status}{place}", self.name),
            None => format!("the child `{}` closed its end, and still runs{place}", self.name),
        };
        io::Error::new(error.kind(), text)
    }

    fn open(&self) -> io::Result<()> {
        if self.input.is_closed() { Err(closed()) } else { Ok(()) }
    }

    /// What came of receiving, with what became of the child.
    fn received(&self, received: io::Result<()>) -> io::Result<()> {
        let Err(error) = received else { return Ok(()) };
        self.open()?;
        Err(if error.kind() == io::ErrorKind::UnexpectedEof { self.ended(&error) } else { error })
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
        self.send_parts(&[IoSlice::new(frame)])
    }

    fn recv(&self, frame: &mut Vec<u8>) -> io::Result<()> {
        self.0.open()?;
        self.0.received(self.0.output.recv(frame))
    }

    fn close(&self) {
        self.0.input.close();
        self.0.output.wake();
    }

    fn recv_until(&self, frame: &mut Vec<u8>, time: Option<Duration>) -> io::Result<()> {
        self.0.open()?;
        self.0.received(self.0.output.recv_until(frame, time))
    }

    fn wake(&self) {
        self.0.output.wake();
    }

    fn is_interruptible(&self) -> bool {
        Wake::HEEDED
    }

    fn send_parts(&self, parts: &[IoSlice<'_>]) -> io::Result<()> {
        let inner = &self.0;
        let sent = write_frame(parts, |slices| inner.input.with(|input| input.write_vectored(slices)));
        let Err(error) = sent else { return Ok(()) };
        if error.kind() != io::ErrorKind::BrokenPipe {
            return Err(error);
        }
        // Whoever sends much and never receives must be told in the end.
        if inner.unheard.fetch_add(1, Ordering::Relaxed) < UNHEARD_MAX && inner.status(STATUS_WAIT).is_some() {
            return Ok(());
        }
        Err(inner.ended(&error))
    }

    fn frame_len_max(&self) -> usize {
        FRAMED_LEN_MAX
    }
}

#[cfg(all(test, unix))]
mod tests;
