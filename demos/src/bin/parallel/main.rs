//! Work spread over processes, one of which is killed on the way. `cargo xtask demo parallel` runs it.
//!
//! Three workers, children of this process, count primes in ranges of numbers. Each has its next range before it has
//! done the last: results are promised, and taken as they come. One worker is killed while it certainly has work in its
//! hands; counting twice does no harm, so another does what it held.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program whose job is to show something")]

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::io::{IsTerminal, stderr};
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::{env, thread};

use wherever::{Error, Node};
use wherever_transports::Child;

/// Primes below this are counted, in ranges of this length.
const END: u64 = 300_000;
const RANGE_LEN: u64 = 12_500;
/// So many there are, as tables say.
const PRIMES: u64 = 25_997;
const WORKERS: u64 = 3;
/// Ranges that a worker has at once: the one that it works on, and the next.
const AHEAD: usize = 2;
/// The worker that is killed.
const DOOMED: u64 = 2;

/// What a worker is for.
#[wherever::interface("org.example.PrimeCounter/1")]
trait PrimeCounter {
    /// The number of primes from `from` up to, and without, `to`. Tells the watcher first.
    fn primes(&self, from: u64, to: u64, watcher: Arc<dyn Watcher>) -> Result<u64, Error>;
}

#[wherever::interface("org.example.Watcher/1")]
trait Watcher {
    /// The worker begins with the range from here.
    fn begins(&self, from: u64) -> Result<(), Error>;
}

/// The object that a worker process has.
struct Counter;

#[wherever::export]
impl PrimeCounter for Counter {
    fn primes(&self, from: u64, to: u64, watcher: Arc<dyn Watcher>) -> Result<u64, Error> {
        watcher.begins(from)?;
        let is_prime = |n: &u64| *n > 1 && (2..).take_while(|d| d * d <= *n).all(|d| !n.is_multiple_of(d));
        Ok((from..to).filter(is_prime).count() as u64)
    }
}

/// A worker process, as seen from here.
struct Worker {
    number: u64,
    child: Child,
    counter: PrimeCounterProxy,
}

impl Worker {
    fn start(number: u64) -> Result<Arc<Self>, Box<dyn StdError>> {
        let mut command = Command::new(env::current_exe()?);
        command.arg("worker");
        let child = Child::spawn(command)?;
        println!("worker {number} is process {}", child.id());
        let counter = wherever::connect(&Node::new(), child.clone()).root()?;
        Ok(Arc::new(Self { number, child, counter }))
    }
}

impl Watcher for Worker {
    fn begins(&self, from: u64) -> Result<(), Error> {
        // After its first range. It waits for the end of this very call, and so has not done the one that it is in.
        if self.number == DOOMED && from >= WORKERS * RANGE_LEN { Ok(self.child.kill()?) } else { Ok(()) }
    }
}

fn lead() -> Result<(), Box<dyn StdError>> {
    let mut workers = BTreeMap::new();
    for number in 1..=WORKERS {
        workers.insert(number, Worker::start(number)?);
    }
    let (tell, outcomes) = channel();
    let give = |worker: &Arc<Worker>, from| {
        let promised = worker.counter.promise_primes(from, from + RANGE_LEN, worker.clone());
        let (number, tell) = (worker.number, tell.clone());
        thread::spawn(move || tell.send((number, from, promised.result())));
    };
    let mut todo = (0..END).step_by(RANGE_LEN as usize);
    for _ in 0..AHEAD {
        workers.values().zip(&mut todo).for_each(|(worker, from)| give(worker, from));
    }
    let (mut done, mut found, mut lost) = (0, 0, Vec::new());
    while done < END {
        let (number, from, outcome) = outcomes.recv()?;
        match outcome {
            Ok(primes) => {
                if lost.contains(&from) {
                    println!("worker {number} has done the range from {from} again");
                }
                found += primes;
                done += RANGE_LEN;
                draw_bar(done);
                if let Some(worker) = workers.get(&number)
                    && let Some(from) = todo.next()
                {
                    give(worker, from);
                }
            }
            Err(error) => {
                if workers.remove(&number).is_some() {
                    println!("worker {number} is gone: {error}");
                }
                let heir = workers.values().next().ok_or("no worker is left")?;
                println!("worker {number} held the range from {from}; worker {} is to do it", heir.number);
                lost.push(from);
                give(heir, from);
            }
        }
    }
    println!("there are {found} primes below {END}");
    for (number, worker) in workers {
        println!("worker {number} has ended: {}", worker.child.wait()?);
    }
    if found == PRIMES { Ok(()) } else { Err(format!("there should be {PRIMES}").into()) }
}

/// Draws the bar: on a terminal over itself, elsewhere line by line. Lines of the story are longer, and cover it.
fn draw_bar(done: u64) {
    let (full, all) = ((done / RANGE_LEN) as usize, (END / RANGE_LEN) as usize);
    let end = if stderr().is_terminal() && full < all { "\r" } else { "\n" };
    eprint!("[{}{}] {full}/{all}{end}", "#".repeat(full), ".".repeat(all - full));
}

fn work() -> Result<(), Box<dyn StdError>> {
    let node = Node::new();
    node.export_root(Counter);
    wherever_transports::serve(&node, "stdio:")?.wait();
    Ok(())
}

fn main() -> Result<(), Box<dyn StdError>> {
    if env::args().nth(1).as_deref() == Some("worker") { work() } else { lead() }
}
