//! The other process of the tests in `process`: it serves, and dies as it is told. Its argument says how it behaves.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test that started it")]

use std::process::{Command, abort, exit};

use parking_lot::Mutex;
#[cfg(unix)]
use wherever::Interrupt;
use wherever::drive::connect_simple;
use wherever::host::{Step, ValueStream};
use wherever::hosts::Class;
use wherever::wire::preface::Preface;
use wherever::{Arguments, Node, Proxy, Transport, Value};
use wherever_transports::stdio;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => serve(),
        // Without a word.
        ["die", how] => die(how),
        // Having taken the first frame, and still without a word.
        ["deaf", how] => {
            take_first_frame();
            die(how);
        }
        #[cfg(unix)]
        ["interrupted", driver] => interrupted(driver),
        ["half-frame"] => half_frame(),
        ["version", major] => other_version(major.parse().unwrap()),
        _ => panic!("no such behaviour: {words:?}"),
    }
}

/// The end, in one of the ways a process can have.
fn die(how: &str) -> ! {
    match how {
        "exit" => exit(3),
        "abort" => abort(),
        _ => {
            let command = format!("kill -9 {}", std::process::id());
            let _ = Command::new("sh").args(["-c", &command]).status();
            // The signal comes at any moment now.
            loop {
                std::thread::park();
            }
        }
    }
}

/// Waits for what never comes, until the signal that Ctrl-C sends; then tells what became of it.
#[cfg(unix)]
fn interrupted(driver: &str) {
    let interrupt = Interrupt::new();
    let triggers = interrupt.clone();
    let mut signals = signal_hook::iterator::Signals::new([signal_hook::consts::SIGINT]).unwrap();
    std::thread::spawn(move || signals.forever().for_each(|_| triggers.trigger()));
    let peer = match driver {
        "simple" => connect_simple(&Node::new(), stdio().unwrap()),
        _ => wherever::connect(&Node::new(), stdio().unwrap()),
    };
    let (hang, report) = (peer.get("hang").unwrap(), peer.get("report").unwrap());
    let hung = interrupt.scope(|| hang.invoke(()));
    let late = interrupt.scope(|| report.invoke(("not sent",)));
    interrupt.reset();
    let text = format!("{}; {}", hung.unwrap_err(), late.unwrap_err());
    interrupt.scope(|| report.invoke((text,))).unwrap();
    peer.close("done");
}

/// The object that is exported; it keeps what it is given.
#[derive(Default)]
struct Subject {
    kept: Mutex<Vec<Value>>,
}

fn serve() {
    let class = Class::<Subject>::builder("test:Subject")
        .method("echo", |_, mut arguments: Arguments, _| arguments.take(0, "value"))
        .method("keep", |this: &Subject, mut arguments: Arguments, _| {
            this.kept.lock().push(arguments.take(0, "value")?);
            Ok(Value::None)
        })
        .method("die", |_, mut arguments: Arguments, _| die(&arguments.take::<String>(0, "how")?))
        .method("call_back", |_, mut arguments: Arguments, _| arguments.take::<Proxy>(0, "function")?.invoke(()))
        .stream("count_and_die", |_, mut arguments: Arguments, _| {
            let (left, how) = (arguments.take(0, "items")?, arguments.take(1, "how")?);
            Ok(Box::new(CountAndDie { next: 0, left, how }))
        })
        .build();
    let node = Node::new();
    node.export("x", class.instance(Subject::default()));
    connect_simple(&node, stdio().unwrap()).serve().unwrap();
}

/// Gives so many items, and dies when it is asked for one more.
struct CountAndDie {
    next: i64,
    left: i64,
    how: String,
}

impl ValueStream for CountAndDie {
    fn next(&mut self) -> Step {
        if self.next == self.left {
            die(&self.how);
        }
        self.next += 1;
        Step::Item(Value::Int(self.next))
    }
}

/// Takes the preface and the first frame.
fn take_first_frame() -> impl Transport {
    let carrier = stdio().unwrap();
    let mut unit = Vec::new();
    carrier.recv(&mut unit).unwrap();
    carrier.recv(&mut unit).unwrap();
    carrier
}

/// Begins a frame of a hundred bytes and ends after ten.
fn half_frame() {
    use std::io::Write;
    use std::os::fd::AsFd;
    // Before the carrier takes it: what is printed then is no part of it.
    let mut output = std::fs::File::from(std::io::stdout().as_fd().try_clone_to_owned().unwrap());
    take_first_frame().send(&Preface::default().encode()).unwrap();
    let mut begun = 100_u32.to_le_bytes().to_vec();
    begun.extend([0; 10]);
    output.write_all(&begun).unwrap();
    exit(0);
}

/// Says that it speaks another version, and ends.
fn other_version(major: u8) {
    stdio().unwrap().send(&Preface { major, ..Preface::default() }.encode()).unwrap();
}
