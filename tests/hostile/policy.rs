//! The gate, through the wire: what each policy and each way of passing an object lets a peer do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wherever::clock::ManualClock;
use wherever::error::Denied;
use wherever::hosts::{Class, Dict, Function, List, iterator, stream};
use wherever::policy::Policy;
use wherever::shape::Member;
use wherever::wire::frame::Reference;
use wherever::wire::preface::Preface;
use wherever::{Error, Id, Node, Operation, Outcome, Own, Value};
use wherever_tests::hostile::{Call, Forged, Hostile};

const POLICIES: [Policy; 3] = [Policy::Closed, Policy::Public, Policy::Open];

/// Counts what ran of the object's own code.
type Ran = Arc<AtomicU64>;

fn guarded() -> (Own, Ran) {
    let ran = Ran::default();
    let note = |ran: &Ran| {
        ran.fetch_add(1, Ordering::Relaxed);
        Ok(Value::from(7))
    };
    let set = |ran: &Ran, _| {
        ran.fetch_add(1, Ordering::Relaxed);
        Ok(())
    };
    let class = Class::<Ran>::builder("rust:test.Guarded")
        .method("open", move |ran: &Ran, _, _| note(ran))
        .method_with(Member::method("shut").hidden(), move |ran: &Ran, _, _| note(ran))
        .method_with(Member::method("_inner").hidden(), move |ran: &Ran, _, _| note(ran))
        .attribute("seen", note)
        .attribute_with(Member::attribute("secret").hidden(), note)
        .attribute_with(Member::attribute("_private").hidden(), note)
        .writable("value", note, set)
        .writable_with(Member::attribute("secret_value").hidden(), note, set)
        .writable_with(Member::attribute("_value").hidden(), note, set)
        .attribute("next", |ran: &Ran| Ok(Value::from(guarded_on(ran.clone()))))
        .attribute_with(Member::attribute("back").hidden(), |ran: &Ran| Ok(Value::from(guarded_on(ran.clone()))))
        .operation(Operation::Length, |ran: &Ran, _, _| {
            ran.fetch_add(1, Ordering::Relaxed);
            Outcome::Value(3.into())
        })
        .operation(Operation::Iterate, |ran: &Ran, _, _| {
            let inner = Value::from(guarded_on(ran.clone()));
            Outcome::Stream(stream(std::iter::once(inner)))
        })
        .build();
    (class.instance(ran.clone()), ran)
}

fn guarded_on(ran: Ran) -> Own {
    Class::<Ran>::builder("rust:test.Inner")
        .attribute("name", |_: &Ran| Ok("inner".into()))
        .attribute_with(Member::attribute("secret").hidden(), |ran: &Ran| {
            ran.fetch_add(1, Ordering::Relaxed);
            Ok("secret".into())
        })
        .build()
        .instance(ran)
}

/// An attack on a node with this policy, that exports this object; it has number 1.
fn attack(policy: Policy, own: impl Into<Own>) -> Hostile {
    let clock = Arc::<ManualClock>::default();
    let node = Node::builder().clock(clock.clone()).policy(policy).build();
    node.export("it", own);
    let mut hostile = Hostile::of_node(&clock, node);
    hostile.send_bytes(&Preface::default().encode());
    hostile.send(&Forged::new().hello());
    assert_eq!(hostile.obtain(1, "it"), 1);
    hostile
}

/// What can be asked: an operation, and the member that it is about.
type Asked = (Operation, Option<&'static str>);

/// Asks it of object 1.
fn ask(hostile: &mut Hostile, (operation, member): Asked) -> Result<Value, Error> {
    let number = 2 + hostile.stats().calls_received;
    let mut call = Call::new(number, Id::theirs(1), operation).args(match operation {
        Operation::Set | Operation::Index | Operation::DeleteIndex | Operation::Contains => vec![Value::from(0)],
        Operation::Compare | Operation::Binary => vec![Value::from(0)],
        Operation::SetIndex => vec![Value::from(0), Value::from(1)],
        _ => Vec::new(),
    });
    if let Some(member) = member {
        call = call.member(member);
    }
    hostile.ask(&call)
}

fn denied(result: Result<Value, Error>) -> Option<Arc<Denied>> {
    match result {
        Err(Error::Denied(denied)) => Some(denied),
        _ => None,
    }
}

/// Every operation, with every kind of member where it is about one.
fn everything() -> Vec<Asked> {
    use Operation::{Binary, Call, Compare, Delete, Fence, Get, Set, Text, Unary};
    let members = [
        "open",
        "shut",
        "_inner",
        "seen",
        "secret",
        "_private",
        "value",
        "secret_value",
        "_value",
        "nothing",
        "__class__",
    ];
    let about = |operation: Operation| -> Vec<Option<&'static str>> {
        match operation {
            Get | Set | Delete => members.map(Some).to_vec(),
            Call => members.map(Some).into_iter().chain([None]).collect(),
            Compare => vec![Some("eq"), Some("lt")],
            Binary => vec![Some("add"), Some("iadd"), Some("rsub")],
            Unary => vec![Some("neg"), Some("int")],
            Text => vec![Some("repr"), Some("str"), None],
            Fence => vec![],
            _ => vec![None],
        }
    };
    Operation::ALL
        .into_iter()
        .flat_map(|operation| about(operation).into_iter().map(move |member| (operation, member)))
        .collect()
}

/// Whether a policy lets it pass for an instance, by the rules of the design, written once more.
fn expected(policy: Policy, (operation, member): Asked) -> bool {
    use Operation::{Call, Delete, Dir, Get, Iterate, Length, Noop, Set, Text};
    let name = member.unwrap_or_default();
    let (exposed, writable) = match name {
        "open" | "seen" | "next" => (true, false),
        "value" => (true, true),
        "secret_value" | "_value" => (false, true),
        _ => (false, false),
    };
    match (policy, operation) {
        (Policy::Open, _) | (_, Noop | Length | Iterate | Text | Dir) => true,
        (Policy::Public, Call | Get) => !name.starts_with('_'),
        (Policy::Public, Set | Delete) => writable && !name.starts_with('_'),
        (Policy::Public, _) => true,
        (_, Call) => name == "open",
        (_, Get) => exposed,
        (_, Set | Delete) => exposed && writable,
        _ => false,
    }
}

#[test]
fn every_operation_passes_the_gate_and_only_what_may() {
    for policy in POLICIES {
        for asked in everything() {
            let (own, ran) = guarded();
            let mut hostile = attack(policy, own);
            let answer = ask(&mut hostile, asked);
            let is_unknown = matches!(asked.1, Some("nothing" | "__class__"));
            let refused = denied(answer.clone());
            match expected(policy, asked) {
                true => assert!(refused.is_none(), "{policy:?} {asked:?}: {answer:?}"),
                // What the type cannot have is not there: nothing would allow it.
                false if is_unknown => assert!(matches!(answer, Err(Error::NoMember { .. })), "{asked:?}: {answer:?}"),
                false => {
                    let refused = refused.unwrap_or_else(|| panic!("{policy:?} {asked:?}: {answer:?}"));
                    assert_eq!(refused.operation, asked.0);
                    assert_eq!(refused.member.as_deref(), asked.1);
                    assert_eq!((&*refused.shape, &*refused.policy), ("rust:test.Guarded", policy.name()));
                    assert_eq!(ran.load(Ordering::Relaxed), 0, "nothing ran");
                    check_remedy(&refused, asked);
                }
            }
            hostile.cut();
        }
    }
}

/// The policy that the error names would let it pass.
fn check_remedy(denied: &Denied, asked: Asked) {
    let policy = denied.remedy.split('`').nth(1).unwrap();
    let policy = POLICIES.into_iter().find(|known| known.name() == policy).unwrap();
    assert!(expected(policy, asked), "{denied}");
    let mut hostile = attack(policy, guarded().0);
    assert!(self::denied(ask(&mut hostile, asked)).is_none(), "{denied}");
    hostile.cut();
}

#[test]
fn operators_are_a_closed_list() {
    for policy in POLICIES {
        let mut hostile = attack(policy, guarded().0);
        for asked in [
            (Operation::Binary, Some("__reduce__")),
            (Operation::Binary, Some("class")),
            (Operation::Binary, None),
            (Operation::Unary, Some("del")),
            (Operation::Compare, Some("cmp")),
            (Operation::Compare, None),
            (Operation::Text, Some("reduce_ex")),
            (Operation::Get, None),
            (Operation::Set, None),
            (Operation::Fence, None),
        ] {
            let answer = ask(&mut hostile, asked);
            assert!(matches!(answer, Err(Error::NotSupported { .. })), "{policy:?} {asked:?}: {answer:?}");
        }
        hostile.cut();
    }
}

#[test]
fn each_step_of_a_path_is_gated() {
    let (own, ran) = guarded();
    let mut hostile = attack(Policy::Closed, own);
    let get =
        |number, path: &[&str], name: &str| Call::new(number, Id::theirs(1), Operation::Get).path(path).member(name);
    assert_eq!(hostile.ask(&get(10, &["next"], "name")).unwrap(), Value::text("inner"));
    let refused = denied(hostile.ask(&get(11, &["back"], "name"))).unwrap();
    assert_eq!((refused.operation, refused.member.as_deref()), (Operation::Get, Some("back")));
    let refused = denied(hostile.ask(&get(12, &["next"], "secret"))).unwrap();
    assert_eq!((&*refused.shape, refused.member.as_deref()), ("rust:test.Inner", Some("secret")));
    assert!(matches!(hostile.ask(&get(13, &["next", "__globals__"], "x")), Err(Error::NoMember { .. })));
    // By way of the names, and of an answer, too.
    let by_name = Call::new(14, Id::THEIR_NAMES, Operation::Get).path(&["it", "back"]).member("name");
    assert!(denied(hostile.ask(&by_name)).is_some());
    hostile.send(&Forged::new().call(&Call::new(15, Id::theirs(1), Operation::Get).member("next").flags(2)));
    let on_answer = Call::new(16, Id::ours(15), Operation::Get).member("secret");
    assert!(denied(hostile.ask(&on_answer)).is_some());
    assert_eq!(ran.load(Ordering::Relaxed), 0);
    hostile.cut();
}

#[test]
fn what_is_brought_along_is_gated() {
    let (own, ran) = guarded();
    let mut hostile = attack(Policy::Closed, own);
    let mut call = Call::new(10, Id::theirs(1), Operation::Iterate);
    call.header.prefetch = vec!["name".into(), "secret".into(), "__dict__".into()];
    hostile.ask(&call).unwrap();
    let attributes = hostile.attributes(10);
    assert_eq!(attributes[0].as_ref().unwrap().as_ref().unwrap(), &Value::text("inner"));
    assert!(matches!(&attributes[1], Some(Err(error)) if matches!(**error, Error::Denied(_))));
    assert!(matches!(&attributes[2], Some(Err(error)) if matches!(**error, Error::NoMember { .. })));
    assert_eq!(ran.load(Ordering::Relaxed), 0);
    hostile.cut();
}

#[test]
fn passing_a_function_grants_its_call() {
    for policy in POLICIES {
        let function = Function::new("f", |_, _| Ok(5.into())).into_own();
        let mut hostile = attack(policy, function);
        assert_eq!(ask(&mut hostile, (Operation::Call, None)).unwrap(), Value::from(5));
        for name in ["call", "__globals__", "__closure__"] {
            for operation in [Operation::Call, Operation::Get, Operation::Set, Operation::Delete] {
                assert!(ask(&mut hostile, (operation, Some(name))).is_err());
            }
        }
        hostile.cut();
    }
}

#[test]
fn passing_a_container_grants_its_operations_and_read_only_fewer() {
    let dict = Dict::new();
    dict.insert(Value::from(0), Value::from(1)).unwrap();
    let containers = [List::from_iter([Value::from(0)]).to_own(), dict.to_own()];
    let reads = [Operation::Index, Operation::Contains, Operation::Length, Operation::Whole, Operation::Truth];
    let writes = [Operation::SetIndex, Operation::DeleteIndex];
    for policy in POLICIES {
        for own in &containers {
            let mut hostile = attack(policy, own.read_only());
            for operation in reads {
                ask(&mut hostile, (operation, None)).unwrap();
            }
            ask(&mut hostile, (Operation::Text, Some("repr"))).unwrap();
            for operation in writes {
                let refused = denied(ask(&mut hostile, (operation, None))).unwrap();
                assert_eq!(&*refused.policy, "read-only", "{policy:?}");
            }
            for (operation, name) in [(Operation::Call, "clear"), (Operation::Binary, "iadd")] {
                assert!(denied(ask(&mut hostile, (operation, Some(name)))).is_some(), "{policy:?} {name}");
            }
            hostile.cut();
            let mut hostile = attack(policy, own.clone());
            for operation in reads.into_iter().chain([Operation::SetIndex]) {
                ask(&mut hostile, (operation, None)).unwrap();
            }
            hostile.cut();
        }
    }
}

#[test]
fn a_read_only_reference_is_an_entry_of_its_own_and_comes_home_as_the_object() {
    let list = List::from_iter([Value::from(0)]);
    let (own, kept) = crate::deeds::thing();
    let mut hostile = attack(Policy::Closed, own);
    hostile.node.export("whole", list.to_own());
    hostile.node.export("reading", list.to_own().read_only());
    let (whole, reading) = (hostile.obtain(10, "whole"), hostile.obtain(11, "reading"));
    assert_ne!(whole, reading);
    let home = |number| Reference::Home { id: Id::theirs(number) };
    hostile.ask(&Call::method(12, 1, "keep").passing(&[home(whole), home(reading)])).unwrap();
    let kept = std::mem::take(&mut *kept.kept.lock());
    assert_eq!(kept[0], kept[1], "one object");
    hostile.cut();
}

#[test]
fn passing_a_class_grants_recognition_only() {
    let plain = Class::<u8>::builder("rust:test.Plain").constructor(|_, _| Ok(1)).build();
    let making = Class::<u8>::builder("rust:test.Making").exposed_constructor(|_, _| Ok(1)).build();
    let mut hostile = attack(Policy::Closed, plain.own());
    let refused = denied(ask(&mut hostile, (Operation::Call, None))).unwrap();
    assert!(refused.remedy.contains("exposing its constructor"), "{refused}");
    for asked in everything() {
        let may = matches!(asked.0, Operation::Noop | Operation::Text | Operation::Truth | Operation::Dir);
        assert_eq!(ask(&mut hostile, asked).is_ok(), may, "{asked:?}");
    }
    hostile.cut();
    let mut hostile = attack(Policy::Closed, making.own());
    ask(&mut hostile, (Operation::Call, None)).unwrap();
    hostile.cut();
}

#[test]
fn passing_an_iterator_grants_its_steps() {
    let mut hostile = attack(Policy::Closed, iterator((0..3).map(|number| Ok(number.into()))));
    ask(&mut hostile, (Operation::Iterate, None)).unwrap();
    assert_eq!(hostile.items(2 + 1).len(), 3);
    for asked in [(Operation::Index, None), (Operation::Length, None), (Operation::Set, Some("next"))] {
        assert!(ask(&mut hostile, asked).is_err(), "{asked:?}");
    }
    hostile.cut();
    let mut hostile = attack(Policy::Open, iterator((0..3).map(|number| Ok(number.into()))).read_only());
    assert!(denied(ask(&mut hostile, (Operation::Iterate, None))).is_some(), "each step changes it");
    hostile.cut();
}
