//! The keyboard and the screen of another process.

use std::collections::VecDeque;
use std::env;
use std::error::Error;
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

type Outcome = Result<(), Box<dyn Error>>;

/// A process that is told what to do, line by line, and whose answers (`=`) and news (`*`) are printed and checked.
pub(crate) struct Console {
    name: &'static str,
    process: Child,
    screen: Lines<BufReader<ChildStdout>>,
    /// Lines that nobody has waited for yet.
    unread: VecDeque<String>,
}

impl Console {
    /// Starts this program with these words, in a process of its own.
    pub(crate) fn start(name: &'static str, words: &[&str]) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(env::current_exe()?);
        let mut process = command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let screen = BufReader::new(process.stdout.take().ok_or("no screen")?).lines();
        println!("   process {} is {name}", process.id());
        Ok(Self { name, process, screen, unread: VecDeque::new() })
    }

    /// Types a line.
    pub(crate) fn type_in(&mut self, line: &str) -> Outcome {
        println!("   {} > {line}", self.name);
        Ok(writeln!(self.process.stdin.as_mut().ok_or("no keyboard")?, "{line}")?)
    }

    /// Waits for the answer to what was typed.
    pub(crate) fn answers(&mut self, wanted: &str) -> Outcome {
        let answer = self.next("= ")?;
        println!("   {}   {answer}", self.name);
        self.expect(&answer, wanted)
    }

    /// Waits for a piece of news.
    pub(crate) fn hears(&mut self, wanted: &str) -> Outcome {
        let news = self.next("* ")?;
        println!("   {}   hears: {news}", self.name);
        self.expect(&news, wanted)
    }

    /// Types a line and waits for its answer.
    pub(crate) fn does(&mut self, line: &str, wanted: &str) -> Outcome {
        self.type_in(line)?;
        self.answers(wanted)
    }

    fn expect(&self, told: &str, wanted: &str) -> Outcome {
        let is_so = told.starts_with(wanted);
        if is_so { Ok(()) } else { Err(format!("{} should have been told: {wanted}", self.name).into()) }
    }

    /// The next line with this mark. Answers and news come in one stream, and in any order.
    fn next(&mut self, mark: &str) -> Result<String, Box<dyn Error>> {
        loop {
            let found = self.unread.iter().position(|line| line.starts_with(mark));
            if let Some(line) = found.and_then(|at| self.unread.remove(at)) {
                return Ok(line[mark.len()..].to_owned());
            }
            let line = self.screen.next().ok_or_else(|| format!("{} has ended", self.name))??;
            self.unread.push_back(line);
        }
    }

    /// Kills the process.
    pub(crate) fn kill(mut self) -> Result<ExitStatus, Box<dyn Error>> {
        self.process.kill()?;
        Ok(self.process.wait()?)
    }

    /// Lets go of the keyboard, and waits until the process has ended by itself.
    pub(crate) fn end(mut self) -> Result<ExitStatus, Box<dyn Error>> {
        // Waiting closes standard input.
        Ok(self.process.wait()?)
    }
}

impl Drop for Console {
    /// No process is left behind, however the story ends.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
