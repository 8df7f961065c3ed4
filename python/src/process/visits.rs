//! Threads that enter the interpreter, and are out of it before it ends: it would end them wherever they are, through
//! frames of Rust, which ends the process with an error.

use std::cell::Cell;
use std::ffi::c_long;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};
use std::{ptr, thread};

use pyo3::ffi;

use super::ENDING;

/// A thread, as far as it is in the interpreter by way of this library. It is kept for another one after it.
struct Visitor {
    /// As the interpreter numbers it.
    ident: AtomicU64,
    /// How many times it is in there, or on its way.
    inside: AtomicU32,
    /// Whether a thread goes by it.
    taken: AtomicBool,
    next: Option<&'static Visitor>,
}

/// The last one made. There is no lock, which a thread might hold that is not there after a fork.
static LAST: AtomicPtr<Visitor> = AtomicPtr::new(ptr::null_mut());

thread_local! {
    static PRESENT: Taken = const { Taken(Cell::new(None)) };
    /// Whether this thread ends the interpreter.
    static ENDS: Cell<bool> = const { Cell::new(false) };
}

/// What a thread goes by, given back when the thread ends.
struct Taken(Cell<Option<&'static Visitor>>);

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(visitor) = self.0.get() {
            visitor.taken.store(false, Ordering::Release);
        }
    }
}

/// A stay of the present thread in the interpreter, or on its way there.
pub(super) struct Visit(Option<&'static Visitor>);

impl Visit {
    /// Begins one, unless the interpreter is ending.
    pub(super) fn begin() -> Option<Self> {
        let visit = Self(present());
        if let Some(visitor) = visit.0 {
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
        if let Some(visitor) = present() {
            // Whatever it was in the middle of in there.
            visitor.inside.store(0, Ordering::SeqCst);
        }
        loop {
            thread::park();
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if let Some(visitor) = self.0 {
            visitor.inside.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// The present thread, unless it is ending itself.
fn present() -> Option<&'static Visitor> {
    PRESENT.try_with(|present| present.0.get()).ok()?.or_else(enter)
}

fn all() -> impl Iterator<Item = &'static Visitor> {
    std::iter::successors(last(), |visitor| visitor.next)
}

#[allow(unsafe_code, reason = "a list without a lock")]
fn last() -> Option<&'static Visitor> {
    // SAFETY: it is null, or was made of a box that is never dropped, and was complete before it was stored.
    unsafe { LAST.load(Ordering::Acquire).as_ref() }
}

#[cold]
fn enter() -> Option<&'static Visitor> {
    let is_free = |visitor: &&Visitor| !visitor.taken.swap(true, Ordering::AcqRel);
    let visitor = all().find(is_free).unwrap_or_else(add);
    PRESENT.try_with(|present| present.0.set(Some(visitor))).ok()?;
    visitor.inside.fetch_add(1, Ordering::SeqCst);
    if !ENDING.load(Ordering::SeqCst) {
        keep_thread_state(visitor);
    }
    visitor.inside.fetch_sub(1, Ordering::SeqCst);
    Some(visitor)
}

/// One more. It is never dropped: there are as many as there were threads at once.
fn add() -> &'static Visitor {
    let mut made = Box::new(Visitor {
        ident: AtomicU64::new(0),
        inside: AtomicU32::new(0),
        taken: AtomicBool::new(true),
        next: None,
    });
    loop {
        made.next = last();
        let before = made.next.map_or(ptr::null_mut(), |before| ptr::from_ref(before).cast_mut());
        let place = Box::into_raw(made);
        if LAST.compare_exchange(before, place, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            return leaked(place);
        }
        made = taken_back(place);
    }
}

#[allow(unsafe_code, reason = "a list without a lock")]
fn leaked(place: *mut Visitor) -> &'static Visitor {
    // SAFETY: it was made of a box just now, which nobody drops.
    unsafe { &*place }
}

#[allow(unsafe_code, reason = "a list without a lock")]
fn taken_back(place: *mut Visitor) -> Box<Visitor> {
    // SAFETY: it was made of a box just now, and nobody else knows of it.
    unsafe { Box::from_raw(place) }
}

/// Lets a thread that is not the interpreter's own keep its thread state: making one for each call would cost more than
/// the call.
#[allow(unsafe_code, reason = "PyO3 has no call for it")]
fn keep_thread_state(visitor: &Visitor) {
    // SAFETY: the interpreter is initialised, since this library was loaded by it, and not ending, which it does not
    // before this visit is over. `PyGILState_Ensure` may be called by any thread. Its state is not given back, which only
    // says that the thread's state is to be kept; saving the thread leaves the interpreter if this call entered it, and
    // the state that was there before is restored.
    unsafe {
        visitor.ident.store(ffi::PyThread_get_thread_ident() as u64, Ordering::Relaxed);
        if ffi::PyGILState_GetThisThreadState().is_null() {
            ffi::PyGILState_Ensure();
            ffi::PyEval_SaveThread();
        }
    }
}

/// The present thread is the one to end the interpreter.
pub(super) fn end_here() {
    ENDS.set(true);
}

/// Only the present thread is there: the process was forked.
pub(super) fn forget() {
    inside().for_each(|visitor| visitor.inside.store(0, Ordering::SeqCst));
}

/// Those that are inside, but for the present one.
fn inside() -> impl Iterator<Item = &'static Visitor> {
    let here = present().map_or(ptr::null(), ptr::from_ref);
    all().filter(move |visitor| !ptr::eq(*visitor, here) && visitor.inside.load(Ordering::SeqCst) > 0)
}

/// Whether other threads are in the interpreter by way of this library.
pub(super) fn are_any() -> bool {
    inside().next().is_some()
}

/// Raises an error in what others run in there, which does not come back by itself.
#[allow(unsafe_code, reason = "PyO3 has no call for it")]
pub(super) fn tell_to_end() {
    for visitor in inside() {
        let ident = visitor.ident.load(Ordering::Relaxed);
        // SAFETY: the interpreter's lock is held, since this is called by a function of Python's; the exception is a class
        // of the interpreter's own, which is alive.
        unsafe {
            ffi::PyThreadState_SetAsyncExc(ident as c_long, ffi::PyExc_SystemExit);
        }
    }
}
