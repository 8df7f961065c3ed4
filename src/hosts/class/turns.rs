//! The members of a type whose instances are used by turns: on `&mut` alone, on `&` with others.

use std::future::Future;
use std::sync::Arc;

use crate::context::CallContext;
use crate::error::Error;
use crate::guard::guarded;
use crate::host::{Arguments, Operation, Outcome, Request, ValueStream};
use crate::hosts::asynchronous::serve;
use crate::hosts::called::Called;
use crate::hosts::class::{Attribute, ClassBuilder, Setter};
use crate::hosts::turn::{Turn, Use};
use crate::hosts::turned::{Exclusive, Shared, Turned, settled_later, with_mut, with_ref};
use crate::shape::Member;
use crate::value::Value;

/// Members of a [`Turned`] type: those ending in `mut` have the instance alone, those ending in `ref` share it with each
/// other.
impl<T: Send + Sync + 'static> ClassBuilder<Turned<T>> {
    /// A method on `&mut`, that gives its result when it returns.
    pub fn method_mut<F>(self, name: impl Into<Arc<str>>, method: F) -> Self
    where
        F: Fn(&mut T, Arguments, &CallContext) -> Result<Value, Error> + Send + Sync + 'static,
    {
        self.method_mut_with(Member::method(name), method)
    }

    /// As [`Self::method_mut`], with all that can be said of a member.
    pub fn method_mut_with<F>(self, member: Member, method: F) -> Self
    where
        F: Fn(&mut T, Arguments, &CallContext) -> Result<Value, Error> + Send + Sync + 'static,
    {
        self.by_turns_mut(member, move |value, arguments, context| method(value, arguments, context).into())
    }

    /// A method on `&`, that gives its result when it returns.
    pub fn method_ref<F>(self, name: impl Into<Arc<str>>, method: F) -> Self
    where
        F: Fn(&T, Arguments, &CallContext) -> Result<Value, Error> + Send + Sync + 'static,
    {
        self.method_ref_with(Member::method(name), method)
    }

    /// As [`Self::method_ref`], with all that can be said of a member.
    pub fn method_ref_with<F>(self, member: Member, method: F) -> Self
    where
        F: Fn(&T, Arguments, &CallContext) -> Result<Value, Error> + Send + Sync + 'static,
    {
        self.by_turns_ref(member, move |value, arguments, context| method(value, arguments, context).into())
    }

    /// A method on `&mut` whose result is a stream of items; the turn ends when it returns the stream.
    pub fn stream_mut<F>(self, name: impl Into<Arc<str>>, method: F) -> Self
    where
        F: Fn(&mut T, Arguments, &CallContext) -> Result<Box<dyn ValueStream>, Error> + Send + Sync + 'static,
    {
        let method = move |value: &mut T, arguments, context: &CallContext| streamed(method(value, arguments, context));
        self.by_turns_mut(Member::method(name), method)
    }

    /// As [`Self::stream_mut`], on `&`.
    pub fn stream_ref<F>(self, name: impl Into<Arc<str>>, method: F) -> Self
    where
        F: Fn(&T, Arguments, &CallContext) -> Result<Box<dyn ValueStream>, Error> + Send + Sync + 'static,
    {
        let method = move |value: &T, arguments, context: &CallContext| streamed(method(value, arguments, context));
        self.by_turns_ref(Member::method(name), method)
    }

    /// A method on `&mut` whose result comes later: it keeps [`CallContext::reply`] and settles it. The turn is kept
    /// until it has, and has dropped the value.
    pub fn later_mut<F>(self, name: impl Into<Arc<str>>, method: F) -> Self
    where
        F: Fn(Exclusive<T>, Arguments, CallContext) + Send + Sync + 'static,
    {
        self.later_mut_with(Member::method(name), method)
    }

    /// As [`Self::later_mut`], with all that can be said of a member.
    pub fn later_mut_with<F>(self, member: Member, method: F) -> Self
    where
        F: Fn(Exclusive<T>, Arguments, CallContext) + Send + Sync + 'static,
    {
        self.asked(Use::Exclusive, member, move |value, arguments, turn, context| {
            let turn = Arc::new(turn);
            let held = Exclusive::take(value, turn.clone());
            settled_later(held, turn, context, |value, context| method(value, arguments, context))
        })
    }

    /// As [`Self::later_mut`], on `&`.
    pub fn later_ref<F>(self, name: impl Into<Arc<str>>, method: F) -> Self
    where
        F: Fn(Shared<T>, Arguments, CallContext) + Send + Sync + 'static,
    {
        self.later_ref_with(Member::method(name), method)
    }

    /// As [`Self::later_ref`], with all that can be said of a member.
    pub fn later_ref_with<F>(self, member: Member, method: F) -> Self
    where
        F: Fn(Shared<T>, Arguments, CallContext) + Send + Sync + 'static,
    {
        self.asked(Use::Shared, member, move |value, arguments, turn, context| {
            let turn = Arc::new(turn);
            let held = Shared::take(value, turn.clone());
            settled_later(held, turn, context, |value, context| method(value, arguments, context))
        })
    }

    /// A method on `&mut` that is a future. The turn is kept while the future has the value.
    pub fn async_mut<F, C>(self, name: impl Into<Arc<str>>, method: F) -> Self
    where
        F: Fn(Exclusive<T>, Arguments, CallContext) -> C + Send + Sync + 'static,
        C: Future<Output = Result<Value, Error>> + Send + 'static,
    {
        self.async_mut_with(Member::method(name), method)
    }

    /// As [`Self::async_mut`], with all that can be said of a member.
    pub fn async_mut_with<F, C>(self, member: Member, method: F) -> Self
    where
        F: Fn(Exclusive<T>, Arguments, CallContext) -> C + Send + Sync + 'static,
        C: Future<Output = Result<Value, Error>> + Send + 'static,
    {
        let called = self.call_of(&member.name);
        self.asked(Use::Exclusive, member, move |value, arguments, turn, context| {
            let held = Exclusive::take(value, Arc::new(turn));
            polled(held, context, &called, |value, context| method(value, arguments, context))
        })
    }

    /// As [`Self::async_mut`], on `&`.
    pub fn async_ref<F, C>(self, name: impl Into<Arc<str>>, method: F) -> Self
    where
        F: Fn(Shared<T>, Arguments, CallContext) -> C + Send + Sync + 'static,
        C: Future<Output = Result<Value, Error>> + Send + 'static,
    {
        self.async_ref_with(Member::method(name), method)
    }

    /// As [`Self::async_ref`], with all that can be said of a member.
    pub fn async_ref_with<F, C>(self, member: Member, method: F) -> Self
    where
        F: Fn(Shared<T>, Arguments, CallContext) -> C + Send + Sync + 'static,
        C: Future<Output = Result<Value, Error>> + Send + 'static,
    {
        let called = self.call_of(&member.name);
        self.asked(Use::Shared, member, move |value, arguments, turn, context| {
            let held = Shared::take(value, Arc::new(turn));
            polled(held, context, &called, |value, context| method(value, arguments, context))
        })
    }

    /// An attribute that can be read, on `&`.
    pub fn attribute_ref<G>(self, name: impl Into<Arc<str>>, get: G) -> Self
    where
        G: Fn(&T) -> Result<Value, Error> + Send + Sync + 'static,
    {
        self.attribute_ref_with(Member::attribute(name), get)
    }

    /// As [`Self::attribute_ref`], with all that can be said of a member.
    pub fn attribute_ref_with<G>(self, member: Member, get: G) -> Self
    where
        G: Fn(&T) -> Result<Value, Error> + Send + Sync + 'static,
    {
        let get = read(self.call_of(&member.name), get);
        self.held(member, Attribute { get, set: None })
    }

    /// An attribute that can be read, on `&`, and written, on `&mut`.
    pub fn writable_mut<G, S>(self, name: impl Into<Arc<str>>, get: G, set: S) -> Self
    where
        G: Fn(&T) -> Result<Value, Error> + Send + Sync + 'static,
        S: Fn(&mut T, Value) -> Result<(), Error> + Send + Sync + 'static,
    {
        self.writable_mut_with(Member::attribute(name), get, set)
    }

    /// As [`Self::writable_mut`], with all that can be said of a member.
    pub fn writable_mut_with<G, S>(self, member: Member, get: G, set: S) -> Self
    where
        G: Fn(&T) -> Result<Value, Error> + Send + Sync + 'static,
        S: Fn(&mut T, Value) -> Result<(), Error> + Send + Sync + 'static,
    {
        let called = self.call_of(&member.name);
        let get = read(called, get);
        let called = self.call_of(&format!("{}=", member.name));
        let set = Arc::new(set);
        let set: Box<Setter<Turned<T>>> = Box::new(move |turned, to, context| {
            let set = set.clone();
            turned.ask(Use::Exclusive, &called, context, move |value, turn, _| {
                with_mut(value, turn, |value| set(value, to).map(|()| Value::None).into())
            })
        });
        self.held(member, Attribute { get, set: Some(set) })
    }

    /// An operation beside what members are for, on `&`; as [`ClassBuilder::operation`]. It does not answer later.
    pub fn operation_ref<F>(self, operation: Operation, code: F) -> Self
    where
        F: Fn(&T, Request, &CallContext) -> Outcome + Send + Sync + 'static,
    {
        let (called, code) = (self.call_of(&format!("{operation:?}")), Arc::new(code));
        self.operated(operation, move |turned: &Arc<Turned<T>>, request, context| {
            let code = code.clone();
            turned.ask(Use::Shared, &called, context, move |value, turn, context| {
                with_ref(value, turn, |value| code(value, request, context))
            })
        })
    }

    /// As [`Self::operation_ref`], on `&mut`.
    pub fn operation_mut<F>(self, operation: Operation, code: F) -> Self
    where
        F: Fn(&mut T, Request, &CallContext) -> Outcome + Send + Sync + 'static,
    {
        let (called, code) = (self.call_of(&format!("{operation:?}")), Arc::new(code));
        self.operated(operation, move |turned: &Arc<Turned<T>>, request, context| {
            let code = code.clone();
            turned.ask(Use::Exclusive, &called, context, move |value, turn, context| {
                with_mut(value, turn, |value| code(value, request, context))
            })
        })
    }

    /// The contents of an instance, copied at one moment, on `&`; as [`ClassBuilder::whole`].
    pub fn whole_ref<G>(self, whole: G) -> Self
    where
        G: Fn(&T) -> Result<Value, Error> + Send + Sync + 'static,
    {
        let whole = read(self.call_of("Whole"), whole);
        self.given_whole(move |turned, context| whole(turned, context))
    }

    fn by_turns_mut<F>(self, member: Member, method: F) -> Self
    where
        F: Fn(&mut T, Arguments, &CallContext) -> Outcome + Send + Sync + 'static,
    {
        self.asked(Use::Exclusive, member, move |value, arguments, turn, context| {
            with_mut(value, turn, |value| method(value, arguments, context))
        })
    }

    fn by_turns_ref<F>(self, member: Member, method: F) -> Self
    where
        F: Fn(&T, Arguments, &CallContext) -> Outcome + Send + Sync + 'static,
    {
        self.asked(Use::Shared, member, move |value, arguments, turn, context| {
            with_ref(value, turn, |value| method(value, arguments, context))
        })
    }

    fn asked<F>(self, how: Use, member: Member, method: F) -> Self
    where
        F: Fn(&Arc<parking_lot::RwLock<T>>, Arguments, Turn, &CallContext) -> Outcome + Send + Sync + 'static,
    {
        let (called, method) = (self.call_of(&member.name), Arc::new(method));
        self.called(member, move |turned: &Arc<Turned<T>>, arguments, context| {
            let method = method.clone();
            turned.ask(how, &called, context, move |value, turn, context| method(value, arguments, turn, context))
        })
    }
}

fn read<T: Send + Sync + 'static>(
    called: Called,
    get: impl Fn(&T) -> Result<Value, Error> + Send + Sync + 'static,
) -> Box<super::Getter<Turned<T>>> {
    let get = Arc::new(get);
    Box::new(move |turned, context| {
        let get = get.clone();
        turned
            .ask(Use::Shared, &called, context, move |value, turn, _| with_ref(value, turn, |value| get(value).into()))
    })
}

fn streamed(stream: Result<Box<dyn ValueStream>, Error>) -> Outcome {
    stream.map_or_else(Outcome::Error, Outcome::Stream)
}

/// Serves a call by a future that has the value.
fn polled<H, C>(
    held: Result<H, Error>,
    context: &CallContext,
    called: &Called,
    method: impl FnOnce(H, CallContext) -> C,
) -> Outcome
where
    C: Future<Output = Result<Value, Error>> + Send + 'static,
{
    let future = held.and_then(|held| guarded(|| method(held, context.clone())));
    future.map_or_else(Outcome::Error, |future| serve(future, context, Some(called)))
}
