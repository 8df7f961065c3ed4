//! Containers that are copied because a method's argument wants them whole: without end, and holding each other.

use std::any::Any;
use std::sync::Arc;

use wherever::context::CallContext;
use wherever::convert::Serde;
use wherever::hosts::{Function, List, stream};
use wherever::limits::Limits;
use wherever::shape::{Category, Shape};
use wherever::transport::memory_pair;
use wherever::{Error, Host, Node, Operation, Outcome, Own, Peer, Proxy, Request, Value};

/// A list whose contents never end: of numbers, or of lists of the kind.
struct Endless {
    of_lists: bool,
}

impl Host for Endless {
    fn shape(&self) -> Arc<Shape> {
        Arc::new(Shape::new("t:endless", Category::List).operations(&[Operation::Whole]))
    }

    fn operate(&self, _: Request, context: &CallContext) -> Outcome {
        self.whole_for(context)
    }

    fn whole_for(&self, _: &CallContext) -> Outcome {
        let of_lists = self.of_lists;
        let item = move || match of_lists {
            true => Own::new(Endless { of_lists }).into(),
            false => Value::Int(0),
        };
        let first = std::iter::once(Value::Int(Category::List.code().into()));
        Outcome::Stream(stream(first.chain(std::iter::repeat_with(item).take(if of_lists { 2 } else { usize::MAX }))))
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

struct Taking;

#[wherever::export]
impl Taking {
    pub(crate) async fn numbers(&self, numbers: Vec<i64>) -> usize {
        numbers.len()
    }

    pub(crate) async fn data(&self, data: Serde<Vec<Vec<i64>>>) -> usize {
        data.len()
    }
}

fn refused(result: Result<Value, Error>) {
    let refused = result.unwrap_err().to_string();
    assert!(refused.contains("`copied_bytes_max`"), "{refused}");
}

/// A side whose conversions copy no more than this, as it is attacked, and its functions by name.
fn victim(copied_bytes_max: u64) -> (Peer, impl Fn(&str) -> Proxy, Node, Peer) {
    let mut limits = Limits::default();
    limits.copied_bytes_max = copied_bytes_max;
    let node = Node::builder().limits(limits).build();
    node.export("numbers", Function::typed("numbers", |numbers: Vec<i64>| numbers.len()).into_own());
    node.export("tables", Function::typed("tables", |tables: Vec<Vec<i64>>| tables.len()).into_own());
    node.export("both", Function::typed("both", |both: (Vec<i64>, Vec<i64>)| both.0.len() + both.1.len()).into_own());
    node.export("taking", Taking);
    let (near, far) = memory_pair();
    let back = wherever::connect(&node, far);
    let peer = wherever::connect(&Node::new(), near);
    let by_name = peer.clone();
    (peer, move |name: &str| by_name.get(name).unwrap(), node, back)
}

fn numbers(count: i64) -> List {
    List::from_iter((0..count).map(Value::from))
}

pub(crate) fn what_is_copied_for_an_argument_is_bounded() {
    let (peer, named, _node, _back) = victim(1 << 20);
    for (name, of_lists) in [("numbers", false), ("tables", false)] {
        refused(named(name).invoke((Own::new(Endless { of_lists }),)));
    }
    // One list in many places, and many lists.
    let one = numbers(1000);
    let tables = |count| Value::List((0..count).map(|_| Value::from(one.clone())).collect());
    assert_eq!(named("tables").invoke((tables(20),)).unwrap(), Value::Int(20));
    refused(named("tables").invoke((tables(100),)));
    refused(named("both").invoke((Value::tuple([numbers(30_000).into(), numbers(30_000).into()]),)));
    // Each argument, and each call, by itself.
    for _ in 0..3 {
        assert_eq!(named("numbers").invoke((numbers(30_000),)).unwrap(), Value::Int(30_000));
    }
    peer.close("the test is over");
}

#[test]
fn what_is_copied_for_an_argument_of_an_async_method_is_bounded() {
    let (peer, named, _node, _back) = victim(1 << 20);
    let taking = named("taking");
    refused(taking.call("numbers", (Own::new(Endless { of_lists: false }),)));
    // Each level has twice as many: 2^64 of them in all.
    refused(taking.call("data", (Own::new(Endless { of_lists: true }),)));
    assert_eq!(taking.call("numbers", (numbers(30_000),)).unwrap(), Value::Int(30_000));
    peer.close("the test is over");
}

#[test]
fn an_own_list_that_stands_in_many_places_is_not_copied_into_all() {
    let (peer, named, node, _back) = victim(u64::MAX);
    let keep = numbers(100_000);
    let giving = Function::typed("giving", move || keep.clone());
    node.export("giving", giving.into_own());
    let list: Proxy = named("giving").invoke(()).unwrap().to().unwrap();
    let tables = |count: usize| Value::List((0..count).map(|_| Value::from(&list)).collect());
    assert_eq!(named("tables").invoke((tables(10),)).unwrap(), Value::Int(10));
    refused(named("tables").invoke((tables(10_000),)));
    peer.close("the test is over");
}
