//! The exported call as a place that an error came through: its name, its signature, where it stands.

use std::sync::Arc;

use wherever::error::{FramesTold, Raised};
use wherever::hosts::Function;
use wherever::policy::Policy;
use wherever::typed::Exported;
use wherever::{Error, Node, Proxy, Value};

use crate::support::Sides;

/// What fails, beside the methods.
fn helper(why: &str) -> Result<i64, Error> {
    Err(Error::raise("test:helper", why)) // HELPER
}

struct Motor;

#[wherever::export]
impl Motor {
    #[wherever(constructor)]
    pub(crate) fn new(steps: i64) -> Result<Self, Error> {
        match steps {
            0 => Ok(Self),
            _ => Err(Error::raise("test:made", "not that many")), // MADE
        }
    }

    pub(crate) fn burn(&self, _steps: i64, #[wherever(default = 1.0)] _speed: f64) -> i64 {
        panic!("the coil burns") // BURN
    }

    // CALLS
    pub(crate) fn calls(&self, why: String) -> Result<i64, Error> {
        helper(&why)
    }

    // PARSES
    pub(crate) fn parses(&self, text: String) -> Result<i64, std::num::ParseIntError> {
        text.parse()
    }

    /// With another name than it has here.
    #[wherever(name = "swapped")]
    pub(crate) fn other(&self) -> Result<i64, Error> {
        Err(Error::raise("test:renamed", "")) // RENAMED
    }

    #[wherever(name = "other")]
    pub(crate) fn swapped(&self) -> Result<i64, Error> {
        Err(Error::raise("test:renamed", "")) // RENAMED TOO
    }

    #[wherever(attribute)]
    pub(crate) fn speed(&self) -> f64 {
        panic!("unread") // READ
    }

    #[wherever(attribute)]
    pub(crate) fn set_speed(&self, _to: f64) {
        panic!("unwritten") // WRITTEN
    }

    pub(crate) async fn waits(&self, gate: Proxy) -> Result<i64, Error> {
        gate.request(wherever::Operation::Call).await?;
        Err(Error::raise("test:waits", "")) // WAITS
    }

    // RELAYS
    pub(crate) fn relays(&self, whom: Proxy) -> Result<i64, Error> {
        whom.call("calls", ("relayed",))?.to()
    }
}

#[wherever::interface("org.example.Valve/1")]
trait Valve {
    #[wherever(name = "open")]
    fn turn(&mut self, by: i64) -> Result<i64, Error>;

    fn close(&mut self) -> Result<i64, Error> {
        Err(Error::raise("test:close", "")) // CLOSE
    }
}

struct Gate;

#[wherever::export]
impl Valve for Gate {
    // TURN
    fn turn(&mut self, _by: i64) -> Result<i64, Error> {
        helper("stuck")
    }
}

// DOUBLE
#[wherever::export]
fn double(_number: i64) -> Result<i64, Error> {
    helper("no doubles")
}

/// The line of this file with this mark, or the one after a mark that stands alone.
fn line_of(mark: &str) -> u32 {
    let mark = format!("// {mark}");
    let lines = || include_str!("failures.rs").lines().enumerate();
    let (at, line) = lines().find(|(_, line)| line.ends_with(&mark)).unwrap();
    let code =
        if line.trim() == mark { lines().skip(at).find(|(_, line)| line.contains("fn ")).unwrap().0 } else { at };
    u32::try_from(code).unwrap() + 1
}

#[track_caller]
fn raised(result: Result<Value, Error>) -> Arc<Raised> {
    result.unwrap_err().raised().unwrap().clone()
}

/// Sees that these are the frames: name, mark of the line, signature; all of them in this file.
#[track_caller]
fn has(raised: &Raised, wanted: &[(&str, &str, &str)]) {
    let found: Vec<_> = raised.frames.iter().map(|frame| (&*frame.name, frame.line, &*frame.signature)).collect();
    let wanted: Vec<_> = wanted.iter().map(|(name, mark, signature)| (*name, line_of(mark), *signature)).collect();
    assert_eq!(found, wanted);
    for frame in &raised.frames {
        assert_eq!(&*frame.file, file!());
        assert_eq!(frame.exported, !frame.signature.is_empty() || frame.first_line > 0);
    }
}

const BURN: &str = "(_steps: int, _speed: float = 1.0) -> int";

/// Under the closed policy: what is exported is no secret.
fn motor() -> (Sides, Proxy) {
    let sides = Sides::new();
    sides.server.export("motor", Motor);
    let motor = sides.peer.get("motor").unwrap();
    (sides, motor)
}

#[test]
fn what_is_raised_in_a_method_itself_is_one_place_with_its_signature() {
    let (sides, motor) = motor();
    let before = sides.peer.stats().messages();
    let burnt = raised(motor.call("burn", (1,)));
    assert_eq!(sides.peer.stats().messages() - before, 2);
    has(&burnt, &[("Motor.burn", "BURN", BURN)]);
    assert_eq!(burnt.frames[0].first_line, line_of("BURN") - 1);
    has(&raised(motor.call("parses", ("x",))), &[("Motor.parses", "PARSES", "(text: str) -> int")]);
    has(&raised(motor.call("swapped", ())), &[("Motor.swapped", "RENAMED", "() -> int")]);
    has(&raised(motor.call("other", ())), &[("Motor.other", "RENAMED TOO", "() -> int")]);
    has(&raised(motor.get("speed")), &[("Motor.speed", "READ", "() -> float")]);
    has(&raised(motor.set("speed", 1.0).map(|()| Value::None)), &[("Motor.speed", "WRITTEN", "")]);
    sides.server.export("Motor", Motor::class().own());
    has(&raised(sides.peer.get("Motor").unwrap().invoke((1,))), &[("Motor", "MADE", "")]);
    drop(motor);
    sides.assert_idle();
}

#[test]
fn what_is_raised_elsewhere_has_the_call_in_front() {
    let (sides, motor) = motor();
    let call = ("Motor.calls", "CALLS", "(why: str) -> int");
    has(&raised(motor.call("calls", ("so",))), &[call, ("", "HELPER", "")]);
    let bound: Proxy = motor.get("calls").unwrap().to().unwrap();
    has(&raised(bound.invoke(("so",))), &[call, ("", "HELPER", "")]);
    sides.server.export("double", double::function().into_own());
    let double = sides.peer.get("double").unwrap();
    has(&raised(double.invoke((1,))), &[("double", "DOUBLE", "(_number: int) -> int"), ("", "HELPER", "")]);
    drop((motor, bound, double));
    sides.assert_idle();
}

#[test]
fn methods_of_an_interface_stand_where_they_are_written() {
    let sides = Sides::new();
    sides.server.export("gate", Gate);
    let gate = sides.peer.get("gate").unwrap();
    has(&raised(gate.call("open", (1,))), &[("Gate.open", "TURN", "(by: int) -> int"), ("", "HELPER", "")]);
    has(&raised(gate.call("close", ())), &[("Gate.close", "CLOSE", "() -> int")]);
    let typed: ValveProxy = sides.peer.get_as("gate").unwrap();
    let mut typed = typed;
    let error = typed.turn(1).unwrap_err();
    has(error.raised().unwrap(), &[("Gate.open", "TURN", "(by: int) -> int"), ("", "HELPER", "")]);
    drop((gate, typed, error));
    sides.assert_idle();
}

#[test]
fn a_method_that_waits_tells_its_call_once_whenever_it_fails() {
    let (sides, motor) = motor();
    let call = ("Motor.waits", "WAITS", "(gate: object) -> int");
    let at_once = Function::new("gate", |_, _| Ok(Value::None));
    has(&raised(motor.call("waits", (at_once,))), &[call]);
    let own = Function::new("gate", |_, _| Err(Error::raise("test:gate", "shut")));
    let shut = raised(motor.call("waits", (own,)));
    assert_eq!(shut.frames.iter().map(|frame| &*frame.name).collect::<Vec<_>>(), ["Motor.waits", "gate"]);
    drop(motor);
    sides.assert_idle();
}

#[test]
fn each_call_on_the_way_is_told_once_through_hops_and_back() {
    let (near, motor) = motor();
    let far = Sides::new();
    far.server.export("motor", Motor);
    let behind = far.peer.get("motor").unwrap();
    let places = [
        ("Motor.relays", "RELAYS", "(whom: object) -> int"),
        ("Motor.calls", "CALLS", "(why: str) -> int"),
        ("", "HELPER", ""),
    ];
    // Of a third process, passed on by ours; and of ours, which the call comes home to.
    has(&raised(motor.call("relays", (behind.clone(),))), &places);
    has(&raised(motor.call("relays", (Value::from(Motor),))), &places);
    // Through a middle alone nothing is added.
    near.server.export("behind", Function::new("behind", move |_, _| Ok(behind.clone().into())).into_own());
    let through: Proxy = near.peer.get("behind").unwrap().invoke(()).unwrap().to().unwrap();
    has(&raised(through.call("calls", ("so",))), &places[1..]);
    drop((motor, through));
}

#[test]
fn a_node_that_tells_no_frames_tells_no_calls_either() {
    let silent = Node::builder().policy(Policy::Open).tell_frames(FramesTold::Nothing).build();
    let sides = Sides::of(silent, &Node::new());
    sides.server.export("motor", Motor);
    let motor = sides.peer.get("motor").unwrap();
    assert_eq!(raised(motor.call("burn", (1,))).frames, []);
}
