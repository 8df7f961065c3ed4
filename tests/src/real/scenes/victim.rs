//! The process that dies, and what it does until then; the one that lives does the same.

use std::sync::Arc;
use std::thread;

use wherever::hosts::Function;
use wherever::{Arguments, Error, Node, Peer, Proxy, Value, connect};

use super::super::carrier::Kind;
use super::super::graves::Graves;
use super::super::lab::Lab;
use super::super::other::die;

/// Bytes of a message that is cut into many parts.
const LONG: usize = 100_000;

/// One kind of work.
type Job = fn(&Proxy, &Graves) -> Result<(), Error>;

/// Serves, calls, or does both, until so many bytes have gone `out` or come `in`; or is over.
pub(super) fn live(role: &str, way: &str, bytes: usize) {
    let carrier = match way {
        "out" => Kind::inherited_to_die(usize::MAX, bytes),
        "in" => Kind::inherited_to_die(bytes, usize::MAX),
        _ => panic!("no such way: {way}"),
    };
    let node = Node::new();
    let _lab = Lab::export(&node);
    let peer = connect(&node, carrier);
    if role != "serves" {
        let errors = work(&peer, &Graves::default());
        panic!("it lives on: {errors:?}");
    }
    let _ = peer.serve();
    die();
}

/// All kinds of work at once, on a thread each, over and over until it fails: with what each did in the end.
pub(super) fn work(peer: &Peer, graves: &Graves) -> Vec<Error> {
    let jobs: [Job; 6] = [keep, nested, batches, streams, long, one_way];
    thread::scope(|scope| {
        let begin = |job: Job| {
            scope.spawn(move || {
                loop {
                    if let Err(error) = peer.get("lab").and_then(|lab| job(&lab, graves)) {
                        return error;
                    }
                }
            })
        };
        let running: Vec<_> = jobs.into_iter().map(begin).collect();
        running.into_iter().map(|running| running.join().unwrap()).collect()
    })
}

fn keep(lab: &Proxy, graves: &Graves) -> Result<(), Error> {
    lab.call("keep", (graves.own(),))?;
    lab.call("echo", (graves.own(),))?;
    lab.call("forget", ()).map(|_| ())
}

/// Calls that call back, which calls on.
fn nested(lab: &Proxy, graves: &Graves) -> Result<(), Error> {
    let (inner, mortal) = (lab.clone(), Arc::new(graves.mortal()));
    let back = Function::new("back", move |mut arguments: Arguments, _| {
        let _held = &mortal;
        inner.call("echo", (arguments.take::<Value>(0, "value")?,))
    });
    lab.call("invoke", (back, graves.own())).map(|_| ())
}

fn batches(lab: &Proxy, graves: &Graves) -> Result<(), Error> {
    let batch = lab.peer().map(|peer| peer.batch());
    let first = lab.promise("echo", (lab,))?;
    let second = first.call("echo", (graves.own(),))?;
    let third = lab.promise("keep", (Value::from(&second),))?;
    drop(batch);
    third.result()?;
    second.result()?;
    lab.call("forget", ()).map(|_| ())
}

fn streams(lab: &Proxy, _graves: &Graves) -> Result<(), Error> {
    let numbers: Proxy = lab.call("count", (100, false))?.to()?;
    for (number, wanted) in numbers.buffered(8)?.zip(1..) {
        assert_eq!(number?, Value::Int(wanted));
    }
    Ok(())
}

/// Messages in many parts, both ways.
fn long(lab: &Proxy, _graves: &Graves) -> Result<(), Error> {
    let bytes = Value::bytes(vec![5; LONG]);
    assert_eq!(lab.call("echo", (bytes.clone(),))?, bytes);
    Ok(())
}

fn one_way(lab: &Proxy, graves: &Graves) -> Result<(), Error> {
    lab.one_way("keep", (graves.own(),))?;
    lab.one_way("forget", ())?;
    lab.call("echo", (1,)).map(|_| ())
}
