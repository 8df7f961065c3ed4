//! A serial line between two processes: two pseudo-terminals, and a cable between them.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::thread;

use rustix::pty::{self, OpenptFlags};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// Makes the line; gives the paths of its two ends, each of which one process opens. The cable goes when both have been
/// closed.
pub(crate) fn lay() -> io::Result<[String; 2]> {
    let (one, other) = (end()?, end()?);
    let ends = [&one, &other].map(|file| pty::ptsname(&**file, Vec::new()));
    let [one_path, other_path] = ends.map(|name| name.map(|name| name.to_string_lossy().into_owned()));
    for (from, to) in [(one.clone(), other.clone()), (other, one)] {
        // It ends when the process at that end has gone.
        thread::spawn(move || io::copy(&mut &*from, &mut &*to));
    }
    Ok([one_path?, other_path?])
}

fn end() -> io::Result<Arc<File>> {
    let end = File::from(pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?);
    pty::grantpt(&end)?;
    pty::unlockpt(&end)?;
    // Before anything comes that would be echoed.
    let mut settings = tcgetattr(&end)?;
    settings.make_raw();
    tcsetattr(&end, OptionalActions::Now, &settings)?;
    Ok(Arc::new(end))
}
