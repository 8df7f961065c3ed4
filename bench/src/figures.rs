//! What a row comes to, and how it is handed from the process that measured it to the one that reports.

use std::collections::BTreeMap;
use std::fmt;
use std::io;

/// Why a row could not be run.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A call failed.
    Call(wherever::Error),
    /// The system refused.
    System(io::Error),
    /// Something did not come to what it must.
    Wrong(String),
}

impl From<wherever::Error> for Failure {
    fn from(error: wherever::Error) -> Self {
        Failure::Call(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::System(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Call(error) => write!(f, "a call failed: {error}"),
            Failure::System(error) => write!(f, "the system refused: {error}"),
            Failure::Wrong(text) => f.write_str(text),
        }
    }
}

/// Figures of one row at one placement, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Figures(BTreeMap<String, f64>);

impl Figures {
    pub(crate) fn set(&mut self, name: &str, figure: f64) {
        self.0.insert(name.to_owned(), figure);
    }

    pub(crate) fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, figure)| (name.as_str(), *figure))
    }

    /// Whether there are any: a row that is not possible yet has none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A line for each figure.
    pub(crate) fn to_lines(&self) -> String {
        self.iter().map(|(name, figure)| format!("{name} {figure}\n")).collect()
    }

    pub(crate) fn from_lines(lines: &str) -> Option<Self> {
        let figure = |line: &str| {
            let (name, figure) = line.split_once(' ')?;
            Some((name.to_owned(), figure.parse().ok()?))
        };
        lines.lines().map(figure).collect::<Option<_>>().map(Self)
    }
}

/// The middle one; of an even number, the higher of the two in the middle.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_pass_from_process_to_process_as_lines() {
        let mut figures = Figures::default();
        figures.set("ratio", 1.25);
        figures.set("bare_us", 8.0);
        assert_eq!(Figures::from_lines(&figures.to_lines()), Some(figures));
        assert_eq!(Figures::from_lines(""), Some(Figures::default()));
        assert_eq!(Figures::from_lines("ratio"), None);
    }

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(median(vec![3.0, 1.0, 100.0]), 3.0);
        assert_eq!(median(vec![2.0, 1.0]), 2.0);
        assert!(median(vec![]).is_nan());
    }
}
