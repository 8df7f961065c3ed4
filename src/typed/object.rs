//! Types that are exported: their classes, and references to their instances.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use parking_lot::RwLock;

use crate::convert::{FromValue, IntoValue, TypeText};
use crate::error::Error;
use crate::host::Own;
use crate::hosts::{Class, Instance, Turned};
use crate::policy::Grant;
use crate::proxy::Proxy;
use crate::value::{Ref, Value};

/// A type whose instances are objects to peers: implemented by `#[wherever::export]`, or by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not exported",
    label = "it does not implement `Exported`",
    note = "write `#[wherever::export]` above an `impl` block of it; a trait object is one of `#[wherever::interface]`, \
            and of a trait without `async`, `&mut self`, generics and traits before its `:`"
)]
pub trait Exported: Sized + Send + Sync + 'static {
    /// What an object of the class holds: the type itself, or [`Turned`] of it where members need `&mut self`.
    type Held: Send + Sync + 'static;

    /// The name that peers are told, `rust:` and the type's path.
    const NAME: &'static str;

    /// Describes the class. Called once; [`Self::class`] keeps what it gives.
    fn describe() -> Class<Self::Held>;

    /// The value, as an object holds it.
    fn hold(self) -> Self::Held;

    /// The class: the same each time.
    fn class() -> Class<Self::Held> {
        class_of::<Self>()
    }

    /// The value as an object that a peer can be given a reference to.
    fn into_object(self) -> Own {
        Self::class().instance(self.hold())
    }
}

/// Classes of exported types. They are constant data, made at first need; a generic type has one for each of its kinds,
/// so they cannot be statics of the generated code.
static CLASSES: LazyLock<RwLock<HashMap<TypeId, Box<dyn Any + Send + Sync>>>> = LazyLock::new(RwLock::default);

fn class_of<T: Exported>() -> Class<T::Held> {
    let id = TypeId::of::<T>();
    let known = |classes: &HashMap<TypeId, Box<dyn Any + Send + Sync>>| {
        classes.get(&id).and_then(|class| class.downcast_ref::<Class<T::Held>>()).cloned()
    };
    let found = known(&CLASSES.read());
    found.unwrap_or_else(|| {
        // Described without the lock: it is the user's code. Of two who did, the first counts.
        let described = T::describe();
        let mut classes = CLASSES.write();
        known(&classes).unwrap_or_else(|| {
            classes.insert(id, Box::new(described.clone()));
            described
        })
    })
}

/// What an `Arc` holds that crosses as a reference to one object: an exported type, [`Turned`] of one, or the trait object
/// of an interface.
pub trait Object: Send + Sync + 'static {
    /// The type as it stands in a signature.
    fn object_text() -> TypeText;

    /// The object as one of this side: the same for all clones of one `Arc`.
    fn to_own(this: &Arc<Self>) -> Own;

    /// What a peer gets for it: a reference to it, or, where it only stands for a remote object, to that.
    fn to_reference(this: &Arc<Self>) -> Ref {
        Ref::Own(Self::to_own(this))
    }

    /// The object that a reference leads to. Of one that grants less than the object does, an exported type is the bare
    /// object all the same: whoever gives it on gives all of it. A trait object stays what it came as.
    ///
    /// # Errors
    /// [`Error::Convert`] if it leads to something else.
    fn from_reference(reference: Ref) -> Result<Arc<Self>, Error>;
}

impl<T: Exported<Held = T>> Object for T {
    fn object_text() -> TypeText {
        T::NAME.into()
    }

    fn to_own(this: &Arc<Self>) -> Own {
        T::class().shared(this.clone())
    }

    fn from_reference(reference: Ref) -> Result<Arc<Self>, Error> {
        held_in(reference, T::NAME)
    }
}

impl<T: Exported<Held = Turned<T>>> Object for Turned<T> {
    fn object_text() -> TypeText {
        T::NAME.into()
    }

    fn to_own(this: &Arc<Self>) -> Own {
        T::class().shared(this.clone())
    }

    fn from_reference(reference: Ref) -> Result<Arc<Self>, Error> {
        held_in(reference, T::NAME)
    }
}

/// The instance that this is a reference to, if it grants all that the instance does. One that grants less stays a
/// reference: the bare object would be given away as more than came.
pub fn bare<H: Send + Sync + 'static>(own: &Own) -> Option<&Instance<H>> {
    let is_bare = own.grant() == Grant::Passed && own.host().attenuated().is_none();
    own.downcast::<Instance<H>>().filter(|_| is_bare)
}

fn held_in<H: Send + Sync + 'static>(reference: Ref, name: &str) -> Result<Arc<H>, Error> {
    let own = match &reference {
        Ref::Own(own) => own.downcast::<Instance<H>>(),
        Ref::Remote(_) => None,
    };
    own.map(|instance| instance.value().clone()).ok_or_else(|| {
        let found = match &reference {
            Ref::Own(own) => format!("own object {}", own.shape().name()),
            Ref::Remote(handle) => {
                format!("remote object {}; a typed proxy takes objects of any side", handle.shape().name())
            }
        };
        Error::convert(format!("own object {name}"), found)
    })
}

impl<T: Object + ?Sized> From<&Arc<T>> for Own {
    fn from(object: &Arc<T>) -> Self {
        T::to_own(object)
    }
}

impl<T: Object + ?Sized> From<Arc<T>> for Own {
    fn from(object: Arc<T>) -> Self {
        T::to_own(&object)
    }
}

impl<T: Exported> From<T> for Proxy {
    /// The object of this value, used as whoever gets a reference to it would use it, but without a message.
    fn from(value: T) -> Self {
        Proxy::from(value.into_object())
    }
}

impl<T: Object + ?Sized> From<Arc<T>> for Proxy {
    fn from(object: Arc<T>) -> Self {
        Proxy::from(T::to_reference(&object))
    }
}

impl Proxy {
    /// The object itself, where it is of this side and of this type: what an `Arc` of it was given away as.
    ///
    /// # Errors
    /// [`Error::Convert`] if it is another.
    pub fn own_as<T: Object + ?Sized>(&self) -> Result<Arc<T>, Error> {
        T::from_reference(self.reference().clone())
    }
}

impl<T: Object + ?Sized> IntoValue for Arc<T> {
    fn into_value(self) -> Result<Value, Error> {
        Ok(Value::Ref(T::to_reference(&self)))
    }

    fn type_text() -> TypeText {
        T::object_text()
    }
}

impl<T: Object + ?Sized> IntoValue for &Arc<T> {
    fn into_value(self) -> Result<Value, Error> {
        Ok(Value::Ref(T::to_reference(self)))
    }

    fn type_text() -> TypeText {
        T::object_text()
    }
}

impl<T: Object + ?Sized> FromValue for Arc<T> {
    fn from_value(value: Value) -> Result<Self, Error> {
        match value {
            Value::Ref(reference) => T::from_reference(reference),
            other => Err(Error::convert(T::object_text(), other.kind())),
        }
    }

    fn type_text() -> TypeText {
        T::object_text()
    }
}
