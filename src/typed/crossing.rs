//! How the error of a user's method becomes one of ours, whatever it is.

use std::cell::Cell;
use std::error::Error as StdError;
use std::fmt::{self, Display};
use std::ops::Deref;

use crate::error::Error;

/// An error on its way to a peer. The generated code calls `cross` on `&&&&Crossing`; of the traits below, the first that
/// fits the error's type is the one that the call means, since each looks through one reference less.
pub struct Crossing<E>(Cell<Option<E>>);

impl<E> Crossing<E> {
    /// This error.
    pub fn new(error: E) -> Self {
        Self(Cell::new(Some(error)))
    }

    fn take(&self) -> Result<E, Error> {
        self.0.take().ok_or_else(|| Error::Misuse("an error crosses once".into()))
    }
}

/// An error that says itself what it becomes: [`Error`], a declared error, one of the standard library.
pub trait ViaInto {
    /// The error as the caller gets it.
    fn cross(&self) -> Error;
}

/// Any other error type: its type's name, message and chain of sources.
pub trait ViaError {
    /// The error as the caller gets it.
    fn cross(&self) -> Error;
}

/// A box that has some error in it.
pub trait ViaDeref {
    /// The error as the caller gets it.
    fn cross(&self) -> Error;
}

/// Whatever has a text: the error's message.
pub trait ViaDisplay {
    /// The error as the caller gets it.
    fn cross(&self) -> Error;
}

impl<E> fmt::Debug for Crossing<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Crossing")
    }
}

impl<E: Into<Error>> ViaInto for &&&Crossing<E> {
    #[track_caller]
    fn cross(&self) -> Error {
        match self.take() {
            Ok(error) => error.into(),
            Err(misuse) => misuse,
        }
    }
}

impl<E: StdError + 'static> ViaError for &&Crossing<E> {
    #[track_caller]
    fn cross(&self) -> Error {
        match self.take() {
            Ok(error) => Error::from_std(&error),
            Err(misuse) => misuse,
        }
    }
}

impl<E: Deref<Target = dyn StdError + Send + Sync + 'static>> ViaDeref for &Crossing<E> {
    #[track_caller]
    fn cross(&self) -> Error {
        match self.take() {
            Ok(boxed) => match boxed.downcast_ref::<Error>() {
                Some(ours) => ours.clone(),
                None => Error::from_std(&*boxed),
            },
            Err(misuse) => misuse,
        }
    }
}

impl<E: Display> ViaDisplay for Crossing<E> {
    #[track_caller]
    fn cross(&self) -> Error {
        match self.take() {
            Ok(text) => Error::raise("rust:error", text.to_string()),
            Err(misuse) => misuse,
        }
    }
}
