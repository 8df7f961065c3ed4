//! Models of the reading role, for the model checker: what must hold whichever order the threads come in.
//!
//! In each: at most one thread receives, one sends; nobody works or sends with the reading role in hand; what is nested
//! runs on the thread that waits; no work is lost; nobody waits for ever, and no thread stays behind.

mod carrier;
mod world;

use std::sync::Arc;

use shuttle::rand::{Rng, thread_rng};
use shuttle::thread::{self, JoinHandle};

use crate::drive::contract::Awaited;
use crate::sync::explore;
use carrier::{Frame, Plan};
use world::{Kind, Toy, World};

fn start() -> (Arc<World>, Vec<JoinHandle<()>>) {
    World::start(thread_rng().gen_bool(0.5), 2)
}

fn spawn(world: &Arc<World>, act: impl FnOnce(&Arc<World>) + Send + 'static) -> JoinHandle<()> {
    let world = world.clone();
    thread::spawn(move || act(&world))
}

fn join(threads: Vec<JoinHandle<()>>) {
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// Makes calls of all kinds, each answered.
fn call_some(world: &Arc<World>, count: u32) {
    for _ in 0..count {
        let plan = Plan { nested: thread_rng().gen_range(0..3), depth: thread_rng().gen_range(0..3) };
        let in_time = thread_rng().gen_bool(0.3);
        assert!(world.call(plan, |id| Awaited::call(id, in_time)), "answered");
    }
}

#[test]
fn model_callers_and_what_is_nested_in_their_calls() {
    explore(2000, || {
        let (world, threads) = start();
        let mut callers: Vec<_> = (0..2).map(|_| spawn(&world, |world| call_some(world, 2))).collect();
        callers.push(spawn(&world, |world| {
            world.carrier.deliver(Frame::Call { name: 1, kind: Kind::Plain });
            world.carrier.deliver(Frame::Call { name: 2, kind: Kind::Plain });
        }));
        join(callers);
        world.carrier.deliver(Frame::Call { name: 3, kind: Kind::Meets(1) });
        world.until_ran(&[1, 2, 3]);
        world.finish(threads);
    });
}

#[test]
fn model_calls_of_the_peer_that_wait_for_each_other() {
    explore(2000, || {
        let (world, threads) = start();
        let caller = spawn(&world, |world| call_some(world, 1));
        // By the carrier, or by threads that let them run, of which none receives.
        let by_carrier = thread_rng().gen_bool(0.5);
        for name in [1, 2] {
            match by_carrier {
                true => world.carrier.deliver(Frame::Call { name, kind: Kind::Meets(2) }),
                false => world.take_work(Toy::new(name, Kind::Meets(2))),
            }
        }
        join(vec![caller]);
        world.until_ran(&[1, 2]);
        world.finish(threads);
    });
}

#[test]
fn model_two_that_wait_for_one_promise_and_one_for_room() {
    explore(2000, || {
        let (world, threads) = start();
        let id = world.ask(Plan { nested: thread_rng().gen_range(0..2), depth: 0 }, false);
        let mut waiting: Vec<_> = (0..2)
            .map(|_| {
                spawn(&world, move |world| {
                    assert!(world.wait(Awaited::Promise(id, None), &|session| session.is_settled(id)));
                })
            })
            .collect();
        waiting.push(spawn(&world, |world| assert!(world.wait(Awaited::Room(None), &|session| session.room))));
        waiting.push(spawn(&world, |world| world.room_came()));
        join(waiting);
        world.finish(threads);
    });
}

#[test]
fn model_a_nested_call_that_another_thread_lets_run() {
    explore(2000, || {
        let (world, threads) = start();
        let caller = spawn(&world, |world| {
            let wait = |id| {
                // Known to be waited for, and not seated yet.
                world.carrier.expect(id, 7);
                let (world, other) = (world.clone(), world.nested(id, 7, Kind::Nested(0)));
                let settles = thread::spawn(move || world.take_work(other));
                drop(settles);
                Awaited::Call(id)
            };
            assert!(world.call(Plan::NEVER, wait));
        });
        join(vec![caller]);
        world.finish(threads);
    });
}

#[test]
fn model_nested_calls_that_wait_for_each_other() {
    explore(2000, || {
        let (world, threads) = start();
        let id = world.ask(Plan::NEVER, false);
        let caller = spawn(&world, move |world| {
            assert!(world.wait(Awaited::call(id, thread_rng().gen_bool(0.5)), &|session| session.is_settled(id)));
        });
        for name in [1, 2] {
            world.carrier.deliver(Frame::Nested { question: id, name, kind: Kind::Meets(2) });
        }
        world.until_ran(&[1, 2]);
        world.carrier.deliver(Frame::Return(id));
        join(vec![caller]);
        world.finish(threads);
    });
}

#[test]
fn model_a_nested_call_of_a_caller_that_gives_up() {
    explore(2000, || {
        let (world, threads) = start();
        let id = world.ask(Plan::NEVER, false);
        let caller = spawn(&world, move |world| {
            assert!(world.wait(Awaited::CallInTime(id), &|session| session.is_settled(id)));
        });
        world.carrier.deliver(Frame::Nested { question: id, name: 1, kind: Kind::Plain });
        world.settle(id);
        join(vec![caller]);
        world.until_ran(&[1]);
        world.finish(threads);
    });
}

#[test]
fn model_a_call_that_lets_another_run_and_waits_for_it() {
    explore(2000, || {
        let (world, threads) = start();
        world.carrier.deliver(Frame::Call { name: 1, kind: Kind::Lets(2) });
        let caller = spawn(&world, |world| call_some(world, 1));
        world.until_ran(&[1, 2]);
        join(vec![caller]);
        world.finish(threads);
    });
}

#[test]
fn model_the_end_lets_everybody_go() {
    explore(2000, || {
        let (world, threads) = start();
        let mut all: Vec<_> = (0..2)
            .map(|_| {
                spawn(&world, |world| {
                    let in_time = thread_rng().gen_bool(0.5);
                    assert!(!world.call(Plan::NEVER, |id| Awaited::call(id, in_time)));
                })
            })
            .collect();
        all.push(spawn(&world, |world| assert!(!world.wait(Awaited::End, &|_| false))));
        all.push(spawn(&world, |world| assert!(!world.wait(Awaited::Room(None), &|_| false))));
        world.carrier.deliver(Frame::Call { name: 1, kind: Kind::Plain });
        match thread_rng().gen_range(0..3) {
            0 => world.close(false),
            1 => world.carrier.deliver(Frame::Bye),
            _ => world.carrier.close(),
        }
        join(all);
        world.finish(threads);
        let times = |names: &[u64]| names.iter().filter(|name| **name == 1).count();
        assert!(times(&world.ran.lock()) + times(&world.dropped.lock()) <= 1, "once at most");
    });
}

#[test]
fn model_calls_without_an_answer_run_after_an_end_in_order() {
    explore(2000, || {
        let (world, threads) = start();
        let caller = spawn(&world, |world| _ = world.call(Plan { nested: 2, depth: 1 }, Awaited::Call));
        world.carrier.deliver(Frame::Call { name: 1, kind: Kind::OneWay });
        world.carrier.deliver(Frame::Call { name: 2, kind: Kind::Plain });
        world.carrier.deliver(Frame::Call { name: 3, kind: Kind::OneWay });
        world.carrier.deliver(Frame::Bye);
        join(vec![caller]);
        world.until_ran(&[1, 3, 8, 9]);
        let ran = world.ran.lock().clone();
        assert!(ran.iter().position(|name| *name == 8) < ran.iter().position(|name| *name == 9), "in order");
        world.finish(threads);
    });
}

impl World {
    /// Waits until these calls have run. It spins, so that nothing wakes anybody by this.
    fn until_ran(&self, names: &[u64]) {
        while !names.iter().all(|name| self.ran.lock().contains(name)) {
            thread::yield_now();
        }
    }
}
