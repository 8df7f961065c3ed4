//! What arrives: a frame is taken apart, booked, and its messages take effect in order.

use std::collections::HashSet;
use std::sync::Arc;

use crate::clock::Time;
use crate::session::Session;
use crate::session::end::{EndReason, Violation};
use crate::session::event::Event;
use crate::session::parcel::{Arrival, Terms};
use crate::session::transfer::AnswerSlots;
use crate::table::Id;
use crate::value::{Ref, Value};
use crate::wire::frame::{Body, Frame, RawMessage, Reference, Release};
use crate::wire::message::{Bye, Credit, Hello, MessageKind, ReturnHeader, decode_record};
use crate::wire::preface::{LinkWish, MAJOR, Preface};
use crate::wire::shape::ShapeRecord;

/// A message's references, booked: handles are held from here on.
#[derive(Default)]
pub(crate) struct Booked {
    /// What each stands for; nothing where it is an answer, or stale.
    pub(crate) slots: Vec<Value>,
    /// Those that are answers.
    pub(crate) answers: AnswerSlots,
    /// One of them does not stand any more.
    pub(crate) stale: bool,
}

impl Session {
    /// Takes in what arrived at this time: the preface first, then frames.
    ///
    /// Nothing a peer sends makes this fail: what breaks the protocol ends the session.
    pub fn handle_frame(&mut self, now: Time, bytes: &[u8]) {
        self.handle_time(now);
        if self.ended.is_some() {
            return;
        }
        if !self.preface_seen {
            return self.handle_preface(bytes);
        }
        self.stats.frames_received += 1;
        self.stats.bytes_received += bytes.len() as u64;
        self.outbox.reading = true;
        if let Err(Violation(text)) = self.handle_session_frame(bytes).and_then(|()| self.check_reserve()) {
            self.violate(&text);
        }
        if !self.stops_due.is_empty() {
            self.run_stops();
        }
        self.outbox.reading = false;
    }

    fn check_reserve(&self) -> Result<(), Violation> {
        match self.outbox.reserve_is_full(&self.config.limits) {
            true => Err(Violation::new("the peer does not read, and goes on asking")),
            false => Ok(()),
        }
    }

    fn handle_preface(&mut self, bytes: &[u8]) {
        self.preface_seen = true;
        let incompatible = |text: String| EndReason::Incompatible(text.into());
        match Preface::decode(bytes) {
            Err(_) => {
                let start = bytes.get(..bytes.len().min(16)).unwrap_or_default().escape_ascii();
                let text = format!("the other side does not speak this protocol: it began with \"{start}\"");
                self.end(incompatible(text), None);
            }
            Ok(preface) if preface.major != MAJOR => {
                let text = format!("the other side speaks version {} of the protocol, this one {MAJOR}", preface.major);
                self.end(incompatible(text.clone()), Some(text.into()));
            }
            Ok(preface) if preface.link == LinkWish::Required => {
                let text = "the other side requires a link layer, and this one has none";
                self.end(incompatible(text.into()), Some(text.into()));
            }
            Ok(preface) if !preface.token.is_empty() => {
                let text = "the other side wants to resume a session, and this one has none";
                self.end(incompatible(text.into()), Some(text.into()));
            }
            Ok(_) => {}
        }
    }

    fn handle_session_frame(&mut self, bytes: &[u8]) -> Result<(), Violation> {
        let frame = Frame::decode(bytes, &self.config.limits)?;
        match frame {
            Frame::Part(part) => {
                if !self.greeted {
                    return Err(Violation::new("a message in parts before HELLO"));
                }
                if part.first.is_some() {
                    self.frames_booked += 1;
                }
                self.handle_part(part)
            }
            Frame::Session { batch, shapes, references, messages, releases } => {
                self.frames_booked += 1;
                if !self.greeted && messages.first().map(|message| message.kind) != Some(MessageKind::Hello) {
                    return Err(Violation::new("a first frame without HELLO"));
                }
                if !shapes.is_empty() {
                    self.book_shapes(shapes)?;
                }
                let mut booked = self.book_all(&references, &messages)?.into_iter();
                let group = batch.then(|| self.open_group());
                for message in messages {
                    let body = Body::from_slice(message.body);
                    self.handle_message(message.kind, body, booked.next().unwrap_or_default(), group)?;
                    if self.ended.is_some() {
                        return Ok(());
                    }
                    self.check_reserve()?;
                }
                if let Some(group) = group {
                    self.close_group(group);
                }
                if releases.is_empty() { Ok(()) } else { self.handle_releases(releases) }
            }
        }
    }

    fn handle_releases(&mut self, releases: Vec<Release>) -> Result<(), Violation> {
        releases.into_iter().try_for_each(|release| self.handle_release(release))
    }

    /// Books the references of all messages, if there are any, before any message takes effect.
    fn book_all(&mut self, references: &[Reference], messages: &[RawMessage<'_>]) -> Result<Vec<Booked>, Violation> {
        if references.is_empty() {
            return Ok(Vec::new());
        }
        let mut rest = references;
        let mut all = Vec::with_capacity(messages.len());
        for message in messages {
            let (own, others) = rest.split_at_checked(message.refs).unwrap_or((rest, &[]));
            rest = others;
            all.push(self.book_references(own)?);
        }
        Ok(all)
    }

    pub(crate) fn book_shapes(&mut self, records: Vec<ShapeRecord>) -> Result<(), Violation> {
        let limits = self.config.limits.clone();
        for ShapeRecord { id, bases, len, mut shape, .. } in records {
            if self.types_in.charge(len) > limits.types_bytes_max {
                return Err(Violation::new("types described at too great a length"));
            }
            for base in bases {
                let described = match base.is_ours() {
                    true => self.types_out.shape(base.number()),
                    false => self.types_in.get(base.number()).map(|cell| cell.read().clone()),
                };
                let Some(base) = described.filter(|_| base != Id::theirs(id)) else {
                    return Err(Violation::new("a shape whose base was not described"));
                };
                shape = shape.base(base);
            }
            if shape.lineage().len() > limits.shape_lineage_max as usize {
                return Err(Violation::new("a shape with too many ancestors"));
            }
            // Described again and again, such types would hold each other's former descriptions in a chain without end.
            let former = self.types_in.get(id).map(|cell| cell.read().clone());
            if former.is_some_and(|former| shape.lineage().iter().any(|ancestor| ancestor.is_same_type(&former))) {
                return Err(Violation::new("a shape that is its own ancestor"));
            }
            if self.types_in.len() >= limits.shapes_max as usize && self.types_in.get(id).is_none() {
                return Err(Violation::new("too many types described"));
            }
            if !self.types_in.book(id, shape) {
                return Err(Violation::new("a shape out of order"));
            }
        }
        Ok(())
    }

    pub(crate) fn book_references(&mut self, references: &[Reference]) -> Result<Booked, Violation> {
        let mut booked = Booked { slots: Vec::with_capacity(references.len()), ..Booked::default() };
        for (place, reference) in references.iter().enumerate() {
            let slot = match *reference {
                Reference::Object { id, shape } => self.book_object(id, shape, None)?,
                Reference::Class { id, shape, described } => self.book_object(id, shape, Some(described))?,
                Reference::Home { id } => {
                    if id.number() >= self.next_number {
                        return Err(Violation::new("a reference to what was never offered"));
                    }
                    match self.exports.get(id.number()) {
                        Some(offer) => offer.home(),
                        None => {
                            self.strike()?;
                            booked.stale = true;
                            Value::None
                        }
                    }
                }
                Reference::Answer { id } => {
                    // Looked up later: the call may be in this very frame, before the message that names it.
                    booked.answers.push((place, id.number()));
                    Value::None
                }
            };
            booked.slots.push(slot);
        }
        Ok(booked)
    }

    fn book_object(&mut self, id: Id, shape: u64, described: Option<u64>) -> Result<Value, Violation> {
        let undescribed = || Violation::new("a reference to an object whose type was not described");
        let shape = self.types_in.get(shape).ok_or_else(undescribed)?;
        let described = match described {
            Some(described) => Some(self.types_in.get(described).ok_or_else(undescribed)?),
            None => None,
        };
        if self.answers.contains_key(&id.number()) {
            return Err(Violation::new("a reference under the id of a call"));
        }
        if self.imports.len() >= self.config.limits.imports_max as usize && !self.imports.contains(id.number()) {
            return Err(Violation::new("too many references"));
        }
        let Some(origin) = self.config.origin.upgrade() else {
            return Err(Violation::new("nobody is left to hold references"));
        };
        self.their_number_max = self.their_number_max.max(id.number());
        Ok(Value::Ref(Ref::Remote(self.imports.book(id.number(), &origin, shape, described))))
    }

    pub(crate) fn handle_message(
        &mut self,
        kind: MessageKind,
        body: Body,
        booked: Booked,
        group: Option<u64>,
    ) -> Result<(), Violation> {
        self.stats.messages_received += 1;
        // Whatever becomes of the message, an object of ours that came home with it is not dropped under the lock.
        if !booked.slots.is_empty() {
            let came_home = |slot: &&Value| match slot {
                Value::Ref(Ref::Own(_)) => true,
                Value::Ref(Ref::Remote(handle)) => handle.passed_on_as().is_some(),
                _ => false,
            };
            let held = booked.slots.iter().filter(came_home).cloned().collect();
            self.discard_values(held);
        }
        match kind {
            MessageKind::Call => self.handle_call(body, booked, group),
            MessageKind::Return => {
                let (header, start) = ReturnHeader::decode(&body)?;
                let held = header.flags & ReturnHeader::HELD != 0;
                if booked.stale || (!booked.answers.is_empty() && !held) {
                    return Err(Violation::new("a RETURN with a reference that does not stand"));
                }
                let arrival = Arrival { body, start, slots: booked.slots };
                self.handle_return(arrival, header, &booked.answers)
            }
            MessageKind::Credit | MessageKind::Hello | MessageKind::Bye if !booked.slots.is_empty() => {
                Err(Violation::new("references of a message that has none"))
            }
            MessageKind::Credit => {
                let (credit, end) = decode_record::<Credit>(&body)?;
                whole(&body, end)?;
                self.handle_credit(credit)
            }
            MessageKind::Hello => {
                let (hello, end) = decode_record::<Hello>(&body)?;
                whole(&body, end)?;
                self.handle_hello(hello)
            }
            MessageKind::Bye => {
                let (bye, end) = decode_record::<Bye<'_>>(&body)?;
                whole(&body, end)?;
                let text: String = bye.reason.chars().filter(|c| !c.is_control()).take(512).collect();
                self.end(EndReason::PeerClosed(format!("the peer closed the session: {text}").into()), None);
                Ok(())
            }
        }
    }

    /// Looks up the answers among a call's arguments, which may have come earlier in the same frame.
    pub(crate) fn check_answers(&mut self, mut booked: Booked) -> Result<Booked, Violation> {
        for (_, number) in &booked.answers {
            if *number == 0 || *number > self.their_number_max {
                return Err(Violation::new("an argument that is the answer to a call that was never made"));
            }
            if self.answers.get(number).is_none_or(|answer| answer.one_way) {
                self.strike()?;
                booked.stale = true;
            }
        }
        if booked.stale {
            booked.answers.clear();
        }
        Ok(booked)
    }

    fn handle_hello(&mut self, hello: Hello) -> Result<(), Violation> {
        if self.greeted {
            return Err(Violation::new("a second HELLO"));
        }
        let limits = &self.config.limits;
        if hello.value_types.len() > limits.value_types_max as usize {
            return Err(Violation::new("too many value types announced"));
        }
        let told = &hello.told;
        if told.frame_len_max < 1024
            || told.calls_max < 2
            || told.message_len_max < 1024
            || told.frame_refs_max == 0
            || told.frame_shapes_max == 0
        {
            return Err(Violation::new("limits that leave no room for any call"));
        }
        if hello.nonce == self.config.nonce {
            return Err(Violation::new("our own HELLO came back: the carrier leads to this very session"));
        }
        self.greeted = true;
        self.events.push_back(Event::Greeted);
        self.room_came = true;
        let value_types: HashSet<(Arc<str>, u32)> =
            hello.value_types.into_iter().map(|(name, version)| (name.into(), version)).collect();
        let runtime = hello.runtime.chars().filter(|c| !c.is_control()).take(64).collect::<String>().into();
        self.terms = Arc::new(Terms { told: hello.told, runtime, value_types });
        Ok(())
    }
}

fn whole(body: &[u8], end: usize) -> Result<(), Violation> {
    if body.len() == end { Ok(()) } else { Err(Violation::new("bytes left over in a message")) }
}
