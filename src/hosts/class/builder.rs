//! The description of a Rust type for peers, step by step.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use crate::context::CallContext;
use crate::error::Error;
use crate::host::{Arguments, Operation, Outcome, Request, ValueStream};
use crate::hosts::asynchronous::serve;
use crate::hosts::called::{Called, CodePlace, Known};
use crate::hosts::class::by_name::ByName;
use crate::hosts::class::{Attribute, Class, Definition, MethodCode, Setter};
use crate::shape::{Category, Member, MemberKind, Shape};
use crate::value::Value;

/// A [`Class`] being described: made by [`Class::builder`], ended by [`ClassBuilder::build`].
///
/// Members are exposed unless the [`Member`] given says otherwise. A member described twice is what it was last.
#[must_use]
pub struct ClassBuilder<T> {
    definition: Definition<T>,
    shape: Shape,
    known: Known,
}

impl<T: Send + Sync + 'static> ClassBuilder<T> {
    pub(super) fn new(name: Arc<str>) -> Self {
        let shape = Shape::new(name, Category::Instance).operations(&[Operation::Text, Operation::Dir]);
        Self {
            definition: Definition {
                shape: Arc::new(shape.clone()),
                methods: ByName::default(),
                attributes: ByName::default(),
                operations: HashMap::new(),
                whole: None,
                constructor: None,
                constructor_exposed: false,
                known: Arc::new(OnceLock::new()),
            },
            shape,
            known: Known::default(),
        }
    }

    /// The type's documentation.
    pub fn doc(mut self, doc: impl Into<Arc<str>>) -> Self {
        self.shape = self.shape.doc_text(doc);
        self
    }

    /// One more base, after those there are: it is told to peers, so that checks for it hold. The code of inherited
    /// members is given here, like that of all others.
    pub fn base(mut self, base: &Arc<Shape>) -> Self {
        self.shape = self.shape.base(base.clone());
        self
    }

    /// One more interface that the type claims, such as `org.example.Counter/1`.
    pub fn interface(mut self, name: impl Into<Arc<str>>) -> Self {
        self.shape = self.shape.interface(name);
        self
    }

    /// A method that gives its result when it returns.
    pub fn method<F>(self, name: impl Into<Arc<str>>, method: F) -> Self
    where
        F: Fn(&T, Arguments, &CallContext) -> Result<Value, Error> + Send + Sync + 'static,
    {
        self.method_with(Member::method(name), method)
    }

    /// As [`Self::method`], with all that can be said of a member.
    pub fn method_with<F>(self, member: Member, method: F) -> Self
    where
        F: Fn(&T, Arguments, &CallContext) -> Result<Value, Error> + Send + Sync + 'static,
    {
        self.called(member, move |value, arguments, context| method(value, arguments, context).into())
    }

    /// A method whose result comes later: it keeps [`CallContext::reply`] and settles it.
    pub fn later<F>(self, name: impl Into<Arc<str>>, method: F) -> Self
    where
        F: Fn(&Arc<T>, Arguments, CallContext) + Send + Sync + 'static,
    {
        self.later_with(Member::method(name), method)
    }

    /// As [`Self::later`], with all that can be said of a member.
    pub fn later_with<F>(self, member: Member, method: F) -> Self
    where
        F: Fn(&Arc<T>, Arguments, CallContext) + Send + Sync + 'static,
    {
        self.called(member, move |value, arguments, context| {
            method(value, arguments, context.clone());
            Outcome::Later
        })
    }

    /// A method that is a future: see [`Function::asynchronous`](crate::hosts::Function::asynchronous).
    pub fn async_method<F, C>(self, name: impl Into<Arc<str>>, method: F) -> Self
    where
        F: Fn(Arc<T>, Arguments, CallContext) -> C + Send + Sync + 'static,
        C: Future<Output = Result<Value, Error>> + Send + 'static,
    {
        self.async_method_with(Member::method(name), method)
    }

    /// As [`Self::async_method`], with all that can be said of a member.
    pub fn async_method_with<F, C>(self, member: Member, method: F) -> Self
    where
        F: Fn(Arc<T>, Arguments, CallContext) -> C + Send + Sync + 'static,
        C: Future<Output = Result<Value, Error>> + Send + 'static,
    {
        let called = self.call_of(&member.name);
        self.called(member, move |value, arguments, context| {
            serve(method(value.clone(), arguments, context.clone()), context, Some(&called))
        })
    }

    /// A method whose result is a stream of items.
    pub fn stream<F>(self, name: impl Into<Arc<str>>, method: F) -> Self
    where
        F: Fn(&T, Arguments, &CallContext) -> Result<Box<dyn ValueStream>, Error> + Send + Sync + 'static,
    {
        self.called(Member::method(name), move |value, arguments, context| match method(value, arguments, context) {
            Ok(stream) => Outcome::Stream(stream),
            Err(error) => Outcome::Error(error),
        })
    }

    /// An attribute that can be read.
    pub fn attribute<G>(self, name: impl Into<Arc<str>>, get: G) -> Self
    where
        G: Fn(&T) -> Result<Value, Error> + Send + Sync + 'static,
    {
        self.attribute_with(Member::attribute(name), get)
    }

    /// As [`Self::attribute`], with all that can be said of a member.
    pub fn attribute_with<G>(self, member: Member, get: G) -> Self
    where
        G: Fn(&T) -> Result<Value, Error> + Send + Sync + 'static,
    {
        self.held(member, Attribute { get: Box::new(move |value, _| get(value).into()), set: None })
    }

    /// An attribute that can be read and written.
    pub fn writable<G, S>(self, name: impl Into<Arc<str>>, get: G, set: S) -> Self
    where
        G: Fn(&T) -> Result<Value, Error> + Send + Sync + 'static,
        S: Fn(&T, Value) -> Result<(), Error> + Send + Sync + 'static,
    {
        self.writable_with(Member::attribute(name), get, set)
    }

    /// As [`Self::writable`], with all that can be said of a member.
    pub fn writable_with<G, S>(self, member: Member, get: G, set: S) -> Self
    where
        G: Fn(&T) -> Result<Value, Error> + Send + Sync + 'static,
        S: Fn(&T, Value) -> Result<(), Error> + Send + Sync + 'static,
    {
        let set: Box<Setter<T>> = Box::new(move |value, to, _| set(value, to).map(|()| Value::None).into());
        self.held(member, Attribute { get: Box::new(move |value, _| get(value).into()), set: Some(set) })
    }

    /// An operation beside what members are for. For calls, reads and writes, those of no declared member.
    pub fn operation<F>(self, operation: Operation, code: F) -> Self
    where
        F: Fn(&T, Request, &CallContext) -> Outcome + Send + Sync + 'static,
    {
        self.operated(operation, move |value, request, context| code(value, request, context))
    }

    /// The contents of an instance, copied at one moment, as a [`Value::List`], [`Value::Dict`], [`Value::Set`] or
    /// [`Value::ByteArray`].
    pub fn whole<G>(self, whole: G) -> Self
    where
        G: Fn(&T) -> Result<Value, Error> + Send + Sync + 'static,
    {
        self.given_whole(move |value, _| whole(value).into())
    }

    /// What makes an instance when the class is called. Passing the class does not grant that call.
    pub fn constructor<F>(mut self, constructor: F) -> Self
    where
        F: Fn(Arguments, &CallContext) -> Result<T, Error> + Send + Sync + 'static,
    {
        self.definition.constructor = Some(Box::new(constructor));
        self.definition.constructor_exposed = false;
        self
    }

    /// As [`Self::constructor`], and passing the class grants the call.
    pub fn exposed_constructor<F>(mut self, constructor: F) -> Self
    where
        F: Fn(Arguments, &CallContext) -> Result<T, Error> + Send + Sync + 'static,
    {
        self = self.constructor(constructor);
        self.definition.constructor_exposed = true;
        self
    }

    /// Where the function of this name in Rust stands, for the errors that come through it.
    pub fn placed(mut self, name: &'static str, place: CodePlace) -> Self {
        self.known.placed(name, place);
        self
    }

    /// The name for peers of what has this name in Rust: of a constructor an empty one, and of what writes an attribute
    /// that with a `=` behind it.
    pub fn known_as(mut self, name: &'static str, for_peers: &'static str) -> Self {
        self.known.known_as(name, for_peers);
        self
    }

    /// The class.
    pub fn build(mut self) -> Class<T> {
        self.definition.shape = Arc::new(self.shape);
        let _ = self.definition.known.set(self.known.of_shape(&self.definition.shape));
        Class(Arc::new(self.definition))
    }

    /// A method that is given the instance as its objects hold it.
    pub(crate) fn shared_with<F>(self, member: Member, method: F) -> Self
    where
        F: Fn(&Arc<T>, Arguments, &CallContext) -> Outcome + Send + Sync + 'static,
    {
        self.called(member, method)
    }

    pub(super) fn called<F>(mut self, member: Member, code: F) -> Self
    where
        F: Fn(&Arc<T>, Arguments, &CallContext) -> Outcome + Send + Sync + 'static,
    {
        let code: Box<MethodCode<T>> = Box::new(code);
        self.definition.attributes.remove(&member.name);
        self.definition.methods.insert(member.name.clone(), code);
        self.described(Member { kind: MemberKind::Method, writable: false, ..member })
    }

    pub(super) fn operated<F>(mut self, operation: Operation, code: F) -> Self
    where
        F: Fn(&Arc<T>, Request, &CallContext) -> Outcome + Send + Sync + 'static,
    {
        self.shape = self.shape.operations(&[operation]);
        self.definition.operations.insert(operation, Box::new(code));
        self
    }

    pub(super) fn given_whole<G>(mut self, whole: G) -> Self
    where
        G: Fn(&Arc<T>, &CallContext) -> Outcome + Send + Sync + 'static,
    {
        self.shape = self.shape.operations(&[Operation::Whole]);
        self.definition.whole = Some(Box::new(whole));
        self
    }

    /// The call of a member, for one that goes on later.
    pub(super) fn call_of(&self, member: &str) -> Called {
        Called::new(self.shape.name(), member, &self.definition.known)
    }

    pub(super) fn held(mut self, member: Member, attribute: Attribute<T>) -> Self {
        let writable = attribute.set.is_some();
        self.definition.methods.remove(&member.name);
        self.definition.attributes.insert(member.name.clone(), attribute);
        self.described(Member { kind: MemberKind::Attribute, writable, ..member })
    }

    fn described(mut self, member: Member) -> Self {
        self.shape = self.shape.without_member(&member.name).member(member);
        self
    }
}
