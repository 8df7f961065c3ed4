//! A serial line as a carrier: a terminal's device file, made to let every byte through.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use wherever::transport::Framed;
use wherever::{Node, Peer};

/// What a URL of a serial line begins with; the device's path follows.
pub(crate) const SCHEME: &str = "tty:";

/// Connects a node by the serial line with this device file. A line has two ends, so there is one session on it.
pub(crate) fn connect(node: &Node, device: &Path) -> io::Result<Peer> {
    let file = File::from(rustix::fs::open(device, OFlags::RDWR | OFlags::NOCTTY, Mode::empty())?);
    let mut settings = tcgetattr(&file)?;
    settings.make_raw();
    tcsetattr(&file, OptionalActions::Now, &settings)?;
    Ok(wherever::connect(node, Framed::new(file.try_clone()?, file)))
}
