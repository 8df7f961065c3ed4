//! Calls nested between two sides: a hundred deep works, a runaway is refused at the limit, on an ordinary stack.

use wherever::hosts::Function;
use wherever::{Error, Node, Proxy, Value};
use wherever_tests::pair::Served;

/// A function that calls what it is given, with itself and one less, until there is nothing left.
fn ping_pong() -> Function {
    Function::new("ping_pong", |mut args, _| {
        let (other, me): (Proxy, Proxy) = (args.take(0, "other")?, args.take(1, "me")?);
        match args.take::<i64>(2, "left")? {
            0 => Ok(Value::Int(0)),
            left => Ok((other.invoke((&me, &other, left - 1))?.to::<i64>()? + 1).into()),
        }
    })
}

fn nested(levels: i64) -> Result<Value, Error> {
    let server = Node::new();
    server.export("there", ping_pong().into_own());
    let served = Served::start(&Node::new(), &server);
    let there = served.peer.get("there")?;
    let result = there.invoke((ping_pong().into_own(), &there, levels));
    drop(there);
    assert_eq!(served.close().answers, 0);
    result
}

#[test]
fn hazard_6_a_hundred_deep_both_ways() {
    assert_eq!(nested(200).unwrap(), Value::Int(200));
}

#[test]
fn hazard_6_a_runaway_is_refused_at_the_limit() {
    // The stack that a main thread has.
    let thread = std::thread::Builder::new().stack_size(8 << 20).spawn(|| nested(100_000)).unwrap();
    let refused = thread.join().unwrap();
    assert!(matches!(refused, Err(Error::TooDeep(512))), "{refused:?}");
}
