//! Frames and parts as bytes: lists of shapes, references, messages and releases.

use smallvec::SmallVec;

use crate::limits::{Limits, Told};
use crate::table::Id;
use crate::wire::message::MessageKind;
use crate::wire::primitive::{Malformed, Reader, Write};
use crate::wire::shape::{ShapeRecord, decode_shape};

/// First byte of a session frame.
pub const SESSION: u8 = 0;
/// First byte of a part.
pub const PART: u8 = 1;
/// First byte of a frame of the link layer, kept free.
pub const LINK: u8 = 2;

/// Flag of a session frame: answers to the calls in it may leave together.
pub const BATCH: u8 = 1;

const FIRST: u8 = 1;
const LAST: u8 = 2;
const PART_BATCH: u8 = 4;

/// One entry of a frame's list of references, ids as the receiver sees them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// An object of the sender's, with the number of its type.
    Object {
        /// Its id.
        id: Id,
        /// The sender's number for its type.
        shape: u64,
    },
    /// An object of the sender's that is a class.
    Class {
        /// Its id.
        id: Id,
        /// The sender's number for its type.
        shape: u64,
        /// The sender's number for the type of its instances.
        described: u64,
    },
    /// An object of the receiver's, coming home.
    Home {
        /// Its id.
        id: Id,
    },
    /// An answer that the receiver owes.
    Answer {
        /// Its id.
        id: Id,
    },
}

/// One entry of a frame's list of releases, ids as the receiver sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// None held of this object of the receiver's, as of this frame of the receiver's.
    Object {
        /// Its id.
        id: Id,
        /// The number of the receiver's last frame that was booked.
        stamp: u64,
    },
    /// The answer of this id is not wanted any more.
    Answer {
        /// Its id.
        id: Id,
        /// The call shall end.
        stop: bool,
    },
}

/// The bytes of a message that arrived: most are so short that they need no memory of their own.
pub type Body = SmallVec<[u8; 32]>;

/// One message of a frame, not decoded yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawMessage<'a> {
    /// What it is.
    pub kind: MessageKind,
    /// How many of the frame's references are its own.
    pub refs: usize,
    /// Its body.
    pub body: &'a [u8],
}

/// What a frame holds.
#[derive(Debug)]
pub enum Frame<'a> {
    /// A session frame.
    Session {
        /// Answers to the calls in it may leave together.
        batch: bool,
        /// Types described.
        shapes: Vec<ShapeRecord>,
        /// References, those of each message in turn.
        references: Vec<Reference>,
        /// Messages.
        messages: SmallVec<[RawMessage<'a>; 1]>,
        /// Releases.
        releases: Vec<Release>,
    },
    /// A part of a message.
    Part(Part<'a>),
}

/// A part of a message.
#[derive(Debug)]
pub struct Part<'a> {
    /// The sender's number for the message.
    pub transfer: u64,
    /// What the first part tells of the whole.
    pub first: Option<PartHead>,
    /// Whether it is the last.
    pub last: bool,
    /// The next bytes of the body.
    pub bytes: &'a [u8],
}

/// What the first part tells of the whole message.
#[derive(Debug)]
pub struct PartHead {
    /// The message was in a batch.
    pub batch: bool,
    /// Types described.
    pub shapes: Vec<ShapeRecord>,
    /// The message's references.
    pub references: Vec<Reference>,
    /// What the message is.
    pub kind: MessageKind,
}

/// A list under construction: its entries, and how many there are.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// How many entries.
    pub count: u64,
    /// The entries as bytes.
    pub bytes: Vec<u8>,
}

impl List {
    /// Adds one entry, written by `write`.
    pub fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.count += 1;
        write(&mut self.bytes);
    }

    fn append_to(&self, out: &mut Vec<u8>) {
        out.varint(self.count);
        out.extend_from_slice(&self.bytes);
    }
}

/// Writes a reference; ids are as the sender sees them.
pub fn encode_reference(reference: &Reference, out: &mut Vec<u8>) {
    match reference {
        Reference::Object { id, shape } => {
            out.push(0);
            out.varint(id.to_bits());
            out.varint(*shape);
        }
        Reference::Class { id, shape, described } => {
            out.push(1);
            out.varint(id.to_bits());
            out.varint(*shape);
            out.varint(*described);
        }
        Reference::Home { id } => {
            out.push(2);
            out.varint(id.to_bits());
        }
        Reference::Answer { id } => {
            out.push(3);
            out.varint(id.to_bits());
        }
    }
}

fn decode_reference(reader: &mut Reader<'_>) -> Result<Reference, Malformed> {
    let kind = reader.byte()?;
    let id = Id::from_bits(reader.varint()?).turned();
    if id.number() == 0 {
        return Err(reader.malformed("a table of names is no reference"));
    }
    let of_sender = !id.is_ours();
    match (kind, of_sender) {
        (0, true) => Ok(Reference::Object { id, shape: reader.varint()? }),
        (1, true) => Ok(Reference::Class { id, shape: reader.varint()?, described: reader.varint()? }),
        (2, false) => Ok(Reference::Home { id }),
        (3, true) => Ok(Reference::Answer { id }),
        (0..=3, _) => Err(reader.malformed("reference to the wrong side")),
        _ => Err(reader.malformed("unknown kind of reference")),
    }
}

/// Writes a message with its number of references.
pub fn encode_message(kind: MessageKind, refs: usize, body: &[&[u8]], out: &mut Vec<u8>) {
    out.push(kind as u8);
    out.varint(refs as u64);
    out.varint(body.iter().map(|piece| piece.len() as u64).sum());
    body.iter().for_each(|piece| out.extend_from_slice(piece));
}

/// Writes a message whose head `head` writes, in place: it needs no buffer of its own.
pub fn encode_headed(
    kind: MessageKind,
    refs: usize,
    head: impl FnOnce(&mut Vec<u8>),
    payload: &[u8],
    out: &mut Vec<u8>,
) {
    out.reserve(HEAD_LEN_USUAL + payload.len());
    out.push(kind as u8);
    out.varint(refs as u64);
    // One byte is kept for the length: longer heads than that can tell of are moved.
    let start = out.len() + 1;
    out.push(0);
    head(out);
    let len = out.len() - start + payload.len();
    if len < 0x80 {
        out[start - 1] = len as u8;
    } else {
        let head = out.split_off(start);
        out.truncate(start - 1);
        out.varint(len as u64);
        out.extend_from_slice(&head);
    }
    out.extend_from_slice(payload);
}

/// Bytes that a message takes beside its payload, mostly.
const HEAD_LEN_USUAL: usize = 64;

/// Writes a release; the id is as the sender sees it.
pub fn encode_release(release: &Release, out: &mut Vec<u8>) {
    match release {
        Release::Object { id, stamp } => {
            out.varint(id.to_bits());
            out.varint(*stamp);
        }
        Release::Answer { id, stop } => {
            out.varint(id.to_bits());
            out.push(u8::from(*stop));
        }
    }
}

fn decode_release(reader: &mut Reader<'_>) -> Result<Release, Malformed> {
    let id = Id::from_bits(reader.varint()?).turned();
    if id.number() == 0 {
        return Err(reader.malformed("a table of names cannot be released"));
    }
    if id.is_ours() {
        return Ok(Release::Object { id, stamp: reader.varint()? });
    }
    match reader.byte()? {
        stop @ 0..=1 => Ok(Release::Answer { id, stop: stop == 1 }),
        _ => Err(reader.malformed("unknown way to release an answer")),
    }
}

/// A session frame of these lists.
pub fn encode_session(batch: bool, shapes: &List, references: &List, messages: &List, releases: &List) -> Vec<u8> {
    let lists = [shapes, references, messages, releases];
    let mut out = Vec::with_capacity(lists.iter().map(|list| list.bytes.len() + 5).sum::<usize>() + 2);
    out.extend([SESSION, if batch { BATCH } else { 0 }]);
    lists.iter().for_each(|list| list.append_to(&mut out));
    out
}

/// Bytes before the messages of a frame that describes no types and names no references.
pub(crate) const PLAIN_HEAD_LEN: usize = 5;

/// Makes room for messages to be written where they stand in most frames: [`end_session`] puts the rest around them.
pub(crate) fn begin_session(out: &mut Vec<u8>) {
    out.clear();
    out.reserve(PLAIN_HEAD_LEN + 2 * HEAD_LEN_USUAL);
    out.extend([SESSION, 0, 0, 0, 0]);
}

/// As [`encode_session`], of messages that were written behind [`begin_session`].
pub(crate) fn end_session(
    batch: bool,
    shapes: &List,
    references: &List,
    mut messages: List,
    releases: &List,
) -> Vec<u8> {
    if shapes.count == 0 && references.count == 0 && messages.count < 0x80 {
        let mut frame = messages.bytes;
        frame[..PLAIN_HEAD_LEN].copy_from_slice(&[SESSION, u8::from(batch) * BATCH, 0, 0, messages.count as u8]);
        releases.append_to(&mut frame);
        return frame;
    }
    messages.bytes.drain(..PLAIN_HEAD_LEN);
    encode_session(batch, shapes, references, &messages, releases)
}

/// The start of a first part, up to the message's bytes.
pub fn encode_first_part(
    transfer: u64,
    (last, batch): (bool, bool),
    shapes: &List,
    references: &List,
    kind: MessageKind,
) -> Vec<u8> {
    let mut out = vec![PART];
    out.varint(transfer);
    out.push(FIRST | if last { LAST } else { 0 } | if batch { PART_BATCH } else { 0 });
    shapes.append_to(&mut out);
    references.append_to(&mut out);
    out.push(kind as u8);
    out
}

/// The start of a further part, up to the message's bytes.
pub fn encode_next_part(transfer: u64, last: bool) -> Vec<u8> {
    let mut out = vec![PART];
    out.varint(transfer);
    out.push(if last { LAST } else { 0 });
    out
}

impl<'a> Frame<'a> {
    /// Takes a frame apart, within limits. Nothing of it has taken effect yet.
    pub fn decode(bytes: &'a [u8], limits: &Limits) -> Result<Self, Malformed> {
        let told = &limits.told;
        let mut reader = Reader::new(bytes);
        if bytes.len() > told.frame_len_max as usize {
            return Err(reader.malformed("frame longer than was told"));
        }
        match reader.byte()? {
            SESSION => decode_session(reader, limits, told),
            PART => decode_part(reader, limits, told).map(Frame::Part),
            LINK => Err(reader.malformed("frame of a link that was not agreed on")),
            _ => Err(reader.malformed("unknown kind of frame")),
        }
    }
}

fn decode_session<'a>(mut reader: Reader<'a>, limits: &Limits, told: &Told) -> Result<Frame<'a>, Malformed> {
    if reader.left() == 0 {
        let (shapes, references, messages, releases) = Default::default();
        return Ok(Frame::Session { batch: false, shapes, references, messages, releases });
    }
    let batch = match reader.byte()? {
        0 => false,
        BATCH => true,
        _ => return Err(reader.malformed("unknown flags of a frame")),
    };
    let (shapes, references) = decode_lists(&mut reader, limits, told)?;
    let count = reader.count_of(told.frame_len_max as usize, 3, "too many messages")?;
    let mut messages = SmallVec::with_capacity(count);
    let mut refs_left = references.len();
    for _ in 0..count {
        let kind = decode_kind(&mut reader)?;
        let refs = reader.varint_max(refs_left as u64, "more references taken than there are")? as usize;
        refs_left -= refs;
        messages.push(RawMessage { kind, refs, body: reader.bytes(bytes_max(told))? });
    }
    if refs_left > 0 {
        return Err(reader.malformed("references that no message takes"));
    }
    let count = reader.count_of(told.frame_len_max as usize, 2, "too many releases")?;
    let releases = decode_list(&mut reader, count, decode_release)?;
    reader.finish()?;
    Ok(Frame::Session { batch, shapes, references, messages, releases })
}

/// So many entries; most lists have none.
#[inline]
fn decode_list<'a, T>(
    reader: &mut Reader<'a>,
    count: usize,
    decode: impl Fn(&mut Reader<'a>) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let mut list = Vec::with_capacity(count);
    for _ in 0..count {
        list.push(decode(reader)?);
    }
    Ok(list)
}

fn bytes_max(told: &Told) -> usize {
    told.message_len_max as usize
}

fn decode_kind(reader: &mut Reader<'_>) -> Result<MessageKind, Malformed> {
    MessageKind::from_code(reader.byte()?).ok_or(reader.malformed("unknown kind of message"))
}

fn decode_lists(
    reader: &mut Reader<'_>,
    limits: &Limits,
    told: &Told,
) -> Result<(Vec<ShapeRecord>, Vec<Reference>), Malformed> {
    let count = reader.count_of(told.frame_shapes_max as usize, 10, "more shapes in a frame than was told")?;
    let shapes = decode_list(reader, count, |reader| decode_shape(reader, limits))?;
    let count = reader.count_of(told.frame_refs_max as usize, 2, "more references in a frame than was told")?;
    let references = decode_list(reader, count, decode_reference)?;
    Ok((shapes, references))
}

fn decode_part<'a>(mut reader: Reader<'a>, limits: &Limits, told: &Told) -> Result<Part<'a>, Malformed> {
    let transfer = reader.varint()?;
    let flags = reader.byte()?;
    let known = if flags & FIRST != 0 { FIRST | LAST | PART_BATCH } else { LAST };
    if flags & !known != 0 {
        return Err(reader.malformed("unknown flags of a part"));
    }
    let first = if flags & FIRST != 0 {
        let (shapes, references) = decode_lists(&mut reader, limits, told)?;
        let batch = flags & PART_BATCH != 0;
        Some(PartHead { batch, shapes, references, kind: decode_kind(&mut reader)? })
    } else {
        None
    };
    Ok(Part { transfer, first, last: flags & LAST != 0, bytes: reader.rest() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_written_in_place_makes_the_same_message() {
        for (head, payload) in [(0, 0), (9, 3), (64, 63), (64, 64), (127, 0), (128, 0), (200, 20_000)] {
            let (head, payload) = (vec![1; head], vec![2; payload]);
            let (mut in_place, mut joined) = (vec![9], vec![9]);
            let write = |out: &mut Vec<u8>| out.extend_from_slice(&head);
            encode_headed(MessageKind::Call, 3, write, &payload, &mut in_place);
            encode_message(MessageKind::Call, 3, &[&head, &payload], &mut joined);
            assert_eq!(in_place, joined);
        }
    }

    #[test]
    fn messages_written_in_place_make_the_same_frame() {
        let list = |count: u64| List { count, bytes: vec![7; count as usize * 9] };
        for (shapes, references, count) in [(0, 0, 1), (0, 0, 0x7f), (0, 0, 0x80), (0, 1, 1), (1, 0, 1), (1, 2, 300)] {
            let (shapes, references, releases) = (list(shapes), list(references), list(1));
            let mut in_place = Vec::new();
            begin_session(&mut in_place);
            in_place.extend([5; 40]);
            let in_place = end_session(true, &shapes, &references, List { count, bytes: in_place }, &releases);
            let messages = List { count, bytes: vec![5; 40] };
            assert_eq!(in_place, encode_session(true, &shapes, &references, &messages, &releases));
        }
    }
}
