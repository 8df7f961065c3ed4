//! The terminal that debugs: it reads commands, and tells what they find. All that it knows of the script is what the
//! interfaces of `wherever-debug` tell.

mod commands;
mod show;

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use wherever::wire::describe::escape;
use wherever::{Error, Node, Peer};
use wherever_debug::{Command, DebugListener, Debugger as _, DebuggerProxy, NAME, Place, Stack, Stop};

use crate::{Failure, line};

/// Prints what was found. What the other side says gives the terminal no orders.
fn say(text: &str) {
    let line = |line: &str| line.split('\t').map(escape).collect::<Vec<_>>().join("\t");
    crate::say(&text.split('\n').map(line).collect::<Vec<_>>().join("\n"));
}

/// Whom to debug, and with what input.
#[derive(Default)]
pub(crate) struct Attach {
    url: String,
    script: Option<PathBuf>,
    counts: bool,
}

impl Attach {
    pub(crate) fn of(arguments: &[String]) -> Result<Self, Failure> {
        let mut attach = Self::default();
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--script" => attach.script = Some(words.next().ok_or("--script needs a file")?.into()),
                "--count" => attach.counts = true,
                option if option.starts_with('-') => return Err(format!("there is no option {option}").into()),
                url if attach.url.is_empty() => attach.url = url.to_owned(),
                other => return Err(format!("what is {other:?}? there is one URL").into()),
            }
        }
        if attach.url.is_empty() { Err("no URL is given".into()) } else { Ok(attach) }
    }

    pub(crate) fn at(url: String) -> Self {
        Self { url, ..Self::default() }
    }
}

/// What a front-end waits for.
enum Event {
    Line(String),
    Stopped(Box<Stop>, Sender<Command>),
    Gone(String),
}

/// Told of stops by the script's thread, which waits for what is typed here.
struct Listener(Mutex<Sender<Event>>);

impl DebugListener for Listener {
    fn stopped(&self, stop: Stop) -> Result<Command, Error> {
        let (sender, command) = channel();
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner).send(Event::Stopped(Box::new(stop), sender));
        told.map_err(|error| Error::from_std(&error))?;
        command.recv().map_err(|error| Error::from_std(&error))
    }
}

/// The frames that are looked at.
struct View {
    stack: Arc<dyn Stack>,
    places: Vec<Place>,
    frame: usize,
}

impl View {
    fn innermost(stack: Arc<dyn Stack>, places: Vec<Place>) -> Self {
        let frame = places.len().saturating_sub(1);
        Self { stack, places, frame }
    }
}

/// What is to be done after a command.
enum Then {
    /// The next one.
    Prompt,
    /// Nothing until the script stops or ends.
    Wait,
    Leave,
}

struct Front {
    peer: Peer,
    debugger: DebuggerProxy,
    events: Receiver<Event>,
    /// Commands to come, if they are not typed.
    lines: Option<VecDeque<String>>,
    view: Option<View>,
    /// How the stopped thread is told to go on.
    answer: Option<Sender<Command>>,
    /// The program's file.
    program: String,
    /// Files that were fetched.
    sources: HashMap<String, Vec<String>>,
    counts: bool,
    /// Messages that some command has been told to have taken.
    counted: u64,
}

/// Debugs until the commands or the script are at an end.
pub(crate) fn attach(whom: &Attach) -> Result<bool, Failure> {
    let node = Node::new();
    let peer = match whom.url.strip_prefix(line::SCHEME) {
        Some(device) => line::connect(&node, device.as_ref())?,
        None => wherever_transports::connect(&node, &whom.url)?,
    };
    let (sender, events) = channel();
    let lines = read(whom, &sender)?;
    let (watched, gone) = (peer.clone(), sender.clone());
    thread::spawn(move || {
        let _ = watched.serve();
        let reason = watched.ended().map(|reason| reason.text().to_string()).unwrap_or_default();
        gone.send(Event::Gone(reason))
    });
    let debugger: DebuggerProxy = peer.get_as(NAME)?;
    let about = debugger.about()?;
    debugger.attach(Arc::new(Listener(Mutex::new(sender))))?;
    say(&format!(
        "attached to {}, {} {}, process {}",
        show::short(&about.program),
        about.runtime,
        about.version,
        about.process
    ));
    let sources = HashMap::new();
    let program = about.program;
    let mut front = Front {
        peer,
        debugger,
        program,
        events,
        lines,
        view: None,
        answer: None,
        sources,
        counts: whom.counts,
        counted: 0,
    };
    front.work();
    front.peer.close("whoever debugged has left");
    Ok(true)
}

/// Begins to read commands: all of them now, if nobody types them.
fn read(whom: &Attach, sender: &Sender<Event>) -> Result<Option<VecDeque<String>>, Failure> {
    let all = match &whom.script {
        Some(path) => std::fs::read_to_string(path)?,
        None if std::io::stdin().is_terminal() => {
            let typed = sender.clone();
            thread::spawn(move || {
                for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                    if typed.send(Event::Line(line)).is_err() {
                        return;
                    }
                }
                let _ = typed.send(Event::Line("detach".into()));
            });
            return Ok(None);
        }
        None => {
            let mut all = String::new();
            std::io::stdin().read_to_string(&mut all)?;
            all
        }
    };
    Ok(Some(all.lines().map(str::to_owned).collect()))
}

impl Front {
    fn work(&mut self) {
        let mut then = Then::Wait;
        if self.lines.is_some() || !self.is_entering() {
            then = Then::Prompt;
        }
        loop {
            let event = match (&then, &mut self.lines) {
                (Then::Leave, _) => return,
                (Then::Prompt, Some(lines)) => match lines.pop_front() {
                    Some(line) => Event::Line(line),
                    None => Event::Line("detach".into()),
                },
                _ => {
                    self.prompt(&then);
                    match self.events.recv() {
                        Ok(event) => event,
                        Err(_) => return,
                    }
                }
            };
            then = match event {
                Event::Gone(reason) => {
                    say(&format!("it is over: {reason}"));
                    return;
                }
                Event::Stopped(stop, answer) => {
                    // Not behind the prompt that is there.
                    if self.lines.is_none() && matches!(then, Then::Prompt) {
                        say("");
                    }
                    self.stopped(*stop, answer)
                }
                Event::Line(line) => self.command(&line, &then),
            };
        }
    }

    /// Whether the script waits for its first command.
    fn is_entering(&self) -> bool {
        self.debugger.threads().is_ok_and(|threads| threads.iter().any(|thread| thread.is_stopped))
    }

    fn prompt(&self, then: &Then) {
        if self.lines.is_none() && matches!(then, Then::Prompt) {
            let mut out = std::io::stdout().lock();
            let _ = out.write_all(b"(debug) ").and_then(|()| out.flush());
        }
    }

    /// Carries a command out, and what it waits for.
    fn command(&mut self, line: &str, then: &Then) -> Then {
        if self.lines.is_some() {
            say(&format!("(debug) {line}"));
        }
        match self.obey(line.trim()) {
            Ok(Then::Wait) if self.lines.is_some() => {
                let then = self.wait();
                self.count();
                then
            }
            Ok(next) => {
                // When the answer to a stop leaves is up to the thread that was told of it: the next command counts it.
                if line.trim() != "go" {
                    self.count();
                }
                next
            }
            Err(error) => {
                say(&format!("*** {error}"));
                self.count();
                if self.answer.is_none() && matches!(then, Then::Wait) { Then::Wait } else { Then::Prompt }
            }
        }
    }

    fn wait(&mut self) -> Then {
        loop {
            match self.events.recv() {
                Ok(Event::Stopped(stop, answer)) => return self.stopped(*stop, answer),
                Ok(Event::Gone(reason)) => {
                    say(&format!("it is over: {reason}"));
                    return Then::Leave;
                }
                Ok(Event::Line(_)) => {}
                Err(_) => return Then::Leave,
            }
        }
    }

    fn stopped(&mut self, stop: Stop, answer: Sender<Command>) -> Then {
        show::stop(&stop);
        self.view = Some(View::innermost(stop.stack, stop.places.0));
        self.answer = Some(answer);
        Then::Prompt
    }

    /// Tells what came and went since it last told. The first command is told what attaching took, too.
    fn count(&mut self) {
        let all = self.peer.stats().messages();
        let taken = all - std::mem::replace(&mut self.counted, all);
        if self.counts {
            say(&format!("[{taken} messages]"));
        }
    }
}
