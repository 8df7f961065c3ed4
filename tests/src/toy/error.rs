//! Exceptions of the toy language: instances of classes, with all that is kept of what was raised.

use std::sync::Arc;

use super::{Class, Toy, ToyValue};
use wherever::error::{FrameInfo, Raised};
use wherever::{Error, Runtime, Value};

/// The classes of exceptions that every toy runtime has: known by name on all sides.
pub(super) fn builtins() -> Vec<Class> {
    let root = Class::builtin("Exception", None);
    let names =
        ["TypeError", "ValueError", "AttributeError", "KeyError", "IndexError", "RuntimeError", "ConnectionError"];
    let others = names.map(|name| Class::builtin(name, Some(&root)));
    others.into_iter().chain([Class::builtin("ExceptionGroup", Some(&root)), root.clone()]).collect()
}

impl Toy {
    /// A new exception of a builtin class.
    pub fn raise(&self, class: &str, message: &str) -> ToyValue {
        let made = self.object(self.builtin(class), None, None);
        let _ = self.set(&made, "args", ToyValue::Tuple(vec![message.into()]));
        made
    }

    /// A text for people.
    pub fn text(&self, value: &ToyValue) -> String {
        match value {
            ToyValue::Copy(Value::Text(text)) => text.to_string(),
            ToyValue::Copy(value) => format!("{value:?}"),
            ToyValue::Object(object) => match self.attribute(value, "args") {
                Some(ToyValue::Tuple(arguments)) if object.far.is_none() => {
                    let arguments: Vec<_> = arguments.iter().map(|argument| self.text(argument)).collect();
                    format!("{}: {}", object.class.name(), arguments.join(", "))
                }
                _ => format!("<{} object>", object.class.name()),
            },
            ToyValue::Class(class) => format!("<class {}>", class.name()),
            _ => "<toy value>".to_owned(),
        }
    }

    /// Names of all attributes.
    pub fn dir(&self, value: &ToyValue) -> Vec<String> {
        if let Some(far) = value.far() {
            let names = far.dir().unwrap_or_default();
            return names.into_iter().filter(|name| !super::HOOKS.contains(&&**name)).collect();
        }
        let ToyValue::Object(object) = value else { return Vec::new() };
        let own: Vec<_> = object.attributes.lock().iter().map(|(name, _)| name.to_string()).collect();
        let shape = object.class.shape();
        own.into_iter().chain(shape.member_names().iter().map(|name| name.to_string())).collect()
    }

    /// An attribute of an object that lives here, if it has it.
    pub(super) fn attribute(&self, of: &ToyValue, name: &str) -> Option<ToyValue> {
        let ToyValue::Object(object) = of else { return None };
        object.attributes.lock().iter().find(|(own, _)| &**own == name).map(|(_, value)| value.clone())
    }

    fn attributes(&self, of: &ToyValue, name: &str) -> Vec<ToyValue> {
        match self.attribute(of, name) {
            Some(ToyValue::Tuple(items)) => items,
            Some(ToyValue::List(items)) => items.lock().clone(),
            _ => Vec::new(),
        }
    }

    /// An exception as peers are told of it.
    pub(super) fn error_of(&self, raised: &ToyValue) -> Error {
        match raised {
            // What came from elsewhere goes on as it came.
            ToyValue::Object(object) if object.error.is_some() => object.error.clone().unwrap(),
            _ => Error::Raised(self.raised_of(raised)),
        }
    }

    fn raised_of(&self, raised: &ToyValue) -> Arc<Raised> {
        if let ToyValue::Object(object) = raised
            && let Some(Error::Raised(came)) = &object.error
        {
            return came.clone();
        }
        let Some(class) = raised.class() else {
            return Arc::new(Raised::new("toy:TypeError", "what was raised is no exception"));
        };
        let part = |name: &str| self.attribute(raised, name).map(|part| self.raised_of(&part));
        let texts = |name: &str| self.attributes(raised, name).iter().map(|note| self.text(note).into()).collect();
        let arguments = self.attributes(raised, "args");
        let frame = |frame: &ToyValue| {
            let name: Arc<str> = self.text(frame).into();
            FrameInfo {
                file: "toy".into(),
                line: 1,
                column: 0,
                text: format!("{name}()").into(),
                name,
                ..FrameInfo::default()
            }
        };
        Arc::new(Raised {
            type_name: class.name().into(),
            bases: class.line()[1..].iter().map(|base| base.name().into()).collect(),
            message: arguments.first().map(|first| self.text(first)).unwrap_or_default().into(),
            arguments: arguments.iter().filter_map(|argument| self.outgoing(argument).ok()).collect(),
            attributes: Vec::new(),
            cause: part("__cause__"),
            context: part("__context__"),
            notes: texts("__notes__"),
            group: self.attributes(raised, "exceptions").iter().map(|member| self.raised_of(member)).collect(),
            frames: self.attributes(raised, "__traceback__").iter().map(frame).collect(),
            object: self.outgoing(raised).ok(),
        })
    }

    /// What came from a peer as an exception: its own object at home, else an instance of a fake class.
    pub(super) fn exception_of(&self, error: Error) -> ToyValue {
        let Error::Raised(raised) = &error else {
            let class = match &error {
                Error::NoMember { .. } => "AttributeError",
                Error::Disconnected(_) => "ConnectionError",
                Error::Convert(_) | Error::NotSupported { .. } => "TypeError",
                _ => "RuntimeError",
            };
            let made = self.object(self.builtin(class), None, Some(error.clone()));
            let _ = self.set(&made, "args", ToyValue::Tuple(vec![error.to_string().into()]));
            return made;
        };
        self.exception_of_raised(raised)
    }

    fn exception_of_raised(&self, raised: &Arc<Raised>) -> ToyValue {
        let class = match raised.object.clone().map(|object| self.incoming(object)) {
            Some(Ok(ToyValue::Object(object))) if object.far.is_none() => return ToyValue::Object(object),
            Some(Ok(object)) => object.class().cloned(),
            _ => None,
        };
        let class = class.unwrap_or_else(|| self.named(&raised.type_name, &raised.bases));
        let made = self.object(class, None, Some(Error::Raised(raised.clone())));
        let all = |parts: &[Arc<Raised>]| parts.iter().map(|part| self.exception_of_raised(part)).collect();
        let incoming = |value: &Value| self.incoming(value.clone()).unwrap_or_else(|_| ().into());
        let parts = [("__cause__", &raised.cause), ("__context__", &raised.context)];
        for (name, part) in parts {
            if let Some(part) = part {
                let _ = self.set(&made, name, self.exception_of_raised(part));
            }
        }
        let texts = raised.notes.iter().map(|note| note.clone().into()).collect();
        let frames = raised.frames.iter().map(|frame| frame.name.clone().into()).collect();
        let lists = [
            ("args", raised.arguments.iter().map(incoming).collect()),
            ("__notes__", texts),
            ("exceptions", all(&raised.group)),
            ("__traceback__", frames),
        ];
        for (name, items) in lists {
            let _ = self.set(&made, name, ToyValue::Tuple(items));
        }
        made
    }

    /// The class of an exception of which no more than the names is known: a builtin one, or one of its own.
    fn named(&self, name: &str, bases: &[Arc<str>]) -> Class {
        let known = |name: &str| self.0.builtins.iter().find(|class| class.name() == name).cloned();
        known(name).unwrap_or_else(|| {
            let base = bases.iter().find_map(|base| known(base)).unwrap_or_else(|| self.builtin("Exception"));
            Class::nameless(name, base)
        })
    }
}
