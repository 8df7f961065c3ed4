//! The carrier of a child process: its own standard input and output.

use std::fs::File;
use std::io::{self, BufReader};
use std::sync::atomic::{AtomicBool, Ordering};

use wherever::{Framed, Transport};

use crate::closable::{Closable, closed};

/// Standard input and output as a carrier: the other end of [`crate::Child`].
///
/// Nothing else may read standard input or print to standard output from then on: what is printed there would be taken
/// for a frame, and the other side would end the session, quoting it. Print to standard error, which the parent's user
/// sees. Closing ends what is sent; a `recv` that is blocked cannot be interrupted, and returns when the other side
/// closes.
pub struct Stdio {
    frames: Framed<BufReader<File>, Closable<File>>,
    writer: Closable<File>,
}

/// Takes this process's standard input and output as a carrier. That can be done once.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] if they were taken before; what the system says if they are not open.
pub fn stdio() -> io::Result<Stdio> {
    // There is one standard input and output in a process, whoever asks for it.
    static TAKEN: AtomicBool = AtomicBool::new(false);
    let (input, output) = files()?;
    if TAKEN.swap(true, Ordering::AcqRel) {
        let text = "standard input and output are a carrier already";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
    }
    let writer = Closable::new(output);
    Ok(Stdio { frames: Framed::new(BufReader::new(input), writer.clone()), writer })
}

// Duplicates, so that frames do not pass the line buffer of the standard library.

#[cfg(unix)]
fn files() -> io::Result<(File, File)> {
    use std::os::fd::AsFd;
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    Ok((input.into(), output.into()))
}

#[cfg(windows)]
fn files() -> io::Result<(File, File)> {
    use std::os::windows::io::AsHandle;
    let input = io::stdin().as_handle().try_clone_to_owned()?;
    let output = io::stdout().as_handle().try_clone_to_owned()?;
    Ok((input.into(), output.into()))
}

impl Transport for Stdio {
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        self.frames.send(frame)
    }

    fn recv(&self, frame: &mut Vec<u8>) -> io::Result<()> {
        if self.writer.is_closed() {
            return Err(closed());
        }
        self.frames.recv(frame)
    }

    fn close(&self) {
        self.writer.close();
    }

    fn frame_len_max(&self) -> usize {
        self.frames.frame_len_max()
    }
}
