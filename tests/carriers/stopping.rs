//! Stopping a server.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use wherever::hosts::Function;
use wherever_transports::{Server, connect, serve};

use super::*;

const LONG: Duration = Duration::from_secs(600);

/// A node with a function that says that it runs, and returns when it is told to.
fn slow() -> (Node, Receiver<()>, Sender<()>) {
    let (begun, running) = channel();
    let (go_on, told) = channel();
    let told = Mutex::new(told);
    let function = Function::new("slow", move |_, _| {
        begun.send(()).unwrap();
        told.lock().recv().unwrap();
        Ok(Value::Int(7))
    });
    let node = node();
    node.export("slow", function.into_own());
    (node, running, go_on)
}

fn call_slow(server: &Server) -> thread::JoinHandle<Result<Value, Error>> {
    let url = server.url().to_owned();
    thread::spawn(move || connect(&Node::new(), &url).unwrap().get("slow")?.invoke(()))
}

#[test]
fn calls_that_run_may_end() {
    let folder = Folder::new();
    for url in ["tcp://127.0.0.1:0", &folder.url("x")] {
        let (node, running, go_on) = slow();
        let server = Arc::new(serve(&node, url).unwrap());
        let idle = connect(&Node::new(), server.url()).unwrap();
        works(&idle);
        let calling = call_slow(&server);
        running.recv().unwrap();
        let stopping = {
            let server = server.clone();
            thread::spawn(move || server.stop(LONG))
        };
        // From now on nobody is let in.
        until(|| connect(&Node::new(), server.url()).is_err());
        go_on.send(()).unwrap();
        assert_eq!(calling.join().unwrap().unwrap(), Value::Int(7));
        stopping.join().unwrap();
        assert_eq!(server.stats().connections, 0);
        let error = lost(use_list(&idle));
        assert!(error.reason.contains("the server stops"), "{error}");
        server.wait();
    }
}

#[test]
fn but_no_longer_than_they_are_given() {
    let (node, running, go_on) = slow();
    let server = serve(&node, "tcp://127.0.0.1:0").unwrap();
    let calling = call_slow(&server);
    running.recv().unwrap();
    server.stop(Duration::ZERO);
    let error = lost(calling.join().unwrap());
    assert!(error.may_have_run);
    assert!(error.reason.contains("the server stops"), "{error}");
    assert_eq!(server.stats().connections, 0);
    drop(go_on);
}

#[test]
fn a_result_that_is_kept_is_no_call_that_runs() {
    let server = serve(&node(), "tcp://127.0.0.1:0").unwrap();
    let peer = connect(&Node::new(), server.url()).unwrap();
    let list = peer.promise("list").unwrap();
    works(&peer);
    server.stop(LONG);
    drop(list);
    lost(use_list(&peer));
}

#[test]
fn dropping_it_stops_it() {
    let folder = Folder::new();
    let server = serve(&node(), &folder.url("x")).unwrap();
    let peer = connect(&Node::new(), server.url()).unwrap();
    works(&peer);
    drop(server);
    let error = lost(use_list(&peer));
    assert!(error.reason.contains("the server stops"), "{error}");
    assert!(connect(&Node::new(), &folder.url("x")).is_err());
    assert!(peer.stats().is_idle());
}

#[test]
fn those_who_have_said_nothing_are_let_go_at_once() {
    let folder = Folder::new();
    let server = serve(&node(), &folder.url("x")).unwrap();
    let mut silent = UnixStream::connect(folder.path("x")).unwrap();
    until(|| server.stats().half_open == 1);
    server.stop(LONG);
    let _ = io::Read::read_to_end(&mut silent, &mut Vec::new());
    assert_eq!((server.stats().connections, server.stats().strangers), (0, 0));
}

#[test]
fn who_waits_for_its_end_returns() {
    let server = Arc::new(serve(&node(), "tcp://127.0.0.1:0").unwrap());
    let waiting = {
        let server = server.clone();
        thread::spawn(move || server.wait())
    };
    let peer = connect(&Node::new(), server.url()).unwrap();
    works(&peer);
    server.stop(Duration::ZERO);
    server.stop(Duration::ZERO);
    waiting.join().unwrap();
}
