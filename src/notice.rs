//! Notices: what happens in a node's sessions, told to whoever hooked in; for logs, counters and audits.

#[cfg(feature = "tracing")]
mod trace;

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::attenuation::Logged;
use crate::error::{Denied, Error};
use crate::guard::guarded;
use crate::host::Operation;
use crate::node::Node;
use crate::session::EndReason;

/// Something that happened in a session of a node; told to the hooks of [`crate::NodeBuilder::on_notice`].
///
/// Names in it may be a peer's: what prints them for people passes them through [`crate::wire::describe::escape`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Notice {
    /// The peer's first words have come.
    Opened {
        /// The session's number; see [`crate::Peer::session_number`].
        session: u64,
        /// The name of the peer's runtime.
        runtime: Arc<str>,
    },
    /// The session is over. A session may end without having opened.
    Ended {
        /// The session's number.
        session: u64,
        /// Why.
        reason: EndReason,
    },
    /// A call of the peer's begins, having passed the policy. Calls that are passed on to another side are told there.
    CallBegun(ServedCall),
    /// A call that was begun has its result. One that is answered by items has it when it begins to give them.
    CallEnded {
        /// The call.
        call: ServedCall,
        /// What it failed with.
        error: Option<Error>,
    },
    /// The policy refused a call of the peer's, or the reading of an attribute on the way to its object.
    Refused {
        /// The call.
        call: ServedCall,
        /// What was refused, and what would allow it.
        denied: Arc<Denied>,
    },
}

/// A call of a peer's, as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServedCall {
    /// The number of the session that it came by.
    pub session: u64,
    /// Its number within the session.
    pub number: u64,
    /// The name of its object's shape; `wherever:names` for the table of exported names.
    pub shape: Arc<str>,
    /// What was asked.
    pub operation: Operation,
    /// The member it was asked about.
    pub member: Option<Arc<str>>,
    /// Nobody waits for its result.
    pub one_way: bool,
}

impl fmt::Display for ServedCall {
    /// For people: what a peer named is escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escape = crate::wire::describe::escape;
        write!(f, "{:?} {}", self.operation, escape(&self.shape))?;
        match &self.member {
            Some(member) => write!(f, ".{}", escape(member)),
            None => Ok(()),
        }
    }
}

/// What is told of notices.
pub(crate) type Hook = Box<dyn Fn(&Notice) + Send + Sync>;

/// The hooks of a node.
#[derive(Default)]
pub(crate) struct Hooks(Vec<Hook>);

impl Hooks {
    pub(crate) fn add(&mut self, hook: Hook) {
        self.0.push(hook);
    }

    /// Whether anybody wants to be told.
    pub(crate) fn are_wanted(&self) -> bool {
        #[cfg(feature = "tracing")]
        if trace::is_on() {
            return true;
        }
        !self.0.is_empty()
    }

    /// Tells them all. A panic of one is its own affair.
    pub(crate) fn tell(&self, notice: &Notice) {
        #[cfg(feature = "tracing")]
        trace::tell(notice);
        for hook in &self.0 {
            let _ = guarded(|| hook(notice));
        }
    }
}

/// A call that was begun, and whose end is to be told: to a node's hooks, or to the log of an attenuated reference.
pub(crate) struct Observed {
    what: What,
    /// Who else is told.
    next: OnceLock<Box<Observed>>,
}

enum What {
    Call { node: Node, call: ServedCall },
    Access(Logged),
}

impl Observed {
    /// Tells that the call begins.
    pub(crate) fn begin(node: &Node, call: ServedCall) -> Self {
        node.hooks().tell(&Notice::CallBegun(call.clone()));
        Self { what: What::Call { node: node.clone(), call }, next: OnceLock::new() }
    }

    /// For the log of an attenuated reference, which was told of the beginning.
    pub(crate) fn access(logged: Logged) -> Self {
        Self { what: What::Access(logged), next: OnceLock::new() }
    }

    /// Adds one more to those that are told.
    pub(crate) fn add(first: &OnceLock<Box<Self>>, observed: Self) -> Option<&Self> {
        let (mut place, mut observed) = (first, Box::new(observed));
        while let Err(back) = place.set(observed) {
            (place, observed) = (&place.get()?.next, back);
        }
        place.get().map(|observed| &**observed)
    }

    /// Tells that it has ended, or what it failed with.
    pub(crate) fn end(&self, error: Option<&Error>) {
        for observed in std::iter::successors(Some(self), |observed| observed.next.get().map(|next| &**next)) {
            match &observed.what {
                What::Call { node, call } => {
                    node.hooks().tell(&Notice::CallEnded { call: call.clone(), error: error.cloned() });
                }
                What::Access(logged) => logged.end(error),
            }
        }
    }

    /// Runs the object's code: what it traces is told to be of this call.
    pub(crate) fn within<R>(&self, run: impl FnOnce() -> R) -> R {
        #[cfg(feature = "tracing")]
        let _entered = match &self.what {
            What::Call { call, .. } => Some(trace::span(call).entered()),
            What::Access(_) => None,
        };
        run()
    }
}

#[cfg(test)]
mod tests;
