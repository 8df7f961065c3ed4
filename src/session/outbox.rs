//! What waits to leave: one bounded queue, with a reserve for what a reader owes.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::limits::{HOLD_BYTES, Limits};
use crate::session::parcel::{NO_ARGUMENTS, NO_RESULT, OutRef, Parcel, Settlement};
use crate::table::Id;
use crate::wire::message::{CallHeader, Credit, MessageKind, ReturnHeader};

/// A message on its way out.
#[derive(Debug)]
pub struct Message {
    pub(crate) body: Body,
    pub(crate) parcel: Parcel,
    /// The settled answer that a RETURN tells of; its parcel is sent.
    pub(crate) settlement: Option<Arc<Settlement>>,
    /// The batch that it is part of.
    pub(crate) batch: Option<u64>,
    /// The batch that a RETURN waits with.
    pub(crate) group: Option<u64>,
    /// It may use the reserve.
    owed: bool,
    /// Bytes of the queue's room that it takes while it is in there.
    weight: u64,
}

/// Bytes of a payload that count where the payload is the reader's own.
const OWED_LEN: usize = 64;

/// What a message says, before its payload.
#[derive(Debug)]
pub(crate) enum Body {
    Call(Box<CallHeader>),
    Return(ReturnHeader),
    Credit(Credit),
    Bye(Arc<str>),
}

impl Message {
    pub(crate) fn new(body: Body, parcel: Parcel) -> Self {
        Self { body, parcel, settlement: None, batch: None, group: None, owed: false, weight: 0 }
    }

    pub(crate) fn of_settlement(header: ReturnHeader, settlement: Arc<Settlement>) -> Self {
        let refs = settlement.parcel.refs.clone();
        let mut message = Self::new(Body::Return(header), Parcel { bytes: Vec::new(), refs });
        message.settlement = Some(settlement);
        message
    }

    pub(crate) fn in_batch(self, batch: Option<u64>) -> Self {
        Self { batch, ..self }
    }

    pub(crate) fn in_group(self, group: Option<u64>) -> Self {
        Self { group, ..self }
    }

    /// The message, let into the reserve.
    pub(crate) fn owed(self) -> Self {
        Self { owed: true, ..self }
    }

    pub(crate) fn kind(&self) -> MessageKind {
        match self.body {
            Body::Call(_) => MessageKind::Call,
            Body::Return(_) => MessageKind::Return,
            Body::Credit(_) => MessageKind::Credit,
            Body::Bye(_) => MessageKind::Bye,
        }
    }

    /// The payload's bytes.
    pub(crate) fn payload(&self) -> &[u8] {
        let bytes = self.settlement.as_ref().map_or(&self.parcel.bytes, |settlement| &settlement.parcel.bytes);
        match &self.body {
            Body::Call(_) if bytes.is_empty() => NO_ARGUMENTS,
            Body::Return(header) if bytes.is_empty() && header.flags == 0 => NO_RESULT,
            _ => bytes,
        }
    }

    /// Bytes that it holds in the queue, about.
    pub(crate) fn len(&self) -> usize {
        64 + self.payload().len() + self.parcel.refs.len() * 16
    }

    /// Bytes that it takes of the queue's room. What a reader owes is short, or shared with the answer whose failure it
    /// passes on.
    fn weight(&self) -> usize {
        let len = self.len();
        if self.owed { len - self.payload().len() + self.payload().len().min(OWED_LEN) } else { len }
    }

    /// The question that it calls on the answer of.
    fn targets(&self) -> Option<u64> {
        match &self.body {
            Body::Call(header) => Some(Id::from_bits(header.target)).filter(|id| id.is_ours()).map(Id::number),
            _ => None,
        }
    }

    /// The questions whose answers it calls on or names.
    pub(crate) fn answers(&self) -> impl Iterator<Item = u64> {
        let named = self.parcel.refs.iter().filter_map(|reference| match reference {
            OutRef::Answer(handle) => Some(handle.id().number()),
            _ => None,
        });
        self.targets().into_iter().chain(named)
    }

    /// Whether it calls on this question's answer, or names it.
    pub(crate) fn depends_on(&self, question: u64) -> bool {
        self.answers().any(|answer| answer == question)
    }
}

/// The queue of outgoing messages.
#[derive(Default)]
pub(crate) struct Outbox {
    pub(crate) preface_sent: bool,
    pub(crate) hello_sent: bool,
    pub(crate) bye_sent: bool,
    pub(crate) queue: VecDeque<Message>,
    bytes: u64,
    reserve_bytes: u64,
    /// Questions whose stop is to leave.
    pub(crate) stops: Vec<u64>,
    batches: Batches,
    /// Messages in the queue that are part of a batch.
    batched: usize,
    /// A frame is being taken in: whatever is queued meanwhile is owed by the reader, who cannot wait for room.
    pub(crate) reading: bool,
}

/// The batches that are open: one for each thread that has one.
#[derive(Default)]
struct Batches {
    open: Vec<OpenBatch>,
    begun: u64,
}

struct OpenBatch {
    number: u64,
    /// Bytes of its messages that wait.
    bytes: usize,
    /// They are to leave all the same.
    flush: bool,
}

impl Batches {
    fn find(&mut self, number: u64) -> Option<&mut OpenBatch> {
        self.open.iter_mut().find(|batch| batch.number == number)
    }
}

impl Outbox {
    pub(crate) fn push(&mut self, mut message: Message) {
        message.owed |= self.reading;
        message.weight = message.weight() as u64;
        self.count(&message, true);
        self.queue.push_back(message);
    }

    fn count(&mut self, message: &Message, added: bool) {
        let len = message.weight;
        let sum = if message.owed { &mut self.reserve_bytes } else { &mut self.bytes };
        *sum = if added { *sum + len } else { sum.saturating_sub(len) };
        let Some(number) = message.batch else { return };
        self.batched = if added { self.batched + 1 } else { self.batched.saturating_sub(1) };
        if let Some(batch) = self.batches.find(number) {
            batch.bytes = if added { batch.bytes + len as usize } else { batch.bytes.saturating_sub(len as usize) };
            batch.flush &= batch.bytes > 0;
        }
    }

    /// Takes the message at this place of the queue.
    #[inline]
    pub(crate) fn take(&mut self, place: usize) -> Option<Message> {
        let message = if place == 0 { self.queue.pop_front() } else { self.queue.remove(place) }?;
        self.count(&message, false);
        Some(message)
    }

    /// Takes a call that has not left.
    pub(crate) fn take_call(&mut self, number: u64) -> Option<Message> {
        let place =
            self.queue.iter().position(|message| matches!(&message.body, Body::Call(header) if header.id == number))?;
        self.take(place)
    }

    /// Whether a waiting message calls on this question's answer, or names it.
    pub(crate) fn is_targeted(&self, number: u64) -> bool {
        self.queue.iter().any(|message| message.depends_on(number))
    }

    /// The questions that waiting calls of a batch were made on, in order.
    pub(crate) fn batch_targets(&self) -> Vec<u64> {
        let mut targets = Vec::new();
        if self.batched == 0 {
            return targets;
        }
        for message in self.queue.iter().filter(|message| message.batch.is_some()) {
            targets.extend(message.targets());
        }
        targets.sort_unstable();
        targets
    }

    pub(crate) fn has_room(&self, limits: &Limits) -> bool {
        self.bytes < limits.queue_bytes_max
    }

    pub(crate) fn reserve_is_full(&self, limits: &Limits) -> bool {
        self.reserve_bytes > limits.reserve_bytes_max
    }

    /// Opens a batch; its number.
    pub(crate) fn begin_batch(&mut self) -> u64 {
        self.batches.begun += 1;
        self.batches.open.push(OpenBatch { number: self.batches.begun, bytes: 0, flush: false });
        self.batches.begun
    }

    pub(crate) fn end_batch(&mut self, number: u64) {
        self.batches.open.retain(|batch| batch.number != number);
    }

    /// Lets what a batch holds leave.
    pub(crate) fn flush_batch(&mut self, number: u64) {
        if let Some(batch) = self.batches.find(number) {
            batch.flush = batch.bytes > 0;
        }
    }

    /// Lets the batch that holds this call leave.
    pub(crate) fn flush_batch_of(&mut self, call: u64) {
        if self.batches.open.is_empty() {
            return;
        }
        let is_call = |message: &&Message| matches!(&message.body, Body::Call(header) if header.id == call);
        if let Some(batch) = self.queue.iter().find(is_call).and_then(|message| message.batch) {
            self.flush_batch(batch);
        }
    }

    /// Whether a message waits for the end of its batch.
    pub(crate) fn is_held(&self, message: &Message) -> bool {
        let open = message.batch.and_then(|number| self.batches.open.iter().find(|batch| batch.number == number));
        open.is_some_and(|batch| !batch.flush && batch.bytes < HOLD_BYTES)
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len() + self.stops.len()
    }

    /// Bytes that wait, those of the reserve among them.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes + self.reserve_bytes
    }

    /// Takes everything out: the session is over.
    pub(crate) fn clear(&mut self) -> Vec<Message> {
        (self.bytes, self.reserve_bytes, self.batched) = (0, 0, 0);
        self.batches.open.iter_mut().for_each(|batch| batch.bytes = 0);
        self.stops.clear();
        self.queue.drain(..).collect()
    }
}
