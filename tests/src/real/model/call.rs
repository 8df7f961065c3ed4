//! Making calls, and looking at what comes of them.

use std::time::Duration;

use wherever::value::Ref;
use wherever::{Arguments, Error, Operation, Promise, Proxy, Value};

use super::note::{Kind, Made, Note, Seen, Sym, Token};
use super::object::{fault, waiting};
use super::task::{Held, Task, promised};
use crate::sim::{Arg, Call, Give, How};

impl Task {
    pub(super) fn made(&self, kind: Kind, target: Sym, on_promise: bool) -> Made {
        Made {
            token: self.side.token(),
            kind,
            task: self.id,
            parent: self.serves.as_ref().map(|(token, ..)| *token),
            target,
            on_promise,
            args: Vec::new(),
            concurrent: false,
            within: false,
            raises: false,
        }
    }

    fn arguments(&mut self, call: &Call) -> (Vec<Sym>, Vec<Value>) {
        let mut made = Vec::new();
        for arg in &call.args {
            match arg {
                Arg::Held(pick) => made.extend(self.pick(*pick).and_then(|held| held.value())),
                Arg::New => {
                    let thing = self.side.thing();
                    let (sym, own) = (Sym::Object(thing.id), Ref::Own(thing.own()));
                    made.push((sym.clone(), Value::Ref(own.clone())));
                    self.hold(Held::Object(sym, own));
                }
            }
        }
        made.into_iter().unzip()
    }

    /// Makes a call on something held; the promise of it, if one is kept.
    pub(super) fn make_call(&mut self, call: &Call, path: &[usize], on: &Held, batched: bool) -> Option<Held> {
        // A promise that came to be known at once is no target of its own.
        let (target, Value::Ref(reference)) = on.value()? else { return None };
        let on_promise = matches!(on, Held::Promise(..));
        let (syms, values) = self.arguments(call);
        let made = Made {
            args: syms,
            concurrent: call.concurrent,
            within: call.within.is_some(),
            raises: matches!(call.give, Give::Raise | Give::Panic),
            ..self.made(Kind::Run, target, on_promise)
        };
        let token = made.token;
        self.side.note(Note::Made(made));
        let steps = Value::tuple(path.iter().map(|step| Value::Int(*step as i64)));
        let mut positional = vec![Value::Int(token), Value::bytes(vec![7; call.pad]), steps];
        positional.extend(values);
        let proxy = Proxy::from(reference);
        let proxy = if call.by_path { proxy.at("me") } else { proxy };
        let request = proxy.request(Operation::Call).member(if call.concurrent { "free" } else { "run" });
        let request = request.args(Arguments::from(positional));
        let request = match call.within {
            Some(micros) => request.within(Duration::from_micros(micros)),
            None => request,
        };
        match call.how {
            How::OneWay => {
                if let Err(error) = waiting(None, || request.one_way()) {
                    self.side.note(Note::Saw(token, Err(fault(&error))));
                }
                None
            }
            // By one message each way, where nothing can be called on it meanwhile.
            How::Waiting if !batched && token % 4 < 2 => {
                self.suspend();
                let result = waiting(Some(token), || request.send());
                self.saw(token, result);
                None
            }
            How::Waiting | How::Promise => {
                let promise = waiting(None, || request.promise());
                let held = self.promise(token, promise)?;
                if let (How::Waiting, false, Held::Promise(_, promise)) = (call.how, batched, &held) {
                    self.wait(token, promise);
                }
                Some(held)
            }
        }
    }

    /// What became of a call that promises something; the promise, if it is one.
    pub(super) fn promise(&mut self, token: Token, promise: Result<Promise, Error>) -> Option<Held> {
        match promise {
            Ok(promise) if promised(&promise).is_none() => {
                // It was a call of an object of this side, and is over.
                let result = promise.result();
                self.saw(token, result);
                None
            }
            Ok(promise) => {
                let held = Held::Promise(token, promise);
                self.hold(held.clone());
                Some(held)
            }
            Err(error) => {
                self.saw(token, Err(error));
                None
            }
        }
    }

    /// Waits for a promise, which is dropped at times, and holds what comes.
    pub(super) fn wait(&mut self, token: Token, promise: &Promise) {
        self.suspend();
        let result = waiting(Some(token), || promise.result());
        if self.rng.chance(50) {
            self.held.retain(|held| !matches!(held, Held::Promise(other, _) if *other == token));
        }
        self.saw(token, result);
    }

    /// Notes what came of a call, and holds it if it is an object.
    pub(super) fn saw(&mut self, token: Token, result: Result<Value, Error>) {
        let seen = result.as_ref().map(|value| self.side.seen(value)).map_err(fault);
        let sym = match &seen {
            Ok(Seen::Own(object)) => Sym::Object(*object),
            _ => Sym::Result(token),
        };
        self.side.note(Note::Saw(token, seen));
        if let Ok(Value::Ref(reference)) = result
            && !matches!(&reference, Ref::Remote(handle) if handle.is_promise())
        {
            self.hold(Held::Object(sym, reference));
        }
    }
}
