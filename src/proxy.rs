//! The dynamic proxy: a remote object as a Rust program holds it when it knows no more than its shape.

use std::fmt;
use std::sync::Arc;

use crate::call::{CallBuilder, Callee};
use crate::convert::copied::{self, Copied};
use crate::convert::{FromValue, IntoArguments, IntoValue};
use crate::drive::{Hub, IDENTITY};
use crate::error::Error;
use crate::host::{Operation, Own};
use crate::hosts::contents_from_items;
use crate::peer::Peer;
use crate::promise::Promise;
use crate::shape::{Category, Shape};
use crate::stream::{Fetched, ItemStream};
use crate::typed::TypedProxy;
use crate::typed::code::Worn;
use crate::value::{Ref, Value};

/// An object, most often a remote one, with what can be asked of it. Cloning makes another proxy of the same object.
///
/// An object of this side that came home can be used the same way, and costs no message.
#[derive(Clone)]
pub struct Proxy {
    target: Ref,
    path: Vec<Arc<str>>,
}

impl Proxy {
    pub(crate) fn of(target: Ref) -> Self {
        Self { target, path: Vec::new() }
    }

    /// The attribute of this name, not read yet: a path costs no message of its own.
    #[must_use]
    pub fn at(&self, name: impl Into<Arc<str>>) -> Self {
        let mut at = self.clone();
        at.path.push(name.into());
        at
    }

    /// A call under construction.
    pub fn request(&self, operation: Operation) -> CallBuilder {
        CallBuilder::new(Callee::Object(self.target.clone()), operation).path(&self.path)
    }

    /// A call of a member under construction.
    pub fn method(&self, member: &str) -> CallBuilder {
        self.request(Operation::Call).member(member)
    }

    /// Calls a member and waits for its result: one message each way.
    ///
    /// # Errors
    /// What the object raised; [`Error::NoMember`], without asking, if its shape is closed and has none of this name;
    /// [`Error::Denied`], [`Error::Disconnected`].
    pub fn call(&self, member: &str, arguments: impl IntoArguments) -> Result<Value, Error> {
        self.method(member).args(arguments).send()
    }

    /// Calls a member and waits for nothing.
    ///
    /// # Errors
    /// Why the call could not be made.
    pub fn promise(&self, member: &str, arguments: impl IntoArguments) -> Result<Promise, Error> {
        self.method(member).args(arguments).promise()
    }

    /// Calls a member and wants no answer.
    ///
    /// # Errors
    /// Why the call could not be made.
    pub fn one_way(&self, member: &str, arguments: impl IntoArguments) -> Result<(), Error> {
        self.method(member).args(arguments).one_way()
    }

    /// Calls the object itself: a function, a class.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub fn invoke(&self, arguments: impl IntoArguments) -> Result<Value, Error> {
        self.request(Operation::Call).args(arguments).send()
    }

    /// Reads an attribute.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub fn get(&self, member: &str) -> Result<Value, Error> {
        self.request(Operation::Get).member(member).send()
    }

    /// Writes an attribute.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub fn set(&self, member: &str, value: impl IntoValue) -> Result<(), Error> {
        self.request(Operation::Set).member(member).args((value,)).send().map(|_| ())
    }

    /// Deletes an attribute.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub fn delete(&self, member: &str) -> Result<(), Error> {
        self.request(Operation::Delete).member(member).send().map(|_| ())
    }

    /// Reads the item at a key.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub fn index(&self, key: impl IntoValue) -> Result<Value, Error> {
        self.request(Operation::Index).args((key,)).send()
    }

    /// Writes the item at a key.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub fn set_index(&self, key: impl IntoValue, value: impl IntoValue) -> Result<(), Error> {
        self.request(Operation::SetIndex).args((key, value)).send().map(|_| ())
    }

    /// Deletes the item at a key.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub fn delete_index(&self, key: impl IntoValue) -> Result<(), Error> {
        self.request(Operation::DeleteIndex).args((key,)).send().map(|_| ())
    }

    /// Whether the object contains a value.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub fn contains(&self, value: impl IntoValue) -> Result<bool, Error> {
        self.request(Operation::Contains).args((value,)).send()?.to()
    }

    /// The length of the object.
    ///
    /// # Errors
    /// As for [`Self::call`].
    #[expect(clippy::len_without_is_empty, reason = "each would be a message; who wants both asks for the length")]
    pub fn len(&self) -> Result<u64, Error> {
        self.request(Operation::Length).send()?.to()
    }

    /// Compares the object with a value: `eq`, `ne`, `lt`, `le`, `gt` or `ge`. A container of this side is copied.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub fn compare(&self, how: &str, other: impl IntoValue) -> Result<bool, Error> {
        self.request(Operation::Compare).member(how).args((other,)).send()?.to()
    }

    /// A binary operator, by name: `add`, `radd`, `iadd` and so on. A container of this side is copied.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub fn binary(&self, operator: &str, other: impl IntoValue) -> Result<Value, Error> {
        self.request(Operation::Binary).member(operator).args((other,)).send()
    }

    /// The object as text: `repr`, `str` or `format`.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub fn text(&self, how: &str) -> Result<String, Error> {
        self.request(Operation::Text).member(how).send()?.to()
    }

    /// Names of the object's attributes: without asking if its shape is closed.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub fn dir(&self) -> Result<Vec<String>, Error> {
        let shape = self.shape();
        if self.path.is_empty() && shape.is_closed() && shape.category() != Category::Promise {
            return Ok(shape.member_names().iter().map(|name| name.to_string()).collect());
        }
        self.request(Operation::Dir).send()?.to()
    }

    /// Steps through the object. A container is moved whole, as it is at one moment; an iterator with effects is
    /// asked for one item at a time, when that is wanted.
    ///
    /// # Errors
    /// Why the call could not be made; what the object raises comes with the items.
    pub fn iterate(&self) -> Result<ItemStream, Error> {
        let (request, ahead) = self.stepping();
        let items = request.stream(ahead)?;
        if self.is_container() { skip_category(items) } else { Ok(items) }
    }

    /// The call by which it is stepped through, and how far it may run ahead.
    pub(crate) fn stepping(&self) -> (CallBuilder, u64) {
        match self.is_container() {
            true => (self.request(Operation::Whole), u64::MAX),
            false => (self.request(Operation::Iterate).credit(crate::limits::CREDIT_BYTES, 1), 1),
        }
    }

    /// Steps through an iterator, which may run ahead by this many items.
    ///
    /// # Errors
    /// As for [`Self::iterate`].
    pub fn buffered(&self, items: u64) -> Result<ItemStream, Error> {
        let items = items.max(1);
        self.request(Operation::Iterate).credit(crate::limits::CREDIT_BYTES, items).stream(items)
    }

    /// The contents of a container, copied whole at one moment; elements that are not copied values are references.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub fn fetch(&self) -> Result<Value, Error> {
        let items = self.request(Operation::Whole).stream(u64::MAX)?;
        contents_from_items(items.collect::<Result<Vec<_>, _>>()?)
    }

    /// As [`Self::fetch`], for a conversion, which copies no more than it may.
    pub(crate) fn fetch_within(&self, copied: &mut Copied) -> Result<Value, Error> {
        let max = self.copied_max();
        copied.container(max)?;
        let items = self.request(Operation::Whole).stream(u64::MAX)?;
        let items = items.map(|item| item.and_then(|item| copied.value(&item, max).map(|()| item)));
        contents_from_items(items.collect::<Result<Vec<_>, _>>()?)
    }

    /// How much of it, and of what it holds, a conversion may copy.
    pub(crate) fn copied_max(&self) -> u64 {
        let hub = match &self.target {
            Ref::Own(_) => None,
            Ref::Remote(handle) => Hub::of(handle),
        };
        copied::max(hub.as_ref().map(|hub| hub.node().limits()))
    }

    /// The elements of a container, each with these attributes brought along.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub fn fetch_with(&self, attributes: &[&str]) -> Result<Vec<Fetched>, Error> {
        let mut items = self.request(Operation::Whole).prefetch(attributes).stream(u64::MAX).and_then(skip_category)?;
        std::iter::from_fn(|| items.next_fetched()).collect()
    }

    pub(crate) fn is_container(&self) -> bool {
        use Category::{ByteArray, Dict, List, Set};
        self.path.is_empty() && matches!(self.shape().category(), List | Dict | Set | ByteArray)
    }

    /// The shape of the object's type: known, and asks nothing.
    pub fn shape(&self) -> Arc<Shape> {
        match &self.target {
            Ref::Own(own) => own.shape(),
            Ref::Remote(handle) => handle.shape(),
        }
    }

    /// For a class: the shape of its instances.
    pub fn describes(&self) -> Option<Arc<Shape>> {
        match &self.target {
            Ref::Own(own) => own.host().describes(),
            Ref::Remote(handle) => handle.describes(),
        }
    }

    /// Whether the object's type, a base or an interface has this name: a claim of its side, and asks nothing.
    pub fn is_a(&self, name: &str) -> bool {
        self.shape().is_a(name)
    }

    /// Whether both are the same object, reached by the same session.
    pub fn same(&self, other: &Self) -> bool {
        self.path == other.path && Value::Ref(self.target.clone()) == Value::Ref(other.target.clone())
    }

    /// Whether the object is of this side.
    pub fn is_own(&self) -> bool {
        matches!(self.target, Ref::Own(_))
    }

    /// The object that it leads to, past a caretaker of this side to the object of a peer's.
    fn behind(&self) -> Self {
        match &self.target {
            Ref::Own(own) => match own.host().attenuated().and_then(|caretaker| caretaker.handle()) {
                Some(handle) => Self { target: Ref::Remote(handle), path: self.path.clone() },
                None => self.clone(),
            },
            Ref::Remote(_) => self.clone(),
        }
    }

    pub(crate) fn has_path(&self) -> bool {
        !self.path.is_empty()
    }

    /// The reference that it wears; the path it may have is left out.
    pub fn reference(&self) -> &Ref {
        &self.target
    }

    /// The object, worn with this interface; it is looked at now, unless it is a promise, or an attribute that was not
    /// read yet ([`Self::at`]).
    ///
    /// # Errors
    /// [`Error::Convert`] lists everything that the interface asks for and the object's shape does not have.
    pub fn cast<P: TypedProxy>(&self) -> Result<P, Error> {
        Worn::of_proxy::<P>(self.clone()).map(P::wear)
    }

    /// The peer that the object lives at; `None` for an object of this side.
    pub fn peer(&self) -> Option<Peer> {
        match &self.target {
            Ref::Own(_) => None,
            Ref::Remote(handle) => Hub::of(handle).map(Peer::new),
        }
    }
}

/// Whether two proxies lead to the same object, by whatever sessions. Where their sessions differ, the object's own side
/// is asked, by a call for each.
///
/// # Errors
/// As for [`Proxy::call`].
pub fn same(one: &Proxy, other: &Proxy) -> Result<bool, Error> {
    if one.same(other) {
        return Ok(true);
    }
    let (one, other) = (one.behind(), other.behind());
    match (&one.target, &other.target) {
        (Ref::Own(_), Ref::Own(_)) => Ok(one.same(&other)),
        (Ref::Own(own), Ref::Remote(handle)) | (Ref::Remote(handle), Ref::Own(own)) => {
            let Some(hub) = Hub::of(handle) else { return Ok(false) };
            Ok(hub.node().token(own) == token(&Proxy::of(Ref::Remote(handle.clone())))?)
        }
        (Ref::Remote(a), Ref::Remote(b)) if a.session_number() == b.session_number() => Ok(one.same(&other)),
        _ => Ok(token(&one)? == token(&other)?),
    }
}

fn token(of: &Proxy) -> Result<Value, Error> {
    of.request(Operation::Noop).member(IDENTITY).send()
}

/// A whole fetch begins with the category of the container, which whoever steps through it does not want.
fn skip_category(mut items: ItemStream) -> Result<ItemStream, Error> {
    match items.next() {
        Some(Err(error)) => Err(error),
        _ => Ok(items),
    }
}

impl From<Ref> for Proxy {
    fn from(target: Ref) -> Self {
        Self::of(target)
    }
}

impl From<Own> for Proxy {
    fn from(own: Own) -> Self {
        Self::of(Ref::Own(own))
    }
}

impl From<Proxy> for Value {
    fn from(proxy: Proxy) -> Self {
        Value::Ref(proxy.target)
    }
}

impl From<&Proxy> for Value {
    fn from(proxy: &Proxy) -> Self {
        Value::Ref(proxy.target.clone())
    }
}

impl FromValue for Proxy {
    fn from_value(value: Value) -> Result<Self, Error> {
        match value {
            Value::Ref(target) => Ok(Self::of(target)),
            other => Err(Error::convert("an object", other.kind())),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", Value::Ref(self.target.clone()))?;
        self.path.iter().try_for_each(|name| write!(f, ".{name}"))
    }
}
