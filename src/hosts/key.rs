//! Values as keys, and the table that keeps what is under them in order.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::error::Error;
use crate::host::Identity;
use crate::table::Id;
use crate::value::{Ref, Value};

/// Parts of one key, every item of a tuple counted wherever it stands.
const KEY_PARTS_MAX: usize = 65_536;
/// Levels of tuples in one key.
const KEY_DEPTH_MAX: usize = 64;

/// An immutable value as a key: equal where the values are equal, frozen sets in any order.
///
/// Made before a lock is taken, since it asks objects who they are; comparing and dropping it runs no one's code.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Key {
    None,
    Bool(bool),
    Int(i64),
    BigInt(bool, Box<[u8]>),
    Float(u64),
    Complex(u64, u64),
    Text(Arc<str>),
    Bytes(Arc<[u8]>),
    Tuple(Arc<[Key]>),
    FrozenSet(Arc<[Key]>),
    Typed(Arc<str>, u32, Arc<Key>),
    Own(Identity),
    Remote(u64, Id),
}

impl Key {
    /// The value as a key; mutable contents are refused.
    pub(super) fn of(value: &Value) -> Result<Self, Error> {
        Self::part(value, KEY_DEPTH_MAX, &mut KEY_PARTS_MAX.clone())
    }

    fn part(value: &Value, depth: usize, parts: &mut usize) -> Result<Self, Error> {
        let too_big = || Error::raise("wherever:type_error", "the key is too large to be hashed");
        *parts = parts.checked_sub(1).ok_or_else(too_big)?;
        let depth = depth.checked_sub(1).ok_or_else(too_big)?;
        let mut all = |items: &[Value]| -> Result<Vec<Key>, Error> {
            items.iter().map(|item| Self::part(item, depth, parts)).collect()
        };
        Ok(match value {
            Value::None => Key::None,
            Value::Bool(value) => Key::Bool(*value),
            Value::Int(value) => Key::Int(*value),
            Value::BigInt(value) => Key::BigInt(value.is_negative(), value.magnitude().into()),
            Value::Float(value) => Key::Float(value.to_bits()),
            Value::Complex(re, im) => Key::Complex(re.to_bits(), im.to_bits()),
            Value::Text(text) => Key::Text(text.clone()),
            Value::Bytes(bytes) => Key::Bytes(bytes.clone()),
            Value::Tuple(items) => Key::Tuple(all(items)?.into()),
            Value::FrozenSet(items) => {
                let mut keys = all(items)?;
                keys.sort_unstable();
                keys.dedup();
                Key::FrozenSet(keys.into())
            }
            Value::Typed(typed) => {
                Key::Typed(typed.type_name.clone(), typed.version, Arc::new(Self::part(&typed.data, depth, parts)?))
            }
            Value::Ref(Ref::Own(own)) if !own.shape().category().is_container() => Key::Own(own.host().identity()),
            Value::Ref(Ref::Remote(handle)) => Key::Remote(handle.session_number(), handle.id()),
            mutable => {
                let message = match mutable {
                    Value::Ref(Ref::Own(own)) => format!("{} cannot be a key", own.shape().name()),
                    other => format!("{} cannot be a key", other.kind()),
                };
                return Err(Error::raise("wherever:type_error", message));
            }
        })
    }

    /// The keys of all these values, or `None` if one of them cannot be a key.
    pub(super) fn set_of(values: &[Value]) -> Option<HashSet<Key>> {
        values.iter().map(|value| Key::of(value).ok()).collect()
    }
}

/// Values under keys, in the order in which the keys came.
pub(super) struct Table<V> {
    places: HashMap<Key, u64>,
    entries: BTreeMap<u64, Entry<V>>,
    next: u64,
}

struct Entry<V> {
    key: Key,
    name: Value,
    value: V,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self { places: HashMap::new(), entries: BTreeMap::new(), next: 0 }
    }
}

impl<V> Table<V> {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        self.places.contains_key(key)
    }

    pub(super) fn get(&self, key: &Key) -> Option<&V> {
        let place = self.places.get(key)?;
        self.entries.get(place).map(|entry| &entry.value)
    }

    /// Puts a value under a key. Gives back what is not needed any more, for the caller to drop without a lock: the
    /// former value, and the key's own value if it was there already.
    pub(super) fn insert(&mut self, key: Key, name: Value, value: V) -> Option<(Value, V)> {
        if let Some(entry) = self.places.get(&key).and_then(|place| self.entries.get_mut(place)) {
            return Some((name, std::mem::replace(&mut entry.value, value)));
        }
        self.places.insert(key.clone(), self.next);
        self.entries.insert(self.next, Entry { key, name, value });
        self.next += 1;
        None
    }

    pub(super) fn remove(&mut self, key: &Key) -> Option<(Value, V)> {
        let entry = self.entries.remove(&self.places.remove(key)?)?;
        Some((entry.name, entry.value))
    }

    /// Takes out what came last.
    pub(super) fn pop(&mut self) -> Option<(Value, V)> {
        let (_, entry) = self.entries.pop_last()?;
        self.places.remove(&entry.key);
        Some((entry.name, entry.value))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Key, &Value, &V)> {
        self.entries.values().map(|entry| (&entry.key, &entry.name, &entry.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Items;

    #[test]
    fn keys_are_equal_where_values_are() {
        let one = Value::tuple([Value::Int(1), Value::text("a")]);
        let two = Value::tuple([Value::Int(1), Value::text("a")]);
        assert_eq!(Key::of(&one).unwrap(), Key::of(&two).unwrap());
        let kinds = [Value::Int(1), Value::Float(1.0), Value::Bool(true)];
        assert_eq!(Key::set_of(&kinds).unwrap().len(), 3);
        let ab = Value::FrozenSet(Items::new([Value::Int(1), Value::Int(2)]));
        let ba = Value::FrozenSet(Items::new([Value::Int(2), Value::Int(1)]));
        assert_eq!(Key::of(&ab).unwrap(), Key::of(&ba).unwrap());
    }

    #[test]
    fn what_can_change_is_no_key() {
        for value in [
            Value::List(Items::default()),
            Value::tuple([Value::Set(Items::default())]),
            crate::hosts::List::new().into(),
        ] {
            let error = Key::of(&value).unwrap_err();
            assert!(error.raised().unwrap().is_a("wherever:type_error"));
        }
    }

    #[test]
    fn a_lattice_of_tuples_is_refused_before_it_unfolds() {
        let lattice = (0..60).fold(Value::Int(1), |inner, _| Value::tuple([inner.clone(), inner]));
        assert!(Key::of(&lattice).is_err());
        let deep = (0..1000).fold(Value::Int(1), |inner, _| Value::tuple([inner]));
        assert!(Key::of(&deep).is_err());
    }

    #[test]
    fn a_table_keeps_order_and_pops_from_both_ends() {
        let mut table = Table::default();
        for number in 0..100_000 {
            let name = Value::Int(number);
            table.insert(Key::of(&name).unwrap(), name, number);
        }
        let first = Key::Int(0);
        assert_eq!(table.insert(first.clone(), Value::Int(0), 7), Some((Value::Int(0), 0)));
        assert_eq!(table.get(&first), Some(&7), "a key keeps its place");
        assert_eq!(table.pop().unwrap().0, Value::Int(99_999));
        for number in 0..99_999 {
            assert!(table.remove(&Key::Int(number)).is_some());
        }
        assert_eq!((table.len(), table.places.len()), (0, 0));
    }
}
