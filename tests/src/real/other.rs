//! The other process of a scene.

use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, getpid, kill_process};

use super::carrier::{Any, Kind};
use super::system::until;

/// The other process. Dropped, it is killed; none is left behind.
pub struct Other(Child);

/// Starts the other process, which behaves as told, connected by a carrier of this kind.
pub fn start(kind: Kind, words: &[&str]) -> (Any, Other) {
    let (near, input, output) = kind.pair();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--other", kind.name()]).args(words).stdin(Stdio::from(input)).stdout(Stdio::from(output));
    (near, Other(command.spawn().unwrap()))
}

impl Other {
    /// Its number.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Kills it, by the signal that cannot be caught.
    pub fn kill(&self) {
        kill_process(Pid::from_child(&self.0), Signal::KILL).unwrap();
    }

    /// Stops it where it is: from now on it does nothing, and reads nothing.
    pub fn stop(&self) {
        kill_process(Pid::from_child(&self.0), Signal::STOP).unwrap();
        let state = || std::fs::read_to_string(format!("/proc/{}/stat", self.id())).unwrap();
        until(|| state().rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T')));
    }

    /// Has it go on.
    pub fn go_on(&self) {
        kill_process(Pid::from_child(&self.0), Signal::CONT).unwrap();
    }

    /// Waits for its end.
    pub fn wait(mut self) -> ExitStatus {
        self.0.wait().unwrap()
    }

    /// Waits for its end, which must be in order.
    pub fn ends_well(self) {
        let status = self.wait();
        assert!(status.success(), "the other process: {status}");
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The end of this process, at this very point.
pub fn die() -> ! {
    kill_process(getpid(), Signal::KILL).unwrap();
    loop {
        std::thread::park();
    }
}
