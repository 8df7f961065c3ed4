//! Hazard 6: a blocked caller serves the nested calls of its own chain, on its own thread, and no others.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;

use parking_lot::Mutex;
use wherever::hosts::Function;
use wherever::{Arguments, Error, Proxy, Value};

use super::super::carrier::Kind;
use super::super::lab::this_thread;
use super::{Notes, Stage};

/// Rounds, where one would prove little.
const ROUNDS: usize = 50;

/// Climbs down so many steps, each side calling the other; threads that served on either side.
fn climb(stage: &Stage, steps: i64) -> Result<[BTreeSet<String>; 2], Error> {
    let climbed = stage.theirs().call("ladder", (steps, stage.own_lab(), &stage.theirs()));
    let mine: Proxy = stage.own_lab().to()?;
    let threads = |of: &Proxy| -> Result<BTreeSet<String>, Error> {
        Ok(of.call("threads", ())?.to::<Vec<String>>()?.into_iter().collect())
    };
    let threads = [threads(&mine)?, threads(&stage.theirs())?];
    assert_eq!(climbed?.to::<i64>()?, steps);
    Ok(threads)
}

pub(super) fn a_hundred_deep(kind: Kind) {
    let stage = Stage::new(kind);
    let rounds = if kind == Kind::Bytes { 3 } else { ROUNDS };
    for _ in 0..rounds {
        let [mine, theirs] = climb(&stage, 200).unwrap();
        assert_eq!(mine, [this_thread()].into(), "all of it runs on the thread that waits");
        assert_eq!(theirs.len(), 1, "all of it runs on the thread that serves: {theirs:?}");
    }
    stage.end();
}

/// On the first thread of the process, or on one with the stack that threads have by default.
pub(super) fn a_runaway_is_refused(on_default_stack: bool) {
    let stage = Stage::new(Kind::Socket);
    let error = match on_default_stack {
        true => thread::scope(|scope| scope.spawn(|| climb(&stage, 1_000_000).err()).join().unwrap()),
        false => climb(&stage, 1_000_000).err(),
    };
    let error = error.unwrap();
    let limit = stage.node.limits().chain_depth_max;
    assert!(matches!(error, Error::TooDeep(deep) if deep == limit), "{error:?}");
    // It did no harm: what is not too deep works as before.
    let [mine, _] = climb(&stage, 100).unwrap();
    assert_eq!(mine, [this_thread()].into());
    stage.end();
}

/// Several chains at once: what is nested in one runs on the thread of that one.
pub(super) fn each_chain_has_its_thread(kind: Kind) {
    let stage = Stage::new(kind);
    let rounds = if kind == Kind::Bytes { 10 } else { 300 };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let me = this_thread();
                let wanted = me.clone();
                let theirs = stage.theirs();
                let inner = theirs.clone();
                // It calls on, so that the thread waits again where it is.
                let back = Function::new("back", move |mut arguments: Arguments, _| {
                    assert_eq!(this_thread(), me);
                    inner.call("echo", (arguments.take::<Value>(0, "value")?,))
                });
                let back = Value::from(back.into_own());
                for round in 0..rounds {
                    assert_eq!(theirs.call("invoke", (back.clone(), round)).unwrap(), Value::Int(round));
                }
                assert_eq!(this_thread(), wanted);
            });
        }
    });
    stage.end();
}

/// While a caller is blocked, calls of other chains come in and are answered: on other threads.
pub(super) fn other_calls_run_elsewhere(kind: Kind) {
    let stage = Stage::new(kind);
    let rounds = if kind == Kind::Bytes { 5 } else { ROUNDS };
    let me = thread::current().id();
    let ran: Notes<thread::ThreadId> = Arc::default();
    let (notes, lab) = (ran.clone(), stage.theirs());
    // Called by no chain of ours. It lets the blocked call go, so it cannot have waited for that.
    let foreign = Function::new("foreign", move |_, _| {
        notes.lock().push(thread::current().id());
        lab.call("open", ("gate",))
    });
    let foreign = Value::from(foreign.into_own());
    for _ in 0..rounds {
        stage.theirs().call("invoke_later", (foreign.clone(), 0)).unwrap();
        stage.theirs().call("pass", ("gate",)).unwrap();
    }
    assert_eq!(ran.lock().len(), rounds);
    assert!(!ran.lock().contains(&me), "a call of another chain ran on the thread of the one that was blocked");
    two_wait_for_each_other(&stage, rounds);
    drop(foreign);
    stage.end();
}

/// Two threads are blocked at once, and the nested call of each lets the other's go.
fn two_wait_for_each_other(stage: &Stage, rounds: usize) {
    for _ in 0..rounds {
        let (one, two) = (channel(), channel());
        thread::scope(|scope| {
            for (mine, theirs) in [(one.0, two.1), (two.0, one.1)] {
                scope.spawn(move || {
                    let me = thread::current().id();
                    let (mine, theirs) = (Mutex::new(mine), Mutex::new(theirs));
                    let meet = Function::new("meet", move |_, _| {
                        assert_eq!(thread::current().id(), me);
                        mine.lock().send(()).unwrap();
                        theirs.lock().recv().unwrap();
                        Ok(Value::None)
                    });
                    stage.theirs().call("invoke", (meet, 0)).unwrap();
                });
            }
        });
    }
}
