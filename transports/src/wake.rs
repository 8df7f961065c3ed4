//! Waiting for a file to be readable, for a time, and for somebody's wake.

use std::fs::File;
use std::io;
use std::time::Duration;

/// What a wait came to; neither if its time has passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ready {
    /// Reading does not block: there are bytes, or the end.
    pub(crate) readable: bool,
    /// Somebody has called [`Wake::wake`] since the last time that this was told.
    pub(crate) woken: bool,
}

#[cfg(unix)]
pub(crate) use polled::{Wake, until_readable, until_writable};

#[cfg(unix)]
mod polled {
    use std::os::fd::{AsFd, OwnedFd};
    use std::sync::atomic::{AtomicBool, Ordering};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;

    use super::{Duration, File, Ready, io};

    /// What makes a thread that waits for a file return; it sticks until one has.
    pub(crate) struct Wake {
        /// Readable from a wake until it is told.
        flag: Flag,
        /// Whether it is readable, or about to be: more wakes need no system call.
        raised: AtomicBool,
    }

    impl Wake {
        /// Whether waiting heeds time and wake, which it does not on every system.
        pub(crate) const HEEDED: bool = true;

        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self { flag: Flag::new()?, raised: AtomicBool::new(false) })
        }

        /// Makes the wait that is under way return, or else the next one. Never blocks.
        pub(crate) fn wake(&self) {
            if !self.raised.swap(true, Ordering::AcqRel) {
                self.flag.raise();
            }
        }

        /// Waits until the file is readable, no longer than this, or till a wake, which is told once.
        pub(crate) fn wait(&self, file: &impl AsFd, time: Option<Duration>) -> io::Result<Ready> {
            // What no clock can hold is for ever.
            let time = time.and_then(|time| Timespec::try_from(time).ok());
            let mut fds = [PollFd::new(file, PollFlags::IN), PollFd::new(self.flag.reader(), PollFlags::IN)];
            poll(&mut fds, time.as_ref())?;
            let [readable, woken] = fds.map(|fd| !fd.revents().is_empty());
            if woken {
                self.tell();
            }
            Ok(Ready { readable, woken })
        }

        /// Waits this long for a wake alone; whether there was one.
        pub(crate) fn pause(&self, time: Duration) -> bool {
            let time = Timespec::try_from(time).ok();
            let mut fds = [PollFd::new(self.flag.reader(), PollFlags::IN)];
            let woken = poll(&mut fds, time.as_ref()).is_ok_and(|count| count > 0);
            if woken {
                self.tell();
            }
            woken
        }

        fn tell(&self) {
            // In this order: a wake in between is told together with the one before it, and no later one is lost.
            self.flag.lower();
            self.raised.store(false, Ordering::Release);
        }
    }

    /// Waits until a file that does not block has bytes, or its end.
    pub(crate) fn until_readable(file: &File) -> io::Result<()> {
        until(file, PollFlags::IN)
    }

    /// Waits until a file that does not block takes bytes.
    pub(crate) fn until_writable(file: &File) -> io::Result<()> {
        until(file, PollFlags::OUT)
    }

    fn until(file: &File, flags: PollFlags) -> io::Result<()> {
        match poll(&mut [PollFd::new(file, flags)], None) {
            // A signal: whoever called tries again.
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// A descriptor that is readable while it is raised.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    struct Flag(OwnedFd);

    #[cfg(any(target_os = "linux", target_os = "android"))]
    impl Flag {
        fn new() -> io::Result<Self> {
            use rustix::event::{EventfdFlags, eventfd};
            Ok(Self(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
        }

        fn reader(&self) -> &OwnedFd {
            &self.0
        }

        fn raise(&self) {
            // It fails only if it was raised 2^64 - 2 times.
            let _ = rustix::io::write(&self.0, &1_u64.to_ne_bytes());
        }

        fn lower(&self) {
            let _ = rustix::io::read(&self.0, &mut [0; 8]);
        }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    struct Flag(OwnedFd, OwnedFd);

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    impl Flag {
        fn new() -> io::Result<Self> {
            let (reader, writer) = io::pipe()?;
            let flag = Self(reader.into(), writer.into());
            rustix::io::ioctl_fionbio(&flag.0, true)?;
            rustix::io::ioctl_fionbio(&flag.1, true)?;
            Ok(flag)
        }

        fn reader(&self) -> &OwnedFd {
            &self.0
        }

        fn raise(&self) {
            // Full: it is raised.
            let _ = rustix::io::write(&self.1, &[1]);
        }

        fn lower(&self) {
            while rustix::io::read(&self.0, &mut [0; 64]).is_ok_and(|count| count == 64) {}
        }
    }
}

#[cfg(not(unix))]
pub(crate) use blind::{Wake, until_readable, until_writable};

/// Where files cannot be waited for: whoever wants to wait for one reads.
#[cfg(not(unix))]
mod blind {
    use super::{Duration, File, Ready, io};

    pub(crate) struct Wake;

    impl Wake {
        pub(crate) const HEEDED: bool = false;

        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self)
        }

        pub(crate) fn wake(&self) {}

        pub(crate) fn wait(&self, _file: &File, _time: Option<Duration>) -> io::Result<Ready> {
            Ok(Ready { readable: true, woken: false })
        }
    }

    pub(crate) fn until_readable(_file: &File) -> io::Result<()> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    pub(crate) fn until_writable(_file: &File) -> io::Result<()> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::fd::OwnedFd;
    use std::sync::Arc;

    use super::*;

    const AT_ONCE: Option<Duration> = Some(Duration::ZERO);

    fn silent() -> (File, io::PipeWriter) {
        let (reader, writer) = io::pipe().unwrap();
        (OwnedFd::from(reader).into(), writer)
    }

    #[test]
    fn a_wake_sticks_and_is_told_once() {
        let (file, _writer) = silent();
        let wake = Wake::new().unwrap();
        assert_eq!(wake.wait(&file, AT_ONCE).unwrap(), Ready::default());
        wake.wake();
        wake.wake();
        assert_eq!(wake.wait(&file, None).unwrap(), Ready { readable: false, woken: true });
        assert_eq!(wake.wait(&file, AT_ONCE).unwrap(), Ready::default());
        wake.wake();
        assert!(wake.wait(&file, None).unwrap().woken, "and again");
    }

    #[test]
    fn no_wake_of_many_threads_is_lost() {
        let (file, _writer) = silent();
        let wake = Arc::new(Wake::new().unwrap());
        let other = wake.clone();
        let (told, heard) = std::sync::mpsc::sync_channel(0);
        // Each wake comes while the wait before it is being told, or not: this never hangs.
        let thread = std::thread::spawn(move || {
            for _ in 0..10_000 {
                other.wake();
                heard.recv().unwrap();
            }
        });
        for _ in 0..10_000 {
            assert!(wake.wait(&file, None).unwrap().woken);
            told.send(()).unwrap();
        }
        thread.join().unwrap();
    }

    #[test]
    fn the_end_of_a_file_is_readable() {
        let (file, writer) = silent();
        drop(writer);
        assert!(Wake::new().unwrap().wait(&file, None).unwrap().readable);
    }
}
