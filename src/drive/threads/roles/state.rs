//! What the roles of a session know, and how it changes while it is locked.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::clock::Time;
use crate::drive::contract::Awaited;
use crate::drive::threads::roles::{Calls, Kept, Piece, Wish};
use crate::sync::Condvar;
use crate::table::Id;

/// Ticks that a call is kept for a thread that is about to wait for what it is nested in.
const EARLY_TICKS: u32 = 20;

/// Ticks that a call is kept for a thread that is on its way to it.
const COMING_TICKS: u32 = 40;

pub(super) struct State<W> {
    pub(super) reading: Option<Holder>,
    /// It is free because callers come and go: the crew takes it only when it stayed so for a tick.
    pub(super) left_free: bool,
    /// Times that it was taken.
    pub(super) taken: u64,
    /// The crew has delivered to a caller that may read.
    pub(super) delivered: bool,
    pub(super) seats: Vec<Seat<W>>,
    pub(super) seats_made: u64,
    /// How many wait without a thread.
    pub(super) awaiting: usize,
    /// Calls nested in the call of a thread that is about to sit down, and how many ticks ago they came.
    pub(super) early: Vec<(Id, W, u32)>,
    pub(super) work: VecDeque<W>,
    /// Pieces of work that count and are being done.
    pub(super) busy: usize,
    /// All pieces that are being done.
    pub(super) doing: usize,
    pub(super) crew: Crew,
    pub(super) end: Option<Ending>,
    pub(super) last: VecDeque<W>,
    pub(super) kept: Option<Kept>,
    pub(super) looked: Looked,
}

/// Threads of the crew.
#[derive(Default)]
pub(super) struct Crew {
    /// The one that is parked.
    pub(super) spare: Option<Arc<Condvar>>,
    /// Those that were called, and have not come yet.
    pub(super) coming: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    Seat(u64),
    Crew,
}

pub(super) struct Ending {
    /// Whether calls without an answer that arrived before still run.
    pub(super) in_order: bool,
}

/// A thread that waits.
pub(super) struct Seat<W> {
    pub(super) key: u64,
    pub(super) wish: Wish,
    pub(super) at: At,
    /// Something happened that it must look at.
    pub(super) woken: bool,
    /// Calls nested in the call that it waits for.
    pub(super) nested: VecDeque<W>,
    /// Ticks for which the first of them has waited.
    pub(super) nested_ticks: u32,
    pub(super) signal: Option<Arc<Condvar>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    Parked,
    Reading,
    /// About to look, to park or to read.
    Coming,
    /// Doing what is nested in its call.
    Working,
}

/// What the last tick saw.
#[derive(Default)]
pub(super) struct Looked {
    pub(super) taken: u64,
    pub(super) free: bool,
    pub(super) work: bool,
    pub(super) quiet: u32,
}

impl<W> Seat<W> {
    pub(super) fn signal(&self) {
        self.signal.iter().for_each(|signal| signal.notify_one());
    }

    /// Has the thread look; whether its carrier must be woken for that.
    pub(super) fn wake(&mut self) -> bool {
        self.woken = true;
        match self.at {
            At::Parked => self.signal(),
            At::Reading => return self.wish.wakeable,
            At::Coming | At::Working => {}
        }
        false
    }

    /// Whether it is parked till somebody receives for it.
    pub(super) fn wants_reader(&self) -> bool {
        self.at == At::Parked && !self.woken && self.wish.awaited != Awaited::End
    }

    /// Whether it could receive, now.
    pub(super) fn can_read(&self) -> bool {
        self.wish.may_read && self.at == At::Parked && !self.woken && self.nested.is_empty()
    }
}

impl<W: Piece> State<W> {
    pub(super) fn new() -> Self {
        Self {
            reading: None,
            left_free: false,
            taken: 0,
            delivered: false,
            seats: Vec::new(),
            seats_made: 0,
            awaiting: 0,
            early: Vec::new(),
            work: VecDeque::new(),
            busy: 0,
            doing: 0,
            crew: Crew::default(),
            end: None,
            last: VecDeque::new(),
            kept: None,
            looked: Looked::default(),
        }
    }

    pub(super) fn take(&mut self, holder: Holder) {
        self.reading = Some(holder);
        self.taken += 1;
        self.left_free = false;
        self.delivered = false;
    }

    /// Gives the reading role to a caller that may read, else to the crew if anyone waits, else leaves it free; whether
    /// the crew needs another thread for that.
    pub(super) fn pass_on(&mut self) -> bool {
        self.reading = None;
        if self.give_to_seat() {
            return false;
        }
        if self.is_waited() {
            return self.call_crew_to_read();
        }
        self.left_free = true;
        false
    }

    /// Whether anybody waits for what the carrier brings, and leaves that to others.
    fn is_waited(&self) -> bool {
        self.awaiting > 0 || self.seats.iter().any(Seat::wants_reader)
    }

    pub(super) fn give_to_seat(&mut self) -> bool {
        let Some(seat) = self.seats.iter().find(|seat| seat.can_read()) else { return false };
        seat.signal();
        let key = seat.key;
        self.take(Holder::Seat(key));
        true
    }

    /// What becomes of the crew's reading role when it has delivered to a caller: whether it keeps it.
    pub(super) fn keep_after_delivery(&mut self) -> bool {
        if self.give_to_seat() {
            return false;
        }
        if self.is_waited() {
            return true;
        }
        self.reading = None;
        self.left_free = true;
        false
    }

    /// Wakes the crew's spare thread; without one, whether another is to be called.
    pub(super) fn call_crew(&mut self) -> bool {
        match self.crew.spare.take() {
            Some(spare) => {
                spare.notify_one();
                false
            }
            None if self.crew.coming > 0 => false,
            None => {
                self.crew.coming += 1;
                true
            }
        }
    }

    pub(super) fn call_crew_to_read(&mut self) -> bool {
        self.left_free = false;
        self.call_crew()
    }

    pub(super) fn wake(&mut self, is_for: impl Fn(Awaited) -> bool, reads: bool) -> Calls {
        let mut calls = Calls::default();
        for seat in self.seats.iter_mut().filter(|seat| is_for(seat.wish.awaited)) {
            calls.wake |= seat.wake() && !reads;
            self.delivered |= seat.wish.may_read;
        }
        calls
    }

    pub(super) fn wake_late(&mut self, now: Time) -> bool {
        let late = |seat: &&mut Seat<W>| seat.wish.until.is_some_and(|until| until <= now);
        self.seats.iter_mut().filter(late).map(Seat::wake).fold(false, std::ops::BitOr::bitor)
    }

    /// Hands the crew the nested calls that have waited for a tick for a thread that is at work; whether there were any.
    pub(super) fn free_nested(&mut self) -> bool {
        let mut any = false;
        for seat in self.seats.iter_mut().filter(|seat| !seat.nested.is_empty()) {
            let ticks_max = match seat.at {
                At::Working => 1,
                // On its way, unless it is stuck in the carrier.
                At::Coming => COMING_TICKS,
                At::Parked | At::Reading => continue,
            };
            seat.nested_ticks += 1;
            if seat.nested_ticks > ticks_max {
                seat.nested_ticks = 0;
                self.work.append(&mut seat.nested);
                any = true;
            }
        }
        for (_, _, ticks) in &mut self.early {
            *ticks += 1;
        }
        let late: Vec<W> =
            self.early.extract_if(.., |(_, _, ticks)| *ticks > EARLY_TICKS).map(|(_, piece, _)| piece).collect();
        any |= !late.is_empty();
        self.work.extend(late);
        any
    }

    /// Among those that run last, in the order in which they were made.
    pub(super) fn push_last(&mut self, piece: W) {
        let place = self.last.partition_point(|other| other.rank() < piece.rank());
        self.last.insert(place, piece);
    }

    /// Whether calls that run last are left, or work that they wait for.
    pub(super) fn has_last(&self) -> bool {
        self.doing > 0 || !self.last.is_empty()
    }

    pub(super) fn has_piece(&self, busy_max: usize) -> bool {
        let room = self.busy < busy_max;
        self.work.iter().any(|piece| room || !piece.counts()) || (self.doing == 0 && !self.last.is_empty())
    }

    pub(super) fn next_piece(&mut self, busy_max: usize) -> Option<W> {
        let room = self.busy < busy_max;
        let place = self.work.iter().position(|piece| room || !piece.counts());
        let piece = match place {
            Some(0) => self.work.pop_front(),
            Some(place) => self.work.remove(place),
            None if self.doing == 0 => self.last.pop_front(),
            None => None,
        }?;
        self.doing += 1;
        if piece.counts() {
            self.busy += 1;
        }
        Some(piece)
    }
}
