//! A worker process, as the one who has the work sees it.

use std::collections::VecDeque;
use std::env;
use std::error::Error as StdError;
use std::process::Command;
use std::sync::Arc;

use wherever::{Error, Node, Peer};
use wherever_transports::Child;

use crate::board::Board;
use crate::numbers::Numbers;
use crate::{PrimeCounterProxy, Progress};

/// Ranges that a worker has at once: the one that it works on, and the next.
pub(crate) const AHEAD: usize = 2;

/// Hears from one worker, and kills it when it gets to a certain number.
struct Watch {
    child: Child,
    kill_at: Option<u64>,
}

impl Progress for Watch {
    fn reached(&self, number: u64) -> Result<(), Error> {
        // The worker waits for the end of this call: however fast it is, it certainly has work in its hands.
        if self.kill_at == Some(number) { Ok(self.child.kill()?) } else { Ok(()) }
    }
}

/// A worker as this process sees it.
pub(crate) struct Employee {
    pub(crate) number: usize,
    pub(crate) child: Child,
    pub(crate) peer: Peer,
    counter: PrimeCounterProxy,
    progress: Arc<dyn Progress>,
}

impl Employee {
    /// Starts a worker, to be killed when it gets to a number, if one is given.
    pub(crate) fn start(number: usize, kill_at: Option<u64>) -> Result<Self, Box<dyn StdError>> {
        let mut command = Command::new(env::current_exe()?);
        command.arg("worker");
        let child = Child::spawn(command)?;
        let peer = wherever::connect(&Node::new(), child.clone());
        let progress = Arc::new(Watch { child: child.clone(), kill_at });
        Ok(Self { number, counter: peer.root()?, child, peer, progress })
    }

    /// Has the worker do these ranges and then others, until all are done or it is gone.
    pub(crate) fn employ(&self, board: &Board, first: &[Numbers]) {
        let promise = |range: Numbers| {
            let primes = self.counter.promise_primes(range.start, range.end, self.progress.clone());
            (range, primes)
        };
        let mut held: VecDeque<_> = first.iter().cloned().map(promise).collect();
        loop {
            while held.len() < AHEAD
                && let Some(range) = board.take(held.is_empty())
            {
                held.push_back(promise(range));
            }
            let Some((range, promised)) = held.front() else { return };
            match promised.result() {
                Ok(primes) => board.done(self.number, range, primes),
                Err(error) => {
                    let what = format!("worker {}, process {}, is gone: {error}", self.number, self.child.id());
                    return board.lose(&what, held.into_iter().map(|(range, _)| range).collect());
                }
            }
            held.pop_front();
        }
    }
}
