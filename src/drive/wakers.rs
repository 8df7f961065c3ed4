//! Futures that wait for news of a question: each is woken whenever there may be some.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use smallvec::SmallVec;

use crate::drive::hub::Hub;
use crate::session::Session;
use crate::table::Id;

/// The wakers of one session, by question.
#[derive(Default)]
pub(crate) struct Wakers {
    waiting: Mutex<Waiting>,
    /// How many questions are waited for: looked at without the lock, since most sessions have none.
    count: AtomicUsize,
}

#[derive(Default)]
struct Waiting {
    by_question: HashMap<Id, SmallVec<[(u64, Waker); 1]>>,
    next: u64,
}

impl Wakers {
    /// Wakes who waits for this question.
    pub(crate) fn wake(&self, id: Id) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let woken = {
            let mut waiting = self.waiting.lock();
            let woken = waiting.by_question.remove(&id);
            self.count.store(waiting.by_question.len(), Ordering::Release);
            woken
        };
        woken.into_iter().flatten().for_each(|(_, waker)| waker.wake());
    }

    /// Wakes all: the session is over.
    pub(crate) fn wake_all(&self) {
        let woken = {
            let mut waiting = self.waiting.lock();
            self.count.store(0, Ordering::Release);
            std::mem::take(&mut waiting.by_question)
        };
        woken.into_values().flatten().for_each(|(_, waker)| waker.wake());
    }

    /// Has this waker woken, in place of the one that was left under `token`.
    fn leave(&self, id: Id, token: Option<u64>, waker: &Waker) -> u64 {
        let mut waiting = self.waiting.lock();
        let token = token.unwrap_or_else(|| {
            waiting.next += 1;
            waiting.next
        });
        let wakers = waiting.by_question.entry(id).or_default();
        let before = match wakers.iter_mut().find(|(known, _)| *known == token) {
            Some((_, known)) if known.will_wake(waker) => None,
            Some((_, known)) => Some(std::mem::replace(known, waker.clone())),
            None => {
                wakers.push((token, waker.clone()));
                None
            }
        };
        self.count.store(waiting.by_question.len(), Ordering::Release);
        drop(waiting);
        drop(before);
        token
    }

    fn take_back(&self, id: Id, token: u64) {
        let mut waiting = self.waiting.lock();
        let Entry::Occupied(mut wakers) = waiting.by_question.entry(id) else { return };
        let place = wakers.get().iter().position(|(known, _)| *known == token);
        let taken = place.map(|place| wakers.get_mut().remove(place));
        if wakers.get().is_empty() {
            wakers.remove();
        }
        self.count.store(waiting.by_question.len(), Ordering::Release);
        drop(waiting);
        drop(taken);
    }
}

/// A future's wait for news of one question.
pub(crate) struct News {
    hub: Arc<Hub>,
    id: Id,
    /// Where its waker was left last.
    token: Option<u64>,
    /// Whether it is waited for in earnest.
    attends: bool,
}

impl News {
    pub(crate) fn of(hub: &Arc<Hub>, id: Id) -> Self {
        Self { hub: hub.clone(), id, token: None, attends: true }
    }

    /// News of the session as a whole, which take their time.
    pub(crate) fn of_session(hub: &Arc<Hub>) -> Self {
        Self { hub: hub.clone(), id: Id::THEIR_NAMES, token: None, attends: false }
    }

    /// What `look` finds, now or when it is woken.
    pub(crate) fn poll<R>(&mut self, context: &mut Context<'_>, look: impl Fn(&mut Session) -> Option<R>) -> Poll<R> {
        if let Some(news) = self.hub.with(&look) {
            return Poll::Ready(news);
        }
        let begins = self.token.is_none() && self.attends;
        self.token = Some(self.hub.wakers.leave(self.id, self.token, context.waker()));
        if begins {
            self.hub.driver().attend(&self.hub, true);
        }
        // Once more: news may have come, and been told, in between.
        self.hub.with(look).map_or(Poll::Pending, Poll::Ready)
    }
}

impl Drop for News {
    fn drop(&mut self) {
        if let Some(token) = self.token {
            self.hub.wakers.take_back(self.id, token);
            if self.attends {
                self.hub.driver().attend(&self.hub, false);
            }
        }
    }
}
