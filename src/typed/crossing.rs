//! How what a user's method gives becomes a value, or an error of ours, whatever it is.

use std::cell::Cell;
use std::convert::Infallible;
use std::error::Error as StdError;
use std::fmt::{self, Display};
use std::ops::Deref;

use crate::convert::{IntoValue, TypeText};
use crate::error::Error;

/// An error on its way to a peer. The generated code calls `cross` on `&&&&&Crossing`; of the traits below, the first that
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

/// Nothing at all: it is here for its message.
pub trait ViaNothing<E> {
    /// There is none.
    fn cross(&self) -> Error
    where
        E: CanCross;
}

/// Errors that peers can be told; that those traits are for.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be told to a peer as an error",
    label = "the method fails with `{Self}`",
    note = "it needs one of these: `#[derive(wherever::DeclaredError)]`, `impl From<{Self}> for wherever::Error`, \
            `impl std::error::Error`, `impl Display`"
)]
pub trait CanCross {
    /// The error as the caller gets it.
    fn crossed(self) -> Error;
}

/// What a member may give: a value, or a `Result` of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be given to a peer",
    label = "neither a value nor a `Result` of one",
    note = "a struct or enum that travels by copy has `#[derive(wherever::ValueType)]`; what serde knows is given as \
            `wherever::Serde(_)`; an object that stays here has `#[wherever::export]` above an `impl` block, and is \
            given as itself or in an `Arc`"
)]
pub trait Returned: Sized {
    /// What it gives if it does not fail.
    type Value: IntoValue;

    /// What it fails with.
    type Error;

    /// What it gives, or fails with.
    ///
    /// # Errors
    /// What it fails with.
    fn returned(self) -> Result<Self::Value, Self::Error>;

    /// The type of the value as it stands in a signature.
    fn type_text() -> TypeText {
        <Self::Value as IntoValue>::type_text()
    }
}

/// What a method of an interface may fail with.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot tell that a call did not get through",
    label = "the method fails with `{Self}`",
    note = "any call to another process can fail on the way: it needs `impl From<wherever::Error> for {Self}`; with \
            `#[derive(wherever::DeclaredError)]` it comes back as itself"
)]
pub trait ComesBack {
    /// The error that this is.
    fn come_back(error: Error) -> Self;
}

impl<E: From<Error>> ComesBack for E {
    fn come_back(error: Error) -> Self {
        error.into()
    }
}

impl<T: IntoValue> Returned for T {
    type Value = T;
    type Error = Infallible;

    fn returned(self) -> Result<T, Infallible> {
        Ok(self)
    }
}

impl<T: IntoValue, E> Returned for Result<T, E> {
    type Value = T;
    type Error = E;

    fn returned(self) -> Self {
        self
    }
}

impl<E> ViaNothing<E> for Crossing<E> {
    fn cross(&self) -> Error
    where
        E: CanCross,
    {
        match self.take() {
            Ok(error) => error.crossed(),
            Err(misuse) => misuse,
        }
    }
}

impl<E> fmt::Debug for Crossing<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Crossing")
    }
}

impl<E: Into<Error>> ViaInto for &&&&Crossing<E> {
    #[track_caller]
    fn cross(&self) -> Error {
        match self.take() {
            Ok(error) => error.into(),
            Err(misuse) => misuse,
        }
    }
}

impl<E: StdError + 'static> ViaError for &&&Crossing<E> {
    #[track_caller]
    fn cross(&self) -> Error {
        match self.take() {
            Ok(error) => Error::from_std(&error),
            Err(misuse) => misuse,
        }
    }
}

impl<E: Deref<Target = dyn StdError + Send + Sync + 'static>> ViaDeref for &&Crossing<E> {
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

impl<E: Display> ViaDisplay for &Crossing<E> {
    #[track_caller]
    fn cross(&self) -> Error {
        match self.take() {
            Ok(text) => Error::raise("rust:error", text.to_string()),
            Err(misuse) => misuse,
        }
    }
}
