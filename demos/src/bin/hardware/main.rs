//! An instrument that two processes use, one of which locks it and dies. `cargo xtask demo hardware` runs it.
//!
//! This process owns the device, which is simulated behind a pseudo-terminal. It starts Ben's, which starts Anna's.
#![allow(clippy::print_stdout, reason = "a program whose job is to show something")]

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use std::{env, process, thread};

use wherever::{DeclaredError, Error, Node, Peer};

#[wherever::interface("org.example.Instrument/1")]
trait Instrument {
    fn move_to(&mut self, position: i64) -> Result<(), Fault>;
    /// A lease: no other process can move the instrument until its time is over, or the caller's process is dead.
    fn lock(&mut self, who: &str, millis: u64) -> Result<(), Fault>;
    fn watch(&mut self, watcher: Arc<dyn Watcher>) -> Result<(), Fault>;
}

#[wherever::interface("org.example.Watcher/1")]
trait Watcher {
    fn changed(&self, news: &str) -> Result<(), Error>;
}

impl Watcher for mpsc::Sender<String> {
    fn changed(&self, news: &str) -> Result<(), Error> {
        self.send(news.into()).map_err(|error| Error::from_std(&error))
    }
}

#[derive(Debug, thiserror::Error, DeclaredError)]
enum Fault {
    #[error("{by} has locked the instrument")]
    Locked { by: String },
    #[error(transparent)]
    #[wherever(remote)]
    Remote(Error),
}

/// The instrument. Its users take turns, since its methods have it by `&mut`.
struct Owner {
    port: File,
    /// Whose it is, until when, and their session.
    lease: Option<(String, Instant, Peer)>,
    watchers: Vec<Arc<dyn Watcher>>,
}

impl Owner {
    /// The process that calls, unless another has a lease.
    fn caller(&mut self) -> Result<Peer, Fault> {
        self.lease.take_if(|(_, until, holder)| *until <= Instant::now() || holder.ended().is_some());
        let caller = Peer::calling().ok_or_else(|| Error::raise("hardware:NoCaller", "this is no remote call"))?;
        let other = self.lease.as_ref().filter(|(.., holder)| holder.session_number() != caller.session_number());
        other.map_or(Ok(caller), |(by, ..)| Err(Fault::Locked { by: by.clone() }))
    }

    /// Has the device do something. What it confirms, the watchers are told.
    fn command(&mut self, line: &str) -> Result<(), Error> {
        writeln!(self.port, "{line}")?;
        let mut answer = String::new();
        BufReader::new(&self.port).read_line(&mut answer)?;
        self.watchers.retain(|watcher| watcher.changed(answer.trim_end()).is_ok());
        Ok(())
    }
}

#[wherever::export]
impl Instrument for Owner {
    fn move_to(&mut self, position: i64) -> Result<(), Fault> {
        self.caller()?;
        Ok(self.command(&format!("move to {position}"))?)
    }

    fn lock(&mut self, who: &str, millis: u64) -> Result<(), Fault> {
        self.lease = Some((who.into(), Instant::now() + Duration::from_millis(millis), self.caller()?));
        Ok(self.command(&format!("show that {who} has a lease"))?)
    }

    fn watch(&mut self, watcher: Arc<dyn Watcher>) -> Result<(), Fault> {
        self.watchers.push(watcher);
        Ok(())
    }
}

/// Plugs in the device, which confirms what it does by repeating it, and gives the serial port that leads to it.
#[cfg(unix)]
fn plug_in() -> io::Result<File> {
    use rustix::{fs, pty, termios};
    let device = File::from(pty::openpt(pty::OpenptFlags::RDWR | pty::OpenptFlags::NOCTTY)?);
    pty::grantpt(&device)?;
    pty::unlockpt(&device)?;
    let (path, flags) = (pty::ptsname(&device, Vec::new())?, fs::OFlags::RDWR | fs::OFlags::NOCTTY);
    let port = File::from(fs::open(path, flags, fs::Mode::empty())?);
    let mut settings = termios::tcgetattr(&port)?;
    settings.make_raw();
    termios::tcsetattr(&port, termios::OptionalActions::Now, &settings)?;
    thread::spawn(move || io::copy(&mut &device, &mut &device));
    Ok(port)
}

#[cfg(not(unix))]
fn plug_in() -> io::Result<File> {
    Err(io::Error::other("this demo needs pseudo-terminals"))
}

fn own() -> Result<(), Box<dyn std::error::Error>> {
    let node = Node::new();
    node.export_root(Owner { port: plug_in()?, lease: None, watchers: Vec::new() });
    let socket = env::temp_dir().join(format!("wherever-hardware-{}", process::id()));
    let server = wherever_transports::serve(&node, &format!("unix://{}", socket.display()))?;
    let ended = process::Command::new(env::current_exe()?).args([server.url(), "ben"]).status()?;
    if ended.success() { Ok(()) } else { Err(format!("ben's process has ended: {ended}").into()) }
}

fn ben(peer: Peer, url: &str) -> Result<(), Box<dyn std::error::Error>> {
    let mut instrument: InstrumentProxy = peer.root()?;
    let (tell, news) = mpsc::channel();
    instrument.watch(Arc::new(tell))?;
    let mut news = news.iter().inspect(|news| println!("ben hears: {news}"));
    instrument.lock("ben", 50)?;
    instrument.move_to(5)?;
    let mut anna = process::Command::new(env::current_exe()?).args([url, "anna"]).spawn()?;
    news.find(|news| news == "move to 12").ok_or("anna never moved it")?;
    let Err(fault @ Fault::Locked { .. }) = instrument.move_to(3) else { return Err("nobody locked it".into()) };
    println!("ben is refused: {fault}");
    anna.kill()?;
    println!("anna's process has ended: {}", anna.wait()?);
    // Her lease goes with her. Whoever is refused asks again.
    while matches!(instrument.move_to(3), Err(Fault::Locked { .. })) {}
    news.find(|news| news == "move to 3").map(drop).ok_or("nobody moved it".into())
}

fn anna(peer: Peer) -> Result<(), Box<dyn std::error::Error>> {
    let mut instrument: InstrumentProxy = peer.root()?;
    // Ben does not give his lease back: it runs out.
    while matches!(instrument.lock("anna", 3_600_000), Err(Fault::Locked { .. })) {}
    instrument.move_to(12)?;
    // Until she is killed.
    Ok(peer.serve()?)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = env::args().skip(1);
    let Some(url) = words.next() else { return own() };
    let peer = wherever_transports::connect(&Node::new(), &url)?;
    if words.next().as_deref() == Some("ben") { ben(peer, &url) } else { anna(peer) }
}
