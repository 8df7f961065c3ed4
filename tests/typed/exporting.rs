//! `#[export]`: types, functions and closures, as a dynamic peer finds them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use wherever::context::CallContext;
use wherever::hosts::Function;
use wherever::typed::{Exported, Items};
use wherever::{Arguments, Error, Own, Proxy, Value};

use crate::support::Sides;

struct Counter {
    count: AtomicI64,
    label: String,
}

/// Counts.
#[wherever::export(name = "rust:example.Counter", interface = "org.example.Counter/1")]
impl Counter {
    /// Makes a counter that begins here.
    #[wherever(constructor)]
    pub(crate) fn new(start: i64) -> Result<Self, String> {
        if start < 0 {
            return Err(format!("{start} is below zero"));
        }
        Ok(Self { count: AtomicI64::new(start), label: "made".into() })
    }

    /// Adds a step.
    pub(crate) fn add(&self, #[wherever(default = 1)] step: i64) -> i64 {
        self.count.fetch_add(step, Ordering::Relaxed) + step
    }

    #[wherever(attribute, reads)]
    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    #[wherever(name = "joined")]
    pub(crate) fn join(&self, parts: &[String], between: &str, at_end: Option<String>) -> String {
        parts.join(between) + &at_end.unwrap_or_default()
    }

    pub(crate) fn steps(&self, to: i64) -> Items<i64> {
        Items::new(self.count.load(Ordering::Relaxed)..to)
    }

    #[wherever(hidden)]
    pub(crate) fn secret(&self) -> i64 {
        7
    }

    #[wherever(skip)]
    #[expect(dead_code, reason = "what is skipped is no member")]
    pub(crate) fn into_count(self) -> i64 {
        self.count.into_inner()
    }

    pub(crate) fn fail(&self) -> Result<i64, std::num::ParseIntError> {
        "x".parse()
    }

    pub(crate) fn ask(&self, whom: Proxy) -> Result<i64, Error> {
        whom.invoke((self.count.load(Ordering::Relaxed),))?.to()
    }

    pub(crate) fn is_one_way(&self, context: &CallContext) -> bool {
        context.is_one_way()
    }

    pub(crate) async fn later(&self, whom: Proxy, amounts: Vec<i64>) -> Result<i64, Error> {
        let sum: i64 = amounts.iter().sum();
        whom.request(wherever::Operation::Call).args((sum,)).await?.to()
    }

    #[expect(dead_code, reason = "what is private is no member")]
    fn private(&self) -> i64 {
        8
    }
}

fn counter(start: i64) -> Counter {
    Counter::new(start).unwrap()
}

#[test]
fn a_dynamic_peer_uses_an_exported_type() {
    let sides = Sides::new();
    sides.server.export("counter", counter(40));
    let proxy = sides.peer.get("counter").unwrap();
    assert_eq!(proxy.call("add", (2,)).unwrap(), Value::Int(42));
    assert_eq!(proxy.call("add", ()).unwrap(), Value::Int(43));
    assert_eq!(proxy.call("add", Arguments::default().named("step", 7)).unwrap(), Value::Int(50));
    assert_eq!(proxy.get("label").unwrap(), Value::text("made"));
    let parts = vec!["a".to_owned(), "b".to_owned()];
    assert_eq!(proxy.call("joined", (parts.clone(), "-")).unwrap(), Value::text("a-b"));
    assert_eq!(proxy.call("joined", (parts, "-", "!")).unwrap(), Value::text("a-b!"));
    let steps = proxy.call("steps", (53,)).unwrap().to::<Items<i64>>().unwrap();
    assert_eq!(steps.collect::<Result<Vec<_>, _>>().unwrap(), [50, 51, 52]);
    assert!(matches!(proxy.call("secret", ()), Err(Error::Denied(_))));
    for no_member in ["join", "into_count", "private", "new"] {
        assert!(matches!(proxy.call(no_member, ()), Err(Error::NoMember { .. })), "{no_member}");
    }
    assert_eq!(proxy.call("is_one_way", ()).unwrap(), Value::Bool(false));
    let double = Function::typed("double", |n: i64| n * 2);
    assert_eq!(proxy.call("ask", (double,)).unwrap(), Value::Int(100));
}

#[test]
fn its_shape_tells_documentation_and_signatures() {
    let shape = Counter::class().shape().clone();
    assert_eq!(&**shape.name(), "rust:example.Counter");
    assert_eq!(shape.doc(), "Counts.");
    assert!(shape.is_a("org.example.Counter/1"));
    let signature = |name: &str| shape.find(name).unwrap().signature.to_string();
    assert_eq!(signature("add"), "(step: int = 1) -> int");
    assert_eq!(&*shape.find("add").unwrap().doc, "Adds a step.");
    assert_eq!(signature("joined"), "(parts: list[str], between: str, at_end: str | None = None) -> str");
    assert_eq!(signature("steps"), "(to: int) -> iterator");
    assert_eq!(signature("ask"), "(whom: object) -> int");
    assert_eq!(signature("is_one_way"), "() -> bool");
    assert!(shape.find("label").unwrap().reads);
    assert!(!shape.find("secret").unwrap().exposed);
}

#[test]
fn wrong_arguments_are_told_by_name() {
    let sides = Sides::new();
    sides.server.export("counter", counter(0));
    let proxy = sides.peer.get("counter").unwrap();
    let told = |result: Result<Value, Error>| result.unwrap_err().to_string();
    assert!(told(proxy.call("add", ("x",))).contains("step: wanted i64, found text"));
    assert!(told(proxy.call("add", (1, 2))).contains("at most 1 arguments by position, found 2"));
    assert!(told(proxy.call("joined", ((1, 2), "-"))).contains("parts.[0]: wanted text, found int 1"));
    let twice = Arguments::from(vec![Value::Int(1)]).named("step", 2);
    assert!(told(proxy.call("add", twice)).contains("step"));
}

#[test]
fn errors_keep_their_type_and_message() {
    let sides = Sides::new();
    sides.server.export("counter", counter(0));
    sides.server.export("Counter", Counter::class().own());
    let proxy = sides.peer.get("counter").unwrap();
    let error = proxy.call("fail", ()).unwrap_err();
    let raised = error.raised().unwrap();
    assert_eq!(&*raised.type_name, "rust:core::num::error::ParseIntError");
    assert_eq!(&*raised.message, "invalid digit found in string");
    let frame = &raised.frames[0];
    assert_eq!((&*frame.name, &*frame.file), ("Counter.fail", file!()));
    assert!(frame.line > 0);
    let class = sides.peer.get("Counter").unwrap();
    assert_eq!(class.invoke((5,)).unwrap().to::<Proxy>().unwrap().call("add", ()).unwrap(), Value::Int(6));
    assert!(class.invoke((-5,)).unwrap_err().to_string().contains("-5 is below zero"));
}

#[test]
fn an_async_method_takes_remote_containers_whole() {
    let sides = Sides::new();
    sides.server.export("counter", counter(0));
    let proxy = sides.peer.get("counter").unwrap();
    let list = wherever::hosts::List::from(vec![Value::Int(1), Value::Int(2), Value::Int(3)]);
    let half = Function::typed("half", |n: i64| n / 2);
    assert_eq!(proxy.call("later", (half, list)).unwrap(), Value::Int(3));
}

/// Holds a value.
struct Cell<T>(T);

#[wherever::export]
impl<T: Clone + wherever::FromValue + wherever::IntoValue + Send + Sync + 'static> Cell<T> {
    pub(crate) fn get(&self) -> T {
        self.0.clone()
    }

    pub(crate) fn put(&mut self, value: T) -> Result<T, Error> {
        Ok(std::mem::replace(&mut self.0, value))
    }
}

#[test]
fn a_generic_type_used_by_turns_is_exported() {
    let sides = Sides::new();
    sides.server.export("number", Cell(1_i64));
    sides.server.export("text", Cell("a".to_owned()));
    let (number, text) = (sides.peer.get("number").unwrap(), sides.peer.get("text").unwrap());
    assert_eq!(number.call("put", (2,)).unwrap(), Value::Int(1));
    assert_eq!(number.call("get", ()).unwrap(), Value::Int(2));
    assert_eq!(text.call("put", ("b",)).unwrap(), Value::text("a"));
    assert!(text.call("put", (2,)).is_err());
}

/// Hands objects out.
struct House {
    counter: Arc<Counter>,
}

#[wherever::export]
impl House {
    pub(crate) fn counter(&self) -> Arc<Counter> {
        self.counter.clone()
    }

    pub(crate) fn is_ours(&self, counter: Arc<Counter>) -> bool {
        Arc::ptr_eq(&self.counter, &counter)
    }
}

#[test]
fn an_arc_is_one_object_and_comes_home_as_itself() {
    let sides = Sides::new();
    sides.server.export("house", House { counter: Arc::new(counter(1)) });
    let house = sides.peer.get("house").unwrap();
    let one: Proxy = house.call("counter", ()).unwrap().to().unwrap();
    let two: Proxy = house.call("counter", ()).unwrap().to().unwrap();
    assert!(one.same(&two));
    assert_eq!(house.call("is_ours", (&one,)).unwrap(), Value::Bool(true));
    let ours = Arc::new(counter(3));
    let proxy = Proxy::from(ours.clone());
    assert!(Arc::ptr_eq(&proxy.own_as::<Counter>().unwrap(), &ours));
    assert_eq!(proxy.call("add", (1,)).unwrap(), Value::Int(4));
    assert!(one.own_as::<Counter>().err().unwrap().to_string().contains("found remote object"));
    assert!(Proxy::from(counter(1)).own_as::<House>().is_err());
    let stranger = Own::from(Arc::new(counter(1)));
    let error = house.call("is_ours", (&stranger,)).unwrap_err().to_string();
    assert!(error.contains("counter: wanted own object rust:example.Counter, found remote object"), "{error}");
}

/// Adds two numbers.
#[wherever::export]
fn sum(a: i64, #[wherever(default)] b: i64) -> i64 {
    a + b
}

#[wherever::export]
async fn relayed(whom: Proxy) -> Result<String, Error> {
    whom.request(wherever::Operation::Call).await?.to()
}

#[test]
fn functions_and_closures_are_exported() {
    let sides = Sides::new();
    sides.server.export("sum", sum::function().into_own());
    sides.server.export("relayed", relayed::function().into_own());
    let proxy = sides.peer.get("sum").unwrap();
    assert_eq!(proxy.invoke((1, 2)).unwrap(), Value::Int(3));
    assert_eq!(proxy.invoke((1,)).unwrap(), Value::Int(1));
    assert!(proxy.shape().doc().starts_with("sum(a: int, b: int = ...) -> int"));
    assert!(proxy.shape().is_a("rust:function"));
    let hello = Function::typed("hello", || -> Result<&'static str, Error> { Ok("hello") });
    assert_eq!(sides.peer.get("relayed").unwrap().invoke((hello,)).unwrap(), Value::text("hello"));
    assert_eq!(sum(1, 1), 2);
}
