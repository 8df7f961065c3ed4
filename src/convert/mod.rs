//! Between Rust's own types and [`Value`]: what becomes what, and errors that say where a value was not what was
//! wanted.
//!
//! Immutable things convert both ways by `into` and [`Value::to`]. A `Vec` does not become a value by itself: a list
//! is an object of its own, which the peer gets a reference to, so it is made as one on purpose. Bytes are the
//! exception: `Vec<u8>` is immutable bytes.

mod arguments;
mod contents;
mod fields;
mod into;
mod scalars;

#[cfg(test)]
mod tests;

pub use arguments::IntoArguments;
pub use fields::{Fields, fields};

use crate::error::Error;
use crate::value::{Ref, Value};

/// A type that can be made of a value.
pub trait FromValue: Sized {
    /// Makes one.
    ///
    /// # Errors
    /// [`Error::Convert`] says what was wanted, what was found, and where in the value.
    fn from_value(value: Value) -> Result<Self, Error>;

    /// Makes many of a container. Only bytes do this in a way of their own.
    #[doc(hidden)]
    fn many_from_value(value: Value) -> Result<Vec<Self>, Error> {
        contents::many(value)
    }
}

impl Value {
    /// The value as a Rust type.
    ///
    /// # Errors
    /// [`Error::Convert`] says what was wanted, what was found, and where in the value.
    pub fn to<T: FromValue>(self) -> Result<T, Error> {
        T::from_value(self)
    }
}

/// The error for a value that is not what was wanted.
fn unlike(wanted: &str, found: &Value) -> Error {
    let kind = found.kind();
    Error::convert(
        wanted,
        match found {
            Value::Int(number) => format!("{kind} {number}"),
            Value::BigInt(_) => format!("{kind} {found:?}"),
            Value::Ref(Ref::Own(own)) => format!("{kind} {}", own.shape().name()),
            Value::Ref(Ref::Remote(handle)) if !handle.is_promise() => {
                format!("{kind} {}", handle.shape().name())
            }
            _ => kind.to_owned(),
        },
    )
}
