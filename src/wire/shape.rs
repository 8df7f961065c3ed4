//! Shapes as bytes: types by the numbers that a session gives them.

use crate::limits::Limits;
use crate::shape::{Category, Member, MemberKind, Operations, Shape};
use crate::table::Id;
use crate::wire::primitive::{Malformed, Reader, Write};

/// A shape as it travels: its bases are named by number.
#[derive(Clone, Debug)]
pub struct ShapeRecord {
    /// The sender's number for the type.
    pub id: u64,
    /// Which description of the type this is.
    pub revision: u32,
    /// Numbers of its bases: types of either side, as the receiver sees them.
    pub bases: Vec<Id>,
    /// How many bytes the description takes.
    pub len: usize,
    /// All else; its own list of bases is empty.
    pub shape: Shape,
}

/// Writes a shape whose type and bases have these numbers, as the sender sees them.
pub fn encode_shape(shape: &Shape, id: u64, bases: &[Id], out: &mut Vec<u8>) {
    out.varint(id);
    out.varint(u64::from(shape.revision()));
    out.prefixed(shape.name().as_bytes());
    out.push(shape.category().code());
    out.push(u8::from(!shape.closed));
    out.varint(u64::from(shape.operations.bits()));
    out.varint(bases.len() as u64);
    bases.iter().for_each(|base| out.varint(base.to_bits()));
    out.varint(shape.interfaces.len() as u64);
    shape.interfaces.iter().for_each(|interface| out.prefixed(interface.as_bytes()));
    out.prefixed(shape.doc.as_bytes());
    out.varint(shape.members.len() as u64);
    shape.members.iter().for_each(|member| encode_member(member, out));
}

fn encode_member(member: &Member, out: &mut Vec<u8>) {
    out.prefixed(member.name.as_bytes());
    out.push(match member.kind {
        MemberKind::Method => 0,
        MemberKind::Attribute => 1,
        MemberKind::ClassMethod => 2,
        MemberKind::StaticMethod => 3,
    });
    let flags = [member.exposed, member.writable, member.concurrent, member.one_way, member.reads];
    out.push(flags.iter().enumerate().map(|(bit, flag)| u8::from(*flag) << bit).sum());
    out.prefixed(member.signature.as_bytes());
    out.prefixed(member.doc.as_bytes());
}

/// Reads one shape, within limits.
pub fn decode_shape(reader: &mut Reader<'_>, limits: &Limits) -> Result<ShapeRecord, Malformed> {
    let start = reader.position();
    let text_max = limits.shape_len_max as usize;
    let name_max = limits.name_len_max as usize;
    let id = reader.varint()?;
    let revision = reader.varint_max(u64::from(u32::MAX), "revision out of range")? as u32;
    let name = reader.text(name_max)?;
    let category = Category::from_code(reader.byte()?).ok_or(reader.malformed("unknown category"))?;
    let open = match reader.byte()? {
        0 => false,
        1 => true,
        _ => return Err(reader.malformed("unknown flags of a shape")),
    };
    let mut shape = Shape::new(name, category).with_revision(revision);
    shape.closed = !open;
    shape.operations = Operations::from_bits(reader.varint_max(u64::from(u32::MAX), "operations out of range")? as u32);
    let count = reader.count(limits.shape_bases_max as usize, "too many bases")?;
    let base = |_| reader.varint().map(|bits| Id::from_bits(bits).turned());
    let bases = (0..count).map(base).collect::<Result<_, _>>()?;
    for _ in 0..reader.count(limits.shape_bases_max as usize, "too many interfaces")? {
        shape.interfaces.push(reader.text(name_max)?.into());
    }
    shape.doc = reader.text(text_max)?.into();
    let count = reader.count_of(limits.shape_members_max as usize, 5, "too many members")?;
    shape.members.reserve_exact(count);
    for _ in 0..count {
        shape.add(decode_member(reader, name_max, text_max)?);
    }
    let len = reader.position() - start;
    if len > text_max {
        return Err(reader.malformed("shape too long"));
    }
    Ok(ShapeRecord { id, revision, bases, len, shape })
}

fn decode_member(reader: &mut Reader<'_>, name_max: usize, text_max: usize) -> Result<Member, Malformed> {
    let name = reader.text(name_max)?.into();
    let kind = match reader.byte()? {
        0 => MemberKind::Method,
        1 => MemberKind::Attribute,
        2 => MemberKind::ClassMethod,
        3 => MemberKind::StaticMethod,
        _ => return Err(reader.malformed("unknown kind of member")),
    };
    let flags = reader.byte()?;
    if flags >= 1 << 5 {
        return Err(reader.malformed("unknown flags of a member"));
    }
    let flag = |bit: u8| flags & 1 << bit != 0;
    Ok(Member {
        name,
        kind,
        exposed: flag(0),
        writable: flag(1),
        concurrent: flag(2),
        one_way: flag(3),
        reads: flag(4),
        signature: reader.text(text_max)?.into(),
        doc: reader.text(text_max)?.into(),
    })
}
