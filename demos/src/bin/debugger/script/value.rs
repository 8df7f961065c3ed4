//! Values of a script: how they are shown, what is within them, and how they cross.

use std::fmt::Write as _;

use rhai::Dynamic;
use wherever::{Error, Value};

use crate::script::refused;

/// Characters of a value's text.
const TEXT_MAX: usize = 1_000;

/// One step into a value.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    Index(usize),
    Name(String),
}

impl Key {
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Index(index) => index.to_string(),
            Self::Name(name) => name.clone(),
        }
    }
}

/// How the script's language shows a value, as far as its text may be long.
pub(crate) fn text(value: &Dynamic) -> String {
    let mut shown = String::new();
    write_value(value, &mut shown);
    match shown.char_indices().nth(TEXT_MAX) {
        None => shown,
        Some(_) => shown.chars().take(TEXT_MAX - 3).chain("...".chars()).collect(),
    }
}

/// Writes until the text is too long: what nobody can see is not looked at.
fn write_value(value: &Dynamic, shown: &mut String) {
    if let Ok(array) = value.as_array_ref() {
        return write_all(array.iter(), "[", "]", shown, write_value);
    }
    if let Ok(map) = value.as_map_ref() {
        return write_all(map.iter(), "#{", "}", shown, |(name, item), shown| {
            let _ = write!(shown, "{name:?}: ");
            write_value(item, shown);
        });
    }
    if let Ok(blob) = value.as_blob_ref() {
        return write_all(blob.iter(), "blob[", "]", shown, |byte, shown| _ = write!(shown, "{byte}"));
    }
    if let Ok(string) = value.as_immutable_string_ref() {
        // What is beyond is cut off by the caller.
        _ = write!(shown, "{:?}", string.chars().take(TEXT_MAX + 1).collect::<String>());
        return;
    }
    _ = write!(shown, "{:?}", value.flatten_clone());
}

fn write_all<T>(
    items: impl Iterator<Item = T>,
    before: &str,
    after: &str,
    shown: &mut String,
    write: impl Fn(T, &mut String),
) {
    shown.push_str(before);
    for (at, item) in items.enumerate() {
        if shown.len() > 4 * TEXT_MAX {
            return;
        }
        if at > 0 {
            shown.push_str(", ");
        }
        write(item, shown);
    }
    shown.push_str(after);
}

/// How many values are in a value.
pub(crate) fn count(value: &Dynamic) -> usize {
    let array = value.as_array_ref().map(|array| array.len());
    array
        .or_else(|_| value.as_map_ref().map(|map| map.len()))
        .or_else(|_| value.as_blob_ref().map(|blob| blob.len()))
        .unwrap_or(0)
}

/// The ways to the values within a value, from the one at `start`, at most `count` of them.
pub(crate) fn keys(value: &Dynamic, start: usize, count: usize) -> Vec<Key> {
    if let Ok(map) = value.as_map_ref() {
        return map.keys().skip(start).take(count).map(|name| Key::Name(name.to_string())).collect();
    }
    let end = start.saturating_add(count).min(self::count(value));
    (start..end).map(Key::Index).collect()
}

/// What is at the end of a way into a value.
pub(crate) fn visit<R>(value: &Dynamic, path: &[Key], look: impl FnOnce(&Dynamic) -> R) -> Result<R, Error> {
    let Some((key, rest)) = path.split_first() else { return Ok(look(value)) };
    let gone = || refused(format!("there is no {:?} in it any more", key.shown()));
    match key {
        Key::Name(name) => {
            let map = value.as_map_ref().map_err(|_| gone())?;
            visit(map.get(name.as_str()).ok_or_else(gone)?, rest, look)
        }
        Key::Index(index) => {
            if let Ok(blob) = value.as_blob_ref() {
                let byte = blob.get(*index).copied().ok_or_else(gone)?;
                return visit(&Dynamic::from_int(byte.into()), rest, look);
            }
            let array = value.as_array_ref().map_err(|_| gone())?;
            visit(array.get(*index).ok_or_else(gone)?, rest, look)
        }
    }
}

/// Puts a value at the end of a way into another.
pub(crate) fn put(value: &mut Dynamic, path: &[Key], new: Dynamic) -> Result<(), Error> {
    let Some((key, rest)) = path.split_first() else {
        // A variable that closures share is theirs too.
        match value.is_shared() {
            true => *value.write_lock::<Dynamic>().ok_or_else(|| refused("the value is in use"))? = new,
            false => *value = new,
        }
        return Ok(());
    };
    let gone = || refused(format!("there is no {:?} in it any more", key.shown()));
    match key {
        Key::Name(name) => {
            let mut map = value.as_map_mut().map_err(|_| gone())?;
            put(map.get_mut(name.as_str()).ok_or_else(gone)?, rest, new)
        }
        Key::Index(index) => {
            if let Ok(mut blob) = value.as_blob_mut() {
                let byte = new.as_int().ok().and_then(|int| u8::try_from(int).ok());
                let byte = byte.ok_or_else(|| refused("in a blob there are integers from 0 to 255"))?;
                *blob.get_mut(*index).ok_or_else(gone)? = byte;
                return Ok(());
            }
            let mut array = value.as_array_mut().map_err(|_| gone())?;
            put(array.get_mut(*index).ok_or_else(gone)?, rest, new)
        }
    }
}

/// The value itself, if it is one that is copied.
pub(crate) fn copied(value: &Dynamic) -> Option<Value> {
    if value.as_array_ref().is_ok() || value.as_map_ref().is_ok() || value.as_blob_ref().is_ok() {
        return None;
    }
    let simple = value.flatten_clone();
    if simple.is_unit() {
        return Some(Value::None);
    }
    let number = simple.as_int().map(Value::Int).or_else(|_| simple.as_float().map(Value::Float));
    let number = number.or_else(|_| simple.as_bool().map(Value::Bool));
    let text = |_| simple.as_immutable_string_ref().map(|text| Value::text(text.as_str()));
    number.or_else(text).or_else(|_| simple.as_char().map(|one| Value::text(one.to_string()))).ok()
}

/// A value that a peer gives, as one of the script's.
pub(crate) fn given(value: &Value) -> Result<Dynamic, Error> {
    Ok(match value {
        Value::None => Dynamic::UNIT,
        Value::Bool(truth) => (*truth).into(),
        Value::Int(int) => (*int).into(),
        Value::Float(float) => (*float).into(),
        Value::Tuple(items) | Value::List(items) => {
            Dynamic::from_array(items.iter().map(given).collect::<Result<_, _>>()?)
        }
        other => match other.clone().to::<String>() {
            Ok(text) => text.into(),
            Err(_) => return Err(refused(format!("a script has no such value: {}", other.kind()))),
        },
    })
}

/// Whether a value has at most so many values in it, at all depths: how much a copy of it costs.
pub(crate) fn is_within(value: &Dynamic, budget: &mut usize) -> bool {
    let own = count(value) + 1;
    if own > *budget {
        return false;
    }
    *budget -= own;
    // A shared value is not copied with what shares it.
    if value.is_shared() || value.is_blob() {
        return true;
    }
    let array = value.as_array_ref().map(|array| array.iter().all(|item| is_within(item, budget)));
    array.or_else(|_| value.as_map_ref().map(|map| map.values().all(|item| is_within(item, budget)))).unwrap_or(true)
}
