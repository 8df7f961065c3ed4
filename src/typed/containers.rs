//! Containers that are held by reference, with elements of Rust's types: what is changed through them changes over there.

use std::fmt;
use std::marker::PhantomData;

use crate::convert::{FromValue, IntoValue, TypeText};
use crate::error::Error;
use crate::hosts::{Dict, List};
use crate::proxy::Proxy;
use crate::shape::Category;
use crate::typed::Items;
use crate::value::Value;

/// A list of either side, held by reference; a parameter of this type does not copy it, as a `Vec` would.
///
/// Every use is one call. For tasks, use what [`Self::proxy`] gives.
pub struct ListProxy<T> {
    proxy: Proxy,
    holds: PhantomData<fn() -> T>,
}

/// A dict of either side, held by reference; a parameter of this type does not copy it, as a `HashMap` would.
///
/// Every use is one call. For tasks, use what [`Self::proxy`] gives.
pub struct DictProxy<K, V> {
    proxy: Proxy,
    holds: PhantomData<fn() -> (K, V)>,
}

/// How they cross, and what they are.
macro_rules! container {
    ($name:ident<$($kind:ident),+>, $category:ident, $what:literal, $text:expr) => {
        impl<$($kind),+> Clone for $name<$($kind),+> {
            fn clone(&self) -> Self {
                Self { proxy: self.proxy.clone(), holds: PhantomData }
            }
        }

        impl<$($kind),+> fmt::Debug for $name<$($kind),+> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.proxy, f)
            }
        }

        impl<$($kind: FromValue),+> FromValue for $name<$($kind),+> {
            fn from_value(value: Value) -> Result<Self, Error> {
                let kind = value.kind();
                let wanted = || concat!("a reference to a ", $what);
                let Value::Ref(reference) = value else { return Err(Error::convert(wanted(), kind)) };
                let proxy = Proxy::from(reference);
                match proxy.shape().category() {
                    Category::$category | Category::Promise => Ok(Self { proxy, holds: PhantomData }),
                    _ => Err(Error::convert(wanted(), format!("{kind} {}", proxy.shape().name()))),
                }
            }

            fn type_text() -> TypeText {
                $text
            }
        }

        impl<$($kind: FromValue),+> IntoValue for $name<$($kind),+> {
            fn into_value(self) -> Result<Value, Error> {
                Ok(self.proxy.into())
            }

            fn type_text() -> TypeText {
                <Self as FromValue>::type_text()
            }
        }

        impl<$($kind: FromValue),+> IntoValue for &$name<$($kind),+> {
            fn into_value(self) -> Result<Value, Error> {
                Ok((&self.proxy).into())
            }

            fn type_text() -> TypeText {
                <$name<$($kind),+> as FromValue>::type_text()
            }
        }
    };
}

container!(ListProxy<T>, List, "list", format!("list[{}]", T::type_text()).into());
container!(DictProxy<K, V>, Dict, "dict", format!("dict[{}, {}]", K::type_text(), V::type_text()).into());

impl<T> ListProxy<T> {
    /// A list of this side.
    pub fn from_own(list: &List) -> Self {
        Self { proxy: list.to_own().into(), holds: PhantomData }
    }

    /// The dynamic proxy under it.
    pub fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// The number of elements. One call.
    ///
    /// # Errors
    /// As for [`Proxy::call`].
    #[expect(clippy::len_without_is_empty, reason = "each would be a message; who wants both asks for the length")]
    pub fn len(&self) -> Result<u64, Error> {
        self.proxy.len()
    }
}

impl<K, V> DictProxy<K, V> {
    /// A dict of this side.
    pub fn from_own(dict: &Dict) -> Self {
        Self { proxy: dict.to_own().into(), holds: PhantomData }
    }

    /// The dynamic proxy under it.
    pub fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// The number of elements. One call.
    ///
    /// # Errors
    /// As for [`Proxy::call`].
    #[expect(clippy::len_without_is_empty, reason = "each would be a message; who wants both asks for the length")]
    pub fn len(&self) -> Result<u64, Error> {
        self.proxy.len()
    }
}

impl<T: FromValue + IntoValue> ListProxy<T> {
    /// The element at a place; a negative one counts from the end.
    ///
    /// # Errors
    /// What the list raises of a place that it does not have; as for [`Proxy::call`].
    pub fn get(&self, place: i64) -> Result<T, Error> {
        self.proxy.index(place)?.to()
    }

    /// Puts an element in the place of another.
    ///
    /// # Errors
    /// As for [`Self::get`].
    pub fn set(&self, place: i64, element: T) -> Result<(), Error> {
        self.proxy.set_index(place, element)
    }

    /// Adds an element at the end.
    ///
    /// # Errors
    /// As for [`Proxy::call`].
    pub fn push(&self, element: T) -> Result<(), Error> {
        self.proxy.call("append", (element,)).map(|_| ())
    }

    /// All elements, as they are at one moment.
    ///
    /// # Errors
    /// As for [`Proxy::call`].
    pub fn to_vec(&self) -> Result<Vec<T>, Error> {
        self.proxy.fetch()?.to()
    }

    /// All elements, as they are at one moment, one by one.
    ///
    /// # Errors
    /// As for [`Proxy::call`].
    pub fn iter(&self) -> Result<Items<T>, Error> {
        Items::from_value((&self.proxy).into())
    }
}

impl<K: FromValue + IntoValue, V: FromValue + IntoValue> DictProxy<K, V> {
    /// What stands under a key, if anything does.
    ///
    /// # Errors
    /// As for [`Proxy::call`].
    pub fn get(&self, key: K) -> Result<Option<V>, Error> {
        self.proxy.call("get", (key,))?.to()
    }

    /// Puts a value under a key.
    ///
    /// # Errors
    /// As for [`Proxy::call`].
    pub fn insert(&self, key: K, value: V) -> Result<(), Error> {
        self.proxy.set_index(key, value)
    }

    /// Takes a key away, with what stood under it.
    ///
    /// # Errors
    /// What the dict raises of a key that it does not have; as for [`Proxy::call`].
    pub fn remove(&self, key: K) -> Result<(), Error> {
        self.proxy.delete_index(key)
    }

    /// Whether something stands under a key.
    ///
    /// # Errors
    /// As for [`Proxy::call`].
    pub fn contains(&self, key: K) -> Result<bool, Error> {
        self.proxy.contains(key)
    }

    /// All entries, as they are at one moment, in the dict's order.
    ///
    /// # Errors
    /// As for [`Proxy::call`].
    pub fn to_vec(&self) -> Result<Vec<(K, V)>, Error> {
        let Value::Dict(entries) = self.proxy.fetch()? else {
            return Err(Error::convert("contents of a dict", "other contents"));
        };
        entries.iter().map(|(key, value)| Ok((key.clone().to()?, value.clone().to()?))).collect()
    }
}
