//! Making calls.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use wherever::value::Ref;
use wherever::{Arguments, Error, Operation, Promise, Proxy, Value};

use super::book::{Kind, Record, Sym, Token};
use super::object::SimObject;
use super::program::{Arg, Call, Give, How, Style};
use super::task::{Held, Known, Pledge, Task, promised};
use super::world::World;

/// What became of an attempt to call.
pub(super) enum Made {
    /// A promise is held.
    Promise(Pledge),
    /// It was made, or could not be, and nothing is held.
    Nothing,
    /// There is no room now.
    Room,
}

/// Sessions that a reference may lead through and be passed on all the same.
const ROUTE_MAX: usize = 3;

pub(super) fn is_no_room(error: &Error) -> bool {
    matches!(error, Error::Misuse(text) if text.starts_with("a peer that is driven by hand cannot wait"))
}

impl World {
    /// Something that the task holds.
    pub(super) fn pick(task: &Task, pick: usize) -> Option<Held> {
        let len = task.held.len();
        if len == 0 { None } else { task.held.get(pick % len).cloned() }
    }

    /// Something to call: most often it lives elsewhere.
    pub(super) fn pick_target(task: &Task, pick: usize) -> Option<Held> {
        let remote = |held: &&Held| !matches!(held, Held::Object(known) if matches!(known.value, Ref::Own(_)));
        let remotes: Vec<&Held> = task.held.iter().filter(remote).collect();
        if remotes.is_empty() || pick % 8 == 7 {
            return Self::pick(task, pick);
        }
        let hops = |held: &&&Held| match held {
            Held::Object(known) => known.sym.hops(),
            Held::Promise(_) => 0,
        };
        match pick % 8 {
            0..3 => remotes.iter().max_by_key(hops).map(|held| Held::clone(held)),
            _ => remotes.get(pick / 8 % remotes.len()).map(|held| Held::clone(held)),
        }
    }

    /// Something to pass on by this session: often what another session leads to.
    fn pick_argument(&self, task: &Task, pick: usize, link: Option<usize>) -> Option<Held> {
        let foreign = |held: &&Held| {
            let way = Self::value_of(held).and_then(|(_, value)| self.link_of(&value));
            way.is_some() && way != link
        };
        let foreign: Vec<&Held> = task.held.iter().filter(foreign).collect();
        if foreign.is_empty() || pick.is_multiple_of(2) {
            return Self::pick(task, pick);
        }
        foreign.get(pick / 2 % foreign.len()).map(|held| Held::clone(held))
    }

    pub(super) fn hold(&mut self, task: &mut Task, held: Held) {
        task.held.push(held);
        if task.held.len() > 10 {
            let place = self.rng.below(5);
            task.held.remove(place);
        }
    }

    /// What stands for something held, in the book and for the library.
    pub(super) fn value_of(held: &Held) -> Option<(Sym, Value)> {
        match held {
            Held::Object(known) => Some((known.sym.clone(), Value::Ref(known.value.clone()))),
            Held::Promise(pledge) => {
                let handle = promised(&pledge.promise)?;
                Some((Sym::Promise(pledge.token, Vec::new()), handle.into()))
            }
        }
    }

    /// Something held, if it can be passed on without going too far round.
    pub(super) fn passable(held: &Held) -> Option<(Sym, Value)> {
        Self::value_of(held).filter(|(sym, _)| match sym {
            Sym::Object(_, route) | Sym::Promise(_, route) => route.len() <= ROUTE_MAX,
            _ => true,
        })
    }

    fn arguments(&mut self, task: &mut Task, call: &Call, link: Option<usize>) -> (Vec<Sym>, Vec<Value>) {
        let mut made = Vec::new();
        for arg in &call.args {
            match arg {
                Arg::Held(pick) => {
                    let held = self.pick_argument(task, *pick, link);
                    made.extend(held.and_then(|held| Self::passable(&held)));
                }
                Arg::New => {
                    let object = SimObject::new(&self.shared, &self.shapes[task.node]);
                    let (sym, value) = (Sym::Object(object.id, Vec::new()), Ref::Own(object.own()));
                    made.push((sym.clone(), Value::Ref(value.clone())));
                    self.hold(task, Held::Object(Rc::new(Known { sym, value })));
                }
            }
        }
        made.into_iter().unzip()
    }

    /// The session that a reference leads to first.
    fn link_of(&self, value: &Value) -> Option<usize> {
        match value {
            Value::Ref(Ref::Remote(handle)) => self.end_of.get(&handle.session_number()).map(|end| end / 2),
            _ => None,
        }
    }

    pub(super) fn record(task: &Task, kind: Kind, target: Sym, link: Option<usize>) -> Record {
        Record {
            kind,
            task: task.id,
            parent: task.token(),
            depth: task.depth,
            target,
            args: Vec::new(),
            link,
            link_is_sure: true,
            local: false,
            place: 0,
            concurrent: false,
            within: false,
            cancelled: false,
            unmade: false,
            style: Style::AtOnce,
            body: Arc::default(),
            give: Give::Nothing,
            runs: 0,
            answer: None,
            seen: None,
        }
    }

    /// Makes a call on something held.
    pub(super) fn make_call(&mut self, task: &mut Task, call: &Call, on: &Held, batched: bool) -> Made {
        // A promise that came to be known at once is no target of its own.
        let Some((target, value)) = Self::value_of(on) else { return Made::Nothing };
        let link = self.link_of(&value);
        let (syms, values) = self.arguments(task, call, link);
        let record = Record {
            args: syms,
            link_is_sure: call.how != How::OneWay || !matches!(target, Sym::Promise(..)),
            concurrent: call.concurrent,
            within: call.within.is_some(),
            style: call.style,
            body: call.body.clone(),
            give: call.give,
            ..Self::record(task, Kind::Run, target.clone(), link)
        };
        let token = self.shared.lock().book.begin(record);
        self.note(9, token as u64, 0, |world| {
            let state = world.shared.lock();
            let record = &state.book.calls[token];
            format!(
                "task {} makes call {token}: {:?} on {target:?} with {:?}, {:?}, {:?}",
                task.id, call.how, record.args, call.style, call.give
            )
        });
        let Value::Ref(reference) = value else { return Made::Nothing };
        let mut positional = vec![Value::Int(token as i64), Value::bytes(vec![7; call.pad])];
        positional.extend(values);
        let proxy = Proxy::from(reference);
        let proxy = if call.by_path { proxy.at("me") } else { proxy };
        let request = proxy.request(Operation::Call).member(if call.concurrent { "free" } else { "run" });
        let request = request.args(Arguments::from(positional));
        let request = match call.within {
            Some(micros) => request.within(Duration::from_micros(micros)),
            None => request,
        };
        let made = match call.how {
            How::OneWay => task.scope(|| request.one_way()).map(|()| None),
            How::Waiting | How::Promise => task.scope(|| request.promise()).map(Some),
        };
        drop(proxy);
        self.touch(task.node);
        if let (true, Sym::Promise(on, _)) = (batched || call.how == How::OneWay, &target) {
            Self::mark_quiet(task, *on);
        }
        self.made(task, token, made, batched)
    }

    fn mark_quiet(task: &mut Task, on: Token) {
        for held in &mut task.held {
            if let Held::Promise(pledge) = held
                && pledge.token == on
            {
                pledge.quiet = true;
            }
        }
    }

    /// What became of a call.
    pub(super) fn made(
        &mut self,
        task: &mut Task,
        token: Token,
        made: Result<Option<Promise>, Error>,
        batched: bool,
    ) -> Made {
        match made {
            Ok(None) => Made::Nothing,
            Ok(Some(promise)) if promised(&promise).is_none() || self.shared.lock().book.calls[token].local => {
                // It was a call of an object of this side, and is over.
                self.shared.lock().book.calls[token].link = None;
                if let Some(known) = self.observe(task.node, token, promise.result(), false) {
                    self.hold(task, Held::Object(known));
                }
                Made::Nothing
            }
            Ok(Some(promise)) => {
                // By the answer that is owed, or straight to what it came to.
                if let Some(handle) = promised(&promise) {
                    let link = self.link_of(&handle.into());
                    self.shared.lock().book.calls[token].link = link;
                }
                let pledge = Pledge { token, promise, link: batched, quiet: false };
                self.hold(task, Held::Promise(pledge.clone()));
                Made::Promise(pledge)
            }
            Err(error) if is_no_room(&error) => {
                self.shared.lock().book.calls[token].unmade = true;
                Made::Room
            }
            Err(error) => {
                self.observe(task.node, token, Err(error), false);
                Made::Nothing
            }
        }
    }
}
