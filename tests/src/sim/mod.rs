//! Random topologies on invented time: nodes, sessions and carriers of a random kind, random calls, and a book that
//! knows what ought to come of them.
//!
//! A seed is spelled out as a [`Program`] first, so that a run that fails can be tried again with fewer of its steps.
//! Everything in a run is decided by the seed and by which of its steps are kept.

mod book;
mod calls;
mod carrier;
mod finish;
mod jobs;
mod object;
mod perform;
mod program;
mod results;
mod rng;
mod setup;
mod shrink;
mod task;
mod world;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub use carrier::Pace;
pub use program::{Act, Arg, Call, Give, How, Program, Step, Style, program};
pub use rng::Rng;
pub use setup::{LinkSetup, NodeSetup, Setup};
pub use shrink::shrink;

use world::World;

/// What became of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What went wrong.
    pub failures: Vec<String>,
    /// All that happened, as one number: the same for the same seed.
    pub digest: u64,
    /// Calls that were made.
    pub calls: usize,
    /// Frames that moved, each counted when it was sent and when it arrived.
    pub frames: u64,
    /// All that happened, in words, if that was asked for.
    pub trace: Vec<String>,
}

/// Runs a program, or the part of it that is kept.
pub fn run(program: &Program, keep: Option<&BTreeSet<usize>>, tracing: bool) -> Report {
    let mut program = program.clone();
    program.steps.retain(|(place, _)| keep.is_none_or(|keep| keep.contains(place)));
    let mut world = World::new(&program, tracing);
    let shared = world.shared.clone();
    let ran = catch_unwind(AssertUnwindSafe(|| world.run()));
    if let Err(panic) = ran {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        shared.fail(format!("a panic: {}", text.unwrap_or_default()));
    }
    let failed = world.has_failed();
    let ended = world.ends.iter().filter(|end| !end.cut).find_map(|end| end.peer.ended());
    let mut failures = shared.lock().failures.clone();
    if let (true, Some(reason)) = (failed, ended) {
        failures.push(format!("a session ended: {reason:?}"));
    }
    let calls = shared.lock().book.calls.len();
    let report = Report {
        failures,
        digest: world.digest,
        calls,
        frames: world.moved,
        trace: world.trace.take().unwrap_or_default(),
    };
    if failed {
        // What is left of it may be in any state: it is not taken apart.
        std::mem::forget(world);
    }
    report
}
