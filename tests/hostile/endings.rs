//! Endings and crossings: releases that meet new mentions, sessions that end in the middle of anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wherever::clock::ManualClock;
use wherever::drive::Manual;
use wherever::error::Disconnected;
use wherever::hosts::{Class, Function, stream};
use wherever::limits::Limits;
use wherever::policy::Policy;
use wherever::session::EndReason;
use wherever::wire::frame::Frame;
use wherever::wire::message::MessageKind;
use wherever::{Arguments, Error, Node, Operation, Outcome, Promise, Proxy, Value};
use wherever_tests::hostile::{Call, Forged, Seen};
use wherever_tests::pair::{Pair, node};

use crate::deeds::{Deeds, thing};
use crate::protocol::begin;

/// A pair whose right side exports an object, and that object's deeds.
pub(crate) fn pair() -> (Pair, Arc<Deeds>) {
    let clock = Arc::<ManualClock>::default();
    let (near, far) = (node(&clock, Policy::Closed), node(&clock, Policy::Closed));
    let (own, deeds) = thing();
    far.export("thing", own);
    (Pair::of(&clock, &near, &far), deeds)
}

pub(crate) fn got(pair: &Pair, name: &str) -> Proxy {
    let promise = pair.left.peer().promise(name).unwrap();
    pair.settle();
    promise.result().unwrap().to().unwrap()
}

pub(crate) fn assert_idle(pair: &Pair) {
    (0..4).for_each(|_| pair.tick());
    for side in [&pair.left, &pair.right] {
        assert!(side.peer().stats().is_idle(), "{:#?}", side.peer().stats());
        assert_eq!(side.jobs(), 0);
    }
}

pub(crate) fn disconnected(result: Result<Value, Error>) -> Arc<Disconnected> {
    match result {
        Err(Error::Disconnected(disconnected)) => disconnected,
        other => panic!("{other:?}"),
    }
}

fn cut(pair: &Pair) {
    pair.left.cut("the cable was pulled");
    pair.right.cut("the cable was pulled");
}

/// An object that tells, once for each, when what it made is dropped.
fn maker() -> (Function, Arc<AtomicU64>) {
    struct Dropped(Arc<AtomicU64>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let dropped = Arc::<AtomicU64>::default();
    let count = dropped.clone();
    let class = Class::<Dropped>::builder("rust:test.Dropped").method("touch", |_, _, _| Ok(Value::None)).build();
    (Function::new("make", move |_, _| Ok(class.instance(Dropped(count.clone())).into())), dropped)
}

#[test]
fn what_a_session_offered_is_released_once_with_it() {
    for closes in [false, true] {
        let (pair, _) = pair();
        let (make, dropped) = maker();
        let clock = &pair.clock;
        let far = node(clock, Policy::Closed);
        far.export("make", make.into_own());
        let pair = Pair::of(clock, &node(clock, Policy::Closed), &far);
        let make = got(&pair, "make");
        let made: Vec<Promise> = (0..10).map(|_| make.request(Operation::Call).promise().unwrap()).collect();
        pair.settle();
        let proxies: Vec<Proxy> = made.iter().map(|made| made.result().unwrap().to().unwrap()).collect();
        let before = proxies[0].promise("touch", ()).unwrap();
        assert_eq!(dropped.load(Ordering::Relaxed), 0);
        if closes {
            pair.left.peer().close("done");
            pair.settle();
        } else {
            cut(&pair);
        }
        assert_eq!(dropped.load(Ordering::Relaxed), 10);
        drop((make, made, proxies, before));
        assert_idle(&pair);
        assert_eq!(dropped.load(Ordering::Relaxed), 10);
    }
}

#[test]
fn hazard_9_every_pending_call_fails_once_and_says_whether_it_may_have_run() {
    let (pair, deeds) = pair();
    let proxy = got(&pair, "thing");
    let done = proxy.promise("touch", ()).unwrap();
    let running = proxy.promise("wait", ()).unwrap();
    pair.settle();
    let arrived = proxy.promise("touch", ()).unwrap();
    pair.carry();
    let on_the_way = proxy.promise("touch", ()).unwrap();
    let lost = pair.left.take_frame().unwrap();
    assert!(!lost.is_empty());
    let on_promise = running.call("touch", ()).unwrap();
    let never_left = proxy.promise("touch", ()).unwrap();
    let batch = pair.left.peer().batch();
    let in_a_batch = proxy.promise("touch", ()).unwrap();
    let cancelled = proxy.promise("touch", ()).unwrap();
    cancelled.cancel();
    pair.left.cut("the cable was pulled");
    drop(batch);
    assert_eq!(done.result().unwrap(), Value::Int(1), "what had come stays");
    for (promise, may_have_run) in [
        (&running, true),
        (&arrived, true),
        (&on_the_way, true),
        (&on_promise, false),
        (&never_left, false),
        (&in_a_batch, false),
    ] {
        let error = disconnected(promise.result());
        assert_eq!(error.may_have_run, may_have_run, "{error}");
        assert!(error.reason.contains("the cable was pulled") && error.hop.is_none(), "{error}");
        assert_eq!(disconnected(promise.result()), error, "asked again, it is the same");
    }
    assert!(matches!(cancelled.result(), Err(Error::Stopped)));
    pair.right.cut("the cable was pulled");
    deeds.settle_all();
    drop((done, running, arrived, on_the_way, on_promise, never_left, in_a_batch, cancelled, proxy));
    assert_idle(&pair);
}

#[test]
fn a_close_sends_what_was_queued_and_then_a_bye() {
    let (mut hostile, deeds) = begin();
    let proxy = crate::protocol::give(&mut hostile, &deeds);
    let before = hostile.seen.len();
    let first = proxy.promise("a", ()).unwrap();
    proxy.one_way("b", ()).unwrap();
    hostile.send(&Forged::new().call(&Call::method(90, 1, "touch")));
    hostile.run();
    hostile.victim.peer().close("enough");
    hostile.victim.peer().close("twice");
    let error = disconnected(first.result());
    assert!(error.may_have_run && error.reason.contains("this side closed"), "{error}");
    hostile.read();
    let sent: Vec<_> = hostile.seen[before..]
        .iter()
        .map(|seen| match seen {
            Seen::Call { header, .. } => header.member.as_deref().unwrap().to_owned(),
            Seen::Return { id, .. } => id.to_string(),
            Seen::Bye(reason) => format!("bye: {reason}"),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sent, ["a", "b", "90", "bye: enough"]);
    assert_eq!(hostile.read(), 0);
    drop((first, proxy));
    assert!(hostile.stats().is_idle());
    assert!(matches!(hostile.victim.peer().ended(), Some(EndReason::Closed(_))));
}

#[test]
fn nothing_goes_on_after_the_end() {
    let (pair, deeds) = pair();
    let proxy = got(&pair, "thing");
    let promise = proxy.promise("make", ()).unwrap();
    pair.settle();
    cut(&pair);
    let refused = [
        proxy.promise("touch", ()).map(drop),
        proxy.one_way("touch", ()),
        proxy.call("touch", ()).map(drop),
        proxy.get("next").map(drop),
        proxy.iterate().map(drop),
        proxy.fetch().map(drop),
        promise.call("touch", ()).map(drop),
        pair.left.peer().promise("thing").map(drop),
        pair.left.peer().names().map(drop),
    ];
    for refused in refused {
        let error = disconnected(refused.map(Value::from));
        assert!(!error.may_have_run, "{error}");
    }
    let batch = pair.left.peer().batch();
    assert!(proxy.promise("touch", ()).is_err());
    batch.send();
    promise.cancel();
    pair.left.peer().close("late");
    pair.left.put_frame(&Forged::new().call(&Call::get(1, "x")).bytes());
    assert!(pair.left.take_frame().is_none());
    assert!(matches!(pair.left.peer().ended(), Some(EndReason::CarrierLost(_))), "the first reason stays");
    assert_eq!(deeds.ran(), 0);
    drop((promise, proxy));
    assert_idle(&pair);
}

#[test]
fn two_sessions_of_two_nodes_know_nothing_of_each_other() {
    let clock = Arc::<ManualClock>::default();
    let (near, far) = (node(&clock, Policy::Closed), node(&clock, Policy::Closed));
    let (own, deeds) = thing();
    far.export("thing", own);
    let pairs = [Pair::of(&clock, &near, &far), Pair::of(&clock, &near, &far)];
    let proxies = [got(&pairs[0], "thing"), got(&pairs[1], "thing")];
    assert!(!proxies[0].same(&proxies[1]), "one object, by two sessions");
    let touched = proxies.each_ref().map(|proxy| proxy.promise("touch", ()).unwrap());
    pairs.iter().for_each(Pair::settle);
    cut(&pairs[0]);
    assert!(proxies[0].promise("touch", ()).is_err());
    let again = proxies[1].promise("touch", ()).unwrap();
    pairs[1].settle();
    assert_eq!((again.result().unwrap(), deeds.ran()), (Value::Int(3), 3));
    drop((proxies, touched, again));
    pairs.iter().for_each(assert_idle);
}

#[test]
fn a_call_that_runs_is_told_of_the_end() {
    type Stopped = Arc<AtomicU64>;
    for closes in [false, true] {
        let clock = Arc::<ManualClock>::default();
        let far = node(&clock, Policy::Closed);
        let (told, flags) = (Stopped::default(), Stopped::default());
        let contexts = Arc::new(parking_lot::Mutex::new(Vec::new()));
        let (seen, kept) = (told.clone(), contexts.clone());
        let wait = Function::later("wait", move |_, context| {
            let (seen, flags, inner) = (seen.clone(), flags.clone(), context.clone());
            context.on_stop(move || {
                seen.fetch_add(1, Ordering::Relaxed);
                flags.fetch_add(u64::from(inner.is_stopped()), Ordering::Relaxed);
            });
            kept.lock().push(context);
        });
        far.export("wait", wait.into_own());
        let pair = Pair::of(&clock, &node(&clock, Policy::Closed), &far);
        let calls = [(); 3].map(|()| {
            let proxy = got(&pair, "wait");
            std::thread::spawn(move || proxy.request(Operation::Call).promise().unwrap()).join().unwrap()
        });
        pair.settle();
        let running = contexts.lock().len() as u64;
        assert!(running >= 1 && told.load(Ordering::Relaxed) == 0);
        match closes {
            true => {
                pair.left.peer().close("done");
                pair.settle();
            }
            false => cut(&pair),
        }
        assert_eq!(told.load(Ordering::Relaxed), running, "each is told once");
        let contexts = std::mem::take(&mut *contexts.lock());
        assert!(contexts.iter().all(wherever::context::CallContext::is_stopped));
        contexts.iter().for_each(|context| context.reply().settle(Ok(Value::None)));
        drop((contexts, calls));
        assert_idle(&pair);
    }
}

#[test]
fn streams_both_ways_end_with_the_session() {
    let clock = Arc::<ManualClock>::default();
    let open = Arc::new(());
    let endless = |open: &Arc<()>| {
        let open = open.clone();
        Class::<()>::builder("rust:test.Endless")
            .operation(Operation::Iterate, move |(), _, _| {
                let open = open.clone();
                Outcome::Stream(stream((0..).map(move |number: i64| {
                    let _open = &open;
                    number.into()
                })))
            })
            .build()
            .instance(())
    };
    let nodes = [node(&clock, Policy::Closed), node(&clock, Policy::Closed)];
    nodes.iter().for_each(|node| node.export("endless", endless(&open)));
    let held = Arc::strong_count(&open);
    let pair = Pair::of(&clock, &nodes[0], &nodes[1]);
    let proxies = [&pair.left, &pair.right].map(|side: &Manual| {
        let promise = side.peer().promise("endless").unwrap();
        pair.settle();
        promise.result().unwrap().to::<Proxy>().unwrap()
    });
    let mut streams = proxies.each_ref().map(|proxy| proxy.buffered(5).unwrap());
    pair.settle();
    assert_eq!(Arc::strong_count(&open), held + 2, "each stream is open");
    for stream in &mut streams {
        assert_eq!(stream.next().unwrap().unwrap(), Value::Int(0));
    }
    cut(&pair);
    assert_eq!(Arc::strong_count(&open), held);
    for stream in &mut streams {
        let rest: Vec<_> = stream.by_ref().collect();
        let (last, items) = rest.split_last().unwrap();
        assert!(items.iter().all(Result::is_ok), "what had come is given first");
        disconnected(last.clone());
    }
    drop((streams, proxies));
    assert_idle(&pair);
}

#[test]
fn parts_half_way_end_with_the_session() {
    let (pair, deeds) = pair();
    let proxy = got(&pair, "thing");
    let text = proxy.promise("text", (2_000_000,)).unwrap();
    pair.carry();
    assert!(pair.right.run_job(0));
    let large = proxy.promise("keep", (vec![7_u8; 2 << 20], Value::from(&proxy), callback())).unwrap();
    for _ in 0..3 {
        pair.right.put_frame(&pair.left.take_frame().unwrap());
        pair.left.put_frame(&pair.right.take_frame().unwrap());
    }
    assert_eq!((pair.left.peer().stats().transfers, pair.right.peer().stats().transfers), (2, 2));
    cut(&pair);
    assert!(disconnected(text.result()).may_have_run);
    assert!(disconnected(large.result()).may_have_run);
    assert!(deeds.kept.lock().is_empty());
    drop((text, large, proxy));
    assert_idle(&pair);
    assert_eq!(pair.right.peer().stats().arriving_bytes, 0);
}

fn callback() -> Value {
    Function::new("callback", |_, _| Ok(Value::None)).into()
}

#[test]
fn a_close_waits_for_the_parts_that_are_on_their_way() {
    let (pair, _) = pair();
    let proxy = got(&pair, "thing");
    let large = proxy.promise("keep", (vec![7_u8; 1 << 20],)).unwrap();
    pair.right.put_frame(&pair.left.take_frame().unwrap());
    pair.left.peer().close("done");
    let mut kinds = Vec::new();
    while let Some(frame) = pair.left.take_frame() {
        kinds.push(match Frame::decode(&frame, &Limits::default()).unwrap() {
            Frame::Part(part) => part.last,
            Frame::Session { messages, .. } => {
                assert!(messages.iter().any(|message| message.kind == MessageKind::Bye));
                assert!(kinds.ends_with(&[true]), "after the last part: {kinds:?}");
                true
            }
        });
        pair.right.put_frame(&frame);
    }
    assert!(matches!(pair.right.peer().ended(), Some(EndReason::PeerClosed(_))));
    drop((large, proxy));
    assert_idle(&pair);
}

/// A busy exchange: calls, callbacks, chains, batches, streams, parts, releases, both ways.
struct Busy {
    pair: Pair,
    promises: Vec<Promise>,
    proxies: Vec<Proxy>,
    streams: Vec<wherever::ItemStream>,
}

fn busy() -> Busy {
    let (pair, _) = pair();
    let proxy = pair.left.peer().promise("thing").unwrap();
    let mut promises = Vec::new();
    let made = proxy.call("make", ()).unwrap();
    promises.push(made.call("touch", ()).unwrap());
    promises.push(proxy.call("delegate", (echo(),)).unwrap());
    promises.push(proxy.call("keep", (vec![1_u8; 300_000], callback())).unwrap());
    promises.push(proxy.call("wait", ()).unwrap());
    let batch = pair.left.peer().batch();
    let chain = made.call("make", ()).unwrap().call("make", ()).unwrap();
    promises.push(chain.call("fail", ()).unwrap());
    drop(batch);
    promises.push(proxy.call("text", (400_000,)).unwrap());
    let streams = vec![proxy.proxy().unwrap().buffered(3).unwrap()];
    promises.extend([proxy, made, chain]);
    Busy { pair, promises, proxies: Vec::new(), streams }
}

fn echo() -> Value {
    Function::new("echo", |mut args: Arguments, _| Ok(args.take::<Value>(0, "what").unwrap_or_default())).into()
}

impl Busy {
    /// One step: a unit from one side to the other, or a job; `false` when there is nothing to do.
    fn step(&mut self) -> bool {
        let Pair { left, right, .. } = &self.pair;
        for (from, to) in [(left, right), (right, left)] {
            if let Some(unit) = from.take_frame() {
                to.put_frame(&unit);
                return true;
            }
        }
        left.run_job(0) || right.run_job(0)
    }
}

#[test]
fn hazard_9_cut_after_any_step_nothing_is_left_and_nothing_hangs() {
    let steps = {
        let mut busy = busy();
        (0..).take_while(|_| busy.step()).count()
    };
    assert!(steps > 20, "{steps}");
    for cut_after in 0..=steps {
        for (left_first, closes) in [(true, false), (false, false), (true, true), (false, true)] {
            let mut busy = busy();
            (0..cut_after).for_each(|_| assert!(busy.step()));
            let Pair { left, right, .. } = &busy.pair;
            let sides = if left_first { [left, right] } else { [right, left] };
            if closes {
                sides[0].peer().close("enough");
                while busy.step() {}
            }
            cut(&busy.pair);
            for promise in &busy.promises {
                // Settled once, by what came before or by the end; never pending.
                assert!(!matches!(promise.result(), Err(Error::Misuse(_))), "after {cut_after}");
            }
            for stream in &mut busy.streams {
                assert!(stream.by_ref().take(10).count() <= 4, "after {cut_after}");
            }
            busy.proxies.clear();
            busy.streams.clear();
            busy.promises.clear();
            assert_idle(&busy.pair);
        }
    }
}

#[test]
fn a_host_may_end_the_session_that_it_serves() {
    let clock = Arc::<ManualClock>::default();
    let far = node(&clock, Policy::Closed);
    let place = Arc::new(parking_lot::Mutex::new(None::<wherever::Peer>));
    let held = place.clone();
    far.export(
        "end",
        Function::new("end", move |_, _| {
            let peer = held.lock().take();
            peer.unwrap().close("by the host");
            Ok(Value::None)
        })
        .into_own(),
    );
    let near: Node = node(&clock, Policy::Closed);
    let pair = Pair::of(&clock, &near, &far);
    *place.lock() = Some(pair.right.peer());
    let end = got(&pair, "end");
    let call = end.request(Operation::Call).promise().unwrap();
    pair.settle();
    let error = disconnected(call.result());
    assert!(error.may_have_run && error.reason.contains("by the host"), "{error}");
    drop((call, end));
    assert_idle(&pair);
}

#[test]
fn one_way_calls_sent_before_a_close_still_run() {
    let (pair, deeds) = pair();
    let proxy = got(&pair, "thing");
    proxy.one_way("touch", ()).unwrap();
    pair.left.peer().close("done");
    pair.settle();
    assert_eq!(deeds.ran(), 1);
    drop(proxy);
    assert_idle(&pair);
}
