//! Errors of the standard library as errors of an object's code, for `?` in methods.

use std::error::Error as StdError;
use std::sync::Arc;

use crate::error::{Error, Raised};

/// These errors: by `From`, and out of a box.
macro_rules! std_errors {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for Error {
            /// The error with its type's name, its message and its sources, raised where it is converted.
            #[track_caller]
            fn from(error: $error) -> Self {
                Error::from_std(&error)
            }
        })+

        /// The error in a box, if it is one of these.
        #[track_caller]
        fn known(error: &(dyn StdError + Send + Sync + 'static)) -> Option<Error> {
            // A chain of `if`, and no closure: the place that is told is the caller's.
            $(if let Some(error) = error.downcast_ref::<$error>() {
                return Some(Error::from_std(error));
            })+
            None
        }
    };
}

std_errors!(
    std::num::ParseIntError,
    std::num::ParseFloatError,
    std::num::TryFromIntError,
    std::str::Utf8Error,
    std::str::ParseBoolError,
    std::string::FromUtf8Error,
    std::char::ParseCharError,
    std::fmt::Error,
    std::sync::mpsc::RecvError,
    std::time::SystemTimeError,
);

impl From<std::io::Error> for Error {
    /// The error with its type's name, its message and its sources, raised where it is converted; an error of this
    /// library in it is itself.
    #[track_caller]
    fn from(error: std::io::Error) -> Self {
        match error.downcast::<Error>() {
            Ok(inner) => inner,
            Err(error) => Error::from_std(&error),
        }
    }
}

impl From<Box<dyn StdError + Send + Sync>> for Error {
    /// The error in the box: an error of this library as itself; one of the standard library as by its own conversion;
    /// any other under the type name `rust:error`, since a box does not tell the name, with its message and its sources.
    #[track_caller]
    fn from(error: Box<dyn StdError + Send + Sync>) -> Self {
        let error = match error.downcast::<Error>() {
            Ok(inner) => return *inner,
            Err(error) => error,
        };
        let error = match error.downcast::<Raised>() {
            Ok(raised) => return Error::Raised(Arc::new(*raised)),
            Err(error) => error,
        };
        let error = match error.downcast::<std::io::Error>() {
            Ok(inner) => return Error::from(*inner),
            Err(error) => error,
        };
        if let Some(error) = known(&*error) {
            return error;
        }
        Error::Raised(Arc::new(Raised { type_name: "rust:error".into(), ..Raised::from_std(&*error) }))
    }
}
