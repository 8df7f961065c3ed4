//! The log of an attenuated reference: who used it, for what, and how that ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::context::CallContext;
use crate::error::Error;
use crate::guard::guarded;
use crate::host::{Operation, Request};
use crate::peer::Peer;

/// One use of an attenuated reference, as its log is told.
///
/// The member may be of a peer's wording: what prints it for people passes it through
/// [`crate::wire::describe::escape`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Access {
    /// Whose use it is; `None` for one on this side. Whoever keeps it keeps the session.
    pub peer: Option<Peer>,
    /// The number of the session that it came by.
    pub session: Option<u64>,
    /// What was asked.
    pub operation: Operation,
    /// The member it was asked about; of a function that was read from the reference, the member that it was read as.
    pub member: Option<Arc<str>>,
    /// How far it is.
    pub stage: Stage,
}

/// How far a use of an attenuated reference is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Stage {
    /// It is asked; whether it is refused is not known yet.
    Begun,
    /// It has its result; one that is answered by items, when it begins to give them.
    Ended,
    /// It failed, or was refused.
    Failed(Error),
}

/// Who is told of uses.
#[derive(Clone)]
pub(super) struct Log(Arc<dyn Fn(&Access) + Send + Sync>);

impl Log {
    pub(super) fn new(log: impl Fn(&Access) + Send + Sync + 'static) -> Self {
        Self(Arc::new(log))
    }

    /// Tells that a use begins.
    pub(super) fn begin(&self, context: &CallContext, request: &Request, read_as: Option<&Arc<str>>) -> Logged {
        let access = Access {
            peer: context.peer(),
            session: context.session_number(),
            operation: request.operation,
            member: request.member.as_ref().or(read_as).cloned(),
            stage: Stage::Begun,
        };
        self.tell(&access);
        Logged { log: self.clone(), access, ended: AtomicBool::new(false) }
    }

    fn tell(&self, access: &Access) {
        let _ = guarded(|| (self.0)(access));
    }
}

/// A use whose end is to be told, once. One that is lost on its way has failed.
pub(crate) struct Logged {
    log: Log,
    access: Access,
    ended: AtomicBool,
}

impl Logged {
    /// Tells that the use has ended, or what it failed with.
    pub(crate) fn end(&self, error: Option<&Error>) {
        if !self.ended.swap(true, Ordering::AcqRel) {
            let stage = error.map_or(Stage::Ended, |error| Stage::Failed(error.clone()));
            self.log.tell(&Access { stage, ..self.access.clone() });
        }
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        self.end(Some(&Error::Stopped));
    }
}
