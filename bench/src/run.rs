//! The three roles of the program: who conducts, who measures, who serves.

use std::process::{Command, ExitCode};

use crate::arguments::{Effort, HELP, Role, Wish, parse};
use crate::figures::{Failure, Figures};
use crate::place::Placement;
use crate::report;
use crate::rows::Row;

pub(crate) fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match parse(&words) {
        Ok(Role::Conduct(wish)) => conduct(&wish),
        Ok(Role::Measure(row, placement, effort)) => measure(row, placement, effort),
        Ok(Role::Serve(what)) => crate::server::serve(&what),
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

/// Has a process of its own measure the row.
fn in_process(row: &Row, placement: Placement, effort: Effort) -> Result<Figures, Failure> {
    let rounds = effort.rounds.to_string();
    let quick = if effort.quick { "quick" } else { "full" };
    let output = Command::new(std::env::current_exe()?)
        .args(["measure", row.name, placement.name(), &rounds, quick])
        .stderr(std::process::Stdio::inherit())
        .output()?;
    let place = format!("{}, {}", row.name, placement.name());
    if !output.status.success() {
        return Err(Failure::Wrong(format!("{place}: {}", output.status)));
    }
    let lines = String::from_utf8_lossy(&output.stdout);
    Figures::from_lines(&lines).ok_or_else(|| Failure::Wrong(format!("{place}: no figures in {lines:?}")))
}

fn measure(row: &Row, placement: Placement, effort: Effort) -> Result<(), Failure> {
    placement.take()?;
    print!("{}", (row.run)(effort)?.to_lines());
    Ok(())
}
