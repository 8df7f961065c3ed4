//! What members give and take, as structs.

use std::sync::Arc;

use wherever::Value;

use crate::tuple::records;
use crate::{Reason, Stack, Tuple};

/// Where a frame is. Lines and columns count from 1, and 0 says that they are not known; columns count characters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// The file, as its own side names it.
    pub file: String,
    /// The line.
    pub line: u32,
    /// Where in the line.
    pub column: u32,
    /// The last line of what is at work.
    pub end_line: u32,
    /// Where in that line it ends.
    pub end_column: u32,
    /// The function.
    pub function: String,
    /// Where the function begins.
    pub first_line: u32,
    /// The text of the line, where it may be told.
    pub text: String,
    /// The function's signature, for its parameters' names; may be empty.
    pub signature: String,
}

/// A variable.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variable {
    /// Its name; empty for a value that has none.
    pub name: String,
    /// How its language shows it, at most 1,000 characters.
    pub text: String,
    /// Its type.
    pub kind: String,
    /// How many variables it has in it; -1 if it has some but does not know how many.
    pub parts: i64,
    /// The value itself: a copy of what is immutable, else a reference.
    pub value: Value,
}

/// What a frame knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contents {
    /// Local variables that are bound.
    pub bound: Tuple<(String, Value)>,
    /// Those that are not.
    pub unbound: Tuple<String>,
    /// Names of globals that hide builtins.
    pub hiding: Tuple<String>,
}

/// Whom one debugs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    /// What runs the code.
    pub runtime: String,
    /// Its version.
    pub version: String,
    /// The process id.
    pub process: i64,
    /// The program.
    pub program: String,
}

/// An error that was kept.
#[derive(Clone)]
pub struct Failure {
    /// Its type and message.
    pub title: String,
    /// The frames that it came through.
    pub stack: Arc<dyn Stack>,
}

/// A thread.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ThreadInfo {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Whether it waits for a command.
    pub is_stopped: bool,
    /// Where it is, if that is known.
    pub place: Option<Place>,
}

/// A breakpoint as it was set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Placed {
    /// Its number.
    pub id: i64,
    /// The file that it is in.
    pub file: String,
    /// The line that it is at.
    pub line: u32,
}

/// A breakpoint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Breakpoint {
    /// Its number.
    pub id: i64,
    /// The file that it is in.
    pub file: String,
    /// The line that it is at.
    pub line: u32,
    /// The function that it was set at; empty for one of a line.
    pub function: String,
    /// What must hold; empty for nothing.
    pub condition: String,
    /// How many more hits are ignored.
    pub ignore: u32,
    /// Whether it is gone once it is hit.
    pub temporary: bool,
    /// How often it was hit.
    pub hits: u64,
}

/// A thread has stopped.
#[derive(Clone)]
pub struct Stop {
    /// Why.
    pub reason: Reason,
    /// The thread.
    pub thread: i64,
    /// Its name.
    pub thread_name: String,
    /// Where it is, the outermost frame first.
    pub places: Tuple<Place>,
    /// Its frames; good until the thread goes on.
    pub stack: Arc<dyn Stack>,
    /// The text of the value returned or of the error raised; else empty.
    pub detail: String,
    /// The breakpoints that were hit.
    pub breakpoints: Tuple<i64>,
}

records! {
    Place { file, line, column, end_line, end_column, function, first_line, text, signature }
    Variable { name, text, kind, parts, value }
    Contents { bound, unbound, hiding }
    About { runtime, version, process, program }
    Failure { title, stack }
    ThreadInfo { id, name, is_stopped, place }
    Placed { id, file, line }
    Breakpoint { id, file, line, function, condition, ignore, temporary, hits }
    Stop { reason, thread, thread_name, places, stack, detail, breakpoints }
}
