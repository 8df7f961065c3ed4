//! Each member as one round trip, between two nodes; and what comes that is not what it should be.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::sync::{Arc, Mutex};

use wherever::hosts::List;
use wherever::transport::memory_pair;
use wherever::{Error, FromValue, IntoValue, Node, Peer, Value};

use super::*;

/// A stack of one frame, `double(n)` with the local variables `n` and `items`.
struct Script {
    items: List,
    assigned: Mutex<Vec<String>>,
}

fn place() -> Place {
    let (file, function, text) = ("calc.rhai".into(), "double".into(), "  n * 2".into());
    let signature = "(n)".into();
    Place { file, line: 3, column: 3, end_line: 3, end_column: 8, function, first_line: 2, text, signature }
}

fn variable(name: &str, value: impl Into<Value>) -> Variable {
    let value = value.into();
    let text = format!("{value:?}");
    Variable { name: name.into(), text, kind: value.kind().into(), parts: 0, value }
}

#[wherever::export]
impl Stack for Script {
    fn title(&self) -> Result<String, Error> {
        Ok("Overflow: too big".into())
    }

    fn places(&self) -> Result<Tuple<Place>, Error> {
        Ok(vec![place(); 40].into())
    }

    fn contents(&self, _frame: usize) -> Result<Contents, Error> {
        let items = Value::from(self.items.clone());
        let bound = vec![("n".to_owned(), Value::Int(4)), ("items".to_owned(), items)].into();
        Ok(Contents { bound, unbound: vec!["total".to_owned()].into(), hiding: Tuple::default() })
    }

    fn global_value(&self, _frame: usize, name: &str) -> Result<Value, Error> {
        Err(Error::raise("script:NoSuchName", name))
    }

    fn assign(&self, frame: usize, name: &str, value: Value) -> Result<(), Error> {
        self.assigned.lock().unwrap().push(format!("{frame} {name} = {value:?}"));
        Ok(())
    }

    fn remove(&self, frame: usize, name: &str) -> Result<(), Error> {
        self.assigned.lock().unwrap().push(format!("{frame} {name}"));
        Ok(())
    }

    fn variables(&self, _frame: usize, scope: Scope, start: usize, count: usize) -> Result<Tuple<Variable>, Error> {
        let all = (0..50).map(|number| variable(&format!("{}{number}", scope.word()), number));
        Ok(all.skip(start).take(count).collect())
    }

    fn parts(&self, value: Value, start: usize, count: usize) -> Result<Tuple<Variable>, Error> {
        let is_items = value == Value::from(self.items.clone());
        Ok((start..start + count).map(|at| variable(&at.to_string(), is_items)).collect())
    }

    fn evaluate(&self, _frame: usize, text: &str) -> Result<Option<Variable>, Error> {
        Ok((!text.starts_with("let")).then(|| variable("", text)))
    }

    fn assign_text(&self, _frame: usize, name: &str, text: &str) -> Result<Variable, Error> {
        Ok(variable(name, text))
    }

    fn assign_part(&self, _value: Value, _frame: usize, name: &str, text: &str) -> Result<Variable, Error> {
        Ok(variable(name, text))
    }

    fn source(&self, file: &str) -> Result<String, Error> {
        Ok(format!("fn double(n) {{ // {file}"))
    }
}

/// A process whose one thread stops when it is attached to.
struct Process(Arc<dyn Stack>, Mutex<Vec<Command>>);

#[wherever::export]
impl Debugger for Process {
    fn about(&self) -> Result<About, Error> {
        Ok(About { runtime: "rhai".into(), version: "1".into(), process: 7, program: "calc".into() })
    }

    fn failures(&self) -> Result<Tuple<Failure>, Error> {
        Ok(vec![Failure { title: self.0.title()?, stack: self.0.clone() }].into())
    }

    fn threads(&self) -> Result<Tuple<ThreadInfo>, Error> {
        let thread = |id, place| ThreadInfo { id, name: "main".into(), is_stopped: false, place };
        Ok(vec![thread(1, Some(place())), thread(2, None)].into())
    }

    fn stack(&self, _thread: i64) -> Result<Arc<dyn Stack>, Error> {
        Ok(self.0.clone())
    }

    fn attach(&self, listener: Arc<dyn DebugListener>) -> Result<(), Error> {
        let (stack, places) = (self.0.clone(), self.0.places()?);
        let (reason, breakpoints) = (Reason::Breakpoint, vec![1_i64, 2].into());
        let thread_name = "main".to_owned();
        let detail = String::new();
        let stop = Stop { reason, thread: 1, thread_name, places, stack, detail, breakpoints };
        self.1.lock().unwrap().push(listener.stopped(stop)?);
        Ok(())
    }

    fn detach(&self) -> Result<(), Error> {
        Ok(())
    }

    fn pause(&self, _thread: i64) -> Result<(), Error> {
        Ok(())
    }

    fn set_breakpoint(
        &self,
        file: &str,
        line: u32,
        _function: &str,
        _condition: &str,
        _ignore: u32,
        _temporary: bool,
    ) -> Result<Placed, Error> {
        Ok(Placed { id: 1, file: file.into(), line })
    }

    fn clear_breakpoint(&self, _id: i64) -> Result<(), Error> {
        Ok(())
    }

    fn breakpoints(&self) -> Result<Tuple<Breakpoint>, Error> {
        Ok(vec![Breakpoint { id: 1, line: 3, hits: 2, ..Breakpoint::default() }].into())
    }

    fn source(&self, file: &str) -> Result<String, Error> {
        self.0.source(file)
    }
}

/// Evaluates where the thread stopped, and lets it go on to a line.
struct Ears(Mutex<Vec<String>>);

impl DebugListener for Ears {
    fn stopped(&self, stop: Stop) -> Result<Command, Error> {
        let found = stop.stack.evaluate(0, "n")?.map(|variable| variable.text).unwrap_or_default();
        let (reason, places, breakpoints) = (stop.reason.word(), stop.places.len(), &*stop.breakpoints);
        self.0.lock().unwrap().push(format!("{reason} {places} {breakpoints:?} {found}"));
        Ok(Command::Until(9))
    }
}

fn process() -> (Node, Peer, Peer, Arc<Process>) {
    let items = List::from(vec![Value::Int(4)]);
    let process = Arc::new(Process(Arc::new(Script { items, assigned: Mutex::default() }), Mutex::default()));
    let server = Node::new();
    server.export(NAME, process.clone());
    let (near, far) = memory_pair();
    let serving = wherever::connect(&server, far);
    (server, serving, wherever::connect(&Node::new(), near), process)
}

/// What a call gives, which is one message there and one back.
fn once<R>(peer: &Peer, call: impl FnOnce() -> Result<R, Error>) -> R {
    let before = peer.stats();
    let given = call().unwrap();
    let after = peer.stats();
    assert_eq!(after.round_trips - before.round_trips, 1);
    assert_eq!(after.messages() - before.messages(), 2);
    given
}

#[test]
fn each_member_of_a_stack_is_one_round_trip() {
    let (_node, _serving, peer, _process) = process();
    let debugger: DebuggerProxy = peer.get_as(NAME).unwrap();
    let failures = once(&peer, || debugger.failures());
    assert_eq!(failures[0].title, "Overflow: too big");
    let stack = &failures[0].stack;
    assert_eq!(once(&peer, || stack.title()), "Overflow: too big");
    assert_eq!(*once(&peer, || stack.places()), vec![place(); 40]);
    let contents = once(&peer, || stack.contents(0));
    assert_eq!((contents.bound[0].clone(), &contents.unbound[0]), (("n".into(), Value::Int(4)), &"total".to_owned()));
    let items = contents.bound[1].1.clone();
    assert!(matches!(items, Value::Ref(_)));
    once(&peer, || stack.assign(0, "n", Value::Int(5)));
    once(&peer, || stack.remove(0, "n"));
    let globals = once(&peer, || stack.variables(0, Scope::Globals, 10, 2));
    assert_eq!(*globals, [variable("globals10", 10), variable("globals11", 11)]);
    // The list comes home as itself.
    assert_eq!(*once(&peer, || stack.parts(items.clone(), 1, 1)), [variable("1", true)]);
    assert_eq!(once(&peer, || stack.evaluate(0, "n + 1")), Some(variable("", "n + 1")));
    assert_eq!(once(&peer, || stack.evaluate(0, "let n = 1")), None);
    assert_eq!(once(&peer, || stack.assign_text(0, "n", "6")), variable("n", "6"));
    assert_eq!(once(&peer, || stack.assign_part(items.clone(), 0, "0", "6")), variable("0", "6"));
    assert_eq!(once(&peer, || stack.source("calc.rhai")), "fn double(n) { // calc.rhai");
    let error = stack.global_value(0, "nosuch").unwrap_err();
    assert_eq!(error.to_string(), "script:NoSuchName: nosuch");
}

#[test]
fn each_member_of_a_debugger_is_one_round_trip() {
    let (_node, _serving, peer, _process) = process();
    let debugger: DebuggerProxy = peer.get_as(NAME).unwrap();
    assert_eq!(once(&peer, || debugger.about()).process, 7);
    let threads = once(&peer, || debugger.threads());
    assert_eq!((threads[0].place.clone(), threads[1].place.clone()), (Some(place()), None));
    let stack = once(&peer, || debugger.stack(1));
    assert_eq!(once(&peer, || stack.title()), "Overflow: too big");
    once(&peer, || debugger.pause(1));
    let placed = once(&peer, || debugger.set_breakpoint("calc.rhai", 3, "", "n > 3", 2, false));
    assert_eq!(placed, Placed { id: 1, file: "calc.rhai".into(), line: 3 });
    assert_eq!(once(&peer, || debugger.breakpoints())[0].hits, 2);
    once(&peer, || debugger.clear_breakpoint(1));
    assert_eq!(once(&peer, || debugger.source("calc.rhai")), "fn double(n) { // calc.rhai");
    once(&peer, || debugger.detach());
}

#[test]
fn a_stop_is_one_call_and_its_command_the_answer() {
    let (_node, _serving, peer, process) = process();
    let debugger: DebuggerProxy = peer.get_as(NAME).unwrap();
    let ears = Arc::new(Ears(Mutex::default()));
    let before = peer.stats();
    debugger.attach(ears.clone()).unwrap();
    let after = peer.stats();
    // attach and its answer; within it stopped and its answer, and within that evaluate and its answer.
    assert_eq!(after.messages() - before.messages(), 6);
    assert_eq!(*ears.0.lock().unwrap(), ["breakpoint 40 [1, 2] \"n\""]);
    assert_eq!(*process.1.lock().unwrap(), [Command::Until(9)]);
}

#[test]
fn commands_cross_as_words() {
    let all = [Command::Continue, Command::Step, Command::Next, Command::Return, Command::Detach, Command::Quit];
    for command in all.into_iter().chain([
        Command::Until(3),
        Command::Jump(4),
        Command::NextIn(0),
        Command::ReturnFrom(1),
        Command::UntilIn(7, 2),
    ]) {
        assert_eq!(Command::from_value(command.into_value().unwrap()).unwrap(), command);
    }
    let jump = Value::tuple([Value::text("jump"), Value::Int(4)]);
    assert_eq!(Command::Jump(4).into_value().unwrap(), jump);
    let wrong = [
        Value::text("continue"),
        Value::tuple([]),
        Value::tuple([Value::text("until")]),
        Value::tuple([Value::text("step"), Value::Int(1)]),
        Value::tuple([Value::text("until"), Value::Int(-1)]),
        Value::tuple([Value::text("fly")]),
        Value::tuple([Value::text("until"), Value::Int(1), Value::Int(2), Value::Int(3)]),
    ];
    for value in wrong {
        assert!(matches!(Command::from_value(value.clone()), Err(Error::Convert(_))), "{value:?}");
    }
}

#[test]
fn what_is_no_such_tuple_is_an_error_that_says_where() {
    let told = |value: Value| Tuple::<Variable>::from_value(value).unwrap_err().to_string();
    assert_eq!(told(Value::Int(1)), "wanted tuple, found int");
    // A list by reference would be another round trip.
    assert_eq!(told(List::from(vec![]).into()), "wanted tuple, found own object");
    let short = Value::tuple([Value::text("n"), Value::text("4")]);
    assert_eq!(told(Value::tuple([short])), "[0]: wanted Variable, a tuple of 5, found 2 items");
    let mixed = Value::tuple([Value::text("n"), Value::Int(4), Value::text("int"), Value::Int(0), Value::None]);
    assert_eq!(told(Value::tuple([mixed])), "[0].text: wanted text, found int 4");
    let error = Reason::from_value(Value::text("boredom")).unwrap_err().to_string();
    assert!(error.starts_with("wanted one of breakpoint step") && error.ends_with("found \"boredom\""), "{error}");
}
