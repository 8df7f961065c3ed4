//! The async driver: its calls, and what a thousand idle sessions take.

use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};

use wherever::{Node, Peer, Proxy, Value};

use super::{BareOne, Cost, Ours};
use crate::arguments::Effort;
use crate::figures::{Failure, Figures};
use crate::measure::compare;
use crate::server::Server;
use crate::system::{allow_files, memory};
use crate::tasks;

/// Idle sessions of one process.
const SESSIONS: usize = 1000;

async fn call_null(subject: &Proxy) -> Result<(), Failure> {
    match subject.method("null").await? {
        Value::None => Ok(()),
        other => Err(Failure::Wrong(format!("a null call gave {other:?}"))),
    }
}

async fn calls(subject: &Proxy, times: usize) -> Result<(), Failure> {
    for _ in 0..times {
        call_null(subject).await?;
    }
    Ok(())
}

/// What a null call is on the wire, whatever drives it.
fn cost() -> Result<Cost, Failure> {
    let ours = Ours::start()?;
    let cost = ours.cost(200, &mut || Ok(ours.subject.call("null", ()).map(|_| ())?))?;
    ours.end()?;
    Ok(cost)
}

/// A call that is awaited, beside a round trip on the same runtime.
pub(super) fn call(effort: Effort) -> Result<Figures, Failure> {
    let cost = cost()?;
    let runtime = tasks::runtime()?;
    let (server, socket) = Server::start("tasks")?;
    let (bare_server, bare_socket) = Server::start("bare-tasks")?;
    let (peer, subject) = runtime.block_on(async {
        let peer = tasks::session(&Node::new(), socket)?;
        let subject = peer.get_later("subject").await?;
        Ok::<_, Failure>((peer, subject))
    })?;
    let mut bare = runtime.block_on(tasks::Bare::new(bare_socket, cost.sent, cost.received))?;
    let mut figures =
        compare(effort, 100, &mut |times| Ok(runtime.block_on(bare.round_trips(times))?), &mut |times| {
            runtime.block_on(calls(&subject, times))
        })?;
    beside_threads(effort, cost, &mut figures)?;
    drop((subject, bare));
    peer.close("measured");
    // What it said last leaves with the runtime's next turns.
    runtime.block_on(peer.over());
    drop((peer, runtime));
    server.end()?;
    bare_server.end().map(|()| figures)
}

/// For information: what the bare carrier takes where nothing is a task.
fn beside_threads(effort: Effort, cost: Cost, figures: &mut Figures) -> Result<(), Failure> {
    let mut bare = BareOne::of(cost, 1)?;
    let times = if effort.quick { 100 } else { 20_000 };
    let begun = std::time::Instant::now();
    bare.bare.round_trips(times)?;
    figures.set("bare_threads_us", begun.elapsed().as_secs_f64() * 1e6 / times as f64);
    bare.end()
}

/// Growth of both processes by sessions that have made a call each and are idle; then all are used once more.
pub(super) fn idle(effort: Effort) -> Result<Figures, Failure> {
    allow_files()?;
    let sessions = if effort.quick { SESSIONS / 10 } else { SESSIONS };
    // A name that is no file goes with the last socket.
    let address = SocketAddr::from_abstract_name(format!("wherever-bench-{}", std::process::id()))?;
    let server = Server::listening("tasks-many", OwnedFd::from(UnixListener::bind_addr(&address)?))?;
    let runtime = tasks::runtime()?;
    let node = Node::new();
    let figures = runtime.block_on(async {
        let open = async || -> Result<(Peer, Proxy), Failure> {
            let peer = tasks::session(&node, UnixStream::connect_addr(&address)?)?;
            let subject = peer.get_later("subject").await?;
            call_null(&subject).await?;
            Ok((peer, subject))
        };
        let mut held = vec![open().await?];
        let here = std::process::id();
        let before = (memory(here)?, memory(server.id())?);
        while held.len() <= sessions {
            held.push(open().await?);
        }
        let after = (memory(here)?, memory(server.id())?);
        for (_, subject) in &held {
            call_null(subject).await?;
        }
        let each = |before: u64, after: u64| after.saturating_sub(before) as f64 / sessions as f64;
        let mut figures = Figures::default();
        figures.set("client_bytes", each(before.0, after.0));
        figures.set("server_bytes", each(before.1, after.1));
        for (peer, subject) in held {
            drop(subject);
            peer.close("measured");
            peer.over().await;
        }
        Ok::<_, Failure>(figures)
    })?;
    server.kill()?;
    Ok(figures)
}
