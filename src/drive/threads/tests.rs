use std::io;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use crossbeam_channel::bounded;

use crate::clock::ManualClock;
use crate::hosts::{Class, Function, List};
use crate::limits::Limits;
use crate::transport::{MemoryTransport, memory_pair};
use crate::{Arguments, Error, Interrupt, Node, Operation, Peer, Proxy, Transport, Value, connect};

fn pair(server: &Node) -> (Peer, Peer) {
    let (near, far) = memory_pair();
    let far = connect(server, far);
    (connect(&Node::new(), near), far)
}

#[test]
fn a_call_there_and_back() {
    let server = Node::new();
    server.export(
        "double",
        Function::new("double", |mut arguments, _| Ok((arguments.take::<i64>(0, "n")? * 2).into())).into_own(),
    );
    let (peer, _far) = pair(&server);
    let double = peer.get("double").unwrap();
    for n in 0..1000 {
        assert_eq!(double.invoke((n,)).unwrap(), Value::Int(n * 2));
    }
}

#[test]
fn a_callback_runs_on_the_thread_that_waits() {
    let server = Node::new();
    let tell = Function::new("tell", |mut arguments: Arguments, _| arguments.take::<Proxy>(0, "whom")?.invoke((7,)));
    server.export("tell", tell.into_own());
    let (peer, _far) = pair(&server);
    let tell = peer.get("tell").unwrap();
    let me = thread::current().id();
    let (sender, receiver) = bounded(1000);
    let back = Function::new("back", move |mut arguments: Arguments, _| {
        sender.send(thread::current().id()).unwrap();
        Ok((arguments.take::<i64>(0, "n")? + 1).into())
    })
    .into_own();
    for _ in 0..100 {
        assert_eq!(tell.invoke((Value::from(back.clone()),)).unwrap(), Value::Int(8));
        assert_eq!(receiver.recv().unwrap(), me);
    }
}

#[test]
fn a_server_that_has_called_back_receives_at_once() {
    // Its clock stands still, so that no ticker helps.
    let server = Node::builder().clock(Arc::new(ManualClock::default())).build();
    let tell = Function::new("tell", |mut arguments: Arguments, _| arguments.take::<Proxy>(0, "whom")?.invoke(()));
    server.export("tell", tell.into_own());
    let (peer, _far) = pair(&server);
    let tell = peer.get("tell").unwrap();
    let back = Function::new("back", |_, _| Ok(Value::Int(7))).into_own();
    for _ in 0..100 {
        assert_eq!(tell.invoke((Value::from(back.clone()),)).unwrap(), Value::Int(7));
    }
}

#[test]
fn many_threads_use_one_peer_and_each_gets_its_own() {
    let server = Node::new();
    server.export("same", Function::new("same", |mut arguments, _| arguments.take::<Value>(0, "it")).into_own());
    let (peer, _far) = pair(&server);
    let same = peer.get("same").unwrap();
    thread::scope(|scope| {
        for t in 0..16_i64 {
            let same = same.clone();
            scope.spawn(move || {
                for n in 0..200 {
                    assert_eq!(same.invoke((t * 1000 + n,)).unwrap(), Value::Int(t * 1000 + n));
                }
            });
        }
    });
}

#[test]
fn calls_that_wait_for_each_other_run_at_once() {
    let server = Node::new();
    let barrier = Arc::new(Barrier::new(8));
    server.export(
        "meet",
        Function::new("meet", move |_, _| {
            barrier.wait();
            Ok(Value::None)
        })
        .into_own(),
    );
    let (peer, _far) = pair(&server);
    let meet = peer.get("meet").unwrap();
    thread::scope(|scope| {
        for _ in 0..8 {
            let meet = meet.clone();
            scope.spawn(move || meet.invoke(()).unwrap());
        }
    });
}

#[test]
fn dropped_proxies_are_released_and_the_session_ends_with_the_last_reference() {
    let (sender, receiver) = bounded(1);
    struct Told(crossbeam_channel::Sender<()>);
    impl Drop for Told {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let class = Class::<Told>::builder("rust:test.Told").build();
    let server = Node::new();
    let make = {
        let sender = sender.clone();
        Function::new("make", move |_, _| Ok(class.instance(Told(sender.clone())).into()))
    };
    server.export("make", make.into_own());
    let (peer, far) = pair(&server);
    let told = peer.get("make").unwrap().invoke(()).unwrap();
    drop(told);
    receiver.recv().unwrap();
    drop(peer);
    far.serve().unwrap();
    assert!(far.ended().is_some());
}

#[test]
fn nested_a_hundred_deep_both_ways() {
    let server = Node::new();
    let depth = Arc::new(AtomicI64::new(0));
    let seen = depth.clone();
    server.export(
        "down",
        Function::new("down", move |mut arguments: Arguments, _| {
            let (n, back): (i64, Proxy) = (arguments.take(0, "n")?, arguments.take(1, "back")?);
            seen.fetch_max(n, Ordering::Relaxed);
            back.invoke((n + 1,))
        })
        .into_own(),
    );
    let (peer, _far) = pair(&server);
    let down = peer.get("down").unwrap();
    let me = thread::current().id();
    let back = {
        let down = down.clone();
        let slot: Arc<parking_lot::Mutex<Option<Value>>> = Arc::default();
        let own = slot.clone();
        let back = Function::new("back", move |mut arguments: Arguments, _| {
            assert_eq!(thread::current().id(), me);
            let n: i64 = arguments.take(0, "n")?;
            let back = own.lock().clone().unwrap();
            if n >= 100 { Ok(n.into()) } else { down.invoke((n, back)) }
        });
        let back = Value::from(back.into_own());
        *slot.lock() = Some(back.clone());
        (back, slot)
    };
    assert_eq!(down.invoke((0, back.0.clone())).unwrap(), Value::Int(100));
    assert_eq!(depth.load(Ordering::Relaxed), 99);
    back.1.lock().take();
}

#[test]
fn a_list_is_iterated_while_others_call() {
    let server = Node::new();
    let items: Vec<Value> = (0..100_000).map(Value::Int).collect();
    server.export("list", List::from(items).to_own());
    let (peer, _far) = pair(&server);
    thread::scope(|scope| {
        for _ in 0..4 {
            let list = peer.get("list").unwrap();
            scope.spawn(move || {
                let mut sum = 0;
                for item in list.iterate().unwrap() {
                    sum += item.unwrap().to::<i64>().unwrap();
                }
                assert_eq!(sum, 4_999_950_000);
            });
        }
    });
}

/// A carrier within the process that a test meddles with.
struct Meddled {
    carrier: MemoryTransport,
    before_send: Box<dyn Fn() + Send + Sync>,
    on_close: Box<dyn Fn() + Send + Sync>,
}

impl Transport for Meddled {
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        (self.before_send)();
        self.carrier.send(frame)
    }

    fn recv(&self, frame: &mut Vec<u8>) -> io::Result<()> {
        self.carrier.recv(frame)
    }

    fn close(&self) {
        self.carrier.close();
        (self.on_close)();
    }
}

#[test]
fn calls_that_run_last_do_though_nothing_else_refers_to_the_session() {
    let server = Node::new();
    let ((noted, notes), (begun, begins), (go_on, told)) = (bounded(10), bounded(10), bounded(10));
    let note = Function::new("note", move |mut arguments: Arguments, _| {
        begun.send(()).unwrap();
        told.recv().unwrap();
        noted.send(arguments.take::<i64>(0, "n")?).unwrap();
        Ok(Value::None)
    });
    server.export("note", note.into_own());
    let (near, far) = memory_pair();
    // As a server does, which lets go of a session whose carrier is closed.
    let kept = Arc::<parking_lot::Mutex<Option<Peer>>>::default();
    let (letting_go, (closed, is_closed)) = (kept.clone(), bounded(1));
    let let_go = move || {
        let peer = letting_go.lock().take();
        drop(peer);
        let _ = closed.try_send(());
    };
    *kept.lock() =
        Some(connect(&server, Meddled { carrier: far, before_send: Box::new(|| {}), on_close: Box::new(let_go) }));
    drop(server);
    let peer = connect(&Node::new(), near);
    let note = peer.get("note").unwrap();
    for n in 0..5 {
        note.request(Operation::Call).args((n,)).one_way().unwrap();
    }
    begins.recv().unwrap();
    peer.close("done");
    is_closed.recv().unwrap();
    (0..5).for_each(|_| go_on.send(()).unwrap());
    assert_eq!(notes.iter().take(5).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
}

/// A carrier that takes nothing while it is shut.
struct Gate {
    shut: Arc<AtomicBool>,
    /// Somebody is stuck in it.
    stuck: crossbeam_channel::Receiver<()>,
    open: crossbeam_channel::Sender<()>,
}

impl Gate {
    fn around(carrier: MemoryTransport) -> (Self, Meddled) {
        let ((stuck, is_stuck), (open, is_open)) = (bounded(1), bounded(1));
        let shut = Arc::<AtomicBool>::default();
        let is_shut = shut.clone();
        let before_send = move || {
            if is_shut.swap(false, Ordering::SeqCst) {
                stuck.send(()).unwrap();
                is_open.recv().unwrap();
            }
        };
        let carrier = Meddled { carrier, before_send: Box::new(before_send), on_close: Box::new(|| {}) };
        (Self { shut, stuck: is_stuck, open }, carrier)
    }
}

/// A node whose queue is full as soon as there is a message in it.
fn narrow() -> Node {
    Node::builder().limits(Limits { queue_bytes_max: 1, ..Limits::default() }).build()
}

#[test]
fn all_that_waited_for_room_leaves_when_there_is_some() {
    let server = Node::new();
    let (noted, notes) = bounded(20);
    let note = Function::new("note", move |mut arguments: Arguments, _| {
        noted.send(arguments.take::<i64>(0, "n")?).unwrap();
        Ok(Value::None)
    });
    server.export("note", note.into_own());
    let (near, far) = memory_pair();
    let _far = connect(&server, far);
    let (gate, near) = Gate::around(near);
    let peer = connect(&narrow(), near);
    let note = peer.get("note").unwrap();
    let call = |n: i64| note.request(Operation::Call).args((n,));
    gate.shut.store(true, Ordering::SeqCst);
    thread::scope(|scope| {
        scope.spawn(|| call(0).one_way().unwrap());
        gate.stuck.recv().unwrap();
        let mut context = Context::from_waker(Waker::noop());
        let mut made: Vec<_> = (1..20).map(|n| Box::pin(call(n).one_way_when_room())).collect();
        assert_eq!(made.iter_mut().map(|made| made.as_mut().poll(&mut context)).filter(Poll::is_pending).count(), 18);
        gate.open.send(()).unwrap();
        // Nothing comes back, and nothing else is asked.
        assert_eq!(notes.iter().take(20).sum::<i64>(), 190);
    });
}

#[test]
fn results_that_an_interrupted_thread_cannot_wait_with_leave_all_the_same() {
    let server = narrow();
    let (kept, replies) = bounded(10);
    let later = Function::later("later", move |_, context| {
        context.reply().suspend();
        kept.send(context.reply()).unwrap();
    });
    server.export("later", later.into_own());
    let (near, far) = memory_pair();
    let (gate, far) = Gate::around(far);
    let _far = connect(&server, far);
    let peer = connect(&Node::new(), near);
    let later = peer.get("later").unwrap();
    let call = || later.request(Operation::Call).promise().unwrap();
    let results: Vec<_> = (0..10).map(|_| call()).collect();
    gate.shut.store(true, Ordering::SeqCst);
    let settle = |n: i64| replies.recv().unwrap().settle(Ok(n.into()));
    thread::scope(|scope| {
        scope.spawn(|| settle(0));
        gate.stuck.recv().unwrap();
        let interrupt = Interrupt::new();
        interrupt.trigger();
        interrupt.scope(|| (1..10).for_each(settle));
        gate.open.send(()).unwrap();
        for result in &results {
            assert!(result.result().is_ok());
        }
    });
}

#[test]
fn a_call_that_waits_for_the_peers_greeting_keeps_its_deadline() {
    // It never says anything.
    let (near, _far) = memory_pair();
    let peer = connect(&Node::new(), near);
    let promised = peer.promise("name").unwrap();
    let call = || {
        let large = "x".repeat(2 << 20);
        let call = promised.request(Operation::Call).unwrap().member("member").args((large,));
        call.within(Duration::from_millis(1))
    };
    assert!(matches!(call().send(), Err(Error::Deadline(_))));
    assert!(matches!(call().promise(), Err(Error::Deadline(_))));
    let (woken, wakes) = bounded(1);
    let waker = Arc::new(Woken(woken)).into();
    let mut awaited = std::pin::pin!(call().into_future());
    loop {
        match awaited.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(result) => break assert!(matches!(result, Err(Error::Deadline(_)))),
            Poll::Pending => wakes.recv().unwrap(),
        }
    }
}

struct Woken(crossbeam_channel::Sender<()>);

impl std::task::Wake for Woken {
    fn wake(self: Arc<Self>) {
        let _ = self.0.try_send(());
    }
}

/// A carrier that takes the preface, and then nothing until it is closed, of which it tells.
struct Stuck {
    took_one: AtomicBool,
    closed: crossbeam_channel::Receiver<()>,
    close: parking_lot::Mutex<Option<crossbeam_channel::Sender<()>>>,
}

impl Stuck {
    fn wait(&self) -> io::Result<()> {
        let _ = self.closed.recv();
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

impl Transport for Stuck {
    fn send(&self, _frame: &[u8]) -> io::Result<()> {
        if self.took_one.swap(true, Ordering::SeqCst) { self.wait() } else { Ok(()) }
    }

    fn recv(&self, _frame: &mut Vec<u8>) -> io::Result<()> {
        self.wait()
    }

    fn close(&self) {
        self.close.lock().take();
    }
}

#[test]
fn a_peer_that_takes_nothing_does_not_keep_the_carrier_of_a_session_that_is_gone() {
    let limits = Limits { send_time_max: Duration::from_millis(10), ..Limits::default() };
    let (close, closed) = bounded(0);
    let seen = closed.clone();
    let carrier = Stuck { took_one: AtomicBool::new(false), closed, close: parking_lot::Mutex::new(Some(close)) };
    drop(connect(&Node::builder().limits(limits).build(), carrier));
    assert!(seen.recv_timeout(Duration::from_secs(60)).is_err_and(|error| error.is_disconnected()));
}
