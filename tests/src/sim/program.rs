//! What a seed stands for: who is connected how, and a list of steps. It is made before anything runs, so that any
//! part of the list can be run again.

use std::sync::Arc;

use super::rng::Rng;
use super::setup::{Setup, setup};

/// A seed, spelled out.
#[derive(Clone, Debug)]
pub struct Program {
    /// The seed.
    pub seed: u64,
    /// Who is connected how.
    pub setup: Setup,
    /// What is done from outside, with its place in the whole list.
    pub steps: Vec<(usize, Step)>,
}

/// One thing that a caller at the top does.
#[derive(Clone, Debug)]
pub struct Step {
    /// Which of the callers at the top.
    pub actor: usize,
    /// What it does.
    pub act: Act,
}

/// One thing that a caller does, be it at the top or serving a call itself. Numbers to pick by are taken modulo
/// whatever there is to pick from.
#[derive(Clone, Debug)]
pub enum Act {
    /// Ask a peer for an exported object, without waiting.
    Get {
        /// Which session.
        end: usize,
        /// Which name; some stand for nothing.
        name: usize,
    },
    /// Call an object or a promise.
    Call(Call),
    /// Several calls in one batch.
    Batch {
        /// The calls.
        calls: Vec<Call>,
        /// Each is made on the promise of the one before.
        chain: bool,
    },
    /// The same without a batch: a run of pipelined calls.
    Chain(Vec<Call>),
    /// Read an attribute, without waiting.
    Attribute(usize),
    /// Wait for a promise.
    Await(usize),
    /// Drop something held.
    Drop(usize),
    /// Cancel a promise.
    Cancel(usize),
    /// Put a reference into an object of this side.
    Store(usize),
    /// Read a stream.
    Stream {
        /// What gives it.
        target: usize,
        /// How many items it may run ahead.
        ahead: u64,
        /// How many items to read before it is dropped.
        wanted: u64,
    },
    /// Fetch a whole list.
    Fetch {
        /// Which session.
        end: usize,
    },
    /// Cut a carrier.
    Cut {
        /// Which end notices first.
        end: usize,
    },
}

/// A call.
#[derive(Clone, Debug)]
pub struct Call {
    /// What it is made on.
    pub target: usize,
    /// What it passes.
    pub args: Vec<Arg>,
    /// Bytes that it passes as well.
    pub pad: usize,
    /// How its caller goes on.
    pub how: How,
    /// The time that it is given, in microseconds.
    pub within: Option<u64>,
    /// By way of an attribute that gives the object itself.
    pub by_path: bool,
    /// Of the member that is marked concurrent.
    pub concurrent: bool,
    /// How it is served.
    pub style: Style,
    /// What its callee does before it answers.
    pub body: Arc<[Act]>,
    /// What it is answered with.
    pub give: Give,
}

/// An argument.
#[derive(Clone, Copy, Debug)]
pub enum Arg {
    /// Something held.
    Held(usize),
    /// A new object of the caller's side.
    New,
}

/// How a caller goes on after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It waits for the result.
    Waiting,
    /// It keeps a promise.
    Promise,
    /// It forgets about it.
    OneWay,
}

/// How a call is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Answered at once.
    AtOnce,
    /// By a thread, which blocks where it waits.
    Thread,
    /// By a task, which is suspended where it waits.
    Task,
}

/// What a call is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Give {
    /// Nothing.
    Nothing,
    /// So many bytes.
    Bytes(usize),
    /// A new object.
    New,
    /// The object called.
    Receiver,
    /// Something that its callee holds: an argument, a promise of its own.
    Held(usize),
    /// What was stored in the object called.
    Stored,
    /// An error.
    Raise,
    /// A panic.
    Panic,
}

/// How deep calls are nested at most.
const DEPTH_MAX: usize = 6;

/// Spells a seed out, with so many steps.
pub fn program(seed: u64, len: usize) -> Program {
    let setup = setup(&mut Rng::of_part(seed, u64::MAX));
    let steps = (0..len).map(|place| {
        let mut rng = Rng::of_part(seed, place as u64);
        let actor = rng.below(setup.actors.len());
        let cut = setup.cut_at == Some(place * 100 / len.max(1)) && place % 3 == 0;
        let act = if cut { Act::Cut { end: rng.pick() } } else { top_act(&mut rng) };
        (place, Step { actor, act })
    });
    Program { seed, steps: steps.collect(), setup }
}

fn top_act(rng: &mut Rng) -> Act {
    match rng.below(100) {
        0..8 => Act::Get { end: rng.pick(), name: rng.pick() },
        8..11 => Act::Call(deep(rng, 0)),
        11..14 => Act::Fetch { end: rng.pick() },
        _ => act(rng, 0),
    }
}

fn act(rng: &mut Rng, depth: usize) -> Act {
    match rng.below(100) {
        0..48 => Act::Call(call(rng, depth)),
        48..51 => Act::Batch { calls: calls(rng, depth), chain: false },
        51..54 => Act::Batch { calls: links(rng, depth), chain: true },
        54..57 => Act::Chain(links(rng, depth)),
        57..70 => Act::Await(rng.pick()),
        70..82 => Act::Drop(rng.pick()),
        82..85 => Act::Cancel(rng.pick()),
        85..90 => Act::Store(rng.pick()),
        90..94 => Act::Attribute(rng.pick()),
        94..96 => Act::Get { end: rng.pick(), name: rng.pick() },
        _ => Act::Stream { target: rng.pick(), ahead: rng.between(1, 9), wanted: rng.between(0, 40) },
    }
}

fn calls(rng: &mut Rng, depth: usize) -> Vec<Call> {
    (0..rng.between(2, 5)).map(|_| call(rng, depth)).collect()
}

/// Calls of a chain: each gives an object for the next.
fn links(rng: &mut Rng, depth: usize) -> Vec<Call> {
    let link = |rng: &mut Rng| Call {
        how: How::Promise,
        within: None,
        give: [Give::New, Give::Receiver, Give::Held(rng.pick())][rng.below(3)],
        ..call(rng, depth + 1)
    };
    (0..rng.between(2, 6)).map(|_| link(rng)).collect()
}

fn call(rng: &mut Rng, depth: usize) -> Call {
    let how = [How::Waiting, How::Promise, How::Promise, How::OneWay][rng.below(4)];
    let style = [Style::AtOnce, Style::Thread, Style::Thread, Style::Task][rng.below(4)];
    let args = (0..rng.below(3)).map(|_| if rng.chance(30) { Arg::New } else { Arg::Held(rng.pick()) }).collect();
    Call {
        target: rng.pick(),
        args,
        pad: pad(rng),
        how,
        within: (how != How::OneWay && rng.chance(6)).then(|| rng.between(100, 40_000)),
        by_path: rng.chance(8),
        concurrent: rng.chance(10),
        style,
        body: if style == Style::AtOnce { Arc::default() } else { body(rng, depth + 1) },
        give: give(rng),
    }
}

/// Mostly nothing; at times more than a frame takes.
fn pad(rng: &mut Rng) -> usize {
    match rng.below(100) {
        0..80 => 0,
        80..95 => rng.below(200),
        _ => rng.below(3000),
    }
}

fn give(rng: &mut Rng) -> Give {
    match rng.below(100) {
        0..8 => Give::Nothing,
        8..14 => Give::Bytes(pad(rng)),
        14..42 => Give::New,
        42..60 => Give::Receiver,
        60..80 => Give::Held(rng.pick()),
        80..92 => Give::Stored,
        92..97 => Give::Raise,
        _ => Give::Panic,
    }
}

fn body(rng: &mut Rng, depth: usize) -> Arc<[Act]> {
    let len = match rng.below(100) {
        _ if depth >= DEPTH_MAX => 0,
        0..52 => 0,
        52..78 => 1,
        78..94 => 2,
        _ => 3,
    };
    (0..len).map(|_| act(rng, depth)).collect()
}

/// A call whose callee calls back, and so on: each waits for the next.
fn deep(rng: &mut Rng, depth: usize) -> Call {
    let body: Arc<[Act]> = match depth + 1 < DEPTH_MAX {
        true => [Act::Call(Call { target: 0, ..deep(rng, depth + 1) })].into(),
        false => Arc::default(),
    };
    Call {
        args: vec![Arg::New],
        how: How::Waiting,
        within: None,
        style: if rng.chance(80) { Style::Thread } else { Style::Task },
        body,
        give: Give::New,
        ..call(rng, DEPTH_MAX)
    }
}
