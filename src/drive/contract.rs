//! What a driver does for its hub.

use std::sync::Arc;

use crate::clock::Time;
use crate::drive::hub::Hub;
use crate::drive::work::Work;
use crate::error::Error;
use crate::session::{Session, Trash};
use crate::table::Id;

/// What a driver does for its hub.
pub(crate) trait Drive: Send + Sync {
    /// Work is ready: do it, or keep it until somebody can.
    fn take_work(&self, hub: &Arc<Hub>, work: Work);

    /// Whether frames are moved by a task, perhaps of the very thread that waits.
    fn moves_in_tasks(&self) -> bool {
        false
    }

    /// Whether [`Self::take_work`] does what is no job at once. Then events are acted on one by one, since each may lead
    /// to others.
    fn works_at_once(&self) -> bool {
        true
    }

    /// The session is over, in order or not: calls that have not begun will not run, but for those without an answer if
    /// it was in order. Told before the session's last events are acted on.
    fn ending(&self, hub: &Arc<Hub>, in_order: bool) {
        let _ = (hub, in_order);
    }

    /// A question is settled, or has items: whoever waits for it looks.
    fn told(&self, id: Id) {
        let _ = id;
    }

    /// Somebody begins to wait for news without a thread, or does so no more: meanwhile some thread must receive.
    fn attend(&self, hub: &Hub, begins: bool) {
        let _ = (hub, begins);
    }

    /// There may be room for what waited for it.
    fn room_came(&self) {}

    /// Waits until the queue has room for a result, or the session is over; `false` at once if it cannot wait here. Then
    /// the result is kept for [`Hub::dispatch`] to give when there is room.
    fn make_room(&self, hub: &Arc<Hub>) -> bool;

    /// The present thread gives this call its result: what it serves of it is nearly over.
    fn settling(&self, answer: Id) {
        let _ = answer;
    }

    /// Something may be ready to be sent.
    fn kick(&self, hub: &Arc<Hub>);

    /// Has `act` done with the session, once, and what is then ready be sent.
    fn act_and_kick(&self, hub: &Arc<Hub>, act: &mut dyn FnMut(&mut Session)) {
        hub.with(act);
        hub.kick();
    }

    /// Waits until `done` says so, serving what must be served meanwhile.
    fn wait(&self, hub: &Arc<Hub>, awaited: Awaited, done: &mut dyn FnMut(&mut Session) -> bool) -> Result<(), Error>;

    /// Takes the tick: what is due leaves, what has arrived is served, as far as that needs no waiting.
    fn poll(&self, hub: &Arc<Hub>) -> Result<(), Error>;

    /// Serves the peer until the session is over.
    fn serve(&self, hub: &Arc<Hub>) -> Result<(), Error>;

    /// Whether whoever forwards a call must wait here for it, since nobody else will.
    fn waits_in_line(&self) -> bool;

    /// Nothing refers to the session any more: these frames are the last.
    fn hang_up(&self, last_frames: &[Vec<u8>]);

    /// Drops what a session held when nothing refers to it any more: it may be the user's, and the thread whichever dropped
    /// the last reference.
    fn drop_last(&self, trash: Vec<Trash>) {
        drop(trash);
    }

    /// Something was let go where nothing was before: its release is to leave after a tick. Called by destructors.
    fn let_go(&self, hub: &Hub) {
        let _ = hub;
    }

    /// The number of the task that the present thread runs, if the driver knows its tasks apart.
    fn present_task(&self) -> Option<u64> {
        None
    }

    /// A tick has passed; whether the next one matters too. Called on the ticker's thread: it only calls others.
    fn tick(&self, hub: &Arc<Hub>, now: Time) -> bool {
        let _ = (hub, now);
        false
    }

    /// The session is over: the carrier can be closed.
    fn ended(&self, hub: &Arc<Hub>);
}

/// What somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaited {
    /// News of a question that only the carrier brings: nobody else can settle it.
    Call(Id),
    /// The same for one that has a deadline.
    CallInTime(Id),
    /// News of a question that others may settle: its promise is theirs too; until this moment at the latest.
    Promise(Id, Option<Time>),
    /// Room for a call, or for a result; until this moment at the latest.
    Room(Option<Time>),
    /// The end of the session.
    End,
}

impl Awaited {
    /// News of a call, by whether it has a deadline.
    pub(crate) fn call(id: Id, in_time: bool) -> Self {
        if in_time { Awaited::CallInTime(id) } else { Awaited::Call(id) }
    }

    /// The question that it is news of.
    pub(crate) fn question(self) -> Option<Id> {
        match self {
            Awaited::Call(id) | Awaited::CallInTime(id) | Awaited::Promise(id, _) => Some(id),
            Awaited::Room(_) | Awaited::End => None,
        }
    }

    /// When it is waited for no more.
    pub(crate) fn until(self) -> Option<Time> {
        match self {
            Awaited::Room(until) | Awaited::Promise(_, until) => until,
            Awaited::Call(_) | Awaited::CallInTime(_) | Awaited::End => None,
        }
    }

    /// Whether it is news of this question.
    pub(crate) fn is_on(self, question: Id) -> bool {
        self.question() == Some(question)
    }
}
