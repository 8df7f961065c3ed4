//! Arguments made of Rust's types, and read as such.

use std::sync::Arc;

use crate::error::Error;
use crate::host::Arguments;
use crate::value::Value;

use super::{FromValue, IntoValue};

/// What can stand as the arguments of a call: `()`, a tuple of what can be made values, or [`Arguments`] themselves.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand as the arguments of a call",
    label = "neither `Arguments`, nor a tuple of what implements `IntoValue`",
    note = "a single argument is a tuple too: `(argument,)`"
)]
pub trait IntoArguments {
    /// The arguments.
    ///
    /// # Errors
    /// Why one of them cannot be a value; see [`IntoValue::into_value`].
    fn into_arguments(self) -> Result<Arguments, Error>;
}

impl IntoArguments for Arguments {
    fn into_arguments(self) -> Result<Arguments, Error> {
        Ok(self)
    }
}

impl IntoArguments for () {
    fn into_arguments(self) -> Result<Arguments, Error> {
        Ok(Arguments::default())
    }
}

impl IntoArguments for Vec<Value> {
    fn into_arguments(self) -> Result<Arguments, Error> {
        Ok(self.into())
    }
}

macro_rules! tuples {
    ($(($($name:ident)+))+) => {$(
        impl<$($name: IntoValue),+> IntoArguments for ($($name,)+) {
            #[allow(non_snake_case, reason = "each part is named after its type")]
            fn into_arguments(self) -> Result<Arguments, Error> {
                let ($($name,)+) = self;
                Ok(vec![$($name.into_value()?),+].into())
            }
        }
    )+};
}

tuples! {
    (A)
    (A B)
    (A B C)
    (A B C D)
    (A B C D E)
    (A B C D E F)
    (A B C D E F G)
    (A B C D E F G H)
}

impl Arguments {
    /// The arguments with one more, by name.
    #[must_use]
    pub fn named(mut self, name: impl Into<Arc<str>>, value: impl Into<Value>) -> Self {
        self.named.push((name.into(), value.into()));
        self
    }

    /// The argument at this position, counted from 0, or else of this name.
    ///
    /// # Errors
    /// [`Error::Convert`] with the argument's name, if it is missing or of another type.
    pub fn take<T: FromValue>(&mut self, position: usize, name: &str) -> Result<T, Error> {
        match self.find(position, name) {
            Some(value) => T::from_value(value).map_err(|error| error.within(name)),
            None => Err(Error::convert("an argument of this name", "nothing").within(name)),
        }
    }

    /// As [`Self::take`], for an argument that may be missing, or none.
    ///
    /// # Errors
    /// [`Error::Convert`] with the argument's name, if it is of another type.
    pub fn optional<T: FromValue>(&mut self, position: usize, name: &str) -> Result<Option<T>, Error> {
        let value = self.find(position, name).unwrap_or_default();
        Option::from_value(value).map_err(|error: Error| error.within(name))
    }

    /// As [`Self::take`], for an argument that may be left out; this stands for it then.
    ///
    /// # Errors
    /// [`Error::Convert`] with the argument's name, if it is of another type.
    pub fn take_or<T: FromValue>(
        &mut self,
        position: usize,
        name: &str,
        default: impl FnOnce() -> T,
    ) -> Result<T, Error> {
        match self.find(position, name) {
            Some(value) => T::from_value(value).map_err(|error| error.within(name)),
            None => Ok(default()),
        }
    }

    /// Takes what is named out, so that [`Self::finish`] sees what is left. What is given both ways stays named.
    fn find(&mut self, position: usize, name: &str) -> Option<Value> {
        if let Some(value) = self.positional.get(position) {
            return Some(value.clone());
        }
        let at = self.named.iter().position(|(given, _)| &**given == name)?;
        Some(self.named.remove(at).1)
    }

    /// Refuses arguments that nobody took: more than `max_positional` by position, or any left by name.
    ///
    /// # Errors
    /// [`Error::Convert`] says which.
    pub fn finish(self, max_positional: usize) -> Result<(), Error> {
        let given = self.positional.len();
        if given > max_positional {
            return Err(Error::convert(format!("at most {max_positional} arguments by position"), format!("{given}")));
        }
        match self.named.first() {
            Some((name, value)) => {
                Err(Error::convert("no further argument of this name", value.kind()).within(name.clone()))
            }
            None => Ok(()),
        }
    }
}
