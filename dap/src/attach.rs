//! Attaching, stops, and the end.

use std::path::PathBuf;
use std::sync::{Arc, Weak, mpsc};
use std::time::Duration;

use serde_json::{Value as Json, json};
use wherever::context::CallContext;
use wherever::limits::Limits;
use wherever::typed::{Exported, TypedProxy};
use wherever::{Error, Node, Notice, Peer};
use wherever_debug::{Command, Debugger, DebuggerProxy, Failure, NAME, Place, Placed, Reason, Stop, ThreadInfo, Tuple};

use crate::arguments::{Attach, Goto, GotoTargets, SetBreakpoints, SetFunctionBreakpoints};
use crate::breakpoints::{Breakpoints, Wanted};
use crate::editor::{Answer, Refusal};
use crate::halt::{Errand, Halt};
use crate::session::{Session, Thread, worker};
use crate::show;
use crate::sources::{Looked, Sources};

/// Threads that can be stopped at the same time: each waits in a call.
const STOPPED_MAX: u32 = 1024;

/// How long an editor that leaves waits for the process to detach. One that does not hear is left all the same, and
/// detaches when it finds nobody there.
const DETACH_TIME: Duration = Duration::from_secs(5);

/// What is attached to.
pub(crate) struct Target {
    pub(crate) peer: Peer,
    pub(crate) debugger: DebuggerProxy,
    /// The process as it runs; else the errors that it kept.
    pub(crate) is_live: bool,
    pub(crate) sources: Sources,
    breakpoints: Breakpoints,
}

/// What the process tells of stops: the interface of listeners, and its calls know when nobody waits for them any more.
struct Listener(Weak<Session>);

#[wherever::export(interface = "org.wherever.DebugListener/1")]
#[allow(unreachable_pub, reason = "what is `pub` is so to the peer")]
impl Listener {
    /// Called by the thread that stopped, which waits; gives the command by which it goes on.
    pub fn stopped(&self, stop: Stop, context: &CallContext) -> Command {
        match self.0.upgrade() {
            Some(session) => session.halted(stop, context),
            None => Command::Detach,
        }
    }
}

impl Session {
    /// Connects to the process, and opens the errors that it kept; if it has none, or they are not wanted, listens to it.
    pub(crate) fn attach(self: &Arc<Self>, wanted: Attach) -> Answer {
        if self.state.lock().target.is_some() {
            return Refusal::new("this session is attached already");
        }
        let url = self.options.url(wanted.url.as_deref())?;
        let folder = self.options.folder(wanted.source_folder.clone())?;
        let session = Arc::downgrade(self);
        let ended = move |notice: &Notice| {
            if let (Notice::Ended { reason, .. }, Some(session)) = (notice, session.upgrade()) {
                session.lost(reason.text());
            }
        };
        let mut limits = Limits::default();
        limits.workers_max = STOPPED_MAX;
        let node = Node::builder().limits(limits).on_notice(ended).build();
        let connected = wherever_transports::connect(&node, &url);
        let peer = connected.map_err(|error| Refusal(format!("the process cannot be reached: {error}")))?;
        let opened = self.open(&peer, wanted, folder);
        if opened.is_err() {
            self.state.lock().target = None;
            peer.close("it was not attached to");
        }
        opened.map(|()| Json::Null)
    }

    fn open(self: &Arc<Self>, peer: &Peer, wanted: Attach, folder: Option<PathBuf>) -> Result<(), Refusal> {
        let debugger: DebuggerProxy = peer.get_as(NAME).map_err(|error| match error {
            Error::NotFound(_) => {
                Refusal(format!("the process exports no `{NAME}`: it does not let itself be debugged"))
            }
            other => other.into(),
        })?;
        let failures = if wanted.post_mortem == Some(false) { Tuple::default() } else { debugger.failures()? };
        if wanted.post_mortem == Some(true) && failures.is_empty() {
            return Refusal::new("the process has kept no failure");
        }
        let is_live = failures.is_empty();
        let places = failures.first().map(|failure| failure.stack.places()).transpose()?;
        let sources = Sources::new(wanted.path_mappings.unwrap_or_default(), folder);
        let breakpoints = Breakpoints::default();
        let target = Target { peer: peer.clone(), debugger: debugger.clone(), is_live, sources, breakpoints };
        {
            let mut state = self.state.lock();
            if state.is_over {
                return Refusal::new("the editor has gone");
            }
            state.target = Some(Arc::new(target));
        }
        match places {
            Some(places) => self.lay_out(failures, places),
            None => {
                let listener = Listener(Arc::downgrade(self)).into_object();
                debugger.proxy().call("attach", (listener,))?;
            }
        }
        match peer.ended() {
            Some(reason) => Refusal::new(format!("the process is gone: {}", reason.text())),
            None => Ok(()),
        }
    }

    /// Shows errors that were kept as threads, the latest first.
    fn lay_out(&self, failures: Tuple<Failure>, places: Tuple<Place>) {
        let errands = worker("failures");
        let mut places = Some(places.0);
        let mut state = self.state.lock();
        for (at, failure) in failures.into_iter().enumerate() {
            let number = at as i64 + 1;
            let name = failure.title.lines().next().unwrap_or_default().to_owned();
            let halt = Halt::kept(number, failure, errands.clone());
            let halt = match places.take() {
                Some(places) => halt.with_places(places),
                None => {
                    // The editor is told of the latest alone.
                    halt.is_to_tell();
                    halt
                }
            };
            state.threads.push(Thread { theirs: number, name, halt: Some(Arc::new(halt)), is_leaving: false });
        }
    }

    /// The editor may tell its breakpoints now.
    pub(crate) fn opened(&self) {
        self.editor.event("initialized", json!({}));
        self.state.lock().is_open = true;
        self.announce();
    }

    /// It has told them.
    pub(crate) fn configured(&self) {
        self.state.lock().is_configured = true;
        self.announce();
    }

    /// Tells the editor of every halt that it was not told of, if it is ready to hear of them.
    fn announce(&self) {
        let halts: Vec<_> = {
            let state = self.state.lock();
            let is_ready = state.is_open && state.is_configured && !state.is_over;
            let halts = state.threads.iter().filter_map(|thread| thread.halt.clone());
            halts.filter(|halt| is_ready && halt.is_to_tell()).collect()
        };
        halts.iter().for_each(|halt| self.editor.event("stopped", show::stopped(halt)));
    }

    /// A thread has stopped. It waits in this call, and what is done here is done on it.
    fn halted(&self, stop: Stop, context: &CallContext) -> Command {
        let (sender, errands) = mpsc::channel();
        let gone = sender.clone();
        let halt = {
            let mut state = self.state.lock();
            if state.is_over {
                return Command::Detach;
            }
            let number = state.thread(stop.thread, &stop.thread_name);
            let thread = &mut state.threads[number as usize - 1];
            if std::mem::take(&mut thread.is_leaving) && stop.reason == Reason::Return {
                return Command::Next;
            }
            state.last = number;
            state.waiting += 1;
            let place = &mut state.threads[number as usize - 1].halt;
            let halt = Halt::stopped(number, stop, place.take(), sender);
            place.insert(Arc::new(halt)).clone()
        };
        self.announce();
        context.on_stop(move || _ = gone.send(Errand::Gone));
        let command = loop {
            match errands.recv() {
                Ok(Errand::Do(work)) => work(),
                Ok(Errand::Go(command)) => break command,
                Ok(Errand::Gone) | Err(_) => {
                    self.gone_on_by_itself(&halt);
                    break Command::Continue;
                }
            }
        };
        {
            let mut state = self.state.lock();
            state.waiting -= 1;
            if let (Some(outer), Ok(thread)) = (&halt.outer, state.numbered(halt.thread)) {
                // It was an evaluation that stopped; the thread is still where it was before that.
                outer.tell_again();
                thread.halt = Some(outer.clone());
            }
        }
        self.gone_on.notify_all();
        self.announce();
        command
    }

    /// A thread waits for its command no more: the process has detached, or the user there has stopped it.
    fn gone_on_by_itself(&self, halt: &Arc<Halt>) {
        let mut state = self.state.lock();
        if state.target.as_ref().is_none_or(|target| target.peer.ended().is_some()) {
            // It is the session that is over: what was seen can still be looked at.
            return;
        }
        let is_here = |there: &Arc<Halt>| Arc::ptr_eq(there, halt);
        let is_told =
            state.numbered(halt.thread).is_ok_and(|thread| thread.halt.take_if(|there| is_here(there)).is_some());
        state.table.forget(halt);
        drop(state);
        if is_told {
            self.editor.event("continued", json!({"threadId": halt.thread, "allThreadsContinued": false}));
        }
    }

    /// Where a thread has stopped, which is going on now.
    pub(crate) fn release(&self, thread: i64) -> Result<Arc<Halt>, Refusal> {
        let mut state = self.state.lock();
        let halt = state.halt(thread)?;
        if halt.reason.is_none() {
            return Refusal::new("this is an error that was kept: nothing of it runs any more");
        }
        state.numbered(thread)?.halt = None;
        state.table.forget(&halt);
        Ok(halt)
    }

    /// The command by which a thread leaves its function: where that stops as the function returns, it takes one more.
    pub(crate) fn leaving(&self, halt: &Halt) -> Command {
        if halt.reason == Some(Reason::Return) {
            return Command::Next;
        }
        if let Ok(thread) = self.state.lock().numbered(halt.thread) {
            thread.is_leaving = true;
        }
        Command::Return
    }

    /// The process is gone.
    fn lost(&self, reason: &str) {
        let halts: Vec<_> = {
            let mut state = self.state.lock();
            if state.is_over || state.target.is_none() {
                return;
            }
            state.is_over = true;
            state.threads.iter().filter_map(|thread| thread.halt.clone()).collect()
        };
        halts.iter().for_each(|halt| halt.go(Command::Detach));
        self.editor.tell(&format!("the process is gone: {reason}"));
        self.editor.event("terminated", json!({}));
    }

    /// Leaves the process as it was before. Nothing happens the second time.
    pub(crate) fn end(&self, why: &str) {
        let (target, halts) = {
            let mut state = self.state.lock();
            let was_over = std::mem::replace(&mut state.is_over, true);
            let halts: Vec<_> = state.threads.iter_mut().filter_map(|thread| thread.halt.take()).collect();
            (state.target.take().map(|target| (target, was_over)), halts)
        };
        self.editor.cancel_all();
        halts.iter().for_each(|halt| halt.go(Command::Detach));
        let Some((target, was_over)) = target else { return };
        // Their commands are on the way before the session is closed.
        let mut state = self.state.lock();
        self.gone_on.wait_while_for(&mut state, |state| state.waiting > 0, DETACH_TIME);
        drop(state);
        if target.is_live
            && !was_over
            && let Err(error) = target.debugger.within(DETACH_TIME).detach()
        {
            self.editor.log().line("adapter", &format!("the process does not detach: {error}"));
        }
        target.peer.close(why);
    }

    pub(crate) fn threads(&self) -> Answer {
        let target = self.state.lock().target()?;
        let told = |id: i64, name: &str| json!({"id": id, "name": name});
        if !target.is_live {
            let state = self.state.lock();
            let all = state.threads.iter().map(|thread| told(thread.theirs, &thread.name));
            return Ok(json!({"threads": all.collect::<Vec<_>>()}));
        }
        let threads = target.debugger.threads()?;
        let mut state = self.state.lock();
        let mut number = |thread: &ThreadInfo| told(state.thread(thread.id, &thread.name), &thread.name);
        Ok(json!({"threads": threads.iter().map(&mut number).collect::<Vec<_>>()}))
    }

    pub(crate) fn pause(&self, thread: i64) -> Answer {
        let (target, theirs) = {
            let mut state = self.state.lock();
            (state.target()?, state.numbered(thread)?.theirs)
        };
        if !target.is_live {
            return Refusal::new("this is an error that was kept: nothing of it runs any more");
        }
        target.debugger.pause(theirs)?;
        Ok(Json::Null)
    }

    pub(crate) fn set_breakpoints(&self, wanted: &SetBreakpoints) -> Answer {
        let target = self.state.lock().target()?;
        let client = self.state.lock().client.clone();
        let file = target.sources.file_of(&wanted.source)?;
        let lines = wanted.breakpoints.as_deref().unwrap_or_default();
        let wanted = lines.iter().map(|at| Wanted::at_line(&file, client.line_in(at.line), at)).collect();
        self.set(&target, Some(&file), wanted)
    }

    pub(crate) fn set_function_breakpoints(&self, wanted: &SetFunctionBreakpoints) -> Answer {
        let target = self.state.lock().target()?;
        self.set(&target, None, wanted.breakpoints.iter().map(Wanted::at_function).collect())
    }

    fn set(&self, target: &Target, file: Option<&str>, mut wanted: Vec<Result<Wanted, Refusal>>) -> Answer {
        if !target.is_live {
            let nothing_runs = || Refusal::new("an error that was kept is open: nothing runs");
            wanted.iter_mut().for_each(|wanted| *wanted = nothing_runs());
        }
        let placed = match target.is_live {
            true => target.breakpoints.set(&target.peer, &target.debugger, file, wanted),
            false => wanted.into_iter().map(|wanted| wanted.map(|_| Placed::default())).collect(),
        };
        let client = self.state.lock().client.clone();
        let mut looked = Looked::default();
        let mut told = |placed: Result<Placed, Refusal>| match placed {
            Err(Refusal(why)) => json!({"verified": false, "message": why}),
            Ok(Placed { id, file: there, line }) => {
                let mut told = json!({"verified": true, "id": id, "line": client.line_out(line)});
                let place = Place { file: there, line, ..Place::default() };
                // A breakpoint stays in the file that the editor has set it in, unless another that it has is meant.
                let is_asked = file == Some(place.file.as_str());
                let source = target.sources.describe(&place, &mut looked).filter(|source| {
                    let is_here = source["sourceReference"].is_null();
                    file.is_none() || (is_here && !is_asked)
                });
                if let Some(source) = source {
                    told["source"] = source;
                }
                told
            }
        };
        Ok(json!({"breakpoints": placed.into_iter().map(&mut told).collect::<Vec<_>>()}))
    }

    pub(crate) fn goto_targets(&self, wanted: &GotoTargets) -> Answer {
        let mut state = self.state.lock();
        let file = state.target()?.sources.file_of(&wanted.source)?;
        let line = state.client.line_in(wanted.line);
        state.lines.push((file, line));
        Ok(json!({"targets": [{"id": state.lines.len(), "label": format!("line {line}"), "line": wanted.line}]}))
    }

    /// Where a thread goes on, at which line.
    pub(crate) fn jump(&self, wanted: Goto) -> Result<(Arc<Halt>, u32), Refusal> {
        let line = {
            let mut state = self.state.lock();
            let at = usize::try_from(wanted.target_id).ok().and_then(|at| at.checked_sub(1));
            let target = at.and_then(|at| state.lines.get(at)).cloned();
            let target = target.ok_or_else(|| Refusal(format!("{} is no target", wanted.target_id)))?;
            let halt = state.halt(wanted.thread_id)?;
            if halt.known_places().last().is_none_or(|place| place.file != target.0) {
                return Refusal::new("a thread jumps within the function that it is in: this line is in another file");
            }
            target.1
        };
        Ok((self.release(wanted.thread_id)?, line))
    }
}
