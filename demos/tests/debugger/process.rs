//! A process that runs a script, and a client of its debugger.

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{env, fs, process};

use wherever::{Error, Node, Peer};
use wherever_debug::{
    Command as Go, DebugListener, Debugger as _, DebuggerProxy, NAME, Place, Scope, Stack, Stop, Variable,
};

/// Long beyond what anything here takes: a test that waits so long has failed.
const LONG: Duration = Duration::from_secs(60);

pub(crate) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_debugger"))
}

/// A script, run by a process of its own.
pub(crate) struct Script {
    folder: PathBuf,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    pub(crate) url: String,
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = env::temp_dir().join(format!("wherever-debug-test-{}-{number}", process::id()));
    fs::create_dir(&folder).unwrap();
    folder
}

impl Script {
    pub(crate) fn start(text: &str, options: &[&str]) -> Self {
        let folder = folder();
        let url = format!("unix://{}", folder.join("socket").display());
        let mut script = Self::start_in(folder, text, &[&["--listen", &url], options].concat());
        assert_eq!(script.line(), format!("listening at {url}"));
        script.url = url;
        script
    }

    /// One that nobody can debug.
    pub(crate) fn start_alone(text: &str) -> Self {
        Self::start_in(folder(), text, &[])
    }

    fn start_in(folder: PathBuf, text: &str, options: &[&str]) -> Self {
        let path = folder.join("test.rhai");
        fs::write(&path, text).unwrap();
        let mut command = program();
        command.arg("run").arg(path).args(options).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { folder, child, lines, url: String::new() }
    }

    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }

    /// Waits for its end; what it has printed last, and its exit status.
    pub(crate) fn end(&mut self) -> (String, Option<i32>) {
        let last = self.lines.by_ref().map(Result::unwrap).last().unwrap_or_default();
        (last, self.child.wait().unwrap().code())
    }

    /// A terminal that debugs it, with these commands as its standard input.
    pub(crate) fn terminal(&self, commands: &str) -> Child {
        let mut command = program();
        command.args(["attach", &self.url, "--count"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(commands.as_bytes()).unwrap();
        child
    }

    /// What that terminal tells.
    pub(crate) fn debug(&self, commands: &str) -> String {
        let Output { status, stdout, stderr } = self.terminal(commands).wait_with_output().unwrap();
        let told = String::from_utf8(stdout).unwrap();
        assert_eq!((status.code(), &*String::from_utf8(stderr).unwrap()), (Some(0), ""), "{told}");
        told
    }

    /// A client that has attached, as soon as the one before it has let go: a command that detaches is not answered.
    pub(crate) fn attach(&self) -> Client {
        let client = self.connect();
        let attach = || client.debugger.attach(Arc::new(Listener(Mutex::new(client.told.clone()))));
        while let Err(error) = attach() {
            assert!(error.to_string().contains("somebody is attached already"), "{error}");
        }
        client
    }

    /// A client that is connected, and has not attached.
    pub(crate) fn connect(&self) -> Client {
        let peer = wherever_transports::connect(&Node::new(), &self.url).unwrap();
        let debugger = peer.get_as(NAME).unwrap();
        let (told, stops) = channel();
        Client { peer, debugger, told, stops }
    }
}

type Told = (Stop, Sender<Result<Go, Error>>);

struct Listener(Mutex<Sender<Told>>);

impl DebugListener for Listener {
    fn stopped(&self, stop: Stop) -> Result<Go, Error> {
        let (sender, command) = channel();
        self.0.lock().unwrap().send((stop, sender)).map_err(|error| Error::from_std(&error))?;
        command.recv().map_err(|error| Error::from_std(&error))?
    }
}

/// A client of a debugger.
pub(crate) struct Client {
    pub(crate) peer: Peer,
    pub(crate) debugger: DebuggerProxy,
    told: Sender<Told>,
    stops: Receiver<Told>,
}

impl Client {
    pub(crate) fn break_at(&self, line: u32) -> i64 {
        self.debugger.set_breakpoint("test.rhai", line, "", "", 0, false).unwrap().id
    }

    /// Stops the script once, and lets it go on, still attached.
    pub(crate) fn debugger_pauses(&self) {
        self.debugger.pause(1).unwrap();
        self.stop().go(Go::Continue);
    }

    pub(crate) fn leaves(&self) {
        self.debugger.detach().unwrap();
    }

    /// The next stop.
    pub(crate) fn stop(&self) -> At {
        let (stop, answer) = self.stops.recv_timeout(LONG).unwrap();
        At { stop, answer }
    }
}

/// A script that is stopped.
pub(crate) struct At {
    pub(crate) stop: Stop,
    answer: Sender<Result<Go, Error>>,
}

impl At {
    pub(crate) fn go(self, command: Go) {
        self.answer.send(Ok(command)).unwrap();
    }

    pub(crate) fn fail(self) {
        self.answer.send(Err(Error::raise("test:Error", "no more"))).unwrap();
    }

    pub(crate) fn stack(&self) -> &dyn Stack {
        &*self.stop.stack
    }

    pub(crate) fn innermost(&self) -> usize {
        self.stop.places.len() - 1
    }

    /// Function and line of each frame.
    pub(crate) fn frames(&self) -> Vec<String> {
        shown(&self.stop.places)
    }

    /// The text of an expression's value in the innermost frame, or the error.
    pub(crate) fn value(&self, text: &str) -> String {
        match self.stack().evaluate(self.innermost(), text) {
            Ok(found) => found.map_or_else(|| "done".into(), |variable| variable.text),
            Err(error) => error.to_string(),
        }
    }

    pub(crate) fn locals(&self, frame: usize) -> Vec<String> {
        locals(self.stack(), frame)
    }

    pub(crate) fn variable(&self, name: &str) -> Variable {
        let all = self.stack().variables(self.innermost(), Scope::Locals, 0, usize::MAX).unwrap();
        all.into_iter().find(|variable| variable.name == name).unwrap()
    }
}

pub(crate) fn shown(places: &[Place]) -> Vec<String> {
    places.iter().map(|place| format!("{}:{}", place.function, place.line)).collect()
}

pub(crate) fn locals(stack: &dyn Stack, frame: usize) -> Vec<String> {
    let all = stack.variables(frame, Scope::Locals, 0, usize::MAX).unwrap();
    all.into_iter().map(|variable| format!("{} = {}", variable.name, variable.text)).collect()
}

/// Reads what a child prints, up to and with the first line that begins so.
pub(crate) fn read_until(child: &mut Child, start: &str) -> String {
    let mut told = String::new();
    let mut byte = [0];
    let output = child.stdout.as_mut().unwrap();
    while !told.ends_with('\n') || !told.lines().last().unwrap_or_default().starts_with(start) {
        assert_eq!(output.read(&mut byte).unwrap(), 1, "{start:?} never came:\n{told}");
        told.push(byte[0].into());
    }
    told
}
