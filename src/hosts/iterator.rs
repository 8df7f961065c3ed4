//! Iterators with effects as objects: stepped as asked, by whoever holds them, and closed with the last reference.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread::{self, ThreadId};

use parking_lot::Mutex;

use crate::context::{CallContext, Reply};
use crate::error::Error;
use crate::host::{Host, Operation, Outcome, Own, Request, Step, ValueStream};
use crate::hosts::arguments::exact;
use crate::shape::{Category, Member, Shape};
use crate::table::Id;
use crate::value::Value;

/// An iterator as an object of its own.
///
/// Every item is made when it is asked for, never ahead. All who iterate over it share its place: each goes on where
/// another stopped. It is dropped when it ends, when it fails, or with the last reference.
pub struct IteratorHost(Arc<Mutex<State>>);

type Items = Box<dyn Iterator<Item = Result<Value, Error>> + Send>;

/// What the iterator is doing. It steps without a lock held, so it is taken out meanwhile.
enum State {
    Idle(Items),
    /// A step is being made; these want the next ones, in this order.
    Stepping(Stepper, Vec<Waiting>),
    Ended,
}

/// Who makes a step.
struct Stepper {
    thread: ThreadId,
    /// The session and the call, where it serves one.
    call: Option<(u64, Id)>,
}

enum Waiting {
    /// A stream, to be asked again; the flag says that it is in the line, where it stands once.
    Stream(Reply, Arc<AtomicBool>),
    /// A call of `next`, to be given its result.
    Next(Reply),
}

/// One shape for all iterators: it is constant.
static SHAPE: LazyLock<Arc<Shape>> = LazyLock::new(|| {
    let doc = "The next item, as a tuple of one; at the end a tuple of none.";
    Arc::new(
        Shape::new("rust:iterator", Category::Iterator)
            .doc_text("An iterator of Rust, stepped as asked.")
            .member(Member::method("next").signature("()").doc(doc))
            .operations(&[Operation::Iterate, Operation::Text, Operation::Truth, Operation::Dir]),
    )
});

/// An object that gives the items of this iterator, one by one as they are asked for.
pub fn iterator<I>(items: I) -> Own
where
    I: Iterator<Item = Result<Value, Error>> + Send + 'static,
{
    Own::new(IteratorHost::new(items))
}

/// A stream as an object: for an operation that is answered by a reference, and whose host gave items.
pub(crate) fn iterator_of_stream(mut source: Box<dyn ValueStream>) -> Own {
    iterator(std::iter::from_fn(move || match source.next() {
        Step::Item(item) => Some(Ok(item)),
        Step::End => None,
        Step::Failed(error) => Some(Err(error)),
        Step::Later => Some(Err(Error::Misuse("a stream held as an object cannot give its items later".into()))),
    }))
}

impl IteratorHost {
    /// As [`iterator`], before there is a reference to it.
    pub fn new<I>(items: I) -> Self
    where
        I: Iterator<Item = Result<Value, Error>> + Send + 'static,
    {
        let items: Items = Box::new(items);
        Self(Arc::new(Mutex::new(State::Idle(items))))
    }
}

/// What came of the wish to make a step.
enum Begun<'a> {
    Step(UnderWay<'a>),
    /// There is nothing to step, or not now.
    Not(Step),
}

/// Takes the iterator out for one step, or notes who waits for the step under way.
fn begin<'a>(state: &'a Mutex<State>, context: &CallContext, waiting: Waiting) -> Begun<'a> {
    let mut locked = state.lock();
    match &mut *locked {
        State::Ended => Begun::Not(Step::End),
        State::Stepping(stepper, _) if stepper.is_within(context) => {
            let text = "the iterator is being stepped by a call that this one is nested in";
            Begun::Not(Step::Failed(Error::Busy(text.into())))
        }
        State::Stepping(_, line) => {
            let stands = matches!(&waiting, Waiting::Stream(_, stands) if stands.swap(true, Ordering::AcqRel));
            if !stands {
                line.push(waiting);
            }
            Begun::Not(Step::Later)
        }
        State::Idle(_) => {
            let stepping = State::Stepping(Stepper::of(context), Vec::new());
            match std::mem::replace(&mut *locked, stepping) {
                State::Idle(items) => Begun::Step(UnderWay { state, items: Some(items), ended: false }),
                _ => Begun::Not(Step::End),
            }
        }
    }
}

/// Steps the iterator once, and lets those who waited meanwhile go on.
fn step(state: &Mutex<State>, context: &CallContext, waiting: Waiting) -> Step {
    let mut under_way = match begin(state, context, waiting) {
        Begun::Step(under_way) => under_way,
        Begun::Not(step) => return step,
    };
    let made = under_way.make();
    let mut line = under_way.end();
    while let Some(waiting) = line.0.pop_front() {
        let reply = match waiting {
            Waiting::Stream(reply, stands) => {
                stands.store(false, Ordering::Release);
                reply.resume();
                continue;
            }
            Waiting::Next(reply) => reply,
        };
        match begin(state, context, Waiting::Next(reply.clone())) {
            Begun::Step(mut under_way) => {
                reply.settle(next_result(under_way.make()));
                line.0.append(&mut under_way.end().0);
            }
            // It waits again, for whoever came first.
            Begun::Not(Step::Later) => {}
            Begun::Not(step) => reply.settle(next_result(step)),
        }
    }
    made
}

/// A step under way. If it panics, the iterator has ended.
struct UnderWay<'a> {
    state: &'a Mutex<State>,
    /// None after the end.
    items: Option<Items>,
    ended: bool,
}

/// Those who waited for a step. Whoever is left in it when it is dropped, by a panic, goes on without being served.
struct Line(VecDeque<Waiting>);

impl Drop for Line {
    fn drop(&mut self) {
        for waiting in self.0.drain(..) {
            // A call of `next` fails with the drop of its reply.
            if let Waiting::Stream(reply, stands) = waiting {
                stands.store(false, Ordering::Release);
                reply.resume();
            }
        }
    }
}

impl UnderWay<'_> {
    fn make(&mut self) -> Step {
        // Out of its place meanwhile: a panic drops it here, before the others are told.
        let Some(mut items) = self.items.take() else {
            return Step::End;
        };
        match items.next() {
            Some(Ok(item)) => {
                self.items = Some(items);
                Step::Item(item)
            }
            Some(Err(error)) => Step::Failed(error),
            None => Step::End,
        }
    }

    /// Puts the iterator back; who waited meanwhile.
    fn end(mut self) -> Line {
        self.put_back()
    }

    fn put_back(&mut self) -> Line {
        self.ended = true;
        let after = self.items.take().map_or(State::Ended, State::Idle);
        let before = std::mem::replace(&mut *self.state.lock(), after);
        match before {
            State::Stepping(_, line) => Line(line.into()),
            State::Idle(_) | State::Ended => Line(VecDeque::new()),
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if !self.ended {
            drop(self.put_back());
        }
    }
}

fn next_result(step: Step) -> Result<Value, Error> {
    match step {
        Step::Item(item) => Ok(Value::tuple([item])),
        Step::End | Step::Later => Ok(Value::tuple([])),
        Step::Failed(error) => Err(error.named("rust:iterator.next")),
    }
}

impl Stepper {
    fn of(context: &CallContext) -> Self {
        let call = context.session_number().zip(context.chain());
        Self {
            thread: thread::current().id(),
            call: call.and_then(|(session, chain)| Some((session, chain.served_in(session)?))),
        }
    }

    /// Whether this call is made from within the step, so that waiting for its end would never end.
    fn is_within(&self, context: &CallContext) -> bool {
        let nested = self.call.zip(context.chain());
        self.thread == thread::current().id()
            || nested.is_some_and(|((session, answer), chain)| chain.goes_through(session, answer))
    }
}

struct Steps {
    state: Arc<Mutex<State>>,
    context: CallContext,
    waits: Arc<AtomicBool>,
}

impl ValueStream for Steps {
    fn next(&mut self) -> Step {
        step(&self.state, &self.context, Waiting::Stream(self.context.reply(), self.waits.clone()))
    }
}

impl Host for IteratorHost {
    fn shape(&self) -> Arc<Shape> {
        SHAPE.clone()
    }

    fn operate(&self, request: Request, context: &CallContext) -> Outcome {
        let result = match (request.operation, request.member.as_deref()) {
            (Operation::Iterate, _) => {
                return Outcome::Stream(Box::new(Steps {
                    state: self.0.clone(),
                    context: context.clone(),
                    waits: Arc::default(),
                }));
            }
            (Operation::Call, Some("next")) => match exact(request.arguments, "next") {
                Ok([]) => match step(&self.0, context, Waiting::Next(context.reply())) {
                    Step::Later => return Outcome::Later,
                    made => next_result(made),
                },
                Err(error) => Err(error),
            },
            (Operation::Call | Operation::Get, Some(name)) if name != "next" => Err(Error::no_member(&SHAPE, name)),
            (Operation::Text, _) => Ok(Value::text("<rust:iterator>")),
            (Operation::Truth, _) => Ok(Value::Bool(true)),
            (Operation::Dir, _) => Ok(Value::tuple([Value::text("next")])),
            (operation, _) => Err(Error::not_supported(&SHAPE, operation)),
        };
        result.into()
    }

    fn as_any(&self) -> Option<&dyn std::any::Any> {
        Some(self)
    }
}

impl fmt::Debug for IteratorHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IteratorHost")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::context::{Chain, ReplyTo};
    use crate::hosts::testing::{ask, call, error_name};

    fn counting(len: i64) -> (Own, Arc<AtomicUsize>, Arc<()>) {
        let (made, alive) = (Arc::new(AtomicUsize::new(0)), Arc::new(()));
        let (counter, held) = (made.clone(), alive.clone());
        let items = (0..len).map(move |number| {
            let _held = &held;
            counter.fetch_add(1, Ordering::Relaxed);
            Ok(Value::Int(number))
        });
        (iterator(items), made, alive)
    }

    fn stream(own: &Own, context: &CallContext) -> Box<dyn ValueStream> {
        match own.host().operate(Request::new(Operation::Iterate), context) {
            Outcome::Stream(stream) => stream,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn items_are_made_as_they_are_asked_for() {
        let (own, made, _) = counting(4);
        let context = CallContext::local();
        let (mut one, mut two) = (stream(&own, &context), stream(&own, &context));
        assert_eq!(made.load(Ordering::Relaxed), 0);
        assert!(matches!(one.next(), Step::Item(Value::Int(0))));
        assert!(matches!(two.next(), Step::Item(Value::Int(1))), "goes on where the first stopped");
        assert_eq!(made.load(Ordering::Relaxed), 2);
        drop(one);
        assert_eq!(call(&**own.host(), "next", vec![]).unwrap(), Value::tuple([Value::Int(2)]));
        assert!(matches!(two.next(), Step::Item(Value::Int(3))));
        assert!(matches!(two.next(), Step::End));
        assert_eq!(call(&**own.host(), "next", vec![]).unwrap(), Value::tuple([]));
        assert!(matches!(call(&**own.host(), "send", vec![]), Err(Error::NoMember { .. })));
    }

    #[test]
    fn it_is_dropped_at_its_end_and_with_the_last_reference() {
        let (own, _, alive) = counting(1);
        assert_eq!(Arc::strong_count(&alive), 2);
        ask(&**own.host(), Operation::Iterate, vec![]).unwrap();
        assert_eq!(Arc::strong_count(&alive), 1, "ended");
        let (own, _, alive) = counting(1);
        drop(own);
        assert_eq!(Arc::strong_count(&alive), 1, "let go");
    }

    #[test]
    fn a_failure_is_its_end() {
        let items = [Err(Error::raise("t:broken", "")), Ok(Value::None)];
        let own = iterator(items.into_iter());
        assert_eq!(error_name(call(&**own.host(), "next", vec![])), "t:broken");
        assert_eq!(call(&**own.host(), "next", vec![]).unwrap(), Value::tuple([]));
    }

    /// Notes what a session would be told.
    #[derive(Default)]
    struct Told(Mutex<Vec<String>>);

    impl ReplyTo for Told {
        fn settle(&self, answer: Id, result: Result<Value, Error>) {
            self.0.lock().push(format!("{answer:?} {result:?}"));
        }
        fn suspend(&self, _: Id) {}
        fn resume(&self, answer: Id) {
            self.0.lock().push(format!("{answer:?} resumed"));
        }
        fn run_later(&self, task: Box<dyn FnOnce() + Send>) {
            task();
        }
    }

    fn served(told: &Arc<Told>, number: u64, outer: Option<Chain>) -> CallContext {
        let answer = Id::theirs(number);
        CallContext {
            chain: Some(Chain::new(1, answer, outer.map(Arc::new))),
            session: Some(1),
            reply: Reply::new(told.clone(), answer),
            ..CallContext::local()
        }
    }

    /// An iterator that stops in each step until the sender is used; tells when it is there.
    fn gated() -> (Own, std::sync::mpsc::Receiver<()>, std::sync::mpsc::Sender<bool>) {
        let (there, arrived) = std::sync::mpsc::channel();
        let (go, gate) = std::sync::mpsc::channel::<bool>();
        let items = std::iter::from_fn(move || {
            there.send(()).unwrap();
            assert!(gate.recv().unwrap(), "told to panic");
            Some(Ok(Value::None))
        });
        (iterator(items), arrived, go)
    }

    #[test]
    fn those_who_meet_a_step_under_way_wait_for_its_end() {
        let (own, arrived, go) = gated();
        let told = Arc::new(Told::default());
        let first = served(&told, 1, None);
        let chain = first.chain().cloned();
        let mut stepping = stream(&own, &first);
        let thread = thread::spawn(move || stepping.next());
        arrived.recv().unwrap();

        let next = |context: &CallContext| own.host().operate(Request::member(Operation::Call, "next"), context);
        let mut waiting = stream(&own, &served(&told, 2, None));
        assert!(matches!(waiting.next(), Step::Later));
        assert!(matches!(waiting.next(), Step::Later), "asked again, it stands in the line once");
        assert!(matches!(next(&served(&told, 3, None)), Outcome::Later));
        let nested = next(&served(&told, 4, chain));
        assert!(matches!(nested, Outcome::Error(Error::Busy(_))), "{nested:?}");
        go.send(true).unwrap();
        go.send(true).unwrap();
        assert!(matches!(thread.join().unwrap(), Step::Item(Value::None)));
        let told = told.0.lock().join("; ");
        assert_eq!(told.matches("resumed").count(), 1, "{told}");
        assert!(told.contains("their2 resumed; their3 Ok((None,))"), "{told}");
    }

    #[test]
    fn a_panic_ends_it_and_strands_no_one() {
        let (own, arrived, go) = gated();
        let told = Arc::new(Told::default());
        let mut stepping = stream(&own, &served(&told, 1, None));
        let thread = thread::spawn(move || stepping.next());
        arrived.recv().unwrap();
        let mut waiting = stream(&own, &served(&told, 2, None));
        assert!(matches!(waiting.next(), Step::Later));
        go.send(false).unwrap();
        assert!(thread.join().is_err());
        assert!(told.0.lock().contains(&"their2 resumed".to_owned()));
        assert!(matches!(waiting.next(), Step::End));
    }
}
