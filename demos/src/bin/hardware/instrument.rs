//! The instrument as both sides know it: what can be done with it, what is told of it, and what can go wrong.

use std::fmt;
use std::io;
use std::sync::Arc;

use wherever::{DeclaredError, Error, Node, ValueType};

/// What there is to know of the instrument.
#[derive(Clone, Debug, PartialEq, ValueType)]
pub(crate) struct Status {
    pub(crate) position: i64,
    pub(crate) temperature: f64,
    pub(crate) locked_by: Option<String>,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "position {}, {:.1} degrees, ", self.position, self.temperature)?;
        match &self.locked_by {
            Some(who) => write!(f, "locked by {who}"),
            None => write!(f, "free"),
        }
    }
}

/// Why the instrument did not do what it was asked.
#[derive(Debug, thiserror::Error, DeclaredError)]
pub(crate) enum Fault {
    #[error("{by} has locked the instrument")]
    Locked { by: String },
    #[error("this lease is over")]
    Over,
    #[error("the device does not do it: {0}")]
    Device(String),
    #[error(transparent)]
    #[wherever(remote)]
    Remote(Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Fault::Device(error.to_string())
    }
}

/// A device that moves, and has a temperature.
#[wherever::interface("org.example.Instrument/1")]
pub(crate) trait Instrument {
    fn read(&self) -> Result<Status, Fault>;

    /// Moves the device, unless somebody has locked it.
    fn move_to(&self, position: i64) -> Result<Status, Fault>;

    /// Locks the instrument for so many seconds: only by the lease can it be moved then.
    fn lock(&self, who: &str, seconds: u64) -> Result<Arc<dyn Lease>, Fault>;

    /// Tells a watcher of all that changes from now on.
    fn watch(&self, watcher: Arc<dyn Watcher>) -> Result<(), Fault>;
}

/// The right to move a locked instrument. It is over with its time, when it is given back, or when its holder is gone.
#[wherever::interface("org.example.Lease/1")]
pub(crate) trait Lease {
    fn move_to(&self, position: i64) -> Result<Status, Fault>;
    fn give_back(&self) -> Result<Status, Fault>;
}

/// Told of what changes. The instrument does not wait for it, so that a slow watcher holds up nobody.
#[wherever::interface("org.example.Watcher/1")]
pub(crate) trait Watcher {
    #[wherever(one_way)]
    fn changed(&self, status: Status) -> Result<(), Error>;
}

/// A node that knows what crosses by copy.
pub(crate) fn node() -> Node {
    Node::builder().value_type::<Status>().build()
}
