//! The process that owns the device, and has others use it.

use std::error::Error as StdError;
use std::io::{self, sink, stdin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wherever::Node;
use wherever::clock::Time;

use crate::device::Port;
use crate::instrument::{Fault, Instrument, Lease, Status, Watcher, node};

/// What the instrument and its leases have in common.
struct Shared {
    /// Its clock measures leases.
    node: Node,
    /// Leases given so far: each has a number.
    leases: AtomicU64,
    state: Mutex<State>,
}

struct State {
    port: Port,
    lock: Option<Lock>,
    watchers: Vec<Arc<dyn Watcher>>,
    /// What the watchers know.
    told: Option<Status>,
}

struct Lock {
    lease: u64,
    by: String,
    until: Time,
}

impl State {
    fn status(&mut self) -> Result<Status, Fault> {
        let (position, temperature) = (self.port.ask("POS?")?, self.port.ask("TEMP?")?);
        let locked_by = self.lock.as_ref().map(|lock| lock.by.clone());
        match (position.parse(), temperature.parse()) {
            (Ok(position), Ok(temperature)) => Ok(Status { position, temperature, locked_by }),
            _ => Err(Fault::Device(format!("it says {position}, {temperature}"))),
        }
    }

    /// Moves the device for the holder of this lease, or for somebody who has none.
    fn move_to(&mut self, lease: Option<u64>, position: i64) -> Result<(), Fault> {
        match &self.lock {
            lock if lock.as_ref().map(|lock| lock.lease) == lease => {}
            Some(lock) if lease.is_none() => return Err(Fault::Locked { by: lock.by.clone() }),
            _ => return Err(Fault::Over),
        }
        match &*self.port.ask(&format!("MOVE {position}"))? {
            "OK" => Ok(()),
            answer => Err(Fault::Device(answer.to_owned())),
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the instrument, and tells the watchers if anything has changed since they were told last.
    fn act(&self, act: impl FnOnce(&mut State) -> Result<(), Fault>) -> Result<Status, Fault> {
        let mut state = self.state();
        let now = self.node.now();
        state.lock.take_if(|lock| lock.until <= now);
        let done = act(&mut state);
        let status = state.status()?;
        let is_news = state.told.replace(status.clone()).as_ref() != Some(&status);
        let watchers = if is_news { state.watchers.clone() } else { Vec::new() };
        // Others may use the instrument while the watchers are told.
        drop(state);
        let gone: Vec<_> = watchers.iter().filter(|watcher| watcher.changed(status.clone()).is_err()).collect();
        self.state().watchers.retain(|watcher| !gone.iter().any(|gone| Arc::ptr_eq(gone, watcher)));
        done.map(|()| status)
    }
}

struct Owner(Arc<Shared>);

#[wherever::export]
impl Instrument for Owner {
    fn read(&self) -> Result<Status, Fault> {
        self.0.act(|_| Ok(()))
    }

    fn move_to(&self, position: i64) -> Result<Status, Fault> {
        self.0.act(|state| state.move_to(None, position))
    }

    fn lock(&self, who: &str, seconds: u64) -> Result<Arc<dyn Lease>, Fault> {
        let until = self.0.node.now().saturating_add(Duration::from_secs(seconds));
        let lease = self.0.leases.fetch_add(1, Ordering::Relaxed);
        self.0.act(|state| match &state.lock {
            Some(lock) => Err(Fault::Locked { by: lock.by.clone() }),
            None => {
                state.lock = Some(Lock { lease, by: who.to_owned(), until });
                Ok(())
            }
        })?;
        Ok(Arc::new(Holder { shared: self.0.clone(), lease }))
    }

    fn watch(&self, watcher: Arc<dyn Watcher>) -> Result<(), Fault> {
        self.0.state().watchers.push(watcher);
        Ok(())
    }
}

/// A lease, as the object that its holder has a reference to.
struct Holder {
    shared: Arc<Shared>,
    lease: u64,
}

impl Lease for Holder {
    fn move_to(&self, position: i64) -> Result<Status, Fault> {
        self.shared.act(|state| state.move_to(Some(self.lease), position))
    }

    fn give_back(&self) -> Result<Status, Fault> {
        self.shared.act(|state| {
            state.lock.take_if(|lock| lock.lease == self.lease);
            Ok(())
        })
    }
}

impl Drop for Holder {
    /// Nobody refers to the lease any more: it was dropped, or the process that had it is gone.
    fn drop(&mut self) {
        let _ = self.give_back();
    }
}

/// The process that owns the device, until its standard input ends.
pub(crate) fn serve(port: &str, url: &str) -> Result<(), Box<dyn StdError>> {
    let node = node();
    let state = State { port: Port::open(port)?, lock: None, watchers: Vec::new(), told: None };
    let owner = Owner(Arc::new(Shared { node: node.clone(), leases: AtomicU64::new(0), state: Mutex::new(state) }));
    // A device that does not answer is told of here, and not to the first who uses it.
    owner.read()?;
    node.export_root(owner);
    let server = wherever_transports::serve(&node, url)?;
    println!("= serves {port} at {}", server.url());
    io::copy(&mut stdin(), &mut sink())?;
    Ok(())
}
