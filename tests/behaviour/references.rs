//! References: one object one proxy, objects that come home, releases, and objects passed on through a middle.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wherever::clock::ManualClock;
use wherever::drive::Manual;
use wherever::hosts::{Class, Dict, Function, List, Set};
use wherever::limits::Limits;
use wherever::policy::Policy;
use wherever::shape::Category;
use wherever::value::Ref;
use wherever::wire::frame::{
    self as wire, Frame, RawMessage, Reference, Release, encode_message, encode_reference, encode_release,
    encode_session,
};
use wherever::{Error, Node, Operation, Peer, Proxy, Value};
use wherever_tests::inline::Inline;
use wherever_tests::lab::{Lab, assert_idle, got};
use wherever_tests::pair::{Pair, node};

/// A node that exports one lab, and that lab.
fn lab_node(clock: &Arc<ManualClock>) -> (Node, Arc<Lab>) {
    let node = node(clock, Policy::Closed);
    let (own, lab) = Lab::own();
    node.export("lab", own);
    (node, lab)
}

fn inline() -> (Inline, Arc<Lab>) {
    let clock = Arc::new(ManualClock::default());
    let (far, lab) = lab_node(&clock);
    (Inline::start(&clock, &node(&clock, Policy::Closed), &far), lab)
}

fn messages(peer: &Peer) -> u64 {
    peer.stats().messages()
}

/// An object that tells when it is gone.
struct Told(Arc<AtomicUsize>);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn told(gone: &Arc<AtomicUsize>) -> wherever::Own {
    Class::<Told>::builder("rust:test.Told").build().instance(Told(gone.clone()))
}

#[test]
fn mutable_things_go_by_reference_and_come_home_as_themselves() {
    let (inline, _) = inline();
    let lab = inline.peer.get("lab").unwrap();
    let list = List::from_iter([Value::from(1)]);
    let things: [Value; 5] = [
        list.clone().into(),
        Dict::new().into(),
        Set::new().into(),
        Function::new("f", |_, _| Ok(Value::None)).into(),
        Lab::own().0.into(),
    ];
    for thing in &things {
        assert_eq!(&lab.call("echo", (thing.clone(),)).unwrap(), thing);
    }
    list.push(2.into());
    let back: Proxy = lab.call("echo", (list,)).unwrap().to().unwrap();
    assert!(back.is_own());
    drop((lab, things, back));
    inline.assert_idle();
}

#[test]
fn a_tuple_with_a_list_inside_is_a_copy_that_holds_a_reference() {
    let (inline, far) = inline();
    let lab = inline.peer.get("lab").unwrap();
    let list = List::from_iter([Value::from(1)]);
    lab.call("keep", (Value::tuple([1.into(), list.clone().into()]),)).unwrap();
    let Some(Value::Tuple(items)) = far.kept.lock().last().cloned() else { panic!("no tuple") };
    let over_there: Proxy = items[1].clone().to().unwrap();
    assert_eq!(over_there.shape().category(), Category::List);
    assert_eq!(lab.call("kept", ()).unwrap(), Value::tuple([1.into(), list.into()]));
    drop((items, over_there));
    lab.call("forget", ()).unwrap();
    drop(lab);
    inline.assert_idle();
}

#[test]
fn a_call_on_an_own_object_that_came_home_costs_no_message() {
    let (inline, _) = inline();
    let lab = inline.peer.get("lab").unwrap();
    let (own, mine) = Lab::own();
    let home: Proxy = lab.call("echo", (own,)).unwrap().to().unwrap();
    let before = messages(&inline.peer);
    home.call("log", ("here",)).unwrap();
    assert_eq!(home.get("name").unwrap(), Value::text("lab"));
    assert_eq!(home.len().unwrap(), 7);
    home.set("value", 5).unwrap();
    home.one_way("log", ("and here",)).unwrap();
    assert_eq!(home.promise("echo", (1,)).unwrap().result().unwrap(), Value::Int(1));
    assert_eq!(messages(&inline.peer), before);
    assert_eq!(mine.read(), ["here", "and here"]);
    drop((lab, home));
    inline.assert_idle();
}

#[test]
fn the_same_object_is_one_proxy_within_a_message_and_across_messages() {
    let (inline, _) = inline();
    let lab = inline.peer.get("lab").unwrap();
    let made: Proxy = lab.call("make", ()).unwrap().to().unwrap();
    lab.call("keep", (Value::tuple([Value::from(&made), Value::from(&made)]),)).unwrap();
    let Value::Tuple(both) = lab.call("kept", ()).unwrap() else { panic!("no tuple") };
    assert_eq!(both[0], both[1]);
    assert!(both[0].clone().to::<Proxy>().unwrap().same(&made));
    let again = inline.peer.get("lab").unwrap();
    assert!(again.same(&lab) && !again.same(&made));
    assert_eq!(inline.peer.stats().imports, 2);
    lab.call("forget", ()).unwrap();
    drop((lab, again, made, both));
    inline.assert_idle();
}

#[test]
fn one_object_reached_by_two_sessions_is_two_proxies() {
    let clock = Arc::new(ManualClock::default());
    let (far, _) = lab_node(&clock);
    let near = node(&clock, Policy::Closed);
    let (one, two) = (Pair::of(&clock, &near, &far), Pair::of(&clock, &near, &far));
    let (first, second) = (got(&one, "lab"), got(&two, "lab"));
    assert!(!first.same(&second));
    drop((first, second));
    assert_idle(&[&one, &two]);
}

#[test]
fn dropping_the_last_proxy_runs_the_destructor_over_there() {
    let clock = Arc::new(ManualClock::default());
    let gone = Arc::new(AtomicUsize::new(0));
    let far = node(&clock, Policy::Closed);
    far.export("told", told(&gone));
    let inline = Inline::start(&clock, &node(&clock, Policy::Closed), &far);
    let proxy = inline.peer.get("told").unwrap();
    assert!(far.unexport("told"));
    let second = proxy.clone();
    drop(proxy);
    inline.tick();
    assert_eq!(gone.load(Ordering::Relaxed), 0, "one of two proxies of one object is left");
    let before = (messages(&inline.peer), inline.peer.stats().frames());
    drop(second);
    inline.tick();
    assert_eq!(gone.load(Ordering::Relaxed), 1);
    assert_eq!((messages(&inline.peer), inline.peer.stats().frames()), (before.0, before.1 + 1), "and no reply");
    inline.assert_idle();
}

#[test]
fn an_object_dropped_and_sent_again_is_a_fresh_proxy_that_works() {
    let (inline, _) = inline();
    let lab = inline.peer.get("lab").unwrap();
    drop(lab);
    inline.tick();
    assert_eq!(inline.far.peer().stats().exports, 0);
    let lab = inline.peer.get("lab").unwrap();
    assert_eq!(lab.call("double", (4,)).unwrap(), Value::Int(8));
    drop(lab);
    inline.assert_idle();
}

#[test]
fn hazard_1_a_release_that_crosses_a_new_mention_keeps_the_object() {
    let clock = Arc::new(ManualClock::default());
    let (far, _) = lab_node(&clock);
    let pair = Pair::of(&clock, &node(&clock, Policy::Closed), &far);
    let lab = got(&pair, "lab");
    let made = {
        let promise = lab.promise("make", ()).unwrap();
        pair.settle();
        promise.result().unwrap()
    };
    let keep = lab.promise("keep", (made.clone(),)).unwrap();
    pair.settle();
    keep.result().unwrap();
    // The answer that mentions it again is on its way while the release is.
    let kept = lab.promise("kept", ()).unwrap();
    let call = pair.left.take_frame().unwrap();
    drop((made, keep));
    clock.advance(std::time::Duration::from_millis(5));
    pair.left.tick();
    let release = pair.left.take_frame().unwrap();
    pair.right.put_frame(&call);
    assert!(pair.right.run_job(0));
    let answer = pair.right.take_frame().unwrap();
    pair.right.put_frame(&release);
    pair.left.put_frame(&answer);
    let made: Proxy = kept.result().unwrap().to().unwrap();
    let works = made.promise("double", (2,)).unwrap();
    let forget = lab.promise("forget", ()).unwrap();
    pair.settle();
    assert_eq!(works.result().unwrap(), Value::Int(4));
    drop((made, kept, works, forget, lab));
    assert_idle(&[&pair]);
}

#[test]
fn hazard_1_a_release_in_the_frame_of_a_one_way_call_comes_after_it() {
    let clock = Arc::new(ManualClock::default());
    let far = node(&clock, Policy::Closed);
    let (own, other) = Lab::own();
    far.export("other", own);
    let pair = Pair::of(&clock, &node(&clock, Policy::Closed), &far);
    let proxy = got(&pair, "other");
    assert!(far.unexport("other"));
    proxy.one_way("log", ("ran",)).unwrap();
    let Ref::Remote(handle) = proxy.reference() else { panic!("no remote object") };
    let (id, stamp) = (handle.id(), pair.left.peer().stats().frames_received);
    // The other side of another make may let go in the very frame of the call; this one waits till that has left.
    pair.right.put_frame(&forged(&pair.left, |body| body, &[Release::Object { id, stamp }]));
    assert_eq!(pair.right.peer().stats().exports, 0);
    pair.settle();
    assert_eq!(other.read(), ["ran"]);
    drop(proxy);
    assert_idle(&[&pair]);
}

#[test]
fn arguments_are_let_go_at_the_return_unless_they_were_kept() {
    let (inline, _) = inline();
    let lab = inline.peer.get("lab").unwrap();
    let list = List::new();
    lab.call("echo", (list.clone(),)).unwrap();
    lab.call("double", (1,)).unwrap();
    inline.tick();
    inline.tick();
    assert_eq!(inline.peer.stats().exports, 0);
    lab.call("keep", (list,)).unwrap();
    inline.tick();
    assert_eq!(inline.peer.stats().exports, 1);
    lab.call("forget", ()).unwrap();
    drop(lab);
    inline.assert_idle();
}

#[test]
fn a_pending_call_keeps_its_target_though_its_caller_dropped_it() {
    let clock = Arc::new(ManualClock::default());
    let (far, lab) = lab_node(&clock);
    let pair = Pair::of(&clock, &node(&clock, Policy::Closed), &far);
    let proxy = got(&pair, "lab");
    let gate = proxy.promise("gate", ()).unwrap();
    drop(proxy);
    far.unexport("lab");
    (0..3).for_each(|_| pair.tick());
    assert_eq!(pair.right.peer().stats().exports, 1);
    lab.next_gate().open("still here");
    pair.settle();
    assert_eq!(gate.result().unwrap(), Value::text("still here"));
    drop(gate);
    assert_idle(&[&pair]);
}

#[test]
fn references_in_the_late_answer_of_a_cancelled_call_are_released() {
    let clock = Arc::new(ManualClock::default());
    let (far, lab) = lab_node(&clock);
    let pair = Pair::of(&clock, &node(&clock, Policy::Closed), &far);
    let proxy = got(&pair, "lab");
    let gate = proxy.promise("gate", (List::new(),)).unwrap();
    pair.settle();
    gate.cancel();
    assert!(matches!(gate.result(), Err(Error::Stopped)));
    lab.next_gate().open(List::new());
    pair.settle();
    drop((gate, proxy));
    assert_idle(&[&pair]);
}

/// A frame of `from`, with its messages' bodies changed and further releases in it.
fn forged(from: &Manual, change: impl Fn(Vec<u8>) -> Vec<u8>, further: &[Release]) -> Vec<u8> {
    let frame = from.take_frame().unwrap();
    let frame = Frame::decode(&frame, &Limits::default()).unwrap();
    let Frame::Session { references: named, messages: told, releases: let_go, .. } = frame else {
        panic!("no session frame")
    };
    let lists = [(); 4].map(|()| wire::List::default());
    let [shapes, mut references, mut messages, mut releases] = lists;
    // Decoding turns ids to the receiver's side; they are written from the sender's. All types are known already.
    for reference in &named {
        let Reference::Object { id, shape } = *reference else { panic!("no object of the sender's") };
        references.push(|out| encode_reference(&Reference::Object { id: id.turned(), shape }, out));
    }
    for RawMessage { kind, refs, body } in told {
        messages.push(|out| encode_message(kind, refs, &[&change(body.to_vec())], out));
    }
    let turned = let_go.iter().map(|release| match *release {
        Release::Object { id, stamp } => Release::Object { id: id.turned(), stamp },
        Release::Answer { id, stop } => Release::Answer { id: id.turned(), stop },
    });
    for release in turned.chain(further.iter().copied()) {
        releases.push(|out| encode_release(&release, out));
    }
    encode_session(false, &shapes, &references, &messages, &releases)
}

#[test]
fn hazard_2_references_in_a_payload_that_cannot_be_decoded_are_released() {
    let clock = Arc::new(ManualClock::default());
    let (far, _) = lab_node(&clock);
    let pair = Pair::of(&clock, &node(&clock, Policy::Closed), &far);
    let lab = got(&pair, "lab");
    let list = List::new();
    let first = lab.promise("echo", (list.clone(),)).unwrap();
    pair.settle();
    let promise = lab.promise("keep", (list,)).unwrap();
    let cut_off = |mut body: Vec<u8>| {
        body.pop();
        body
    };
    pair.right.put_frame(&forged(&pair.left, cut_off, &[]));
    pair.settle();
    assert!(matches!(promise.result(), Err(Error::Protocol(_))), "the call failed, and nothing else");
    assert!(pair.right.peer().ended().is_none());
    drop((lab, first, promise));
    assert_idle(&[&pair]);
}

#[test]
fn hazard_1_a_release_that_is_repeated_or_of_what_is_free_is_harmless() {
    let clock = Arc::new(ManualClock::default());
    let (far, _) = lab_node(&clock);
    let pair = Pair::of(&clock, &node(&clock, Policy::Closed), &far);
    let lab = got(&pair, "lab");
    let made = lab.promise("make", ()).unwrap();
    pair.settle();
    let object: Proxy = made.result().unwrap().to().unwrap();
    let (Ref::Remote(handle), stamp) = (object.reference().clone(), pair.left.peer().stats().frames_received) else {
        panic!("no remote object")
    };
    let id = handle.id();
    drop((handle, made, object));
    // It goes out by itself with the next frame; it is told twice more, with a later stamp too.
    let call = lab.promise("double", (4,)).unwrap();
    let again = [Release::Object { id, stamp }, Release::Object { id, stamp: stamp.saturating_sub(1) }];
    pair.right.put_frame(&forged(&pair.left, |body| body, &again));
    pair.settle();
    assert_eq!(pair.right.peer().stats().exports, 1, "the lab itself is held");
    let more = lab.promise("double", (5,)).unwrap();
    pair.right.put_frame(&forged(&pair.left, |body| body, &again));
    pair.settle();
    assert_eq!((call.result().unwrap(), more.result().unwrap()), (Value::Int(8), Value::Int(10)));
    drop((lab, call, more));
    assert_idle(&[&pair]);
}

#[test]
fn a_proxy_may_be_dropped_on_another_thread() {
    let (inline, _) = inline();
    let lab = inline.peer.get("lab").unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || drop(lab));
    });
    inline.assert_idle();
}

#[test]
fn proxies_used_after_the_end_fail_with_one_error_and_hold_nothing() {
    let (inline, _) = inline();
    let lab = inline.peer.get("lab").unwrap();
    let pending = lab.promise("gate", ()).unwrap();
    inline.peer.poll().unwrap();
    inline.far.cut("pulled out");
    inline.peer.close("over");
    for error in [lab.call("echo", (1,)).unwrap_err(), lab.get("name").unwrap_err(), pending.result().unwrap_err()] {
        assert!(matches!(error, Error::Disconnected(_)), "{error}");
    }
    drop((lab, pending));
    assert!(inline.peer.stats().is_idle() && inline.far.peer().stats().is_idle());
}

/// An object whose destructor calls another, by a proxy that it holds.
struct CallsWhenGone(Proxy);

impl Drop for CallsWhenGone {
    fn drop(&mut self) {
        let _ = self.0.one_way("log", ("gone",));
        let _ = self.0.promise("log", ("and told",));
    }
}

#[test]
fn hazard_4_a_destructor_may_call_back_into_the_library() {
    let (inline, far) = inline();
    let lab = inline.peer.get("lab").unwrap();
    let calls = Class::<CallsWhenGone>::builder("rust:test.CallsWhenGone").build();
    lab.call("keep", (calls.instance(CallsWhenGone(lab.clone())),)).unwrap();
    lab.call("forget", ()).unwrap();
    drop(lab);
    inline.assert_idle();
    assert_eq!(far.read(), ["gone", "and told"]);
}

/// One link of a chain: the proxy of the next.
struct ChainLink(#[expect(dead_code, reason = "held, never looked at")] Value);

#[test]
fn hazard_4_a_chain_of_100_000_nested_proxies_is_dropped_without_deep_recursion() {
    let clock = Arc::new(ManualClock::default());
    let (left, right) = (node(&clock, Policy::Closed), node(&clock, Policy::Closed));
    let pair = Pair::of(&clock, &left, &right);
    let class = Class::<ChainLink>::builder("rust:test.Link").build();
    let over_there = class.clone();
    let maker = Function::new("link", move |mut arguments, _| {
        Ok(over_there.instance(ChainLink(arguments.take(0, "next")?)).into())
    });
    right.export("link", maker.into_own());
    let maker = got(&pair, "link");
    let mut head = Value::None;
    for _ in 0..50_000 {
        let here = class.instance(ChainLink(head));
        let made = maker.request(Operation::Call).args((here,)).promise().unwrap();
        pair.settle();
        head = made.result().unwrap();
    }
    assert_eq!(pair.left.peer().stats().exports, 50_000);
    drop((head, maker));
    // Every release frees one object, whose proxy is released by the next.
    let mut ticks = 0;
    while !(pair.left.peer().stats().is_idle() && pair.right.peer().stats().is_idle()) {
        pair.tick();
        ticks += 1;
        assert!(ticks < 100_100);
    }
}
