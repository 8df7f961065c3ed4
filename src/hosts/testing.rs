//! What the tests of the builtin objects share: asking an object as a session would, policy included.

use crate::context::CallContext;
use crate::error::Error;
use crate::host::{Host, Operation, Outcome, Own, Request, Step};
use crate::policy::{Grant, Policy};
use crate::value::{Ref, Value};

/// Asks under the closed policy. A stream's items come as a tuple.
pub(crate) fn request(host: &dyn Host, request: Request) -> Result<Value, Error> {
    Policy::Closed.check(&host.shape(), Grant::Passed, &request)?;
    match host.operate(request, &CallContext::local()) {
        Outcome::Value(value) => Ok(value),
        Outcome::Error(error) => Err(error),
        Outcome::Stream(mut stream) => {
            let mut items = Vec::new();
            loop {
                match stream.next() {
                    Step::Item(item) => items.push(item),
                    Step::End => return Ok(Value::tuple(items)),
                    Step::Failed(error) => return Err(error),
                    Step::Later => panic!("a stream that waits"),
                }
            }
        }
        Outcome::Later => panic!("a result that comes later"),
    }
}

pub(crate) fn ask(host: &dyn Host, operation: Operation, arguments: Vec<Value>) -> Result<Value, Error> {
    request(host, Request::new(operation).with(arguments))
}

pub(crate) fn call(host: &dyn Host, member: &str, arguments: Vec<Value>) -> Result<Value, Error> {
    let name: std::sync::Arc<str> = member.into();
    request(host, Request::member(Operation::Call, name).with(arguments))
}

pub(crate) fn binary(host: &dyn Host, member: &str, operand: Value) -> Result<Value, Error> {
    let name: std::sync::Arc<str> = member.into();
    request(host, Request::member(Operation::Binary, name).with(vec![operand]))
}

pub(crate) fn items(value: &Value) -> &[Value] {
    match value {
        Value::Tuple(items) | Value::List(items) | Value::Set(items) => items,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn own(value: Value) -> Own {
    match value {
        Value::Ref(Ref::Own(own)) => own,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn error_name(result: Result<Value, Error>) -> String {
    match result {
        Err(Error::Raised(raised)) => raised.type_name.to_string(),
        other => panic!("{other:?}"),
    }
}
