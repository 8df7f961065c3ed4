//! The story: who types what, and what they must see.

use std::error::Error;
use std::fs;
use std::io::{self, sink, stdin};
use std::path::PathBuf;

use crate::console::Console;
use crate::device;

type Outcome = Result<(), Box<dyn Error>>;

/// A folder for the socket, which goes with the value.
struct Folder(PathBuf);

impl Folder {
    fn make() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("wherever-hardware-{}", std::process::id()));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Plugs a device in until standard input ends, for who plays by hand.
pub(crate) fn plug_in() -> Outcome {
    println!("{}", device::plug_in()?);
    io::copy(&mut stdin(), &mut sink())?;
    Ok(())
}

/// The same news come to both.
fn both_hear(anna: &mut Console, ben: &mut Console, news: &str) -> Outcome {
    anna.hears(news)?;
    ben.hears(news)
}

pub(crate) fn run() -> Outcome {
    println!("1. A device is plugged in, a process owns it, and two others use it.");
    let folder = Folder::make()?;
    let port = device::plug_in()?;
    let url = format!("unix://{}/instrument", folder.0.display());
    let mut instrument = Console::start("instrument", &["instrument", &port, &url])?;
    instrument.answers("serves ")?;
    let mut anna = Console::start("anna", &["user", "anna", &url])?;
    let mut ben = Console::start("ben", &["user", "ben", &url])?;
    anna.answers("watches it")?;
    ben.answers("watches it")?;

    println!("2. Both read it at once.");
    anna.type_in("read")?;
    ben.type_in("read")?;
    anna.answers("position 0, 20.0 degrees, free")?;
    ben.answers("position 0, 20.0 degrees, free")?;

    println!("3. A change is told to both, by a callback.");
    ben.does("move 5", "position 5, 20.5 degrees, free")?;
    both_hear(&mut anna, &mut ben, "position 5, 20.5 degrees, free")?;

    println!("4. A lease that has run out holds up nobody.");
    anna.does("lock 0", "has it for 0 seconds")?;
    both_hear(&mut anna, &mut ben, "position 5, 20.5 degrees, locked by anna")?;
    ben.does("move 6", "position 6, 20.6 degrees, free")?;
    both_hear(&mut anna, &mut ben, "position 6, 20.6 degrees, free")?;
    anna.does("move 7", "refused: this lease is over")?;

    println!("5. While one has the lease, the other is refused, and told who has it.");
    anna.does("lock 3600", "has it for 3600 seconds")?;
    both_hear(&mut anna, &mut ben, "position 6, 20.6 degrees, locked by anna")?;
    anna.does("move 12", "position 12, 21.2 degrees, locked by anna")?;
    both_hear(&mut anna, &mut ben, "position 12, 21.2 degrees, locked by anna")?;
    ben.does("move 3", "refused: anna has locked the instrument")?;
    ben.does("lock 60", "refused: anna has locked the instrument")?;
    ben.does("read", "position 12, 21.2 degrees, locked by anna")?;

    println!("6. The process that has the lease is killed, and the lease goes with it.");
    println!("   anna   has ended: {}", anna.kill()?);
    ben.hears("position 12, 21.2 degrees, free")?;
    ben.does("move 3", "position 3, 22.1 degrees, free")?;
    ben.hears("position 3, 22.1 degrees, free")?;

    println!("7. The others end by themselves.");
    println!("   ben   has ended: {}", ben.end()?);
    println!("   instrument   has ended: {}", instrument.end()?);
    Ok(())
}
