//! The error that serde's traits ask for: an [`Error`], made in serde's words.

use std::fmt::{self, Display};

use serde::de::{Expected, Unexpected};
use serde::{de, ser};

use crate::error::Error;

use crate::convert::contents::short_text;

/// An error on its way through serde's traits, which want to make one themselves.
#[derive(Debug)]
pub(super) struct Fault(Error);

impl Fault {
    pub(super) fn into_error(self) -> Error {
        self.0
    }

    /// The error, its place prefixed by one more outer step.
    pub(super) fn within(self, step: impl AsRef<str>) -> Self {
        Self(self.0.within(step.as_ref()))
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.0, f)
    }
}

impl std::error::Error for Fault {}

impl ser::Error for Fault {
    fn custom<T: Display>(message: T) -> Self {
        Error::convert("data that serialises", format!("some that does not: {message}")).into()
    }
}

impl de::Error for Fault {
    fn custom<T: Display>(message: T) -> Self {
        Error::convert("a value that its type accepts", format!("one that it refuses: {message}")).into()
    }

    fn invalid_type(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Error::convert(wanted.to_string(), kind(&found)).into()
    }

    fn invalid_value(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Error::convert(wanted.to_string(), kind(&found)).into()
    }

    fn invalid_length(len: usize, wanted: &dyn Expected) -> Self {
        Error::convert(wanted.to_string(), format!("{len} items")).into()
    }

    fn unknown_variant(variant: &str, known: &'static [&'static str]) -> Self {
        Error::convert(one_of("variant", known), short_text(variant)).into()
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        Error::convert(one_of("field", known), short_text(field)).into()
    }

    fn missing_field(field: &'static str) -> Self {
        Error::convert("a field of this name", "nothing").within(field).into()
    }

    fn duplicate_field(field: &'static str) -> Self {
        Error::convert("one field of this name", "another").within(field).into()
    }
}

fn one_of(what: &str, known: &[&str]) -> String {
    if known.is_empty() { format!("no {what}") } else { format!("one {what} of {}", known.join(", ")) }
}

/// What serde found, in the words of [`crate::value::Value::kind`] as far as it can be told. Texts and bytes are not
/// shown: they can be long, or secret.
fn kind(found: &Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(_) => "bool".to_owned(),
        Unexpected::Unsigned(number) => format!("int {number}"),
        Unexpected::Signed(number) => format!("int {number}"),
        Unexpected::Float(_) => "float".to_owned(),
        Unexpected::Char(_) | Unexpected::Str(_) => "text".to_owned(),
        Unexpected::Bytes(_) => "bytes".to_owned(),
        Unexpected::Unit => "none".to_owned(),
        Unexpected::Seq => "sequence".to_owned(),
        Unexpected::Map => "dict".to_owned(),
        other => other.to_string(),
    }
}
