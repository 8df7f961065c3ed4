//! The end of calls that we serve: results, what waits for them, and the RETURNs that tell of them.

use std::collections::VecDeque;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::clock::Time;
use crate::error::Error;
use crate::limits::HOLD_BYTES;
use crate::session::Session;
use crate::session::TICK;
use crate::session::outbox::{Body, Message};
use crate::session::parcel::{Parcel, Root, Settlement, charge_of};
use crate::session::serve::{Answer, AnswerTarget, State};
use crate::session::trash::Trash;
use crate::table::Id;
use crate::wire::message::ReturnHeader;

/// The calls of one batch's frame, whose RETURNs leave together.
#[derive(Default)]
pub(crate) struct Group {
    /// Calls that have not been answered.
    out: u32,
    /// When the first RETURN began to wait.
    since: Option<Time>,
    bytes: usize,
}

impl Group {
    pub(crate) fn is_done(&self) -> bool {
        self.out == 0
    }

    /// When its RETURNs leave at the latest.
    pub(crate) fn due(&self) -> Option<Time> {
        self.since.map(|since| since + TICK)
    }
}

impl Session {
    /// Gives a call of the peer's its result. Only the first result counts.
    ///
    /// Calls that wait for it go on, all of them, before anything else arrives; its RETURN is queued.
    pub fn settle(&mut self, answer: Id, settlement: Settlement) {
        match self.answers.get(&answer.number()).is_some_and(|answer| answer.is_for_its_caller_alone()) {
            true => self.settle_alone(answer.number(), settlement),
            false => self.settle_all(answer.number(), Arc::new(settlement), Parcel::default(), 0),
        }
    }

    /// Gives a result to a caller that is alone in wanting it: it is shared with nobody, and the answer is gone.
    fn settle_alone(&mut self, number: u64, settlement: Settlement) {
        self.leave_order(number);
        let Settlement { result, root, parcel } = settlement;
        let flags = if result.is_err() { ReturnHeader::ERROR } else { 0 };
        let message = Message::new(Body::Return(ReturnHeader { id: number, flags }), parcel);
        let owed = matches!(result, Err(Error::Overloaded(_)));
        self.outbox.push(if owed { message.owed() } else { message });
        self.discard_result(result, root);
        if let Some(answer) = self.answers.get(&number) {
            self.calls_in -= u32::from(answer.counted);
            if let Some(deadline) = answer.deadline {
                self.deadlines.remove(&(deadline, Id::theirs(number)));
            }
        }
        self.remove_answer(number);
    }

    /// Gives a stream its end, with the last items.
    pub fn settle_stream(&mut self, answer: Id, settlement: Settlement, last: Parcel, items: u64) {
        self.settle_all(answer.number(), Arc::new(settlement), last, items);
    }

    pub(crate) fn settle_internal(&mut self, number: u64, error: Error) {
        let settlement = Settlement::internal(error, &self.config.limits);
        self.settle_all(number, Arc::new(settlement), Parcel::default(), 0);
    }

    fn settle_all(&mut self, number: u64, settlement: Arc<Settlement>, last: Parcel, items: u64) {
        // A failed call fails those that wait for it, and so on: a work list, since the peer sets the length.
        let mut work = VecDeque::new();
        self.settle_one(number, settlement, (last, items), &mut work);
        while let Some((number, settlement)) = work.pop_front() {
            self.settle_one(number, settlement, <(Parcel, u64)>::default(), &mut work);
        }
    }

    fn settle_one(
        &mut self,
        number: u64,
        settlement: Arc<Settlement>,
        (mut last, items): (Parcel, u64),
        work: &mut VecDeque<(u64, Arc<Settlement>)>,
    ) {
        let Some(answer) = self.answers.get_mut(&number).filter(|answer| answer.settlement().is_none()) else {
            self.discard_refs(last.refs);
            return self.discard_settlement(settlement);
        };
        let before = std::mem::replace(&mut answer.state, State::Settled(settlement.clone()));
        // Items that came with an end that is no stream's, or with a failure, are nobody's.
        let streamed = matches!(before, State::Streaming) && settlement.result.is_ok();
        if let Some(stream) = answer.stream.take() {
            self.trash.extend(stream.source.map(Trash::Stream));
        }
        let job = answer.job.take();
        if let Some(deadline) = answer.deadline.take() {
            self.deadlines.remove(&(deadline, Id::theirs(number)));
        }
        let on = if answer.waits > 0 { answer.waits_on() } else { SmallVec::new() };
        answer.waits = 0;
        let waiters = std::mem::take(&mut answer.waiters);
        self.discard_job(job);
        self.leave_order(number);
        on.into_iter().for_each(|on| self.stop_waiting(number, on));
        let unwanted = if streamed { Parcel::default() } else { std::mem::take(&mut last) };
        self.discard_refs(unwanted.refs);
        self.queue_return(number, &settlement, streamed.then_some((last, items)));
        for waiter in waiters {
            self.supply_into(waiter, number, &settlement, work);
        }
        self.finish_answer(number);
    }

    /// Gives a call what an answer that it waited for holds; whether it can still run.
    pub(crate) fn supply(&mut self, waiter: u64, on: u64, settlement: &Arc<Settlement>) -> bool {
        let mut work = VecDeque::new();
        self.supply_into(waiter, on, settlement, &mut work);
        let runs = work.is_empty();
        if let Some((number, settlement)) = work.pop_front() {
            self.settle_all(number, settlement, Parcel::default(), 0);
        }
        runs
    }

    fn supply_into(
        &mut self,
        waiter: u64,
        on: u64,
        settlement: &Arc<Settlement>,
        work: &mut VecDeque<(u64, Arc<Settlement>)>,
    ) {
        let Some(answer) = self.answers.get_mut(&waiter).filter(|answer| answer.settlement().is_none()) else { return };
        let value = match &settlement.result {
            Ok(value) => value,
            Err(_) => return work.push_back((waiter, settlement.clone())),
        };
        if matches!(answer.target, AnswerTarget::Waiting(number) if number == on) {
            answer.target = match &settlement.root {
                Root::Object(offer) => AnswerTarget::Object(Arc::new(offer.clone())),
                Root::Remote(handle) => AnswerTarget::Remote(handle.clone()),
                Root::Value => AnswerTarget::Value(value.clone()),
            };
        }
        for &(slot, _) in answer.argument_waits.iter().filter(|(_, number)| *number == on) {
            if let Some(slot) = answer.job.as_mut().and_then(|job| job.arguments.slots.get_mut(slot)) {
                // An object comes home by it, as by a reference.
                *slot = match &settlement.root {
                    Root::Object(offer) => offer.home(),
                    _ => value.clone(),
                };
            }
        }
        answer.argument_waits.retain(|(_, number)| *number != on);
        answer.waits = answer.waits.saturating_sub(1);
        let ready = answer.waits == 0;
        if answer.order.is_none() && matches!(answer.state, State::Waiting) {
            self.enqueue(waiter);
        } else if ready {
            self.arguments_ready(waiter);
        }
    }

    /// Queues the final RETURN of a call, if it has one.
    fn queue_return(&mut self, number: u64, settlement: &Arc<Settlement>, streamed: Option<(Parcel, u64)>) {
        let Some(answer) = self.answers.get_mut(&number) else { return };
        let failed = settlement.result.is_err();
        if let Some(arrival) = answer.arrival {
            self.unreturned.remove(&arrival);
        }
        let wanted = !answer.one_way && (!answer.no_return || (failed && !answer.had_dependents && !answer.released));
        let group = answer.group.take();
        if wanted {
            let error = if failed { ReturnHeader::ERROR } else { 0 };
            let message = match streamed {
                Some((last, _)) if !failed => {
                    let header = ReturnHeader { id: number, flags: ReturnHeader::ITEMS };
                    Message::new(Body::Return(header), last)
                }
                _ => Message::of_settlement(ReturnHeader { id: number, flags: error }, settlement.clone()),
            };
            let owed = matches!(settlement.result, Err(Error::Overloaded(_)));
            let message = message.in_group(group);
            let len = message.len();
            self.outbox.push(if owed { message.owed() } else { message });
            self.leave_group(group, Some(len));
        } else {
            self.leave_group(group, None);
        }
        if !self.fences.is_empty() {
            self.check_fences();
        }
    }

    /// Removes an answer that was settled and that nobody can name any more.
    pub(crate) fn finish_answer(&mut self, number: u64) {
        let limits_kept = self.config.limits.answers_kept_max;
        let Some(answer) = self.answers.get_mut(&number).filter(|answer| answer.settlement().is_some()) else { return };
        if answer.counted {
            answer.counted = false;
            self.calls_in -= 1;
        }
        self.answers_bytes -= std::mem::take(&mut answer.charge);
        let stands = (answer.keep || answer.no_return) && !answer.one_way && !answer.released;
        if stands {
            let parcel = answer.settlement().map(|settlement| &settlement.parcel);
            answer.charge = parcel.map_or(0, |parcel| charge_of(parcel.bytes.len(), parcel.refs.len()));
            self.answers_bytes += answer.charge;
            self.answers_kept += 1;
            if self.answers_kept > limits_kept {
                self.violate("more answers kept than is allowed");
            }
        } else {
            self.remove_answer(number);
        }
    }

    pub(crate) fn remove_answer(&mut self, number: u64) {
        let Some(answer) = self.answers.remove(&number) else { return };
        let Answer { charge, state, job, stop, target, .. } = *answer;
        self.answers_bytes -= charge;
        if let State::Settled(settlement) = state {
            self.discard_settlement(settlement);
        }
        self.discard_job(job);
        self.discard_stop(stop);
        match target {
            AnswerTarget::Object(offer) => self.discard_offer(offer),
            AnswerTarget::Remote(handle) => self.discard_handle(handle),
            AnswerTarget::Value(value) => self.trash.push(Trash::Values(vec![value])),
            AnswerTarget::Names | AnswerTarget::Waiting(_) => {}
        }
    }

    pub(crate) fn start_fence(&mut self, number: u64) {
        self.fences.push((number, self.arrivals));
        self.check_fences();
    }

    /// Answers the fences whose calls have all ended.
    fn check_fences(&mut self) {
        // An answered fence may start another, and that one the next: the outermost goes on for all of them, since the
        // peer sets the length.
        if std::mem::replace(&mut self.fences_checked, true) {
            return;
        }
        loop {
            let first_out = self.unreturned.first().copied().unwrap_or(u64::MAX);
            let ended = |&mut (_, last): &mut (u64, u64)| last < first_out;
            let done: Vec<u64> = self.fences.extract_if(.., ended).map(|(number, _)| number).collect();
            if done.is_empty() {
                break;
            }
            for number in done {
                self.settle(Id::theirs(number), Settlement::nothing());
            }
        }
        self.fences_checked = false;
    }

    pub(crate) fn join_group(&mut self, number: u64, group: Option<u64>) {
        let Some(group) = group else { return };
        let returns = self.answers.get(&number).is_some_and(|answer| !answer.one_way && !answer.no_return);
        match self.groups.get_mut(&group) {
            Some(group) if returns => group.out += 1,
            _ => {
                if let Some(answer) = self.answers.get_mut(&number) {
                    answer.group = None;
                }
            }
        }
    }

    fn leave_group(&mut self, group: Option<u64>, queued: Option<usize>) {
        let now = self.now;
        let Some((number, group)) = group.and_then(|number| Some((number, self.groups.get_mut(&number)?))) else {
            return;
        };
        group.out = group.out.saturating_sub(1);
        group.bytes += queued.unwrap_or(0);
        group.since = group.since.or(queued.map(|_| now));
        let full = group.bytes >= HOLD_BYTES;
        if group.out == 0 {
            self.groups.remove(&number);
        } else if full {
            self.let_group_leave(number);
        }
    }

    /// Lets the RETURNs that wait in a group leave; those to come wait for each other anew.
    fn let_group_leave(&mut self, number: u64) {
        if let Some(group) = self.groups.get_mut(&number) {
            (group.since, group.bytes) = (None, 0);
        }
        for message in self.outbox.queue.iter_mut().filter(|message| message.group == Some(number)) {
            message.group = None;
        }
    }

    /// Whether a RETURN waits for others of its batch.
    pub(crate) fn group_holds(&self, group: Option<u64>) -> bool {
        group.and_then(|number| self.groups.get(&number)).is_some()
    }

    /// Lets go the RETURNs that have waited for a tick.
    pub(crate) fn release_due_groups(&mut self) {
        let is_due = |group: &Group| group.due().is_some_and(|due| due <= self.now);
        let due: Vec<u64> = self.groups.iter().filter(|(_, group)| is_due(group)).map(|(number, _)| *number).collect();
        due.into_iter().for_each(|number| self.let_group_leave(number));
    }

    pub(crate) fn expire_answer(&mut self, number: u64) {
        let Some(answer) = self.answers.get_mut(&number) else { return };
        answer.deadline = None;
        match answer.state {
            State::Settled(_) => {}
            State::Waiting | State::Queued => {
                self.end_waiting(number, Error::Deadline("before the call could run".into()));
            }
            State::Running | State::Streaming => self.stop_running(number),
        }
    }
}

impl Answer {
    /// Whether its result is a RETURN and nothing more: nothing else waits for it, and it is not kept.
    fn is_for_its_caller_alone(&self) -> bool {
        let returns = !self.one_way && !self.no_return && !self.keep && self.stream.is_none();
        returns && matches!(self.state, State::Running) && self.waiters.is_empty() && self.group.is_none()
    }

    /// The answers that it waits for.
    pub(crate) fn waits_on(&self) -> SmallVec<[u64; 2]> {
        let target = if let AnswerTarget::Waiting(on) = self.target { Some(on) } else { None };
        target.into_iter().chain(self.argument_waits.iter().map(|(_, on)| *on)).collect()
    }
}
