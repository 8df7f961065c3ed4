//! What was encoded so far of one payload: bytes, references, marks, and what counts towards the limits.

use std::collections::HashMap;

use crate::host::{Identity, Own};
use crate::limits::Limits;
use crate::policy::Grant;
use crate::value::{Ref, Value};

use super::super::primitive::Write;
use super::Payload;
use super::walk::{Key, Measure, Tally};

/// What was encoded so far.
pub(super) struct Output {
    pub(super) bytes: Vec<u8>,
    refs: Vec<Ref>,
    indices: HashMap<RefKey, usize>,
    marks: HashMap<Key, Marked>,
    pub(super) tally: Tally,
}

/// What tells a reference from all others in a payload.
#[derive(PartialEq, Eq, Hash)]
enum RefKey {
    Own(Identity, Grant),
    Remote(u64, u64, Option<(Identity, Grant)>),
}

/// A container that has a mark number.
struct Marked {
    number: usize,
    /// Its measure and weight, once it is complete.
    complete: Option<(Measure, u64)>,
    /// Keeps its address from being given to another container while this payload is made.
    _keep: Value,
}

/// Bytes of a short payload: numbers, a name, a reference or two.
const LEN_USUAL: usize = 32;

/// A point that an output can be set back to.
pub(super) struct Checkpoint {
    pub(super) bytes: usize,
    refs: usize,
    marks: usize,
    tally: Tally,
}

impl Output {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            bytes: Vec::with_capacity(LEN_USUAL),
            refs: Vec::new(),
            indices: HashMap::new(),
            marks: HashMap::new(),
            tally: Tally::new(limits),
        }
    }

    pub(super) fn into_payload(self) -> Payload {
        Payload { bytes: self.bytes, refs: self.refs }
    }

    /// As [`Self::into_payload`], with the number of marks and these bytes put in front.
    pub(super) fn into_payload_after(self, head: impl FnOnce(&mut Vec<u8>)) -> Payload {
        let mut bytes = Vec::with_capacity(self.bytes.len() + 16);
        bytes.varint(self.marks.len() as u64);
        head(&mut bytes);
        bytes.extend_from_slice(&self.bytes);
        Payload { bytes, refs: self.refs }
    }

    pub(super) fn refs_count(&self) -> usize {
        self.refs.len()
    }

    pub(super) fn checkpoint(&self) -> Checkpoint {
        Checkpoint { bytes: self.bytes.len(), refs: self.refs.len(), marks: self.marks.len(), tally: self.tally }
    }

    pub(super) fn roll_back(&mut self, to: &Checkpoint) {
        self.bytes.truncate(to.bytes);
        self.refs.truncate(to.refs);
        self.indices.retain(|_, index| *index < to.refs);
        self.marks.retain(|_, marked| marked.number < to.marks);
        self.tally = to.tally;
    }

    /// The mark number of this container, if it has one, and its measure and weight, if it is complete.
    pub(super) fn marked(&self, key: Key) -> Option<(usize, Option<(Measure, u64)>)> {
        let marked = self.marks.get(&key)?;
        Some((marked.number, marked.complete))
    }

    /// Gives this container the next mark number.
    pub(super) fn mark(&mut self, key: Key, container: Value) {
        let marked = Marked { number: self.marks.len(), complete: None, _keep: container };
        self.marks.insert(key, marked);
    }

    /// Notes that a marked container is complete.
    pub(super) fn complete(&mut self, key: Key, measure: Measure, weight: u64) {
        if let Some(marked) = self.marks.get_mut(&key) {
            marked.complete = Some((measure, weight));
        }
    }

    /// The index of this reference; a new one if it was not met yet.
    pub(super) fn index_of(&mut self, reference: &Ref) -> usize {
        let key = match reference {
            Ref::Own(own) => {
                let (identity, grant) = own.entry();
                RefKey::Own(identity, grant)
            }
            Ref::Remote(handle) => {
                let passed_on_as = handle.passed_on_as().map(Own::entry);
                RefKey::Remote(handle.session_number(), handle.id().to_bits(), passed_on_as)
            }
        };
        *self.indices.entry(key).or_insert_with(|| {
            self.refs.push(reference.clone());
            self.refs.len() - 1
        })
    }
}
