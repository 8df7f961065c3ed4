//! Frames and messages, forged entry by entry and field by field.

use std::sync::Arc;

use wherever::limits::{Limits, Told};
use wherever::shape::Shape;
use wherever::wire::frame::{
    List, Reference, Release, encode_first_part, encode_message, encode_next_part, encode_reference, encode_release,
    encode_session,
};
use wherever::wire::message::{Bye, CallHeader, Credit, Hello, MessageKind, ReturnHeader, encode_record};
use wherever::wire::payload::encode_arguments;
use wherever::wire::shape::encode_shape;
use wherever::{Arguments, Id, Operation, Value};

/// A session frame, forged entry by entry. Ids are as the hostile side sees them: its own are `ours`.
#[derive(Clone, Default)]
#[must_use]
pub struct Forged {
    batch: bool,
    shapes: List,
    references: List,
    messages: List,
    releases: List,
}

impl Forged {
    /// A frame with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// With the flag *batch*.
    pub fn batch(self) -> Self {
        Self { batch: true, ..self }
    }

    /// And a HELLO as an honest peer would send it.
    pub fn hello(self) -> Self {
        self.hello_with(&hello())
    }

    /// And this HELLO.
    pub fn hello_with(self, hello: &Hello) -> Self {
        self.message(MessageKind::Hello, &[], &record(hello))
    }

    /// And a type under this number.
    pub fn shape(self, number: u64, shape: &Shape) -> Self {
        self.shape_on(number, shape, &[])
    }

    /// And a type under this number, with bases of these.
    pub fn shape_on(mut self, number: u64, shape: &Shape, bases: &[u64]) -> Self {
        let bases: Vec<Id> = bases.iter().copied().map(Id::ours).collect();
        self.shapes.push(|out| encode_shape(shape, number, &bases, out));
        self
    }

    /// And a reference that no message takes.
    pub fn loose(mut self, reference: &Reference) -> Self {
        self.references.push(|out| encode_reference(reference, out));
        self
    }

    /// And a message with these references.
    pub fn message(mut self, kind: MessageKind, refs: &[Reference], body: &[u8]) -> Self {
        refs.iter().for_each(|reference| self.references.push(|out| encode_reference(reference, out)));
        self.messages.push(|out| encode_message(kind, refs.len(), &[body], out));
        self
    }

    /// And a CALL.
    pub fn call(self, call: &Call) -> Self {
        self.message(MessageKind::Call, &call.refs, &call.body())
    }

    /// And a RETURN for a call of the victim's.
    pub fn returned(self, call: u64, flags: u8, refs: &[Reference], payload: &[u8]) -> Self {
        let body = [record(&ReturnHeader { id: call, flags }), payload.to_vec()].concat();
        self.message(MessageKind::Return, refs, &body)
    }

    /// And a CREDIT for a call of ours.
    pub fn credit(self, call: u64, bytes: u64, items: u64) -> Self {
        self.message(MessageKind::Credit, &[], &record(&Credit { id: call, bytes, items }))
    }

    /// And a BYE.
    pub fn bye(self, reason: &str) -> Self {
        self.message(MessageKind::Bye, &[], &record(&Bye { reason: reason.into() }))
    }

    /// And a release of an object of the victim's.
    pub fn releases(mut self, object: u64, stamp: u64) -> Self {
        self.releases.push(|out| encode_release(&Release::Object { id: Id::theirs(object), stamp }, out));
        self
    }

    /// And a release of an answer that the victim owes.
    pub fn releases_answer(mut self, call: u64, stop: bool) -> Self {
        self.releases.push(|out| encode_release(&Release::Answer { id: Id::ours(call), stop }, out));
        self
    }

    /// The frame as bytes.
    pub fn bytes(&self) -> Vec<u8> {
        encode_session(self.batch, &self.shapes, &self.references, &self.messages, &self.releases)
    }

    /// The frame's only message, in parts of these lengths (the last takes what is left), under this number.
    pub fn parts(&self, transfer: u64, kind: MessageKind, body: &[u8], lengths: &[usize]) -> Vec<Vec<u8>> {
        let mut rest = body;
        let mut parts = Vec::new();
        for part in 0..=lengths.len() {
            let last = part == lengths.len();
            let len = if last { rest.len() } else { lengths[part].min(rest.len()) };
            let mut frame = match part {
                0 => encode_first_part(transfer, (last, self.batch), &self.shapes, &self.references, kind),
                _ => encode_next_part(transfer, last),
            };
            frame.extend_from_slice(&rest[..len]);
            rest = &rest[len..];
            parts.push(frame);
        }
        parts
    }
}

/// A HELLO as an honest peer would send it.
pub fn hello() -> Hello {
    Hello { features: 0, nonce: [7; 16], told: Told::default(), runtime: "hostile".into(), value_types: Vec::new() }
}

fn record<T: serde::Serialize>(record: &T) -> Vec<u8> {
    let mut out = Vec::new();
    encode_record(record, &mut out);
    out
}

/// A CALL, forged field by field.
#[derive(Clone)]
#[must_use]
pub struct Call {
    /// All but the arguments.
    pub header: CallHeader,
    /// The references that its arguments name.
    pub refs: Vec<Reference>,
    /// Its arguments.
    pub payload: Vec<u8>,
}

impl Call {
    /// A call without arguments under this number.
    pub fn new(number: u64, target: Id, operation: Operation) -> Self {
        let header = CallHeader {
            id: number,
            target: target.to_bits(),
            path: Vec::new(),
            operation: operation as u8,
            member: None,
            lane: 0,
            parent: None,
            flags: 0,
            time_left: None,
            credit: None,
            prefetch: Vec::new(),
        };
        Self { header, refs: Vec::new(), payload: vec![0, 0, 0] }
    }

    /// Gets what the victim exports under a name.
    pub fn get(number: u64, name: &str) -> Self {
        Self::new(number, Id::THEIR_NAMES, Operation::Get).member(name)
    }

    /// Calls a method of an object of the victim's.
    pub fn method(number: u64, object: u64, name: &str) -> Self {
        Self::new(number, Id::theirs(object), Operation::Call).member(name)
    }

    /// Calls a method of what an earlier call of ours gives.
    pub fn on_answer(number: u64, call: u64, name: &str) -> Self {
        Self::new(number, Id::ours(call), Operation::Call).member(name)
    }

    /// About this member.
    pub fn member(mut self, name: &str) -> Self {
        self.header.member = Some(name.into());
        self
    }

    /// By way of these attributes.
    pub fn path(mut self, names: &[&str]) -> Self {
        self.header.path = names.iter().map(|name| Arc::from(*name)).collect();
        self
    }

    /// With these flags beside those it has.
    pub fn flags(mut self, flags: u64) -> Self {
        self.header.flags |= flags;
        self
    }

    /// Nested in this call of the victim's.
    pub fn parent(mut self, parent: u64) -> Self {
        self.header.parent = Some(parent);
        self
    }

    /// In this lane.
    pub fn lane(mut self, lane: u64) -> Self {
        self.header.lane = lane;
        self
    }

    /// With this first credit.
    pub fn credit(mut self, bytes: u64, items: u64) -> Self {
        self.header.credit = Some((bytes, items));
        self
    }

    /// With these references, which the payload given names.
    pub fn refs(mut self, refs: &[Reference]) -> Self {
        self.refs = refs.to_vec();
        self
    }

    /// With this payload.
    pub fn payload(mut self, payload: &[u8]) -> Self {
        self.payload = payload.to_vec();
        self
    }

    /// With these copied values as arguments.
    pub fn args(self, values: Vec<Value>) -> Self {
        let bytes = encode_arguments(&Arguments::from(values), &(), &Limits::default()).unwrap().bytes;
        self.payload(&bytes)
    }

    /// With references as its arguments, and nothing else.
    pub fn passing(self, refs: &[Reference]) -> Self {
        let mut payload = vec![0, refs.len() as u8, 0];
        (0..refs.len()).for_each(|index| payload.extend([0x12, index as u8]));
        self.refs(refs).payload(&payload)
    }

    /// The message's body.
    pub fn body(&self) -> Vec<u8> {
        [record(&self.header), self.payload.clone()].concat()
    }
}
