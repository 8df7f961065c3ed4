//! Promises of typed proxies: results of Rust's types that may not have come.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;

use super::fetched;
use crate::convert::FromValue;
use crate::convert::copied::in_task;
use crate::error::Error;
use crate::host::{Arguments, Operation};
use crate::promise::Promise;
use crate::typed::TypedProxy;
use crate::value::Value;

/// What a method of a typed proxy gives, promised: `R` is the method's own result, and `promise_` stands before the
/// name of the method that gives it at once.
///
/// Whatever keeps the call from being made is found in the result too. In a task, await it. Dropping it says that the
/// result is not wanted here, never that the call shall stop.
pub struct Promised<R> {
    promise: Promise,
    gives: PhantomData<fn() -> R>,
}

impl<R> Promised<R> {
    fn new(promise: Result<Promise, Error>) -> Self {
        let promise = promise.unwrap_or_else(|error| Promise::ready(Err(error)));
        Self { promise, gives: PhantomData }
    }

    /// The dynamic promise under it.
    pub fn promise(&self) -> &Promise {
        &self.promise
    }
}

impl<T: FromValue, E: From<Error>> Promised<Result<T, E>> {
    /// Waits for the result; see [`Promise::result`].
    ///
    /// # Errors
    /// What the call failed with.
    pub fn result(&self) -> Result<T, E> {
        let result = || self.promise.result()?.to();
        result().map_err(E::from)
    }
}

impl<P: TypedProxy, E: From<Error>> Promised<Result<P, E>> {
    /// The object that is promised: calls on it leave at once, and run as soon as it is there. Whether it has what the
    /// interface asks for is not looked at.
    ///
    /// # Errors
    /// Why the call that gives it could not be made.
    pub fn proxy(&self) -> Result<P, E> {
        Ok(P::of(self.promise.proxy()?))
    }
}

impl<T, E> IntoFuture for Promised<Result<T, E>>
where
    T: FromValue + 'static,
    E: From<Error> + 'static,
{
    type Output = Result<T, E>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let result = async { fetched(self.promise.await?, T::whole()).await };
        Box::pin(async {
            let made = result.await;
            in_task(|| made.and_then(Value::to).map_err(E::from))
        })
    }
}

impl<R> Clone for Promised<R> {
    fn clone(&self) -> Self {
        Self { promise: self.promise.clone(), gives: PhantomData }
    }
}

impl<R> fmt::Debug for Promised<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.promise, f)
    }
}

/// Calls a method and does not wait.
pub fn promise<P: TypedProxy, R>(on: &P, member: &str, arguments: Result<Vec<Value>, Error>) -> Promised<R> {
    let call = || on.worn().request::<P>(Operation::Call, member)?.args(Arguments::from(arguments?)).promise();
    Promised::new(call())
}

/// Reads an attribute and does not wait.
pub fn promise_get<P: TypedProxy, R>(on: &P, member: &str) -> Promised<R> {
    let get = || on.worn().request::<P>(Operation::Get, member)?.promise();
    Promised::new(get())
}
