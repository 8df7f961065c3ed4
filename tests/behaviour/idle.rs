//! Every table is empty when everything was dropped: what all other tests end with, here after some of everything.

use std::sync::Arc;

use wherever::clock::ManualClock;
use wherever::hosts::{Function, List};
use wherever::policy::Policy;
use wherever::{Operation, Proxy, Value};
use wherever_tests::pair::{Pair, node};

#[test]
fn hazard_10_every_table_is_empty_at_the_end() {
    let clock = Arc::<ManualClock>::default();
    let server = node(&clock, Policy::Closed);
    let make = Function::new("make", |mut args, _| {
        let given: Proxy = args.take(0, "given")?;
        Ok(Value::tuple([List::from_iter([Value::from(&given)]).into(), given.into()]))
    });
    server.export("make", make.into_own());
    let pair = Pair::of(&clock, &node(&clock, Policy::Closed), &server);
    let peer = pair.left.peer();
    let make = peer.promise("make").unwrap();
    let ours = List::from_iter((0..10_i64).map(Value::from));
    let batch = peer.batch();
    let made = make.request(Operation::Call).unwrap().args((ours.clone(),)).promise().unwrap();
    let failed = make.request(Operation::Call).unwrap().promise().unwrap();
    let stopped = make.request(Operation::Call).unwrap().args((&made,)).promise().unwrap();
    make.request(Operation::Call).unwrap().args((ours,)).one_way().unwrap();
    batch.send();
    stopped.cancel();
    pair.settle();
    let (list, back): (Proxy, Proxy) = made.result().unwrap().to().unwrap();
    assert!(back.is_own() && failed.result().is_err());
    let mut items = list.request(Operation::Whole).stream(u64::MAX).unwrap();
    pair.settle();
    // Read half, then dropped.
    assert!(items.next().is_some());
    let sides = [&pair.left, &pair.right];
    assert!(sides.iter().all(|side| !side.peer().stats().is_idle()), "something was held");
    drop((make, made, failed, stopped, list, back, items));
    (0..3).for_each(|_| pair.tick());
    for side in sides {
        assert!(side.peer().stats().is_idle(), "{:?}", side.peer().stats());
    }
}
