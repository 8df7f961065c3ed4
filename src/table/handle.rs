//! Claims on what a peer offered, and the ids they go by.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::forked::is_abandoned;
use crate::host::Own;
use crate::shape::Shape;

/// The id of a reference or an answer within one session: a number, and which side gave it.
///
/// Numbers are never reused in a session. Number 0 of either side is its table of exported names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(u64);

impl Id {
    /// Our own table of exported names.
    pub const OUR_NAMES: Id = Id(0);
    /// The peer's table of exported names.
    pub const THEIR_NAMES: Id = Id(1);

    /// The highest number: one bit of an id tells whose it is.
    pub(crate) const NUMBER_MAX: u64 = u64::MAX >> 1;

    /// The id with this number, given by us.
    pub fn ours(number: u64) -> Self {
        Id(number << 1)
    }

    /// The id with this number, given by the peer.
    pub fn theirs(number: u64) -> Self {
        Id(number << 1 | 1)
    }

    /// Whether we gave it.
    pub fn is_ours(self) -> bool {
        self.0 & 1 == 0
    }

    /// Its number, unique among the ids of its side.
    pub fn number(self) -> u64 {
        self.0 >> 1
    }

    /// The id as one number: twice its own, plus one if the peer gave it.
    pub fn to_bits(self) -> u64 {
        self.0
    }

    /// The id of such a number.
    pub fn from_bits(bits: u64) -> Self {
        Id(bits)
    }

    /// The same id as the other side sees it: every id is turned once, while it is decoded.
    #[must_use]
    pub fn turned(self) -> Self {
        Id(self.0 ^ 1)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.is_ours() { "our" } else { "their" }, self.number())
    }
}

/// Whoever a claim is held from: told when the last handle on an id is gone.
pub trait Origin: Any + Send + Sync {
    /// The last handle on this id was dropped. Called from `Drop`: it may note the id and nothing else.
    fn let_go(&self, id: Id);

    /// For getting back at the owner's own type.
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;

    /// A number that tells this session from all others of the process.
    fn session_number(&self) -> u64;

    /// What a claim is passed on as, if that grants less than the claim.
    #[doc(hidden)]
    fn passed_on_as(&self) -> Option<&Own> {
        None
    }
}

/// A claim that came home by an attenuated reference: it is held by way of the claim that was attenuated.
struct CameHome {
    handle: Handle,
    passed_on_as: Own,
}

impl Origin for CameHome {
    fn let_go(&self, _id: Id) {}

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self.handle.origin().as_any()
    }

    fn session_number(&self) -> u64 {
        self.handle.session_number()
    }

    fn passed_on_as(&self) -> Option<&Own> {
        Some(&self.passed_on_as)
    }
}

/// The present shape of a type that a peer described: a new revision replaces it for every handle at once.
pub(crate) type ShapeCell = Arc<RwLock<Arc<Shape>>>;

/// A claim on an object of a peer, or on an answer that a peer owes us. Cloning makes another handle on the same
/// claim; the peer is told, without waiting, after the last one is gone.
#[derive(Clone)]
pub struct Handle(Arc<Claim>);

struct Claim {
    id: Id,
    origin: Arc<dyn Origin>,
    shape: ShapeCell,
    describes: Option<ShapeCell>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        if is_abandoned(self.origin.session_number()) {
            // The last of its session must not end it: that is for the process that it is of.
            std::mem::forget(self.origin.clone());
        } else {
            self.origin.let_go(self.id);
        }
    }
}

/// A handle that does not keep the claim.
#[derive(Clone)]
pub(crate) struct WeakHandle(std::sync::Weak<Claim>);

impl WeakHandle {
    pub(crate) fn upgrade(&self) -> Option<Handle> {
        self.0.upgrade().map(Handle)
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.0.strong_count() == 0
    }
}

impl Handle {
    pub(crate) fn new(id: Id, origin: Arc<dyn Origin>, shape: ShapeCell, describes: Option<ShapeCell>) -> Self {
        Self(Arc::new(Claim { id, origin, shape, describes }))
    }

    /// Drops the handle unless it is the last on its claim: that one comes back, to be dropped where its owner may be told.
    pub(crate) fn if_last(self) -> Option<Self> {
        Arc::into_inner(self.0).map(|claim| Self(Arc::new(claim)))
    }

    /// A handle on the same claim that is passed on as this.
    pub(crate) fn to_pass_on_as(&self, passed_on_as: Own) -> Self {
        let origin = Arc::new(CameHome { handle: self.clone(), passed_on_as });
        Self::new(self.0.id, origin, self.0.shape.clone(), self.0.describes.clone())
    }

    /// What it is passed on as, if that grants less than the handle.
    pub(crate) fn passed_on_as(&self) -> Option<&Own> {
        self.0.origin.passed_on_as()
    }

    pub(crate) fn downgrade(&self) -> WeakHandle {
        WeakHandle(Arc::downgrade(&self.0))
    }

    /// The id of the claim in its session.
    pub fn id(&self) -> Id {
        self.0.id
    }

    /// Whether it is a claim on an answer, so that what it leads to may not be known yet.
    pub fn is_promise(&self) -> bool {
        self.0.id.is_ours()
    }

    /// The shape of the object's type, as last described.
    pub fn shape(&self) -> Arc<Shape> {
        self.0.shape.read().clone()
    }

    /// For a class: the shape of its instances.
    pub fn describes(&self) -> Option<Arc<Shape>> {
        self.0.describes.as_ref().map(|cell| cell.read().clone())
    }

    /// Whether both lead to the same object, or answer, by the same session.
    pub fn same(&self, other: &Self) -> bool {
        self.0.id == other.0.id && self.session_number() == other.session_number()
    }

    /// The number of the session it belongs to.
    pub fn session_number(&self) -> u64 {
        self.0.origin.session_number()
    }

    pub(crate) fn origin(&self) -> Arc<dyn Origin> {
        self.0.origin.clone()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_promise() {
            write!(f, "<promise {}>", self.0.id.number())
        } else {
            write!(f, "<remote {} {}>", self.shape().name(), self.0.id.number())
        }
    }
}
