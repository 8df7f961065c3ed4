//! The three roles of the program: who conducts, who measures, who serves.

use std::io::Read;
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use crate::arguments::{Effort, HELP, Role, Wish, parse};
use crate::figures::{Failure, Figures};
use crate::place::Placement;
use crate::report;
use crate::rows::Row;
use crate::system::end_with_parent;

pub(crate) fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match parse(&words) {
        Ok(Role::Conduct(wish)) => conduct(&wish),
        Ok(Role::Measure(row, placement, effort)) => end_with_parent().and_then(|()| measure(row, placement, effort)),
        Ok(Role::Serve(what)) => end_with_parent().and_then(|()| crate::server::serve(&what)),
        Ok(Role::Help) => {
            println!("{HELP}");
            Ok(())
        }
        Err(text) => {
            eprintln!("{text}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn conduct(wish: &Wish) -> Result<(), Failure> {
    let mut results = Vec::new();
    for row in &wish.rows {
        for placement in row.placements() {
            let figures = in_process(row, *placement, wish.effort)?;
            if wish.json && !figures.is_empty() {
                println!("{}", report::json(row, *placement, &figures));
            }
            results.push(report::Result { row, placement: *placement, figures });
        }
    }
    if !wish.json {
        print!("{}", report::tables(&results, wish.effort));
    }
    Ok(())
}

/// How long one row at one placement may take: only one that hangs takes it.
const PATIENCE: Duration = Duration::from_secs(300);

/// As [`PATIENCE`], where rounds are few and short.
const PATIENCE_QUICK: Duration = Duration::from_secs(60);

/// Has a process of its own measure the row.
fn in_process(row: &Row, placement: Placement, effort: Effort) -> Result<Figures, Failure> {
    let rounds = effort.rounds.to_string();
    let quick = if effort.quick { "quick" } else { "full" };
    let mut child = Command::new(std::env::current_exe()?)
        .args(["measure", row.name, placement.name(), &rounds, quick])
        .stdout(Stdio::piped())
        .spawn()?;
    let (sender, told) = channel();
    if let Some(mut output) = child.stdout.take() {
        thread::spawn(move || {
            let mut lines = String::new();
            let read = output.read_to_string(&mut lines);
            sender.send(read.map(|_| lines))
        });
    }
    let place = format!("{}, {}", row.name, placement.name());
    let Ok(lines) = told.recv_timeout(if effort.quick { PATIENCE_QUICK } else { PATIENCE }) else {
        child.kill()?;
        child.wait()?;
        return Err(Failure::Wrong(format!("{place}: hangs")));
    };
    let (lines, status) = (lines?, child.wait()?);
    if !status.success() {
        return Err(Failure::Wrong(format!("{place}: {status}")));
    }
    Figures::from_lines(&lines).ok_or_else(|| Failure::Wrong(format!("{place}: no figures in {lines:?}")))
}

fn measure(row: &Row, placement: Placement, effort: Effort) -> Result<(), Failure> {
    placement.take()?;
    print!("{}", (row.run)(effort)?.to_lines());
    Ok(())
}
