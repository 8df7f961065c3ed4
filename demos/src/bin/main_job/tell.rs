//! How the story is told: which process speaks, how deep in calls it is, and no line too long.

use std::io::{self, IsTerminal, Write};

use wherever_transports::Way;

use crate::Failure;

/// Widest line, in characters.
const WIDTH: usize = 100;

/// Which process speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The one that the user started.
    Here,
    /// The one that this one started.
    There,
}

/// Tells the story, in colours or without. Both processes print to one place, by whole lines.
#[derive(Clone, Copy)]
pub(crate) struct Teller {
    side: Side,
    colour: bool,
}

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const CYAN: &str = "36";

impl Teller {
    /// The teller of the process that the user started: in colours for a terminal, unless the user wants none.
    pub(crate) fn here() -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { side: Side::Here, colour: io::stdout().is_terminal() && !unwanted }
    }

    /// The teller of the other process, whose standard output carries frames: it prints to its standard error.
    pub(crate) fn there(colour: bool) -> Self {
        Self { side: Side::There, colour }
    }

    pub(crate) fn is_coloured(self) -> bool {
        self.colour
    }

    /// Starts a chapter.
    pub(crate) fn title(self, title: &str) {
        let lines: Vec<String> = wrapped(title, WIDTH).iter().map(|line| self.paint(BOLD, line)).collect();
        self.print(&format!("\n{}\n", lines.join("\n")));
    }

    /// A sentence of this process, in calls nested so deep; wrapped where it is too long.
    pub(crate) fn say(self, depth: usize, text: &str) {
        self.line(depth, text, None);
    }

    /// A sentence that was checked: it is told if it holds, and ends the story if not.
    pub(crate) fn check(self, depth: usize, holds: bool, claim: &str) -> Result<(), Failure> {
        if !holds {
            self.line(depth, &format!("✗ {claim}"), Some(RED));
            return Err(Failure::NotAsTold(claim.to_owned()));
        }
        self.line(depth, &format!("✓ {claim}"), Some(GREEN));
        Ok(())
    }

    /// A line that belongs to neither process.
    pub(crate) fn plain(self, text: &str) {
        self.print(&format!("{text}\n"));
    }

    /// A line of a table, marked by whether all is well.
    pub(crate) fn row(self, text: &str, mark: &str, is_well: bool) {
        self.print(&format!("{text}{}\n", self.paint(if is_well { GREEN } else { RED }, mark)));
    }

    /// A unit that crossed, decoded.
    pub(crate) fn traced(self, way: Way, lines: &[String]) {
        let arrow = match way {
            Way::Sent => "-> ",
            Way::Received => "<- ",
        };
        let mut out = String::new();
        for (place, text) in lines.iter().enumerate() {
            let head = if place == 0 { arrow } else { "   " };
            for line in wrapped(text, WIDTH - 10) {
                out.push_str(&self.paint(DIM, &format!("       {head}{line}")));
                out.push('\n');
            }
        }
        self.print(&out);
    }

    fn line(self, depth: usize, text: &str, colour: Option<&str>) {
        let (label, label_colour) = match self.side {
            Side::Here => (" here | ", CYAN),
            Side::There => ("there | ", YELLOW),
        };
        let indent = "    ".repeat(depth);
        let mut out = String::new();
        for line in wrapped(text, WIDTH - 8 - indent.len()) {
            let line = colour.map_or_else(|| line.clone(), |colour| self.paint(colour, &line));
            out.push_str(&format!("{}{indent}{line}\n", self.paint(label_colour, label)));
        }
        self.print(&out);
    }

    fn paint(self, colour: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// In one write, so that the processes do not print into each other's lines. A reader that has gone away
    /// (`| head`) is no reason to fail.
    fn print(self, text: &str) {
        let _ = match self.side {
            Side::Here => io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()),
            Side::There => io::stderr().write_all(text.as_bytes()),
        };
    }
}

/// A list as it would be written, the middle of a long one left out.
pub(crate) fn shown(items: &[i64]) -> String {
    match items {
        [a, b, c, .., z] if items.len() > 12 => format!("[{a}, {b}, {c}, ... {z}]"),
        items => format!("{items:?}"),
    }
}

/// A text in lines of so many characters, broken at spaces; further lines are indented as the first, and a bit more.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let indent = text.chars().take_while(|c| *c == ' ').count();
    let hanging = " ".repeat(indent + 2);
    let mut lines = Vec::new();
    let mut line = " ".repeat(indent);
    let mut is_fresh = true;
    for word in text.trim_start().split(' ') {
        let mut word = word;
        if !is_fresh && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::replace(&mut line, hanging.clone()));
            is_fresh = true;
        }
        if !is_fresh {
            line.push(' ');
        }
        // A word that fits no line is cut.
        while line.chars().count() + word.chars().count() > width {
            let room = width.saturating_sub(line.chars().count()).max(1);
            let cut = word.char_indices().nth(room).map_or(word.len(), |(at, _)| at);
            line.push_str(&word[..cut]);
            word = &word[cut..];
            lines.push(std::mem::replace(&mut line, hanging.clone()));
        }
        line.push_str(word);
        is_fresh = false;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn lines_are_broken_at_spaces_and_keep_their_indent() {
        assert_eq!(wrapped("short", 10), ["short"]);
        assert_eq!(wrapped("  one two three", 9), ["  one two", "    three"]);
        assert_eq!(wrapped("abcdefghijkl", 5), ["abcde", "  fgh", "  ijk", "  l"]);
        assert_eq!(wrapped("", 5), [""]);
        let long = "word ".repeat(100);
        assert!(wrapped(&long, 30).iter().all(|line| line.chars().count() <= 30));
    }
}
