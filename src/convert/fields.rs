//! Structs from dicts, by hand: one field after the other, with errors that name the field.

use crate::error::Error;
use crate::value::{Entries, Value};

use super::{FromValue, contents, unlike};

/// The fields of a struct that came as a dict with texts for keys.
#[derive(Clone, Debug)]
pub struct Fields {
    entries: Entries,
    taken: Vec<bool>,
}

/// Reads a value as a struct: a dict with texts for keys, copied or own.
///
/// # Errors
/// [`Error::Convert`] if it is no such dict.
pub fn fields(value: Value) -> Result<Fields, Error> {
    match contents::of(value, "dict")? {
        Value::Dict(entries) => {
            if let Some((key, _)) = entries.iter().find(|(key, _)| !matches!(key, Value::Text(_))) {
                return Err(unlike("texts for keys", key));
            }
            let taken = vec![false; entries.len()];
            Ok(Fields { entries, taken })
        }
        other => Err(unlike("dict", &other)),
    }
}

impl Fields {
    /// The field of this name.
    ///
    /// # Errors
    /// [`Error::Convert`] with the field's name, if it is missing or of another type.
    pub fn take<T: FromValue>(&mut self, name: &str) -> Result<T, Error> {
        match self.find(name) {
            Some(value) => T::from_value(value).map_err(|error| error.within(name)),
            None => Err(Error::convert("a field of this name", "nothing").within(name)),
        }
    }

    /// The field of this name, if it is there and not none.
    ///
    /// # Errors
    /// [`Error::Convert`] with the field's name, if it is of another type.
    pub fn optional<T: FromValue>(&mut self, name: &str) -> Result<Option<T>, Error> {
        let value = self.find(name).unwrap_or_default();
        Option::from_value(value).map_err(|error: Error| error.within(name))
    }

    /// The field of this name, if it is there.
    pub(crate) fn find_field<T: FromValue>(&mut self, name: &str) -> Result<Option<T>, Error> {
        self.find(name).map(|value| T::from_value(value).map_err(|error| error.within(name))).transpose()
    }

    fn find(&mut self, name: &str) -> Option<Value> {
        let mut fields = self.entries.iter().zip(&mut self.taken);
        let ((_, value), taken) = fields.find(|((key, _), _)| matches!(key, Value::Text(key) if &**key == name))?;
        *taken = true;
        Some(value.clone())
    }

    /// Refuses fields that were not taken.
    ///
    /// # Errors
    /// [`Error::Convert`] names the first.
    pub fn finish(self) -> Result<(), Error> {
        let mut fields = self.entries.iter().zip(&self.taken);
        match fields.find(|(_, taken)| !**taken) {
            Some(((Value::Text(name), value), _)) => {
                Err(Error::convert("no field of this name", value.kind()).within(name.clone()))
            }
            _ => Ok(()),
        }
    }
}
