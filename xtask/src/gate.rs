//! `cargo xtask test`: the gate, one step after another until one fails.

use crate::fuzz;
use crate::packages;
use crate::process::{Failure, Outcome, cargo, run, say};
use crate::python;
use crate::watchdog::Watchdog;
use std::env;
use std::process::Command;
use std::time::{Duration, Instant};

/// Time that a step may take, on a machine as slow as any. All of them together take a fraction of it.
const STEP_TIME_MAX: Duration = Duration::from_secs(15 * 60);

/// One step of the gate.
struct Step {
    /// One word, for the header and the last line.
    name: &'static str,
    /// The command that repeats the step alone, as a shell takes it.
    repeat: &'static str,
    /// How it runs.
    run: fn(&Step) -> Outcome,
}

/// Everything that must pass, quickest refusals first.
const STEPS: &[Step] = &[
    Step { name: "fmt", repeat: "cargo fmt --all --check", run: Step::as_shown },
    Step {
        name: "clippy",
        repeat: "cargo clippy --workspace --all-targets --locked -- -D warnings",
        run: Step::as_shown,
    },
    Step {
        name: "doc",
        repeat: "RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked \
                 --exclude wherever-fuzz --exclude xtask",
        run: doc,
    },
    Step { name: "test", repeat: "cargo test --locked", run: Step::as_shown },
    // Alone: what is first told elsewhere while a subscriber comes, `tracing` may take to be wanted by nobody, for good.
    Step {
        name: "tracing",
        repeat: "cargo test --locked --package wherever --features tracing --lib traced",
        run: Step::as_shown,
    },
    Step { name: "traced", repeat: "cargo test --locked --package wherever-traced", run: Step::as_shown },
    Step { name: "heap-bound", repeat: "cargo test --locked --package wherever-fuzz --lib", run: Step::as_shown },
    Step {
        name: "abi3",
        repeat: "cargo clippy --locked --package wherever-python --features abi3 -- -D warnings",
        run: Step::as_shown,
    },
    Step { name: "python", repeat: "cargo xtask python", run: |_| python::test(&[]) },
    Step {
        name: "sim",
        repeat: "cargo xtask sim --seeds 5000",
        run: |_| packages::sim(&["--seeds".into(), "5000".into()]),
    },
    // What only an optimised build has the stack for.
    Step {
        name: "release",
        repeat: "cargo test --locked --release --package wherever-tests --test threads runaway",
        run: Step::as_shown,
    },
    Step { name: "shuttle", repeat: "cargo xtask shuttle", run: |_| packages::shuttle(&[]) },
    Step { name: "bench", repeat: "cargo xtask bench --quick", run: |_| packages::bench(&["--quick".into()]) },
    Step {
        name: "bench-python",
        repeat: "cargo xtask bench python --quick call attribute callback echo",
        run: |_| python::bench(&["--quick", "call", "attribute", "callback", "echo"].map(String::from)),
    },
    Step { name: "vectors", repeat: "cargo xtask vectors --check", run: |_| packages::vectors(&["--check".into()]) },
    Step { name: "fuzz", repeat: "cargo xtask fuzz --seconds 5", run: |_| fuzz::run_targets(5, None) },
    Step { name: "demo", repeat: "cargo xtask demo", run: |_| packages::demo(&[]) },
    Step { name: "demo-bank", repeat: "cargo xtask demo bank", run: |_| packages::demo(&["bank".into()]) },
    Step { name: "demo-chat", repeat: "cargo xtask demo chat", run: |_| packages::demo(&["chat".into()]) },
    Step { name: "demo-parallel", repeat: "cargo xtask demo parallel", run: |_| packages::demo(&["parallel".into()]) },
    Step { name: "demo-hardware", repeat: "cargo xtask demo hardware", run: |_| packages::demo(&["hardware".into()]) },
    Step {
        name: "demo-debugger",
        repeat: "cargo xtask demo debugger -- story",
        run: |_| packages::demo(&["debugger".into(), "story".into()]),
    },
    Step {
        name: "demo-traceback",
        repeat: "cargo xtask demo traceback -- --script",
        run: |_| packages::demo(&["traceback".into(), "--script".into()]),
    },
];

impl Step {
    /// Runs the very words of `repeat`, so that the two cannot differ.
    fn as_shown(&self) -> Outcome {
        let words: Vec<&str> = self.repeat.split_whitespace().skip(1).collect();
        run(&mut for_python(cargo(&words))?)
    }
}

/// Builds the documentation that users read, with warnings as errors.
fn doc(step: &Step) -> Outcome {
    let words = step.repeat.split_whitespace();
    let words: Vec<&str> = words.skip_while(|word| *word != "doc").collect();
    run(for_python(cargo(&words))?.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Has the Python package looked at for one and the same interpreter in all steps: with another it is compiled anew.
fn for_python(mut cargo: Command) -> Result<Command, Failure> {
    if env::var_os("PYO3_PYTHON").is_none() {
        cargo.env("PYO3_PYTHON", python::interpreter()?.path);
    }
    Ok(cargo)
}

/// Runs every step and says what passed; stops at the first that fails.
pub(crate) fn test(args: &[String]) -> Outcome {
    if let Some(extra) = args.first() {
        return Err(Failure::usage(format!("`cargo xtask test` takes no arguments, and got `{extra}`")));
    }
    // Without one the gate would stop half way.
    python::interpreter()?;
    let start = Instant::now();
    for step in STEPS {
        say(format!("== {}: {}", step.name, step.repeat));
        let begun = Instant::now();
        let _watchdog = Watchdog::begin(STEP_TIME_MAX);
        (step.run)(step).map_err(|failure| failed(step, failure))?;
        let seconds = begun.elapsed().as_secs_f64();
        say(format!("   {}: ok in {seconds:.1} s", step.name));
    }
    let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
    say(format!("PASSED: {} in {:.1} s", names.join(", "), start.elapsed().as_secs_f64()));
    Ok(())
}

/// Puts the step's name and the way to repeat it under what went wrong.
fn failed(step: &Step, failure: Failure) -> Failure {
    let mut message = failure.message.unwrap_or_default();
    if !message.is_empty() {
        message.push('\n');
    }
    message.push_str(&format!("FAILED: {}. Repeat it with: {}", step.name, step.repeat));
    Failure { code: failure.code, message: Some(message) }
}
