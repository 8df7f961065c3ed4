//! Attenuation: references that grant less than their object does, for a time, until they are revoked.
//!
//! Whoever holds a reference can do with its object what the object's side allows every peer. An *attenuated* reference
//! allows less: reading only, some members only, until a moment only; and whoever gave it can revoke it. What stands
//! between the reference and the object is a *caretaker*, after Redell's of 1974: the giver keeps the means to revoke,
//! the holder has the reference and cannot tell the object from it by using it. The pattern, and why it needs neither
//! the object's help nor a list of who may do what, is in M. S. Miller, "Robust Composition" (2006), chapters 9 and 17.
//!
//! ```
//! use wherever::attenuation::Attenuation;
//! use wherever::hosts::Dict;
//! use wherever::{Node, Operation};
//!
//! let node = Node::new();
//! let settings = Dict::new();
//! let (reading, revoker) = Attenuation::of(&settings.to_own())
//!     .operations(&[Operation::Index, Operation::Length])
//!     .read_only()
//!     .lease(&node, std::time::Duration::from_secs(3600))
//!     .give()?;
//! node.export("settings", reading);
//! // Later, at once, for whoever holds it:
//! revoker.revoke();
//! # Ok::<(), wherever::Error>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, reason = "a test that finds something else has failed"))]

mod caretaker;
mod home;
mod life;
mod log;
mod remote;
mod rules;
mod sealing;
mod told;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use caretaker::Admitted;
pub use caretaker::Caretaker;
pub(crate) use log::Logged;
pub use log::{Access, Stage};
pub(crate) use sealing::{Passage, Sealing};

use crate::error::Error;
use crate::host::{Operation, Own};
use crate::node::Node;
use crate::proxy::Proxy;
use crate::table::Handle;
use crate::typed::{Object, TypedProxy};
use crate::value::{Ref, Value};
use life::{Lease, Life};
use log::Log;
use rules::Rules;

/// What is a reference, or holds one, and can be attenuated: an object of this side, or one of a peer's.
pub trait AsReference {
    /// The reference.
    ///
    /// # Errors
    /// Why there is none.
    fn as_reference(&self) -> Result<Ref, Error>;
}

/// An attenuated reference under construction: begun by [`Attenuation::of`], made by [`Attenuation::give`].
///
/// What it grants is what the object's side grants anyway, and of that only what every word said here lets through; so
/// attenuating what is attenuated narrows it further, and nothing widens it. With no word said it grants all of it, until
/// it is revoked.
///
/// The reference is an entry of its own in the tables of a session, with a shape of its own where there is an allow-list,
/// so that a list of names tells the truth; a peer that has the bare object too has two proxies. It is of the object all
/// the same: its calls have the order of calls on the object, by another session it is the [same](crate::same), and when
/// a peer sends it back, what arrives is the object, to be used freely on this side; passed on from there, it is what it
/// was. A peer that passes it on passes on what it has.
///
/// It is no membrane: results are not attenuated, and an object that hands out itself, or what it consists of, hands out
/// more than the reference grants. One thing is looked after: a function that is read from it (a bound method, most of
/// all) is under the same caretaker, with its revocation, lease and log.
#[must_use = "nothing is attenuated before `give`"]
pub struct Attenuation {
    object: Result<Ref, Error>,
    rules: Rules,
    lease: Option<(Lease, Duration)>,
    log: Option<Log>,
}

impl Attenuation {
    /// Begins an attenuated reference to the object of this one, which may be of this side or of a peer's: for one of a
    /// peer's, this side is the middle, and its caretaker is here.
    pub fn of(object: &impl AsReference) -> Self {
        Self { object: object.as_reference(), rules: Rules::default(), lease: None, log: None }
    }

    /// Only what changes nothing, as far as the object's shape tells: attributes can be read, methods that are marked as
    /// reading can be called, containers can be looked at.
    pub fn read_only(mut self) -> Self {
        self.rules.read_only = true;
        self
    }

    /// Only these members, methods and attributes, by an allow-list. Said again, these as well.
    ///
    /// With an allow-list, operations that are no members (an index, a length, a comparison, a call of the object itself)
    /// are refused unless [`Self::operations`] names them. What tells of the reference and not of the object is left: the
    /// text `repr`, which gives the type's name, and the list of names.
    pub fn only<N: Into<Arc<str>>>(mut self, members: impl IntoIterator<Item = N>) -> Self {
        self.rules.allowed().members.extend(members.into_iter().map(Into::into));
        self
    }

    /// Only these operations beside those on members, by the same allow-list as [`Self::only`]: without that, no member
    /// at all.
    pub fn operations(mut self, operations: &[Operation]) -> Self {
        let allowed = self.rules.allowed();
        allowed.operations = operations.iter().fold(allowed.operations, |all, operation| all.with(*operation));
        self
    }

    /// For so long by the node's clock, from [`Self::give`] on; then every use is refused until the [`Revoker`] renews
    /// it. The object is held meanwhile, and until the reference is revoked or let go.
    pub fn lease(mut self, node: &Node, time: Duration) -> Self {
        self.lease = Some((Lease::new(node.clock()), time));
        self
    }

    /// With a log: told of every use before it begins, and when it has ended or failed; of one that is refused here, too.
    /// It is told where the use is served, with no lock held, and should be quick; its panic is its own affair.
    pub fn logged(mut self, log: impl Fn(&Access) + Send + Sync + 'static) -> Self {
        self.log = Some(Log::new(log));
        self
    }

    /// The reference, and what revokes it.
    ///
    /// # Errors
    /// [`Error::Convert`] if what was given to [`Self::of`] is no reference; [`Error::Misuse`] if it is a promise, or a
    /// path that was not read; [`Error::TooDeep`] if it was attenuated too often already.
    pub fn give(self) -> Result<(Own, Revoker), Error> {
        let Self { object, rules, lease, log } = self;
        let life = Life::new(lease);
        let caretaker = Caretaker::of(object?, rules, log, &life)?;
        Ok((caretaker.own(), Revoker(life)))
    }
}

impl fmt::Debug for Attenuation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attenuation").field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// What revokes an attenuated reference, and renews its lease. Clones are for the same reference. Dropping it revokes
/// nothing, and it does not keep the object.
#[derive(Clone)]
pub struct Revoker(Arc<Life>);

impl Revoker {
    /// Revokes the reference, at once and for good: every later operation through it is [`Error::Denied`] by the policy
    /// `revoked`, for whoever holds it. What it held of the object is let go before this returns. A call that has begun
    /// goes on, a stream too.
    pub fn revoke(&self) {
        self.0.revoke();
    }

    /// Whether it was revoked.
    pub fn is_revoked(&self) -> bool {
        self.0.is_revoked()
    }

    /// Lets the lease last for so long from now on, by its clock, whether it has run out or not.
    ///
    /// # Errors
    /// [`Error::Misuse`] if the reference has no lease, or was revoked.
    pub fn renew(&self, time: Duration) -> Result<(), Error> {
        self.0.renew(time)
    }

    /// What is left of the lease: nothing if it has run out, or if the reference was revoked. `None` if there is none, and
    /// the reference lasts until it is revoked.
    pub fn left(&self) -> Option<Duration> {
        self.0.left()
    }
}

impl fmt::Debug for Revoker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revoker").field("revoked", &self.is_revoked()).field("left", &self.left()).finish()
    }
}

impl AsReference for Own {
    fn as_reference(&self) -> Result<Ref, Error> {
        // What came home is the object for this side; what it may be given away as is what it was.
        Ok(Ref::Own(match self.host().attenuated() {
            Some(caretaker) => caretaker.own_with(self.grant()),
            None => self.clone(),
        }))
    }
}

impl AsReference for Handle {
    fn as_reference(&self) -> Result<Ref, Error> {
        if self.is_promise() {
            let text = "a promise is no reference yet: wait for it, and attenuate what has come";
            return Err(Error::Misuse(text.into()));
        }
        Ok(self.passed_on_as().map_or_else(|| Ref::Remote(self.clone()), |own| Ref::Own(own.clone())))
    }
}

impl<P: TypedProxy> AsReference for P {
    fn as_reference(&self) -> Result<Ref, Error> {
        self.proxy().as_reference()
    }
}

impl<T: Object + ?Sized> AsReference for Arc<T> {
    fn as_reference(&self) -> Result<Ref, Error> {
        T::to_reference(self).as_reference()
    }
}

impl AsReference for Ref {
    fn as_reference(&self) -> Result<Ref, Error> {
        match self {
            Ref::Own(own) => own.as_reference(),
            Ref::Remote(handle) => handle.as_reference(),
        }
    }
}

impl AsReference for Value {
    fn as_reference(&self) -> Result<Ref, Error> {
        match self {
            Value::Ref(reference) => reference.as_reference(),
            other => Err(Error::convert("a reference to attenuate", other.kind())),
        }
    }
}

impl AsReference for Proxy {
    fn as_reference(&self) -> Result<Ref, Error> {
        if self.has_path() {
            let text = "a path is no reference yet: read the attribute, and attenuate what that gives";
            return Err(Error::Misuse(text.into()));
        }
        self.reference().as_reference()
    }
}
