//! One thread that does things at their time, for waits that end.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

type Due = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Timer {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    due: BTreeMap<(Instant, u64), Due>,
    next: u64,
    runs: bool,
    life: u32,
}

// The thread serves the whole process, so it is one of the process's.
static TIMER: LazyLock<Timer> = LazyLock::new(Timer::default);

/// Takes it back what was to be done, when it is dropped.
pub(crate) struct Later((Instant, u64));

/// Has this done after a time, on a thread of its own; not, if what comes back is dropped before.
pub(crate) fn after(time: Duration, act: impl FnOnce() + Send + 'static) -> Later {
    let mut waiting = TIMER.waiting.lock();
    let at = Instant::now().checked_add(time).unwrap_or_else(|| Instant::now() + Duration::from_secs(1 << 30));
    let key = (at, waiting.next);
    waiting.next += 1;
    waiting.due.insert(key, Box::new(act));
    let life = crate::process::life();
    if !waiting.runs || waiting.life != life {
        (waiting.runs, waiting.life) = (true, life);
        // Without a thread the wait only has no end of its own.
        let _ = std::thread::Builder::new().name("wherever-timer".into()).spawn(run);
    }
    drop(waiting);
    TIMER.changed.notify_one();
    Later(key)
}

impl Drop for Later {
    fn drop(&mut self) {
        let removed = TIMER.waiting.lock().due.remove(&self.0);
        drop(removed);
    }
}

fn run() {
    let mut waiting = TIMER.waiting.lock();
    loop {
        let now = Instant::now();
        let Some(first) = waiting.due.keys().next().copied() else {
            TIMER.changed.wait(&mut waiting);
            continue;
        };
        if first.0 > now {
            let _ = TIMER.changed.wait_until(&mut waiting, first.0);
            continue;
        }
        if let Some(act) = waiting.due.remove(&first) {
            parking_lot::MutexGuard::unlocked(&mut waiting, act);
        }
    }
}
