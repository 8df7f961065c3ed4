//! The peer dies, at each point where something can be under way.

use wherever::hosts::Function;
use wherever::{Operation, Proxy, Value};

use super::*;

/// What the end of a process that died in this way is told as.
fn told(how: &str) -> &'static str {
    match how {
        "exit" => "the child `peer` ended: exit status: 3",
        "abort" => "the child `peer` ended: signal: 6",
        _ => "the child `peer` ended: signal: 9",
    }
}

const WAYS: [&str; 3] = ["exit", "abort", "kill"];

#[test]
fn before_it_has_said_a_word() {
    for how in WAYS {
        let (peer, child) = start(&["die", how]);
        let error = lost(peer.get("x"));
        assert!(error.reason.contains(told(how)), "{}", error.reason);
        assert_over(&peer);
        assert!(!child.wait().unwrap().success());
    }
}

#[test]
fn before_its_hello() {
    for how in WAYS {
        let (peer, _child) = start(&["deaf", how]);
        let graves = Graves::default();
        let x = peer.promise("x").unwrap();
        let pending = x.call("keep", (graves.mortal(),)).unwrap();
        let error = lost(x.result());
        assert!(error.may_have_run, "it was sent, and what became of it is not known");
        assert!(error.reason.contains(told(how)), "{}", error.reason);
        assert!(lost(pending.result()).may_have_run);
        drop((x, pending));
        assert_eq!(graves.count(), 1);
        assert_over(&peer);
    }
}

#[test]
fn during_a_call() {
    for how in WAYS {
        let (peer, _child) = start(&["serve"]);
        let graves = Graves::default();
        let x = peer.get("x").unwrap();
        x.call("keep", (graves.mortal(),)).unwrap();
        x.call("keep", (graves.mortal(),)).unwrap();
        let batch = peer.batch();
        let dies = x.promise("die", (how,)).unwrap();
        let behind = x.promise("echo", (graves.mortal(),)).unwrap();
        let chained = dies.call("echo", (1,)).unwrap();
        batch.send();
        assert_eq!(graves.count(), 0);
        for pending in [&dies, &behind, &chained, &dies] {
            let error = lost(pending.result());
            assert!(error.may_have_run);
            assert!(error.reason.contains(told(how)), "{}", error.reason);
        }
        drop((dies, behind, chained, x));
        assert_eq!(graves.count(), 3, "each once");
        assert_over(&peer);
    }
}

#[test]
fn during_a_callback_that_we_serve() {
    let (peer, child) = start(&["serve"]);
    let x = peer.get("x").unwrap();
    let (graves, served) = (Graves::default(), Arc::new(AtomicU32::new(0)));
    let (mortal, calls, back, killed) = (graves.mortal(), served.clone(), x.clone(), child.clone());
    let function = Function::new("function", move |_, _| {
        let _held = &mortal;
        calls.fetch_add(1, Ordering::SeqCst);
        killed.kill().unwrap();
        // A call from within is the first to learn of it.
        let nested = lost(back.call("echo", (1,)));
        assert!(nested.reason.contains("signal: 9"), "{}", nested.reason);
        Ok(Value::text("nobody takes this"))
    });
    let error = lost(x.call("call_back", (function,)));
    assert!(error.may_have_run);
    assert!(error.reason.contains("signal: 9"), "{}", error.reason);
    assert_eq!(served.load(Ordering::SeqCst), 1);
    drop(x);
    assert_eq!(graves.count(), 1);
    assert_over(&peer);
}

#[test]
fn during_a_callback_whose_result_meets_nobody() {
    let (peer, child) = start(&["serve"]);
    let x = peer.get("x").unwrap();
    let killed = child.clone();
    let function = Function::new("function", move |_, _| {
        killed.kill().unwrap();
        Ok(Value::None)
    });
    let error = lost(x.call("call_back", (function,)));
    assert!(error.may_have_run);
    assert!(error.reason.contains("signal: 9"), "{}", error.reason);
    drop(x);
    assert_over(&peer);
}

#[test]
fn during_a_stream() {
    for how in WAYS {
        let (peer, _child) = start(&["serve"]);
        let graves = Graves::default();
        let x = peer.get("x").unwrap();
        x.call("keep", (graves.mortal(),)).unwrap();
        let numbers: Proxy = x.call("count_and_die", (3, how)).unwrap().to().unwrap();
        let mut stream = numbers.buffered(1).unwrap();
        for number in 1..=3_i64 {
            assert_eq!(stream.next().unwrap().unwrap(), Value::Int(number));
        }
        let error = lost(stream.next().unwrap());
        assert!(error.reason.contains(told(how)), "{}", error.reason);
        assert!(error.may_have_run);
        assert!(stream.next().is_none(), "it fails once, and is over");
        drop((stream, numbers, x));
        assert_eq!(graves.count(), 1);
        assert_over(&peer);
    }
}

#[test]
fn in_the_middle_of_a_frame() {
    let (peer, child) = start(&["half-frame"]);
    let error = lost(peer.get("x"));
    assert!(error.may_have_run);
    assert!(error.reason.contains("ended: exit status: 0 (the stream ended within a frame)"), "{}", error.reason);
    assert_over(&peer);
    assert!(child.wait().unwrap().success());
}

#[test]
fn while_nothing_is_under_way() {
    let (peer, child) = start(&["serve"]);
    let graves = Graves::default();
    let x = peer.get("x").unwrap();
    x.call("keep", (graves.mortal(),)).unwrap();
    let again: Proxy = x.call("echo", (&x,)).unwrap().to().unwrap();
    child.kill().unwrap();
    assert_eq!(graves.count(), 0, "nobody has looked yet");
    let error = lost(x.call("echo", (1,)));
    assert!(error.reason.contains("signal: 9"), "{}", error.reason);
    assert_eq!(graves.count(), 1);
    // What is held of a lost session says so, as often as it is asked.
    for _ in 0..2 {
        assert!(!lost(again.call("echo", (1,))).may_have_run);
        assert!(!lost(again.request(Operation::Text).member("repr").send()).may_have_run);
    }
    again.one_way("echo", ()).unwrap_err();
    drop((x, again));
    assert_eq!(graves.count(), 1);
    assert_over(&peer);
}

#[test]
fn the_helper_serves_and_ends_in_order() {
    let (peer, child) = start(&["serve"]);
    let graves = Graves::default();
    let x = peer.get("x").unwrap();
    let function = Function::new("function", |_, _| Ok(Value::Int(5)));
    assert_eq!(x.call("call_back", (function,)).unwrap(), Value::Int(5));
    x.call("keep", (graves.mortal(),)).unwrap();
    drop(x);
    peer.close("done");
    assert_eq!(graves.count(), 1);
    assert!(child.wait().unwrap().success());
    assert_over(&peer);
}
