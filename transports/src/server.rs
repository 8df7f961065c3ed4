//! Serving by URL: whoever connects gets a session with the node.

mod accept;
mod listener;
mod stop;
mod table;

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::{Condvar, Mutex};
use wherever::{Node, Peer};

use crate::server::listener::{Listener, Source};
use crate::server::table::Table;
pub use crate::server::table::{ServerLimits, ServerStats};
use crate::stdio;
use crate::url::{Url, UrlError};
use crate::wake::Wake;

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The URL says nothing, or not enough.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// One cannot be connected to by a URL of this form.
    #[error("nobody can be served at {url}: that is for connecting")]
    NotListening {
        /// Where.
        url: String,
    },
    /// Somebody serves there already.
    #[error("somebody serves at {url} already")]
    InUse {
        /// Where.
        url: String,
    },
    /// What is there is no socket, and is left alone.
    #[error("{} is there already, and is no socket", path.display())]
    NotASocket {
        /// Where.
        path: PathBuf,
    },
    /// Others than this machine could connect, and nothing keeps anybody out.
    #[error(
        "{url} would let everybody in who reaches {address}: over TCP nothing is encrypted and nobody is asked who they \
         are; serve at a loopback address or a Unix socket, or put `?insecure` behind the URL"
    )]
    Insecure {
        /// Where.
        url: String,
        /// The address that others reach.
        address: IpAddr,
    },
    /// The system has another reason.
    #[error("nothing can be served at {url}: {error}")]
    Failed {
        /// Where.
        url: String,
        /// What the system says.
        #[source]
        error: io::Error,
    },
}

/// Serves a node to whoever connects, until it is stopped or dropped.
///
/// Connections are taken by a thread that waits for no peer. Each is refused, with a word for its caller, if it is one
/// too many; has to say within a time that it speaks this protocol; and is then a session of its own.
pub struct Server {
    shared: Arc<Shared>,
    acceptor: Mutex<Option<JoinHandle<()>>>,
    url: String,
}

/// What the threads of a server share.
struct Shared {
    node: Node,
    limits: ServerLimits,
    table: Mutex<Table>,
    /// Somebody has gone.
    changed: Condvar,
    /// Tells the accepting thread to stop.
    wake: Wake,
}

impl Shared {
    /// Takes a connection out of the table; whether it was there.
    fn remove(&self, number: u64) -> bool {
        // Bound, so that it is dropped after the lock.
        let removed = self.table.lock().remove(number);
        self.changed.notify_all();
        removed.is_some()
    }
}

/// Serves a node at a URL, with the default limits.
///
/// | URL | |
/// |---|---|
/// | `unix:///path` | a Unix socket that only its owner, and root, can open. One that was left behind is taken over; one that somebody serves at is not. Its file goes with the server |
/// | `tcp://host:port` | TCP; port 0 is any free one, which [`Server::url`] tells. Beyond loopback, `?insecure` must stand behind it: nothing is encrypted, and everybody is let in |
/// | `stdio:` | one session over this process's own standard input and output |
///
/// # Errors
/// What is wrong, by kind; each error's text says where, and what to do.
pub fn serve(node: &Node, url: &str) -> Result<Server, ServeError> {
    serve_with(node, url, ServerLimits::default())
}

/// As [`serve`], with these limits.
///
/// # Errors
/// As [`serve`].
pub fn serve_with(node: &Node, url: &str, limits: ServerLimits) -> Result<Server, ServeError> {
    let url = Url::parse(url)?;
    let failed = |error| ServeError::Failed { url: url.to_string(), error };
    let wake = Wake::new().map_err(failed)?;
    let shared =
        Arc::new(Shared { node: node.clone(), limits, table: Mutex::default(), changed: Condvar::new(), wake });
    if url == Url::Stdio {
        let carrier = stdio().map_err(failed)?;
        // Whoever started this process may take its time.
        accept::start(&shared, Source::Local, Arc::new(carrier), None).map_err(failed)?;
        return Ok(Server { shared, acceptor: Mutex::new(None), url: url.to_string() });
    }
    let listener = Listener::open(&url)?;
    let told = listener.url().to_owned();
    shared.table.lock().listening = true;
    let accepting = {
        let shared = shared.clone();
        move || accept::accept_all(&shared, &listener)
    };
    let acceptor = thread::Builder::new().name("wherever-accept".into()).spawn(accepting).map_err(failed)?;
    Ok(Server { shared, acceptor: Mutex::new(Some(acceptor)), url: told })
}

impl Server {
    /// The URL to connect to, with the port that was taken.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What the server has done, and what it holds.
    pub fn stats(&self) -> ServerStats {
        self.shared.table.lock().stats()
    }

    /// The peers that are connected.
    pub fn peers(&self) -> Vec<Peer> {
        self.shared.table.lock().peers()
    }

    /// Waits until nobody is connected and nobody can connect any more: until the server was stopped, or, of `stdio:`,
    /// until the session is over.
    pub fn wait(&self) {
        let mut table = self.shared.table.lock();
        while table.listening || !table.is_empty() {
            self.shared.changed.wait(&mut table);
        }
    }
}
