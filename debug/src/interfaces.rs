//! The three interfaces.

use std::sync::Arc;

use wherever::{Error, Value};

use crate::{About, Breakpoint, Command, Contents, Failure, Place, Placed, Scope, Stop, ThreadInfo, Tuple, Variable};

/// The frames that an error came through, or those that a thread is in. A frame is named by its index, 0 the outermost;
/// one outside of the stack is an error. A member that fails raises what the debugged code's language raises.
#[wherever::interface("org.wherever.Stack/1")]
pub trait Stack {
    /// What it is: the error's type and message, or the thread's name.
    fn title(&self) -> Result<String, Error>;

    /// The places of its frames, the outermost first.
    fn places(&self) -> Result<Tuple<Place>, Error>;

    /// All local variables of a frame, and names.
    fn contents(&self, frame: usize) -> Result<Contents, Error>;

    /// A global variable.
    fn global_value(&self, frame: usize, name: &str) -> Result<Value, Error>;

    /// Binds a local variable of a frame.
    fn assign(&self, frame: usize, name: &str, value: Value) -> Result<(), Error>;

    /// Unbinds one.
    fn remove(&self, frame: usize, name: &str) -> Result<(), Error>;

    /// Variables of a scope, from the one at `start`, at most `count` of them.
    fn variables(&self, frame: usize, scope: Scope, start: usize, count: usize) -> Result<Tuple<Variable>, Error>;

    /// The variables within a value, from the one at `start`, at most `count` of them.
    fn parts(&self, value: Value, start: usize, count: usize) -> Result<Tuple<Variable>, Error>;

    /// The value of an expression of the frame's language, as a variable without a name; of a statement, none.
    fn evaluate(&self, frame: usize, text: &str) -> Result<Option<Variable>, Error>;

    /// Binds a local variable to the value of an expression; gives that value.
    fn assign_text(&self, frame: usize, name: &str, text: &str) -> Result<Variable, Error>;

    /// Sets one of the parts of a value to that of an expression; gives that.
    fn assign_part(&self, value: Value, frame: usize, name: &str, text: &str) -> Result<Variable, Error>;

    /// The whole text of a file that one of its frames is in.
    fn source(&self, file: &str) -> Result<String, Error>;
}

/// What a process exports, by the name [`NAME`](crate::NAME), if it lets itself be debugged.
#[wherever::interface("org.wherever.Debugger/1")]
pub trait Debugger {
    /// Whom one debugs.
    fn about(&self) -> Result<About, Error>;

    /// Errors that were kept to be looked at, the latest first.
    fn failures(&self) -> Result<Tuple<Failure>, Error>;

    /// The threads, the main thread first.
    fn threads(&self) -> Result<Tuple<ThreadInfo>, Error>;

    /// The stack of a thread as it now is.
    fn stack(&self, thread: i64) -> Result<Arc<dyn Stack>, Error>;

    /// From now on the listener is told of stops. One listener at a time.
    fn attach(&self, listener: Arc<dyn DebugListener>) -> Result<(), Error>;

    /// Every breakpoint is taken out, every stopped thread goes on, and the program runs as before it was attached to.
    fn detach(&self) -> Result<(), Error>;

    /// The thread stops before the next line of code that it runs.
    fn pause(&self, thread: i64) -> Result<(), Error>;

    /// Sets a breakpoint at `file` and `line`, or at `function`; the others are an empty text and 0. The condition is an
    /// expression of the debugged language, empty for none. So many hits are ignored.
    fn set_breakpoint(
        &self,
        file: &str,
        line: u32,
        function: &str,
        condition: &str,
        ignore: u32,
        temporary: bool,
    ) -> Result<Placed, Error>;

    /// Takes a breakpoint out.
    fn clear_breakpoint(&self, id: i64) -> Result<(), Error>;

    /// All breakpoints.
    fn breakpoints(&self) -> Result<Tuple<Breakpoint>, Error>;

    /// The text of a file of the program.
    fn source(&self, file: &str) -> Result<String, Error>;
}

/// What the debugging side gives to [`Debugger::attach`].
#[wherever::interface("org.wherever.DebugListener/1")]
pub trait DebugListener {
    /// Called by the thread that stopped, which waits: what is called within it runs on that very thread. Gives the
    /// command by which the thread goes on.
    fn stopped(&self, stop: Stop) -> Result<Command, Error>;
}
