//! What the process exports: its debugger.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use rhai::EvalAltResult;
use wherever::Error;
use wherever_debug::{
    About, Breakpoint, DebugListener, Debugger, Failure, Place, Placed, Reason, Stack, Stop, ThreadInfo, Tuple,
};

use crate::script::control::Control;
use crate::script::evaluate::Evaluator;
use crate::script::frames::{Frames, Locals, message_of};
use crate::script::{Program, refused};

/// The one thread that runs scripts.
pub(crate) const THREAD: i64 = 1;
pub(crate) const THREAD_NAME: &str = "script";

/// Time for a running script to reach its next line, when somebody asks where it is.
const LINE_TIME: Duration = Duration::from_secs(5);

/// A process that runs a script and lets itself be debugged.
pub(crate) struct Process {
    program: Arc<Program>,
    pub(crate) evaluator: Arc<Evaluator>,
    pub(crate) control: Control,
}

impl Process {
    pub(crate) fn new(program: Program, records: bool) -> Arc<Self> {
        let evaluator = Arc::new(Evaluator::new(program.ast()));
        Arc::new(Self { program: Arc::new(program), evaluator, control: Control::new(records) })
    }

    pub(crate) fn program(&self) -> &Arc<Program> {
        &self.program
    }

    pub(crate) fn frames(&self, title: String, frames: Vec<(Place, Locals)>) -> Arc<Frames> {
        Frames::new(self.program.clone(), self.evaluator.clone(), title, frames)
    }

    /// The script has ended: well, or by this error that came through these frames.
    pub(crate) fn ended(&self, failed: Option<(&EvalAltResult, Vec<(Place, Locals)>)>) {
        let failed = failed.filter(|(error, _)| !matches!(error, EvalAltResult::ErrorTerminated(..)));
        if let Some((error, frames)) = failed {
            let title = message_of(error).raised().map(|raised| raised.message.to_string()).unwrap_or_default();
            let frames = self.frames(title.clone(), frames);
            self.control.fail(&title, &frames);
            if let Some((listener, wait)) = self.control.stop(&frames) {
                let stop = stop(Reason::Exception, &frames, title, Vec::new());
                // However it is to go on, it has ended.
                let _ = wait.scope(|| listener.stopped(stop));
                self.control.go_on();
            }
        }
        self.control.end();
    }
}

/// What the listener is told.
pub(crate) fn stop(reason: Reason, frames: &Arc<Frames>, detail: String, breakpoints: Vec<i64>) -> Stop {
    let places = frames.all_places().to_vec().into();
    let (thread, thread_name) = (THREAD, THREAD_NAME.to_owned());
    Stop { reason, thread, thread_name, places, stack: frames.clone(), detail, breakpoints: breakpoints.into() }
}

fn is_thread(thread: i64) -> Result<(), Error> {
    (thread == THREAD).then_some(()).ok_or_else(|| refused(format!("there is no thread {thread}")))
}

#[wherever::export]
impl Debugger for Process {
    fn about(&self) -> Result<About, Error> {
        let (runtime, version) = ("rhai".to_owned(), "1.27".to_owned());
        Ok(About { runtime, version, process: std::process::id().into(), program: self.program.file().to_owned() })
    }

    fn failures(&self) -> Result<Tuple<Failure>, Error> {
        let kept = self.control.failures().into_iter();
        Ok(kept.map(|(title, stack)| Failure { title, stack }).collect())
    }

    fn threads(&self) -> Result<Tuple<ThreadInfo>, Error> {
        if self.control.is_over() {
            return Ok(Tuple::default());
        }
        let stopped = self.control.stopped();
        let place = stopped.as_ref().and_then(|frames| frames.all_places().last().cloned());
        let (id, name) = (THREAD, THREAD_NAME.to_owned());
        Ok(vec![ThreadInfo { id, name, is_stopped: stopped.is_some(), place }].into())
    }

    fn stack(&self, thread: i64) -> Result<Arc<dyn Stack>, Error> {
        is_thread(thread)?;
        if let Some(frames) = self.control.stopped() {
            return Ok(frames);
        }
        let (sender, answer) = channel();
        self.control.ask(sender)?;
        let told = answer.recv_timeout(LINE_TIME);
        told.map(|frames| frames as Arc<dyn Stack>).map_err(|_| {
            refused(format!("the script has reached no line in {LINE_TIME:?}: it waits, or has ended; ask again"))
        })
    }

    fn attach(&self, listener: Arc<dyn DebugListener>) -> Result<(), Error> {
        self.control.attach(listener)
    }

    fn detach(&self) -> Result<(), Error> {
        self.control.detach();
        Ok(())
    }

    fn pause(&self, thread: i64) -> Result<(), Error> {
        is_thread(thread)?;
        self.control.pause()
    }

    fn set_breakpoint(
        &self,
        file: &str,
        line: u32,
        function: &str,
        condition: &str,
        ignore: u32,
        temporary: bool,
    ) -> Result<Placed, Error> {
        let line = match function.is_empty() {
            true => self.program.stop_line(file, line)?,
            false => self.program.function_line(function)?,
        };
        let compiled = match condition.trim() {
            "" => None,
            text => Some(Arc::new(self.evaluator.compile_condition(text)?)),
        };
        let (file, condition) = (self.program.file().to_owned(), condition.to_owned());
        let told = Breakpoint {
            file: file.clone(),
            line,
            function: function.to_owned(),
            condition,
            ignore,
            temporary,
            ..Breakpoint::default()
        };
        Ok(Placed { id: self.control.set(told, compiled), file, line })
    }

    fn clear_breakpoint(&self, id: i64) -> Result<(), Error> {
        self.control.clear(id)
    }

    fn breakpoints(&self) -> Result<Tuple<Breakpoint>, Error> {
        Ok(self.control.breakpoints().into())
    }

    fn source(&self, file: &str) -> Result<String, Error> {
        self.program.source(file)
    }
}
