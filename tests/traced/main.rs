//! Errors and panics of another process: the spans that they were in, and a backtrace that is resolved when it is read.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that finds something else has failed")]
#![cfg(unix)]

use std::process::Command;
use std::sync::Arc;

use wherever::error::{FrameInfo, Raised};
use wherever::hosts::{Class, Function};
use wherever::policy::Policy;
use wherever::{Arguments, Error, Node, Own, Peer, Proxy, Value};

const SOURCE: &str = include_str!("traced.rs");

/// Another process, with backtraces or without, that tells what these words say.
fn start(backtraces: bool, words: &[&str]) -> Peer {
    start_for(&Node::builder().policy(Policy::Open).build(), backtraces, words)
}

fn start_for(node: &Node, backtraces: bool, words: &[&str]) -> Peer {
    let mut command = Command::new(env!("CARGO_BIN_EXE_traced"));
    command.args(words).env_remove("RUST_LIB_BACKTRACE").env("RUST_BACKTRACE", if backtraces { "1" } else { "0" });
    wherever_transports::connect_command(node, command).unwrap()
}

fn line_of(mark: &str) -> u32 {
    let mark = format!("// {mark}");
    let (at, line) = SOURCE.lines().enumerate().find(|(_, line)| line.ends_with(&mark)).unwrap();
    let function = |(_, line): &(usize, &str)| line.contains("fn ");
    let at = match line.trim() == mark {
        // Of a mark within a function's first line it is that line.
        true => SOURCE.lines().enumerate().take(at).filter(function).last().unwrap().0,
        false => at,
    };
    u32::try_from(at).unwrap() + 1
}

fn line_of_span(name: &str) -> u32 {
    let macro_call = format!("info_span!(\"{name}\"");
    u32::try_from(SOURCE.lines().position(|line| line.contains(&macro_call)).unwrap()).unwrap() + 1
}

#[track_caller]
fn raised(result: Result<Value, Error>) -> Arc<Raised> {
    result.unwrap_err().raised().unwrap().clone()
}

fn names(raised: &Raised) -> Vec<&str> {
    raised.frames.iter().map(|frame| &*frame.name).collect()
}

/// What the object that has a frame says of its variables, without those that are objects.
fn fields(frame: &FrameInfo) -> Vec<(String, Value)> {
    let stack: Proxy = frame.stack.clone().unwrap().to().unwrap();
    let contents = stack.call("contents", (frame.index,)).unwrap();
    let Value::Tuple(parts) = contents else { panic!("{contents:?}") };
    let Value::Tuple(known) = &parts[0] else { panic!("{parts:?}") };
    assert_eq!(parts[1..], [Value::tuple([]), Value::tuple([])]);
    let known = known.iter().map(|pair| match pair {
        Value::Tuple(pair) => (pair[0].clone().to::<String>().unwrap(), pair[1].clone()),
        other => panic!("{other:?}"),
    });
    known.filter(|(_, value)| !matches!(value, Value::Ref(_))).collect()
}

fn field(name: &str, value: impl Into<Value>) -> (String, Value) {
    (name.to_owned(), value.into())
}

/// How many messages this takes.
fn messages<R>(peer: &Peer, run: impl FnOnce() -> R) -> (R, u64) {
    let before = peer.stats().messages();
    let made = run();
    (made, peer.stats().messages() - before)
}

#[test]
fn a_panic_tells_the_spans_that_it_was_in_and_their_fields_when_asked() {
    for backtraces in [false, true] {
        let peer = start(backtraces, &[]);
        let motor = peer.get("motor").unwrap();
        let (error, count) = messages(&peer, || raised(motor.call("burn", (9,))));
        assert_eq!(count, 2);
        assert_eq!(names(&error), ["Motor.burn", "work", "inner", ""]);
        let lines = error.frames.iter().map(|frame| frame.line).collect::<Vec<_>>();
        assert_eq!(lines, [line_of("BURN"), line_of_span("work"), line_of_span("inner"), line_of("INNER")]);
        assert!(error.frames.iter().all(|frame| &*frame.file == "tests/traced/traced.rs"), "{error:?}");
        assert_eq!((&*error.frames[0].signature, error.frames[0].stack.as_ref()), ("(steps: int) -> int", None));
        let (work, count) = messages(&peer, || fields(&error.frames[1]));
        assert_eq!(count, 2);
        let told = [
            field("n", 9),
            field("what", "turning"),
            field("speed", 1.5),
            field("left", true),
            field("list", "[1, 2]"),
        ];
        assert_eq!(work, told);
        assert_eq!(fields(&error.frames[2]), [field("deep", u64::MAX)]);
        // The place is within both.
        let all: Vec<_> = told.iter().cloned().chain([field("deep", u64::MAX)]).collect();
        assert_eq!(fields(&error.frames[3]), all);
        let hidden = raised(motor.call("burn", (10,)));
        assert_eq!(fields(&hidden.frames[2]), [field("deep", u64::MAX), field("n", 1000)]);
        assert_eq!(fields(&hidden.frames[3]).iter().filter(|(name, _)| name == "n").count(), 1);
        assert_eq!(error.backtrace().unwrap().is_some(), backtraces);
        drop((error, hidden, motor));
        end(&peer);
    }
}

fn end(peer: &Peer) {
    for _ in 0..16 {
        assert!(matches!(peer.get("no such name"), Err(Error::NotFound(_))));
        if peer.stats().is_idle() {
            return;
        }
    }
    panic!("{:#?}", peer.stats());
}

#[test]
fn errors_that_are_made_and_those_that_are_passed_on_tell_their_spans_too() {
    let peer = start(false, &[]);
    let motor = peer.get("motor").unwrap();
    let (failed, count) = messages(&peer, || raised(motor.call("fails", (7,))));
    assert_eq!(count, 2);
    // The place is in the method itself: it is the call, and the innermost.
    assert_eq!(names(&failed), ["failing", "Motor.fails"]);
    assert_eq!((failed.frames[1].line, &*failed.frames[1].signature), (line_of("FAILS"), "(steps: int) -> int"));
    assert_eq!(fields(&failed.frames[1]), [field("n", 7)]);
    let parsed = raised(motor.call("parses", ("x",)));
    assert_eq!((names(&parsed), parsed.frames[1].line), (vec!["parsing", "Motor.parses"], line_of("PARSES")));
    assert_eq!(fields(&parsed.frames[0]), [field("text", "x")]);
    let (plain, count) = messages(&peer, || raised(motor.call("plain", ())));
    assert_eq!((names(&plain), plain.object.clone(), count), (vec!["Motor.plain"], None, 2));
    drop((failed, parsed, motor));
    end(&peer);
}

#[test]
fn a_task_is_in_its_own_span_whenever_it_goes_on() {
    let peer = start(false, &[]);
    let motor = peer.get("motor").unwrap();
    let gate = Function::new("gate", |_, _| Ok(Value::None));
    let waited = raised(motor.call("waits", (gate, 3)));
    assert_eq!((names(&waited), waited.frames[1].line), (vec!["task", "Motor.waits"], line_of("WAITS")));
    assert_eq!(fields(&waited.frames[1]), [field("number", 3)]);
    // Called back while its own side is in a span, it goes on without that.
    let nested = raised(motor.call("calls", (Back(motor.clone()), "burn")));
    assert_eq!(names(&nested), ["Motor.calls", "Back.burn", "task", "Motor.waits"]);
    drop((waited, nested, motor));
    end(&peer);
}

/// What has a motor wait when it is asked something.
struct Back(Proxy);

#[wherever::export]
impl Back {
    pub(crate) fn burn(&self, number: i64) -> Result<Value, Error> {
        self.0.call("waits", (gate_that_waits(), number))
    }
}

/// What answers a little later, from another thread.
fn gate_that_waits() -> Function {
    Function::later("gate", |_, context| {
        let reply = context.reply();
        context.reply().suspend();
        drop(std::thread::spawn(move || reply.settle(Ok(Value::None))));
    })
}

#[test]
fn a_subscriber_without_the_layer_gives_no_spans() {
    let peer = start(false, &["unlayered"]);
    let motor = peer.get("motor").unwrap();
    let error = raised(motor.call("burn", (9,)));
    assert_eq!((names(&error), error.object.clone()), (vec!["Motor.burn", ""], None));
    drop((error, motor));
    end(&peer);
}

/// An object of this side that fails, called back from there.
fn failing() -> Own {
    let class = Class::<()>::builder("rust:test.Failing").method("burn", |(), _: Arguments, _| panic!("here"));
    class.build().instance(())
}

#[test]
fn what_a_call_back_is_nested_in_is_none_of_its_spans_and_hops_tell_each_place_once() {
    let node = Node::builder().policy(Policy::Open).build();
    let [near, far] = [(); 2].map(|()| start_for(&node, false, &[]));
    let [motor, behind] = [&near, &far].map(|peer| peer.get("motor").unwrap());
    // There, here, and in a third process: what fails there was in its own spans, and in none of those around the call.
    let hop = raised(motor.call("calls", (behind, "burn")));
    assert_eq!(names(&hop), ["Motor.calls", "Motor.burn", "work", "inner", ""]);
    assert_eq!(fields(&hop.frames[4])[0], field("n", 9));
    // There, and back there while it is in a span.
    let back = raised(motor.call("calls", (motor.clone(), "burn")));
    assert_eq!(names(&back), ["Motor.calls", "Motor.burn", "work", "inner", ""]);
    let home = raised(motor.call("calls", (failing(), "burn")));
    assert_eq!(names(&home), ["Motor.calls", "Failing.burn"]);
}

#[test]
fn a_backtrace_is_resolved_when_somebody_looks_and_not_before() {
    let peer = start(true, &[]);
    let motor = peer.get("motor").unwrap();
    let resolved = || motor.call("resolved", ()).unwrap().to::<u64>().unwrap();
    let errors: Vec<_> = (0..3).map(|_| raised(motor.call("burn", (9,)))).collect();
    assert!(errors.iter().all(|error| error.object.is_some()));
    assert_eq!(fields(&errors[0].frames[3]).len(), 6);
    assert_eq!(resolved(), 0, "the fields of spans need none");
    let stack: Proxy = errors[0].object.clone().unwrap().to().unwrap();
    assert!(stack.shape().is_a("org.wherever.Stack/1"));
    let typed: wherever_debug::StackProxy = stack.cast().unwrap();
    assert_eq!(wherever_debug::Stack::title(&typed).unwrap(), "rust:panic: the coil burns");
    assert_eq!(stack.call("title", ()).unwrap(), Value::text("rust:panic: the coil burns"));
    assert_eq!(resolved(), 0);
    let (places, count) = messages(&peer, || stack.call("places", ()).unwrap());
    assert_eq!((count, resolved()), (2, 1));
    let Value::Tuple(places) = places else { panic!("{places:?}") };
    let of = |place: &Value| match place {
        Value::Tuple(parts) => (
            parts[0].clone().to::<String>().unwrap(),
            parts[1].clone().to::<u32>().unwrap(),
            parts[5].clone().to::<String>().unwrap(),
            parts[7].clone().to::<String>().unwrap(),
        ),
        other => panic!("{other:?}"),
    };
    let places: Vec<_> = places.iter().map(of).collect();
    let told: Vec<_> = places.iter().take(3).map(|(_, line, name, _)| (*line, name.as_str())).collect();
    let spans = ["work", "inner"].map(|name| (line_of_span(name), name));
    assert_eq!(told, [spans[0], spans[1], (line_of("INNER"), "")]);
    let behind = &places[3..];
    // From what was called to where it failed, with the text of each line.
    let (file, line, name, text) = behind.last().unwrap();
    assert!(file.starts_with('/') && file.ends_with("tests/traced/traced.rs"), "{file}");
    assert!(name.ends_with("inner"), "{name}");
    assert_eq!((*line, text.as_str()), (line_of("INNER"), "    panic!(\"the coil burns\") // INNER"));
    let functions: Vec<_> = behind.iter().map(|(.., name, _)| name.as_str()).collect();
    let at = |end: &str| functions.iter().position(|name| name.ends_with(end)).expect(end);
    assert!(at("burn") < at("helper") && at("helper") < at("inner"), "{functions:?}");
    // Nothing of what serves the call, and nothing of what makes the error.
    assert_eq!((functions.len(), at("burn")), (3, 0), "{functions:?}");
    assert_eq!(stack.call("source", (file.as_str(),)).unwrap(), Value::text(SOURCE));
    assert_eq!(stack.call("source", ("tests/traced/traced.rs",)).unwrap(), Value::text(SOURCE));
    assert_eq!(resolved(), 1, "once for each error that is looked into");
    for (member, arguments) in [
        ("source", Arguments::from(vec!["/etc/passwd".into()])),
        ("contents", vec![Value::Int(99)].into()),
        ("contents", vec![Value::Int(-1)].into()),
        ("evaluate", vec![Value::Int(2), "n + 1".into()].into()),
        ("assign", vec![Value::Int(2), "n".into(), Value::Int(1)].into()),
        ("global_value", vec![Value::Int(2), "n".into()].into()),
    ] {
        assert!(stack.call(member, arguments).is_err(), "{member}");
    }
    let told = stack.call("evaluate", (2, "n")).unwrap();
    let nine = Value::tuple(["".into(), "9".into(), "int".into(), 0.into(), 9.into()]);
    assert_eq!(told, nine);
    let locals = stack.call("variables", (2, "locals", 1, 2)).unwrap();
    let Value::Tuple(locals) = locals else { panic!("{locals:?}") };
    assert_eq!(locals.len(), 2);
    assert_eq!(stack.call("variables", (2, "globals", 0, 9)).unwrap(), Value::tuple([]));
    assert!(errors[1].backtrace().unwrap().unwrap().contains("inner\n"));
    assert_eq!(resolved(), 2);
    drop((errors, stack, typed));
    drop(motor);
    end(&peer);
}

#[test]
fn the_closed_policy_tells_names_and_places_and_the_rest_where_the_node_says_so() {
    let places = ["Motor.burn", "work", "inner", ""];
    let peer = start(true, &["closed"]);
    let motor = peer.get("motor").unwrap();
    let error = raised(motor.call("burn", (9,)));
    assert_eq!((names(&error), error.object.clone()), (places.to_vec(), None));
    assert!(error.frames.iter().all(|frame| frame.stack.is_none()));
    assert_eq!(&*error.frames[0].signature, "(steps: int) -> int");
    assert_eq!(motor.call("resolved", ()).unwrap(), Value::Int(0));
    drop((error, motor));
    end(&peer);
    let peer = start(true, &["closed", "telling"]);
    let motor = peer.get("motor").unwrap();
    let error = raised(motor.call("burn", (9,)));
    assert_eq!(names(&error), places);
    assert_eq!(fields(&error.frames[3])[0], field("n", 9));
    assert!(error.backtrace().unwrap().is_some());
    drop((error, motor));
    end(&peer);
}

#[test]
fn a_report_is_all_of_it_as_text() {
    let peer = start(true, &[]);
    let motor = peer.get("motor").unwrap();
    let error = motor.call("burn", (9,)).unwrap_err();
    let (text, count) = messages(&peer, || error.report().to_string());
    assert_eq!(count, 0);
    let lines: Vec<&str> = text.lines().collect();
    let inner = format!("             at tests/traced/traced.rs:{}:5", line_of("INNER"));
    assert_eq!(lines[..4], ["rust:panic: the coil burns", "   0: ?", inner.as_str(), "   1: inner"]);
    assert_eq!(lines[7], "   3: Motor.burn(steps: int) -> int");
    let (text, count) = messages(&peer, || error.report().in_full().unwrap().to_string());
    assert_eq!(count, 6, "the frames, and the fields of two spans");
    assert!(text.contains("   2: work{n=9 what=\"turning\" speed=1.5 left=true list=\"[1, 2]\"}\n"), "{text}");
    let backtrace = text.split_once("\nbacktrace:\n").unwrap().1;
    assert!(backtrace.lines().next().unwrap().ends_with("inner"), "{backtrace}");
    assert!(backtrace.contains("                panic!(\"the coil burns\") // INNER"), "{backtrace}");
    drop((error, motor));
    end(&peer);
}
