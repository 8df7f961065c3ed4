//! Items of a remote container or iterator, as they come.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::context::CallContext;
use crate::drive::{Awaited, Hub, News};
use crate::error::Error;
use crate::host::{Operation, Outcome, Own, Request, Step, ValueStream};
use crate::hosts::whole_stream;
use crate::limits::{CREDIT_BYTES, CREDIT_ITEMS};
use crate::session::NextChunk;
use crate::table::Id;
use crate::value::{Ref, Value};
use crate::wire::payload::Attribute;

/// Items as they come. Dropping it says that no more are wanted.
pub struct ItemStream(Source);

enum Source {
    Here(Box<dyn ValueStream>, Vec<Arc<str>>),
    Remote(Remote),
}

struct Remote {
    hub: Arc<Hub>,
    id: Id,
    /// It has a deadline.
    in_time: bool,
    buffer: VecDeque<Fetched>,
    /// How far the peer may run ahead, in items.
    ahead: u64,
    /// Items and bytes used up and not granted again.
    used: (u64, u64),
    /// Items at the front of the buffer that were granted again as they came.
    prepaid: u64,
    over: bool,
    /// Where it is left that a task waits.
    news: Option<News>,
}

/// An item, and the attributes that were asked to come along.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Fetched {
    /// The item.
    pub item: Value,
    /// Its attributes, in the order asked for: absent for an item that is a copy, or no object of the peer's own.
    pub attributes: Vec<Option<Result<Value, Error>>>,
}

impl ItemStream {
    pub(crate) fn here(
        own: &Own,
        operation: Operation,
        path: &[Arc<str>],
        prefetch: Vec<Arc<str>>,
    ) -> Result<Self, Error> {
        let mut own = own.clone();
        for name in path {
            own = crate::drive::perform_here(&own, &[], Request::member(Operation::Get, name.clone()))?.to()?;
        }
        if operation == Operation::Whole {
            return own.host().whole().map(|contents| Self(Source::Here(whole_stream(contents), prefetch)));
        }
        match own.host().operate(Request::new(operation), &CallContext::local()) {
            Outcome::Stream(source) => Ok(Self(Source::Here(source, prefetch))),
            Outcome::Error(error) => Err(error),
            Outcome::Value(contents) => Ok(Self(Source::Here(whole_stream(contents), prefetch))),
            Outcome::Later => Err(Error::not_supported(&own.shape(), operation)),
        }
    }

    pub(crate) fn remote(hub: Arc<Hub>, id: Id, credit: Option<(u64, u64)>, ahead: u64) -> Self {
        let ahead = ahead.min(credit.map_or(CREDIT_ITEMS, |(_, items)| items)).max(1);
        let in_time = hub.with(|session| session.deadline_of(id)).is_some();
        Self(Source::Remote(Remote {
            hub,
            id,
            in_time,
            buffer: VecDeque::new(),
            ahead,
            used: (0, 0),
            prepaid: 0,
            over: false,
            news: None,
        }))
    }

    /// Whether the next item, or the end, is here, so that [`Self::next_fetched`] and `next` would not wait. If it is
    /// not, it is asked for.
    pub fn is_ready(&mut self) -> bool {
        match &mut self.0 {
            Source::Here(..) => true,
            Source::Remote(remote) => remote.is_ready(),
        }
    }

    /// The next item with the attributes that were asked to come along.
    pub fn next_fetched(&mut self) -> Option<Result<Fetched, Error>> {
        match &mut self.0 {
            Source::Remote(remote) => remote.next(),
            Source::Here(source, prefetch) => match source.next() {
                Step::Item(item) => {
                    let attributes = prefetch.iter().map(|name| attribute_here(&item, name)).collect();
                    Some(Ok(Fetched { item, attributes }))
                }
                Step::End => None,
                Step::Failed(error) => Some(Err(error)),
                Step::Later => Some(Err(Error::Misuse("a local stream that gives its items later".into()))),
            },
        }
    }
}

impl ItemStream {
    /// The next item with the attributes that were asked to come along, when it has come; for tasks.
    pub fn poll_fetched(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Fetched, Error>>> {
        if let Source::Remote(remote) = &mut self.0
            && !remote.is_ready()
        {
            ready!(remote.poll_ready(context));
        }
        Poll::Ready(self.next_fetched())
    }

    /// The next item, when it has come; for tasks.
    pub fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Value, Error>>> {
        self.poll_fetched(context).map(|fetched| fetched.map(|fetched| fetched.map(|fetched| fetched.item)))
    }

    /// The next item, or the end; for tasks. Nothing is lost if it is dropped before it is done.
    pub fn next_item(&mut self) -> impl Future<Output = Option<Result<Value, Error>>> {
        poll_fn(|context| self.poll_item(context))
    }
}

/// With the feature `futures-core`, for combinators: each item as [`ItemStream::next_item`] gives it.
#[cfg(feature = "futures-core")]
impl futures_core::Stream for ItemStream {
    type Item = Result<Value, Error>;

    fn poll_next(mut self: std::pin::Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_item(context)
    }
}

impl Iterator for ItemStream {
    type Item = Result<Value, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_fetched().map(|fetched| fetched.map(|fetched| fetched.item))
    }
}

impl Remote {
    fn is_ready(&mut self) -> bool {
        let ready = self.over || !self.buffer.is_empty() || self.hub.with(|session| session.has_news(self.id));
        if !ready {
            self.grant();
        }
        ready
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let id = self.id;
        let news = self.news.get_or_insert_with(|| News::of(&self.hub, id));
        ready!(news.poll(context, |session| session.has_news(id).then_some(())));
        Poll::Ready(())
    }

    fn next(&mut self) -> Option<Result<Fetched, Error>> {
        loop {
            if let Some(fetched) = self.buffer.pop_front() {
                match self.prepaid.checked_sub(1) {
                    Some(left) => self.prepaid = left,
                    None => self.used.0 += 1,
                }
                self.grant_ahead();
                return Some(Ok(fetched));
            }
            if self.over {
                return None;
            }
            if let Err(error) = self.refill() {
                // An interrupted wait can be begun again.
                self.over |= !matches!(error, Error::Interrupted);
                return Some(Err(error));
            }
        }
    }

    /// Gives back what was used while there are items left to read, so that the peer need not stop; half at a time.
    fn grant_ahead(&mut self) {
        if self.used.0 * 2 >= self.ahead && self.ahead > 1 {
            self.grant();
        }
    }

    fn grant(&mut self) {
        let (items, bytes) = std::mem::take(&mut self.used);
        if items > 0 || bytes > 0 {
            self.hub.with(|session| session.grant_credit(self.id, bytes, items));
            self.hub.kick();
        }
    }

    fn refill(&mut self) -> Result<(), Error> {
        let next = match self.hub.with(|session| session.next_chunk(self.id)) {
            NextChunk::Pending => {
                // All that came is used: the next item is wanted now.
                self.grant();
                let id = self.id;
                let hub = self.hub.clone();
                hub.driver().wait(&hub, Awaited::call(id, self.in_time), &mut |session| session.has_news(id))?;
                self.hub.with(|session| session.next_chunk(self.id))
            }
            next => next,
        };
        match next {
            NextChunk::Pending => Ok(()),
            NextChunk::Over(settled) => {
                self.over = true;
                let returned = settled?;
                if returned.is_error() { returned.value(self.hub.node().limits()).map(|_| ()) } else { Ok(()) }
            }
            NextChunk::Chunk(chunk) => {
                self.used.1 += chunk.bytes;
                let decoded = chunk.arrival.items(self.hub.node().limits())?;
                let per_item = decoded.attributes_per_item;
                let mut attributes = decoded.attributes.into_iter();
                self.buffer.extend(
                    decoded.items.into_iter().map(|item| Fetched {
                        item,
                        attributes: attributes.by_ref().take(per_item).map(unbox).collect(),
                    }),
                );
                self.keep_pace();
                Ok(())
            }
        }
    }

    /// A reader that wants all gives credit as it arrives.
    fn keep_pace(&mut self) {
        let (bytes, items) = self.hub.with(|session| session.credit_left(self.id));
        let wants_all = self.ahead >= CREDIT_ITEMS;
        if wants_all && (bytes < CREDIT_BYTES as i64 / 2 || items < CREDIT_ITEMS as i64 / 2) {
            let buffered = self.buffer.len() as u64;
            self.used.0 += buffered - self.prepaid;
            self.prepaid = buffered;
            self.grant();
        }
    }
}

/// An attribute of an element, as the peer's side would bring it along.
fn attribute_here(item: &Value, name: &Arc<str>) -> Option<Result<Value, Error>> {
    let Value::Ref(Ref::Own(own)) = item else { return None };
    Some(crate::drive::perform_here(own, &[], Request::member(Operation::Get, name.clone())))
}

fn unbox(attribute: Attribute) -> Option<Result<Value, Error>> {
    attribute.map(|result| result.map_err(|error| *error))
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.hub.with(|session| session.close_stream(self.id));
        self.hub.kick();
    }
}
