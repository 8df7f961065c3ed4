//! Interrupts: a wait ends at once, the call that was waited for is stopped, a promise and a stream are left alone.

use std::cell::RefCell;
use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;

use wherever::context::CallContext;
use wherever::hosts::{Function, iterator};
use wherever::transport::{MemoryTransport, memory_pair};
use wherever::{Error, Interrupt, Node, Operation, Peer, Promise, Proxy, Stats, Transport, Value, drive};

/// A carrier of the two functions and the end alone: it cannot be woken.
struct Bare(MemoryTransport);

impl Transport for Bare {
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        self.0.send(frame)
    }

    fn recv(&self, frame: &mut Vec<u8>) -> io::Result<()> {
        self.0.recv(frame)
    }

    fn close(&self) {
        self.0.close();
    }
}

/// A session; the server tells of each call that hangs, once it is there.
struct Set {
    peer: Peer,
    hang: Proxy,
    interrupt: Interrupt,
    hanging: Mutex<Receiver<CallContext>>,
    server: JoinHandle<Stats>,
}

type Connect = fn(MemoryTransport) -> Peer;

/// Every driver, on carriers that can be woken, and on one that cannot where that is enough.
const DRIVERS: [Connect; 3] = [
    |carrier| drive::connect_simple(&Node::new(), carrier),
    |carrier| wherever::connect(&Node::new(), carrier),
    |carrier| wherever::connect(&Node::new(), Bare(carrier)),
];

impl Set {
    fn start(connect: Connect) -> Self {
        let (tells, hanging) = channel();
        let (near, far) = memory_pair();
        let server = std::thread::spawn(move || serve(far, tells));
        let peer = connect(near);
        let hang = peer.get("hang").unwrap();
        Self { peer, hang, interrupt: Interrupt::new(), hanging: Mutex::new(hanging), server }
    }

    /// Runs what waits, and triggers once the server has it; gives what the server has.
    fn interrupted<R>(&self, wait: impl FnOnce() -> R) -> (R, CallContext) {
        std::thread::scope(|scope| {
            let triggers = scope.spawn(|| {
                let context = self.hanging.lock().recv().unwrap();
                self.interrupt.trigger();
                context
            });
            let result = self.interrupt.scope(wait);
            let context = triggers.join().unwrap();
            self.interrupt.reset();
            (result, context)
        })
    }

    fn end(self) {
        let Self { peer, hang, hanging, server, .. } = self;
        drop((hang, hanging));
        peer.close("done");
        let stats = server.join().unwrap();
        assert_eq!((stats.answers, stats.questions), (0, 0), "{stats:?}");
        assert!(peer.stats().is_idle(), "{:?}", peer.stats());
    }
}

fn serve(carrier: MemoryTransport, tells: Sender<CallContext>) -> Stats {
    let node = Node::new();
    let tells = Mutex::new(tells);
    let hang = Function::later("hang", move |_, context| tells.lock().send(context).unwrap());
    node.export("hang", hang.into_own());
    let invoke = Function::new("invoke", |mut arguments, _| arguments.take::<Proxy>(0, "what")?.invoke(()));
    node.export("invoke", invoke.into_own());
    node.export("items", iterator((0..3).map(|item| Ok(item.into()))));
    let peer = drive::connect_simple(&node, carrier);
    peer.serve().unwrap();
    peer.stats()
}

fn is_interrupted<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Interrupted))
}

#[test]
fn a_call_is_stopped() {
    for connect in DRIVERS {
        let set = Set::start(connect);
        let (result, context) = set.interrupted(|| set.hang.invoke(()));
        assert!(is_interrupted(&result), "{result:?}");
        // The session goes on, and by the time of the next answer the stop has come.
        set.peer.get("invoke").unwrap();
        assert!(context.is_stopped());
        context.reply().settle(Err(Error::Stopped));
        set.end();
    }
}

#[test]
fn a_promise_is_left_alone() {
    for connect in DRIVERS {
        let set = Set::start(connect);
        let promise: Promise = set.hang.request(Operation::Call).promise().unwrap();
        let (result, context) = set.interrupted(|| promise.result());
        assert!(is_interrupted(&result), "{result:?}");
        set.peer.get("invoke").unwrap();
        assert!(!context.is_stopped());
        context.reply().settle(Ok(7.into()));
        assert_eq!(promise.result().unwrap(), 7.into());
        drop(promise);
        set.end();
    }
}

#[test]
fn what_begins_after_the_trigger_is_not_sent() {
    for connect in DRIVERS {
        let set = Set::start(connect);
        let sent = set.peer.stats().calls_sent;
        set.interrupt.trigger();
        set.interrupt.scope(|| {
            assert!(is_interrupted(&set.hang.invoke(())));
            assert!(is_interrupted(&set.peer.get("invoke")));
            // What does not wait is made.
            assert!(set.hang.request(Operation::Call).one_way().is_ok());
        });
        assert_eq!(set.peer.stats().calls_sent, sent + 1);
        assert!(set.peer.get("invoke").is_ok(), "outside of the scope");
        drop(set.hanging.lock().recv().unwrap());
        set.end();
    }
}

#[test]
fn a_wait_for_an_item_can_be_begun_again() {
    for connect in DRIVERS {
        let set = Set::start(connect);
        let items = set.peer.get("items").unwrap();
        let mut stream = items.request(Operation::Iterate).stream(1).unwrap();
        assert_eq!(stream.next().unwrap().unwrap(), 0.into());
        set.interrupt.trigger();
        let next = set.interrupt.scope(|| stream.next().unwrap());
        // It may have come before anybody had to wait.
        let second = if is_interrupted(&next) { stream.next().unwrap() } else { next };
        assert_eq!(second.unwrap(), 1.into());
        assert_eq!(stream.next().unwrap().unwrap(), 2.into());
        assert!(stream.next().is_none());
        drop((stream, items));
        set.end();
    }
}

#[test]
fn what_an_interrupted_callback_fails_with_is_told_to_its_caller() {
    for connect in DRIVERS {
        let set = Set::start(connect);
        let (invoke, hang, interrupt) = (set.peer.get("invoke").unwrap(), set.hang.clone(), set.interrupt.clone());
        let back = Function::new("back", move |_, _| {
            interrupt.trigger();
            let result = interrupt.scope(|| hang.invoke(()));
            interrupt.reset();
            result
        });
        let error = invoke.invoke((Value::from(back),)).unwrap_err();
        assert_eq!(&*error.raised().unwrap().type_name, "wherever:interrupted");
        drop(invoke);
        set.end();
    }
}

#[test]
fn serving_ends_and_can_be_gone_on_with() {
    let (near, far) = memory_pair();
    let peer = drive::connect_simple(&Node::new(), near);
    let interrupt = Interrupt::new();
    interrupt.trigger();
    let served = interrupt.scope(|| peer.serve());
    assert!(is_interrupted(&served), "{served:?}");
    drop(far);
    assert!(peer.serve().is_ok());
    assert!(peer.stats().is_idle());
}

type Act = Box<dyn FnMut() -> bool>;

thread_local! {
    /// What the present thread does when it looks.
    static ACT: RefCell<Option<Act>> = const { RefCell::new(None) };
}

/// Runs this; the thread does that whenever it looks.
fn looking<R>(act: impl FnMut() -> bool + 'static, wait: impl FnOnce() -> R) -> R {
    ACT.set(Some(Box::new(act)));
    Interrupt::look_while_waiting(Some(|| ACT.with_borrow_mut(|act| act.as_mut().is_some_and(|act| act()))));
    let result = wait();
    Interrupt::look_while_waiting(None);
    ACT.set(None);
    result
}

/// The drivers of a session that knows threads.
const THREADS: &[Connect] = DRIVERS.split_at(1).1;

#[test]
fn a_thread_that_looks_makes_calls_meanwhile_and_ends_its_wait() {
    for connect in THREADS {
        let set = Set::start(*connect);
        let (peer, mut looks) = (set.peer.clone(), 0);
        let result = looking(
            move || {
                looks += 1;
                // It receives meanwhile: the thread that waits has given up what it had.
                peer.get("invoke").unwrap();
                looks == 3
            },
            || set.hang.invoke(()),
        );
        assert!(is_interrupted(&result), "{result:?}");
        let context = set.hanging.lock().recv().unwrap();
        set.peer.get("invoke").unwrap();
        assert!(context.is_stopped());
        drop(context);
        set.end();
    }
}

#[test]
fn a_wait_that_a_look_does_not_end_goes_on() {
    for connect in THREADS {
        let set = Set::start(*connect);
        let hanging = std::mem::replace(&mut *set.hanging.lock(), channel().1);
        let let_go = move || {
            // Once: then there is nothing more.
            hanging.try_iter().for_each(|context| context.reply().settle(Ok(7.into())));
            false
        };
        let promise = set.hang.request(Operation::Call).promise().unwrap();
        assert_eq!(looking(let_go, || promise.result()).unwrap(), 7.into());
        drop(promise);
        set.end();
    }
}

#[test]
fn a_promise_is_waited_for_as_long_as_is_said_and_again() {
    for connect in DRIVERS {
        let set = Set::start(connect);
        let promise = set.hang.request(Operation::Call).promise().unwrap();
        let late = promise.result_within(Duration::from_millis(10));
        assert!(matches!(late, Err(Error::Deadline(_))), "{late:?}");
        let late = promise.result_within(Duration::ZERO);
        assert!(matches!(late, Err(Error::Deadline(_))), "{late:?}");
        let context = set.hanging.lock().recv().unwrap();
        assert!(!context.is_stopped());
        context.reply().settle(Ok(7.into()));
        assert_eq!(promise.result_within(Duration::MAX).unwrap(), 7.into());
        assert_eq!(promise.result_within(Duration::ZERO).unwrap(), 7.into());
        drop(promise);
        set.end();
    }
}
