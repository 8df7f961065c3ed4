//! The other process: this program again, serving what it is told to on its standard input, which is a socket.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

use crate::figures::Failure;
use crate::{bare, ours, tasks};

/// A process that serves.
pub(crate) struct Server {
    child: Child,
}

impl Server {
    /// Starts one that serves this, and gives the socket that leads to it.
    pub(crate) fn start(what: &str) -> io::Result<(Self, UnixStream)> {
        let (near, far) = UnixStream::pair()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", what]).stdin(Stdio::from(OwnedFd::from(far)));
        Ok((Self { child: command.spawn()? }, near))
    }

    /// Starts one that serves this to whoever connects to a listening socket.
    pub(crate) fn listening(what: &str, listener: OwnedFd) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", what]).stdin(Stdio::from(listener));
        Ok(Self { child: command.spawn()? })
    }

    /// Ends it, where it would go on for ever.
    pub(crate) fn kill(mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(|_| ())
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end, which comes with that of the session.
    pub(crate) fn end(mut self) -> Result<(), Failure> {
        let status = self.child.wait()?;
        match status.success() {
            true => Ok(()),
            false => Err(Failure::Wrong(format!("the server ended badly: {status}"))),
        }
    }
}

/// What the other process does.
pub(crate) fn serve(what: &str) -> Result<(), Failure> {
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    if what == "tasks-many" {
        return tasks::serve_many(socket, usize::MAX);
    }
    let socket = UnixStream::from(socket);
    match what {
        "bare" => Ok(bare::serve(socket)?),
        "ours" => ours::serve(socket),
        "tasks" => tasks::serve(socket),
        "bare-tasks" => tasks::serve_bare(socket),
        "carrier" => ours::echo_frames(socket),
        other => Err(Failure::Wrong(format!("nothing to serve is called `{other}`"))),
    }
}
