//! What the interpreter's thread does at each step while somebody watches: it keeps the frames that the interpreter does
//! not show, and stops where it was asked to.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rhai::debugger::{CallStackFrame, Debugger, DebuggerCommand, DebuggerEvent};
use rhai::{ASTNode, Dynamic, EvalAltResult, EvalContext, Position};
use wherever_debug::{Command, Place, Reason};

use crate::script::control::Candidate;
use crate::script::frames::{Frames, Local, Locals, told_by};
use crate::script::process::{THREAD_NAME, stop};
use crate::script::program::{Function, begins};
use crate::script::{Process, value};

/// Values within a variable that are copied with it when its frame may call. One larger is told to be too large.
const KEPT_MAX: usize = 1_000;

/// Lines between two looks at whether whoever attached is still there.
const LOOK_EVERY: u32 = 1_024;

type Told<T> = Result<T, Box<EvalAltResult>>;
type Context<'a, 's, 'ps, 'g, 'c, 't> = EvalContext<'a, 's, 'ps, 'g, 'c, 't>;

/// A frame as it is known here. The interpreter itself shows the scope of the innermost one alone.
struct Frame {
    /// How deep the interpreter says that it is. Functions of the host lie between, so some are left out.
    level: usize,
    /// Calls that the interpreter's own list had when it was entered.
    calls: usize,
    name: String,
    function: Option<Function>,
    called_at: Position,
    at: Position,
    locals: Locals,
    /// Whether no line of it has been run.
    is_new: bool,
}

/// Where to stop next, but for breakpoints.
#[derive(Clone, Copy)]
enum Going {
    On,
    Into,
    Over(usize),
    Out(usize),
    Until(usize, u32),
}

#[derive(Default)]
struct Inner {
    /// A debugger of the interpreter's as it is when a script begins: told every step.
    fresh: Option<Debugger>,
    /// The calls that were under way when it was put in the place of one that was told nothing.
    entered: Option<Vec<CallStackFrame>>,
    frames: Vec<Frame>,
    going: Option<Going>,
    /// The frames that an error has come through which nobody has caught yet.
    failing: Option<Vec<(Place, Locals)>>,
    lines: u32,
}

pub(crate) struct Watch {
    process: Arc<Process>,
    inner: Mutex<Inner>,
}

impl Watch {
    pub(crate) fn new(process: Arc<Process>) -> Self {
        Self { process, inner: Mutex::default() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The interpreter makes a debugger, which is told of the first step.
    pub(crate) fn remember(&self, debugger: Debugger) -> Debugger {
        self.inner().fresh = Some(debugger.clone());
        debugger
    }

    /// A variable is looked up: is somebody there of whom the interpreter's debugger does not know?
    pub(crate) fn look(&self, context: &mut Context<'_, '_, '_, '_, '_, '_>) {
        if !self.process.control.is_watched() {
            return;
        }
        let Some(debugger) = context.debugger_mut() else { return };
        if debugger.state().as_bool() == Ok(true) {
            return;
        }
        let mut inner = self.inner();
        let Some(mut fresh) = inner.fresh.clone() else { return };
        fresh.set_state(true);
        inner.frames.clear();
        inner.entered = Some(debugger.call_stack().to_vec());
        *debugger = fresh;
    }

    /// The interpreter is about to do something, or a function ends.
    pub(crate) fn event(
        &self,
        context: &mut Context<'_, '_, '_, '_, '_, '_>,
        event: DebuggerEvent<'_>,
        node: ASTNode<'_>,
        position: Position,
    ) -> Told<DebuggerCommand> {
        let mut inner = self.inner();
        let is_watched = self.process.control.is_watched();
        if let Some(debugger) = context.debugger_mut() {
            debugger.set_state(is_watched);
        }
        if !is_watched {
            (inner.failing, inner.going) = (None, None);
            inner.frames.clear();
            // Where no variable might be looked up, each step is told, since nothing else would tell of a debugger.
            let is_silent = self.process.program().is_silent();
            return Ok(if is_silent { DebuggerCommand::StepInto } else { DebuggerCommand::Continue });
        }
        match event {
            DebuggerEvent::FunctionExitWithValue(value) => self.returns(&mut inner, context, value, position)?,
            DebuggerEvent::FunctionExitWithError(error) => self.fails(&mut inner, context, error),
            DebuggerEvent::End => {}
            _ => self.step(&mut inner, context, node)?,
        }
        Ok(DebuggerCommand::StepInto)
    }

    /// The frames that this error came through.
    pub(crate) fn failed(&self, error: &EvalAltResult) -> Vec<(Place, Locals)> {
        const UNKNOWN: &str =
            "nobody watched the script when it failed, so its variables were not kept: run it with --record";
        let mut inner = self.inner();
        let (places, _) = told_by(error, self.process.program());
        let kept = inner.failing.take().unwrap_or_else(|| self.all(&inner.frames));
        match kept.len() == places.len() {
            // The error knows better where in the line it came about.
            true => places.into_iter().zip(kept).map(|(place, (_, locals))| (place, locals)).collect(),
            false if kept.is_empty() => places.into_iter().map(|place| (place, Locals::Unknown(UNKNOWN))).collect(),
            false => kept,
        }
    }

    fn step(&self, inner: &mut Inner, context: &mut Context<'_, '_, '_, '_, '_, '_>, node: ASTNode<'_>) -> Told<()> {
        self.follow(inner, context);
        let Some(line) = self.process.program().line_at(node) else { return Ok(()) };
        inner.failing = None;
        inner.lines = inner.lines.wrapping_add(1);
        if inner.lines.is_multiple_of(LOOK_EVERY) {
            self.process.control.look_for_listener();
        }
        let Some(frame) = inner.frames.last_mut() else { return Ok(()) };
        frame.at = begins(node);
        let entered = std::mem::take(&mut frame.is_new).then(|| frame.name.clone());
        let level = frame.level;
        if let Some((reason, detail, hit)) = self.reason(inner, context, level, line, entered.as_deref()) {
            self.stop(inner, context, reason, &detail, &hit, true)?;
        }
        let kept = kept(context);
        if let Some(frame) = inner.frames.last_mut() {
            frame.locals = Locals::Kept(Arc::new(kept));
        }
        if self.process.control.is_asked() {
            self.process.control.answer(&self.process.frames(THREAD_NAME.to_owned(), self.all(&inner.frames)));
        }
        Ok(())
    }

    /// Brings the frames up to where the interpreter is.
    fn follow(&self, inner: &mut Inner, context: &Context<'_, '_, '_, '_, '_, '_>) {
        let level = context.call_level();
        let calls = context.debugger().map(Debugger::call_stack).unwrap_or_default();
        if inner.frames.is_empty() {
            let (entered, count) = match inner.entered.take() {
                Some(entered) => (entered, 0),
                None => (calls.to_vec(), calls.len()),
            };
            inner.frames = self.entered(&entered, level, count);
        }
        while inner.frames.last().is_some_and(|frame| frame.level > level) {
            inner.frames.pop();
        }
        if let (true, Some(call)) = (inner.frames.last().is_some_and(|frame| frame.level < level), calls.last()) {
            inner.frames.push(self.frame(call, level, calls.len()));
        }
    }

    fn frame(&self, call: &CallStackFrame, level: usize, calls: usize) -> Frame {
        let function = self.process.program().function(&call.fn_name, call.args.len()).cloned();
        let names = function.iter().flat_map(|function| function.parameters.iter());
        let local = |(name, value): (&String, &Dynamic)| Local {
            name: name.as_str().into(),
            is_constant: false,
            value: Some(value.clone()),
        };
        let locals = Locals::Entered(Arc::new(names.zip(call.args.iter()).map(local).collect()));
        let name = call.fn_name.to_string();
        Frame { level, calls, name, function, called_at: call.pos, at: call.pos, locals, is_new: true }
    }

    /// The frames that were there when somebody began to watch.
    fn entered(&self, calls: &[CallStackFrame], level: usize, count: usize) -> Vec<Frame> {
        const BEFORE: &str =
            "this frame was entered before anybody watched: Rhai tells what it was called with, and no more";
        let is_script =
            |call: &&CallStackFrame| self.process.program().function(&call.fn_name, call.args.len()).is_some();
        let calls: Vec<_> = calls.iter().filter(is_script).collect();
        let outermost = Frame {
            level: 0,
            calls: 0,
            name: String::new(),
            function: None,
            called_at: Position::NONE,
            at: Position::NONE,
            locals: Locals::Unknown(BEFORE),
            is_new: false,
        };
        let inner = calls.iter().enumerate().map(|(at, call)| {
            let mut frame = self.frame(call, (level + at + 1).saturating_sub(calls.len()).max(at + 1), count);
            frame.is_new = false;
            frame
        });
        std::iter::once(outermost).chain(inner).collect()
    }

    /// Each frame's place, and what is known of its variables. A frame that has called is at the call.
    fn all(&self, frames: &[Frame]) -> Vec<(Place, Locals)> {
        let next_calls = frames.iter().skip(1).map(|frame| frame.called_at).chain([Position::NONE]);
        let places = frames.iter().zip(next_calls).map(|(frame, called)| {
            let at = if called.is_none() { frame.at } else { called };
            let mut place = self.process.program().place(at, frame.function.as_ref());
            if frame.function.is_none() && frame.level > 0 {
                place.function.clone_from(&frame.name);
            }
            (place, frame.locals.clone())
        });
        places.collect()
    }

    /// Whether this is a line to stop at, and why.
    fn reason(
        &self,
        inner: &Inner,
        context: &mut Context<'_, '_, '_, '_, '_, '_>,
        level: usize,
        line: u32,
        entered: Option<&str>,
    ) -> Option<(Reason, String, Vec<i64>)> {
        let control = &self.process.control;
        let (mut hit, mut detail) = (Vec::new(), String::new());
        for (id, condition) in control.candidates(line, entered) {
            match self.holds(&(id, condition), context) {
                Ok(false) => continue,
                Ok(true) => {}
                Err(error) => detail = format!("the condition of breakpoint {id} failed: {error}"),
            }
            if control.hits(id) {
                hit.push(id);
            }
        }
        if let Some(reason) = control.takes_pause() {
            return Some((reason, detail, hit));
        }
        if !hit.is_empty() {
            return Some((Reason::Breakpoint, detail, hit));
        }
        let is_done = match inner.going? {
            Going::On => false,
            Going::Into => true,
            Going::Over(from) => level <= from,
            Going::Out(from) => level < from,
            Going::Until(from, to) => level < from || level == from && line >= to,
        };
        is_done.then_some((Reason::Step, detail, hit))
    }

    fn holds(
        &self,
        (_, condition): &Candidate,
        context: &mut Context<'_, '_, '_, '_, '_, '_>,
    ) -> Result<bool, wherever::Error> {
        condition.as_ref().map_or(Ok(true), |condition| self.process.evaluator.holds(condition, context.scope_mut()))
    }

    /// A function ends. Those of the host do too, within the frame that called them.
    fn returns(
        &self,
        inner: &mut Inner,
        context: &mut Context<'_, '_, '_, '_, '_, '_>,
        value: &Dynamic,
        position: Position,
    ) -> Told<()> {
        let Some(level) = ending(inner, context) else { return Ok(()) };
        if matches!(inner.going, Some(Going::Out(from)) if from == level) {
            if let Some(frame) = inner.frames.last_mut() {
                frame.at = position;
            }
            self.stop(inner, context, Reason::Return, &value::text(value), &[], false)?;
        }
        inner.frames.pop();
        Ok(())
    }

    fn fails(&self, inner: &mut Inner, context: &Context<'_, '_, '_, '_, '_, '_>, error: &EvalAltResult) {
        if ending(inner, context).is_none() || matches!(error, EvalAltResult::Exit(..)) {
            return;
        }
        if inner.failing.is_none() {
            inner.failing = Some(self.all(&inner.frames));
        }
        inner.frames.pop();
    }

    /// Tells the listener, and waits for a command in that call. Meanwhile the variables of the innermost frame belong
    /// to the frames that it is told of.
    fn stop(
        &self,
        inner: &mut Inner,
        context: &mut Context<'_, '_, '_, '_, '_, '_>,
        reason: Reason,
        detail: &str,
        hit: &[i64],
        is_live: bool,
    ) -> Told<()> {
        let mut detail = detail.to_owned();
        loop {
            let mut all = self.all(&inner.frames);
            if let (true, Some((_, locals))) = (is_live, all.last_mut()) {
                *locals = Locals::Live(taken(context));
            }
            let frames = self.process.frames(THREAD_NAME.to_owned(), all);
            let command = self.told(&frames, reason, &detail, hit);
            put_back(context, frames.end());
            let level = inner.frames.last().map_or(0, |frame| frame.level);
            let of = |frame: u32| inner.frames.get(frame as usize).map_or(level, |frame| frame.level);
            inner.going = Some(match command {
                Some(Command::Continue) => Going::On,
                Some(Command::Step) => Going::Into,
                Some(Command::Next) => Going::Over(level),
                Some(Command::NextIn(frame)) => Going::Over(of(frame)),
                Some(Command::Return) => Going::Out(level),
                Some(Command::ReturnFrom(frame)) => Going::Out(of(frame)),
                Some(Command::Until(line)) => Going::Until(level, line),
                Some(Command::UntilIn(line, frame)) => Going::Until(of(frame), line),
                Some(Command::Jump(_)) => {
                    "Rhai cannot jump: no other line can be made the next one".clone_into(&mut detail);
                    continue;
                }
                Some(Command::Quit) => {
                    let at = inner.frames.last().map_or(Position::NONE, |frame| frame.at);
                    return Err(EvalAltResult::ErrorTerminated("whoever debugs it has ended it".into(), at).into());
                }
                // `told` has detached.
                Some(Command::Detach) | None => Going::On,
            });
            return Ok(());
        }
    }

    /// What the listener answers; none if it is gone, fails, or has detached by another way. Who leaves is detached from.
    fn told(&self, frames: &Arc<Frames>, reason: Reason, detail: &str, hit: &[i64]) -> Option<Command> {
        let (listener, wait) = self.process.control.stop(frames)?;
        let stop = stop(reason, frames, detail.to_owned(), hit.to_vec());
        let answer = wait.scope(|| listener.stopped(stop));
        self.process.control.go_on();
        let command = answer.ok().filter(|command| *command != Command::Detach);
        if command.is_none() {
            self.process.control.leave(&listener);
        }
        command
    }
}

/// The level of the script's function that ends, if it is one.
fn ending(inner: &Inner, context: &Context<'_, '_, '_, '_, '_, '_>) -> Option<usize> {
    let calls = context.debugger().map_or(0, |debugger| debugger.call_stack().len());
    let frame = inner.frames.last()?;
    (frame.level == context.call_level() && frame.level > 0 && frame.calls == calls).then_some(frame.level)
}

/// The variables that can be seen in the present scope, and whether each is a constant.
fn visible<'s>(context: &'s Context<'_, '_, '_, '_, '_, '_>) -> Vec<(&'s str, bool, &'s Dynamic)> {
    let mut all: Vec<(&str, bool, &Dynamic)> = Vec::new();
    // The latest comes first, and hides those of its name.
    for variable in context.scope().iter_raw() {
        if all.iter().all(|(name, ..)| *name != variable.0) {
            all.push(variable);
        }
    }
    all.reverse();
    all
}

/// What methods of the script are called on. Only they can change it.
fn this_of(context: &Context<'_, '_, '_, '_, '_, '_>) -> Option<Local> {
    let value = context.this_ptr()?;
    let is_small = value::is_within(value, &mut KEPT_MAX.clone());
    Some(Local { name: "this".into(), is_constant: true, value: is_small.then(|| value.clone()) })
}

/// Copies of the variables of the present scope.
fn kept(context: &Context<'_, '_, '_, '_, '_, '_>) -> Vec<Local> {
    let copy = |(name, is_constant, value): (&str, bool, &Dynamic)| {
        let is_small = value::is_within(value, &mut KEPT_MAX.clone());
        Local { name: name.into(), is_constant, value: is_small.then(|| value.clone()) }
    };
    this_of(context).into_iter().chain(visible(context).into_iter().map(copy)).collect()
}

/// The variables of the present scope, taken out of it; constants are copied.
fn taken(context: &mut Context<'_, '_, '_, '_, '_, '_>) -> Vec<Local> {
    let names: Vec<(String, bool)> =
        visible(context).iter().map(|(name, fixed, _)| ((*name).to_owned(), *fixed)).collect();
    let this = this_of(context);
    let scope = context.scope_mut();
    let take = |(name, is_constant): (String, bool)| {
        let value = match is_constant {
            true => scope.get(&name).cloned(),
            false => scope.get_mut(&name).map(std::mem::take),
        };
        Local { name: name.into(), is_constant, value }
    };
    let taken: Vec<Local> = names.into_iter().map(take).collect();
    this.into_iter().chain(taken).collect()
}

fn put_back(context: &mut Context<'_, '_, '_, '_, '_, '_>, live: Vec<Local>) {
    let scope = context.scope_mut();
    for local in live.into_iter().filter(|local| !local.is_constant) {
        if let (Some(place), Some(value)) = (scope.get_mut(&local.name), local.value) {
            *place = value;
        }
    }
}
