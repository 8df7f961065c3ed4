//! `#[interface]`: one trait as the declaration of both sides.

use std::collections::HashMap;
use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;

use parking_lot::Mutex;
use wherever::hosts::{Class, Function, List};
use wherever::shape::Member;
use wherever::typed::{Items, ListProxy, TypedProxy};
use wherever::{DeclaredError, Error, Node, Proxy, Value, ValueType};

use crate::support::Sides;

/// Why a motor did not move.
#[derive(Debug, PartialEq, DeclaredError)]
enum MotorError {
    Stalled {
        position: i64,
        force: f64,
    },
    Limits(Vec<i64>),
    Off,
    #[wherever(remote)]
    Remote(Told),
}

/// An error of the library's that compares by its text.
#[derive(Debug)]
struct Told(Error);

impl PartialEq for Told {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_string() == other.0.to_string()
    }
}

impl From<Error> for Told {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl From<Told> for Error {
    fn from(told: Told) -> Self {
        told.0
    }
}

impl fmt::Display for MotorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MotorError::Stalled { position, .. } => write!(f, "stalled at {position}"),
            MotorError::Limits(limits) => write!(f, "limits {limits:?}"),
            MotorError::Off => f.write_str("off"),
            MotorError::Remote(told) => write!(f, "{}", told.0),
        }
    }
}

impl std::error::Error for MotorError {}

#[derive(Clone, Debug, PartialEq, ValueType)]
struct Status {
    position: i64,
    moves: Vec<(i64, Direction)>,
    names: HashMap<String, u8>,
    #[wherever(default)]
    note: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueType)]
enum Direction {
    Up,
    Down,
    Sideways { angle: f64 },
}

/// Told of what a motor does.
#[wherever::interface("org.example.Listener/1")]
trait Listener {
    fn moved(&self, to: i64) -> Result<(), Error>;
}

/// Moves.
#[wherever::interface("org.example.Motor/1")]
trait Motor {
    /// Moves to a position.
    fn move_to(&mut self, position: i64, speed: Option<f64>) -> Result<i64, MotorError>;

    #[wherever(attribute)]
    fn position(&self) -> Result<i64, Error>;

    #[wherever(attribute)]
    fn set_position(&mut self, position: i64) -> Result<(), Error>;

    fn status(&self, names: &[String]) -> Result<Status, Error>;

    #[wherever(name = "notify")]
    fn watch(&mut self, listener: Arc<dyn Listener>) -> Result<(), Error>;

    #[wherever(one_way)]
    fn hint(&self, text: &str) -> Result<(), Error>;

    fn trace(&self) -> Result<Items<i64>, Error>;

    /// Not a member: runs here.
    #[wherever(skip)]
    fn home(&mut self) -> Result<i64, MotorError> {
        self.move_to(0, None)
    }
}

#[derive(Default)]
struct Stepper {
    position: i64,
    trace: Vec<i64>,
    listener: Option<Arc<dyn Listener>>,
    hints: Arc<Mutex<Vec<String>>>,
}

/// A motor that steps.
#[wherever::export]
impl Motor for Stepper {
    fn move_to(&mut self, position: i64, speed: Option<f64>) -> Result<i64, MotorError> {
        match position {
            100.. => return Err(MotorError::Stalled { position: 99, force: speed.unwrap_or(0.5) }),
            50.. => return Err(MotorError::Limits(vec![0, 50])),
            ..-10 => return Err(MotorError::Off),
            _ => {}
        }
        if let Some(listener) = &self.listener {
            listener.moved(position)?;
        }
        self.trace.push(position);
        Ok(std::mem::replace(&mut self.position, position))
    }

    fn position(&self) -> Result<i64, Error> {
        Ok(self.position)
    }

    fn set_position(&mut self, position: i64) -> Result<(), Error> {
        self.position = position;
        Ok(())
    }

    fn status(&self, names: &[String]) -> Result<Status, Error> {
        let moves = vec![(1, Direction::Up), (2, Direction::Down), (3, Direction::Sideways { angle: 0.5 })];
        let names = names.iter().map(|name| (name.clone(), 1)).collect();
        Ok(Status { position: self.position, moves, names, note: None })
    }

    fn watch(&mut self, listener: Arc<dyn Listener>) -> Result<(), Error> {
        self.listener = Some(listener);
        Ok(())
    }

    fn hint(&self, text: &str) -> Result<(), Error> {
        self.hints.lock().push(text.to_owned());
        Ok(())
    }

    fn trace(&self) -> Result<Items<i64>, Error> {
        Ok(Items::new(self.trace.clone()))
    }
}

struct Heard(Mutex<Vec<i64>>);

impl Listener for Heard {
    fn moved(&self, to: i64) -> Result<(), Error> {
        self.0.lock().push(to);
        Ok(())
    }
}

fn motor() -> (Sides, MotorProxy) {
    let sides = Sides::new();
    sides.server.export("motor", Stepper::default());
    let motor = sides.peer.get_as("motor").unwrap();
    (sides, motor)
}

#[test]
fn a_typed_proxy_implements_the_trait() {
    let (sides, mut motor) = motor();
    assert_eq!(motor.move_to(5, None).unwrap(), 0);
    assert_eq!(motor.position().unwrap(), 5);
    motor.set_position(7).unwrap();
    assert_eq!(motor.home().unwrap(), 7);
    assert_eq!(motor.trace().unwrap().collect::<Result<Vec<_>, _>>().unwrap(), [5, 0]);
    assert_eq!(motor.trace().unwrap().buffered(10).map(Result::unwrap).sum::<i64>(), 5);
    let before = sides.peer.stats();
    motor.position().unwrap();
    assert_eq!(sides.peer.stats().messages_sent - before.messages_sent, 1);
}

#[test]
fn a_declared_error_comes_back_as_itself() {
    let (_sides, mut motor) = motor();
    let stalled = MotorError::Stalled { position: 99, force: 0.25 };
    assert_eq!(motor.move_to(100, Some(0.25)).unwrap_err(), stalled);
    assert_eq!(motor.move_to(60, None).unwrap_err(), MotorError::Limits(vec![0, 50]));
    assert_eq!(motor.move_to(-60, None).unwrap_err(), MotorError::Off);
    let error = motor.proxy().call("move_to", (100,)).unwrap_err();
    let raised = error.raised().unwrap();
    assert!(raised.type_name.ends_with("::interfaces::MotorError"), "{}", raised.type_name);
    assert_eq!(&*raised.message, "stalled at 99");
    assert_eq!(raised.frames[0].file.as_ref(), file!());
}

#[test]
fn a_value_type_travels_by_copy_where_it_is_known_and_is_read_by_a_call_where_not() {
    let names = ["a".to_owned()];
    let mut costs = Vec::new();
    for client in [Node::new(), Node::builder().value_type::<Status>().value_type::<Direction>().build()] {
        let sides = Sides::of(Node::new(), &client);
        sides.server.export("motor", Stepper::default());
        let motor: MotorProxy = sides.peer.get_as("motor").unwrap();
        let before = sides.peer.stats();
        let status = motor.status(&names).unwrap();
        costs.push(sides.peer.stats().messages_sent - before.messages_sent);
        assert_eq!(status.moves[2], (3, Direction::Sideways { angle: 0.5 }));
        assert_eq!(status.names["a"], 1);
        assert_eq!(status.note, None);
    }
    // Where they are not known, the status is read by a call, and so are the three directions in it.
    assert_eq!(costs, [5, 1]);
}

#[test]
fn a_trait_object_is_a_callback_and_comes_home_as_itself() {
    let (_sides, mut motor) = motor();
    let heard = Arc::new(Heard(Mutex::default()));
    motor.watch(heard.clone()).unwrap();
    motor.move_to(1, None).unwrap();
    motor.move_to(2, None).unwrap();
    assert_eq!(*heard.0.lock(), [1, 2]);
}

#[test]
fn a_result_may_be_promised() {
    let (sides, motor) = motor();
    let before = sides.peer.stats();
    let batch = sides.peer.batch();
    let moved = motor.promise_move_to(5, None);
    let (failed, position) = (motor.promise_move_to(100, Some(0.25)), motor.promise_position());
    drop(batch);
    assert_eq!(position.result().unwrap(), 5);
    assert_eq!(sides.peer.stats().frames_sent - before.frames_sent, 1);
    assert_eq!(moved.result().unwrap(), 0);
    assert_eq!(failed.result().unwrap_err(), MotorError::Stalled { position: 99, force: 0.25 });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let names = ["a".to_owned()];
    assert_eq!(runtime.block_on(motor.promise_status(&names).into_future()).unwrap().names["a"], 1);
    sides.peer.close("nothing more");
    let lost = motor.promise_move_to(5, None).result().unwrap_err();
    assert!(matches!(lost, MotorError::Remote(Told(Error::Disconnected(_)))), "{lost:?}");
}

#[test]
fn calls_are_made_on_a_typed_proxy_that_is_promised() {
    let sides = Sides::new();
    sides.server.export("motor", Stepper::default());
    sides.server.export_root(Glass);
    let (motor, mirror) = (sides.peer.get("motor").unwrap(), sides.peer.root::<MirrorProxy<i64>>().unwrap());
    let before = sides.peer.stats();
    let promised = mirror.promise_motor(MotorProxy::of(motor));
    let mut there = promised.proxy().unwrap();
    let moved = there.promise_move_to(5, None);
    assert_eq!(there.move_to(6, None).unwrap(), 5);
    assert_eq!(moved.result().unwrap(), 0);
    let after = sides.peer.stats();
    assert_eq!(after.round_trips - before.round_trips, 1);
}

/// Gives back what it gets.
#[wherever::interface]
trait Mirror<T> {
    fn listener(&self, listener: Arc<dyn Listener>) -> Result<Arc<dyn Listener>, Error>;
    fn motor(&self, motor: MotorProxy) -> Result<MotorProxy, Error>;
    fn value(&self, value: T) -> Result<Vec<T>, Error>;
    fn list(&self, list: ListProxy<T>) -> Result<u64, Error>;
}

struct Glass;

#[wherever::export]
impl Mirror<i64> for Glass {
    fn listener(&self, listener: Arc<dyn Listener>) -> Result<Arc<dyn Listener>, Error> {
        Ok(listener)
    }

    fn motor(&self, motor: MotorProxy) -> Result<MotorProxy, Error> {
        Ok(motor)
    }

    fn value(&self, value: i64) -> Result<Vec<i64>, Error> {
        Ok(vec![value, value])
    }

    fn list(&self, list: ListProxy<i64>) -> Result<u64, Error> {
        list.push(list.get(0)?)?;
        list.len()
    }
}

#[test]
fn what_crosses_twice_is_what_it_was() {
    let sides = Sides::new();
    sides.server.export_root(Glass);
    let mirror: MirrorProxy<i64> = sides.peer.root().unwrap();
    let heard: Arc<dyn Listener> = Arc::new(Heard(Mutex::default()));
    assert!(Arc::ptr_eq(&mirror.listener(heard.clone()).unwrap(), &heard));
    let own = MotorProxy::of(Stepper::default());
    let back = mirror.motor(own.clone()).unwrap();
    assert!(back.proxy().is_own() && back.proxy().same(own.proxy()));
    assert_eq!(mirror.value(3).unwrap(), [3, 3]);
    let list = List::from(vec![Value::Int(9)]);
    let proxy = ListProxy::from_own(&list);
    assert_eq!(mirror.list(proxy).unwrap(), 2);
    assert_eq!(list.len(), 2);
}

/// A motor with an angle.
#[wherever::interface("org.example.Servo/1")]
trait Servo: Motor {
    fn turn(&self, angle: f64) -> Result<f64, Error>;
}

struct Both(Stepper);

impl Motor for Both {
    fn move_to(&mut self, position: i64, speed: Option<f64>) -> Result<i64, MotorError> {
        self.0.move_to(position, speed)
    }
    fn position(&self) -> Result<i64, Error> {
        self.0.position()
    }
    fn set_position(&mut self, position: i64) -> Result<(), Error> {
        self.0.set_position(position)
    }
    fn status(&self, names: &[String]) -> Result<Status, Error> {
        self.0.status(names)
    }
    fn watch(&mut self, listener: Arc<dyn Listener>) -> Result<(), Error> {
        self.0.watch(listener)
    }
    fn hint(&self, text: &str) -> Result<(), Error> {
        self.0.hint(text)
    }
    fn trace(&self) -> Result<Items<i64>, Error> {
        self.0.trace()
    }
}

#[wherever::export(turns)]
impl Servo for Both {
    fn turn(&self, angle: f64) -> Result<f64, Error> {
        Ok(angle * 2.0)
    }
}

fn moved_by(motor: &mut impl Motor) -> i64 {
    motor.move_to(4, None).unwrap();
    motor.position().unwrap()
}

#[test]
fn an_interface_extends_another() {
    let sides = Sides::new();
    sides.server.export("servo", Both(Stepper::default()));
    let mut servo: ServoProxy = sides.peer.get_as("servo").unwrap();
    assert_eq!(servo.turn(0.5).unwrap(), 1.0);
    assert_eq!(moved_by(&mut servo), 4);
    let motor: MotorProxy = servo.proxy().cast().unwrap();
    assert_eq!(motor.position().unwrap(), 4);
    let shape = servo.proxy().shape();
    assert!(shape.is_a("org.example.Servo/1") && shape.is_a("org.example.Motor/1"));
}

#[test]
fn every_mismatch_is_told_at_once_and_on_first_use() {
    let sides = Sides::new();
    let nearly = Class::<()>::builder("rust:example.Nearly")
        .method_with(Member::method("move_to").signature("(position: str, speed: float = 1.0) -> int"), |_, _, _| {
            Ok(Value::None)
        })
        .attribute("position", |_| Ok(Value::Int(1)))
        .method_with(Member::method("status").signature("(a, b) -> str"), |_, _, _| Ok(Value::None))
        .attribute("notify", |_| Ok(Value::Int(1)))
        .method_with(Member::method("hint").signature("(self, text, *, loud) -> None"), |_, _, _| Ok(Value::None))
        .build();
    sides.server.export("nearly", nearly.instance(()));
    let text = sides.peer.get_as::<MotorProxy>("nearly").unwrap_err().to_string();
    for part in [
        "wanted an object with the interface org.example.Motor/1, found rust:example.Nearly, which does not fit:",
        "`move_to` takes str as argument 1, not int",
        "the attribute `position` cannot be written",
        "`status` takes at least 2 arguments, not 1: (a, b) -> str",
        "`notify` is an attribute, not a method",
        "`hint` wants its argument `loud` by name",
        "it has no method `trace`",
    ] {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
    let unchecked = MotorProxy::of(sides.peer.get("nearly").unwrap());
    assert_eq!(unchecked.position().unwrap_err().to_string(), text);
    let not_an_object = sides.peer.get("nearly").unwrap().call("move_to", ("x",)).unwrap();
    let text = not_an_object.to::<MotorProxy>().unwrap_err().to_string();
    assert_eq!(text, "wanted an object with the interface org.example.Motor/1, found none");
}

#[test]
fn one_way_calls_arrive_in_order_and_are_not_answered() {
    let sides = Sides::new();
    let stepper = Stepper::default();
    let hints = stepper.hints.clone();
    sides.server.export("motor", stepper);
    let motor: MotorProxy = sides.peer.get_as("motor").unwrap();
    let before = sides.peer.stats();
    for text in ["a", "b", "c"] {
        motor.hint(text).unwrap();
    }
    motor.position().unwrap();
    let after = sides.peer.stats();
    assert_eq!(*hints.lock(), ["a", "b", "c"]);
    assert_eq!(
        (after.messages_sent - before.messages_sent, after.messages_received - before.messages_received),
        (4, 1)
    );
}

/// Waits for others.
#[wherever::interface("org.example.Relay/1")]
trait Relay {
    async fn ask(&self, whom: Proxy, amounts: Vec<i64>) -> Result<Vec<i64>, Error>;
    async fn add(&mut self, amount: i64) -> Result<i64, Error>;
    #[wherever(one_way)]
    async fn hint(&self, text: &str) -> Result<(), Error>;
    async fn twice(&mut self, amount: i64) -> Result<i64, Error> {
        self.add(amount).await?;
        self.add(amount).await
    }
}

#[derive(Default)]
struct Waiter(i64);

#[wherever::export]
impl Relay for Waiter {
    async fn ask(&self, whom: Proxy, amounts: Vec<i64>) -> Result<Vec<i64>, Error> {
        let mut answers = Vec::new();
        for amount in amounts {
            answers.push(whom.request(wherever::Operation::Call).args((amount,)).await?.to()?);
        }
        Ok(answers)
    }

    async fn add(&mut self, amount: i64) -> Result<i64, Error> {
        self.0 += amount;
        Ok(self.0)
    }

    async fn hint(&self, _text: &str) -> Result<(), Error> {
        Ok(())
    }
}

#[test]
fn an_async_interface_is_used_by_a_blocking_side_and_from_tasks() {
    let sides = Sides::new();
    sides.server.export("relay", Waiter::default());
    let mut relay: RelayProxy = sides.peer.get_as("relay").unwrap();
    let double = Function::typed("double", |n: i64| n * 2);
    let own = double.into_own();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        assert_eq!(relay.ask(own.into(), vec![1, 2]).await.unwrap(), [2, 4]);
        relay.hint("x").await.unwrap();
        assert_eq!(relay.add(2).await.unwrap(), 2);
        assert_eq!(relay.twice(2).await.unwrap(), 6);
    });
    assert_eq!(relay.proxy().call("add", (1,)).unwrap(), Value::Int(7));
}

#[test]
fn items_are_a_stream_for_combinators() {
    use futures_lite::StreamExt;

    let (_sides, mut motor) = motor();
    for position in [1, 2, 3] {
        motor.move_to(position, None).unwrap();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for items in [motor.trace().unwrap(), motor.trace().unwrap().buffered(2)] {
            let odd = StreamExt::map(items, Result::unwrap).filter(|at| *at != 2);
            assert_eq!(StreamExt::collect::<Vec<_>>(odd).await, [1, 3]);
        }
        let mut items = motor.trace().unwrap();
        assert_eq!(items.next_item().await.unwrap().unwrap(), 1);
        assert_eq!(StreamExt::try_next(&mut items).await.unwrap(), Some(2));
    });
}
