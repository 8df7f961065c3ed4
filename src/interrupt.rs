//! Interrupts: what makes the blocking waits of a thread fail at once, from any other thread; for Ctrl-C.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use smallvec::SmallVec;

use crate::error::Error;

/// Makes blocking waits fail at once with [`Error::Interrupted`]. Clones are the same interrupt.
///
/// A thread's waits heed it within [`Self::scope`]: for the result of a call, for a promise, for an item of a stream,
/// for room, for the end of a session that is served. A call that is waited for is asked to stop, as if it were
/// cancelled; a promise and a stream are left as they are, and can be waited for again. It stays triggered until
/// [`Self::reset`]: calls and waits that begin meanwhile fail too.
///
/// [`Self::trigger`] takes locks and wakes threads, so it is no business of a signal handler: have a thread wait for the
/// signal, and trigger it there.
///
/// ```
/// use wherever::Interrupt;
///
/// let interrupt = Interrupt::new();
/// let stops = interrupt.clone();
/// std::thread::spawn(move || stops.trigger());
/// interrupt.scope(|| { /* calls */ });
/// ```
#[derive(Clone)]
pub struct Interrupt(Parts);

/// Several where scopes are nested: each of them counts.
type Parts = SmallVec<[Arc<Part>; 1]>;

#[derive(Default)]
struct Part {
    triggered: AtomicBool,
    watchers: Mutex<Watchers>,
}

#[derive(Default)]
struct Watchers {
    next: u64,
    told: BTreeMap<u64, Arc<dyn Fn() + Send + Sync>>,
}

/// What a thread does now and then while it waits; whether the wait is to fail.
pub(crate) type Look = fn() -> bool;

/// How long a thread that looks waits in one go.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(50);

thread_local! {
    static CURRENT: RefCell<Option<Interrupt>> = const { RefCell::new(None) };
    static LOOK: Cell<Option<Look>> = const { Cell::new(None) };
}

/// What the present thread does now and then while it waits, if it does anything.
pub(crate) fn look() -> Option<Look> {
    LOOK.get()
}

/// What the waits of the present thread heed, if they heed anything.
pub(crate) fn current() -> Option<Interrupt> {
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}

/// Fails if what the waits of the present thread heed is triggered.
pub(crate) fn check() -> Result<(), Error> {
    let is_triggered =
        |current: &RefCell<Option<Interrupt>>| current.borrow().as_ref().is_some_and(Interrupt::is_triggered);
    if CURRENT.try_with(is_triggered).unwrap_or(false) { Err(Error::Interrupted) } else { Ok(()) }
}

impl Interrupt {
    /// An interrupt that is not triggered.
    pub fn new() -> Self {
        Self(SmallVec::from_iter([Arc::default()]))
    }

    /// Makes every wait that heeds it fail, those under way and those to come.
    pub fn trigger(&self) {
        self.0.iter().for_each(|part| part.trigger());
    }

    /// Whether it is triggered.
    pub fn is_triggered(&self) -> bool {
        self.0.iter().any(|part| part.triggered.load(Ordering::SeqCst))
    }

    /// Takes the trigger back: waits that begin from now on go on as ever.
    pub fn reset(&self) {
        self.0.iter().for_each(|part| part.triggered.store(false, Ordering::SeqCst));
    }

    /// Runs `act`; the waits of this thread within it heed this interrupt, beside those of the scopes around it.
    pub fn scope<R>(&self, act: impl FnOnce() -> R) -> R {
        let outer = current();
        let mut parts = outer.iter().flat_map(|outer| &outer.0).cloned().collect::<Parts>();
        for part in &self.0 {
            if !parts.iter().any(|known| Arc::ptr_eq(known, part)) {
                parts.push(part.clone());
            }
        }
        CURRENT.with(|current| *current.borrow_mut() = Some(Interrupt(parts)));
        let _left = Left(outer);
        act()
    }

    /// Has the present thread run this every 50 ms while it waits, from now on. Nothing is held meanwhile, and it may
    /// make calls itself. If it gives `true`, the wait fails with [`Error::Interrupted`], as if an interrupt had been
    /// triggered; if not, the wait goes on. For a language in which handlers of signals run on one thread, between other
    /// things that this does. Sessions that know threads heed it, those of [`crate::connect`].
    pub fn look_while_waiting(look: Option<fn() -> bool>) {
        LOOK.set(look);
    }

    /// Has this called, on whatever thread triggers, each time that it is triggered, until the guard is dropped; and at
    /// once, if it is triggered already. It may be called once more than that. It must not block.
    #[must_use = "it is watched for as long as the guard lives"]
    pub(crate) fn watch(&self, told: Arc<dyn Fn() + Send + Sync>) -> Watch {
        let watch = Watch(self.0.iter().map(|part| (part.clone(), part.add(told.clone()))).collect());
        // After it was added: a trigger that missed it is seen here.
        if self.is_triggered() {
            told();
        }
        watch
    }
}

impl Default for Interrupt {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Interrupt({})", self.is_triggered())
    }
}

impl Part {
    fn trigger(&self) {
        self.triggered.store(true, Ordering::SeqCst);
        // Taken out first: what is told may end a watch.
        let told = self.watchers.lock().told.values().cloned().collect::<Vec<_>>();
        told.iter().for_each(|told| told());
    }

    fn add(&self, told: Arc<dyn Fn() + Send + Sync>) -> u64 {
        let mut watchers = self.watchers.lock();
        let number = watchers.next;
        watchers.next += 1;
        watchers.told.insert(number, told);
        number
    }
}

/// While it lives, an interrupt is watched.
pub(crate) struct Watch(SmallVec<[(Arc<Part>, u64); 1]>);

impl Drop for Watch {
    fn drop(&mut self) {
        for (part, number) in &self.0 {
            // Bound, so that what it holds is dropped after the lock.
            let _told = part.watchers.lock().told.remove(number);
        }
    }
}

/// Goes back to what was heeded before, even if what runs panics.
struct Left(Option<Interrupt>);

impl Drop for Left {
    fn drop(&mut self) {
        let outer = self.0.take();
        CURRENT.with(|current| *current.borrow_mut() = outer);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::AtomicUsize;

    use super::*;

    fn counted(counter: &Arc<AtomicUsize>) -> Arc<dyn Fn() + Send + Sync> {
        let counter = counter.clone();
        Arc::new(move || {
            counter.fetch_add(1, Ordering::SeqCst);
        })
    }

    #[test]
    fn a_watch_is_told_until_it_is_dropped() {
        let (interrupt, counter) = (Interrupt::new(), Arc::default());
        let watch = interrupt.watch(counted(&counter));
        assert_eq!(counter.load(Ordering::SeqCst), 0);
        interrupt.clone().trigger();
        assert_eq!(counter.load(Ordering::SeqCst), 1);
        let late = interrupt.watch(counted(&counter));
        assert_eq!(counter.load(Ordering::SeqCst), 2);
        drop((watch, late));
        interrupt.trigger();
        assert_eq!(counter.load(Ordering::SeqCst), 2);
        assert!(interrupt.is_triggered());
        interrupt.reset();
        assert!(!interrupt.is_triggered());
    }

    #[test]
    fn scopes_nest_and_end_even_by_a_panic() {
        let (outer, inner) = (Interrupt::new(), Interrupt::new());
        assert!(current().is_none());
        outer.scope(|| {
            let panics = || inner.scope(|| std::panic::resume_unwind(Box::new(())));
            let panicked: Result<(), _> = catch_unwind(AssertUnwindSafe(panics));
            assert!(panicked.is_err());
            inner.trigger();
            assert!(!current().unwrap().is_triggered(), "the inner scope is over");
            inner.reset();
            inner.scope(|| {
                outer.trigger();
                assert!(current().unwrap().is_triggered(), "both count");
                assert!(!inner.is_triggered());
            });
        });
        assert!(current().is_none());
    }

    #[test]
    fn each_thread_has_its_own() {
        Interrupt::new().scope(|| {
            let elsewhere = std::thread::spawn(|| current().is_none()).join();
            assert!(elsewhere.unwrap());
        });
    }
}
