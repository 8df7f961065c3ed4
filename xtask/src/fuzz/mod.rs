//! `cargo xtask fuzz`: builds the fuzz targets and runs each for a while.
//!
//! Why not `cargo-fuzz`: it would have to be installed, and it wants a nightly
//! toolchain for AddressSanitizer, which code that forbids `unsafe` has no use
//! for. libFuzzer itself needs only coverage counters, and stable rustc can be
//! told to put them in; the flags are in `build`.

mod build;
mod run;

use crate::process::{Failure, Outcome, say};
use std::time::Duration;

/// Seconds for each target when none are given.
const DEFAULT_SECONDS: u64 = 60;

/// How one target fared.
struct Report {
    /// The name of its `[[bin]]`.
    target: String,
    /// Inputs run; `None` if libFuzzer did not live to tell.
    runs: Option<u64>,
    /// By the clock, starting included.
    elapsed: Duration,
    /// What it found; libFuzzer stops at the first.
    finding: Option<Finding>,
}

/// A run that ended badly.
struct Finding {
    /// What libFuzzer said of it, in one line.
    summary: String,
    /// The input, from the top of the repository; `None` if it was not saved.
    artifact: Option<String>,
}

/// The command: reads the arguments and runs the targets.
pub(crate) fn fuzz(args: &[String]) -> Outcome {
    let (seconds, target) = parse(args)?;
    run_targets(seconds, target.as_deref())
}

/// Builds and runs every target, or the one named, for `seconds` each.
///
/// Fails if any target found something, or if there is no target: a gate that
/// fuzzes nothing must not look like one that passed.
pub(crate) fn run_targets(seconds: u64, only: Option<&str>) -> Outcome {
    let mut targets = build::targets()?;
    if let Some(name) = only {
        if !targets.iter().any(|target| target == name) {
            let known = targets.join(", ");
            return Err(Failure::usage(format!("no fuzz target `{name}`; there are: {known}")));
        }
        targets.retain(|target| target == name);
    }
    if targets.is_empty() {
        return Err(Failure::new("fuzz/Cargo.toml lists no [[bin]] targets"));
    }
    say("building the fuzz targets");
    let programs = build::build()?;
    let mut reports = Vec::new();
    for target in &targets {
        say(format!("fuzzing {target} for {seconds} s"));
        reports.push(run::run(&programs, target, seconds)?);
    }
    summarise(&reports)
}

/// Prints the table and, for each finding, how to replay it.
fn summarise(reports: &[Report]) -> Outcome {
    say(format!("{:<24} {:>9} {:>12}  result", "target", "seconds", "runs"));
    for report in reports {
        let runs = report.runs.map_or("?".into(), |runs| runs.to_string());
        let result = match &report.finding {
            None => "ok",
            Some(finding) => &finding.summary,
        };
        let seconds = report.elapsed.as_secs_f64();
        say(format!("{:<24} {seconds:>9.1} {runs:>12}  {result}", report.target));
    }
    let mut found = 0;
    for report in reports {
        let Some(finding) = &report.finding else {
            continue;
        };
        found += 1;
        match &finding.artifact {
            Some(input) => say(format!("replay it with: {}", replay_command(&report.target, input))),
            None => say(format!("{} saved no input", report.target)),
        }
    }
    match found {
        0 => Ok(()),
        _ => Err(Failure::new(format!("fuzzing: {found} of {} targets found something", reports.len()))),
    }
}

/// The command that runs one saved input through an ordinary build.
fn replay_command(target: &str, input: &str) -> String {
    format!("cargo run --package wherever-fuzz --bin {target} -- {input}")
}

/// Reads `--seconds N` and `--target NAME`, in any order.
fn parse(args: &[String]) -> Result<(u64, Option<String>), Failure> {
    let mut seconds = DEFAULT_SECONDS;
    let mut target = None;
    let mut words = args.iter();
    while let Some(flag) = words.next() {
        let value = words.next().ok_or_else(|| Failure::usage(format!("`{flag}` wants a value")))?;
        match flag.as_str() {
            "--seconds" => {
                // Zero would mean "for ever" to libFuzzer.
                seconds = value
                    .parse()
                    .ok()
                    .filter(|n| *n > 0)
                    .ok_or_else(|| Failure::usage(format!("`{value}` is not a number of seconds")))?;
            }
            "--target" => target = Some(value.clone()),
            _ => return Err(Failure::usage(format!("no option `{flag}` for fuzz"))),
        }
    }
    Ok((seconds, target))
}

#[cfg(test)]
mod tests {
    use super::parse;

    /// Parses a line split by spaces.
    fn parsed(line: &str) -> Option<(u64, Option<String>)> {
        let args: Vec<String> = line.split_whitespace().map(String::from).collect();
        parse(&args).ok()
    }

    #[test]
    fn options_come_in_any_order_and_nothing_else_is_taken() {
        assert_eq!(parsed(""), Some((60, None)));
        assert_eq!(parsed("--seconds 5"), Some((5, None)));
        let both = Some((7, Some("frame".to_owned())));
        assert_eq!(parsed("--target frame --seconds 7"), both);
        for line in ["--seconds", "--seconds 0", "--seconds x", "--fast 1", "5"] {
            assert_eq!(parsed(line), None, "{line}");
        }
    }
}
