//! What leaves: the preface, then frames made of what waits, in order and within the peer's limits.

use std::borrow::Cow;

use crate::clock::Time;
use crate::error::Error;
use crate::session::Session;
use crate::session::commit::Tentative;
use crate::session::event::Event;
use crate::session::outbox::{Body, Message};
use crate::session::parcel::{MESSAGE_OVERHEAD, OutRef, Settlement};
use crate::session::transfer::NextPart;
use crate::table::Id;
use crate::wire::frame::{
    List, PLAIN_HEAD_LEN, begin_session, encode_headed, encode_message, encode_release, end_session,
};
use crate::wire::message::{Bye, CallHeader, Hello, MessageKind, ReturnHeader, encode_record};
use crate::wire::preface::Preface;

/// A frame under construction.
struct Assembly {
    shapes: List,
    references: List,
    /// Written where they stand in the frame.
    messages: List,
    releases: List,
    /// The batch that its calls are of, if of any; unknown until the first call.
    batch: Option<Option<u64>>,
    /// The questions that calls of batches were made on, in order.
    targets: Vec<u64>,
}

/// What a frame takes beside its entries, at most.
const FRAME_OVERHEAD: usize = 64;

/// What a release takes, at most.
const RELEASE_LEN_MAX: usize = 20;

impl Assembly {
    fn new(mut frame: Vec<u8>, targets: Vec<u64>) -> Self {
        begin_session(&mut frame);
        let (shapes, references, releases) = Default::default();
        let messages = List { count: 0, bytes: frame };
        Self { shapes, references, messages, releases, batch: None, targets }
    }

    fn len(&self) -> usize {
        let lists = [&self.shapes, &self.references, &self.messages, &self.releases];
        FRAME_OVERHEAD - PLAIN_HEAD_LEN + lists.iter().map(|list| list.bytes.len()).sum::<usize>()
    }

    fn is_empty(&self) -> bool {
        let lists = [&self.shapes, &self.references, &self.messages, &self.releases];
        lists.iter().all(|list| list.count == 0)
    }

    fn add_plan(&mut self, tentative: &Tentative) {
        for (list, more) in [(&mut self.shapes, &tentative.shapes), (&mut self.references, &tentative.references)] {
            list.count += more.count;
            list.bytes.extend_from_slice(&more.bytes);
        }
    }
}

/// What became of a message that was to go into a frame.
enum Fit {
    /// It is in.
    In,
    /// It cannot go with what is in already.
    Full,
    /// It leaves in parts.
    Parts,
    /// It can never leave; it was answered for.
    Failed,
}

impl Session {
    /// Opens a batch; its number. Calls made as part of it wait for its end, or for 32 KiB.
    pub fn begin_batch(&mut self) -> u64 {
        self.outbox.begin_batch()
    }

    /// Ends a batch: what it holds leaves now.
    pub fn end_batch(&mut self, batch: u64) {
        self.outbox.end_batch(batch);
    }

    /// Lets the calls that a batch holds leave: whoever makes it waits.
    pub fn flush_batch(&mut self, batch: u64) {
        self.outbox.flush_batch(batch);
    }

    /// The next unit to be sent at this time, if there is one: the preface first, then frames.
    ///
    /// What is in it counts as sent: a frame that the carrier does not take must end the session.
    pub fn poll_frame(&mut self, now: Time) -> Option<Vec<u8>> {
        self.poll_frame_in(now, Vec::new())
    }

    /// As [`Self::poll_frame`]; the unit may be made in the room of one that has left.
    pub(crate) fn poll_frame_in(&mut self, now: Time, room: Vec<u8>) -> Option<Vec<u8>> {
        self.handle_time(now);
        if self.outbox.bye_sent {
            return None;
        }
        if !self.outbox.preface_sent {
            self.outbox.preface_sent = true;
            return Some(Preface::default().encode());
        }
        let was_full = !self.has_queue_room();
        let frame = match self.outgoing.turn && self.outgoing.len() > 0 {
            true => self.next_part(),
            false => self.next_frame(room).or_else(|| self.next_part()),
        };
        if let Some(frame) = &frame {
            self.stats.frames_sent += 1;
            self.stats.bytes_sent += frame.len() as u64;
        }
        if self.has_queue_room() {
            self.room_came |= was_full;
            if !self.stalled.is_empty() {
                self.events.extend(std::mem::take(&mut self.stalled).into_iter().map(Event::Pull));
            }
        }
        frame
    }

    /// Whether something may be ready to leave.
    pub(crate) fn has_frames(&self) -> bool {
        if self.outbox.bye_sent {
            return false;
        }
        let waits = !self.outbox.queue.is_empty() || !self.outbox.preface_sent || self.outgoing.len() > 0;
        waits || self.releases_are_due()
    }

    pub(crate) fn frame_len_max(&self) -> usize {
        (self.terms.told.frame_len_max as usize).min(self.config.carrier_frame_len_max)
    }

    fn next_part(&mut self) -> Option<Vec<u8>> {
        self.outgoing.turn = false;
        let len_max = self.frame_len_max();
        let NextPart { frame, is_first, done } = self.outgoing.next_part(len_max)?;
        if is_first {
            self.frames_committed += 1;
        }
        if let Some((about, refs)) = done {
            self.message_left(about, refs);
        }
        Some(frame)
    }

    fn next_frame(&mut self, room: Vec<u8>) -> Option<Vec<u8>> {
        if self.outbox.queue.is_empty() && !self.releases_are_due() {
            return None;
        }
        let mut assembly = Assembly::new(room, self.outbox.batch_targets());
        let mut place = 0;
        while let Some(message) = self.outbox.queue.get(place) {
            let held = self.outbox.is_held(message) || self.group_holds(message.group);
            let bye_waits = message.kind() == MessageKind::Bye && (place > 0 || self.outgoing.len() > 0);
            if held || bye_waits || self.outgoing.blocks(message) {
                place += 1;
                continue;
            }
            match self.missing_answer(message) {
                None => {}
                Some(None) => {
                    place += 1;
                    continue;
                }
                Some(Some(error)) => {
                    self.cannot_leave(place, error);
                    continue;
                }
            }
            if !self.outbox.hello_sent {
                self.add_hello(&mut assembly);
            }
            match self.fit(place, &mut assembly) {
                Fit::In | Fit::Failed => {}
                Fit::Full => break,
                Fit::Parts => return self.next_part(),
            }
        }
        let releases_ride = !assembly.is_empty() || self.releases_are_due();
        if releases_ride && self.ended.is_none() {
            self.add_releases(&mut assembly);
        }
        (!assembly.is_empty()).then(|| self.finish_frame(assembly))
    }

    /// Whether a message names the answer to a call that has not left: one that a batch holds, or, with its error, one
    /// that never will. The peer would not know that answer.
    fn missing_answer(&self, message: &Message) -> Option<Option<Error>> {
        message.answers().find_map(|answer| {
            let question = self.questions.get(&answer).filter(|question| !question.sent)?;
            Some(match &question.settled {
                Some(Err(error)) if question.over => Some(error.clone()),
                _ => None,
            })
        })
    }

    fn finish_frame(&mut self, assembly: Assembly) -> Vec<u8> {
        self.frames_committed += 1;
        self.outgoing.turn = true;
        let Assembly { shapes, references, messages, releases, batch, .. } = assembly;
        end_session(batch.flatten().is_some(), &shapes, &references, messages, &releases)
    }

    fn add_hello(&mut self, assembly: &mut Assembly) {
        self.outbox.hello_sent = true;
        let value_types = self.config.value_types.iter().map(|(name, version)| (name.to_string(), *version));
        let hello = Hello {
            features: 0,
            nonce: self.config.nonce,
            told: self.config.limits.told.clone(),
            runtime: self.config.runtime.to_string(),
            value_types: value_types.collect(),
        };
        let mut body = Vec::new();
        encode_record(&hello, &mut body);
        assembly.messages.push(|out| encode_message(MessageKind::Hello, 0, &[&body], out));
        self.stats.messages_sent += 1;
    }

    fn add_releases(&mut self, assembly: &mut Assembly) {
        if self.let_go.is_empty() && self.outbox.stops.is_empty() && self.outbox.hello_sent {
            return;
        }
        if !self.outbox.hello_sent {
            self.add_hello(assembly);
        }
        let room = self.frame_len_max().saturating_sub(assembly.len());
        let releases = self.drain_releases(room / RELEASE_LEN_MAX);
        for release in releases {
            assembly.releases.push(|out| encode_release(&release, out));
        }
    }
}

impl Session {
    /// Puts the message at this place of the queue into the frame, if it can be.
    fn fit(&mut self, place: usize, assembly: &mut Assembly) -> Fit {
        let Some(message) = self.outbox.queue.get(place) else { return Fit::Full };
        let is_call = message.kind() == MessageKind::Call;
        if is_call && assembly.batch.is_some_and(|batch| batch != message.batch) {
            return Fit::Full;
        }
        let plan = match message.parcel.refs.is_empty() {
            true => None,
            false => match self.plan_for(place, assembly) {
                Ok(plan) => Some(plan),
                Err(fit) => return fit,
            },
        };
        let Some(message) = self.outbox.queue.get(place) else { return Fit::Full };
        let len_max = self.frame_len_max();
        let texts = header_texts(message);
        let len = assembly.len() + plan.as_ref().map_or(0, |plan| plan.len()) + message.len() + 256 + texts;
        // A transfer begins with nothing before it, so that its first part is the very next frame.
        if len > len_max && !(assembly.is_empty() && self.outgoing.has_room()) {
            return Fit::Full;
        }
        if message.payload().len() + MESSAGE_OVERHEAD + texts > self.terms.told.message_len_max as usize {
            return self.cannot_leave(place, Error::Overloaded("the message is longer than the peer takes".into()));
        }
        let Some(mut message) = self.outbox.take(place) else { return Fit::Full };
        if is_call {
            assembly.batch = Some(message.batch);
            self.prepare_call(&mut message, &assembly.targets);
        }
        if len > len_max {
            return self.begin_transfer(message, plan.map_or_else(Tentative::default, |plan| *plan));
        }
        let refs = plan.as_ref().map_or(0, |plan| plan.references.count as usize);
        if let Some(plan) = plan {
            assembly.add_plan(&plan);
            self.commit(*plan);
        }
        let head = |out: &mut Vec<u8>| encode_head(&message.body, out);
        assembly.messages.push(|out| encode_headed(message.kind(), refs, head, message.payload(), out));
        self.count_sent(&message);
        let about = about(&message.body);
        self.message_left(about, std::mem::take(&mut message.parcel.refs));
        if let Some(settlement) = message.settlement.take() {
            self.discard_settlement(settlement);
        }
        Fit::In
    }

    /// What the references of the message at this place add to the frame.
    fn plan_for(&mut self, place: usize, assembly: &mut Assembly) -> Result<Box<Tentative>, Fit> {
        let message = self.outbox.queue.get(place).ok_or(Fit::Full)?;
        let plan = match self.plan(&message.parcel.refs) {
            Ok(plan) => plan,
            Err(error) => return Err(self.cannot_leave(place, error)),
        };
        let len_max = self.frame_len_max();
        let told = &self.terms.told;
        let (refs_max, shapes_max) = (u64::from(told.frame_refs_max), u64::from(told.frame_shapes_max));
        if plan.references.bytes.len() + FRAME_OVERHEAD > len_max / 2 || plan.references.count > refs_max {
            let error = Error::Overloaded("too many references in one message".into());
            return Err(self.cannot_leave(place, error));
        }
        if assembly.shapes.count + plan.shapes.count > shapes_max || plan.shapes.bytes.len() > len_max / 4 {
            return Err(self.send_shapes_ahead(place, assembly, len_max));
        }
        match assembly.references.count + plan.references.count > refs_max {
            true => Err(Fit::Full),
            false => Ok(Box::new(plan)),
        }
    }

    fn begin_transfer(&mut self, mut message: Message, tentative: Tentative) -> Fit {
        let mut body = Vec::with_capacity(message.payload().len() + 64);
        encode_head(&message.body, &mut body);
        body.extend_from_slice(message.payload());
        let lists = (tentative.shapes.clone(), tentative.references.clone());
        self.commit(tentative);
        self.count_sent(&message);
        self.outgoing.begin(&mut message, lists, body);
        self.drop_message(message);
        Fit::Parts
    }

    pub(crate) fn drop_message(&mut self, message: Message) {
        self.discard_refs(message.parcel.refs);
        if let Some(settlement) = message.settlement {
            self.discard_settlement(settlement);
        }
    }

    /// Types that are too many to go with their message leave in a frame of their own, as many as fit.
    fn send_shapes_ahead(&mut self, place: usize, assembly: &mut Assembly, len_max: usize) -> Fit {
        if assembly.shapes.count > 0 || assembly.len() > len_max / 4 {
            return Fit::Full;
        }
        let refs = self.outbox.queue.get(place).map(|message| message.parcel.refs.clone()).unwrap_or_default();
        assembly.shapes = self.commit_shapes(&refs, len_max / 2);
        self.discard_refs(refs);
        Fit::Full
    }

    /// Gives up the RETURN of a batch's call that others of the batch were made on, and tells how much time is left.
    fn prepare_call(&mut self, message: &mut Message, targets: &[u64]) {
        let Body::Call(header) = &mut message.body else { return };
        let Some(question) = self.questions.get_mut(&header.id) else { return };
        if let Some(deadline) = question.deadline {
            let left = deadline.saturating_sub(self.now).as_micros();
            header.time_left = Some(u64::try_from(left).unwrap_or(u64::MAX));
        }
        let free = question.keep && !question.awaited && question.done.is_none() && question.stream.is_none();
        // Whoever set a deadline must learn that the call was done in time.
        let free = free && question.deadline.is_none();
        if message.batch.is_none() || !free || targets.binary_search(&header.id).is_err() {
            return;
        }
        header.flags |= CallHeader::NO_RETURN;
        question.no_return = true;
        let (lane, on, number) = (question.lane, question.on, header.id);
        if let Some(target) = on.and_then(|on| self.questions.get_mut(&on)) {
            let road = target.road(lane);
            road.out = road.out.saturating_sub(1);
            road.unproven = Some(number);
        }
    }

    fn count_sent(&mut self, message: &Message) {
        self.stats.messages_sent += 1;
        if let Body::Call(header) = &message.body {
            self.stats.calls_sent += 1;
            let number = header.id;
            let Some(question) = self.questions.get_mut(&number) else { return };
            question.sent = true;
            // Only now: a fence takes a number, and the numbers of what this message names were planned before.
            if question.counted && (question.one_way || question.no_return) {
                self.count_unreturned();
            }
            self.send_stop(number);
        }
        if matches!(message.body, Body::Bye(_)) {
            self.finish_end();
        }
    }

    /// The last byte of a message has left: what it named is pinned by its question, or let go.
    fn message_left(&mut self, about: Id, refs: Vec<OutRef>) {
        match self.questions.get_mut(&about.number()).filter(|_| about.is_ours()) {
            Some(question) if question.one_way || question.no_return => {
                if question.one_way {
                    self.question_over(about.number());
                } else {
                    let pins = std::mem::take(&mut question.pins);
                    self.discard_pins(pins);
                }
                self.discard_refs(refs);
            }
            Some(question) if !question.over => {
                if refs.is_empty() && question.pins.target.as_ref().is_none_or(|target| !target.is_promise()) {
                    return;
                }
                let is_answer = |reference: &OutRef| matches!(reference, OutRef::Answer(_));
                let (mut left, refs) = refs.into_iter().partition::<Vec<_>, _>(is_answer);
                let target = question.pins.target.take_if(|target| target.is_promise());
                left.extend(target.map(OutRef::Answer));
                question.pins.refs = refs;
                self.discard_refs(left);
            }
            _ => self.discard_refs(refs),
        }
    }

    /// A message that can never leave: its call fails, or its result becomes an error.
    fn cannot_leave(&mut self, place: usize, error: Error) -> Fit {
        let Some(message) = self.outbox.take(place) else { return Fit::Full };
        let Message { body, parcel, settlement, .. } = message;
        let settled = settlement.is_some();
        self.discard_refs(parcel.refs);
        if let Some(settlement) = settlement {
            self.discard_settlement(settlement);
        }
        self.answer_for(body, settled, error);
        Fit::Failed
    }

    fn answer_for(&mut self, body: Body, settled: bool, error: Error) {
        match body {
            Body::Call(header) => self.fail_unsent(header.id, error),
            Body::Return(header) if settled || header.flags & ReturnHeader::MORE == 0 => {
                let settlement = Settlement::internal(error, &self.config.limits);
                let header = ReturnHeader { id: header.id, flags: ReturnHeader::ERROR };
                self.outbox.push(Message::new(Body::Return(header), settlement.parcel).owed());
            }
            // Items that cannot leave end their stream.
            Body::Return(header) => self.settle_internal(header.id, error),
            Body::Credit(_) | Body::Bye(_) => {}
        }
    }
}

fn about(body: &Body) -> Id {
    match body {
        Body::Call(header) => Id::ours(header.id),
        Body::Return(header) => Id::theirs(header.id),
        _ => Id::OUR_NAMES,
    }
}

fn header_texts(message: &Message) -> usize {
    match &message.body {
        Body::Call(header) => {
            header.path.iter().chain(&header.prefetch).chain(&header.member).map(|text| text.len() + 5).sum()
        }
        Body::Bye(text) => text.len(),
        _ => 0,
    }
}

fn encode_head(body: &Body, out: &mut Vec<u8>) {
    match body {
        Body::Call(header) => header.encode(out),
        Body::Return(header) => header.encode(out),
        Body::Credit(credit) => encode_record(credit, out),
        Body::Bye(text) => encode_record(&Bye { reason: Cow::Borrowed(text) }, out),
    }
}
