//! Messages too long for one frame: in parts, with other frames in between.

use std::collections::{HashMap, VecDeque};

use smallvec::SmallVec;

use crate::host::Operation;
use crate::session::Session;
use crate::session::end::Violation;
use crate::session::outbox::{self, Message};
use crate::session::parcel::OutRef;
use crate::session::receive::Booked;
use crate::table::Id;
use crate::value::Value;
use crate::wire::frame::{Body, List, Part, encode_first_part, encode_next_part};
use crate::wire::message::MessageKind;

/// Messages on their way out in parts.
#[derive(Default)]
pub(crate) struct Outgoing {
    active: VecDeque<Transfer>,
    last_number: u64,
    /// Whether a part leaves next, where a frame could too.
    pub(crate) turn: bool,
}

struct Transfer {
    number: u64,
    kind: MessageKind,
    batch: bool,
    head: Option<(List, List)>,
    body: Vec<u8>,
    sent: usize,
    /// Pinned until the last part has left.
    refs: Vec<OutRef>,
    /// The call or answer that it is about, as its id here.
    about: Id,
    lane: Option<u64>,
    /// Questions whose answers it is a call on, or names.
    answers: Vec<u64>,
}

/// A part on its way out.
pub(crate) struct NextPart {
    pub(crate) frame: Vec<u8>,
    pub(crate) is_first: bool,
    /// What the message was about and what it named, if this is its last part.
    pub(crate) done: Option<(Id, Vec<OutRef>)>,
}

/// Messages of ours that may be on their way in parts at once.
const ACTIVE_MAX: usize = 4;

impl Outgoing {
    pub(crate) fn len(&self) -> usize {
        self.active.len()
    }

    pub(crate) fn has_room(&self) -> bool {
        self.active.len() < ACTIVE_MAX
    }

    /// Whether the CALL of this question has not left wholly, or one on its answer, or one that names it.
    pub(crate) fn carries_call(&self, question: u64) -> bool {
        let about = |transfer: &Transfer| transfer.about == Id::ours(question) || transfer.answers.contains(&question);
        self.active.iter().any(about)
    }

    /// Whether a message belongs behind one that has not left wholly.
    pub(crate) fn blocks(&self, message: &Message) -> bool {
        self.active.iter().any(|transfer| {
            let behind = match &message.body {
                // A fence proves what has arrived before it: every call that is on its way goes first.
                outbox::Body::Call(header) if header.operation == Operation::Fence as u8 => transfer.about.is_ours(),
                outbox::Body::Call(header) => transfer.lane == Some(header.lane),
                outbox::Body::Return(header) => transfer.about == Id::theirs(header.id),
                outbox::Body::Credit(credit) => transfer.about == Id::ours(credit.id),
                outbox::Body::Bye(_) => true,
            };
            behind || (transfer.about.is_ours() && message.depends_on(transfer.about.number()))
        })
    }

    /// Puts a message in front of all others that are on their way: its first part leaves next.
    pub(crate) fn begin(&mut self, message: &mut Message, head: (List, List), body: Vec<u8>) {
        self.last_number += 1;
        let (about, lane) = match &message.body {
            outbox::Body::Call(header) => (Id::ours(header.id), Some(header.lane)),
            outbox::Body::Return(header) => (Id::theirs(header.id), None),
            _ => (Id::OUR_NAMES, None),
        };
        let answers = message.answers().collect();
        self.active.push_front(Transfer {
            answers,
            number: self.last_number,
            kind: message.kind(),
            batch: message.batch.is_some(),
            head: Some(head),
            body,
            sent: 0,
            refs: std::mem::take(&mut message.parcel.refs),
            about,
            lane,
        });
    }

    /// The next part of the message whose turn it is; with what it named and was about, if that was the last.
    pub(crate) fn next_part(&mut self, len_max: usize) -> Option<NextPart> {
        let mut transfer = self.active.pop_front()?;
        let first = transfer.head.take();
        let is_first = first.is_some();
        let left = transfer.body.len() - transfer.sent;
        let mut frame = match first {
            Some((shapes, references)) => {
                let (number, batch) = (transfer.number, transfer.batch);
                let head = encode_first_part(number, (false, batch), &shapes, &references, transfer.kind);
                match head.len() + left <= len_max {
                    true => encode_first_part(number, (true, batch), &shapes, &references, transfer.kind),
                    false => head,
                }
            }
            None => {
                let head = encode_next_part(transfer.number, false);
                if head.len() + left <= len_max { encode_next_part(transfer.number, true) } else { head }
            }
        };
        let len = left.min(len_max.saturating_sub(frame.len()).max(1));
        frame.extend_from_slice(&transfer.body[transfer.sent..transfer.sent + len]);
        transfer.sent += len;
        let last = len == left;
        let done = if last {
            Some((transfer.about, transfer.refs))
        } else {
            self.active.push_back(transfer);
            None
        };
        Some(NextPart { frame, is_first, done })
    }

    pub(crate) fn clear(&mut self) -> Vec<OutRef> {
        self.active.drain(..).flat_map(|transfer| transfer.refs).collect()
    }
}

/// Messages that arrive in parts.
#[derive(Default)]
pub(crate) struct Incoming {
    active: HashMap<u64, Arriving>,
    last_number: u64,
    bytes: u64,
}

struct Arriving {
    kind: MessageKind,
    group: bool,
    booked: Booked,
    body: Vec<u8>,
}

impl Incoming {
    pub(crate) fn len(&self) -> usize {
        self.active.len()
    }

    /// Bytes held of messages that have not arrived wholly.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn clear(&mut self) -> Vec<Value> {
        self.bytes = 0;
        let slots = self.active.drain().flat_map(|(_, arriving)| arriving.booked.slots);
        slots.collect()
    }
}

impl Session {
    pub(crate) fn handle_part(&mut self, part: Part<'_>) -> Result<(), Violation> {
        let limits = self.config.limits.clone();
        if let Some(head) = part.first {
            if part.transfer <= self.incoming.last_number {
                return Err(Violation::new("a message in parts under a number used before"));
            }
            if self.incoming.len() >= limits.transfers_max as usize {
                return Err(Violation::new("too many messages in parts at once"));
            }
            if head.kind == MessageKind::Hello {
                return Err(Violation::new("a HELLO in parts"));
            }
            self.incoming.last_number = part.transfer;
            self.book_shapes(head.shapes)?;
            let booked = self.book_references(&head.references)?;
            let arriving = Arriving { kind: head.kind, group: head.batch, booked, body: Vec::new() };
            self.incoming.active.insert(part.transfer, arriving);
        }
        let Some(arriving) = self.incoming.active.get_mut(&part.transfer) else {
            return Err(Violation::new("a part of a message that was not begun"));
        };
        let len = arriving.body.len() + part.bytes.len();
        self.incoming.bytes += part.bytes.len() as u64;
        if len > limits.told.message_len_max as usize || self.incoming.bytes > limits.transfers_bytes_max {
            return Err(Violation::new("a message in parts that is too long"));
        }
        arriving.body.extend_from_slice(part.bytes);
        if !part.last {
            return Ok(());
        }
        let Some(arriving) = self.incoming.active.remove(&part.transfer) else { return Ok(()) };
        self.incoming.bytes -= arriving.body.len() as u64;
        let group = arriving.group.then(|| self.open_group());
        let done = self.handle_message(arriving.kind, Body::from_vec(arriving.body), arriving.booked, group);
        if let Some(group) = group {
            self.close_group(group);
        }
        done
    }
}

/// Where a booked argument is an answer: place, number of the answer.
pub(crate) type AnswerSlots = SmallVec<[(usize, u64); 1]>;
