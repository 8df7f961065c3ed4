//! Calls that we serve: answers, from the arrival of a call until it runs.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::clock::Time;
use crate::context::{Chain, StopFlag};
use crate::error::Error;
use crate::host::Operation;
use crate::limits::{CREDIT_BYTES, CREDIT_ITEMS};
use crate::session::Session;
use crate::session::end::Violation;
use crate::session::event::{Job, JobTarget};
use crate::session::order::OrderKey;
use crate::session::parcel::{Arrival, Settlement, charge_of};
use crate::session::receive::Booked;
use crate::session::settle::Group;
use crate::session::stream::StreamOut;
use crate::table::{Handle, Id, Offer};
use crate::value::Value;
use crate::wire::frame::Body;
use crate::wire::message::CallHeader;

/// A call of the peer's.
///
/// ```text
/// Waiting ──target known──▶ Queued ──its turn──▶ Running ──▶ Settled ──release──▶ gone
///    │                         │                   │  ▲          ▲
///    └──────── stop, deadline, failed promise ─────┼──┼──────────┤
///                                                  ▼  │          │
///                                               Streaming ───────┘
/// ```
pub(crate) struct Answer {
    pub(crate) target: AnswerTarget,
    /// What the driver is given when it starts; its target is filled in then.
    pub(crate) job: Option<Box<Job>>,
    /// Arguments that are answers: place among the slots, number of the answer.
    pub(crate) argument_waits: SmallVec<[(usize, u64); 1]>,
    pub(crate) credit: (u64, u64),
    pub(crate) one_way: bool,
    pub(crate) keep: bool,
    pub(crate) no_return: bool,
    pub(crate) chain: Chain,
    pub(crate) counted: bool,
    pub(crate) deadline: Option<Time>,
    pub(crate) state: State,
    pub(crate) order: Option<OrderKey>,
    /// How many answers it waits for.
    pub(crate) waits: u32,
    /// Calls that wait for this one.
    pub(crate) waiters: Vec<u64>,
    /// A call was made on it, or with it as argument.
    pub(crate) had_dependents: bool,
    pub(crate) stop: Arc<StopFlag>,
    /// A stop waits until no call waits for this one.
    pub(crate) stop_pending: bool,
    pub(crate) released: bool,
    /// The question of ours that its result waits for.
    pub(crate) held_on: Option<u64>,
    pub(crate) held_times: u32,
    pub(crate) group: Option<u64>,
    /// Bytes charged to the peer's account.
    pub(crate) charge: u64,
    pub(crate) stream: Option<StreamOut>,
    /// Its place among the calls that do not return.
    pub(crate) arrival: Option<u64>,
}

/// Where a call of the peer's stands.
#[derive(Debug)]
pub(crate) enum State {
    /// Its target is an answer that is not settled, or it has no order to stand in.
    Waiting,
    /// In its order, behind others or behind its arguments.
    Queued,
    /// Given to the driver.
    Running,
    /// Giving items.
    Streaming,
    /// Has its result.
    Settled(Arc<Settlement>),
}

/// What a call of the peer's goes to.
#[derive(Debug)]
pub(crate) enum AnswerTarget {
    /// An answer that is not settled.
    Waiting(u64),
    /// An object of ours.
    Object(Arc<Offer>),
    /// The table of exported names.
    Names,
    /// An object of a peer's.
    Remote(Handle),
    /// A value that an answer holds.
    Value(Value),
}

impl Answer {
    pub(crate) fn settlement(&self) -> Option<&Arc<Settlement>> {
        match &self.state {
            State::Settled(settlement) => Some(settlement),
            _ => None,
        }
    }

    pub(crate) fn is_fence(&self) -> bool {
        self.job.as_ref().is_some_and(|job| job.operation == Operation::Fence && job.path.is_empty())
    }

    /// Whether the next call of its order waits for it: not behind members marked concurrent. One that is forwarded
    /// holds the next up until it was passed on; from there on they are ordered where the object lives.
    pub(crate) fn holds_order(&self) -> bool {
        match &self.target {
            AnswerTarget::Remote(_) => true,
            AnswerTarget::Object(offer) if offer.is_passed_on() => true,
            AnswerTarget::Object(offer) => {
                let call = self.job.as_ref().filter(|job| job.operation == Operation::Call && job.path.is_empty());
                let member = call.and_then(|job| job.member.as_deref());
                !member.is_some_and(|name| offer.shape.is_concurrent(name))
            }
            _ => false,
        }
    }
}

impl Session {
    pub(crate) fn handle_call(&mut self, body: Body, booked: Booked, group: Option<u64>) -> Result<(), Violation> {
        let (header, start) = CallHeader::decode(&body)?;
        let flags = header.flags;
        let Booked { slots, answers, stale } = self.check_answers(booked)?;
        self.stats.calls_received += 1;
        let number = header.id;
        if number > Id::NUMBER_MAX {
            return Err(Violation::new("a CALL with an id out of range"));
        }
        if number == 0 || self.answers.contains_key(&number) || self.imports.contains(number) {
            return Err(Violation::new("a CALL with an id that stands already"));
        }
        self.their_number_max = self.their_number_max.max(number);
        let chain = self.chain_of(&header)?;
        let charge = charge_of(body.len(), slots.len());
        let refusal = self.refusal_of(&header, &chain, charge, stale);
        let target = match &refusal {
            Some(_) => Ok(AnswerTarget::Names),
            None => self.target_of(&header)?,
        };
        let header = header.into_owned(|name| shared_name(target.as_ref().ok(), name));
        let job = self.job_of(header, Arrival { body, start, slots }, chain);
        let answer = self.answer_of(job, flags, answers, charge, group);
        let counted = answer.counted;
        self.answers.insert(number, answer);
        self.calls_in += u32::from(counted);
        self.answers_bytes += charge;
        self.join_group(number, group);
        match refusal.map_or(target, Err) {
            Ok(target) => self.admit(number, target),
            Err(error) => self.settle_internal(number, error),
        }
        Ok(())
    }

    /// What the driver is given when the call starts.
    fn job_of(&self, header: CallHeader, arguments: Arrival, chain: Chain) -> Box<Job> {
        Box::new(Job {
            answer: Id::theirs(header.id),
            target: JobTarget::Names,
            path: header.path,
            // An unknown operation was refused before this is looked at.
            operation: Operation::from_code(header.operation).unwrap_or(Operation::Noop),
            member: header.member,
            arguments,
            chain,
            lane: header.lane,
            parent: header.parent,
            deadline: header.time_left.map(|micros| self.now + std::time::Duration::from_micros(micros)),
            stop: Arc::default(),
            prefetch: header.prefetch,
            credit: header.credit.unwrap_or((CREDIT_BYTES, CREDIT_ITEMS)),
            one_way: header.flags & CallHeader::ONE_WAY != 0,
            lane_alone: header.flags & CallHeader::LANE_ALONE != 0,
        })
    }

    fn answer_of(
        &mut self,
        job: Box<Job>,
        flags: u64,
        answers: SmallVec<[(usize, u64); 1]>,
        charge: u64,
        group: Option<u64>,
    ) -> Box<Answer> {
        let one_way = job.one_way;
        let no_return = flags & CallHeader::NO_RETURN != 0;
        if let Some(deadline) = job.deadline {
            self.deadlines.insert((deadline, job.answer));
        }
        let arrival = (one_way || no_return).then(|| {
            self.arrivals += 1;
            self.unreturned.insert(self.arrivals);
            self.arrivals
        });
        Box::new(Answer {
            target: AnswerTarget::Names,
            argument_waits: answers,
            credit: job.credit,
            one_way,
            keep: flags & CallHeader::KEEP != 0,
            no_return,
            chain: job.chain.clone(),
            counted: job.parent.is_none(),
            deadline: job.deadline,
            state: State::Waiting,
            order: None,
            waits: 0,
            waiters: Vec::new(),
            had_dependents: false,
            stop: job.stop.clone(),
            stop_pending: false,
            released: false,
            held_on: None,
            held_times: 0,
            group,
            charge,
            stream: None,
            arrival,
            job: Some(job),
        })
    }

    /// The chain that a call makes: that of our own call which its caller was serving, and itself.
    fn chain_of(&self, header: &CallHeader<&str>) -> Result<Chain, Violation> {
        let outer = match header.parent {
            None => None,
            Some(parent) if parent == 0 || parent >= self.next_number => {
                return Err(Violation::new("a CALL nested in a call that was never made"));
            }
            // If the parent has been answered, its caller goes on by itself: a new chain.
            Some(parent) => self
                .questions
                .get(&parent)
                .map(|question| Arc::new(Chain::new(self.config.number, Id::ours(parent), question.chain.clone()))),
        };
        Ok(Chain::new(self.config.number, Id::theirs(header.id), outer))
    }

    /// Why a call is not even looked at, if it is not.
    fn refusal_of(&mut self, header: &CallHeader<&str>, chain: &Chain, charge: u64, stale: bool) -> Option<Error> {
        let limits = &self.config.limits;
        let names_max = limits.name_len_max as usize;
        let mut names = header.path.iter().chain(&header.prefetch).chain(&header.member);
        if stale {
            return Some(Error::Protocol("an argument is a reference that does not stand any more".into()));
        }
        if Operation::from_code(header.operation).is_none() {
            return Some(Error::Protocol(format!("unknown operation {}", header.operation).into()));
        }
        if header.flags & !CallHeader::ALL != 0 {
            return Some(Error::Protocol(format!("unknown flags {:#x} of a call", header.flags).into()));
        }
        let silent = header.flags & (CallHeader::ONE_WAY | CallHeader::NO_RETURN) != 0;
        if silent && header.operation == Operation::Fence as u8 {
            return Some(Error::Protocol("a fence that wants no answer would wait for itself".into()));
        }
        if header.parent.is_none() && self.calls_in >= limits.told.calls_max {
            return Some(Error::Overloaded(format!("{} calls are out already", self.calls_in).into()));
        }
        if self.answers_bytes + charge > limits.answers_bytes_max {
            return Some(Error::Overloaded("calls and kept answers hold too many bytes".into()));
        }
        if self.answers.len() >= limits.answers_max() {
            return Some(Error::Overloaded("too many calls are nested or kept at once".into()));
        }
        if chain.depth() > limits.chain_depth_max {
            return Some(Error::TooDeep(limits.chain_depth_max));
        }
        if header.path.len() > limits.path_len_max as usize
            || header.prefetch.len() > limits.prefetch_len_max as usize
            || names.any(|name| name.len() > names_max)
        {
            return Some(Error::Overloaded("a path, a name or a list to prefetch is too long".into()));
        }
        None
    }

    /// What a call goes to; the inner error is the call's own.
    fn target_of(&mut self, header: &CallHeader<&str>) -> Result<Result<AnswerTarget, Error>, Violation> {
        let id = Id::from_bits(header.target).turned();
        if id == Id::OUR_NAMES {
            return Ok(Ok(AnswerTarget::Names));
        }
        if id.is_ours() {
            if id.number() >= self.next_number {
                return Err(Violation::new("a CALL on an object that was never offered"));
            }
            if let Some(offer) = self.exports.get(id.number()) {
                return Ok(Ok(AnswerTarget::Object(offer.clone())));
            }
            self.strike()?;
            return Ok(Err(Error::Protocol("the object called is not offered any more".into())));
        }
        if id.number() == 0 || id.number() > self.their_number_max {
            return Err(Violation::new("a CALL on the answer to a call that was never made"));
        }
        match self.answers.get(&id.number()) {
            Some(answer) if !answer.one_way && id.number() != header.id => Ok(Ok(AnswerTarget::Waiting(id.number()))),
            _ => {
                self.strike()?;
                Ok(Err(Error::Protocol("the answer called on does not stand any more".into())))
            }
        }
    }

    /// Lets a call wait for what is not settled, and puts it into its order as soon as its target is known.
    fn admit(&mut self, number: u64, target: AnswerTarget) {
        let Some(answer) = self.answers.get_mut(&number) else { return };
        answer.target = target;
        if answer.argument_waits.is_empty() && !matches!(answer.target, AnswerTarget::Waiting(_)) {
            return self.enqueue(number);
        }
        let mut on_answers = answer.waits_on();
        on_answers.sort_unstable();
        on_answers.dedup();
        let nested_in = |on: &u64| answer.chain.goes_through(self.config.number, Id::theirs(*on));
        if on_answers.iter().any(nested_in) {
            let text = "the call waits for a call that it is nested in";
            return self.settle_internal(number, Error::Cycle(text.into()));
        }
        // All at once, before any is supplied: the call must not start between two of them.
        answer.waits = on_answers.len() as u32;
        for on in on_answers {
            let Some(waited) = self.answers.get_mut(&on) else { continue };
            waited.had_dependents = true;
            match waited.settlement().cloned() {
                None => waited.waiters.push(number),
                Some(settlement) if self.supply(number, on, &settlement) => {}
                Some(_) => return,
            }
        }
        let Some(answer) = self.answers.get(&number) else { return };
        let known = !matches!(answer.target, AnswerTarget::Waiting(_));
        if known && answer.order.is_none() && matches!(answer.state, State::Waiting) {
            self.enqueue(number);
        }
    }

    /// Opens a group for the calls of a batch's frame.
    pub(crate) fn open_group(&mut self) -> u64 {
        self.groups_opened += 1;
        let number = self.groups_opened;
        self.groups.insert(number, Group::default());
        number
    }

    /// All calls of a batch's frame have joined its group: one that none did is not needed.
    pub(crate) fn close_group(&mut self, group: u64) {
        if self.groups.get(&group).is_some_and(Group::is_done) {
            self.groups.remove(&group);
        }
    }
}

/// The name of a member: as the shape of a call's target has it, if it does, so that most calls need no memory for it.
fn shared_name(target: Option<&AnswerTarget>, name: &str) -> Arc<str> {
    let member = match target {
        Some(AnswerTarget::Object(offer)) => offer.shape.find(name),
        _ => None,
    };
    member.map_or_else(|| name.into(), |member| member.name.clone())
}
