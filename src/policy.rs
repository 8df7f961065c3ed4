//! The one gate that every operation of a peer passes, and the rules it goes by.

use std::sync::Arc;

use crate::error::{Denied, Error, FramesTold};
use crate::host::{Operation, Request};
use crate::shape::{Category, MemberKind, Shape};

/// Which members and operations of the objects it holds a peer may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Policy {
    /// Only what was exposed on purpose.
    #[default]
    Closed,
    /// Everything without a leading underscore; writes only to declared members.
    Public,
    /// Everything that can be reached: for peers that are trusted wholly, and for debugging.
    Open,
}

impl From<Policy> for FramesTold {
    /// What each policy has told, where the node does not say otherwise.
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Closed => FramesTold::Places,
            Policy::Public => FramesTold::Source,
            Policy::Open => FramesTold::Stacks,
        }
    }
}

/// What one reference grants, before the policy is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Grant {
    /// Nothing that can change the object.
    ReadOnly,
    /// What passing an object of its category grants.
    #[default]
    Passed,
}

impl Policy {
    /// The policy's name.
    pub fn name(self) -> &'static str {
        match self {
            Policy::Closed => "closed",
            Policy::Public => "public",
            Policy::Open => "open",
        }
    }

    /// Lets the request pass, or says what is refused, by which rule, and what would allow it.
    ///
    /// This is the only check there is: every operation, call, comparison, text and list of names included, and each
    /// step of a path, comes through here. What the closed policy allows, the others do; what a read-only reference
    /// refuses, every policy does. The shape is that of the object which is to do it: a request that waits for a
    /// promise is checked when that is settled.
    pub fn check(self, shape: &Shape, grant: Grant, request: &Request) -> Result<(), Error> {
        if !is_known(request) {
            return Err(Error::not_supported(shape, request.operation));
        }
        if grant == Grant::ReadOnly {
            check_reads(shape, request)?;
        }
        match self {
            Policy::Open => Ok(()),
            Policy::Public if closed(shape, request) || public(shape, request) => Ok(()),
            Policy::Closed if closed(shape, request) => Ok(()),
            _ if is_unknown_member(shape, request) => Err(Error::no_member(shape, request.member_name())),
            _ => Err(denied(shape, request, self.name(), &self.remedy(shape, request))),
        }
    }

    /// What would allow a request that this policy refuses.
    fn remedy(self, shape: &Shape, request: &Request) -> String {
        let mark = match (request.operation, &request.member) {
            (Operation::Set | Operation::Delete, _) if self == Policy::Public => {
                "declaring it writable under a public name"
            }
            (Operation::Set | Operation::Delete, _) => "marking it exposed and writable",
            (Operation::Call, Some(name))
                if shape.find(name).is_some_and(|member| member.exposed && member.kind == MemberKind::Attribute) =>
            {
                "reading it and calling what that gives"
            }
            (Operation::Call, None) if shape.category() == Category::Class => "exposing its constructor",
            (Operation::Call | Operation::Get, Some(_)) => "marking it exposed",
            _ => "exposing the operation",
        };
        let wider = if self == Policy::Closed && public(shape, request) { Policy::Public } else { Policy::Open };
        format!("{mark}, or the policy `{}`,", wider.name())
    }
}

/// Binary operators; each also with `r` before it for its reflected form, and `i` for the one in place.
const BINARY: [&str; 16] = [
    "add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "divmod", "pow", "lshift", "rshift", "and", "or",
    "xor", "and_", "or_",
];
const UNARY: [&str; 13] =
    ["neg", "pos", "abs", "invert", "int", "float", "complex", "index", "bool", "round", "trunc", "floor", "ceil"];
const COMPARE: [&str; 6] = ["eq", "ne", "lt", "le", "gt", "ge"];
const TEXT: [&str; 4] = ["", "repr", "str", "format"];

/// Whether an object can be asked this at all. Operators are a closed list: a runtime may make the name of one of its
/// hooks from an operator's name, and no peer may pick that hook.
fn is_known(request: &Request) -> bool {
    let name = request.member_name();
    match request.operation {
        Operation::Get | Operation::Set | Operation::Delete => request.member.is_some(),
        Operation::Compare => COMPARE.contains(&name),
        Operation::Binary => {
            let base = name.strip_prefix(['r', 'i']).unwrap_or(name);
            BINARY.contains(&name) || BINARY.contains(&base)
        }
        Operation::Unary => UNARY.contains(&name),
        Operation::Text => TEXT.contains(&name),
        // Only the table of exported names knows it.
        Operation::Fence => false,
        _ => true,
    }
}

/// The refusal of a request, by this rule; the remedy is what would allow it.
pub(crate) fn denied(shape: &Shape, request: &Request, rule: &str, remedy: &str) -> Error {
    Error::Denied(Arc::new(Denied {
        shape: shape.name().clone(),
        operation: request.operation,
        member: request.member.clone(),
        policy: rule.into(),
        remedy: remedy.into(),
    }))
}

/// Refuses what may change the object, as far as the shape tells.
pub(crate) fn check_reads(shape: &Shape, request: &Request) -> Result<(), Error> {
    match reads(shape, request) {
        true => Ok(()),
        false => Err(denied(shape, request, "read-only", "a reference that is not read-only")),
    }
}

/// Whether the request changes nothing, as far as the shape tells.
fn reads(shape: &Shape, request: &Request) -> bool {
    let name = request.member_name();
    let member = request.member.as_ref().and_then(|name| shape.find(name));
    match request.operation {
        Operation::Call => member.is_some_and(|member| member.reads && member.kind != MemberKind::Attribute),
        // What reading a method gives can be called without this reference, so it must be harmless itself. Hooks
        // that are in no shape lead round the reference (`__dict__`, `__setattr__`).
        Operation::Get => match member {
            Some(member) => member.reads || member.kind == MemberKind::Attribute,
            None => !shape.is_closed() && !name.starts_with('_'),
        },
        Operation::Binary => shape.category().is_container() && !name.starts_with('i'),
        // Each step changes it.
        Operation::Iterate | Operation::Whole | Operation::Contains => shape.category() != Category::Iterator,
        operation => !operation.may_write(),
    }
}

fn public(shape: &Shape, request: &Request) -> bool {
    let name = request.member_name();
    match request.operation {
        Operation::Call | Operation::Get => !name.starts_with('_'),
        Operation::Set | Operation::Delete => {
            !name.starts_with('_')
                && shape.find(name).is_some_and(|member| member.writable && member.kind == MemberKind::Attribute)
        }
        _ => true,
    }
}

fn closed(shape: &Shape, request: &Request) -> bool {
    let operations = shape.all_operations();
    let exposed = || shape.find(request.member_name()).filter(|member| member.exposed);
    match (request.operation, shape.category()) {
        (Operation::Noop, _) => true,
        // Passing a function grants its call. Passing a class lets it be recognised: its shape has the call among its
        // operations only if its author exposed the making of instances.
        (Operation::Call, Category::Function) if request.member.is_none() => true,
        (Operation::Call, _) if request.member.is_none() => operations.contains(Operation::Call),
        // An attribute may hold what may be seen but not called, such as a class: its value has its own gate.
        (Operation::Call, _) => exposed().is_some_and(|member| member.kind != MemberKind::Attribute),
        (Operation::Get, _) => exposed().is_some(),
        (Operation::Set | Operation::Delete, _) => {
            exposed().is_some_and(|member| member.writable && member.kind == MemberKind::Attribute)
        }
        // Names of exposed members are in the shape; on an open shape, instance attributes were not exposed.
        (Operation::Dir, _) => shape.is_closed(),
        // Passing an iterator grants stepping it.
        (Operation::Iterate, Category::Iterator) => true,
        (operation, _) => operations.contains(operation),
    }
}

/// Whether the request is about a member that the type cannot have: nothing would allow it.
fn is_unknown_member(shape: &Shape, request: &Request) -> bool {
    request.operation.is_about_member(request.member.is_some())
        && shape.is_closed()
        && shape.find(request.member_name()).is_none()
}

#[cfg(test)]
mod tests;
