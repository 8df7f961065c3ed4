//! The end of a run: everything comes to rest, everything is let go, and nothing is left.

use std::collections::HashMap;

use wherever::Error;

use super::book::{Book, Kind, Lack, Record, Token};
use super::program::{Act, Give};
use super::task::{Held, Task, Wait};
use super::world::World;

/// Microseconds of nothing on its way after which nothing will come: more than any deadline, and many ticks.
const REST: u64 = 80_000;
/// Steps after which a run has lost its way.
const STEPS_MAX: u64 = 3_000_000;

impl World {
    /// Runs everything, to the end.
    pub(super) fn run(&mut self) {
        self.greet();
        self.settle();
        self.await_all();
        self.settle();
        self.let_go();
        self.settle();
        self.check_end();
    }

    pub(super) fn has_failed(&self) -> bool {
        !self.shared.lock().failures.is_empty()
    }

    /// Lets all HELLOs pass, if that is how this world begins.
    fn greet(&mut self) {
        if !self.setup.greeted {
            return;
        }
        let program = std::mem::take(&mut self.program);
        let names: Vec<_> = self.ends.iter().map(|end| end.peer.promise("root0")).collect();
        self.rest();
        drop(names);
        self.program = program;
    }

    /// Goes on until nothing moves.
    fn rest(&mut self) {
        let mut idle = 0;
        while idle < REST && !self.has_failed() {
            if self.step() {
                idle = 0;
            } else {
                let passed = self.pass_time();
                idle += if self.program.is_empty() { passed } else { 0 };
            }
            if self.steps > STEPS_MAX {
                return self.shared.fail("it does not come to an end");
            }
        }
    }

    /// Goes on until everybody is done, or cannot be.
    fn settle(&mut self) {
        loop {
            self.rest();
            if self.has_failed() {
                return;
            }
            let busy = |task: &Task| task.serves.is_some() || !matches!(task.wait, Wait::None) || !task.acts.is_empty();
            let jobs = self.ends.iter().any(|end| end.manual.jobs() > 0);
            if !jobs && !self.tasks.values().any(busy) && self.program.is_empty() {
                return;
            }
            if !self.give_up() {
                return self.shared.fail(format!("deadlock:\n{}", self.dump()));
            }
        }
    }

    /// Lets a task give up what no library could bring to an end; whether there was one.
    fn give_up(&mut self) -> bool {
        // All that is allowed at once may be used up by calls that wait for this one, as with any such limit.
        let no_room = |task: &&mut Task| matches!(task.wait, Wait::Room(_)) && task.serves.is_some();
        if let Some(task) = self.tasks.values_mut().find(no_room) {
            task.acts.pop_front();
            task.wait = Wait::None;
            return true;
        }
        // An object that waits for a promise of its caller's may have overtaken what that is on: by another road.
        let stuck = self.tasks.values().find_map(|task| {
            let Wait::Promise(pledge, _) = &task.wait else { return None };
            let waits = task.serves.is_some() && self.shared.lock().book.waits_for_others(pledge.token);
            waits.then(|| pledge.clone())
        });
        let Some(pledge) = stuck.filter(|pledge| !self.shared.lock().book.calls[pledge.token].cancelled) else {
            return false;
        };
        self.shared.lock().book.calls[pledge.token].cancelled = true;
        pledge.promise.cancel();
        (0..self.nodes.len()).for_each(|node| self.touch(node));
        true
    }

    /// The callers at the top wait for all that they hold.
    fn await_all(&mut self) {
        for actor in 0..self.setup.actors.len() {
            let Some(task) = self.tasks.get_mut(&actor) else { continue };
            let promises = task.held.iter().filter(|held| matches!(held, Held::Promise(_))).count();
            task.acts.extend((0..promises).map(Act::Await));
        }
    }

    /// Everything held is dropped, what is stored included.
    fn let_go(&mut self) {
        for node in &self.nodes {
            node.names().iter().for_each(|name| {
                node.unexport(name);
            });
        }
        let tasks = std::mem::take(&mut self.tasks);
        drop(tasks);
        let objects = self.shared.lock().objects.clone();
        for object in objects.iter().filter_map(std::sync::Weak::upgrade) {
            let stored = std::mem::take(&mut *object.stored.lock());
            drop(stored);
        }
        (0..self.nodes.len()).for_each(|node| self.touch(node));
    }

    /// The state of the world in words.
    pub(super) fn dump(&self) -> String {
        let mut lines: Vec<String> = self.tasks.values().map(Task::describe).collect();
        for (place, end) in self.ends.iter().enumerate() {
            let (stats, ended) = (end.peer.stats(), end.peer.ended());
            let jobs = end.manual.jobs();
            lines.push(format!("end {place} of node {}: {jobs} jobs, {ended:?}, {stats:?}", end.node));
        }
        lines.join("\n")
    }

    fn check_end(&self) {
        if self.has_failed() {
            return;
        }
        for (place, end) in self.ends.iter().enumerate() {
            let (stats, ended) = (end.peer.stats(), end.peer.ended());
            if ended.is_some() && !end.cut {
                self.shared.fail(format!("end {place} ended: {ended:?}"));
            }
            if !stats.is_idle() {
                self.shared.fail(format!("end {place} is not idle: {stats:?}"));
            }
        }
        let mut state = self.shared.lock();
        let drops: Vec<String> = (state.drops.iter().enumerate())
            .filter(|(_, drops)| **drops != 1)
            .map(|(object, drops)| format!("object {object} was dropped {drops} times"))
            .collect();
        let calls = Verdict::new(&state.book, self.has_cut()).faults();
        state.failures.extend(drops.into_iter().chain(calls));
    }
}

/// What is wrong with the calls, once all is over.
struct Verdict<'a> {
    book: &'a Book,
    cut: bool,
    /// Calls that depend on each other, in either direction: one that was stopped may take others along.
    group: Vec<Token>,
    /// Groups in which a call was cancelled, or had a deadline.
    stopped: HashMap<Token, bool>,
}

impl<'a> Verdict<'a> {
    fn new(book: &'a Book, cut: bool) -> Self {
        let mut verdict = Self { book, cut, group: (0..book.calls.len()).collect(), stopped: HashMap::new() };
        for token in 0..book.calls.len() {
            for on in book.closure(token) {
                let (one, two) = (verdict.group_of(token), verdict.group_of(on));
                verdict.group[one] = two;
            }
        }
        for (token, call) in book.calls.iter().enumerate() {
            if call.cancelled || call.within {
                let group = verdict.group_of(token);
                verdict.stopped.insert(group, true);
            }
        }
        verdict
    }

    fn group_of(&mut self, token: Token) -> Token {
        let mut group = token;
        while self.group[group] != group {
            self.group[group] = self.group[self.group[group]];
            group = self.group[group];
        }
        group
    }

    fn faults(&mut self) -> Vec<String> {
        let mut faults = Vec::new();
        for (token, call) in self.book.calls.iter().enumerate().filter(|(_, call)| call.kind == Kind::Run) {
            let group = self.group_of(token);
            let stopped = self.stopped.contains_key(&group);
            if let Err(fault) = self.judge(token, call, stopped) {
                let (seen, runs, answer) = (&call.seen, call.runs, &call.answer);
                faults
                    .push(format!("call {token} {fault}; it ran {runs} times, gave {answer:?}, was seen as {seen:?}"));
            }
        }
        faults
    }

    fn judge(&self, token: Token, call: &Record, stopped: bool) -> Result<(), &'static str> {
        if call.unmade {
            return if call.runs == 0 { Ok(()) } else { Err("found no room, and ran") };
        }
        match &call.seen {
            Some(Ok(())) if call.runs != 1 => return Err("succeeded without having run"),
            Some(Err(error)) => self.judge_error(token, call, error, stopped)?,
            _ => {}
        }
        if self.cut || stopped {
            return Ok(());
        }
        match self.book.all_passed_args(token) {
            Ok(ways) if call.runs != 1 && ways.iter().all(Option::is_some) => Err("should have run"),
            Ok(_) => Ok(()),
            Err(_) if call.runs != 0 => Err("should not have run"),
            Err(Lack::Unknown) => Err("waits for what never came"),
            Err(_) => Ok(()),
        }
    }

    fn judge_error(&self, token: Token, call: &Record, error: &Error, stopped: bool) -> Result<(), &'static str> {
        let closure = self.book.closure(token);
        match error {
            Error::Raised(raised) => match raised.message.parse::<Token>() {
                Ok(by) if closure.contains(&by) && matches!(self.book.calls[by].give, Give::Raise | Give::Panic) => {
                    Ok(())
                }
                _ => Err("failed with an error that nobody raised"),
            },
            Error::NotFound(_) => match closure.iter().any(|on| self.book.calls[*on].kind == Kind::Get) {
                true => Ok(()),
                false => Err("failed for a name that was not asked for"),
            },
            Error::Convert(_) => match self.names_no_object(&closure) {
                true => Ok(()),
                false => Err("failed for want of an object"),
            },
            Error::Disconnected(_) if !self.cut => Err("is disconnected without a cut"),
            Error::Disconnected(lost) if !lost.may_have_run && call.runs > 0 => Err("ran, and has not"),
            Error::Disconnected(_) => Ok(()),
            Error::Stopped | Error::Deadline(_) if stopped => Ok(()),
            Error::Deadline(text) if text.starts_with("before the call could") && call.runs > 0 => {
                Err("ran before it could")
            }
            _ => Err("failed"),
        }
    }

    fn names_no_object(&self, closure: &[Token]) -> bool {
        closure.iter().any(|on| matches!(self.book.way(*on), Err(Lack::NoObject)))
    }
}
