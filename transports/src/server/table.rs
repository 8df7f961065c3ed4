//! The connections of a server: who is connected, how far each has come, and what was refused.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use wherever::{Peer, Transport};

use crate::server::listener::Source;

/// The ceilings of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerLimits {
    /// Connections at once. Stops a crowd that takes all descriptors.
    pub connections_max: usize,
    /// Connections at once from one source: a user on a Unix socket; by TCP an address, or a network of IPv6. Stops one
    /// caller that takes all places.
    pub source_connections_max: usize,
    /// Connections at once that have not said what they speak. One more ends the oldest of them. Stops callers that
    /// connect and say nothing.
    pub half_open_max: usize,
    /// Time for saying that. Stops callers that say it for ever.
    pub greeting_time: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections_max: 2048,
            source_connections_max: 256,
            half_open_max: 64,
            greeting_time: Duration::from_secs(10),
        }
    }
}

/// What a server has done, and what it holds. Taken by [`crate::Server::stats`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerStats {
    /// Connections taken, those refused not among them.
    pub accepted: u64,
    /// Of them, those that became sessions.
    pub sessions: u64,
    /// Connections refused because there were too many.
    pub refused_full: u64,
    /// Connections refused because there were too many from the same source.
    pub refused_source: u64,
    /// Connections refused because of the user they came from.
    pub refused_user: u64,
    /// Connections ended, being the oldest that had not said what they speak, when there were too many of these.
    pub evicted: u64,
    /// Connections ended because they spoke something else, nothing, or another version.
    pub strangers: u64,
    /// Times that the system had no descriptor or thread for a connection.
    pub starved: u64,
    /// Connections at present.
    pub connections: u64,
    /// Of them, those that have not said what they speak.
    pub half_open: u64,
}

/// Why a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Full,
    Source,
    User,
    Stopping,
}

impl Refusal {
    /// What the caller is told.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Refusal::Full => "the server has too many connections",
            Refusal::Source => "the server has too many connections from the same source",
            Refusal::User => "the server is for another user",
            Refusal::Stopping => "the server stops",
        }
    }
}

/// One connection.
pub(crate) struct Connection {
    source: Source,
    pub(crate) carrier: Arc<dyn Transport>,
    /// None until a moment after it has said what it speaks.
    peer: Option<Peer>,
}

/// All of them.
#[derive(Default)]
pub(crate) struct Table {
    connections: BTreeMap<u64, Connection>,
    /// In the order in which they came.
    half_open: BTreeSet<u64>,
    sources: HashMap<Source, usize>,
    next: u64,
    /// Connections may still come.
    pub(crate) listening: bool,
    /// No new ones are taken.
    pub(crate) stopping: bool,
    /// Those that are there are being closed.
    pub(crate) closing: bool,
    pub(crate) counts: ServerStats,
}

impl Table {
    /// Whether there is room for one more, of this source; if not, that is counted.
    pub(crate) fn check(&mut self, limits: &ServerLimits, source: &Source) -> Result<(), Refusal> {
        let from_there = self.sources.get(source).copied().unwrap_or_default();
        let refusal = match () {
            () if self.stopping => Refusal::Stopping,
            () if self.connections.len() >= limits.connections_max => Refusal::Full,
            () if from_there >= limits.source_connections_max => Refusal::Source,
            () => return Ok(()),
        };
        self.count(refusal);
        Err(refusal)
    }

    pub(crate) fn count(&mut self, refusal: Refusal) {
        match refusal {
            Refusal::Full => self.counts.refused_full += 1,
            Refusal::Source => self.counts.refused_source += 1,
            Refusal::User => self.counts.refused_user += 1,
            Refusal::Stopping => {}
        }
    }

    /// Enters a connection that has said nothing yet.
    pub(crate) fn enter(&mut self, source: Source, carrier: Arc<dyn Transport>) -> u64 {
        self.next += 1;
        self.counts.accepted += 1;
        *self.sources.entry(source.clone()).or_default() += 1;
        self.half_open.insert(self.next);
        self.connections.insert(self.next, Connection { source, carrier, peer: None });
        self.next
    }

    /// Takes out the oldest of those that have said nothing, if there are too many.
    pub(crate) fn evict(&mut self, limits: &ServerLimits) -> Option<Connection> {
        if self.half_open.len() <= limits.half_open_max {
            return None;
        }
        let oldest = *self.half_open.first()?;
        self.counts.evicted += 1;
        self.remove(oldest)
    }

    /// Notes that a connection has said what it speaks; whether it still stands.
    pub(crate) fn greeted(&mut self, number: u64) -> bool {
        let stands = self.half_open.remove(&number);
        self.counts.sessions += u64::from(stands);
        stands
    }

    /// Notes the session of a connection, unless that is over already; whether it may go on.
    pub(crate) fn open(&mut self, number: u64, peer: &Peer) -> bool {
        if let Some(connection) = self.connections.get_mut(&number) {
            connection.peer = Some(peer.clone());
        }
        !self.closing
    }

    pub(crate) fn remove(&mut self, number: u64) -> Option<Connection> {
        let connection = self.connections.remove(&number)?;
        self.half_open.remove(&number);
        if let Some(count) = self.sources.get_mut(&connection.source) {
            *count -= 1;
            if *count == 0 {
                self.sources.remove(&connection.source);
            }
        }
        Some(connection)
    }

    /// Takes out all that have said nothing.
    pub(crate) fn remove_half_open(&mut self) -> Vec<Connection> {
        let numbers = std::mem::take(&mut self.half_open);
        numbers.into_iter().filter_map(|number| self.remove(number)).collect()
    }

    /// Takes out all.
    pub(crate) fn remove_all(&mut self) -> Vec<Connection> {
        self.half_open.clear();
        self.sources.clear();
        std::mem::take(&mut self.connections).into_values().collect()
    }

    pub(crate) fn peers(&self) -> Vec<Peer> {
        self.connections.values().filter_map(|connection| connection.peer.clone()).collect()
    }

    /// Whether a session begins just now.
    pub(crate) fn is_opening(&self) -> bool {
        let has_none =
            |(number, connection): (&u64, &Connection)| connection.peer.is_none() && !self.half_open.contains(number);
        self.connections.iter().any(has_none)
    }

    /// Nobody is connected.
    pub(crate) fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    pub(crate) fn stats(&self) -> ServerStats {
        ServerStats {
            connections: self.connections.len() as u64,
            half_open: self.half_open.len() as u64,
            ..self.counts
        }
    }
}
