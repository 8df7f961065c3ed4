//! Sessions on tokio.

use std::future::IntoFuture;
use std::sync::Arc;

use wherever::hosts::{Function, List};
use wherever::session::EndReason;
use wherever::{Error, Node, Peer, Proxy, Value};
use wherever_tests::lab::Lab;
use wherever_transports::tokio::{connect, connect_url, serve};

use crate::support::{assert_idle, echoing, echoing_node, invoke, until};

/// A session between these nodes, over so many bytes.
fn joined(one: &Node, other: &Node, bytes: usize) -> (Peer, Peer) {
    let (near, far) = tokio::io::duplex(bytes);
    (connect(one, near), connect(other, far))
}

fn labs() -> (Arc<Lab>, Node) {
    let (own, lab) = Lab::own();
    let node = Node::new();
    node.export("lab", own);
    (lab, node)
}

#[tokio::test]
async fn calls_callbacks_errors_and_items() {
    let (lab, server) = labs();
    server.export("echoing", echoing());
    server.export("list", List::from((0..20_000).map(Value::Int).collect::<Vec<_>>()).to_own());
    let (peer, far) = joined(&echoing_node(), &server, 256);
    let there = peer.get_later("lab").await.unwrap();
    assert_eq!(there.method("double").args((21,)).await.unwrap(), Value::Int(42));
    assert!(matches!(there.method("fail").await, Err(Error::Raised(_))));
    let add = Function::asynchronous("add", |mut arguments, _| async move {
        tokio::task::yield_now().await;
        Ok((arguments.take::<i64>(0, "n")? + 1).into())
    });
    assert_eq!(invoke(&peer.get_later("echoing").await.unwrap().at("echo"), (1,)).await.unwrap(), Value::Int(1));
    let calls_back = there.method("calls_back").args((Value::from(Function::new("five", |_, _| Ok(Value::Int(5)))),));
    assert_eq!(calls_back.await.unwrap(), Value::Int(5));
    drop(add);
    let list = peer.get_later("list").await.unwrap();
    let mut items = list.iterate_later().await.unwrap();
    let mut sum = 0;
    while let Some(item) = items.next_item().await {
        sum += item.unwrap().to::<i64>().unwrap();
    }
    assert_eq!(sum, 199_990_000);
    drop((there, list, items, lab));
    assert_idle(&peer, &far).await;
}

#[tokio::test]
async fn each_task_is_a_lane_and_one_that_is_aborted_stops_its_call() {
    let (lab, server) = labs();
    let (peer, far) = joined(&Node::new(), &server, 256);
    let there = peer.get_later("lab").await.unwrap();
    let tasks: Vec<_> = (0..3).map(|_| tokio::spawn(there.method("gate").into_future())).collect();
    until(|| lab.gates.lock().len() == 3).await;
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
    for _ in 0..3 {
        let gate = lab.next_gate();
        until(|| gate.context.is_stopped()).await;
    }
    for task in tasks {
        assert!(task.await.unwrap_err().is_cancelled());
    }
    // Within one task the order is kept, whatever thread it is on.
    for text in ["a", "b", "c"] {
        there.one_way("log", (text,)).unwrap();
    }
    there.method("log").args(("d",)).await.unwrap();
    assert_eq!(lab.read(), ["a", "b", "c", "d"]);
    drop((there, lab));
    assert_idle(&peer, &far).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_on_two_threads_each_get_their_own_answers() {
    let (peer, far) = joined(&Node::new(), &echoing_node(), 4096);
    let there = peer.get_later("echoing").await.unwrap();
    let tasks: Vec<_> = (0..64_i64)
        .map(|task| {
            let there = there.clone();
            tokio::spawn(async move {
                for call in 0..50 {
                    let what = task * 1000 + call;
                    assert_eq!(there.method("echo").args((what,)).await.unwrap(), Value::Int(what));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    drop(there);
    assert_idle(&peer, &far).await;
}

/// A node with a function that blocks its thread until it is let go on, and one that does not.
fn blocking() -> (Node, std::sync::mpsc::Sender<()>) {
    let (opens, opened) = std::sync::mpsc::channel::<()>();
    let opened = parking_lot::Mutex::new(opened);
    let server = Node::new();
    let block = Function::new("block", move |_, _| {
        opened.lock().recv().unwrap();
        Ok(Value::None)
    });
    server.export("block", block.into_own());
    server.export("quick", Function::new("quick", |_, _| Ok(Value::Int(1))).into_own());
    (server, opens)
}

#[tokio::test]
async fn a_host_that_blocks_holds_up_neither_the_session_nor_other_calls() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).build().unwrap();
    let (server, opens) = blocking();
    let (near, far) = tokio::io::duplex(64);
    let served = wherever_transports::tokio::connect_on(runtime.handle(), &server, far);
    let peer = connect(&Node::new(), near);
    let (block, quick) = (peer.get_later("block").await.unwrap(), peer.get_later("quick").await.unwrap());
    let blocked = tokio::spawn(async move { invoke(&block, ()).await });
    for _ in 0..20 {
        assert_eq!(invoke(&quick, ()).await.unwrap(), Value::Int(1));
    }
    opens.send(()).unwrap();
    blocked.await.unwrap().unwrap();
    drop(quick);
    assert_idle(&peer, &served).await;
    peer.close("done");
    served.over().await;
    drop(served);
    runtime.shutdown_background();
}

/// A runtime may keep what a task has started for the very thread that the task then holds up.
#[tokio::test]
async fn a_host_that_blocks_does_not_hold_up_what_came_with_its_call() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).build().unwrap();
    let (server, opens) = blocking();
    let (near, far) = tokio::io::duplex(1 << 16);
    let served = wherever_transports::tokio::connect_on(runtime.handle(), &server, far);
    let peer = connect(&Node::new(), near);
    let (block, quick) = (peer.get_later("block").await.unwrap(), peer.get_later("quick").await.unwrap());
    let batch = peer.batch();
    let blocked = block.request(wherever::Operation::Call).promise().unwrap();
    let quicks: Vec<_> = (0..5).map(|_| quick.request(wherever::Operation::Call).promise().unwrap()).collect();
    drop(batch);
    for quick in quicks {
        assert_eq!(quick.await.unwrap(), Value::Int(1));
    }
    opens.send(()).unwrap();
    blocked.await.unwrap();
    drop((block, quick));
    peer.close("done");
    served.over().await;
    drop(served);
    runtime.shutdown_background();
}

#[tokio::test]
async fn a_middle_of_two_sessions() {
    let (lab, server) = labs();
    let middle = Node::new();
    let (onward, far) = joined(&middle, &server, 64);
    middle.export("get", {
        let onward = onward.clone();
        let get = Function::asynchronous("get", move |mut arguments, _| {
            let onward = onward.clone();
            async move {
                let name: String = arguments.take(0, "name")?;
                onward.get_later(&name).await.map(Value::from)
            }
        });
        get.into_own()
    });
    let (peer, near) = joined(&Node::new(), &middle, 64);
    let get = peer.get_later("get").await.unwrap();
    let there: Proxy = invoke(&get, ("lab",)).await.unwrap().to().unwrap();
    assert_eq!(there.method("double").args((4,)).await.unwrap(), Value::Int(8));
    let back = Function::asynchronous("back", |_, _| async { Ok("from the far end".into()) });
    let came = there.method("calls_back").args((Value::from(back),)).await.unwrap();
    assert_eq!(came, Value::text("from the far end"));
    let steps: Proxy = there.method("steps").args((100,)).await.unwrap().to().unwrap();
    let mut items = steps.iterate_later().await.unwrap();
    let mut count = 0;
    while let Some(item) = items.next_item().await {
        item.unwrap();
        count += 1;
    }
    assert_eq!(count, 100);
    // The hop beyond is lost: who holds objects of it is told which.
    far.close("gone");
    onward.over().await;
    assert!(matches!(there.method("double").args((4,)).await, Err(Error::Disconnected(lost)) if lost.hop.is_some()));
    drop((items, steps, there, get, lab));
    middle.unexport("get");
    assert_idle(&peer, &near).await;
    assert!(far.stats().is_idle() && onward.stats().is_idle());
}

#[tokio::test]
async fn hazard_5_flooding_from_both_sides_over_one_byte_with_nested_calls() {
    let (near, far) = joined(&echoing_node(), &echoing_node(), 1);
    let flood = async |peer: &Peer| {
        let there = peer.get_later("echoing").await.unwrap();
        let load = Value::text("x".repeat(700));
        let calls: Vec<_> = (0..40)
            .map(|_| {
                // Our own object goes along, to be called back; what it is to call next is theirs.
                let own = Proxy::from(wherever::value::Ref::Own(echoing()));
                let call = there.method("bounce").args((&own, 4, load.clone(), &there));
                tokio::spawn(call.into_future())
            })
            .collect();
        for call in calls {
            assert_eq!(call.await.unwrap().unwrap(), load);
        }
    };
    tokio::join!(flood(&near), flood(&far));
    assert_idle(&near, &far).await;
}

#[tokio::test]
async fn the_end_of_a_session_fails_every_call_once() {
    let (lab, server) = labs();
    let (near, far) = tokio::io::duplex(64);
    let peer = connect(&Node::new(), near);
    // The other side, until its runtime goes.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let served = wherever_transports::tokio::connect_on(runtime.handle(), &server, far);
    let there = peer.get_later("lab").await.unwrap();
    let calls: Vec<_> = (0..10).map(|_| tokio::spawn(there.method("suspended").into_future())).collect();
    until(|| lab.gates.lock().len() == 10).await;
    runtime.shutdown_background();
    for call in calls {
        assert!(matches!(call.await.unwrap(), Err(Error::Disconnected(lost)) if lost.may_have_run));
    }
    assert!(matches!(peer.over().await, EndReason::CarrierLost(_)));
    assert!(peer.stats().is_idle());
    drop(there);
    assert!(matches!(served.over().await, EndReason::CarrierLost(_)));
    assert!(served.stats().is_idle());
}

#[cfg(unix)]
#[tokio::test]
async fn by_url_over_a_unix_socket_and_over_tcp() {
    let folder = std::env::temp_dir().join(format!("wherever-async-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("socket");
    let server = echoing_node();
    let unix = tokio::net::UnixListener::bind(&path).unwrap();
    let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let urls = [format!("unix://{}", path.display()), format!("tcp://{}", tcp.local_addr().unwrap())];
    let serves = {
        let (server, other) = (server.clone(), server.clone());
        [
            tokio::spawn(async move { serve(&server, unix, 1).await }),
            tokio::spawn(async move { serve(&other, tcp, 1).await }),
        ]
    };
    for url in &urls {
        // One at a time: the next is taken when the one before is over.
        for round in 0..3 {
            let peer = connect_url(&Node::new(), url).await.unwrap();
            let there = peer.get_later("echoing").await.unwrap();
            assert_eq!(there.method("echo").args((round,)).await.unwrap(), Value::Int(round));
            drop(there);
            peer.close("done");
        }
    }
    serves.iter().for_each(tokio::task::JoinHandle::abort);
    for serving in serves {
        assert!(serving.await.unwrap_err().is_cancelled());
    }
    let refused = connect_url(&Node::new(), &urls[1]).await.unwrap_err();
    assert!(matches!(refused, wherever_transports::ConnectError::Refused { .. }), "{refused}");
    std::fs::remove_dir_all(&folder).unwrap();
    let missing = connect_url(&Node::new(), &urls[0]).await.unwrap_err();
    assert!(matches!(missing, wherever_transports::ConnectError::NotFound { .. }), "{missing}");
    assert!(connect_url(&Node::new(), "stdio:").await.is_err());
}

#[tokio::test]
async fn something_else_at_the_other_end_is_told() {
    let (near, mut far) = tokio::io::duplex(64);
    let peer = connect(&Node::new(), near);
    tokio::io::AsyncWriteExt::write_all(&mut far, b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    let error = peer.get_later("x").await.unwrap_err();
    assert!(error.to_string().contains("HTTP"), "{error}");
}
