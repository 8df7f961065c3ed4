//! Enumerations that cross as words.

use wherever::convert::TypeText;
use wherever::{Error, FromValue, IntoValue, Value};

use crate::tuple::unlike;

macro_rules! words {
    ($($(#[$above:meta])* pub enum $name:ident { $($(#[$docs:meta])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[$above])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$docs])* $variant,)* }

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

words! {
    /// Which variables of a frame.
    pub enum Scope {
        /// Those of the function.
        Locals = "locals",
        /// Those of its module.
        Globals = "globals",
    }

    /// Why a thread stopped.
    pub enum Reason {
        /// A breakpoint was hit.
        Breakpoint = "breakpoint",
        /// A step is done.
        Step = "step",
        /// It was asked to.
        Pause = "pause",
        /// A function was called.
        Call = "call",
        /// A function returns.
        Return = "return",
        /// An error was raised.
        Exception = "exception",
        /// The program begins.
        Entry = "entry",
    }
}
