//! The dynamic face: everything that a proxy, a promise, a peer, a batch and a stream can do, with a remote object and
//! with an own one alike.

use std::sync::Arc;
use std::time::Duration;

use wherever::clock::ManualClock;
use wherever::hosts::{Dict, Function, List, iterator};
use wherever::policy::Policy;
use wherever::shape::Category;
use wherever::value::Ref;
use wherever::{Arguments, Error, FromValue, Operation, Own, Proxy, Value};
use wherever_tests::inline::Inline;
use wherever_tests::lab::Lab;
use wherever_tests::pair::node;

/// A session, and a lab to try things on: of the far side, or of the near one.
struct Set {
    inline: Inline,
    what: Proxy,
    lab: Arc<Lab>,
    /// Messages that one operation costs.
    cost: u64,
}

/// The same for a remote lab and for an own one.
fn both(test: impl Fn(&Set)) {
    for remote in [true, false] {
        let clock = Arc::new(ManualClock::default());
        let far = node(&clock, Policy::Closed);
        let (own, lab) = Lab::own();
        far.export("lab", own.clone());
        let inline = Inline::start(&clock, &node(&clock, Policy::Closed), &far);
        let what = if remote { inline.peer.get("lab").unwrap() } else { Proxy::from(Ref::Own(own)) };
        let set = Set { inline, what, lab, cost: if remote { 2 } else { 0 } };
        test(&set);
        let Set { inline, what, lab, .. } = set;
        lab.kept.lock().clear();
        *lab.value.lock() = Value::None;
        drop(what);
        inline.assert_idle();
    }
}

impl Set {
    /// What an act gives, having cost so many operations.
    #[track_caller]
    fn costing<R>(&self, operations: u64, act: impl FnOnce() -> R) -> R {
        let before = self.inline.peer.stats().messages();
        let result = act();
        assert_eq!(self.inline.peer.stats().messages() - before, operations * self.cost);
        result
    }

    /// The same kind of thing as the lab: remote, or own.
    fn thing(&self, what: impl Into<Value>) -> Proxy {
        self.lab.kept.lock().push(what.into());
        self.what.call("kept", ()).unwrap().to().unwrap()
    }
}

#[test]
fn members_are_called_read_written_and_missed() {
    both(|set| {
        assert_eq!(set.costing(1, || set.what.call("double", (4,))).unwrap(), Value::Int(8));
        assert_eq!(set.costing(1, || set.what.get("name")).unwrap(), Value::text("lab"));
        set.costing(1, || set.what.set("value", 5)).unwrap();
        assert_eq!(*set.lab.value.lock(), Value::Int(5));
        assert!(set.what.delete("value").is_err());
        assert!(matches!(set.costing(0, || set.what.call("missing", ())), Err(Error::NoMember { .. })));
        assert!(matches!(set.costing(0, || set.what.get("missing")), Err(Error::NoMember { .. })));
        let named = set.what.method("double").named("number", 6);
        assert_eq!(set.costing(1, || named.send()).unwrap(), Value::Int(12));
        let arguments = Arguments::default().named("number", 7);
        assert_eq!(set.what.call("double", arguments).unwrap(), Value::Int(14));
    });
}

#[test]
fn functions_and_bound_methods_are_invoked() {
    both(|set| {
        let function = set.thing(Function::new("add", |mut arguments: Arguments, _| {
            let (one, two): (i64, i64) = (arguments.take(0, "one")?, arguments.take(1, "two")?);
            Ok((one + two).into())
        }));
        assert_eq!(set.costing(1, || function.invoke((1, 2))).unwrap(), Value::Int(3));
        let bound: Proxy = set.what.get("double").unwrap().to().unwrap();
        assert_eq!(set.costing(1, || bound.invoke((8,))).unwrap(), Value::Int(16));
        assert_eq!(set.costing(1, || set.what.at("double").invoke((9,))).unwrap(), Value::Int(18));
        assert!(set.costing(0, || bound.is_a("rust:function")));
    });
}

#[test]
fn a_path_is_followed_by_every_operation() {
    both(|set| {
        let (inner, inside) = Lab::own();
        *set.lab.value.lock() = inner.into();
        let at = set.what.at("value");
        assert_eq!(set.costing(1, || at.call("double", (4,))).unwrap(), Value::Int(8));
        assert_eq!(set.costing(1, || at.get("name")).unwrap(), Value::text("lab"));
        set.costing(1, || at.set("value", 3)).unwrap();
        assert_eq!(
            set.costing(1, || at.at("value").request(Operation::Noop).send()).map_err(|_| ()),
            match set.cost {
                0 => Err(()),
                _ => Ok(Value::Int(3)),
            }
        );
        assert_eq!(set.costing(1, || at.len()).unwrap(), 7);
        assert!(set.costing(1, || at.dir()).unwrap().contains(&"double".to_owned()));
        *inside.value.lock() = List::from_iter([1.into(), 2.into()]).into();
        let list = at.at("value");
        assert_eq!(list.fetch().unwrap(), Value::List([1.into(), 2.into()].into_iter().collect()));
        assert!(format!("{list:?}").ends_with(".value.value"));
        *inside.value.lock() = Value::None;
    });
}

#[test]
fn containers_are_indexed_measured_compared_and_told() {
    both(|set| {
        let list = set.thing(List::from_iter((0..3).map(Value::from)));
        assert_eq!(set.costing(1, || list.index(1)).unwrap(), Value::Int(1));
        set.costing(1, || list.set_index(1, "one")).unwrap();
        set.costing(1, || list.delete_index(0)).unwrap();
        assert_eq!(set.costing(1, || list.len()).unwrap(), 2);
        assert!(set.costing(1, || list.contains("one")).unwrap());
        assert!(set.costing(1, || list.compare("eq", List::from_iter(["one".into(), 2.into()]))).unwrap());
        let sum = set.costing(1, || list.binary("add", List::from_iter([3.into()]))).unwrap();
        assert_eq!(sum.to::<Proxy>().unwrap().len().unwrap(), 3);
        assert!(set.costing(1, || list.text("repr")).unwrap().contains("one"));
        assert!(set.costing(1, || list.request(Operation::Truth).send()).unwrap().to::<bool>().unwrap());
        let dict = set.thing(Dict::try_from_entries([("a".into(), 1.into())]).unwrap());
        assert_eq!(dict.index("a").unwrap(), Value::Int(1));
        assert!(!dict.contains("b").unwrap());
        assert!(dict.index("b").is_err());
    });
}

#[test]
fn containers_are_fetched_stepped_and_fetched_with_attributes() {
    both(|set| {
        let list = set.thing(List::from_iter((0..2).map(|_| Value::from(Lab::own().0)).chain([5.into()])));
        assert_eq!(set.costing(1, || list.iterate().unwrap().count()), 3);
        let Value::List(items) = set.costing(1, || list.fetch()).unwrap() else { panic!("no list") };
        assert_eq!((items.len(), &items[2]), (3, &Value::Int(5)));
        let fetched = set.costing(1, || list.fetch_with(&["name", "missing"])).unwrap();
        for fetched in &fetched[..2] {
            assert_eq!(fetched.attributes[0].clone().unwrap().unwrap(), Value::text("lab"));
            assert!(matches!(fetched.attributes[1], Some(Err(Error::NoMember { .. }))), "{fetched:?}");
        }
        assert_eq!((fetched[2].attributes.len(), fetched[2].attributes[0].is_none()), (2, true), "a copy has none");
        let mut steps = list.iterate().unwrap();
        assert!(steps.next_fetched().unwrap().unwrap().attributes.is_empty());
    });
}

#[test]
fn iterators_are_stepped_buffered_and_asked_for_the_next() {
    both(|set| {
        let steps = set.thing(iterator((0..6).map(|step| Ok(step.into()))));
        let mut stream = steps.iterate().unwrap();
        assert_eq!(stream.next().unwrap().unwrap(), Value::Int(0));
        drop(stream);
        assert_eq!(steps.call("next", ()).unwrap(), Value::tuple([1.into()]));
        let rest: Vec<i64> = steps.buffered(2).unwrap().map(|item| item.unwrap().to().unwrap()).collect();
        assert_eq!(rest, [2, 3, 4, 5]);
        assert_eq!(steps.iterate().unwrap().count(), 0);
        let failing = set.thing(iterator([Ok(1.into()), Err(Error::raise("test:failure", "in step"))].into_iter()));
        let items: Vec<_> = failing.iterate().unwrap().collect();
        assert!(items[0].is_ok() && items[1].as_ref().is_err_and(|error| error.raised().is_some()));
        assert_eq!(items.len(), 2);
    });
}

#[test]
fn what_is_answered_by_items_is_not_sent_as_a_plain_call() {
    both(|set| {
        let list = set.thing(List::from_iter([Value::from(1)]));
        for operation in [Operation::Whole, Operation::Iterate] {
            for refused in [
                list.request(operation).send().map(|_| ()),
                list.request(operation).promise().map(|_| ()),
                list.request(operation).one_way(),
            ] {
                assert!(matches!(&refused, Err(Error::Misuse(text)) if text.contains("stream")), "{refused:?}");
            }
        }
        assert_eq!(list.request(Operation::Whole).stream(10).unwrap().count(), 2);
        assert_eq!(list.len().unwrap(), 1, "and the session lives");
    });
}

#[test]
fn promises_one_way_calls_and_deadlines() {
    both(|set| {
        let promise = set.costing(1, || {
            let promise = set.what.promise("make", ()).unwrap();
            set.inline.peer.poll().unwrap();
            promise
        });
        assert!(promise.is_ready());
        let doubled = promise.call("double", (4,)).unwrap();
        assert_eq!(doubled.result().unwrap(), Value::Int(8));
        assert_eq!(promise.get("name").unwrap().result().unwrap(), Value::text("lab"));
        assert_eq!(promise.proxy().unwrap().len().unwrap(), 7);
        let request = promise.request(Operation::Call).unwrap().member("double").args((5,));
        assert_eq!(request.promise().unwrap().result().unwrap(), Value::Int(10));
        let as_argument = set.what.promise("echo", (&doubled,)).unwrap();
        assert_eq!(as_argument.result().unwrap(), Value::Int(8));
        assert_eq!(set.what.call("echo", (doubled.clone(),)).unwrap(), Value::Int(8));
        doubled.cancel();
        assert_eq!(doubled.result().unwrap(), Value::Int(8), "a late cancel changes nothing");
        assert!(matches!(doubled.call("double", (1,)), Err(Error::Convert(_))), "a number has no methods");
        let missing = promise.get("missing").and_then(|missing| missing.result());
        assert!(matches!(missing, Err(Error::NoMember { .. })));
        let failed = set.what.promise("fail", ()).unwrap();
        assert!(failed.result().unwrap_err().raised().is_some());
        set.what.one_way("log", ("one way",)).unwrap();
        set.what.one_way("fail", ()).unwrap();
        set.inline.peer.poll().unwrap();
        assert_eq!(set.lab.read(), ["one way"]);
        let within = set.what.method("double").args((3,)).within(Duration::from_secs(1));
        assert_eq!(within.send().unwrap(), Value::Int(6));
        assert!(!format!("{promise:?} {failed:?}").is_empty());
    });
}

#[test]
fn what_is_known_of_a_proxy_costs_nothing() {
    both(|set| {
        let (what, again) = (&set.what, set.what.clone());
        set.costing(0, || {
            assert_eq!(what.is_own(), set.cost == 0);
            assert_eq!(what.peer().is_some(), set.cost == 2);
            assert!(what.same(&again) && !what.same(&what.at("value")));
            assert!(what.is_a("rust:test.Lab") && what.is_a("org.example.Lab/1") && !what.is_a("rust:test.Other"));
            assert_eq!(what.shape().category(), Category::Instance);
            assert!(what.dir().unwrap().contains(&"double".to_owned()));
            assert!(what.describes().is_none());
            assert_eq!(Value::from(what), Value::from(again.clone()));
            assert_eq!(Value::from(what), Value::Ref(what.reference().clone()));
            assert!(format!("{what:?}").contains("rust:test.Lab"));
        });
        let class = set.thing(Lab::class());
        assert!(set.costing(0, || class.describes()).is_some_and(|shape| shape.is_a("rust:test.Lab")));
        assert!(class.invoke(()).unwrap().to::<Proxy>().unwrap().is_a("rust:test.Lab"));
        assert!(Proxy::from_value(Value::Int(1)).is_err());
        drop(again);
    });
}

#[test]
fn an_own_object_is_had_back_from_a_proxy_of_it() {
    both(|set| {
        let own = Value::from(&set.what).to::<Own>();
        assert_eq!(own.is_ok(), set.cost == 0);
    });
}

#[test]
fn a_peer_tells_its_names_its_counters_and_its_end() {
    let clock = Arc::new(ManualClock::default());
    let far = node(&clock, Policy::Closed);
    far.export("b", Lab::own().0);
    far.export("a", List::new().to_own());
    let inline = Inline::start(&clock, &node(&clock, Policy::Closed), &far);
    let peer = inline.peer.clone();
    assert_eq!(&*peer.runtime(), "", "not told yet");
    assert_eq!(peer.names().unwrap(), ["a", "b"]);
    assert_eq!(&*peer.runtime(), "rust");
    assert_eq!(peer.session_number(), inline.peer.session_number());
    let lab = peer.promise("b").unwrap();
    assert_eq!(lab.call("double", (4,)).unwrap().result().unwrap(), Value::Int(8));
    assert!(far.unexport("a") && !far.unexport("a"));
    assert!(matches!(peer.get("a"), Err(Error::NotFound(_))));
    assert_eq!(far.names(), [Arc::from("b")]);
    assert!(far.exported("b").is_some() && far.exported("a").is_none());
    let before = peer.stats();
    let batch = peer.batch();
    let (one, two) = (peer.promise("b").unwrap(), lab.call("double", (1,)).unwrap());
    assert_eq!(peer.stats().frames(), before.frames(), "held");
    batch.send();
    assert_eq!(two.result().unwrap(), Value::Int(2));
    assert_eq!(peer.stats().frames() - before.frames(), 2);
    {
        let _nested = (peer.batch(), peer.batch());
        assert!(one.result().is_ok(), "a wait sends what is held");
    }
    assert!(peer.ended().is_none() && !format!("{peer:?}").is_empty());
    drop((lab, one, two));
    inline.assert_idle();
    peer.close("enough");
    assert!(peer.ended().is_some_and(|reason| reason.text().contains("enough")));
    assert!(inline.far.peer().ended().is_some_and(|reason| reason.text().contains("enough")));
    assert!(matches!(peer.get("b"), Err(Error::Disconnected(lost)) if !lost.may_have_run));
}
