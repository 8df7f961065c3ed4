//! Runs random topologies on invented time, seed after seed; `cargo xtask sim` builds and starts it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program: printing is its job")]

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use wherever_tests::sim::{program, run, shrink};

const HELP: &str = "\
usage: sim [--seeds N] [--from S] [--ops N]          run N seeds (default: 1000) from S (default: 1)
       sim --seed S [--ops N] [--keep A,B,..] [--trace]   run one seed, or some of its steps, again";

/// Failing seeds that are shrunk and told of in full.
const SHRUNK_MAX: usize = 3;
/// Runs tried to make one failing seed smaller.
const TRIES_MAX: usize = 1500;

struct Options {
    seeds: u64,
    from: u64,
    seed: Option<u64>,
    ops: usize,
    keep: Option<BTreeSet<usize>>,
    trace: bool,
}

fn main() -> ExitCode {
    // A panic of the library is a failing seed, and told of as such.
    std::panic::set_hook(Box::new(|_| {}));
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(options) = options(&args) else {
        eprintln!("{HELP}");
        return ExitCode::from(2);
    };
    let failed = match options.seed {
        Some(seed) => u64::from(!one(seed, &options)),
        None => many(&options),
    };
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn options(args: &[String]) -> Option<Options> {
    let mut options = Options { seeds: 1000, from: 1, seed: None, ops: 300, keep: None, trace: false };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--trace" => options.trace = true,
            "--seeds" => options.seeds = args.next()?.parse().ok()?,
            "--from" => options.from = args.next()?.parse().ok()?,
            "--ops" => options.ops = args.next()?.parse().ok()?,
            "--seed" => options.seed = Some(args.next()?.parse().ok()?),
            "--keep" => {
                options.keep = Some(args.next()?.split(',').map(|step| step.parse().ok()).collect::<Option<_>>()?)
            }
            _ => return None,
        }
    }
    Some(options)
}

/// Runs one seed again and tells what happened; whether it passed.
fn one(seed: u64, options: &Options) -> bool {
    let program = program(seed, options.ops);
    println!("{:#?}", program.setup);
    let report = run(&program, options.keep.as_ref(), options.trace);
    report.trace.iter().for_each(|line| println!("{line}"));
    report.failures.iter().for_each(|failure| println!("FAILED: {failure}"));
    println!("sim: seed {seed}: {} calls, {} frames, digest {:016x}", report.calls, report.frames, report.digest);
    report.failures.is_empty()
}

/// Runs many seeds, on all cores; how many failed.
fn many(options: &Options) -> u64 {
    let (next, calls, begun) = (AtomicU64::new(options.from), AtomicU64::new(0), Instant::now());
    let failed = Mutex::new(Vec::new());
    let end = options.from.saturating_add(options.seeds);
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return;
            }
            let report = run(&program(seed, options.ops), None, false);
            calls.fetch_add(report.calls as u64, Ordering::Relaxed);
            if let (Some(failure), Ok(mut failed)) = (report.failures.into_iter().next(), failed.lock()) {
                failed.push((seed, failure));
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| (0..cores).for_each(|_| drop(scope.spawn(work))));
    let mut failed = failed.into_inner().unwrap_or_default();
    failed.sort();
    for (place, (seed, failure)) in failed.iter().enumerate() {
        println!("sim: seed {seed} failed: {}", failure.lines().next().unwrap_or_default());
        if place < SHRUNK_MAX {
            tell(*seed, options);
        }
    }
    let (seconds, count) = (begun.elapsed().as_secs_f64(), failed.len() as u64);
    let calls = calls.into_inner();
    println!("sim: {calls} calls in {seconds:.1} s, {:.0} seeds a second", options.seeds as f64 / seconds);
    println!("sim: {} seeds of {} operations passed, {count} failed", options.seeds - count, options.ops);
    count
}

/// Makes a failing seed small, and tells how to run it again.
fn tell(seed: u64, options: &Options) {
    let program = program(seed, options.ops);
    let keep = shrink(&program, (0..options.ops).collect(), TRIES_MAX);
    let report = run(&program, Some(&keep), false);
    report.failures.iter().for_each(|failure| println!("  {failure}"));
    let keep: Vec<String> = keep.iter().map(usize::to_string).collect();
    let ops = if options.ops == 300 { String::new() } else { format!(" --ops {}", options.ops) };
    println!("  run it again: cargo xtask sim --seed {seed}{ops} --keep {} --trace", keep.join(","));
}
