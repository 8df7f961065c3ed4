//! The ceilings that only a driver with threads has.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use parking_lot::Mutex;
use wherever::clock::ManualClock;
use wherever::hosts::Function;
use wherever::limits::Limits;
use wherever::session::TICK;
use wherever::transport::memory_pair;
use wherever::{Error, Node, Transport, Value, connect};

/// `workers_max`: however many calls a peer has out, no more of them run at once.
pub(crate) fn a_peer_has_no_more_calls_at_work_than_it_may() {
    let mut limits = Limits::default();
    limits.workers_max = 2;
    let server = Node::builder().limits(limits).build();
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (entered, enter) = unbounded();
    let (go, may_go) = bounded::<()>(0);
    let seen = most.clone();
    let work = Function::new("work", move |_, _| {
        seen.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let _ = entered.send(());
        let _ = may_go.recv();
        running.fetch_sub(1, Ordering::SeqCst);
        Ok(Value::None)
    });
    server.export("work", work.into_own());
    let (near, far) = memory_pair();
    let _far = connect(&server, far);
    let peer = connect(&Node::new(), near);
    let work = peer.get("work").unwrap();
    thread::scope(|scope| {
        let calls: Vec<_> = (0..8).map(|_| scope.spawn(|| work.invoke(()))).collect();
        // Two at once, and never more: the others begin as these end.
        enter.recv().unwrap();
        enter.recv().unwrap();
        for _ in 2..8 {
            go.send(()).unwrap();
            enter.recv().unwrap();
        }
        go.send(()).unwrap();
        go.send(()).unwrap();
        for call in calls {
            assert_eq!(call.join().unwrap().unwrap(), Value::None);
        }
    });
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

/// A carrier that takes the preface and then nothing any more.
struct Stuck {
    taken: AtomicUsize,
    open: Mutex<Option<Sender<()>>>,
    closed: Receiver<()>,
    stuck: Sender<()>,
}

impl Stuck {
    fn wait(&self) -> io::Result<()> {
        let _ = self.closed.recv();
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

impl Transport for Stuck {
    fn send(&self, _frame: &[u8]) -> io::Result<()> {
        if self.taken.fetch_add(1, Ordering::SeqCst) == 0 {
            return Ok(());
        }
        let _ = self.stuck.send(());
        self.wait()
    }

    fn recv(&self, _frame: &mut Vec<u8>) -> io::Result<()> {
        self.wait()
    }

    fn close(&self) {
        self.open.lock().take();
    }
}

/// `send_time_max`: a peer that takes nothing loses the session, and whoever waits is told.
pub(crate) fn a_peer_that_takes_nothing_loses_the_session() {
    let clock = Arc::new(ManualClock::default());
    let mut limits = Limits::default();
    limits.send_time_max = 10 * TICK;
    let node = Node::builder().limits(limits).clock(clock.clone()).build();
    let (open, closed) = bounded(0);
    let (stuck, is_stuck) = bounded(1);
    let carrier = Stuck { taken: AtomicUsize::new(0), open: Mutex::new(Some(open)), closed, stuck };
    let peer = connect(&node, carrier);
    thread::scope(|scope| {
        let call = scope.spawn(|| peer.names());
        is_stuck.recv().unwrap();
        while peer.ended().is_none() {
            clock.advance(TICK);
            thread::yield_now();
        }
        let failed = call.join().unwrap();
        assert!(matches!(&failed, Err(Error::Disconnected(_))), "{failed:?}");
    });
    let reason = peer.ended().map(|reason| reason.text().to_string()).unwrap_or_default();
    assert!(reason.contains("taken nothing"), "{reason}");
}
