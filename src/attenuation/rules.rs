//! What an attenuated reference lets through.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::error::Error;
use crate::host::{Operation, Request};
use crate::policy::{Grant, check_reads, denied};
use crate::shape::{Operations, Shape};

/// What an attenuated reference lets through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Rules {
    pub(super) read_only: bool,
    pub(super) allowed: Option<Allowed>,
}

/// An allow-list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Allowed {
    pub(super) members: BTreeSet<Arc<str>>,
    pub(super) operations: Operations,
}

/// Who answers a request that is let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answers {
    /// The object.
    Object,
    /// The caretaker, by what the reference is.
    Caretaker,
}

impl Rules {
    /// The rules of a function that was read through a reference: reading it was allowed, so its call is.
    pub(super) fn of_function() -> Self {
        let operations = Operations::of(&[Operation::Call]);
        Self { read_only: false, allowed: Some(Allowed { members: BTreeSet::new(), operations }) }
    }

    /// The allow-list; without members and operations if there was none.
    pub(super) fn allowed(&mut self) -> &mut Allowed {
        self.allowed.get_or_insert_default()
    }

    /// Lets the request on an object of this shape pass, or says what is refused, and by which rule.
    pub(super) fn check(&self, shape: &Shape, grant: Grant, request: &Request) -> Result<Answers, Error> {
        let answers = match &self.allowed {
            None => Answers::Object,
            Some(allowed) => allowed.check(request).ok_or_else(|| {
                let remedy = match request.operation.is_about_member(request.member.is_some()) {
                    true => "a reference whose allow-list names the member",
                    false => "a reference whose allow-list names the operation",
                };
                denied(shape, request, "allow-list", remedy)
            })?,
        };
        if answers == Answers::Object && (self.read_only || grant == Grant::ReadOnly) {
            check_reads(shape, request)?;
        }
        Ok(answers)
    }
}

impl Allowed {
    fn check(&self, request: &Request) -> Option<Answers> {
        let Request { operation, member, .. } = request;
        let is_allowed = match (operation, member) {
            (Operation::Noop, _) => true,
            (Operation::Call | Operation::Get | Operation::Set | Operation::Delete, Some(member)) => {
                self.members.contains(member)
            }
            // Of an object with an allow-list its shape tells all names there are.
            (Operation::Dir, _) => return Some(Answers::Caretaker),
            (operation, _) => self.operations.contains(*operation),
        };
        // What an object says of itself may be all that is in it.
        let is_name = *operation == Operation::Text && matches!(member.as_deref(), None | Some("" | "repr"));
        match (is_allowed, is_name) {
            (true, _) => Some(Answers::Object),
            (false, true) => Some(Answers::Caretaker),
            (false, false) => None,
        }
    }
}
