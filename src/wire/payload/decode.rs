//! Bytes to values, without recursion, believing no length and allocating no more than the bytes are worth.
//!
//! What decoding costs, in bytes of heap for each byte of input, counted by what is asked of the allocator. Each
//! element is announced before it comes, and the elements announced and the marks to come never exceed the bytes left,
//! so that exactly as much is reserved as is announced, once.
//!
//! | what | input | heap | a byte |
//! |---|---|---|---|
//! | element that holds nothing | 1 | 24: its place | 24 |
//! | container with items | 2 | 24, and 40: its shared cell | 32 |
//! | the same, marked | 3 | 64, and 24: its place in the table of marks | 29.4 |
//! | entry of a dict | 2 | 48 | 24 |
//! | named argument, name of one byte | 3 | 40, and 24: the name | 21.4 |
//! | text of one byte (an empty one is free but for its place) | 3 | 24, and 24 | 16 |
//! | integer beyond 64 bits | 10 | 24, 40, and 8 | 7.2 |
//! | value of a value type, name of one byte | 4 | 24, 64, and 24 | 28 |
//! | item and an attribute | 2 | 24 each | 24 |
//! | attribute that is an error | 9 | 24, 40, and 208: what was raised | 30.3 |
//! | cause of an error | 7 | 208 | 29.8 |
//!
//! What comes after the last announcement that the bytes left can pay for is texts and numbers only, at 8 a byte beyond
//! their places: 32 too.
//!
//! So it is at most 32 a byte and, whatever the input, the open containers (96 each, `value_depth_max` of them) and
//! what one error holds twice while it is made, which `error.rs` bounds: together less than 64 KiB.

use crate::error::Error;
use crate::host::Arguments;
use crate::limits::Limits;
use crate::value::Value;

use super::super::primitive::Malformed;
use super::decoder::Decoder;

/// Decodes the arguments of a call; `slots` are the values that its references stand for.
///
/// # Errors
/// [`Malformed`] says what is wrong, or which limit is passed.
pub fn decode_arguments(bytes: &[u8], slots: &[Value], limits: &Limits) -> Result<Arguments, Malformed> {
    let mut decoder = Decoder::new(bytes, slots, limits);
    let marks = decoder.reader.varint()?;
    let positional = decoder.reader.varint()?;
    let named = decoder.reader.varint()?;
    decoder.reserve_marks(marks)?;
    decoder.promise(positional)?;
    // A name takes a byte at least, and so does its value.
    decoder.promise(named.saturating_mul(2))?;
    let mut arguments =
        Arguments { positional: Vec::with_capacity(positional as usize), named: Vec::with_capacity(named as usize) };
    for _ in 0..positional {
        arguments.positional.push(decoder.value()?);
    }
    for _ in 0..named {
        decoder.keep_promise();
        let name = decoder.reader.text(limits.name_len_max as usize)?.into();
        arguments.named.push((name, decoder.value()?));
    }
    decoder.finish()?;
    Ok(arguments)
}

/// Decodes a result.
///
/// # Errors
/// As [`decode_arguments`].
pub fn decode_result(bytes: &[u8], slots: &[Value], limits: &Limits) -> Result<Value, Malformed> {
    let mut decoder = Decoder::new(bytes, slots, limits);
    let marks = decoder.reader.varint()?;
    decoder.reserve_marks(marks)?;
    decoder.promise(1)?;
    let value = decoder.value()?;
    decoder.finish()?;
    Ok(value)
}

/// Decodes an error.
///
/// # Errors
/// As [`decode_arguments`].
pub fn decode_error(bytes: &[u8], slots: &[Value], limits: &Limits) -> Result<Error, Malformed> {
    let mut decoder = Decoder::new(bytes, slots, limits);
    if decoder.reader.varint()? != 0 {
        return Err(decoder.reader.malformed("marks in an error"));
    }
    decoder.promise(1)?;
    let error = decoder.error()?;
    decoder.finish()?;
    Ok(error)
}
