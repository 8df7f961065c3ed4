//! Tests of classes made by hand.

use std::sync::atomic::{AtomicI64, Ordering};

use super::*;
use crate::hosts::stream;
use crate::hosts::testing::{ask, call, error_name, own, request};
use crate::policy::{Grant, Policy};
use crate::shape::Member;
use crate::value::Items;

struct Counter(AtomicI64);

impl Counter {
    fn add(&self, by: i64) -> Result<Value, Error> {
        if by < 0 {
            return Err(Error::raise("demo:negative", "counts only up"));
        }
        Ok(Value::Int(self.0.fetch_add(by, Ordering::Relaxed) + by))
    }
}

fn number(value: Value) -> Result<i64, Error> {
    match value {
        Value::Int(number) => Ok(number),
        other => Err(Error::convert("int", other.kind())),
    }
}

fn class() -> Class<Counter> {
    let base = Arc::new(Shape::new("rust:demo.Base", Category::Instance).member(Member::method("old")));
    Class::<Counter>::builder("rust:demo.Counter")
        .doc("Counts.")
        .base(&base)
        .interface("org.example.Counter/1")
        .method("add", |this: &Counter, arguments, _| {
            let [by] = exact(arguments, "add")?;
            this.add(number(by)?)
        })
        .method_with(Member::method("slow").concurrent(), |_, _, _| Ok(Value::None))
        .method_with(Member::method("secret").hidden(), |_, _, _| Ok(Value::None))
        .method_with(Member::method("peek").reads(), |this, _, _| Ok(Value::Int(this.0.load(Ordering::Relaxed))))
        .later("wait", |this, _, context| {
            let value = this.0.load(Ordering::Relaxed);
            context.reply().settle(Ok(Value::Int(value)));
        })
        .stream("numbers", |this, _, _| Ok(stream((0..this.0.load(Ordering::Relaxed)).map(Value::Int))))
        .attribute("twice", |this| Ok(Value::Int(2 * this.0.load(Ordering::Relaxed))))
        .writable(
            "value",
            |this| Ok(Value::Int(this.0.load(Ordering::Relaxed))),
            |this, value| {
                this.0.store(number(value)?, Ordering::Relaxed);
                Ok(())
            },
        )
        .operation(Operation::Index, |_, request, _| Outcome::Value(Value::tuple(request.arguments.positional)))
        .whole(|this| Ok(Value::List(Items::new([Value::Int(this.0.load(Ordering::Relaxed))]))))
        .constructor(|arguments, _| {
            let [start] = exact(arguments, "Counter")?;
            Ok(Counter(AtomicI64::new(number(start)?)))
        })
        .build()
}

fn member(operation: Operation, name: &str, arguments: Vec<Value>) -> Request {
    Request::member(operation, name).with(arguments)
}

#[test]
fn methods_and_attributes_are_reached_by_name() {
    let own = class().instance(Counter(AtomicI64::new(1)));
    let host = &**own.host();
    assert_eq!(call(host, "add", vec![Value::Int(2)]).unwrap(), Value::Int(3));
    assert_eq!(request(host, member(Operation::Get, "twice", vec![])).unwrap(), Value::Int(6));
    request(host, member(Operation::Set, "value", vec![Value::Int(2)])).unwrap();
    assert_eq!(request(host, member(Operation::Get, "value", vec![])).unwrap(), Value::Int(2));
    assert_eq!(call(host, "numbers", vec![]).unwrap(), Value::tuple([Value::Int(0), Value::Int(1)]));
    assert_eq!(ask(host, Operation::Text, vec![]).unwrap(), Value::text("<rust:demo.Counter>"));
    assert_eq!(ask(host, Operation::Index, vec![Value::None]).unwrap(), Value::tuple([Value::None]));
    let whole = Value::tuple([Value::Int(3), Value::Int(2)]);
    assert_eq!(ask(host, Operation::Whole, vec![]).unwrap(), whole);
    let later = host.operate(member(Operation::Call, "wait", vec![]), &CallContext::local());
    assert!(matches!(later, Outcome::Later));
    let Value::Tuple(names) = ask(host, Operation::Dir, vec![]).unwrap() else {
        panic!("no names");
    };
    assert!(names.contains(&Value::text("add")) && names.contains(&Value::text("old")));
    assert!(!names.contains(&Value::text("secret")));
}

#[test]
fn a_method_that_is_read_is_a_function_of_its_object() {
    let counter = class().instance(Counter(AtomicI64::new(1)));
    let add = own(request(&**counter.host(), member(Operation::Get, "add", vec![])).unwrap());
    assert_eq!(add.shape().category(), Category::Function);
    assert_eq!(ask(&**add.host(), Operation::Call, vec![Value::Int(4)]).unwrap(), Value::Int(5));
    let value = counter.downcast::<Instance<Counter>>().map(|counter| counter.0.load(Ordering::Relaxed));
    assert_eq!(value, Some(5));
}

#[test]
fn what_cannot_be_done_is_told_by_name() {
    let own = class().instance(Counter(AtomicI64::new(1)));
    let tell = |request: Request| match own.host().operate(request, &CallContext::local()) {
        Outcome::Error(error) => error.to_string(),
        other => panic!("{other:?}"),
    };
    let none = || vec![Value::None];
    for (operation, name, text) in [
        (Operation::Call, "nothing", "rust:demo.Counter has no member \"nothing\""),
        (Operation::Get, "nothing", "rust:demo.Counter has no member \"nothing\""),
        (Operation::Set, "nothing", "rust:demo.Counter has no member \"nothing\""),
        (Operation::Call, "value", "rust:demo.Counter.value does not support Call"),
        (Operation::Call, "old", "rust:demo.Counter.old does not support Call"),
        (Operation::Set, "twice", "rust:demo.Counter.twice does not support Set"),
        (Operation::Set, "add", "rust:demo.Counter.add does not support Set"),
        (Operation::Delete, "value", "rust:demo.Counter.value does not support Delete"),
        (Operation::Unary, "neg", "rust:demo.Counter does not support Unary"),
    ] {
        assert_eq!(tell(member(operation, name, none())), text);
    }
}

#[test]
fn errors_say_where_they_came_through() {
    let own = class().instance(Counter(AtomicI64::new(1)));
    let error = call(&**own.host(), "add", vec![Value::Int(-1)]).unwrap_err();
    let raised = error.raised().unwrap();
    assert_eq!((&*raised.type_name, &*raised.frames[0].name), ("demo:negative", "Counter.add"));
    assert!(matches!(call(&**own.host(), "add", vec![Value::None]), Err(Error::Convert(_))));
}

#[test]
fn instances_share_a_shape_and_are_objects_of_their_own() {
    let class = class();
    let (one, two) = (class.instance(Counter(AtomicI64::new(1))), class.instance(Counter(AtomicI64::new(1))));
    assert!(Arc::ptr_eq(&one.shape(), &two.shape()) && !one.same(&two));
    assert!(one.shape().is_a("org.example.Counter/1") && one.shape().is_a("rust:demo.Base"));
    let slow = one.shape().find("slow").map(|member| member.concurrent);
    assert_eq!((slow, one.shape().doc()), (Some(true), "Counts."));
}

#[test]
fn a_class_is_recognised_and_makes_instances_only_if_that_is_exposed() {
    let class = class();
    let own_class = class.own();
    assert!(own_class.same(&class.own()));
    let described = own_class.host().describes();
    assert!(described.is_some_and(|shape| Arc::ptr_eq(&shape, class.shape())));
    assert!(matches!(ask(&**own_class.host(), Operation::Call, vec![Value::Int(1)]), Err(Error::Denied(_))));
    let call = Request::new(Operation::Call).with(vec![Value::Int(7)]);
    assert!(Policy::Public.check(&own_class.shape(), Grant::Passed, &call).is_ok());
    let Outcome::Value(made) = own_class.host().operate(call.clone(), &CallContext::local()) else {
        panic!("no instance");
    };
    assert!(Arc::ptr_eq(&own(made).shape(), class.shape()));

    let exposed = Class::<Counter>::builder("rust:demo.Exposed")
        .exposed_constructor(|_, _| Err(Error::raise("demo:full", "")))
        .build();
    assert_eq!(error_name(request(&**exposed.own().host(), call)), "demo:full");
    let none = Class::<Counter>::builder("rust:demo.None").build();
    let refused = none.own().host().operate(Request::new(Operation::Call), &CallContext::local());
    assert!(matches!(refused, Outcome::Error(Error::NotSupported { .. })));
}

#[test]
fn a_read_only_reference_reads() {
    let own = class().instance(Counter(AtomicI64::new(1))).read_only();
    let check = |request: Request| Policy::Closed.check(&own.shape(), own.grant(), &request);
    assert!(check(member(Operation::Call, "peek", vec![])).is_ok());
    assert!(check(member(Operation::Get, "peek", vec![])).is_ok());
    assert!(check(member(Operation::Get, "value", vec![])).is_ok());
    assert!(check(member(Operation::Call, "add", vec![])).is_err());
    assert!(check(member(Operation::Get, "add", vec![])).is_err(), "a bound method would write");
    assert!(check(member(Operation::Set, "value", vec![])).is_err());
}
