//! The command line of the bench.

use crate::place::Placement;
use crate::rows::Row;

/// What the program can be asked for, as it is printed.
pub(crate) const HELP: &str = "\
usage: cargo xtask bench [--quick] [--rounds N] [--json] [ROW ...]

  --quick       few and short rounds: shows that every row runs, and measures nothing
  --rounds N    rounds of each row and placement (default: 41)
  --json        one JSON object for each row and placement instead of tables
  ROW           only rows whose name contains this";

/// Rounds where nobody says otherwise: odd, so that the median is one of them.
const ROUNDS: usize = 41;

/// Rounds of a run that is only to show that it runs.
const ROUNDS_QUICK: usize = 3;

/// What this process is for.
pub(crate) enum Role {
    /// Runs the rows, each in a process of its own, and reports.
    Conduct(Wish),
    /// Measures one row at one placement.
    Measure(&'static Row, Placement, Effort),
    /// Serves what this names, on standard input.
    Serve(String),
    /// Says what can be asked for.
    Help,
}

/// What is to be run, and how it is told.
pub(crate) struct Wish {
    pub(crate) rows: Vec<&'static Row>,
    pub(crate) effort: Effort,
    pub(crate) json: bool,
}

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    /// The rounds are so short that their times say nothing.
    pub(crate) quick: bool,
}

/// Reads the words of the command line.
pub(crate) fn parse(words: &[String]) -> Result<Role, String> {
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", what] => Ok(Role::Serve(what.to_owned())),
        ["measure", row, placement, rounds, quick] => {
            let row = crate::rows::find(row).next().ok_or_else(|| format!("no row `{row}`"))?;
            let placement = Placement::named(placement).ok_or_else(|| format!("no placement `{placement}`"))?;
            Ok(Role::Measure(row, placement, Effort { rounds: number(rounds)?, quick: quick == "quick" }))
        }
        ["--help" | "-h"] => Ok(Role::Help),
        _ => wish(words).map(Role::Conduct),
    }
}

fn wish(words: &[String]) -> Result<Wish, String> {
    let (mut rounds, mut quick, mut json, mut names) = (None, false, false, Vec::new());
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "--quick" => quick = true,
            "--json" => json = true,
            "--rounds" => rounds = Some(number(words.next().unwrap_or_default())?),
            option if option.starts_with('-') => return Err(format!("no option `{option}`")),
            name => names.push(name),
        }
    }
    let rounds = rounds.unwrap_or(if quick { ROUNDS_QUICK } else { ROUNDS });
    if let Some(name) = names.iter().find(|name| crate::rows::find(name).next().is_none()) {
        let all: Vec<&str> = crate::rows::ROWS.iter().map(|row| row.name).collect();
        return Err(format!("no row `{name}`; there are: {}", all.join(", ")));
    }
    let wanted = |row: &&Row| names.is_empty() || names.iter().any(|name| row.name.contains(name));
    Ok(Wish { rows: crate::rows::ROWS.iter().filter(wanted).collect(), effort: Effort { rounds, quick }, json })
}

fn number(word: &str) -> Result<usize, String> {
    match word.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("rounds are a number from 1, not `{word}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Result<Role, String> {
        parse(&line.split_whitespace().map(String::from).collect::<Vec<_>>())
    }

    #[test]
    fn rows_are_chosen_by_name_and_all_run_where_none_is_named() {
        let Ok(Role::Conduct(all)) = of("") else { panic!("all rows") };
        assert_eq!(all.rows.len(), crate::rows::ROWS.len());
        let Ok(Role::Conduct(one)) = of("null --rounds 5 --json") else { panic!("one row") };
        assert_eq!(one.rows.iter().map(|row| row.name).collect::<Vec<_>>(), ["null"]);
        assert!(one.json && one.effort.rounds == 5 && !one.effort.quick);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in ["--rounds", "--rounds 0", "--fast", "no-such-row", "measure null nowhere 1 quick"] {
            assert!(of(line).is_err(), "{line}");
        }
    }
}
