//! What an honest user does on two sides, in any order: no panic, no side finds the other at fault, nothing left over.
//!
//! The input is read as operations, a byte each with its choices in the bytes after it. At the end all is let go, the
//! sessions run dry, and both must be idle.
#![cfg_attr(fuzzing, no_main)]

use std::sync::Arc;
use std::time::Duration;

use wherever::clock::ManualClock;
use wherever::drive::Manual;
use wherever::hosts::{Class, Function, List, stream};
use wherever::{Arguments, Batch, Error, ItemStream, Node, Operation, Outcome, Promise, Proxy, Value};
use wherever_fuzz::target;

/// Things of one kind that a side holds at once.
const HELD_MAX: usize = 24;

/// Steps after which two honest sides that send nothing new must have run dry.
const DRY: usize = 200_000;

/// Names that both sides export.
const NAMES: [&str; 6] = ["thing", "list", "apply", "later", "items", "missing"];

/// Choices, read from the input.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        let Some((&byte, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        byte
    }

    /// One of these things, if there is any.
    fn of<'t, T>(&mut self, things: &'t [T]) -> Option<&'t T> {
        let choice = usize::from(self.byte());
        (!things.is_empty()).then(|| &things[choice % things.len()])
    }
}

/// One side and what its user holds. Dropped in this order: a batch ends before its session is let go.
struct Side {
    batches: Vec<Batch>,
    streams: Vec<ItemStream>,
    promises: Vec<Promise>,
    proxies: Vec<Proxy>,
    own: Vec<Value>,
    /// What this side exports that can hold what the other side gives it.
    list: List,
    session: Manual,
}

impl Side {
    fn new(clock: &Arc<ManualClock>) -> Self {
        let list = List::new();
        let node = node(clock, &list);
        let own = NAMES.iter().filter_map(|name| node.exported(name)).map(Value::from).collect();
        let session = Manual::new(&node, 4096);
        Self { batches: Vec::new(), streams: Vec::new(), promises: Vec::new(), proxies: Vec::new(), own, list, session }
    }

    /// Does one thing that a user may do, unless it can not be done now.
    fn act(&mut self, operation: u8, choices: &mut Choices<'_>) {
        match operation {
            0 => self.name(choices),
            1..=3 => self.call(choices),
            4 => self.one_way(choices),
            5 | 6 => self.call_on_promise(choices),
            7 => self.look(choices),
            8 => self.let_go(choices),
            9 => self.batches.push(self.session.peer().batch()),
            10 => drop(self.batches.pop()),
            11 => self.stream(choices),
            12 => self.read(choices),
            _ => self.cancel(choices),
        }
    }

    fn keep(&mut self, promise: Result<Promise, Error>) {
        if let Ok(promise) = promise
            && self.promises.len() < HELD_MAX
        {
            self.promises.push(promise);
        }
    }

    fn name(&mut self, choices: &mut Choices<'_>) {
        let name = choices.of(&NAMES).copied().unwrap_or_default();
        let promise = self.session.peer().promise(name);
        self.keep(promise);
    }

    fn argument(&self, choices: &mut Choices<'_>) -> Value {
        let value = match choices.byte() % 6 {
            0 => Some(Value::Int(i64::from(choices.byte()))),
            1 => choices.of(&self.own).cloned(),
            2 => choices.of(&self.proxies).map(Value::from),
            3 => choices.of(&self.promises).map(Value::from),
            4 => Some(Value::tuple([Value::None, self.own[0].clone()])),
            // Longer than a frame of the carrier.
            _ => Some(Value::bytes(vec![choices.byte(); 6000])),
        };
        value.unwrap_or_default()
    }

    fn arguments(&self, choices: &mut Choices<'_>) -> Vec<Value> {
        (0..choices.byte() % 3).map(|_| self.argument(choices)).collect()
    }

    /// The operation and member of a call; what does not fit its object is an honest error.
    fn what(choices: &mut Choices<'_>) -> (Operation, Option<&'static str>) {
        let members = ["echo", "apply", "slow", "quick", "append", "pop"];
        match choices.byte() % 12 {
            0..=3 => (Operation::Call, choices.of(&members).copied()),
            4..=6 => (Operation::Call, None),
            7 => (Operation::Get, Some("value")),
            8 => (Operation::Length, None),
            9 => (Operation::Noop, None),
            10 => (Operation::Set, Some("value")),
            _ => (Operation::Dir, None),
        }
    }

    fn call(&mut self, choices: &mut Choices<'_>) {
        let Some(proxy) = choices.of(&self.proxies).cloned() else { return self.name(choices) };
        let (operation, member) = Self::what(choices);
        let mut call = proxy.request(operation).args(Arguments::from(self.arguments(choices)));
        if let Some(member) = member {
            call = call.member(member);
        }
        if choices.byte().is_multiple_of(8) {
            call = call.within(Duration::from_millis(3));
        }
        self.keep(call.promise());
    }

    fn one_way(&mut self, choices: &mut Choices<'_>) {
        let Some(proxy) = choices.of(&self.proxies).cloned() else { return };
        let arguments = Arguments::from(self.arguments(choices));
        // Refused only where the session or the object says so, as for any call.
        let _ = proxy.request(Operation::Call).args(arguments).one_way();
    }

    fn call_on_promise(&mut self, choices: &mut Choices<'_>) {
        let Some(promise) = choices.of(&self.promises).cloned() else { return };
        let (operation, member) = Self::what(choices);
        let Ok(call) = promise.request(operation) else { return };
        let call = call.args(Arguments::from(self.arguments(choices)));
        self.keep(member.into_iter().fold(call, |call, member| call.member(member)).promise());
    }

    /// Takes the result of a promise that has come.
    fn look(&mut self, choices: &mut Choices<'_>) {
        let Some(promise) = choices.of(&self.promises).filter(|promise| promise.is_ready()) else { return };
        if let Ok(value @ Value::Ref(_)) = promise.result()
            && let Ok(proxy) = value.to::<Proxy>()
            && self.proxies.len() < HELD_MAX
        {
            self.proxies.push(proxy);
        }
    }

    fn let_go(&mut self, choices: &mut Choices<'_>) {
        let place = usize::from(choices.byte());
        match choices.byte() % 3 {
            0 if !self.proxies.is_empty() => drop(self.proxies.swap_remove(place % self.proxies.len())),
            1 if !self.streams.is_empty() => drop(self.streams.swap_remove(place % self.streams.len())),
            _ if !self.promises.is_empty() => drop(self.promises.swap_remove(place % self.promises.len())),
            _ => {}
        }
    }

    fn stream(&mut self, choices: &mut Choices<'_>) {
        let ahead = u64::from(choices.byte() % 4);
        let Some(proxy) = choices.of(&self.proxies) else { return };
        let opened = proxy.buffered(ahead);
        if let Ok(opened) = opened
            && self.streams.len() < HELD_MAX
        {
            self.streams.push(opened);
        }
    }

    /// Reads an item; where none has come the stream fails, since nothing here can wait.
    fn read(&mut self, choices: &mut Choices<'_>) {
        if self.streams.is_empty() {
            return;
        }
        let place = usize::from(choices.byte()) % self.streams.len();
        let _ = self.streams[place].next();
    }

    fn cancel(&mut self, choices: &mut Choices<'_>) {
        if let Some(promise) = choices.of(&self.promises) {
            promise.cancel();
        }
    }

    fn let_all_go(&mut self) {
        self.streams.clear();
        self.promises.clear();
        self.proxies.clear();
        self.list.clear();
    }

    fn check(&self, which: &str) {
        let peer = self.session.peer();
        assert_eq!(peer.ended(), None, "the {which} session ended");
        assert!(peer.stats().is_idle(), "left over on the {which}: {:?}", peer.stats());
    }
}

/// A node that exports what answers at once, later, in its turn, beside others, by calling back, and by items.
fn node(clock: &Arc<ManualClock>, list: &List) -> Node {
    let node = Node::builder().clock(clock.clone()).build();
    let apply = |mut arguments: Arguments| -> Result<Value, Error> {
        let back: Proxy = arguments.take(0, "back")?;
        let further = arguments.positional.split_off(1);
        Ok(back.request(Operation::Call).args(Arguments::from(further)).promise()?.into())
    };
    let thing = Class::<()>::builder("rust:fuzz.Thing")
        .method("echo", |_: &(), mut arguments: Arguments, _| arguments.take::<Value>(0, "value"))
        .method("apply", move |_: &(), arguments, _| apply(arguments))
        .later("slow", |_: &Arc<()>, _, context| context.reply().suspend())
        .writable("value", |_: &()| Ok(Value::Int(1)), |_: &(), _| Ok(()))
        .build();
    node.export("thing", thing.instance(()));
    list.extend([Value::Int(1), thing.instance(()).into()]);
    node.export("list", list.to_own());
    node.export("apply", Function::new("apply", move |arguments, _| apply(arguments)).into_own());
    node.export("later", Function::later("later", |_, _| {}).into_own());
    let items = |_, _: &_| Outcome::Stream(stream((0..40_i64).map(Value::from)));
    node.export("items", Function::with_outcome("items", items).into_own());
    node
}

/// Moves one frame; whether there was one.
fn carry(from: &Side, to: &Side) -> bool {
    let frame = from.session.take_frame();
    frame.inspect(|frame| to.session.put_frame(frame)).is_some()
}

fn run(bytes: &[u8]) {
    let clock = Arc::new(ManualClock::default());
    let (mut left, mut right) = (Side::new(&clock), Side::new(&clock));
    let mut choices = Choices(bytes);
    while !choices.0.is_empty() {
        let head = choices.byte();
        let (here, there) = if head & 1 == 0 { (&mut left, &right) } else { (&mut right, &left) };
        match head >> 1 & 31 {
            0..=4 => drop(carry(here, there)),
            5..=8 => drop(here.session.run_job(0)),
            9 => drop(here.session.run_job(usize::from(choices.byte() % 4))),
            10 => {
                clock.advance(Duration::from_millis(5));
                left.session.tick();
                right.session.tick();
            }
            11 => while carry(here, there) {},
            operation => here.act((operation - 12) % 14, &mut choices),
        }
    }
    // What batches hold leaves before anything is let go: it may put something into a list.
    left.batches.clear();
    right.batches.clear();
    run_dry(&clock, &left, &right);
    left.let_all_go();
    right.let_all_go();
    run_dry(&clock, &left, &right);
    left.check("left");
    right.check("right");
}

/// Carries, runs and turns the clock until nothing moves: drops cascade, and releases wait for a tick.
fn run_dry(clock: &ManualClock, left: &Side, right: &Side) {
    let mut still = 0;
    for _ in 0..DRY {
        let moved = carry(left, right) || carry(right, left) || left.session.run_job(0) || right.session.run_job(0);
        if moved {
            still = 0;
            continue;
        }
        still += 1;
        if still > 3 {
            return;
        }
        clock.advance(Duration::from_millis(5));
        left.session.tick();
        right.session.tick();
    }
    assert_eq!(still, 0, "two honest sides do not come to rest");
}

target!(run);
