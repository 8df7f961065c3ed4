//! Rust types as objects, member by member: what the macros stand on, and what can be written by hand.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, LazyLock, OnceLock};

use crate::context::CallContext;
use crate::error::Error;
use crate::guard::telling;
use crate::host::{Arguments, Host, Identity, Operation, Outcome, Own, Request};
use crate::hosts::arguments::exact;
use crate::hosts::called::Known;
use crate::hosts::{Function, whole_stream};
use crate::shape::{Category, Shape};
use crate::value::{Ref, Value};

mod builder;
mod by_name;
mod describe;
#[cfg(test)]
mod tests;
mod turns;

use by_name::ByName;

pub use builder::ClassBuilder;
pub use describe::{Describe, DescribeMut, Places};

/// A Rust type as peers see it: its shape, and the code of its members. A clone is the same class.
pub struct Class<T>(Arc<Definition<T>>);

struct Definition<T> {
    shape: Arc<Shape>,
    methods: ByName<Box<MethodCode<T>>>,
    attributes: ByName<Attribute<T>>,
    operations: HashMap<Operation, Box<OperationCode<T>>>,
    whole: Option<Box<Getter<T>>>,
    constructor: Option<Box<Constructor<T>>>,
    /// Whether passing the class grants the making of instances.
    constructor_exposed: bool,
    /// What errors tell of the members that they came through.
    known: Arc<OnceLock<Known>>,
}

struct Attribute<T> {
    get: Box<Getter<T>>,
    set: Option<Box<Setter<T>>>,
}

type MethodCode<T> = dyn Fn(&Arc<T>, Arguments, &CallContext) -> Outcome + Send + Sync;
type OperationCode<T> = dyn Fn(&Arc<T>, Request, &CallContext) -> Outcome + Send + Sync;
type Getter<T> = dyn Fn(&Arc<T>, &CallContext) -> Outcome + Send + Sync;
type Setter<T> = dyn Fn(&Arc<T>, Value, &CallContext) -> Outcome + Send + Sync;
type Constructor<T> = dyn Fn(Arguments, &CallContext) -> Result<T, Error> + Send + Sync;

/// The shape of all classes: it is constant. Passing one lets it be recognised, and told apart, and no more.
static CLASS_SHAPE: LazyLock<Arc<Shape>> = LazyLock::new(|| {
    let operations = [Operation::Text, Operation::Truth, Operation::Dir];
    Arc::new(Shape::new("rust:class", Category::Class).doc_text("A type of Rust.").operations(&operations))
});

/// The shape of all classes that make instances for whoever has a reference: it is constant.
static MAKING_SHAPE: LazyLock<Arc<Shape>> = LazyLock::new(|| {
    Arc::new(
        Shape::new("rust:constructible_class", Category::Class)
            .doc_text("A type of Rust that makes instances when it is called.")
            .base(CLASS_SHAPE.clone())
            .operations(&[Operation::Call]),
    )
});

impl<T: Send + Sync + 'static> Class<T> {
    /// Begins the description of a type. The name is `rust:` and the type's path, for people.
    pub fn builder(name: impl Into<Arc<str>>) -> ClassBuilder<T> {
        ClassBuilder::new(name.into())
    }

    /// The shape of its instances.
    pub fn shape(&self) -> &Arc<Shape> {
        &self.0.shape
    }

    /// Makes an object of this value. `own.downcast::<Instance<T>>()` leads back to the value.
    pub fn instance(&self, value: T) -> Own {
        self.shared(Arc::new(value))
    }

    /// As [`Self::instance`], of a value that others hold too: however often it is made, to a peer it is one object.
    pub fn shared(&self, value: Arc<T>) -> Own {
        Own::new(Instance { class: self.clone(), value, identity: None })
    }

    /// As [`Self::instance`], of a value that only stands for the object with this identity.
    pub fn standing_for(&self, value: T, identity: Identity) -> Own {
        Own::new(Instance { class: self.clone(), value: Arc::new(value), identity: Some(identity) })
    }

    /// A reference to the class itself. Passing it lets instances be recognised; it makes instances for a peer only if
    /// its constructor was exposed, or the policy is wider than closed.
    pub fn own(&self) -> Own {
        Own::new(ClassHost(self.clone()))
    }

    fn member_name(&self, member: &str) -> String {
        format!("{}.{member}", self.0.shape.name())
    }

    fn call_method(&self, value: &Arc<T>, name: &str, arguments: Arguments, context: &CallContext) -> Outcome {
        let Some(method) = self.0.methods.get(name) else {
            return Outcome::Error(self.unable(name, Operation::Call));
        };
        self.within(name, || method(value, arguments, context))
    }

    /// Runs the code of a member; its errors, panics too, have come through it.
    fn within(&self, member: &str, code: impl FnOnce() -> Outcome) -> Outcome {
        match telling(|error| self.through(member, error), code) {
            Outcome::Error(error) => Outcome::Error(self.through(member, error)),
            outcome => outcome,
        }
    }

    /// The error as having come through this member; through the class itself if there is no name.
    fn through(&self, member: &str, error: Error) -> Error {
        match self.0.known.get() {
            Some(known) => known.through(self.0.shape.name(), member, error),
            None => error,
        }
    }

    /// What to say of a member that cannot do this: that it cannot, or that there is none.
    fn unable(&self, member: &str, operation: Operation) -> Error {
        if self.0.shape.find(member).is_none() {
            return Error::no_member(&self.0.shape, member);
        }
        Error::NotSupported { shape: self.member_name(member).into(), operation }
    }
}

impl<T> Clone for Class<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for Class<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Class({})", self.0.shape.name())
    }
}

/// A value of a Rust type as an object: dereferences to the value.
pub struct Instance<T> {
    class: Class<T>,
    value: Arc<T>,
    /// Where it is not that of the value.
    identity: Option<Identity>,
}

impl<T> Instance<T> {
    /// Its class.
    pub fn class(&self) -> &Class<T> {
        &self.class
    }

    /// The value, shared with the object.
    pub fn value(&self) -> &Arc<T> {
        &self.value
    }
}

impl<T> Deref for Instance<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Send + Sync + 'static> Instance<T> {
    fn get(&self, name: &str, context: &CallContext) -> Outcome {
        let definition = &self.class.0;
        if let Some(attribute) = definition.attributes.get(name) {
            return self.class.within(name, || (attribute.get)(&self.value, context));
        }
        if !definition.methods.contains(name) {
            return Outcome::Error(self.class.unable(name, Operation::Get));
        }
        let (class, value, method) = (self.class.clone(), self.value.clone(), Arc::from(name));
        let bound_name = self.class.member_name(name);
        let bound = Function::leading_to(bound_name, move |arguments, context| {
            class.call_method(&value, &method, arguments, context)
        });
        Outcome::Value(bound.into())
    }

    fn set(&self, name: &str, arguments: Arguments, context: &CallContext) -> Outcome {
        let attribute = self.class.0.attributes.get(name);
        let Some(set) = attribute.and_then(|attribute| attribute.set.as_ref()) else {
            return Outcome::Error(self.class.unable(name, Operation::Set));
        };
        match exact(arguments, "writing an attribute") {
            Ok([value]) => self.class.within(&format!("{name}="), || set(&self.value, value, context)),
            Err(error) => Outcome::Error(error),
        }
    }
}

impl<T: Send + Sync + 'static> Host for Instance<T> {
    fn shape(&self) -> Arc<Shape> {
        self.class.0.shape.clone()
    }

    fn operate(&self, request: Request, context: &CallContext) -> Outcome {
        let definition = &self.class.0;
        let operation = request.operation;
        if let (Operation::Call, Some(name)) = (operation, &request.member)
            && let Some(method) = definition.methods.get(name)
        {
            return self.class.within(name, || method(&self.value, request.arguments, context));
        }
        // Declared members come first: an operation by hand cannot take them away.
        let declared = match (operation, request.member.as_deref()) {
            (Operation::Get | Operation::Set, Some(name)) => {
                definition.attributes.contains(name) || definition.methods.contains(name)
            }
            _ => false,
        };
        if let (false, Some(code)) = (declared, definition.operations.get(&operation)) {
            return match code(&self.value, request, context) {
                Outcome::Error(error) => {
                    let name = format!("{} {operation:?}", definition.shape.name());
                    Outcome::Error(error.named(name))
                }
                outcome => outcome,
            };
        }
        let result = match (operation, request.member) {
            (Operation::Call, Some(name)) => Err(self.class.unable(&name, operation)),
            (Operation::Get, Some(name)) => return self.get(&name, context),
            (Operation::Set, Some(name)) => return self.set(&name, request.arguments, context),
            (Operation::Delete, Some(name)) => Err(self.class.unable(&name, operation)),
            (Operation::Whole, _) => match self.whole_for(context) {
                Outcome::Value(contents) => return Outcome::Stream(whole_stream(contents)),
                outcome => return outcome,
            },
            (Operation::Text, _) => Ok(Value::text(format!("<{}>", definition.shape.name()))),
            (Operation::Dir, _) => Ok(exposed_names(&definition.shape)),
            _ => Err(Error::not_supported(&definition.shape, operation)),
        };
        result.into()
    }

    fn whole(&self) -> Result<Value, Error> {
        match self.whole_for(&CallContext::local()) {
            Outcome::Value(contents) => Ok(contents),
            Outcome::Error(error) => Err(error),
            Outcome::Stream(_) | Outcome::Later => Err(Error::not_supported(&self.class.0.shape, Operation::Whole)),
        }
    }

    fn whole_for(&self, context: &CallContext) -> Outcome {
        match &self.class.0.whole {
            Some(whole) => whole(&self.value, context),
            None => Outcome::Error(Error::not_supported(&self.class.0.shape, Operation::Whole)),
        }
    }

    /// That of the value, or of what it stands for.
    fn identity(&self) -> Identity {
        self.identity.unwrap_or_else(|| Identity::of(&*self.value))
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

fn exposed_names(shape: &Shape) -> Value {
    let names = shape.member_names().into_iter();
    let exposed = names.filter(|name| shape.find(name).is_some_and(|member| member.exposed));
    Value::tuple(exposed.map(Value::text))
}

/// The class itself as an object.
struct ClassHost<T>(Class<T>);

impl<T: Send + Sync + 'static> Host for ClassHost<T> {
    fn shape(&self) -> Arc<Shape> {
        match self.0.0.constructor_exposed {
            true => MAKING_SHAPE.clone(),
            false => CLASS_SHAPE.clone(),
        }
    }

    fn operate(&self, request: Request, context: &CallContext) -> Outcome {
        let definition = &self.0.0;
        let result = match (request.operation, request.member, &definition.constructor) {
            (Operation::Call, None, Some(constructor)) => {
                telling(|error| self.0.through("", error), || constructor(request.arguments, context))
                    .map(|value| Value::Ref(Ref::Own(self.0.instance(value))))
                    .map_err(|error| self.0.through("", error))
            }
            (Operation::Call | Operation::Get | Operation::Set | Operation::Delete, Some(name), _) => {
                Err(Error::no_member(&self.shape(), &name))
            }
            (Operation::Text, ..) => Ok(Value::text(format!("<class {}>", definition.shape.name()))),
            (Operation::Truth, ..) => Ok(Value::Bool(true)),
            (Operation::Dir, ..) => Ok(Value::tuple([])),
            (operation, ..) => {
                Err(Error::NotSupported { shape: format!("class {}", definition.shape.name()).into(), operation })
            }
        };
        result.into()
    }

    /// That of the definition: every reference to the class is to one object.
    fn identity(&self) -> Identity {
        Identity::of(&*self.0.0)
    }

    fn describes(&self) -> Option<Arc<Shape>> {
        Some(self.0.0.shape.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(&self.0)
    }
}
