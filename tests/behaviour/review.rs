//! What a review of the core found: many releases, many promises, destructors that call back, batches of two threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wherever::clock::ManualClock;
use wherever::context::CallContext;
use wherever::drive::connect_simple;
use wherever::hosts::{Function, List};
use wherever::limits::Limits;
use wherever::policy::Policy;
use wherever::transport::{MemoryTransport, Transport, memory_pair};
use wherever::{Arguments, Error, Node, Own, Peer, Promise, Value};
use wherever_tests::inline::Inline;
use wherever_tests::lab::{Lab, assert_idle, got};
use wherever_tests::pair::{Pair, node};

fn pair_of_lab() -> (Pair, Arc<Lab>) {
    let clock = Arc::new(ManualClock::default());
    let right = node(&clock, Policy::Closed);
    let (own, lab) = Lab::own();
    right.export("lab", own);
    (Pair::of(&clock, &node(&clock, Policy::Closed), &right), lab)
}

#[test]
fn more_releases_than_a_frame_holds_leave_in_several() {
    let clock = Arc::new(ManualClock::default());
    let mut limits = Limits::default();
    limits.told.frame_len_max = 64 << 10;
    let right = Node::builder().clock(clock.clone()).limits(limits).build();
    let many = List::from_iter((0..30_000).map(|_| Value::from(Function::new("f", |_, _| Ok(Value::None)))));
    right.export("many", many.to_own());
    let inline = Inline::start(&clock, &node(&clock, Policy::Closed), &right);
    let list = inline.peer.get("many").unwrap();
    let held = list.fetch().unwrap();
    assert_eq!(inline.far.peer().stats().exports, 30_001);
    drop((held, list));
    inline.assert_idle();
    assert!(inline.peer.ended().is_none(), "{:?}", inline.peer.ended());
}

#[test]
fn more_promises_than_the_peer_keeps_are_refused_here() {
    let (pair, _lab) = pair_of_lab();
    let lab = got(&pair, "lab");
    let mut held: Vec<Promise> = Vec::new();
    let refused = loop {
        match lab.promise("double", (1,)) {
            Ok(promise) => held.push(promise),
            Err(error) => break error,
        }
        pair.settle();
    };
    assert!(matches!(refused, Error::Overloaded(_)), "{refused}");
    assert!(pair.left.peer().ended().is_none());
    assert!((4_000..=4_096).contains(&held.len()), "{}", held.len());
    held.truncate(10);
    pair.tick();
    lab.promise("double", (1,)).unwrap();
    drop((held, lab));
    assert_idle(&[&pair]);
}

/// Calls back into the library when it is dropped.
struct CallsBack(Peer, Arc<AtomicU64>);

impl Drop for CallsBack {
    fn drop(&mut self) {
        self.1.fetch_add(1 + self.0.stats().exports, Ordering::Relaxed);
    }
}

#[test]
fn what_a_refused_call_held_is_dropped_without_a_lock() {
    let (pair, _lab) = pair_of_lab();
    let lab = got(&pair, "lab");
    pair.left.peer().close("done");
    let dropped = Arc::<AtomicU64>::default();
    let back = CallsBack(pair.left.peer(), dropped.clone());
    let function = Function::new("f", move |_: Arguments, _: &CallContext| {
        let _held = &back;
        Ok(Value::None)
    });
    assert!(lab.promise("echo", (Own::new(function),)).is_err());
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
}

#[test]
fn what_a_call_wanted_told_of_its_stop_is_dropped_without_a_lock() {
    let (pair, lab) = pair_of_lab();
    let proxy = got(&pair, "lab");
    let promise = proxy.promise("gate", ()).unwrap();
    pair.settle();
    let dropped = Arc::<AtomicU64>::default();
    let back = CallsBack(pair.right.peer(), dropped.clone());
    let gate = lab.next_gate();
    gate.context.on_stop(move || drop(back));
    let reply = gate.context.reply();
    drop(gate);
    reply.settle(Ok(Value::None));
    drop(reply);
    drop((promise, proxy));
    assert_idle(&[&pair]);
    assert_ne!(dropped.load(Ordering::Relaxed), 0);
}

#[test]
fn a_batch_that_ends_leaves_though_another_threads_is_open() {
    let (pair, _lab) = pair_of_lab();
    let lab = got(&pair, "lab");
    let peer = pair.left.peer();
    let (opened, is_opened) = std::sync::mpsc::channel();
    let (close, is_closed) = std::sync::mpsc::channel::<()>();
    let other = std::thread::spawn(move || {
        let batch = peer.batch();
        opened.send(()).unwrap();
        is_closed.recv().unwrap();
        batch.send();
    });
    is_opened.recv().unwrap();
    let batch = pair.left.peer().batch();
    let promise = lab.promise("double", (4,)).unwrap();
    assert!(pair.left.take_frame().is_none());
    batch.send();
    pair.settle();
    assert!(promise.is_ready(), "its batch has ended");
    close.send(()).unwrap();
    other.join().unwrap();
    drop((promise, lab));
    assert_idle(&[&pair]);
}

/// A carrier that tells when it is dropped.
struct Told {
    carrier: MemoryTransport,
    _alive: Arc<()>,
}

impl Transport for Told {
    fn send(&self, frame: &[u8]) -> std::io::Result<()> {
        self.carrier.send(frame)
    }

    fn recv(&self, frame: &mut Vec<u8>) -> std::io::Result<()> {
        self.carrier.recv(frame)
    }
}

#[test]
#[ignore = "a settled promise to an object, and a call that is out, hold their own session"]
fn a_session_that_nothing_refers_to_is_dropped_though_a_promise_had_settled() {
    let server = Node::new();
    server.export("lab", Lab::own().0);
    let (near, far) = memory_pair();
    let dropped = Arc::new(());
    let peer = connect_simple(&Node::new(), Told { carrier: near, _alive: dropped.clone() });
    let serving = std::thread::spawn(move || connect_simple(&server, far).serve());
    let promise = peer.promise("lab").unwrap();
    let value = promise.result().unwrap();
    drop((value, peer, promise));
    assert_eq!(Arc::strong_count(&dropped), 1, "nothing refers to the session");
    serving.join().unwrap().unwrap();
}
