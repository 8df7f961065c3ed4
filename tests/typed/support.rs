//! Two sides in one process, and what several tests look at.

use wherever::transport::memory_pair;
use wherever::{Error, Node, Peer};

/// Two nodes, each seen by the other as a peer. While it lives, both sessions do.
pub(crate) struct Sides {
    pub(crate) server: Node,
    /// The server, as the client sees it.
    pub(crate) peer: Peer,
    /// The client, as the server sees it.
    pub(crate) back: Peer,
}

impl Sides {
    /// Two plain nodes.
    pub(crate) fn new() -> Self {
        Self::of(Node::new(), &Node::new())
    }

    /// These nodes.
    pub(crate) fn of(server: Node, client: &Node) -> Self {
        let (near, far) = memory_pair();
        let back = wherever::connect(&server, far);
        let peer = wherever::connect(client, near);
        Self { server, peer, back }
    }

    /// Sees that both sides hold nothing of each other. Releases leave with the next call; calls go each way in turn, a few
    /// times, since what one side lets go may hold something of the other's.
    pub(crate) fn assert_idle(&self) {
        for _ in 0..16 {
            for peer in [&self.peer, &self.back] {
                assert!(matches!(peer.get("no such name"), Err(Error::NotFound(_))));
            }
            if self.peer.stats().is_idle() && self.back.stats().is_idle() {
                return;
            }
        }
        panic!("{:#?}\n{:#?}", self.peer.stats(), self.back.stats());
    }
}

impl Drop for Sides {
    fn drop(&mut self) {
        self.peer.close("the test is over");
    }
}
