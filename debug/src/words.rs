//! Enumerations that cross as words.

use wherever::convert::TypeText;
use wherever::{Error, FromValue, IntoValue, Value};

use crate::tuple::unlike;

macro_rules! words {
    ($($name:ident { $($variant:ident = $word:literal),* })*) => {$(
        impl $name {
            /// The word that it crosses as.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl IntoValue for $name {
            fn into_value(self) -> Result<Value, Error> {
                Ok(Value::text(self.word()))
            }

            fn type_text() -> TypeText {
                "str".into()
            }
        }

        impl FromValue for $name {
            fn from_value(value: Value) -> Result<Self, Error> {
                match value.to::<String>()?.as_str() {
                    $($word => Ok(Self::$variant),)*
                    other => Err(unlike(concat!("one of", $(" ", $word),*), &format!("{other:?}"))),
                }
            }

            fn type_text() -> TypeText {
                "str".into()
            }
        }
    )*};
}

/// Which variables of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Those of the function.
    Locals,
    /// Those of its module.
    Globals,
}

/// Why a thread stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// A breakpoint was hit.
    Breakpoint,
    /// A step is done.
    Step,
    /// It was asked to.
    Pause,
    /// A function was called.
    Call,
    /// A function returns.
    Return,
    /// An error was raised.
    Exception,
    /// The program begins.
    Entry,
}

words! {
    Scope { Locals = "locals", Globals = "globals" }
    Reason {
        Breakpoint = "breakpoint", Step = "step", Pause = "pause", Call = "call", Return = "return",
        Exception = "exception", Entry = "entry"
    }
}
