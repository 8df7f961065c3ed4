//! What a review of the core found: frames, stacks, accounts and wake-ups that a peer could turn against its victim.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use wherever::host::{Step, ValueStream};
use wherever::hosts::Class;
use wherever::limits::Limits;
use wherever::wire::frame::Reference;
use wherever::wire::preface::Preface;
use wherever::{Id, Operation, Outcome, Value};
use wherever_tests::hostile::{Call, Forged, Hostile, hello};

use crate::deeds::{attack, limits, thing};
use crate::protocol::{begin, object};

#[test]
fn a_peer_that_takes_only_the_shortest_messages_still_gets_its_answers() {
    let mut hostile = Hostile::silent(&Limits::default());
    hostile.send_bytes(&Preface::default().encode());
    let mut greeting = hello();
    (greeting.told.message_len_max, greeting.told.frame_len_max) = (1024, 1024);
    hostile.send(&Forged::new().hello_with(&greeting));
    hostile.node.export("thing", thing().0);
    hostile.obtain(1, "thing");
    let text = Value::text("x".repeat(900));
    assert!(hostile.ask(&Call::method(2, 1, "echo").args(vec![text])).is_err(), "too long for the peer");
    assert_eq!(hostile.ask(&Call::method(3, 1, "echo").args(vec![5.into()])).unwrap(), 5.into());
    hostile.cut();
}

#[test]
fn results_that_come_all_at_once_do_not_stack_up() {
    const CALLS: u64 = 4_000;
    let (mut hostile, _deeds) = attack(&limits(|limits| limits.exports_max = 100));
    let first = Forged::new().shape(0, &wherever::shape::Shape::new("t:T", wherever::shape::Category::Function));
    hostile.send(&first.call(&Call::method(2, 1, "delegate").passing(&[object(50_000)])));
    hostile.run();
    let parent = hostile.calls()[0].id;
    for chunk in (3..CALLS).collect::<Vec<_>>().chunks(500) {
        let delegate = |number: &u64| Call::method(*number, 1, "delegate").passing(&[object(50_000)]).parent(parent);
        hostile.send(&chunk.iter().fold(Forged::new(), |frame, number| frame.call(&delegate(number))));
        hostile.run();
        hostile.read();
    }
    let made: Vec<u64> = hostile.calls().iter().map(|call| call.id).collect();
    assert_eq!(made.len() as u64, CALLS - 2);
    hostile.send(&made.iter().fold(Forged::new(), |frame, call| frame.returned(*call, 0, &[], &[0, 0])));
    assert!(hostile.find_answer(2).is_some() && hostile.find_answer(CALLS - 1).is_some());
    hostile.cut();
}

/// A stream that is told to go on while it says that it has nothing yet.
struct Hasty(wherever::context::Reply, Arc<AtomicU64>);

impl ValueStream for Hasty {
    fn next(&mut self) -> Step {
        match self.1.fetch_add(1, Ordering::Relaxed) {
            0 => {
                self.0.resume();
                Step::Later
            }
            step => Step::Item(step.into()),
        }
    }
}

static HASTY: LazyLock<Class<Arc<AtomicU64>>> = LazyLock::new(|| {
    Class::builder("rust:test.Hasty")
        .operation(Operation::Iterate, |steps: &Arc<AtomicU64>, _, context| {
            Outcome::Stream(Box::new(Hasty(context.reply(), steps.clone())))
        })
        .build()
});

#[test]
fn a_stream_that_is_resumed_while_it_is_stepped_goes_on() {
    let mut hostile = Hostile::on(&Limits::default());
    hostile.node.export("hasty", HASTY.instance(Arc::default()));
    hostile.obtain(1, "hasty");
    hostile.send(&Forged::new().call(&Call::new(2, Id::theirs(1), Operation::Iterate).credit(1 << 20, 0)));
    hostile.run();
    hostile.send(&Forged::new().credit(2, 0, 1).credit(2, 0, 1));
    assert_eq!(hostile.items(2), [1.into(), 2.into()]);
    hostile.cut();
}

#[test]
fn references_count_towards_what_a_peer_may_make_us_hold() {
    let (mut hostile, deeds) = begin();
    let home = vec![Reference::Home { id: Id::theirs(1) }; 16_000];
    let call = |number| Call::method(number, 1, "wait").refs(&home).lane(number);
    for number in 2..200 {
        hostile.send(&Forged::new().call(&call(number)));
    }
    assert!(hostile.stats().answers_bytes >= 100 << 20, "{}", hostile.stats().answers_bytes);
    assert!(matches!(hostile.find_answer(199), Some(Err(wherever::Error::Overloaded(_)))));
    hostile.run();
    deeds.settle_all();
    hostile.read();
    assert_eq!(hostile.stats().answers_bytes, 0);
    hostile.cut();
}
