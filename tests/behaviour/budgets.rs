//! Message budgets, by exact counts.

use std::sync::Arc;

use wherever::hosts::{Class, List};
use wherever::{Arguments, Error, Node, Proxy, Value};
use wherever_tests::pair::Served;

struct Counter(parking_lot::Mutex<i64>);

fn counter() -> Class<Counter> {
    Class::<Counter>::builder("rust:test.Counter")
        .method("add", |this: &Counter, mut args: Arguments, _| {
            let step: i64 = args.take(0, "step")?;
            let mut value = this.0.lock();
            *value += step;
            Ok((*value).into())
        })
        .method("call_back", |_: &Counter, mut args: Arguments, _| {
            let back: Proxy = args.take(0, "back")?;
            back.invoke((1,))
        })
        .method("fail", |_: &Counter, _, _| Err(Error::raise("test:failure", "as asked")))
        .attribute("value", |this: &Counter| Ok((*this.0.lock()).into()))
        .build()
}

fn server() -> Node {
    let node = Node::new();
    node.export("counter", counter().instance(Counter(0.into())));
    node.export("list", List::from_iter((0..10_000_i64).map(Value::from)).to_own());
    node
}

#[test]
fn first_call_and_the_next() {
    let served = Served::start(&Node::new(), &server());
    let counter = served.peer.get("counter").unwrap();
    assert_eq!((served.peer.stats().messages(), served.peer.stats().frames()), (4, 2));
    assert_eq!(counter.call("add", (5,)).unwrap().to::<i64>().unwrap(), 5);
    assert_eq!((served.peer.stats().messages(), served.peer.stats().frames()), (6, 4));
    drop(counter);
    let _ = Arc::new(0);
    let stats = served.close();
    assert_eq!(stats.exports, 0);
}
