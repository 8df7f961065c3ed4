//! The room: what the processes share, and what one of them has.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use wherever::Error;

/// Hears what is said in the room: an object of a member's, called by the room.
#[wherever::interface("org.example.Listener/1")]
pub(crate) trait Listener {
    /// Nobody waits until it was heard, so that a slow member holds up none of the others.
    #[wherever(one_way)]
    fn heard(&self, line: &str) -> Result<(), Error>;
}

/// Where members come in.
#[wherever::interface("org.example.Room/1")]
pub(crate) trait Room {
    /// Takes a seat. Whoever lets go of it has left, be it by dropping it or by the death of the whole process.
    fn join(&self, name: &str, listener: Arc<dyn Listener>) -> Result<Arc<dyn Seat>, Error>;
}

/// A member's place in the room.
#[wherever::interface("org.example.Seat/1")]
pub(crate) trait Seat {
    /// Says something to all.
    fn say(&self, text: &str) -> Result<(), Error>;
}

/// What happens in the room. One thread tells all of it, so that every member hears the same in the same order.
enum Event {
    Came(String, Arc<dyn Listener>),
    Said(String, String),
    Left(String),
}

/// The room, in the process that has it.
pub(crate) struct Hall(Sender<Event>);

impl Hall {
    pub(crate) fn open() -> Self {
        let (tell, events) = channel();
        thread::spawn(|| tell_all(events));
        Self(tell)
    }
}

fn tell_all(events: Receiver<Event>) {
    let mut members: Vec<(String, Arc<dyn Listener>)> = Vec::new();
    for event in events {
        let line = match event {
            Event::Came(name, listener) => {
                let line = format!("{name} is here");
                members.push((name, listener));
                line
            }
            Event::Said(name, text) => format!("{name}: {text}"),
            Event::Left(gone) => {
                members.retain(|(name, _)| *name != gone);
                format!("{gone} is gone")
            }
        };
        for (_, listener) in &members {
            // It fails for who has just died, whose seat tells of that.
            let _ = listener.heard(&line);
        }
    }
}

#[wherever::export]
impl Room for Hall {
    fn join(&self, name: &str, listener: Arc<dyn Listener>) -> Result<Arc<dyn Seat>, Error> {
        let place = Place { name: name.into(), room: self.0.clone() };
        place.tell(Event::Came(name.into(), listener))?;
        // The room keeps no reference to it: whoever joined has the only one.
        Ok(Arc::new(place))
    }
}

struct Place {
    name: String,
    room: Sender<Event>,
}

impl Place {
    fn tell(&self, event: Event) -> Result<(), Error> {
        self.room.send(event).map_err(|_| Error::raise("chat:Closed", "the room is closed"))
    }
}

impl Seat for Place {
    fn say(&self, text: &str) -> Result<(), Error> {
        self.tell(Event::Said(self.name.clone(), text.into()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.tell(Event::Left(self.name.clone()));
    }
}
