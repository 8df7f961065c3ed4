//! Messages as lines: what is asked of what, and what came of it.

use super::escape::name;
use super::memory::Memory;
use super::render::{Render, placeholder};
use super::{Way, kind_name, shown};
use crate::error::Error;
use crate::host::{Arguments, Operation};
use crate::limits::Limits;
use crate::table::Id;
use crate::value::Value;
use crate::wire::Malformed;
use crate::wire::frame::{RawMessage, Reference};
use crate::wire::message::{Bye, CallHeader, Credit, Hello, MessageKind, ReturnHeader, decode_record};
use crate::wire::payload::{Items, decode_arguments, decode_error, decode_items, decode_result};

/// A message in one line; `references` are its own.
pub(super) fn message(
    way: Way,
    raw: &RawMessage<'_>,
    references: &[Reference],
    memory: &mut Memory,
    limits: &Limits,
) -> String {
    let mut telling = Telling { way, body: raw.body, references, memory, limits };
    let told = match raw.kind {
        MessageKind::Hello => telling.hello(),
        MessageKind::Call => telling.call(),
        MessageKind::Return => telling.returned(),
        MessageKind::Credit => telling.credit(),
        MessageKind::Bye => telling.bye(),
    };
    let kind = kind_name(raw.kind);
    match told {
        Ok(told) => format!("{kind} {told}"),
        Err(malformed) => format!("{kind} of {} bytes that cannot be decoded: {malformed}", raw.body.len()),
    }
}

struct Telling<'a> {
    way: Way,
    body: &'a [u8],
    references: &'a [Reference],
    memory: &'a mut Memory,
    limits: &'a Limits,
}

impl Telling<'_> {
    /// What stands for each reference of the message.
    fn slots(&self) -> Vec<Value> {
        let told = self.references.iter().map(|reference| match *reference {
            Reference::Answer { id } => format!("answer {}", shown(self.way.see(id))),
            Reference::Object { id, .. } | Reference::Class { id, .. } | Reference::Home { id } => {
                self.memory.object(self.way.see(id))
            }
        });
        told.map(placeholder).collect()
    }

    fn payload(&self, start: usize) -> &[u8] {
        self.body.get(start..).unwrap_or_default()
    }

    fn hello(&mut self) -> Result<String, Malformed> {
        let (hello, _) = decode_record::<Hello>(self.body)?;
        let told = &hello.told;
        let mut text = format!(
            "runtime {}, takes frames of {} bytes, messages of {} bytes, {} references and {} shapes a frame, \
             {} calls at once",
            name(&hello.runtime),
            told.frame_len_max,
            told.message_len_max,
            told.frame_refs_max,
            told.frame_shapes_max,
            told.calls_max
        );
        if hello.features != 0 {
            text.push_str(&format!(", features {:#x}", hello.features));
        }
        let types = hello.value_types.iter().take(8).map(|(known, version)| format!("{}/{version}", name(known)));
        match hello.value_types.len() {
            0 => {}
            count => {
                let types = types.collect::<Vec<_>>().join(", ");
                text.push_str(&format!(", {count} value types: {types}{}", if count > 8 { ", ..." } else { "" }));
            }
        }
        Ok(text)
    }

    fn call(&mut self) -> Result<String, Malformed> {
        let (header, start) = decode_record::<CallHeader>(self.body)?;
        let answer = self.way.id(header.id, true);
        let target = self.way.see(Id::from_bits(header.target).turned());
        let asked = asked(&header);
        let of_answer = target.is_ours() == answer.is_ours() && target.number() != 0;
        let target =
            if of_answer { format!("answer {}", self.memory.answer(target)) } else { self.memory.object(target) };
        let path: String = header.path.iter().take(8).map(|step| format!(".{}", name(step))).collect();
        let more = if header.path.len() > 8 { "..." } else { "" };
        let arguments = match decode_arguments(self.payload(start), &self.slots(), self.limits) {
            Ok(none) if none == Arguments::default() && header.operation != Operation::Call as u8 => String::new(),
            Ok(arguments) => {
                let mut render = Render::new();
                render.arguments(&arguments);
                format!("({})", render.finish())
            }
            Err(malformed) => format!("(arguments that cannot be decoded: {malformed})"),
        };
        self.memory.note_call(answer, asked.clone());
        let id = if header.flags & CallHeader::ONE_WAY != 0 { String::new() } else { format!("{}: ", shown(answer)) };
        Ok(format!("{id}{asked}{arguments} on {target}{path}{more}{}", self.circumstances(&header)))
    }

    /// All that a call says beside what is asked.
    fn circumstances(&self, header: &CallHeader) -> String {
        let mut text = String::new();
        let flags = [
            (CallHeader::ONE_WAY, "one-way"),
            (CallHeader::KEEP, "keep"),
            (CallHeader::NO_RETURN, "no return"),
            (CallHeader::LANE_ALONE, "lane alone"),
        ];
        for (_, flag) in flags.iter().filter(|(bit, _)| header.flags & bit != 0) {
            text.push_str(&format!(", {flag}"));
        }
        if header.flags & !CallHeader::ALL != 0 {
            text.push_str(&format!(", unknown flags {:#x}", header.flags & !CallHeader::ALL));
        }
        if let Some(parent) = header.parent {
            text.push_str(&format!(", within {}", self.memory.answer(self.way.id(parent, false))));
        }
        if let Some(time) = header.time_left {
            text.push_str(&format!(", {time} us left"));
        }
        if let Some((bytes, items)) = header.credit {
            text.push_str(&format!(", credit {bytes} bytes and {items} items"));
        }
        if !header.prefetch.is_empty() {
            let names: Vec<String> = header.prefetch.iter().take(8).map(|wanted| name(wanted)).collect();
            text.push_str(&format!(", with {} of each", names.join(", ")));
        }
        format!("{text}, lane {}", header.lane)
    }

    fn returned(&mut self) -> Result<String, Malformed> {
        let (header, start) = decode_record::<ReturnHeader>(self.body)?;
        let answer = self.memory.answer(self.way.id(header.id, false));
        let (payload, slots) = (self.payload(start), self.slots());
        let mut text = if header.flags & ReturnHeader::ERROR != 0 {
            let error = decode_error(payload, &slots, self.limits)?;
            format!("{answer} failed: {}", error_line(&error))
        } else if header.flags & ReturnHeader::ITEMS != 0 {
            format!("{answer} gives {}", items_line(&decode_items(payload, &slots, self.limits)?))
        } else {
            let value = decode_result(payload, &slots, self.limits)?;
            let mut render = Render::new();
            render.value(&value, 0);
            let held = header.flags & ReturnHeader::HELD != 0;
            format!("{answer} {} {}", if held { "waits for" } else { "=" }, render.finish())
        };
        if header.flags & ReturnHeader::MORE != 0 {
            text.push_str(", more to come");
        }
        Ok(text)
    }

    fn credit(&mut self) -> Result<String, Malformed> {
        let (credit, _) = decode_record::<Credit>(self.body)?;
        let answer = self.memory.answer(self.way.id(credit.id, true));
        Ok(format!("{answer}: {} bytes and {} items more", credit.bytes, credit.items))
    }

    fn bye(&mut self) -> Result<String, Malformed> {
        let (bye, _) = decode_record::<Bye<'_>>(self.body)?;
        Ok(name(&bye.reason))
    }
}

/// What a call asks: a member's name, or the operation.
fn asked(header: &CallHeader) -> String {
    let member = header.member.as_deref().map(name);
    match (Operation::from_code(header.operation), member) {
        (Some(Operation::Call), Some(member)) => member,
        (Some(Operation::Get), Some(member)) => format!("get {member}"),
        (Some(operation), member) => {
            let operation = format!("{operation:?}").to_lowercase();
            member.map_or(operation.clone(), |member| format!("{operation} {member}"))
        }
        (None, member) => {
            format!("unknown operation {} {}", header.operation, member.unwrap_or_default()).trim_end().into()
        }
    }
}

fn error_line(error: &Error) -> String {
    let mut text = name(&error.to_string());
    if let Error::Raised(raised) = error {
        let mut cause = raised.cause.as_deref();
        while let Some(inner) = cause {
            text.push_str(&format!(", from {}", name(&inner.to_string())));
            cause = inner.cause.as_deref();
        }
        if let Some(frame) = raised.frames.last() {
            text.push_str(&format!(", at {}:{}", name(&frame.file), frame.line));
        }
    }
    text
}

fn items_line(items: &Items) -> String {
    let mut render = Render::new();
    let value = Value::tuple(items.items.iter().cloned());
    render.value(&value, 0);
    let attributes = match items.attributes_per_item {
        0 => String::new(),
        count => format!(", each with {count} of its attributes"),
    };
    format!("{} items: {}{attributes}", items.items.len(), render.finish())
}
