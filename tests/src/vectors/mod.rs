//! The protocol's vectors: bytes and what they mean, for whoever writes the other side in another language.
//!
//! Where a vector was made from a value here, what it means was taken from that value, not from its bytes.

mod conversation;
mod frames;
pub mod json;
pub mod meaning;
mod messages;
mod refused;
pub mod seeds;
mod values;

use std::sync::LazyLock;

use wherever::Value;
use wherever::hosts::Function;

use json::Json;

/// The nonces of the two sides of all vectors.
const NONCES: [[u8; 16]; 2] = [*b"nonce of side 1!", *b"nonce of side 2!"];

/// Bytes, and what they mean when they are read as one thing of a kind.
pub struct Vector {
    name: String,
    kind: &'static str,
    bytes: Vec<u8>,
    /// How many references the message has, for payloads and messages.
    refs: usize,
    means: Json,
}

/// Bytes that must not be taken for a thing of a kind.
pub struct Refused {
    kind: &'static str,
    bytes: Vec<u8>,
    why: &'static str,
}

impl Vector {
    /// A vector whose meaning is known without reading it.
    fn meant(name: impl Into<String>, kind: &'static str, bytes: Vec<u8>, refs: usize, means: Json) -> Self {
        Self { name: name.into(), kind, bytes, refs, means }
    }

    /// A vector that means what it reads as.
    fn read(name: &str, kind: &'static str, bytes: Vec<u8>, refs: usize) -> Self {
        let means = meaning::of_bytes(kind, &bytes, &slots(refs));
        let means = means.unwrap_or_else(|error| panic!("{name}: {error}"));
        Self::meant(name, kind, bytes, refs, means)
    }

    fn to_json(&self) -> Json {
        let mut entries = vec![("name".to_owned(), Json::text(&self.name)), ("kind".to_owned(), Json::text(self.kind))];
        entries.push(("bytes".to_owned(), Json::hex(&self.bytes)));
        if self.refs > 0 {
            entries.push(("references".to_owned(), Json::Number(self.refs as u64)));
        }
        entries.push(("means".to_owned(), self.means.clone()));
        Json::Map(entries)
    }
}

/// What the references of a payload stand for where only their places count: as many objects, always the same.
pub fn slots(count: usize) -> Vec<Value> {
    static OBJECTS: LazyLock<Vec<Value>> =
        LazyLock::new(|| (0..8).map(|at| Function::new(format!("{at}"), |_, _| Ok(Value::None)).into()).collect());
    OBJECTS.iter().take(count).cloned().collect()
}

fn file(about: &str, vectors: &[Vector]) -> Json {
    let vectors = Json::list(vectors.iter().map(Vector::to_json));
    Json::map([("about", Json::text(about)), ("vectors", vectors)])
}

/// All files of vectors: their names, and what is in them.
pub fn files() -> Vec<(&'static str, String)> {
    let refused = refused::refused().into_iter().map(|Refused { kind, bytes, why }| {
        Json::map([("kind", Json::text(kind)), ("bytes", Json::hex(&bytes)), ("why", Json::text(why))])
    });
    let refused = Json::map([
        ("about", Json::text("Bytes that must be refused (protocol.md, 10).")),
        ("refused", Json::list(refused)),
    ]);
    let files = [
        ("primitives.json", file("Primitives (protocol.md, 1).", &values::primitives())),
        ("prefaces.json", file("Prefaces (protocol.md, 2).", &values::prefaces())),
        ("frames.json", file("Frames, parts, references and releases (protocol.md, 3 and 5).", &frames::frames())),
        ("shapes.json", file("Shapes (protocol.md, 4).", &frames::shapes())),
        ("values.json", file("Values, each the payload of a result (protocol.md, 6).", &values::values())),
        ("payloads.json", file("Arguments, items and errors (protocol.md, 6).", &values::payloads())),
        ("messages.json", file("Bodies of messages (protocol.md, 7).", &messages::messages())),
        ("refused.json", refused),
        ("conversation.json", conversation::file()),
    ];
    files.map(|(name, json)| (name, json.write())).into()
}
