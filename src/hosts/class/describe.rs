//! One way to describe members for both ways of holding a value: as it is, or by turns.

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::context::CallContext;
use crate::error::Error;
use crate::host::Arguments;
use crate::hosts::called::CodePlace;
use crate::hosts::class::ClassBuilder;
use crate::hosts::turned::{Exclusive, Shared, Turned};
use crate::shape::Member;
use crate::value::Value;

/// What is told where code stands, for the errors that come through it.
pub trait Places: Sized {
    /// Where the function of this name in Rust stands; see [`ClassBuilder::placed`].
    #[must_use]
    fn placed(self, name: &'static str, place: CodePlace) -> Self;

    /// Its name for peers; see [`ClassBuilder::known_as`].
    #[must_use]
    fn known_as(self, name: &'static str, for_peers: &'static str) -> Self;
}

impl<T: Send + Sync + 'static> Places for ClassBuilder<T> {
    fn placed(self, name: &'static str, place: CodePlace) -> Self {
        ClassBuilder::placed(self, name, place)
    }

    fn known_as(self, name: &'static str, for_peers: &'static str) -> Self {
        ClassBuilder::known_as(self, name, for_peers)
    }
}

/// What describes members of a `T` that are used on `&`: the builder of a class of `T`, and that of a class of
/// [`Turned<T>`].
///
/// The generated code of `#[interface]` and `#[export]` is written against it.
pub trait Describe<T>: Places {
    /// The value, as an asynchronous method holds it.
    type Shared: Deref<Target = T> + Send + Sync + 'static;

    /// A method that gives its result when it returns.
    #[must_use]
    fn shared<F>(self, member: Member, code: F) -> Self
    where
        F: Fn(&T, Arguments, &CallContext) -> Result<Value, Error> + Send + Sync + 'static;

    /// A method that is a future.
    #[must_use]
    fn shared_async<F, C>(self, member: Member, code: F) -> Self
    where
        F: Fn(Self::Shared, Arguments, CallContext) -> C + Send + Sync + 'static,
        C: Future<Output = Result<Value, Error>> + Send + 'static;

    /// An attribute that can be read.
    #[must_use]
    fn readable<G>(self, member: Member, get: G) -> Self
    where
        G: Fn(&T) -> Result<Value, Error> + Send + Sync + 'static;

    /// An attribute that can be read and written.
    #[must_use]
    fn writable_shared<G, S>(self, member: Member, get: G, set: S) -> Self
    where
        G: Fn(&T) -> Result<Value, Error> + Send + Sync + 'static,
        S: Fn(&T, Value) -> Result<(), Error> + Send + Sync + 'static;

    /// One more interface that the type claims.
    #[must_use]
    fn claiming(self, interface: &str) -> Self;
}

/// What describes members of a `T` that are used on `&mut` too: the builder of a class of [`Turned<T>`].
#[diagnostic::on_unimplemented(
    message = "an interface of `{T}` has methods on `&mut self`, for which its objects are used by turns",
    label = "objects of `{T}` are used by many at once",
    note = "write `#[wherever::export(turns)]`, so that `&mut self` methods of `{T}` have the object alone"
)]
pub trait DescribeMut<T>: Describe<T> {
    /// The value, as an asynchronous method holds it.
    type Exclusive: DerefMut<Target = T> + Send + Sync + 'static;

    /// A method that gives its result when it returns.
    #[must_use]
    fn exclusive<F>(self, member: Member, code: F) -> Self
    where
        F: Fn(&mut T, Arguments, &CallContext) -> Result<Value, Error> + Send + Sync + 'static;

    /// A method that is a future.
    #[must_use]
    fn exclusive_async<F, C>(self, member: Member, code: F) -> Self
    where
        F: Fn(Self::Exclusive, Arguments, CallContext) -> C + Send + Sync + 'static,
        C: Future<Output = Result<Value, Error>> + Send + 'static;

    /// An attribute that can be read, and written on `&mut`.
    #[must_use]
    fn writable_exclusive<G, S>(self, member: Member, get: G, set: S) -> Self
    where
        G: Fn(&T) -> Result<Value, Error> + Send + Sync + 'static,
        S: Fn(&mut T, Value) -> Result<(), Error> + Send + Sync + 'static;
}

impl<T: Send + Sync + 'static> Describe<T> for ClassBuilder<T> {
    type Shared = Arc<T>;

    fn shared<F>(self, member: Member, code: F) -> Self
    where
        F: Fn(&T, Arguments, &CallContext) -> Result<Value, Error> + Send + Sync + 'static,
    {
        self.method_with(member, code)
    }

    fn shared_async<F, C>(self, member: Member, code: F) -> Self
    where
        F: Fn(Arc<T>, Arguments, CallContext) -> C + Send + Sync + 'static,
        C: Future<Output = Result<Value, Error>> + Send + 'static,
    {
        self.async_method_with(member, code)
    }

    fn readable<G>(self, member: Member, get: G) -> Self
    where
        G: Fn(&T) -> Result<Value, Error> + Send + Sync + 'static,
    {
        self.attribute_with(member, get)
    }

    fn writable_shared<G, S>(self, member: Member, get: G, set: S) -> Self
    where
        G: Fn(&T) -> Result<Value, Error> + Send + Sync + 'static,
        S: Fn(&T, Value) -> Result<(), Error> + Send + Sync + 'static,
    {
        self.writable_with(member, get, set)
    }

    fn claiming(self, interface: &str) -> Self {
        self.interface(interface)
    }
}

impl<T: Send + Sync + 'static> Describe<T> for ClassBuilder<Turned<T>> {
    type Shared = Shared<T>;

    fn shared<F>(self, member: Member, code: F) -> Self
    where
        F: Fn(&T, Arguments, &CallContext) -> Result<Value, Error> + Send + Sync + 'static,
    {
        self.method_ref_with(member, code)
    }

    fn shared_async<F, C>(self, member: Member, code: F) -> Self
    where
        F: Fn(Shared<T>, Arguments, CallContext) -> C + Send + Sync + 'static,
        C: Future<Output = Result<Value, Error>> + Send + 'static,
    {
        self.async_ref_with(member, code)
    }

    fn readable<G>(self, member: Member, get: G) -> Self
    where
        G: Fn(&T) -> Result<Value, Error> + Send + Sync + 'static,
    {
        self.attribute_ref_with(member, get)
    }

    fn writable_shared<G, S>(self, member: Member, get: G, set: S) -> Self
    where
        G: Fn(&T) -> Result<Value, Error> + Send + Sync + 'static,
        S: Fn(&T, Value) -> Result<(), Error> + Send + Sync + 'static,
    {
        self.writable_mut_with(member, get, move |value, to| set(value, to))
    }

    fn claiming(self, interface: &str) -> Self {
        self.interface(interface)
    }
}

impl<T: Send + Sync + 'static> DescribeMut<T> for ClassBuilder<Turned<T>> {
    type Exclusive = Exclusive<T>;

    fn exclusive<F>(self, member: Member, code: F) -> Self
    where
        F: Fn(&mut T, Arguments, &CallContext) -> Result<Value, Error> + Send + Sync + 'static,
    {
        self.method_mut_with(member, code)
    }

    fn exclusive_async<F, C>(self, member: Member, code: F) -> Self
    where
        F: Fn(Exclusive<T>, Arguments, CallContext) -> C + Send + Sync + 'static,
        C: Future<Output = Result<Value, Error>> + Send + 'static,
    {
        self.async_mut_with(member, code)
    }

    fn writable_exclusive<G, S>(self, member: Member, get: G, set: S) -> Self
    where
        G: Fn(&T) -> Result<Value, Error> + Send + Sync + 'static,
        S: Fn(&mut T, Value) -> Result<(), Error> + Send + Sync + 'static,
    {
        self.writable_mut_with(member, get, set)
    }
}
