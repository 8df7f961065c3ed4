//! Foreign load, a slow peer, one that never reads: what waits costs nothing, and nothing grows past its budget.

use std::io::{Read, Write};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::thread::{CpuSet, sched_setaffinity};
use wherever::hosts::Function;
use wherever::{Arguments, Error, Node, Proxy, Value, connect};

use super::super::carrier::Kind;
use super::super::other::{self, Other};
use super::super::system::{memory, others_sleep, processor_time, until};
use super::Stage;

/// Processor time that the measuring process burns.
const BURNT: Duration = Duration::from_millis(300);

/// Burns so much processor time whenever it gets a byte, and then gives it back.
pub(super) fn burn(millis: u64) {
    let mut byte = [0];
    while std::io::stdin().read_exact(&mut byte).is_ok() {
        let end = processor_time() + Duration::from_millis(millis);
        while processor_time() < end {
            std::hint::spin_loop();
        }
        std::io::stdout().write_all(&byte).unwrap();
        std::io::stdout().flush().unwrap();
    }
}

/// Processor time that this process uses while another burns some, between two handshakes with it.
fn used_meanwhile() -> Duration {
    let (input, mut go) = std::io::pipe().unwrap();
    let (mut done, output) = std::io::pipe().unwrap();
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--other", "pipes", "burn", &BURNT.as_millis().to_string()]).stdin(input).stdout(output);
    let mut burner = command.spawn().unwrap();
    // Its ends are its own by now.
    drop(command);
    let mut hand = || {
        go.write_all(&[1]).unwrap();
        done.read_exact(&mut [0]).unwrap();
    };
    let before = processor_time();
    hand();
    let used = processor_time().saturating_sub(before);
    drop(go);
    assert!(burner.wait().unwrap().success());
    used
}

fn costs_nothing(what: &str) {
    let used = used_meanwhile();
    eprintln!("{what}: {used:?} while another burnt {BURNT:?}");
    // A loop that is busy gets as much of a processor as one that burns, however many share it; a tick is next to nothing.
    assert!(used < BURNT / 4, "{what} uses {used:?} while another burns {BURNT:?}");
}

/// Callers that wait for a slow peer, calls that wait here, and nobody at all.
pub(super) fn blocked_callers_cost_nothing() {
    for kind in Kind::ALL {
        let stage = Stage::new(kind);
        costs_nothing(&format!("{kind:?}, a session that is idle"));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| stage.theirs().call("pass", ("gate",)).unwrap());
            }
            until(|| stage.peer.stats().questions == 8);
            costs_nothing(&format!("{kind:?}, eight callers that wait"));
            // Served here: a call that waits for something else, called by one that waits for it.
            let lab = stage.mine.clone();
            let slow = Function::new("slow", move |_, _| {
                lab.open("begun");
                lab.pass("end");
                Ok(Value::None)
            });
            let slow = Value::from(slow.into_own());
            let served = scope.spawn({
                let theirs = stage.theirs();
                move || theirs.call("invoke", (slow, 0)).unwrap()
            });
            stage.mine.pass("begun");
            costs_nothing(&format!("{kind:?}, a call that is served, and waits"));
            stage.mine.open("end");
            served.join().unwrap();
            (0..8).for_each(|_| _ = stage.theirs().call("open", ("gate",)).unwrap());
        });
        stage.end();
    }
}

/// The other side reads nothing any more while several threads send all they can.
pub(super) fn one_that_never_reads() {
    let stage = Stage::new(Kind::Socket);
    let (threads, calls, len) = (4, 100, 200_000);
    thread::scope(|scope| {
        stage.other.stop();
        let before = memory();
        let push = |_| {
            scope.spawn(|| -> Result<(), Error> {
                let theirs = stage.theirs();
                let bytes: Arc<[u8]> = vec![1; len].into();
                let promises: Result<Vec<_>, _> =
                    (0..calls).map(|_| theirs.promise("echo", (Value::Bytes(bytes.clone()),))).collect();
                promises?.iter().try_for_each(|promise| promise.result().map(drop))
            })
        };
        let pushing: Vec<_> = (0..threads).map(push).collect();
        let queue = stage.node.limits().queue_bytes_max;
        until(|| stage.peer.stats().queued_bytes >= queue / 2);
        until(others_sleep);
        let stats = stage.peer.stats();
        assert!(stats.queued_bytes <= queue + 2 * len as u64 * threads as u64, "{stats:?}");
        let grown = memory().saturating_sub(before);
        eprintln!("{grown} bytes more for {} that wait; queued: {}", threads * calls * len, stats.queued_bytes);
        assert!(grown < 4 * queue, "{grown} bytes more");
        costs_nothing("callers that wait for room");
        stage.other.go_on();
        pushing.into_iter().for_each(|pushing| pushing.join().unwrap().unwrap());
    });
    stage.end();
}

/// Asks the first side for many long results at once, and takes them when it may.
pub(super) fn ask_much(kind: Kind, calls: usize, len: usize) {
    let node = Node::new();
    let peer = connect(&node, kind.inherited());
    let lab = peer.get("lab").unwrap();
    thread::scope(|scope| {
        for _ in 0..calls {
            // Lanes of their own, so that all may run at once.
            let lab = lab.clone();
            scope.spawn(move || assert_eq!(lab.call("bytes", (len,)).unwrap(), Value::bytes(vec![7; len])));
        }
    });
    drop(lab);
    until(|| peer.stats().is_idle());
    peer.close("done");
}

/// The other side asks for much and takes nothing of it, for a while.
pub(super) fn one_that_reads_no_results() {
    let (calls, len) = (300_usize, 400_000_usize);
    let words = ["asks-much", &calls.to_string(), &len.to_string()];
    let (carrier, other): (_, Other) = other::start(Kind::Socket, &words);
    let node = Node::new();
    // Nothing is served before the other side has stopped: the first call waits for it.
    let lab = super::Lab::export(&node);
    let gate = lab.clone();
    let asked = Arc::new(parking_lot::Mutex::new(0));
    let counted = asked.clone();
    let slow = wherever::hosts::Class::<()>::builder("test:Slow")
        .method("bytes", move |(): &(), mut arguments: Arguments, _| {
            *counted.lock() += 1;
            gate.pass("stopped");
            gate.open("stopped");
            Ok(Value::bytes(vec![7; arguments.take(0, "len")?]))
        })
        .build();
    node.export("lab", slow.instance(()));
    let peer = connect(&node, carrier);
    until(|| *asked.lock() >= 32);
    other.stop();
    let before = memory();
    lab.open("stopped");
    let queue = node.limits().queue_bytes_max;
    until(|| peer.stats().queued_bytes >= queue / 2);
    until(others_sleep);
    let (stats, grown) = (peer.stats(), memory().saturating_sub(before));
    eprintln!("{grown} bytes more for {} asked for; queued: {}", calls * len, stats.queued_bytes);
    assert!(stats.queued_bytes <= 2 * queue, "{stats:?}");
    // Each worker has one result in its hand, and what it is encoded to.
    let held = 2 * len as u64 * u64::from(node.limits().workers_max);
    assert!(grown < held + 2 * queue, "{grown} bytes more");
    costs_nothing("results that wait for room");
    other.go_on();
    peer.serve().unwrap();
    other.ends_well();
}

/// Both sides, and others that use all they get, on one processor: calls go on, and cost about what they cost alone.
pub(super) fn one_processor_and_foreign_load() {
    let mut set = CpuSet::new();
    set.set(0);
    sched_setaffinity(None, &set).unwrap();
    let stage = Stage::new(Kind::Socket);
    let lab = stage.theirs();
    let calls = || {
        let before = processor_time();
        thread::scope(|scope| {
            for _ in 0..4 {
                let lab: Proxy = lab.clone();
                scope.spawn(move || (0..200).for_each(|n| assert_eq!(lab.call("echo", (n,)).unwrap(), Value::Int(n))));
            }
        });
        processor_time().saturating_sub(before)
    };
    let alone = calls().max(calls());
    let burner = || {
        let (input, mut go) = std::io::pipe().unwrap();
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.args(["--other", "pipes", "burn", "60000"]).stdin(input).stdout(std::process::Stdio::null());
        let burner = command.spawn().unwrap();
        go.write_all(&[1]).unwrap();
        (burner, go)
    };
    let mut burners = [burner(), burner()];
    let loaded = calls();
    for (burner, _) in &mut burners {
        burner.kill().unwrap();
        burner.wait().unwrap();
    }
    eprintln!("800 calls: {alone:?} of this side's time alone, {loaded:?} under load");
    assert!(loaded < alone * 3, "{alone:?} alone, {loaded:?} under load");
    drop(lab);
    stage.end();
}
