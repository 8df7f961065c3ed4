//! Inputs that fuzzing begins with: vectors, and one side of conversations.

use std::sync::Arc;

use wherever::Value;
use wherever::clock::ManualClock;
use wherever::hosts::Function;
use wherever::policy::Policy;

use crate::pair::node;
use crate::vectors::conversation::Recorder;
use crate::vectors::{Vector, conversation, frames, values};

/// All seeds: the fuzz target, the file, the input.
pub fn seeds() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut seeds = Vec::new();
    let mut add = |target, vectors: Vec<Vector>, head: fn(&str) -> Option<u8>| {
        for vector in vectors {
            let name = vector.name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
            let bytes = head(vector.kind).into_iter().chain(vector.bytes).collect();
            seeds.push((target, format!("{}-{name}", vector.kind), bytes));
        }
    };
    add("preface", values::prefaces(), |_| None);
    add("shape", frames::shapes(), |_| None);
    add("frame", frames::frames(), |_| None);
    let long = |vector: &Vector| vector.bytes.len() > 9;
    add("value", values::values().into_iter().filter(long).collect(), |_| Some(1));
    add("value", values::payloads().into_iter().filter(long).collect(), |kind| match kind {
        "arguments" => Some(0),
        "items" => Some(2),
        _ => Some(3),
    });
    seeds.push(("session", "calls".to_owned(), session()));
    seeds.push(("describe", "conversation".to_owned(), conversation()));
    seeds
}

/// A whole conversation as the fuzz target `describe` reads it, which takes units from both sides by turns.
fn conversation() -> Vec<u8> {
    let mut input = Vec::new();
    let mut ours = true;
    for (from, unit) in conversation::units() {
        if (from == 0) != ours {
            // An empty unit is the other side's turn.
            input.push(0);
            ours = !ours;
        }
        append(&mut input, &unit);
        ours = !ours;
    }
    input
}

/// Adds a unit behind its length.
fn append(input: &mut Vec<u8>, unit: &[u8]) {
    input.push(0xf0);
    input.extend((unit.len() as u16).to_le_bytes());
    input.extend(unit);
}

/// What the fuzz target `session` reads, where the other side makes calls of all kinds of what the target exports.
fn session() -> Vec<u8> {
    let clock = Arc::new(ManualClock::default());
    let far = node(&clock, Policy::Open);
    for name in ["l", "i", "c", "f"] {
        far.export(name, Function::new(name, |mut arguments, _| arguments.take::<Value>(0, "value")).into_own());
    }
    let mut talk = Recorder::new(&clock, &node(&clock, Policy::Open), &far);
    let near = talk.sides[0].peer();
    // The target has had its HELLO: what goes with ours is not in the input.
    let hello = near.promise("missing").unwrap();
    talk.settle();
    let begun = talk.units.len();
    let got: Vec<_> = ["l", "i", "c", "f"].map(|name| near.promise(name).unwrap()).into();
    let back = Value::from(Function::new("back", |_, _| Ok(Value::Int(1))));
    let called = got[3].call("", (back,)).unwrap();
    let on = called.call("", (&called,)).unwrap();
    talk.settle();
    drop((hello, got, called, on));
    talk.tick();
    talk.tick();
    let mut input = Vec::new();
    for (_, frame) in talk.units[begun..].iter().filter(|(from, _)| *from == 0) {
        append(&mut input, frame);
        // A job, what is ready to leave, and a tick.
        input.extend([0xf1, 0xf1, 0xf8, 0xfc]);
    }
    input
}
