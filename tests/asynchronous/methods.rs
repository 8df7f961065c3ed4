//! Exported methods that are futures.

use std::future::{IntoFuture, poll_fn};
use std::sync::Arc;
use std::task::{Poll, Waker};

use parking_lot::Mutex;
use wherever::clock::ManualClock;
use wherever::drive::Lane;
use wherever::hosts::Class;
use wherever::policy::Policy;
use wherever::{Error, Node, Proxy, Value};
use wherever_tests::hand::Hand;
use wherever_tests::lab::{Lab, assert_idle, got};
use wherever_tests::pair::{Pair, node};

/// What a test opens, and async methods wait for.
#[derive(Default)]
struct Door(Mutex<(bool, Vec<Waker>)>);

impl Door {
    async fn pass(&self) {
        poll_fn(|context| {
            let mut door = self.0.lock();
            if door.0 {
                return Poll::Ready(());
            }
            door.1.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn open(&self) {
        let wakers = {
            let mut door = self.0.lock();
            door.0 = true;
            std::mem::take(&mut door.1)
        };
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// Tells when it is dropped.
struct Tells(Arc<Mutex<Vec<String>>>, &'static str);

impl Drop for Tells {
    fn drop(&mut self) {
        self.0.lock().push(format!("{} dropped", self.1));
    }
}

#[derive(Default)]
struct Slow {
    door: Door,
    log: Arc<Mutex<Vec<String>>>,
}

impl Slow {
    fn class() -> Class<Self> {
        Class::<Self>::builder("rust:test.Slow")
            .async_method("wait", |slow: Arc<Self>, mut arguments, _| async move {
                let text: String = arguments.take(0, "text")?;
                let _tells = Tells(slow.log.clone(), "wait");
                slow.log.lock().push(format!("{text} begins"));
                slow.door.pass().await;
                slow.log.lock().push(format!("{text} ends"));
                Ok(Value::text(text))
            })
            .async_method("quick", |slow: Arc<Self>, _, _| async move {
                slow.log.lock().push("quick".into());
                Ok(Value::Int(1))
            })
            .async_method("panic", |slow: Arc<Self>, _, _| async move {
                slow.door.pass().await;
                panic!("as asked")
            })
            .async_method("fail", |slow: Arc<Self>, _, _| async move {
                slow.door.pass().await;
                Err(Error::raise("test:failure", "as asked"))
            })
            .async_method("lost", |_, _, _| async move {
                poll_fn(|_| Poll::<()>::Pending).await;
                Ok(Value::None)
            })
            .async_method("spin", |_, mut arguments, _| async move {
                let mut left: i64 = arguments.take(0, "times")?;
                poll_fn(|context| {
                    context.waker().wake_by_ref();
                    left -= 1;
                    if left > 0 { Poll::Pending } else { Poll::Ready(()) }
                })
                .await;
                Ok(Value::None)
            })
            .async_method("through", |_, mut arguments, _| async move {
                let (whom, what): (Proxy, Value) = (arguments.take(0, "whom")?, arguments.take(1, "what")?);
                whom.method("gate").args((what,)).await
            })
            .build()
    }
}

struct Set {
    pair: Pair,
    slow: Arc<Slow>,
    proxy: Proxy,
}

fn nodes() -> (Arc<ManualClock>, Node, Node) {
    let clock = Arc::<ManualClock>::default();
    let nodes = (node(&clock, Policy::default()), node(&clock, Policy::default()));
    (clock, nodes.0, nodes.1)
}

fn set() -> Set {
    let (clock, left, right) = nodes();
    let own = Slow::class().instance(Slow::default());
    let slow = own.downcast::<wherever::hosts::Instance<Slow>>().unwrap().value().clone();
    right.export("slow", own);
    let pair = Pair::of(&clock, &left, &right);
    let proxy = got(&pair, "slow");
    Set { pair, slow, proxy }
}

impl Set {
    fn read(&self) -> Vec<String> {
        std::mem::take(&mut *self.slow.log.lock())
    }

    fn end(self) {
        let Self { pair, slow, proxy } = self;
        drop((slow, proxy));
        assert_idle(&[&pair]);
    }
}

#[test]
fn a_method_that_never_waits_costs_what_any_does() {
    let set = set();
    let before = set.pair.left.peer().stats().messages();
    assert_eq!(Hand::of(set.proxy.method("quick")).through(&set.pair).unwrap(), Value::Int(1));
    assert_eq!(set.pair.left.peer().stats().messages() - before, 2);
    set.read();
    set.end();
}

#[test]
fn while_one_waits_the_next_of_its_lane_runs() {
    let set = set();
    let mut calls: Vec<_> = ["a", "b"].map(|text| Hand::of(set.proxy.method("wait").args((text,)))).into();
    calls.iter_mut().for_each(Hand::waits);
    let mut quick = Hand::of(set.proxy.method("quick"));
    assert_eq!(quick.through(&set.pair).unwrap(), Value::Int(1));
    assert_eq!(set.read(), ["a begins", "b begins", "quick"]);
    calls.iter_mut().for_each(Hand::waits);
    set.slow.door.open();
    set.pair.settle();
    assert_eq!(set.read(), ["a ends", "wait dropped", "b ends", "wait dropped"]);
    assert_eq!(calls[0].done().unwrap(), Value::text("a"));
    assert_eq!(calls[1].done().unwrap(), Value::text("b"));
    drop((calls, quick));
    set.end();
}

#[test]
fn a_stop_drops_the_future_and_answers_the_call() {
    let set = set();
    let mut call = Hand::of(set.proxy.method("wait").args(("a",)));
    call.waits();
    set.pair.settle();
    assert_eq!(set.pair.right.peer().stats().answers, 1);
    drop(call);
    set.pair.settle();
    assert_eq!(set.read(), ["a begins", "wait dropped"]);
    assert_eq!(set.pair.right.peer().stats().answers, 0);
    set.end();
}

#[test]
fn a_deadline_over_there_drops_the_future() {
    let set = set();
    let mut call = Hand::of(set.proxy.method("wait").args(("a",)).within(std::time::Duration::from_millis(5)));
    call.waits();
    set.pair.settle();
    set.pair.tick();
    assert!(matches!(call.done(), Err(Error::Deadline(_))));
    assert_eq!(set.read(), ["a begins", "wait dropped"]);
    set.end();
}

#[test]
fn a_panic_and_an_error_that_come_later_are_the_callers() {
    let set = set();
    let mut calls: Vec<_> = ["panic", "fail"].map(|name| Hand::of(set.proxy.method(name))).into();
    calls.iter_mut().for_each(Hand::waits);
    set.pair.settle();
    set.slow.door.open();
    set.pair.settle();
    let errors: Vec<Error> = calls.iter_mut().map(|call| call.done().unwrap_err()).collect();
    assert_eq!(&*errors[0].raised().unwrap().type_name, "rust:panic");
    assert_eq!(&*errors[1].raised().unwrap().type_name, "test:failure");
    assert_eq!(&*errors[1].raised().unwrap().frames[0].name, "Slow.fail");
    drop((calls, errors));
    set.end();
}

#[test]
fn a_future_that_nobody_can_wake_is_dropped_and_its_caller_told() {
    let set = set();
    let error = Hand::of(set.proxy.method("lost")).through(&set.pair).unwrap_err();
    assert_eq!(&*error.raised().unwrap().type_name, "wherever:unanswered");
    set.end();
}

#[test]
fn a_future_that_wakes_itself_again_and_again_needs_no_stack() {
    let set = set();
    Hand::of(set.proxy.method("spin").args((100_000,))).through(&set.pair).unwrap();
    set.end();
}

#[test]
fn the_end_of_the_session_drops_futures_and_leaves_no_waker_behind() {
    let Set { pair, slow, proxy } = set();
    let mut call = Hand::of(proxy.method("wait").args(("a",)));
    call.waits();
    pair.settle();
    pair.right.cut("cut by the test");
    assert_eq!(*slow.log.lock(), ["a begins", "wait dropped"]);
    pair.left.cut("cut by the test");
    assert!(call.done().is_err());
    // What still holds a waker holds nothing of the session.
    let peer = Arc::downgrade(&slow);
    drop((call, proxy, pair));
    assert_eq!(slow.door.0.lock().1.len(), 1);
    drop(slow);
    assert!(peer.upgrade().is_none());
}

#[test]
fn a_chain_of_async_methods_is_nested_and_stops_all_the_way() {
    let (clock, left, right) = nodes();
    let (own, lab) = Lab::own();
    left.export("lab", own);
    right.export("slow", Slow::class().instance(Slow::default()));
    let pair = Pair::of(&clock, &left, &right);
    let slow = got(&pair, "slow");
    let (own, here) = Lab::own();
    let mut call = Hand::of(slow.method("through").args((Value::from(own), "x")));
    call.waits();
    pair.settle();
    let gate = here.next_gate();
    assert_eq!(gate.context.chain().unwrap().depth(), 2, "our call, and the one that is nested in it");
    gate.open("came");
    pair.settle();
    assert_eq!(call.done().unwrap(), Value::text("came"));

    let (own, here) = Lab::own();
    let mut call = Hand::of(slow.method("through").args((Value::from(own), "x")));
    call.waits();
    pair.settle();
    let gate = here.next_gate();
    drop(call);
    pair.settle();
    assert!(gate.context.is_stopped());
    drop((gate, here, lab, slow));
    pair.settle();
    assert_idle(&[&pair]);
}

#[test]
fn each_task_has_an_order_of_its_own() {
    let (clock, left, right) = nodes();
    let (own, inside) = Lab::own();
    right.export("lab", own);
    let pair = Pair::of(&clock, &left, &right);
    let proxy = got(&pair, "lab");
    // One thread, three tasks: two in lanes of their own, one in a numbered lane.
    let gated = || Lane::of_task(proxy.method("gate").into_future());
    let (mut one, mut two) = (Hand::of(gated()), Hand::of(gated()));
    let mut three = Hand::of(Lane::numbered(1).scope(proxy.method("gate").into_future()));
    one.waits();
    two.waits();
    three.waits();
    pair.settle();
    assert_eq!(inside.gates.lock().len(), 3, "none waits for another");
    (0..3).for_each(|_| inside.next_gate().open(1));
    pair.settle();
    assert!(one.done().is_ok() && two.done().is_ok() && three.done().is_ok());
    drop((one, two, three, proxy, inside));
    assert_idle(&[&pair]);
}
