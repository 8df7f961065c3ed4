//! The end of a server: nobody new, then what runs, then everybody.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use wherever::{Peer, Transport};

use crate::server::table::{Connection, Refusal};
use crate::server::{Server, Shared};

/// How often running calls are looked at: no event tells when the last one has ended.
const LOOK: Duration = Duration::from_millis(5);

/// Time for telling all peers that the server stops. A peer that does not read may use it up.
const CLOSE_TIME: Duration = Duration::from_secs(1);

/// Peers that are told at once, so that one that does not read holds up few others.
const CLOSERS: usize = 8;

impl Server {
    /// Stops the server in order. At once nobody can connect any more. Calls that run have this time for ending; then
    /// every session is closed, and this returns. Calls that come meanwhile are still served.
    ///
    /// A call that is served must not stop its own server with time for itself: it would wait for itself that long.
    pub fn stop(&self, grace: Duration) {
        let shared = &self.shared;
        self.stop_listening();
        let until = Instant::now() + grace;
        let mut table = shared.table.lock();
        while parking_lot::MutexGuard::unlocked(&mut table, || shared.is_busy()) && Instant::now() < until {
            shared.changed.wait_for(&mut table, LOOK);
        }
        drop(table);
        shared.close_all();
    }

    fn stop_listening(&self) {
        self.shared.table.lock().stopping = true;
        self.shared.wake.wake();
        if let Some(acceptor) = self.acceptor.lock().take() {
            // It fails if the thread has panicked, and is over all the same.
            let _ = acceptor.join();
        }
        let half_open = {
            let mut table = self.shared.table.lock();
            table.listening = false;
            table.remove_half_open()
        };
        half_open.iter().for_each(|connection| connection.carrier.close());
        self.shared.changed.notify_all();
    }
}

impl Shared {
    /// Whether calls of peers run, or wait to.
    fn is_busy(&self) -> bool {
        let (peers, is_opening) = {
            let table = self.table.lock();
            (table.peers(), table.is_opening())
        };
        is_opening || peers.iter().map(Peer::stats).any(|stats| stats.answers > stats.answers_kept)
    }

    /// Closes every session, and cuts off whoever is still there after a time.
    fn close_all(&self) {
        let peers = {
            let mut table = self.table.lock();
            table.closing = true;
            table.peers()
        };
        let closers = CLOSERS.min(peers.len());
        let peers: Arc<Mutex<VecDeque<Peer>>> = Arc::new(Mutex::new(peers.into()));
        for _ in 0..closers {
            let peers = peers.clone();
            let close = move || {
                while let Some(peer) = { peers.lock().pop_front() } {
                    peer.close(Refusal::Stopping.words());
                }
            };
            // Where there can be no thread, all are cut off.
            let _ = thread::Builder::new().name("wherever-close".into()).spawn(close);
        }
        let until = Instant::now() + CLOSE_TIME;
        let mut table = self.table.lock();
        while !table.is_empty() && !self.changed.wait_until(&mut table, until).timed_out() {}
        let left: Vec<Connection> = table.remove_all();
        drop(table);
        self.changed.notify_all();
        left.iter().for_each(|connection| Transport::close(&*connection.carrier));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop(Duration::ZERO);
    }
}
