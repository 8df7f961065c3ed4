//! The boundary between the core and a runtime: all that the core knows of an object, and of whoever runs it.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

use crate::attenuation::Caretaker;
use crate::context::CallContext;
use crate::error::Error;
use crate::policy::Grant;
use crate::shape::Shape;
use crate::value::Value;

/// What can be asked of an object. The set is closed; its codes are part of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[non_exhaustive]
pub enum Operation {
    /// Answer with the object itself, or with what an answer holds.
    Noop = 0,
    /// Call a member, or the object itself if no member is named.
    Call = 1,
    /// Read an attribute.
    Get = 2,
    /// Write an attribute.
    Set = 3,
    /// Delete an attribute.
    Delete = 4,
    /// Read the item at a key.
    Index = 5,
    /// Write the item at a key.
    SetIndex = 6,
    /// Delete the item at a key.
    DeleteIndex = 7,
    /// Whether it contains a value.
    Contains = 8,
    /// Its length.
    Length = 9,
    /// Step through it: a stream of items.
    Iterate = 10,
    /// Its contents, copied at one moment: a stream of items.
    Whole = 11,
    /// Compare with a value; the member is one of `eq`, `ne`, `lt`, `le`, `gt`, `ge`.
    Compare = 12,
    /// A binary operator; the member names it (`add`, `radd`, `iadd`).
    Binary = 13,
    /// A unary operator; the member names it (`neg`, `int`).
    Unary = 14,
    /// A text for people; the member says which (`repr`, `str`, `format`).
    Text = 15,
    /// Its hash.
    Hash = 16,
    /// Whether it counts as true.
    Truth = 17,
    /// The names of its attributes; for exported names, the names.
    Dir = 18,
    /// Answered when every one-way call that arrived before it has ended; only of the table of exported names.
    Fence = 19,
}

impl Operation {
    /// All operations, in the order of their codes.
    pub const ALL: [Operation; 20] = [
        Operation::Noop,
        Operation::Call,
        Operation::Get,
        Operation::Set,
        Operation::Delete,
        Operation::Index,
        Operation::SetIndex,
        Operation::DeleteIndex,
        Operation::Contains,
        Operation::Length,
        Operation::Iterate,
        Operation::Whole,
        Operation::Compare,
        Operation::Binary,
        Operation::Unary,
        Operation::Text,
        Operation::Hash,
        Operation::Truth,
        Operation::Dir,
        Operation::Fence,
    ];

    /// The operation with this code, if there is one.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// Whether it can change the object, or run code that can: what a read-only grant refuses.
    pub fn may_write(self) -> bool {
        matches!(
            self,
            Operation::Call
                | Operation::Set
                | Operation::Delete
                | Operation::SetIndex
                | Operation::DeleteIndex
                | Operation::Binary
        )
    }

    /// Whether it is about a member; a call is, if it names one.
    pub(crate) fn is_about_member(self, named: bool) -> bool {
        matches!(self, Operation::Get | Operation::Set | Operation::Delete) || (self == Operation::Call && named)
    }

    /// Whether a local container that stands as its operand is copied, deeply.
    pub fn takes_operands(self) -> bool {
        matches!(self, Operation::Compare | Operation::Binary)
    }
}

/// One operation asked of an object.
#[derive(Clone, Debug)]
pub struct Request {
    /// What to do.
    pub operation: Operation,
    /// The member it is about, where the operation has one.
    pub member: Option<Arc<str>>,
    /// Its arguments.
    pub arguments: Arguments,
}

/// The arguments of a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arguments {
    /// Arguments by position.
    pub positional: Vec<Value>,
    /// Arguments by name, in the order written.
    pub named: Vec<(Arc<str>, Value)>,
}

impl Request {
    /// A request without member and arguments.
    pub fn new(operation: Operation) -> Self {
        Self { operation, member: None, arguments: Arguments::default() }
    }

    /// A request about a member.
    pub fn member(operation: Operation, member: impl Into<Arc<str>>) -> Self {
        Self { operation, member: Some(member.into()), arguments: Arguments::default() }
    }

    /// The request with these arguments.
    #[must_use]
    pub fn with(self, arguments: impl Into<Arguments>) -> Self {
        Self { arguments: arguments.into(), ..self }
    }

    /// The member's name; empty if there is none.
    pub fn member_name(&self) -> &str {
        self.member.as_deref().unwrap_or_default()
    }
}

impl From<Vec<Value>> for Arguments {
    fn from(positional: Vec<Value>) -> Self {
        Self { positional, named: Vec::new() }
    }
}

/// What an object made of a request.
#[non_exhaustive]
pub enum Outcome {
    /// Done, with this result.
    Value(Value),
    /// Failed.
    Error(Error),
    /// Items that come one by one.
    Stream(Box<dyn ValueStream>),
    /// Not yet: the host keeps [`CallContext::reply`] and settles it later, perhaps after marking it suspended.
    Later,
}

impl From<Result<Value, Error>> for Outcome {
    fn from(result: Result<Value, Error>) -> Self {
        match result {
            Ok(value) => Outcome::Value(value),
            Err(error) => Outcome::Error(error),
        }
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Value(value) => f.debug_tuple("Value").field(value).finish(),
            Outcome::Error(error) => f.debug_tuple("Error").field(error).finish(),
            Outcome::Stream(_) => f.write_str("Stream"),
            Outcome::Later => f.write_str("Later"),
        }
    }
}

/// Items that come one by one. Dropped when the receiver wants no more, or has them all.
pub trait ValueStream: Send {
    /// The next item. Called only when the receiver has given credit for it, so nothing runs ahead of the receiver.
    fn next(&mut self) -> Step;
}

/// What a stream has to say when asked for its next item.
#[derive(Debug)]
#[non_exhaustive]
pub enum Step {
    /// One item.
    Item(Value),
    /// There are no more.
    End,
    /// The stream failed; there are no more.
    Failed(Error),
    /// Nothing yet: the stream is asked again after [`crate::context::Reply::resume`].
    Later,
}

/// An object that a peer may use: all that the core knows of it.
///
/// Its methods are called without any lock of the core held. An object that needs exclusion brings its own.
pub trait Host: Send + Sync + 'static {
    /// The shape of the object's type. Instances of one type give clones of one `Arc`.
    fn shape(&self) -> Arc<Shape>;

    /// Does what is asked. The policy has already let the request pass. A panic becomes an error for this caller.
    fn operate(&self, request: Request, context: &CallContext) -> Outcome;

    /// The contents, copied at this moment, as [`Value::List`], [`Value::Dict`], [`Value::Set`] or
    /// [`Value::ByteArray`]; elements that are not copied values are references.
    fn whole(&self) -> Result<Value, Error> {
        Err(Error::not_supported(&self.shape(), Operation::Whole))
    }

    /// As [`Self::whole`], for a call: an object whose contents come later says so, and settles the call with them.
    fn whole_for(&self, context: &CallContext) -> Outcome {
        let _ = context;
        self.whole().into()
    }

    /// What tells this object from every other one alive; two hosts for one object give the same. It must not change
    /// while the host is held. The default is the host's own address, right wherever a host is the object.
    fn identity(&self) -> Identity {
        Identity::of(self)
    }

    /// For an object that is a class: the shape of its instances, so that a peer can tie the two together.
    fn describes(&self) -> Option<Arc<Shape>> {
        None
    }

    /// For a host that only stands for something: a proxy of another session that was passed on, a value that the peer
    /// could not take. It comes home as that.
    fn stands_for(&self) -> Option<Value> {
        None
    }

    /// For a reference that grants less than its object does; all other hosts leave it alone.
    #[doc(hidden)]
    fn attenuated(&self) -> Option<Arc<Caretaker>> {
        None
    }

    /// The host as its own type, for whoever made it; `None` keeps it opaque.
    fn as_any(&self) -> Option<&dyn Any> {
        None
    }
}

/// What tells an object from every other one alive on this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    space: TypeId,
    key: (usize, u64),
}

impl Identity {
    /// The identity of an object by its address.
    pub fn of<T: ?Sized + 'static>(object: &T) -> Self {
        Self { space: TypeId::of::<T>(), key: (std::ptr::from_ref(object).cast::<()>() as usize, 0) }
    }

    /// The identity of what stands for an id of a session.
    pub(crate) fn of_pair<Space: 'static>(session: u64, id: u64) -> Self {
        Self { space: TypeId::of::<Space>(), key: (session as usize, id) }
    }

    /// The identity of an object that a runtime knows by a number; `Space` keeps the numbers of runtimes apart.
    pub fn keyed<Space: 'static>(key: usize) -> Self {
        Self { space: TypeId::of::<Space>(), key: (key, 0) }
    }
}

/// An object of this side as a value: the host, and what passing it grants.
#[derive(Clone)]
pub struct Own {
    host: Arc<dyn Host>,
    grant: Grant,
}

impl Own {
    /// A reference to this object that grants what passing an object of its category grants.
    pub fn new<H: Host>(host: H) -> Self {
        Self::from_arc(Arc::new(host))
    }

    /// As [`Self::new`], for an object that is shared.
    pub fn from_arc(host: Arc<dyn Host>) -> Self {
        Self { host, grant: Grant::Passed }
    }

    /// A reference to this object that grants this.
    pub(crate) fn with_grant(host: Arc<dyn Host>, grant: Grant) -> Self {
        Self { host, grant }
    }

    /// What tells this reference from every other in the tables of a session: an attenuated one is an entry of its own.
    pub(crate) fn entry(&self) -> (Identity, Grant) {
        let identity = match self.host.attenuated() {
            Some(caretaker) => Identity::of(&*caretaker),
            None => self.host.identity(),
        };
        (identity, self.grant)
    }

    /// A reference to the same object through which nothing can be changed. [`crate::attenuation::Attenuation`] has more
    /// of the kind, for objects of peers too.
    #[must_use]
    pub fn read_only(&self) -> Self {
        Self { host: self.host.clone(), grant: Grant::ReadOnly }
    }

    /// The object.
    pub fn host(&self) -> &Arc<dyn Host> {
        &self.host
    }

    /// What passing this reference grants.
    pub fn grant(&self) -> Grant {
        self.grant
    }

    /// The shape of the object's type.
    pub fn shape(&self) -> Arc<Shape> {
        self.host.shape()
    }

    /// Whether both are references to the very same object.
    pub fn same(&self, other: &Self) -> bool {
        self.host.identity() == other.host.identity()
    }

    /// The object as the type that its maker gave it, if it is one.
    pub fn downcast<T: Any>(&self) -> Option<&T> {
        self.host.as_any().and_then(|any| any.downcast_ref())
    }
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Own({})", self.shape().name())
    }
}

/// What lets one language's objects take part.
///
/// The core moves [`Value`]s and asks [`Host`]s; a runtime turns its own objects into these and back. The core knows
/// none of them: nothing of it changes when one is added.
pub trait Runtime: Send + Sync + 'static {
    /// The runtime's own form of a value.
    type Object;

    /// The runtime's name, as its shapes' names begin and as the peer is told.
    fn name(&self) -> &str;

    /// The value types that it can take, by name and version, as the peer is told.
    fn value_types(&self) -> Vec<(Arc<str>, u32)> {
        Vec::new()
    }

    /// A value from the peer, as the runtime's own: a stand-in for a remote object, the object itself for its own.
    fn incoming(&self, value: Value) -> Result<Self::Object, Error>;

    /// The runtime's own value for the peer: a copy, or a host.
    fn outgoing(&self, object: &Self::Object) -> Result<Value, Error>;

    /// An error from the peer, as the runtime raises it.
    fn incoming_error(&self, error: Error) -> Self::Object;

    /// What the runtime raised, for the peer.
    fn outgoing_error(&self, raised: &Self::Object) -> Error;

    /// Runs one job of a chain on the present thread, with whatever the runtime needs around its code.
    fn run(&self, job: &mut dyn FnMut()) {
        job();
    }
}
