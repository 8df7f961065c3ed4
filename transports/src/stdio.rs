//! The carrier of a child process: its own standard input and output.

use std::fs::File;
use std::io::{self, IoSlice, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wherever::Transport;
use wherever::transport::FRAMED_LEN_MAX;

use crate::closable::{Closable, closed};
use crate::inlet::Inlet;
use crate::outlet::write_frame;
use crate::wake::{Wake, until_writable};

/// Standard input and output as a carrier: the other end of [`crate::Child`].
///
/// From then on standard input is empty, and what is printed to standard output goes to standard error, which the parent's
/// user sees. (On Windows nothing else may read and print there: what is printed would be taken for a frame, and the other
/// side would end the session, quoting it. So is what was printed before, everywhere.)
///
/// - [`Transport::close`] ends what is sent, and makes a `recv_until` that is blocked return. A plain `recv` that is
///   blocked returns when the other side closes: a pipe cannot be interrupted.
pub struct Stdio {
    inlet: Inlet,
    output: Closable<File>,
}

/// Takes this process's standard input and output as a carrier. That can be done once.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] if they were taken before; what the system says if they are not open.
pub fn stdio() -> io::Result<Stdio> {
    // There is one standard input and output in a process, whoever asks for it.
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Ordering::AcqRel) {
        let text = "standard input and output are a carrier already";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
    }
    let (input, output) = files()?;
    Ok(Stdio { inlet: Inlet::new(input)?, output: Closable::new(output) })
}

// Duplicates, so that frames do not pass the line buffer of the standard library.

#[cfg(unix)]
fn files() -> io::Result<(File, File)> {
    use std::os::fd::AsFd;
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    // What a program, or a library in it, prints is no frame.
    rustix::stdio::dup2_stdout(io::stderr())?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok((input.into(), output.into()))
}

#[cfg(windows)]
fn files() -> io::Result<(File, File)> {
    use std::os::windows::io::AsHandle;
    let input = io::stdin().as_handle().try_clone_to_owned()?;
    let output = io::stdout().as_handle().try_clone_to_owned()?;
    Ok((input.into(), output.into()))
}

/// Writes to a file that the parent may have made one that does not block.
fn write_patiently(file: &mut File, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    loop {
        match file.write_vectored(slices) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => until_writable(file)?,
            result => return result,
        }
    }
}

impl Stdio {
    pub(crate) fn inlet(&self) -> &Inlet {
        &self.inlet
    }

    fn open(&self) -> io::Result<()> {
        if self.output.is_closed() { Err(closed()) } else { Ok(()) }
    }
}

impl Transport for Stdio {
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        self.send_parts(&[IoSlice::new(frame)])
    }

    fn recv(&self, frame: &mut Vec<u8>) -> io::Result<()> {
        self.open()?;
        self.inlet.recv(frame)
    }

    fn close(&self) {
        self.output.close();
        self.inlet.wake();
    }

    fn recv_until(&self, frame: &mut Vec<u8>, time: Option<Duration>) -> io::Result<()> {
        self.open()?;
        let received = self.inlet.recv_until(frame, time);
        if received.is_err() {
            self.open()?;
        }
        received
    }

    fn wake(&self) {
        self.inlet.wake();
    }

    fn is_interruptible(&self) -> bool {
        Wake::HEEDED
    }

    fn send_parts(&self, parts: &[IoSlice<'_>]) -> io::Result<()> {
        write_frame(parts, |slices| self.output.with(|file| write_patiently(file, slices)))
    }

    fn frame_len_max(&self) -> usize {
        FRAMED_LEN_MAX
    }
}
