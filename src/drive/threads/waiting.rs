//! A thread that waits: it receives if nobody else does, and serves what is nested in the call that it waits for.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::drive::contract::{Awaited, Drive};
use crate::drive::hub::Hub;
use crate::drive::threads::roles::{Step, Wish};
use crate::drive::threads::{CREW_OF, SERVES, Threads, Within};
use crate::drive::work::Work;
use crate::error::Error;
use crate::interrupt::{self, Interrupt, LOOK_EVERY, Look};
use crate::session::Session;

/// A thread's place among those that wait. Dropping it gives up whatever it has.
struct Seat<'a> {
    driver: &'a Threads,
    hub: &'a Arc<Hub>,
    key: u64,
    wants_room: bool,
    /// The thread is of the crew, and waits in the middle of its work.
    by_crew: bool,
}

impl<'a> Seat<'a> {
    fn take(driver: &'a Threads, hub: &'a Arc<Hub>, wish: Wish, by_crew: bool) -> Self {
        let wants_room = matches!(wish.awaited, Awaited::Room(_));
        if wants_room {
            driver.0.room_wanted.fetch_add(1, Ordering::SeqCst);
        }
        Self { driver, hub, key: driver.0.roles.sit(wish), wants_room, by_crew }
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        if self.wants_room {
            self.driver.0.room_wanted.fetch_sub(1, Ordering::SeqCst);
        }
        let calls = self.driver.0.roles.leave(self.key);
        self.driver.see_to(self.hub, calls);
        if self.by_crew {
            self.driver.0.roles.back_to_work();
        }
    }
}

/// While it lives, the present thread serves a call on its seat.
struct Serves((usize, u64, u64));

impl Serves {
    fn enter(driver: &Threads, seat: u64, work: &Work) -> Self {
        let answer = if let Work::Job(job) = work { job.answer.number() } else { 0 };
        Self(SERVES.replace((driver.address(), seat, answer)))
    }
}

impl Drop for Serves {
    fn drop(&mut self) {
        SERVES.set(self.0);
    }
}

impl Threads {
    pub(super) fn wait_for(
        &self,
        hub: &Arc<Hub>,
        awaited: Awaited,
        done: &mut dyn FnMut(&mut Session) -> bool,
    ) -> Result<(), Error> {
        if self.reads() {
            return Err(Error::Misuse("a thread that receives cannot wait".into()));
        }
        let by_crew = self.by_crew();
        // Of the crew or not, a thread that waits does not come for work by itself.
        let _waits = Within::enter(&CREW_OF, 0);
        let (interrupt, pauses) = (interrupt::current(), interrupt::look());
        let wish = self.wish(awaited, interrupt.is_some(), pauses.is_some());
        // Before anything leaves: what is nested in the call finds the thread that waits for it.
        let seat = Seat::take(self, hub, wish, by_crew);
        let _watch = interrupt.as_ref().map(|interrupt| {
            let (driver, key) = (self.clone(), seat.key);
            interrupt.watch(Arc::new(move || driver.nudge(key)))
        });
        let (found, wish) = self.send_and_look(hub, &seat, wish, done);
        if found? {
            return Ok(());
        }
        loop {
            let (step, calls) = self.0.roles.step(seat.key);
            self.see_to(hub, calls);
            match step {
                Step::Again => {}
                Step::Look => {
                    // It may have the reading role in hand: what is let go is dropped by others.
                    let (found, trash) = hub.with_trash(|session| look(session, done));
                    self.leave_to_crew(hub, trash);
                    if found? {
                        return Ok(());
                    }
                    if interrupt.as_ref().is_some_and(Interrupt::is_triggered) {
                        return Err(Error::Interrupted);
                    }
                }
                Step::Pause => self.pause(hub, &seat, pauses)?,
                Step::Nested(work) => {
                    let _serves = Serves::enter(self, seat.key, &work);
                    work.run(hub);
                    hub.kick();
                }
                Step::Read => {
                    let time = pauses.map(|_| LOOK_EVERY);
                    let received = self.receive(|| Some(hub.clone()), wish.wakeable, time, done);
                    let Some((_, received)) = received else { continue };
                    if received.done {
                        // The role goes first: what follows may be the user's, and may send.
                        drop(seat);
                        drop(received.trash);
                        if received.sends {
                            hub.kick();
                        }
                        return Ok(());
                    }
                    self.leave_to_crew(hub, received.trash);
                    if received.sends {
                        self.take_work(hub, Work::Send);
                    }
                    if received.idle {
                        self.pause(hub, &seat, pauses)?;
                    }
                }
            }
        }
    }

    /// Has the present thread do what it does now and then while it waits, with nothing in hand.
    fn pause(&self, hub: &Hub, seat: &Seat<'_>, pauses: Option<Look>) -> Result<(), Error> {
        let Some(look) = pauses else { return Ok(()) };
        let calls = self.0.roles.pause(seat.key);
        self.see_to(hub, calls);
        if look() { Err(Error::Interrupted) } else { Ok(()) }
    }

    /// Sends what is queued, and looks for the first time: once, if nobody else sends.
    fn send_and_look(
        &self,
        hub: &Arc<Hub>,
        seat: &Seat<'_>,
        wish: Wish,
        done: &mut dyn FnMut(&mut Session) -> bool,
    ) -> (Result<bool, Error>, Wish) {
        hub.dispatch();
        let mut looked = None;
        // A call that is waited for has just been made.
        let is_new = matches!(wish.awaited, Awaited::Call(_) | Awaited::CallInTime(_));
        let now = if is_new { None } else { Some(hub.now()) };
        self.send_all_and_look(hub, now, &mut |session| {
            if looked.is_none() {
                looked = Some(first_look(session, wish, done));
            }
            true
        });
        if let Some(found) = looked {
            // This thread has sent it.
            return (found, wish);
        }
        let (found, is_sent) = hub.with(|session| {
            let is_sent = wish.awaited.question().is_none_or(|id| session.is_sent(id));
            (first_look(session, wish, done), is_sent)
        });
        if is_sent || wish.wakeable {
            return (found, wish);
        }
        // Until it has left, whoever sends it may settle it too: as one that cannot leave.
        let wish = Wish { wakeable: true, may_read: self.0.carrier.is_interruptible(), ..wish };
        self.0.roles.wish(seat.key, wish);
        (found, wish)
    }

    /// Has the thread on a seat look.
    fn nudge(&self, key: u64) {
        if self.0.roles.nudge(key).wake {
            self.0.carrier.wake();
        }
    }

    fn wish(&self, awaited: Awaited, interruptible: bool, looks: bool) -> Wish {
        // What it waits for may come another way than by the carrier.
        let wakeable = interruptible || !matches!(awaited, Awaited::Call(_));
        let may_read = awaited != Awaited::End && (!(wakeable || looks) || self.0.carrier.is_interruptible());
        Wish { awaited, may_read, wakeable, until: awaited.until(), looks }
    }
}

/// As [`look`], by a thread that has just taken its seat.
fn first_look(session: &mut Session, wish: Wish, done: &mut dyn FnMut(&mut Session) -> bool) -> Result<bool, Error> {
    wish.awaited.question().into_iter().for_each(|id| session.waits_now(id));
    let found = look(session, done);
    if matches!(found, Ok(false)) {
        session.count_round_trip();
    }
    found
}

/// Whether what is waited for is there, or the end.
fn look(session: &mut Session, done: &mut dyn FnMut(&mut Session) -> bool) -> Result<bool, Error> {
    if done(session) {
        return Ok(true);
    }
    session.ended().map_or(Ok(false), |reason| Err(reason.error(true)))
}
