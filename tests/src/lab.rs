//! An object that does what a test wants of it, and tells what was done to it.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;

use wherever::context::CallContext;
use wherever::hosts::{Class, Instance, iterator};
use wherever::shape::Member;
use wherever::{Arguments, Error, Operation, Outcome, Own, Proxy, Value};

use crate::pair::Pair;

/// What a [`Lab`] object is asked and keeps.
#[derive(Default)]
pub struct Lab {
    /// What was logged, in order.
    pub log: Mutex<Vec<String>>,
    /// What was kept.
    pub kept: Mutex<Vec<Value>>,
    /// Calls that wait to be answered by the test, in the order of their arrival.
    pub gates: Mutex<VecDeque<Gate>>,
    /// The writable attribute.
    pub value: Mutex<Value>,
}

/// A call that waits to be answered.
pub struct Gate {
    /// What it was called with.
    pub arguments: Arguments,
    /// What is known of it.
    pub context: CallContext,
}

impl Gate {
    /// Answers the call.
    pub fn open(self, result: impl Into<Value>) {
        self.context.reply().settle(Ok(result.into()));
    }

    /// Fails the call.
    pub fn fail(self, message: &str) {
        self.context.reply().settle(Err(Error::raise("test:failure", message)));
    }
}

static CLASS: LazyLock<Class<Lab>> = LazyLock::new(|| {
    Class::<Lab>::builder("rust:test.Lab")
        .doc("A lab.")
        .interface("org.example.Lab/1")
        .method("echo", |_, mut arguments: Arguments, _| arguments.take::<Value>(0, "what"))
        .method("log", |lab: &Lab, mut arguments, _| {
            let text: String = arguments.take(0, "text")?;
            lab.log.lock().push(text);
            Ok(Value::None)
        })
        .method_with(Member::method("quick").concurrent(), |lab: &Lab, mut arguments, _| {
            let text: String = arguments.take(0, "text")?;
            lab.log.lock().push(text);
            Ok(Value::None)
        })
        .method("keep", |lab: &Lab, arguments, _| {
            lab.kept.lock().extend(arguments.positional);
            Ok(Value::None)
        })
        .method("kept", |lab: &Lab, _, _| Ok(lab.kept.lock().last().cloned().unwrap_or_default()))
        .method("forget", |lab: &Lab, _, _| {
            let kept = std::mem::take(&mut *lab.kept.lock());
            drop(kept);
            Ok(Value::None)
        })
        .method("make", |_, _, _| Ok(Lab::own().0.into()))
        .method("fail", |_, _, _| Err(Error::raise("test:failure", "as asked")))
        .method("panic", |_, _, _| panic!("as asked"))
        .method("double", |_, mut arguments, _| {
            let number: i64 = arguments.take(0, "number")?;
            Ok((number * 2).into())
        })
        .method("call_back", |_, mut arguments, _| {
            let (back, what): (Proxy, Value) = (arguments.take(0, "back")?, arguments.take(1, "what")?);
            back.invoke((what,))
        })
        .async_method("calls_back", |_, mut arguments, _| async move {
            let back: Proxy = arguments.take(0, "back")?;
            back.request(Operation::Call).await
        })
        .method("steps", |_, mut arguments, _| {
            let count: i64 = arguments.take(0, "count")?;
            Ok(iterator((0..count).map(|step| Ok(step.into()))).into())
        })
        .later("gate", |lab: &Arc<Lab>, arguments, context| lab.wait(arguments, context))
        .later("suspended", |lab: &Arc<Lab>, arguments, context| {
            let reply = context.reply();
            lab.wait(arguments, context);
            reply.suspend();
        })
        .attribute("name", |_| Ok("lab".into()))
        .writable(
            "value",
            |lab: &Lab| Ok(lab.value.lock().clone()),
            |lab: &Lab, value| {
                let _before = std::mem::replace(&mut *lab.value.lock(), value);
                Ok(())
            },
        )
        .operation(Operation::Length, |_, _, _| Outcome::Value(7.into()))
        .exposed_constructor(|_, _| Ok(Lab::default()))
        .build()
});

impl Lab {
    /// A new lab: the object, and what is in it.
    pub fn own() -> (Own, Arc<Self>) {
        let own = CLASS.instance(Self::default());
        let inside = Self::inside(&own);
        (own, inside)
    }

    /// The class of all labs.
    pub fn class() -> Own {
        CLASS.own()
    }

    /// What is in a lab.
    pub fn inside(own: &Own) -> Arc<Self> {
        own.downcast::<Instance<Self>>().unwrap().value().clone()
    }

    fn wait(&self, arguments: Arguments, context: CallContext) {
        if let Some(Value::Text(text)) = arguments.positional.first() {
            self.log.lock().push(text.to_string());
        }
        self.gates.lock().push_back(Gate { arguments, context });
    }

    /// The call that has waited longest.
    #[track_caller]
    pub fn next_gate(&self) -> Gate {
        self.gates.lock().pop_front().unwrap()
    }

    /// What was logged since the last look.
    pub fn read(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock())
    }
}

/// The object that the right side of a pair exports under a name.
#[track_caller]
pub fn got(pair: &Pair, name: &str) -> Proxy {
    let promise = pair.left.peer().promise(name).unwrap();
    pair.settle();
    promise.result().unwrap().to().unwrap()
}

/// Lets all releases leave, and looks whether every table of these sessions is empty.
#[track_caller]
pub fn assert_idle(pairs: &[&Pair]) {
    for _ in 0..6 {
        pairs.iter().for_each(|pair| pair.tick());
        pairs.iter().for_each(|pair| pair.settle());
    }
    for peer in pairs.iter().flat_map(|pair| [pair.left.peer(), pair.right.peer()]) {
        assert!(peer.stats().is_idle(), "{:#?}", peer.stats());
    }
}
