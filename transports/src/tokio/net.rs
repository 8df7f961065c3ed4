//! Sockets on tokio: connecting by URL, and an accept loop.

use std::future::{Future, poll_fn};
use std::io;
use std::sync::Arc;
use std::task::{Poll, Waker};

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};
use wherever::{Node, Peer};

use super::connect;
#[cfg(unix)]
use crate::{ConnectError, url::Url};

/// Connects a node to the peer at a URL, `unix:///path` or `tcp://host:port`.
///
/// Whether the peer speaks this protocol shows with the first call, which says so if it does not.
///
/// # Errors
/// What is wrong, by kind. Children and standard streams are for [`crate::connect`], or for [`connect`] with a stream of
/// one's own.
#[cfg(unix)]
pub async fn connect_url(node: &Node, url: &str) -> Result<Peer, ConnectError> {
    let url = Url::parse(url)?;
    let connected = match &url {
        Url::Unix(path) => UnixStream::connect(path).await.map(|stream| connect(node, stream)),
        Url::Tcp { host, port, .. } => match TcpStream::connect((host.as_str(), *port)).await {
            Ok(stream) => stream.set_nodelay(true).map(|()| connect(node, stream)),
            Err(error) => Err(error),
        },
        Url::Exec(_) | Url::Stdio => {
            let text = "an async session goes over a Unix socket, TCP, or a stream of the caller's";
            Err(io::Error::new(io::ErrorKind::Unsupported, text))
        }
    };
    connected.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ConnectError::NotFound { url: url.to_string(), error },
        io::ErrorKind::ConnectionRefused => ConnectError::Refused { url: url.to_string(), error },
        _ => ConnectError::Failed { url: url.to_string(), error },
    })
}

/// What connections come from.
pub trait Listen: Send {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// Waits for the next connection. Nothing is lost if the wait is dropped.
    fn accept(&mut self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Listen for TcpListener {
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<TcpStream> {
        let (stream, _) = TcpListener::accept(self).await?;
        // It fails where the other side is gone already, which ends that session and not the listener.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }
}

#[cfg(unix)]
impl Listen for UnixListener {
    type Stream = UnixStream;

    async fn accept(&mut self) -> io::Result<UnixStream> {
        UnixListener::accept(self).await.map(|(stream, _)| stream)
    }
}

/// Serves a node to whoever connects, so many sessions at once, until the future is dropped; sessions that are under way
/// then go on. Beyond that many, connections wait to be taken.
///
/// # Errors
/// What the system says when no connection can be taken, of itself and not of the one who connects.
pub async fn serve(node: &Node, mut listener: impl Listen, sessions_max: usize) -> io::Result<()> {
    let sessions = Arc::new(Sessions::default());
    loop {
        sessions.room(sessions_max).await;
        match listener.accept().await {
            Ok(stream) => {
                let (peer, place) = (connect(node, stream), sessions.take());
                tokio::spawn(async move {
                    peer.over().await;
                    drop(place);
                });
            }
            // One who went away before it was taken.
            Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) => {
            }
            Err(error) => return Err(error),
        }
    }
}

/// How many sessions are served.
#[derive(Default)]
struct Sessions(Mutex<(usize, Option<Waker>)>);

/// The place of one session.
struct Place(Arc<Sessions>);

impl Sessions {
    fn take(self: &Arc<Self>) -> Place {
        self.0.lock().0 += 1;
        Place(self.clone())
    }

    /// Waits until there are less.
    fn room(&self, max: usize) -> impl Future<Output = ()> {
        poll_fn(move |context| {
            let mut sessions = self.0.lock();
            if sessions.0 < max {
                return Poll::Ready(());
            }
            sessions.1 = Some(context.waker().clone());
            Poll::Pending
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let waker = {
            let mut sessions = self.0.0.lock();
            sessions.0 -= 1;
            sessions.1.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }
}
