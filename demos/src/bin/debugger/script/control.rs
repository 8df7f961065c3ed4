//! What whoever debugs has asked for: read by the script's thread at each line, written by the threads that serve peers.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use wherever::{Error, Interrupt, Peer, WeakPeer};
use wherever_debug::{Breakpoint, DebugListener, Reason};

use crate::script::evaluate::Compiled;
use crate::script::frames::Frames;
use crate::script::refused;

/// A breakpoint, and its condition as it was compiled.
struct Set {
    told: Breakpoint,
    condition: Option<Arc<Compiled>>,
}

/// A thread that waits for a command.
struct Stopped {
    frames: Arc<Frames>,
    wait: Interrupt,
}

/// Who is told of stops.
struct Attached {
    listener: Arc<dyn DebugListener>,
    peer: Option<WeakPeer>,
}

impl Attached {
    fn is_gone(&self) -> bool {
        let ended = |peer: &WeakPeer| peer.upgrade().is_none_or(|peer| peer.ended().is_some());
        self.peer.as_ref().is_some_and(ended)
    }
}

#[derive(Default)]
struct State {
    attached: Option<Attached>,
    breakpoints: Vec<Set>,
    last_id: i64,
    stopped: Option<Stopped>,
    /// Who wants to know the frames of the thread as it runs.
    asking: Vec<Sender<Arc<Frames>>>,
    failures: Vec<(String, Arc<Frames>)>,
    is_over: bool,
}

/// A breakpoint at the present line, and its condition.
pub(crate) type Candidate = (i64, Option<Arc<Compiled>>);

pub(crate) struct Control {
    /// Whether the interpreter is to tell each step: it does nothing for its debugger otherwise.
    watched: AtomicBool,
    pause: AtomicBool,
    /// Whether it is always watched, so that an error's frames have their variables.
    records: bool,
    /// Whether a pause is that before the first line.
    enters: AtomicBool,
    state: Mutex<State>,
    came: Condvar,
}

impl Control {
    pub(crate) fn new(records: bool) -> Self {
        Self {
            watched: records.into(),
            pause: false.into(),
            records,
            enters: false.into(),
            state: Mutex::default(),
            came: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.state();
        let changed = act(&mut state);
        self.watched.store(self.records || state.attached.is_some() || !state.asking.is_empty(), SeqCst);
        changed
    }

    pub(crate) fn is_watched(&self) -> bool {
        self.watched.load(SeqCst)
    }

    pub(crate) fn attach(&self, listener: Arc<dyn DebugListener>) -> Result<(), Error> {
        let peer = Peer::calling().map(|peer| peer.downgrade());
        self.change(|state| {
            if state.attached.as_ref().is_some_and(|attached| !attached.is_gone()) {
                return Err(refused("somebody is attached already, and one at a time can be"));
            }
            state.breakpoints.clear();
            state.attached = Some(Attached { listener, peer });
            self.came.notify_all();
            Ok(())
        })
    }

    pub(crate) fn detach(&self) {
        self.detach_if(|_| true);
    }

    /// Detaches if whoever attached is gone.
    pub(crate) fn look_for_listener(&self) {
        self.detach_if(Attached::is_gone);
    }

    /// Detaches from this listener: another may have attached since it was told of a stop.
    pub(crate) fn leave(&self, listener: &Arc<dyn DebugListener>) {
        self.detach_if(|attached| Arc::ptr_eq(&attached.listener, listener));
    }

    fn detach_if(&self, is_meant: impl FnOnce(&Attached) -> bool) {
        self.change(|state| {
            if !state.attached.as_ref().is_some_and(is_meant) {
                return;
            }
            self.pause.store(false, SeqCst);
            state.attached = None;
            state.breakpoints.clear();
            if let Some(stopped) = &state.stopped {
                stopped.wait.trigger();
            }
        });
    }

    pub(crate) fn pause(&self) -> Result<(), Error> {
        let state = self.state();
        if state.is_over {
            return Err(refused("the script has ended"));
        }
        if state.attached.is_none() {
            return Err(refused("nobody is attached, so nobody would be told that it has stopped"));
        }
        self.pause.store(true, SeqCst);
        Ok(())
    }

    /// Waits until somebody has attached. The script then stops before its first line.
    pub(crate) fn wait_for_somebody(&self) {
        let state = self.came.wait_while(self.state(), |state| state.attached.is_none());
        self.enters.store(true, SeqCst);
        self.pause.store(true, SeqCst);
        drop(state);
    }

    /// Why to pause, if it was asked for.
    pub(crate) fn takes_pause(&self) -> Option<Reason> {
        let is_asked = self.pause.load(SeqCst) && self.pause.swap(false, SeqCst);
        is_asked.then(|| if self.enters.swap(false, SeqCst) { Reason::Entry } else { Reason::Pause })
    }

    pub(crate) fn set(&self, told: Breakpoint, condition: Option<Arc<Compiled>>) -> i64 {
        self.change(|state| {
            state.last_id += 1;
            state.breakpoints.push(Set { told: Breakpoint { id: state.last_id, ..told }, condition });
            state.last_id
        })
    }

    pub(crate) fn clear(&self, id: i64) -> Result<(), Error> {
        self.change(|state| {
            let at = state.breakpoints.iter().position(|set| set.told.id == id);
            let at = at.ok_or_else(|| refused(format!("there is no breakpoint {id}")))?;
            state.breakpoints.remove(at);
            Ok(())
        })
    }

    pub(crate) fn breakpoints(&self) -> Vec<Breakpoint> {
        self.state().breakpoints.iter().map(|set| set.told.clone()).collect()
    }

    /// The breakpoints of a line, and those of a function that was just entered.
    pub(crate) fn candidates(&self, line: u32, entered: Option<&str>) -> Vec<Candidate> {
        let is_here = |told: &Breakpoint| match told.function.is_empty() {
            true => told.line == line,
            false => entered == Some(&told.function),
        };
        let state = self.state();
        let here = state.breakpoints.iter().filter(|set| is_here(&set.told));
        here.map(|set| (set.told.id, set.condition.clone())).collect()
    }

    /// A breakpoint's condition holds; whether it is one to stop at.
    pub(crate) fn hits(&self, id: i64) -> bool {
        self.change(|state| {
            let Some(at) = state.breakpoints.iter().position(|set| set.told.id == id) else { return false };
            let told = &mut state.breakpoints[at].told;
            told.hits += 1;
            if told.ignore > 0 {
                told.ignore -= 1;
                return false;
            }
            if told.temporary {
                state.breakpoints.remove(at);
            }
            true
        })
    }

    /// The thread waits for a command, and is told by this if it is to wait no more; none if nobody is attached.
    pub(crate) fn stop(&self, frames: &Arc<Frames>) -> Option<(Arc<dyn DebugListener>, Interrupt)> {
        let wait = Interrupt::new();
        let mut state = self.state();
        let listener = state.attached.as_ref()?.listener.clone();
        state.stopped = Some(Stopped { frames: frames.clone(), wait: wait.clone() });
        Some((listener, wait))
    }

    pub(crate) fn go_on(&self) {
        self.state().stopped = None;
    }

    pub(crate) fn stopped(&self) -> Option<Arc<Frames>> {
        self.state().stopped.as_ref().map(|stopped| stopped.frames.clone())
    }

    pub(crate) fn ask(&self, answer: Sender<Arc<Frames>>) -> Result<(), Error> {
        self.change(|state| {
            if state.is_over {
                return Err(refused("the script has ended"));
            }
            state.asking.push(answer);
            Ok(())
        })
    }

    pub(crate) fn is_asked(&self) -> bool {
        !self.state().asking.is_empty()
    }

    pub(crate) fn answer(&self, frames: &Arc<Frames>) {
        let asking = self.change(|state| std::mem::take(&mut state.asking));
        asking.iter().for_each(|answer| _ = answer.send(frames.clone()));
    }

    pub(crate) fn fail(&self, title: &str, frames: &Arc<Frames>) {
        self.change(|state| state.failures.insert(0, (title.to_owned(), frames.clone())));
    }

    pub(crate) fn failures(&self) -> Vec<(String, Arc<Frames>)> {
        self.state().failures.clone()
    }

    pub(crate) fn end(&self) {
        self.change(|state| {
            state.is_over = true;
            state.asking.clear();
        });
    }

    pub(crate) fn is_over(&self) -> bool {
        self.state().is_over
    }
}
