//! What tests on runtimes share.

use wherever::hosts::Class;
use wherever::{Arguments, Error, Node, Operation, Own, Peer, Proxy, Value};

/// An object whose methods call back, on and on.
pub(crate) fn echoing() -> Own {
    Class::<()>::builder("rust:test.Echoing")
        .async_method("echo", |_, mut arguments: Arguments, _| async move { arguments.take::<Value>(0, "what") })
        .async_method("bounce", |_, mut arguments: Arguments, _| async move {
            let whom: Proxy = arguments.take(0, "whom")?;
            let left: i64 = arguments.take(1, "left")?;
            let load: Value = arguments.take(2, "load")?;
            if left == 0 {
                return Ok(load);
            }
            // The one who is called back gets this side's object to call back in turn.
            let own: Value = arguments.take(3, "own")?;
            whom.method("bounce").args((own, left - 1, load, &whom)).await
        })
        .async_method("fail", |_, _, _| async move { Err(Error::raise("test:failure", "as asked")) })
        .build()
        .instance(())
}

/// A node that exports such an object as "echoing".
pub(crate) fn echoing_node() -> Node {
    let node = Node::new();
    node.export("echoing", echoing());
    node
}

/// Waits until both sides are idle. Releases leave with the next call; calls go each way in turn, a few times, since what
/// one side lets go may hold something of the other's.
pub(crate) async fn assert_idle(one: &Peer, other: &Peer) {
    for _ in 0..16 {
        for peer in [one, other] {
            assert!(matches!(peer.get_later("no such name").await, Err(Error::NotFound(_))));
        }
        if one.stats().is_idle() && other.stats().is_idle() {
            return;
        }
    }
    panic!("{:#?}\n{:#?}", one.stats(), other.stats());
}

/// Waits for something that other tasks bring about.
pub(crate) async fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        yield_now().await;
    }
}

/// Lets other tasks have their turn.
async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

/// Calls a function that is an object.
pub(crate) async fn invoke(function: &Proxy, arguments: impl wherever::IntoArguments) -> Result<Value, Error> {
    function.request(Operation::Call).args(arguments).await
}
