//! Work spread over worker processes, one of which is killed on the way. `cargo xtask demo parallel` runs it.
//!
//! The workers are children of this process, and count primes in ranges of numbers. Each has its next range before
//! it has done the last, so it never waits for us: results are promised, and taken as they come. `employee.rs` is a
//! worker seen from here; `board.rs` keeps account of the ranges, and shows it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program whose job is to show something")]

mod arguments;
mod board;
mod employee;
mod numbers;

use std::env;
use std::error::Error as StdError;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use wherever::{Error, Node};
use wherever_transports::stdio;

use crate::arguments::{USAGE, options};
use crate::board::Board;
use crate::employee::{AHEAD, Employee};
use crate::numbers::{Numbers, middle, primes, sieved};

/// Primes below this are counted.
const END: u64 = 300_000;

/// The worker that is killed.
pub(crate) const DOOMED: usize = 2;

/// What a worker is for.
#[wherever::interface("org.example.PrimeCounter/1")]
trait PrimeCounter {
    /// The number of primes from `from` up to, and without, `to`. Says so when half of that is done.
    fn primes(&self, from: u64, to: u64, progress: Arc<dyn Progress>) -> Result<u64, Error>;
}

/// Told by a worker how far it is.
#[wherever::interface("org.example.Progress/1")]
trait Progress {
    /// Everything below this number is looked at.
    fn reached(&self, number: u64) -> Result<(), Error>;
}

struct Worker;

#[wherever::export]
impl PrimeCounter for Worker {
    fn primes(&self, from: u64, to: u64, progress: Arc<dyn Progress>) -> Result<u64, Error> {
        let half = middle(&(from..to));
        let below = primes(from..half);
        progress.reached(half)?;
        Ok(below + primes(half..to))
    }
}

fn run(workers: usize, ranges: usize) -> Result<(), Box<dyn StdError>> {
    let bound = |at: usize| END * at as u64 / ranges as u64;
    let all: Vec<Numbers> = (0..ranges).map(|at| bound(at)..bound(at + 1)).collect();
    // What each begins with is dealt out, so that every one certainly gets something to do.
    let (dealt, rest) = all.split_at(workers * AHEAD);
    let dealt: Vec<&[Numbers]> = dealt.chunks(AHEAD).collect();
    let fatal = &dealt[DOOMED - 1][AHEAD - 1];
    let kill_at = |number| (number == DOOMED).then(|| middle(fatal));
    let employees: Vec<_> =
        (1..=workers).map(|number| Employee::start(number, kill_at(number))).collect::<Result<_, _>>()?;
    println!("{workers} processes count the primes below {END}, in {ranges} ranges");
    println!("worker {DOOMED} will be killed half way through {fatal:?}");
    let board = Board::new(ranges, rest.to_vec());
    thread::scope(|scope| {
        for (employee, first) in employees.iter().zip(dealt) {
            let board = &board;
            scope.spawn(move || employee.employ(board, first));
        }
    });
    let found = board.result().ok_or("no worker is left to do the rest")?;
    println!("all ranges are done: {found} primes");
    if found != sieved(END) {
        return Err("that is wrong".into());
    }
    println!("counted here, in another way, they are as many");
    for Employee { number, child, peer, .. } in employees {
        peer.close("the work is done");
        println!("worker {number} has ended: {}", child.wait()?);
    }
    Ok(())
}

fn work() -> Result<(), Box<dyn StdError>> {
    let node = Node::new();
    node.export_root(Worker);
    Ok(wherever::connect(&node, stdio()?).serve()?)
}

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match (&*words, options(&words)) {
        (["--help"], _) => {
            println!("{USAGE}");
            Ok(())
        }
        (["worker"], _) => work(),
        (_, Some((workers, ranges))) => run(workers, ranges),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    if let Err(error) = &outcome {
        eprintln!("parallel: {error}");
    }
    if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
