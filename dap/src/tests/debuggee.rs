//! A scripted process: two errors that it kept, and threads that stop when a test has them stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle, ThreadId};

use parking_lot::{Condvar, Mutex};
use wherever::hosts::List;
use wherever::{Error, Node, Proxy, Value};
use wherever_debug::{
    About, Breakpoint, Command, Contents, DebugListener, Debugger, Failure, NAME, Place, Placed, Reason, Scope, Stack,
    Stop, ThreadInfo, Tuple, Variable,
};
use wherever_transports::Server;

pub(super) const FILE: &str = "/srv/calc.rhai";

/// What the script has been asked, and what it waits with.
#[derive(Default)]
pub(super) struct Script {
    asked: Mutex<Vec<String>>,
    /// Threads that evaluated.
    evaluated: Mutex<Vec<ThreadId>>,
    listener: Mutex<Option<Arc<dyn DebugListener>>>,
    is_released: Mutex<bool>,
    released: Condvar,
    next: AtomicU64,
}

impl Script {
    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock())
    }

    pub(super) fn evaluated(&self) -> Vec<ThreadId> {
        std::mem::take(&mut *self.evaluated.lock())
    }

    fn note(&self, what: impl Into<String>) {
        self.asked.lock().push(what.into());
    }

    /// Lets evaluations of `hang()` end.
    pub(super) fn release(&self) {
        *self.is_released.lock() = true;
        self.released.notify_all();
    }

    fn stop(self: &Arc<Self>, reason: Reason, thread: i64) -> Stop {
        Stop {
            reason,
            thread,
            thread_name: format!("thread {thread}"),
            places: places().into(),
            stack: Arc::new(Frames::new(self)),
            detail: if reason == Reason::Exception { "Overflow: too big".into() } else { String::new() },
            breakpoints: if reason == Reason::Breakpoint { vec![1].into() } else { Tuple::default() },
        }
    }

    /// Stops, and does not wait for the command.
    pub(super) fn stops_and_goes_on(self: &Arc<Self>, thread: i64) -> impl FnOnce() {
        let listener = Proxy::from(self.listener.lock().clone().unwrap());
        let stopped = listener.promise("stopped", (self.stop(Reason::Pause, thread),)).unwrap();
        move || stopped.cancel()
    }

    /// Stops on a thread of its own until it is told to go on; gives the thread, and the commands by which it went on
    /// until it was to run.
    pub(super) fn stops(self: &Arc<Self>, reason: Reason, thread: i64) -> JoinHandle<(ThreadId, Vec<Command>)> {
        let this = self.clone();
        thread::spawn(move || {
            let listener = this.listener.lock().clone().unwrap();
            let (mut reason, mut commands) = (reason, Vec::new());
            loop {
                // Where nobody listens any more the process detaches by itself.
                let command = listener.stopped(this.stop(reason, thread)).unwrap_or(Command::Detach);
                commands.push(command);
                if matches!(command, Command::Continue | Command::Detach) {
                    break;
                }
                // It stops as the function returns, before the caller goes on.
                reason = if command == Command::Return { Reason::Return } else { Reason::Step };
            }
            (thread::current().id(), commands)
        })
    }
}

/// `outer`, at its call of `inner`.
pub(super) fn places() -> Vec<Place> {
    let place = |line, function: &str, text: &str| Place {
        file: FILE.into(),
        line,
        column: 3,
        end_line: line,
        end_column: 9,
        function: function.into(),
        first_line: line - 2,
        text: text.into(),
        signature: String::new(),
    };
    vec![place(22, "outer", "inner(n)"), place(16, "inner", "throw n")]
}

/// The frames of a script.
struct Frames {
    script: Arc<Script>,
    items: List,
}

impl Frames {
    fn new(script: &Arc<Script>) -> Self {
        Self { script: script.clone(), items: List::from((0..5000).map(Value::Int).collect::<Vec<_>>()) }
    }
}

fn variable(name: &str, text: &str, parts: i64, value: Value) -> Variable {
    Variable { name: name.into(), text: text.into(), kind: value.kind().into(), parts, value }
}

#[wherever::export]
impl Stack for Frames {
    fn title(&self) -> Result<String, Error> {
        Ok("Overflow: too big".into())
    }

    fn places(&self) -> Result<Tuple<Place>, Error> {
        Ok(places().into())
    }

    fn contents(&self, _frame: usize) -> Result<Contents, Error> {
        Ok(Contents::default())
    }

    fn global_value(&self, _frame: usize, name: &str) -> Result<Value, Error> {
        Err(Error::raise("script:NoSuchName", name))
    }

    fn assign(&self, _frame: usize, _name: &str, _value: Value) -> Result<(), Error> {
        Ok(())
    }

    fn remove(&self, _frame: usize, _name: &str) -> Result<(), Error> {
        Ok(())
    }

    fn variables(&self, frame: usize, scope: Scope, start: usize, count: usize) -> Result<Tuple<Variable>, Error> {
        self.script.note(format!("{} of {frame} from {start}", scope.word()));
        let all = [
            variable("n", "4", 0, 4.into()),
            variable("items", "[0, 1, ...]", 5000, self.items.clone().into()),
            variable("lazy", "<lazy>", -1, self.items.clone().into()),
        ];
        Ok(all.into_iter().skip(start).take(count).collect())
    }

    fn parts(&self, value: Value, start: usize, count: usize) -> Result<Tuple<Variable>, Error> {
        assert_eq!(value, Value::from(self.items.clone()));
        let all = (0..5000).map(Value::Int).enumerate().skip(start).take(count);
        Ok(all.map(|(at, value)| variable(&at.to_string(), &format!("{value:?}"), 0, value)).collect())
    }

    fn evaluate(&self, frame: usize, text: &str) -> Result<Option<Variable>, Error> {
        self.script.note(format!("{text} in {frame}"));
        self.script.evaluated.lock().push(thread::current().id());
        match text {
            "let x = 1" => return Ok(None),
            "nosuch" => return Err(Error::raise("script:calc.NoSuchName", "nosuch {x}")),
            "hang()" => {
                let mut is_released = self.script.is_released.lock();
                self.script.released.wait_while(&mut is_released, |is_released| !*is_released);
            }
            "stop()" => {
                let listener = self.script.listener.lock().clone().unwrap();
                let command = listener.stopped(self.script.stop(Reason::Breakpoint, 1))?;
                return Ok(Some(variable("", &format!("{command:?}"), 0, Value::None)));
            }
            "items" => return Ok(Some(variable("", "[0, 1, ...]", 5000, self.items.clone().into()))),
            _ => {}
        }
        Ok(Some(variable("", &format!("<{text}>"), 0, Value::None)))
    }

    fn assign_text(&self, frame: usize, name: &str, text: &str) -> Result<Variable, Error> {
        self.script.note(format!("{name} = {text} in {frame}"));
        Ok(variable(name, text, 0, Value::None))
    }

    fn assign_part(&self, _value: Value, frame: usize, name: &str, text: &str) -> Result<Variable, Error> {
        self.script.note(format!("[{name}] = {text} in {frame}"));
        Ok(variable(name, text, 0, Value::None))
    }

    fn source(&self, file: &str) -> Result<String, Error> {
        Ok(format!("// {file}, as it failed"))
    }
}

pub(super) struct Process {
    script: Arc<Script>,
    failures: usize,
}

#[wherever::export]
impl Debugger for Process {
    fn about(&self) -> Result<About, Error> {
        Ok(About::default())
    }

    fn failures(&self) -> Result<Tuple<Failure>, Error> {
        let failure = |number| Failure {
            title: format!("Overflow: too big\nfailure {number}"),
            stack: Arc::new(Frames::new(&self.script)) as Arc<dyn Stack>,
        };
        Ok((0..self.failures).map(failure).collect())
    }

    fn threads(&self) -> Result<Tuple<ThreadInfo>, Error> {
        let thread = |id| ThreadInfo { id, name: format!("thread {id}"), is_stopped: false, place: None };
        Ok([1, i64::MIN].map(thread).into_iter().collect())
    }

    fn stack(&self, _thread: i64) -> Result<Arc<dyn Stack>, Error> {
        Ok(Arc::new(Frames::new(&self.script)))
    }

    fn attach(&self, listener: Arc<dyn DebugListener>) -> Result<(), Error> {
        *self.script.listener.lock() = Some(listener);
        Ok(())
    }

    fn detach(&self) -> Result<(), Error> {
        self.script.note("detach");
        *self.script.listener.lock() = None;
        Ok(())
    }

    fn pause(&self, thread: i64) -> Result<(), Error> {
        self.script.note(format!("pause {thread}"));
        Ok(())
    }

    fn set_breakpoint(
        &self,
        file: &str,
        line: u32,
        function: &str,
        condition: &str,
        ignore: u32,
        temporary: bool,
    ) -> Result<Placed, Error> {
        self.script.note(format!("{file}:{line} {function:?} if {condition:?} after {ignore}"));
        assert!(!temporary);
        if line == 99 {
            return Err(Error::raise("script:NoSuchLine", "99"));
        }
        let id = self.script.next.fetch_add(1, Ordering::Relaxed) as i64 + 1;
        // A function's own place; a line that has code.
        Ok(Placed { id, file: if file.is_empty() { FILE } else { file }.into(), line: line.max(2) })
    }

    fn clear_breakpoint(&self, id: i64) -> Result<(), Error> {
        self.script.note(format!("clear {id}"));
        Ok(())
    }

    fn breakpoints(&self) -> Result<Tuple<Breakpoint>, Error> {
        Ok(Tuple::default())
    }

    fn source(&self, file: &str) -> Result<String, Error> {
        Ok(format!("// {file}, as it runs"))
    }
}

/// Serves a process that has kept so many errors.
pub(super) fn serve(failures: usize) -> (Server, Arc<Script>) {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let script = Arc::new(Script::default());
    let node = Node::new();
    node.export(NAME, Arc::new(Process { script: script.clone(), failures }));
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("wherever-dap-{}-{number}.sock", std::process::id()));
    (wherever_transports::serve(&node, &format!("unix://{}", path.display())).unwrap(), script)
}
