//! Whoever makes calls: a caller at the top, or a call that is served, with what it holds and waits for.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use wherever::context::CallContext;
use wherever::drive::Lane;
use wherever::{Handle, ItemStream, Promise, Value, value::Ref};

use super::book::{Object, Sym, TaskId, Token};
use super::object::SimObject;
use super::program::{Act, Style};

/// A reference held.
pub(super) struct Known {
    pub(super) sym: Sym,
    pub(super) value: Ref,
}

/// A promise held.
#[derive(Clone, Debug)]
pub(super) struct Pledge {
    pub(super) token: Token,
    pub(super) promise: Promise,
    /// It was a link of a batch's chain: its own result is not sent.
    pub(super) link: bool,
    /// Calls were made on it that are not returned.
    pub(super) quiet: bool,
}

/// Something held.
#[derive(Clone)]
pub(super) enum Held {
    Object(Rc<Known>),
    Promise(Pledge),
}

/// What a task waits for.
pub(super) enum Wait {
    /// Nothing.
    None,
    /// A promise; perhaps a no-op call on it first.
    Promise(Pledge, Option<Promise>),
    /// Room for a call: looked for again after so many frames have moved.
    Room(u64),
    /// Items.
    Items(Reading),
    /// A list, to fetch it.
    List(Promise, usize),
}

/// A stream that is read.
pub(super) struct Reading {
    pub(super) items: ItemStream,
    /// Items got.
    pub(super) got: Vec<Value>,
    /// Items to read before it is dropped.
    pub(super) wanted: u64,
    pub(super) of: StreamOf,
}

/// What a stream comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum StreamOf {
    /// An object.
    Object(Object),
    /// The list of this node.
    List(usize),
}

/// Whoever makes calls.
pub(super) struct Task {
    pub(super) id: TaskId,
    pub(super) node: usize,
    /// The number of its thread; its own, where it is none.
    pub(super) lane: u64,
    pub(super) owns_lane: bool,
    /// The task on whose thread it runs while that waits.
    pub(super) under: Option<TaskId>,
    /// How many tasks run on its thread while it waits.
    pub(super) covered: usize,
    pub(super) style: Style,
    /// The call that it serves.
    pub(super) serves: Option<Serves>,
    pub(super) depth: usize,
    pub(super) acts: VecDeque<Act>,
    pub(super) held: Vec<Held>,
    pub(super) wait: Wait,
    /// It left its order and its thread, to wait.
    pub(super) suspended: bool,
}

/// The call that a task serves.
pub(super) struct Serves {
    pub(super) token: Token,
    pub(super) object: Arc<SimObject>,
    pub(super) context: CallContext,
}

impl Task {
    /// Runs `act` as this task's: in its lane, nested in what it serves.
    pub(super) fn scope<R>(&self, act: impl FnOnce() -> R) -> R {
        Lane::numbered(self.lane).run(|| match &self.serves {
            Some(serves) => serves.context.serve(act),
            None => act(),
        })
    }

    pub(super) fn token(&self) -> Option<Token> {
        self.serves.as_ref().map(|serves| serves.token)
    }

    /// The promise that it waits for.
    pub(super) fn awaited(&self) -> Option<Handle> {
        match &self.wait {
            Wait::Promise(_, Some(proof)) => promised(proof),
            Wait::Promise(pledge, None) => promised(&pledge.promise),
            Wait::List(promise, _) => promised(promise),
            _ => None,
        }
    }

    /// Whether it can go on; `moved` is how many frames have moved.
    pub(super) fn is_ready(&mut self, moved: u64) -> bool {
        if self.covered > 0 {
            return false;
        }
        if let Wait::Items(reading) = &mut self.wait {
            return reading.got.len() as u64 >= reading.wanted || reading.items.is_ready();
        }
        match &self.wait {
            Wait::None => self.serves.is_some() || !self.acts.is_empty(),
            Wait::Promise(_, Some(proof)) => self.scope(|| proof.is_ready()),
            Wait::Promise(pledge, None) => self.scope(|| pledge.promise.is_ready()),
            Wait::List(promise, _) => self.scope(|| promise.is_ready()),
            Wait::Room(since) => *since != moved,
            Wait::Items(_) => false,
        }
    }

    /// What it waits for, in words.
    pub(super) fn describe(&self) -> String {
        let wait = match &self.wait {
            Wait::None => "nothing".to_owned(),
            Wait::Promise(pledge, proof) => format!("call {} (proof: {proof:?})", pledge.token),
            Wait::Room(_) => "room".to_owned(),
            Wait::Items(reading) => format!("items of {:?}, {} got", reading.of, reading.got.len()),
            Wait::List(..) => "a list".to_owned(),
        };
        let token = self.token();
        format!(
            "task {} of node {} serves {token:?}, lane {}, under {:?}, covered {}, {} acts left, waits for {wait}",
            self.id,
            self.node,
            self.lane,
            self.under,
            self.covered,
            self.acts.len()
        )
    }
}

/// The handle of a promise that has not come home.
pub(super) fn promised(promise: &Promise) -> Option<Handle> {
    match Value::from(promise) {
        Value::Ref(Ref::Remote(handle)) if handle.is_promise() => Some(handle),
        _ => None,
    }
}
