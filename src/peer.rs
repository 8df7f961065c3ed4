//! A peer: the other side, as seen through one session.

use std::fmt;
use std::sync::{Arc, Weak};

use crate::batch::Batch;
use crate::call::{CallBuilder, Callee};
use crate::drive::{Hub, serving_hub};
use crate::error::Error;
use crate::host::Operation;
use crate::promise::Promise;
use crate::proxy::Proxy;
use crate::session::{EndReason, Session, Stats};
use crate::typed::{ROOT, TypedProxy};
use crate::value::Value;

/// The other side of a session. Cloning makes another reference to the same.
///
/// The session lives as long as anything refers to it: a peer, a proxy, a promise. [`Peer::close`] ends it at once.
#[derive(Clone)]
pub struct Peer(Arc<Hub>);

/// A reference to a [`Peer`] that does not keep the session.
#[derive(Clone)]
pub struct WeakPeer(Weak<Hub>);

impl WeakPeer {
    /// The peer, unless nothing else refers to the session any more.
    pub fn upgrade(&self) -> Option<Peer> {
        self.0.upgrade().map(Peer)
    }
}

impl fmt::Debug for WeakPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakPeer")
    }
}

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

    /// What the peer exports under a name: an object, or a value where the name stands for one that is copied.
    ///
    /// # Errors
    /// As for [`Self::get`].
    pub fn get_value(&self, name: &str) -> Result<Value, Error> {
        self.lookup(name).send()
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

    /// The peer whose call the present thread or task is serving, for code that no context is handed to: within a method,
    /// within what it calls on this side, and within a future that serves a call, whenever it is polled. While the method
    /// waits for a call of its own and a callback runs on its thread, the one whose callback that is. `None` outside of
    /// all calls.
    ///
    /// What a method hands to other threads or tasks of its own does not know: it is told by the method, or runs within
    /// [`CallContext::serve`](crate::context::CallContext::serve). As for
    /// [`CallContext::peer`](crate::context::CallContext::peer), the peer of a call that came through a middle is the
    /// middle, and whoever keeps it keeps the session.
    pub fn calling() -> Option<Self> {
        serving_hub().map(Self::new)
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

    /// A reference that does not keep the session.
    pub fn downgrade(&self) -> WeakPeer {
        WeakPeer(Arc::downgrade(&self.0))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Node;
    use crate::context::CallContext;
    use crate::drive::connect_simple;
    use crate::host::{Host, Outcome, Own, Request};
    use crate::hosts::Function;
    use crate::shape::{Category, Shape};
    use crate::transport::memory_pair;

    #[test]
    fn a_method_knows_whose_call_it_serves() {
        let server = Node::new();
        let who = Function::new("who", |_, context| {
            let told = [context.peer(), Peer::calling()].map(|peer| peer.map(|peer| peer.session_number()));
            let policy = Value::from(context.policy().map(|policy| policy.name().to_owned()));
            Ok(Value::tuple(told.map(Value::from).into_iter().chain([policy])))
        });
        let own = who.into_own();
        server.export("who", own.clone());
        let (near, far) = memory_pair();
        let serving = std::thread::spawn(move || {
            let peer = connect_simple(&server, far);
            peer.serve().map(|()| peer.session_number())
        });
        let peer = connect_simple(&Node::new(), near);
        let told = peer.get("who").unwrap().invoke(()).unwrap();
        peer.close("done");
        let number = Value::from(serving.join().unwrap().unwrap());
        assert_eq!(told, Value::tuple([number.clone(), number, Value::text("closed")]));
        let here = Proxy::from(crate::value::Ref::Own(own)).invoke(()).unwrap();
        assert_eq!(here, Value::tuple([Value::None, Value::None, Value::None]), "of this side");
    }

    /// Exported in the place of a value.
    struct Standing(Value);

    impl Host for Standing {
        fn shape(&self) -> Arc<Shape> {
            Arc::new(Shape::new("rust:test.Standing", Category::Instance))
        }

        fn operate(&self, _: Request, _: &CallContext) -> Outcome {
            Outcome::Value(Value::None)
        }

        fn stands_for(&self) -> Option<Value> {
            Some(self.0.clone())
        }
    }

    #[test]
    fn a_name_may_stand_for_a_value_or_another_object() {
        let server = Node::new();
        server.export("seven", Own::new(Standing(Value::Int(7))));
        let double = Function::typed("double", |n: i64| n * 2).into_own();
        server.export("double", Own::new(Standing(double.clone().into())));
        server.export("itself", double);
        let (near, far) = memory_pair();
        let serving = std::thread::spawn(move || connect_simple(&server, far).serve());
        let peer = connect_simple(&Node::new(), near);
        assert_eq!(peer.get_value("seven").unwrap(), Value::Int(7));
        assert!(matches!(peer.get("seven"), Err(Error::Convert(_))));
        let double = peer.get("double").unwrap();
        assert_eq!(double.invoke((4,)).unwrap(), Value::Int(8));
        assert!(double.same(&peer.get("itself").unwrap()));
        peer.close("done");
        serving.join().unwrap().unwrap();
    }
}
