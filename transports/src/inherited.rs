//! Descriptors of carriers in a process that was forked off: they hold open what the other process closes.

use std::fs::File;
use std::io;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};

/// Descriptors up to here are known by a mark: few processes have as many.
const MARKED_MAX: usize = 1 << 16;

/// A bit for each descriptor. Without a lock, which a thread that is not in the forked process might hold.
static MARKS: [AtomicU64; MARKED_MAX / 64] = [const { AtomicU64::new(0) }; MARKED_MAX / 64];

fn mark(descriptor: RawFd) -> Option<(&'static AtomicU64, u64)> {
    let place = usize::try_from(descriptor).ok()?;
    Some((MARKS.get(place / 64)?, 1 << (place % 64)))
}

/// Something with a descriptor that belongs to a carrier.
pub(crate) struct Marked<T: AsFd>(T);

impl<T: AsFd> Marked<T> {
    pub(crate) fn new(it: T) -> Self {
        if let Some((word, bit)) = mark(it.as_fd().as_raw_fd()) {
            word.fetch_or(bit, Ordering::Relaxed);
        }
        Self(it)
    }
}

impl<T: AsFd> Drop for Marked<T> {
    fn drop(&mut self) {
        // Before it is closed, and its number given to something else.
        if let Some((word, bit)) = mark(self.0.as_fd().as_raw_fd()) {
            word.fetch_and(!bit, Ordering::Relaxed);
        }
    }
}

impl<T: AsFd> Deref for Marked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: AsFd> DerefMut for Marked<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// Closes the copies that this process has of the descriptors of all carriers and servers, having just been forked off
/// the process that they belong to: their peers see the end when that one closes them, and not only when this one ends
/// too. What there is here of them finds nothing but the end.
///
/// # Errors
/// What the system says, if there is nothing to put in their place.
pub fn close_inherited() -> io::Result<()> {
    let nothing = File::options().read(true).write(true).open("/dev/null")?;
    for (place, word) in MARKS.iter().enumerate() {
        let mut bits = word.swap(0, Ordering::Relaxed);
        while bits != 0 {
            let descriptor = (place * 64) as RawFd + bits.trailing_zeros() as RawFd;
            bits &= bits - 1;
            replace(descriptor, &nothing);
        }
    }
    Ok(())
}

/// Puts a file in the place of a descriptor's: its number stays taken, since its owner here may still close it.
#[allow(unsafe_code, reason = "a descriptor is had by its number alone")]
fn replace(descriptor: RawFd, nothing: &File) {
    // SAFETY: the descriptor is open, as it was marked by its owner, who takes the mark off before closing it. It is not
    // closed here, but made to stand for something else.
    let mut owned = ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(descriptor) });
    // It fails only if it is not open after all.
    let _ = rustix::io::dup2(nothing, &mut owned);
}
