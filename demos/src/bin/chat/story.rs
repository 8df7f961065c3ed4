//! The story: what the members do, and what the process with the room does.

use std::error::Error as StdError;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use std::{env, process, thread};

use wherever::{Error, Node};

use crate::room::{Hall, Listener, Room, RoomProxy};

type Anything = Box<dyn StdError>;

/// Time in which the next line comes, unless something has gone wrong.
const PATIENCE: Duration = Duration::from_secs(60);

/// Puts what it hears into a channel.
struct Ear(Sender<String>);

impl Listener for Ear {
    fn heard(&self, line: &str) -> Result<(), Error> {
        let _ = self.0.send(line.into());
        Ok(())
    }
}

/// A member, in a process of its own: prints what it hears, and does its part.
pub(crate) fn member(name: &str, url: &str) -> Result<(), Anything> {
    let room: RoomProxy = wherever_transports::connect(&Node::new(), url)?.root()?;
    let (heard, lines) = channel();
    let seat = room.join(name, Arc::new(Ear(heard)))?;
    loop {
        let line = lines.recv_timeout(PATIENCE)?;
        println!("{line}");
        match (name, &*line) {
            ("ann", "cem is here") => seat.say("hello, bea and cem")?,
            ("bea", "ann: hello, bea and cem") => seat.say("hello, ann")?,
            ("cem", "bea: hello, ann") => {
                seat.say("I feel odd")?;
                thread::sleep(PATIENCE);
            }
            ("ann", "cem is gone") => seat.say("he went without a word")?,
            // Whoever returns lets go of the seat.
            ("bea", "ann: he went without a word") | ("ann", "bea is gone") => return Ok(()),
            _ => {}
        }
    }
}

fn start(name: &str, url: &str) -> Result<Child, Anything> {
    Ok(Command::new(env::current_exe()?).args([name, url]).stdout(Stdio::piped()).spawn()?)
}

/// Prints what is heard up to a line.
fn until(lines: &Receiver<String>, wanted: &str) -> Result<(), Anything> {
    loop {
        let line = lines.recv_timeout(PATIENCE).map_err(|_| format!("nobody heard {wanted:?}"))?;
        println!("{line}");
        if line == wanted {
            return Ok(());
        }
    }
}

/// The process with the room. It has a seat too, by the same trait, and its callbacks cost no message.
pub(crate) fn host() -> Result<(), Anything> {
    let hall = Arc::new(Hall::open());
    let node = Node::new();
    node.export_root(&hall);
    let socket = env::temp_dir().join(format!("wherever-chat-{}", process::id()));
    let server = wherever_transports::serve(&node, &format!("unix://{}", socket.display()))?;

    let (heard, lines) = channel();
    let _seat = hall.join("the host", Arc::new(Ear(heard)))?;
    println!("The host hears:");
    let mut members = Vec::new();
    for name in ["ann", "bea", "cem"] {
        members.push((name, start(name, server.url())?));
        until(&lines, &format!("{name} is here"))?;
    }
    until(&lines, "cem: I feel odd")?;
    // At once, in the middle of whatever it does: nothing of it can say goodbye.
    members[2].1.kill()?;
    until(&lines, "ann is gone")?;

    for (name, member) in members {
        let output = member.wait_with_output()?;
        println!("\n{name} heard:\n{}({})", String::from_utf8(output.stdout)?, output.status);
    }
    Ok(())
}
