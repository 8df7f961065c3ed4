//! Futures and async sessions that a test polls by hand: in one thread, in an order that it knows.

use std::collections::VecDeque;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use parking_lot::Mutex;

use wherever::clock::ManualClock;
use wherever::drive::{Task, Tasks};
use wherever::{Node, Peer};

use crate::pair::Pair;

/// Counts how often a future was woken.
#[derive(Default)]
pub struct Wakes(AtomicU32);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A future that is polled by hand.
pub struct Hand<F> {
    future: Pin<Box<F>>,
    wakes: Arc<Wakes>,
}

impl<F: Future> Hand<F> {
    /// Takes the future, and does not poll it.
    pub fn of(future: impl IntoFuture<IntoFuture = F>) -> Self {
        Self { future: Box::pin(future.into_future()), wakes: Arc::default() }
    }

    /// Polls it once.
    pub fn poll(&mut self) -> Poll<F::Output> {
        let waker = Waker::from(self.wakes.clone());
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    /// Polls it, which must not finish it.
    #[track_caller]
    pub fn waits(&mut self) {
        assert!(self.poll().is_pending());
    }

    /// Polls it, which must finish it.
    #[track_caller]
    pub fn done(&mut self) -> F::Output {
        match self.poll() {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("it still waits"),
        }
    }

    /// How often it was woken since this was asked last.
    pub fn wakes(&self) -> u32 {
        self.wakes.0.swap(0, Ordering::SeqCst)
    }

    /// Polls it, lets a pair do all that it can, and polls it again, which must finish it.
    #[track_caller]
    pub fn through(&mut self, pair: &Pair) -> F::Output {
        self.through_all(|| pair.settle())
    }

    /// As [`Self::through`], by whatever does all that can be done.
    #[track_caller]
    pub fn through_all(&mut self, settle: impl Fn()) -> F::Output {
        loop {
            if let Poll::Ready(output) = self.poll() {
                return output;
            }
            settle();
            assert!(self.wakes() > 0, "nobody woke it");
        }
    }
}

/// One side of an async session whose tasks the test polls.
pub struct Side {
    /// The session, for as long as it is wanted.
    pub peer: Option<Peer>,
    /// What moves its frames.
    pub tasks: Mutex<Tasks>,
    spawned: Arc<Mutex<VecDeque<Task>>>,
    wakes: Arc<Wakes>,
}

/// Two sides of an async session, in one thread.
pub struct TaskPair {
    /// The clock of both.
    pub clock: Arc<ManualClock>,
    /// One side.
    pub left: Side,
    /// The other side.
    pub right: Side,
}

impl Side {
    /// A side of this node.
    pub fn of(node: &Node) -> Self {
        let spawned = Arc::<Mutex<VecDeque<Task>>>::default();
        let taken = spawned.clone();
        let (peer, tasks) = Tasks::new(node, 1 << 20, move |task| taken.lock().push_back(task));
        Self { peer: Some(peer), tasks: Mutex::new(tasks), spawned, wakes: Arc::default() }
    }

    /// The session.
    pub fn peer(&self) -> &Peer {
        self.peer.as_ref().unwrap()
    }

    /// Whether the task that moves frames was woken since this was asked last.
    pub fn is_woken(&self) -> bool {
        self.wakes.0.swap(0, Ordering::SeqCst) > 0
    }

    /// The next frame: none yet, one, or none any more.
    pub fn poll_frame(&self) -> Poll<Option<Vec<u8>>> {
        let waker = Waker::from(self.wakes.clone());
        self.tasks.lock().poll_frame(&mut Context::from_waker(&waker))
    }

    /// Tasks that were started and are not done.
    pub fn tasks_waiting(&self) -> usize {
        self.spawned.lock().len()
    }

    /// Polls the task that was started first; whether there was one.
    pub fn run_one(&self) -> bool {
        let Some(mut task) = self.spawned.lock().pop_front() else { return false };
        if task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            self.spawned.lock().push_back(task);
        }
        true
    }
}

impl TaskPair {
    /// A session between these nodes.
    pub fn of(clock: &Arc<ManualClock>, left: &Node, right: &Node) -> Self {
        Self { clock: clock.clone(), left: Side::of(left), right: Side::of(right) }
    }

    /// Moves all frames that are ready, both ways, without running any task; whether there were any.
    pub fn carry(&self) -> bool {
        let mut moved = false;
        for (from, to) in [(&self.left, &self.right), (&self.right, &self.left)] {
            while let Poll::Ready(Some(frame)) = from.poll_frame() {
                to.tasks.lock().put_frame(&frame);
                moved = true;
            }
        }
        moved
    }

    /// Moves frames and runs tasks until nothing is left to do.
    pub fn settle(&self) {
        while self.carry() || self.left.run_one() || self.right.run_one() {}
    }

    /// Lets all releases leave, and looks whether every table is empty.
    #[track_caller]
    pub fn assert_idle(&self) {
        for _ in 0..4 {
            self.clock.advance(std::time::Duration::from_millis(5));
            [&self.left, &self.right].into_iter().for_each(|side| side.peer().poll().unwrap());
            self.settle();
        }
        for side in [&self.left, &self.right] {
            assert!(side.peer().stats().is_idle(), "{:#?}", side.peer().stats());
        }
    }
}
