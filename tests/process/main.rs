//! A peer in another process that dies, or speaks something else: everything that waits fails once, everything that
//! was held is let go once, and nothing hangs.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod deaths;
mod interrupts;
mod strangers;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use wherever::drive::connect_simple;
use wherever::error::Disconnected;
use wherever::hosts::Class;
use wherever::{Error, Node, Own, Peer};
use wherever_transports::Child;

/// A session with the helper process, which behaves as told.
fn start(behaviour: &[&str]) -> (Peer, Child) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peer"));
    command.args(behaviour);
    connected(command)
}

/// A session with whatever the shell runs.
fn shell(script: &str) -> (Peer, Child) {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    connected(command)
}

fn connected(command: Command) -> (Peer, Child) {
    let child = Child::spawn(command).unwrap();
    (connect_simple(&Node::new(), child.clone()), child)
}

/// The one error that every call of a lost session fails with.
fn lost<T: std::fmt::Debug>(result: Result<T, Error>) -> Arc<Disconnected> {
    match result {
        Err(Error::Disconnected(lost)) => lost,
        other => panic!("not disconnected: {other:?}"),
    }
}

/// What must hold of a session that was lost, once everything of it is dropped.
fn assert_over(peer: &Peer) {
    let late = lost(peer.get("x"));
    assert!(!late.may_have_run, "what is called after the end has not run");
    assert!(peer.ended().is_some());
    assert!(peer.stats().is_idle(), "{:?}", peer.stats());
}

/// Counts how often the objects made by it were dropped.
#[derive(Clone, Default)]
struct Graves(Arc<AtomicU32>);

struct Mortal(Graves);

impl Drop for Mortal {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Graves {
    fn mortal(&self) -> Own {
        Class::<Mortal>::builder("test:Mortal").build().instance(Mortal(self.clone()))
    }

    fn count(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}
