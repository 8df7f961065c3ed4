//! Sessions on any executor, over streams of the `futures-io` kind.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use wherever::drive::{Spawn, Tasks};
use wherever::transport::FRAMED_LEN_MAX;
use wherever::{Node, Peer};

use crate::pump::{Pipe, run};

/// Connects a node to a peer by a stream of bytes, on the executor that `spawn` starts tasks on: one moves the frames,
/// and calls of the peer's run on others.
///
/// Tasks that share a thread share a lane, unless they are polled in one of their own: see
/// [`wherever::drive::Lane::of_task`]. The session lives as long as something refers to it: whoever only serves waits for
/// [`Peer::over`].
pub fn connect<S>(node: &Node, stream: S, spawn: impl Spawn + Clone) -> Peer
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (peer, tasks) = Tasks::new(node, FRAMED_LEN_MAX, spawn.clone());
    spawn.spawn(Box::pin(run(tasks, Stream(stream))));
    peer
}

/// A stream of the `futures-io` kind.
struct Stream<S>(S);

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Pipe for Stream<S> {
    fn poll_read(&mut self, context: &mut Context<'_>, bytes: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_read(context, bytes)
    }

    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(context, bytes)
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(context)
    }
}
