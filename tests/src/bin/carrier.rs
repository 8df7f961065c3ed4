//! The other process of the tests in `carriers`. Its first argument says what it does.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test that started it")]

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use wherever::hosts::{Class, Function};
use wherever::{Arguments, Node, Transport, Value};
use wherever_transports::{Server, serve, stdio};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        // Sends back each frame.
        ["echo"] => echo(),
        ["serve", url] => serve(&node(), url).unwrap().wait(),
        // Serves at the URL and over its standard input and output, by which it tells how the former fares.
        ["tell", url] => tell(url),
        // Serves, and says goodbye to whoever listens at the path if it ends by itself.
        ["goodbye", path] => goodbye(path),
        // Serves a call that tells whoever listens at the path that it runs, and never ends, as this does not.
        ["stays", path] => stays(path),
        _ => panic!("no such behaviour: {words:?}"),
    }
}

fn echo() {
    let carrier = stdio().unwrap();
    let mut frame = Vec::new();
    while carrier.recv(&mut frame).is_ok() {
        carrier.send(&frame).unwrap();
    }
}

fn node() -> Node {
    let class = Class::<()>::builder("test:Subject")
        .method("echo", |_, mut arguments: Arguments, _| arguments.take(0, "value"))
        .method("process", |_, _, _| Ok(Value::Int(std::process::id().into())))
        .build();
    let node = Node::new();
    node.export("x", class.instance(()));
    node
}

fn tell(url: &str) {
    let server: Arc<Server> = Arc::new(serve(&node(), url).unwrap());
    let control = node();
    let told = server.clone();
    let starved = move |_, _: &_| Ok(Value::Int(told.stats().starved as i64));
    control.export("starved", Function::new("starved", starved).into_own());
    serve(&control, "stdio:").unwrap().wait();
}

fn goodbye(path: &str) {
    let mut stream = UnixStream::connect(path).unwrap();
    serve(&node(), "stdio:").unwrap().wait();
    stream.write_all(b"goodbye").unwrap();
}

fn stays(path: &str) {
    let stream = UnixStream::connect(path).unwrap();
    let for_ever = || -> ! {
        loop {
            std::thread::park();
        }
    };
    let stay = move |_, _: &_| {
        (&stream).write_all(b"running").unwrap();
        for_ever()
    };
    let node = node();
    node.export("stay", Function::new("stay", stay).into_own());
    serve(&node, "stdio:").unwrap().wait();
    for_ever()
}
