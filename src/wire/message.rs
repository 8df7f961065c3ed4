//! The messages: flat records, by postcard's derive, before payloads that are not.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::limits::Told;
use crate::wire::primitive::Malformed;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum MessageKind {
    /// What a side can and allows; the first message of its first frame.
    Hello = 0,
    /// Asks one operation of an object.
    Call = 1,
    /// The result of a call, or items of one.
    Return = 2,
    /// Room for more items.
    Credit = 3,
    /// The last message of a session.
    Bye = 4,
}

impl MessageKind {
    /// The kind with this code.
    pub fn from_code(code: u8) -> Option<Self> {
        use MessageKind::{Bye, Call, Credit, Hello, Return};
        [Hello, Call, Return, Credit, Bye].get(usize::from(code)).copied()
    }
}

/// HELLO.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Feature bits; none is defined.
    pub features: u64,
    /// Tells this session from every other.
    pub nonce: [u8; 16],
    /// The sender's limits.
    pub told: Told,
    /// The sender's runtime.
    pub runtime: String,
    /// The value types that the sender can take: name, version.
    pub value_types: Vec<(String, u32)>,
}

/// CALL, up to its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallHeader {
    /// Number of the answer, the sender's.
    pub id: u64,
    /// The target, as an id from the sender's side: an object of the receiver's, or an answer it owes.
    pub target: u64,
    /// Attributes to follow from the target.
    pub path: Vec<Arc<str>>,
    /// Code of the operation.
    pub operation: u8,
    /// The member that the operation is about.
    pub member: Option<Arc<str>>,
    /// The caller's lane.
    pub lane: u64,
    /// Number of the receiver's own call that the caller was serving.
    pub parent: Option<u64>,
    /// [`CallHeader::ONE_WAY`] and its kind.
    pub flags: u64,
    /// Time left for the call, in microseconds.
    pub time_left: Option<u64>,
    /// First credit: bytes, items.
    pub credit: Option<(u64, u64)>,
    /// Attributes to bring along for each element.
    pub prefetch: Vec<Arc<str>>,
}

impl CallHeader {
    /// No answer is wanted.
    pub const ONE_WAY: u64 = 1;
    /// The answer stands until it is released.
    pub const KEEP: u64 = 2;
    /// No RETURN unless the call fails and no call was made on its answer.
    pub const NO_RETURN: u64 = 4;
    /// The call's order goes by its lane alone.
    pub const LANE_ALONE: u64 = 8;
    /// All flags that are defined.
    pub const ALL: u64 = 15;
}

/// RETURN, up to its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnHeader {
    /// Number of the answer, the receiver's.
    pub id: u64,
    /// [`ReturnHeader::MORE`] and its kind.
    pub flags: u8,
}

impl ReturnHeader {
    /// Further RETURNs of the call follow.
    pub const MORE: u8 = 1;
    /// The payload is an error.
    pub const ERROR: u8 = 2;
    /// The payload is items.
    pub const ITEMS: u8 = 4;
    /// The call's result waits for the answer that the payload is.
    pub const HELD: u8 = 8;
    /// All flags that are defined.
    pub const ALL: u8 = 15;
}

/// CREDIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    /// Number of the answer, the sender's.
    pub id: u64,
    /// Further bytes.
    pub bytes: u64,
    /// Further items.
    pub items: u64,
}

/// BYE.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bye<'a> {
    /// Why the session ends.
    pub reason: Cow<'a, str>,
}

/// A record as bytes, written at the end of `out`.
pub fn encode_record<T: Serialize>(record: &T, out: &mut Vec<u8>) {
    // Writing to memory cannot fail; the records hold nothing that postcard refuses.
    if let Ok(bytes) = postcard::to_extend(record, std::mem::take(out)) {
        *out = bytes;
    }
}

/// The record at the start of a body, and the place where it ends.
pub fn decode_record<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<(T, usize), Malformed> {
    match postcard::take_from_bytes(body) {
        Ok((record, rest)) => Ok((record, body.len() - rest.len())),
        Err(_) => Err(Malformed { what: "message that cannot be decoded", at: 0 }),
    }
}
