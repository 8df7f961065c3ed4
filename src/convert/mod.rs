//! Between Rust's own types and [`Value`]: what becomes what, and errors that say where a value was not what was
//! wanted.
//!
//! What is given away is copied: a `Vec` is the contents of a list, and `Vec<u8>` immutable bytes. A list that others are
//! to change is an object, which a peer gets a reference to: [`crate::hosts::List`].
//! Structs, enums and all else that serde knows cross as copies by [`Serde`], [`serialize`] and [`deserialize`].

mod arguments;
mod contents;
pub(crate) mod copied;
mod fields;
mod into;
mod into_value;
mod scalars;
mod serde;
mod whole;

#[cfg(test)]
mod tests;

pub use arguments::IntoArguments;
pub use fields::{Fields, fields};
pub use into_value::IntoValue;
pub use serde::{Serde, deserialize, serialize};
#[doc(hidden)]
pub use whole::Whole;

use std::borrow::Cow;

use crate::error::Error;
use crate::value::{Ref, Value};

/// A type as it stands in the signature of a member: `int`, `list[str]`, the name of an interface. The words are those
/// of Python, which say nothing of sizes; `object` is anything.
pub type TypeText = Cow<'static, str>;

const OBJECT: TypeText = Cow::Borrowed("object");

/// A type that can be made of a value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made of what a peer gives",
    label = "it does not implement `FromValue`",
    note = "a struct or enum that travels by copy has `#[derive(wherever::ValueType)]`; what serde knows is taken as \
            `wherever::Serde<_>`; an object of a peer as a `Proxy`, a typed proxy, or an `Arc<dyn Interface>`; what \
            borrows as what it would borrow from: `String` for `&str`"
)]
pub trait FromValue: Sized {
    /// Makes one.
    ///
    /// # Errors
    /// [`Error::Convert`] says what was wanted, what was found, and where in the value.
    fn from_value(value: Value) -> Result<Self, Error>;

    /// The type as it stands in a signature that peers are told.
    fn type_text() -> TypeText {
        OBJECT
    }

    /// What it wants whole of what a peer gave by reference.
    #[doc(hidden)]
    fn whole() -> Whole {
        Whole::AsItIs
    }

    /// As [`Self::type_text`], of many.
    #[doc(hidden)]
    fn many_text() -> TypeText {
        format!("list[{}]", Self::type_text()).into()
    }

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

fn optional_text(text: TypeText) -> TypeText {
    if text == "object" { text } else { format!("{text} | None").into() }
}

fn tuple_text(parts: &[TypeText]) -> TypeText {
    format!("tuple[{}]", parts.join(", ")).into()
}
