//! What can be looked at: a thread that has stopped, or an error that was kept; and the numbers by which the editor
//! names its frames and variables.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, OnceLock};

use wherever::{Error, Value};
use wherever_debug::{Command, Failure, Place, Reason, Scope, Stack, Stop};

use crate::editor::Refusal;

/// What is done on the thread of a halt.
pub(crate) enum Errand {
    Do(Box<dyn FnOnce() + Send>),
    Go(Command),
    /// It has gone on by itself.
    Gone,
}

/// A stack that can be looked at.
pub(crate) struct Halt {
    /// The thread, by the editor's number.
    pub(crate) thread: i64,
    /// Why it stopped; none of an error that was kept.
    pub(crate) reason: Option<Reason>,
    /// The text of the error, or of what is returned.
    pub(crate) detail: String,
    /// The breakpoints that were hit.
    pub(crate) breakpoints: Vec<i64>,
    pub(crate) stack: Arc<dyn Stack>,
    places: OnceLock<Vec<Place>>,
    errands: Sender<Errand>,
    /// The stop of the same thread that this one came about in.
    pub(crate) outer: Option<Arc<Halt>>,
    /// The editor was told of it.
    told: AtomicBool,
    /// The number of its outermost frame, once one was asked for.
    first: OnceLock<i64>,
}

impl Halt {
    /// An error that was kept.
    pub(crate) fn kept(number: i64, failure: Failure, errands: Sender<Errand>) -> Self {
        Self {
            thread: number,
            reason: None,
            detail: failure.title,
            breakpoints: Vec::new(),
            stack: failure.stack,
            places: OnceLock::new(),
            errands,
            outer: None,
            told: AtomicBool::new(false),
            first: OnceLock::new(),
        }
    }

    /// A thread that has stopped, within another stop of it or within none.
    pub(crate) fn stopped(number: i64, stop: Stop, outer: Option<Arc<Halt>>, errands: Sender<Errand>) -> Self {
        let failure = Failure { title: stop.detail, stack: stop.stack };
        let (reason, breakpoints) = (Some(stop.reason), stop.breakpoints.0);
        Self { reason, breakpoints, outer, ..Self::kept(number, failure, errands).with_places(stop.places.0) }
    }

    /// The same, its places known.
    pub(crate) fn with_places(self, places: Vec<Place>) -> Self {
        Self { places: OnceLock::from(places), ..self }
    }

    /// The places of its frames, the outermost first; asked for if they are not known.
    pub(crate) fn places(&self) -> Result<&[Place], Error> {
        if let Some(places) = self.places.get() {
            return Ok(places);
        }
        let places = self.stack.places()?;
        Ok(self.places.get_or_init(|| places.0))
    }

    /// The places, if they are known.
    pub(crate) fn known_places(&self) -> &[Place] {
        self.places.get().map_or(&[], Vec::as_slice)
    }

    /// Has its thread do this. If it has gone on, it is dropped.
    pub(crate) fn errand(&self, work: impl FnOnce() + Send + 'static) {
        let _ = self.errands.send(Errand::Do(Box::new(work)));
    }

    /// Lets its thread go on.
    pub(crate) fn go(&self, command: Command) {
        // Whoever is gone needs no command.
        let _ = self.errands.send(Errand::Go(command));
    }

    /// Whether the editor is to be told of it now; once.
    pub(crate) fn is_to_tell(&self) -> bool {
        !self.told.swap(true, Ordering::Relaxed)
    }

    /// The editor is to be told of it anew.
    pub(crate) fn tell_again(&self) {
        self.told.store(false, Ordering::Relaxed);
    }
}

/// What a number of the editor's stands for.
#[derive(Clone)]
pub(crate) enum Named {
    Frame(usize),
    Scope(usize, Scope),
    /// A value that was seen in a frame.
    Value(usize, Value),
}

enum Entry {
    /// So many frames, by as many numbers.
    Frames(usize),
    One(Named),
}

/// The numbers. None is given twice.
#[derive(Default)]
pub(crate) struct Table {
    last: i64,
    entries: BTreeMap<i64, (Arc<Halt>, Entry)>,
}

impl Table {
    /// The number of the outermost of a halt's frames, of which there are so many; that of the next is one more.
    pub(crate) fn frames(&mut self, halt: &Arc<Halt>, count: usize) -> i64 {
        *halt.first.get_or_init(|| {
            let first = self.last + 1;
            self.last += i64::try_from(count).unwrap_or(i64::MAX / 2).max(1);
            self.entries.insert(first, (halt.clone(), Entry::Frames(count)));
            first
        })
    }

    /// A number for this.
    pub(crate) fn name(&mut self, halt: &Arc<Halt>, named: Named) -> i64 {
        self.last += 1;
        self.entries.insert(self.last, (halt.clone(), Entry::One(named)));
        self.last
    }

    /// What a number stands for.
    pub(crate) fn find(&self, number: i64) -> Result<(Arc<Halt>, Named), Refusal> {
        let stale = || Refusal(format!("{number} names nothing, or what has gone on since"));
        let (first, (halt, entry)) = self.entries.range(..=number).next_back().ok_or_else(stale)?;
        let at = usize::try_from(number - first).map_err(|_| stale())?;
        let named = match entry {
            Entry::Frames(count) if at < *count => Named::Frame(at),
            Entry::One(named) if at == 0 => named.clone(),
            _ => return Err(stale()),
        };
        Ok((halt.clone(), named))
    }

    /// The frame of this number.
    pub(crate) fn frame(&self, number: i64) -> Result<(Arc<Halt>, usize), Refusal> {
        match self.find(number)? {
            (halt, Named::Frame(at)) => Ok((halt, at)),
            _ => Refusal::new(format!("{number} is no frame")),
        }
    }

    /// Forgets all numbers of a halt.
    pub(crate) fn forget(&mut self, gone: &Arc<Halt>) {
        self.entries.retain(|_, (halt, _)| !Arc::ptr_eq(halt, gone));
    }
}
