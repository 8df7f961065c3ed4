//! The session: our state for one peer, and every rule of the protocol about order and release.
//!
//! It does no I/O, knows no clock and has no threads. To drive it:
//!
//! 1. give it what arrived with [`Session::handle_frame`], and the time with [`Session::handle_time`];
//! 2. tell it what happened here: [`Session::call`], [`Session::settle`], [`Session::let_go`] and their kind;
//! 3. after either, take all [`Session::poll_event`]s and act on them, drop what [`Session::take_trash`] gives
//!    *after* its lock is released, and send all that [`Session::poll_frame`] gives.
//!
//! It is never borrowed while user code runs: what comes out are events and things to drop; what goes in was made
//! ready by a [`Packer`]. Each life stage has a file: `ask` and `returned` for calls that we make, `serve`, `order`,
//! `stream` and `stop` for those that we serve, `send`, `commit` and `transfer` for what leaves, `receive` for what
//! arrives, `end` for the end.

mod ask;
mod commit;
mod end;
mod event;
mod hold;
mod order;
mod outbox;
mod parcel;
mod question;
mod receive;
mod returned;
mod send;
mod serve;
mod settle;
mod stats;
mod stop;
mod stream;
mod transfer;
mod trash;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Weak};
use std::time::Duration;

pub use end::EndReason;
pub use event::{Event, Job, JobTarget};
pub use outbox::Message;
pub use parcel::{Arrival, OutRef, Packer, Parcel, Settlement, Terms};
pub use question::{CallSpec, Done, Refusal, Target};
pub(crate) use returned::Road;
pub use returned::{Returned, Settled};
pub use stats::Stats;
pub use stream::Chunk;
pub(crate) use stream::{NextChunk, Source};
pub use trash::Trash;

use crate::clock::Time;
use crate::limits::Limits;
use crate::table::{Exports, Id, Imports, Origin, Recent, TypesIn, TypesOut};
use order::{Order, OrderKey};
use outbox::Outbox;
use question::{FenceState, Question};
use serve::Answer;
use transfer::{Incoming, Outgoing};

/// How long a release waits for a frame to ride in, and a batch's RETURNs for each other.
pub const TICK: Duration = Duration::from_millis(5);

/// What a session is made of.
pub struct SessionConfig {
    /// Tells this session from all others of the process.
    pub number: u64,
    /// Tells this session from every other, anywhere.
    pub nonce: [u8; 16],
    /// Its ceilings.
    pub limits: Limits,
    /// Longest frame that the carrier takes, in bytes.
    pub carrier_frame_len_max: usize,
    /// The name of our runtime, as the peer is told.
    pub runtime: Arc<str>,
    /// The value types that we can take, as the peer is told.
    pub value_types: Vec<(Arc<str>, u32)>,
    /// Whoever handles are held from.
    pub origin: Weak<dyn Origin>,
}

/// Our state for one peer.
pub struct Session {
    config: SessionConfig,
    /// What the peer told in its HELLO, or the floor.
    terms: Arc<Terms>,
    greeted: bool,
    preface_seen: bool,

    exports: Exports,
    imports: Imports,
    types_out: TypesOut,
    types_in: TypesIn,
    questions: Recent<u64, Box<Question>>,
    answers: Recent<u64, Box<Answer>>,
    orders: Recent<OrderKey, Order>,

    /// The next number for a reference or an answer of ours.
    next_number: u64,
    /// The highest number that the peer has given.
    their_number_max: u64,
    /// Frames of ours that are committed.
    frames_committed: u64,
    /// Frames of the peer's that are booked.
    frames_booked: u64,

    outbox: Outbox,
    outgoing: Outgoing,
    incoming: Incoming,
    /// Ids whose last handle is gone, in the order in which that was noted, with the time of the first.
    let_go: VecDeque<(Id, Time)>,

    /// Our calls that count towards the peer's limit.
    calls_out: u32,
    fence: FenceState,
    /// The peer's calls that count towards ours.
    calls_in: u32,
    /// One-way and no-return calls of the peer that have not ended, by arrival; and fences that wait for them.
    unreturned: BTreeSet<u64>,
    fences: Vec<(u64, u64)>,
    fences_checked: bool,
    arrivals: u64,
    answers_bytes: u64,
    answers_kept: u32,
    groups: HashMap<u64, settle::Group>,
    groups_opened: u64,
    /// Streams that found no room in the queue.
    stalled: BTreeSet<Id>,
    deadlines: BTreeSet<(Time, Id)>,
    /// Calls of the peer's that are to be stopped as soon as nothing waits for them.
    stops_due: Vec<u64>,
    strikes: u32,

    /// Somebody who waited for room may find some now.
    room_came: bool,

    events: VecDeque<Event>,
    trash: Vec<Trash>,
    ended: Option<EndReason>,
    now: Time,
    stats: Stats,
}

impl Session {
    /// A session that has sent and seen nothing.
    pub fn new(config: SessionConfig) -> Self {
        Self {
            config,
            terms: Arc::default(),
            greeted: false,
            preface_seen: false,
            exports: Exports::default(),
            imports: Imports::default(),
            types_out: TypesOut::default(),
            types_in: TypesIn::default(),
            questions: Recent::default(),
            answers: Recent::default(),
            orders: Recent::default(),
            next_number: 1,
            their_number_max: 0,
            frames_committed: 0,
            frames_booked: 0,
            outbox: Outbox::default(),
            outgoing: Outgoing::default(),
            incoming: Incoming::default(),
            let_go: VecDeque::new(),
            calls_out: 0,
            fence: FenceState::default(),
            calls_in: 0,
            unreturned: BTreeSet::new(),
            fences: Vec::new(),
            fences_checked: false,
            arrivals: 0,
            answers_bytes: 0,
            answers_kept: 0,
            groups: HashMap::new(),
            groups_opened: 0,
            stalled: BTreeSet::new(),
            deadlines: BTreeSet::new(),
            stops_due: Vec::new(),
            strikes: 0,
            room_came: false,
            events: VecDeque::new(),
            trash: Vec::new(),
            ended: None,
            now: Time::ZERO,
            stats: Stats::default(),
        }
    }

    /// The number that tells this session from all others of the process.
    pub fn number(&self) -> u64 {
        self.config.number
    }

    /// Its ceilings.
    pub fn limits(&self) -> &Limits {
        &self.config.limits
    }

    /// What the peer told in its HELLO, or the floor.
    pub fn terms(&self) -> &Arc<Terms> {
        &self.terms
    }

    /// Whether the peer's HELLO has come.
    pub fn is_greeted(&self) -> bool {
        self.greeted
    }

    /// Whether there is anything to act on.
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// The next thing to act on.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Whether there may be room for a call or a result since this was asked last, where there was none before.
    pub fn take_room_came(&mut self) -> bool {
        std::mem::take(&mut self.room_came)
    }

    /// What is to be dropped once the session is not borrowed any more: it may be the user's.
    #[must_use]
    pub fn take_trash(&mut self) -> Vec<Trash> {
        std::mem::take(&mut self.trash)
    }

    /// Tells the time: deadlines that have passed take effect.
    pub fn handle_time(&mut self, now: Time) {
        self.now = self.now.max(now);
        while let Some(&(time, id)) = self.deadlines.first() {
            if time > self.now {
                break;
            }
            self.deadlines.pop_first();
            if id.is_ours() { self.expire_question(id.number()) } else { self.expire_answer(id.number()) }
        }
        if !self.stops_due.is_empty() {
            self.run_stops();
        }
        if !self.groups.is_empty() {
            self.release_due_groups();
        }
    }

    /// The time that was told last.
    pub(crate) fn time(&self) -> Time {
        self.now
    }

    /// Whether calls, made or served, have deadlines.
    pub(crate) fn has_deadlines(&self) -> bool {
        !self.deadlines.is_empty()
    }

    /// When time must be told again at the latest: the next deadline, or the next release or group to leave.
    pub fn poll_time(&self) -> Option<Time> {
        let deadline = self.deadlines.first().map(|(time, _)| *time);
        let release = self.let_go.front().map(|(_, noted)| *noted + TICK);
        let group = self.groups.values().filter_map(settle::Group::due).min();
        [deadline, release, group].into_iter().flatten().min()
    }

    /// Why the session is over, if it is.
    pub fn ended(&self) -> Option<&EndReason> {
        self.ended.as_ref()
    }

    fn next_number(&mut self) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        number
    }
}
