//! The contents of containers as streams of items, and back.

use std::sync::Arc;

use crate::error::Error;
use crate::host::{Operation, Own, Step, ValueStream};
use crate::shape::Category;
use crate::value::{Entries, Items, Value};

/// Bytes of one item in the stream of a byte array's contents.
const PIECE_LEN: usize = 64 << 10;

/// A stream that gives these items.
pub fn stream(items: impl Iterator<Item = Value> + Send + 'static) -> Box<dyn ValueStream> {
    Box::new(Stepped(items))
}

struct Stepped<I>(I);

impl<I: Iterator<Item = Value> + Send> ValueStream for Stepped<I> {
    fn next(&mut self) -> Step {
        self.0.next().map_or(Step::End, Step::Item)
    }
}

/// The answer to [`crate::host::Operation::Whole`], made of what [`crate::host::Host::whole`] gave: first the code of
/// the container's category, then its elements; of a dict, tuples of key and value; of a byte array, pieces of bytes.
pub fn whole_stream(contents: Value) -> Box<dyn ValueStream> {
    let code = |category: Category| std::iter::once(Value::Int(category.code().into()));
    match contents {
        Value::List(items) => stream(code(Category::List).chain(each(items))),
        Value::Set(items) => stream(code(Category::Set).chain(each(items))),
        Value::Dict(entries) => {
            let pairs = (0..entries.len()).map_while(move |at| {
                let (key, value) = entries.get(at)?;
                Some(Value::tuple([key.clone(), value.clone()]))
            });
            stream(code(Category::Dict).chain(pairs))
        }
        Value::ByteArray(bytes) => {
            let pieces = (0..bytes.len())
                .step_by(PIECE_LEN)
                .map_while(move |start| bytes[start..].chunks(PIECE_LEN).next().map(Value::bytes));
            stream(code(Category::ByteArray).chain(pieces))
        }
        other => Box::new(Failing(Some(no_contents(&other)))),
    }
}

/// The contents of a container of this side, of whichever runtime; `None` if it is none, or gives no peer its whole:
/// what a peer cannot read itself is not read on its behalf.
pub(super) fn contents_of(own: &Own) -> Result<Option<Value>, Error> {
    let shape = own.shape();
    if !shape.category().is_container() || !shape.all_operations().contains(Operation::Whole) {
        return Ok(None);
    }
    match own.host().whole()? {
        contents @ (Value::List(_) | Value::Dict(_) | Value::Set(_) | Value::ByteArray(_)) => Ok(Some(contents)),
        other => Err(no_contents(&other)),
    }
}

fn no_contents(value: &Value) -> Error {
    Error::Misuse(format!("`Host::whole` gave {}, not contents", value.kind()).into())
}

fn each(items: Items) -> impl Iterator<Item = Value> + Send {
    (0..items.len()).map_while(move |at| items.get(at).cloned())
}

struct Failing(Option<Error>);

impl ValueStream for Failing {
    fn next(&mut self) -> Step {
        self.0.take().map_or(Step::End, Step::Failed)
    }
}

/// The contents that a stream made by [`whole_stream`] told, from all its items.
pub fn contents_from_items(items: Vec<Value>) -> Result<Value, Error> {
    let mut items = items.into_iter();
    let category = match items.next() {
        Some(Value::Int(code)) => u8::try_from(code).ok().and_then(Category::from_code),
        _ => None,
    };
    match category {
        Some(Category::List) => Ok(Value::List(items.collect())),
        Some(Category::Set) => Ok(Value::Set(items.collect())),
        Some(Category::Dict) => {
            let entries: Result<Entries, Error> = items.map(pair).collect();
            Ok(Value::Dict(entries?))
        }
        Some(Category::ByteArray) => {
            let mut all = Vec::new();
            for item in items {
                match item {
                    Value::Bytes(piece) => all.extend_from_slice(&piece),
                    other => return Err(misfit("a piece of a byte array", &other)),
                }
            }
            Ok(Value::ByteArray(Arc::from(all)))
        }
        _ => Err(Error::Protocol("the peer's contents of a container do not begin with a container's category".into())),
    }
}

fn pair(item: Value) -> Result<(Value, Value), Error> {
    if let Value::Tuple(pair) = &item
        && let [key, value] = &**pair
    {
        return Ok((key.clone(), value.clone()));
    }
    Err(misfit("an entry of a dict", &item))
}

fn misfit(wanted: &str, found: &Value) -> Error {
    Error::Protocol(format!("the peer sent {} as {wanted}", found.kind()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn drain(mut stream: Box<dyn ValueStream>) -> Vec<Value> {
        let mut items = Vec::new();
        loop {
            match stream.next() {
                Step::Item(item) => items.push(item),
                Step::End => return items,
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn contents_come_back_as_they_went() {
        let items = || Items::new([Value::Int(1), Value::text("a")]);
        let bytes: Vec<u8> = (0..200_000_u32).map(|number| number as u8).collect();
        for contents in [
            Value::List(items()),
            Value::List(Items::default()),
            Value::Set(items()),
            Value::Dict(Entries::new([(Value::Int(1), Value::None)])),
            Value::ByteArray(bytes.into()),
            Value::ByteArray(Arc::default()),
        ] {
            let items = drain(whole_stream(contents.clone()));
            assert_eq!(contents_from_items(items).unwrap(), contents);
        }
    }

    #[test]
    fn a_byte_array_goes_in_pieces() {
        let items = drain(whole_stream(Value::ByteArray(vec![0; PIECE_LEN + 1].into())));
        assert_eq!(items.len(), 3);
        assert_eq!(items[2], Value::bytes(*b"\0"));
    }

    #[test]
    fn what_is_no_contents_is_refused() {
        let code = |category: Category| Value::Int(category.code().into());
        for items in [
            vec![],
            vec![Value::None],
            vec![Value::Int(-1)],
            vec![code(Category::Instance)],
            vec![code(Category::Dict), Value::Int(1)],
            vec![code(Category::Dict), Value::tuple([Value::Int(1)])],
            vec![code(Category::ByteArray), Value::Int(1)],
        ] {
            assert!(matches!(contents_from_items(items), Err(Error::Protocol(_))));
        }
        assert!(matches!(whole_stream(Value::None).next(), Step::Failed(Error::Misuse(_))));
    }
}
