//! Typed proxies: remote objects that wear an interface.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock, OnceLock, Weak};
use std::time::Duration;

use parking_lot::RwLock;

use crate::call::CallBuilder;
use crate::convert::FromValue;
use crate::convert::copied::in_task;
use crate::error::Error;
use crate::host::{Arguments, Operation};
use crate::proxy::Proxy;
use crate::shape::{Category, Member, Shape};
use crate::typed::check::check;
use crate::typed::crossing::ComesBack;
use crate::value::Value;

mod promised;
mod whole;
pub use promised::{Promised, promise, promise_get};
use whole::fetched;

/// A proxy that implements the trait of an interface: what `#[wherever::interface]` makes beside the trait.
///
/// It may wear an object of any runtime, of this side too. Whether the object has what the interface asks for is looked
/// at once, on first use, and by structure alone: the members, what they are, how many arguments they take and of which
/// types, as far as the object's shape tells.
pub trait TypedProxy: Clone + fmt::Debug + Send + Sync + 'static {
    /// The interface's name, such as `org.example.Motor/1`.
    const INTERFACE: &'static str;

    /// The members that the interface asks for, those of the interfaces that it extends among them.
    fn members() -> Vec<Member>;

    /// The proxy that wears this.
    #[doc(hidden)]
    fn wear(worn: Worn) -> Self;

    /// What it wears.
    #[doc(hidden)]
    fn worn(&self) -> &Worn;

    /// The interface worn by this object, which is looked at on first use.
    fn of(object: impl Into<Proxy>) -> Self {
        Self::wear(Worn::new(object.into()))
    }

    /// The dynamic proxy under it.
    fn proxy(&self) -> &Proxy {
        &self.worn().proxy
    }

    /// The same proxy, each of whose calls must be answered within this time; see [`CallBuilder::within`].
    #[must_use]
    fn within(&self, time: Duration) -> Self {
        Self::wear(Worn { time: Some(time), ..self.worn().clone() })
    }

    /// Looks at the object's shape now, if that was not done before.
    ///
    /// # Errors
    /// [`Error::Convert`] lists everything that does not fit.
    fn check(&self) -> Result<(), Error> {
        self.worn().checked::<Self>().map(|_| ())
    }
}

/// The typed proxies of interfaces that extend another, and its own: what implements the trait of `Base`.
#[diagnostic::on_unimplemented(
    message = "the typed proxy `{Self}` does not extend `{Base}`",
    note = "an interface with several bases names all that are above it, those of its bases among them: \
            `trait Both: Left + Right + Root`"
)]
pub trait Extends<Base>: TypedProxy {}

/// What a typed proxy is made of: a proxy, and whether it fits.
#[derive(Clone)]
pub struct Worn {
    proxy: Proxy,
    fits: OnceLock<()>,
    time: Option<Duration>,
}

/// Shapes that were found to fit an interface, by the typed proxy and the shape's address, which is its own while it
/// lives.
static FITTING: LazyLock<RwLock<Fitting>> = LazyLock::new(RwLock::default);

type Fitting = HashMap<(TypeId, usize), Weak<Shape>>;

/// Beyond this many, shapes that are gone are forgotten, and if that is not enough, all.
const FITTING_MAX: usize = 1024;

impl Worn {
    fn new(proxy: Proxy) -> Self {
        Self { proxy, fits: OnceLock::new(), time: None }
    }

    /// The object that a value leads to, if it fits, as far as it is known already.
    ///
    /// # Errors
    /// [`Error::Convert`]: what does not fit.
    pub fn from_value<P: TypedProxy>(value: Value) -> Result<Self, Error> {
        let proxy = match value {
            Value::Ref(reference) => Proxy::from(reference),
            other => {
                return Err(Error::convert(format!("an object with the interface {}", P::INTERFACE), other.kind()));
            }
        };
        Self::of_proxy::<P>(proxy)
    }

    /// The object, if it fits, as far as it is known already.
    ///
    /// # Errors
    /// [`Error::Convert`]: what does not fit.
    pub(crate) fn of_proxy<P: TypedProxy>(proxy: Proxy) -> Result<Self, Error> {
        let worn = Self::new(proxy);
        worn.checked::<P>()?;
        Ok(worn)
    }

    fn checked<P: TypedProxy>(&self) -> Result<&Proxy, Error> {
        if self.fits.get().is_none() {
            let shape = self.proxy.shape();
            // Of what a path leads to nothing is known: the shape is that of the object where it begins.
            if shape.category() == Category::Promise || self.proxy.has_path() {
                return Ok(&self.proxy);
            }
            let key = (TypeId::of::<P>(), Arc::as_ptr(&shape) as usize);
            let known = FITTING.read().get(&key).is_some_and(|known| known.strong_count() > 0);
            if !known {
                check(&shape, P::INTERFACE, &P::members())?;
                let mut fitting = FITTING.write();
                if fitting.len() >= FITTING_MAX {
                    fitting.retain(|_, shape| shape.strong_count() > 0);
                }
                if fitting.len() >= FITTING_MAX {
                    fitting.clear();
                }
                fitting.insert(key, Arc::downgrade(&shape));
            }
            let _ = self.fits.set(());
        }
        Ok(&self.proxy)
    }

    fn request<P: TypedProxy>(&self, operation: Operation, member: &str) -> Result<CallBuilder, Error> {
        let request = self.checked::<P>()?.request(operation).member(member);
        Ok(match self.time {
            Some(time) => request.within(time),
            None => request,
        })
    }
}

/// Calls a method and waits for its result: what a method of a typed proxy does.
///
/// # Errors
/// As for [`Proxy::call`], as the interface's own error.
pub fn call<P, R, E>(on: &P, member: &str, arguments: Result<Vec<Value>, Error>) -> Result<R, E>
where
    P: TypedProxy,
    R: FromValue,
    E: ComesBack,
{
    let call = || on.worn().request::<P>(Operation::Call, member)?.args(Arguments::from(arguments?)).send()?.to();
    call().map_err(E::come_back)
}

/// As [`call`], from within a task.
///
/// # Errors
/// As for [`call`].
pub async fn call_later<P, R, E>(on: &P, member: &str, arguments: Result<Vec<Value>, Error>) -> Result<R, E>
where
    P: TypedProxy,
    R: FromValue,
    E: ComesBack,
{
    let call = async {
        let request = on.worn().request::<P>(Operation::Call, member)?.args(Arguments::from(arguments?));
        let whole = fetched(request.await?, R::whole()).await?;
        in_task(|| whole.to())
    };
    call.await.map_err(|error| in_task(|| E::come_back(error)))
}

/// Calls a method and wants no answer.
///
/// # Errors
/// Why the call could not be made.
pub fn one_way<P, E>(on: &P, member: &str, arguments: Result<Vec<Value>, Error>) -> Result<(), E>
where
    P: TypedProxy,
    E: ComesBack,
{
    let call = || on.worn().request::<P>(Operation::Call, member)?.args(Arguments::from(arguments?)).one_way();
    call().map_err(E::come_back)
}

/// As [`one_way`], from within a task.
///
/// # Errors
/// Why the call could not be made.
pub async fn one_way_later<P, E>(on: &P, member: &str, arguments: Result<Vec<Value>, Error>) -> Result<(), E>
where
    P: TypedProxy,
    E: ComesBack,
{
    let call = async {
        let request = on.worn().request::<P>(Operation::Call, member)?;
        request.args(Arguments::from(arguments?)).one_way_when_room().await
    };
    call.await.map_err(E::come_back)
}

/// Reads an attribute.
///
/// # Errors
/// As for [`call`].
pub fn get<P: TypedProxy, R: FromValue, E: ComesBack>(on: &P, member: &str) -> Result<R, E> {
    let get = || on.worn().request::<P>(Operation::Get, member)?.send()?.to();
    get().map_err(E::come_back)
}

/// As [`get`], from within a task.
///
/// # Errors
/// As for [`call`].
pub async fn get_later<P: TypedProxy, R: FromValue, E: ComesBack>(on: &P, member: &str) -> Result<R, E> {
    let get = async {
        let value = on.worn().request::<P>(Operation::Get, member)?.await?;
        let whole = fetched(value, R::whole()).await?;
        in_task(|| whole.to())
    };
    get.await.map_err(|error| in_task(|| E::come_back(error)))
}

/// Writes an attribute.
///
/// # Errors
/// As for [`call`].
pub fn set<P: TypedProxy, E: ComesBack>(on: &P, member: &str, value: Result<Value, Error>) -> Result<(), E> {
    let set = || on.worn().request::<P>(Operation::Set, member)?.args((value?,)).send().map(|_| ());
    set().map_err(E::come_back)
}

/// As [`set`], from within a task.
///
/// # Errors
/// As for [`call`].
pub async fn set_later<P: TypedProxy, E: ComesBack>(
    on: &P,
    member: &str,
    value: Result<Value, Error>,
) -> Result<(), E> {
    let set = async { on.worn().request::<P>(Operation::Set, member)?.args((value?,)).await.map(|_| ()) };
    set.await.map_err(|error| in_task(|| E::come_back(error)))
}

impl fmt::Debug for Worn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.proxy, f)
    }
}
