//! This side: everything that can be done with an object over there, over two named pipes.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::{fs, thread};

use wherever::hosts::Function;
use wherever::{Node, Peer, Proxy, Value};

use crate::carrier::Pipes;

type Outcome = Result<(), Box<dyn Error>>;

/// Bytes of a value that does not fit into any pipe at once.
const LARGE: usize = 1 << 20;

/// Items of a stream.
const ITEMS: i64 = 1000;

/// Prints what is claimed, if it holds.
fn claim(holds: bool, text: &str) -> Outcome {
    match holds {
        true => {
            println!("✓ {text}");
            Ok(())
        }
        false => Err(format!("this was claimed and does not hold: {text}").into()),
    }
}

/// A folder with two named pipes in it, which goes with the value.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Result<Self, Box<dyn Error>> {
        let folder = Self(std::env::temp_dir().join(format!("wherever-pipes-{}", std::process::id())));
        fs::create_dir(&folder.0)?;
        let made = Command::new("mkfifo").args(["there", "back"].map(|name| folder.0.join(name))).status()?;
        if made.success() { Ok(folder) } else { Err("mkfifo made no pipes".into()) }
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn run() -> Outcome {
    let folder = Folder::make()?;
    let mut there =
        Command::new(std::env::current_exe()?).arg("there").arg(folder.path()).stdin(Stdio::null()).spawn()?;
    let carrier = Pipes::open(&folder.path().join("there"), &folder.path().join("back"), true)?;
    // Both have them open: their names are not needed any more.
    drop(folder);
    let peer = wherever::connect(&Node::new(), carrier);
    let workshop = peer.get("workshop")?;
    calls(&workshop)?;
    promises(&workshop)?;
    streams(&workshop)?;
    threads(&workshop)?;
    close(&peer, workshop)?;
    claim(there.wait()?.success(), "the other process has ended by itself")?;
    claim(peer.stats().is_idle(), "nothing is left in any table of the session")
}

fn calls(workshop: &Proxy) -> Outcome {
    claim(workshop.call("add", (40, 2))?.to::<i64>()? == 42, "a call gives its result")?;
    let error = workshop.call("add", (i64::MAX, "one")).err().map(|error| error.to_string()).unwrap_or_default();
    claim(error.contains('b'), "a call that fails says what with")?;
    let caller = thread::current().id();
    let double = Function::new("double", move |mut arguments, _| {
        let own_thread = thread::current().id() == caller;
        Ok(if own_thread { (2 * arguments.take::<i64>(0, "n")?).into() } else { Value::None })
    });
    let doubled = workshop.call("apply", (double, 21))?;
    claim(doubled == Value::Int(42), "a callback runs on the thread that waits for its call")?;
    let large = Value::bytes(vec![7; LARGE]);
    claim(workshop.call("echo", (large.clone(),))? == large, "a value larger than a pipe goes there and comes back")
}

fn promises(workshop: &Proxy) -> Outcome {
    let before = workshop.peer().map(|peer| peer.stats()).unwrap_or_default();
    let batch = workshop.peer().map(|peer| peer.batch());
    let mut promise = workshop.promise("echo", (workshop,))?;
    for _ in 0..8 {
        promise = promise.call("echo", (workshop,))?;
    }
    let sum = promise.call("add", (40, 2))?;
    drop(batch);
    let sum = sum.result()?.to::<i64>()?;
    let after = workshop.peer().map(|peer| peer.stats()).unwrap_or_default();
    claim(sum == 42 && after.messages() - before.messages() == 11, "a chain of ten promises takes 11 messages")
}

fn streams(workshop: &Proxy) -> Outcome {
    let numbers: Proxy = workshop.call("count", (ITEMS,))?.to()?;
    let items: Vec<Value> = numbers.buffered(64)?.collect::<Result<_, _>>()?;
    claim(items == (0..ITEMS).map(Value::Int).collect::<Vec<_>>(), "a stream brings all its items, in order")
}

fn threads(workshop: &Proxy) -> Outcome {
    let met: Vec<_> = thread::scope(|scope| {
        let threads = [(); 2].map(|()| scope.spawn(|| workshop.call("meet", ())));
        threads.map(|thread| thread.join().is_ok_and(|met| met.is_ok())).into()
    });
    claim(met == [true, true], "the calls of two threads are over there at once")?;
    let (sender, rings) = channel();
    let bell = Function::new("bell", move |_, _| {
        let _ = sender.send(());
        Ok(Value::None)
    });
    workshop.call("ring", (bell,))?;
    claim(rings.recv().is_ok(), "a callback comes while nobody here waits for the other side")
}

/// Closes while a thread waits for what will never come.
fn close(peer: &Peer, workshop: Proxy) -> Outcome {
    let (sender, there) = channel();
    let is_there = Function::new("is there", move |_, _| {
        let _ = sender.send(());
        Ok(Value::None)
    });
    let waiting = thread::spawn(move || workshop.call("never", (is_there,)));
    there.recv()?;
    peer.close("all is shown");
    let failed = waiting.join().is_ok_and(|result| matches!(result, Err(wherever::Error::Disconnected(_))));
    claim(failed, "closing fails the call of a thread that waits, at once, though nothing can interrupt the carrier")
}
