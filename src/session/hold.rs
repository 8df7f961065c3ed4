//! Results that wait for promises: the caller is told which of its own answers one waits for, so that a cycle is seen.

use crate::context::Chain;
use crate::error::Error;
use crate::session::Session;
use crate::session::end::Violation;
use crate::session::outbox::{Body, Message};
use crate::session::parcel::{OutRef, Parcel};
use crate::table::{Handle, Id};
use crate::wire::message::ReturnHeader;
use crate::wire::payload::encode_result;

/// How often the caller is told what holds its call: a result may hold several promises, one after another.
const TOLD_MAX: u32 = 16;

impl Session {
    /// Notes that a call of the peer's cannot be answered before this promise has come. If the peer owes the promise
    /// itself, it is told, by a RETURN before the final one.
    ///
    /// # Errors
    /// [`Error::Cycle`] if the promise waits, by way of others, for this very call.
    pub fn hold(&mut self, answer: Id, promise: &Handle) -> Result<(), Error> {
        if promise.session_number() != self.config.number {
            return Ok(());
        }
        let number = answer.number();
        let Some(entry) = self.answers.get_mut(&number) else { return Ok(()) };
        entry.held_on = Some(promise.id().number());
        entry.held_times = entry.held_times.saturating_add(1);
        let silent = entry.one_way || entry.no_return || entry.held_times > TOLD_MAX;
        if self.is_held_on_itself(number) {
            return Err(cycle());
        }
        if silent || self.ended.is_some() {
            return Ok(());
        }
        let reference = crate::value::Value::Ref(crate::value::Ref::Remote(promise.clone()));
        let payload = encode_result(&reference, &(), &self.config.limits)?;
        let parcel = Parcel { bytes: payload.bytes, refs: vec![OutRef::Answer(promise.clone())] };
        let header = ReturnHeader { id: number, flags: ReturnHeader::MORE | ReturnHeader::HELD };
        self.outbox.push(Message::new(Body::Return(header), parcel).owed());
        Ok(())
    }

    /// The chain of a call of the peer's that has not been answered.
    pub(crate) fn chain_of_answer(&self, answer: Id) -> Option<Chain> {
        self.answers.get(&answer.number()).map(|answer| answer.chain.clone())
    }

    /// The peer's answer to this question waits for an answer that we owe.
    pub(crate) fn handle_held(&mut self, number: u64, answers: &[(usize, u64)]) -> Result<(), Violation> {
        let &[(_, answer)] = answers else {
            return Err(Violation::new("a RETURN that says it is held, and not by what"));
        };
        if answer == 0 || answer > self.their_number_max {
            return Err(Violation::new("a RETURN held by the answer to a call that was never made"));
        }
        let Some(question) = self.questions.get_mut(&number).filter(|question| !question.over) else { return Ok(()) };
        question.held_on = Some(answer);
        // The walk below is as long as the peer makes it, so it is not made as often as the peer likes.
        question.held_times += 1;
        if question.held_times > TOLD_MAX {
            return Err(Violation::new("a call that says too often what holds it"));
        }
        if self.is_held_on_itself(answer) {
            self.settle_internal(answer, cycle());
        }
        Ok(())
    }

    /// Follows what an answer of ours waits for, from side to side; whether that leads back to it.
    fn is_held_on_itself(&self, answer: u64) -> bool {
        let held_on = |answer: u64| {
            let question = self.answers.get(&answer).filter(|answer| answer.settlement().is_none())?.held_on?;
            self.questions.get(&question)?.held_on
        };
        let mut next = held_on(answer);
        for _ in 0..self.answers.len() {
            match next {
                Some(waits) if waits == answer => return true,
                Some(waits) => next = held_on(waits),
                None => return false,
            }
        }
        false
    }
}

fn cycle() -> Error {
    Error::Cycle("the result of the call is a promise that waits for this very call".into())
}
