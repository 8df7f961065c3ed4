//! A call of a peer on its way: until there is room for it, and until it is answered.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::drive::{Hub, News, Place, Wanted, not_greeted};
use crate::error::Error;
use crate::session::{CallSpec, Session, Settled};
use crate::table::Id;
use crate::value::Value;

/// The making of a call: done when there was room for it.
pub(super) struct Asking {
    hub: Arc<Hub>,
    spec: Option<Box<CallSpec>>,
    wanted: Wanted,
    /// A call larger than the floor allows waits for the peer's HELLO, which a no-op call brings.
    greeting: Option<Box<Called>>,
    place: Option<Arc<Place>>,
}

impl Asking {
    pub(super) fn new(hub: &Arc<Hub>, spec: CallSpec, wanted: Wanted) -> Self {
        Self { hub: hub.clone(), spec: Some(Box::new(spec)), wanted, greeting: None, place: None }
    }
}

impl Future for Asking {
    type Output = Result<Id, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.greeting.is_none() {
            let greeting = self.spec.as_ref().and_then(|spec| self.hub.greeting_for(spec));
            self.greeting = greeting.map(|greeting| Box::new(Called::new(&self.hub, greeting)));
        }
        if let Some(greeting) = &mut self.greeting {
            let greeted = ready!(greeting.poll(context));
            self.greeting = None;
            greeted.map_err(not_greeted)?;
        }
        if let Some(spec) = self.spec.take() {
            let place = Place::new(self.wanted);
            let made = self.hub.call_or_place(*spec, &place);
            self.hub.kick();
            match made {
                Ok(None) => self.place = Some(place),
                Ok(Some(id)) => return Poll::Ready(Ok(id)),
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        let Some(place) = &self.place else { return Poll::Ready(Err(super::over())) };
        let waker = context.waker().clone();
        let Some(made) = place.take(move || waker.wake()) else { return Poll::Pending };
        self.place = None;
        self.hub.kick();
        Poll::Ready(made)
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.hub.give_up_place(&place);
        }
    }
}

/// A call whose result is waited for. Dropped before it has come, it is stopped.
pub(super) struct Called {
    hub: Arc<Hub>,
    state: State,
}

enum State {
    Asking(Asking),
    Waiting(Id, News),
    Over,
}

impl Called {
    pub(super) fn new(hub: &Arc<Hub>, spec: CallSpec) -> Self {
        Self { hub: hub.clone(), state: State::Asking(Asking::new(hub, spec, Wanted::Result)) }
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Settled> {
        loop {
            match &mut self.state {
                State::Over => return Poll::Ready(Err(super::over())),
                State::Asking(asking) => match ready!(Pin::new(asking).poll(context)) {
                    Ok(id) => {
                        self.state = State::Waiting(id, News::of(&self.hub, id));
                        self.hub.with(Session::count_round_trip);
                    }
                    Err(error) => {
                        self.state = State::Over;
                        return Poll::Ready(Err(error));
                    }
                },
                State::Waiting(id, news) => {
                    let id = *id;
                    let settled = ready!(news.poll(context, |session| session.take_settled(id)));
                    self.state = State::Over;
                    return Poll::Ready(settled);
                }
            }
        }
    }

    pub(super) fn poll_value(&mut self, context: &mut Context<'_>) -> Poll<Result<Value, Error>> {
        let settled = ready!(self.poll(context));
        Poll::Ready(settled.and_then(|returned| returned.value(self.hub.node().limits())))
    }
}

impl Drop for Called {
    fn drop(&mut self) {
        if let State::Waiting(id, _) = &self.state {
            self.hub.stop_and_forget(*id);
        }
    }
}
