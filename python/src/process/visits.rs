//! Threads that enter the interpreter, and are out of it before it ends: it would end them wherever they are, through
//! frames of Rust, which ends the process with an error.

use std::cell::{Cell, RefCell};
use std::ffi::c_long;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use std::thread;

use parking_lot::Mutex;
use pyo3::ffi;

use super::ENDING;

/// A thread, as far as it is in the interpreter by way of this library.
struct Visitor {
    /// As the interpreter numbers it.
    ident: c_long,
    /// How many times it is in there, or on its way.
    inside: AtomicU32,
}

static VISITORS: Mutex<Vec<Weak<Visitor>>> = Mutex::new(Vec::new());

thread_local! {
    static VISITOR: RefCell<Option<Arc<Visitor>>> = const { RefCell::new(None) };
    /// Whether this thread ends the interpreter.
    static ENDS: Cell<bool> = const { Cell::new(false) };
}

/// A stay of the present thread in the interpreter, or on its way there.
pub(super) struct Visit(Option<Arc<Visitor>>);

impl Visit {
    /// Begins one, unless the interpreter is ending.
    pub(super) fn begin() -> Option<Self> {
        let visit = Self(present());
        if let Some(visitor) = &visit.0 {
            visitor.inside.fetch_add(1, Ordering::SeqCst);
        }
        // After it was counted: who ends the interpreter says so, and then counts.
        (!ENDING.load(Ordering::SeqCst)).then_some(visit)
    }

    /// As [`Self::begin`] for a thread that has been in there: where the interpreter is ending, it never comes back.
    pub(super) fn begin_or_stay() -> Self {
        if let Some(visit) = Self::begin() {
            return visit;
        }
        if ENDS.try_with(Cell::get).unwrap_or(false) {
            return Self(None);
        }
        // Whatever it was in the middle of in there.
        present().iter().for_each(|visitor| visitor.inside.store(0, Ordering::SeqCst));
        loop {
            thread::park();
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if let Some(visitor) = &self.0 {
            visitor.inside.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// The present thread, unless it is ending itself.
fn present() -> Option<Arc<Visitor>> {
    let known = VISITOR.try_with(|visitor| visitor.borrow().clone()).ok()?;
    known.or_else(enter)
}

/// Lets a thread that is not the interpreter's own keep its thread state: making one for each call would cost more than
/// the call.
#[cold]
#[allow(unsafe_code, reason = "PyO3 has no call for it")]
fn enter() -> Option<Arc<Visitor>> {
    // SAFETY: the interpreter is initialised, since this library was loaded by it. Nothing else is asked for.
    let ident = unsafe { ffi::PyThread_get_thread_ident() } as c_long;
    let visitor = Arc::new(Visitor { ident, inside: AtomicU32::new(0) });
    {
        let mut visitors = VISITORS.lock();
        visitors.retain(|visitor| visitor.strong_count() > 0);
        visitors.push(Arc::downgrade(&visitor));
    }
    VISITOR.try_with(|present| present.replace(Some(visitor.clone()))).ok()?;
    visitor.inside.fetch_add(1, Ordering::SeqCst);
    if !ENDING.load(Ordering::SeqCst) {
        // SAFETY: `PyGILState_Ensure` may be called by any thread while the interpreter is not ending, which it does not
        // before this visit is over. Its state is not given back, which only says that the thread's state is to be kept;
        // saving the thread leaves the interpreter if this call entered it, and the state that was there before is
        // restored.
        unsafe {
            if ffi::PyGILState_GetThisThreadState().is_null() {
                ffi::PyGILState_Ensure();
                ffi::PyEval_SaveThread();
            }
        }
    }
    visitor.inside.fetch_sub(1, Ordering::SeqCst);
    Some(visitor)
}

/// The present thread is the one to end the interpreter.
pub(super) fn end_here() {
    ENDS.set(true);
}

fn inside() -> Vec<Arc<Visitor>> {
    let visitors: Vec<_> = VISITORS.lock().iter().filter_map(Weak::upgrade).collect();
    let present = present();
    let is_other = |visitor: &Arc<Visitor>| present.as_ref().is_none_or(|present| !Arc::ptr_eq(present, visitor));
    visitors.into_iter().filter(is_other).filter(|visitor| visitor.inside.load(Ordering::SeqCst) > 0).collect()
}

/// Whether other threads are in the interpreter by way of this library.
pub(super) fn are_any() -> bool {
    !inside().is_empty()
}

/// Raises an error in what others run in there, which does not come back by itself.
#[allow(unsafe_code, reason = "PyO3 has no call for it")]
pub(super) fn tell_to_end() {
    for visitor in inside() {
        // SAFETY: the interpreter's lock is held, since this is called by a function of Python's; the exception is a class
        // of the interpreter's own, which is alive.
        unsafe {
            ffi::PyThreadState_SetAsyncExc(visitor.ident, ffi::PyExc_SystemExit);
        }
    }
}
