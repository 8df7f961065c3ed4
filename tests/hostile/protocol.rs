//! Section 10 of the protocol, fault by fault: what is harmless, what fails one call, and what ends the session.

use std::sync::Arc;

use wherever::clock::ManualClock;
use wherever::limits::Limits;
use wherever::session::EndReason;
use wherever::shape::{Category, Shape};
use wherever::wire::frame::Reference;
use wherever::wire::message::{CallHeader, MessageKind, ReturnHeader};
use wherever::wire::preface::Preface;
use wherever::{Error, Id, Node, Operation, Proxy, Value};
use wherever_tests::hostile::{Call, Forged, Hostile, hello};

use crate::deeds::{Deeds, attack, thing};

pub(crate) fn begin() -> (Hostile, Arc<Deeds>) {
    attack(&Limits::default())
}

/// A frame that ends the session, for this reason.
pub(crate) fn refuses(frame: &Forged, why: &str) {
    refuses_bytes(&frame.bytes(), why);
}

pub(crate) fn refuses_bytes(bytes: &[u8], why: &str) {
    let (mut hostile, deeds) = begin();
    hostile.send_bytes(bytes);
    assert_eq!(deeds.ran(), 0);
    let reason = hostile.refused();
    assert!(reason.contains(why), "{reason}");
}

pub(crate) fn protocol_error(result: Result<Value, Error>) -> String {
    match result {
        Err(Error::Protocol(text)) => text.to_string(),
        other => panic!("{other:?}"),
    }
}

/// An object of the hostile side's, of the type with number 0.
pub(crate) fn object(number: u64) -> Reference {
    Reference::Object { id: Id::ours(number), shape: 0 }
}

pub(crate) fn open_type() -> Shape {
    Shape::new("t:T", Category::Instance).open().operations(&[Operation::Iterate, Operation::Call])
}

/// Hands the victim an object of the hostile side's, number 50, as a proxy.
pub(crate) fn give(hostile: &mut Hostile, deeds: &Deeds) -> Proxy {
    hostile.send(&Forged::new().shape(0, &open_type()));
    hostile.ask(&Call::method(40, 1, "keep").passing(&[object(50)])).unwrap();
    let kept = deeds.kept.lock().pop().unwrap();
    kept.to().unwrap()
}

#[test]
fn ids_that_were_never_given_end_the_session() {
    let touch = |number| Call::method(number, 1, "touch");
    refuses(&Forged::new().call(&Call::method(2, 99, "touch")), "an object that was never offered");
    refuses(&Forged::new().call(&Call::on_answer(2, 99, "touch")), "answer to a call that was never made");
    refuses(&Forged::new().call(&touch(2).passing(&[Reference::Home { id: Id::theirs(99) }])), "never offered");
    refuses(&Forged::new().call(&touch(2).passing(&[Reference::Answer { id: Id::ours(99) }])), "never made");
    refuses(&Forged::new().call(&touch(2).parent(99)), "nested in a call that was never made");
    refuses(&Forged::new().call(&touch(2).parent(0)), "nested in a call that was never made");
    refuses(&Forged::new().releases(99, 0), "never offered");
    refuses(&Forged::new().releases_answer(99, true), "never made");
    refuses(&Forged::new().credit(99, 1, 1), "never made");
    refuses(&Forged::new().credit(0, 1, 1), "never made");
    refuses(&Forged::new().returned(99, 0, &[], &[0, 0]), "never made");
    refuses(&Forged::new().returned(0, 0, &[], &[0, 0]), "never made");
    refuses(&Forged::new().returned(u64::MAX, 0, &[], &[0, 0]), "never made");
}

#[test]
fn ids_that_stand_are_not_given_twice() {
    let waiting = Call::method(2, 1, "wait");
    refuses_after(&waiting, &Forged::new().call(&Call::method(2, 1, "touch")), "stands already");
    let shape = || Forged::new().shape(0, &open_type());
    let passing = |number: u64, object_number: u64| Call::method(number, 1, "keep").passing(&[object(object_number)]);
    refuses_after(&waiting, &shape().call(&passing(3, 2)), "under the id of a call");
    refuses(&shape().call(&passing(3, 9)).call(&Call::method(9, 1, "touch")), "stands already");
    refuses(&Forged::new().call(&Call::method(0, 1, "touch")), "stands already");
    // Twice the highest number, a call would be known by the id of another.
    refuses(&Forged::new().call(&Call::method((1 << 63) + 7, 1, "touch")), "out of range");
}

fn refuses_after(first: &Call, then: &Forged, why: &str) {
    let (mut hostile, deeds) = begin();
    hostile.send(&Forged::new().call(first));
    hostile.run();
    hostile.send(then);
    deeds.settle_all();
    let reason = hostile.refused();
    assert!(reason.contains(why), "{reason}");
}

#[test]
fn stale_ids_are_harmless_until_there_are_too_many() {
    let (mut hostile, deeds) = begin();
    let stamp = hostile.stats().frames_sent;
    hostile.send(&Forged::new().releases(1, stamp));
    assert_eq!(hostile.stats().exports, 0);
    // An honest side may send these at any time: they crossed something.
    for _ in 0..100 {
        hostile.send(&Forged::new().releases(1, stamp).releases_answer(1, true).credit(1, 5, 5));
    }
    // These it cannot.
    protocol_error(hostile.ask(&Call::method(10, 1, "touch")));
    let home = [Reference::Home { id: Id::theirs(1) }];
    hostile.send(&Forged::new().call(&Call::get(11, "thing")));
    hostile.run();
    let thing = hostile.object_of(11);
    protocol_error(hostile.ask(&Call::method(12, thing, "keep").passing(&home)));
    protocol_error(hostile.ask(&Call::on_answer(13, 12, "touch")));
    protocol_error(hostile.ask(&Call::method(14, thing, "keep").passing(&[Reference::Answer { id: Id::ours(12) }])));
    assert_eq!((deeds.ran(), hostile.stats().exports), (0, 1));
    for call in 15..=26 {
        protocol_error(hostile.ask(&Call::method(call, 1, "touch")));
    }
    hostile.send(&Forged::new().call(&Call::method(27, 1, "touch")));
    assert!(hostile.refused().contains("too many references that do not stand"));
}

#[test]
fn forged_releases_free_nothing_that_is_held() {
    let (mut hostile, deeds) = begin();
    hostile.ask(&Call::method(2, 1, "make")).unwrap();
    let made = hostile.object_of(2);
    let (first, last) = (1, hostile.stats().frames_sent);
    hostile.ask(&Call::get(3, "thing")).unwrap();
    // The object was mentioned again after these stamps; the number of a call frees no object.
    for stamp in 0..=last {
        hostile.send(&Forged::new().releases(1, stamp));
    }
    assert_eq!(hostile.stats().exports, 2);
    hostile.send(&Forged::new().releases(made, first));
    assert_eq!(hostile.stats().exports, 2);
    // Excess: the object goes once, and no other with it.
    for _ in 0..50 {
        hostile.send(&Forged::new().releases(made, last).releases(made, last));
    }
    assert_eq!(hostile.stats().exports, 1);
    hostile.ask(&Call::method(4, 1, "touch")).unwrap();
    assert_eq!(deeds.ran(), 1);
    // Made again, the object of that name is a new one: no old release reaches it.
    hostile.ask(&Call::method(5, 1, "make")).unwrap();
    hostile.send(&Forged::new().releases(made, last));
    assert_eq!(hostile.stats().exports, 2);
    let future = hostile.stats().frames_sent + 1;
    hostile.send(&Forged::new().releases(1, future));
    assert!(hostile.refused().contains("never offered"));
}

#[test]
fn unknown_operations_and_flags_fail_their_call_alone() {
    let (mut hostile, deeds) = begin();
    for operation in [20, 21, 128, 255] {
        let mut call = Call::method(u64::from(operation), 1, "touch");
        call.header.operation = operation;
        assert!(protocol_error(hostile.ask(&call)).contains("unknown operation"));
    }
    for (call, flags) in [(300, 16), (301, 1 << 40), (302, !(CallHeader::ONE_WAY | CallHeader::NO_RETURN))] {
        let refused = hostile.ask(&Call::method(call, 1, "touch").flags(flags));
        assert!(protocol_error(refused).contains("unknown flags"));
    }
    assert_eq!(deeds.ran(), 0);
    hostile.ask(&Call::method(400, 1, "touch")).unwrap();
    hostile.cut();
}

#[test]
fn unknown_kinds_end_the_session() {
    refuses_bytes(&[], "end of input");
    refuses_bytes(&[2], "link");
    refuses_bytes(&[3], "unknown kind of frame");
    refuses_bytes(&[255; 40], "unknown kind of frame");
    refuses_bytes(&[0, 2, 0, 0, 0, 0], "unknown flags of a frame");
    refuses_bytes(&[0, 0, 0, 0, 1, 5, 0, 0, 0], "unknown kind of message");
    refuses_bytes(&[0, 0, 0, 0, 0, 0, 0], "left over");
    refuses_bytes(&[0, 0, 0, 1, 4, 2, 0, 0], "unknown kind of reference");
    refuses_bytes(&[1, 1, 8], "unknown flags of a part");
    refuses_bytes(&[0, 0, 0, 0, 0, 1, 2, 2], "unknown way to release");
    refuses_bytes(&[0, 0, 1, 0, 0, 1, b'n', 9, 0, 0, 0, 0, 0, 0, 0, 0, 0], "unknown category");
}

#[test]
fn a_ping_asks_for_nothing() {
    let (mut hostile, _) = begin();
    for ping in [&[0][..], &[0, 0, 0, 0, 0, 0]] {
        hostile.send_bytes(ping);
        assert_eq!(hostile.read(), 0);
    }
    hostile.cut();
}

#[test]
fn hello_is_the_first_message_and_the_only_one() {
    refuses(&Forged::new().hello(), "second HELLO");
    let call = Call::get(1, "thing");
    let silent = |units: &[Vec<u8>], why: &str| {
        let mut hostile = Hostile::silent(&Limits::default());
        hostile.send_bytes(&Preface::default().encode());
        units.iter().for_each(|unit| hostile.send_bytes(unit));
        let reason = hostile.refused();
        assert!(reason.contains(why), "{reason}");
    };
    silent(&[vec![0]], "first frame without HELLO");
    silent(&[Forged::new().call(&call).bytes()], "first frame without HELLO");
    silent(&[Forged::new().call(&call).hello().bytes()], "first frame without HELLO");
    silent(&[Forged::new().hello().call(&call).hello().bytes()], "second HELLO");
    silent(&Forged::new().parts(1, MessageKind::Call, &call.body(), &[3]), "before HELLO");
    let body = Call::get(2, "thing").body();
    refuses_bytes(&Forged::new().parts(1, MessageKind::Hello, &body, &[3])[0], "HELLO in parts");
    let mut greeting = Vec::new();
    wherever::wire::message::encode_record(&hello(), &mut greeting);
    greeting.push(0);
    silent(&[Forged::new().message(MessageKind::Hello, &[], &greeting).bytes()], "left over");
    silent(&[Forged::new().message(MessageKind::Hello, &[], &greeting[..20]).bytes()], "cannot be decoded");
}

#[test]
fn our_own_hello_is_no_peer() {
    let mut hostile = Hostile::silent(&Limits::default());
    let promise = hostile.victim.peer().promise("x").unwrap();
    while let Some(unit) = hostile.victim.take_frame() {
        hostile.send_bytes(&unit);
    }
    assert!(matches!(promise.result(), Err(Error::Disconnected(_))));
    drop(promise);
    let Some(EndReason::PeerMisbehaved(reason)) = hostile.victim.peer().ended() else { panic!("not refused") };
    assert!(reason.contains("our own HELLO came back"), "{reason}");
    assert!(hostile.stats().is_idle());
}

#[test]
fn returns_that_no_call_asked_for() {
    // For one-way calls, for calls of another kind, with flags that are none.
    let (mut hostile, deeds) = begin();
    let proxy = give(&mut hostile, &deeds);
    proxy.one_way("m", ()).unwrap();
    let one_way = hostile.calls().last().unwrap().id;
    hostile.send(&Forged::new().returned(one_way, 0, &[], &[0, 0]));
    assert!(hostile.stands(), "over when it left: a RETURN of it is like one that came late");

    let promise = proxy.promise("m", ()).unwrap();
    let call = hostile.calls().last().unwrap().id;
    hostile.send(&Forged::new().returned(call, 0, &[], &[0, 0x45]).returned(call, 0, &[], &[0, 0x46]));
    hostile.send(&Forged::new().returned(call, ReturnHeader::ERROR, &[], &[0, 0x46]));
    assert_eq!(promise.result().unwrap(), Value::Int(5), "the first counts");
    drop((promise, proxy));
    hostile.tick();
    hostile.read();
    hostile.cut();

    for (flags, why) in [
        (ReturnHeader::ITEMS, "items of a call that asked for none"),
        (ReturnHeader::MORE, "items of a call that asked for none"),
        (ReturnHeader::HELD | ReturnHeader::MORE, "held"),
        (16, "unknown flags"),
        (255, "unknown flags"),
    ] {
        let (mut hostile, deeds) = begin();
        let proxy = give(&mut hostile, &deeds);
        let promise = proxy.promise("m", ()).unwrap();
        let call = hostile.calls().last().unwrap().id;
        hostile.send(&Forged::new().returned(call, flags, &[], &[0, 1, 0, 0]));
        drop((promise, proxy));
        let reason = hostile.refused();
        assert!(reason.contains(why), "{reason}");
    }
}

#[test]
fn returns_before_the_call_has_left() {
    let (mut hostile, deeds) = begin();
    let proxy = give(&mut hostile, &deeds);
    let promise = proxy.promise("m", ()).unwrap();
    // Numbers are counted from 1: ours has the next after the object that was offered and what was made before.
    let guess = 2;
    hostile.send(&Forged::new().returned(guess, 0, &[], &[0, 0]));
    drop((promise, proxy));
    assert!(hostile.refused().contains("a call that has none"));
}

#[test]
fn items_beyond_their_credit() {
    let items = |count: u8| [&[0, count, 0][..], &vec![0; count.into()]].concat();
    for (unit, why) in [
        (items(4), Some("beyond the credit")),
        (vec![0, 9, 0, 0], Some("cannot be counted")),
        (vec![], Some("cannot be counted")),
        (items(3), None),
    ] {
        let (mut hostile, deeds) = begin();
        let proxy = give(&mut hostile, &deeds);
        let stream = proxy.buffered(3).unwrap();
        let call = hostile.calls().last().unwrap().id;
        let more = ReturnHeader::MORE | ReturnHeader::ITEMS;
        hostile.send(&Forged::new().returned(call, more, &[], &unit));
        if let Some(why) = why {
            drop((stream, proxy));
            let reason = hostile.refused();
            assert!(reason.contains(why), "{reason}");
            continue;
        }
        // The credit is used up now.
        hostile.send(&Forged::new().returned(call, more, &[], &items(1)));
        drop((stream, proxy));
        assert!(hostile.refused().contains("beyond the credit"));
    }
    // A stream ends with items or an error, not with a result.
    let (mut hostile, deeds) = begin();
    let proxy = give(&mut hostile, &deeds);
    let stream = proxy.buffered(3).unwrap();
    let call = hostile.calls().last().unwrap().id;
    hostile.send(&Forged::new().returned(call, 0, &[], &[0, 0]));
    drop((stream, proxy));
    assert!(hostile.refused().contains("ends with a result"));
}

#[test]
fn parts_out_of_order() {
    let body = Call::get(2, "thing").body();
    let parts = |transfer| Forged::new().parts(transfer, MessageKind::Call, &body, &[4, 4]);
    let [first, second, third] = <[Vec<u8>; 3]>::try_from(parts(1)).unwrap();
    refuses_bytes(&second, "not begun");
    refuses_bytes(&third, "not begun");
    for (units, why) in [
        (vec![&first, &first], "used before"),
        (vec![&first, &second, &third, &third], "not begun"),
        (vec![&first, &second, &third, &first], "used before"),
    ] {
        let (mut hostile, _) = begin();
        units.into_iter().for_each(|unit| hostile.send_bytes(unit));
        let reason = hostile.refused();
        assert!(reason.contains(why), "{reason}");
    }
    // Two at once, each in its order, are two calls.
    let (mut hostile, _) = begin();
    let other = Forged::new().parts(2, MessageKind::Call, &Call::get(3, "thing").body(), &[1, 1, 1]);
    for unit in [&first, &other[0], &other[1], &second, &other[2], &third, &other[3]] {
        hostile.send_bytes(unit);
    }
    hostile.run();
    hostile.answer(2).unwrap();
    hostile.answer(3).unwrap();
    // Parts that swap places make another message, which fails by itself or ends the session.
    let (mut hostile, _) = begin();
    let swapped = Forged::new().parts(1, MessageKind::Call, &[&body[..4], &body[8..], &body[4..8]].concat(), &[4, 4]);
    swapped.iter().for_each(|unit| hostile.send_bytes(unit));
    hostile.run();
    hostile.read();
    hostile.victim.cut("enough");
    assert!(hostile.stats().is_idle());
}

#[test]
fn a_call_on_the_answer_of_a_one_way_call() {
    let (mut hostile, deeds) = begin();
    let one_way = Call::method(2, 1, "wait").flags(CallHeader::ONE_WAY);
    hostile.send(&Forged::new().call(&one_way).call(&Call::on_answer(3, 2, "touch")));
    hostile.run();
    assert!(protocol_error(hostile.answer(3)).contains("does not stand"));
    let naming = Call::method(4, 1, "keep").passing(&[Reference::Answer { id: Id::ours(2) }]);
    protocol_error(hostile.ask(&naming));
    hostile.send(&Forged::new().releases_answer(2, false).releases_answer(2, true));
    deeds.settle_all();
    assert_eq!(hostile.answers(2), 0);
    assert_eq!(hostile.stats().answers, 0);
    hostile.cut();
}

#[test]
fn a_call_that_waits_for_itself() {
    let (mut hostile, _) = begin();
    assert!(hostile.ask(&Call::on_answer(2, 2, "touch")).is_err());
    hostile.send(&Forged::new().call(&Call::method(3, 1, "keep").passing(&[Reference::Answer { id: Id::ours(3) }])));
    assert!(hostile.refused().contains("never made"));
}

#[test]
fn a_bye_is_shown_without_what_could_deceive() {
    let (mut hostile, _) = begin();
    let reason = format!("bye\x1b[2J\r\n{}", "x".repeat(2000));
    hostile.send(&Forged::new().bye(&reason).call(&Call::method(2, 1, "touch")));
    let Some(EndReason::PeerClosed(text)) = hostile.victim.peer().ended() else { panic!("not closed") };
    assert!(text.len() < 600 && !text.contains(char::is_control), "{text}");
    assert!(hostile.stats().is_idle());
    assert_eq!(hostile.read(), 0, "nothing is sent to a peer that has gone");
    let units = Forged::new().message(MessageKind::Bye, &[], &[2, 0xff, 0xfe]);
    refuses(&units, "cannot be decoded");
}

#[test]
fn ids_of_another_session_mean_nothing() {
    let clock = Arc::<ManualClock>::default();
    let node = Node::builder().clock(clock.clone()).build();
    let (own, deeds) = thing();
    node.export("thing", own);
    let greet = || {
        let mut hostile = Hostile::of_node(&clock, node.clone());
        hostile.send_bytes(&Preface::default().encode());
        hostile.send(&Forged::new().hello());
        hostile
    };
    let (mut one, mut two) = (greet(), greet());
    let thing = one.obtain(1, "thing");
    two.send(&Forged::new().call(&Call::method(1, thing, "touch")));
    assert!(two.refused().contains("never offered"));
    one.ask(&Call::method(2, thing, "touch")).unwrap();
    assert_eq!(deeds.ran(), 1);
    one.cut();
}

#[test]
fn the_table_of_names_does_nothing_else() {
    let (mut hostile, _) = begin();
    for operation in Operation::ALL {
        let call = Call::new(100 + operation as u64, Id::THEIR_NAMES, operation).member("thing");
        let answer = hostile.ask(&call);
        match operation {
            Operation::Noop | Operation::Get | Operation::Dir | Operation::Fence => assert!(answer.is_ok()),
            _ => assert!(matches!(answer, Err(Error::NotSupported { .. })), "{operation:?}: {answer:?}"),
        }
    }
    assert!(matches!(hostile.ask(&Call::get(200, "nothing")), Err(Error::NotFound(_))));
    // Of an object, a fence is an operation that nothing supports.
    let fence = Call::new(201, Id::theirs(1), Operation::Fence);
    assert!(matches!(hostile.ask(&fence), Err(Error::NotSupported { .. })));
    hostile.cut();
}
