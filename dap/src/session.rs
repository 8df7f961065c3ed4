//! One editor's session: its requests, and where each is answered.
//!
//! What needs nothing of the process is answered at once, by the thread that reads. What asks the debugger is done by one
//! thread after the other in the order it came. What looks into a stopped thread is done by the call that tells of the
//! stop, and so runs on the very thread that stopped. So none of them keeps the editor from going on, pausing or leaving.

use std::io::{BufRead, Write};
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;

use parking_lot::{Condvar, Mutex};
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use wherever_debug::Command;

use crate::arguments::{Cancel, Initialize, OfThread, Request};
use crate::attach::Target;
use crate::editor::{Answer, Editor, Refusal, Reply};
use crate::halt::{Errand, Halt, Table};
use crate::log::Log;
use crate::options::Options;

pub(crate) struct Session {
    pub(crate) editor: Arc<Editor>,
    pub(crate) options: Arc<Options>,
    pub(crate) state: Mutex<State>,
    /// A stopped thread goes on.
    pub(crate) gone_on: Condvar,
    control: Sender<Errand>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) client: Initialize,
    /// The editor has said all that it wants before the first stop.
    pub(crate) is_configured: bool,
    /// The editor was told that it may.
    pub(crate) is_open: bool,
    /// Nothing is wanted any more.
    pub(crate) is_over: bool,
    pub(crate) target: Option<Arc<Target>>,
    pub(crate) threads: Vec<Thread>,
    pub(crate) table: Table,
    /// Stopped threads, each of which waits in a call.
    pub(crate) waiting: usize,
    /// The thread that stopped last.
    pub(crate) last: i64,
    /// Lines that the editor may jump to, with their files.
    pub(crate) lines: Vec<(String, u32)>,
}

/// A thread, or an error that was kept; the editor's number is its place here, and one more.
pub(crate) struct Thread {
    /// The number by which the process knows it.
    pub(crate) theirs: i64,
    pub(crate) name: String,
    pub(crate) halt: Option<Arc<Halt>>,
    /// It is on its way out of a function, to its caller.
    pub(crate) is_leaving: bool,
}

impl State {
    /// The editor's number of a thread.
    pub(crate) fn thread(&mut self, theirs: i64, name: &str) -> i64 {
        let at = self.threads.iter().position(|thread| thread.theirs == theirs).unwrap_or_else(|| {
            self.threads.push(Thread { theirs, name: String::new(), halt: None, is_leaving: false });
            self.threads.len() - 1
        });
        self.threads[at].name = name.into();
        at as i64 + 1
    }

    /// The thread of the editor's number.
    pub(crate) fn numbered(&mut self, thread: i64) -> Result<&mut Thread, Refusal> {
        let at = usize::try_from(thread).ok().and_then(|at| at.checked_sub(1));
        let found = at.and_then(|at| self.threads.get_mut(at));
        found.ok_or_else(|| Refusal(format!("there is no thread {thread}")))
    }

    /// Where a thread has stopped.
    pub(crate) fn halt(&mut self, thread: i64) -> Result<Arc<Halt>, Refusal> {
        let halt = self.numbered(thread)?.halt.clone();
        halt.ok_or_else(|| Refusal("the thread is running; pause it first".into()))
    }

    /// The innermost frame of what stopped last, of all that has not gone on.
    pub(crate) fn latest(&self) -> Result<(Arc<Halt>, usize), Refusal> {
        let halts = || self.threads.iter().filter_map(|thread| thread.halt.as_ref());
        let halt = halts().find(|halt| halt.thread == self.last).or_else(|| halts().next());
        let innermost = |halt: &Arc<Halt>| Some((halt.clone(), halt.known_places().len().checked_sub(1)?));
        halt.and_then(innermost).ok_or_else(|| Refusal("nothing has stopped that this could be evaluated in".into()))
    }

    pub(crate) fn target(&self) -> Result<Arc<Target>, Refusal> {
        self.target.clone().ok_or_else(|| Refusal("nothing is attached to".into()))
    }
}

type Work = Box<dyn FnOnce() -> Answer + Send>;

/// How a request is answered.
enum Plan {
    /// By this.
    Now(Json),
    /// By nothing, and then this happens.
    Then(Box<dyn FnOnce()>),
    /// By the thread that asks the debugger.
    Control(Work),
    /// Likewise; if all is well, the editor is told that it may go on.
    Open(Work),
    /// On the thread of a halt.
    At(Arc<Halt>, Work),
}

/// Serves an editor until it leaves.
///
/// # Errors
/// What was wrong with what it sent.
pub(crate) fn serve(
    mut from: impl BufRead,
    to: Box<dyn Write + Send>,
    options: Arc<Options>,
    log: Log,
) -> Result<(), String> {
    let session = Session::new(Editor::new(to, log), options);
    let ended = session.read_all(&mut from);
    if let Err(reason) = &ended {
        session.editor.tell(reason);
        session.editor.event("terminated", json!({}));
    }
    session.end(ended.as_ref().err().map_or("the editor has gone", String::as_str));
    session.editor.finish();
    ended
}

/// A thread that does errands in the order they come, until nobody can send it one.
pub(crate) fn worker(name: &str) -> Sender<Errand> {
    let (sender, errands) = mpsc::channel();
    let work = move || {
        while let Ok(errand) = errands.recv() {
            if let Errand::Do(work) = errand {
                work();
            }
        }
    };
    // Without a thread the errands are dropped, and so refused.
    let _ = thread::Builder::new().name(name.into()).spawn(work);
    sender
}

impl Session {
    fn new(editor: Arc<Editor>, options: Arc<Options>) -> Arc<Self> {
        Arc::new(Self { editor, options, state: Mutex::default(), gone_on: Condvar::new(), control: worker("control") })
    }

    fn read_all(self: &Arc<Self>, from: &mut impl BufRead) -> Result<(), String> {
        while let Some(bytes) = crate::framing::read(from)? {
            self.editor.log().line("from the editor", &String::from_utf8_lossy(&bytes));
            let Some(request) = Request::read(&bytes)? else { continue };
            let reply = self.editor.asked(request.seq, &request.command);
            if request.command == "disconnect" {
                self.end("the editor has detached");
                reply.give(Ok(Json::Null));
                return Ok(());
            }
            self.answer(reply, self.plan(request));
        }
        Ok(())
    }

    fn answer(self: &Arc<Self>, reply: Reply, plan: Result<Plan, Refusal>) {
        let control = |work: Box<dyn FnOnce() + Send>| _ = self.control.send(Errand::Do(work));
        match plan {
            Err(refusal) => reply.give(Err(refusal)),
            Ok(Plan::Now(body)) => reply.give(Ok(body)),
            Ok(Plan::Then(then)) => {
                reply.give(Ok(Json::Null));
                then();
            }
            Ok(Plan::Control(work)) => control(Box::new(|| _ = reply.by(work))),
            Ok(Plan::Open(work)) => {
                let session = self.clone();
                control(Box::new(move || {
                    if reply.by(work) {
                        session.opened();
                    }
                }));
            }
            Ok(Plan::At(..)) if self.state.lock().is_over => reply.give(Refusal::new("the process is gone")),
            Ok(Plan::At(halt, work)) => halt.errand(|| _ = reply.by(work)),
        }
    }

    /// How a request is answered.
    fn plan(self: &Arc<Self>, request: Request) -> Result<Plan, Refusal> {
        let this = self.clone();
        Ok(match request.command.as_str() {
            "initialize" => Plan::Now(self.initialize(request.arguments()?)?),
            "attach" => {
                let arguments = request.arguments()?;
                Plan::Open(Box::new(move || this.attach(arguments)))
            }
            "launch" => return Refusal::new("nothing is launched here: start the program, and attach to it"),
            "terminate" => return Refusal::new("the process is not ended from here: disconnect, and it runs on"),
            "configurationDone" => Plan::Then(Box::new(move || this.configured())),
            "cancel" => {
                let arguments: Cancel = request.arguments()?;
                arguments.request_id.map(|seq| self.editor.cancel(seq));
                Plan::Now(Json::Null)
            }
            // There are none to choose from.
            "setExceptionBreakpoints" => Plan::Now(json!({"breakpoints": []})),
            "setBreakpoints" => self.asking(&request, |this, wanted| this.set_breakpoints(&wanted))?,
            "setFunctionBreakpoints" => self.asking(&request, |this, wanted| this.set_function_breakpoints(&wanted))?,
            "threads" => Plan::Control(Box::new(move || this.threads())),
            "pause" => self.asking(&request, |this, wanted: OfThread| this.pause(wanted.thread_id))?,
            "stackTrace" => self.asking(&request, |this, wanted| this.stack_trace(wanted))?,
            "source" => self.asking(&request, |this, wanted| this.source(&wanted))?,
            "scopes" => Plan::Now(self.scopes(request.arguments()?)?),
            "exceptionInfo" => Plan::Now(self.exception_info(request.arguments()?)?),
            "gotoTargets" => Plan::Now(self.goto_targets(&request.arguments()?)?),
            "variables" => {
                let (halt, work) = self.variables(request.arguments()?)?;
                Plan::At(halt, work)
            }
            "setVariable" => {
                let (halt, work) = self.set_variable(request.arguments()?)?;
                Plan::At(halt, work)
            }
            "evaluate" => {
                let (halt, work) = self.evaluate(request.arguments()?)?;
                Plan::At(halt, work)
            }
            "continue" => self.going(&request, Command::Continue)?,
            "next" => self.going(&request, Command::Next)?,
            "stepIn" => self.going(&request, Command::Step)?,
            "stepOut" => {
                let halt = self.release(request.arguments::<OfThread>()?.thread_id)?;
                let command = self.leaving(&halt);
                Plan::Then(Box::new(move || halt.go(command)))
            }
            "goto" => {
                let arguments = request.arguments()?;
                let (halt, line) = self.jump(arguments)?;
                Plan::Then(Box::new(move || halt.go(Command::Jump(line))))
            }
            other => return Refusal::new(format!("`{other}` is not possible here")),
        })
    }

    /// What asks the debugger, with these arguments.
    fn asking<T: DeserializeOwned + Send + 'static>(
        self: &Arc<Self>,
        request: &Request,
        act: impl FnOnce(&Self, T) -> Answer + Send + 'static,
    ) -> Result<Plan, Refusal> {
        let (this, arguments) = (self.clone(), request.arguments()?);
        Ok(Plan::Control(Box::new(move || act(&this, arguments))))
    }

    /// A stopped thread goes on, once the editor has the answer: what it is told next may be the next stop.
    fn going(&self, request: &Request, command: Command) -> Result<Plan, Refusal> {
        let arguments: OfThread = request.arguments()?;
        let halt = self.release(arguments.thread_id)?;
        Ok(Plan::Then(Box::new(move || halt.go(command))))
    }

    fn initialize(&self, client: Initialize) -> Answer {
        if client.path_format.as_deref().is_some_and(|format| format != "path") {
            return Refusal::new("files are named by paths here: `pathFormat` is `path`");
        }
        self.state.lock().client = client;
        Ok(json!({
            "supportsConfigurationDoneRequest": true,
            "supportsFunctionBreakpoints": true,
            "supportsConditionalBreakpoints": true,
            "supportsHitConditionalBreakpoints": true,
            "supportsEvaluateForHovers": true,
            "supportsSetVariable": true,
            "supportsGotoTargetsRequest": true,
            "supportsExceptionInfoRequest": true,
            "supportsDelayedStackTraceLoading": true,
            "supportsCancelRequest": true,
            "supportsSingleThreadExecutionRequests": true,
        }))
    }
}
