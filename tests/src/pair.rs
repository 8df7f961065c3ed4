//! Two nodes and a session between them: driven by hand on invented time, or by two threads.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use wherever::clock::ManualClock;
use wherever::drive::{Manual, connect_simple};
use wherever::policy::Policy;
use wherever::transport::memory_pair;
use wherever::{Node, Peer};

/// Two nodes in one thread, each with its side of a session, on one clock that is turned by hand.
pub struct Pair {
    /// The clock of both.
    pub clock: Arc<ManualClock>,
    /// One side.
    pub left: Manual,
    /// The other side.
    pub right: Manual,
}

/// A node on a clock that is turned by hand.
pub fn node(clock: &Arc<ManualClock>, policy: Policy) -> Node {
    Node::builder().clock(clock.clone()).policy(policy).build()
}

impl Pair {
    /// A session between these nodes.
    pub fn of(clock: &Arc<ManualClock>, left: &Node, right: &Node) -> Self {
        Self { clock: clock.clone(), left: Manual::new(left, 1 << 20), right: Manual::new(right, 1 << 20) }
    }

    /// Moves all frames that are ready, both ways, without running any job; whether there were any.
    pub fn carry(&self) -> bool {
        let mut moved = false;
        for (from, to) in [(&self.left, &self.right), (&self.right, &self.left)] {
            while let Some(frame) = from.take_frame() {
                to.put_frame(&frame);
                moved = true;
            }
        }
        moved
    }

    /// Moves frames and runs jobs, in the order in which they came, until nothing is left to do.
    pub fn settle(&self) {
        while self.carry() || self.left.run_job(0) || self.right.run_job(0) {}
    }

    /// Turns the clock by a tick and lets what is due leave.
    pub fn tick(&self) {
        self.clock.advance(Duration::from_millis(5));
        self.settle();
    }
}

/// A session driven by two threads: the present one calls, another serves until the session is over.
pub struct Served {
    /// The calling side's view.
    pub peer: Peer,
    server: Option<JoinHandle<wherever::Stats>>,
}

impl Served {
    /// Connects a client node to a server node, each on the simple driver.
    pub fn start(client: &Node, server: &Node) -> Self {
        let (near, far) = memory_pair();
        let server = server.clone();
        let thread = std::thread::Builder::new()
            .stack_size(8 << 20)
            .spawn(move || {
                let peer = connect_simple(&server, far);
                peer.serve().unwrap();
                peer.stats()
            })
            .unwrap();
        Self { peer: connect_simple(client, near), server: Some(thread) }
    }

    /// Closes the session and gives the server's last counters.
    pub fn close(mut self) -> wherever::Stats {
        self.peer.close("done");
        self.server.take().unwrap().join().unwrap()
    }
}
