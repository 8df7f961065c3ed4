//! The end of a session: why it came, and that nothing is left of it.

use std::sync::Arc;

use crate::session::Session;
use crate::session::event::Event;
use crate::session::outbox::{Body, Message};
use crate::session::parcel::Parcel;
use crate::session::serve::{Answer, State};
use crate::session::trash::Trash;

/// Why a session is over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndReason {
    /// We closed it.
    Closed(Arc<str>),
    /// The peer closed it.
    PeerClosed(Arc<str>),
    /// The peer broke the protocol.
    PeerMisbehaved(Arc<str>),
    /// The peer speaks something else, or another version.
    Incompatible(Arc<str>),
    /// The carrier failed or ended.
    CarrierLost(Arc<str>),
}

impl EndReason {
    /// The reason in words.
    pub fn text(&self) -> &Arc<str> {
        match self {
            EndReason::Closed(text)
            | EndReason::PeerClosed(text)
            | EndReason::PeerMisbehaved(text)
            | EndReason::Incompatible(text)
            | EndReason::CarrierLost(text) => text,
        }
    }
}

/// Bytes of a reason that are told.
const REASON_LEN_MAX: usize = 512;

/// What the peer did that ends the session.
#[derive(Debug)]
pub(crate) struct Violation(pub(crate) Arc<str>);

impl Violation {
    pub(crate) fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }
}

impl From<crate::wire::Malformed> for Violation {
    fn from(malformed: crate::wire::Malformed) -> Self {
        Self(malformed.to_string().into())
    }
}

impl Session {
    /// Ends the session from our side: what is queued leaves first, then a BYE with the reason.
    pub fn close(&mut self, reason: &str) {
        // As much as the other side keeps of it; and a BYE that came in parts would come too late.
        let reason = &reason[..reason.floor_char_boundary(REASON_LEN_MAX)];
        self.end(EndReason::Closed(format!("this side closed the session: {reason}").into()), Some(reason.into()));
    }

    /// The carrier failed or ended.
    pub fn carrier_lost(&mut self, reason: &str) {
        self.end(EndReason::CarrierLost(reason.into()), None);
    }

    pub(crate) fn violate(&mut self, text: &str) {
        let reason: Arc<str> = format!("the peer broke the protocol: {text}").into();
        let bye = format!("protocol: {text}");
        self.end(EndReason::PeerMisbehaved(reason), Some(bye.into()));
    }

    /// Notes something that an honest peer could not send; too many of them end the session.
    pub(crate) fn strike(&mut self) -> Result<(), Violation> {
        self.strikes += 1;
        match self.strikes > self.config.limits.strikes_max {
            true => Err(Violation::new("too many references that do not stand")),
            false => Ok(()),
        }
    }

    /// Ends the session: every pending call fails once, every object is released once, every table is empty after.
    pub(crate) fn end(&mut self, reason: EndReason, bye: Option<Arc<str>>) {
        if self.ended.is_some() {
            return;
        }
        // What was queued before a close of ours is still sent; after anything else nobody would read it.
        let drains = matches!(reason, EndReason::Closed(_));
        let unsent = if drains { Vec::new() } else { self.outbox.clear() };
        self.ended = Some(reason.clone());
        self.room_came = true;
        for number in self.questions.keys() {
            let may_have_run = self.questions.get(&number).is_some_and(|question| question.sent || drains);
            self.settle_question(number, Err(reason.error(may_have_run)));
            if let Some(question) = self.questions.get_mut(&number) {
                // No release will leave any more: one that was let go before is gone now.
                question.released = true;
            }
            self.question_over(number);
            self.forget_question(number);
        }
        if matches!(self.ended, Some(EndReason::PeerClosed(_))) {
            self.start_last_calls();
        }
        self.end_answers();
        unsent.into_iter().for_each(|message| self.drop_message(message));
        if !drains {
            let refs = self.outgoing.clear();
            self.discard_refs(refs);
            self.trash.push(Trash::Objects(self.exports.release_all()));
        }
        let values = self.incoming.clear();
        self.discard_values(values);
        self.imports.clear();
        self.let_go.clear();
        self.deadlines.clear();
        self.groups.clear();
        self.outbox.stops.clear();
        match bye {
            Some(text) => self.outbox.push(Message::new(Body::Bye(text), Parcel::default()).owed()),
            None => self.outbox.bye_sent = true,
        }
        self.events.push_back(Event::Ended);
    }

    /// Calls that want no answer, sent before the peer closed, still run: in the order in which they were made.
    fn start_last_calls(&mut self) {
        let waiting = |answer: &Answer| answer.one_way && answer.waits == 0 && matches!(answer.state, State::Queued);
        let mut last = self.answers.keys();
        last.retain(|number| self.answers.get(number).is_some_and(|answer| waiting(answer)));
        last.into_iter().for_each(|number| self.start(number));
    }

    fn end_answers(&mut self) {
        let peer_closed = matches!(self.ended, Some(EndReason::PeerClosed(_)));
        for number in self.answers.keys() {
            let Some(answer) = self.answers.get_mut(&number) else { continue };
            let goes_on = peer_closed && answer.one_way;
            if matches!(answer.state, State::Running | State::Streaming) && !goes_on {
                answer.stop.set();
                self.events.push_back(Event::Stop(answer.stop.clone()));
            }
            if let Some(stream) = answer.stream.take() {
                self.trash.extend(stream.source.map(Trash::Stream));
            }
            self.remove_answer(number);
        }
        self.orders.clear();
        self.stalled.clear();
        self.unreturned.clear();
        self.fences.clear();
        (self.calls_in, self.answers_kept) = (0, 0);
    }

    /// The last frame has left, or will not: nothing is held for it any more.
    pub(crate) fn finish_end(&mut self) {
        self.outbox.bye_sent = true;
        let refs = self.outgoing.clear();
        self.discard_refs(refs);
        self.trash.push(Trash::Objects(self.exports.release_all()));
        self.outbox.clear().into_iter().for_each(|message| self.drop_message(message));
    }
}
