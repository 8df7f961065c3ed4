//! The object that both sides of a scene export: a bit of everything.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;

use parking_lot::{Condvar, Mutex};
use wherever::context::CallContext;
use wherever::host::{Step, ValueStream};
use wherever::hosts::Class;
use wherever::{Arguments, Error, Node, Proxy, Value};

use super::other::die;

/// The object; clones are the same.
#[derive(Clone, Default)]
pub struct Lab(Arc<State>);

#[derive(Default)]
struct State {
    gates: Mutex<HashMap<String, u64>>,
    opened: Condvar,
    kept: Mutex<Vec<Value>>,
    threads: Mutex<Vec<String>>,
}

impl Lab {
    /// A lab, exported under its name.
    pub fn export(node: &Node) -> Self {
        let lab = Self::default();
        node.export("lab", class().instance(lab.clone()));
        lab
    }

    /// Lets one through a gate, who waits or will wait.
    pub fn open(&self, gate: &str) {
        *self.0.gates.lock().entry(gate.to_owned()).or_default() += 1;
        self.0.opened.notify_all();
    }

    /// Waits until a gate lets one through.
    pub fn pass(&self, gate: &str) {
        let mut gates = self.0.gates.lock();
        while gates.get(gate).is_none_or(|times| *times == 0) {
            self.0.opened.wait(&mut gates);
        }
        *gates.entry(gate.to_owned()).or_default() -= 1;
    }

    /// Lets go of all that was kept.
    pub fn forget(&self) {
        let kept = std::mem::take(&mut *self.0.kept.lock());
        drop(kept);
    }
}

/// The present thread, in words.
pub fn this_thread() -> String {
    format!("{:?}", thread::current().id())
}

fn class() -> Class<Lab> {
    Class::<Lab>::builder("test:Lab")
        .method("echo", |_, mut arguments: Arguments, _| arguments.take(0, "value"))
        .method("bytes", |_, mut arguments: Arguments, _| Ok(Value::bytes(vec![7; arguments.take(0, "len")?])))
        .method("thread", |_, _, _| Ok(this_thread().into()))
        .method("open", |lab: &Lab, mut arguments: Arguments, _| {
            lab.open(&arguments.take::<String>(0, "gate")?);
            Ok(Value::None)
        })
        .method("pass", |lab: &Lab, mut arguments: Arguments, _| {
            lab.pass(&arguments.take::<String>(0, "gate")?);
            Ok(Value::None)
        })
        .method("invoke", |_, mut arguments: Arguments, _| {
            let (function, value): (Proxy, Value) = (arguments.take(0, "function")?, arguments.take(1, "value")?);
            function.invoke((value,))
        })
        .method("invoke_later", invoke_later)
        .method("ladder", ladder)
        .method("threads", |lab: &Lab, _, _| {
            let threads = std::mem::take(&mut *lab.0.threads.lock());
            Ok(Value::tuple(threads.into_iter().map(Value::from)))
        })
        .method("flood", flood)
        .method("keep", |lab: &Lab, mut arguments: Arguments, _| {
            lab.0.kept.lock().push(arguments.take(0, "value")?);
            Ok(Value::None)
        })
        .method("forget", |lab: &Lab, _, _| {
            lab.forget();
            Ok(Value::None)
        })
        .method("die", |_, _, _| die())
        .stream("count", |_, mut arguments: Arguments, _| {
            Ok(Box::new(Count { next: 0, end: arguments.take(0, "end")?, dies: arguments.take(1, "dies")? }))
        })
        .build()
}

/// Calls a function when the call that asked for it has returned, on a thread of its own.
fn invoke_later(_: &Lab, mut arguments: Arguments, _: &CallContext) -> Result<Value, Error> {
    let (function, value): (Proxy, Value) = (arguments.take(0, "function")?, arguments.take(1, "value")?);
    thread::spawn(move || function.invoke((value,)));
    Ok(Value::None)
}

/// Calls the other side's ladder, which calls this one, until there is no step left.
fn ladder(lab: &Lab, mut arguments: Arguments, _: &CallContext) -> Result<Value, Error> {
    let (left, other, me): (i64, Proxy, Value) =
        (arguments.take(0, "left")?, arguments.take(1, "other")?, arguments.take(2, "me")?);
    lab.0.threads.lock().push(this_thread());
    match left {
        0 => Ok(Value::Int(0)),
        _ => Ok(Value::Int(other.call("ladder", (left - 1, me, &other))?.to::<i64>()? + 1)),
    }
}

/// Has the other lab send and take much, on several threads at once.
fn flood(_: &Lab, mut arguments: Arguments, _: &CallContext) -> Result<Value, Error> {
    let other: Proxy = arguments.take(0, "other")?;
    let (threads, calls, len) = (arguments.take(1, "threads")?, arguments.take(2, "calls")?, arguments.take(3, "len")?);
    flood_with(&other, threads, calls, len)
}

/// Uses a lab from several threads at once: calls with long arguments and results, promises, chains, one-way calls,
/// batches, and nested calls among them. How many bytes came back.
pub fn flood_with(other: &Proxy, threads: u32, calls: u32, len: usize) -> Result<Value, Error> {
    let one = |thread: u32| -> Result<i64, Error> {
        let mut got = 0;
        let mine = wherever::hosts::Function::new("mine", move |mut arguments: Arguments, _| {
            arguments.take::<Value>(0, "value")
        });
        let mine = Value::from(mine.into_own());
        for call in 0..calls {
            let bytes = Value::bytes(vec![(thread + call) as u8; len]);
            let same = |value: &Value| assert_eq!(value, &bytes, "call {call} of thread {thread}");
            match (thread + call) % 4 {
                0 => same(&other.call("echo", (bytes.clone(),))?),
                1 => same(&other.call("invoke", (mine.clone(), bytes.clone()))?),
                2 => {
                    let batch = other.peer().map(|peer| peer.batch());
                    let promises: Result<Vec<_>, _> =
                        (0..3).map(|_| other.promise("invoke", (mine.clone(), bytes.clone()))).collect();
                    other.one_way("echo", (bytes.clone(),))?;
                    drop(batch);
                    promises?.iter().try_for_each(|promise| promise.result().map(|value| same(&value)))?;
                }
                _ => {
                    let first = other.promise("invoke", (mine.clone(), bytes.clone()))?;
                    let second = other.promise("echo", (Value::from(&first),))?;
                    same(&second.result()?);
                    same(&first.result()?);
                }
            }
            got += len as i64;
        }
        Ok(got)
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || one(thread))).collect();
        let sums: Result<Vec<i64>, Error> = running.into_iter().map(|running| running.join().unwrap()).collect();
        Ok(Value::Int(sums?.into_iter().sum()))
    })
}

/// Counts, and dies in its end if that is wanted.
struct Count {
    next: i64,
    end: i64,
    dies: bool,
}

impl ValueStream for Count {
    fn next(&mut self) -> Step {
        match self.next == self.end {
            true if self.dies => die(),
            true => Step::End,
            false => {
                self.next += 1;
                Step::Item(Value::Int(self.next))
            }
        }
    }
}
