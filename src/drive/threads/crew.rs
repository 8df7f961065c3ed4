//! The crew: threads that receive when no caller does, and do the peer's work.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use crate::drive::hub::{Drive, Hub};
use crate::drive::threads::roles::{Calls, CrewDid, CrewStep, Piece};
use crate::drive::threads::{CREW_OF, MAY_WAIT, Threads, Within};
use crate::drive::work::Work;
use crate::session::Trash;

impl Threads {
    /// What a thread of the crew does until it is not needed any more. It holds the session only while it works, so that
    /// one that nothing else refers to can end.
    pub(super) fn serve_as_crew(&self, hub: &Weak<Hub>) {
        let _crew = Within::enter(&CREW_OF, self.address());
        self.0.roles.join();
        let mut did = CrewDid::Nothing;
        loop {
            let (step, calls) = self.0.roles.crew_step(did);
            if calls != Calls::default()
                && let Some(hub) = hub.upgrade()
            {
                self.see_to(&hub, calls);
            }
            did = match step {
                CrewStep::Leave => return drop(self.0.roles.take_kept()),
                CrewStep::Again => CrewDid::Nothing,
                CrewStep::Work(work) => {
                    let counted = work.counts();
                    self.work(hub, work);
                    CrewDid::Work { counted }
                }
                CrewStep::Read => {
                    self.read(hub);
                    CrewDid::Read
                }
            };
        }
    }

    fn work(&self, hub: &Weak<Hub>, work: Work) {
        if let Some(hub) = hub.upgrade() {
            if matches!(work, Work::Time) {
                self.0.time_due.store(false, Ordering::Release);
            }
            // Of what panics in user code, most is told to its caller; whatever else must not take the crew along.
            let is_call = matches!(work, Work::Job(_));
            MAY_WAIT.set(is_call);
            let _ = catch_unwind(AssertUnwindSafe(|| {
                work.run(&hub);
                if !is_call {
                    hub.kick();
                }
            }));
            MAY_WAIT.set(true);
        }
    }

    /// Receives once, unless the session is gone.
    fn read(&self, hub: &Weak<Hub>) {
        let Some((hub, received)) = self.receive(|| hub.upgrade(), false, None, &mut |_| false) else { return };
        if !received.trash.is_empty() {
            self.leave_to_crew(&hub, received.trash);
        }
        if received.sends {
            self.take_work(&hub, Work::Send);
        }
    }

    /// Has the crew drop what may be the user's.
    pub(super) fn leave_to_crew(&self, hub: &Arc<Hub>, mut trash: Vec<Trash>) {
        trash.retain(|trash| !trash.is_plain());
        if !trash.is_empty() {
            self.take_work(hub, Work::Task(Box::new(move || drop(trash))));
        }
    }

    /// Drops work that will not be done, where the user's code may run.
    pub(super) fn drop_elsewhere(&self, hub: &Arc<Hub>, work: Option<Work>) {
        if let Some(work) = work {
            self.take_work(hub, Work::Task(Box::new(move || drop(work))));
        }
    }
}
