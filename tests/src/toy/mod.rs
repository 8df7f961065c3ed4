//! A toy language: a second runtime, wholly outside the core, which proves that the boundary is enough.
//!
//! It has classes with several bases, objects with attributes of their own, lists, dicts, functions, generators and
//! exceptions, all mutable and all dynamic. What comes from a peer is one of its own again, or a fake made of a shape.

mod class;
mod error;
mod host;

use std::sync::{Arc, Weak};

use parking_lot::Mutex;

pub use class::{Class, ClassBuilder, HOOKS};
use class::{ClassBody, Find};
use host::ToyHost;
use wherever::shape::Shape;
use wherever::value::Ref;
use wherever::{Error, Own, Proxy, Runtime, Value};

/// What a piece of toy code comes to: a value, or the exception that it raised.
pub type Done = Result<ToyValue, ToyValue>;

/// A piece of toy code.
pub type Code = dyn Fn(&Toy, Vec<ToyValue>) -> Done + Send + Sync;

/// A value of the toy language. A clone is the same value.
#[derive(Clone)]
pub enum ToyValue {
    /// Anything immutable that holds nothing.
    Copy(Value),
    /// A tuple.
    Tuple(Vec<ToyValue>),
    /// A list.
    List(Arc<Mutex<Vec<ToyValue>>>),
    /// A dict, its entries in order.
    Dict(Arc<Mutex<Vec<(ToyValue, ToyValue)>>>),
    /// A function.
    Function(Arc<Code>),
    /// A generator: what it steps, until it gives nothing.
    Generator(Arc<Mutex<dyn FnMut() -> Option<Done> + Send>>),
    /// A class.
    Class(Class),
    /// An instance of a class.
    Object(Arc<Object>),
}

/// An instance: of a class of this side, or the fake of one that lives elsewhere.
pub struct Object {
    toy: Toy,
    class: Class,
    attributes: Mutex<Vec<(Arc<str>, ToyValue)>>,
    /// Where it lives, if that is not here.
    far: Option<Proxy>,
    /// What it was made of, for an exception that came from elsewhere: it goes on as it came.
    error: Option<Error>,
}

impl Drop for Object {
    fn drop(&mut self) {
        // A hook that this runtime calls by itself: nothing that a peer says may put one here.
        if let (None, Some(Find { value: ToyValue::Function(code), .. })) = (&self.far, self.class.find("__del__")) {
            let _ = code(&self.toy, Vec::new());
        }
    }
}

/// A toy runtime. A clone is the same one.
#[derive(Clone)]
pub struct Toy(Arc<Inner>);

struct Inner {
    /// Classes that are in use, one for each type: its own, and fakes.
    classes: Mutex<Vec<Weak<ClassBody>>>,
    builtins: Vec<Class>,
}

impl Default for Toy {
    fn default() -> Self {
        Self(Arc::new(Inner { classes: Mutex::default(), builtins: error::builtins() }))
    }
}

impl<T: Into<Value>> From<T> for ToyValue {
    fn from(value: T) -> Self {
        ToyValue::Copy(value.into())
    }
}

impl ToyValue {
    /// A list of these values.
    pub fn list(items: impl IntoIterator<Item = ToyValue>) -> Self {
        ToyValue::List(Arc::new(Mutex::new(items.into_iter().collect())))
    }

    /// A function of this code.
    pub fn function(code: impl Fn(&Toy, Vec<ToyValue>) -> Done + Send + Sync + 'static) -> Self {
        ToyValue::Function(Arc::new(code))
    }

    /// The class of an instance.
    pub fn class(&self) -> Option<&Class> {
        match self {
            ToyValue::Object(object) => Some(&object.class),
            _ => None,
        }
    }

    /// Whether it is an instance of the class, through whatever line of bases.
    pub fn is_instance(&self, class: &Class) -> bool {
        self.class().is_some_and(|own| own.derives_from(class))
    }

    /// Whether both are the very same object.
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (ToyValue::Copy(one), ToyValue::Copy(two)) => one == two,
            (ToyValue::Class(one), ToyValue::Class(two)) => one.is(two),
            (ToyValue::Object(one), ToyValue::Object(two)) => match (&one.far, &two.far) {
                (Some(one), Some(two)) => one.same(two),
                _ => Arc::ptr_eq(one, two),
            },
            _ => self.key().is_some() && self.key() == other.key(),
        }
    }

    /// A number that tells a mutable value of this side from all others.
    fn key(&self) -> Option<usize> {
        Some(match self {
            ToyValue::Copy(_) | ToyValue::Tuple(_) => return None,
            ToyValue::List(items) => Arc::as_ptr(items) as usize,
            ToyValue::Dict(entries) => Arc::as_ptr(entries) as usize,
            ToyValue::Function(code) => Arc::as_ptr(code).cast::<()>() as usize,
            ToyValue::Generator(step) => Arc::as_ptr(step).cast::<()>() as usize,
            ToyValue::Class(class) => class.key(),
            ToyValue::Object(object) => Arc::as_ptr(object) as usize,
        })
    }

    /// Where it lives, if that is not here.
    fn far(&self) -> Option<Proxy> {
        match self {
            ToyValue::Object(object) => object.far.clone(),
            ToyValue::Class(class) => class.far(),
            _ => None,
        }
    }
}

impl Toy {
    /// Begins a class of this name, without the `toy:` in front.
    pub fn class(&self, name: &str) -> ClassBuilder {
        ClassBuilder::new(self.clone(), name)
    }

    /// A builtin class, by its name.
    pub fn builtin(&self, name: &str) -> Class {
        self.0.builtins.iter().find(|class| class.name().strip_prefix("toy:") == Some(name)).cloned().unwrap()
    }

    /// A value as an object that can be exported.
    pub fn own(&self, value: &ToyValue) -> Own {
        Own::new(ToyHost { toy: self.clone(), what: value.clone() })
    }

    /// Reads an attribute: the object's own first, then its class's, bound to it.
    pub fn get(&self, of: &ToyValue, name: &str) -> Done {
        if let Some(far) = of.far() {
            // What a hook means is decided here.
            let is_hook = HOOKS.contains(&name);
            return if is_hook { Err(self.missing(of, name)) } else { self.came(far.get(name)) };
        }
        let found = match of {
            ToyValue::Object(object) => {
                let own =
                    object.attributes.lock().iter().find(|(own, _)| &**own == name).map(|(_, value)| value.clone());
                if let Some(value) = own {
                    return Ok(value);
                }
                object.class.find(name).map(|found| found.bound_to(of, name))
            }
            ToyValue::Class(class) => class.find(name).map(|found| found.value),
            _ => None,
        };
        found.ok_or_else(|| self.missing(of, name))
    }

    /// Writes an attribute.
    pub fn set(&self, of: &ToyValue, name: &str, value: ToyValue) -> Done {
        if let Some(far) = of.far() {
            return self.came(self.outgoing(&value).and_then(|value| far.set(name, value)).map(|()| Value::None));
        }
        match of {
            ToyValue::Object(object) if object.class.takes(name) => {
                let mut attributes = object.attributes.lock();
                attributes.retain(|(own, _)| &**own != name);
                attributes.push((name.into(), value));
                Ok(().into())
            }
            _ => Err(self.missing(of, name)),
        }
    }

    /// Calls a function, a class or an object that can be called.
    pub fn call(&self, callee: &ToyValue, arguments: Vec<ToyValue>) -> Done {
        match callee {
            ToyValue::Function(code) => code(self, arguments),
            ToyValue::Class(class) if !class.is_fake() => class.instantiate(self, arguments),
            _ => match callee.far() {
                Some(far) => self.came(self.all_outgoing(&arguments).and_then(|arguments| far.invoke(arguments))),
                None => Err(self.raise("TypeError", "this cannot be called")),
            },
        }
    }

    /// Calls a method: one message, where the object lives elsewhere.
    pub fn call_method(&self, of: &ToyValue, name: &str, arguments: Vec<ToyValue>) -> Done {
        if let (ToyValue::List(items), "append") = (of, name) {
            items.lock().extend(arguments);
            return Ok(().into());
        }
        match of.far().filter(|_| !HOOKS.contains(&name)) {
            Some(far) => self.came(self.all_outgoing(&arguments).and_then(|arguments| far.call(name, arguments))),
            None => self.call(&self.get(of, name)?, arguments),
        }
    }

    /// The items of a list, a tuple, a generator or whatever lives elsewhere, as they are wanted.
    pub fn iterate(&self, over: &ToyValue) -> Box<dyn Iterator<Item = Done> + '_> {
        match over {
            ToyValue::Tuple(items) => Box::new(items.clone().into_iter().map(Ok)),
            ToyValue::List(items) => Box::new(items.lock().clone().into_iter().map(Ok)),
            ToyValue::Generator(step) => {
                let step = step.clone();
                Box::new(std::iter::from_fn(move || (step.lock())()))
            }
            _ => match over.far().map(|far| far.iterate()) {
                Some(Ok(items)) => Box::new(items.map(|item| self.came(item))),
                Some(Err(error)) => Box::new(std::iter::once(Err(self.incoming_error(error)))),
                None => Box::new(std::iter::once(Err(self.raise("TypeError", "this has no items")))),
            },
        }
    }

    /// What a call to a peer came to.
    fn came(&self, result: Result<Value, Error>) -> Done {
        let came = result.and_then(|value| self.incoming(value));
        came.map_err(|error| self.incoming_error(error))
    }

    fn all_outgoing(&self, values: &[ToyValue]) -> Result<Vec<Value>, Error> {
        values.iter().map(|value| self.outgoing(value)).collect()
    }

    fn missing(&self, of: &ToyValue, name: &str) -> ToyValue {
        let class = of.class().map_or("this", |class| class.name());
        self.raise("AttributeError", &format!("{class} has no attribute {name}"))
    }

    /// The class that stands for a type of a peer: built of its shape only, its bases first, one for each type.
    fn fake(&self, shape: &Arc<Shape>) -> Class {
        if let Some(builtin) = self.0.builtins.iter().find(|class| class.name() == &**shape.name()) {
            return builtin.clone();
        }
        let bases = shape.bases().iter().map(|base| self.fake(base)).collect();
        let known = self.known().into_iter().find(|class| class.shape().is_same_type(shape));
        // A type of a peer may be based on a class of this side: that is no fake.
        if let Some(own) = known.as_ref().filter(|class| !class.is_fake()) {
            return own.clone();
        }
        let fake = known.unwrap_or_else(|| self.note(Class::fake(shape, bases)));
        fake.describe_again(shape);
        fake
    }

    fn known(&self) -> Vec<Class> {
        let mut classes = self.0.classes.lock();
        classes.retain(|class| class.strong_count() > 0);
        classes.iter().filter_map(Weak::upgrade).map(Class::from).collect()
    }

    fn note(&self, class: Class) -> Class {
        self.0.classes.lock().push(class.downgrade());
        class
    }

    fn object(&self, class: Class, far: Option<Proxy>, error: Option<Error>) -> ToyValue {
        ToyValue::Object(Arc::new(Object { toy: self.clone(), class, attributes: Mutex::default(), far, error }))
    }
}

impl Runtime for Toy {
    type Object = ToyValue;

    fn name(&self) -> &str {
        "toy"
    }

    fn incoming(&self, value: Value) -> Result<ToyValue, Error> {
        let all = |items: &[Value]| items.iter().map(|item| self.incoming(item.clone())).collect::<Result<Vec<_>, _>>();
        Ok(match &value {
            Value::Tuple(items) => ToyValue::Tuple(all(items)?),
            Value::List(items) => ToyValue::list(all(items)?),
            Value::Ref(reference) => {
                if let Ref::Own(own) = reference
                    && let Some(host) = own.downcast::<ToyHost>()
                {
                    return Ok(host.what.clone());
                }
                let proxy = Proxy::from(reference.clone());
                match proxy.describes() {
                    Some(shape) => ToyValue::Class(self.fake(&shape).living_at(proxy)),
                    None => self.object(self.fake(&proxy.shape()), Some(proxy), None),
                }
            }
            _ => ToyValue::Copy(value),
        })
    }

    fn outgoing(&self, object: &ToyValue) -> Result<Value, Error> {
        Ok(match object {
            ToyValue::Copy(value) => value.clone(),
            ToyValue::Tuple(items) => Value::tuple(self.all_outgoing(items)?),
            _ => match object.far() {
                Some(far) => far.into(),
                None => self.own(object).into(),
            },
        })
    }

    fn incoming_error(&self, error: Error) -> ToyValue {
        self.exception_of(error)
    }

    fn outgoing_error(&self, raised: &ToyValue) -> Error {
        self.error_of(raised)
    }
}
