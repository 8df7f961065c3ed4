//! Where a script stops, and how it goes on.

use wherever_debug::{Command as Go, Debugger as _, Reason};

use crate::process::{Script, shown};

/// Calls itself, with a way down that can be as deep as one likes.
fn descent(depth: u32) -> String {
    format!("fn down(n) {{\n    if n == 0 {{\n        return 0;\n    }}\n    1 + down(n - 1)\n}}\ndown({depth})")
}

#[test]
fn a_deep_recursion_has_all_its_frames() {
    let mut script = Script::start(&descent(900), &["--wait"]);
    let client = script.attach();
    client.stop().go({
        client.break_at(3);
        Go::Continue
    });
    let at = client.stop();
    let frames = at.frames();
    assert_eq!(frames.len(), 902);
    assert_eq!((&*frames[0], &*frames[1], &*frames[901]), ("(script):7", "down:5", "down:3"));
    assert_eq!(
        (at.locals(1), at.locals(451), at.locals(901)),
        (vec!["n = 900".to_owned()], vec!["n = 450".to_owned()], vec!["n = 0".to_owned()],)
    );
    at.go(Go::Return);
    let at = client.stop();
    assert_eq!((at.stop.reason, &*at.stop.detail, at.stop.places.len()), (Reason::Return, "0", 902));
    at.go(Go::Continue);
    assert_eq!(script.end(), ("the script has ended: 900".into(), Some(0)));
}

#[test]
fn a_recursion_without_end_fails_with_all_its_frames() {
    let script = Script::start(&descent(2_000), &["--wait"]);
    let client = script.attach();
    client.stop().go(Go::Continue);
    let at = client.stop();
    assert_eq!(at.stop.reason, Reason::Exception);
    assert!(at.stop.detail.contains("Stack overflow"), "{}", at.stop.detail);
    let places = client.debugger.failures().unwrap()[0].stack.places().unwrap();
    assert_eq!((places.len(), at.stop.places.len()), (1_001, 1_001));
    assert_eq!(at.locals(1_000), ["n = 1001"]);
}

/// Two functions, one of which the other calls from within a function of the host.
const LAYERS: &str = "\
fn square(n) {
    let square = n * n;
    square
}
fn all(items) {
    let key = 10;
    items.map(|item| {
        let found = square(item);
        found + key
    })
}
let seen = 5;
all([1, 2, 3])";

#[test]
fn steps_go_into_calls_and_over_them_also_through_the_host() {
    let mut script = Script::start(LAYERS, &["--wait"]);
    let client = script.attach();
    let at = client.stop();
    assert_eq!((at.stop.reason, at.frames()), (Reason::Entry, vec!["(script):12".to_owned()]));
    client.break_at(2);
    at.go(Go::Continue);
    let at = client.stop();
    assert_eq!(at.frames(), ["(script):13", "all:7", "(closure):8", "square:2"]);
    assert_eq!(at.locals(2), ["key = 10", "item = 1"]);
    at.go(Go::Next);
    let at = client.stop();
    assert_eq!(at.frames().last().unwrap(), "square:3");
    at.go(Go::Next);
    let at = client.stop();
    assert_eq!(at.frames(), ["(script):13", "all:7", "(closure):9"]);
    client.debugger.clear_breakpoint(1).unwrap();
    // The next item's call of the closure.
    at.go(Go::Step);
    let at = client.stop();
    assert_eq!((at.frames().last().unwrap().as_str(), at.value("item")), ("(closure):8", "2".into()));
    at.go(Go::Return);
    let at = client.stop();
    assert_eq!((at.stop.reason, &*at.stop.detail), (Reason::Return, "14"));
    at.go(Go::Until(9));
    let at = client.stop();
    assert_eq!((at.frames().last().unwrap().as_str(), at.value("item")), ("(closure):9", "3".into()));
    at.go(Go::Continue);
    assert_eq!(script.end(), ("the script has ended: [11, 14, 19]".into(), Some(0)));
}

#[test]
fn steps_may_be_of_an_outer_frame() {
    let mut script = Script::start(LAYERS, &["--wait"]);
    let client = script.attach();
    client.break_at(2);
    client.stop().go(Go::Continue);
    let at = client.stop();
    assert_eq!(at.frames(), ["(script):13", "all:7", "(closure):8", "square:2"]);
    at.go(Go::NextIn(2));
    let at = client.stop();
    assert_eq!((at.stop.reason, at.frames().last().unwrap().as_str()), (Reason::Step, "(closure):9"));
    at.go(Go::Continue);
    let at = client.stop();
    at.go(Go::UntilIn(9, 2));
    let at = client.stop();
    assert_eq!((at.frames().last().unwrap().as_str(), at.value("item")), ("(closure):9", "2".into()));
    at.go(Go::Continue);
    let at = client.stop();
    client.debugger.clear_breakpoint(1).unwrap();
    at.go(Go::ReturnFrom(1));
    let at = client.stop();
    assert_eq!((at.stop.reason, &*at.stop.detail), (Reason::Return, "[11, 14, 19]"));
    at.go(Go::Continue);
    assert_eq!(script.end(), ("the script has ended: [11, 14, 19]".into(), Some(0)));
}

/// A loop that one can stop in, and end by a variable.
const LOOP: &str = "\
fn turn(count) {
    count + 1
}
fn work() {
    let count = 0;
    let is_done = false; print(\"begun\");
    while !is_done {
        count = turn(count);
    }
    \"done\"
}
work()";

/// Loops at the bottom of a recursion until it is told that it is done.
const BOTTOM: &str = "\
fn down(n) {
    if n > 0 {
        return down(n - 1);
    }
    let is_done = false; print(\"begun\");
    while !is_done {
        let seen = n;
    }
    \"done\"
}
down(3)";

#[test]
fn whoever_comes_later_sees_what_the_frames_were_called_with() {
    let mut script = Script::start(BOTTOM, &[]);
    assert_eq!(script.line(), "begun");
    let client = script.attach();
    client.debugger.pause(1).unwrap();
    let at = client.stop();
    assert_eq!(at.stop.reason, Reason::Pause);
    assert_eq!(at.frames(), ["(script):11", "down:3", "down:3", "down:3", "down:7"]);
    let unknown = at.stack().variables(0, wherever_debug::Scope::Locals, 0, 9).err().unwrap().to_string();
    assert!(unknown.contains("entered before anybody watched"), "{unknown}");
    assert_eq!((at.locals(1), at.locals(3)), (vec!["n = 3".to_owned()], vec!["n = 1".to_owned()]));
    assert_eq!(at.locals(4), ["n = 0", "is_done = false"]);
    at.stack().assign_text(4, "is_done", "true").unwrap();
    at.go(Go::Next);
    let at = client.stop();
    assert_eq!(at.frames().last().unwrap(), "down:9");
    at.go(Go::Return);
    let at = client.stop();
    assert_eq!((at.stop.reason, &*at.stop.detail, at.frames().len()), (Reason::Return, "\"done\"", 5));
    // From here on nobody watches, up through all the frames.
    at.go(Go::Detach);
    assert_eq!(script.end(), ("the script has ended: done".into(), Some(0)));
}

#[test]
fn a_running_script_tells_where_it_is_and_is_not_stopped() {
    let mut script = Script::start(LOOP, &[]);
    assert_eq!(script.line(), "begun");
    let client = script.connect();
    let stack = client.debugger.stack(1).unwrap();
    assert_eq!(shown(&stack.places().unwrap())[0], "(script):12");
    let told = client.debugger.threads().unwrap();
    assert!(!told[0].is_stopped && told[0].place.is_none());
    let refused = client.debugger.pause(1).unwrap_err().to_string();
    assert!(refused.contains("nobody is attached"), "{refused}");
}

#[test]
fn one_at_a_time_attaches_and_detaching_by_another_lets_the_script_go_on() {
    let script = Script::start(LOOP, &[]);
    let (first, second) = (script.attach(), script.connect());
    let refused = second.debugger.attach(std::sync::Arc::new(Nobody)).unwrap_err().to_string();
    assert!(refused.contains("somebody is attached already"), "{refused}");
    first.break_at(8);
    let at = first.stop();
    assert!(second.debugger.threads().unwrap()[0].is_stopped);
    second.debugger.detach().unwrap();
    // The wait is over, and so are the frames.
    let third = script.attach();
    assert!(third.debugger.breakpoints().unwrap().is_empty());
    third.break_at(8);
    let again = third.stop();
    assert!(again.value("count > 0").contains("true"));
    assert!(at.value("count").contains("these frames are over"), "{}", at.value("count"));
    again.go(Go::Detach);
    drop(third);
    let fourth = script.attach();
    fourth.debugger.pause(1).unwrap();
    // A listener that fails is one that has gone.
    fourth.stop().fail();
    while fourth.debugger.attach(std::sync::Arc::new(Nobody)).is_err() {}
}

#[test]
fn who_attaches_right_after_another_was_detached_stays_attached() {
    let mut script = Script::start(LOOP, &[]);
    let (first, second) = (script.attach(), script.connect());
    first.debugger.pause(1).unwrap();
    let at = first.stop();
    std::thread::scope(|scope| {
        // The thread that was stopped cannot go on before this has ended, which is after the next one has attached.
        scope.spawn(|| at.value("print(\"evaluates\"); let n = 0; while n < 300_000 { n += 1; }"));
        while script.line() != "evaluates" {}
        second.debugger.detach().unwrap();
        let third = script.attach();
        third.break_at(8);
        let stopped = third.stop();
        assert!(stopped.value("count >= 0").contains("true"));
        assert_eq!(third.debugger.breakpoints().unwrap().len(), 1);
    });
}

struct Nobody;

impl wherever_debug::DebugListener for Nobody {
    fn stopped(&self, _stop: wherever_debug::Stop) -> Result<Go, wherever::Error> {
        Ok(Go::Continue)
    }
}

#[test]
fn a_condition_that_fails_stops_and_says_so() {
    let mut script = Script::start(LOOP, &["--wait"]);
    let client = script.attach();
    let at = client.stop();
    let set = |condition: &str| client.debugger.set_breakpoint("test.rhai", 8, "", condition, 0, false);
    let wrong = set("count >").unwrap_err().to_string();
    assert!(wrong.contains("Syntax error"), "{wrong}");
    assert!(client.debugger.breakpoints().unwrap().is_empty());
    set("count > nobody").unwrap();
    at.go(Go::Continue);
    let at = client.stop();
    assert!(at.stop.detail.starts_with("the condition of breakpoint 1 failed: rhai:Error: Variable not found: nobody"));
    client.debugger.clear_breakpoint(1).unwrap();
    set("count + 1").unwrap();
    at.go(Go::Continue);
    let at = client.stop();
    assert!(at.stop.detail.contains("it gives a value of type i64, not a bool"), "{}", at.stop.detail);
    client.debugger.clear_breakpoint(2).unwrap();
    // Ignored twice more, once it holds; and gone when it was hit.
    client.debugger.set_breakpoint("test.rhai", 8, "", "count >= 10", 2, true).unwrap();
    at.go(Go::Continue);
    let at = client.stop();
    assert_eq!((at.value("count"), client.debugger.breakpoints().unwrap().len()), ("12".into(), 0));
    at.go(Go::Quit);
    let (last, code) = script.end();
    assert_eq!(code, Some(1), "{last}");
}

#[test]
fn an_error_that_is_caught_is_none_and_one_that_is_not_stops() {
    let text = "fn fail(n) {\n    throw n;\n}\nlet b = 0; try { fail(1) } catch (e) { b = e + 1 }\nlet a = b;\nfail(b)";
    let script = Script::start(text, &["--wait"]);
    let client = script.attach();
    client.stop().go(Go::Continue);
    let at = client.stop();
    assert_eq!((at.stop.reason, at.frames()), (Reason::Exception, vec!["(script):6".into(), "fail:2".into()]));
    assert_eq!((at.locals(0), at.locals(1)), (vec!["b = 2".into(), "a = 2".into()], vec!["n = 2".to_owned()]));
    assert_eq!(client.debugger.failures().unwrap().len(), 1);
}

#[test]
fn a_loop_that_looks_no_variable_up_can_be_paused_too() {
    let text = "fn tick() {\n    sleep_millis(1);\n}\nprint(\"begun\");\nloop {\n    tick();\n}";
    let mut script = Script::start(text, &[]);
    assert_eq!(script.line(), "begun");
    let client = script.attach();
    client.debugger.pause(1).unwrap();
    let at = client.stop();
    assert_eq!(at.frames()[0].split(':').next(), Some("(script)"));
    at.go(Go::Detach);
    let client = script.attach();
    client.debugger.pause(1).unwrap();
    client.stop().go(Go::Quit);
    assert_eq!(script.end().1, Some(1));
}
