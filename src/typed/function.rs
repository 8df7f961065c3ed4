//! Functions and closures with parameters of Rust's types.

use std::sync::Arc;

use crate::convert::{FromValue, IntoValue};
use crate::error::Error;
use crate::host::Arguments;
use crate::hosts::Function;
use crate::value::Value;

/// A function or closure of Rust whose parameters can be made of values, and whose result can be made one.
/// `Parameters` is the tuple of their types.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no function that peers can call",
    label = "it does not implement `TypedFunction`",
    note = "up to six parameters, each of a type that implements `FromValue`; a result that implements `IntoValue`, or a \
            `Result` of one whose error converts into `wherever::Error`; `Send + Sync + 'static`; types of parameters are \
            written: `|n: i64| n`"
)]
pub trait TypedFunction<Parameters>: Send + Sync + 'static {
    /// Calls it with these arguments.
    ///
    /// # Errors
    /// What of the arguments does not fit, and what the function fails with.
    fn call_with(&self, arguments: Arguments) -> Result<Value, Error>;
}

/// What a function of Rust may give: a value, or a result with an error that becomes one of ours.
pub trait IntoResult {
    /// The result of the call.
    ///
    /// # Errors
    /// What the function failed with.
    fn into_result(self) -> Result<Value, Error>;
}

impl<T: IntoValue> IntoResult for T {
    fn into_result(self) -> Result<Value, Error> {
        self.into_value()
    }
}

impl<T: IntoValue, E: Into<Error>> IntoResult for Result<T, E> {
    fn into_result(self) -> Result<Value, Error> {
        self.map_err(Into::into).and_then(IntoValue::into_value)
    }
}

macro_rules! functions {
    ($(($count:literal $($name:ident $at:literal)*))+) => {$(
        impl<Code, R, $($name),*> TypedFunction<($($name,)*)> for Code
        where
            Code: Fn($($name),*) -> R + Send + Sync + 'static,
            R: IntoResult,
            $($name: FromValue),*
        {
            #[allow(non_snake_case, unused_mut, reason = "each argument is named after its type; there may be none")]
            fn call_with(&self, mut arguments: Arguments) -> Result<Value, Error> {
                $(let $name = arguments.take::<$name>($at, concat!("argument ", $at))?;)*
                arguments.finish($count)?;
                self($($name),*).into_result()
            }
        }
    )+};
}

functions! {
    (0)
    (1 A 0)
    (2 A 0 B 1)
    (3 A 0 B 1 C 2)
    (4 A 0 B 1 C 2 D 3)
    (5 A 0 B 1 C 2 D 3 E 4)
    (6 A 0 B 1 C 2 D 3 E 4 F 5)
}

impl Function {
    /// A function or closure of Rust with parameters of Rust's types, given by position.
    ///
    /// ```
    /// use wherever::hosts::Function;
    ///
    /// let repeat = Function::typed("repeat", |text: String, times: usize| text.repeat(times));
    /// # let _ = repeat;
    /// ```
    pub fn typed<Parameters>(name: impl Into<Arc<str>>, function: impl TypedFunction<Parameters>) -> Self {
        Self::new(name, move |arguments, _| function.call_with(arguments))
    }
}
