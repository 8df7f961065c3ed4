//! Functions and closures of Rust as objects that a peer may call.

use std::fmt;
use std::sync::{Arc, LazyLock, OnceLock};

use crate::context::CallContext;
use crate::error::Error;
use crate::guard::telling;
use crate::host::{Arguments, Host, Operation, Outcome, Own, Request};
use crate::hosts::asynchronous::serve;
use crate::hosts::called::{Called, CodePlace, Known};
use crate::shape::{Category, Shape};
use crate::value::{Ref, Value};

/// A function of Rust. Passing it grants its call.
pub struct Function {
    name: Arc<str>,
    code: Box<Code>,
    shape: Arc<Shape>,
    /// What errors that leave it tell of it; nothing of one that only leads to what tells of itself.
    known: Option<Arc<OnceLock<Known>>>,
}

type Code = dyn Fn(Arguments, &CallContext) -> Outcome + Send + Sync;

/// One shape for all functions without documentation: it is constant.
static SHAPE: LazyLock<Arc<Shape>> = LazyLock::new(|| {
    let operations = [Operation::Call, Operation::Text, Operation::Truth, Operation::Dir];
    Arc::new(Shape::new("rust:function", Category::Function).doc_text("A function of Rust.").operations(&operations))
});

impl Function {
    /// A function that gives its result when it returns. The name is for people.
    pub fn new<F>(name: impl Into<Arc<str>>, function: F) -> Self
    where
        F: Fn(Arguments, &CallContext) -> Result<Value, Error> + Send + Sync + 'static,
    {
        Self::with_outcome(name, move |arguments, context| function(arguments, context).into())
    }

    /// A function that is a future. It is polled at once; when it waits for something, the next call of its order may
    /// start. It is dropped when its caller stops the call. What runs it is whatever drives the session: of a runtime's
    /// own timers and carriers it may wait only if that is the runtime.
    ///
    /// ```
    /// use wherever::hosts::Function;
    ///
    /// let sum = Function::asynchronous("sum", |mut arguments, _context| async move {
    ///     let (whom, number): (wherever::Proxy, i64) = (arguments.take(0, "whom")?, arguments.take(1, "number")?);
    ///     let theirs: i64 = whom.method("number").await?.to()?;
    ///     Ok((theirs + number).into())
    /// });
    /// # let _ = sum;
    /// ```
    pub fn asynchronous<F, C>(name: impl Into<Arc<str>>, function: F) -> Self
    where
        F: Fn(Arguments, CallContext) -> C + Send + Sync + 'static,
        C: Future<Output = Result<Value, Error>> + Send + 'static,
    {
        let (name, known) = (name.into(), Arc::default());
        let called = Called::new(&name, "", &known);
        let code =
            move |arguments, context: &CallContext| serve(function(arguments, context.clone()), context, Some(&called));
        Self { known: Some(known), ..Self::with_outcome(name, code) }
    }

    /// A function whose result comes later: it keeps [`CallContext::reply`] and settles it.
    pub fn later<F>(name: impl Into<Arc<str>>, function: F) -> Self
    where
        F: Fn(Arguments, CallContext) + Send + Sync + 'static,
    {
        Self::with_outcome(name, move |arguments, context| {
            function(arguments, context.clone());
            Outcome::Later
        })
    }

    /// A function whose result is any outcome, such as a stream.
    pub fn with_outcome<F>(name: impl Into<Arc<str>>, function: F) -> Self
    where
        F: Fn(Arguments, &CallContext) -> Outcome + Send + Sync + 'static,
    {
        Self { name: name.into(), code: Box::new(function), shape: SHAPE.clone(), known: Some(Arc::default()) }
    }

    /// A function that leads to something which says itself what its errors came through.
    pub(super) fn leading_to<F>(name: impl Into<Arc<str>>, function: F) -> Self
    where
        F: Fn(Arguments, &CallContext) -> Outcome + Send + Sync + 'static,
    {
        Self { known: None, ..Self::with_outcome(name, function) }
    }

    /// The function, its errors telling that it has this signature and stands there.
    #[must_use]
    pub fn declared(self, signature: impl Into<Arc<str>>, place: CodePlace) -> Self {
        if let Some(known) = &self.known {
            let _ = known.set(Known::of_function(signature.into(), place));
        }
        self
    }

    /// The function with documentation, which is told by a shape of its own.
    #[must_use]
    pub fn described(self, doc: impl Into<Arc<str>>) -> Self {
        let shape = Shape::new("rust:function", Category::Function).doc_text(doc).base(SHAPE.clone());
        Self { shape: Arc::new(shape), ..self }
    }

    /// The function's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A reference to the function, as a value holds it.
    pub fn into_own(self) -> Own {
        Own::new(self)
    }
}

impl Host for Function {
    fn shape(&self) -> Arc<Shape> {
        self.shape.clone()
    }

    fn operate(&self, request: Request, context: &CallContext) -> Outcome {
        match (request.operation, request.member) {
            (Operation::Call, None) => {
                let through = |error| match &self.known {
                    Some(known) => Called::new(&self.name, "", known).through(error),
                    None => error,
                };
                match telling(through, || (self.code)(request.arguments, context)) {
                    Outcome::Error(error) => Outcome::Error(through(error)),
                    outcome => outcome,
                }
            }
            (Operation::Call | Operation::Get | Operation::Set | Operation::Delete, Some(member)) => {
                Outcome::Error(Error::no_member(&SHAPE, &member))
            }
            (Operation::Text, _) => Outcome::Value(Value::text(format!("<rust:function {}>", self.name))),
            (Operation::Truth, _) => Outcome::Value(Value::Bool(true)),
            (Operation::Dir, _) => Outcome::Value(Value::tuple([])),
            (operation, _) => Outcome::Error(Error::not_supported(&SHAPE, operation)),
        }
    }

    fn as_any(&self) -> Option<&dyn std::any::Any> {
        Some(self)
    }
}

impl From<Function> for Value {
    fn from(function: Function) -> Self {
        Value::Ref(Ref::Own(function.into_own()))
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Function({})", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosts::testing::ask;

    #[test]
    fn a_function_is_called_with_what_it_is_given() {
        let double = Function::new("double", |arguments, _| match &*arguments.positional {
            [Value::Int(number)] => Ok(Value::Int(number * 2)),
            _ => Err(Error::raise("t:wrong", "one number")),
        });
        let result = ask(&double, Operation::Call, vec![Value::Int(4)]);
        assert_eq!(result.unwrap(), Value::Int(8));
        let error = ask(&double, Operation::Call, vec![]).unwrap_err();
        let frame = &error.raised().unwrap().frames[0];
        assert_eq!(&*frame.name, "double");
        assert!(frame.file.ends_with("function.rs"));
        assert_eq!(ask(&double, Operation::Text, vec![]).unwrap(), Value::text("<rust:function double>"));
        assert!(matches!(ask(&double, Operation::Length, vec![]), Err(Error::Denied(_))));
        assert!(Arc::ptr_eq(&double.shape(), &Function::new("f", |_, _| Ok(Value::None)).shape()));
    }

    #[test]
    fn a_result_may_come_later() {
        let (kept, keeps) = std::sync::mpsc::channel();
        let kept = parking_lot::Mutex::new(kept);
        let later = Function::later("later", move |_, context| {
            kept.lock().send(context.reply()).unwrap();
        });
        let outcome = later.operate(Request::new(Operation::Call), &CallContext::local());
        assert!(matches!(outcome, Outcome::Later));
        keeps.try_recv().unwrap().settle(Ok(Value::None));
    }
}
