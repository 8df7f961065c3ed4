//! Rust's types as values.

use std::sync::Arc;

use crate::host::Own;
use crate::table::Handle;
use crate::value::{BigInt, Ref, Value};

impl From<()> for Value {
    fn from((): ()) -> Self {
        Value::None
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

macro_rules! small_ints {
    ($($int:ty),*) => {$(
        impl From<$int> for Value {
            fn from(number: $int) -> Self {
                Value::Int(i64::from(number))
            }
        }
    )*};
}

small_ints!(i8, i16, i32, i64, u8, u16, u32);

macro_rules! wide_ints {
    ($($int:ty),*) => {$(
        impl From<$int> for Value {
            fn from(number: $int) -> Self {
                Value::from(number as i128)
            }
        }
    )*};
}

// None of these loses anything: `i128` holds them all.
wide_ints!(isize, u64, usize);

impl From<u128> for Value {
    fn from(number: u128) -> Self {
        BigInt::new(false, &number.to_le_bytes()).into()
    }
}

impl From<BigInt> for Value {
    fn from(number: BigInt) -> Self {
        match number.to_i128().map(i64::try_from) {
            Some(Ok(small)) => Value::Int(small),
            _ => Value::BigInt(Arc::new(number)),
        }
    }
}

impl From<f32> for Value {
    fn from(number: f32) -> Self {
        Value::Float(f64::from(number))
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Value::Float(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text.into())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Value::Text(text.as_str().into())
    }
}

impl From<Arc<str>> for Value {
    fn from(text: Arc<str>) -> Self {
        Value::Text(text)
    }
}

impl From<char> for Value {
    fn from(char: char) -> Self {
        Value::Text(char.encode_utf8(&mut [0; 4]).into())
    }
}

impl From<Vec<u8>> for Value {
    /// Immutable bytes; for a byte array, make one.
    fn from(bytes: Vec<u8>) -> Self {
        Value::Bytes(bytes.into())
    }
}

impl From<&[u8]> for Value {
    /// Immutable bytes; for a byte array, make one.
    fn from(bytes: &[u8]) -> Self {
        Value::Bytes(bytes.into())
    }
}

impl<const N: usize> From<&[u8; N]> for Value {
    /// Immutable bytes; for a byte array, make one.
    fn from(bytes: &[u8; N]) -> Self {
        Value::Bytes(bytes[..].into())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::None, Into::into)
    }
}

impl From<Own> for Value {
    fn from(own: Own) -> Self {
        Value::Ref(Ref::Own(own))
    }
}

impl From<&Own> for Value {
    fn from(own: &Own) -> Self {
        Value::Ref(Ref::Own(own.clone()))
    }
}

impl From<Handle> for Value {
    fn from(handle: Handle) -> Self {
        Value::Ref(Ref::Remote(handle))
    }
}

impl From<&Handle> for Value {
    fn from(handle: &Handle) -> Self {
        Value::Ref(Ref::Remote(handle.clone()))
    }
}

impl From<Ref> for Value {
    fn from(reference: Ref) -> Self {
        Value::Ref(reference)
    }
}

impl From<&Value> for Value {
    fn from(value: &Value) -> Self {
        value.clone()
    }
}

macro_rules! tuples {
    ($(($($name:ident)+))+) => {$(
        impl<$($name: Into<Value>),+> From<($($name,)+)> for Value {
            #[allow(non_snake_case, reason = "each part is named after its type")]
            fn from(($($name,)+): ($($name,)+)) -> Self {
                Value::tuple([$($name.into()),+])
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
}
