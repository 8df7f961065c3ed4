//! Notices as events of `tracing`, and a span around the code that a call runs.
//!
//! | target | level | name or message | fields |
//! |---|---|---|---|
//! | `wherever::session` | info | `opened` | `session`, `runtime` |
//! | `wherever::session` | info | `ended` | `session`, `reason` |
//! | `wherever::call` | debug | span `call` | `session`, `number`, `what`, `one_way` |
//! | `wherever::call` | debug | `begun` | the same |
//! | `wherever::call` | debug | `ended` | the same, and `error` if it failed |
//! | `wherever::call` | warn | `refused` | the same, and `remedy` |
//!
//! The span is entered while the object is first asked; what it goes on with later, elsewhere, is not in it.

use tracing::field::display;
use tracing::{Level, Span, debug, debug_span, info, warn};

use super::{Notice, ServedCall};
use crate::wire::describe::escape;

const SESSION: &str = "wherever::session";
const CALL: &str = "wherever::call";

/// Whether anybody listens.
pub(super) fn is_on() -> bool {
    tracing::enabled!(target: CALL, Level::DEBUG)
        || tracing::enabled!(target: CALL, Level::WARN)
        || tracing::enabled!(target: SESSION, Level::INFO)
}

/// The span of a call's own code.
pub(super) fn span(call: &ServedCall) -> Span {
    debug_span!(target: CALL, "call", session = call.session, number = call.number, what = %call, one_way = call.one_way)
}

pub(super) fn tell(notice: &Notice) {
    match notice {
        Notice::Opened { session, runtime } => {
            info!(target: SESSION, session, runtime = escape(runtime), "opened");
        }
        Notice::Ended { session, reason } => {
            info!(target: SESSION, session, reason = escape(reason.text()), "ended");
        }
        Notice::CallBegun(call) => {
            let ServedCall { session, number, one_way, .. } = call;
            debug!(target: CALL, session, number, what = %call, one_way, "begun");
        }
        Notice::CallEnded { call, error } => {
            let ServedCall { session, number, one_way, .. } = call;
            let error = error.as_ref().map(|error| display(escape(&error.to_string())));
            debug!(target: CALL, session, number, what = %call, one_way, error, "ended");
        }
        Notice::Refused { call, denied } => {
            let ServedCall { session, number, one_way, .. } = call;
            let remedy = escape(&denied.remedy);
            warn!(target: CALL, session, number, what = %call, one_way, remedy, "refused");
        }
    }
}
