//! Errors: what was raised arrives unchanged through any number of hops, and a failure is its caller's alone.

use std::sync::Arc;

use wherever::clock::ManualClock;
use wherever::error::{FrameInfo, FramesTold, Raised};
use wherever::hosts::{Class, Function, List};
use wherever::limits::Limits;
use wherever::policy::Policy;
use wherever::value::Ref;
use wherever::{Arguments, Error, Node, Operation, Own, Proxy, Value};
use wherever_tests::inline::Inline;
use wherever_tests::lab::{Lab, got};
use wherever_tests::pair::{Pair, node};

/// A chain of sessions of so many hops, behind the last of which there is `what`.
fn hops(count: usize, what: Own) -> (Inline, Proxy, Arc<Lab>) {
    hops_by(Policy::Closed, count, what)
}

/// As [`hops`], every side with this policy.
fn hops_by(policy: Policy, count: usize, what: Own) -> (Inline, Proxy, Arc<Lab>) {
    let clock = Arc::new(ManualClock::default());
    let nodes: Vec<Node> = (0..count + 2).map(|_| node(&clock, policy)).collect();
    nodes[count + 1].export("what", what);
    let mut pairs = Vec::new();
    let mut held: Option<Value> = None;
    let mut labs = Vec::new();
    for at in (1..=count).rev() {
        let pair = Pair::of(&clock, &nodes[at], &nodes[at + 1]);
        let promise = pair.left.peer().promise("what").unwrap();
        pair.settle();
        // Behind the first of them the object is exported; the others hand out what they got.
        let value = match held.take() {
            None => promise.result().unwrap(),
            Some(_) => {
                let kept = promise.result().unwrap().to::<Proxy>().unwrap().promise("kept", ()).unwrap();
                while pairs
                    .iter()
                    .chain([&pair])
                    .any(|pair: &Pair| pair.carry() || pair.left.run_job(0) || pair.right.run_job(0))
                {}
                kept.result().unwrap()
            }
        };
        let (own, lab) = Lab::own();
        lab.kept.lock().push(value.clone());
        nodes[at].export("what", own);
        labs.push(lab);
        held = Some(value);
        pairs.push(pair);
    }
    let inline = Inline::before(&clock, &nodes[0], &nodes[1], pairs);
    let first = inline.peer.get("what").unwrap();
    let what = if count == 0 { first } else { first.call("kept", ()).unwrap().to().unwrap() };
    drop(held);
    let keeper = labs.pop().unwrap_or_default();
    for lab in labs {
        lab.kept.lock().clear();
    }
    (inline, what, keeper)
}

#[track_caller]
fn end(inline: Inline, what: Proxy, keeper: &Lab) {
    drop(what);
    keeper.kept.lock().clear();
    for _ in 0..6 {
        inline.tick();
    }
    inline.assert_idle();
}

fn raised(type_name: &str, message: &str) -> Raised {
    Raised::new(type_name, message)
}

/// An error with all that one can have.
fn full() -> Raised {
    let frame = |line| FrameInfo {
        file: "shop/till.toy".into(),
        line,
        column: 3,
        name: "pay".into(),
        text: "    pay(sum)".into(),
        signature: "(sum)".into(),
        first_line: 10,
        end_line: line,
        end_column: 13,
        ..FrameInfo::default()
    };
    Raised {
        bases: vec!["toy:m.Base".into(), "toy:Exception".into()],
        arguments: vec![1.into(), "two".into(), Value::tuple([3.into()])],
        attributes: vec![("code".into(), 7.into())],
        cause: Some(Arc::new(Raised { cause: Some(Arc::new(raised("toy:Deeper", "b"))), ..raised("toy:Cause", "a") })),
        context: Some(Arc::new(Raised { notes: vec!["in it".into()], ..raised("toy:Context", "c") })),
        notes: vec!["a note".into(), "and another".into()],
        group: vec![
            Arc::new(raised("toy:First", "1")),
            Arc::new(Raised { group: vec![Arc::new(raised("toy:Inner", "3"))], ..raised("toy:Group", "2") }),
        ],
        frames: vec![frame(12), frame(40)],
        ..raised("toy:m.Failed", "it failed")
    }
}

fn failing(error: impl Fn() -> Error + Send + Sync + 'static) -> Own {
    Function::new("failing", move |_, _| Err(error())).into_own()
}

#[test]
fn what_was_raised_arrives_unchanged_through_no_one_and_two_middles() {
    for count in 0..3 {
        let (inline, what, keeper) = hops_by(Policy::Open, count, failing(|| Error::Raised(Arc::new(full()))));
        let error = what.invoke(()).unwrap_err();
        assert_eq!(**error.raised().unwrap(), full(), "through {count} middles");
        assert_eq!(error.to_string(), "toy:m.Failed: it failed");
        end(inline, what, &keeper);
    }
}

#[test]
fn the_closed_policy_tells_no_source_lines_of_an_error_nor_of_what_is_behind_it() {
    let placed = || Raised { frames: full().frames, ..raised("toy:Inner", "") };
    let inner = move || Arc::new(Raised { cause: Some(Arc::new(placed())), ..placed() });
    let whole =
        move || Raised { cause: Some(inner()), context: Some(inner()), group: vec![inner(), inner()], ..full() };
    let told = |policy| {
        let (inline, what, keeper) = hops_by(policy, 0, failing(move || Error::Raised(Arc::new(whole()))));
        let error = what.invoke(()).unwrap_err();
        let raised = Raised::clone(error.raised().unwrap());
        drop(error);
        end(inline, what, &keeper);
        raised
    };
    assert_eq!(told(Policy::Public), whole());
    let closed = told(Policy::Closed);
    assert!(!format!("{closed:?}").contains("pay(sum)"), "{closed:?}");
    let places = |raised: &Raised| {
        let place = |frame: &FrameInfo| (frame.file.clone(), frame.line, frame.column, frame.name.clone());
        raised.frames.iter().map(place).collect::<Vec<_>>()
    };
    assert_eq!(places(&closed), places(&whole()));
    let deepest = |raised: &Raised| places(raised.cause.as_ref().unwrap().cause.as_ref().unwrap());
    assert_eq!(deepest(&closed), deepest(&whole()));
}

#[test]
fn what_has_a_frame_is_there_to_be_asked_through_no_one_and_two_middles() {
    for count in 0..3 {
        let stack = Function::new("stack", |arguments, _| {
            let index: i64 = arguments.positional[0].clone().to()?;
            Ok(Value::Int(index * 10))
        });
        let frame = FrameInfo { stack: Some(Value::Ref(Ref::Own(stack.into_own()))), index: 4, ..FrameInfo::default() };
        let error = Raised { frames: vec![frame], ..raised("toy:Failed", "") };
        let failing = failing(move || Error::Raised(Arc::new(error.clone())));
        let (inline, what, keeper) = hops_by(Policy::Open, count, failing);
        let error = what.invoke(()).unwrap_err();
        let frame = error.raised().unwrap().frames[0].clone();
        let Some(Value::Ref(stack)) = frame.stack else { panic!("{frame:?}") };
        let asked = Proxy::from(stack).invoke((i64::from(frame.index),)).unwrap();
        assert_eq!(asked, Value::Int(40), "through {count} middles");
        drop((error, asked));
        end(inline, what, &keeper);
    }
}

#[test]
fn a_node_says_how_much_is_told_of_frames_whatever_its_policy() {
    let told = |told| {
        let clock = Arc::new(ManualClock::default());
        let near = node(&clock, Policy::Closed);
        let far = Node::builder().clock(clock.clone()).policy(Policy::Closed).tell_frames(told).build();
        let frame = FrameInfo { stack: Some(Value::Ref(Ref::Own(List::new().to_own()))), ..full().frames[0].clone() };
        let cause = Some(Arc::new(Raised { frames: vec![frame.clone()], ..raised("toy:Cause", "") }));
        let whole = Arc::new(Raised { frames: vec![frame], cause, ..raised("toy:Failed", "") });
        far.export("what", failing(move || Error::Raised(whole.clone())));
        let inline = Inline::before(&clock, &near, &far, Vec::new());
        let what = inline.peer.get("what").unwrap();
        let error = what.invoke(()).unwrap_err();
        let raised = Raised::clone(error.raised().unwrap());
        let cause = raised.cause.clone().unwrap();
        let of = |frames: &[FrameInfo]| {
            frames
                .first()
                .map(|frame| (frame.line, !frame.text.is_empty(), !frame.signature.is_empty(), frame.stack.is_some()))
        };
        assert_eq!(of(&raised.frames), of(&cause.frames));
        let told = of(&raised.frames);
        drop((error, raised, cause));
        end(inline, what, &Lab::default());
        told
    };
    assert_eq!(told(FramesTold::Nothing), None);
    assert_eq!(told(FramesTold::Places), Some((12, false, false, false)));
    assert_eq!(told(FramesTold::Source), Some((12, true, true, false)));
    assert_eq!(told(FramesTold::Stacks), Some((12, true, true, true)));
}

#[test]
fn every_other_error_arrives_as_what_it_is_through_two_middles() {
    let errors: [fn() -> Error; 8] = [
        || Error::NotFound("name".into()),
        || Error::Overloaded("too much".into()),
        || Error::Busy("in use".into()),
        || Error::TooDeep(7),
        || Error::Cycle("round".into()),
        || Error::NotSupported { shape: "toy:m.T".into(), operation: Operation::Hash },
        || Error::NoMember { shape: "toy:m.T".into(), member: "x".into() },
        || Error::Misuse("so not".into()),
    ];
    for error in errors {
        let (inline, what, keeper) = hops(2, failing(error));
        let came = what.invoke(()).unwrap_err();
        assert_eq!(format!("{came:?}"), format!("{:?}", error()));
        end(inline, what, &keeper);
    }
}

#[test]
fn the_error_object_comes_home_as_itself_and_is_a_reference_elsewhere() {
    let (own, mine) = Lab::own();
    let (inline, what, keeper) = hops(
        1,
        failing({
            let own = own.clone();
            move || Error::Raised(Arc::new(Raised { object: Some(own.clone().into()), ..full() }))
        }),
    );
    let error = what.invoke(()).unwrap_err();
    let object: Proxy = error.raised().unwrap().object.clone().unwrap().to().unwrap();
    object.call("log", ("seen",)).unwrap();
    assert_eq!(mine.read(), ["seen"]);
    // An error of ours that goes there and comes back.
    let back = Function::new("back", {
        let own = Lab::own().0;
        move |_, _| Err(Error::Raised(Arc::new(Raised { object: Some(own.clone().into()), ..full() })))
    });
    drop((object, error, back));
    end(inline, what, &keeper);
}

#[test]
fn a_rust_error_arrives_with_its_sources_and_the_place_it_was_raised_at() {
    let (inline, what, keeper) = hops(
        0,
        failing(|| {
            let inner = "x".parse::<i64>().unwrap_err();
            Error::from_std(&std::io::Error::other(inner))
        }),
    );
    let error = what.invoke(()).unwrap_err();
    let raised = error.raised().unwrap();
    assert_eq!((&*raised.type_name, &*raised.message), ("rust:std::io::error::Error", "invalid digit found in string"));
    assert!(raised.frames[0].file.ends_with("errors.rs") && raised.frames[0].line > 0);
    assert_eq!(&*raised.frames[0].name, "failing");
    end(inline, what, &keeper);
}

#[test]
fn raise_and_catch_with_the_text_of_it_is_two_messages() {
    let (inline, what, keeper) = hops_by(Policy::Open, 0, failing(|| Error::Raised(Arc::new(full()))));
    let before = inline.peer.stats().messages();
    let error = what.invoke(()).unwrap_err();
    let text = format!("{error} {:?} {:?}", error.raised().unwrap().frames, error.raised().unwrap().cause);
    assert!(text.contains("pay(sum)"));
    assert_eq!(inline.peer.stats().messages() - before, 2);
    end(inline, what, &keeper);
}

#[test]
fn a_panic_is_an_error_for_its_caller_alone() {
    let (inline, lab, keeper) = hops(0, Lab::own().0);
    let beside = lab.promise("double", (2,)).unwrap();
    let error = lab.call("panic", ()).unwrap_err();
    let raised = error.raised().unwrap();
    assert_eq!((&*raised.type_name, &*raised.message), ("rust:panic", "as asked"));
    assert_eq!(beside.result().unwrap(), Value::Int(4));
    assert_eq!(lab.call("double", (3,)).unwrap(), Value::Int(6));
    drop(beside);
    end(inline, lab, &keeper);
}

#[test]
fn a_missing_name_a_wrong_member_and_wrong_arguments_each_have_their_error() {
    let (inline, lab, keeper) = hops(0, Lab::own().0);
    assert!(matches!(inline.peer.get("nobody"), Err(Error::NotFound(name)) if &*name == "nobody"));
    assert!(matches!(lab.call("nothing", ()), Err(Error::NoMember { .. })));
    assert!(matches!(lab.invoke(()), Err(Error::Denied(_) | Error::NotSupported { .. })));
    let Err(Error::Convert(missing)) = lab.call("double", ()) else { panic!("not missed") };
    assert_eq!(missing.path.join("."), "number");
    let Err(Error::Convert(wrong)) = lab.call("double", ("x",)) else { panic!("not told") };
    assert_eq!((wrong.path.join("."), &*wrong.wanted), ("number".to_owned(), "i64"));
    assert!(wrong.found.contains("text"), "{wrong}");
    end(inline, lab, &keeper);
}

#[test]
fn a_conversion_error_names_the_field_within_a_field() {
    let (inline, what, keeper) = hops(
        0,
        Function::new("till", |mut arguments: Arguments, _| {
            let value: Value = arguments.take(0, "bill")?;
            let mut fields = wherever::convert::fields(value).map_err(|error| error.within("bill"))?;
            let sums: Vec<i64> = fields.take("sums").map_err(|error| error.within("bill"))?;
            Ok(sums.len().into())
        })
        .into_own(),
    );
    let bill = Value::Dict([("sums".into(), Value::tuple([1.into(), "two".into()]))].into_iter().collect());
    let Err(Error::Convert(error)) = what.invoke((bill,)) else { panic!("not told") };
    assert_eq!(error.path.join("."), "bill.sums.[1]");
    end(inline, what, &keeper);
}

/// A value nested deeper than any side takes.
fn too_deep(around: Value) -> Value {
    (0..100).fold(around, |inner, _| Value::tuple([inner]))
}

#[test]
fn hazard_3_an_argument_that_cannot_be_encoded_fails_here_and_nothing_was_counted() {
    let (inline, lab, keeper) = hops(0, Lab::own().0);
    let list = List::new();
    let before = inline.peer.stats();
    let argument = Value::tuple([list.clone().into(), too_deep(list.clone().into())]);
    assert!(matches!(lab.call("echo", (argument.clone(),)), Err(Error::Misuse(_))));
    assert!(lab.promise("echo", (argument.clone(),)).is_err());
    assert!(lab.one_way("echo", (argument,)).is_err());
    let after = inline.peer.stats();
    assert_eq!((after.messages(), after.frames(), after.exports), (before.messages(), before.frames(), 0));
    assert_eq!((after.questions, after.types_described), (before.questions, before.types_described));
    assert!(lab.call("echo", (list,)).unwrap().to::<Proxy>().unwrap().is_own());
    end(inline, lab, &keeper);
}

#[test]
fn hazard_3_more_references_than_the_peer_takes_fail_here_and_nothing_was_counted() {
    let (inline, lab, keeper) = hops(0, Lab::own().0);
    let many = Value::tuple((0..20_000).map(|_| Value::from(List::new())));
    let before = inline.peer.stats();
    assert!(matches!(lab.call("echo", (many,)), Err(Error::Overloaded(_))));
    let after = inline.peer.stats();
    assert_eq!((after.messages(), after.exports, after.questions), (before.messages(), 0, before.questions));
    assert_eq!(lab.call("double", (1,)).unwrap(), Value::Int(2));
    end(inline, lab, &keeper);
}

#[test]
fn a_result_that_cannot_be_encoded_is_an_error_for_its_caller() {
    let deep = Function::new("deep", |_, _| Ok(too_deep(List::new().into())));
    let (inline, what, keeper) = hops(0, deep.into_own());
    assert!(matches!(what.invoke(()), Err(Error::Misuse(_))));
    let promise = what.request(Operation::Call).promise().unwrap();
    let on_it = promise.call("double", (1,)).unwrap();
    assert!(matches!(on_it.result(), Err(Error::Misuse(_))));
    assert_eq!(inline.far.peer().stats().exports, 1, "nothing of it was counted");
    drop((promise, on_it));
    end(inline, what, &keeper);
}

#[test]
fn a_result_with_too_many_references_is_an_error_for_its_caller() {
    let many = Function::new("many", |_, _| Ok(Value::tuple((0..20_000).map(|_| Value::from(List::new())))));
    let (inline, what, keeper) = hops(0, many.into_own());
    assert!(matches!(what.invoke(()), Err(Error::Overloaded(_))));
    assert_eq!(inline.far.peer().stats().exports, 1);
    end(inline, what, &keeper);
}

#[test]
fn an_argument_that_cannot_be_encoded_for_the_next_hop_fails_the_call_and_nothing_hangs() {
    let clock = Arc::new(ManualClock::default());
    let [caller, middle] = [(); 2].map(|()| node(&clock, Policy::Closed));
    let mut limits = Limits::default();
    limits.told.message_len_max = 20_000;
    let owner = Node::builder().clock(clock.clone()).limits(limits).build();
    owner.export("lab", Lab::own().0);
    let behind = Pair::of(&clock, &middle, &owner);
    let (own, inside) = Lab::own();
    inside.kept.lock().push(got(&behind, "lab").into());
    middle.export("lab", own);
    let inline = Inline::before(&clock, &caller, &middle, vec![behind]);
    let lab: Proxy = inline.peer.get("lab").unwrap().call("kept", ()).unwrap().to().unwrap();
    assert!(matches!(lab.call("echo", ("x".repeat(40_000),)), Err(Error::Overloaded(_))));
    assert_eq!(lab.call("double", (4,)).unwrap(), Value::Int(8));
    end(inline, lab, &inside);
}

#[test]
fn a_host_that_drops_its_call_unanswered_gives_the_caller_an_error() {
    let class = Class::<()>::builder("rust:test.Drops").later("drops", |_, _, context| drop(context)).build();
    let (inline, what, keeper) = hops(0, class.instance(()));
    let error = what.call("drops", ()).unwrap_err();
    assert_eq!(&*error.raised().unwrap().type_name, "wherever:unanswered");
    end(inline, what, &keeper);
}

#[test]
fn an_error_too_large_to_tell_arrives_cut_down() {
    let (inline, what, keeper) = hops(
        0,
        failing(|| {
            let long = "y".repeat(100_000);
            let notes = vec![Arc::from(long.as_str()); 50];
            Error::Raised(Arc::new(Raised { notes, arguments: vec![long.clone().into()], ..raised("toy:Long", &long) }))
        }),
    );
    let error = what.invoke(()).unwrap_err();
    let raised = error.raised().unwrap();
    assert_eq!(&*raised.type_name, "toy:Long");
    assert!(raised.message.starts_with("yyy") && raised.message.len() < 10_000);
    end(inline, what, &keeper);
}
