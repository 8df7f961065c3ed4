//! One run: two processes do what a program says, come to rest, let everything go, and tell what they noted.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use wherever::hosts::List;
use wherever::limits::Limits;
use wherever::{Node, Peer, Value, connect};

use super::book;
use super::note::Note;
use super::object::{Side, waiting};
use super::task::{Held, Task};
use crate::real::carrier::Kind;
use crate::real::lab::{Lab, flood_with};
use crate::real::other::{self, Other, die};
use crate::real::system::until;
use crate::sim::{Program, program};

/// What is run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// What the program is made of.
    pub seed: u64,
    /// Its steps.
    pub ops: usize,
    /// The carrier.
    pub kind: Kind,
    /// Whether both sides flood the carrier meanwhile.
    pub floods: bool,
    /// How many notes the other side takes until it is killed, if it is.
    pub dies_at: Option<usize>,
}

/// Time after which it is told what is not done.
const LATE: Duration = Duration::from_secs(20);

/// Looks after which it is told what is not at rest.
const TELLING: u64 = 300_000;

/// Items of a side's list: integers, and longer things in between.
pub(super) fn list_items(len: usize) -> Vec<Value> {
    (0..len).map(|i| if i % 7 == 3 { Value::bytes(vec![i as u8; i]) } else { Value::Int(i as i64) }).collect()
}

/// One side of a run.
struct Run {
    plan: Plan,
    side: Arc<Side>,
    node: Node,
    peer: Peer,
    lab: Lab,
    control: BufReader<UnixStream>,
}

impl Run {
    fn new(plan: Plan, number: i64, carrier: crate::real::carrier::Any, control: UnixStream) -> Self {
        let program = program(plan.seed, plan.ops);
        let setup = &program.setup.nodes[number as usize];
        let mut limits = Limits::default();
        limits.queue_bytes_max = setup.queue_bytes_max;
        limits.workers_max = setup.workers as u32;
        let node = Node::builder().limits(limits).build();
        let (roots, list_len) = (setup.roots, setup.list_len);
        let side = Side::new(number, program, plan.dies_at.filter(|_| number == 1));
        for root in 0..roots {
            node.export(format!("root{root}"), side.thing().own());
        }
        node.export("list", list_items(list_len).into_iter().collect::<List>().to_own());
        let lab = Lab::export(&node);
        let peer = connect(&node, carrier);
        side.peer.get_or_init(|| peer.clone());
        Self { plan, side, node, peer, lab, control: BufReader::new(control) }
    }

    /// Tells what is not done, should it take long: nothing else comes of that.
    fn tell_if_late(&self) -> Sender<()> {
        let (sender, done) = channel();
        let (side, peer) = (Arc::downgrade(&self.side), self.peer.clone());
        thread::spawn(move || {
            if done.recv_timeout(LATE) == Err(RecvTimeoutError::Timeout)
                && let Some(side) = side.upgrade()
            {
                side.tell_of_pending(peer.stats());
            }
        });
        sender
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.control.get_mut(), "{line}").unwrap();
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        assert!(self.control.read_line(&mut line).unwrap() > 0, "the other side is gone");
        line.trim().to_owned()
    }

    /// The callers at the top do all they should, at the same time, and wait for what they were promised.
    fn act(&self) {
        let program: &Program = &self.side.program;
        thread::scope(|scope| {
            for (actor, node) in program.setup.actors.iter().enumerate() {
                if *node as i64 % 2 != self.side.number {
                    continue;
                }
                scope.spawn(move || {
                    let mut task = Task::top(&self.side);
                    for (place, (_, step)) in program.steps.iter().enumerate() {
                        if step.actor == actor {
                            task.perform(&step.act, vec![place]);
                        }
                    }
                    while task.held.iter().any(|held| matches!(held, Held::Promise(..))) {
                        task.await_promise(0);
                        let first = task.held.iter().position(|held| matches!(held, Held::Promise(..)));
                        first.into_iter().for_each(|first| _ = task.held.remove(first));
                    }
                    waiting(None, || drop(task));
                });
            }
            if self.plan.floods {
                scope.spawn(|| {
                    let (calls, len) = if self.plan.kind == Kind::Bytes { (4, 300) } else { (40, 10_000) };
                    let flooded = self.peer.get("lab").and_then(|lab| flood_with(&lab, 2, calls, len));
                    if self.plan.dies_at.is_none() {
                        flooded.unwrap();
                    }
                });
            }
        });
    }

    /// What moved so far: calls being served or about to be, calls sent and received.
    fn counts(&self) -> [u64; 3] {
        let stats = self.peer.stats();
        let served = self.side.running.load(Ordering::SeqCst) + stats.answers - stats.answers_kept;
        [served, stats.calls_sent, stats.calls_received]
    }

    fn let_go(&self) {
        for name in self.node.names() {
            self.node.unexport(&name);
        }
        self.lab.forget();
        self.side.empty_all();
    }

    /// Waits until nothing is left: no entry of a table, no object.
    fn rest(&self) {
        let mut looks: u64 = 0;
        until(|| {
            looks += 1;
            let (stats, undead) = (self.peer.stats(), self.side.undead());
            if looks == TELLING {
                // It goes on all the same, until somebody ends it.
                eprintln!("side {} does not come to rest: {stats:?}, objects: {undead:?}", self.side.number);
                self.side.tell_of(&undead);
            }
            stats.is_idle() && undead.is_empty()
        });
    }
}

/// Runs the first side, and the other in a process of its own; what went wrong, and how many calls were made.
pub fn first_side(plan: Plan) -> (Vec<String>, usize) {
    let path = std::env::temp_dir().join(format!("wherever-real-{}-{}", std::process::id(), plan.seed));
    let listener = UnixListener::bind(&path).unwrap();
    let floods = if plan.floods { "floods" } else { "calm" };
    let dies_at = plan.dies_at.unwrap_or(0).to_string();
    let words = ["model", path.to_str().unwrap(), &plan.seed.to_string(), &plan.ops.to_string(), floods, &dies_at];
    let (carrier, other) = other::start(plan.kind, &words);
    let control = listener.accept().unwrap().0;
    std::fs::remove_file(&path).unwrap();
    let mut run = Run::new(plan, 0, carrier, control);
    let late = run.tell_if_late();
    run.act();
    if plan.dies_at.is_some() {
        return survive(run, other);
    }
    assert_eq!(run.hear(), "acted");
    drop(late);
    come_to_rest(&mut run);
    run.tell("let go");
    run.let_go();
    run.rest();
    assert_eq!(run.hear(), "idle");
    assert!(run.peer.ended().is_none(), "{:?}", run.peer.ended());
    run.peer.close("done");
    let mut theirs = Vec::new();
    run.control.read_to_end(&mut theirs).unwrap();
    other.ends_well();
    let sides = [run.side.notes.lock().clone(), postcard::from_bytes::<Vec<Note>>(&theirs).unwrap()];
    let (mut faults, calls) = book::faults(&sides);
    faults.extend(book::order_faults(&sides));
    (faults, calls)
}

/// The other side is killed in the middle of its program, or behind its end: whoever waited for it was told, and what
/// was held for it is let go.
fn survive(run: Run, other: Other) -> (Vec<String>, usize) {
    let status = other.wait();
    assert!(status.to_string().contains("signal: 9"), "{status}");
    until(|| run.peer.ended().is_some());
    run.let_go();
    run.rest();
    let notes = run.side.notes.lock().clone();
    (book::faults_of_survivor(&notes), notes.iter().filter(|note| matches!(note, Note::Made(_))).count())
}

/// Waits until both sides are still: nothing is served, and all that was sent has arrived, twice in a row.
fn come_to_rest(run: &mut Run) {
    let mut before = None;
    loop {
        run.tell("count");
        let line = run.hear();
        let theirs: Vec<u64> = line.split_whitespace().map(|number| number.parse().unwrap()).collect();
        let mine = run.counts();
        let still = mine[0] == 0 && theirs[0] == 0 && mine[1] == theirs[2] && mine[2] == theirs[1];
        let now = (mine, theirs);
        if still && before.as_ref() == Some(&now) {
            return;
        }
        before = Some(now);
        thread::yield_now();
    }
}

/// Runs the other side.
pub fn other_side(kind: Kind, words: &[&str]) {
    let [path, seed, ops, floods, dies_at] = words else { panic!("{words:?}") };
    let plan = Plan {
        seed: seed.parse().unwrap(),
        ops: ops.parse().unwrap(),
        kind,
        floods: *floods == "floods",
        dies_at: Some(dies_at.parse().unwrap()).filter(|place| *place > 0),
    };
    let control = UnixStream::connect(path).unwrap();
    let mut run = Run::new(plan, 1, kind.inherited(), control);
    let late = run.tell_if_late();
    run.act();
    if plan.dies_at.is_some() {
        die();
    }
    run.tell("acted");
    drop(late);
    while run.hear() == "count" {
        let [running, sent, received] = run.counts();
        run.tell(&format!("{running} {sent} {received}"));
    }
    run.let_go();
    run.rest();
    run.tell("idle");
    let _ = run.peer.serve();
    let notes = postcard::to_stdvec(&*run.side.notes.lock()).unwrap();
    run.control.get_mut().write_all(&notes).unwrap();
}
