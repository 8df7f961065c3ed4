//! A writing end that can be closed while somebody may be writing to it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

/// A writing end; clones are the same end.
pub(crate) struct Closable<W>(Arc<Shared<W>>);

struct Shared<W> {
    closed: AtomicBool,
    end: Mutex<Option<W>>,
}

impl<W> Clone for Closable<W> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<W> Closable<W> {
    pub(crate) fn new(end: W) -> Self {
        Self(Arc::new(Shared { closed: AtomicBool::new(false), end: Mutex::new(Some(end)) }))
    }

    /// Drops the end, now or as soon as the write that is under way has returned. Never waits.
    pub(crate) fn close(&self) {
        self.0.closed.store(true, Ordering::SeqCst);
        self.drop_if_free();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::SeqCst)
    }

    fn drop_if_free(&self) {
        let mut end = match self.0.end.try_lock() {
            Ok(end) => end,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Whoever holds it looks again when it is done.
            Err(TryLockError::WouldBlock) => return,
        };
        drop(end.take());
    }

    fn locked(&self) -> MutexGuard<'_, Option<W>> {
        // What a panicking writer left is a broken stream at worst, which its reader finds out.
        self.0.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `act` write to the end.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut W) -> io::Result<T>) -> io::Result<T> {
        let result = match self.locked().as_mut() {
            Some(end) if !self.is_closed() => act(end),
            _ => Err(closed()),
        };
        if self.is_closed() {
            self.drop_if_free();
        }
        result
    }
}

/// The error of a carrier that this side has closed.
pub(crate) fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "this side has closed the carrier")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_reader_sees_the_end_of_what_was_closed() {
        let (mut reader, writer) = io::pipe().unwrap();
        let one = Closable::new(writer);
        one.with(|end| end.write_all(b"before")).unwrap();
        let other = one.clone();
        other.close();
        other.close();
        assert!(one.with(|end| end.write_all(b"after")).is_err());
        let mut read = String::new();
        io::Read::read_to_string(&mut reader, &mut read).unwrap();
        assert_eq!(read, "before");
    }

    #[test]
    fn a_write_that_is_under_way_closes_in_its_end() {
        let (mut reader, writer) = io::pipe().unwrap();
        let end = Closable::new(writer);
        let held = end.locked();
        end.close();
        assert!(held.is_some(), "it is held");
        drop(held);
        assert!(end.clone().with(|end| end.write_all(b"late")).is_err());
        let mut read = Vec::new();
        assert_eq!(io::Read::read_to_end(&mut reader, &mut read).unwrap(), 0);
    }
}
