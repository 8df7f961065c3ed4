//! The guard around the user's code: a panic of it is an error for its caller alone.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::error::{Error, Raised};

/// Runs the user's code; if it panics, that is its error. What it has in its hands is not looked at again.
pub(crate) fn guarded<R>(run: impl FnOnce() -> R) -> Result<R, Error> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| panicked(&*panic))
}

/// What a caller is told of a panic.
pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Error {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned());
    let raised = Raised::new("rust:panic", message);
    Error::Raised(Arc::new(raised.framed("")))
}
