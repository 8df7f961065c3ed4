//! Units of the protocol as lines for people: what a trace prints, and what a failing test shows.
//!
//! Nothing here takes effect, and nothing a peer sends can do more than make a line odd: texts are escaped and cut,
//! and what cannot be decoded is said to be so.

mod escape;
mod memory;
mod message;
mod render;
#[cfg(test)]
mod tests;

use crate::limits::Limits;
use crate::shape::{Category, Member, MemberKind};
use crate::table::Id;
use crate::wire::frame::{Frame, Part, RawMessage, Reference, Release};
use crate::wire::message::MessageKind;
use crate::wire::preface::{LinkWish, MAGIC, Preface};
use crate::wire::shape::ShapeRecord;

pub use escape::escape;
use escape::name;
use memory::Memory;
use message::message;

/// Lines for one kind of entry in one unit; of more, the rest is only counted.
const ENTRIES_MAX: usize = 24;

/// A unit as its receiver sees it, in lines. The names of types described in earlier frames are not known: a
/// [`Describer`] remembers them.
pub fn describe(unit: &[u8], limits: &Limits) -> String {
    Describer::new(limits.clone()).received(unit).join("\n")
}

/// Makes lines of the units of one session, both ways, from the view of one side: "our 3" is the same object in what is
/// sent and in what is received. It remembers names of types, objects and calls, so that later units read well.
#[derive(Debug)]
pub struct Describer {
    limits: Limits,
    memory: Memory,
}

/// Which way a unit went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Sent,
    Received,
}

impl Way {
    /// An id as this side sees it, given as the receiver of its frame does.
    fn see(self, id: Id) -> Id {
        if self == Way::Sent { id.turned() } else { id }
    }

    /// An id as this side sees it, given by number and as one of the sender's own or not.
    fn id(self, number: u64, of_sender: bool) -> Id {
        if of_sender == (self == Way::Sent) { Id::ours(number) } else { Id::theirs(number) }
    }
}

/// "our 3", "their 1", "our names".
fn shown(id: Id) -> String {
    let side = if id.is_ours() { "our" } else { "their" };
    match id.number() {
        0 => format!("{side} names"),
        number => format!("{side} {number}"),
    }
}

impl Describer {
    /// One that has seen nothing. It decodes within these limits: the receiver's, or larger ones.
    pub fn new(limits: Limits) -> Self {
        Self { limits, memory: Memory::default() }
    }

    /// A unit that this side sent, in lines.
    pub fn sent(&mut self, unit: &[u8]) -> Vec<String> {
        self.unit(Way::Sent, unit)
    }

    /// A unit that this side received, in lines.
    pub fn received(&mut self, unit: &[u8]) -> Vec<String> {
        self.unit(Way::Received, unit)
    }

    fn unit(&mut self, way: Way, unit: &[u8]) -> Vec<String> {
        // No frame begins as a preface does: its first byte tells its kind.
        if unit.starts_with(&MAGIC) {
            return vec![preface(unit)];
        }
        match Frame::decode(unit, &self.limits) {
            Err(malformed) => vec![format!("malformed frame, {}: {malformed}; {}", bytes(unit.len()), start(unit))],
            Ok(Frame::Part(part)) => self.part(way, &part, unit.len()),
            Ok(Frame::Session { batch, shapes, references, messages, releases }) => {
                let batch = if batch { ", a batch" } else { "" };
                let empty = shapes.is_empty() && messages.is_empty() && releases.is_empty();
                let what = if empty { ": a ping" } else { "" };
                let mut lines = vec![format!("frame, {}{batch}{what}", bytes(unit.len()))];
                self.shapes(way, &shapes, &mut lines);
                self.references(way, &references, &mut lines);
                self.messages(way, &references, &messages, &mut lines);
                self.releases(way, &releases, &mut lines);
                lines
            }
        }
    }

    fn part(&mut self, way: Way, part: &Part, len: usize) -> Vec<String> {
        let place = match (&part.first, part.last) {
            (Some(_), true) => "first and last part",
            (Some(_), false) => "first part",
            (None, true) => "last part",
            (None, false) => "part",
        };
        let transfer = format!("{place} of transfer {}, {}", part.transfer, bytes(len));
        let Some(head) = &part.first else {
            return vec![transfer];
        };
        let batch = if head.batch { ", of a batch" } else { "" };
        let mut lines = vec![format!("{transfer}: {}{batch}", kind_name(head.kind))];
        self.shapes(way, &head.shapes, &mut lines);
        self.references(way, &head.references, &mut lines);
        lines
    }

    fn shapes(&mut self, way: Way, shapes: &[ShapeRecord], lines: &mut Vec<String>) {
        for record in shapes {
            self.memory.note_shape(way, record.id, record.shape.name(), &self.limits);
        }
        limited(shapes, lines, |record, lines| self.shape(way, record, lines));
    }

    fn shape(&self, way: Way, record: &ShapeRecord, lines: &mut Vec<String>) {
        let shape = &record.shape;
        let mut line = format!("  shape {} is {}: {}", record.id, name(shape.name()), category_name(shape.category()));
        line.push_str(if shape.closed { ", closed" } else { ", open" });
        if record.revision > 0 {
            line.push_str(&format!(", revision {}", record.revision));
        }
        if !record.bases.is_empty() {
            let bases = record.bases.iter().map(|base| self.memory.base(way, *base));
            line.push_str(&format!(", based on {}", bases.collect::<Vec<_>>().join(", ")));
        }
        for interface in shape.interfaces() {
            line.push_str(&format!(", claims {}", name(interface)));
        }
        lines.push(line);
        if !shape.doc().is_empty() {
            lines.push(format!("    {}", name(shape.doc())));
        }
        limited(shape.members(), lines, |member, lines| lines.push(member_line(member)));
    }

    fn references(&mut self, way: Way, references: &[Reference], lines: &mut Vec<String>) {
        for reference in references {
            if let Reference::Object { id, shape } | Reference::Class { id, shape, .. } = reference {
                let told = self.memory.shape(way, *shape);
                self.memory.note_object(way.see(*id), told);
            }
        }
        let mut index = 0;
        limited(references, lines, |reference, lines| {
            lines.push(format!("  ref {index} is {}", self.reference(way, reference)));
            index += 1;
        });
    }

    fn reference(&self, way: Way, reference: &Reference) -> String {
        match *reference {
            Reference::Object { id, shape } => {
                format!("{}, a {}", shown(way.see(id)), self.memory.shape(way, shape))
            }
            Reference::Class { id, described, .. } => {
                format!("{}, the class {}", shown(way.see(id)), self.memory.shape(way, described))
            }
            Reference::Home { id } => format!("{}, coming home", self.memory.object(way.see(id))),
            Reference::Answer { id } => format!("the answer {}", self.memory.answer(way.see(id))),
        }
    }

    fn messages(&mut self, way: Way, references: &[Reference], messages: &[RawMessage<'_>], lines: &mut Vec<String>) {
        let mut rest = references;
        limited(messages, lines, |raw, lines| {
            let (own, others) = rest.split_at_checked(raw.refs).unwrap_or((rest, &[]));
            rest = others;
            let text = message(way, raw, own, &mut self.memory, &self.limits);
            lines.push(format!("  {text}"));
        });
    }

    fn releases(&mut self, way: Way, releases: &[Release], lines: &mut Vec<String>) {
        limited(releases, lines, |release, lines| {
            lines.push(match *release {
                Release::Object { id, stamp } => {
                    format!("  RELEASE {}: not held, as of frame {stamp}", self.memory.object(way.see(id)))
                }
                Release::Answer { id, stop } => {
                    let stop = if stop { "; it shall stop" } else { "" };
                    format!("  RELEASE answer {}{stop}", self.memory.answer(way.see(id)))
                }
            });
        });
    }
}

/// Lines of the first entries, and how many more there are.
fn limited<T>(entries: &[T], lines: &mut Vec<String>, mut line: impl FnMut(&T, &mut Vec<String>)) {
    entries.iter().take(ENTRIES_MAX).for_each(|entry| line(entry, lines));
    if let Some(more @ 1..) = entries.len().checked_sub(ENTRIES_MAX) {
        lines.push(format!("  ... and {more} more"));
    }
}

fn member_line(member: &Member) -> String {
    let kind = match member.kind {
        MemberKind::Method => "method",
        MemberKind::Attribute => "attribute",
        MemberKind::ClassMethod => "class method",
        MemberKind::StaticMethod => "static method",
    };
    let mut line = format!("    {kind} {}{}", name(&member.name), name(&member.signature));
    let marks = [
        (!member.exposed, "hidden"),
        (member.writable, "writable"),
        (member.concurrent, "concurrent"),
        (member.one_way, "one-way"),
        (member.reads, "changes nothing"),
    ];
    for (_, mark) in marks.iter().filter(|(set, _)| *set) {
        line.push_str(", ");
        line.push_str(mark);
    }
    if !member.doc.is_empty() {
        line.push_str(": ");
        line.push_str(&name(&member.doc));
    }
    line
}

fn preface(unit: &[u8]) -> String {
    match Preface::decode(unit) {
        Err(malformed) => format!("malformed preface, {}: {malformed}", bytes(unit.len())),
        Ok(preface) => {
            let link = match preface.link {
                LinkWish::None => "no link",
                LinkWish::Wanted => "a link wanted",
                LinkWish::Required => "a link required",
            };
            let token = match preface.token.len() {
                0 => String::new(),
                len => format!(", resumes a session by a token of {}", bytes(len)),
            };
            format!("preface: version {}.{}, {link}{token}", preface.major, preface.minor)
        }
    }
}

fn start(unit: &[u8]) -> String {
    let shown = unit.get(..unit.len().min(16)).unwrap_or_default();
    format!("it begins with \"{}\"", shown.escape_ascii())
}

fn bytes(len: usize) -> String {
    if len == 1 { "1 byte".into() } else { format!("{len} bytes") }
}

fn kind_name(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Hello => "HELLO",
        MessageKind::Call => "CALL",
        MessageKind::Return => "RETURN",
        MessageKind::Credit => "CREDIT",
        MessageKind::Bye => "BYE",
    }
}

fn category_name(category: Category) -> &'static str {
    match category {
        Category::Instance => "instance",
        Category::Function => "function",
        Category::Class => "class",
        Category::List => "list",
        Category::Dict => "dict",
        Category::Set => "set",
        Category::ByteArray => "byte array",
        Category::Iterator => "iterator",
        Category::Promise => "promise",
    }
}
