//! Whoever makes calls: a caller at the top, or a call that is served, with what it holds.

use std::sync::Arc;

use wherever::context::CallContext;
use wherever::drive::Lane;
use wherever::{Error, Handle, Promise, Value, value::Ref};

use super::note::{Note, Sym, Token};
use super::object::{Side, Thing, raised};
use crate::sim::{Act, Call, Give, Program, Rng};

/// Something held.
#[derive(Clone)]
pub(super) enum Held {
    Object(Sym, Ref),
    Promise(Token, Promise),
}

impl Held {
    /// What stands for it, in the notes and for the library.
    pub(super) fn value(&self) -> Option<(Sym, Value)> {
        match self {
            Held::Object(sym, reference) => Some((sym.clone(), Value::Ref(reference.clone()))),
            Held::Promise(token, promise) => Some((Sym::Result(*token), promised(promise)?.into())),
        }
    }
}

/// The handle of a promise that has not come home.
pub(super) fn promised(promise: &Promise) -> Option<Handle> {
    match Value::from(promise) {
        Value::Ref(Ref::Remote(handle)) if handle.is_promise() => Some(handle),
        _ => None,
    }
}

/// The call of a program that this path leads to: its step, its place among the calls of that, an act of its body, ...
pub(super) fn call_at<'a>(program: &'a Program, path: &[usize]) -> &'a Call {
    let mut act = &program.steps[path[0]].1.act;
    for (place, step) in path.iter().enumerate().skip(1) {
        let calls = calls_of(act);
        if place % 2 == 1 && place + 1 == path.len() {
            return &calls[*step];
        }
        if place % 2 == 1 {
            act = &calls[*step].body[path[place + 1]];
        }
    }
    panic!("a path that leads to no call: {path:?}");
}

fn calls_of(act: &Act) -> &[Call] {
    match act {
        Act::Call(call) => std::slice::from_ref(call),
        Act::Batch { calls, .. } | Act::Chain(calls) => calls,
        other => panic!("no call: {other:?}"),
    }
}

/// Whoever makes calls.
pub(super) struct Task {
    pub(super) side: Arc<Side>,
    pub(super) id: i64,
    /// The call that it serves: its number and its place in the program.
    pub(super) serves: Option<(Token, Vec<usize>, CallContext)>,
    thing: Option<Arc<Thing>>,
    pub(super) held: Vec<Held>,
    /// It is on a thread of its own, and is suspended where it waits.
    pub(super) is_task: bool,
    pub(super) rng: Rng,
}

impl Task {
    /// A caller at the top.
    pub(super) fn top(side: &Arc<Side>) -> Self {
        let id = side.token();
        let rng = Rng::of_part(side.program.seed, id as u64);
        Self { side: side.clone(), id, serves: None, thing: None, held: Vec::new(), is_task: false, rng }
    }

    /// What serves a call.
    pub(super) fn serving(
        thing: Arc<Thing>,
        token: Token,
        path: Vec<usize>,
        args: Vec<(Sym, Value)>,
        context: CallContext,
    ) -> Self {
        let me = Held::Object(Sym::Object(thing.id), Ref::Own(thing.own()));
        let reference = |(sym, value): (Sym, Value)| match value {
            Value::Ref(reference) => Some(Held::Object(sym, reference)),
            _ => None,
        };
        let held = args.into_iter().filter_map(reference).chain([me]).collect();
        let (side, id) = (thing.side.clone(), thing.side.token());
        let rng = Rng::of_part(side.program.seed, id as u64);
        Self { side, id, serves: Some((token, path, context)), thing: Some(thing), held, is_task: false, rng }
    }

    /// Does all that a call asks for, and answers it.
    pub(super) fn serve(&mut self, call: &Call) -> Result<Value, Error> {
        let path = self.serves.as_ref().map(|(_, path, _)| path.clone()).unwrap_or_default();
        let all = |task: &mut Self| {
            for (place, act) in call.body.iter().enumerate() {
                let path = path.iter().copied().chain([place]).collect();
                task.perform(act, path);
            }
        };
        match self.is_task {
            // The thread is none that the library knows: its calls have an order of their own.
            true => Lane::numbered(self.id as u64).run(|| all(self)),
            false => all(self),
        }
        self.give(call.give)
    }

    /// Before it waits: whoever is no thread holds up nobody meanwhile.
    pub(super) fn suspend(&mut self) {
        if let (true, Some((token, _, context))) = (std::mem::take(&mut self.is_task), &self.serves) {
            self.side.note(Note::Left(*token));
            context.reply().suspend();
        }
    }

    fn give(&mut self, give: Give) -> Result<Value, Error> {
        let (Some((token, ..)), Some(thing)) = (&self.serves, &self.thing) else { return Ok(Value::None) };
        let token = *token;
        let nothing = (Sym::Nothing, Value::None);
        let given = match give {
            Give::Nothing => Ok(nothing),
            Give::Bytes(len) => Ok((Sym::Bytes(len), Value::bytes(vec![7; len]))),
            Give::New => {
                let thing = self.side.thing();
                Ok((Sym::Object(thing.id), thing.own().into()))
            }
            Give::Receiver => Ok((Sym::Object(thing.id), thing.own().into())),
            Give::Held(pick) => Ok(self.pick(pick).and_then(|held| held.value()).unwrap_or(nothing)),
            Give::Stored => Ok(thing.stored.lock().first().cloned().unwrap_or(nothing)),
            Give::Raise | Give::Panic => Err(raised(token)),
        };
        self.side.note(Note::Left(token));
        self.side.note(Note::Gave(token, given.as_ref().ok().map(|(sym, _)| sym.clone())));
        // What it holds is let go before it is known to be over.
        let held = std::mem::take(&mut self.held);
        drop(held);
        given.map(|(_, value)| value)
    }

    /// Something that it holds.
    pub(super) fn pick(&self, pick: usize) -> Option<Held> {
        let len = self.held.len();
        if len == 0 { None } else { self.held.get(pick % len).cloned() }
    }

    /// Something to call: most often it lives elsewhere.
    pub(super) fn pick_target(&self, pick: usize) -> Option<Held> {
        let remote = |held: &&Held| !matches!(held, Held::Object(_, Ref::Own(_)));
        let remotes: Vec<&Held> = self.held.iter().filter(remote).collect();
        if remotes.is_empty() || pick % 8 == 7 {
            return self.pick(pick);
        }
        remotes.get(pick / 8 % remotes.len()).map(|held| Held::clone(held))
    }

    pub(super) fn hold(&mut self, held: Held) {
        self.held.push(held);
        if self.held.len() > 10 {
            let place = self.rng.below(5);
            self.held.remove(place);
        }
    }
}
