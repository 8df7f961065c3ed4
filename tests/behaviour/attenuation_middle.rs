//! Attenuated references to objects of others: a middle grants less than it holds, and passes on what that lets through.

use std::sync::Arc;
use std::time::Duration;

use wherever::attenuation::{Attenuation, Revoker};
use wherever::clock::ManualClock;
use wherever::hosts::{Class, Dict, Function};
use wherever::policy::Policy;
use wherever::shape::Member;
use wherever::{Arguments, Error, Node, Operation, Own, Promise, Proxy, Value, same};
use wherever_tests::inline::Inline;
use wherever_tests::lab::{Lab, assert_idle, got};
use wherever_tests::pair::{Pair, node};

use crate::attenuation::denied;

/// A caller, a middle, and an owner of a lab, of which the middle exports an attenuated reference.
struct Trio {
    near: Pair,
    far: Pair,
    clock: Arc<ManualClock>,
    middle: Node,
    /// The middle's own.
    own_lab: Arc<Lab>,
    lab: Arc<Lab>,
    it: Proxy,
    revoker: Revoker,
}

fn trio(attenuate: impl FnOnce(Attenuation, &Node) -> Attenuation) -> Trio {
    let clock = Arc::new(ManualClock::default());
    let [caller, middle, owner] = [(); 3].map(|()| node(&clock, Policy::Closed));
    let (own, lab) = Lab::own();
    owner.export("lab", own);
    let (own, own_lab) = Lab::own();
    middle.export("own", own);
    let (near, far) = (Pair::of(&clock, &caller, &middle), Pair::of(&clock, &middle, &owner));
    let held = got(&far, "lab");
    let (reference, revoker) = attenuate(Attenuation::of(&held), &middle).give().unwrap();
    middle.export("it", reference);
    // Passed on as it is, to be compared with.
    own_lab.kept.lock().push(held.into());
    let it = got(&near, "it");
    Trio { near, far, clock, middle, own_lab, lab, it, revoker }
}

impl Trio {
    fn settle(&self) {
        let goes_on = |pair: &Pair| pair.carry() || pair.left.run_job(0) || pair.right.run_job(0);
        while goes_on(&self.near) || goes_on(&self.far) {}
    }

    #[track_caller]
    fn result(&self, promise: Result<Promise, Error>) -> Result<Value, Error> {
        let promise = promise?;
        self.settle();
        promise.result()
    }

    fn messages(&self) -> (u64, u64) {
        (self.near.left.peer().stats().messages(), self.far.left.peer().stats().messages())
    }

    #[track_caller]
    fn end(self) {
        let Self { near, far, middle, own_lab, it, .. } = self;
        own_lab.kept.lock().clear();
        unexport_all(&middle);
        drop(it);
        for _ in 0..6 {
            near.tick();
            far.tick();
        }
        assert_idle(&[&near, &far]);
    }
}

/// A node lives as long as its sessions.
fn unexport_all(node: &Node) {
    node.names().iter().for_each(|name| _ = node.unexport(name));
}

#[test]
fn calls_on_what_a_middle_attenuated_hop_and_cost_two_messages_each_hop() {
    let trio = trio(|lab, _| lab.only(["double", "name", "steps"]));
    assert_eq!(trio.it.dir().unwrap(), ["double", "name", "steps"]);
    let before = trio.messages();
    assert_eq!(trio.result(trio.it.promise("double", (4,))).unwrap(), Value::Int(8));
    let after = trio.messages();
    assert_eq!((after.0 - before.0, after.1 - before.1), (2, 2));
    let before = trio.messages();
    let refused = denied(trio.result(trio.it.request(Operation::Length).promise()));
    assert_eq!((&*refused.policy, &*refused.shape), ("allow-list", "rust:test.Lab"));
    let after = trio.messages();
    assert_eq!((after.0 - before.0, after.1 - before.1), (2, 0), "refused by the middle");
    let name = trio.it.request(Operation::Get).member("name").promise();
    assert_eq!(trio.result(name).unwrap(), Value::text("lab"));
    trio.end();
}

#[test]
fn a_middle_forwards_what_it_attenuated_without_waiting_and_in_order() {
    let trio = trio(|lab, _| lab.only(["log", "suspended"]));
    let bare: Proxy = trio.result(got(&trio.near, "own").promise("kept", ())).unwrap().to().unwrap();
    let calls = [&trio.it, &bare, &trio.it].map(|lab| lab.promise("log", (lab.dir().unwrap().len().to_string(),)));
    let calls = calls.map(Result::unwrap);
    while trio.near.carry() || trio.near.right.run_job(0) || trio.far.carry() {}
    assert_eq!(trio.far.right.peer().stats().answers, 3);
    trio.settle();
    let (few, all) = ("2".to_owned(), bare.dir().unwrap().len().to_string());
    assert_eq!(trio.lab.read(), [few.clone(), all, few], "one order by both references");
    let (first, second) =
        (trio.it.promise("suspended", ("first",)).unwrap(), trio.it.promise("log", ("second",)).unwrap());
    trio.it.one_way("log", ("third",)).unwrap();
    trio.settle();
    assert_eq!(trio.lab.read(), ["first", "second", "third"]);
    trio.lab.next_gate().open(1);
    trio.settle();
    assert_eq!(first.result().unwrap(), Value::Int(1));
    drop((bare, calls, first, second));
    trio.end();
}

#[test]
fn a_path_through_a_middle_is_gated_step_by_step() {
    let trio = trio(|lab, _| lab.only(["value", "log"]));
    *trio.lab.value.lock() = Lab::own().0.into();
    assert_eq!(trio.result(trio.it.at("value").promise("double", (4,))).unwrap(), Value::Int(8));
    trio.result(trio.it.at("log").request(Operation::Call).args(("x",)).promise()).unwrap();
    assert_eq!(trio.lab.read(), ["x"]);
    let deeper = trio.it.at("value").at("name").request(Operation::Noop).promise();
    assert_eq!(trio.result(deeper).unwrap(), Value::text("lab"));
    assert!(trio.result(trio.it.at("kept").promise("double", (4,))).is_err());
    // One after the other, though the first takes two steps.
    let slow = trio.it.at("log").request(Operation::Call).args(("first",)).promise().unwrap();
    let quick = trio.it.promise("log", ("second",)).unwrap();
    trio.settle();
    assert_eq!(trio.lab.read(), ["first", "second"]);
    let _value = std::mem::take(&mut *trio.lab.value.lock());
    drop((slow, quick));
    trio.end();
}

#[test]
fn a_function_read_through_a_middle_ends_with_the_reference() {
    let trio = trio(|lab, middle| lab.only(["log"]).lease(middle, TIME));
    let read =
        [trio.it.request(Operation::Get).member("log").promise(), trio.it.at("log").request(Operation::Noop).promise()];
    let functions = read.map(|read| trio.result(read).unwrap().to::<Proxy>().unwrap());
    let call = |function: &Proxy| trio.result(function.request(Operation::Call).args(("x",)).promise());
    functions.iter().for_each(|function| _ = call(function).unwrap());
    trio.clock.advance(TIME);
    functions.iter().for_each(|function| assert_eq!(&*denied(call(function)).policy, "lease"));
    trio.revoker.renew(TIME).unwrap();
    functions.iter().for_each(|function| _ = call(function).unwrap());
    assert_eq!(trio.lab.read().len(), 4);
    trio.revoker.revoke();
    functions.iter().for_each(|function| assert_eq!(&*denied(call(function)).policy, "revoked"));
    assert!(trio.lab.read().is_empty());
    drop(functions);
    trio.end();
}

const TIME: Duration = Duration::from_secs(60);

#[test]
fn what_is_revoked_lets_go_of_the_owners_object_though_the_caller_holds_on() {
    let trio = trio(|lab, _| lab);
    trio.own_lab.kept.lock().clear();
    let running = trio.it.promise("gate", ()).unwrap();
    trio.settle();
    trio.revoker.revoke();
    assert_eq!(&*denied(trio.result(trio.it.promise("double", (4,)))).policy, "revoked");
    trio.lab.next_gate().open(5);
    trio.settle();
    assert_eq!(running.result().unwrap(), Value::Int(5));
    drop(running);
    for _ in 0..3 {
        trio.near.tick();
        trio.far.tick();
    }
    assert_eq!(trio.far.right.peer().stats().exports, 0, "released");
    assert_eq!(trio.near.right.peer().stats().exports, 1);
    trio.end();
}

/// An object with a method that reads and one that writes.
fn account() -> Own {
    Class::<()>::builder("rust:test.Account")
        .method_with(Member::method("report").reads(), |_, _, _| Ok("fine".into()))
        .method("deposit", |_, _: Arguments, _| Ok(Value::None))
        .writable("note", |_| Ok("noted".into()), |_, _| Ok(()))
        .build()
        .instance(())
}

#[test]
fn read_only_goes_for_objects_of_others_by_what_their_shapes_tell() {
    let clock = Arc::new(ManualClock::default());
    let [caller, middle, owner] = [(); 3].map(|()| node(&clock, Policy::Closed));
    owner.export("account", account());
    let dict = Dict::new();
    dict.insert("key".into(), 1.into()).unwrap();
    owner.export("dict", dict.to_own());
    let far = Pair::of(&clock, &middle, &owner);
    for name in ["account", "dict"] {
        let (reference, _) = Attenuation::of(&got(&far, name)).read_only().give().unwrap();
        middle.export(name, reference);
    }
    let inline = Inline::before(&clock, &caller, &middle, vec![far]);
    let account = inline.peer.get("account").unwrap();
    assert_eq!(account.call("report", ()).unwrap(), Value::text("fine"));
    assert_eq!(account.get("note").unwrap(), Value::text("noted"));
    for refused in [account.call("deposit", ()), account.set("note", 1).map(Value::from), account.get("deposit")] {
        assert_eq!(&*denied(refused).policy, "read-only");
    }
    let dict = inline.peer.get("dict").unwrap();
    assert_eq!(dict.index("key").unwrap(), Value::Int(1));
    assert_eq!(dict.iterate().unwrap().count(), 1);
    assert_eq!(&*denied(dict.set_index("key", 2)).policy, "read-only");
    unexport_all(&middle);
    drop((account, dict));
    inline.assert_idle();
}

#[test]
fn it_comes_home_at_the_middle_as_what_the_middle_holds_and_is_passed_on_as_what_it_was() {
    let trio = trio(|lab, _| lab.only(["double", "echo"]));
    let own = got(&trio.near, "own");
    let bare: Proxy = trio.result(own.promise("kept", ())).unwrap().to().unwrap();
    trio.result(own.promise("keep", (&trio.it,))).unwrap();
    let kept = trio.own_lab.kept.lock().clone();
    assert_eq!(kept[0], kept[1], "what the middle holds");
    let home: Proxy = kept[1].clone().to().unwrap();
    assert!(!home.is_own() && home.dir().unwrap().contains(&"log".to_owned()));
    let logged = home.promise("log", ("by the middle",)).unwrap();
    trio.settle();
    logged.result().unwrap();
    assert_eq!(trio.lab.read(), ["by the middle"]);
    // Given back, it is what it was; so is what goes on from there, and an attenuation of it.
    for again in [own.promise("echo", (&trio.it,)), own.promise("kept", ())] {
        assert!(trio.result(again).unwrap().to::<Proxy>().unwrap().same(&trio.it));
    }
    let on_it = own.promise("kept", ()).unwrap();
    assert!(trio.result(on_it.call("log", ("x",))).is_err());
    trio.middle.export("again", Attenuation::of(&home).only(["double", "log"]).give().unwrap().0);
    let again = got(&trio.near, "again");
    assert_eq!(again.dir().unwrap(), ["double"]);
    let both = Value::tuple([Value::from(&trio.it), (&bare).into()]);
    let both: Vec<Proxy> = trio.result(own.promise("echo", (both,))).unwrap().to().unwrap();
    assert!(both[0].same(&trio.it) && both[1].same(&bare));
    // So it is at the owner's: passed through the middle it is no more than it was, and comes back as that.
    let echoed: Proxy = trio.result(trio.it.promise("echo", (&trio.it,))).unwrap().to().unwrap();
    assert!(echoed.same(&trio.it) && !echoed.same(&bare));
    drop((own, bare, kept, home, logged, on_it, again, both, echoed));
    trio.end();
}

#[test]
fn passed_on_to_a_third_it_grants_no_more() {
    let clock = Arc::new(ManualClock::default());
    let [caller, middle, owner] = [(); 3].map(|()| node(&clock, Policy::Closed));
    let (own, lab) = Lab::own();
    let (reference, revoker) = Attenuation::of(&own).only(["double"]).give().unwrap();
    owner.export("it", reference);
    let (own, middle_lab) = Lab::own();
    middle.export("own", own);
    let far = Pair::of(&clock, &middle, &owner);
    middle_lab.kept.lock().push(got(&far, "it").into());
    let inline = Inline::before(&clock, &caller, &middle, vec![far]);
    let it: Proxy = inline.peer.get("own").unwrap().call("kept", ()).unwrap().to().unwrap();
    assert_eq!(it.dir().unwrap(), ["double"]);
    assert_eq!(it.call("double", (4,)).unwrap(), Value::Int(8));
    assert_eq!(&*denied(it.request(Operation::Length).send()).policy, "allow-list");
    revoker.revoke();
    assert_eq!(&*denied(it.call("double", (4,))).policy, "revoked");
    middle_lab.kept.lock().clear();
    drop((it, lab));
    inline.assert_idle();
}

#[test]
fn given_to_the_objects_own_side_it_grants_no_more() {
    let clock = Arc::new(ManualClock::default());
    let [left, right] = [(); 2].map(|()| node(&clock, Policy::Closed));
    let (own, lab) = Lab::own();
    let narrow = Function::new("narrow", |mut arguments, _| {
        let whom: Proxy = arguments.take(0, "whom")?;
        Ok(Attenuation::of(&whom).only(["double"]).give()?.0.into())
    });
    right.export("narrow", narrow.into_own());
    let inline = Inline::start(&clock, &left, &right);
    let narrowed: Proxy = inline.peer.get("narrow").unwrap().invoke((&own,)).unwrap().to().unwrap();
    assert!(!narrowed.is_own() && same(&narrowed, &own.clone().into()).unwrap());
    assert_eq!(narrowed.call("double", (4,)).unwrap(), Value::Int(8));
    assert!(narrowed.call("log", ("x",)).is_err() && lab.read().is_empty());
    drop((narrowed, lab));
    inline.assert_idle();
}

#[test]
fn a_middle_uses_what_it_attenuated_by_the_same_rules() {
    let clock = Arc::new(ManualClock::default());
    let [near, far] = [(); 2].map(|()| node(&clock, Policy::Closed));
    let (own, lab) = Lab::own();
    far.export("lab", own.clone());
    let dict = Dict::new();
    dict.insert("key".into(), 1.into()).unwrap();
    far.export("dict", dict.to_own());
    let inline = Inline::start(&clock, &near, &far);
    let held = inline.peer.get("lab").unwrap();
    let (reference, revoker) = Attenuation::of(&held).only(["double", "log", "name"]).give().unwrap();
    let it: Proxy = Value::from(reference).to().unwrap();
    let before = inline.peer.stats().messages();
    assert_eq!(it.call("double", (4,)).unwrap(), Value::Int(8));
    assert_eq!(inline.peer.stats().messages() - before, 2);
    assert_eq!(it.get("name").unwrap(), Value::text("lab"));
    assert_eq!(&*denied(it.len()).policy, "allow-list");
    it.one_way("log", ("x",)).unwrap();
    assert!(same(&it, &held).unwrap());
    let log: Proxy = it.get("log").unwrap().to().unwrap();
    assert_eq!(lab.read(), ["x"]);
    revoker.revoke();
    assert_eq!(&*denied(log.invoke(("y",))).policy, "revoked");
    let (reading, _) = Attenuation::of(&inline.peer.get("dict").unwrap()).read_only().give().unwrap();
    let reading: Proxy = Value::from(reading).to().unwrap();
    assert_eq!(reading.iterate().unwrap().count(), 1);
    drop((held, it, log, reading));
    inline.assert_idle();
}

#[test]
fn a_lost_hop_is_named_through_a_caretaker() {
    let trio = trio(|lab, _| lab.only(["double", "name"]));
    for side in [&trio.far.left, &trio.far.right] {
        side.cut("pulled out");
    }
    trio.settle();
    for lost in [
        trio.it.promise("double", (4,)),
        trio.it.request(Operation::Get).member("name").promise(),
        trio.it.at("name").promise("double", ()),
    ] {
        let Err(Error::Disconnected(lost)) = trio.result(lost) else { panic!("it is gone") };
        assert!(lost.hop.is_some(), "{lost}");
    }
    trio.end();
}
