//! Items that come one by one, as methods give and take them.

use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::convert::{FromValue, IntoValue, TypeText};
use crate::error::Error;
use crate::host::Operation;
use crate::hosts::iterator;
use crate::limits::CREDIT_BYTES;
use crate::proxy::Proxy;
use crate::stream::ItemStream;
use crate::value::{Ref, Value};

/// Items of this type, one by one: what a method gives that has many, or too many to have them at once.
///
/// Where they are made, [`Items::new`] takes an iterator, which is stepped only as items are wanted. Where they are used
/// it is an iterator of results: one step is one call, unless [`Items::buffered`] lets the other side run ahead; a remote
/// container is copied whole. In a task use [`Items::next_item`]. Dropped early, the iterator over there is dropped too.
pub struct Items<T> {
    source: Source,
    /// Made and given on any thread.
    made_of: PhantomData<fn() -> T>,
}

enum Source {
    Here(Box<dyn Iterator<Item = Result<Value, Error>> + Send>),
    /// Not begun; how far it may run ahead.
    Waiting(Proxy, Option<u64>),
    /// Asked for by a task.
    Beginning(Pin<Box<dyn Future<Output = Result<ItemStream, Error>> + Send>>),
    Coming(ItemStream),
    Over,
}

impl<T> Items<T> {
    fn from_source(source: Source) -> Self {
        Self { source, made_of: PhantomData }
    }

    /// Lets the other side run ahead by this many items, so that a step seldom waits. Nothing changes for what has begun,
    /// is a container, or is of this side.
    #[must_use]
    pub fn buffered(mut self, items: u64) -> Self {
        if let Source::Waiting(proxy, _) = self.source {
            self.source = Source::Waiting(proxy, Some(items));
        }
        self
    }
}

impl<T: IntoValue + 'static> Items<T> {
    /// The items of an iterator.
    pub fn new<I>(items: I) -> Self
    where
        I: IntoIterator<Item = T>,
        I::IntoIter: Send + 'static,
    {
        Self::from_source(Source::Here(Box::new(items.into_iter().map(IntoValue::into_value))))
    }

    /// The items of an iterator that can fail: an error ends them for whoever uses them.
    pub fn of_results<I, E>(items: I) -> Self
    where
        I: IntoIterator<Item = Result<T, E>>,
        I::IntoIter: Send + 'static,
        E: Into<Error>,
    {
        let items = items.into_iter().map(|item| item.map_err(Into::into).and_then(IntoValue::into_value));
        Self::from_source(Source::Here(Box::new(items)))
    }
}

impl<T: FromValue> Items<T> {
    /// The next item, or the end; for tasks. Nothing is lost if it is dropped before it is done.
    pub fn next_item(&mut self) -> impl Future<Output = Option<Result<T, Error>>> {
        poll_fn(|context| self.poll_item(context))
    }

    /// The next item, when it has come; for tasks.
    pub fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
        if let Source::Waiting(proxy, ahead) = &self.source {
            self.source = Source::Beginning(Box::pin(begin_later(proxy.clone(), *ahead)));
        }
        if let Source::Beginning(beginning) = &mut self.source {
            match ready!(beginning.as_mut().poll(context)) {
                Ok(stream) => self.source = Source::Coming(stream),
                Err(error) => return Poll::Ready(Some(Err(self.fail(error)))),
            }
        }
        match &mut self.source {
            Source::Coming(stream) => stream.poll_item(context).map(|item| self.made(item)),
            _ => Poll::Ready(self.next()),
        }
    }
}

async fn begin_later(proxy: Proxy, ahead: Option<u64>) -> Result<ItemStream, Error> {
    match ahead {
        Some(items) if !proxy.is_container() => {
            let items = items.max(1);
            proxy.request(Operation::Iterate).credit(CREDIT_BYTES, items).stream_when_room(items).await
        }
        _ => proxy.iterate_later().await,
    }
}

fn begin(proxy: &Proxy, ahead: Option<u64>) -> Result<ItemStream, Error> {
    match ahead {
        Some(items) if !proxy.is_container() => proxy.buffered(items),
        _ => proxy.iterate(),
    }
}

impl<T> Items<T> {
    fn fail(&mut self, error: Error) -> Error {
        self.source = Source::Over;
        error
    }
}

impl<T: FromValue> Items<T> {
    fn made(&mut self, item: Option<Result<Value, Error>>) -> Option<Result<T, Error>> {
        if item.is_none() {
            self.source = Source::Over;
        }
        item.map(|item| item.and_then(T::from_value))
    }
}

impl<T: FromValue> Iterator for Items<T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Source::Waiting(proxy, ahead) = &self.source {
            match begin(proxy, *ahead) {
                Ok(stream) => self.source = Source::Coming(stream),
                Err(error) => return Some(Err(self.fail(error))),
            }
        }
        let item = match &mut self.source {
            Source::Here(items) => items.next(),
            Source::Coming(stream) => stream.next(),
            Source::Beginning(_) => {
                let text = "items that a task waits for are had by `next_item`";
                return Some(Err(Error::Misuse(text.into())));
            }
            Source::Waiting(..) | Source::Over => None,
        };
        self.made(item)
    }
}

impl<T> IntoValue for Items<T> {
    /// A reference to the iterator.
    fn into_value(self) -> Result<Value, Error> {
        match self.source {
            Source::Here(items) => Ok(iterator(items).into()),
            Source::Waiting(proxy, _) => Ok(proxy.into()),
            Source::Beginning(_) => Err(Error::Misuse("items that a task waits for cannot be passed on".into())),
            Source::Coming(stream) => Ok(iterator(stream).into()),
            Source::Over => Ok(iterator(std::iter::empty()).into()),
        }
    }

    fn type_text() -> TypeText {
        "iterator".into()
    }
}

impl<T> FromValue for Items<T> {
    fn from_value(value: Value) -> Result<Self, Error> {
        let source = match value {
            Value::Ref(reference @ (Ref::Own(_) | Ref::Remote(_))) => Source::Waiting(Proxy::from(reference), None),
            Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::FrozenSet(items) => {
                let items: Vec<Value> = items.to_vec();
                Source::Here(Box::new(items.into_iter().map(Ok)))
            }
            other => return Err(Error::convert("an iterator or a container", other.kind())),
        };
        Ok(Self::from_source(source))
    }

    fn type_text() -> TypeText {
        "iterator".into()
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.source {
            Source::Here(_) => "here",
            Source::Waiting(..) | Source::Beginning(_) => "not begun",
            Source::Coming(_) => "coming",
            Source::Over => "over",
        };
        write!(f, "Items({state})")
    }
}

/// With the feature `futures-core`, for combinators: each item as [`Items::next_item`] gives it.
#[cfg(feature = "futures-core")]
impl<T: FromValue> futures_core::Stream for Items<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_item(context)
    }
}
