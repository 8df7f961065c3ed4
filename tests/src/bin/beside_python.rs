//! The Rust side of the tests of Python with Rust: it serves its parent, and uses what it is given.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test that started it")]
#![allow(unreachable_pub, reason = "members are exported by being `pub`")]

use std::collections::HashMap;

use parking_lot::Mutex;
use wherever::hosts::{ByteArray, Dict, Function, List, Set};
use wherever::policy::Policy;
use wherever::{DeclaredError, Error, Node, Proxy, Value};

struct Motor {
    position: Mutex<i64>,
}

/// Why it does not move.
#[derive(Debug, DeclaredError)]
enum MotorError {
    TooFar {
        most: i64,
    },
    /// Whatever else a call can end with.
    #[wherever(remote)]
    Remote(Error),
}

impl std::fmt::Display for MotorError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooFar { most } => write!(f, "no further than {most}"),
            Self::Remote(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for MotorError {}

/// A motor on a bench.
#[wherever::export]
impl Motor {
    /// Moves by this many steps, and tells where it is.
    pub fn advance(&self, steps: i64) -> Result<i64, MotorError> {
        let mut position = self.position.lock();
        if *position + steps > 1000 {
            return Err(MotorError::TooFar { most: 1000 });
        }
        *position += steps;
        Ok(*position)
    }

    /// Where it is.
    #[wherever(attribute)]
    pub fn position(&self) -> i64 {
        *self.position.lock()
    }

    pub fn burn(&self) -> i64 {
        panic!("the coil burns")
    }

    pub fn open(&self, file: String) -> Result<Vec<u8>, Error> {
        Ok(std::fs::read(file)?)
    }

    /// Calls back after each step.
    pub fn step_by_step(&self, steps: i64, told: Proxy) -> Result<i64, Error> {
        let mut sum = 0;
        for step in 0..steps {
            sum += told.invoke((step,))?.to::<i64>()?;
        }
        Ok(sum)
    }
}

/// What a Python object is asked for by its type.
#[wherever::interface("org.example.Greeter/1")]
trait Greeter {
    /// Greets.
    fn greet(&self, name: String) -> Result<String, Error>;
    fn counts(&self) -> Result<HashMap<String, i64>, Error>;
    fn numbers(&self) -> Result<Vec<i64>, Error>;
}

fn typed(greeter: Proxy) -> Result<String, Error> {
    let greeter: GreeterProxy = greeter.cast()?;
    let counts = greeter.counts()?;
    Ok(format!("{}, {}, {:?}", greeter.greet("Rust".into())?, counts["a"], greeter.numbers()?))
}

/// Uses an object of Python's by what it can do, without a type.
fn dynamic(object: Proxy) -> Result<Value, Error> {
    let shape = object.shape();
    let told = object.call("greet", ("dynamic",))?;
    let text = object.text("repr")?;
    let sum = object.binary("add", 5_i64)?;
    object.set("mood", "fine")?;
    let mood = object.get("mood")?;
    let items = object.iterate()?.collect::<Result<Vec<_>, _>>()?;
    let first = object.index(0_i64)?;
    Ok(Value::tuple([
        Value::text(shape.name().clone()),
        told,
        Value::text(text),
        sum,
        mood,
        Value::tuple(items),
        first,
        Value::from(object.len()?),
    ]))
}

/// What an error of Python's looks like here; then it goes back as it came.
fn failing(callback: Proxy) -> Result<Value, Error> {
    let error = callback.invoke(()).unwrap_err();
    let raised = error.raised().unwrap();
    let seen = (raised.is_a("python:builtins.ValueError"), raised.message.to_string(), raised.frames.len() as i64);
    assert_eq!((seen.0, seen.1.as_str()), (true, "from python"));
    assert!(seen.2 >= 1);
    Err(error)
}

fn main() {
    let node = Node::builder().policy(Policy::Open).build();
    node.export("motor", Motor { position: Mutex::new(0) });
    node.export("list", List::from(vec![Value::Int(1), Value::text("two")]).to_own());
    let dict = Dict::new();
    dict.insert(Value::text("a"), Value::Int(1)).unwrap();
    node.export("dict", dict.to_own());
    node.export("set", Set::new().to_own());
    node.export("bytes", ByteArray::from(b"abc".to_vec()).to_own());
    node.export("double", Function::typed("double", |n: i64| n * 2).into_own());
    node.export("typed", Function::typed("typed", typed).into_own());
    node.export("dynamic", Function::typed("dynamic", dynamic).into_own());
    node.export("failing", Function::typed("failing", failing).into_own());
    wherever_transports::serve(&node, "stdio:").unwrap().wait();
}
