//! A side on tasks and a side that blocks, over a real socket.

use std::os::unix::net::UnixStream;
use std::thread;

use wherever::hosts::Function;
use wherever::{Framed, Node, Peer, Proxy, Stats, Value, drive};
use wherever_tests::lab::Lab;
use wherever_transports::tokio::connect;

use crate::support::{assert_idle, echoing_node, invoke};

fn sockets() -> (tokio::net::UnixStream, Framed<UnixStream, UnixStream>) {
    let (near, far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    (tokio::net::UnixStream::from_std(near).unwrap(), Framed::new(far.try_clone().unwrap(), far))
}

/// Serves a lab by a driver that blocks, until the session is over.
fn serving(
    far: Framed<UnixStream, UnixStream>,
    drives: fn(&Node, Framed<UnixStream, UnixStream>) -> Peer,
) -> thread::JoinHandle<Stats> {
    thread::spawn(move || {
        let node = Node::new();
        node.export("lab", Lab::own().0);
        let peer = drives(&node, far);
        peer.serve().unwrap();
        peer.stats()
    })
}

async fn calls_and_callbacks(peer: &Peer) {
    let lab = peer.get_later("lab").await.unwrap();
    assert_eq!(lab.method("double").args((2,)).await.unwrap(), Value::Int(4));
    let back = Function::asynchronous("back", |mut arguments, _| async move {
        tokio::task::yield_now().await;
        Ok((arguments.take::<i64>(0, "n")? + 1).into())
    });
    // The other side blocks on the callback, which is a future here.
    let back = Value::from(back);
    for n in 0..20 {
        assert_eq!(lab.method("call_back").args((back.clone(), n)).await.unwrap(), Value::Int(n + 1));
    }
    let steps: Proxy = lab.method("steps").args((10,)).await.unwrap().to().unwrap();
    let mut items = steps.iterate_later().await.unwrap();
    let mut count = 0;
    while items.next_item().await.is_some() {
        count += 1;
    }
    assert_eq!(count, 10);
}

/// Waits for the other side's end, without holding up what it needs for that; nothing is left on either.
async fn ended(peer: &Peer, server: thread::JoinHandle<Stats>) {
    let theirs = tokio::task::spawn_blocking(|| server.join().unwrap()).await.unwrap();
    assert!(theirs.is_idle(), "{theirs:#?}");
    assert!(peer.stats().is_idle(), "{:#?}", peer.stats());
}

#[tokio::test]
async fn async_here_and_the_simple_driver_there() {
    let (near, far) = sockets();
    let server = serving(far, drive::connect_simple);
    let peer = connect(&Node::new(), near);
    calls_and_callbacks(&peer).await;
    peer.close("done");
    ended(&peer, server).await;
}

#[tokio::test]
async fn async_here_and_threads_there() {
    let (near, far) = sockets();
    let server = serving(far, drive::connect_threads);
    let peer = connect(&Node::new(), near);
    calls_and_callbacks(&peer).await;
    peer.close("done");
    ended(&peer, server).await;
}

#[tokio::test]
async fn a_blocking_caller_and_an_async_server() {
    let (near, far) = sockets();
    let served = connect(&echoing_node(), near);
    let caller = tokio::task::spawn_blocking(move || {
        let peer = drive::connect_threads(&echoing_node(), far);
        let there = peer.get("echoing").unwrap();
        for n in 0..50 {
            assert_eq!(there.call("echo", (n,)).unwrap(), Value::Int(n));
        }
        let own = Proxy::from(wherever::value::Ref::Own(crate::support::echoing()));
        assert_eq!(there.call("bounce", (&own, 6, "load", &there)).unwrap(), Value::text("load"));
        peer
    });
    let peer = caller.await.unwrap();
    assert_idle(&peer, &served).await;
}

#[tokio::test]
async fn calls_are_awaited_over_the_threaded_driver_too() {
    let (near, far) = sockets();
    let served = connect(&echoing_node(), near);
    let peer = drive::connect_threads(&Node::new(), far);
    let there = peer.get_later("echoing").await.unwrap();
    let calls: Vec<_> = (0..20).map(|n| tokio::spawn(invoke_echo(there.clone(), n))).collect();
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap(), Value::Int(n as i64));
    }
    drop(there);
    assert_idle(&peer, &served).await;
}

async fn invoke_echo(there: Proxy, n: i64) -> Value {
    invoke(&there.at("echo"), (n,)).await.unwrap()
}

#[tokio::test]
async fn async_methods_are_served_by_threads_too() {
    let (near, far) = sockets();
    let server = thread::spawn(move || {
        let peer = drive::connect_threads(&echoing_node(), far);
        peer.serve().unwrap();
        peer.stats()
    });
    let peer = connect(&echoing_node(), near);
    let there = peer.get_later("echoing").await.unwrap();
    let own = Proxy::from(wherever::value::Ref::Own(crate::support::echoing()));
    let came = there.method("bounce").args((&own, 6, "load", &there)).await.unwrap();
    assert_eq!(came, Value::text("load"));
    drop((there, own));
    peer.close("done");
    ended(&peer, server).await;
}
