//! Objects that panic when they are asked what they are: an error for whoever asked, and for nobody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wherever::clock::ManualClock;
use wherever::context::CallContext;
use wherever::host::Identity;
use wherever::hosts::{Function, iterator};
use wherever::policy::Policy;
use wherever::shape::{Category, Shape};
use wherever::{Error, Host, Node, Operation, Outcome, Own, Promise, Proxy, Request, Value};
use wherever_tests::lab::{assert_idle, got};
use wherever_tests::pair::{Pair, node};

/// What of it panics.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Shape,
    Identity,
    Describes,
    StandsFor,
}

const PARTS: [Part; 4] = [Part::Shape, Part::Identity, Part::Describes, Part::StandsFor];

struct Rude {
    part: Part,
    armed: Arc<AtomicBool>,
}

impl Rude {
    fn asked(&self, part: Part) {
        assert!(self.part != part || !self.armed.load(Ordering::SeqCst), "as asked");
    }
}

impl Host for Rude {
    fn shape(&self) -> Arc<Shape> {
        self.asked(Part::Shape);
        Arc::new(Shape::new("rust:test.Rude", Category::Instance).open())
    }

    fn operate(&self, _request: Request, _context: &CallContext) -> Outcome {
        Outcome::Value(7.into())
    }

    fn identity(&self) -> Identity {
        self.asked(Part::Identity);
        Identity::of(self)
    }

    fn describes(&self) -> Option<Arc<Shape>> {
        self.asked(Part::Describes);
        None
    }

    fn stands_for(&self) -> Option<Value> {
        self.asked(Part::StandsFor);
        None
    }
}

struct Set {
    pair: Pair,
    right: Node,
    armed: Arc<AtomicBool>,
    own: Own,
}

impl Set {
    fn new(part: Part) -> Self {
        let clock = Arc::new(ManualClock::default());
        let right = node(&clock, Policy::Open);
        let armed = Arc::new(AtomicBool::new(false));
        let own = Own::new(Rude { part, armed: armed.clone() });
        let pair = Pair::of(&clock, &node(&clock, Policy::Open), &right);
        Self { pair, right, armed, own }
    }

    fn arm(&self, armed: bool) {
        self.armed.store(armed, Ordering::SeqCst);
    }

    fn called(&self, proxy: &Proxy) -> Promise {
        let promise = proxy.request(Operation::Call).promise().unwrap();
        self.pair.settle();
        promise
    }
}

#[track_caller]
fn assert_panicked<T: std::fmt::Debug>(result: Result<T, Error>) {
    let error = result.unwrap_err();
    assert_eq!(&*error.raised().unwrap().type_name, "rust:panic", "{error}");
}

#[test]
fn as_a_result() {
    for part in PARTS {
        let set = Set::new(part);
        let own = set.own.clone();
        set.right.export("give", Function::new("give", move |_, _| Ok(own.clone().into())).into_own());
        let give = got(&set.pair, "give");
        set.arm(true);
        assert_panicked(set.called(&give).result());
        set.arm(false);
        assert!(set.called(&give).result().is_ok(), "the next caller has it");
        drop(give);
        assert_idle(&[&set.pair]);
    }
}

#[test]
fn as_an_argument() {
    for part in PARTS {
        let set = Set::new(part);
        set.right.export("take", Function::new("take", |_, _| Ok(Value::None)).into_own());
        let take = got(&set.pair, "take");
        let pass = || take.request(Operation::Call).args((Value::from(set.own.clone()),)).promise();
        set.arm(true);
        assert_panicked(pass());
        set.arm(false);
        let passed = pass().unwrap();
        set.pair.settle();
        assert!(passed.result().is_ok());
        drop((take, passed));
        assert_idle(&[&set.pair]);
    }
}

#[test]
fn as_an_item_of_a_stream() {
    for part in PARTS {
        let set = Set::new(part);
        let items = [Value::from(1), set.own.clone().into(), 2.into()];
        set.right.export("items", iterator(items.into_iter().map(Ok)));
        let items = got(&set.pair, "items");
        set.arm(true);
        let stream = items.request(Operation::Iterate).stream(10).unwrap();
        set.pair.settle();
        let came: Vec<_> = stream.collect();
        assert_panicked(came.last().unwrap().clone());
        set.arm(false);
        set.right.unexport("items");
        drop((items, came));
        assert_idle(&[&set.pair]);
    }
}

#[test]
fn as_what_is_called() {
    for part in PARTS {
        let set = Set::new(part);
        set.right.export("rude", set.own.clone());
        let rude = got(&set.pair, "rude");
        assert_eq!(set.called(&rude).result().unwrap(), 7.into());
        set.arm(true);
        let called = set.called(&rude).result();
        if matches!(part, Part::Shape | Part::StandsFor) {
            assert_panicked(called);
        } else {
            assert_eq!(called.unwrap(), 7.into());
        }
        set.arm(false);
        assert_eq!(set.called(&rude).result().unwrap(), 7.into());
        drop(rude);
        assert_idle(&[&set.pair]);
    }
}
