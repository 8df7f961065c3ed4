//! The side that runs a script: its interpreter's frames, scopes and control as objects. All that is known here of whoever
//! debugs are the interfaces of `wherever-debug`; all that the core knows of this is nothing.

mod control;
mod evaluate;
mod frames;
mod process;
mod program;
mod value;
mod watch;

use std::sync::Arc;

pub(crate) use process::Process;
pub(crate) use program::Program;
use rhai::{Dynamic, Engine, EvalAltResult, Scope};
use wherever::Error;

/// Script functions that may be within one another. The interpreter recurses with them.
const CALLS_MAX: usize = 1_000;

/// Stack of the thread that runs a script, enough for so many calls in a build without optimizations.
pub(crate) const STACK_SIZE: usize = 1 << 28;

/// What each engine here knows: Rhai's own library, with printing to where this process is told to print.
pub(crate) fn engine() -> Engine {
    let mut engine = Engine::new();
    // As it is written, so that each line is there to stop at.
    engine.set_optimization_level(rhai::OptimizationLevel::None);
    engine.set_max_call_levels(CALLS_MAX);
    engine.on_print(crate::say);
    engine.on_debug(|text, _, _| crate::say(text));
    engine.register_fn("sleep_millis", |millis: i64| {
        std::thread::sleep(std::time::Duration::from_millis(millis.unsigned_abs()));
    });
    // The processor time that the script has had so far: other programs have no part in it.
    engine.register_fn("seconds_worked", || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        std::time::Duration::try_from(time).unwrap_or_default().as_secs_f64()
    });
    engine
}

/// An error of the script language, for a peer.
fn raised(error: &EvalAltResult) -> Error {
    Error::raise("rhai:Error", error.to_string())
}

/// An error of whoever asks for what cannot be had.
fn refused(text: impl Into<Arc<str>>) -> Error {
    Error::raise("rhai:Refused", text)
}

/// An interpreter that asks the process, at each line while anybody debugs it, whether to stop.
pub(crate) struct Watched {
    engine: Engine,
    watch: Arc<watch::Watch>,
    process: Arc<Process>,
}

impl Watched {
    /// One that nobody can debug.
    pub(crate) fn alone(process: &Arc<Process>) -> Self {
        Self { engine: engine(), watch: Arc::new(watch::Watch::new(process.clone())), process: process.clone() }
    }

    #[allow(deprecated, reason = "so Rhai marks what may change from version to version")]
    pub(crate) fn new(process: &Arc<Process>) -> Self {
        let watch = Arc::new(watch::Watch::new(process.clone()));
        let (fresh, told, looked) = (watch.clone(), watch.clone(), watch.clone());
        let mut engine = engine();
        engine.register_debugger(
            move |_, debugger| fresh.remember(debugger),
            move |mut context, event, node, _, position| told.event(&mut context, event, node, position),
        );
        // While the interpreter's debugger is told nothing, and so costs nothing, one that comes later is noticed where
        // a variable is looked up.
        engine.on_var(move |_, _, mut context| {
            looked.look(&mut context);
            Ok(None)
        });
        Self { engine, watch, process: process.clone() }
    }

    /// Runs the script to its end.
    pub(crate) fn run(&self) -> Result<Dynamic, Box<EvalAltResult>> {
        let mut scope = Scope::new();
        let ended = self.engine.eval_ast_with_scope::<Dynamic>(&mut scope, self.process.program().ast());
        self.process.ended(ended.as_ref().err().map(|error| (&**error, self.watch.failed(error))));
        ended
    }
}
