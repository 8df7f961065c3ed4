//! The world of one run: nodes, carriers, tasks, and invented time; what can happen next, happens in random order.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::rc::Weak;
use std::sync::Arc;
use std::time::Duration;

use wherever::Node;
use wherever::clock::ManualClock;
use wherever::drive::Manual;
use wherever::hosts::List;
use wherever::limits::Limits;
use wherever::policy::Policy;
use wherever::{Peer, Value};

use super::book::{Sym, TaskId};
use super::carrier::Carrier;
use super::object::{Shapes, Shared, SimObject};
use super::program::{Act, Program, Style};
use super::rng::{Rng, mix};
use super::setup::{NodeSetup, Setup};
use super::task::{Known, Task, Wait};

/// One end of a session: two for each, next to each other.
pub(super) struct End {
    pub(super) manual: Manual,
    pub(super) peer: Peer,
    pub(super) node: usize,
    /// What it sends by.
    pub(super) out: Carrier,
    /// Frames that it has sent, the preface among them.
    sent: u64,
    frame_len_max: usize,
    /// Something may be ready to be sent.
    pub(super) dirty: bool,
    pub(super) cut: bool,
}

/// The world of one run.
pub(super) struct World {
    pub(super) setup: Setup,
    clock: Arc<ManualClock>,
    /// Microseconds since the beginning.
    pub(super) now: u64,
    ticked: u64,
    pub(super) nodes: Vec<Node>,
    pub(super) shapes: Vec<Shapes>,
    pub(super) ends: Vec<End>,
    /// Ends by the number of their session.
    pub(super) end_of: HashMap<u64, usize>,
    pub(super) tasks: BTreeMap<TaskId, Task>,
    pub(super) next_task: TaskId,
    /// Lanes taken, by node.
    pub(super) lanes: Vec<BTreeSet<u64>>,
    /// What the callers at the top are still to do.
    pub(super) program: VecDeque<(usize, usize, Act)>,
    /// Ends that are to notice a cut, and when.
    pub(super) cuts_due: Vec<(u64, usize)>,
    /// References held by tasks: one for each way to an object.
    pub(super) known: HashMap<(usize, Sym), Weak<Known>>,
    pub(super) shared: Arc<Shared>,
    pub(super) rng: Rng,
    /// Frames that have moved.
    pub(super) moved: u64,
    pub(super) steps: u64,
    /// What happened, as one number.
    pub(super) digest: u64,
    pub(super) trace: Option<Vec<String>>,
}

/// Items of a node's list: integers, and longer things in between.
pub(super) fn list_items(len: usize) -> Vec<Value> {
    (0..len).map(|i| if i % 7 == 3 { Value::bytes(vec![i as u8; i]) } else { Value::Int(i as i64) }).collect()
}

fn limits(setup: &NodeSetup) -> Limits {
    let mut limits = Limits::default();
    limits.told.calls_max = setup.calls_max;
    limits.queue_bytes_max = setup.queue_bytes_max;
    limits
}

impl World {
    pub(super) fn new(program: &Program, tracing: bool) -> Self {
        let setup = program.setup.clone();
        let clock = Arc::new(ManualClock::default());
        let node =
            |node: &NodeSetup| Node::builder().clock(clock.clone()).policy(Policy::Closed).limits(limits(node)).build();
        let nodes: Vec<Node> = setup.nodes.iter().map(node).collect();
        let mut ends = Vec::new();
        for link in &setup.links {
            for (node, pace) in link.nodes.into_iter().zip(link.paces) {
                let manual = Manual::new(&nodes[node], link.frame_len_max);
                let (peer, out, frame_len_max) = (manual.peer(), Carrier::new(pace), link.frame_len_max);
                ends.push(End { manual, peer, node, out, sent: 0, frame_len_max, dirty: true, cut: false });
            }
        }
        let end_of = ends.iter().enumerate().map(|(place, end)| (end.peer.session_number(), place)).collect();
        let mut world = Self {
            clock,
            now: 0,
            ticked: 0,
            shapes: nodes.iter().map(|_| Shapes::new()).collect(),
            lanes: nodes.iter().map(|_| BTreeSet::new()).collect(),
            nodes,
            ends,
            end_of,
            tasks: BTreeMap::new(),
            next_task: 0,
            program: program.steps.iter().map(|(place, step)| (*place, step.actor, step.act.clone())).collect(),
            cuts_due: Vec::new(),
            known: HashMap::new(),
            shared: Arc::default(),
            rng: Rng::of_part(program.seed, u64::MAX - 1),
            moved: 0,
            steps: 0,
            digest: program.seed,
            trace: tracing.then(Vec::new),
            setup,
        };
        world.export_all();
        world.begin_actors();
        world
    }

    /// Names of a node's objects: their numbers are known to everybody.
    fn export_all(&mut self) {
        for (place, node) in self.nodes.iter().enumerate() {
            for root in 0..self.setup.nodes[place].roots {
                let object = SimObject::new(&self.shared, &self.shapes[place]);
                node.export(format!("root{root}"), object.own());
            }
            let list: List = list_items(self.setup.nodes[place].list_len).into_iter().collect();
            node.export("list", list.to_own());
        }
    }

    fn begin_actors(&mut self) {
        for node in self.setup.actors.clone() {
            self.begin_task(node, None, Style::Thread);
        }
    }

    /// A new task; on the thread of the task `under`, if there is one.
    pub(super) fn begin_task(&mut self, node: usize, under: Option<TaskId>, style: Style) -> TaskId {
        let id = self.next_task;
        self.next_task += 1;
        let waiting = under.and_then(|under| self.tasks.get_mut(&under));
        let shared = waiting.map(|waiting| {
            waiting.covered += 1;
            waiting.lane
        });
        let lane = match shared.filter(|_| style == Style::Thread) {
            Some(lane) => lane,
            None => {
                let lane = (0..).find(|lane| !self.lanes[node].contains(lane)).unwrap_or_default();
                self.lanes[node].insert(lane);
                lane
            }
        };
        let task = Task {
            id,
            node,
            lane,
            under,
            covered: 0,
            style,
            owns_lane: shared.is_none() || style != Style::Thread,
            serves: None,
            depth: 0,
            acts: VecDeque::new(),
            held: Vec::new(),
            wait: Wait::None,
            suspended: false,
        };
        self.tasks.insert(id, task);
        id
    }

    /// The number of the first exported object of a node.
    pub(super) fn first_root(&self, node: usize) -> usize {
        self.setup.nodes[..node].iter().map(|node| node.roots).sum()
    }

    /// Notes that something happened.
    pub(super) fn note(&mut self, what: u64, a: u64, b: u64, text: impl FnOnce(&Self) -> String) {
        self.digest =
            mix(self.digest ^ mix(what) ^ mix(a.wrapping_add(77)) ^ mix(b.wrapping_add(7777))).wrapping_add(1);
        if self.trace.is_some() {
            let text = format!("{:>9} {}", self.now, text(self));
            self.trace.iter_mut().for_each(|trace| trace.push(text.clone()));
        }
    }

    /// Marks that a node may have something to send.
    pub(super) fn touch(&mut self, node: usize) {
        self.ends.iter_mut().filter(|end| end.node == node).for_each(|end| end.dirty = true);
    }

    /// Lets one thing happen, if anything can.
    pub(super) fn step(&mut self) -> bool {
        const KINDS: usize = 8;
        self.steps += 1;
        let start = self.rng.below(KINDS);
        (0..KINDS).any(|turn| match (start + turn) % KINDS {
            0 => self.deliver(),
            1 => self.start_job(),
            2 => self.inject(),
            3 => self.come_late(),
            4 | 5 => self.step_task(),
            _ => self.send(),
        })
    }

    fn deliver(&mut self) -> bool {
        let start = self.rng.below(self.ends.len());
        for turn in 0..self.ends.len() {
            let place = (start + turn) % self.ends.len();
            let Some(frame) = self.ends[place].out.take(self.now) else { continue };
            let to = place ^ 1;
            self.moved += 1;
            self.note(1, to as u64, frame.len() as u64, |_| format!("end {to} gets {} bytes", frame.len()));
            if !self.ends[to].cut {
                self.ends[to].manual.put_frame(&frame);
                self.touch(self.ends[to].node);
                self.take_arrivals(None, false);
            }
            return true;
        }
        false
    }

    fn send(&mut self) -> bool {
        let start = self.rng.below(self.ends.len());
        for turn in 0..self.ends.len() {
            let place = (start + turn) % self.ends.len();
            let end = &mut self.ends[place];
            if !end.dirty || !end.out.is_free() {
                continue;
            }
            let Some(frame) = end.manual.take_frame() else {
                end.dirty = false;
                continue;
            };
            end.sent += 1;
            if end.sent > 1 && frame.len() > end.frame_len_max {
                let text =
                    format!("end {place} sends a frame of {}, its carrier takes {}", frame.len(), end.frame_len_max);
                self.shared.fail(text);
            }
            let (now, node, len) = (self.now, end.node, frame.len());
            end.out.put(now, &mut self.rng, frame);
            self.moved += 1;
            self.note(2, place as u64, len as u64, |_| format!("end {place} sends {len} bytes"));
            // What the frame let go may have touched another session of the node.
            self.touch(node);
            return true;
        }
        false
    }

    /// Lets a caller at the top take up its next step.
    fn inject(&mut self) -> bool {
        if !self.rng.chance(25) {
            return false;
        }
        let Some((place, actor, act)) = self.program.pop_front() else { return false };
        self.note(3, place as u64, actor as u64, |_| format!("caller {actor} is to do {place}: {act:?}"));
        if let Some(task) = self.tasks.get_mut(&actor) {
            task.acts.push_back(act);
        }
        true
    }

    /// Lets an attribute or a stream that was not ready go on.
    fn come_late(&mut self) -> bool {
        let mut state = self.shared.lock();
        if let Some(reply) = state.sleepers.pop() {
            drop(state);
            reply.resume();
        } else if let Some((context, own)) = state.late.pop() {
            drop(state);
            context.reply().settle(Ok(own.into()));
        } else {
            return false;
        }
        self.note(4, 0, 0, |_| "something late comes".to_owned());
        (0..self.nodes.len()).for_each(|node| self.touch(node));
        self.take_arrivals(None, false);
        true
    }

    /// Turns the clock to the next moment at which something may happen; how long that is if nothing was on its way.
    pub(super) fn pass_time(&mut self) -> u64 {
        let due = self.ends.iter().filter_map(|end| end.out.due()).chain(self.cuts_due.iter().map(|(due, _)| *due));
        let idle = due.min();
        let tick = match idle {
            Some(_) => self.ticked + 1000,
            None => self.now + 5000,
        };
        let next = idle.map_or(tick, |due| due.min(tick)).max(self.now);
        let passed = next - self.now;
        self.clock.advance(Duration::from_micros(passed));
        self.now = next;
        if next >= tick {
            self.ticked = next;
            for end in &mut self.ends {
                end.manual.tick();
                end.dirty = true;
            }
            self.take_arrivals(None, false);
        }
        self.notice_cuts();
        if idle.is_none() { passed } else { 0 }
    }

    fn notice_cuts(&mut self) {
        let now = self.now;
        let due: Vec<usize> = self.cuts_due.extract_if(.., |(due, _)| *due <= now).map(|(_, end)| end).collect();
        due.into_iter().for_each(|end| self.cut(end));
    }

    /// An end notices that its carrier is gone.
    pub(super) fn cut(&mut self, place: usize) {
        let end = &mut self.ends[place];
        if std::mem::replace(&mut end.cut, true) {
            return;
        }
        end.manual.cut("cut");
        self.shared.lock().book.cut();
        // Whoever waits for room looks again.
        self.moved += 1;
        let node = end.node;
        self.ends[place ^ 1].out.clear();
        self.note(5, place as u64, 0, |_| format!("end {place} is cut off"));
        self.touch(node);
    }
}
