//! What the builtin objects make of arguments.

use crate::error::Error;
use crate::host::Arguments;
use crate::hosts::contents::contents_of;
use crate::value::{Ref, Value};

/// The arguments of something that takes so many, by position.
#[track_caller]
pub(super) fn exact<const N: usize>(arguments: Arguments, what: &str) -> Result<[Value; N], Error> {
    let given = arguments.positional.len();
    match (<[Value; N]>::try_from(arguments.positional), arguments.named.is_empty()) {
        (Ok(values), true) => Ok(values),
        (Ok(_), false) => Err(type_error(format!("{what} takes no named arguments"))),
        (Err(_), _) => Err(type_error(format!("{what} takes {N} arguments, {given} were given"))),
    }
}

/// The arguments of something that takes one, and perhaps a second, by position.
#[track_caller]
pub(super) fn one_or_two(arguments: Arguments, what: &str) -> Result<(Value, Option<Value>), Error> {
    if !arguments.named.is_empty() {
        return Err(type_error(format!("{what} takes no named arguments")));
    }
    let given = arguments.positional.len();
    let mut positional = arguments.positional.into_iter();
    match (positional.next(), positional.next(), positional.next()) {
        (Some(first), second, None) => Ok((first, second)),
        _ => Err(type_error(format!("{what} takes 1 or 2 arguments, {given} were given"))),
    }
}

/// An error of type `wherever:type_error`.
#[track_caller]
pub(super) fn type_error(message: String) -> Error {
    Error::raise("wherever:type_error", message)
}

/// The place that an index means in a container of this length; a negative one counts from the end.
#[track_caller]
pub(super) fn place(index: &Value, len: usize) -> Result<usize, Error> {
    let Some(wanted) = number(index)? else {
        return Err(Error::raise(
            "wherever:index_error",
            format!("index {index:?} is out of range; the length is {len}"),
        ));
    };
    let place = match usize::try_from(wanted) {
        Ok(place) => Some(place),
        Err(_) => usize::try_from(wanted.unsigned_abs()).ok().and_then(|back| len.checked_sub(back)),
    };
    place.filter(|place| *place < len).ok_or_else(|| {
        Error::raise("wherever:index_error", format!("index {wanted} is out of range; the length is {len}"))
    })
}

/// The place before which an index inserts: never out of range.
#[track_caller]
pub(super) fn gap(index: &Value, len: usize) -> Result<usize, Error> {
    let Some(wanted) = number(index)? else {
        return Ok(len);
    };
    Ok(match usize::try_from(wanted) {
        Ok(place) => place.min(len),
        Err(_) => usize::try_from(wanted.unsigned_abs()).map_or(0, |back| len.saturating_sub(back)),
    })
}

/// The number of an index; `None` if it is too large for any container.
#[track_caller]
fn number(index: &Value) -> Result<Option<i64>, Error> {
    match index {
        Value::Int(number) => Ok(Some(*number)),
        Value::BigInt(_) => Ok(None),
        other => Err(type_error(format!("an index is an integer, not {}", other.kind()))),
    }
}

/// The items that a value is made of, where that can be told on this side.
#[track_caller]
pub(super) fn items_of(value: &Value) -> Result<Vec<Value>, Error> {
    match value {
        Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::FrozenSet(items) => Ok(items.to_vec()),
        Value::Dict(entries) => Ok(entries.iter().map(|(key, _)| key.clone()).collect()),
        Value::Bytes(bytes) | Value::ByteArray(bytes) => {
            Ok(bytes.iter().map(|byte| Value::Int((*byte).into())).collect())
        }
        Value::Ref(Ref::Own(own)) => match contents_of(own)? {
            Some(contents) => items_of(&contents),
            None => Err(no_items(value)),
        },
        other => Err(no_items(other)),
    }
}

#[track_caller]
fn no_items(value: &Value) -> Error {
    let hint = match value {
        Value::Ref(Ref::Remote(_)) => "; pass a tuple, or use an operator, which copies it",
        _ => "",
    };
    type_error(format!("the items of a {} are not to be had here{hint}", value.kind()))
}

/// Whether a peer may make a container this long; one small call could otherwise double it, time and again.
pub(super) fn may_grow(len: usize, len_max: usize) -> Result<(), Error> {
    if len <= len_max {
        return Ok(());
    }
    let text = format!("a container may not be grown beyond {len_max} elements by a peer");
    Err(Error::Overloaded(text.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_count_from_either_end() {
        for (index, found) in [(0, Some(0)), (2, Some(2)), (3, None), (-1, Some(2)), (-3, Some(0)), (-4, None)] {
            assert_eq!(place(&Value::Int(index), 3).ok(), found, "{index}");
        }
        for (index, found) in [(0, 0), (9, 3), (-1, 2), (-9, 0), (i64::MIN, 0), (i64::MAX, 3)] {
            assert_eq!(gap(&Value::Int(index), 3).unwrap(), found, "{index}");
        }
        let error = place(&Value::Int(i64::MIN), 3).unwrap_err().to_string();
        assert!(error.contains("-9223372036854775808") && error.contains("length is 3"), "{error}");
        assert!(place(&Value::from(1_i128 << 70), 3).is_err());
        assert!(place(&Value::text("1"), 3).unwrap_err().to_string().contains("integer"));
    }

    #[test]
    fn counts_of_arguments_are_told() {
        let error = exact::<2>(vec![Value::None].into(), "insert").unwrap_err();
        assert!(error.to_string().ends_with("insert takes 2 arguments, 1 were given"), "{error}");
        let named = Arguments { positional: vec![Value::None], named: vec![("x".into(), Value::None)] };
        assert!(exact::<1>(named.clone(), "append").is_err());
        assert!(one_or_two(named, "get").is_err());
        assert!(one_or_two(Arguments::default(), "get").is_err());
    }
}
