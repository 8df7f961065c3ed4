//! A toy session, driven as the threaded driver drives a real one: the roles and the writer's role are the real ones.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use shuttle::rand::{Rng, thread_rng};
use shuttle::thread::{self, JoinHandle, ThreadId};

use super::carrier::{Carrier, Frame, Out, Plan, Received};
use crate::clock::Time;
use crate::drive::contract::Awaited;
use crate::drive::sending::Sending;
use crate::drive::threads::roles::{Calls, CrewDid, CrewStep, Holder, Piece, Roles, Step, Wish};
use crate::sync::{Condvar, Mutex};
use crate::table::Id;

/// One-way calls that come with the end of the session.
pub(super) const LAST: [u64; 2] = [8, 9];

/// A piece of work.
pub(super) struct Toy {
    pub(super) name: u64,
    pub(super) kind: Kind,
    /// The questions that it is nested in, innermost first.
    chain: Vec<Id>,
    /// Ticks until it came, by the carrier.
    came: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A call of a new chain.
    Plain,
    /// One that ends when so many of its kind are at work.
    Meets(usize),
    /// A call nested in one of ours, which makes a call with so many more.
    Nested(u32),
    /// A call without an answer.
    OneWay,
    /// One that lets another run, of this name, and meets it.
    Lets(u64),
    /// Something may be ready to leave.
    Send,
}

impl Piece for Toy {
    fn counts(&self) -> bool {
        self.is_call() && self.chain.is_empty()
    }

    fn runs_last(&self) -> bool {
        self.kind == Kind::OneWay
    }

    fn is_call(&self) -> bool {
        self.kind != Kind::Send
    }

    fn rank(&self) -> u64 {
        self.name
    }
}

#[derive(Default)]
pub(super) struct Session {
    next: u64,
    out: VecDeque<Out>,
    settled: BTreeSet<Id>,
    /// Who waits, or is about to, for which question.
    pub(super) awaited: BTreeMap<Id, ThreadId>,
    /// The chain that each question was asked in.
    chains: BTreeMap<Id, Vec<Id>>,
    pub(super) room: bool,
    pub(super) ended: bool,
}

#[derive(Default)]
struct Ticking {
    enlisted: bool,
    over: bool,
}

/// One side, and what it is driven with.
pub(super) struct World {
    pub(super) roles: Roles<Toy>,
    sending: Sending,
    pub(super) carrier: Carrier,
    pub(super) session: Mutex<Session>,
    ticking: Mutex<Ticking>,
    turned: Condvar,
    ticks: AtomicU64,
    crew: Mutex<Vec<JoinHandle<()>>>,
    /// Names of the calls that ran, in order, and those that came back.
    pub(super) ran: Mutex<Vec<u64>>,
    pub(super) dropped: Mutex<Vec<u64>>,
    meeting: Mutex<usize>,
    met: Condvar,
    /// One-way calls at work; those that came with the end count in the upper half.
    one_way: AtomicU64,
}

/// What a thread has taken the reading role as.
#[derive(Clone, Copy)]
enum Holds {
    Seat(u64),
    /// How often the role had been taken by then.
    Crew(u64),
}

shuttle::thread_local! {
    static BY_CREW: Cell<bool> = Cell::new(false);
    static READS: Cell<bool> = Cell::new(false);
    static HOLDS: Cell<Option<Holds>> = Cell::new(None);
    static SERVING: RefCell<Vec<Id>> = RefCell::new(Vec::new());
}

impl World {
    pub(super) fn start(interruptible: bool, busy_max: usize) -> (Arc<Self>, Vec<JoinHandle<()>>) {
        let world = Arc::new(Self {
            roles: Roles::new(busy_max),
            sending: Sending::default(),
            carrier: Carrier::new(interruptible),
            session: Mutex::default(),
            ticking: Mutex::default(),
            turned: Condvar::default(),
            ticks: AtomicU64::new(0),
            crew: Mutex::default(),
            ran: Mutex::default(),
            dropped: Mutex::default(),
            meeting: Mutex::default(),
            met: Condvar::default(),
            one_way: AtomicU64::new(0),
        });
        let calls = world.roles.attend();
        world.see_to(calls);
        let (peer, ticker) = (world.clone(), world.clone());
        (world, vec![thread::spawn(move || peer.carrier.answer_all()), thread::spawn(move || ticker.tick_all())])
    }

    /// Ends what still runs: the session first, if it has not ended by itself. Every thread must come to its end.
    pub(super) fn finish(self: &Arc<Self>, threads: Vec<JoinHandle<()>>) {
        self.close(false);
        loop {
            let next = self.crew.lock().pop();
            let Some(next) = next else { break };
            next.join().unwrap();
        }
        self.ticking.lock().over = true;
        self.turned.notify_one();
        self.carrier.close();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let state = self.roles.state.lock();
        assert!(state.seats.is_empty() && state.work.is_empty() && state.last.is_empty() && state.early.is_empty());
        assert_eq!((state.busy, state.doing), (0, 0));
    }

    /// The session is over.
    pub(super) fn close(self: &Arc<Self>, in_order: bool) {
        if std::mem::replace(&mut self.session.lock().ended, true) {
            // Whoever ended it may not have told the roles yet: one that reads the end again and again lets it.
            thread::yield_now();
            return;
        }
        let (calls, dropped) = self.roles.end(in_order);
        self.see_to(calls);
        self.dropped.lock().extend(dropped.into_iter().map(|toy| toy.name));
        self.take_work(Toy::send());
    }

    fn see_to(self: &Arc<Self>, calls: Calls) {
        if calls.wake {
            self.carrier.wake();
        }
        if calls.tick {
            self.enlist();
        }
        if calls.helper {
            let world = self.clone();
            let helper = thread::spawn(move || world.serve_as_crew());
            self.crew.lock().push(helper);
        }
    }

    fn enlist(&self) {
        self.ticking.lock().enlisted = true;
        self.turned.notify_one();
    }

    fn tick_all(self: &Arc<Self>) {
        loop {
            {
                let mut ticking = self.ticking.lock();
                while !ticking.enlisted && !ticking.over {
                    self.turned.wait(&mut ticking);
                }
                if ticking.over {
                    return;
                }
                ticking.enlisted = false;
            }
            // Where threads differ in priority, it ticks when nobody else can do anything.
            thread::yield_now();
            self.ticks.fetch_add(1, Ordering::Relaxed);
            let (calls, more) = self.roles.tick(Time::ZERO);
            self.see_to(Calls { tick: more, ..calls });
        }
    }

    pub(super) fn take_work(self: &Arc<Self>, toy: Toy) {
        let is_early = |question: &Id| !self.roles.has_seat(*question) && self.session.lock().is_awaited(*question);
        let (early, chain) = (toy.chain.first().copied().filter(is_early), toy.chain.clone());
        let (by_crew, reads) = (BY_CREW.with(Cell::get), READS.with(Cell::get));
        let (calls, dropped) = self.roles.push(toy, chain.into_iter(), early, by_crew, reads);
        self.see_to(calls);
        self.dropped.lock().extend(dropped.map(|toy| toy.name));
    }

    fn told(&self, id: Id) {
        if self.roles.told(id, READS.with(Cell::get)).wake {
            self.carrier.wake();
        }
    }

    pub(super) fn room_came(&self) {
        self.session.lock().room = true;
        if self.roles.room_came(READS.with(Cell::get)).wake {
            self.carrier.wake();
        }
    }

    /// A piece nested in a question, as the session makes it.
    pub(super) fn nested(&self, question: Id, name: u64, kind: Kind) -> Toy {
        let mut chain = vec![question];
        chain.extend(self.session.lock().chains.get(&question).into_iter().flatten());
        Toy { name, kind, chain, came: None }
    }

    fn receive(self: &Arc<Self>, wakeable: bool, done: &dyn Fn(&Session) -> bool) -> bool {
        let received = self.carrier.recv(wakeable);
        READS.with(|reads| reads.set(true));
        let mut settled = None;
        if let Received::Frame(Frame::Return(id)) = received {
            self.session.lock().settled.insert(id);
            settled = Some(id);
        }
        let (is_done, sends) = {
            let session = self.session.lock();
            (done(&session), !session.out.is_empty())
        };
        settled.into_iter().for_each(|id| self.told(id));
        match received {
            Received::Frame(Frame::Nested { question, name, kind }) => {
                let came = Some(self.ticks.load(Ordering::Relaxed));
                self.take_work(Toy { came, ..self.nested(question, name, kind) });
            }
            Received::Frame(Frame::Call { name, kind }) => self.take_work(Toy::new(name, kind)),
            Received::Frame(Frame::Bye) => {
                self.close(true);
                LAST.iter().for_each(|name| self.take_work(Toy::new(*name, Kind::OneWay)));
            }
            Received::Eof => self.close(false),
            Received::Interrupted | Received::Frame(Frame::Return(_)) => {}
        }
        self.enlist();
        if sends && !is_done {
            self.take_work(Toy::send());
        }
        READS.with(|reads| reads.set(false));
        is_done
    }

    pub(super) fn kick(self: &Arc<Self>) {
        if self.sending.begin().is_none() {
            return;
        }
        loop {
            let (out, more) = {
                let mut session = self.session.lock();
                (session.out.pop_front(), !session.out.is_empty())
            };
            let is_none = out.is_none();
            if let Some(out) = out {
                self.assert_holds_nothing();
                self.carrier.send(out);
                self.sending.count();
            }
            if (is_none || !more) && self.sending.end(Vec::new()).is_none() {
                break;
            }
        }
        let is_over = {
            let session = self.session.lock();
            session.ended && session.out.is_empty()
        };
        if is_over {
            self.carrier.close();
        }
    }

    fn serve_as_crew(self: &Arc<Self>) {
        BY_CREW.with(|by_crew| by_crew.set(true));
        self.roles.join();
        let mut did = CrewDid::Nothing;
        loop {
            let (step, calls) = self.roles.crew_step(did);
            if matches!(step, CrewStep::Read) {
                let taken = self.roles.state.lock().taken;
                HOLDS.with(|holds| holds.set(Some(Holds::Crew(taken))));
            }
            self.see_to(calls);
            did = match step {
                CrewStep::Leave => return self.assert_holds_nothing(),
                CrewStep::Again => CrewDid::Nothing,
                CrewStep::Work(toy) => {
                    let counted = toy.counts();
                    self.run(toy);
                    CrewDid::Work { counted }
                }
                CrewStep::Read => {
                    self.receive(false, &|_| false);
                    CrewDid::Read
                }
            };
        }
    }

    /// Makes a call and waits for it; whether it was answered.
    pub(super) fn call(self: &Arc<Self>, plan: Plan, wait: impl FnOnce(Id) -> Awaited) -> bool {
        let id = self.ask(plan, true);
        let awaited = wait(id);
        self.wait(awaited, &|session| session.settled.contains(&id))
    }

    /// Makes a call, that the thread is about to wait for.
    pub(super) fn ask(&self, plan: Plan, awaited: bool) -> Id {
        let chain = SERVING.with(|serving| serving.borrow().clone());
        let mut session = self.session.lock();
        session.next += 1;
        let id = Id::ours(session.next);
        session.chains.insert(id, chain);
        if awaited {
            session.awaited.insert(id, thread::current().id());
        }
        session.out.push_back(Out::Call(id, plan));
        id
    }

    /// Waits, as a thread of the application does; whether what it waited for came.
    pub(super) fn wait(self: &Arc<Self>, awaited: Awaited, done: &dyn Fn(&Session) -> bool) -> bool {
        let by_crew = BY_CREW.with(|by_crew| by_crew.replace(false));
        let wakeable = !matches!(awaited, Awaited::Call(_));
        let may_read = awaited != Awaited::End && (!wakeable || self.carrier.is_interruptible());
        let key = self.roles.sit(Wish { awaited, may_read, wakeable, until: None, looks: false });
        let came = self.wait_on(key, wakeable, done);
        let calls = self.roles.leave(key);
        self.see_to(calls);
        self.assert_holds_nothing();
        self.kick();
        BY_CREW.with(|before| before.set(by_crew));
        came
    }

    fn wait_on(self: &Arc<Self>, key: u64, wakeable: bool, done: &dyn Fn(&Session) -> bool) -> bool {
        let look = || {
            let session = self.session.lock();
            if done(&session) { Some(true) } else { session.ended.then_some(false) }
        };
        self.kick();
        if let Some(came) = look() {
            return came;
        }
        loop {
            let (step, calls) = self.roles.step(key);
            if matches!(step, Step::Read) {
                HOLDS.with(|holds| holds.set(Some(Holds::Seat(key))));
            }
            self.see_to(calls);
            match step {
                Step::Again | Step::Pause => {}
                Step::Look => {
                    if let Some(came) = look() {
                        return came;
                    }
                }
                Step::Nested(toy) => {
                    self.run(toy);
                    self.kick();
                }
                Step::Read => {
                    if self.receive(wakeable, done) {
                        return true;
                    }
                }
            }
        }
    }

    fn run(self: &Arc<Self>, toy: Toy) {
        self.assert_holds_nothing();
        match toy.kind {
            Kind::Send => return self.kick(),
            Kind::Plain => {}
            Kind::OneWay => {
                let one = if LAST.contains(&toy.name) { 1 << 32 } else { 1 };
                let others = self.one_way.fetch_add(one, Ordering::SeqCst);
                assert!(others >> 32 == 0 && (one == 1 || others == 0), "one by one after the end");
                thread::yield_now();
                self.one_way.fetch_sub(one, Ordering::SeqCst);
            }
            Kind::Meets(count) => self.meet(count),
            Kind::Lets(other) => {
                self.take_work(Toy::new(other, Kind::Meets(2)));
                self.meet(2);
            }
            Kind::Nested(depth) => {
                self.assert_at_home(&toy);
                let outer = SERVING.with(|serving| serving.replace(toy.chain.clone()));
                if depth > 0 {
                    let in_time = thread_rng().gen_bool(0.3);
                    self.call(Plan { nested: 1, depth: depth - 1 }, |id| Awaited::call(id, in_time));
                }
                SERVING.with(|serving| serving.replace(outer));
                self.session.lock().out.push_back(Out::Answer(toy.name));
                self.kick();
            }
        }
        self.ran.lock().push(toy.name);
    }

    fn meet(&self, count: usize) {
        let mut meeting = self.meeting.lock();
        *meeting += 1;
        while *meeting < count {
            self.met.wait(&mut meeting);
        }
        drop(meeting);
        self.met.notify_all();
    }

    /// A question is settled, by whoever does not receive.
    pub(super) fn settle(&self, id: Id) {
        self.session.lock().settled.insert(id);
        self.told(id);
    }

    /// What is nested runs on the thread that waits, unless it had to wait for that: from one tick to the next at least.
    fn assert_at_home(&self, toy: &Toy) {
        let home = toy.chain.first().and_then(|id| self.session.lock().awaited.get(id).copied());
        let is_home = home.is_none_or(|home| home == thread::current().id());
        let waited = toy.came.is_none_or(|came| self.ticks.load(Ordering::Relaxed) - came >= 1);
        assert!(is_home || waited, "nested work ran elsewhere");
    }

    fn assert_holds_nothing(&self) {
        let state = self.roles.state.lock();
        let holds = match HOLDS.with(Cell::get) {
            None => false,
            Some(Holds::Seat(key)) => state.reading == Some(Holder::Seat(key)),
            Some(Holds::Crew(taken)) => state.reading == Some(Holder::Crew) && state.taken == taken,
        };
        assert!(!holds, "works, sends or leaves with the reading role in hand");
    }
}

impl Session {
    fn is_awaited(&self, id: Id) -> bool {
        self.awaited.contains_key(&id) && !self.settled.contains(&id)
    }

    pub(super) fn is_settled(&self, id: Id) -> bool {
        self.settled.contains(&id)
    }
}

impl Toy {
    pub(super) fn new(name: u64, kind: Kind) -> Self {
        Self { name, kind, chain: Vec::new(), came: None }
    }

    fn send() -> Self {
        Self::new(0, Kind::Send)
    }
}
