//! Calls: one after another, many at once, with references, chained, and back.

use std::thread;

use wherever::hosts::Function;
use wherever::{Proxy, Transport, Value};
use wherever_transports::Socket;

use super::{BareOne, Ours};
use crate::arguments::Effort;
use crate::figures::{Failure, Figures};
use crate::measure::compare;
use crate::ours::{Adder, AdderProxy};
use crate::server::Server;
use crate::system::switches;

/// Calls that are under way at once, each of a thread of its own.
const THREADS: usize = 64;

/// Calls that switches are counted over.
const COUNTED: usize = 2000;

fn check(result: &Value) -> Result<(), Failure> {
    match result {
        Value::None => Ok(()),
        other => Err(Failure::Wrong(format!("a null call gave {other:?}"))),
    }
}

fn call_null(subject: &Proxy) -> Result<(), Failure> {
    check(&subject.call("null", ())?)
}

pub(super) fn null(effort: Effort) -> Result<Figures, Failure> {
    let ours = Ours::start()?;
    let cost = ours.cost(200, &mut || call_null(&ours.subject))?;
    let mut bare = BareOne::of(cost, 1)?;
    let mut figures = compare(effort, 100, &mut |times| Ok(bare.bare.round_trips(times)?), &mut |times| {
        (0..times).try_for_each(|_| call_null(&ours.subject))
    })?;
    let here = std::process::id();
    let per_call = |before: u64, after: u64| (after - before) as f64 / COUNTED as f64;
    let before = (switches(here)?, switches(ours.server.id())?);
    (0..COUNTED).try_for_each(|_| call_null(&ours.subject))?;
    figures.set("ours_switches_client", per_call(before.0, switches(here)?));
    figures.set("ours_switches_server", per_call(before.1, switches(ours.server.id())?));
    let before = (switches(here)?, switches(bare.server.id())?);
    bare.bare.round_trips(COUNTED)?;
    figures.set("bare_switches_client", per_call(before.0, switches(here)?));
    figures.set("bare_switches_server", per_call(before.1, switches(bare.server.id())?));
    bare.end()?;
    ours.end()?;
    Ok(figures)
}

/// What the generated code adds to a call.
pub(super) fn typed(effort: Effort) -> Result<Figures, Failure> {
    let ours = Ours::start()?;
    let by_hand = ours.peer.get("by_hand")?;
    let written: AdderProxy = ours.peer.get_as("written")?;
    let wrong = |sum| Failure::Wrong(format!("1 and 2 gave {sum}"));
    let figures = compare(
        effort,
        100,
        &mut |times| {
            (0..times).try_for_each(|_| match by_hand.call("add", (1, 2))?.to::<i64>()? {
                3 => Ok(()),
                sum => Err(wrong(sum)),
            })
        },
        &mut |times| {
            (0..times).try_for_each(|_| match written.add(1, 2)? {
                3 => Ok(()),
                sum => Err(wrong(sum)),
            })
        },
    )?;
    drop((by_hand, written));
    ours.end()?;
    Ok(figures)
}

/// What our carrier costs by itself, for frames of a null call's sizes.
pub(super) fn carrier(effort: Effort) -> Result<Figures, Failure> {
    let ours = Ours::start()?;
    let cost = ours.cost(200, &mut || call_null(&ours.subject))?;
    ours.end()?;
    let (server, socket) = Server::start("carrier")?;
    let carrier = Socket::unix(socket)?;
    // The first frame says how long answers shall be.
    carrier.send(&vec![0; cost.received])?;
    let (request, mut reply) = (vec![0; cost.sent], Vec::new());
    let mut bare = BareOne::of(cost, 1)?;
    let figures = compare(effort, 100, &mut |times| Ok(bare.bare.round_trips(times)?), &mut |times| {
        (0..times).try_for_each(|_| {
            carrier.send(&request)?;
            Ok(carrier.recv(&mut reply)?)
        })
    })?;
    bare.end()?;
    carrier.close();
    server.end()?;
    Ok(figures)
}

pub(super) fn in_flight(effort: Effort) -> Result<Figures, Failure> {
    let ours = Ours::start()?;
    let cost = ours.cost(200, &mut || call_null(&ours.subject))?;
    let mut bare = BareOne::of(cost, 1)?;
    let subject = &ours.subject;
    let figures = compare(effort, THREADS * 20, &mut |times| Ok(bare.bare.pipelined(times, THREADS)?), &mut |times| {
        thread::scope(|scope| {
            let callers: Vec<_> = (0..THREADS)
                .map(|_| scope.spawn(|| (0..times / THREADS).try_for_each(|_| call_null(subject))))
                .collect();
            callers.into_iter().try_for_each(|caller| {
                caller.join().unwrap_or_else(|_| Err(Failure::Wrong("a caller panicked".into())))
            })
        })
    })?;
    bare.end()?;
    ours.end()?;
    Ok(figures)
}

pub(super) fn reference(effort: Effort) -> Result<Figures, Failure> {
    let ours = Ours::start()?;
    let act = || -> Result<(), Failure> {
        let leaf: Proxy = ours.subject.call("make", ())?.to()?;
        call_null(&leaf)
    };
    let cost = ours.cost(200, &mut || act())?;
    let mut bare = BareOne::of(cost, 2)?;
    let figures = compare(effort, 100, &mut |times| Ok(bare.bare.round_trips(2 * times)?), &mut |times| {
        (0..times).try_for_each(|_| act())
    })?;
    bare.end()?;
    ours.end()?;
    Ok(figures)
}

pub(super) fn chain(effort: Effort) -> Result<Figures, Failure> {
    let ours = Ours::start()?;
    let act = || -> Result<(), Failure> {
        let batch = ours.peer.batch();
        let first = ours.subject.promise("next", ())?;
        let third = first.call("next", ())?.call("next", ())?;
        let last = third.call("null", ())?;
        batch.send();
        check(&last.result()?)
    };
    let cost = ours.cost(200, &mut || act())?;
    let mut bare = BareOne::of(cost, 1)?;
    let figures = compare(effort, 100, &mut |times| Ok(bare.bare.round_trips(times)?), &mut |times| {
        (0..times).try_for_each(|_| act())
    })?;
    bare.end()?;
    ours.end()?;
    Ok(figures)
}

pub(super) fn callback(effort: Effort) -> Result<Figures, Failure> {
    let ours = Ours::start()?;
    let function = Value::from(Function::new("function", |_, _| Ok(Value::None)));
    let act = || check(&ours.subject.call("call", (function.clone(),))?);
    let cost = ours.cost(200, &mut || act())?;
    let mut bare = BareOne::of(cost, 2)?;
    let figures = compare(effort, 100, &mut |times| Ok(bare.bare.round_trips(2 * times)?), &mut |times| {
        (0..times).try_for_each(|_| act())
    })?;
    bare.end()?;
    ours.end()?;
    Ok(figures)
}
