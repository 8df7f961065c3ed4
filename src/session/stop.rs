//! Releases: of references by stamp, of answers with or without a stop; and what a stop does.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::error::Error;
use crate::session::Session;
use crate::session::end::Violation;
use crate::session::event::Event;
use crate::session::serve::State;
use crate::session::trash::Trash;
use crate::table::Id;
use crate::wire::frame::Release;

impl Session {
    /// Notes that the last handle on an id is gone. It is released with the next frame, or after a tick.
    pub fn let_go(&mut self, id: Id) {
        let ended = self.ended.is_some();
        if id.is_ours() {
            let Some(question) = self.questions.get_mut(&id.number()) else { return };
            let noted = std::mem::replace(&mut question.let_go, true);
            question.released |= ended;
            if question.released {
                return self.forget_question(id.number());
            }
            if noted {
                return;
            }
        } else if !self.imports.note_let_go(id.number()) {
            // Released already, or waiting to be: however often it comes back and goes again, it stands here once.
            return;
        }
        if !ended {
            self.let_go.push_back((id, self.now));
        }
    }

    /// The releases that can leave now, so many at most; what is still held, or belongs behind something on its way, stays.
    pub(crate) fn drain_releases(&mut self, count_max: usize) -> Vec<Release> {
        let mut releases = Vec::new();
        if self.let_go.is_empty() && self.outbox.stops.is_empty() {
            return releases;
        }
        for number in std::mem::take(&mut self.outbox.stops) {
            let full = releases.len() >= count_max;
            if full || self.outgoing.carries_call(number) || self.outbox.is_targeted(number) {
                self.outbox.stops.push(number);
                continue;
            }
            releases.push(Release::Answer { id: Id::ours(number), stop: true });
            self.answer_released(number);
        }
        let mut kept = std::collections::VecDeque::new();
        for (id, noted) in std::mem::take(&mut self.let_go) {
            if releases.len() >= count_max {
                kept.push_back((id, noted));
                continue;
            }
            if !id.is_ours() {
                // Revived since, or released already: nothing to tell.
                if self.imports.forget_unheld(id.number()) {
                    releases.push(Release::Object { id, stamp: self.frames_booked });
                }
                continue;
            }
            let number = id.number();
            let Some(question) = self.questions.get_mut(&number).filter(|question| !question.released) else {
                continue;
            };
            if !question.sent || self.outgoing.carries_call(number) {
                // Looked at again after a tick: whoever sleeps till it is due would not sleep at all.
                kept.push_back((id, self.now));
                continue;
            }
            question.released = true;
            releases.push(Release::Answer { id, stop: false });
            self.answer_released(number);
        }
        self.let_go = kept;
        releases
    }

    /// A release of an answer is on its way: it closes a question that has no RETURN.
    fn answer_released(&mut self, number: u64) {
        let Some(question) = self.questions.get(&number) else { return };
        if question.no_return && !question.over {
            if question.settled.is_none() {
                self.settle_question(number, Err(Error::Stopped));
            }
            self.question_over(number);
        }
        self.forget_question(number);
    }

    /// Whether releases have waited long enough to leave without other company.
    pub(crate) fn releases_are_due(&self) -> bool {
        !self.outbox.stops.is_empty() || self.let_go.front().is_some_and(|(_, noted)| self.now >= *noted + super::TICK)
    }

    pub(crate) fn handle_release(&mut self, release: Release) -> Result<(), Violation> {
        match release {
            Release::Object { id, stamp } => {
                if id.number() >= self.next_number || stamp > self.frames_committed {
                    return Err(Violation::new("a release of what was never offered"));
                }
                if let Some(own) = self.exports.release(id.number(), stamp) {
                    self.trash.push(Trash::Objects(vec![own]));
                }
                Ok(())
            }
            Release::Answer { id, stop } => {
                if id.number() > self.their_number_max {
                    return Err(Violation::new("a release of the answer to a call that was never made"));
                }
                self.release_answer(id.number(), stop);
                Ok(())
            }
        }
    }

    fn release_answer(&mut self, number: u64, stop: bool) {
        let Some(answer) = self.answers.get_mut(&number) else { return };
        if (answer.keep || answer.no_return) && !answer.released {
            answer.released = true;
            if answer.settlement().is_some() {
                self.answers_kept = self.answers_kept.saturating_sub(1);
                return self.remove_answer(number);
            }
        }
        if stop {
            self.stop_answer(number);
        }
    }

    fn stop_answer(&mut self, number: u64) {
        self.stops_due.push(number);
        self.run_stops();
    }

    /// Stops the calls that are due to: each as soon as no other waits for it, and then those that it alone waited
    /// for, if they were released. A work list, since the peer sets the length of a chain.
    pub(crate) fn run_stops(&mut self) {
        while let Some(number) = self.stops_due.pop() {
            let Some(answer) = self.answers.get_mut(&number) else { continue };
            if !answer.waiters.is_empty() {
                answer.stop_pending = true;
                continue;
            }
            match answer.state {
                State::Settled(_) => {}
                State::Running | State::Streaming => self.stop_running(number),
                State::Waiting | State::Queued => self.end_waiting(number, Error::Stopped),
            }
        }
    }

    /// Ends a call that does not run yet. What it alone waited for is due to be stopped, if it was released.
    pub(crate) fn end_waiting(&mut self, number: u64, error: Error) {
        let Some(answer) = self.answers.get(&number) else { return };
        let on = if answer.waits > 0 { answer.waits_on() } else { SmallVec::new() };
        self.settle_internal(number, error);
        let due = on.into_iter().filter(|on| self.stops_with_its_last_waiter(*on)).collect::<Vec<_>>();
        self.stops_due.extend(due);
    }

    fn stops_with_its_last_waiter(&self, number: u64) -> bool {
        self.answers
            .get(&number)
            .is_some_and(|answer| answer.waiters.is_empty() && (answer.released || answer.stop_pending))
    }

    /// A call does not wait for this answer any more.
    pub(crate) fn stop_waiting(&mut self, waiter: u64, on: u64) {
        let Some(answer) = self.answers.get_mut(&on) else { return };
        answer.waiters.retain(|waiting| *waiting != waiter);
        if answer.stop_pending && answer.waiters.is_empty() {
            answer.stop_pending = false;
            self.stops_due.push(on);
        }
    }

    /// Tells a call that runs that its caller wants no result; a stream ends at once.
    pub(crate) fn stop_running(&mut self, number: u64) {
        let Some(answer) = self.answers.get_mut(&number) else { return };
        answer.stop.set();
        self.events.push_back(Event::Stop(Arc::clone(&answer.stop)));
        if matches!(answer.state, State::Streaming) {
            self.settle_internal(number, Error::Stopped);
        }
    }
}
