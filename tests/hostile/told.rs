//! What each side is told in HELLO and what holds before; and that nothing is sent that would be refused here.

use std::sync::Arc;

use parking_lot::Mutex;
use wherever::clock::ManualClock;
use wherever::drive::Manual;
use wherever::hosts::{Class, Function};
use wherever::limits::{Limits, Told};
use wherever::shape::{Category, Shape};
use wherever::value::Items;
use wherever::wire::preface::Preface;
use wherever::{Arguments, Error, Node, Operation, Own, Proxy, Value};
use wherever_tests::hostile::{Call, Forged, Hostile, hello};
use wherever_tests::pair::Pair;

use crate::deeds::{attack, limits};
use crate::protocol::object;

#[test]
fn before_hello_the_floor_holds_for_what_we_send() {
    // Nothing of the peer's has come: a call larger than the floor waits.
    let hostile = Hostile::silent(&Limits::default());
    let names = hostile.victim.peer().promise("x").unwrap();
    assert!(hostile.victim.take_frame().is_some());
    let first = hostile.victim.take_frame().unwrap();
    assert!(first.len() <= Told::FLOOR.frame_len_max as usize);
    drop(names);
    hostile.victim.cut("enough");
    assert!(hostile.stats().is_idle());
}

#[test]
fn a_hello_that_leaves_no_room_is_refused() {
    let changes: [fn(&mut Told); 5] = [
        |told| told.frame_len_max = 100,
        |told| told.calls_max = 1,
        |told| told.message_len_max = 100,
        |told| told.frame_refs_max = 0,
        |told| told.frame_shapes_max = 0,
    ];
    for change in changes {
        let mut hostile = Hostile::silent(&Limits::default());
        hostile.send_bytes(&Preface::default().encode());
        let mut greeting = hello();
        change(&mut greeting.told);
        hostile.send(&Forged::new().hello_with(&greeting));
        assert!(hostile.refused().contains("no room"));
    }
}

#[test]
fn what_we_would_refuse_we_do_not_send() {
    let limits = limits(|limits| (limits.value_depth_max, limits.text_len_max) = (8, 100));
    let (mut hostile, deeds) = attack(&limits);
    hostile.send(&Forged::new().shape(0, &Shape::new("t:T", Category::Instance).open()));
    hostile.ask(&Call::method(2, 1, "keep").passing(&[object(5)])).unwrap();
    let proxy: Proxy = deeds.kept.lock()[0].clone().to().unwrap();
    let deep = (0..9).fold(Value::None, |value, _| Value::Tuple(Items::new([value])));
    for value in [deep, Value::text("x".repeat(101))] {
        let refused = proxy.promise("m", (value,));
        assert!(matches!(refused, Err(Error::Misuse(_))), "{refused:?}");
    }
    assert_eq!(hostile.stats().questions, 0);
    drop(proxy);
    deeds.let_go();
    hostile.tick();
    hostile.cut();
}

/// Passes an object to a side that tells these limits, by a carrier with frames of this length, and has it sent back;
/// the shape that it has over there.
fn shape_over_there(limits: &Limits, carrier: usize, own: Own) -> Arc<Shape> {
    let clock = Arc::<ManualClock>::default();
    let near = Node::builder().clock(clock.clone()).build();
    let far = Node::builder().clock(clock.clone()).limits(limits.clone()).build();
    let seen = Arc::<Mutex<Option<Arc<Shape>>>>::default();
    let note = seen.clone();
    let see = Function::new("see", move |mut args: Arguments, _| {
        let proxy: Proxy = args.take(0, "what")?;
        *note.lock() = Some(proxy.shape());
        Ok(proxy.into())
    });
    far.export("see", see.into_own());
    let pair = Pair { clock, left: Manual::new(&near, carrier), right: Manual::new(&far, carrier) };
    let got = pair.left.peer().promise("see").unwrap();
    pair.settle();
    let see: Proxy = got.result().unwrap().to().unwrap();
    let passed = see.request(Operation::Call).args((own,)).promise().unwrap();
    while let Some(frame) = pair.left.take_frame() {
        assert!(frame.len() <= carrier.min(limits.told.frame_len_max as usize), "{}", frame.len());
        pair.right.put_frame(&frame);
    }
    pair.settle();
    assert!(passed.result().unwrap().to::<Proxy>().unwrap().is_own(), "it came home");
    drop((got, see, passed));
    (0..3).for_each(|_| pair.tick());
    assert!(pair.left.peer().stats().is_idle() && pair.right.peer().stats().is_idle());
    let shape = seen.lock().take();
    shape.unwrap()
}

#[test]
fn a_type_with_more_ancestors_than_go_into_a_frame_is_told_in_several() {
    let limits = limits(|limits| limits.told.frame_shapes_max = 2);
    let root = Arc::new(Shape::new("t:Root", Category::Instance));
    let (mut class, mut base) = (Class::<u8>::builder("t:Leaf"), root);
    for number in 0..6 {
        base = Arc::new(Shape::new(format!("t:B{number}"), Category::Instance).base(base));
    }
    class = class.base(&base);
    let shape = shape_over_there(&limits, 1 << 20, class.build().instance(1));
    assert_eq!(shape.lineage().len(), 7);
    assert!(shape.is_a("t:Root") && shape.is_a("t:B3"));
}

#[test]
fn a_type_longer_than_a_frame_is_told_by_its_name() {
    let class = Class::<u8>::builder("t:Large").doc("d".repeat(5000)).method("m", |_, _, _| Ok(Value::None)).build();
    let shape = shape_over_there(&Limits::default(), 2048, class.instance(1));
    assert_eq!((&**shape.name(), shape.is_closed(), shape.members().len()), ("t:Large", false, 0));
}
