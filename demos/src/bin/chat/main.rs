//! A room in which several processes talk, by callbacks in both directions. `cargo xtask demo chat` runs it.
//!
//! This process has the room, and starts three members, each a process of its own. Whoever joins gives the room a
//! listener, and gets a seat: a member calls its seat to say something, the room calls all listeners. One member is
//! killed, and two leave; whoever is still there is told. Members print to standard error, not into their session.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program whose job is to show something")]

use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use wherever::{Error, Node, Peer};
use wherever_transports::{Child, stdio};

/// Hears what is said in the room: an object of a member's, called by the room.
#[wherever::interface("org.example.Listener/1")]
trait Listener {
    fn heard(&self, line: &str) -> Result<(), Error>;
}

/// Where members come in.
#[wherever::interface("org.example.Room/1")]
trait Room {
    fn join(&self, name: &str, listener: Arc<dyn Listener>) -> Result<Arc<dyn Seat>, Error>;
}

/// A member's place. Whoever lets go of it has left, be it by dropping it or by the death of the whole process.
#[wherever::interface("org.example.Seat/1")]
trait Seat {
    fn say(&self, text: &str) -> Result<(), Error>;
}

/// What happens in the room.
enum Event {
    Came(String, Arc<dyn Listener>),
    Said(String, String),
    Left(String),
}

/// The room, as its members see it.
struct Hall(Sender<Event>);

#[wherever::export]
impl Room for Hall {
    fn join(&self, name: &str, listener: Arc<dyn Listener>) -> Result<Arc<dyn Seat>, Error> {
        let _ = self.0.send(Event::Came(name.into(), listener));
        // The room keeps no reference to it: whoever joined has the only one.
        Ok(Arc::new(Place(name.into(), self.0.clone())))
    }
}

/// A seat, of this member in this room.
struct Place(String, Sender<Event>);

impl Seat for Place {
    fn say(&self, text: &str) -> Result<(), Error> {
        let _ = self.1.send(Event::Said(self.0.clone(), text.into()));
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.1.send(Event::Left(self.0.clone()));
    }
}

/// The process with the room. It tells of one event after another, so that all members hear the same.
fn host() -> Result<(), Box<dyn std::error::Error>> {
    let (tell, events) = channel();
    let node = Node::new();
    node.export_root(Hall(tell));
    let mut processes = vec![start("ann", &node)?];
    let mut listeners: Vec<(String, Arc<dyn Listener>)> = Vec::new();
    loop {
        // The time is for the case that something goes wrong.
        let line = match events.recv_timeout(std::time::Duration::from_secs(60))? {
            Event::Came(name, listener) => {
                listeners.push((name.clone(), listener));
                format!("{name} is here")
            }
            Event::Said(name, text) => format!("{name}: {text}"),
            Event::Left(gone) => {
                listeners.retain(|(name, _)| *name != gone);
                format!("{gone} is gone")
            }
        };
        println!("{line}");
        for (_, listener) in &listeners {
            // It fails for a member that has just gone, whose seat will tell of that.
            let _ = listener.heard(&line);
        }
        match &*line {
            "ann is here" => processes.push(start("bea", &node)?),
            "bea is here" => processes.push(start("cem", &node)?),
            // At once, whatever it is at: nothing of it can say goodbye.
            "cem: I feel odd" => processes[2].0.kill()?,
            "bea is gone" => break,
            _ => {}
        }
    }
    for (name, (child, _)) in ["ann", "bea", "cem"].iter().zip(processes) {
        println!("{name} ended with {}", child.wait()?);
    }
    Ok(())
}

/// Starts a member, and serves it for as long as the peer is kept.
fn start(name: &str, node: &Node) -> Result<(Child, Peer), Error> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(name);
    let child = Child::spawn(command)?;
    Ok((child.clone(), wherever::connect(node, child)))
}

/// Prints what a member hears, and passes it on.
struct Ear(String, Sender<String>);

impl Listener for Ear {
    fn heard(&self, line: &str) -> Result<(), Error> {
        eprintln!("  {} hears: {line}", self.0);
        let _ = self.1.send(line.into());
        Ok(())
    }
}

/// The process of a member, which answers to what it hears.
fn member(name: &str) -> Result<(), Error> {
    let room: RoomProxy = wherever::connect(&Node::new(), stdio()?).root()?;
    let (heard, lines) = channel();
    let seat = room.join(name, Arc::new(Ear(name.into(), heard)))?;
    loop {
        match (name, &*lines.recv()?) {
            ("ann", "cem is here") => seat.say("hello, bea and cem")?,
            ("bea", "ann: hello, bea and cem") => seat.say("hello, ann")?,
            ("cem", "bea: hello, ann") => seat.say("I feel odd")?,
            // Whoever returns lets go of the seat.
            ("ann", "cem is gone") | ("bea", "ann is gone") => return Ok(()),
            _ => {}
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    match std::env::args().nth(1).as_deref() {
        Some(name @ ("ann" | "bea" | "cem")) => Ok(member(name)?),
        _ => host(),
    }
}
