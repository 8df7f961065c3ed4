//! What meets on the way: releases and new mentions, greetings of both sides at once, prefaces that do not fit.

use std::sync::Arc;

use wherever::clock::ManualClock;
use wherever::limits::Limits;
use wherever::policy::Policy;
use wherever::session::EndReason;
use wherever::wire::frame::Reference;
use wherever::wire::message::CallHeader;
use wherever::wire::preface::{LinkWish, Preface};
use wherever::{Id, Promise, Proxy, Value};
use wherever_tests::hostile::{Call, Forged, Hostile, Seen};
use wherever_tests::pair::{Pair, node};

use crate::deeds::thing;
use crate::endings::{assert_idle, disconnected, got, pair};
use crate::protocol::begin;

#[test]
fn hazard_1_a_release_that_crosses_a_new_mention_does_nothing() {
    let (pair, deeds) = pair();
    let proxy = got(&pair, "thing");
    pair.tick();
    let again = pair.left.peer().promise("thing").unwrap();
    pair.right.put_frame(&pair.left.take_frame().unwrap());
    assert!(pair.right.run_job(0));
    let mention = pair.right.take_frame().unwrap();
    // It was mentioned again, and the release of what was held before is on its way.
    drop(proxy);
    pair.clock.advance(wherever::session::TICK);
    let release = pair.left.take_frame().unwrap();
    assert_eq!(pair.left.peer().stats().imports, 0);
    pair.right.put_frame(&release);
    assert_eq!(pair.right.peer().stats().exports, 1, "the object lives");
    pair.left.put_frame(&mention);
    let proxy: Proxy = again.result().unwrap().to().unwrap();
    let touched = proxy.promise("touch", ()).unwrap();
    pair.settle();
    assert_eq!(touched.result().unwrap(), Value::Int(1));
    drop((proxy, again, touched));
    assert_idle(&pair);
    assert_eq!(deeds.ran(), 1);
}

#[test]
fn hazard_1_a_release_in_the_frame_of_a_one_way_call_comes_after_it() {
    let (mut hostile, deeds) = begin();
    assert!(hostile.node.unexport("thing"));
    let stamp = hostile.stats().frames_sent;
    let one_way = Call::method(2, 1, "touch").flags(CallHeader::ONE_WAY);
    hostile.send(&Forged::new().call(&one_way).releases(1, stamp));
    assert_eq!(hostile.stats().exports, 0);
    hostile.run();
    assert_eq!(deeds.ran(), 1, "what the call goes to is pinned by it");
    assert_eq!(Arc::strong_count(&deeds), 1, "and let go with it");
    // As an argument, too.
    let (own, other) = thing();
    hostile.node.export("other", own);
    let other_id = hostile.obtain(3, "other");
    hostile.ask(&Call::method(4, other_id, "make")).unwrap();
    let made = hostile.object_of(4);
    let stamp = hostile.stats().frames_sent;
    let home = [Reference::Home { id: Id::theirs(made) }];
    hostile.send(&Forged::new().call(&Call::method(5, other_id, "keep").passing(&home)).releases(made, stamp));
    hostile.run();
    assert!(matches!(&other.kept.lock()[..], [Value::Ref(wherever::value::Ref::Own(_))]));
    assert_eq!(hostile.stats().exports, 1);
    hostile.cut();
}

#[test]
fn hazard_1_the_middle_of_a_chain_is_released_before_its_answer_exists() {
    let (pair, _) = pair();
    let proxy = got(&pair, "thing");
    let first = proxy.promise("make", ()).unwrap();
    let second = first.call("make", ()).unwrap();
    let last = second.call("touch", ()).unwrap();
    drop((first, second));
    pair.clock.advance(wherever::session::TICK);
    // Calls and releases are all there before anything runs.
    while let Some(frame) = pair.left.take_frame() {
        pair.right.put_frame(&frame);
    }
    assert_eq!(pair.right.peer().stats().answers, 3);
    pair.settle();
    assert_eq!(last.result().unwrap(), Value::Int(1));
    drop((last, proxy));
    assert_idle(&pair);
    // In one frame, releases behind the calls that they are about.
    let (mut hostile, _) = begin();
    let keep = |call: Call| call.flags(CallHeader::KEEP);
    hostile.send(
        &Forged::new()
            .call(&keep(Call::method(2, 1, "make")))
            .call(&keep(Call::on_answer(3, 2, "make")))
            .call(&Call::on_answer(4, 3, "touch"))
            .releases_answer(2, false)
            .releases_answer(3, false),
    );
    hostile.run();
    assert_eq!(hostile.answer(4).unwrap(), Value::Int(1));
    assert_eq!(hostile.stats().answers, 0);
    hostile.cut();
}

#[test]
fn both_sides_may_greet_at_once() {
    let clock = Arc::<ManualClock>::default();
    let nodes = [node(&clock, Policy::Closed), node(&clock, Policy::Closed)];
    let deeds = nodes.clone().map(|node| {
        let (own, deeds) = thing();
        node.export("thing", own);
        deeds
    });
    let pair = Pair::of(&clock, &nodes[0], &nodes[1]);
    let sides = [&pair.left, &pair.right];
    let promises = sides.map(|side| side.peer().promise("thing").unwrap());
    let touched = promises.clone().map(|promise| promise.call("touch", ()).unwrap());
    // All that each has to say leaves before anything of the other's has come.
    let units = sides.map(|side| std::iter::from_fn(|| side.take_frame()).collect::<Vec<_>>());
    assert_eq!([units[0].len(), units[1].len()], [2, 2], "a preface and a frame");
    units[0].iter().for_each(|unit| pair.right.put_frame(unit));
    units[1].iter().for_each(|unit| pair.left.put_frame(unit));
    pair.settle();
    for (touched, deeds) in touched.iter().zip(&deeds) {
        assert_eq!((touched.result().unwrap(), deeds.ran()), (Value::Int(1), 1));
    }
    assert_eq!(pair.left.peer().stats().messages(), 10);
    drop((promises, touched));
    assert_idle(&pair);
}

/// What becomes of a victim, with a call on its way, that gets this as the preface.
fn greeted_with(preface: &[u8]) -> (Option<EndReason>, Hostile, Promise) {
    let mut hostile = Hostile::silent(&Limits::default());
    let promise = hostile.victim.peer().promise("x").unwrap();
    hostile.read();
    hostile.send_bytes(preface);
    (hostile.victim.peer().ended(), hostile, promise)
}

#[test]
fn prefaces_that_do_not_fit() {
    let made = |preface: Preface| preface.encode();
    let with = |link, token: &[u8]| made(Preface { link, token: token.to_vec(), ..Preface::default() });
    let of_major = |major| made(Preface { major, ..Preface::default() });
    let mut odd_link = made(Preface::default());
    odd_link[10] = 3;
    let mut endless = made(Preface { token: vec![0; 48], ..Preface::default() });
    endless.extend([0; 20]);
    for (unit, why, says_goodbye) in [
        (of_major(2), "speaks version 2 of the protocol, this one 1", true),
        (of_major(0), "speaks version 0 of the protocol, this one 1", true),
        (with(LinkWish::Required, b""), "requires a link layer", true),
        (with(LinkWish::None, b"token"), "resume", true),
        (odd_link, "does not speak this protocol", false),
        (endless, "does not speak this protocol", false),
        (b"HTTP/1.1 400 Bad Request\r\n".to_vec(), "HTTP/1.1", false),
        (vec![], "does not speak this protocol", false),
        (b"wherever".to_vec(), "does not speak this protocol", false),
    ] {
        let (ended, mut hostile, promise) = greeted_with(&unit);
        let Some(EndReason::Incompatible(reason)) = ended else { panic!("{ended:?}") };
        assert!(reason.contains(why), "{reason}");
        let error = disconnected(promise.result());
        assert!(error.reason.contains(why), "{error}");
        hostile.read();
        assert_eq!(matches!(hostile.seen.last(), Some(Seen::Bye(_))), says_goodbye, "{why}");
        drop(promise);
        assert!(hostile.stats().is_idle());
    }
}

#[test]
fn prefaces_of_a_later_minor_version_and_of_one_that_wants_a_link_fit() {
    for preface in
        [Preface { minor: 200, ..Preface::default() }, Preface { link: LinkWish::Wanted, ..Preface::default() }]
    {
        let (ended, hostile, promise) = greeted_with(&preface.encode());
        assert!(ended.is_none(), "{ended:?}");
        drop(promise);
        hostile.cut();
    }
}
