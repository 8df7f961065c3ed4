//! Value types of the user's: structs and enums that travel by copy, and declared errors.

use std::panic::Location;
use std::sync::Arc;

use crate::convert::copied::{fetched, together};
use crate::convert::{Fields, Whole, fields};
use crate::error::{Error, Raised};
use crate::host::Own;
use crate::proxy::Proxy;
use crate::value::{Items, Ref, Typed, Value};
use crate::wire::payload::TypedHost;

/// A type that travels by copy, under a name: implemented by `#[derive(ValueType)]`, or by hand.
///
/// To a side that knows the type ([`NodeBuilder::value_type`](crate::NodeBuilder::value_type)) it goes as a copy. To any
/// other it goes as a reference to its data, which the same type reads there by one call.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no value type",
    label = "it does not implement `ValueType`",
    note = "write `#[derive(wherever::ValueType)]` above it"
)]
pub trait ValueType: Sized {
    /// The type's name, `rust:` and its path, or what its author chose.
    const NAME: &'static str;

    /// The version of its data; a side takes its own version alone.
    const VERSION: u32;

    /// Its data: whatever [`Self::from_data`] makes it of again.
    ///
    /// # Errors
    /// Why a part of it cannot be a value.
    fn into_data(self) -> Result<Value, Error>;

    /// The value that has this data.
    ///
    /// # Errors
    /// [`Error::Convert`] says what does not fit, and where.
    fn from_data(data: Value) -> Result<Self, Error>;
}

/// A value of a value type, as it travels.
///
/// # Errors
/// Why it cannot: a part of it is an object.
pub fn value_into<T: ValueType>(value: T) -> Result<Value, Error> {
    let data = frozen(value.into_data()?).map_err(|error| error.within(T::NAME))?;
    Ok(Value::Typed(Arc::new(Typed { type_name: T::NAME.into(), version: T::VERSION, data })))
}

/// The value of a value type that came: as itself, as a reference to its data, or as plain data that fits it, which a
/// language without the type gives.
///
/// # Errors
/// [`Error::Convert`] says what does not fit, and where.
pub fn value_of<T: ValueType>(value: Value) -> Result<T, Error> {
    together(|| made_of(value))
}

fn made_of<T: ValueType>(value: Value) -> Result<T, Error> {
    match value {
        Value::Typed(typed) if *typed.type_name == *T::NAME => {
            if typed.version != T::VERSION {
                let told = |version| format!("{} of version {version}", T::NAME);
                return Err(Error::convert(told(T::VERSION), told(typed.version)));
            }
            T::from_data(typed.data.clone())
        }
        Value::Typed(typed) => Err(Error::convert(T::NAME, &*typed.type_name)),
        Value::Ref(Ref::Remote(handle)) if **handle.shape().name() == *T::NAME => match fetched(handle)? {
            Value::List(items) if items.len() == 1 => T::from_data(items[0].clone()),
            other => Err(Error::convert(T::NAME, other.kind())),
        },
        // Fetched before, in a task.
        Value::Ref(Ref::Own(own)) if value_in(&own, T::NAME).is_some() => {
            T::from_data(value_in(&own, T::NAME).unwrap_or_default())
        }
        Value::Ref(reference) if !Proxy::from(reference.clone()).is_container() => {
            Err(Error::convert(T::NAME, Proxy::from(reference).shape().name().clone()))
        }
        data => T::from_data(data),
    }
}

/// Levels of a value type's data.
const LEVELS_MAX: usize = 64;

/// What the generated code wants whole of a value type: all of it.
pub fn whole_value() -> Whole {
    Whole::Values(LEVELS_MAX)
}

/// The data of the value of this type that an object of this side is.
fn value_in(own: &Own, name: &str) -> Option<Value> {
    let host = own.downcast::<TypedHost>()?;
    (*host.value().type_name == *name).then(|| host.value().data.clone())
}

/// Data made of immutable copies alone, as a value type's must be: contents become tuples, a dict a tuple of pairs.
fn frozen(data: Value) -> Result<Value, Error> {
    let all = |items: &Items| items.iter().cloned().map(frozen).collect::<Result<Items, _>>();
    Ok(match data {
        Value::List(items) => Value::Tuple(all(&items)?),
        Value::Tuple(items) => Value::Tuple(all(&items)?),
        Value::Set(items) => Value::FrozenSet(all(&items)?),
        Value::FrozenSet(items) => Value::FrozenSet(all(&items)?),
        Value::Dict(entries) => {
            let pairs = entries.iter().cloned();
            Value::Tuple(pairs.map(|(k, v)| Ok(Value::tuple([frozen(k)?, frozen(v)?]))).collect::<Result<_, Error>>()?)
        }
        Value::ByteArray(bytes) => Value::Bytes(bytes),
        Value::Ref(_) | Value::Cycle(_) => {
            return Err(Error::convert("copies alone, as a value type is made of", data.kind()));
        }
        copied => copied,
    })
}

/// The data of a struct or variant, field by field, in order or by name.
#[derive(Debug)]
pub struct DataFields(Source);

#[derive(Debug)]
enum Source {
    InOrder(Items, usize),
    ByName(Fields),
}

/// The fields of a struct from its data: a tuple in the order of the declaration, or a dict by name. `skip` leaves out
/// what stands before them.
///
/// # Errors
/// [`Error::Convert`] if it is neither.
pub fn fields_of(data: Value, skip: usize) -> Result<DataFields, Error> {
    Ok(DataFields(match data {
        Value::Tuple(items) | Value::List(items) => Source::InOrder(items, skip),
        other => Source::ByName(fields(other)?),
    }))
}

impl DataFields {
    /// The next field, which has this name.
    ///
    /// # Errors
    /// [`Error::Convert`] if it is missing, or does not fit.
    pub fn next<T: crate::FromValue>(&mut self, name: &str) -> Result<T, Error> {
        self.next_if(name)?.ok_or_else(|| Error::convert("a field of this name", "nothing").within(name))
    }

    /// As [`Self::next`], for a field that may be missing, as one that was added later may.
    ///
    /// # Errors
    /// [`Error::Convert`] if it does not fit.
    pub fn next_if<T: crate::FromValue>(&mut self, name: &str) -> Result<Option<T>, Error> {
        match &mut self.0 {
            Source::InOrder(items, at) => {
                let value = items.get(*at).cloned();
                *at += 1;
                value.map(|value| T::from_value(value).map_err(|error| error.within(name))).transpose()
            }
            Source::ByName(fields) => fields.find_field(name),
        }
    }

    /// Refuses what was not taken.
    ///
    /// # Errors
    /// [`Error::Convert`] says what is left.
    pub fn finish(self) -> Result<(), Error> {
        match self.0 {
            Source::InOrder(items, at) if items.len() > at => {
                Err(Error::convert(format!("{at} items"), format!("{}", items.len())))
            }
            Source::InOrder(..) => Ok(()),
            Source::ByName(fields) => fields.finish(),
        }
    }
}

/// The name of a variant and where its fields begin: a text alone, or a tuple that begins with one.
///
/// # Errors
/// [`Error::Convert`] if it is neither.
#[doc(hidden)]
pub fn variant_of(data: &Value, of: &str) -> Result<Arc<str>, Error> {
    let wanted = || format!("the name of a variant of {of}");
    match data {
        Value::Text(name) => Ok(name.clone()),
        Value::Tuple(items) | Value::List(items) => match items.first() {
            Some(Value::Text(name)) => Ok(name.clone()),
            other => Err(Error::convert(wanted(), other.map_or("nothing", Value::kind))),
        },
        other => Err(Error::convert(wanted(), other.kind())),
    }
}

/// The error for data that is not what was wanted.
#[doc(hidden)]
pub fn misfit(wanted: &str, found: &str) -> Error {
    Error::convert(wanted, found)
}

/// A declared error as it crosses: its type, its message, its sources, and its data, of which the same type is made
/// again.
#[track_caller]
pub fn raised_of<T: ValueType + std::error::Error>(error: T) -> Error {
    let mut raised = Raised { frames: Vec::new(), ..Raised::from_std(&error) };
    raised.type_name = T::NAME.into();
    raised.arguments = match error.into_data() {
        Ok(data) => vec![data],
        Err(misfit) => {
            raised.notes.push(format!("its fields cannot be told: {misfit}").into());
            Vec::new()
        }
    };
    Error::Raised(Arc::new(raised.at(Location::caller(), "")))
}

/// The declared error that crossed as this; the error itself if it is another.
pub fn read_raised<T: ValueType>(error: Error) -> Result<T, Error> {
    if let Some(raised) = error.raised()
        && *raised.type_name == *T::NAME
        && let [data] = &*raised.arguments
        && let Ok(made) = T::from_data(data.clone())
    {
        return Ok(made);
    }
    Err(error)
}
