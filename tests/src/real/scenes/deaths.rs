//! Hazard 9: the other process is killed, in the middle of anything. Every pending call fails once, within a second, and
//! says whether it may have run; every object is let go once; nothing is left.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use wherever::error::Disconnected;
use wherever::hosts::Function;
use wherever::limits::Limits;
use wherever::{Error, Node, Peer, Proxy, Value, connect};

use super::super::carrier::Kind;
use super::super::graves::Graves;
use super::super::lab::Lab;
use super::super::other::{self, Other};
use super::super::system::{others_sleep, threads, until};
use super::threads_are_gone;
use super::victim::work;
use crate::sim::Rng;

/// Time from a death until everybody is told of it, at most.
const TOLD: Duration = Duration::from_secs(1);

/// The one error of a session that was lost.
fn lost<T: std::fmt::Debug>(result: Result<T, Error>) -> Arc<Disconnected> {
    match result {
        Err(Error::Disconnected(lost)) => lost,
        other => panic!("not disconnected: {other:?}"),
    }
}

/// The side that lives.
struct Survivor {
    node: Node,
    peer: Peer,
    lab: Lab,
    graves: Graves,
    threads_before: usize,
}

impl Survivor {
    fn new(kind: Kind, words: &[&str], queue_bytes_max: u64) -> (Self, Other) {
        let threads_before = threads();
        let (carrier, other) = other::start(kind, words);
        let mut limits = Limits::default();
        limits.queue_bytes_max = queue_bytes_max;
        let node = Node::builder().limits(limits).build();
        let lab = Lab::export(&node);
        let peer = connect(&node, carrier);
        (Self { node, peer, lab, graves: Graves::default(), threads_before }, other)
    }

    /// Everything is over by now, and nothing is left.
    fn end(self) {
        let Self { node, peer, lab, graves, threads_before } = self;
        let late = lost(peer.get("lab"));
        assert!(!late.may_have_run, "what is called after the end has not run");
        assert!(peer.ended().is_some());
        lab.forget();
        until(|| peer.stats().is_idle());
        until(|| graves.dropped() == graves.made());
        drop((node, peer, lab));
        threads_are_gone(threads_before);
        assert_eq!(graves.dropped(), graves.made(), "each once");
    }
}

/// Waits for a death, on a thread of its own.
fn watch(other: Other) -> thread::JoinHandle<Instant> {
    thread::spawn(move || {
        let status = other.wait();
        assert!(status.to_string().contains("signal: 9"), "{status}");
        Instant::now()
    })
}

/// Everybody was told in time.
fn in_time(told: Instant, died: Instant) -> Duration {
    let late = told.saturating_duration_since(died);
    assert!(late < TOLD, "told {late:?} after the death");
    late
}

/// Rounds of death, each when the victim has read or written another number of bytes.
pub(super) fn sweep(kind: Kind, role: &str, way: &str, seed: u64, rounds: usize) {
    let (mut rng, mut worst) = (Rng::new(seed), Duration::ZERO);
    for round in 0..rounds {
        // Each byte of the preface and around it first, then anywhere, the nearer the more often.
        let end = 1 << rng.between(7, 18);
        let bytes = if round < rounds / 2 { round * 4 } else { rng.below(end) };
        let (survivor, other) = Survivor::new(kind, &["victim", role, way, &bytes.to_string()], 1 << 20);
        let death = watch(other);
        let told = match role {
            "calls" => {
                until(|| survivor.peer.ended().is_some());
                Instant::now()
            }
            _ => {
                let errors = work(&survivor.peer, &survivor.graves);
                let told = Instant::now();
                errors.into_iter().for_each(|error| _ = lost(Err::<(), _>(error)));
                told
            }
        };
        worst = worst.max(in_time(told, death.join().unwrap()));
        survivor.end();
    }
    eprintln!("{rounds} deaths, {role} {way}: told after {worst:?} at most");
}

/// One death, at this point.
pub(super) fn at(kind: Kind, point: &str) {
    let (survivor, other) = Survivor::new(kind, &["lab"], 1 << 20);
    let lab = survivor.peer.get("lab").unwrap();
    lab.call("keep", (survivor.graves.own(),)).unwrap();
    let act = match point {
        "idle" => idle,
        "in-a-call" => in_a_call,
        "in-a-nested-call" => in_a_nested_call,
        "in-a-callback" => in_a_callback,
        "in-a-stream" => in_a_stream,
        "with-promises" => with_promises,
        "waiting-for-room" => waiting_for_room,
        "at-close" => at_close,
        _ => panic!("no such point: {point}"),
    };
    act(&survivor, &lab, other);
    drop(lab);
    survivor.end();
}

/// Nobody calls anybody; the end is seen all the same.
fn idle(survivor: &Survivor, _lab: &Proxy, other: Other) {
    other.kill();
    let died = watch(other).join().unwrap();
    until(|| survivor.peer.ended().is_some());
    in_time(Instant::now(), died);
    until(|| survivor.graves.dropped() == 1);
}

/// Many wait at once, for the same call and for others.
fn in_a_call(survivor: &Survivor, lab: &Proxy, other: Other) {
    let death = watch(other);
    let told: Vec<Instant> = thread::scope(|scope| {
        let wait = |_| {
            let (lab, graves) = (lab.clone(), survivor.graves.clone());
            scope.spawn(move || {
                let gate = lab.call("pass", (Value::text("never"), graves.own()));
                assert!(lost(gate).may_have_run, "it was sent");
                Instant::now()
            })
        };
        let waiting: Vec<_> = (0..8).map(wait).collect();
        // All are out before the one that kills.
        until(|| survivor.peer.stats().questions >= 8);
        assert!(lost(lab.call("die", ())).may_have_run);
        waiting.into_iter().map(|waiting| waiting.join().unwrap()).collect()
    });
    let died = death.join().unwrap();
    told.into_iter().for_each(|told| _ = in_time(told, died));
}

/// Three deep: our call is served there, calls us, and what we call from there kills.
fn in_a_nested_call(survivor: &Survivor, lab: &Proxy, other: Other) {
    let death = watch(other);
    let (inner, mortal) = (lab.clone(), Arc::new(survivor.graves.mortal()));
    let back = Function::new("back", move |_, _| {
        let _held = &mortal;
        assert!(lost(inner.call("die", ())).may_have_run);
        Ok(Value::None)
    });
    assert!(lost(lab.call("invoke", (back, survivor.graves.own()))).may_have_run);
    in_time(Instant::now(), death.join().unwrap());
}

/// A callback runs here when its caller dies; its result meets nobody.
fn in_a_callback(survivor: &Survivor, lab: &Proxy, other: Other) {
    let (other, died) = (parking_lot::Mutex::new(Some(other)), Arc::new(parking_lot::Mutex::new(None)));
    let (moment, mortal) = (died.clone(), Arc::new(survivor.graves.mortal()));
    let back = Function::new("back", move |_, _| {
        let _held = &mortal;
        if let Some(other) = other.lock().take() {
            other.kill();
            *moment.lock() = Some(watch(other).join().unwrap());
        }
        Ok(Value::text("nobody takes this"))
    });
    assert!(lost(lab.call("invoke", (back, 0))).may_have_run);
    let died = died.lock().unwrap();
    in_time(Instant::now(), died);
}

fn in_a_stream(_survivor: &Survivor, lab: &Proxy, other: Other) {
    let death = watch(other);
    let numbers: Proxy = lab.call("count", (20, true)).unwrap().to().unwrap();
    let mut stream = numbers.buffered(4).unwrap();
    for number in 1..=20_i64 {
        // The last may be lost with the one that sent them.
        match stream.next().unwrap() {
            Ok(item) => assert_eq!(item, Value::Int(number)),
            Err(error) => {
                assert!(lost(Err::<(), _>(error)).may_have_run);
                assert!(number > 10, "what was taken had arrived");
                assert!(stream.next().is_none(), "it fails once, and is over");
                break;
            }
        }
    }
    stream.for_each(drop);
    in_time(Instant::now(), death.join().unwrap());
}

/// Promises fail as often as they are asked, with the same error.
fn with_promises(survivor: &Survivor, lab: &Proxy, other: Other) {
    let death = watch(other);
    let batch = survivor.peer.batch();
    let dies = lab.promise("die", ()).unwrap();
    let behind = lab.promise("echo", (survivor.graves.own(),)).unwrap();
    let chained = dies.call("echo", (survivor.graves.own(),)).unwrap();
    batch.send();
    let told: Vec<Instant> = thread::scope(|scope| {
        let wait = |promise: wherever::Promise| {
            scope.spawn(move || {
                assert!(lost(promise.result()).may_have_run);
                Instant::now()
            })
        };
        let all = [&dies, &behind, &chained, &dies].map(|promise| wait(promise.clone()));
        all.into_iter().map(|waiting| waiting.join().unwrap()).collect()
    });
    let died = death.join().unwrap();
    told.into_iter().for_each(|told| _ = in_time(told, died));
    [dies, behind, chained].iter().for_each(|promise| _ = lost(promise.result()));
}

/// The other reads nothing, until callers wait for room; then it dies. Some calls have left, some never will.
fn waiting_for_room(survivor: &Survivor, lab: &Proxy, other: Other) {
    other.stop();
    let told: Vec<(bool, Instant)> = thread::scope(|scope| {
        let push = |_| {
            let (lab, graves) = (lab.clone(), survivor.graves.clone());
            scope.spawn(move || {
                loop {
                    let bytes = Value::bytes(vec![1; 100_000]);
                    if let Err(error) = lab.promise("echo", (bytes, graves.own())) {
                        return (lost(Err::<(), _>(error)).may_have_run, Instant::now());
                    }
                }
            })
        };
        let pushing: Vec<_> = (0..4).map(push).collect();
        let called = scope.spawn(move || {
            let error = lost(lab.call("echo", (Value::bytes(vec![1; 100_000]),)));
            (error.may_have_run, Instant::now())
        });
        let queue = survivor.node.limits().queue_bytes_max;
        until(|| survivor.peer.stats().queued_bytes >= queue / 2 && others_sleep());
        assert!(survivor.peer.stats().queued_bytes <= queue + (1 << 20), "{:?}", survivor.peer.stats());
        let death = watch_and_kill(other);
        let died = death.join().unwrap();
        let told: Vec<_> = pushing.into_iter().chain([called]).map(|it| it.join().unwrap()).collect();
        told.iter().for_each(|(_, told)| _ = in_time(*told, died));
        told
    });
    assert!(told[..4].iter().all(|(may_have_run, _)| !may_have_run), "they never left: {told:?}");
}

fn watch_and_kill(other: Other) -> thread::JoinHandle<Instant> {
    other.kill();
    watch(other)
}

/// It dies while this side says goodbye.
fn at_close(survivor: &Survivor, lab: &Proxy, other: Other) {
    other.stop();
    let pending = lab.promise("echo", (survivor.graves.own(),)).unwrap();
    survivor.peer.close("done");
    lost(pending.result());
    other.kill();
    let _ = other.wait();
}
