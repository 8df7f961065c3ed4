//! Values from any type that serde can serialise, and back: [`serialize`], [`deserialize`], [`Serde`].

mod deserialize;
mod fault;
mod serialize;

#[cfg(test)]
mod tests;

use std::ops::{Deref, DerefMut};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::value::Value;

use super::contents::{KEY_CHARS_MAX, short};
use super::copied::together;
use super::{FromValue, IntoValue, TypeText, Whole};

use deserialize::{Deserializer, Reads};
use fault::Fault;
use serialize::Serializer;

/// Levels of containers within data, and times that data is handed on unopened: as many levels as a session carries if
/// its limits are not set otherwise ([`crate::limits::Limits::value_depth_max`]). Each costs stack, in the code that
/// serde derives too, and what a peer sends or a recursive type holds must not end it.
const LEVELS_MAX: u32 = 64;

/// Data of any type that serde can serialise, as a value that is copied whole.
///
/// What becomes what, in the form that a peer of another language expects:
///
/// | data | value |
/// |---|---|
/// | `()`, `None`, unit struct | none |
/// | `bool`, integers of any size, floats, text | the same |
/// | `char` | text of one character |
/// | bytes, where the type says so (serde's `serialize_bytes`) | bytes; a `Vec<u8>` by itself is a list of integers |
/// | sequence | contents of a list; in the key of a map, a tuple |
/// | tuple, array, tuple struct | tuple |
/// | struct | contents of a dict, the names of the fields as keys, in their order |
/// | map | contents of a dict, in the map's order; keys of any kind |
/// | `Some`, newtype struct | what it holds |
/// | enum variant without content | its name, as text |
/// | other enum variant | contents of a dict with one entry: its name, and its content |
///
/// Enums that are tagged otherwise (serde's `tag`, `content`, `untagged`) become what serde makes of them. Types that
/// have a form for people, as addresses of the network do, take that one. `Some(None)` and `Some(())` become none and
/// come back as `None`, as with JSON. A key that is itself a struct, a map or an enum variant with content becomes a
/// dict: Rust takes it as a key, many other languages do not.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use wherever::Value;
/// use wherever::convert::{deserialize, serialize};
///
/// #[derive(Serialize, Deserialize, PartialEq, Debug)]
/// struct Motor {
///     name: String,
///     speeds: Vec<u16>,
/// }
///
/// let motor = Motor { name: "left".into(), speeds: vec![1, 20] };
/// let value = serialize(&motor)?;
/// assert_eq!(format!("{value:?}"), r#"{"name": "left", "speeds": [1, 20]}"#);
/// assert_eq!(deserialize::<Motor>(value)?, motor);
/// # Ok::<(), wherever::Error>(())
/// ```
///
/// # Errors
/// [`Error::Convert`] says where in the data and why: its own `Serialize` refuses, containers are nested more than 64
/// deep, or as many `Some` and newtypes hold each other without a container between them.
pub fn serialize<T: Serialize + ?Sized>(data: &T) -> Result<Value, Error> {
    data.serialize(Serializer::default()).map_err(Fault::into_error)
}

/// Data of any type that serde can deserialise, from a value: the way back from [`serialize`].
///
/// It takes somewhat more than [`serialize`] makes, as peers of other languages have other habits:
///
/// - for a sequence, tuple, array or struct by position: a list, a tuple, a set or a frozen set; bytes or a byte array
///   as a sequence of integers; a complex number as two floats,
/// - for bytes: bytes, a byte array,
/// - for a float: an integer that a double holds exactly,
/// - for anything: a container of this side, read at this moment; a value of a registered value type, by its data.
///
/// A remote container is copied by a call, for which this waits; in a task, fetch it first by
/// [`crate::Proxy::fetch_later`]. Fields that the type does not know are passed
/// over, unless it says `deny_unknown_fields`. A field that is missing is `None` if it is an `Option`, and an error if
/// it has no default.
///
/// Types that serde reads into a buffer first (`untagged`, internally and adjacently tagged enums, `flatten`) are
/// served as serde does it: it keeps no integers beyond 64 bits, does not take bytes as a sequence of integers, but as
/// text if they can be some, turns integers into floats even if not exactly, and forgets the places of errors within.
///
/// # Errors
/// [`Error::Convert`] says what was wanted, what was found, and where in the value: a value of another kind, what the
/// type's own `Deserialize` refuses (its message stands in [`found`]), more than 64 levels of containers, a container
/// that holds itself, a container of this side that stands in so many places that reading it there takes for ever.
/// Other errors are those of a container of this side that cannot be read.
///
/// [`found`]: crate::error::ConvertError::found
pub fn deserialize<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    together(|| T::deserialize(Deserializer::new(value, &Reads::default()))).map_err(Fault::into_error)
}

/// Data that crosses by way of serde: as an argument, a result or a part of either, by one word.
///
/// Made of a value by [`Value::to`] and wherever a type made of a value is taken, as [`deserialize`] does it; becomes a
/// value by `try_into`, as [`serialize`] does it.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use wherever::Value;
/// use wherever::convert::Serde;
///
/// let squares = BTreeMap::from([(1, (1, "one")), (2, (4, "four"))]);
/// let value: Value = Serde(squares).try_into()?;
/// assert_eq!(format!("{value:?}"), r#"{1: (1, "one"), 2: (4, "four")}"#);
/// let squares = value.to::<Serde<BTreeMap<u8, (u8, String)>>>()?;
/// assert_eq!(squares[&2].1, "four");
/// # Ok::<(), wherever::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serde<T>(
    /// The data.
    pub T,
);

impl<T> Serde<T> {
    /// The data.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Serde<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Serde<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Serialize> IntoValue for Serde<T> {
    fn into_value(self) -> Result<Value, Error> {
        serialize(&self.0)
    }

    fn type_text() -> TypeText {
        super::OBJECT
    }
}

impl<T: DeserializeOwned> FromValue for Serde<T> {
    fn whole() -> Whole {
        Whole::Levels(LEVELS_MAX as usize)
    }

    fn from_value(value: Value) -> Result<Self, Error> {
        deserialize(value).map(Self)
    }
}

impl<T: Serialize> TryFrom<Serde<T>> for Value {
    type Error = Error;
    fn try_from(data: Serde<T>) -> Result<Self, Error> {
        serialize(&data.0)
    }
}

/// How deep the work is in the data.
#[derive(Clone, Copy, Debug, Default)]
struct Depth {
    /// Containers that are open.
    levels: u32,
    /// How often the data was handed on since the last of them was opened: a type can do that for ever.
    passes: u32,
}

impl Depth {
    /// Within one more container.
    fn inside(self) -> Result<Self, Fault> {
        if self.levels == LEVELS_MAX {
            return Err(Error::convert(format!("at most {LEVELS_MAX} levels of containers"), "more").into());
        }
        Ok(Self { levels: self.levels + 1, passes: 0 })
    }

    /// At the same data, handed on as the content of a `Some` or a newtype.
    fn again(self) -> Result<Self, Fault> {
        if self.passes == LEVELS_MAX {
            let wanted = format!("at most {LEVELS_MAX} options and newtypes around one value");
            return Err(Error::convert(wanted, "more").into());
        }
        Ok(Self { passes: self.passes + 1, ..self })
    }
}

/// The place of the entry with this key, in the path of an error.
fn key_step(key: &Value) -> String {
    format!("[{}]", short(key))
}

/// The place of a field or a variant, in the path of an error: its name. One that the type knows is seldom cut.
fn name_step(name: &str) -> &str {
    name.char_indices().nth(KEY_CHARS_MAX).map_or(name, |(end, _)| &name[..end])
}
