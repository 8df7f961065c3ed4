//! Sessions on tasks: our side of it, and the bare carrier on the same runtime.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;
use wherever::Node;
use wherever_transports::tokio::{connect, serve as serve_all};

use crate::figures::Failure;
use crate::ours::node;

/// A runtime of one thread: what is measured is the driver, and not how threads share work.
pub(crate) fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// The socket on tokio; within a runtime.
pub(crate) fn stream(socket: UnixStream) -> io::Result<tokio::net::UnixStream> {
    socket.set_nonblocking(true)?;
    tokio::net::UnixStream::from_std(socket)
}

/// A session over a connected socket; within a runtime.
pub(crate) fn session(node: &Node, socket: UnixStream) -> io::Result<wherever::Peer> {
    Ok(connect(node, stream(socket)?))
}

/// Serves one session until it is over.
pub(crate) fn serve(socket: UnixStream) -> Result<(), Failure> {
    runtime()?.block_on(async {
        let peer = session(&node(), socket)?;
        peer.over().await;
        Ok(())
    })
}

/// Serves this many sessions at most to whoever connects, until the process is ended.
pub(crate) fn serve_many(listener: OwnedFd, sessions: usize) -> Result<(), Failure> {
    runtime()?.block_on(async {
        let listener = UnixListener::from(listener);
        listener.set_nonblocking(true)?;
        Ok(serve_all(&node(), tokio::net::UnixListener::from_std(listener)?, sessions).await?)
    })
}

/// The bare carrier: frames behind their length, on the same runtime, by the best plain code.
pub(crate) struct Bare {
    stream: tokio::net::UnixStream,
    request: Vec<u8>,
    buffer: Vec<u8>,
}

impl Bare {
    /// Sends frames of this length; the other side answers with what it was first told to.
    pub(crate) async fn new(socket: UnixStream, request_len: usize, reply_len: usize) -> io::Result<Self> {
        let mut bare = Self { stream: stream(socket)?, request: framed(request_len), buffer: Vec::new() };
        bare.stream.write_all(&framed(reply_len)).await?;
        recv(&mut bare.stream, &mut bare.buffer).await?;
        Ok(bare)
    }

    pub(crate) async fn round_trips(&mut self, times: usize) -> io::Result<()> {
        for _ in 0..times {
            self.stream.write_all(&self.request).await?;
            if !recv(&mut self.stream, &mut self.buffer).await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }
}

/// Answers each frame with one as long as the first was, until the stream ends.
pub(crate) fn serve_bare(socket: UnixStream) -> Result<(), Failure> {
    runtime()?.block_on(async {
        let (mut stream, mut buffer) = (stream(socket)?, Vec::new());
        recv(&mut stream, &mut buffer).await?;
        let reply = framed(buffer.len() - 4);
        // The first is answered too, so that every frame comes alone.
        stream.write_all(&reply).await?;
        while recv(&mut stream, &mut buffer).await? {
            stream.write_all(&reply).await?;
        }
        Ok(())
    })
}

fn framed(len: usize) -> Vec<u8> {
    let mut frame = (len as u32).to_le_bytes().to_vec();
    frame.resize(4 + len, 0x5A);
    frame
}

/// Waits for one frame, which comes alone: one read where it is short. False at the end of the stream.
async fn recv(stream: &mut tokio::net::UnixStream, buffer: &mut Vec<u8>) -> io::Result<bool> {
    buffer.clear();
    loop {
        if let Some((len, rest)) = buffer.split_first_chunk()
            && rest.len() >= u32::from_le_bytes(*len) as usize
        {
            return Ok(true);
        }
        buffer.reserve(8 << 10);
        if stream.read_buf(buffer).await? == 0 {
            return Ok(false);
        }
    }
}
