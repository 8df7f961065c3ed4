//! What tasks do, one thing at a time.

use std::sync::Arc;

use wherever::error::Disconnected;
use wherever::{Error, Operation, Promise, Proxy, Value, value::Ref};

use super::book::{Kind, Record, Sym};
use super::calls::{Made, is_no_room};
use super::object::{SimObject, raised};
use super::program::{Act, Call, Give, How, Style};
use super::results::Seen;
use super::task::{Held, Pledge, Reading, StreamOf, Task, Wait};
use super::world::World;

/// What is to be done again when there is room.
type Again = Option<Act>;

/// The result of a promise, by way of a no-op call on it if there was one.
fn result_of(pledge: &Pledge, proof: Option<&Promise>) -> Result<Value, Error> {
    let Some(proof) = proof else { return pledge.promise.result() };
    match proof.result() {
        Err(Error::Disconnected(_)) if pledge.promise.is_ready() => pledge.promise.result(),
        // It says nothing of the call itself.
        Err(Error::Disconnected(lost)) => {
            let lost = Disconnected { may_have_run: true, ..Disconnected::clone(&lost) };
            Err(Error::Disconnected(Arc::new(lost)))
        }
        result => result,
    }
}

impl World {
    /// Lets one task that can go on do one thing.
    pub(super) fn step_task(&mut self) -> bool {
        let moved = self.moved;
        let start = self.rng.below(self.next_task);
        let ready = |(id, task): (&usize, &mut Task)| task.is_ready(moved).then_some(*id);
        let found = self.tasks.range_mut(start..).find_map(ready);
        let Some(id) = found.or_else(|| self.tasks.range_mut(..start).find_map(ready)) else { return false };
        let Some(mut task) = self.tasks.remove(&id) else { return false };
        self.note(10, id as u64, 0, |_| format!("task {id} goes on"));
        if !matches!(task.wait, Wait::None | Wait::Room(_)) {
            self.end_wait(&mut task);
        } else if let Some(act) = task.acts.pop_front() {
            task.wait = Wait::None;
            if let Some(again) = self.perform(&mut task, act) {
                task.acts.push_front(again);
                self.begin_wait(&mut task, Wait::Room(moved));
            }
        } else if task.serves.is_some() {
            self.touch(task.node);
            self.finish_task(task);
            return true;
        }
        self.touch(task.node);
        self.tasks.insert(id, task);
        self.take_arrivals(None, false);
        true
    }

    fn perform(&mut self, task: &mut Task, act: Act) -> Again {
        match &act {
            Act::Get { end, name } => return self.get(task, *end, *name).then_some(act),
            Act::Call(call) => return self.call(task, call).then_some(act),
            Act::Batch { calls, chain } => return self.calls(task, calls, *chain, true),
            Act::Chain(calls) => return self.calls(task, calls, true, false),
            Act::Attribute(target) => return self.attribute(task, *target).then_some(act),
            Act::Await(pick) => return self.await_promise(task, *pick).then_some(act),
            Act::Stream { target, ahead, wanted } => {
                return self.stream(task, *target, *ahead, *wanted).then_some(act);
            }
            Act::Fetch { end } => return self.fetch(task, *end).then_some(act),
            Act::Drop(pick) => {
                if !task.held.is_empty() {
                    let place = pick % task.held.len();
                    task.held.remove(place);
                }
            }
            Act::Cancel(pick) => self.cancel(task, *pick),
            Act::Store(pick) => Self::store(task, *pick),
            Act::Cut { end } => {
                let end = end % self.ends.len();
                self.cut(end);
                let due = self.now + self.rng.between(0, 5000);
                self.cuts_due.push((due, end ^ 1));
            }
        }
        None
    }

    /// Lets a task wait. One that is no thread is suspended meanwhile.
    fn begin_wait(&mut self, task: &mut Task, wait: Wait) {
        task.wait = wait;
        if let (Style::Task, Some(serves), false) = (task.style, &task.serves, task.suspended) {
            self.shared.lock().book.leave(serves.token);
            serves.context.reply().suspend();
            task.suspended = true;
            self.leave_thread(task);
        }
    }

    /// The thread on which a task runs is free for what waits on it.
    fn leave_thread(&mut self, task: &mut Task) {
        if let Some(under) = task.under.take().and_then(|under| self.tasks.get_mut(&under)) {
            under.covered -= 1;
        }
    }

    /// Whether there was no room.
    fn get(&mut self, task: &mut Task, end: usize, name: usize) -> bool {
        let ends: Vec<usize> = (0..self.ends.len()).filter(|end| self.ends[*end].node == task.node).collect();
        let end = ends[end % ends.len()];
        let at = self.ends[end ^ 1].node;
        let roots = self.setup.nodes[at].roots;
        let name = name % (roots * 4 + 1) / 4;
        let answer = match name < roots {
            true => Ok(Sym::Object(self.first_root(at) + name, Vec::new())),
            false => Err(Error::NotFound("missing".into())),
        };
        let record = Record { answer: Some(answer), ..Self::record(task, Kind::Get, Sym::Nothing, Some(end / 2)) };
        let token = self.shared.lock().book.begin(record);
        let name = if name < roots { format!("root{name}") } else { "missing".to_owned() };
        self.note(11, token as u64, end as u64, |_| format!("task {} gets {name} by end {end}, call {token}", task.id));
        let made = task.scope(|| self.ends[end].peer.promise(&name));
        matches!(self.made(task, token, made.map(Some), false), Made::Room)
    }

    fn call(&mut self, task: &mut Task, call: &Call) -> bool {
        let Some(on) = Self::pick_target(task, call.target) else { return self.get(task, call.target, 0) };
        match self.make_call(task, call, &on, false) {
            Made::Room => return true,
            Made::Promise(pledge) if call.how == How::Waiting => {
                self.begin_wait(task, Wait::Promise(pledge, None));
            }
            Made::Promise(_) | Made::Nothing => {}
        }
        false
    }

    /// Several calls; those that found no room are to be made again.
    fn calls(&mut self, task: &mut Task, calls: &[Call], chain: bool, batched: bool) -> Again {
        let Some(mut on) = calls.first().and_then(|call| Self::pick_target(task, call.target)) else {
            self.get(task, 0, 0);
            return None;
        };
        let session = Self::value_of(&on).and_then(|(_, value)| match value {
            Value::Ref(Ref::Remote(handle)) => Proxy::from(Ref::Remote(handle)).peer(),
            _ => None,
        });
        let batch = session.filter(|_| batched).map(|peer| peer.batch());
        let mut again = None;
        for (place, call) in calls.iter().enumerate() {
            if !chain && place > 0 {
                let Some(next) = Self::pick_target(task, call.target) else { break };
                on = next;
            }
            match self.make_call(task, call, &on, batched) {
                Made::Promise(pledge) if chain => on = Held::Promise(pledge),
                Made::Promise(_) => {}
                Made::Nothing if chain => break,
                Made::Nothing => {}
                Made::Room => {
                    let left = calls[place..].to_vec();
                    again = Some(if batched { Act::Batch { calls: left, chain } } else { Act::Chain(left) });
                    break;
                }
            }
        }
        drop(batch);
        again
    }

    fn attribute(&mut self, task: &mut Task, target: usize) -> bool {
        let Some((target, value)) = Self::pick_target(task, target).and_then(|held| Self::value_of(&held)) else {
            return false;
        };
        let Value::Ref(reference) = value else { return false };
        let link = match &reference {
            Ref::Remote(handle) => self.end_of.get(&handle.session_number()).map(|end| end / 2),
            Ref::Own(_) => None,
        };
        let token = self.shared.lock().book.begin(Self::record(task, Kind::Attribute, target, link));
        self.note(12, token as u64, 0, |_| format!("task {} reads an attribute, call {token}", task.id));
        let made = task.scope(|| Proxy::from(reference).request(Operation::Get).member("number").promise());
        matches!(self.made(task, token, made.map(Some), false), Made::Room)
    }

    fn promises(task: &Task) -> Vec<Pledge> {
        let promise = |held: &Held| match held {
            Held::Promise(pledge) => Some(pledge.clone()),
            Held::Object(_) => None,
        };
        task.held.iter().filter_map(promise).collect()
    }

    fn await_promise(&mut self, task: &mut Task, pick: usize) -> bool {
        let promises = Self::promises(task);
        if promises.is_empty() {
            return false;
        }
        let pledge = promises[pick % promises.len()].clone();
        if !pledge.link && !pledge.quiet {
            self.begin_wait(task, Wait::Promise(pledge, None));
            return false;
        }
        let proof = task.scope(|| pledge.promise.request(Operation::Noop)?.promise());
        match proof {
            Err(error) if is_no_room(&error) => return true,
            Err(_) => self.begin_wait(task, Wait::Promise(Pledge { link: false, ..pledge }, None)),
            Ok(proof) => self.begin_wait(task, Wait::Promise(pledge, Some(proof))),
        }
        false
    }

    fn cancel(&mut self, task: &mut Task, pick: usize) {
        let promises = Self::promises(task);
        if promises.is_empty() {
            return;
        }
        let pledge = &promises[pick % promises.len()];
        self.shared.lock().book.calls[pledge.token].cancelled = true;
        self.note(13, pledge.token as u64, 0, |_| format!("task {} cancels call {}", task.id, pledge.token));
        task.scope(|| pledge.promise.cancel());
    }

    /// Puts a reference into an object of this side.
    fn store(task: &mut Task, pick: usize) {
        let objects = task.held.iter().filter_map(|held| match held {
            Held::Object(known) if matches!(known.sym, Sym::Object(..)) => Some(known.clone()),
            _ => None,
        });
        let objects: Vec<_> = objects.collect();
        let owns: Vec<_> = objects.iter().filter(|known| matches!(known.value, Ref::Own(_))).collect();
        if owns.is_empty() {
            return;
        }
        let what = &objects[pick / 7 % objects.len()];
        let Ref::Own(own) = &owns[pick % owns.len()].value else { return };
        if let Some(object) = own.downcast::<SimObject>() {
            let mut stored = object.stored.lock();
            if stored.len() < 3 {
                stored.push((what.sym.clone(), Value::Ref(what.value.clone())));
            }
        }
    }

    fn stream(&mut self, task: &mut Task, target: usize, ahead: u64, wanted: u64) -> bool {
        let Some(Held::Object(known)) = Self::pick_target(task, target) else { return false };
        let Sym::Object(object, _) = &known.sym else { return false };
        let items = task.scope(|| Proxy::from(known.value.clone()).buffered(ahead));
        self.note(14, *object as u64, 0, |_| format!("task {} reads a stream of object {object}", task.id));
        match items {
            Ok(items) => {
                let reading = Reading { items, got: Vec::new(), wanted, of: StreamOf::Object(*object) };
                self.begin_wait(task, Wait::Items(reading));
                false
            }
            Err(error) => self.refused(&error),
        }
    }

    /// Whether it was for want of room; anything else but a cut is a fault.
    fn refused(&self, error: &Error) -> bool {
        let lost = self.has_cut() && matches!(error, Error::Disconnected(_));
        if !is_no_room(error) && !lost {
            self.shared.fail(format!("a stream failed: {error:?}"));
        }
        is_no_room(error)
    }

    fn fetch(&mut self, task: &mut Task, end: usize) -> bool {
        let ends: Vec<usize> = (0..self.ends.len()).filter(|end| self.ends[*end].node == task.node).collect();
        let end = ends[end % ends.len()];
        match task.scope(|| self.ends[end].peer.promise("list")) {
            Ok(promise) => {
                self.begin_wait(task, Wait::List(promise, self.ends[end ^ 1].node));
                false
            }
            Err(error) => self.refused(&error),
        }
    }

    /// What a task waited for is there.
    fn end_wait(&mut self, task: &mut Task) {
        match std::mem::replace(&mut task.wait, Wait::None) {
            Wait::None | Wait::Room(_) => {}
            Wait::Promise(pledge, Some(_)) if !pledge.link => task.wait = Wait::Promise(pledge, None),
            Wait::Promise(pledge, proof) => {
                let result = task.scope(|| result_of(&pledge, proof.as_ref()));
                let known = self.observe(task.node, pledge.token, result, proof.is_some());
                if self.rng.chance(50) {
                    task.held.retain(|held| !matches!(held, Held::Promise(other) if other.token == pledge.token));
                }
                if let Some(known) = known {
                    self.hold(task, Held::Object(known));
                }
            }
            Wait::List(promise, node) => self.open_list(task, promise, node),
            Wait::Items(reading) => self.read(task, reading),
        }
    }

    fn open_list(&mut self, task: &mut Task, promise: Promise, node: usize) {
        let credit = (self.rng.between(1, 3000), self.rng.between(1, 60));
        let tight = self.rng.chance(60);
        let items = task.scope(|| {
            let list: Proxy = promise.result()?.to()?;
            let request = list.request(Operation::Whole);
            if tight { request.credit(credit.0, credit.1).stream(credit.1) } else { request.stream(u64::MAX) }
        });
        match items {
            Ok(items) => {
                let reading = Reading { items, got: Vec::new(), wanted: u64::MAX, of: StreamOf::List(node) };
                task.wait = Wait::Items(reading);
            }
            Err(error) => {
                // For want of room it is given up.
                self.refused(&error);
            }
        }
    }

    fn read(&mut self, task: &mut Task, mut reading: Reading) {
        while (reading.got.len() as u64) < reading.wanted {
            if !reading.items.is_ready() {
                task.wait = Wait::Items(reading);
                return;
            }
            match reading.items.next() {
                Some(Ok(item)) => reading.got.push(item),
                Some(Err(error)) => return self.check_items(&reading, Some(Seen::Failed(error))),
                None => return self.check_items(&reading, Some(Seen::End)),
            }
        }
        self.check_items(&reading, None);
    }

    /// A call that is served comes to its end.
    pub(super) fn finish_task(&mut self, mut task: Task) {
        let Some(serves) = &task.serves else { return };
        let token = serves.token;
        let give = self.shared.lock().book.calls[token].give;
        let nothing = (Sym::Nothing, Value::None);
        let given = match give {
            Give::Nothing => Ok(nothing),
            Give::Bytes(len) => Ok((Sym::Bytes(len), Value::bytes(vec![7; len]))),
            Give::New => {
                let object = SimObject::new(&self.shared, &self.shapes[task.node]);
                Ok((Sym::Object(object.id, Vec::new()), object.own().into()))
            }
            Give::Receiver => Ok((Sym::Object(serves.object.id, Vec::new()), serves.object.own().into())),
            Give::Held(pick) => Ok(Self::pick(&task, pick).and_then(|held| Self::passable(&held)).unwrap_or(nothing)),
            Give::Stored => {
                let stored = serves.object.stored.lock();
                let short = |(sym, _): &&(Sym, Value)| matches!(sym, Sym::Object(_, route) if route.len() <= 3);
                Ok(stored.iter().find(short).cloned().unwrap_or(nothing))
            }
            Give::Raise | Give::Panic => Err(raised(token)),
        };
        self.note(15, token as u64, 0, |_| format!("task {} answers call {token}: {given:?}", task.id));
        let answer = given.as_ref().map(|(sym, _)| sym.clone()).map_err(Error::clone);
        self.shared.lock().book.answer(token, answer);
        serves.context.reply().settle(given.map(|(_, value)| value));
        self.leave_thread(&mut task);
        if task.owns_lane {
            self.lanes[task.node].remove(&task.lane);
        }
        drop(task);
        self.take_arrivals(None, false);
    }
}
