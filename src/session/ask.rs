//! Calls that we make: asked, given up, over, forgotten.

use std::sync::Arc;

use crate::clock::Time;
use crate::error::{Disconnected, Error};
use crate::host::Operation;
use crate::session::Session;
use crate::session::event::Event;
use crate::session::outbox::{Body, Message};
use crate::session::parcel::{MESSAGE_OVERHEAD, OutRef, Parcel};
use crate::session::question::{CallSpec, Pins, Question, Refusal, Target};
use crate::session::returned::Settled;
use crate::session::stream::StreamIn;
use crate::session::trash::Trash;
use crate::table::Id;
use crate::wire::message::CallHeader;

impl Session {
    /// Makes a call; the id of the question, by which its result is taken.
    ///
    /// Nothing is counted if it is refused. If it cannot be made, its continuation is told so too.
    pub fn call(&mut self, mut spec: CallSpec) -> Result<Id, Refusal> {
        match self.call_if_room(&mut spec) {
            Ok(Some(id)) => Ok(id),
            Ok(None) => Err(Refusal::Full(Box::new(spec))),
            Err(error) => Err(Refusal::Failed(error)),
        }
    }

    /// As [`Self::call`]. What the call is made of is taken out, unless there is no room for it now.
    pub(crate) fn call_if_room(&mut self, spec: &mut CallSpec) -> Result<Option<Id>, Error> {
        let (target, on) = match self.check_call(spec) {
            Ok(found) => found,
            Err(error) => return Err(self.refuse(spec, error)),
        };
        let parent = spec.chain.as_ref().and_then(|chain| chain.served_in(self.config.number));
        let nested = parent.is_some();
        if !nested && !self.has_call_room() {
            self.queue_fence(1);
            return Ok(None);
        }
        if !self.outbox.has_room(&self.config.limits) {
            return Ok(None);
        }
        let number = self.next_number();
        let flag = |set: bool, flag: u64| if set { flag } else { 0 };
        let header = Box::new(CallHeader {
            id: number,
            target: target.to_bits(),
            path: std::mem::take(&mut spec.path),
            operation: spec.operation as u8,
            member: spec.member.take(),
            lane: spec.lane,
            parent: parent.map(Id::number),
            flags: flag(spec.one_way, CallHeader::ONE_WAY)
                | flag(spec.keep, CallHeader::KEEP)
                | flag(spec.lane_alone, CallHeader::LANE_ALONE),
            // Told when it leaves.
            time_left: None,
            credit: spec.credit,
            prefetch: std::mem::take(&mut spec.prefetch),
        });
        let streams = matches!(spec.operation, Operation::Iterate | Operation::Whole);
        let target = match std::mem::replace(&mut spec.target, Target::Names) {
            Target::Handle(handle) => Some(handle),
            Target::Names => None,
        };
        let question = Box::new(Question {
            lane: spec.lane,
            chain: spec.chain.take(),
            one_way: spec.one_way,
            keep: spec.keep,
            counted: !nested,
            on,
            proves: spec.operation == Operation::Noop,
            pins: Pins { target, refs: Vec::new() },
            deadline: spec.deadline,
            stream: (streams && !spec.one_way).then(|| StreamIn::new(spec.credit)),
            done: spec.done.take(),
            ..Question::default()
        });
        self.ask(number, question, header, std::mem::take(&mut spec.arguments), spec.batch);
        Ok(Some(Id::ours(number)))
    }

    /// What was to be passed may be the user's, and go with this call: not before the session is let go. Its continuation is
    /// run all the same: an answer that was to come by it may have no other way.
    fn refuse(&mut self, spec: &mut CallSpec, error: Error) -> Error {
        if let Some(done) = spec.done.take() {
            self.events.push_back(Event::Done(done, Err(error.clone())));
        }
        let nothing = CallSpec::new(Target::Names, Operation::Noop);
        self.trash.push(Trash::Call(Box::new(std::mem::replace(spec, nothing))));
        error
    }

    fn ask(
        &mut self,
        number: u64,
        question: Box<Question>,
        header: Box<CallHeader>,
        arguments: Parcel,
        batch: Option<u64>,
    ) {
        if let Some(deadline) = question.deadline {
            self.deadlines.insert((deadline, Id::ours(number)));
        }
        if question.counted {
            self.calls_out += 1;
        }
        let (lane, one_way) = (question.lane, question.one_way);
        if let Some(target) = question.on.and_then(|on| self.questions.get_mut(&on)) {
            let road = target.road(lane);
            if one_way { road.unproven = Some(number) } else { road.out += 1 }
        }
        self.questions.insert(number, question);
        self.outbox.push(Message::new(Body::Call(header), arguments).in_batch(batch));
    }

    /// Why a call cannot be made, if it cannot; otherwise its target, and the question whose answer that is.
    pub(crate) fn check_call(&self, spec: &CallSpec) -> Result<(Id, Option<u64>), Error> {
        if let Some(reason) = &self.ended {
            return Err(reason.error(false));
        }
        let limits = &self.config.limits;
        if spec.chain.as_ref().map_or(0, |chain| chain.depth()) >= limits.chain_depth_max {
            return Err(Error::TooDeep(limits.chain_depth_max));
        }
        let told = &self.terms.told;
        let len = spec.arguments.bytes.len();
        if len + MESSAGE_OVERHEAD > told.message_len_max as usize {
            let text = format!("arguments of {len} bytes; the peer takes messages of {}", told.message_len_max);
            return Err(Error::Overloaded(text.into()));
        }
        let refs = spec.arguments.refs.len();
        if refs > told.frame_refs_max as usize {
            let text = format!("{refs} references in one message; the peer takes {}", told.frame_refs_max);
            return Err(Error::Overloaded(text.into()));
        }
        self.check_names(spec)?;
        if spec.keep && self.keeps_too_many() {
            let text = format!("{} promises are held; the peer keeps no more answers", limits.answers_kept_max);
            return Err(Error::Overloaded(text.into()));
        }
        self.check_answers_named(&spec.arguments)?;
        let handle = match &spec.target {
            Target::Names => return Ok((Id::THEIR_NAMES, None)),
            Target::Handle(handle) => handle,
        };
        if handle.session_number() != self.config.number {
            return Err(Error::Misuse("a handle can be called through its own session only".into()));
        }
        if !handle.is_promise() {
            return Ok((handle.id(), None));
        }
        self.check_answer(handle.id().number())?;
        Ok((handle.id(), Some(handle.id().number())))
    }

    /// Whether the peer may keep as many answers for us as it must; one of a promise that was dropped is let go before.
    fn keeps_too_many(&self) -> bool {
        let max = self.config.limits.answers_kept_max as usize;
        let kept = |question: &Question| question.keep && !question.released && !question.let_go;
        self.questions.len() >= max && self.questions.values().filter(|question| kept(question)).count() >= max
    }

    /// An argument that is an answer which failed here, and may be released over there, fails the call in the same way.
    fn check_answers_named(&self, arguments: &Parcel) -> Result<(), Error> {
        let answers = arguments.refs.iter().filter_map(|reference| match reference {
            OutRef::Answer(handle) => Some(handle.id().number()),
            _ => None,
        });
        answers.into_iter().try_for_each(|answer| self.check_answer(answer))
    }

    /// Why nothing more can be asked of an answer, if nothing can.
    fn check_answer(&self, number: u64) -> Result<(), Error> {
        match &self.questions.get(&number).ok_or(Error::Stopped)?.settled {
            Some(Err(error)) => Err(error.clone()),
            _ => Ok(()),
        }
    }

    fn check_names(&self, spec: &CallSpec) -> Result<(), Error> {
        let limits = &self.config.limits;
        if spec.path.len() > limits.path_len_max as usize {
            return Err(Error::Misuse(format!("a path of more than {} names", limits.path_len_max).into()));
        }
        if spec.prefetch.len() > limits.prefetch_len_max as usize {
            return Err(Error::Misuse(format!("more than {} attributes to prefetch", limits.prefetch_len_max).into()));
        }
        let mut names = spec.path.iter().chain(&spec.prefetch).chain(&spec.member);
        match names.find(|name| name.len() > limits.name_len_max as usize) {
            Some(_) => Err(Error::Misuse(format!("a name of more than {} bytes", limits.name_len_max).into())),
            None => Ok(()),
        }
    }

    /// Whether one more call that is not nested keeps under what the peer allows. One place is kept for a fence.
    fn has_call_room(&self) -> bool {
        self.calls_out + 1 < self.terms.told.calls_max
    }

    /// Whether a call can be made now; `nested` for one made while serving a call of the peer's.
    pub fn has_room(&self, nested: bool) -> bool {
        self.has_queue_room() && (nested || self.has_call_room())
    }

    /// Whether the queue of outgoing messages has room: whoever has a result to return waits until it has.
    pub fn has_queue_room(&self) -> bool {
        self.outbox.has_room(&self.config.limits)
    }

    /// Notes that a call will not return, and fences a long run of such calls.
    pub(crate) fn count_unreturned(&mut self) {
        self.fence.behind += 1;
        self.queue_fence(self.terms.told.calls_max / 2);
    }

    fn queue_fence(&mut self, run: u32) {
        if self.fence.out || self.fence.behind < run.max(1) {
            return;
        }
        self.fence.out = true;
        self.fence.covered = std::mem::take(&mut self.fence.behind);
        let number = self.next_number();
        let header = CallHeader {
            id: number,
            target: Id::THEIR_NAMES.to_bits(),
            path: Vec::new(),
            operation: Operation::Fence as u8,
            member: None,
            lane: 0,
            parent: None,
            flags: 0,
            time_left: None,
            credit: None,
            prefetch: Vec::new(),
        };
        self.questions.insert(number, Box::new(Question { fence: true, ..Question::default() }));
        self.outbox.push(Message::new(Body::Call(Box::new(header)), Parcel::default()).owed());
    }

    pub(crate) fn fence_returned(&mut self) {
        self.calls_out = self.calls_out.saturating_sub(std::mem::take(&mut self.fence.covered));
        self.fence.out = false;
        self.room_came = true;
        self.queue_fence(self.terms.told.calls_max / 2);
    }

    /// Marks a question as waited for, so that a batch asks for its RETURN; one that a batch holds leaves.
    pub fn await_question(&mut self, id: Id) {
        let Some(question) = self.questions.get_mut(&id.number()) else { return };
        question.awaited = true;
        if !question.sent {
            self.outbox.flush_batch_of(id.number());
        }
    }

    /// Says that nobody waits for a question any more; its call goes on.
    pub fn abandon_question(&mut self, id: Id) {
        if let Some(question) = self.questions.get_mut(&id.number()) {
            question.awaited = false;
            self.forget_question(id.number());
        }
    }

    /// Says that the result of a call is not wanted: it is asked to stop over there, and is settled here at once.
    pub fn stop_question(&mut self, id: Id) {
        self.give_up(id.number(), Error::Stopped);
    }

    pub(crate) fn expire_question(&mut self, number: u64) {
        self.give_up(number, Error::Deadline("the peer has not answered in time".into()));
    }

    fn give_up(&mut self, number: u64, error: Error) {
        let Some(question) = self.questions.get_mut(&number) else { return };
        if question.over || question.settled.is_some() {
            return;
        }
        let error = match question.sent {
            true => error,
            false => error_before_sending(error),
        };
        if !question.released {
            question.stop_wanted = true;
        }
        self.settle_question(number, Err(error));
        if self.questions.get(&number).is_some_and(|question| question.sent) {
            self.send_stop(number);
        } else {
            self.withdraw(number);
        }
    }

    /// Takes a call back that has not left, if no other call was made on it.
    fn withdraw(&mut self, number: u64) {
        if self.outbox.is_targeted(number) {
            return;
        }
        if let Some(message) = self.outbox.take_call(number) {
            self.room_came = true;
            self.drop_message(message);
            self.close_unsent(number);
        }
    }

    /// A call that was never sent is over; its answer needs no release.
    fn close_unsent(&mut self, number: u64) {
        if let Some(question) = self.questions.get_mut(&number) {
            question.released = true;
        }
        self.question_over(number);
    }

    /// A call could not be sent.
    pub(crate) fn fail_unsent(&mut self, number: u64, error: Error) {
        self.settle_question(number, Err(error));
        self.close_unsent(number);
    }

    pub(crate) fn send_stop(&mut self, number: u64) {
        let Some(question) = self.questions.get_mut(&number) else { return };
        if question.stop_wanted && !question.released && !question.over {
            question.released = true;
            self.outbox.stops.push(number);
        }
    }

    /// Gives a question its result: whoever waits is told, or its continuation is run. Only the first counts.
    pub(crate) fn settle_question(&mut self, number: u64, settled: Settled) {
        let Some(question) = self.questions.get_mut(&number) else { return };
        if question.settled.is_some() {
            return;
        }
        // Kept in the question: a proof that is asked for later keeps to it.
        if let Some(deadline) = question.deadline {
            self.deadlines.remove(&(deadline, Id::ours(number)));
        }
        match question.done.take() {
            Some(done) => {
                question.settled = Some(settled.clone());
                self.events.push_back(Event::Done(done, settled));
            }
            None => {
                question.settled = Some(settled);
                self.events.push_back(Event::Settled(Id::ours(number)));
            }
        }
    }

    /// The final RETURN of a question has come, or none will: what it pinned is let go.
    pub(crate) fn question_over(&mut self, number: u64) {
        let Some(question) = self.questions.get_mut(&number) else { return };
        if question.over {
            return;
        }
        question.over = true;
        let pins = std::mem::take(&mut question.pins);
        // One that does not return is counted until a fence has passed it, unless it never left.
        let returns = !question.one_way && !question.no_return;
        if question.counted && (returns || !question.sent) {
            self.calls_out = self.calls_out.saturating_sub(1);
            self.room_came = true;
        }
        let (lane, on, proves) = (question.lane, question.on, question.proves);
        let returned = matches!(question.settled, Some(Ok(_)));
        let (one_way, no_return) = (question.one_way, question.no_return);
        self.discard_pins(pins);
        if let Some(target) = on.and_then(|on| self.questions.get_mut(&on)) {
            target.road_returned(lane, number, one_way || no_return, proves && returned);
        }
        self.forget_question(number);
    }

    /// Removes a question that nobody needs any more.
    pub(crate) fn forget_question(&mut self, number: u64) {
        let Some(question) = self.questions.get(&number) else { return };
        let needed = match question.keep {
            true => !question.let_go || (!question.released && question.sent),
            false => question.settled.is_some() && question.awaited,
        };
        if question.over && !needed {
            self.drop_question(number);
        }
    }

    pub(crate) fn drop_question(&mut self, number: u64) {
        let Some(question) = self.questions.remove(&number) else { return };
        let Question { deadline, pins, settled, done, stream, .. } = *question;
        if let Some(deadline) = deadline {
            self.deadlines.remove(&(deadline, Id::ours(number)));
        }
        self.discard_pins(pins);
        if let Some(Ok(returned)) = settled {
            self.discard_returned(returned);
        }
        self.trash.extend(done.map(Trash::Done));
        if let Some(stream) = stream {
            self.trash.extend(stream.into_trash());
        }
    }

    /// The result of a question, if it is settled. A question that is not kept is gone afterwards.
    pub fn take_settled(&mut self, id: Id) -> Option<Settled> {
        let number = id.number();
        let question = self.questions.get_mut(&number)?;
        if question.keep {
            return question.settled.clone();
        }
        question.settled.as_ref()?;
        question.awaited = false;
        if !question.over {
            return question.settled.clone();
        }
        let settled = question.settled.take();
        self.drop_question(number);
        // Whoever would be told has it by now.
        self.events.pop_back_if(|event| matches!(event, Event::Settled(told) if *told == id));
        settled
    }

    /// Notes that a thread is about to wait for a question. Who reads a stream comes and goes: not noted.
    pub(crate) fn will_wait(&mut self, id: Id) {
        if let Some(question) = self.questions.get_mut(&id.number()) {
            question.will_wait = question.stream.is_none();
        }
    }

    /// Notes that the thread that was about to wait for a question does.
    pub(crate) fn waits_now(&mut self, id: Id) {
        if let Some(question) = self.questions.get_mut(&id.number()) {
            question.will_wait = false;
        }
    }

    /// Whether a thread is about to wait for a question.
    pub(crate) fn is_about_to_wait(&self, id: Id) -> bool {
        self.questions.get(&id.number()).is_some_and(|question| question.will_wait && question.settled.is_none())
    }

    /// Whether the CALL of a question has left, or never will.
    pub(crate) fn is_sent(&self, id: Id) -> bool {
        self.questions.get(&id.number()).is_none_or(|question| question.sent)
    }

    /// Whether a question is settled, or gone.
    pub fn is_settled(&self, id: Id) -> bool {
        self.questions.get(&id.number()).is_none_or(|question| question.settled.is_some())
    }

    /// Whether a question's final RETURN has come, or will not.
    pub(crate) fn is_over(&self, id: Id) -> bool {
        self.questions.get(&id.number()).is_none_or(|question| question.over)
    }

    /// When a question's result is not wanted any more.
    pub(crate) fn deadline_of(&self, id: Id) -> Option<Time> {
        self.questions.get(&id.number()).and_then(|question| question.deadline)
    }

    /// Whether a promise's own RETURN was given up for the batch, so that a no-op call must ask for its result.
    pub fn is_no_return(&self, id: Id) -> bool {
        self.questions.get(&id.number()).is_some_and(|question| question.no_return && question.settled.is_none())
    }
}

fn error_before_sending(error: Error) -> Error {
    match error {
        Error::Deadline(_) => Error::Deadline("before the call could be sent".into()),
        other => other,
    }
}

impl super::EndReason {
    /// The error of a call that the end of the session cut off.
    pub(crate) fn error(&self, may_have_run: bool) -> Error {
        Error::Disconnected(Arc::new(Disconnected { reason: self.text().clone(), may_have_run, hop: None }))
    }
}
