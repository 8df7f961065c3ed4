//! Uses, on this side, of an attenuated reference to an object of a peer's.

use crate::context::CallContext;
use crate::error::Error;
use crate::host::{Operation, Outcome, Request, Step, ValueStream};
use crate::hosts::serve;
use crate::proxy::Proxy;
use crate::stream::ItemStream;
use crate::table::Handle;
use crate::value::Ref;

/// Asks an object of a peer's, and waits for it; within a task, without holding it up.
pub(super) fn ask(handle: Handle, request: Request, context: &CallContext) -> Outcome {
    if !context.may_wait {
        return Outcome::Error(Error::Misuse("the object is another side's: read its attribute by itself".into()));
    }
    let proxy = Proxy::from(Ref::Remote(handle));
    let Request { operation, member, arguments } = request;
    if operation == Operation::Whole {
        return proxy.fetch().into();
    }
    let call = proxy.request(operation).args(arguments);
    let call = match member {
        Some(member) => call.member(member),
        None => call,
    };
    if operation == Operation::Iterate {
        return match call.credit(crate::limits::CREDIT_BYTES, 1).stream(1) {
            Ok(items) => Outcome::Stream(Box::new(Items(items))),
            Err(error) => Outcome::Error(error),
        };
    }
    if context.one_way {
        return call.one_way().map(|()| crate::value::Value::None).into();
    }
    if context.reply.is_local() {
        return call.send().into();
    }
    serve(async move { call.await }, context, None)
}

/// Items of a peer's, waited for one by one.
struct Items(ItemStream);

impl ValueStream for Items {
    fn next(&mut self) -> Step {
        match self.0.next() {
            Some(Ok(item)) => Step::Item(item),
            Some(Err(error)) => Step::Failed(error),
            None => Step::End,
        }
    }
}
