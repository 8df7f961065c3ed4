//! Two sides in one process, and what several tests look at.

use wherever::transport::memory_pair;
use wherever::{Node, Peer};

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
}

impl Drop for Sides {
    fn drop(&mut self) {
        self.peer.close("the test is over");
    }
}
