//! Time, as something a node is given: nothing in the core asks the system for it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// A moment: the time since its clock's own zero.
pub type Time = Duration;

/// Tells the time of a node. It never goes back.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Time;

    /// How long to wait, in real time, for this moment to come; nothing if waiting does not bring it, and
    /// [`Self::on_turn`] tells when to look again.
    fn until(&self, time: Time) -> Option<Duration> {
        Some(time.saturating_sub(self.now()))
    }

    /// Has this called whenever the clock is turned, by a clock that is turned by hand.
    fn on_turn(&self, turned: Box<dyn Fn() + Send + Sync>) {
        let _ = turned;
    }
}

/// The system's monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    zero: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { zero: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Time {
        self.zero.elapsed()
    }
}

/// A clock that stands still until it is turned by hand: invented time, for tests and simulations.
#[derive(Default)]
pub struct ManualClock {
    nanos: AtomicU64,
    turned: Mutex<Vec<Arc<dyn Fn() + Send + Sync>>>,
}

impl ManualClock {
    /// Turns the clock forward.
    pub fn advance(&self, step: Duration) {
        self.nanos.fetch_add(u64::try_from(step.as_nanos()).unwrap_or(u64::MAX), Ordering::SeqCst);
        let turned = self.turned.lock().clone();
        turned.iter().for_each(|turned| turned());
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Time {
        Duration::from_nanos(self.nanos.load(Ordering::SeqCst))
    }

    fn until(&self, _time: Time) -> Option<Duration> {
        None
    }

    fn on_turn(&self, turned: Box<dyn Fn() + Send + Sync>) {
        self.turned.lock().push(turned.into());
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ManualClock({:?})", self.now())
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Time {
        (**self).now()
    }

    fn until(&self, time: Time) -> Option<Duration> {
        (**self).until(time)
    }

    fn on_turn(&self, turned: Box<dyn Fn() + Send + Sync>) {
        (**self).on_turn(turned);
    }
}
