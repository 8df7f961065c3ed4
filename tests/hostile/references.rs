//! References that nobody takes, of the wrong side, of types not described; and those of messages that are refused.

use wherever::wire::frame::{Reference, Release};
use wherever::wire::message::MessageKind;
use wherever::{Error, Id, Value};
use wherever_tests::hostile::{Call, Forged, Hostile, Seen};

use crate::protocol::{begin, object, open_type, refuses, refuses_bytes};

#[test]
fn references_are_taken_and_named_rightly() {
    let shape = || Forged::new().shape(0, &open_type());
    refuses(&shape().loose(&object(5)), "references that no message takes");
    refuses_bytes(&[0, 0, 0, 0, 1, 1, 1, 0, 0], "more references taken");
    refuses(&Forged::new().loose(&object(5)).call(&Call::get(2, "x")), "references that no message takes");
    refuses(&Forged::new().call(&Call::get(2, "x").passing(&[object(5)])), "type was not described");
    let class = Reference::Class { id: Id::ours(5), shape: 0, described: 7 };
    refuses(&shape().call(&Call::get(2, "x").passing(&[class])), "type was not described");
    for wrong in [
        Reference::Object { id: Id::theirs(1), shape: 0 },
        Reference::Class { id: Id::theirs(1), shape: 0, described: 0 },
        Reference::Home { id: Id::ours(1) },
        Reference::Answer { id: Id::theirs(1) },
    ] {
        refuses(&shape().call(&Call::get(2, "x").passing(&[wrong])), "wrong side");
    }
    for names in [Id::ours(0), Id::theirs(0)] {
        let wrong = Reference::Home { id: names };
        refuses(&shape().call(&Call::get(2, "x").passing(&[wrong])), "table of names");
    }
    refuses(&Forged::new().releases(0, 0), "table of names");
    refuses(&Forged::new().releases_answer(0, false), "table of names");
    let credit = [2, 1, 1];
    refuses(&shape().message(MessageKind::Credit, &[object(5)], &credit), "message that has none");
    refuses(&shape().message(MessageKind::Bye, &[object(5)], &[0]), "message that has none");
}

#[test]
fn types_are_described_in_order_bases_first() {
    let shape = open_type();
    refuses(&Forged::new().shape(1, &shape), "out of order");
    refuses(&Forged::new().shape(0, &shape).shape(0, &shape), "out of order");
    refuses(&Forged::new().shape(0, &shape.revised()).shape(0, &shape), "out of order");
    refuses(&Forged::new().shape_on(0, &shape, &[0]), "base was not described");
    refuses(&Forged::new().shape_on(0, &shape, &[1]).shape(1, &shape), "base was not described");
    // A type that becomes its own base by being described again.
    let frame = Forged::new().shape(0, &shape).shape_on(1, &shape, &[0]).shape_on(0, &shape.revised(), &[1]);
    refuses(&frame, "its own ancestor");
    // Described again and again, types hold no chain of what they were.
    let (mut hostile, _) = begin();
    let mut revised = shape.clone();
    hostile.send(&Forged::new().shape(0, &shape).shape_on(1, &shape, &[0]));
    for _ in 0..500 {
        revised = revised.revised();
        hostile.send(&Forged::new().shape(0, &revised).shape_on(1, &revised, &[0]));
    }
    assert_eq!(hostile.stats().types_known, 2);
    hostile.cut();
}

/// Checks that the victim released the hostile side's object 50, and nothing else.
fn released_50(hostile: &mut Hostile) {
    hostile.tick();
    hostile.read();
    let releases: Vec<_> = hostile.seen.iter().filter(|seen| matches!(seen, Seen::Release(_))).collect();
    let object = Id::theirs(50).turned();
    assert!(matches!(releases[..], [Seen::Release(Release::Object { id, .. })] if *id == object), "{releases:?}");
    assert_eq!(hostile.stats().imports, 0);
}

#[test]
fn hazard_2_references_of_what_is_refused_are_released() {
    let named_name = Call::get(3, "no such thing").passing(&[object(50)]);
    let undecodable = Call::method(3, 1, "keep").refs(&[object(50)]).payload(&[0, 1, 0, 0x3f]);
    let no_such_index = Call::method(3, 1, "keep").refs(&[object(50)]).payload(&[0, 1, 0, 0x12, 1]);
    let not_named = Call::method(3, 1, "echo").refs(&[object(50)]);
    let no_member = Call::method(3, 1, "nothing").passing(&[object(50)]);
    let mut unknown = Call::method(3, 1, "keep").passing(&[object(50)]);
    unknown.header.operation = 99;
    let stale_too = Call::method(3, 2, "keep").passing(&[object(50)]);
    let too_deep = Call::method(3, 1, "keep").path(&["x"; 100]).passing(&[object(50)]);
    for call in [named_name, undecodable, no_such_index, not_named, no_member, unknown, stale_too, too_deep] {
        let (mut hostile, deeds) = begin();
        hostile.ask(&Call::method(2, 1, "make")).unwrap();
        let stamp = hostile.stats().frames_sent;
        hostile.send(&Forged::new().releases(2, stamp));
        hostile.send(&Forged::new().shape(0, &open_type()).call(&call));
        hostile.run();
        let refused = hostile.answer(3);
        assert!(refused.is_err() || refused.unwrap() == Value::None);
        assert!(deeds.kept.lock().is_empty());
        released_50(&mut hostile);
        hostile.ask(&Call::method(4, 1, "touch")).unwrap();
        hostile.cut();
    }
}

#[test]
fn hazard_2_references_of_a_call_that_is_stopped_are_released() {
    // Stopped before it runs: behind another of its order.
    let (mut hostile, deeds) = begin();
    let queued = Call::method(3, 1, "keep").passing(&[object(50)]);
    hostile.send(&Forged::new().shape(0, &open_type()).call(&Call::method(2, 1, "wait")).call(&queued));
    hostile.run();
    hostile.send(&Forged::new().releases_answer(3, true));
    assert!(matches!(hostile.answer(3), Err(Error::Stopped)));
    released_50(&mut hostile);
    deeds.settle_all();
    hostile.run();
    assert!(deeds.kept.lock().is_empty());
    hostile.cut();
}

#[test]
fn hazard_2_references_of_a_result_are_released() {
    let reference = [object(50)];
    let shape = || Forged::new().shape(0, &open_type());
    // Undecodable, with an index out of range, and for a call that was cancelled.
    for (payload, cancel) in [(&[0, 0x3f][..], false), (&[0, 0x12, 4], false), (&[0, 0x12, 0], true)] {
        let (mut hostile, _) = begin();
        let promise = hostile.victim.peer().promise("x").unwrap();
        let call = hostile.calls()[0].id;
        if cancel {
            promise.cancel();
        }
        hostile.send(&shape().returned(call, 0, &reference, payload));
        match promise.result() {
            Err(Error::Protocol(text)) if !cancel => assert!(text.contains("cannot be decoded")),
            Err(Error::Stopped) if cancel => {}
            other => panic!("{other:?}"),
        }
        drop(promise);
        hostile.tick();
        hostile.read();
        hostile.seen.retain(|seen| !matches!(seen, Seen::Release(Release::Answer { .. })));
        hostile.seen.retain(|seen| !matches!(seen, Seen::Release(Release::Object { id, .. }) if id.number() == 1));
        released_50(&mut hostile);
        hostile.cut();
    }
}
