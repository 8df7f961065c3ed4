//! Items that come one by one: credit on both sides.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::error::Error;
use crate::host::ValueStream;
use crate::limits::{CREDIT_BYTES, CREDIT_ITEMS};
use crate::session::Session;
use crate::session::end::Violation;
use crate::session::event::Event;
use crate::session::outbox::{Body, Message};
use crate::session::parcel::{Arrival, Parcel};
use crate::session::returned::{Returned, Settled};
use crate::session::serve::State;
use crate::session::trash::Trash;
use crate::table::Id;
use crate::wire::message::{Credit, ReturnHeader};
use crate::wire::payload::items_head;

/// A stream that we read.
pub(crate) struct StreamIn {
    chunks: VecDeque<Chunk>,
    /// Credit that the peer has left. Bytes may be overdrawn by one item.
    bytes_left: i64,
    items_left: i64,
}

/// Items of one RETURN, not decoded yet.
#[derive(Debug)]
pub struct Chunk {
    pub(crate) arrival: Arrival,
    /// Bytes of its payload: what it cost of the credit.
    pub bytes: u64,
    /// How many items it has.
    pub items: u64,
}

/// A stream that we serve.
pub(crate) struct StreamOut {
    /// Absent while somebody steps it.
    pub(crate) source: Option<Box<dyn ValueStream>>,
    /// Attributes to bring along for each item.
    prefetch: Arc<[Arc<str>]>,
    bytes_left: i64,
    items_left: i64,
    /// It was told to go on while somebody stepped it.
    again: bool,
    /// It said that it has nothing yet.
    waits: bool,
    /// Credit has asked for it to be stepped, and nobody has come yet: a frame full of credit asks once.
    asked: bool,
}

/// The source of a stream while somebody steps it.
pub(crate) struct Source {
    pub(crate) source: Box<dyn ValueStream>,
    pub(crate) bytes_left: i64,
    pub(crate) items_left: i64,
    pub(crate) prefetch: Arc<[Arc<str>]>,
}

impl StreamIn {
    pub(crate) fn new(credit: Option<(u64, u64)>) -> Self {
        let (bytes, items) = credit.unwrap_or((CREDIT_BYTES, CREDIT_ITEMS));
        Self { chunks: VecDeque::new(), bytes_left: signed(bytes), items_left: signed(items) }
    }

    pub(crate) fn into_trash(self) -> impl Iterator<Item = Trash> {
        self.chunks.into_iter().map(|chunk| Trash::Values(chunk.arrival.slots))
    }
}

impl StreamOut {
    fn new(source: Box<dyn ValueStream>, (bytes, items): (u64, u64), prefetch: Vec<Arc<str>>) -> Self {
        let (bytes_left, items_left) = (signed(bytes), signed(items));
        let prefetch = prefetch.into();
        Self { source: Some(source), prefetch, bytes_left, items_left, again: false, waits: false, asked: false }
    }
}

fn signed(credit: u64) -> i64 {
    i64::try_from(credit).unwrap_or(i64::MAX)
}

/// What the reader of a stream finds.
#[derive(Debug)]
pub(crate) enum NextChunk {
    /// Items.
    Chunk(Chunk),
    /// Nothing more will come; how it ended.
    Over(Settled),
    /// Nothing yet.
    Pending,
}

impl Session {
    pub(crate) fn handle_items(&mut self, number: u64, arrival: Arrival, more: bool) -> Result<(), Violation> {
        let Some(question) = self.questions.get_mut(&number) else { return Ok(()) };
        let Some(stream) = &mut question.stream else {
            return Err(Violation::new("items of a call that asked for none"));
        };
        let Ok(items) = items_head(arrival.payload()) else {
            return Err(Violation::new("items that cannot be counted"));
        };
        let bytes = arrival.payload().len() as u64;
        if items > 0 && (stream.bytes_left <= 0 || stream.items_left < signed(items)) {
            return Err(Violation::new("items beyond the credit of their call"));
        }
        stream.bytes_left -= signed(bytes);
        stream.items_left -= signed(items);
        if question.settled.is_some() {
            self.discard_arrival(arrival);
        } else if items > 0 {
            stream.chunks.push_back(Chunk { arrival, bytes, items });
            self.events.push_back(Event::Settled(Id::ours(number)));
        }
        if !more {
            self.finish_question(number, Returned::nothing());
        }
        Ok(())
    }

    /// The next items of a stream of ours, or how it ended.
    pub(crate) fn next_chunk(&mut self, id: Id) -> NextChunk {
        let Some(question) = self.questions.get_mut(&id.number()) else {
            return NextChunk::Over(Err(Error::Stopped));
        };
        if let Some(chunk) = question.stream.as_mut().and_then(|stream| stream.chunks.pop_front()) {
            return NextChunk::Chunk(chunk);
        }
        question.settled.clone().map_or(NextChunk::Pending, NextChunk::Over)
    }

    /// Whether a stream of ours has items, or has ended.
    pub(crate) fn has_news(&self, id: Id) -> bool {
        self.questions.get(&id.number()).is_none_or(|question| {
            question.settled.is_some() || question.stream.as_ref().is_some_and(|stream| !stream.chunks.is_empty())
        })
    }

    /// Gives the peer more credit for a stream of ours, if it still needs any.
    pub fn grant_credit(&mut self, id: Id, bytes: u64, items: u64) {
        let Some(question) = self.questions.get_mut(&id.number()) else { return };
        let Some(stream) = question.stream.as_mut().filter(|_| question.settled.is_none()) else { return };
        stream.bytes_left = stream.bytes_left.saturating_add(signed(bytes));
        stream.items_left = stream.items_left.saturating_add(signed(items));
        let credit = Credit { id: id.number(), bytes, items };
        self.outbox.push(Message::new(Body::Credit(credit), Parcel::default()).owed());
    }

    /// Credit that the peer has left for a stream of ours: bytes, items.
    pub(crate) fn credit_left(&self, id: Id) -> (i64, i64) {
        let stream = self.questions.get(&id.number()).and_then(|question| question.stream.as_ref());
        stream.map_or((0, 0), |stream| (stream.bytes_left, stream.items_left))
    }

    /// Ends our reading of a stream; it is stopped over there if it had more to give.
    pub fn close_stream(&mut self, id: Id) {
        if let Some(question) = self.questions.get_mut(&id.number()) {
            question.awaited = false;
        }
        self.stop_question(id);
        self.forget_question(id.number());
    }

    pub(crate) fn handle_credit(&mut self, credit: Credit) -> Result<(), Violation> {
        if credit.id == 0 || credit.id > self.their_number_max {
            return Err(Violation::new("CREDIT for a call that was never made"));
        }
        let Some(answer) = self.answers.get_mut(&credit.id) else { return Ok(()) };
        let Some(stream) = &mut answer.stream else {
            // The stream is not open yet: it opens with that much more.
            let (bytes, items) = answer.credit;
            answer.credit = (bytes.saturating_add(credit.bytes), items.saturating_add(credit.items));
            return Ok(());
        };
        stream.bytes_left = stream.bytes_left.saturating_add(signed(credit.bytes));
        stream.items_left = stream.items_left.saturating_add(signed(credit.items));
        stream.again = true;
        if stream.source.is_some() && !stream.waits && !std::mem::replace(&mut stream.asked, true) {
            self.events.push_back(Event::Pull(Id::theirs(credit.id)));
        }
        Ok(())
    }

    /// Opens the stream that a call of the peer's is answered by; later calls of its lane may start.
    pub fn open_stream(&mut self, answer: Id, source: Box<dyn ValueStream>, prefetch: Vec<Arc<str>>) {
        self.suspend(answer);
        let entry = self.answers.get_mut(&answer.number());
        match entry.filter(|answer| matches!(answer.state, State::Running)) {
            Some(entry) if entry.stop.is_set() => {
                // The stop came before there was a stream to end.
                self.trash.push(Trash::Stream(source));
                self.settle_internal(answer.number(), Error::Stopped);
            }
            Some(entry) => {
                entry.state = State::Streaming;
                entry.stream = Some(StreamOut::new(source, entry.credit, prefetch));
                self.events.push_back(Event::Pull(answer));
            }
            None => self.trash.push(Trash::Stream(source)),
        }
    }

    /// The source of a stream that has credit, to be stepped outside the session.
    pub(crate) fn take_source(&mut self, answer: Id) -> Option<Source> {
        let room = self.outbox.has_room(&self.config.limits);
        let stream = self.answers.get_mut(&answer.number())?.stream.as_mut()?;
        stream.asked = false;
        if stream.bytes_left <= 0 || stream.items_left <= 0 {
            return None;
        }
        if !room {
            self.stalled.insert(answer);
            return None;
        }
        // Only now: told to go on while somebody else steps it, it must not forget that.
        let source = stream.source.take()?;
        stream.again = false;
        stream.waits = false;
        let prefetch = stream.prefetch.clone();
        Some(Source { source, bytes_left: stream.bytes_left, items_left: stream.items_left, prefetch })
    }

    /// Gives a stepped source back, with the items that it gave; `waits` if it has nothing more yet.
    pub(crate) fn put_source(
        &mut self,
        answer: Id,
        source: Box<dyn ValueStream>,
        parcel: Parcel,
        items: u64,
        waits: bool,
    ) {
        let entry = self.answers.get_mut(&answer.number());
        let Some((group, stream)) = entry.and_then(|entry| Some((entry.group, entry.stream.as_mut()?))) else {
            self.trash.push(Trash::Stream(source));
            self.discard_refs(parcel.refs);
            return;
        };
        stream.bytes_left -= parcel.bytes.len() as i64;
        stream.items_left -= signed(items);
        stream.source = Some(source);
        stream.waits = waits && !stream.again;
        let goes_on = stream.bytes_left > 0 && stream.items_left > 0 && !stream.waits;
        if items > 0 {
            let flags = ReturnHeader::MORE | ReturnHeader::ITEMS;
            let header = ReturnHeader { id: answer.number(), flags };
            self.outbox.push(Message::new(Body::Return(header), parcel).in_group(group));
        }
        if goes_on {
            self.events.push_back(Event::Pull(answer));
        }
    }

    /// A stream that had said it has nothing yet has more to give.
    pub fn resume_stream(&mut self, answer: Id) {
        if let Some(stream) = self.answers.get_mut(&answer.number()).and_then(|answer| answer.stream.as_mut()) {
            stream.again = true;
            stream.waits = false;
            if stream.source.is_some() {
                self.events.push_back(Event::Pull(answer));
            }
        }
    }
}
