//! Tests of turns without any session.

use std::collections::VecDeque;

use parking_lot::Mutex;

use super::*;
use crate::host::{Host, Operation, Request};
use crate::hosts::Class;
use crate::interrupt::Interrupt;

/// What a session would be told; tasks run at once, or are kept, or are dropped.
#[derive(Default)]
struct Told {
    results: Mutex<Vec<Result<Value, Error>>>,
    tasks: Mutex<VecDeque<Box<dyn FnOnce() + Send>>>,
    keeps: bool,
    drops: bool,
}

impl ReplyTo for Told {
    fn settle(&self, _: Id, result: Result<Value, Error>) {
        self.results.lock().push(result);
    }
    fn suspend(&self, _: Id) {}
    fn resume(&self, _: Id) {}
    fn run_later(&self, task: Box<dyn FnOnce() + Send>) {
        match (self.keeps, self.drops) {
            (true, _) => self.tasks.lock().push_back(task),
            (_, true) => drop(task),
            _ => task(),
        }
    }
}

fn served(told: &Arc<Told>, number: u64) -> CallContext {
    let answer = Id::theirs(number);
    CallContext {
        chain: Some(Chain::new(1, answer, None)),
        session: Some(1),
        reply: Reply::new(told.clone(), answer),
        ..CallContext::local()
    }
}

type Desk = Turned<Vec<u64>>;

fn place() -> Called {
    Called::new(&"test".into(), "", &Arc::default())
}

/// A call that adds a number.
fn add(desk: &Desk, context: &CallContext, number: u64) -> Outcome {
    desk.ask(Use::Exclusive, &place(), context, move |value, turn, _| {
        with_mut(value, turn, |numbers| {
            numbers.push(number);
            Outcome::Value(number.into())
        })
    })
}

/// A call that has the turn for as long as what it gives lives.
fn hold(desk: &Desk, told: &Arc<Told>) -> Arc<Turn> {
    let held = Arc::new(Mutex::new(None));
    let holds = held.clone();
    desk.ask(Use::Exclusive, &place(), &served(told, 0), move |_, turn, _| {
        *holds.lock() = Some(Arc::new(turn));
        Outcome::Later
    });
    let turn = held.lock().take();
    turn.unwrap()
}

const MANY: u64 = 100_000;

fn queue_many(told: &Arc<Told>) -> Desk {
    let desk = Desk::new(Vec::new());
    let turn = hold(&desk, told);
    for number in 1..=MANY {
        assert!(matches!(add(&desk, &served(told, number), number), Outcome::Later));
    }
    drop(turn);
    desk
}

#[test]
fn a_hundred_thousand_in_the_queue_run_one_after_another_and_not_on_top_of_each_other() {
    let told = Arc::new(Told::default());
    let desk = queue_many(&told);
    assert!(desk.with(|numbers| numbers.iter().copied().eq(1..=MANY)).unwrap());
    let results = told.results.lock().iter().filter(|result| result.is_ok()).count() as u64;
    // And one that was never settled but by being dropped.
    assert_eq!(results, MANY);
    assert!(desk.turns.is_idle());
}

#[test]
fn tasks_that_nobody_runs_give_the_turn_back() {
    let told = Arc::new(Told { drops: true, ..Told::default() });
    let desk = queue_many(&told);
    assert!(desk.with(Vec::is_empty).unwrap());
    assert_eq!(told.results.lock().iter().filter(|result| result.is_err()).count() as u64, MANY + 1);
    assert!(desk.turns.is_idle());
}

#[test]
fn what_is_next_is_not_run_by_whoever_ends_the_turn() {
    let told = Arc::new(Told { keeps: true, ..Told::default() });
    let desk = Desk::new(Vec::new());
    let turn = hold(&desk, &told);
    let (second, third) = (served(&told, 2), served(&told, 3));
    assert!(matches!(add(&desk, &second, 2), Outcome::Later));
    assert!(matches!(add(&desk, &third, 3), Outcome::Later));
    drop(turn);
    assert_eq!(told.tasks.lock().len(), 1, "the next one has the turn, and waits to be run");
    second.stop.set();
    second.stop.tell();
    let task = told.tasks.lock().pop_front().unwrap();
    task();
    assert!(matches!(told.results.lock().last(), Some(Err(Error::Stopped))));
    let task = told.tasks.lock().pop_front().unwrap();
    task();
    assert_eq!(desk.with(Clone::clone).unwrap(), [3]);
    assert!(desk.turns.is_idle());
}

#[test]
fn one_that_is_stopped_leaves_the_queue() {
    let told = Arc::new(Told::default());
    let desk = Desk::new(Vec::new());
    let turn = hold(&desk, &told);
    let contexts: Vec<_> = (1..4).map(|number| served(&told, number)).collect();
    for (number, context) in (1..).zip(&contexts) {
        assert!(matches!(add(&desk, context, number), Outcome::Later));
    }
    let first = served(&told, 9);
    first.stop.set();
    assert!(matches!(add(&desk, &first, 9), Outcome::Later), "stopped before it comes");
    contexts[1].stop.set();
    contexts[1].stop.tell();
    let stopped = told.results.lock().iter().filter(|result| matches!(result, Err(Error::Stopped))).count();
    assert_eq!(stopped, 2);
    drop(turn);
    assert_eq!(desk.with(Clone::clone).unwrap(), [1, 3]);
}

#[test]
fn a_thread_of_this_side_that_waits_can_be_interrupted() {
    let told = Arc::new(Told::default());
    let desk = Desk::new(Vec::new());
    let turn = hold(&desk, &told);
    let interrupt = Interrupt::new();
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| interrupt.scope(|| desk.with(|_| ())));
        interrupt.trigger();
        assert!(matches!(waits.join().unwrap(), Err(Error::Interrupted)));
    });
    drop(turn);
    interrupt.scope(|| desk.with_mut(|numbers| numbers.push(1))).unwrap();
    assert!(desk.turns.is_idle());
}

#[test]
fn what_may_not_wait_is_told_that_others_use_the_object() {
    let told = Arc::new(Told::default());
    let desk = Desk::new(Vec::new());
    let turn = hold(&desk, &told);
    let context = CallContext { may_wait: false, ..CallContext::local() };
    let refused = add(&desk, &context, 1);
    assert!(matches!(refused, Outcome::Error(Error::Busy(_))), "{refused:?}");
    drop(turn);
    assert!(matches!(add(&desk, &context, 1), Outcome::Value(_)));
}

#[test]
fn this_side_within_itself_is_told() {
    let desk = Desk::new(Vec::new());
    let nested = desk.with(|_| (desk.with(|_| ()).is_ok(), desk.with_mut(|_| ()).is_ok())).unwrap();
    assert_eq!(nested, (true, false), "as a `RefCell`");
    let nested = desk.with_mut(|_| desk.with(|_| ())).unwrap();
    let Err(Error::Busy(text)) = nested else { panic!("{nested:?}") };
    assert!(text.contains("Vec<u64>"), "{text}");
    assert!(desk.turns.is_idle());
}

#[test]
fn members_that_take_no_turn_are_free_beside_those_that_do() {
    let class = Class::<Desk>::builder("rust:test.Desk")
        .method("nothing", |_: &Desk, _, _| Ok(Value::None))
        .stream_ref("all", |numbers: &Vec<u64>, _, _| {
            Ok(crate::hosts::stream(numbers.clone().into_iter().map(Value::from)))
        })
        .later_mut("late", |mut numbers, _, context| {
            numbers.push(1);
            context.reply().settle(Ok(Value::None));
        })
        .build();
    let own = class.instance(Desk::new(vec![7]));
    let call = |name: &str| own.host().operate(Request::member(Operation::Call, name), &CallContext::local());
    assert!(matches!(call("nothing"), Outcome::Value(Value::None)));
    assert!(matches!(call("all"), Outcome::Stream(_)));
    assert!(matches!(call("late"), Outcome::Later));
    let desk = own.downcast::<crate::hosts::Instance<Desk>>().unwrap();
    assert_eq!(desk.with(Clone::clone).unwrap(), [7, 1]);
    let host: &dyn Host = &**own.host();
    assert!(host.whole().is_err());
}
