//! Turns: one call at a time on `&mut`, several on `&`; who waits holds nothing, and who would wait for itself is told.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use wherever::clock::ManualClock;
use wherever::context::CallContext;
use wherever::drive::{Lane, Manual};
use wherever::hosts::{Class, Exclusive, Function, Instance, Shared, Turned};
use wherever::policy::Policy;
use wherever::transport::memory_pair;
use wherever::value::Items;
use wherever::{Arguments, Error, Node, Operation, Own, Promise, Proxy, Value};
use wherever_tests::lab::{assert_idle, got};
use wherever_tests::pair::{Pair, node};

/// What is used by turns: a text that grows.
#[derive(Default)]
struct Desk {
    written: Vec<String>,
}

/// A call that has the turn and is not settled yet; the value, as long as it is not let go.
struct Held {
    alone: Option<Exclusive<Desk>>,
    shared: Option<Shared<Desk>>,
    context: CallContext,
}

impl Held {
    fn open(mut self, result: impl Into<Value>) {
        (self.alone, self.shared) = (None, None);
        self.context.reply().settle(Ok(result.into()));
    }
}

type Calls = Arc<Mutex<VecDeque<Held>>>;

/// The object, and the calls that it holds on to.
fn desk() -> (Own, Calls) {
    let calls = Calls::default();
    let (alone, shared) = (calls.clone(), calls.clone());
    let class = Class::<Turned<Desk>>::builder("rust:test.Desk")
        .method_mut("write", |desk: &mut Desk, mut arguments: Arguments, _| {
            desk.written.push(arguments.take(0, "text")?);
            Ok((desk.written.len() as u64).into())
        })
        .method_mut("panic", |_, _, _| panic!("as asked"))
        .method_mut("call_back", |desk: &mut Desk, mut arguments: Arguments, _| {
            let result = arguments.take::<Proxy>(0, "back")?.invoke(());
            desk.written.push("back".into());
            result
        })
        .method_mut("own", |desk: &mut Desk, mut arguments: Arguments, _| {
            let me: Proxy = arguments.take(0, "me")?;
            me.one_way("write", ("later",))?;
            desk.written.push("now".into());
            me.call("write", ("never",))
        })
        .method_ref("read", |desk: &Desk, _, _| Ok(desk.written.join(" ").into()))
        .later_mut("hold", move |desk, _, context| {
            alone.lock().push_back(Held { alone: Some(desk), shared: None, context });
        })
        .later_ref("look", move |desk, _, context| {
            shared.lock().push_back(Held { alone: None, shared: Some(desk), context });
        })
        .async_mut("wait", |mut desk, mut arguments: Arguments, _| async move {
            let whom: Proxy = arguments.take(0, "whom")?;
            let what = whom.request(Operation::Call).await?;
            desk.written.push(what.to()?);
            Ok(Value::None)
        })
        .writable_mut(
            "last",
            |desk: &Desk| Ok(desk.written.last().cloned().unwrap_or_default().into()),
            |desk: &mut Desk, text| {
                desk.written.push(text.to()?);
                Ok(())
            },
        )
        .operation_ref(Operation::Length, |desk: &Desk, _, _| Ok((desk.written.len() as u64).into()).into())
        .whole_ref(|desk: &Desk| Ok(Value::List(Items::new(desk.written.iter().map(|text| text.as_str().into())))))
        .build();
    (class.instance(Turned::new(Desk::default())), calls)
}

/// Two nodes by hand; the right one exports a desk.
struct Set {
    pair: Pair,
    right: Node,
    proxy: Proxy,
    own: Own,
    calls: Calls,
}

impl Set {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::default());
        let right = node(&clock, Policy::Closed);
        let (own, calls) = desk();
        right.export("desk", own.clone());
        let pair = Pair::of(&clock, &node(&clock, Policy::Closed), &right);
        let proxy = got(&pair, "desk");
        Self { pair, right, proxy, own, calls }
    }

    /// A call in a lane of its own.
    fn call(&self, lane: u64, member: &str, text: &str) -> Promise {
        Lane::numbered(lane).run(|| self.proxy.promise(member, (text,)).unwrap())
    }

    /// As [`Self::call`], and everything is carried.
    fn called(&self, lane: u64, member: &str, text: &str) -> Promise {
        let promise = self.call(lane, member, text);
        self.pair.settle();
        promise
    }

    #[track_caller]
    fn next(&self) -> Held {
        self.calls.lock().pop_front().unwrap()
    }

    fn open(&self) {
        self.next().open(());
        self.pair.settle();
    }

    #[track_caller]
    fn written(&self) -> String {
        let turned = self.own.downcast::<Instance<Turned<Desk>>>().unwrap();
        turned.with(|desk| desk.written.join(" ")).unwrap()
    }

    #[track_caller]
    fn assert_idle(self) {
        assert!(self.calls.lock().is_empty());
        self.written();
        drop(self.proxy);
        assert_idle(&[&self.pair]);
    }
}

fn busy(result: Result<Value, Error>) -> String {
    match result {
        Err(Error::Busy(text)) => text.to_string(),
        other => panic!("not busy: {other:?}"),
    }
}

#[test]
fn calls_of_several_lanes_queue_and_keep_their_order() {
    let set = Set::new();
    let hold = set.called(1, "hold", "");
    let before = set.pair.left.peer().stats().messages();
    let promises: Vec<_> = (2..7).map(|lane| set.called(lane, "write", &lane.to_string())).collect();
    assert!(promises.iter().all(|promise| !promise.is_ready()));
    assert_eq!(set.pair.right.jobs(), 0, "they hold no worker");
    set.open();
    assert_eq!(set.written(), "2 3 4 5 6");
    assert!(promises.iter().all(|promise| promise.result().is_ok()));
    let messages = set.pair.left.peer().stats().messages() - before;
    assert_eq!(messages, 11, "a call each way, and the RETURN of the one that held them up");
    drop((hold, promises));
    set.assert_idle();
}

#[test]
fn a_deadline_applies_in_the_queue() {
    let set = Set::new();
    let hold = set.called(1, "hold", "");
    let late = Lane::numbered(2).run(|| {
        let call = set.proxy.method("write").args(("late",)).within(Duration::from_millis(50));
        call.promise().unwrap()
    });
    let behind = set.called(3, "write", "behind");
    set.pair.clock.advance(Duration::from_millis(60));
    set.pair.right.tick();
    set.pair.settle();
    assert_eq!(set.pair.right.peer().stats().answers, 2, "it left the queue, and was answered");
    set.pair.left.tick();
    assert!(matches!(late.result(), Err(Error::Deadline(_) | Error::Stopped)), "{:?}", late.result());
    set.open();
    assert_eq!(set.written(), "behind");
    drop((hold, late, behind));
    set.assert_idle();
}

#[test]
fn a_stopped_call_leaves_the_queue_at_once() {
    let set = Set::new();
    let look = set.called(1, "look", "");
    let stopped = set.called(2, "write", "never");
    let behind = set.called(3, "look", "");
    assert_eq!(set.calls.lock().len(), 1, "who reads does not overtake who writes");
    stopped.cancel();
    set.pair.settle();
    assert_eq!(set.calls.lock().len(), 2, "nobody is in its way any more");
    assert!(matches!(stopped.result(), Err(Error::Stopped)));
    set.open();
    set.open();
    assert_eq!(set.written(), "");
    drop((look, stopped, behind));
    set.assert_idle();
}

#[test]
fn what_is_stopped_between_its_turn_and_its_run_does_not_run() {
    let set = Set::new();
    let hold = set.called(1, "hold", "");
    let stopped = set.called(2, "write", "never");
    let held = set.next();
    // A job of the same side ends the turn: what is next runs after the job.
    let cancel = Mutex::new(Some((held, stopped.clone())));
    let left = set.pair.left.clone();
    let right = set.pair.right.clone();
    set.right.export(
        "end",
        Function::new("end", move |_, _| {
            let (held, stopped) = cancel.lock().take().unwrap();
            held.open(());
            stopped.cancel();
            carry(&left, &right);
            Ok(Value::None)
        })
        .into_own(),
    );
    let end = got(&set.pair, "end");
    let ended = end.request(Operation::Call).promise().unwrap();
    set.pair.settle();
    assert!(ended.result().is_ok());
    assert_eq!(set.written(), "");
    set.right.unexport("end");
    drop((hold, stopped, ended, end));
    set.assert_idle();
}

fn carry(from: &Manual, to: &Manual) {
    while let Some(frame) = from.take_frame() {
        to.put_frame(&frame);
    }
}

#[test]
fn who_comes_back_within_a_call_that_has_the_turn_is_told_at_once() {
    let set = Set::new();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let back = calls_desk(&set.proxy, &asked);
    let hold = set.called(1, "hold", "");
    let held = set.next();
    let calls_back = right_proxy(&set, back);
    let called_back = held.context.serve(|| calls_back.request(Operation::Call).promise().unwrap());
    set.pair.settle();
    let promises = std::mem::take(&mut *asked.lock());
    let text = "rust:test.Desk.write was called within rust:test.Desk.hold, which uses the object";
    assert_eq!(busy(promises[0].result()), text);
    assert_eq!(busy(promises[1].result()), text.replace("write", "read"));
    drop((calls_back, called_back));
    held.open(());
    set.pair.settle();
    assert_eq!(set.written(), "one-way", "what nobody waits for came after");
    drop((hold, promises));
    set.assert_idle();
}

/// A function of the left side that uses the desk in all ways.
fn calls_desk(desk: &Proxy, asked: &Arc<Mutex<Vec<Promise>>>) -> Function {
    let (desk, asked) = (desk.clone(), asked.clone());
    Function::new("back", move |_, _| {
        desk.one_way("write", ("one-way",))?;
        let promises = [desk.promise("write", ("nested",))?, desk.promise("read", ())?];
        asked.lock().extend(promises);
        Ok(Value::None)
    })
}

/// An object of the left side, as the right one has it.
fn right_proxy(set: &Set, function: Function) -> Proxy {
    let kept = Arc::new(Mutex::new(None));
    let keeps = kept.clone();
    let keep = Function::new("keep", move |mut arguments, _| {
        *keeps.lock() = Some(arguments.take::<Proxy>(0, "what")?);
        Ok(Value::None)
    });
    set.right.export("keep", keep.into_own());
    let keep = got(&set.pair, "keep");
    let done = keep.request(Operation::Call).args((Value::from(function),)).promise().unwrap();
    set.pair.settle();
    done.result().unwrap();
    set.right.unexport("keep");
    let proxy = kept.lock().take();
    proxy.unwrap()
}

#[test]
fn a_chain_that_comes_back_by_another_session_is_told_too() {
    let set = Set::new();
    let other = Pair::of(&set.pair.clock, &node(&set.pair.clock, Policy::Closed), &set.right);
    let desk = got(&other, "desk");
    let asked = Arc::new(Mutex::new(Vec::new()));
    let second =
        Set { pair: other, right: set.right.clone(), proxy: desk, own: set.own.clone(), calls: set.calls.clone() };
    let back = right_proxy(&second, calls_desk(&second.proxy, &asked));
    let hold = set.called(1, "hold", "");
    let held = second.next();
    let called_back = held.context.serve(|| back.request(Operation::Call).promise().unwrap());
    second.pair.settle();
    let promises = std::mem::take(&mut *asked.lock());
    assert!(busy(promises[0].result()).contains("hold"));
    held.open(());
    set.pair.settle();
    second.pair.settle();
    assert_eq!(second.written(), "one-way");
    drop((hold, back, called_back, promises));
    second.assert_idle();
    set.assert_idle();
}

#[test]
fn readers_share_and_let_no_writer_wait_for_ever() {
    let set = Set::new();
    let looks: Vec<_> = (1..4).map(|lane| set.called(lane, "look", "")).collect();
    assert_eq!(set.calls.lock().len(), 3, "all at the same time");
    let write = set.called(4, "write", "writer");
    let behind = set.called(5, "read", "");
    assert!(!behind.is_ready());
    // Nested in one that reads: it would wait for itself if it waited for the writer.
    let asked = Arc::new(Mutex::new(Vec::new()));
    let back = right_proxy(&set, calls_desk(&set.proxy, &asked));
    let held = set.next();
    let called_back = held.context.serve(|| back.request(Operation::Call).promise().unwrap());
    set.pair.settle();
    let promises = std::mem::take(&mut *asked.lock());
    assert!(busy(promises[0].result()).contains("look"));
    assert_eq!(promises[1].result().unwrap(), Value::text(""));
    held.open(());
    set.pair.settle();
    assert!(!write.is_ready());
    set.open();
    set.open();
    assert_eq!(behind.result().unwrap(), Value::text("writer"));
    assert_eq!(set.written(), "writer one-way");
    drop((looks, write, behind, promises, back, called_back));
    set.assert_idle();
}

#[test]
fn the_turn_is_kept_until_the_call_is_settled_and_the_value_let_go() {
    let set = Set::new();
    let hold = set.called(1, "hold", "");
    let write = set.called(2, "write", "two");
    let mut held = set.next();
    held.alone.as_mut().unwrap().written.push("one".into());
    held.alone = None;
    set.pair.settle();
    assert!(!write.is_ready(), "let go, and not settled");
    held.context.reply().settle(Ok(Value::None));
    set.pair.settle();
    assert!(write.is_ready() && hold.is_ready());

    let hold_again = set.called(1, "hold", "");
    let write_again = set.called(2, "write", "three");
    let held_again = set.next();
    held_again.context.reply().settle(Ok(Value::None));
    set.pair.settle();
    assert!(hold_again.is_ready() && !write_again.is_ready(), "settled, and not let go");
    drop(held_again);
    set.pair.settle();
    assert_eq!(set.written(), "one two three");
    drop((held, hold, write, hold_again, write_again));
    set.assert_idle();
}

#[test]
fn a_future_on_mut_keeps_the_turn_while_it_waits() {
    let set = Set::new();
    let asked = Arc::new(Mutex::new(VecDeque::new()));
    let asks = asked.clone();
    let whom = Function::later("whom", move |_, context: CallContext| asks.lock().push_back(context.reply()));
    let whom = whom.into_own();
    let wait = Lane::numbered(1).run(|| set.proxy.promise("wait", (Value::from(whom.clone()),)).unwrap());
    set.pair.settle();
    let write = set.called(2, "write", "two");
    assert!(!write.is_ready());
    let reply = asked.lock().pop_front().unwrap();
    reply.settle(Ok("one".into()));
    set.pair.settle();
    assert_eq!(set.written(), "one two");
    // Stopped while it waits: the future is dropped, and the turn with it.
    let again = Lane::numbered(1).run(|| set.proxy.promise("wait", (Value::from(whom),)).unwrap());
    set.pair.settle();
    let behind = set.called(2, "write", "three");
    again.cancel();
    set.pair.settle();
    assert!(behind.is_ready());
    asked.lock().clear();
    set.pair.settle();
    drop((wait, write, again, behind));
    set.assert_idle();
}

#[test]
fn a_call_that_is_dropped_without_an_answer_gives_the_turn_back() {
    let set = Set::new();
    let hold = set.called(1, "hold", "");
    let write = set.called(2, "write", "after");
    drop(set.next());
    set.pair.settle();
    assert!(hold.result().is_err() && write.result().is_ok());
    drop((hold, write));
    set.assert_idle();
}

#[test]
fn the_end_of_a_peer_empties_its_place_in_the_queue() {
    let set = Set::new();
    let other = Pair::of(&set.pair.clock, &node(&set.pair.clock, Policy::Closed), &set.right);
    let desk = got(&other, "desk");
    let hold = set.called(1, "hold", "");
    let gone = desk.promise("write", ("gone",)).unwrap();
    other.settle();
    let behind = set.called(2, "write", "behind");
    for side in [&other.left, &other.right] {
        side.cut("test");
    }
    assert!(matches!(gone.result(), Err(Error::Disconnected(_))));
    set.open();
    assert_eq!(set.written(), "behind");
    drop((desk, gone, hold, behind));
    assert_idle(&[&other]);
    set.assert_idle();
}

#[test]
fn the_end_of_a_peer_that_has_the_turn_leaves_it_until_its_call_is_done() {
    let set = Set::new();
    let other = Pair::of(&set.pair.clock, &node(&set.pair.clock, Policy::Closed), &set.right);
    let desk = got(&other, "desk");
    let hold = desk.promise("hold", ()).unwrap();
    other.settle();
    let behind = set.called(1, "write", "behind");
    other.left.cut("test");
    other.right.cut("test");
    let held = set.next();
    assert!(held.context.is_stopped() && !behind.is_ready());
    held.open(());
    set.pair.settle();
    assert!(behind.is_ready());
    drop((desk, hold, behind));
    assert_idle(&[&other]);
    set.assert_idle();
}

#[test]
fn a_panic_gives_the_turn_back() {
    let set = Set::new();
    let panicked = set.called(1, "panic", "");
    assert_eq!(&*panicked.result().unwrap_err().raised().unwrap().type_name, "rust:panic");
    // And in the queue.
    let hold = set.called(1, "hold", "");
    let again = set.called(2, "panic", "");
    let write = set.called(3, "write", "after");
    set.open();
    let error = again.result().unwrap_err();
    let raised = error.raised().unwrap();
    assert_eq!((&*raised.type_name, &*raised.frames[0].name), ("rust:panic", "Desk.panic"));
    assert!(write.result().is_ok());
    drop((panicked, hold, again, write));
    set.assert_idle();
}

#[test]
fn attributes_operations_and_contents_wait_their_turn() {
    let set = Set::new();
    let hold = set.called(1, "hold", "");
    let set_last =
        Lane::numbered(2).run(|| set.proxy.request(Operation::Set).member("last").args(("a",)).promise().unwrap());
    set.pair.settle();
    let last = Lane::numbered(3).run(|| set.proxy.request(Operation::Get).member("last").promise().unwrap());
    set.pair.settle();
    let length = Lane::numbered(4).run(|| set.proxy.request(Operation::Length).promise().unwrap());
    set.pair.settle();
    let mut whole = Lane::numbered(5).run(|| set.proxy.request(Operation::Whole).stream(10).unwrap());
    set.pair.settle();
    assert!(!set_last.is_ready() && !last.is_ready() && !length.is_ready() && !whole.is_ready());
    set.open();
    assert_eq!(set_last.result().unwrap(), Value::None);
    assert_eq!(last.result().unwrap(), Value::text("a"));
    assert_eq!(length.result().unwrap(), 1.into());
    let items: Result<Vec<_>, _> = whole.by_ref().collect();
    assert_eq!(items.unwrap()[1..], [Value::text("a")]);
    drop((hold, set_last, last, length, whole));
    set.assert_idle();
}

#[test]
fn an_object_that_uses_itself_here_is_told_and_its_one_way_calls_come_after() {
    let set = Set::new();
    let own = set.own.clone();
    let me = Function::new("me", move |_, _| Ok(own.clone().into()));
    set.right.export("me", me.into_own());
    let me = got(&set.pair, "me");
    let myself = me.request(Operation::Call).promise().unwrap();
    let nested = set.proxy.promise("own", (myself,)).unwrap();
    set.pair.settle();
    let text = "rust:test.Desk.write was called within rust:test.Desk.own, which uses the object";
    assert_eq!(busy(nested.result()), text);
    assert_eq!(set.written(), "now later");
    set.right.unexport("me");
    drop((me, nested));
    set.assert_idle();
}

#[test]
fn this_side_waits_for_its_turn_as_a_thread() {
    let set = Set::new();
    let hold = set.called(1, "hold", "");
    let mut held = set.next();
    let own = set.own.clone();
    let thread = std::thread::spawn(move || {
        let desk: Proxy = Value::from(own).to().unwrap();
        desk.call("write", ("thread",)).unwrap()
    });
    held.alone.as_mut().unwrap().written.push("call".into());
    held.open(());
    assert_eq!(thread.join().unwrap(), 2.into());
    set.pair.settle();
    assert_eq!(set.written(), "call thread");
    drop(hold);
    set.assert_idle();
}

#[test]
fn threads_that_call_at_once_come_one_after_another() {
    let (near, far) = memory_pair();
    let (left, right) = (Node::new(), Node::new());
    let (own, _calls) = desk();
    right.export("desk", own.clone());
    let server = wherever::connect(&right, far);
    let peer = wherever::connect(&left, near);
    let desk = peer.get("desk").unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let desk = &desk;
            scope.spawn(move || {
                for call in 0..50 {
                    desk.call("write", (format!("{thread}"),)).unwrap();
                    if call % 10 == 0 {
                        desk.call("read", ()).unwrap();
                        desk.one_way("write", (format!("{thread}"),)).unwrap();
                    }
                }
            });
        }
    });
    // Back into the object, on the thread that waits for it.
    let again = desk.clone();
    let back = Function::new("back", move |_, _| again.call("write", ("never",)));
    let error = desk.call("call_back", (Value::from(back),)).unwrap_err();
    assert!(matches!(&error, Error::Busy(text) if text.contains("call_back")), "{error:?}");
    let turned = own.downcast::<Instance<Turned<Desk>>>().unwrap();
    assert_eq!(turned.with(|desk| desk.written.len()).unwrap(), 8 * 55 + 1);
    drop(desk);
    peer.close("done");
    drop((peer, server));
}
