//! Hazards 7 and 8: an idle side is called at once; threads that share a peer get their own answers, in whatever order.

use std::sync::Barrier;
use std::sync::mpsc::channel;
use std::thread;

use parking_lot::Mutex;
use wherever::hosts::Function;
use wherever::{Arguments, Value};

use super::super::carrier::Kind;
use super::Stage;

/// Neither side has a thread in the library when it is called: the first waits for something else, and the other's are
/// parked, again and again.
pub(super) fn an_idle_side_is_called(kind: Kind) {
    let stage = Stage::new(kind);
    let (sender, receiver) = channel();
    let (sender, lab) = (Mutex::new(sender), stage.theirs());
    let rounds = if kind == Kind::Bytes { 20 } else { 100 };
    // Each call asks for the next, which comes when it has returned; from here on, this thread is in no call.
    let tell = Function::new("tell", move |mut arguments: Arguments, _| {
        sender.lock().send(arguments.take::<i64>(0, "round")?).unwrap();
        Ok(Value::None)
    });
    let tell = Value::from(tell.into_own());
    for round in 0..rounds {
        lab.one_way("invoke_later", (tell.clone(), round)).unwrap();
        assert_eq!(receiver.recv().unwrap(), round);
    }
    drop((tell, lab));
    stage.end();
}

/// The side that is called has just made calls of its own, on several threads, and is in none.
pub(super) fn right_after_a_call(kind: Kind) {
    let stage = Stage::new(kind);
    let (sender, receiver) = channel();
    let sender = Mutex::new(sender);
    let tell = Function::new("tell", move |mut arguments: Arguments, _| {
        sender.lock().send(arguments.take::<i64>(0, "round")?).unwrap();
        Ok(Value::None)
    });
    let tell = Value::from(tell.into_own());
    let rounds = if kind == Kind::Bytes { 20 } else { 100 };
    for round in 0..rounds {
        let lab = stage.theirs();
        thread::scope(|scope| {
            for _ in 0..round % 3 {
                scope.spawn(|| lab.call("echo", (1,)).unwrap());
            }
            lab.call("invoke_later", (tell.clone(), round)).unwrap();
        });
        assert_eq!(receiver.recv().unwrap(), round);
    }
    drop(tell);
    stage.end();
}

pub(super) fn each_its_own_answer(kind: Kind) {
    let stage = Stage::new(kind);
    let rounds = if kind == Kind::Bytes { 20 } else { 400 };
    let barrier = Barrier::new(8);
    thread::scope(|scope| {
        for thread in 0..8_i64 {
            let (lab, barrier) = (stage.theirs(), &barrier);
            scope.spawn(move || {
                barrier.wait();
                for round in 0..rounds {
                    let number = thread * 1_000_000 + round;
                    let (first, second) = (lab.promise("echo", (number,)), lab.promise("echo", (-number,)));
                    assert_eq!(lab.call("echo", (number + 1,)).unwrap(), Value::Int(number + 1));
                    assert_eq!(second.unwrap().result().unwrap(), Value::Int(-number));
                    assert_eq!(first.unwrap().result().unwrap(), Value::Int(number));
                }
            });
        }
    });
    stage.end();
}

/// A call that only returns when others have returned, made and answered after it by other threads of the same peer.
pub(super) fn fast_before_slow(kind: Kind) {
    let stage = Stage::new(kind);
    let rounds = if kind == Kind::Bytes { 5 } else { 100 };
    for round in 0..rounds {
        thread::scope(|scope| {
            let slow: Vec<_> = (0..1 + round % 3)
                .map(|_| {
                    let lab = stage.theirs();
                    scope.spawn(move || lab.call("pass", ("slow",)).unwrap())
                })
                .collect();
            // A promise that is slow, of a lane of its own, and waited for by none yet.
            let promised = scope.spawn(|| stage.theirs().promise("pass", ("slow",)).unwrap()).join().unwrap();
            let fast = stage.theirs();
            for number in 0..5 {
                assert_eq!(fast.call("echo", (number,)).unwrap(), Value::Int(number));
            }
            (0..slow.len() + 1).for_each(|_| _ = fast.call("open", ("slow",)).unwrap());
            slow.into_iter().for_each(|slow| _ = slow.join().unwrap());
            promised.result().unwrap();
        });
    }
    stage.end();
}
