//! The commands.

use wherever::Error;
use wherever_debug::{Command, Debugger as _, Scope, Variable};

use crate::front::{Front, Then, View, say, show};

const HELP: &str = "\
break LINE|FUNCTION [if CONDITION]   tbreak ...: once   ignore N LINE|FUNCTION: not the first N times
clear ID, breakpoints                take one out, list them
continue, step, next, return         until stopped; to the next line, into calls, over them; until the function returns
until LINE, jump LINE                until a line; make it the next one
go, pause                            go on and take commands meanwhile; stop
where, up, down, frame N             frames
list [LINE], locals, p TEXT          the source; variables; the value of an expression, or a statement
show NAME[.PART...] [START [COUNT]]  what is in a variable
set NAME[.PART...] = EXPRESSION      change it
failures, post [N], stack            errors that were kept; look into one; look where it runs
about, threads                       whom one debugs
detach, quit                         leave it running; end it";

/// Parts of a variable that are shown if one does not say how many.
const PAGE: usize = 10;

/// The thread of a process that has one.
const MAIN_THREAD: i64 = 1;

fn misuse(text: impl Into<String>) -> Error {
    Error::Misuse(text.into().into())
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, Error> {
    text.trim().parse().map_err(|_| misuse(format!("{text:?} is no number")))
}

impl Front {
    pub(super) fn obey(&mut self, line: &str) -> Result<Then, Error> {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        match word {
            "" | "#" => {}
            "help" | "h" | "?" => say(HELP),
            "break" | "b" => self.set_breakpoint(rest, 0, false)?,
            "tbreak" => self.set_breakpoint(rest, 0, true)?,
            "ignore" => {
                let (count, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                self.set_breakpoint(rest, number(count)?, false)?;
            }
            "clear" => self.debugger.clear_breakpoint(number(rest)?)?,
            "breakpoints" => self.debugger.breakpoints()?.iter().for_each(show::breakpoint),
            "continue" | "c" | "step" | "s" | "next" | "n" | "return" | "r" | "until" | "jump" | "quit" | "q"
            | "go" => {
                return self.resume(word, rest);
            }
            "pause" => {
                self.debugger.pause(MAIN_THREAD)?;
                return Ok(Then::Wait);
            }
            "wait" => return Ok(Then::Wait),
            "detach" => {
                self.debugger.detach()?;
                return Ok(Then::Leave);
            }
            "about" | "threads" | "failures" | "post" | "stack" => self.ask(word, rest)?,
            _ => self.look(word, rest)?,
        }
        Ok(Then::Prompt)
    }

    fn set_breakpoint(&mut self, text: &str, ignore: u32, temporary: bool) -> Result<(), Error> {
        let (place, condition) = text.split_once(" if ").unwrap_or((text, ""));
        let placed = match place.trim().parse::<u32>() {
            Ok(line) => self.debugger.set_breakpoint(&self.program, line, "", condition.trim(), ignore, temporary)?,
            Err(_) => self.debugger.set_breakpoint("", 0, place.trim(), condition.trim(), ignore, temporary)?,
        };
        say(&format!("breakpoint {} at {}:{}", placed.id, show::short(&placed.file), placed.line));
        Ok(())
    }

    /// Lets the stopped thread go on.
    fn resume(&mut self, word: &str, rest: &str) -> Result<Then, Error> {
        let command = match word {
            "step" | "s" => Command::Step,
            "next" | "n" => Command::Next,
            "return" | "r" => Command::Return,
            "until" => Command::Until(number(rest)?),
            "jump" => Command::Jump(number(rest)?),
            "quit" | "q" => Command::Quit,
            _ => Command::Continue,
        };
        let answer = self.answer.take().ok_or_else(|| misuse("the script is not stopped: `pause` stops it"))?;
        self.view = None;
        answer.send(command).map_err(|error| Error::from_std(&error))?;
        Ok(if word == "go" { Then::Prompt } else { Then::Wait })
    }

    /// What is asked of the debugger.
    fn ask(&mut self, word: &str, rest: &str) -> Result<(), Error> {
        match word {
            "about" => {
                let about = self.debugger.about()?;
                say(&format!("{} {} runs {}, process {}", about.runtime, about.version, about.program, about.process));
            }
            "threads" => {
                for thread in &self.debugger.threads()? {
                    let stopped = if thread.is_stopped { "stopped" } else { "running" };
                    let place = thread.place.as_ref().map(|place| format!(" at {}", show::place(place)));
                    say(&format!("{} {}: {stopped}{}", thread.id, thread.name, place.unwrap_or_default()));
                }
            }
            "stack" => {
                let stack = self.debugger.stack(MAIN_THREAD)?;
                self.look_at(stack)?;
            }
            _ => {
                let failures = self.debugger.failures()?;
                if word == "failures" {
                    failures.iter().enumerate().for_each(|(index, failure)| say(&format!("{index} {}", failure.title)));
                    return Ok(());
                }
                let index: usize = if rest.is_empty() { 0 } else { number(rest)? };
                let failure = failures.get(index).ok_or_else(|| misuse("there is no such failure"))?;
                say(&format!("error: {}", failure.title));
                self.look_at(failure.stack.clone())?;
            }
        }
        Ok(())
    }

    fn look_at(&mut self, stack: std::sync::Arc<dyn wherever_debug::Stack>) -> Result<(), Error> {
        let places = stack.places()?.0;
        places.last().into_iter().for_each(show::here);
        self.view = Some(View::innermost(stack, places));
        Ok(())
    }

    fn view(&mut self) -> Result<&mut View, Error> {
        self.view.as_mut().ok_or_else(|| misuse("the script runs: there are no frames to look at; `pause` stops it"))
    }

    /// What is looked at in the frames.
    fn look(&mut self, word: &str, rest: &str) -> Result<(), Error> {
        let view = self.view()?;
        let last = view.places.len().saturating_sub(1);
        match word {
            "where" | "w" => show::frames(&view.places, view.frame),
            "up" | "u" | "down" | "d" | "frame" => {
                let to = match word {
                    "frame" => number(rest)?,
                    "up" | "u" => view.frame.checked_sub(1).ok_or_else(|| misuse("this is the outermost frame"))?,
                    _ => view.frame + 1,
                };
                if to > last {
                    return Err(misuse("the innermost frame is the last one"));
                }
                view.frame = to;
                show::here(&view.places[to]);
            }
            "list" | "l" => self.list(rest)?,
            "locals" => view.stack.variables(view.frame, Scope::Locals, 0, 100)?.iter().for_each(show::variable),
            "p" | "print" => match view.stack.evaluate(view.frame, rest)? {
                Some(value) => say(&value.text),
                None => say("done"),
            },
            "show" => self.show(rest)?,
            "set" => self.set(rest)?,
            other => return Err(misuse(format!("there is no command {other:?}; `help` lists them"))),
        }
        Ok(())
    }

    fn list(&mut self, rest: &str) -> Result<(), Error> {
        let view = self.view()?;
        let (place, stack) = (view.places[view.frame].clone(), view.stack.clone());
        let source = match self.sources.get(&place.file) {
            Some(source) => source,
            None => {
                let fetched = stack.source(&place.file)?.lines().map(str::to_owned).collect();
                self.sources.entry(place.file).or_insert(fetched)
            }
        };
        let line = if rest.is_empty() { place.line } else { number(rest)? };
        show::lines(source, line, line == place.line);
        Ok(())
    }

    /// A local variable, or what is in it at the end of a way such as `order.items.3`.
    fn find(&mut self, way: &str) -> Result<Variable, Error> {
        let view = self.view()?;
        let mut names = way.split('.');
        let all = view.stack.variables(view.frame, Scope::Locals, 0, usize::MAX)?;
        let first = names.next().unwrap_or_default();
        let mut found = all.into_iter().find(|variable| variable.name == first);
        for name in names {
            let value = found.map(|variable| variable.value).unwrap_or_default();
            // An item of an array is fetched alone.
            let (start, count) = name.parse().map_or((0, usize::MAX), |index| (index, 1));
            found = view.stack.parts(value, start, count)?.into_iter().find(|part| part.name == name);
        }
        found.ok_or_else(|| misuse(format!("there is no {way:?} in this frame")))
    }

    fn show(&mut self, rest: &str) -> Result<(), Error> {
        let mut words = rest.split_whitespace();
        let found = self.find(words.next().unwrap_or_default())?;
        let start = words.next().map_or(Ok(0), number)?;
        let count = words.next().map_or(Ok(PAGE), number)?;
        if found.parts == 0 {
            show::variable(&found);
            return Ok(());
        }
        let parts = self.view()?.stack.parts(found.value, start, count)?;
        parts.iter().for_each(show::variable);
        let after = usize::try_from(found.parts).unwrap_or(0).saturating_sub(start + parts.len());
        if after > 0 {
            say(&format!("... and {after} more"));
        }
        Ok(())
    }

    fn set(&mut self, rest: &str) -> Result<(), Error> {
        let (way, text) = rest.split_once('=').ok_or_else(|| misuse("that is `set NAME = EXPRESSION`"))?;
        let (way, text) = (way.trim(), text.trim());
        let set = match way.rsplit_once('.') {
            None => {
                let view = self.view()?;
                view.stack.assign_text(view.frame, way, text)?
            }
            Some((whole, part)) => {
                let whole = self.find(whole)?;
                let view = self.view()?;
                view.stack.assign_part(whole.value, view.frame, part, text)?
            }
        };
        say(&format!("{way} = {}", set.text));
        Ok(())
    }
}
