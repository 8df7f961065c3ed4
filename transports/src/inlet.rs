//! The reading half of a carrier whose bytes come from a file: a socket or a pipe.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use wherever::transport::Deframer;

#[cfg(unix)]
use crate::inherited::Marked;
use crate::wake::{Ready, Wake, until_readable};

/// What is read from. What has arrived of a frame is kept from one use to the next.
pub(crate) struct Inlet {
    #[cfg(unix)]
    file: Marked<Arc<File>>,
    #[cfg(not(unix))]
    file: Arc<File>,
    deframer: Mutex<Deframer>,
    wake: Wake,
    read: Read,
}

/// One read of what there is.
type Read = fn(&File, &mut [u8]) -> io::Result<usize>;

/// How the end of a stream is told where no frame should end.
pub(crate) const WITHIN_FRAME: &str = "the stream ended within a frame";

impl Inlet {
    pub(crate) fn new(file: impl Into<Arc<File>>) -> io::Result<Self> {
        Self::read_by(file, |mut file, space| io::Read::read(&mut file, space))
    }

    /// As [`Self::new`], for a file with a way of its own to be read.
    pub(crate) fn read_by(file: impl Into<Arc<File>>, read: Read) -> io::Result<Self> {
        #[cfg(unix)]
        let file = Marked::new(file.into());
        #[cfg(not(unix))]
        let file = file.into();
        Ok(Self { file, deframer: Mutex::default(), wake: Wake::new()?, read })
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// As [`Deframer::limit`].
    pub(crate) fn limit(&self, frame_len_max: usize) {
        self.deframer.lock().limit(frame_len_max);
    }

    pub(crate) fn wake(&self) {
        self.wake.wake();
    }

    /// As [`wherever::Transport::recv`]: one system call for each frame, where it comes alone and is short.
    pub(crate) fn recv(&self, frame: &mut Vec<u8>) -> io::Result<()> {
        let deframer = &mut *self.deframer.lock();
        while !deframer.take(frame)? {
            if !self.read(deframer)? {
                // Somebody else who has the file open made it one that does not block.
                until_readable(&self.file)?;
            }
        }
        Ok(())
    }

    /// As [`Self::recv`], of a file that itself keeps to a time; a signal ends it, too.
    pub(crate) fn recv_once(&self, frame: &mut Vec<u8>) -> io::Result<()> {
        let deframer = &mut *self.deframer.lock();
        while !deframer.take(frame)? {
            if self.read_once(deframer)? != Some(true) {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        Ok(())
    }

    /// As [`wherever::Transport::recv_until`].
    pub(crate) fn recv_until(&self, frame: &mut Vec<u8>, time: Option<Duration>) -> io::Result<()> {
        let deframer = &mut *self.deframer.lock();
        // What no clock can hold is for ever.
        let until = time.and_then(|time| Instant::now().checked_add(time));
        let mut left = time;
        while !deframer.take(frame)? {
            let ready = self.wait(left)?;
            if ready.readable {
                self.read(deframer)?;
                // Frames go first; bytes that make none hold up neither a wake nor the time.
                if deframer.take(frame)? {
                    if ready.woken {
                        self.wake.wake();
                    }
                    return Ok(());
                }
            }
            if ready.woken {
                return Err(io::ErrorKind::Interrupted.into());
            }
            left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        Ok(())
    }

    /// Throws away all that comes until the end.
    pub(crate) fn drain(&self) -> io::Result<()> {
        let _alone = self.deframer.lock();
        let mut scratch = [0; 4096];
        loop {
            match (self.read)(&self.file, &mut scratch) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn wait(&self, time: Option<Duration>) -> io::Result<Ready> {
        match self.wake.wait(self.file(), time) {
            // A signal: whoever called looks at the time, and comes again.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Ready::default()),
            result => result,
        }
    }

    /// Reads; whether there was anything, which there is not only if the file does not block.
    fn read(&self, deframer: &mut Deframer) -> io::Result<bool> {
        loop {
            if let Some(any) = self.read_once(deframer)? {
                return Ok(any);
            }
        }
    }

    /// As [`Self::read`]; `None` if a signal came first.
    fn read_once(&self, deframer: &mut Deframer) -> io::Result<Option<bool>> {
        match (self.read)(&self.file, deframer.space()) {
            Ok(0) => Err(ended(if deframer.is_within_frame() { WITHIN_FRAME } else { "the stream ended" })),
            Ok(count) => {
                deframer.filled(count);
                Ok(Some(true))
            }
            Err(error) => match error.kind() {
                io::ErrorKind::Interrupted => Ok(None),
                io::ErrorKind::WouldBlock => Ok(Some(false)),
                // The kinds of an end, and not that of a time that has passed.
                io::ErrorKind::ConnectionReset => Err(ended("the other side broke the connection off")),
                io::ErrorKind::TimedOut => Err(ended("the other side does not answer any more")),
                _ => Err(error),
            },
        }
    }
}

fn ended(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, text)
}
