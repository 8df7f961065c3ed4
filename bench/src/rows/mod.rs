//! The rows of the table: what is measured, and beside what.

mod calls;
mod memory;
mod tasks;
mod transfers;

use wherever::{Node, Peer, Proxy, Stats};

use crate::arguments::Effort;
use crate::bare::{Bare, Replies};
use crate::figures::{Failure, Figures};
use crate::ours;
use crate::place::Placement;
use crate::server::Server;

/// One row.
pub(crate) struct Row {
    /// For the command line.
    pub(crate) name: &'static str,
    /// What we do.
    pub(crate) what: &'static str,
    /// What the bare carrier does, if there is such a thing.
    pub(crate) beside: &'static str,
    pub(crate) kind: Kind,
    pub(crate) run: fn(Effort) -> Result<Figures, Failure>,
}

/// What kind of figures a row has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Times, and their ratio.
    Time,
    /// Bytes on each side.
    Memory,
}

/// All rows, in the order of the table.
pub(crate) const ROWS: &[Row] = &[
    Row { name: "carrier", what: "our carrier alone", beside: "one round trip", kind: Kind::Time, run: calls::carrier },
    Row { name: "null", what: "null call", beside: "one round trip", kind: Kind::Time, run: calls::null },
    Row {
        name: "typed",
        what: "call through a trait, of an exported type",
        beside: "the same described and called by hand",
        kind: Kind::Time,
        run: calls::typed,
    },
    Row {
        name: "in-flight",
        what: "64 threads calling, each call",
        beside: "64 frames under way, each",
        kind: Kind::Time,
        run: calls::in_flight,
    },
    Row {
        name: "reference",
        what: "reference obtained, called, dropped",
        beside: "two round trips",
        kind: Kind::Time,
        run: calls::reference,
    },
    Row {
        name: "chain",
        what: "chain of four promises",
        beside: "one round trip",
        kind: Kind::Time,
        run: calls::chain,
    },
    Row {
        name: "callback",
        what: "call that calls back once",
        beside: "two round trips",
        kind: Kind::Time,
        run: calls::callback,
    },
    Row {
        name: "echo",
        what: "1 MiB there and back",
        beside: "the same frame there and back",
        kind: Kind::Time,
        run: transfers::echo,
    },
    Row {
        name: "stream",
        what: "100,000 streamed integers",
        beside: "the same bytes",
        kind: Kind::Time,
        run: transfers::stream,
    },
    Row {
        name: "async",
        what: "null call awaited, on tokio",
        beside: "one round trip on tokio",
        kind: Kind::Time,
        run: tasks::call,
    },
    Row {
        name: "memory",
        what: "a live reference, of 100,000",
        beside: "",
        kind: Kind::Memory,
        run: memory::references,
    },
    Row { name: "idle", what: "an idle async session, of 1,000", beside: "", kind: Kind::Memory, run: tasks::idle },
];

/// The rows with this very name.
pub(crate) fn find(part: &str) -> impl Iterator<Item = &'static Row> {
    ROWS.iter().filter(move |row| row.name.contains(part))
}

impl Row {
    /// Where it is measured: memory does not depend on it.
    pub(crate) fn placements(&self) -> &'static [Placement] {
        match self.kind {
            Kind::Time => &Placement::ALL,
            Kind::Memory => &[Placement::Unpinned],
        }
    }
}

/// A session with a server process, and the object that it exports.
struct Ours {
    peer: Peer,
    subject: Proxy,
    server: Server,
}

impl Ours {
    fn start() -> Result<Self, Failure> {
        let (server, socket) = Server::start("ours")?;
        let peer = ours::connect(&Node::new(), socket)?;
        let subject = peer.get("subject")?;
        Ok(Self { peer, subject, server })
    }

    /// Frames and bytes that one `act` costs, on the average.
    fn cost(&self, times: u32, act: &mut dyn FnMut() -> Result<(), Failure>) -> Result<Cost, Failure> {
        // What is told once is not counted.
        act()?;
        let before = self.peer.stats();
        (0..times).try_for_each(|_| act())?;
        let after = self.peer.stats();
        let each = |figure: fn(&Stats) -> u64| (figure(&after) - figure(&before)).div_ceil(times.into()) as usize;
        Ok(Cost {
            sent: each(|stats| stats.bytes_sent),
            received: each(|stats| stats.bytes_received),
            frames_received: each(|stats| stats.frames_received),
        })
    }

    /// Ends the session and both processes' part in it.
    fn end(self) -> Result<(), Failure> {
        drop(self.subject);
        self.peer.close("measured");
        self.server.end()
    }
}

/// What something costs on the wire.
#[derive(Clone, Copy, Debug)]
struct Cost {
    sent: usize,
    received: usize,
    frames_received: usize,
}

/// The bare carrier with its server.
struct BareOne {
    bare: Bare,
    server: Server,
}

impl BareOne {
    fn start(request_len: usize, replies: Replies) -> Result<Self, Failure> {
        let (server, socket) = Server::start("bare")?;
        Ok(Self { bare: Bare::new(socket, request_len, replies)?, server })
    }

    /// One that does in this many round trips what costs so much.
    fn of(cost: Cost, round_trips: usize) -> Result<Self, Failure> {
        let replies = Replies { len: cost.received.div_ceil(round_trips), count: 1 };
        Self::start(cost.sent.div_ceil(round_trips), replies)
    }

    fn end(self) -> Result<(), Failure> {
        drop(self.bare);
        self.server.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_tell_rows_apart_and_none_is_part_of_another() {
        let names: BTreeSet<_> = ROWS.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), ROWS.len());
        assert!(names.iter().all(|name| find(name).count() == 1), "{names:?}");
    }
}
