//! Which thread serves what: nested calls of a waiting thread on that thread, everything else on a free worker.

use std::collections::VecDeque;
use std::rc::Rc;

use wherever::Value;
use wherever::value::Ref;

use super::book::{Sym, TaskId, Token};
use super::object::Arrival;
use super::program::Style;
use super::task::{Held, Known, Serves, Task, Wait};
use super::world::{End, World};

/// Where a call may run.
enum Seat {
    /// Nowhere now.
    None,
    /// On a worker.
    Worker,
    /// On the thread of this task, which waits for a call that this one is nested in.
    Under(TaskId),
}

impl World {
    /// Starts a call that is ready to run and may.
    pub(super) fn start_job(&mut self) -> bool {
        let start = self.rng.below(self.ends.len());
        for turn in 0..self.ends.len() {
            let end = (start + turn) % self.ends.len();
            let jobs = self.ends[end].manual.jobs();
            let first = self.rng.below(jobs);
            for place in (0..jobs).map(|turn| (first + turn) % jobs) {
                let under = match self.seat(end, place) {
                    Seat::None => continue,
                    Seat::Worker => None,
                    Seat::Under(task) => Some(task),
                };
                self.note(6, end as u64, place as u64, |_| format!("end {end} runs job {place} under {under:?}"));
                self.ends[end].manual.run_job(place);
                self.touch(self.ends[end].node);
                self.take_arrivals(under, true);
                return true;
            }
        }
        false
    }

    /// A thread serves what is nested in any of the calls that it waits for, innermost wait or not: what it waits for
    /// now may be in line behind a call that waits for this one.
    fn seat(&self, end: usize, place: usize) -> Seat {
        let End { manual, node, peer, .. } = &self.ends[end];
        let session = peer.session_number();
        for task in self.tasks.values().filter(|task| task.node == *node && task.style == Style::Thread) {
            let Some(handle) = task.awaited().filter(|handle| handle.session_number() == session) else { continue };
            if manual.job_is_nested_in(place, handle.id()) {
                let top = self.top_of(task);
                return if matches!(top.wait, Wait::None) { Seat::None } else { Seat::Under(top.id) };
            }
        }
        if self.busy(*node) >= self.setup.nodes[*node].workers { Seat::None } else { Seat::Worker }
    }

    /// What runs on the thread of a task: the task itself, or what it serves while it waits, and so on.
    fn top_of<'a>(&'a self, mut task: &'a Task) -> &'a Task {
        while let Some(above) = self.tasks.values().find(|above| above.under == Some(task.id)) {
            task = above;
        }
        task
    }

    /// Workers of a node that do something. One that waits is replaced by another: the pool grows.
    fn busy(&self, node: usize) -> usize {
        let busy = |task: &&Task| {
            task.node == node && task.serves.is_some() && task.under.is_none() && matches!(task.wait, Wait::None)
        };
        self.tasks.values().filter(busy).count()
    }

    /// Makes a task of each call that has arrived; the first may be served by a thread that waits. A call that is not
    /// `in_turn` waited for an attribute on its way: it goes on wherever that came.
    pub(super) fn take_arrivals(&mut self, mut under: Option<TaskId>, in_turn: bool) {
        let arrivals = std::mem::take(&mut self.shared.lock().arrivals);
        for arrival in arrivals {
            self.serve(arrival, under.take(), in_turn);
        }
    }

    fn serve(&mut self, arrival: Arrival, under: Option<TaskId>, in_turn: bool) {
        let Arrival { token, object, args, context } = arrival;
        let Some(end) = context.session_number().and_then(|session| self.end_of.get(&session)).copied() else {
            return self.shared.fail(format!("call {token} came by no session"));
        };
        let node = self.ends[end].node;
        if in_turn {
            self.check_nesting(token, end, under);
        }
        let (style, body, depth) = {
            let call = &self.shared.lock().book.calls[token];
            (call.style, call.body.clone(), call.depth + 1)
        };
        let id = self.begin_task(node, under, style);
        self.note(7, token as u64, id as u64, |_| format!("call {token} is served by task {id} of node {node}"));
        let mut held = self.check_args(node, token, &args);
        drop(args);
        let me = Known { sym: Sym::Object(object.id, Vec::new()), value: Ref::Own(object.own()) };
        held.push(Held::Object(Rc::new(me)));
        let Some(task) = self.tasks.get_mut(&id) else { return };
        task.depth = depth;
        task.held = held;
        task.acts = body.iter().cloned().collect::<VecDeque<_>>();
        task.serves = Some(Serves { token, object, context });
    }

    /// What a call got, looked at: what of it can be held.
    fn check_args(&mut self, node: usize, token: Token, args: &[Value]) -> Vec<Held> {
        let ways = self.shared.lock().book.all_passed_args(token).unwrap_or_default();
        let mut texts = Vec::new();
        for (way, wanted) in ways.iter().enumerate() {
            let Some(wanted) = wanted.as_ref().filter(|wanted| wanted.len() == args.len()) else { continue };
            let checked: Result<Vec<_>, _> =
                wanted.iter().zip(args).map(|(sym, value)| self.check_value(node, sym, value)).collect();
            match checked {
                Ok(known) => {
                    self.shared.lock().book.took(token, way);
                    return known.into_iter().flatten().map(Held::Object).collect();
                }
                Err(text) => texts.push(text),
            }
        }
        self.shared.fail(format!("call {token} got {args:?}: {texts:?}"));
        Vec::new()
    }

    /// A thread that waits serves the calls nested in what it waits for, and no others.
    fn check_nesting(&self, token: Token, end: usize, under: Option<TaskId>) {
        let state = self.shared.lock();
        let book = &state.book;
        let awaited = |task: &Task| match &task.wait {
            Wait::Promise(pledge, None) => Some(pledge.token),
            _ => None,
        };
        let text = match under {
            Some(under) => {
                let below = |task: &&Task| task.under.and_then(|under| self.tasks.get(&under));
                let stack = std::iter::successors(self.tasks.get(&under), below);
                let mut on = stack.filter_map(awaited);
                if on.any(|on| book.is_nested(token, on)) {
                    return;
                }
                format!("call {token} is served by the thread of task {under}, which does not wait for it")
            }
            None => {
                let straight = |token: Token| book.way(token).is_ok_and(|(_, path)| path == [end / 2]);
                let Some(parent) = book.calls[token].parent.filter(|parent| straight(*parent)) else { return };
                let waits =
                    |task: &&Task| task.style == Style::Thread && task.covered == 0 && awaited(task) == Some(parent);
                let Some(waiter) = self.tasks.values().find(waits) else { return };
                if !straight(token) || book.calls[parent].answer.is_some() || book.calls[parent].seen.is_some() {
                    return;
                }
                format!("call {token} is not served by the thread of task {}, which waits for it", waiter.id)
            }
        };
        drop(state);
        self.shared.fail(text);
    }
}
