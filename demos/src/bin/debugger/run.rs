//! The process that runs a script and lets itself be debugged.

use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use wherever::{Node, Peer};
use wherever_debug::NAME;
use wherever_transports::Server;

use crate::script::{Process, Program, STACK_SIZE, Watched, engine};
use crate::{Failure, line, say};

/// Time for a peer to take the news that the script has ended.
const END_TIME: Duration = Duration::from_secs(2);

/// Time between two looks at whether somebody has come and gone.
const LOOK_TIME: Duration = Duration::from_millis(20);

/// What is to be run, and how.
#[derive(Default)]
pub(crate) struct Run {
    script: PathBuf,
    listen: Option<String>,
    waits: bool,
    records: bool,
    holds: bool,
}

impl Run {
    pub(crate) fn of(arguments: &[String]) -> Result<Self, Failure> {
        let mut run = Self::default();
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--listen" => run.listen = Some(words.next().ok_or("--listen needs a URL")?.clone()),
                "--wait" => run.waits = true,
                "--record" => run.records = true,
                "--hold" => run.holds = true,
                option if option.starts_with('-') => return Err(format!("there is no option {option}").into()),
                script if run.script.as_os_str().is_empty() => run.script = script.into(),
                other => return Err(format!("what is {other:?}? there is one script").into()),
            }
        }
        if run.script.as_os_str().is_empty() { Err("no script is named".into()) } else { Ok(run) }
    }
}

/// Who can come to debug.
enum Door {
    Closed,
    Server(Server),
    Line(Peer),
}

impl Door {
    fn open(node: &Node, url: Option<&str>) -> Result<Self, Failure> {
        let Some(url) = url else { return Ok(Self::Closed) };
        let door = match url.strip_prefix(line::SCHEME) {
            Some(device) => Self::Line(line::connect(node, device.as_ref())?),
            None => Self::Server(wherever_transports::serve(node, url)?),
        };
        let told = if let Self::Server(server) = &door { server.url() } else { url };
        say(&format!("listening at {told}"));
        Ok(door)
    }

    fn peers(&self) -> Vec<Peer> {
        match self {
            Self::Closed => Vec::new(),
            Self::Server(server) => server.peers(),
            Self::Line(peer) => vec![peer.clone()],
        }
    }

    /// Waits until somebody has been here and nobody is.
    fn hold(&self) {
        let is_over = |door: &Self| match door {
            Self::Closed => true,
            Self::Line(peer) => peer.ended().is_some(),
            Self::Server(server) => server.stats().accepted > 0 && server.stats().connections == 0,
        };
        while !is_over(self) {
            thread::sleep(LOOK_TIME);
        }
    }

    /// Tells everybody why they have to go.
    fn close(&self, reason: &str) {
        self.peers().iter().for_each(|peer| peer.close(reason));
        match self {
            Self::Server(server) => server.stop(END_TIME),
            Self::Line(peer) => _ = peer.serve(),
            Self::Closed => {}
        }
    }
}

/// Runs a script to its end; whether that was a good one.
pub(crate) fn run(run: &Run) -> Result<bool, Failure> {
    let process = Process::new(Program::compile(&engine(), &run.script)?, run.records);
    let node = Node::new();
    node.export(NAME, process.clone());
    let door = Door::open(&node, run.listen.as_deref())?;
    if run.waits {
        process.control.wait_for_somebody();
    }
    let can_be_debugged = run.records || !matches!(door, Door::Closed);
    let watched = if can_be_debugged { Watched::new(&process) } else { Watched::alone(&process) };
    let ended = on_large_stack(watched)?;
    let told = match &ended {
        Ok(result) => format!("the script has ended: {result}"),
        Err(error) => format!("the script has failed: {error}"),
    };
    say(&told);
    if run.holds && ended.is_err() {
        door.hold();
    }
    door.close(&told);
    Ok(ended.is_ok())
}

/// Runs the script on a thread that has room for as many calls as it may make; gives the text of its result or error.
fn on_large_stack(watched: Watched) -> Result<Result<String, String>, Failure> {
    let (sender, ended) = mpsc::channel();
    let run = move || _ = sender.send(watched.run().map(|value| value.to_string()).map_err(|error| error.to_string()));
    thread::Builder::new().name("script".into()).stack_size(STACK_SIZE).spawn(run)?;
    Ok(ended.recv()?)
}
