//! Taking connections: the loop, and what becomes of each.

use std::io;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use wherever::Node;
use wherever::drive::Manual;
use wherever::transport::{FRAMED_LEN_MAX, frame_head};

use crate::connect::drive;
use crate::greeting::{Carrier, greet};
use crate::server::Shared;
use crate::server::listener::{Listener, Source, Stream};
use crate::server::table::Refusal;

/// How long nothing is taken when the system has no descriptor or thread left: the connection that waits would be found
/// again and again.
const STARVED_PAUSE: Duration = Duration::from_millis(100);

/// Takes connections until the server stops. Waits for no peer.
pub(crate) fn accept_all(shared: &Arc<Shared>, listener: &Listener) {
    loop {
        let took = match shared.wake.wait(listener, None) {
            Ok(ready) if ready.woken => return,
            Ok(_) => listener.accept(),
            Err(error) => Err(error),
        };
        let taken = took.and_then(|(stream, source)| admit(shared, listener, stream, source));
        let Err(error) = taken else { continue };
        let passes = [io::ErrorKind::WouldBlock, io::ErrorKind::Interrupted, io::ErrorKind::ConnectionAborted];
        if passes.contains(&error.kind()) {
            continue;
        }
        shared.table.lock().counts.starved += 1;
        if shared.wake.pause(STARVED_PAUSE) {
            return;
        }
    }
}

/// Takes one connection, or refuses it. Fails if the system has no room for it.
fn admit(shared: &Arc<Shared>, listener: &Listener, stream: Stream, source: Source) -> io::Result<()> {
    let checked = match listener.admits(&source) {
        true => shared.table.lock().check(&shared.limits, &source),
        false => {
            shared.table.lock().count(Refusal::User);
            Err(Refusal::User)
        }
    };
    if let Err(refusal) = checked {
        stream.refuse(&farewell(&shared.node, refusal.words()));
        return Ok(());
    }
    let socket = match stream.into_socket() {
        Ok(socket) => socket,
        // It has gone already.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Ok(()),
        Err(error) => return Err(error),
    };
    start(shared, source, Arc::new(socket), Some(shared.limits.greeting_time))
}

/// What a peer gets that is told no more than this: a preface, and a frame that says why.
fn farewell(node: &Node, words: &str) -> Vec<u8> {
    let session = Manual::new(node, FRAMED_LEN_MAX);
    session.peer().close(words);
    let mut bytes = Vec::new();
    while let Some(frame) = session.take_frame() {
        let Ok(head) = frame_head(frame.len()) else { break };
        bytes.extend(head);
        bytes.extend(frame);
    }
    bytes
}

/// A place in the table, given back when this is dropped.
struct Slot {
    shared: Weak<Shared>,
    number: u64,
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.remove(self.number);
        }
    }
}

/// Enters a connection, and greets it on a thread of its own.
pub(crate) fn start(
    shared: &Arc<Shared>,
    source: Source,
    carrier: Arc<dyn Carrier>,
    time: Option<Duration>,
) -> io::Result<()> {
    let (number, evicted) = {
        let mut table = shared.table.lock();
        (table.enter(source, carrier.clone()), table.evict(&shared.limits))
    };
    if let Some(connection) = evicted {
        connection.carrier.close();
    }
    let slot = Slot { shared: Arc::downgrade(shared), number };
    let greeting = {
        let shared = shared.clone();
        move || open(&shared, slot, carrier, time)
    };
    // If there can be no thread, the slot is dropped here.
    thread::Builder::new().name("wherever-serve".into()).spawn(greeting).map(|_| ())
}

fn open(shared: &Shared, slot: Slot, carrier: Arc<dyn Carrier>, time: Option<Duration>) {
    let number = slot.number;
    let greeted = greet(&shared.node, &*carrier, time);
    let Ok(greeted) = greeted else {
        // Unless it was told to go.
        if shared.remove(number) {
            shared.table.lock().counts.strangers += 1;
        }
        return carrier.close();
    };
    if !shared.table.lock().greeted(number) {
        return carrier.close();
    }
    let peer = drive(&shared.node, greeted.carrier(carrier, slot));
    let goes_on = shared.table.lock().open(number, &peer);
    if !goes_on {
        peer.close(Refusal::Stopping.words());
    }
}
