//! Values that hold no others, as Rust's types.

use std::sync::Arc;

use crate::error::Error;
use crate::host::Own;
use crate::table::Handle;
use crate::value::{BigInt, Ref, Value};

use super::{FromValue, TypeText, Whole, contents, unlike};

impl FromValue for Value {
    fn from_value(value: Value) -> Result<Self, Error> {
        Ok(value)
    }
}

impl FromValue for () {
    fn from_value(value: Value) -> Result<Self, Error> {
        match value {
            Value::None => Ok(()),
            other => Err(unlike("none", &other)),
        }
    }

    fn type_text() -> TypeText {
        "None".into()
    }
}

impl FromValue for bool {
    fn from_value(value: Value) -> Result<Self, Error> {
        match value {
            Value::Bool(truth) => Ok(truth),
            other => Err(unlike("bool", &other)),
        }
    }

    fn type_text() -> TypeText {
        "bool".into()
    }
}

macro_rules! ints {
    ($($int:ident),*) => {$(
        impl FromValue for $int {
            fn from_value(value: Value) -> Result<Self, Error> {
                int(&value).ok_or_else(|| unlike(stringify!($int), &value))
            }

            fn type_text() -> TypeText {
                "int".into()
            }
        }
    )*};
}

ints!(i8, i16, i32, i64, isize, u16, u32, u64, usize, i128);

fn int<T: TryFrom<i128>>(value: &Value) -> Option<T> {
    match value {
        Value::Int(number) => T::try_from(i128::from(*number)).ok(),
        Value::BigInt(number) => T::try_from(number.to_i128()?).ok(),
        _ => None,
    }
}

impl FromValue for u8 {
    fn from_value(value: Value) -> Result<Self, Error> {
        int(&value).ok_or_else(|| unlike("u8", &value))
    }

    fn many_from_value(value: Value) -> Result<Vec<Self>, Error> {
        match value {
            Value::Bytes(bytes) | Value::ByteArray(bytes) => Ok(bytes.to_vec()),
            other => match contents::of(other, "bytes or byte array")? {
                Value::ByteArray(bytes) => Ok(bytes.to_vec()),
                whole => contents::many(whole),
            },
        }
    }

    fn type_text() -> TypeText {
        "int".into()
    }

    fn many_text() -> TypeText {
        "bytes".into()
    }
}

impl FromValue for u128 {
    fn from_value(value: Value) -> Result<Self, Error> {
        let wide = match &value {
            Value::BigInt(number) if !number.is_negative() => unsigned(number),
            _ => int(&value),
        };
        wide.ok_or_else(|| unlike("u128", &value))
    }

    fn type_text() -> TypeText {
        "int".into()
    }
}

fn unsigned(number: &BigInt) -> Option<u128> {
    let mut bytes = [0; 16];
    let magnitude = number.magnitude();
    bytes.get_mut(..magnitude.len())?.copy_from_slice(magnitude);
    Some(u128::from_le_bytes(bytes))
}

impl FromValue for BigInt {
    fn from_value(value: Value) -> Result<Self, Error> {
        match value {
            Value::Int(number) => Ok(BigInt::new(number < 0, &number.unsigned_abs().to_le_bytes())),
            Value::BigInt(number) => Ok(Arc::unwrap_or_clone(number)),
            other => Err(unlike("int", &other)),
        }
    }

    fn type_text() -> TypeText {
        "int".into()
    }
}

impl FromValue for f64 {
    /// A float, or an integer that a double holds exactly.
    fn from_value(value: Value) -> Result<Self, Error> {
        match value {
            Value::Float(number) => Ok(number),
            Value::Int(number) if (number as f64) as i128 == i128::from(number) => Ok(number as f64),
            other => Err(unlike("f64", &other)),
        }
    }

    fn type_text() -> TypeText {
        "float".into()
    }
}

impl FromValue for f32 {
    /// The nearest to a float, or to an integer that a double holds exactly.
    fn from_value(value: Value) -> Result<Self, Error> {
        let wide = f64::from_value(value.clone()).map_err(|_| unlike("f32", &value))?;
        let narrow = wide as f32;
        if narrow.is_infinite() && wide.is_finite() {
            return Err(Error::convert("f32", format!("float {wide}")));
        }
        Ok(narrow)
    }

    fn type_text() -> TypeText {
        "float".into()
    }
}

impl FromValue for Arc<str> {
    fn from_value(value: Value) -> Result<Self, Error> {
        match value {
            Value::Text(text) => Ok(text),
            other => Err(unlike("text", &other)),
        }
    }

    fn type_text() -> TypeText {
        "str".into()
    }
}

impl FromValue for String {
    fn from_value(value: Value) -> Result<Self, Error> {
        Arc::<str>::from_value(value).map(|text| text.as_ref().to_owned())
    }

    fn type_text() -> TypeText {
        "str".into()
    }
}

impl FromValue for char {
    fn from_value(value: Value) -> Result<Self, Error> {
        let text = Arc::<str>::from_value(value)?;
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(char), None) => Ok(char),
            _ => Err(Error::convert("one character", format!("text of {} characters", text.chars().count()))),
        }
    }

    fn type_text() -> TypeText {
        "str".into()
    }
}

impl FromValue for Arc<[u8]> {
    fn whole() -> Whole {
        Whole::Levels(1)
    }

    fn from_value(value: Value) -> Result<Self, Error> {
        match value {
            Value::Bytes(bytes) | Value::ByteArray(bytes) => Ok(bytes),
            other => u8::many_from_value(other).map(Into::into),
        }
    }

    fn type_text() -> TypeText {
        "bytes".into()
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self, Error> {
        match value {
            Value::None => Ok(None),
            some => T::from_value(some).map(Some),
        }
    }

    fn type_text() -> TypeText {
        super::optional_text(T::type_text())
    }

    fn whole() -> Whole {
        T::whole()
    }
}

impl FromValue for Ref {
    fn from_value(value: Value) -> Result<Self, Error> {
        match value {
            Value::Ref(reference) => Ok(reference),
            other => Err(unlike("object", &other)),
        }
    }
}

impl FromValue for Own {
    fn from_value(value: Value) -> Result<Self, Error> {
        match value {
            Value::Ref(Ref::Own(own)) => Ok(own),
            other => Err(unlike("own object", &other)),
        }
    }
}

impl FromValue for Handle {
    fn from_value(value: Value) -> Result<Self, Error> {
        match value {
            Value::Ref(Ref::Remote(handle)) => Ok(handle),
            other => Err(unlike("remote object", &other)),
        }
    }
}

impl<T: FromValue> FromValue for Box<T> {
    fn from_value(value: Value) -> Result<Self, Error> {
        T::from_value(value).map(Box::new)
    }

    fn type_text() -> TypeText {
        T::type_text()
    }

    fn whole() -> Whole {
        T::whole()
    }
}
