//! The order of calls: those of one lane and one parent on one object run one after another.

use std::collections::VecDeque;

use crate::host::Identity;
use crate::session::Session;
use crate::session::event::{Event, JobTarget};
use crate::session::serve::{AnswerTarget, State};
use crate::table::Id;

/// Calls that are ordered among each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OrderKey {
    lane: u64,
    /// The call that they are nested in; absent for calls whose order goes by the lane alone.
    parent: Option<u64>,
    object: ObjectKey,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ObjectKey {
    Own(Identity),
    Remote(u64, Id),
}

/// One order: the call that runs, and those that wait for it.
pub(crate) struct Order {
    running: Option<u64>,
    queue: VecDeque<u64>,
}

impl Session {
    /// Puts a call whose target is known into its order; it starts when its turn has come and its arguments are there.
    pub(crate) fn enqueue(&mut self, number: u64) {
        let Some(answer) = self.answers.get_mut(&number) else { return };
        let object = match &answer.target {
            AnswerTarget::Object(offer) => ObjectKey::Own(offer.identity),
            AnswerTarget::Remote(handle) => ObjectKey::Remote(handle.session_number(), handle.id()),
            AnswerTarget::Names | AnswerTarget::Value(_) => return self.start_unordered(number),
            AnswerTarget::Waiting(_) => return,
        };
        let Some(job) = &answer.job else { return };
        let parent = if job.lane_alone { None } else { job.parent };
        let key = OrderKey { lane: job.lane, parent, object };
        answer.order = Some(key);
        answer.state = State::Queued;
        let Some(order) = self.orders.get_mut(&key) else {
            return self.enqueue_alone(number, key);
        };
        // By number, which is the order made: a call that comes here late, since its target was a promise, must not stand
        // behind one that waits for it.
        let place = order.queue.partition_point(|queued| *queued < number);
        order.queue.insert(place, number);
        self.advance(key);
    }

    /// As [`Self::enqueue`], for a call whose order holds no other.
    fn enqueue_alone(&mut self, number: u64, key: OrderKey) {
        let Some(answer) = self.answers.get(&number) else { return };
        if answer.waits > 0 {
            self.orders.insert(key, Order { running: None, queue: VecDeque::from([number]) });
            return;
        }
        if answer.holds_order() {
            self.orders.insert(key, Order { running: Some(number), queue: VecDeque::new() });
        }
        self.start(number);
    }

    fn start_unordered(&mut self, number: u64) {
        if self.answers.get(&number).is_some_and(|answer| answer.waits == 0) {
            self.start(number);
        }
    }

    /// Arguments that a call waited for are there.
    pub(crate) fn arguments_ready(&mut self, number: u64) {
        let Some(answer) = self.answers.get(&number) else { return };
        match (answer.order, &answer.state) {
            (Some(key), State::Queued) => self.advance(key),
            (None, State::Waiting) => self.start_unordered(number),
            _ => {}
        }
    }

    fn advance(&mut self, key: OrderKey) {
        while let Some(order) = self.orders.get_mut(&key) {
            if order.running.is_some() {
                return;
            }
            let Some(&next) = order.queue.front() else {
                self.orders.remove(&key);
                return;
            };
            if self.answers.get(&next).is_some_and(|answer| answer.waits > 0) {
                return;
            }
            order.queue.pop_front();
            if self.answers.get(&next).is_some_and(|answer| answer.holds_order()) {
                order.running = Some(next);
            }
            self.start(next);
        }
    }

    /// Takes a call out of its order: it has ended, was suspended, or will not run.
    pub(crate) fn leave_order(&mut self, number: u64) {
        let Some(key) = self.answers.get_mut(&number).and_then(|answer| answer.order.take()) else { return };
        let Some(order) = self.orders.get_mut(&key) else { return };
        if order.running == Some(number) {
            if order.queue.is_empty() {
                self.orders.remove(&key);
                return;
            }
            order.running = None;
        } else {
            order.queue.retain(|queued| *queued != number);
        }
        self.advance(key);
    }

    /// Marks a call as waiting for something: later calls of its lane on the object may start.
    pub fn suspend(&mut self, answer: Id) {
        if self.answers.get(&answer.number()).is_some_and(|answer| matches!(answer.state, State::Running)) {
            self.leave_order(answer.number());
        }
    }

    pub(crate) fn start(&mut self, number: u64) {
        let Some(answer) = self.answers.get_mut(&number) else { return };
        answer.state = State::Running;
        let target = match &answer.target {
            AnswerTarget::Object(offer) => JobTarget::Object(offer.own.clone()),
            // Of anything but the names, it is an operation that nothing supports.
            AnswerTarget::Names if answer.is_fence() => return self.start_fence(number),
            AnswerTarget::Names => JobTarget::Names,
            AnswerTarget::Remote(handle) => JobTarget::Remote(handle.clone()),
            AnswerTarget::Value(value) => JobTarget::Value(value.clone()),
            AnswerTarget::Waiting(_) => return,
        };
        if let Some(mut job) = answer.job.take() {
            (job.target, job.credit) = (target, answer.credit);
            self.events.push_back(Event::Run(job));
        }
    }
}
