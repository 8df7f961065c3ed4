//! Where errors come from: a panic tells its place, and a backtrace is there for whoever asks and may.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use wherever::clock::ManualClock;
use wherever::error::{FrameInfo, Raised};
use wherever::hosts::{Class, iterator};
use wherever::policy::Policy;
use wherever::{Arguments, Error, Node, Operation, Own, Proxy, Value};
use wherever_tests::inline::Inline;
use wherever_tests::lab::{Lab, assert_idle, got};
use wherever_tests::pair::{Pair, node};

/// An object that fails in each way, and the line of each.
fn failing() -> Own {
    Class::<()>::builder("rust:test.Failing")
        .method("panics", |_, _, _| panic!("as asked")) // PANICS
        .async_method("panics_later", |_, mut arguments: Arguments, _| async move {
            let gate: Proxy = arguments.take(0, "gate")?;
            gate.request(Operation::Call).await?;
            panic!("as asked") // LATER
        })
        .method("steps", |_, _, _| {
            let step = |number: i64| if number == 0 { Ok(number.into()) } else { panic!("as asked") }; // STEPS
            Ok(iterator((0..2).map(step)).into())
        })
        .method("parses", |_, mut arguments: Arguments, _| {
            let text: String = arguments.take(0, "text")?;
            Ok(text.parse::<i64>()?.into()) // PARSES
        })
        .attribute("attribute", |_| panic!("as asked")) // ATTRIBUTE
        .build()
        .instance(())
}

/// The line of this file with this mark.
fn line_of(mark: &str) -> u32 {
    let mark = format!("// {mark}");
    let at = include_str!("places.rs").lines().position(|line| line.ends_with(&mark)).unwrap();
    u32::try_from(at).unwrap() + 1
}

#[track_caller]
fn is_at(place: &FrameInfo, mark: &str, name: &str) {
    assert!(place.file.ends_with("behaviour/places.rs"), "{place:?}");
    assert_eq!((place.line, &*place.name), (line_of(mark), name));
    assert!(place.column > 1, "{place:?}");
}

#[track_caller]
fn raised<T>(result: Result<T, Error>) -> Arc<Raised> {
    match result {
        Err(Error::Raised(raised)) => raised,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it did not fail"),
    }
}

#[test]
fn a_panic_tells_its_file_line_and_column_to_its_caller_through_a_middle_too() {
    let clock = Arc::new(ManualClock::default());
    let [caller, middle, owner] = [(); 3].map(|()| node(&clock, Policy::Closed));
    owner.export("failing", failing());
    let far = Pair::of(&clock, &middle, &owner);
    let (own, lab) = Lab::own();
    middle.export("lab", own);
    lab.kept.lock().push(got(&far, "failing").into());
    let inline = Inline::before(&clock, &caller, &middle, vec![far]);
    let object: Proxy = inline.peer.get("lab").unwrap().call("kept", ()).unwrap().to().unwrap();
    for (result, mark, name) in [
        (object.call("panics", ()), "PANICS", "Failing.panics"),
        (object.get("attribute"), "ATTRIBUTE", "Failing.attribute"),
    ] {
        let raised = raised(result);
        assert_eq!((&*raised.type_name, &*raised.message, raised.frames.len()), ("rust:panic", "as asked", 1));
        is_at(&raised.frames[0], mark, name);
    }
    let parsed = raised(object.call("parses", ("x",)));
    assert_eq!(&*parsed.type_name, "rust:core::num::error::ParseIntError");
    is_at(&parsed.frames[0], "PARSES", "Failing.parses");
    let steps: Proxy = object.call("steps", ()).unwrap().to().unwrap();
    let mut items = steps.iterate().unwrap();
    assert_eq!(items.next().unwrap().unwrap(), Value::Int(0));
    is_at(&raised(items.next().unwrap()).frames[0], "STEPS", "");
    lab.kept.lock().clear();
    drop((object, steps, items));
    inline.assert_idle();
}

#[test]
fn a_panic_after_a_wait_tells_its_place() {
    let clock = Arc::new(ManualClock::default());
    let [client, server] = [(); 2].map(|()| node(&clock, Policy::Closed));
    server.export("failing", failing());
    let (own, lab) = Lab::own();
    let pair = Pair::of(&clock, &client, &server);
    let object = got(&pair, "failing");
    client.export("lab", own.clone());
    let gate = Proxy::from(wherever::value::Ref::Own(own)).get("gate").unwrap();
    let promise = object.promise("panics_later", (gate,)).unwrap();
    pair.settle();
    lab.next_gate().open(());
    pair.settle();
    is_at(&raised(promise.result()).frames[0], "LATER", "Failing.panics_later");
    drop((object, promise));
    assert_idle(&[&pair]);
}

/// Runs one of the tests below in a process of its own, in this environment.
#[track_caller]
fn in_a_process(name: &str, backtrace: &str) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("places::{name}"), "--ignored"]);
    command.env("RUST_BACKTRACE", backtrace).env_remove("RUST_LIB_BACKTRACE");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_backtrace_is_read_by_whoever_may() {
    in_a_process("with_backtraces", "1");
}

/// The bytes that a failing call, and all that follows from it, takes.
fn bytes_of_failing(policy: Policy, tell: bool) -> (u64, Result<Option<String>, Error>) {
    let clock = Arc::new(ManualClock::default());
    let server = Node::builder().clock(clock.clone()).policy(policy).tell_backtraces(tell).build();
    server.export("failing", failing());
    let inline = Inline::start(&clock, &node(&clock, Policy::Closed), &server);
    let object = inline.peer.get("failing").unwrap();
    let before = inline.peer.stats();
    let raised = raised(object.call("panics", ()));
    let after = inline.peer.stats();
    assert_eq!(after.messages() - before.messages(), 2, "raised and caught");
    let bytes = after.bytes_received - before.bytes_received;
    let before = inline.peer.stats().messages();
    let backtrace = raised.backtrace();
    let asked = if raised.object.is_some() { 2 } else { 0 };
    assert_eq!(inline.peer.stats().messages() - before, asked);
    drop((object, raised));
    inline.assert_idle();
    (bytes, backtrace)
}

#[test]
#[ignore = "run by another, in an environment of its own"]
fn with_backtraces() {
    let (untold, none) = bytes_of_failing(Policy::Closed, false);
    assert_eq!(none.unwrap(), None, "not told by default");
    assert!(bytes_of_failing(Policy::Closed, true).0 > untold);
    for (policy, tell) in [(Policy::Closed, true), (Policy::Public, false), (Policy::Open, false)] {
        let text = bytes_of_failing(policy, tell).1.unwrap().unwrap();
        assert!(text.contains("places::failing"), "{text}");
    }
    // By a middle that does not tell its own.
    let clock = Arc::new(ManualClock::default());
    let [caller, middle] = [(); 2].map(|()| node(&clock, Policy::Closed));
    let owner = Node::builder().clock(clock.clone()).tell_backtraces(true).build();
    owner.export("failing", failing());
    let far = Pair::of(&clock, &middle, &owner);
    let (own, lab) = Lab::own();
    middle.export("lab", own);
    lab.kept.lock().push(got(&far, "failing").into());
    let inline = Inline::before(&clock, &caller, &middle, vec![far]);
    let object: Proxy = inline.peer.get("lab").unwrap().call("kept", ()).unwrap().to().unwrap();
    for failed in [object.call("panics", ()), object.call("parses", ("x",))] {
        let text = raised(failed).backtrace().unwrap().unwrap();
        assert!(text.contains("places::failing"), "{text}");
    }
    lab.kept.lock().clear();
    drop(object);
    inline.assert_idle();
}

#[test]
fn without_backtraces_there_is_nothing_to_read_and_not_a_byte_to_send() {
    in_a_process("without_backtraces", "0");
}

#[test]
#[ignore = "run by another, in an environment of its own"]
fn without_backtraces() {
    let (bytes, none) = bytes_of_failing(Policy::Closed, false);
    assert_eq!(none.unwrap(), None);
    let (told, none) = bytes_of_failing(Policy::Open, true);
    assert_eq!((told, none.unwrap()), (bytes, None));
}

#[test]
fn the_panic_hook_goes_on_to_the_one_before() {
    in_a_process("after_another_hook", "0");
}

#[test]
#[ignore = "run by another, in a process of its own"]
fn after_another_hook() {
    static TOLD: AtomicU32 = AtomicU32::new(0);
    std::panic::set_hook(Box::new(|_| _ = TOLD.fetch_add(1, Ordering::Relaxed)));
    let clock = Arc::new(ManualClock::default());
    let [client, server] = [(); 2].map(|()| node(&clock, Policy::Closed));
    server.export("failing", failing());
    let pair = Pair::of(&clock, &client, &server);
    let promise = got(&pair, "failing").promise("panics", ()).unwrap();
    pair.settle();
    is_at(&raised(promise.result()).frames[0], "PANICS", "Failing.panics");
    assert_eq!(TOLD.load(Ordering::Relaxed), 1, "once, though there are two nodes");
    std::thread::spawn(|| panic!("elsewhere")).join().unwrap_err();
    assert_eq!(TOLD.load(Ordering::Relaxed), 2);
}
