//! The guard around the user's code: a panic of it is an error for its caller alone, which says where it came about.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::{Arc, Once};

#[cfg(feature = "tracing")]
use crate::error::spans;
use crate::error::{Error, FrameInfo, Raised};

thread_local! {
    /// How many guards the present thread is within.
    static WITHIN: Cell<u32> = const { Cell::new(0) };
    /// The panic that came about last on this thread, within a guard.
    static NOTED: Cell<Option<Box<Noted>>> = const { Cell::new(None) };
}

/// What is known of a panic only while it comes about.
struct Noted {
    /// Tells it from a panic that is gone on with, of which nothing was noted.
    message: String,
    /// The error that it will be.
    error: Error,
}

/// Has the places of panics noted, on threads that are within a guard; what else is done with panics is done as before.
/// Only the first time does anything.
pub(crate) fn note_panics() {
    static INSTALLED: Once = Once::new();
    // A thread that panics cannot change what is done with panics; the next node does.
    if std::thread::panicking() {
        return;
    }
    INSTALLED.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            note(panic);
            before(panic);
        }));
    });
}

fn note(panic: &PanicHookInfo<'_>) {
    if WITHIN.get() == 0 {
        return;
    }
    let place = panic.location().map_or_else(FrameInfo::default, |place| FrameInfo {
        file: place.file().into(),
        line: place.line(),
        column: place.column(),
        ..FrameInfo::default()
    });
    let message = message_of(panic.payload());
    let raised = Raised { frames: vec![place], ..Raised::new("rust:panic", &*message) };
    let error = Error::Raised(Arc::new(raised.raised_here(Backtrace::capture())));
    let noted = Noted { message, error };
    // Of a thread that ends, nobody is told.
    let _ = NOTED.try_with(|last| last.set(Some(Box::new(noted))));
}

/// Within a guard, while it lives.
struct Within {
    #[cfg(feature = "tracing")]
    _spans: spans::Within,
}

impl Within {
    fn enter() -> Self {
        WITHIN.set(WITHIN.get() + 1);
        Self {
            #[cfg(feature = "tracing")]
            _spans: spans::Within::enter(),
        }
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        WITHIN.set(WITHIN.get() - 1);
    }
}

/// Runs the user's code; if it panics, that is its error. What it has in its hands is not looked at again.
pub(crate) fn guarded<R>(run: impl FnOnce() -> R) -> Result<R, Error> {
    let _within = Within::enter();
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| {
        let error = panicked(&*panic);
        // It is the user's too, and may panic in turn; what that leaves is let lie, or there would be no end.
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(panic)));
        dropped.unwrap_or_else(std::mem::forget);
        error
    })
}

/// Runs code of an exported member, of which an error says by `through` that it came through it: of a panic that is noted
/// on its way to the guard, so that there is one guard for all that is nested.
pub(crate) fn telling<R>(through: impl Fn(Error) -> Error, run: impl FnOnce() -> R) -> R {
    let passed = Passed(through);
    let result = run();
    // Its end here is no panic's, though one may be under way around it.
    std::mem::forget(passed);
    result
}

/// What a panic is told to have come through when it drops this.
struct Passed<T: Fn(Error) -> Error>(T);

impl<T: Fn(Error) -> Error> Drop for Passed<T> {
    fn drop(&mut self) {
        let _ = NOTED.try_with(|last| {
            if let Some(Noted { message, error }) = last.take().map(|noted| *noted) {
                last.set(Some(Box::new(Noted { message, error: (self.0)(error) })));
            }
        });
    }
}

/// What a caller is told of a panic.
fn panicked(panic: &(dyn Any + Send)) -> Error {
    let message = message_of(panic);
    let noted = NOTED.try_with(Cell::take).ok().flatten().filter(|noted| noted.message == message);
    let unknown = || {
        let raised = Raised { frames: vec![FrameInfo::default()], ..Raised::new("rust:panic", message) };
        Error::Raised(Arc::new(raised))
    };
    noted.map_or_else(unknown, |noted| noted.error)
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What panics again when it is dropped, as often as this.
    struct Bomb(u32);

    impl Drop for Bomb {
        fn drop(&mut self) {
            if let Some(left) = self.0.checked_sub(1) {
                std::panic::panic_any(Bomb(left));
            }
        }
    }

    #[test]
    fn a_panic_that_panics_when_it_is_dropped_goes_no_further() {
        for bombs in 0..4 {
            let run = || guarded(|| std::panic::panic_any(Bomb(bombs)));
            let caught = catch_unwind(run).expect("no panic");
            let error = caught.expect_err("a panic");
            assert!(error.to_string().contains("without a message"), "{error}");
        }
        assert_eq!(WITHIN.get(), 0);
    }
}
