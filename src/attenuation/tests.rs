//! Tests of what an attenuated reference lets through, for how long, and what is told of it.

use std::sync::Arc;

use super::*;
use crate::clock::ManualClock;
use crate::context::CallContext;
use crate::drive::connect_simple;
use crate::hosts::{Class, Function, List};
use crate::limits::ATTENUATIONS_MAX;
use crate::shape::{Category, Member, Shape};
use crate::transport::memory_pair;
use crate::{Outcome, Request};

fn ask(own: &Own, request: Request) -> Result<Value, Error> {
    match own.host().operate(request, &CallContext::local()) {
        Outcome::Value(value) => Ok(value),
        Outcome::Error(error) => Err(error),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn policy_of(result: Result<Value, Error>) -> Arc<str> {
    match result {
        Err(Error::Denied(denied)) => denied.policy.clone(),
        other => panic!("{other:?}"),
    }
}

fn thing() -> Own {
    Class::<()>::builder("rust:test.Thing")
        .method_with(Member::method("look").reads(), |_, _, _| Ok(1.into()))
        .method("change", |_, _, _| Ok(2.into()))
        .writable("value", |_| Ok(3.into()), |_, _| Ok(()))
        .operation(Operation::Length, |_, _, _| Outcome::Value(4.into()))
        .build()
        .instance(())
}

/// Each use of a thing, and its member.
const USES: [(Operation, &str); 8] = [
    (Operation::Call, "look"),
    (Operation::Call, "change"),
    (Operation::Get, "look"),
    (Operation::Get, "change"),
    (Operation::Get, "value"),
    (Operation::Set, "value"),
    (Operation::Delete, "value"),
    (Operation::Length, ""),
];

fn allowed(attenuate: impl Fn(Attenuation) -> Attenuation) -> Vec<(Operation, &'static str)> {
    let (own, _revoker) = attenuate(Attenuation::of(&thing())).give().unwrap();
    let lets_pass = |(operation, member): &(Operation, &str)| {
        let request = match *member {
            "" => Request::new(*operation),
            member => Request::member(*operation, member).with(vec![Value::None]),
        };
        !matches!(ask(&own, request), Err(Error::Denied(_)))
    };
    USES.into_iter().filter(lets_pass).collect()
}

#[test]
fn each_rule_lets_through_what_it_says_and_two_what_both_say() {
    use Operation::{Call, Get, Length};
    assert_eq!(allowed(|all| all), USES);
    let reading = [(Call, "look"), (Get, "look"), (Get, "value"), (Length, "")];
    assert_eq!(allowed(Attenuation::read_only), reading);
    assert_eq!(allowed(|all| all.only(["look", "value"]).read_only()), reading[..3]);
    assert_eq!(allowed(|all| all.only(["change"])), [(Call, "change"), (Get, "change")]);
    assert_eq!(allowed(|all| all.only(["change"]).read_only()), []);
    assert_eq!(allowed(|all| all.operations(&[Length])), [(Length, "")]);
    assert_eq!(allowed(|all| all.only([""; 0])), []);
    assert_eq!(allowed(|all| all.only(["look"]).only(["change"]).operations(&[Length])).len(), 5);
}

#[test]
fn the_shape_tells_what_is_allowed_and_claims_the_names_of_the_bases() {
    let base = Arc::new(Shape::new("t:Base", Category::Instance).interface("org.example.Base/1").open());
    let real = Shape::new("t:Thing", Category::Instance).base(base).member(Member::method("look").reads());
    let real = Arc::new(real.member(Member::attribute("value").writable()).operations(&[Operation::Length]));
    let mut rules = Rules { read_only: true, ..Rules::default() };
    assert!(Arc::ptr_eq(&told::shape_of(&real, &rules), &real), "as it is, where there is no list");
    rules.allowed().members.extend(["value", "own", "look"].map(Arc::from));
    let told = told::shape_of(&real, &rules);
    assert_eq!(told.member_names(), ["look", "own", "value"].map(Arc::from));
    assert!(told.is_closed() && told.is_a("t:Thing") && told.is_a("t:Base") && told.is_a("org.example.Base/1"));
    assert!(!told.find("value").unwrap().writable && told.find("look").unwrap().reads);
    assert!(!told.all_operations().contains(Operation::Length));
    assert!(Arc::ptr_eq(&told, &told::shape_of(&real, &rules)), "one type for one list");
    let later = Arc::new(real.revised().member(Member::attribute("more")));
    let revised = told::shape_of(&later, &rules);
    assert!(revised.is_same_type(&told) && revised.revision() == later.revision());
    rules.allowed().operations = rules.allowed().operations.with(Operation::Length);
    let other = told::shape_of(&real, &rules);
    assert!(other.all_operations().contains(Operation::Length) && !other.is_same_type(&told));
}

#[test]
fn revoking_lets_go_what_is_held_and_the_revoker_holds_nothing() {
    struct Tells(std::sync::mpsc::Sender<()>);
    impl Drop for Tells {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let make = || {
        let (tells, told) = std::sync::mpsc::channel();
        let tells = parking_lot::Mutex::new(Tells(tells));
        let function = Function::new("kept", move |_, _| {
            let _tells = &tells;
            Ok(Value::None)
        });
        (function.into_own(), told)
    };
    let (own, told) = make();
    let (reference, revoker) = Attenuation::of(&own).give().unwrap();
    drop(own);
    assert!(told.try_recv().is_err());
    revoker.revoke();
    told.try_recv().unwrap();
    assert_eq!(&*policy_of(ask(&reference, Request::new(Operation::Call))), "revoked");
    assert_eq!(reference.shape().category(), Category::Function, "it keeps its shape");
    let (own, told) = make();
    let (reference, revoker) = Attenuation::of(&own).give().unwrap();
    drop((own, reference));
    told.try_recv().unwrap();
    assert!(!revoker.is_revoked());
}

#[test]
fn a_lease_does_not_keep_the_node_that_exports_its_reference() {
    let clock = Arc::new(ManualClock::default());
    let node = Node::builder().clock(clock.clone()).build();
    let list = List::new();
    let (reference, revoker) = Attenuation::of(&list.to_own()).lease(&node, Duration::from_secs(1)).give().unwrap();
    let weak = Arc::downgrade(reference.host());
    node.export("list", reference);
    drop(node);
    assert!(weak.upgrade().is_none());
    clock.advance(Duration::from_secs(2));
    assert_eq!(revoker.left(), Some(Duration::ZERO));
}

#[test]
fn there_is_an_end_to_attenuating_what_is_attenuated() {
    let mut own = thing();
    for _ in 0..ATTENUATIONS_MAX {
        own = Attenuation::of(&own).give().unwrap().0;
    }
    assert_eq!(ask(&own, Request::member(Operation::Call, "look")).unwrap(), Value::Int(1));
    assert!(matches!(Attenuation::of(&own).give(), Err(Error::TooDeep(ATTENUATIONS_MAX))));
    // What is read through all of them would be as deep.
    let read = ask(&own, Request::member(Operation::Get, "look")).unwrap();
    let Value::Ref(Ref::Own(function)) = read else { panic!("{read:?}") };
    assert_eq!(ask(&function, Request::new(Operation::Call)).unwrap(), Value::Int(1));
    assert!(matches!(Attenuation::of(&function).give(), Err(Error::TooDeep(_))));
}

#[test]
fn a_function_that_is_put_back_and_read_again_comes_under_no_further_caretaker() {
    let value = Arc::new(parking_lot::Mutex::new(Value::from(Function::new("f", |_, _| Ok(5.into())))));
    let (get, set) = (value.clone(), value.clone());
    let own = Class::<()>::builder("rust:test.Keeper")
        .writable(
            "value",
            move |_| Ok(get.lock().clone()),
            move |_, value| {
                *set.lock() = value;
                Ok(())
            },
        )
        .build()
        .instance(());
    let (reference, _revoker) = Attenuation::of(&own).only(["value"]).give().unwrap();
    let read = || ask(&reference, Request::member(Operation::Get, "value")).unwrap();
    let once = read();
    ask(&reference, Request::member(Operation::Set, "value").with(vec![once.clone()])).unwrap();
    let (Value::Ref(Ref::Own(once)), Value::Ref(Ref::Own(twice))) = (once, read()) else { panic!("functions") };
    assert!(Arc::ptr_eq(once.host(), twice.host()));
}

#[test]
fn a_peer_uses_it_by_its_rules_over_a_session() {
    let server = Node::new();
    let (reference, revoker) = Attenuation::of(&thing()).only(["look"]).give().unwrap();
    server.export("thing", reference);
    let (near, far) = memory_pair();
    let serving = std::thread::spawn(move || connect_simple(&server, far).serve());
    let peer = connect_simple(&Node::new(), near);
    let thing = peer.get("thing").unwrap();
    assert_eq!(thing.dir().unwrap(), ["look"]);
    assert_eq!(thing.call("look", ()).unwrap(), Value::Int(1));
    assert!(matches!(thing.call("change", ()), Err(Error::NoMember { .. })));
    assert_eq!(&*policy_of(thing.request(Operation::Length).send()), "allow-list");
    revoker.revoke();
    assert_eq!(&*policy_of(thing.call("look", ())), "revoked");
    peer.close("done");
    serving.join().unwrap().unwrap();
}
