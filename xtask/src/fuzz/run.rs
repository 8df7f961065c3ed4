//! Runs one fuzz target and reads what libFuzzer says.

use super::{Finding, Report};
use crate::process::{Failure, root, say};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Lines of the target's output that are shown with a finding.
const SHOWN: usize = 40;

/// What every panic's report has in its first line.
const PANIC: &str = " panicked at ";

/// Seconds after which one input counts as a hang.
const HANG: u64 = 10;

/// Runs `target` from the folder `programs` for `seconds`.
///
/// New inputs are kept in `fuzz/corpus`, findings in `fuzz/artifacts`; inputs
/// checked in under `fuzz/seeds` are read and never written.
pub(super) fn run(programs: &Path, target: &str, seconds: u64) -> Result<Report, Failure> {
    let corpus = format!("fuzz/corpus/{target}");
    let artifacts = format!("fuzz/artifacts/{target}/");
    let seeds = format!("fuzz/seeds/{target}");
    for dir in [&corpus, &artifacts] {
        fs::create_dir_all(root().join(dir)).map_err(|error| Failure::new(format!("cannot make {dir}: {error}")))?;
    }
    let mut command = Command::new(programs.join(target));
    command
        .current_dir(root())
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={artifacts}"))
        .arg(format!("-timeout={HANG}"))
        .arg("-print_final_stats=1")
        .arg(&corpus);
    if root().join(&seeds).is_dir() {
        command.arg(&seeds);
    }
    let begun = Instant::now();
    let output = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| Failure::new(format!("cannot start fuzz target {target}: {error}")))?;
    let log = String::from_utf8_lossy(&output.stderr);
    let finding = (!output.status.success()).then(|| {
        show_finding(&log);
        Finding {
            summary: summary(&log).unwrap_or_else(|| output.status.to_string()),
            artifact: after(&log, "Test unit written to ").map(shorter),
        }
    });
    Ok(Report {
        target: target.to_owned(),
        runs: after(&log, "stat::number_of_executed_units:").and_then(|runs| runs.parse().ok()),
        elapsed: begun.elapsed(),
        finding,
    })
}

/// What went wrong, in one line: place and message of the panic if it was one.
fn summary(log: &str) -> Option<String> {
    let mut lines = log.lines().skip_while(|line| !is_panic(line));
    if let (Some(place), message) = (lines.next(), lines.next()) {
        let place = place.split_once(PANIC).map_or(place, |(_, place)| place);
        return Some(format!("panic at {place} {}", message.unwrap_or_default()));
    }
    after(log, "SUMMARY: libFuzzer: ").map(|what| match what {
        // A panic would have spoken, so the process died of something else.
        "deadly signal" => "deadly signal and no panic: a stack overflow?".to_owned(),
        other => other.to_owned(),
    })
}

/// Whether this line of the log begins a panic's report.
fn is_panic(line: &str) -> bool {
    line.contains(PANIC)
}

/// The rest of the last line that contains `label`.
fn after<'log>(log: &'log str, label: &str) -> Option<&'log str> {
    log.lines().rev().find_map(|line| line.split_once(label)).map(|(_, rest)| rest.trim())
}

/// Drops the `./` that some versions put before the path.
fn shorter(path: &str) -> String {
    path.strip_prefix("./").unwrap_or(path).to_owned()
}

/// Prints the panic and its backtrace, or the end of the log if there is none.
fn show_finding(log: &str) {
    let lines: Vec<&str> = log.lines().collect();
    let end = lines.len().saturating_sub(SHOWN);
    let first = lines.iter().position(|line| is_panic(line)).unwrap_or(end);
    for line in lines[first..].iter().take(SHOWN) {
        say(format!("  | {line}"));
    }
}

#[cfg(test)]
mod tests {
    use super::{after, summary};

    /// The end of a real run, shortened.
    const LOG: &str = "#5 INITED\n\
        thread '<unnamed>' (7) panicked at fuzz_targets/frame.rs:9:5:\n\
        planted\n\
        SUMMARY: libFuzzer: deadly signal\n\
        artifact_prefix='a/'; Test unit written to a/crash-0123\n\
        stat::number_of_executed_units: 34678\n";

    #[test]
    fn the_log_gives_the_input_the_runs_and_the_place() {
        assert_eq!(after(LOG, "Test unit written to "), Some("a/crash-0123"));
        let runs = after(LOG, "stat::number_of_executed_units:");
        assert_eq!(runs, Some("34678"));
        let place = "panic at fuzz_targets/frame.rs:9:5: planted";
        assert_eq!(summary(LOG).as_deref(), Some(place));
        let overflow = summary("x\nSUMMARY: libFuzzer: deadly signal\n");
        assert!(overflow.is_some_and(|line| line.contains("stack overflow")));
        let hang = summary("SUMMARY: libFuzzer: timeout\n");
        assert_eq!(hang.as_deref(), Some("timeout"));
    }
}
