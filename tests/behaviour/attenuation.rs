//! Attenuated references: they grant less, for a time, until they are revoked; and nothing leads round them.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use wherever::attenuation::{AsReference, Attenuation, Revoker, Stage};
use wherever::clock::ManualClock;
use wherever::error::Denied;
use wherever::hosts::{Dict, Function, List};
use wherever::policy::Policy;
use wherever::value::Ref;
use wherever::{Error, Node, Operation, Own, Peer, Promise, Proxy, Value};
use wherever_tests::hand::{Hand, TaskPair};
use wherever_tests::lab::{Lab, assert_idle, got};
use wherever_tests::pair::{Pair, node};

/// A lab over there, of which this side has an attenuated reference.
pub(crate) struct Set {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) pair: Pair,
    pub(crate) server: Node,
    pub(crate) lab: Arc<Lab>,
    /// The attenuated reference.
    pub(crate) proxy: Proxy,
    pub(crate) revoker: Revoker,
}

pub(crate) fn set(attenuate: impl FnOnce(Attenuation, &Node) -> Attenuation) -> Set {
    let clock = Arc::new(ManualClock::default());
    let [client, server] = [(); 2].map(|()| node(&clock, Policy::Closed));
    let (own, lab) = Lab::own();
    let (reference, revoker) = attenuate(Attenuation::of(&own), &server).give().unwrap();
    server.export("bare", own);
    server.export("it", reference);
    let pair = Pair::of(&clock, &client, &server);
    let proxy = got(&pair, "it");
    Set { clock, pair, server, lab, proxy, revoker }
}

impl Set {
    #[track_caller]
    pub(crate) fn result(&self, promise: Result<Promise, Error>) -> Result<Value, Error> {
        let promise = promise?;
        self.pair.settle();
        promise.result()
    }

    #[track_caller]
    fn call(&self, member: &str, arguments: impl wherever::IntoArguments) -> Result<Value, Error> {
        self.result(self.proxy.promise(member, arguments))
    }

    #[track_caller]
    fn ask(&self, operation: Operation) -> Result<Value, Error> {
        self.result(self.proxy.request(operation).promise())
    }

    #[track_caller]
    pub(crate) fn end(self) {
        let Self { pair, server, proxy, .. } = self;
        drop((server, proxy));
        assert_idle(&[&pair]);
    }
}

#[track_caller]
pub(crate) fn denied<T: std::fmt::Debug>(result: Result<T, Error>) -> Arc<Denied> {
    match result {
        Err(Error::Denied(denied)) => denied,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_call_through_it_is_two_messages_and_its_shape_tells_what_it_allows() {
    let set = set(|lab, _| lab.only(["double", "value"]));
    assert_eq!(set.proxy.dir().unwrap(), ["double", "value"], "without asking");
    assert!(set.proxy.is_a("rust:test.Lab") && set.proxy.is_a("org.example.Lab/1"));
    let messages = || set.pair.left.peer().stats().messages();
    let before = messages();
    assert_eq!(set.call("double", (4,)).unwrap(), Value::Int(8));
    assert_eq!(messages() - before, 2);
    assert_eq!(
        set.result(set.proxy.request(Operation::Set).member("value").args((5,)).promise()).unwrap(),
        Value::None
    );
    assert_eq!(*set.lab.value.lock(), Value::Int(5));
    let before = messages();
    assert!(matches!(set.call("log", ("x",)), Err(Error::NoMember { .. })));
    assert_eq!(messages() - before, 0);
    let refused = denied(set.ask(Operation::Length));
    assert_eq!((&*refused.policy, refused.operation), ("allow-list", Operation::Length));
    assert!(
        refused.to_string().ends_with("a reference whose allow-list names the operation would allow it"),
        "{refused}"
    );
    set.end();
}

#[test]
fn operations_are_allowed_by_name_and_no_member_with_them() {
    let set = set(|lab, _| lab.operations(&[Operation::Length]));
    assert_eq!(set.ask(Operation::Length).unwrap(), Value::Int(7));
    assert!(set.proxy.dir().unwrap().is_empty());
    let text = |how: &str| set.result(set.proxy.request(Operation::Text).member(how).promise());
    assert_eq!(text("repr").unwrap(), Value::text("<rust:test.Lab>"), "by the reference itself");
    assert_eq!(&*denied(text("str")).policy, "allow-list");
    set.end();
}

#[test]
fn a_container_shows_by_its_text_no_more_than_is_allowed() {
    let (clock, dict) = (Arc::new(ManualClock::default()), Dict::new());
    dict.insert("key".into(), "secret".into()).unwrap();
    let [client, server] = [(); 2].map(|()| node(&clock, Policy::Open));
    let (reference, _) = Attenuation::of(&dict.to_own()).operations(&[Operation::Length]).give().unwrap();
    server.export("it", reference);
    let pair = Pair::of(&clock, &client, &server);
    let it = got(&pair, "it");
    let ask = |operation, member: &str| {
        let promise = it.request(operation).member(member).promise().unwrap();
        pair.settle();
        promise.result()
    };
    assert_eq!(ask(Operation::Length, "").unwrap(), Value::Int(1));
    assert_eq!(ask(Operation::Text, "repr").unwrap(), Value::text(format!("<{}>", it.shape().name())));
    for (operation, member) in [(Operation::Text, "str"), (Operation::Compare, "eq"), (Operation::Index, "")] {
        assert_eq!(&*denied(ask(operation, member)).policy, "allow-list");
    }
    let whole = it.request(Operation::Whole).stream(9).unwrap();
    pair.settle();
    assert_eq!(&*denied(whole.collect::<Result<Vec<_>, _>>()).policy, "allow-list", "under any policy of the node");
    drop((it, server));
    assert_idle(&[&pair]);
}

#[test]
fn read_only_lets_attributes_be_read_and_nothing_be_changed() {
    let set = set(|lab, _| lab.read_only());
    assert_eq!(set.result(set.proxy.request(Operation::Get).member("name").promise()).unwrap(), Value::text("lab"));
    assert_eq!(set.ask(Operation::Length).unwrap(), Value::Int(7));
    let write = set.proxy.request(Operation::Set).member("value").args((5,));
    for refused in [set.result(write.promise()), set.call("log", ("x",))] {
        assert_eq!(&*denied(refused).policy, "read-only");
    }
    assert!(set.lab.read().is_empty());
    set.end();
}

#[test]
fn what_is_revoked_is_refused_at_once_and_let_go() {
    let set = set(|lab, _| lab);
    let Set { server, lab, .. } = &set;
    server.unexport("bare");
    let weak = Arc::downgrade(lab);
    assert_eq!(set.call("double", (4,)).unwrap(), Value::Int(8));
    let Set { pair, server, lab, proxy, revoker, .. } = set;
    drop(lab);
    assert!(weak.upgrade().is_some());
    revoker.clone().revoke();
    assert!(weak.upgrade().is_none(), "though the peer holds the reference, and so does the node");
    assert!(revoker.is_revoked());
    let promise = proxy.promise("double", (4,)).unwrap();
    pair.settle();
    let refused = denied(promise.result());
    assert_eq!((&*refused.policy, refused.member.as_deref()), ("revoked", Some("double")));
    assert!(refused.to_string().contains("a new reference from whoever gave this one would allow it"), "{refused}");
    assert!(matches!(revoker.renew(TIME), Err(Error::Misuse(_))));
    assert_eq!(revoker.left(), Some(Duration::ZERO));
    drop((promise, proxy, server));
    assert_idle(&[&pair]);
}

const TIME: Duration = Duration::from_secs(60);

#[test]
fn a_lease_runs_out_by_the_nodes_clock_and_can_be_renewed() {
    let set = set(|lab, server| lab.lease(server, TIME));
    set.clock.advance(TIME / 2);
    assert_eq!(set.revoker.left(), Some(TIME / 2));
    set.call("double", (4,)).unwrap();
    set.clock.advance(TIME / 2);
    assert_eq!(set.revoker.left(), Some(Duration::ZERO));
    let refused = denied(set.call("double", (4,)));
    assert_eq!(&*refused.policy, "lease");
    assert!(refused.to_string().contains("a renewal by whoever gave the reference would allow it"), "{refused}");
    set.revoker.renew(TIME).unwrap();
    set.call("double", (4,)).unwrap();
    set.revoker.renew(TIME * 2).unwrap();
    set.clock.advance(TIME);
    set.call("double", (4,)).unwrap();
    set.clock.advance(TIME);
    assert_eq!(&*denied(set.call("double", (4,))).policy, "lease");
    set.end();
}

#[test]
fn dropping_the_revoker_revokes_nothing_and_without_a_lease_there_is_nothing_to_renew() {
    let mut set = set(|lab, _| lab);
    assert_eq!(set.revoker.left(), None);
    assert!(matches!(set.revoker.renew(TIME), Err(Error::Misuse(_))));
    let other = Attenuation::of(&Lab::own().0).give().unwrap().1;
    drop(std::mem::replace(&mut set.revoker, other));
    set.call("double", (4,)).unwrap();
    set.end();
}

#[test]
fn a_call_that_runs_while_its_reference_is_revoked_goes_on() {
    let set = set(|lab, _| lab);
    let running = set.proxy.promise("gate", ("first",)).unwrap();
    let waiting = set.proxy.promise("log", ("second",)).unwrap();
    set.pair.settle();
    set.revoker.revoke();
    set.lab.next_gate().open(5);
    set.pair.settle();
    assert_eq!(running.result().unwrap(), Value::Int(5));
    assert_eq!(&*denied(waiting.result()).policy, "revoked", "it had not begun");
    assert_eq!(set.lab.read(), ["first"]);
    drop((running, waiting));
    set.end();
}

#[test]
fn every_use_is_told_with_who_and_what_and_how_it_ended() {
    type Told = Arc<Mutex<Vec<(bool, Operation, Option<String>, &'static str)>>>;
    let told = Told::default();
    let log = told.clone();
    let set = set(|lab, _| {
        lab.only(["double", "fail", "gate", "name"]).logged(move |access| {
            let stage = match &access.stage {
                Stage::Begun => "begun",
                Stage::Ended => "ended",
                Stage::Failed(Error::Denied(_)) => "denied",
                _ => "failed",
            };
            let known = access.peer.as_ref().map(Peer::session_number) == access.session && access.session.is_some();
            log.lock().push((known, access.operation, access.member.as_deref().map(str::to_owned), stage));
            panic!("its own affair");
        })
    });
    let read = || std::mem::take(&mut *told.lock());
    let entry = |operation, member: Option<&str>, stage| (true, operation, member.map(str::to_owned), stage);
    let both = |operation, member, stage| [entry(operation, member, "begun"), entry(operation, member, stage)];
    assert!(read().is_empty(), "what is answered by the reference is no use of the object");
    set.call("double", (4,)).unwrap();
    assert_eq!(read(), both(Operation::Call, Some("double"), "ended"));
    set.call("fail", ()).unwrap_err();
    assert_eq!(read(), both(Operation::Call, Some("fail"), "failed"));
    denied(set.ask(Operation::Length));
    assert_eq!(read(), both(Operation::Length, None, "denied"));
    let gate = set.proxy.promise("gate", ()).unwrap();
    set.pair.settle();
    assert_eq!(read(), [entry(Operation::Call, Some("gate"), "begun")]);
    set.lab.next_gate().fail("as asked");
    assert_eq!(read(), [entry(Operation::Call, Some("gate"), "failed")]);
    let function: Proxy =
        set.result(set.proxy.request(Operation::Get).member("double").promise()).unwrap().to().unwrap();
    assert_eq!(read(), both(Operation::Get, Some("double"), "ended"));
    set.result(function.request(Operation::Call).args((4,)).promise()).unwrap();
    assert_eq!(read(), both(Operation::Call, Some("double"), "ended"), "of a function that was read from it");
    drop((gate, function));
    set.end();
}

#[test]
fn attenuating_what_is_attenuated_narrows_it_and_each_revoker_is_enough() {
    let clock = Arc::new(ManualClock::default());
    let [client, server] = [(); 2].map(|()| node(&clock, Policy::Closed));
    let (own, lab) = Lab::own();
    let (wide, outer) = Attenuation::of(&own).only(["double", "log"]).give().unwrap();
    let (narrow, inner) = Attenuation::of(&wide).only(["double", "keep"]).give().unwrap();
    server.export("wide", wide.clone());
    server.export("narrow", narrow);
    let pair = Pair::of(&clock, &client, &server);
    let (wide, narrow) = (got(&pair, "wide"), got(&pair, "narrow"));
    let call = |proxy: &Proxy, member: &str| {
        let promise = proxy.promise(member, (4,))?;
        pair.settle();
        promise.result()
    };
    assert_eq!(narrow.dir().unwrap(), ["double"], "what both allow");
    assert!(call(&narrow, "keep").is_err() && call(&narrow, "log").is_err());
    call(&narrow, "double").unwrap();
    inner.revoke();
    assert_eq!(&*denied(call(&narrow, "double")).policy, "revoked");
    call(&wide, "double").unwrap();
    let (third, _) = Attenuation::of(&wide_of(&server)).give().unwrap();
    server.export("third", third);
    let third = got(&pair, "third");
    call(&third, "double").unwrap();
    outer.revoke();
    for proxy in [&wide, &third] {
        assert_eq!(&*denied(call(proxy, "double")).policy, "revoked");
    }
    assert!(lab.kept.lock().is_empty());
    drop((wide, narrow, third, server));
    assert_idle(&[&pair]);
}

fn wide_of(server: &Node) -> Own {
    server.exported("wide").unwrap()
}

#[test]
fn it_comes_home_as_the_object_and_is_passed_on_as_what_it_was() {
    let set = set(|lab, _| lab.only(["echo", "keep", "kept"]));
    let bare = got(&set.pair, "bare");
    assert!(!bare.same(&set.proxy), "an entry of its own");
    set.result(bare.promise("keep", (&set.proxy,))).unwrap();
    let home = set.lab.kept.lock()[0].clone();
    let own = set.server.exported("bare").unwrap();
    assert_eq!(home, Value::from(&own), "the object");
    let home: Own = home.to().unwrap();
    assert!(Arc::ptr_eq(&Lab::inside(&home), &set.lab), "with what is in it");
    assert_eq!(Proxy::from(Ref::Own(home)).call("double", (4,)).unwrap(), Value::Int(8), "freely on this side");
    // What gives back what it is given does not widen it.
    for again in [bare.promise("echo", (&set.proxy,)), bare.promise("kept", ())] {
        let again: Proxy = set.result(again).unwrap().to().unwrap();
        assert!(again.same(&set.proxy), "the same entry");
    }
    // Nor does a path or a promise that goes on from there.
    let kept = bare.promise("kept", ()).unwrap();
    let on_it = kept.call("double", (4,)).unwrap();
    set.pair.settle();
    assert_eq!(&*denied(on_it.result()).policy, "allow-list");
    // Both in one message are two.
    let both = Value::tuple([Value::from(&set.proxy), (&bare).into()]);
    let both: Vec<Proxy> = set.result(bare.promise("echo", (both,))).unwrap().to().unwrap();
    assert!(both[0].same(&set.proxy) && both[1].same(&bare));
    set.lab.kept.lock().clear();
    drop((bare, kept, on_it, both));
    set.end();
}

#[test]
fn what_came_home_is_attenuated_as_what_it_was_and_once_revoked_it_comes_home_as_itself() {
    let set = set(|lab, _| lab.only(["echo"]));
    let bare = got(&set.pair, "bare");
    let keep = |what: &Proxy| {
        let kept = bare.promise("keep", (what,)).unwrap();
        set.pair.settle();
        kept.result().unwrap();
        set.lab.kept.lock().pop().unwrap()
    };
    let home = keep(&set.proxy);
    let (again, _) = Attenuation::of(&home).only(["echo", "double"]).give().unwrap();
    set.server.export("again", again);
    let again = got(&set.pair, "again");
    assert_eq!(again.dir().unwrap(), ["echo"]);
    set.revoker.revoke();
    let after: Own = keep(&set.proxy).to().unwrap();
    let refused = Proxy::from(Ref::Own(after)).call("echo", (4,));
    assert_eq!(&*denied(refused).policy, "revoked");
    assert_eq!(home.clone().to::<Proxy>().unwrap().call("double", (1,)).unwrap(), Value::Int(2));
    drop((bare, again, home));
    set.end();
}

#[test]
fn as_a_promise_that_is_passed_it_comes_home_as_the_object_too() {
    let set = set(|lab, _| lab.only(["echo"]));
    let bare = got(&set.pair, "bare");
    let promised = set.pair.left.peer().promise("it").unwrap();
    set.result(bare.promise("keep", (&promised,))).unwrap();
    let home: Own = set.lab.kept.lock().pop().unwrap().to().unwrap();
    assert!(Arc::ptr_eq(&Lab::inside(&home), &set.lab));
    set.server.export("again", home);
    assert!(got(&set.pair, "again").same(&set.proxy));
    drop((bare, promised));
    set.end();
}

#[test]
fn its_token_says_that_it_is_the_object() {
    let clock = Arc::new(ManualClock::default());
    let [client, server] = [(); 2].map(|()| node(&clock, Policy::Closed));
    let (own, _) = Lab::own();
    let (reference, revoker) = Attenuation::of(&own).only(["echo"]).give().unwrap();
    server.export("bare", own);
    server.export("it", reference);
    let inline = wherever_tests::inline::Inline::start(&clock, &client, &server);
    let other = wherever_tests::inline::Inline::start(&clock, &client, &server);
    let (it, bare) = (inline.peer.get("it").unwrap(), other.peer.get("bare").unwrap());
    assert!(wherever::same(&it, &bare).unwrap());
    revoker.revoke();
    assert_eq!(&*denied(wherever::same(&it, &bare)).policy, "revoked");
    drop((it, bare, server));
    inline.assert_idle();
    other.assert_idle();
}

#[test]
fn a_method_that_was_read_from_it_ends_with_it() {
    let set = set(|lab, server| lab.only(["double", "log"]).lease(server, TIME));
    let read = |member: &str| -> Proxy {
        set.result(set.proxy.request(Operation::Get).member(member).promise()).unwrap().to().unwrap()
    };
    let (double, log) = (read("double"), read("log"));
    let call = |function: &Proxy| set.result(function.request(Operation::Call).args(("4",)).promise());
    call(&log).unwrap();
    let hidden = double.request(Operation::Get).member("__self__").promise();
    assert!(set.result(hidden).is_err());
    set.clock.advance(TIME);
    assert_eq!(&*denied(call(&log)).policy, "lease");
    set.revoker.renew(TIME).unwrap();
    call(&log).unwrap();
    assert_eq!(set.lab.read(), ["4", "4"]);
    set.revoker.revoke();
    assert_eq!(&*denied(call(&log)).policy, "revoked");
    assert!(set.lab.read().is_empty());
    drop((double, log));
    set.end();
}

#[test]
fn a_path_is_gated_step_by_step() {
    let set = set(|lab, _| lab.only(["value", "log"]));
    *set.lab.value.lock() = Lab::own().0.into();
    let inner = set.proxy.at("value");
    assert_eq!(set.result(inner.promise("double", (4,))).unwrap(), Value::Int(8), "results are not attenuated");
    // A method read off the path and called is under the caretaker, and is called.
    set.result(set.proxy.at("log").request(Operation::Call).args(("x",)).promise()).unwrap();
    assert_eq!(set.lab.read(), ["x"]);
    let bound = set.result(set.proxy.at("log").request(Operation::Noop).promise()).unwrap().to::<Proxy>().unwrap();
    set.revoker.revoke();
    assert_eq!(&*denied(set.result(bound.request(Operation::Call).args(("y",)).promise())).policy, "revoked");
    assert_eq!(&*denied(set.result(inner.promise("double", (4,)))).policy, "revoked");
    assert!(set.lab.read().is_empty());
    let _value = std::mem::take(&mut *set.lab.value.lock());
    drop((inner, bound));
    set.end();
}

#[test]
fn promises_one_way_calls_streams_and_order_are_those_of_the_object() {
    let set = set(|lab, _| lab.only(["suspended", "gate", "log", "steps", "kept"]));
    let bare = got(&set.pair, "bare");
    let gate = set.proxy.promise("gate", ("first",)).unwrap();
    set.proxy.one_way("log", ("second",)).unwrap();
    let third = bare.promise("log", ("third",)).unwrap();
    set.pair.settle();
    assert_eq!(set.lab.read(), ["first"], "one order, by whichever reference");
    set.lab.next_gate().open(());
    set.pair.settle();
    assert_eq!(set.lab.read(), ["second", "third"]);
    set.lab.kept.lock().push(Lab::own().0.into());
    let messages = set.pair.left.peer().stats().messages();
    let chained = set.proxy.promise("kept", ()).unwrap().call("double", (4,)).unwrap();
    set.pair.settle();
    assert_eq!(chained.result().unwrap(), Value::Int(8));
    assert_eq!(set.pair.left.peer().stats().messages() - messages, 4);
    let steps: Proxy = set.call("steps", (3,)).unwrap().to().unwrap();
    let stepped = steps.iterate().unwrap();
    set.pair.settle();
    drop((stepped, steps));
    set.lab.kept.lock().clear();
    drop((bare, gate, third, chained));
    set.end();
}

#[test]
fn a_list_is_read_whole_in_two_messages_and_only_so_long() {
    let clock = Arc::new(ManualClock::default());
    let [client, server] = [(); 2].map(|()| node(&clock, Policy::Closed));
    let list = List::from_iter((0..5).map(Value::from));
    let (reading, revoker) = Attenuation::of(&list.to_own()).read_only().give().unwrap();
    server.export("list", reading);
    let inline = wherever_tests::inline::Inline::start(&clock, &client, &server);
    let proxy = inline.peer.get("list").unwrap();
    let before = inline.peer.stats().messages();
    assert_eq!(proxy.iterate().unwrap().count(), 5);
    assert_eq!(inline.peer.stats().messages() - before, 2);
    assert_eq!(&*denied(proxy.set_index(0, 1)).policy, "read-only");
    revoker.revoke();
    assert_eq!(&*denied(proxy.fetch()).policy, "revoked");
    drop((proxy, server));
    inline.assert_idle();
}

#[test]
fn an_attribute_that_is_brought_along_is_gated_too() {
    let clock = Arc::new(ManualClock::default());
    let [client, server] = [(); 2].map(|()| node(&clock, Policy::Closed));
    let (own, _lab) = Lab::own();
    let (reference, revoker) = Attenuation::of(&own).only(["name"]).give().unwrap();
    server.export("list", List::from_iter([Value::from(reference)]).to_own());
    let inline = wherever_tests::inline::Inline::start(&clock, &client, &server);
    let list = inline.peer.get("list").unwrap();
    let fetched = |name: &str| list.fetch_with(&[name]).unwrap().remove(0).attributes.remove(0);
    assert_eq!(fetched("name").unwrap().unwrap(), Value::text("lab"));
    assert_eq!(&*denied(fetched("value").unwrap()).policy, "allow-list");
    revoker.revoke();
    assert_eq!(&*denied(fetched("name").unwrap()).policy, "revoked");
    drop((list, server));
    inline.assert_idle();
}

#[test]
fn on_this_side_too_it_grants_no_more_while_it_has_not_been_sent() {
    let (own, lab) = Lab::own();
    let (reference, revoker) = Attenuation::of(&own).only(["double", "log"]).give().unwrap();
    let it = Proxy::from(Ref::Own(reference));
    assert_eq!(it.call("double", (4,)).unwrap(), Value::Int(8));
    assert_eq!(&*denied(it.call("keep", (4,))).policy, "allow-list");
    let log: Proxy = it.get("log").unwrap().to().unwrap();
    log.invoke(("x",)).unwrap();
    revoker.revoke();
    assert_eq!(&*denied(log.invoke(("y",))).policy, "revoked");
    assert_eq!(lab.read(), ["x"]);
}

#[test]
fn what_is_no_reference_cannot_be_attenuated() {
    let (clock, list) = (Arc::new(ManualClock::default()), List::new());
    let [client, server] = [(); 2].map(|()| node(&clock, Policy::Closed));
    server.export("list", list.to_own());
    let pair = Pair::of(&clock, &client, &server);
    let proxy = got(&pair, "list");
    let promise = proxy.request(Operation::Length).promise().unwrap();
    let promised = promise.proxy().unwrap();
    fn refused(what: &impl AsReference) -> Error {
        Attenuation::of(what).give().unwrap_err()
    }
    assert!(matches!(refused(&Value::Int(1)), Error::Convert(_)));
    assert!(refused(&proxy.at("attribute")).to_string().contains("read the attribute"));
    assert!(refused(&promised).to_string().contains("wait for it"));
    assert!(Attenuation::of(&Value::from(&proxy)).give().is_ok());
    pair.settle();
    drop((proxy, promise, promised));
    assert_idle(&[&pair]);
}

#[test]
fn many_references_of_one_kind_are_one_type_for_the_peer() {
    let clock = Arc::new(ManualClock::default());
    let [client, server] = [(); 2].map(|()| node(&clock, Policy::Closed));
    let make = Function::new("make", |_, _| Ok(Attenuation::of(&Lab::own().0).only(["double"]).give()?.0.into()));
    server.export("make", make.into_own());
    let pair = Pair::of(&clock, &client, &server);
    let make = got(&pair, "make");
    let made = || -> Proxy {
        let promise = make.request(Operation::Call).promise().unwrap();
        pair.settle();
        promise.result().unwrap().to().unwrap()
    };
    let (one, two) = (made(), made());
    assert!(one.shape().is_same_type(&two.shape()) && !one.same(&two));
    drop((one, two, make, server));
    assert_idle(&[&pair]);
}

#[test]
fn methods_that_are_futures_on_the_async_driver_go_through_it() {
    let clock = Arc::<ManualClock>::default();
    let [client, server] = [(); 2].map(|()| Node::builder().clock(clock.clone()).build());
    let (own, lab) = Lab::own();
    let (reference, revoker) = Attenuation::of(&own).only(["calls_back", "gate"]).give().unwrap();
    server.export("it", reference);
    let pair = TaskPair::of(&clock, &client, &server);
    let settle = || pair.settle();
    let it = Hand::of(pair.left.peer().get_later("it")).through_all(settle).unwrap();
    let back = Value::from(Function::new("back", |_, _| Ok(5.into())));
    let before = pair.left.peer().stats().messages();
    let called = Hand::of(it.method("calls_back").args((back.clone(),))).through_all(settle);
    assert_eq!(called.unwrap(), Value::Int(5));
    assert_eq!(pair.left.peer().stats().messages() - before, 4);
    let mut gate = Hand::of(it.method("gate"));
    gate.waits();
    settle();
    revoker.revoke();
    lab.next_gate().open(6);
    assert_eq!(gate.through_all(settle).unwrap(), Value::Int(6));
    let refused = Hand::of(it.method("calls_back").args((back,))).through_all(settle);
    assert_eq!(&*denied(refused).policy, "revoked");
    drop((it, gate, server));
    pair.assert_idle();
}

#[test]
fn an_attribute_that_waits_for_its_turn_comes_under_the_caretaker_all_the_same() {
    use wherever::hosts::{Class, Turned};
    let (clock, replies) = (Arc::new(ManualClock::default()), Arc::new(Mutex::new(Vec::new())));
    let [client, server] = [(); 2].map(|()| node(&clock, Policy::Closed));
    let (held, ran) = (replies.clone(), Arc::new(Mutex::new(0)));
    let function = Value::from({
        let ran = ran.clone();
        Function::new("inside", move |_, _| {
            *ran.lock() += 1;
            Ok(Value::None)
        })
    });
    let own = Class::<Turned<()>>::builder("rust:test.Turning")
        .later_mut("hold", move |alone, _, context| held.lock().push((alone, context)))
        .attribute_ref("function", move |_| Ok(function.clone()))
        .build()
        .instance(Turned::new(()));
    let (reference, revoker) = Attenuation::of(&own).only(["hold", "function"]).give().unwrap();
    server.export("it", reference);
    let pair = Pair::of(&clock, &client, &server);
    let it = got(&pair, "it");
    let hold = it.promise("hold", ()).unwrap();
    // In another lane, so that it does not stand behind that call.
    let other = wherever::drive::Lane::numbered(1);
    let [read, by_path] = other.run(|| {
        [it.request(Operation::Get).member("function").promise(), it.at("function").request(Operation::Noop).promise()]
    });
    let (read, by_path) = (read.unwrap(), by_path.unwrap());
    pair.settle();
    assert!(!read.is_ready() && !by_path.is_ready());
    let (alone, context): (wherever::hosts::Exclusive<()>, wherever::context::CallContext) = replies.lock().remove(0);
    drop(alone);
    context.reply().settle(Ok(Value::None));
    drop(context);
    pair.settle();
    let functions = [&read, &by_path].map(|promise| promise.result().unwrap().to::<Proxy>().unwrap());
    let call = |function: &Proxy| {
        let promise = function.request(Operation::Call).promise().unwrap();
        pair.settle();
        promise.result()
    };
    functions.iter().for_each(|function| _ = call(function).unwrap());
    revoker.revoke();
    functions.iter().for_each(|function| assert_eq!(&*denied(call(function)).policy, "revoked"));
    assert_eq!(*ran.lock(), 2);
    drop((it, hold, read, by_path, functions, server));
    assert_idle(&[&pair]);
}

#[test]
fn an_iterator_is_stepped_through_it_with_credit() {
    let clock = Arc::new(ManualClock::default());
    let [client, server] = [(); 2].map(|()| node(&clock, Policy::Closed));
    let steps = wherever::hosts::iterator((0..3).map(|number| Ok(number.into())));
    let (reference, revoker) = Attenuation::of(&steps).operations(&[Operation::Iterate]).give().unwrap();
    server.export("steps", reference);
    let inline = wherever_tests::inline::Inline::start(&clock, &client, &server);
    let steps = inline.peer.get("steps").unwrap();
    let mut items = steps.iterate().unwrap();
    assert_eq!(items.next().unwrap().unwrap(), Value::Int(0));
    revoker.revoke();
    assert_eq!(items.next().unwrap().unwrap(), Value::Int(1), "a stream that has begun goes on");
    drop(items);
    assert_eq!(&*denied(steps.iterate().unwrap().next().unwrap()).policy, "revoked");
    drop((steps, server));
    inline.assert_idle();
}
