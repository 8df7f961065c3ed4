//! Values as text of bounded length.

use std::any::Any;
use std::sync::Arc;

use super::escape::{self, escape};
use crate::context::CallContext;
use crate::error::Error;
use crate::host::{Arguments, Host, Outcome, Own, Request};
use crate::shape::{Category, Shape};
use crate::value::{Ref, Value};

/// Length of the values of one message as they are shown, in characters.
const CHARS_MAX: usize = 400;
/// Items of one container, or bytes of a text, that are shown.
const ITEMS_MAX: usize = 12;
/// Characters of one text that are shown.
const TEXT_CHARS_MAX: usize = 80;
/// Containers within containers that are shown.
const DEPTH_MAX: u32 = 16;

/// What stands for a reference while a payload is decoded: its description.
struct Placeholder(String);

impl Host for Placeholder {
    fn shape(&self) -> Arc<Shape> {
        Arc::new(Shape::new("wherever:described", Category::Instance))
    }

    fn operate(&self, request: Request, _: &CallContext) -> Outcome {
        Outcome::Error(Error::not_supported(&self.shape(), request.operation))
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

/// A value to decode a reference as; it is shown as this text.
pub(super) fn placeholder(text: String) -> Value {
    Value::Ref(Ref::Own(Own::new(Placeholder(text))))
}

/// Text under construction that takes so much and no more.
pub(super) struct Render {
    out: String,
    left: usize,
}

impl Render {
    pub(super) fn new() -> Self {
        Self { out: String::new(), left: CHARS_MAX }
    }

    /// The text; with three dots if it was cut.
    pub(super) fn finish(mut self) -> String {
        if self.left == 0 {
            self.out.push_str("...");
        }
        self.out
    }

    fn text(&mut self, text: &str) {
        let taken = text.floor_char_boundary(self.left);
        self.out.push_str(&text[..taken]);
        self.left = if taken < text.len() { 0 } else { self.left - taken };
    }

    /// Arguments as they would be written in a call, without the parentheses.
    pub(super) fn arguments(&mut self, arguments: &Arguments) {
        let mut first = true;
        let mut separate = |render: &mut Self| {
            if !std::mem::replace(&mut first, false) {
                render.text(", ");
            }
        };
        for value in &arguments.positional {
            separate(self);
            self.value(value, 0);
        }
        for (name, value) in &arguments.named {
            separate(self);
            self.text(&escape::name(name));
            self.text("=");
            self.value(value, 0);
        }
    }

    /// A value; `depth` containers are open around it.
    pub(super) fn value(&mut self, value: &Value, depth: u32) {
        if self.left == 0 {
            return;
        }
        match value {
            Value::Text(text) => self.quoted(text),
            Value::Bytes(bytes) => self.bytes("b", bytes),
            Value::ByteArray(bytes) => self.bytes("bytearray b", bytes),
            Value::Tuple(items) => self.items("(", items, if items.len() == 1 { ",)" } else { ")" }, depth),
            Value::List(items) => self.items("[", items, "]", depth),
            Value::Set(items) => self.items("{", items, "}", depth),
            Value::FrozenSet(items) => self.items("frozen {", items, "}", depth),
            Value::Dict(entries) => self.list("{", entries, "}", depth, |render, (key, value)| {
                render.value(key, depth + 1);
                render.text(": ");
                render.value(value, depth + 1);
            }),
            Value::Typed(typed) => {
                self.text(&format!("{}/{}(", escape::name(&typed.type_name), typed.version));
                self.value(&typed.data, depth + 1);
                self.text(")");
            }
            Value::Ref(Ref::Own(own)) => match own.downcast::<Placeholder>() {
                Some(Placeholder(text)) => self.text(&format!("<{text}>")),
                None => self.text("<object>"),
            },
            Value::Ref(Ref::Remote(handle)) => self.text(&escape(&format!("{handle:?}"))),
            // None, numbers, and back edges: nothing of a peer's wording.
            other => self.text(&format!("{other:?}")),
        }
    }

    fn items(&mut self, open: &str, items: &[Value], close: &str, depth: u32) {
        self.list(open, items, close, depth, |render, item| render.value(item, depth + 1));
    }

    fn list<T>(&mut self, open: &str, items: &[T], close: &str, depth: u32, one: impl Fn(&mut Self, &T)) {
        self.text(open);
        let shown = if depth < DEPTH_MAX { ITEMS_MAX } else { 0 };
        for (place, item) in items.iter().take(shown).enumerate() {
            if place > 0 {
                self.text(", ");
            }
            one(self, item);
        }
        if items.len() > shown {
            self.text(&format!(" ... {} in all", items.len()));
        }
        self.text(close);
    }

    fn quoted(&mut self, text: &str) {
        let mut quoted = String::from("\"");
        let mut chars = text.chars();
        for c in chars.by_ref().take(TEXT_CHARS_MAX) {
            match c {
                '"' | '\\' => quoted.extend(['\\', c]),
                c => escape::push(&mut quoted, c),
            }
        }
        quoted.push('"');
        if chars.next().is_some() {
            quoted.push_str("...");
        }
        self.text(&quoted);
    }

    fn bytes(&mut self, prefix: &str, bytes: &[u8]) {
        let shown = bytes.get(..bytes.len().min(ITEMS_MAX * 2)).unwrap_or_default();
        self.text(&format!("{prefix}\"{}\"", shown.escape_ascii()));
        if shown.len() < bytes.len() {
            self.text(&format!("... {} bytes", bytes.len()));
        }
    }
}
