//! Sessions on tokio: any stream of bytes as carrier, no thread for each, calls of peers on tasks.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use wherever::hosts::Function;
//! use wherever::{Node, Operation, Value};
//! use wherever_transports::tokio::connect;
//!
//! let server = Node::new();
//! let double = Function::asynchronous("double", |mut arguments, _context| async move {
//!     let number: i64 = arguments.take(0, "number")?;
//!     tokio::task::yield_now().await;
//!     Ok(Value::Int(number * 2))
//! });
//! server.export("double", double.into_own());
//! let (near, far) = tokio::io::duplex(1024);
//! let serving = connect(&server, far);
//!
//! let peer = connect(&Node::new(), near);
//! let double = peer.get_later("double").await?;
//! assert_eq!(double.request(Operation::Call).args((21,)).await?, Value::Int(42));
//! drop(serving);
//! # Ok(())
//! # }
//! ```

mod net;

use std::fmt::{self, Write as _};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::Handle;
use wherever::drive::{Spawn, Task, Tasks};
use wherever::transport::FRAMED_LEN_MAX;
use wherever::{Node, Peer};

use crate::pump::{Pipe, run};
#[cfg(unix)]
pub use net::connect_url;
pub use net::{Listen, serve};

/// Connects a node to a peer by a stream of bytes, on the runtime that the present thread is in.
///
/// Calls of the peer's run on tasks of the runtime; each task of the runtime is a lane by itself. The session lives as
/// long as something refers to it: whoever only serves waits for [`Peer::over`].
///
/// # Panics
/// Outside of a runtime, as [`tokio::spawn`] does.
pub fn connect<S>(node: &Node, stream: S) -> Peer
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    connect_on(&Handle::current(), node, stream)
}

/// As [`connect`], on this runtime.
pub fn connect_on<S>(runtime: &Handle, node: &Node, stream: S) -> Peer
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (peer, tasks) = Tasks::new(node, FRAMED_LEN_MAX, OnTokio(runtime.clone()));
    runtime.spawn(run(tasks, Stream(stream)));
    peer
}

struct OnTokio(Handle);

impl Spawn for OnTokio {
    fn spawn(&self, task: Task) {
        self.0.spawn(task);
    }

    fn present_task(&self) -> Option<u64> {
        // Its text is all that tokio tells of it.
        let mut number = Number(0);
        write!(number, "{}", tokio::task::try_id()?).ok().map(|()| number.0)
    }
}

/// Reads a number as it is written.
struct Number(u64);

impl fmt::Write for Number {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            let digit = char::from(byte).to_digit(10).ok_or(fmt::Error)?;
            self.0 = self.0.wrapping_mul(10).wrapping_add(u64::from(digit));
        }
        Ok(())
    }
}

/// A stream of tokio's kind.
struct Stream<S>(S);

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Pipe for Stream<S> {
    fn poll_read(&mut self, context: &mut Context<'_>, bytes: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut bytes = ReadBuf::new(bytes);
        ready!(Pin::new(&mut self.0).poll_read(context, &mut bytes))?;
        Poll::Ready(Ok(bytes.filled().len()))
    }

    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(context, bytes)
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_it_is_written() {
        let mut number = Number(0);
        write!(number, "{}", u64::MAX - 1).unwrap();
        assert_eq!(number.0, u64::MAX - 1);
        assert!(write!(number, "x").is_err());
    }
}
