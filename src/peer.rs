//! A peer: the other side, as seen through one session.

use std::fmt;
use std::sync::Arc;

use crate::batch::Batch;
use crate::call::{CallBuilder, Callee};
use crate::drive::Hub;
use crate::error::Error;
use crate::host::Operation;
use crate::promise::Promise;
use crate::proxy::Proxy;
use crate::session::{EndReason, Session, Stats};
use crate::typed::{ROOT, TypedProxy};

/// The other side of a session. Cloning makes another reference to the same.
///
/// The session lives as long as anything refers to it: a peer, a proxy, a promise. [`Peer::close`] ends it at once.
#[derive(Clone)]
pub struct Peer(Arc<Hub>);

impl Peer {
    pub(crate) fn new(hub: Arc<Hub>) -> Self {
        Self(hub)
    }

    /// The object that the peer exports under a name.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none.
    pub fn get(&self, name: &str) -> Result<Proxy, Error> {
        self.lookup(name).send()?.to()
    }

    /// The object that the peer exports under a name, worn with an interface.
    ///
    /// # Errors
    /// As for [`Self::get`] and [`Proxy::cast`].
    pub fn get_as<P: TypedProxy>(&self, name: &str) -> Result<P, Error> {
        self.get(name)?.cast()
    }

    /// The object that the peer is for, worn with its interface; see [`Node::export_root`](crate::Node::export_root).
    ///
    /// # Errors
    /// As for [`Self::get_as`].
    pub fn root<P: TypedProxy>(&self) -> Result<P, Error> {
        self.get_as(ROOT)
    }

    /// As [`Self::get`], without waiting: calls may be made on the promise at once.
    ///
    /// # Errors
    /// If the session is over.
    pub fn promise(&self, name: &str) -> Result<Promise, Error> {
        self.lookup(name).promise()
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.0
    }

    pub(crate) fn lookup(&self, name: &str) -> CallBuilder {
        CallBuilder::new(Callee::Names(self.0.clone()), Operation::Get).member(name)
    }

    /// The names that the peer exports objects under.
    ///
    /// # Errors
    /// If the session is over.
    pub fn names(&self) -> Result<Vec<String>, Error> {
        CallBuilder::new(Callee::Names(self.0.clone()), Operation::Dir).send()?.to()
    }

    /// Opens a batch: promises and one-way calls that this thread makes of this peer leave together when the batch is
    /// sent or dropped, or at 32 KiB, or when the thread waits.
    #[must_use]
    pub fn batch(&self) -> Batch {
        Batch::open(&self.0)
    }

    /// What the session has done and what it holds.
    pub fn stats(&self) -> Stats {
        self.0.with(|session| session.stats())
    }

    /// The name of the peer's runtime; empty until its first frame has come.
    pub fn runtime(&self) -> Arc<str> {
        self.0.with(|session| session.terms().runtime.clone())
    }

    /// The number that tells this session from all others of the process.
    pub fn session_number(&self) -> u64 {
        self.0.number()
    }

    /// Takes the tick: what is due leaves; what has arrived is served, if the carrier can tell without waiting.
    ///
    /// # Errors
    /// [`Error::Misuse`] if another thread is driving.
    pub fn poll(&self) -> Result<(), Error> {
        self.0.driver().poll(&self.0)
    }

    /// Serves the peer until the session is over.
    ///
    /// # Errors
    /// [`Error::Misuse`] if another thread is driving.
    pub fn serve(&self) -> Result<(), Error> {
        self.0.driver().serve(&self.0)
    }

    /// Ends the session: what is queued is sent, every pending call of either side fails, every object is released.
    pub fn close(&self, reason: &str) {
        self.0.with(|session| session.close(reason));
        self.0.kick();
    }

    /// Why the session is over, if it is.
    pub fn ended(&self) -> Option<EndReason> {
        self.0.with(|session| Session::ended(session).cloned())
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Peer({}, {:?})", self.0.number(), self.runtime())
    }
}
