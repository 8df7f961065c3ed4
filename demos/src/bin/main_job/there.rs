//! The other process: the objects that live in it, and what they say while they are used.

use std::error::Error as StdError;
use std::fmt;
use std::num::ParseIntError;
use std::panic::Location;
use std::sync::{Arc, LazyLock};

use wherever::clock::ManualClock;
use wherever::context::CallContext;
use wherever::drive::connect_simple;
use wherever::error::Raised;
use wherever::hosts::{Class, List};
use wherever::policy::Policy;
use wherever::shape::{Category, Shape};
use wherever::wire::describe::escape;
use wherever::{Arguments, Error, Host, Node, Operation, Outcome, Own, Proxy, Request, Value};
use wherever_transports::stdio;

use crate::Failure;
use crate::tell::{Teller, shown};

/// Exports what there is, and serves whoever started this process until they close.
pub(crate) fn run(colour: bool) -> Result<(), Failure> {
    // The process that started this one is trusted: whatever has no leading underscore may be used. By default,
    // only what is exposed on purpose may be.
    let node = Node::builder().policy(Policy::Public).clock(ManualClock::default()).build();
    node.export("x", calculator().instance(Calculator { teller: Teller::there(colour) }));
    node.export("numbers", List::from_iter((0..10_000).map(Value::Int)).to_own());
    node.export("crew", crew().to_own());
    node.export("notebook", Own::new(Notebook));
    let peer = connect_simple(&node, stdio()?);
    Ok(peer.serve()?)
}

/// The class of `x`.
struct Calculator {
    teller: Teller,
}

fn calculator() -> Class<Calculator> {
    Class::<Calculator>::builder("rust:there.Calculator")
        .doc("Adds up, and tells what it does.")
        .method("foo", |this: &Calculator, arguments, _| this.foo(arguments))
        .method("bar", |this: &Calculator, arguments, _| this.bar(arguments))
        .method("is_it_me", |this: &Calculator, arguments, _| this.is_it_me(arguments))
        .method("order", |this: &Calculator, mut arguments: Arguments, _| {
            let text: String = arguments.take(0, "text")?;
            this.teller.say(1, &format!("order({text:?}) runs, and fails."));
            order(&text)
        })
        .method("lamp", |this: &Calculator, mut arguments: Arguments, _| {
            let bell = arguments.take(0, "bell")?;
            Ok(LAMP.instance(Lamp { bell, teller: this.teller }).into())
        })
        // What follows is there for the table of message counts, and says nothing.
        .attribute("motto", |_| Ok(Value::text("one message there, one back")))
        .method("add", |_, mut arguments: Arguments, _| {
            let (a, b): (i64, i64) = (arguments.take(0, "a")?, arguments.take(1, "b")?);
            Ok((i128::from(a) + i128::from(b)).into())
        })
        .method("call_back", |_, mut arguments: Arguments, _| arguments.take::<Proxy>(0, "function")?.invoke(()))
        .method("refuse", |_, _, _| Err(Error::raise("rust:there.Refusal", "as asked")))
        .method("first_step", |_, _, _| Ok(STEP.instance(Step(1)).into()))
        .build()
}

impl Calculator {
    /// Adds the number to all that is in the list, and tells the sum to `y`.
    fn foo(&self, mut arguments: Arguments) -> Result<Value, Error> {
        let number: i64 = arguments.take(0, "n")?;
        let values: Proxy = arguments.take(1, "values")?;
        let y: Proxy = arguments.take(2, "y")?;
        let say = |text: &str| self.teller.say(1, text);
        say("foo(n, values, y) runs, in this process.");
        say(&format!("n is {number}: a copy, since a number cannot change."));
        self.claim(!values.is_own(), "values is a reference to a list over there. Nothing of what is in it has come.")?;

        let before = messages(&values);
        let items: Vec<i64> = values.fetch()?.to()?;
        say(&format!("I need what is in it, so I ask: it is {}.", shown(&items)));
        let asked = messages(&values) - before;
        self.claim(asked == 2, &format!("Asking took {asked} messages: a question and its answer."))?;

        let before = messages(&y);
        let shape = y.shape();
        say("y is a reference too, to an instance of a class that this process does not have.");
        say("So it made a stand-in from the shape that came along, and knows:");
        say(&format!("  its class       {}", escape(shape.name())));
        say(&format!("  documentation   {}", escape(shape.doc())));
        for member in shape.members() {
            say(&format!("  member          {}{}", escape(&member.name), escape(&member.signature)));
        }
        say(&format!("  is_a(\"rust:here.Animal\") is {}", y.is_a("rust:here.Animal")));
        say(&format!("  is_a(\"rust:here.Stone\")  is {}", y.is_a("rust:here.Stone")));
        let is_told = y.is_a("rust:here.Animal") && !y.is_a("rust:here.Stone") && y.dir()?.len() == 2;
        let asked = messages(&y) - before;
        self.claim(asked == 0 && is_told, "To know all that took no message.")?;

        let total = items.iter().fold(i128::from(number), |sum, item| sum + i128::from(*item));
        say(&format!("I call y.hear({total})."));
        let heard: String = y.call("hear", (total,))?.to()?;
        say(&format!("y answered {heard:?}. I return the sum, and y."));
        Ok(Value::tuple([total.into(), y.into()]))
    }

    /// Takes what `foo` takes, and looks at none of it.
    fn bar(&self, mut arguments: Arguments) -> Result<Value, Error> {
        let values: Proxy = arguments.take(1, "values")?;
        let sent = values.peer().map(|peer| peer.stats().calls_sent);
        self.teller.say(1, "bar(n, values, y) runs. I look at none of it.");
        let sent_now = values.peer().map(|peer| peer.stats().calls_sent);
        self.claim(sent == sent_now, "I asked for nothing.")?;
        Ok(Value::None)
    }

    fn is_it_me(&self, mut arguments: Arguments) -> Result<Value, Error> {
        let object: Value = arguments.take(0, "object")?;
        let is_me = match &object {
            Value::Ref(wherever::value::Ref::Own(own)) => own
                .downcast::<wherever::hosts::Instance<Calculator>>()
                .is_some_and(|instance| std::ptr::eq(&**instance, self)),
            _ => false,
        };
        self.claim(is_me, "What I was given is myself: no proxy, the very object.")?;
        Ok(is_me.into())
    }

    /// A claim that this process checks. One that does not hold fails the call, and with it the story.
    fn claim(&self, holds: bool, claim: &str) -> Result<(), Error> {
        self.teller.check(1, holds, claim).map_err(|_| Error::raise("demo:not_as_told", claim))
    }
}

/// Messages that have crossed so far in the session that the object came by.
fn messages(object: &Proxy) -> u64 {
    object.peer().map_or(0, |peer| peer.stats().messages())
}

/// An error as Rust programs make them: with a source.
#[derive(Debug)]
struct BadOrder {
    text: String,
    source: ParseIntError,
}

impl fmt::Display for BadOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the order {:?} does not begin with a number", self.text)
    }
}

impl StdError for BadOrder {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.source)
    }
}

fn order(text: &str) -> Result<Value, Error> {
    match count_of(text) {
        Ok(count) => Ok(count.into()),
        // Where it began is noted by itself; a place where it passes through is added by hand.
        Err(bad) => Err(Error::Raised(Arc::new(bad.at(Location::caller(), "")))),
    }
}

fn count_of(text: &str) -> Result<i64, Box<Raised>> {
    let word = text.split(' ').next().unwrap_or_default();
    word.parse().map_err(|source| {
        let bad = BadOrder { text: text.to_owned(), source };
        Box::new(Raised::from_std(&bad).named("count_of"))
    })
}

/// An object whose end can be seen: its destructor rings a bell, which may be anywhere.
struct Lamp {
    bell: Proxy,
    teller: Teller,
}

static LAMP: LazyLock<Class<Lamp>> =
    LazyLock::new(|| Class::<Lamp>::builder("rust:there.Lamp").doc("Rings a bell when it is gone.").build());

impl Drop for Lamp {
    fn drop(&mut self) {
        self.teller.say(1, "The lamp's destructor runs; it rings the bell that it was given.");
        // Nobody is left to be told that this failed.
        let _ = self.bell.request(Operation::Call).args(("the lamp is gone",)).one_way();
    }
}

/// A link of a chain of calls.
struct Step(i64);

static STEP: LazyLock<Class<Step>> = LazyLock::new(|| {
    Class::<Step>::builder("rust:there.Step")
        .method("next", |this: &Step, _, _| Ok(STEP.instance(Step(this.0 + 1)).into()))
        .attribute("number", |this| Ok(this.0.into()))
        .build()
});

struct Sailor(String);

fn crew() -> List {
    let class = Class::<Sailor>::builder("rust:there.Sailor")
        .attribute("name", |this: &Sailor| Ok(Value::text(this.0.as_str())))
        .build();
    List::from_iter((0..100).map(|number| class.instance(Sailor(format!("sailor {number}"))).into()))
}

/// An object of an open class: it has attributes that its class does not tell, as objects of Python have.
struct Notebook;

static NOTEBOOK: LazyLock<Arc<Shape>> = LazyLock::new(|| {
    Arc::new(Shape::new("rust:there.Notebook", Category::Instance).open().operations(&[Operation::Dir]))
});

impl Host for Notebook {
    fn shape(&self) -> Arc<Shape> {
        NOTEBOOK.clone()
    }

    fn operate(&self, request: Request, _: &CallContext) -> Outcome {
        match request.operation {
            Operation::Dir => Outcome::Value(Value::tuple([Value::text("milk"), Value::text("bread")])),
            operation => Outcome::Error(Error::NotSupported { shape: NOTEBOOK.name().clone(), operation }),
        }
    }
}
