//! Connecting by URL.

use std::io;
use std::net::ToSocketAddrs;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use wherever::{Node, Peer, Transport};

use crate::greeting::{Carrier, NoGreeting, greet};
use crate::url::{Url, UrlError};
use crate::{Child, Socket, stdio};

/// Time that a server has for its preface.
const GREETING_TIME: Duration = Duration::from_secs(30);

/// Time that a child process has for ending by itself, once its session is over.
const LINGER_TIME: Duration = Duration::from_secs(5);

/// Why there is no peer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL says nothing, or not enough.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// Nobody is there: no socket file, no such host, no such program.
    #[error("nothing is at {url}: {error}")]
    NotFound {
        /// Where.
        url: String,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// Nobody listens there.
    #[error("{url} refused the connection: nobody listens there")]
    Refused {
        /// Where.
        url: String,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// This side may not connect there, or the system has another reason.
    #[error("no connection to {url}: {error}")]
    Failed {
        /// Where.
        url: String,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// The other side speaks something else.
    #[error("{url} is something else: {words}")]
    Stranger {
        /// Where.
        url: String,
        /// What it said.
        words: String,
    },
    /// The other side speaks this protocol, in a version or a way that this side cannot.
    #[error("{url} and this side do not fit: {words}")]
    Incompatible {
        /// Where.
        url: String,
        /// What does not fit.
        words: String,
    },
    /// The other side was connected to and has said nothing.
    #[error("{url} has said nothing in {time:?}")]
    Silent {
        /// Where.
        url: String,
        /// How long it was waited for.
        time: Duration,
    },
    /// The other side ended the connection before it had said what it speaks.
    #[error("{url} ended before it said what it speaks: {error}")]
    Lost {
        /// Where.
        url: String,
        /// What is known of the end.
        #[source]
        error: io::Error,
    },
}

/// Connects a node to the peer at a URL, and waits until the peer has said that it speaks this protocol. That costs no
/// message, since each side says so by itself.
///
/// | URL | |
/// |---|---|
/// | `unix:///path` | a Unix socket; the path is taken as it stands |
/// | `tcp://host:port` | TCP; an IPv6 address stands in brackets. Nothing is encrypted |
/// | `exec:program arguments` | a child process, by its standard input and output. No shell is involved; blanks separate arguments, quotes and backslashes keep them together as in a shell, and what only a shell could do is an error |
/// | `stdio:` | this process's own standard input and output, of which the parent holds the other end |
///
/// A child process has a few seconds for ending by itself when its session is over, and is killed then. It may ask its
/// user for something first, as `ssh` does: it is waited for without end.
///
/// # Errors
/// What is wrong, by kind; each error's text says where, and what to do.
pub fn connect(node: &Node, url: &str) -> Result<Peer, ConnectError> {
    let url = Url::parse(url)?;
    match &url {
        Url::Unix(path) => open(node, &url, Socket::connect_unix(path), Some(GREETING_TIME)),
        Url::Tcp { host, port, .. } => open(node, &url, connect_tcp(host, *port), Some(GREETING_TIME)),
        Url::Exec(words) => {
            let (program, arguments) = words.split_first().map_or(("", &[][..]), |(first, rest)| (first, rest));
            let mut command = Command::new(program);
            command.args(arguments);
            open(node, &url, Child::spawn(command), None)
        }
        Url::Stdio => open(node, &url, stdio(), None),
    }
}

/// As [`connect`] to `exec:` does, with a command of one's own, with its folder and environment: starts the program and
/// connects to it by its standard input and output. Its standard error goes where the command says.
///
/// # Errors
/// As [`connect`].
pub fn connect_command(node: &Node, command: Command) -> Result<Peer, ConnectError> {
    let url = Url::Exec(vec![command.get_program().to_string_lossy().into_owned()]);
    open(node, &url, Child::spawn(command), None)
}

fn connect_tcp(host: &str, port: u16) -> io::Result<Socket> {
    if port == 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "port 0 is for serving at any free port"));
    }
    let addresses: Vec<_> = (host, port).to_socket_addrs()?.collect();
    Socket::connect_tcp(&addresses)
}

/// A carrier that may have to be ended in its own way.
trait Ending: Carrier + Sized {
    /// What is dropped when the session is over.
    fn ending(&self) -> Box<dyn Send> {
        Box::new(())
    }
}

impl Ending for Socket {}

impl Ending for crate::Stdio {}

impl Ending for Child {
    fn ending(&self) -> Box<dyn Send> {
        Box::new(Lingering(Some(self.clone())))
    }
}

/// A child process that is left alone for a while when this is dropped.
struct Lingering(Option<Child>);

impl Drop for Lingering {
    fn drop(&mut self) {
        let Some(child) = self.0.take() else { return };
        child.close();
        let linger = move || {
            if child.wait_for(LINGER_TIME).is_none() {
                // Dropping the child is not enough where a thread still receives from it. It fails if it has ended.
                let _ = child.kill();
                child.wait_for(LINGER_TIME);
            }
        };
        // Nobody waits for that. If there can be no thread, it is dropped here and now.
        let _ = thread::Builder::new().name("wherever-linger".into()).spawn(linger);
    }
}

fn open<T: Ending>(
    node: &Node,
    url: &Url,
    connected: io::Result<T>,
    time: Option<Duration>,
) -> Result<Peer, ConnectError> {
    let place = || url.to_string();
    let carrier = connected.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ConnectError::NotFound { url: place(), error },
        io::ErrorKind::ConnectionRefused => ConnectError::Refused { url: place(), error },
        _ => ConnectError::Failed { url: place(), error },
    })?;
    let greeted = greet(node, &carrier, time).map_err(|error| {
        carrier.close();
        match error {
            NoGreeting::Stranger(words) => ConnectError::Stranger { url: place(), words },
            NoGreeting::Incompatible(words) => ConnectError::Incompatible { url: place(), words },
            NoGreeting::Silent(time) => ConnectError::Silent { url: place(), time },
            NoGreeting::Lost(error) => ConnectError::Lost { url: place(), error },
        }
    })?;
    let ending = carrier.ending();
    Ok(drive(node, greeted.carrier(Arc::new(carrier), ending)))
}

/// The one place that chooses a driver.
pub(crate) fn drive(node: &Node, carrier: impl Transport) -> Peer {
    wherever::connect(node, carrier)
}
