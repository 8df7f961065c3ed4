//! Tuples: of many alike, and of fields.

use std::ops::Deref;
use std::sync::Arc;
use std::vec;

use wherever::convert::TypeText;
use wherever::error::ConvertError;
use wherever::value::Items;
use wherever::{Error, FromValue, IntoValue, Value};

/// Many of one kind, copied as one tuple. What is held by reference would be another round trip, and is refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Tuple<T>(pub Vec<T>);

impl<T> Default for Tuple<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for Tuple<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> From<Vec<T>> for Tuple<T> {
    fn from(many: Vec<T>) -> Self {
        Self(many)
    }
}

impl<T> FromIterator<T> for Tuple<T> {
    fn from_iter<I: IntoIterator<Item = T>>(many: I) -> Self {
        Self(many.into_iter().collect())
    }
}

impl<T> IntoIterator for Tuple<T> {
    type Item = T;
    type IntoIter = vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Tuple<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T: IntoValue> IntoValue for Tuple<T> {
    fn into_value(self) -> Result<Value, Error> {
        Ok(Value::Tuple(self.0.into_iter().map(IntoValue::into_value).collect::<Result<_, _>>()?))
    }

    fn type_text() -> TypeText {
        format!("tuple[{}, ...]", T::type_text()).into()
    }
}

impl<T: FromValue> FromValue for Tuple<T> {
    fn from_value(value: Value) -> Result<Self, Error> {
        let items = items(&value, "tuple")?;
        let items = items.iter().enumerate();
        items.map(|(at, item)| T::from_value(item.clone()).map_err(|error| error.within(format!("[{at}]")))).collect()
    }

    fn type_text() -> TypeText {
        format!("tuple[{}, ...]", T::type_text()).into()
    }
}

/// The error for what is not what was wanted.
pub(crate) fn unlike(wanted: &str, found: &str) -> Error {
    Error::Convert(Arc::new(ConvertError { path: Vec::new(), wanted: wanted.into(), found: found.into() }))
}

fn items(value: &Value, wanted: &str) -> Result<Items, Error> {
    match value {
        Value::Tuple(items) | Value::List(items) => Ok(items.clone()),
        other => Err(unlike(wanted, other.kind())),
    }
}

/// The items of a tuple that has this many.
pub(crate) fn exactly(value: &Value, what: &str, count: usize) -> Result<Items, Error> {
    let wanted = || format!("{what}, a tuple of {count}");
    let items = items(value, &wanted())?;
    match items.len() == count {
        true => Ok(items),
        false => Err(unlike(&wanted(), &format!("{} items", items.len()))),
    }
}

/// Has structs cross as tuples of these fields, in this order.
macro_rules! records {
    ($($name:ident { $($field:ident),* })*) => {$(
        impl ::wherever::IntoValue for $name {
            fn into_value(self) -> Result<::wherever::Value, ::wherever::Error> {
                Ok(::wherever::Value::tuple([$(::wherever::IntoValue::into_value(self.$field)?),*]))
            }

            fn type_text() -> ::wherever::convert::TypeText {
                "tuple".into()
            }
        }

        impl ::wherever::FromValue for $name {
            fn from_value(value: ::wherever::Value) -> Result<Self, ::wherever::Error> {
                const FIELDS: usize = [$(stringify!($field)),*].len();
                let items = $crate::tuple::exactly(&value, stringify!($name), FIELDS)?;
                let mut items = items.iter().cloned();
                // As many as there are fields.
                Ok(Self {$(
                    $field: ::wherever::FromValue::from_value(items.next().unwrap_or_default())
                        .map_err(|error: ::wherever::Error| error.within(stringify!($field)))?,
                )*})
            }

            fn type_text() -> ::wherever::convert::TypeText {
                "tuple".into()
            }
        }
    )*};
}

pub(crate) use records;
