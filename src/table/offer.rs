//! An object as it is offered: what a table must know of it, asked for before any lock is taken.

use std::fmt;
use std::sync::Arc;

use crate::attenuation::Caretaker;
use crate::host::{Identity, Own};
use crate::policy::Grant;
use crate::shape::Shape;
use crate::value::{Ref, Value};

/// An object of ours as it is offered to a peer: asked for its identity and shape before any lock is taken.
#[derive(Clone)]
pub struct Offer {
    pub(crate) own: Own,
    pub(crate) identity: Identity,
    pub(crate) shape: Arc<Shape>,
    pub(crate) describes: Option<Arc<Shape>>,
    home: Home,
}

/// What an object is when it comes home.
#[derive(Clone)]
enum Home {
    /// Itself, or what it only stood for.
    Value(Value),
    /// What its caretaker says, at that time: until then its object can be let go.
    Attenuated(Arc<Caretaker>),
}

impl Offer {
    /// Asks the object what a peer must know of it.
    pub fn new(own: Own) -> Self {
        let caretaker = own.host().attenuated();
        // One that came home is passed on as what it was.
        let own = caretaker.as_ref().map_or(own.clone(), |caretaker| caretaker.own_with(own.grant()));
        let host = own.host();
        let (identity, shape, describes) = (host.identity(), host.shape(), host.describes());
        let home = match caretaker {
            Some(caretaker) => Home::Attenuated(caretaker),
            None => Home::Value(host.stands_for().unwrap_or_else(|| Value::Ref(Ref::Own(own.clone())))),
        };
        Self { own, identity, shape, describes, home }
    }

    /// What it is when it comes home: a host that only stands for something is that.
    pub(crate) fn home(&self) -> Value {
        match &self.home {
            Home::Value(value) => value.clone(),
            Home::Attenuated(caretaker) => caretaker.home(self.own.grant()),
        }
    }

    /// What tells it from all other entries.
    pub(crate) fn entry(&self) -> (Identity, Grant) {
        match &self.home {
            Home::Value(_) => (self.identity, self.own.grant()),
            Home::Attenuated(caretaker) => (Identity::of(&**caretaker), self.own.grant()),
        }
    }

    /// Whether calls on it are passed on to another side.
    pub(crate) fn is_passed_on(&self) -> bool {
        match &self.home {
            Home::Value(value) => matches!(value, Value::Ref(Ref::Remote(_))),
            Home::Attenuated(caretaker) => caretaker.is_remote(),
        }
    }
}

impl fmt::Debug for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Offer({})", self.shape.name())
    }
}
