//! A carrier that shows what it carries.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use wherever::Transport;
use wherever::limits::{Limits, Told};
use wherever::wire::describe::Describer;

/// Which way a unit went, from the view of the side that traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// From this side.
    Sent,
    /// To this side.
    Received,
}

/// A carrier around another one, which hands a description of each unit, in lines, to a function: a preface, a frame, a
/// part. What peers name in it is escaped.
///
/// ```
/// # use wherever::Transport;
/// # use wherever_transports::Traced;
/// let (near, _far) = wherever::transport::memory_pair();
/// let traced = Traced::new(near, |way, lines| eprintln!("{way:?}: {}", lines.join("\n  ")));
/// traced.send(&[0])?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Traced<T> {
    carrier: T,
    describer: Mutex<Describer>,
    tell: Box<Tell>,
}

type Tell = dyn Fn(Way, &[String]) + Send + Sync;

impl<T: Transport> Traced<T> {
    /// Wraps a carrier. `tell` is called before a unit is sent, and after one was received.
    pub fn new(carrier: T, tell: impl Fn(Way, &[String]) + Send + Sync + 'static) -> Self {
        // Each side has limits of its own, which a trace does not judge.
        let told = Told {
            frame_len_max: u32::MAX,
            message_len_max: u32::MAX,
            frame_refs_max: u32::MAX,
            frame_shapes_max: u32::MAX,
            calls_max: u32::MAX,
        };
        let mut limits = Limits::default();
        limits.told = told;
        Self { carrier, describer: Mutex::new(Describer::new(limits)), tell: Box::new(tell) }
    }

    /// The carrier that is traced.
    pub fn carrier(&self) -> &T {
        &self.carrier
    }

    fn tell(&self, way: Way, unit: &[u8]) {
        let lines = {
            let mut describer = self.describer.lock().unwrap_or_else(PoisonError::into_inner);
            match way {
                Way::Sent => describer.sent(unit),
                Way::Received => describer.received(unit),
            }
        };
        (self.tell)(way, &lines);
    }
}

impl<T: Transport> Transport for Traced<T> {
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        self.tell(Way::Sent, frame);
        self.carrier.send(frame)
    }

    fn recv(&self, frame: &mut Vec<u8>) -> io::Result<()> {
        self.carrier.recv(frame)?;
        self.tell(Way::Received, frame);
        Ok(())
    }

    fn close(&self) {
        self.carrier.close();
    }

    fn recv_until(&self, frame: &mut Vec<u8>, time: Option<Duration>) -> io::Result<()> {
        self.carrier.recv_until(frame, time)?;
        self.tell(Way::Received, frame);
        Ok(())
    }

    fn recv_for(&self, frame: &mut Vec<u8>, time: Duration) -> io::Result<()> {
        self.carrier.recv_for(frame, time)?;
        self.tell(Way::Received, frame);
        Ok(())
    }

    fn wake(&self) {
        self.carrier.wake();
    }

    fn is_interruptible(&self) -> bool {
        self.carrier.is_interruptible()
    }

    fn frame_len_max(&self) -> usize {
        self.carrier.frame_len_max()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use wherever::drive::connect_simple;
    use wherever::transport::memory_pair;
    use wherever::{Node, Value};

    use super::*;

    #[test]
    fn both_ways_are_told_and_nothing_is_changed() {
        let (near, far) = memory_pair();
        let server = Node::new();
        server.export("list", wherever::hosts::List::from(vec![Value::Int(5)]).to_own());
        let thread = std::thread::spawn(move || connect_simple(&server, far).serve());
        let told = Arc::new(Mutex::new(Vec::new()));
        let noted = told.clone();
        let carrier = Traced::new(near, move |way, lines| noted.lock().unwrap().push((way, lines.join("\n"))));
        let peer = connect_simple(&Node::new(), carrier);
        let list = peer.get("list").unwrap();
        assert_eq!(list.index(0).unwrap(), Value::Int(5));
        drop(list);
        peer.close("done");
        thread.join().unwrap().unwrap();
        let told = told.lock().unwrap();
        assert_eq!(told.iter().filter(|(way, _)| *way == Way::Received).count(), 3);
        let has = |way, part: &str| told.iter().any(|(told_way, text)| *told_way == way && text.contains(part));
        assert!(has(Way::Sent, "get list on their names"), "{told:#?}");
        assert!(has(Way::Received, "(index) = 5"), "{told:#?}");
        assert!(has(Way::Sent, "BYE done"), "{told:#?}");
    }
}
