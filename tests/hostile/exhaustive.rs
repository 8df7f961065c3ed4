//! Recorded sessions, replayed with every truncation and every small change of every unit: none does any harm.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use wherever::clock::ManualClock;
use wherever::drive::Manual;
use wherever::hosts::{Class, Dict, Function, List, Set, iterator};
use wherever::limits::Limits;
use wherever::policy::Policy;
use wherever::shape::{Category, Shape};
use wherever::value::{BigInt, Cycle, Items};
use wherever::{Arguments, Error, ItemStream, Node, Operation, Own, Promise, Proxy, Value};
use wherever_tests::hostile::check_account;

use crate::deeds::{limits, thing};

/// What one side holds in the course of a session.
#[derive(Default)]
struct Held {
    promises: Vec<Promise>,
    proxies: Vec<Proxy>,
    streams: Vec<ItemStream>,
}

/// Something that a side does by itself. In a replay what it waits for may be an error: that is no harm.
type Act = fn(&Manual, &mut Held) -> Result<(), Error>;

/// A session: what the left side does, and the right, by turns; after each, all frames are moved and all jobs run.
struct Script {
    limits: fn(&mut Limits),
    /// Its preface is changed in every build; one script's is enough.
    greets: bool,
    acts: &'static [(Side, Act)],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}
use Side::{Left, Right};

/// What happened to one side, in order.
#[derive(Clone)]
enum Event {
    Act(Act),
    Put(Vec<u8>),
    Take,
    Run,
    Tick,
}

/// One side, and what it holds.
struct Player {
    clock: Arc<ManualClock>,
    manual: Manual,
    held: Held,
    limits: Limits,
}

impl Player {
    fn new(script: &Script) -> Self {
        let clock = Arc::<ManualClock>::default();
        let limits = limits(script.limits);
        let node = Node::builder().clock(clock.clone()).policy(Policy::Closed).limits(limits.clone()).build();
        export_all(&node);
        Self { clock, manual: Manual::new(&node, 1 << 20), held: Held::default(), limits }
    }

    /// Lets an event happen to it; a unit that it has to send, if the event was to take one.
    fn play(&mut self, event: &Event) -> Option<Vec<u8>> {
        match event {
            Event::Act(act) => {
                // Refused where the session is over, or where what it needs has not come.
                let _refused = act(&self.manual, &mut self.held);
            }
            Event::Put(unit) => self.manual.put_frame(unit),
            Event::Take => return self.manual.take_frame(),
            Event::Run => {
                self.manual.run_job(0);
            }
            Event::Tick => {
                self.clock.advance(Duration::from_millis(5));
                self.manual.tick();
            }
        }
        None
    }

    /// Whatever came, it is within its account; cut, it holds nothing.
    fn finish(mut self) {
        for _ in 0..1000 {
            if !self.manual.run_job(0) {
                break;
            }
        }
        assert_eq!(self.manual.jobs(), 0);
        check_account(&self.manual, &self.limits);
        for stream in &mut self.held.streams {
            assert!(stream.by_ref().take(1000).count() < 1000);
        }
        while self.manual.take_frame().is_some() {}
        self.manual.cut("the end");
        for promise in &self.held.promises {
            assert!(!matches!(promise.result(), Err(Error::Misuse(text)) if text.contains("by hand")), "pending");
        }
        drop(std::mem::take(&mut self.held));
        let stats = self.manual.peer().stats();
        assert!(stats.is_idle(), "{stats:#?}");
        assert_eq!((stats.queued_bytes, stats.answers_bytes, stats.arriving_bytes), (0, 0, 0));
    }
}

fn export_all(node: &Node) {
    node.export("thing", thing().0);
    node.export("list", List::from_iter((0..2).map(|_| Value::from(derived()))).to_own());
    let dict = Dict::try_from_entries([(Value::text("k"), Value::from(1)), (Value::from(2), Value::None)]);
    node.export("dict", dict.unwrap().to_own());
    node.export("set", Set::try_from_values([Value::from(1), Value::text("s")]).unwrap().to_own());
    node.export(
        "steps",
        iterator((0..9).map(|number| match number {
            8 => Err(Error::raise("test:broken", "at eight")),
            number => Ok(Value::from(number)),
        })),
    );
    node.export("derived", derived());
    node.export("class", Class::<u8>::builder("rust:test.Made").exposed_constructor(|_, _| Ok(1)).build().own());
    let call_back = Function::new("call_back", |mut args: Arguments, _| {
        let target: Proxy = args.take(0, "target")?;
        Ok(target.request(Operation::Call).args((5,)).promise()?.into())
    });
    node.export("call_back", call_back.into_own());
}

fn derived() -> Own {
    let base = Arc::new(Shape::new("rust:test.Base", Category::Instance).doc_text("A base."));
    Class::<u8>::builder("rust:test.Derived")
        .base(&base)
        .interface("test/1")
        .attribute("name", |_| Ok("n".into()))
        .build()
        .instance(1)
}

/// Plays the script between two sides; what happened to each.
fn record(script: &Script) -> [Vec<Event>; 2] {
    let mut players = [Player::new(script), Player::new(script)];
    let mut events = [Vec::new(), Vec::new()];
    let play = |players: &mut [Player; 2], events: &mut [Vec<Event>; 2], side: usize, event: Event| {
        let sent = players[side].play(&event);
        events[side].push(event);
        sent
    };
    let settle = |players: &mut [Player; 2], events: &mut [Vec<Event>; 2]| loop {
        let mut moved = false;
        for side in 0..2 {
            while let Some(unit) = play(players, events, side, Event::Take) {
                play(players, events, 1 - side, Event::Put(unit));
                moved = true;
            }
            if players[side].manual.jobs() > 0 {
                play(players, events, side, Event::Run);
                moved = true;
            }
        }
        if !moved {
            break;
        }
    };
    for (side, act) in script.acts {
        let side = *side as usize;
        act(&players[side].manual, &mut players[side].held).unwrap();
        events[side].push(Event::Act(*act));
        settle(&mut players, &mut events);
    }
    for side in 0..2 {
        drop(std::mem::take(&mut players[side].held));
        let tick = Event::Tick;
        players[side].play(&tick);
        events[side].push(tick);
    }
    settle(&mut players, &mut events);
    players.into_iter().for_each(Player::finish);
    events
}

/// Replays what happened to one side, with the unit at one place replaced.
fn replay(script: &Script, events: &[Event], place: usize, unit: &[u8]) {
    let mut player = Player::new(script);
    for (at, event) in events.iter().enumerate() {
        if at == place {
            player.manual.put_frame(unit);
            check_account(&player.manual, &player.limits);
            if player.manual.peer().ended().is_some() {
                break;
            }
        } else {
            player.play(event);
        }
    }
    player.finish();
}

/// Whether a byte stands in the middle of a text, or of a run of equal bytes.
fn is_inner(unit: &[u8], at: usize) -> bool {
    let around = unit.get(at.saturating_sub(2)..(at + 3).min(unit.len())).unwrap_or_default();
    let is_text = |byte: &u8| byte.is_ascii_lowercase() || b" .:_,".contains(byte);
    around.len() == 5 && (around.iter().all(is_text) || around.iter().all(|byte| *byte == unit[at]))
}

/// The values that a byte is changed to: all there are in an optimised build, those that matter most in another.
fn changes(unit: &[u8], at: usize) -> Vec<u8> {
    let byte = unit[at];
    let mut changed: Vec<u8> = match (cfg!(debug_assertions), is_inner(unit, at)) {
        (false, _) => (0..=255).collect(),
        (true, false) => (0..8).map(|bit| byte ^ 1 << bit).chain([0, 0xff, byte.wrapping_add(1)]).collect(),
        // Nothing but that byte depends on it.
        (true, true) if at.is_multiple_of(8) => vec![byte ^ 0x80, 0],
        (true, true) => Vec::new(),
    };
    changed.sort_unstable();
    changed.dedup();
    changed.retain(|other| *other != byte);
    changed
}

fn exhaust(script: &Script) {
    let recorded = record(script);
    for (side, events) in recorded.iter().enumerate() {
        let guarded = |place: usize, what: &str, unit: &[u8]| {
            let done = catch_unwind(AssertUnwindSafe(|| replay(script, events, place, unit)));
            if done.is_err() {
                let shown = wherever::wire::describe::describe(unit, &Limits::default());
                panic!("side {side}, event {place}, {what}: {unit:02x?}\n{shown}");
            }
        };
        for (place, event) in events.iter().enumerate() {
            let Event::Put(unit) = event else { continue };
            if cfg!(debug_assertions) && unit.starts_with(b"wherever") && !script.greets {
                continue;
            }
            guarded(place, "as it was", unit);
            for len in 0..unit.len() {
                if !cfg!(debug_assertions) || !is_inner(unit, len) {
                    guarded(place, "cut", &unit[..len]);
                }
            }
            for at in 0..unit.len() {
                for changed in changes(unit, at) {
                    let mut unit = unit.clone();
                    unit[at] = changed;
                    guarded(place, &format!("byte {at}"), &unit);
                }
            }
        }
    }
}

fn by_name(manual: &Manual, held: &mut Held, name: &str) -> Result<(), Error> {
    held.promises.push(manual.peer().promise(name)?);
    Ok(())
}

/// The object that the promise at this place came to.
fn proxy(held: &Held, place: usize) -> Result<Proxy, Error> {
    held.promises.get(place).ok_or(Error::Stopped)?.result()?.to()
}

fn every_value() -> Vec<Value> {
    let shared = Value::Tuple(Items::new([Value::from(1), Value::text("é")]));
    let list = Value::List(Items::new([Value::None]));
    vec![
        Value::None,
        Value::Bool(true),
        Value::from(-70_000),
        Value::from(63),
        BigInt::new(true, &[1; 12]).into(),
        Value::Float(1.5),
        Value::Complex(0.5, -2.0),
        Value::bytes(*b"by"),
        Value::tuple([shared.clone(), shared]),
        Value::FrozenSet(Items::new([Value::from(1)])),
        Value::Cycle(Cycle::to(&list).unwrap()),
    ]
}

#[test]
fn calls_and_values() {
    exhaust(&Script {
        limits: |_| {},
        greets: false,
        acts: &[
            (Left, |left, held| by_name(left, held, "thing")),
            (Left, |_, held| {
                let thing = proxy(held, 0)?;
                for value in every_value() {
                    // The back edge is none without its container, and is refused before it leaves.
                    held.promises.extend(thing.promise("echo", (value,)));
                }
                Ok(())
            }),
            (Right, |right, held| {
                by_name(right, held, "thing")?;
                by_name(right, held, "nothing")
            }),
            (Right, |_, held| {
                let thing = proxy(held, 0)?;
                held.promises.push(thing.promise("fail", ())?);
                thing.one_way("touch", ())?;
                held.promises.push(thing.method("echo").named("n", 1).within(Duration::from_secs(1)).promise()?);
                Ok(())
            }),
        ],
    });
}

#[test]
fn promises_and_batches() {
    exhaust(&Script {
        limits: |_| {},
        greets: false,
        acts: &[
            (Left, |left, held| {
                let batch = left.peer().batch();
                by_name(left, held, "thing")?;
                let made = held.promises[0].call("make", ())?;
                let last = made.call("touch", ())?;
                batch.send();
                held.promises.extend([made, last]);
                Ok(())
            }),
            (Right, |right, held| {
                by_name(right, held, "thing")?;
                let thing = &held.promises[0];
                let made = thing.call("make", ())?;
                let kept = thing.call("keep", (Value::from(&made),))?;
                let failed = thing.call("fail", ())?.call("touch", ())?;
                held.promises.extend([made, kept, failed]);
                Ok(())
            }),
            (Left, |_, held| {
                let waits = held.promises[0].call("wait", ())?;
                held.promises.push(waits);
                Ok(())
            }),
            (Left, |_, held| {
                let waits = held.promises.pop().ok_or(Error::Stopped)?;
                waits.cancel();
                held.promises.push(waits);
                held.promises.remove(1);
                Ok(())
            }),
        ],
    });
}

#[test]
fn references_and_callbacks() {
    exhaust(&Script {
        limits: |_| {},
        greets: false,
        acts: &[
            (Left, |left, held| {
                by_name(left, held, "derived")?;
                by_name(left, held, "class")?;
                by_name(left, held, "call_back")
            }),
            (Left, |_, held| {
                let (derived, call_back) = (proxy(held, 0)?, proxy(held, 2)?);
                let own = Function::new("own", |mut args: Arguments, _| args.take::<Value>(0, "what"));
                held.promises.push(call_back.request(Operation::Call).args((own,)).promise()?);
                held.promises.push(proxy(held, 1)?.request(Operation::Call).args((derived.clone(),)).promise()?);
                held.proxies.push(derived);
                Ok(())
            }),
            (Right, |right, held| by_name(right, held, "call_back")),
            (Right, |_, held| {
                // Its result is held by a promise that the other side owes: told before it comes.
                let call_back = proxy(held, 0)?;
                let own = Function::later("own", |_, context| context.reply().settle(Ok(Value::from(1))));
                held.promises.push(call_back.request(Operation::Call).args((own,)).promise()?);
                Ok(())
            }),
            (Left, |_, held| {
                held.promises.truncate(1);
                held.proxies.clear();
                Ok(())
            }),
        ],
    });
}

#[test]
fn containers() {
    exhaust(&Script {
        limits: |_| {},
        greets: false,
        acts: &[
            (Left, |left, held| ["list", "dict", "set"].into_iter().try_for_each(|name| by_name(left, held, name))),
            (Left, |_, held| {
                let whole = |held: &Held, place| proxy(held, place)?.request(Operation::Whole).stream(u64::MAX);
                let (dict, set) = (whole(held, 1)?, whole(held, 2)?);
                let list = proxy(held, 0)?.request(Operation::Whole).prefetch(&["name", "nothing"]).stream(u64::MAX)?;
                held.streams.extend([dict, set, list]);
                Ok(())
            }),
        ],
    });
}

#[test]
fn streams() {
    exhaust(&Script {
        limits: |_| {},
        greets: false,
        acts: &[
            (Left, |left, held| by_name(left, held, "steps")),
            (Right, |right, held| by_name(right, held, "steps")),
            (Left, |_, held| {
                let steps = proxy(held, 0)?.buffered(2)?;
                held.streams.push(steps);
                Ok(())
            }),
            (Right, |_, held| {
                let steps = proxy(held, 0)?.buffered(20)?;
                held.streams.push(steps);
                Ok(())
            }),
            (Left, |_, held| {
                let steps = held.streams.last_mut().ok_or(Error::Stopped)?;
                steps.by_ref().take(2).count();
                // Nothing is left, so that this look grants more.
                steps.is_ready();
                Ok(())
            }),
            (Left, |_, held| {
                held.streams.clear();
                Ok(())
            }),
        ],
    });
}

#[test]
fn messages_in_parts() {
    exhaust(&Script {
        limits: |limits| limits.told.frame_len_max = 1024,
        greets: false,
        acts: &[
            (Left, |left, held| by_name(left, held, "thing")),
            (Right, |right, held| by_name(right, held, "thing")),
            (Left, |_, held| {
                let callback = Function::new("callback", |_, _| Ok(Value::None));
                held.promises.push(proxy(held, 0)?.promise("keep", (vec![7_u8; 1200], callback))?);
                Ok(())
            }),
            (Right, |_, held| {
                held.promises.push(proxy(held, 0)?.promise("echo", (vec![7_u8; 1100],))?);
                Ok(())
            }),
        ],
    });
}

#[test]
fn closing() {
    exhaust(&Script {
        limits: |_| {},
        greets: true,
        acts: &[
            (Left, |left, held| {
                left.peer().promise("thing")?.proxy()?.one_way("touch", ())?;
                by_name(left, held, "thing")
            }),
            (Right, |right, held| by_name(right, held, "thing")),
            (Left, |left, _| {
                left.peer().close("done");
                Ok(())
            }),
        ],
    });
}
