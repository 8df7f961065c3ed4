//! A stream that passes through a middle: items one way, credit the other.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::context::{CallContext, Reply};
use crate::drive::backlog::{Place, Wanted};
use crate::drive::forward::came_back;
use crate::drive::hub::{Awaited, Hub};
use crate::error::Error;
use crate::host::{Step, ValueStream};
use crate::session::{CallSpec, Job, NextChunk};
use crate::table::Id;
use crate::value::Value;

/// The source of a stream that comes from another session.
pub(crate) struct Relay {
    to: Arc<Hub>,
    question: Option<Id>,
    /// Where it is told that the call was made, if there was no room for it at first.
    place: Option<Arc<Place>>,
    reply: Reply,
    buffer: VecDeque<Value>,
    /// Asked for and not given yet, beyond the first credit: items that our reader wants, bytes that came.
    wanted: u64,
    bytes: u64,
    in_line: bool,
    same: bool,
}

impl Relay {
    pub(crate) fn open(
        from: &Arc<Hub>,
        to: &Arc<Hub>,
        spec: CallSpec,
        job: &Job,
        context: &CallContext,
    ) -> Result<(), Error> {
        if !job.prefetch.is_empty() {
            return Err(Error::Misuse(
                "attributes cannot be brought along through a middle: get them one by one".into(),
            ));
        }
        let same = from.number() == to.number();
        let in_line = !same && to.driver().waits_in_line();
        let place = Place::new(Wanted::Result);
        let question = match in_line {
            // Nobody else would make the room.
            true => Some(to.call_when_room(spec, true)?),
            false => to.call_or_place(spec, &place)?,
        };
        let relay = Relay {
            to: to.clone(),
            question,
            place: question.is_none().then_some(place),
            reply: context.reply(),
            buffer: VecDeque::new(),
            wanted: 0,
            bytes: 0,
            in_line,
            same,
        };
        from.open_stream(context, Box::new(relay), Vec::new());
        to.kick();
        Ok(())
    }

    /// The question, once it is asked; whoever waits for that is told.
    fn asked(&mut self) -> Result<Id, Step> {
        if let Some(question) = self.question {
            return Ok(question);
        }
        let reply = self.reply.clone();
        let made = self.place.as_ref().and_then(|place| place.take(move || reply.resume()));
        match made {
            None => Err(Step::Later),
            Some(Ok(question)) => {
                self.question = Some(question);
                self.place = None;
                Ok(question)
            }
            Some(Err(error)) => Err(match came_back(&self.to, Err(error), self.same) {
                Ok(_) => Step::End,
                Err(error) => Step::Failed(error),
            }),
        }
    }

    fn look(&mut self, question: Id) -> Option<Step> {
        match self.to.with(|session| session.next_chunk(question)) {
            NextChunk::Pending => None,
            NextChunk::Chunk(chunk) => Some(match chunk.arrival.items(self.to.node().limits()) {
                Ok(items) => {
                    self.bytes += chunk.bytes;
                    self.buffer.extend(items.items);
                    self.buffer.pop_front().map_or(Step::End, Step::Item)
                }
                Err(error) => Step::Failed(error),
            }),
            NextChunk::Over(settled) => Some(match settled {
                Ok(returned) if !returned.is_error() => Step::End,
                settled => match came_back(&self.to, settled, self.same) {
                    Ok(_) => Step::End,
                    Err(error) => Step::Failed(error),
                },
            }),
        }
    }
}

impl ValueStream for Relay {
    fn next(&mut self) -> Step {
        if let Some(item) = self.buffer.pop_front() {
            return Step::Item(item);
        }
        let question = match self.asked() {
            Ok(question) => question,
            Err(step) => return step,
        };
        if let Some(step) = self.look(question) {
            return step;
        }
        // Asked for one more than the credit given so far: our reader has room for it.
        let (bytes, items) = self.to.with(|session| session.credit_left(question));
        self.wanted = u64::from(items <= 0);
        if self.wanted > 0 || bytes <= 0 {
            let back = std::mem::take(&mut self.bytes);
            self.to.with(|session| session.grant_credit(question, back, self.wanted));
            self.to.kick();
        }
        let to = self.to.clone();
        if !self.in_line {
            let reply = self.reply.clone();
            let news =
                to.look_or_listen(question, |session| session.has_news(question).then_some(()), move || reply.resume());
            return if news.is_some() { self.look(question).unwrap_or(Step::Later) } else { Step::Later };
        }
        let waited = to.driver().wait(&to, Awaited::Call(question), &mut |session| session.has_news(question));
        match waited {
            Ok(()) => self.look(question).unwrap_or(Step::Later),
            Err(error) => Step::Failed(error),
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.to.give_up_place(&place);
        }
        if let Some(question) = self.question {
            self.to.with(|session| session.close_stream(question));
        }
        self.to.kick();
    }
}
