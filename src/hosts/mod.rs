//! Objects of the core's own making: the builtin containers, functions, iterators, and what the Rust builder makes.
//!
//! No lock is held here while an object is asked anything, compared or dropped: values are taken out first.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, reason = "a test that finds something else has failed"))]

mod arguments;
mod asynchronous;
mod bytearray;
mod called;
pub(crate) mod class;
mod compare;
mod container;
mod contents;
mod copy;
mod dict;
mod function;
mod iterator;
mod key;
mod list;
mod release;
mod set;
#[cfg(test)]
mod testing;
mod turn;
mod turned;
mod waiting;

pub(crate) use asynchronous::serve;
pub use bytearray::ByteArray;
pub use called::CodePlace;
pub use class::{Class, ClassBuilder, Instance};
pub use contents::{contents_from_items, stream, whole_stream};
pub use copy::copy_operand;
pub use dict::Dict;
pub use function::Function;
pub(crate) use iterator::iterator_of_stream;
pub use iterator::{IteratorHost, iterator};
pub use list::List;
pub use set::Set;
pub use turned::{Exclusive, Shared, Turned};
