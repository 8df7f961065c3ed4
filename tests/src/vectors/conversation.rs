//! A whole conversation of two sides, unit by unit, as two nodes of this library have it.

use std::sync::Arc;
use std::time::Duration;

use wherever::clock::ManualClock;
use wherever::drive::Manual;
use wherever::hosts::{Class, Function, List};
use wherever::limits::Limits;
use wherever::policy::Policy;
use wherever::wire::frame::Frame;
use wherever::wire::message::{Hello, MessageKind, decode_record};
use wherever::{Arguments, Node, Operation, Promise, Proxy, Value};

use crate::pair::node;
use crate::vectors::json::Json;
use crate::vectors::{NONCES, meaning};

/// Length of the longest frame, in bytes: short, so that a message of some length goes in parts.
const FRAME_LEN_MAX: usize = 1024;

/// Two sides and what went between them.
pub(super) struct Recorder {
    clock: Arc<ManualClock>,
    /// The sides, left and right.
    pub(super) sides: [Manual; 2],
    /// The side that sent, and the unit, in order.
    pub(super) units: Vec<(usize, Vec<u8>)>,
}

impl Recorder {
    /// Two sides that have said nothing.
    pub(super) fn new(clock: &Arc<ManualClock>, left: &Node, right: &Node) -> Self {
        let sides = [left, right].map(|node| Manual::new(node, FRAME_LEN_MAX));
        Self { clock: clock.clone(), sides, units: Vec::new() }
    }

    /// Moves frames and runs jobs until nothing is left to do, left first.
    pub(super) fn settle(&mut self) {
        loop {
            let mut moved = false;
            for from in [0, 1] {
                while let Some(frame) = self.sides[from].take_frame() {
                    let unit = with_known_nonce(frame, NONCES[from]);
                    self.sides[1 - from].put_frame(&unit);
                    self.units.push((from, unit));
                    moved = true;
                }
            }
            if !moved && !self.sides[0].run_job(0) && !self.sides[1].run_job(0) {
                return;
            }
        }
    }

    /// Turns the clock by a tick.
    pub(super) fn tick(&mut self) {
        self.clock.advance(Duration::from_millis(5));
        self.settle();
    }
}

/// The unit, its HELLO, if it has one, with a nonce that is the same each time.
fn with_known_nonce(mut unit: Vec<u8>, nonce: [u8; 16]) -> Vec<u8> {
    let Some(hello) = hello_in(&unit) else { return unit };
    let place = unit.windows(16).position(|bytes| bytes == hello.nonce).unwrap();
    unit[place..place + 16].copy_from_slice(&nonce);
    unit
}

fn hello_in(unit: &[u8]) -> Option<Hello> {
    let Ok(Frame::Session { messages, .. }) = Frame::decode(unit, &Limits::default()) else { return None };
    let hello = messages.first().filter(|message| message.kind == MessageKind::Hello)?;
    Some(decode_record(hello.body).unwrap().0)
}

/// What the right side exports: an instance that can do a little of everything, and a list.
fn server(clock: &Arc<ManualClock>) -> Node {
    let node = node(clock, Policy::Closed);
    let class = Class::<()>::builder("rust:zoo.Keeper")
        .doc("Keeps.")
        .method("add", |_: &(), mut arguments: Arguments, _| {
            let sum = arguments.take::<i64>(0, "one")? + arguments.take::<i64>(1, "two")?;
            Ok(Value::Int(sum))
        })
        .method("ask", |_: &(), mut arguments: Arguments, _| {
            let back: Proxy = arguments.take(0, "back")?;
            Ok(back.request(Operation::Call).args((7,)).promise()?.into())
        })
        .method("same", |_: &(), mut arguments: Arguments, _| arguments.take::<Value>(0, "value"))
        .later("wait", |_: &Arc<()>, _, context| {
            let reply = context.reply();
            context.on_stop(move || reply.settle(Err(wherever::Error::Stopped)));
        })
        .attribute("name", |_: &()| Ok(Value::text("Ada")))
        .build();
    let keeper = class.instance(());
    node.export("keeper", keeper.clone());
    node.export("list", List::from_iter([Value::Int(1), keeper.into()]).to_own());
    node
}

fn came(promise: &Promise) -> Proxy {
    promise.result().unwrap().to().unwrap()
}

/// What is said, step by step: the number of units before each step, and what it is about.
fn talk(talk: &mut Recorder) -> Vec<(usize, &'static str)> {
    let mut steps = Vec::new();
    let mut step = |talk: &Recorder, about| steps.push((talk.units.len(), about));
    let left = talk.sides[0].peer();

    step(talk, "get an object by name; HELLO rides in the first frames");
    let got = left.promise("keeper").unwrap();
    talk.settle();
    let keeper = came(&got);

    step(talk, "a call of a member");
    let sum = keeper.promise("add", (40, 2)).unwrap();
    talk.settle();
    assert_eq!(sum.result().unwrap(), Value::Int(42));

    step(talk, "a callback, whose result the answer is held for");
    let double = Function::new("double", |mut arguments, _| Ok(Value::Int(arguments.take::<i64>(0, "n")? * 2)));
    let asked = keeper.promise("ask", (Value::from(double),)).unwrap();
    talk.settle();
    assert_eq!(asked.result().unwrap(), Value::Int(14));

    step(talk, "a batch: a chain of calls on answers, of which only the last returns");
    let batch = left.batch();
    let first = keeper.promise("same", (&keeper,)).unwrap();
    let second = first.call("same", (&first,)).unwrap();
    let last = second.get("name").unwrap();
    batch.send();
    talk.settle();
    assert_eq!(last.result().unwrap(), Value::text("Ada"));

    step(talk, "a container whole, with an attribute of each element");
    let got_list = left.promise("list").unwrap();
    talk.settle();
    let list = came(&got_list);
    let whole = list.fetch_with(&["name"]);
    assert!(whole.is_err(), "nobody can wait here: the stream is given up, and stopped");
    talk.settle();

    step(talk, "a name that nothing is exported under");
    let missing = left.promise("missing").unwrap();
    talk.settle();
    assert!(missing.result().is_err());

    step(talk, "a one-way call");
    keeper.one_way("add", (1, 1)).unwrap();
    talk.settle();

    step(talk, "a call that is stopped");
    let waits = keeper.promise("wait", ()).unwrap();
    talk.settle();
    waits.cancel();
    talk.settle();

    step(talk, "a message in parts");
    let long = keeper.promise("same", (Value::bytes(vec![0x2a; 1500]),)).unwrap();
    talk.settle();
    assert!(long.result().is_ok());

    step(talk, "releases, a tick after all was let go");
    drop((got, got_list, sum, asked, first, second, last, missing, waits, long, list, keeper));
    talk.tick();
    talk.tick();
    for side in &talk.sides {
        assert!(side.peer().stats().is_idle(), "{:?}", side.peer().stats());
    }

    step(talk, "the end");
    left.close("done");
    talk.settle();
    steps
}

/// What was said, and where each step begins.
fn recorded() -> (Recorder, Vec<(usize, &'static str)>) {
    let clock = Arc::new(ManualClock::default());
    let mut recorder = Recorder::new(&clock, &node(&clock, Policy::Closed), &server(&clock));
    let steps = talk(&mut recorder);
    (recorder, steps)
}

/// The units of the conversation, each with the side that sent it.
pub(super) fn units() -> Vec<(usize, Vec<u8>)> {
    recorded().0.units
}

/// The conversation as a file.
pub(super) fn file() -> Json {
    let (recorder, steps) = recorded();
    let mut begun = [false; 2];
    let units = recorder.units.iter().enumerate().map(|(place, (from, unit))| {
        let kind = if std::mem::replace(&mut begun[*from], true) { "frame" } else { "preface" };
        let about = steps.iter().rfind(|(at, _)| *at <= place).map_or("", |(_, about)| about);
        let means = meaning::of_bytes(kind, unit, &[]).unwrap();
        Json::map([
            ("from", Json::text(["left", "right"][*from])),
            ("step", Json::text(about)),
            ("kind", Json::text(kind)),
            ("bytes", Json::hex(unit)),
            ("means", means),
        ])
    });
    Json::map([
        ("about", Json::text("A whole conversation, in the order in which each side takes the units in.")),
        ("units", Json::list(units)),
    ])
}
