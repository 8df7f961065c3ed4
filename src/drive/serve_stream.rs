//! Stepping the streams that we serve, as far as their credit goes.

use std::sync::Arc;

use crate::context::CallContext;
use crate::drive::hub::Hub;
use crate::drive::lanes::Serving;
use crate::drive::run::check;
use crate::error::Error;
use crate::guard::guarded;
use crate::host::{Operation, Outcome, Own, Request, Step, ValueStream};
use crate::limits::RETURN_BYTES;
use crate::session::{Parcel, Source};
use crate::table::Id;
use crate::value::{Ref, Value};
use crate::wire::payload::ItemsEncoder;

/// How stepping came to a stop.
enum Halt {
    /// Credit, or the size of a RETURN, is used up.
    Full,
    /// Nothing yet.
    Later,
    /// There are no more items.
    Over(Result<Value, Error>),
}

/// A source that keeps the reply of its call, by which its end settles it and by which it is resumed.
struct Replying {
    source: Box<dyn ValueStream>,
    context: CallContext,
}

impl ValueStream for Replying {
    fn next(&mut self) -> Step {
        let _serving = Serving::beside(self.context.reply());
        self.source.next()
    }
}

impl Hub {
    /// Answers a call by a stream.
    pub(crate) fn open_stream(
        self: &Arc<Self>,
        context: &CallContext,
        source: Box<dyn ValueStream>,
        prefetch: Vec<Arc<str>>,
    ) {
        let answer = context.reply.answer();
        // From here on the session settles the call, by the stream's end.
        context.reply.claim();
        let source = Box::new(Replying { source, context: context.clone() });
        self.with(|session| session.open_stream(answer, source, prefetch));
        self.kick();
    }

    /// Steps a stream as far as its credit goes, one RETURN's worth at a time.
    pub(crate) fn pull(self: &Arc<Self>, answer: Id) {
        let Some(source) = self.with(|session| session.take_source(answer)) else { return };
        let Source { mut source, bytes_left, items_left, prefetch } = source;
        let (parcel, items, halt) = self.pack(|packer| {
            let mut encoder = ItemsEncoder::new(prefetch.len() as u8, packer.terms, packer.limits);
            let room = (bytes_left, items_left, packer.terms.told.frame_refs_max as usize);
            let halt = self.step(&mut *source, &mut encoder, &prefetch, room);
            let items = encoder.count();
            match packer.items(encoder) {
                Ok(parcel) => (parcel, items, halt),
                Err(error) => (Parcel::default(), 0, Halt::Over(Err(error))),
            }
        });
        match halt {
            Halt::Full => self.with(|session| session.put_source(answer, source, parcel, items, false)),
            Halt::Later => self.with(|session| session.put_source(answer, source, parcel, items, true)),
            Halt::Over(Ok(value)) => {
                let settlement = self.pack(|packer| packer.settlement(Ok(value)));
                self.with(|session| session.settle_stream(answer, settlement, parcel, items));
            }
            Halt::Over(Err(error)) => {
                let error = self.node().as_told(error);
                let settlement = self.pack(|packer| packer.settlement(Err(error)));
                self.with(|session| {
                    session.put_source(answer, source, parcel, items, true);
                    session.settle(answer, settlement);
                });
            }
        }
    }

    fn step(
        &self,
        source: &mut dyn ValueStream,
        encoder: &mut ItemsEncoder<'_>,
        prefetch: &[Arc<str>],
        (bytes_left, items_left, refs_max): (i64, i64, usize),
    ) -> Halt {
        let bytes_max = RETURN_BYTES.min(usize::try_from(bytes_left).unwrap_or(0));
        // Half, so that the attributes of one more item still fit.
        let refs_max = refs_max / 2;
        while (encoder.count() as i64) < items_left
            && encoder.len_bytes() < bytes_max
            && encoder.refs_count() < refs_max
        {
            let item = match guarded(|| source.next()).unwrap_or_else(Step::Failed) {
                Step::Item(Value::Ref(Ref::Remote(handle))) if handle.is_promise() => {
                    let text = "a stream gave a promise: wait for it, or give what it is on";
                    return Halt::Over(Err(Error::Misuse(text.into())));
                }
                Step::Item(item) => item,
                Step::End => return Halt::Over(Ok(Value::None)),
                Step::Failed(error) => return Halt::Over(Err(error)),
                Step::Later => return Halt::Later,
            };
            let attributes: Vec<_> = prefetch.iter().map(|name| self.attribute(&item, name)).collect();
            if let Err(error) = encoder.push(&item, &attributes) {
                return Halt::Over(Err(error));
            }
        }
        Halt::Full
    }

    /// An attribute of an element, for whoever asked to have it brought along; nothing of what is no object of ours.
    fn attribute(&self, item: &Value, name: &Arc<str>) -> Option<Result<Value, Error>> {
        let Value::Ref(Ref::Own(own)) = item else { return None };
        let request = Request::member(Operation::Get, name.clone());
        let context = CallContext { may_wait: false, ..CallContext::local() };
        let gate = |own: &Own, request: &Request| check(self.node(), own, request);
        let read = || match own.host().attenuated() {
            Some(caretaker) => caretaker.ask(own.grant(), request.clone(), &context, &gate),
            None => match gate(own, &request) {
                Ok(()) => own.host().operate(request.clone(), &context),
                Err(error) => Outcome::Error(error),
            },
        };
        Some(match guarded(read).unwrap_or_else(Outcome::Error) {
            Outcome::Value(value) => Ok(value),
            Outcome::Error(error) => Err(self.node().as_told(error)),
            Outcome::Stream(_) | Outcome::Later => {
                Err(Error::Misuse("the attribute comes later, and cannot be brought along".into()))
            }
        })
    }
}
