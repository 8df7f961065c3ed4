//! Containers as Rust's types: copied contents, and containers read at this moment, remote ones by a call.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hash};

use crate::error::Error;
use crate::value::{Entries, Items, Ref, Value};

use super::copied::{self, together};
use super::{FromValue, TypeText, Whole, unlike};

/// The longest text of a key in the path of an error, in characters.
pub(super) const KEY_CHARS_MAX: usize = 60;

/// The value itself, if it holds contents; those of a container, read at this moment, which for a remote one is a call;
/// otherwise the error that `wanted` was wanted.
pub(super) fn of(value: Value, wanted: &str) -> Result<Value, Error> {
    match &value {
        Value::Ref(Ref::Own(own)) if own.shape().category().is_container() => copied::read(|| own.host().whole()),
        Value::Ref(Ref::Remote(handle)) if handle.is_promise() => {
            Err(Error::convert(format!("{wanted}, copied"), "promise; wait for its result first"))
        }
        Value::Ref(Ref::Remote(handle)) if handle.shape().category().is_container() => copied::fetched(handle.clone()),
        Value::Ref(_) => Err(unlike(wanted, &value)),
        _ => Ok(value),
    }
}

/// The items of a list, tuple or set.
fn items(value: Value, wanted: &str) -> Result<Items, Error> {
    match of(value, wanted)? {
        Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::FrozenSet(items) => Ok(items),
        // A type that holds itself would be read without end.
        Value::Cycle(_) => Err(Error::convert(wanted, "a container that holds itself")),
        other => Err(unlike(wanted, &other)),
    }
}

fn entries(value: Value) -> Result<Entries, Error> {
    match of(value, "dict")? {
        Value::Dict(entries) => Ok(entries),
        // What is made of copies alone, as a value type is, has no dicts.
        Value::Tuple(pairs) => pairs.iter().enumerate().map(|(at, pair)| pair_of(at, pair)).collect(),
        other => Err(unlike("dict", &other)),
    }
}

fn pair_of(at: usize, pair: &Value) -> Result<(Value, Value), Error> {
    match pair {
        Value::Tuple(parts) if parts.len() == 2 => Ok((parts[0].clone(), parts[1].clone())),
        other => Err(unlike("pair of key and value", other).within(format!("[{at}]"))),
    }
}

/// The items of a list, tuple or set, each as this type.
pub(super) fn many<T: FromValue>(value: Value) -> Result<Vec<T>, Error> {
    together(|| each(&items(value, "list, tuple or set")?).collect())
}

fn each<T: FromValue>(items: &Items) -> impl Iterator<Item = Result<T, Error>> {
    let items = items.iter().enumerate();
    items.map(|(at, item)| T::from_value(item.clone()).map_err(|error| error.within(format!("[{at}]"))))
}

fn pairs<K: FromValue, V: FromValue>(entries: &Entries) -> impl Iterator<Item = Result<(K, V), Error>> {
    entries.iter().map(|(key, value)| {
        let made = K::from_value(key.clone()).map_err(|error| error.within(format!("key {}", short(key))));
        let value = |_: &K| V::from_value(value.clone()).map_err(|error| error.within(format!("[{}]", short(key))));
        made.and_then(|made| value(&made).map(|value| (made, value)))
    })
}

/// A text as it stands in a path: a long one is cut.
pub(super) fn short_text(text: &str) -> String {
    match text.char_indices().nth(KEY_CHARS_MAX) {
        Some((end, _)) => format!("{:?}...", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// A key as it stands in a path: a long one is cut.
pub(super) fn short(key: &Value) -> String {
    match key {
        Value::Text(text) => short_text(text),
        Value::Int(_) | Value::BigInt(_) | Value::Bool(_) | Value::Float(_) | Value::None => format!("{key:?}"),
        other => format!("<{}>", other.kind()),
    }
}

impl<T: FromValue> FromValue for Vec<T> {
    /// Of the items of a list, tuple or set, copied or own. `Vec<u8>` also of bytes and of a byte array.
    fn from_value(value: Value) -> Result<Self, Error> {
        T::many_from_value(value)
    }

    fn type_text() -> TypeText {
        T::many_text()
    }

    fn whole() -> Whole {
        Whole::Each(T::whole)
    }
}

impl<T: FromValue + Ord> FromValue for BTreeSet<T> {
    fn from_value(value: Value) -> Result<Self, Error> {
        together(|| each(&items(value, "set")?).collect())
    }

    fn type_text() -> TypeText {
        format!("set[{}]", T::type_text()).into()
    }

    fn whole() -> Whole {
        Whole::Each(T::whole)
    }
}

impl<T: FromValue + Eq + Hash, S: BuildHasher + Default> FromValue for HashSet<T, S> {
    fn from_value(value: Value) -> Result<Self, Error> {
        together(|| each(&items(value, "set")?).collect())
    }

    fn type_text() -> TypeText {
        format!("set[{}]", T::type_text()).into()
    }

    fn whole() -> Whole {
        Whole::Each(T::whole)
    }
}

impl<K: FromValue + Ord, V: FromValue> FromValue for BTreeMap<K, V> {
    fn from_value(value: Value) -> Result<Self, Error> {
        together(|| pairs(&entries(value)?).collect())
    }

    fn type_text() -> TypeText {
        format!("dict[{}, {}]", K::type_text(), V::type_text()).into()
    }

    fn whole() -> Whole {
        Whole::Each(V::whole)
    }
}

impl<K, V, S> FromValue for HashMap<K, V, S>
where
    K: FromValue + Eq + Hash,
    V: FromValue,
    S: BuildHasher + Default,
{
    fn from_value(value: Value) -> Result<Self, Error> {
        together(|| pairs(&entries(value)?).collect())
    }

    fn type_text() -> TypeText {
        format!("dict[{}, {}]", K::type_text(), V::type_text()).into()
    }

    fn whole() -> Whole {
        Whole::Each(V::whole)
    }
}

macro_rules! tuples {
    ($(($count:literal $($name:ident $at:tt)+))+) => {$(
        impl<$($name: FromValue),+> FromValue for ($($name,)+) {
            fn from_value(value: Value) -> Result<Self, Error> {
                const WANTED: &str = concat!("tuple of ", $count);
                together(|| {
                    let items = items(value, WANTED)?;
                    if items.len() != $count {
                        return Err(Error::convert(WANTED, format!("{} items", items.len())));
                    }
                    Ok(($(
                        $name::from_value(items[$at].clone())
                            .map_err(|error| error.within(concat!("[", $at, "]")))?,
                    )+))
                })
            }

            fn type_text() -> TypeText {
                super::tuple_text(&[$($name::type_text()),+])
            }

            fn whole() -> Whole {
                Whole::Parts(|| vec![$($name::whole()),+])
            }
        }
    )+};
}

tuples! {
    (1 A 0)
    (2 A 0 B 1)
    (3 A 0 B 1 C 2)
    (4 A 0 B 1 C 2 D 3)
    (5 A 0 B 1 C 2 D 3 E 4)
    (6 A 0 B 1 C 2 D 3 E 4 F 5)
}
