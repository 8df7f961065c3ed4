//! A stream that passes through a middle: items one way, credit the other.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::context::{CallContext, Reply};
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
    question: Id,
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
        let question = to.call_when_room(spec, true)?;
        let same = from.number() == to.number();
        let relay = Relay {
            to: to.clone(),
            question,
            reply: context.reply(),
            buffer: VecDeque::new(),
            wanted: 0,
            bytes: 0,
            in_line: !same && to.driver().waits_in_line(),
            same,
        };
        from.open_stream(context, Box::new(relay), Vec::new());
        to.kick();
        Ok(())
    }

    fn look(&mut self) -> Option<Step> {
        match self.to.with(|session| session.next_chunk(self.question)) {
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
        if let Some(step) = self.look() {
            return step;
        }
        // Asked for one more than the credit given so far: our reader has room for it.
        let (bytes, items) = self.to.with(|session| session.credit_left(self.question));
        self.wanted = u64::from(items <= 0);
        if self.wanted > 0 || bytes <= 0 {
            let back = std::mem::take(&mut self.bytes);
            self.to.with(|session| session.grant_credit(self.question, back, self.wanted));
            self.to.kick();
        }
        let (to, question) = (self.to.clone(), self.question);
        if !self.in_line {
            let reply = self.reply.clone();
            let news =
                to.look_or_listen(question, |session| session.has_news(question).then_some(()), move || reply.resume());
            return if news.is_some() { self.look().unwrap_or(Step::Later) } else { Step::Later };
        }
        let waited = to.driver().wait(&to, Awaited::Call(question), &mut |session| session.has_news(question));
        match waited {
            Ok(()) => self.look().unwrap_or(Step::Later),
            Err(error) => Step::Failed(error),
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.to.with(|session| session.close_stream(self.question));
        self.to.kick();
    }
}
