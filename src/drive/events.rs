//! The events of a session that are acted on at a time.

use crate::session::{Event, Session};

/// What is acted on at a time: mostly one event, which needs no list.
pub(crate) struct Events {
    pub(crate) first: Option<Event>,
    pub(crate) others: Vec<Event>,
}

impl Events {
    /// The next events, one or all.
    pub(crate) fn poll(session: &mut Session, all: bool) -> Self {
        let first = session.poll_event();
        let mut others = Vec::new();
        while all && let Some(event) = session.poll_event() {
            others.push(event);
        }
        Self { first, others }
    }

    /// Whether the session is over with them.
    pub(crate) fn has_end(&self) -> bool {
        self.first.iter().chain(&self.others).any(|event| matches!(event, Event::Ended))
    }
}
