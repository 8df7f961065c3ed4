//! The calls of exported code, as errors that came through them tell of them.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use crate::error::{Error, FrameInfo};
use crate::shape::{Member, Shape};

/// Where the code of a function stands, from its first line to its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodePlace {
    /// The file, as the compiler names it.
    pub file: &'static str,
    /// The line on which it begins, counted from 1.
    pub first_line: u32,
    /// The line on which it ends.
    pub last_line: u32,
}

/// What is known of the members of a type, or of a function, once it is described.
#[derive(Clone, Default)]
pub(crate) struct Known {
    /// The signature, of a function.
    signature: Arc<str>,
    /// Where code stands, by its name in Rust.
    places: HashMap<&'static str, CodePlace>,
    /// Names in Rust, by those for peers, where these are others.
    names: HashMap<&'static str, &'static str>,
    /// The calls of the members, made once: an error costs no more than it must.
    calls: HashMap<Arc<str>, Place>,
}

/// A call as a place that errors come through, and the last line of what is called.
type Place = (FrameInfo, u32);

/// What is put behind the name of an attribute where it is written.
const WRITTEN: char = '=';

impl Known {
    pub(super) fn placed(&mut self, name: &'static str, place: CodePlace) {
        self.places.insert(name, place);
    }

    pub(super) fn known_as(&mut self, name: &'static str, for_peers: &'static str) {
        self.names.insert(for_peers, name);
    }

    /// Of a type of this shape, which is told now of what was said before.
    pub(super) fn of_shape(self, shape: &Shape) -> Self {
        let call = |member: &Member| {
            let call = self.call(shape.name(), &member.name, member.signature.clone());
            (member.name.clone(), call)
        };
        // Of two members of one name the first is meant.
        let members: Vec<_> = shape.all_members().collect();
        let calls = members.into_iter().rev().map(call).collect();
        Self { calls, ..self }
    }

    /// A function with this signature, that stands there.
    pub(super) fn of_function(signature: Arc<str>, place: CodePlace) -> Self {
        Self { signature, places: HashMap::from([("", place)]), ..Self::default() }
    }

    /// The error of a member of this type, as having come through its call. The member is empty for the type itself, or
    /// for a function.
    pub(super) fn through(&self, of: &str, member: &str, error: Error) -> Error {
        error.through(|| match self.calls.get(member) {
            Some(call) => call.clone(),
            None => self.call(of, member, self.signature.clone()),
        })
    }

    fn call(&self, of: &str, member: &str, signature: Arc<str>) -> Place {
        let place = self.places.get(self.names.get(member).copied().unwrap_or(member)).copied();
        let call = FrameInfo {
            name: match member.trim_end_matches(WRITTEN) {
                "" => short(of).into(),
                name => format!("{}.{name}", short(of)).into(),
            },
            signature,
            file: place.map_or_else(Arc::default, |place| place.file.into()),
            line: place.map_or(0, |place| place.first_line),
            first_line: place.map_or(0, |place| place.first_line),
            exported: true,
            ..FrameInfo::default()
        };
        (call, place.map_or(0, |place| place.last_line))
    }
}

/// The last part of a type's name, of whatever stands within it.
fn short(name: &str) -> &str {
    let end = name.find(['<', '(']).unwrap_or(name.len());
    let begin = name[..end].rfind(['.', ':']).map_or(0, |at| at + 1);
    &name[begin..]
}

/// A call of exported code that may go on later, elsewhere.
#[derive(Clone)]
pub(crate) struct Called(Arc<Call>);

struct Call {
    of: Arc<str>,
    member: Arc<str>,
    /// Both, for texts.
    place: Arc<str>,
    known: Arc<OnceLock<Known>>,
}

impl Called {
    pub(super) fn new(of: &Arc<str>, member: &str, known: &Arc<OnceLock<Known>>) -> Self {
        let place = match member.trim_end_matches(WRITTEN) {
            "" => of.clone(),
            name => format!("{of}.{name}").into(),
        };
        Self(Arc::new(Call { of: of.clone(), member: member.into(), place, known: known.clone() }))
    }

    /// The full name of what is called.
    pub(super) fn place(&self) -> &Arc<str> {
        &self.0.place
    }

    /// An error of it, as having come through it.
    pub(super) fn through(&self, error: Error) -> Error {
        match self.0.known.get() {
            Some(known) => known.through(&self.0.of, &self.0.member, error),
            None => Known::default().through(&self.0.of, &self.0.member, error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_type_s_name_the_last_part_is_told() {
        let names = ["rust:shop::till::Till", "rust:demo.Counter", "double", "rust:a::Pair<b::C, d::E>", ""];
        assert_eq!(names.map(short), ["Till", "Counter", "double", "Pair<b::C, d::E>", ""]);
    }
}
