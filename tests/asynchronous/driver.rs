//! The async driver itself, its tasks polled by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use wherever::clock::ManualClock;
use wherever::hosts::Function;
use wherever::limits::Limits;
use wherever::session::EndReason;
use wherever::{Error, Node, Operation, Proxy, Value};
use wherever_tests::hand::{Hand, TaskPair};
use wherever_tests::lab::Lab;

fn pair_of(left: Limits, right: Limits) -> (TaskPair, Node, Node) {
    let clock = Arc::<ManualClock>::default();
    let node = |limits| Node::builder().clock(clock.clone()).limits(limits).build();
    let (left, right) = (node(left), node(right));
    (TaskPair::of(&clock, &left, &right), left, right)
}

struct Set {
    pair: TaskPair,
    lab: Arc<Lab>,
    proxy: Proxy,
}

fn set() -> Set {
    let (pair, _, right) = pair_of(Limits::default(), Limits::default());
    let (own, lab) = Lab::own();
    right.export("lab", own);
    let proxy = Hand::of(pair.left.peer().get_later("lab")).through_all(|| pair.settle()).unwrap();
    Set { pair, lab, proxy }
}

impl Set {
    #[track_caller]
    fn call(&self, member: &str, arguments: Vec<Value>) -> Result<Value, Error> {
        let call = self.proxy.method(member).args(wherever::Arguments::from(arguments));
        Hand::of(call).through_all(|| self.pair.settle())
    }

    #[track_caller]
    fn end(self) {
        let Self { pair, lab, proxy } = self;
        drop((lab, proxy));
        pair.assert_idle();
    }
}

#[test]
fn a_call_is_two_messages_in_two_frames_and_its_work_is_one_task() {
    let set = set();
    let before = set.pair.left.peer().stats();
    let mut call = Hand::of(set.proxy.method("double").args((2,)));
    assert!(set.pair.left.poll_frame().is_pending());
    set.pair.left.is_woken();
    call.waits();
    assert!(set.pair.left.is_woken());
    assert!(set.pair.carry());
    assert_eq!(set.pair.right.tasks_waiting(), 1);
    assert!(set.pair.right.run_one());
    assert_eq!(set.pair.right.tasks_waiting(), 0);
    set.pair.settle();
    assert_eq!(call.done().unwrap(), Value::Int(4));
    let after = set.pair.left.peer().stats();
    assert_eq!((after.messages() - before.messages(), after.frames() - before.frames()), (2, 2));
    drop(call);
    set.end();
}

#[test]
fn the_last_reference_dropped_ends_the_session_in_order() {
    let Set { mut pair, lab, proxy } = set();
    let mut over = Hand::of(async { pair.right.peer.as_ref().unwrap().over().await });
    over.waits();
    pair.left.peer = None;
    pair.carry();
    over.waits();
    drop(proxy);
    pair.settle();
    assert!(matches!(over.done(), EndReason::PeerClosed(_)));
    drop(over);
    assert!(matches!(pair.left.poll_frame(), Poll::Ready(None)));
    assert!(matches!(pair.right.poll_frame(), Poll::Ready(None)));
    assert!(pair.right.peer().stats().is_idle());
    drop((lab, pair.right.peer.take()));
}

#[test]
fn a_closed_session_that_is_dropped_at_once_says_goodbye() {
    let Set { mut pair, lab, proxy } = set();
    pair.left.peer().close("enough");
    pair.left.peer = None;
    drop(proxy);
    pair.settle();
    assert!(matches!(pair.left.poll_frame(), Poll::Ready(None)));
    assert!(matches!(pair.right.peer().ended(), Some(EndReason::PeerClosed(why)) if why.contains("enough")));
    drop(lab);
}

#[test]
fn what_moves_the_frames_ends_the_session_when_it_is_dropped() {
    let Set { pair, lab, proxy } = set();
    let mut call = Hand::of(proxy.method("gate"));
    call.waits();
    pair.settle();
    let TaskPair { left, right, .. } = pair;
    drop(left.tasks.into_inner());
    assert!(matches!(call.done(), Err(Error::Disconnected(_))));
    right.tasks.lock().cut("the other side is gone");
    while right.run_one() {}
    drop(lab.next_gate());
    while right.run_one() {}
    assert!(left.peer.unwrap().stats().is_idle());
    assert!(right.peer().stats().is_idle());
}

#[test]
fn a_host_in_a_task_cannot_block_on_an_async_session() {
    let set = set();
    let ran = Arc::new(AtomicBool::new(false));
    let runs = ran.clone();
    let own = Function::new("own", move |_, _| {
        runs.store(true, Ordering::SeqCst);
        Ok(Value::Int(1))
    });
    let error = set.call("call_back", vec![Value::from(own), Value::Int(1)]).unwrap_err();
    assert!(matches!(&error, Error::Misuse(text) if text.contains("await")), "{error}");
    set.end();
    assert!(!ran.load(Ordering::SeqCst), "what was refused is not done all the same");
}

#[test]
fn a_thread_of_its_own_may_block_on_an_async_session() {
    let set = set();
    let proxy = set.proxy.clone();
    let (asks, asked) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let result = proxy.call("double", (8,));
        drop(proxy);
        asks.send(()).unwrap();
        result
    });
    while asked.try_recv().is_err() {
        set.pair.settle();
        std::thread::yield_now();
    }
    assert_eq!(thread.join().unwrap().unwrap(), Value::Int(16));
    set.end();
}

#[test]
fn no_call_starts_while_the_queue_is_full_and_reading_goes_on() {
    let limits = || {
        let mut limits = Limits::default();
        limits.queue_bytes_max = 4096;
        limits
    };
    let (pair, _, right) = pair_of(limits(), limits());
    let (own, lab) = Lab::own();
    right.export("lab", own);
    let proxy = Hand::of(pair.left.peer().get_later("lab")).through_all(|| pair.settle()).unwrap();
    let text = Value::text("x".repeat(2000));
    let mut calls: Vec<_> = (0..20).map(|_| Hand::of(proxy.method("echo").args((text.clone(),)))).collect();
    calls.iter_mut().for_each(Hand::waits);
    // The right side receives and does not send.
    while let Poll::Ready(Some(frame)) = pair.left.poll_frame() {
        pair.right.tasks.lock().put_frame(&frame);
        while pair.right.run_one() {}
    }
    let stats = pair.right.peer().stats();
    assert_eq!(stats.calls_received, 21, "all of them arrived");
    assert!(stats.queued_bytes < 4096 + 2 * 2200, "{} bytes", stats.queued_bytes);
    for call in &mut calls {
        assert_eq!(call.through_all(|| pair.settle()).unwrap(), text);
    }
    drop((calls, proxy, lab));
    pair.assert_idle();
}

#[test]
fn a_carrier_that_takes_nothing_is_given_up_after_the_end() {
    let set = set();
    set.proxy.one_way("log", ("x",)).unwrap();
    assert!(matches!(set.pair.left.poll_frame(), Poll::Ready(Some(_))));
    set.pair.left.peer().close("done");
    let waker = std::task::Waker::noop();
    let context = &mut std::task::Context::from_waker(waker);
    // The frame does not leave. The ticker runs on a thread of its own; time is all that it needs.
    while set.pair.left.tasks.lock().poll_given_up(context).is_pending() {
        set.pair.clock.advance(std::time::Duration::from_millis(5));
        std::thread::yield_now();
    }
    assert!(matches!(set.pair.left.poll_frame(), Poll::Ready(None)));
    set.pair.right.tasks.lock().cut("cut by the test");
    let Set { pair, lab, proxy } = set;
    drop((lab, proxy));
    pair.settle();
    assert!(pair.left.peer().stats().is_idle());
}

#[test]
fn an_idle_session_releases_after_a_tick_by_itself() {
    let set = set();
    let made: Proxy = set.call("make", Vec::new()).unwrap().to().unwrap();
    let exports = set.pair.right.peer().stats().exports;
    set.pair.settle();
    set.pair.left.is_woken();
    drop(made);
    // The ticker wakes who moves the frames.
    while set.pair.right.peer().stats().exports == exports {
        set.pair.clock.advance(std::time::Duration::from_millis(5));
        std::thread::yield_now();
        if set.pair.left.is_woken() {
            set.pair.settle();
        }
    }
    set.end();
}

#[test]
fn a_middle_of_two_async_sessions_passes_calls_and_items_on() {
    let clock = Arc::<ManualClock>::default();
    let nodes = [(); 3].map(|()| Node::builder().clock(clock.clone()).build());
    let (own, lab) = Lab::own();
    nodes[2].export("lab", own);
    let near = TaskPair::of(&clock, &nodes[0], &nodes[1]);
    let far = TaskPair::of(&clock, &nodes[1], &nodes[2]);
    let settle = || {
        for _ in 0..4 {
            near.settle();
            far.settle();
        }
    };
    let lab_there = Hand::of(far.left.peer().get_later("lab")).through_all(settle).unwrap();
    let wherever::value::Ref::Remote(_) = lab_there.reference() else { panic!("no remote") };
    let holder = Function::new("holder", {
        let lab_there = lab_there.clone();
        move |_, _| Ok(Value::from(&lab_there))
    });
    nodes[1].export("holder", holder.into_own());
    let holder = Hand::of(near.left.peer().get_later("holder")).through_all(settle).unwrap();
    let through: Proxy = Hand::of(holder.request(Operation::Call)).through_all(settle).unwrap().to().unwrap();
    assert_eq!(Hand::of(through.method("double").args((4,))).through_all(settle).unwrap(), Value::Int(8));
    let steps: Proxy = Hand::of(through.method("steps").args((30,))).through_all(settle).unwrap().to().unwrap();
    let mut items = Hand::of(steps.iterate_later()).through_all(settle).unwrap();
    let mut sum = 0;
    while let Some(item) = Hand::of(items.next_item()).through_all(settle) {
        sum += item.unwrap().to::<i64>().unwrap();
    }
    assert_eq!(sum, 435);
    let mut stopped = Hand::of(through.method("gate"));
    stopped.waits();
    settle();
    let gate = lab.next_gate();
    drop(stopped);
    settle();
    assert!(gate.context.is_stopped(), "through the middle");
    drop(gate);
    nodes[1].unexport("holder");
    drop((items, steps, through, holder, lab_there, lab));
    for _ in 0..4 {
        settle();
        [&near, &far].into_iter().for_each(|pair| {
            clock.advance(std::time::Duration::from_millis(5));
            [&pair.left, &pair.right].into_iter().for_each(|side| side.peer().poll().unwrap());
        });
    }
    settle();
    near.assert_idle();
    far.assert_idle();
}
