//! The scenes: each is a process of its own, and its first side.

mod callbacks;
mod chains;
mod deaths;
mod flood;
mod pressure;
mod victim;

use std::sync::Arc;

use parking_lot::Mutex;
use wherever::{Node, Peer, Proxy, connect};

use super::carrier::Kind;
use super::lab::Lab;
use super::model;
use super::other::{self, Other};
use super::system::{threads, until};

/// Plays the scene of this name.
pub fn play(words: &[&str]) {
    match *words {
        ["flood", kind] => flood::both_sides(Kind::of(kind)),
        ["deep", kind] => chains::a_hundred_deep(Kind::of(kind)),
        ["runaway"] => chains::a_runaway_is_refused(false),
        ["runaway-thread"] => chains::a_runaway_is_refused(true),
        ["own-thread", kind] => chains::each_chain_has_its_thread(Kind::of(kind)),
        ["foreign", kind] => chains::other_calls_run_elsewhere(Kind::of(kind)),
        ["idle", kind] => callbacks::an_idle_side_is_called(Kind::of(kind)),
        ["after-call", kind] => callbacks::right_after_a_call(Kind::of(kind)),
        ["own-answers", kind] => callbacks::each_its_own_answer(Kind::of(kind)),
        ["fast-and-slow", kind] => callbacks::fast_before_slow(Kind::of(kind)),
        ["death", kind, point] => deaths::at(Kind::of(kind), point),
        ["deaths", kind, role, way, seed, rounds] => {
            deaths::sweep(Kind::of(kind), role, way, seed.parse().unwrap(), rounds.parse().unwrap());
        }
        ["blocked"] => pressure::blocked_callers_cost_nothing(),
        ["never-reads"] => pressure::one_that_never_reads(),
        ["reads-no-results"] => pressure::one_that_reads_no_results(),
        ["one-processor"] => pressure::one_processor_and_foreign_load(),
        _ => panic!("no such scene: {words:?}"),
    }
}

/// Behaves as the other side.
pub fn play_other(kind: Kind, words: &[&str]) {
    match *words {
        // Its first thread is in no call at all, and stays so to the end.
        ["lab"] => {
            let node = Node::new();
            let lab = Lab::export(&node);
            let peer = connect(&node, kind.inherited());
            let _ = peer.serve();
            node.unexport("lab");
            lab.forget();
            until(|| peer.stats().is_idle());
        }
        ["victim", role, way, bytes] => victim::live(role, way, bytes.parse().unwrap()),
        ["burn", millis] => pressure::burn(millis.parse().unwrap()),
        ["asks-much", calls, len] => pressure::ask_much(kind, calls.parse().unwrap(), len.parse().unwrap()),
        ["model", ref rest @ ..] => model::other_side(kind, rest),
        _ => panic!("no such behaviour: {words:?}"),
    }
}

/// The first side of a scene: a session with another process whose lab it has.
struct Stage {
    node: Node,
    peer: Peer,
    /// This side's lab, and the other's.
    mine: Lab,
    theirs: Option<Proxy>,
    other: Other,
    threads_before: usize,
}

impl Stage {
    fn new(kind: Kind) -> Self {
        let threads_before = threads();
        let (carrier, other) = other::start(kind, &["lab"]);
        let node = Node::new();
        let mine = Lab::export(&node);
        let peer = connect(&node, carrier);
        let theirs = Some(peer.get("lab").unwrap());
        Self { node, peer, mine, theirs, other, threads_before }
    }

    fn theirs(&self) -> Proxy {
        self.theirs.clone().unwrap()
    }

    /// This side's lab, as something to pass on.
    fn own_lab(&self) -> wherever::Value {
        self.node.exported("lab").unwrap().into()
    }

    /// The session ends in order, and nothing is left on either side: no entry, no thread, no process.
    fn end(self) {
        let Self { node, peer, mine, theirs, other, threads_before } = self;
        theirs.iter().for_each(|theirs| _ = theirs.call("forget", ()).unwrap());
        drop(theirs);
        mine.forget();
        until(|| peer.stats().is_idle());
        peer.close("done");
        other.ends_well();
        assert!(peer.stats().is_idle(), "{:?}", peer.stats());
        drop((node, peer, mine));
        threads_are_gone(threads_before);
    }
}

/// Waits until there are no more threads than there were.
fn threads_are_gone(before: usize) {
    // A count can be short by one that ends while it is taken, so it is not looked at twice.
    until(|| threads() <= before);
}

/// A list that several threads write to.
type Notes<T> = Arc<Mutex<Vec<T>>>;
