//! The messages: flat records, by postcard's derive, before payloads that are not.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::limits::Told;
use crate::wire::primitive::{Malformed, Reader, Write};

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

/// CALL, up to its arguments. Names are shared when it is sent, and stay where they are when it has arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallHeader<N = Arc<str>> {
    /// Number of the answer, the sender's.
    pub id: u64,
    /// The target, as an id from the sender's side: an object of the receiver's, or an answer it owes.
    pub target: u64,
    /// Attributes to follow from the target.
    pub path: Vec<N>,
    /// Code of the operation.
    pub operation: u8,
    /// The member that the operation is about.
    pub member: Option<N>,
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
    pub prefetch: Vec<N>,
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

    /// Writes it: the same bytes as the derived encoding, which this is the quick way to.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.varint(self.id);
        out.varint(self.target);
        encode_names(&self.path, out);
        out.push(self.operation);
        encode_option(self.member.as_ref(), out, |member, out| out.prefixed(member.as_bytes()));
        out.varint(self.lane);
        encode_option(self.parent, out, |parent, out| out.varint(parent));
        out.varint(self.flags);
        encode_option(self.time_left, out, |micros, out| out.varint(micros));
        encode_option(self.credit, out, |(bytes, items), out| {
            out.varint(bytes);
            out.varint(items);
        });
        encode_names(&self.prefetch, out);
    }
}

impl<'a> CallHeader<&'a str> {
    /// Reads what [`CallHeader::encode`] wrote; the header, and the place where it ends.
    pub fn decode(body: &'a [u8]) -> Result<(Self, usize), Malformed> {
        let mut reader = Reader::new(body);
        let header = Self {
            id: reader.varint()?,
            target: reader.varint()?,
            path: decode_names(&mut reader)?,
            operation: reader.byte()?,
            member: decode_option(&mut reader, decode_name)?,
            lane: reader.varint()?,
            parent: decode_option(&mut reader, Reader::varint)?,
            flags: reader.varint()?,
            time_left: decode_option(&mut reader, Reader::varint)?,
            credit: decode_option(&mut reader, |reader| Ok((reader.varint()?, reader.varint()?)))?,
            prefetch: decode_names(&mut reader)?,
        };
        Ok((header, reader.position()))
    }

    /// The header with names of its own, that of its member as `owned` makes it.
    #[inline]
    pub(crate) fn into_owned(self, owned: impl FnOnce(&'a str) -> Arc<str>) -> CallHeader {
        CallHeader {
            id: self.id,
            target: self.target,
            path: self.path.into_iter().map(Arc::from).collect(),
            operation: self.operation,
            member: self.member.map(owned),
            lane: self.lane,
            parent: self.parent,
            flags: self.flags,
            time_left: self.time_left,
            credit: self.credit,
            prefetch: self.prefetch.into_iter().map(Arc::from).collect(),
        }
    }
}

fn encode_names(names: &[Arc<str>], out: &mut Vec<u8>) {
    out.varint(names.len() as u64);
    names.iter().for_each(|name| out.prefixed(name.as_bytes()));
}

#[inline]
fn decode_names<'a>(reader: &mut Reader<'a>) -> Result<Vec<&'a str>, Malformed> {
    match reader.count(usize::MAX, "too many names")? {
        0 => Ok(Vec::new()),
        count => decode_some_names(reader, count),
    }
}

fn decode_some_names<'a>(reader: &mut Reader<'a>, count: usize) -> Result<Vec<&'a str>, Malformed> {
    // No more is reserved than a call may have: a longer list is refused, whatever is in it.
    let mut names = Vec::with_capacity(count.min(NAMES_RESERVED));
    for _ in 0..count {
        names.push(decode_name(reader)?);
    }
    Ok(names)
}

/// Names of a path for which there is room at once.
const NAMES_RESERVED: usize = 64;

fn decode_name<'a>(reader: &mut Reader<'a>) -> Result<&'a str, Malformed> {
    reader.text(usize::MAX)
}

#[inline]
fn encode_option<T>(value: Option<T>, out: &mut Vec<u8>, encode: impl FnOnce(T, &mut Vec<u8>)) {
    match value {
        None => out.push(0),
        Some(value) => {
            out.push(1);
            encode(value, out);
        }
    }
}

#[inline]
fn decode_option<'a, T>(
    reader: &mut Reader<'a>,
    decode: impl FnOnce(&mut Reader<'a>) -> Result<T, Malformed>,
) -> Result<Option<T>, Malformed> {
    match reader.byte()? {
        0 => Ok(None),
        1 => decode(reader).map(Some),
        _ => Err(reader.malformed("neither nothing nor something")),
    }
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

    /// Writes it: the same bytes as the derived encoding, which this is the quick way to.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.varint(self.id);
        out.push(self.flags);
    }

    /// Reads what [`Self::encode`] wrote; the header, and the place where it ends.
    pub fn decode(body: &[u8]) -> Result<(Self, usize), Malformed> {
        let mut reader = Reader::new(body);
        Ok((Self { id: reader.varint()?, flags: reader.byte()? }, reader.position()))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn calls() -> [CallHeader; 3] {
        let plain = CallHeader {
            id: 1,
            target: 300,
            path: Vec::new(),
            operation: 1,
            member: None,
            lane: 0,
            parent: None,
            flags: 0,
            time_left: None,
            credit: None,
            prefetch: Vec::new(),
        };
        let named = CallHeader { member: Some("été".into()), lane: u64::MAX, ..plain.clone() };
        let full = CallHeader {
            path: vec!["a".into(), "x".repeat(200).into()],
            parent: Some(7),
            flags: CallHeader::ALL,
            time_left: Some(1 << 40),
            credit: Some((128, 127)),
            prefetch: vec!["".into()],
            ..named.clone()
        };
        [plain, named, full]
    }

    #[test]
    fn the_quick_way_and_the_derived_one_agree_on_calls() {
        for call in calls() {
            let (mut quick, mut derived) = (Vec::new(), Vec::new());
            call.encode(&mut quick);
            encode_record(&call, &mut derived);
            assert_eq!(quick, derived);
            quick.extend([0, 0, 0]);
            assert_eq!(CallHeader::decode(&quick).ok(), decode_record::<CallHeader<&str>>(&derived).ok());
        }
    }

    #[test]
    fn they_agree_on_what_is_cut_short_or_changed() {
        for call in calls() {
            let mut bytes = Vec::new();
            call.encode(&mut bytes);
            for end in 0..bytes.len() {
                assert!(CallHeader::decode(&bytes[..end]).is_err());
            }
            for (place, byte) in (0..bytes.len().min(40)).flat_map(|place| (0..=255).map(move |byte| (place, byte))) {
                let mut changed = bytes.clone();
                changed[place] = byte;
                let (quick, derived) = (CallHeader::decode(&changed), decode_record::<CallHeader<&str>>(&changed));
                assert_eq!(quick.ok(), derived.ok(), "byte {place} is {byte}");
            }
        }
    }

    #[test]
    fn they_agree_on_returns() {
        let header = ReturnHeader { id: 70_000, flags: ReturnHeader::ERROR };
        let (mut quick, mut derived) = (Vec::new(), Vec::new());
        header.encode(&mut quick);
        encode_record(&header, &mut derived);
        assert_eq!(quick, derived);
        assert_eq!(ReturnHeader::decode(&quick), Ok((header, 4)));
        assert!(ReturnHeader::decode(&quick[..3]).is_err());
    }
}
