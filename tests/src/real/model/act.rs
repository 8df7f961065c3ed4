//! What tasks do, one thing after another.

use wherever::value::Ref;
use wherever::{Error, Operation, Promise, Proxy, Value};

use super::note::{Kind, Made, Note, Sym, Token};
use super::object::{Thing, fault, waiting};
use super::run::list_items;
use super::task::{Held, Task};
use crate::sim::{Act, Call};

impl Task {
    /// Does one thing, which stands at this place of the program.
    pub(super) fn perform(&mut self, act: &Act, path: Vec<usize>) {
        match act {
            Act::Get { name, .. } => self.get(*name),
            Act::Call(call) => match self.pick_target(call.target) {
                Some(on) => _ = self.make_call(call, &[&path[..], &[0]].concat(), &on, false),
                None => self.get(0),
            },
            Act::Batch { calls, chain } => self.calls(calls, &path, *chain, true),
            Act::Chain(calls) => self.calls(calls, &path, true, false),
            Act::Attribute(target) => self.attribute(*target),
            Act::Await(pick) => self.await_promise(*pick),
            Act::Stream { target, ahead, wanted } => self.stream(*target, *ahead, *wanted),
            Act::Fetch { .. } => self.fetch(),
            Act::Drop(pick) => {
                if !self.held.is_empty() {
                    let dropped = self.held.remove(pick % self.held.len());
                    waiting(None, || drop(dropped));
                }
            }
            Act::Cancel(pick) => self.cancel(*pick),
            Act::Store(pick) => self.store(*pick),
            // Deaths have scenes of their own.
            Act::Cut { .. } => {}
        }
    }

    fn get(&mut self, name: usize) {
        let at = 1 - self.side.number;
        let roots = self.side.program.setup.nodes[at as usize].roots;
        let name = name % (roots * 4 + 1) / 4;
        let object = (name < roots).then_some(name as i64 * 2 + at);
        let made = self.made(Kind::Get(object), Sym::Nothing, false);
        let token = made.token;
        self.side.note(Note::Made(made));
        let name = if object.is_some() { format!("root{name}") } else { "missing".to_owned() };
        let promise = waiting(None, || self.side.peer().promise(&name));
        self.promise(token, promise);
    }

    /// Several calls, in a batch or one after another, each on the promise of the one before or on something else.
    fn calls(&mut self, calls: &[Call], path: &[usize], chain: bool, batched: bool) {
        let Some(mut on) = calls.first().and_then(|call| self.pick_target(call.target)) else { return self.get(0) };
        let batch = batched.then(|| self.side.peer().batch());
        for (place, call) in calls.iter().enumerate() {
            if !chain && place > 0 {
                let Some(next) = self.pick_target(call.target) else { break };
                on = next;
            }
            match self.make_call(call, &[path, &[place]].concat(), &on, true) {
                Some(promise) if chain => on = promise,
                None if chain => break,
                _ => {}
            }
        }
        waiting(None, || drop(batch));
    }

    fn attribute(&mut self, target: usize) {
        let Some(held) = self.pick_target(target) else { return };
        let Some((sym, Value::Ref(reference))) = held.value() else { return };
        let made: Made = self.made(Kind::Attribute, sym, matches!(held, Held::Promise(..)));
        let token = made.token;
        self.side.note(Note::Made(made));
        let request = Proxy::from(reference).request(Operation::Get).member("number");
        let promise = waiting(None, || request.promise());
        self.promise(token, promise);
    }

    /// A promise that it holds.
    fn pick_promise(&self, pick: usize) -> Option<(Token, Promise)> {
        let promise = |held: &Held| match held {
            Held::Promise(token, promise) => Some((*token, promise.clone())),
            Held::Object(..) => None,
        };
        let promises: Vec<_> = self.held.iter().filter_map(promise).collect();
        promises.get(pick % promises.len().max(1)).cloned()
    }

    pub(super) fn await_promise(&mut self, pick: usize) {
        if let Some((token, promise)) = self.pick_promise(pick) {
            self.wait(token, &promise);
        }
    }

    fn cancel(&mut self, pick: usize) {
        if let Some((token, promise)) = self.pick_promise(pick) {
            self.side.note(Note::Cancelled(token));
            promise.cancel();
        }
    }

    /// Puts a reference into an object of this side.
    fn store(&mut self, pick: usize) {
        let objects: Vec<(Sym, Ref)> = (self.held.iter())
            .filter_map(|held| match held {
                Held::Object(sym, reference) => Some((sym.clone(), reference.clone())),
                Held::Promise(..) => None,
            })
            .collect();
        let owns: Vec<&Ref> =
            objects.iter().map(|(_, reference)| reference).filter(|it| matches!(it, Ref::Own(_))).collect();
        if owns.is_empty() {
            return;
        }
        let (sym, what) = &objects[pick / 7 % objects.len()];
        let Ref::Own(own) = owns[pick % owns.len()] else { return };
        if let Some(thing) = own.downcast::<Thing>() {
            let mut stored = thing.stored.lock();
            if stored.len() < 3 {
                stored.push((sym.clone(), Value::Ref(what.clone())));
            }
        }
    }

    fn stream(&mut self, target: usize, ahead: u64, wanted: u64) {
        let Some(Held::Object(of, reference)) = self.pick_target(target) else { return };
        self.suspend();
        let (mut items, mut end) = (0, None);
        let read = waiting(None, || -> Result<(), Error> {
            let mut stream = Proxy::from(reference).buffered(ahead)?;
            while items < wanted {
                match stream.next() {
                    None => {
                        end = Some(Ok(()));
                        break;
                    }
                    Some(item) => {
                        let item = item?;
                        items += 1;
                        if item != Value::Int(items as i64) {
                            self.side.note(Note::Wrong(format!("item {items} of {of:?} is another")));
                        }
                    }
                }
            }
            Ok(())
        });
        if let Err(error) = read {
            end = Some(Err(fault(&error)));
        }
        self.side.note(Note::Streamed { of, items, end });
    }

    fn fetch(&mut self) {
        self.suspend();
        let (bytes, count, tight) = (self.rng.between(1, 3000), self.rng.between(1, 60), self.rng.chance(60));
        let at = 1 - self.side.number;
        let wanted = list_items(self.side.program.setup.nodes[at as usize].list_len);
        let fetched = waiting(None, || -> Result<Vec<Value>, Error> {
            let request = self.side.peer().get("list")?.request(Operation::Whole);
            let mut items =
                if tight { request.credit(bytes, count).stream(count)? } else { request.stream(u64::MAX)? };
            // Of what kind it is comes first.
            items.next().transpose()?;
            items.collect()
        });
        match fetched {
            Ok(items) if items == wanted => {}
            Ok(items) => self.side.note(Note::Wrong(format!("a list of {} items, not {}", items.len(), wanted.len()))),
            // Whether the session may end is looked at where it is.
            Err(Error::Disconnected(_)) => {}
            Err(error) => self.side.note(Note::Wrong(format!("a list failed: {error:?}"))),
        }
    }
}
