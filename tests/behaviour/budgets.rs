//! Message budgets: every row of the design's table, by exact counts, both directions added.

use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;

use wherever::clock::ManualClock;
use wherever::context::CallContext;
use wherever::error::{FrameInfo, Raised};
use wherever::hosts::{Class, Function, List};
use wherever::policy::Policy;
use wherever::shape::{Category, Shape};
use wherever::{Arguments, Error, Host, Node, Operation, Outcome, Own, Proxy, Request, Value};
use wherever_tests::inline::Inline;
use wherever_tests::pair::{Served, node};

struct Counter(Mutex<i64>);

static COUNTER: LazyLock<Class<Counter>> = LazyLock::new(|| {
    Class::<Counter>::builder("rust:test.Counter")
        .method("add", |this: &Counter, mut args: Arguments, _| {
            let step: i64 = args.take(0, "step")?;
            let mut value = this.0.lock();
            *value += step;
            Ok((*value).into())
        })
        .method("next", |this: &Counter, _, _| Ok(COUNTER.instance(Counter(Mutex::new(*this.0.lock() + 1))).into()))
        .method("call_back", |_: &Counter, mut args: Arguments, _| {
            let back: Proxy = args.take(0, "back")?;
            back.invoke((1,))
        })
        .method("fail", |_: &Counter, _, _| {
            let frame = FrameInfo {
                file: "a.toy".into(),
                line: 1,
                column: 1,
                name: "f".into(),
                text: "f()".into(),
                ..FrameInfo::default()
            };
            Err(Error::Raised(Arc::new(Raised { frames: vec![frame], ..Raised::new("test:failure", "as asked") })))
        })
        .writable(
            "value",
            |this: &Counter| Ok((*this.0.lock()).into()),
            |this: &Counter, value| {
                *this.0.lock() = value.to()?;
                Ok(())
            },
        )
        .attribute("name", |this: &Counter| Ok(format!("counter {}", this.0.lock()).into()))
        .build()
});

/// An object of an open type, without any attribute.
struct Open(Arc<Shape>);

impl Host for Open {
    fn shape(&self) -> Arc<Shape> {
        self.0.clone()
    }

    fn operate(&self, request: Request, _: &CallContext) -> Outcome {
        match request.operation {
            Operation::Dir => Outcome::Value(Value::tuple([])),
            _ => Outcome::Error(Error::NoMember { shape: self.0.name().clone(), member: request.member_name().into() }),
        }
    }
}

fn export_all(node: &Node) {
    let class = &*COUNTER;
    node.export("counter", class.instance(Counter(0.into())));
    node.export("class", class.own());
    node.export("list", List::from_iter((0..10_000_i64).map(Value::from)).to_own());
    node.export("texts", List::from_iter((0..3000).map(|_| "x".repeat(1000).into())).to_own());
    let hundred = (0..100).map(|at| Value::from(class.instance(Counter(Mutex::new(at)))));
    node.export("hundred", List::from_iter(hundred).to_own());
    node.export("open", Own::new(Open(Arc::new(Shape::new("toy:m.Open", Category::Instance).open()))));
}

/// A session on invented time whose far side exports all that is needed; HELLOs are behind it.
struct Set(Inline);

impl Set {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::default());
        // Everything may be asked, so that nothing is refused before it costs what it costs.
        let far = node(&clock, Policy::Open);
        export_all(&far);
        let inline = Inline::start(&clock, &node(&clock, Policy::Closed), &far);
        assert!(inline.peer.names().is_ok());
        Self(inline)
    }

    fn get(&self, name: &str) -> Proxy {
        self.0.peer.get(name).unwrap()
    }

    /// Messages and frames that an act costs, both ways.
    fn cost<R>(&self, act: impl FnOnce() -> R) -> (u64, u64) {
        let before = self.0.peer.stats();
        act();
        let after = self.0.peer.stats();
        (after.messages() - before.messages(), after.frames() - before.frames())
    }

    #[track_caller]
    fn end(self) {
        self.0.assert_idle();
    }
}

#[test]
fn calls_gets_reads_writes_indexing_and_lengths_are_two_messages_each() {
    let set = Set::new();
    let (counter, list) = (set.get("counter"), set.get("list"));
    assert_eq!(set.cost(|| counter.call("add", (5,)).unwrap()), (2, 2));
    assert_eq!(set.cost(|| set.get("counter")), (2, 2));
    assert_eq!(set.cost(|| counter.get("value").unwrap()), (2, 2));
    assert_eq!(set.cost(|| counter.set("value", 7).unwrap()), (2, 2));
    assert_eq!(set.cost(|| list.index(4).unwrap()), (2, 2));
    assert_eq!(set.cost(|| list.len().unwrap()), (2, 2));
    assert_eq!(set.cost(|| counter.at("next").request(Operation::Call).send().unwrap()), (2, 2));
    drop((counter, list));
    set.end();
}

#[test]
fn the_first_call_of_a_session_is_four_messages_in_one_frame_each_way() {
    let server = Node::new();
    export_all(&server);
    let served = Served::start(&Node::new(), &server);
    let counter = served.peer.get("counter").unwrap();
    assert_eq!((served.peer.stats().messages(), served.peer.stats().frames()), (4, 2));
    assert_eq!(counter.call("add", (5,)).unwrap().to::<i64>().unwrap(), 5);
    assert_eq!((served.peer.stats().messages(), served.peer.stats().frames()), (6, 4));
    drop(counter);
    assert!(served.close().is_idle());
}

#[test]
fn a_callback_made_once_within_a_call_is_four_messages() {
    let server = Node::new();
    export_all(&server);
    let served = Served::start(&Node::new(), &server);
    let counter = served.peer.get("counter").unwrap();
    let before = served.peer.stats();
    let back = Function::new("back", |mut arguments: Arguments, _| arguments.take::<Value>(0, "what"));
    assert_eq!(counter.call("call_back", (back,)).unwrap(), Value::Int(1));
    let after = served.peer.stats();
    assert_eq!((after.messages() - before.messages(), after.frames() - before.frames()), (4, 4));
    drop(counter);
    assert!(served.close().is_idle());
}

#[test]
fn a_chain_of_ten_pipelined_calls_is_eleven_messages_in_one_frame_each_way() {
    let set = Set::new();
    let counter = set.get("counter");
    let cost = set.cost(|| {
        let batch = set.0.peer.batch();
        let mut chain = counter.promise("next", ()).unwrap();
        for _ in 0..8 {
            chain = chain.call("next", ()).unwrap();
        }
        let value = chain.get("value").unwrap();
        batch.send();
        assert_eq!(value.result().unwrap(), Value::Int(9));
    });
    assert_eq!(cost, (11, 2));
    drop(counter);
    set.end();
}

#[test]
fn iterating_over_ten_thousand_integers_is_two_messages() {
    let set = Set::new();
    let list = set.get("list");
    let sum = |list: &Proxy| list.iterate().unwrap().map(|item| item.unwrap().to::<i64>().unwrap()).sum::<i64>();
    assert_eq!(set.cost(|| assert_eq!(sum(&list), 49_995_000)).0, 2);
    drop(list);
    set.end();
}

#[test]
fn iterating_over_three_megabytes_costs_one_more_for_each_further_return_and_credit() {
    let set = Set::new();
    let texts = set.get("texts");
    let before = (set.0.far.peer().stats(), set.0.peer.stats());
    assert_eq!(texts.iterate().unwrap().count(), 3000);
    let after = (set.0.far.peer().stats(), set.0.peer.stats());
    let returns = after.0.messages_sent - before.0.messages_sent;
    let credits = after.1.messages_sent - before.1.messages_sent - 1;
    // 192 KiB of payload a RETURN, one more where the first credit ends within one; never more credits than RETURNs.
    assert!(returns <= 17 && credits < returns, "{returns} RETURNs, {credits} CREDITs");
    drop(texts);
    set.end();
}

#[test]
fn an_attribute_of_a_hundred_objects_is_two_messages_or_four_frames_or_202_messages() {
    let set = Set::new();
    let hundred = set.get("hundred");
    let prefetched = set.cost(|| {
        let fetched = hundred.fetch_with(&["name"]).unwrap();
        assert_eq!(fetched[99].attributes[0].clone().unwrap().unwrap(), Value::text("counter 99"));
    });
    assert_eq!(prefetched.0, 2);
    let batched = set.cost(|| {
        let objects: Vec<Proxy> = hundred.fetch().unwrap().to::<Vec<Proxy>>().unwrap();
        let batch = set.0.peer.batch();
        let names: Vec<_> =
            objects.iter().map(|object| object.request(Operation::Get).member("name").promise().unwrap()).collect();
        batch.send();
        assert_eq!(names[99].result().unwrap(), Value::text("counter 99"));
    });
    assert_eq!(batched, (202, 4));
    let plain = set.cost(|| {
        let names = hundred.iterate().unwrap().map(|item| item.unwrap().to::<Proxy>().unwrap().get("name").unwrap());
        assert_eq!(names.last().unwrap(), Value::text("counter 99"));
    });
    assert_eq!(plain.0, 202);
    drop(hundred);
    set.end();
}

#[test]
fn checks_of_type_reads_of_methods_and_second_instances_cost_nothing() {
    let set = Set::new();
    let (counter, class) = (set.get("counter"), set.get("class"));
    let next: Proxy = counter.call("next", ()).unwrap().to().unwrap();
    let cost = set.cost(|| {
        assert!(counter.is_a("rust:test.Counter") && !counter.is_a("rust:test.Other"));
        assert!(Arc::ptr_eq(&counter.shape(), &next.shape()) && counter.shape().is_same_type(&next.shape()));
        assert!(class.describes().is_some_and(|shape| shape.is_same_type(&next.shape())));
        let method = counter.at("add");
        assert!(format!("{method:?}").ends_with(".add"));
    });
    assert_eq!(cost, (0, 0));
    let types = set.0.peer.stats().types_known;
    assert_eq!(set.cost(|| counter.call("next", ()).unwrap()), (2, 2));
    assert_eq!(set.0.peer.stats().types_known, types);
    drop((counter, class, next));
    set.end();
}

#[test]
fn dir_and_a_missing_member_cost_nothing_on_a_closed_shape_and_two_messages_on_an_open_one() {
    let set = Set::new();
    let (counter, open) = (set.get("counter"), set.get("open"));
    assert_eq!(set.cost(|| assert_eq!(counter.dir().unwrap().len(), 6)), (0, 0));
    assert_eq!(set.cost(|| assert!(matches!(counter.get("nothing"), Err(Error::NoMember { .. })))), (0, 0));
    assert_eq!(set.cost(|| assert_eq!(open.dir().unwrap().len(), 0)), (2, 2));
    assert_eq!(set.cost(|| assert!(matches!(open.get("nothing"), Err(Error::NoMember { .. })))), (2, 2));
    drop((counter, open));
    set.end();
}

#[test]
fn dropping_proxies_is_no_frame_of_its_own_under_traffic_and_never_answered() {
    let set = Set::new();
    let (counter, hundred) = (set.get("counter"), set.get("hundred"));
    let objects = hundred.fetch().unwrap();
    assert_eq!(set.0.peer.stats().imports, 102);
    let cost = set.cost(|| {
        drop((objects, hundred));
        counter.call("add", (1,)).unwrap();
    });
    assert_eq!(cost, (2, 2));
    assert_eq!((set.0.peer.stats().imports, set.0.far.peer().stats().exports), (1, 1));
    assert_eq!(set.cost(|| drop(counter)), (0, 0));
    assert_eq!(set.cost(|| set.0.tick()), (0, 1), "without traffic one frame after a tick, and no reply");
    set.end();
}

#[test]
fn raising_and_catching_with_the_text_of_the_traceback_is_two_messages() {
    let set = Set::new();
    let counter = set.get("counter");
    let cost = set.cost(|| {
        let error = counter.call("fail", ()).unwrap_err();
        assert_eq!(&*error.raised().unwrap().frames[0].text, "f()");
    });
    assert_eq!(cost, (2, 2));
    drop(counter);
    set.end();
}
