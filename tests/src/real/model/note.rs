//! What a process notes: everything it does and sees, with values by where they came from.

use serde::{Deserialize, Serialize};

/// Numbers a call: odd ones are made by the other side.
pub(super) type Token = i64;
/// Numbers an object: odd ones live at the other side.
pub(super) type Object = i64;

/// A value, by where its holder has it from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Sym {
    Nothing,
    Bytes(usize),
    /// An object that its own side has in its hand.
    Object(Object),
    /// What a call gives.
    Result(Token),
    /// What a call was given, by place.
    Arg(Token, usize),
}

/// A value as it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Seen {
    Nothing,
    Int(i64),
    /// So many bytes, all as they should be.
    Bytes(usize),
    /// An object of one's own.
    Own(Object),
    /// A proxy, by its number in the session.
    Remote(u64),
    /// A promise, which only a call that never left its side is given.
    Promise,
    /// Anything else, which is a fault.
    Odd(String),
}

/// Why a call failed, as far as that can be told right from wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Fault {
    /// What this call raised.
    Raised(Token),
    /// A stream of this object failed.
    StreamOf(Object),
    NotFound,
    NoObject,
    /// Stopped by its caller, or out of time.
    Stopped,
    /// The other process is dead.
    Lost,
    Other(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    /// Of the table of names: the object, if there is one of the name.
    Get(Option<Object>),
    /// Of the attribute that tells an object's number.
    Attribute,
    /// Of a method that notes it.
    Run,
}

/// A call, as its caller notes it before it is made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Made {
    pub(super) token: Token,
    pub(super) kind: Kind,
    /// Who makes it: a number of the process's own, odd ones of the other side.
    pub(super) task: i64,
    pub(super) parent: Option<Token>,
    pub(super) target: Sym,
    /// It is made on a promise.
    pub(super) on_promise: bool,
    pub(super) args: Vec<Sym>,
    pub(super) concurrent: bool,
    pub(super) within: bool,
    pub(super) raises: bool,
}

/// Anything that happens.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Note {
    Made(Made),
    /// Its object was asked, on a thread that waits for these calls; `local` if no message brought it.
    Arrived {
        token: Token,
        object: Object,
        args: Vec<Seen>,
        under: Vec<Token>,
        local: bool,
    },
    /// It holds up the next of its order no more.
    Left(Token),
    Gave(Token, Option<Sym>),
    Saw(Token, Result<Seen, Fault>),
    Cancelled(Token),
    /// So many items came of this object's stream; how it ended, if it did.
    Streamed {
        of: Sym,
        items: u64,
        end: Option<Result<(), Fault>>,
    },
    /// Something that can be told wrong at once.
    Wrong(String),
}
