//! The tables, as they stand in the README, and the same as JSON.

use std::fmt::Write;

use crate::arguments::Effort;
use crate::figures::Figures;
use crate::place::Placement;
use crate::rows::{Kind, Row};

/// What one row came to at one placement.
pub(crate) struct Result {
    pub(crate) row: &'static Row,
    pub(crate) placement: Placement,
    pub(crate) figures: Figures,
}

/// One line: everything that is known of a row at a placement.
pub(crate) fn json(row: &Row, placement: Placement, figures: &Figures) -> String {
    let figures: String = figures.iter().map(|(name, figure)| format!(", \"{name}\": {figure}")).collect();
    format!("{{\"row\": \"{}\", \"placement\": \"{}\"{figures}}}", row.name, placement.name())
}

/// The tables, and what must be known to read them.
pub(crate) fn tables(results: &[Result], effort: Effort) -> String {
    let mut text = String::new();
    if effort.quick {
        text += "A quick run: every row runs; the figures mean nothing.\n\n";
    }
    times(&mut text, results, effort);
    memory(&mut text, results);
    switches(&mut text, results);
    waiting(&mut text, results);
    text
}

fn of(results: &[Result], kind: Kind) -> Vec<&Result> {
    results.iter().filter(|result| result.row.kind == kind && !result.figures.is_empty()).collect()
}

fn times(text: &mut String, results: &[Result], effort: Effort) {
    let results = of(results, Kind::Time);
    if results.is_empty() {
        return;
    }
    *text += "| we | the bare carrier | one CPU: bare, we | ratio | unpinned: bare, we | ratio |\n";
    *text += "|---|---|---|---|---|---|\n";
    for first in results.iter().filter(|result| result.placement == Placement::ALL[0]) {
        let _ = write!(text, "| {} | {} |", first.row.what, first.row.beside);
        for placement in Placement::ALL {
            let here = results.iter().find(|other| other.row.name == first.row.name && other.placement == placement);
            let get = |name| here.and_then(|result| result.figures.get(name)).unwrap_or(f64::NAN);
            let (bare, ours) = (micros(get("bare_us")), micros(get("ours_us")));
            let _ = write!(text, " {bare}, {ours} | {:.2} |", get("ratio"));
        }
        *text += "\n";
    }
    let rounds = effort.rounds;
    let _ = write!(
        text,
        "\nTwo processes and a Unix socket. Times are microseconds, medians of {rounds} rounds; the ratio is the median\n\
         of the rounds' own ratios, both sides measured by turns in each. The bare carrier sends frames of the same\n\
         sizes, behind their length, by plain blocking reads and writes. `cargo xtask bench`\n"
    );
}

fn memory(text: &mut String, results: &[Result]) {
    let results = of(results, Kind::Memory);
    if results.is_empty() {
        return;
    }
    *text += "\n| bytes of memory for | here | over there |\n|---|---|---|\n";
    for Result { row, figures, .. } in results {
        let get = |name| figures.get(name).map_or("-".to_owned(), |bytes| format!("{bytes:.0}"));
        let _ = writeln!(text, "| {} | {} | {} |", row.what, get("client_bytes"), get("server_bytes"));
    }
}

/// For information, and no part of the README.
fn switches(text: &mut String, results: &[Result]) {
    for Result { row, placement, figures } in results {
        let get = |name| figures.get(name).map(|figure| format!("{figure:.2}"));
        let ours = get("ours_switches_client").zip(get("ours_switches_server"));
        let bare = get("bare_switches_client").zip(get("bare_switches_server"));
        if let Some(((our_client, our_server), (bare_client, bare_server))) = ours.zip(bare) {
            let (name, place) = (row.name, placement.name());
            let _ = write!(
                text,
                "\nContext switches a call ({name}, {place}): here {our_client}, over there {our_server}; bare: here \
                 {bare_client}, over there {bare_server}."
            );
        }
    }
    *text += "\n";
}

fn waiting(text: &mut String, results: &[Result]) {
    let mut waiting: Vec<&str> =
        results.iter().filter(|result| result.figures.is_empty()).map(|result| result.row.name).collect();
    waiting.dedup();
    if !waiting.is_empty() {
        let _ = writeln!(text, "\nNot possible yet: {}.", waiting.join(", "));
    }
}

/// As many digits as mean something.
fn micros(time: f64) -> String {
    match time {
        time if time < 100.0 => format!("{time:.1}"),
        time => format!("{time:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results() -> Vec<Result> {
        let mut figures = Figures::default();
        for (name, figure) in [("bare_us", 8.0), ("ours_us", 10.0), ("ratio", 1.25)] {
            figures.set(name, figure);
        }
        let row = crate::rows::find("null").next().unwrap();
        Placement::ALL.map(|placement| Result { row, placement, figures: figures.clone() }).into()
    }

    #[test]
    fn a_row_of_the_table_has_both_placements() {
        let text = tables(&results(), Effort { rounds: 5, quick: false });
        assert!(text.contains("| null call | one round trip | 8.0, 10.0 | 1.25 | 8.0, 10.0 | 1.25 |"), "{text}");
        let lines: Vec<_> = text.lines().filter(|line| line.starts_with('|')).collect();
        assert!(lines.iter().all(|line| line.matches('|').count() == 7), "{text}");
    }

    #[test]
    fn json_is_one_object_a_line() {
        let result = &results()[0];
        let line = json(result.row, result.placement, &result.figures);
        assert_eq!(line, r#"{"row": "null", "placement": "one-cpu", "bare_us": 8, "ours_us": 10, "ratio": 1.25}"#);
    }

    #[test]
    fn a_row_that_is_not_possible_yet_is_told_by_name() {
        let row = crate::rows::find("in-flight").next().unwrap();
        let results = [Result { row, placement: Placement::OneCpu, figures: Figures::default() }];
        let text = tables(&results, Effort { rounds: 1, quick: true });
        assert!(text.contains("Not possible yet: in-flight."), "{text}");
    }
}
