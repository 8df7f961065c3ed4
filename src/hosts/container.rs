//! What the builtin containers have in common as hosts.

use std::fmt::{self, Write};

use crate::error::Error;
use crate::host::{Operation, Outcome, Request};
use crate::hosts::compare::compare;
use crate::hosts::{copy_operand, stream, whole_stream};
use crate::shape::{Category, Member, Shape};
use crate::value::Value;

/// Elements up to which a peer may grow a list, dict or set.
pub(super) const LEN_MAX: usize = 1 << 22;
/// Bytes up to which a peer may grow a byte array.
pub(super) const BYTES_MAX: usize = 64 << 20;
/// Bytes of a container's text. What is longer is cut.
const TEXT_LEN_MAX: usize = 64 << 10;

/// The shape of a builtin container: what every one can do, and these further operations.
pub(super) fn shape(name: &str, category: Category, doc: &str, operations: &[Operation]) -> Shape {
    Shape::new(name, category)
        .doc_text(doc)
        .operations(&[
            Operation::Contains,
            Operation::Length,
            Operation::Iterate,
            Operation::Whole,
            Operation::Compare,
            Operation::Text,
            Operation::Truth,
            Operation::Dir,
        ])
        .operations(operations)
}

/// A method as a member: its parameters, and its documentation.
pub(super) fn method(name: &str, signature: &str, doc: &str) -> Member {
    Member::method(name).signature(signature).doc(doc)
}

/// A container as the shared part of its host side sees it.
pub(super) trait Container: Clone + Into<Value> {
    /// The shape of the container's type.
    fn container_shape(&self) -> &'static Shape;
    /// How many elements it has.
    fn length(&self) -> usize;
    /// Its contents, copied at this moment.
    fn contents(&self) -> Value;
    /// What iterating over it gives, copied at this moment.
    fn steps(&self) -> Vec<Value>;
    /// Calls a method.
    fn call(&self, name: &str, request: Request) -> Result<Value, Error>;
    /// Does an operation that is not alike for all containers.
    fn own_operation(&self, request: Request) -> Result<Value, Error>;
}

/// Does what is asked of a container.
pub(super) fn operate<C: Container>(container: &C, request: Request) -> Outcome {
    let shape = container.container_shape();
    let (operation, member) = (request.operation, request.member.clone());
    let result = match (operation, &member) {
        (Operation::Whole, _) => return Outcome::Stream(whole_stream(container.contents())),
        (Operation::Iterate, _) => return Outcome::Stream(stream(container.steps().into_iter())),
        (Operation::Length, _) => Ok(length(container)),
        (Operation::Truth, _) => Ok(Value::Bool(container.length() > 0)),
        (Operation::Text, _) => Ok(text(container)),
        (Operation::Dir, _) => Ok(Value::tuple(shape.member_names().into_iter().map(Value::text))),
        (Operation::Compare, _) => compare(&container.clone().into(), shape, request),
        (Operation::Call, Some(name)) if shape.find(name).is_some() => container.call(name, request),
        (Operation::Call | Operation::Get, Some(name)) if shape.find(name).is_none() => {
            Err(Error::no_member(shape, name))
        }
        _ => container.own_operation(request),
    };
    let named = |error: Error| match &member {
        Some(member) => error.named(format!("{}.{member}", shape.name())),
        None => error.named(format!("{} {operation:?}", shape.name())),
    };
    result.map_err(named).into()
}

fn length<C: Container>(container: &C) -> Value {
    Value::from(container.length() as i128)
}

/// A text for people. It may be cut, and is shallow where the container is too deep.
fn text<C: Container>(container: &C) -> Value {
    let own: Value = container.clone().into();
    let contents = copy_operand(&own).unwrap_or_else(|_| container.contents());
    let mut text = Cut(String::new());
    if write!(text, "{contents:?}").is_err() {
        text.0.push_str("...");
    }
    Value::text(text.0)
}

/// Text up to a length: shared values could unfold to a text without end.
struct Cut(String);

impl Write for Cut {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        let room = TEXT_LEN_MAX.saturating_sub(self.0.len());
        self.0.push_str(&piece[..piece.floor_char_boundary(room)]);
        if piece.len() > room { Err(fmt::Error) } else { Ok(()) }
    }
}
