//! RETURNs that arrive, and where later calls on a promise go once it is settled.

use std::sync::Arc;

use crate::error::Error;
use crate::host::Own;
use crate::limits::Limits;
use crate::session::Session;
use crate::session::end::Violation;
use crate::session::event::Event;
use crate::session::parcel::Arrival;
use crate::table::{Handle, Id};
use crate::value::{Ref, Value};
use crate::wire::message::ReturnHeader;

/// A result that arrived, not decoded yet.
#[derive(Debug)]
pub struct Returned {
    error: bool,
    arrival: Arrival,
}

/// What became of a question.
pub type Settled = Result<Arc<Returned>, Error>;

impl Returned {
    /// The end of a stream.
    pub(crate) fn nothing() -> Arc<Self> {
        Arc::new(Self { error: false, arrival: Arrival::default() })
    }

    /// The references in it.
    pub(crate) fn slots(&self) -> &[Value] {
        &self.arrival.slots
    }

    /// Whether the call failed.
    pub(crate) fn is_error(&self) -> bool {
        self.error
    }

    /// The result of the call, or the error that it failed with.
    pub fn value(&self, limits: &Limits) -> Result<Value, Error> {
        if self.error { Err(self.arrival.error(limits)) } else { self.arrival.result(limits) }
    }
}

/// Where a call on a promise goes.
pub(crate) enum Road {
    /// To the answer over there: nothing has come yet, or what came is ours and calls of the lane are still out.
    Answer,
    /// To our own object.
    Own(Own),
    /// To an object of the peer's, or of another session's.
    Remote(Handle),
    /// Nowhere: the result is no object, or an error.
    Value(Arc<Returned>),
    /// Nowhere: the call failed.
    Failed(Error),
}

impl Session {
    pub(crate) fn handle_return(
        &mut self,
        arrival: Arrival,
        header: ReturnHeader,
        answers: &[(usize, u64)],
    ) -> Result<(), Violation> {
        let number = header.id;
        if header.flags & !ReturnHeader::ALL != 0 {
            return Err(Violation::new("a RETURN with unknown flags"));
        }
        if number == 0 || number >= self.next_number {
            return Err(Violation::new("a RETURN of a call that was never made"));
        }
        let Some(question) = self.questions.get_mut(&number).filter(|question| !question.over) else {
            // Its answer was released, and the release crossed this.
            self.discard_arrival(arrival);
            return Ok(());
        };
        if question.one_way || !question.sent {
            return Err(Violation::new("a RETURN of a call that has none"));
        }
        if question.fence {
            self.questions.remove(&number);
            self.fence_returned();
            return Ok(());
        }
        let more = header.flags & ReturnHeader::MORE != 0;
        let has = |flag: u8| header.flags & flag != 0;
        let kinds =
            [ReturnHeader::ERROR, ReturnHeader::ITEMS, ReturnHeader::HELD].into_iter().filter(|kind| has(*kind));
        if kinds.count() > 1 || (has(ReturnHeader::HELD) && !more) {
            return Err(Violation::new("a RETURN with flags that do not go together"));
        }
        if header.flags & ReturnHeader::HELD != 0 {
            self.discard_arrival(arrival);
            return self.handle_held(number, answers);
        }
        if header.flags & ReturnHeader::ITEMS != 0 || more {
            return self.handle_items(number, arrival, more);
        }
        let error = header.flags & ReturnHeader::ERROR != 0;
        if question.stream.is_some() && !error {
            return Err(Violation::new("a stream that ends with a result"));
        }
        self.finish_question(number, Arc::new(Returned { error, arrival }));
        Ok(())
    }

    pub(crate) fn finish_question(&mut self, number: u64, returned: Arc<Returned>) {
        if self.questions.get(&number).is_some_and(|question| question.settled.is_some()) {
            self.discard_returned(returned);
        } else {
            self.settle_question(number, Ok(returned));
        }
        self.question_over(number);
        // A stream's waiter looks again, for the end; who waits for a result has just been told.
        let id = Id::ours(number);
        if !matches!(self.events.back(), Some(Event::Settled(told)) if *told == id) {
            self.events.push_back(Event::Settled(id));
        }
    }

    /// Where a call of this lane on a promise goes now.
    pub(crate) fn road(&self, promise: Id, lane: u64) -> Road {
        let Some(question) = self.questions.get(&promise.number()) else { return Road::Failed(Error::Stopped) };
        match &question.settled {
            None => Road::Answer,
            Some(Err(error)) => Road::Failed(error.clone()),
            Some(Ok(returned)) if returned.error => Road::Value(returned.clone()),
            Some(Ok(_)) if self.needs_proof(promise, lane) => Road::Answer,
            Some(Ok(returned)) => match returned.arrival.sole_reference() {
                Some(Value::Ref(Ref::Own(own))) => Road::Own(own.clone()),
                Some(Value::Ref(Ref::Remote(handle))) => Road::Remote(handle.clone()),
                _ => Road::Value(returned.clone()),
            },
        }
    }

    /// Whether the lane must prove, by a no-op call, that what it sent on a promise has arrived, before it may have
    /// what the promise came to: an object of this side, or one that another session leads to. Once the session is
    /// over, nothing more of it arrives.
    pub(crate) fn needs_proof(&self, promise: Id, lane: u64) -> bool {
        let elsewhere = |returned: &Arc<Returned>| match returned.arrival.sole_reference() {
            Some(Value::Ref(Ref::Remote(handle))) => handle.session_number() != self.config.number,
            Some(Value::Ref(Ref::Own(_))) => true,
            _ => false,
        };
        let question = self.questions.get(&promise.number()).filter(|_| self.ended.is_none());
        question.is_some_and(|question| {
            question.roads.iter().any(|road| road.lane == lane)
                && matches!(&question.settled, Some(Ok(returned)) if !returned.error && elsewhere(returned))
        })
    }
}
