//! The threaded driver between real processes: hazards 5 to 9 of the design, deaths, pressure, and random programs.
//!
//! None of them sleeps, and none depends on how long anything takes, but for one promise: that a death is told of within
//! a second. A scene that does not end is killed, and has failed.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod deaths;
mod hazards;
mod model;
mod pressure;

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

/// The kinds of carrier.
const CARRIERS: [&str; 3] = ["socket", "pipes", "bytes"];

/// Time after which a scene is taken to hang.
const HANGS: Duration = Duration::from_secs(240);

/// Plays a scene in a process of its own, to the end.
fn play(words: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_real"));
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().unwrap();
    let (sender, receiver) = channel();
    let mut errors = child.stderr.take().unwrap();
    // Its end is that of all processes of the scene.
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        let _ = errors.read_to_end(&mut text);
        let _ = sender.send(());
        String::from_utf8_lossy(&text).into_owned()
    });
    let hangs = receiver.recv_timeout(HANGS).is_err();
    if hangs {
        kill_process_group(Pid::from_child(&child), Signal::KILL).unwrap();
    }
    let status = child.wait().unwrap();
    let text = reader.join().unwrap();
    assert!(!hangs, "{words:?} hangs; run it again: cargo xtask real {}\n{text}", words.join(" "));
    assert!(status.success(), "{words:?}: {status}; run it again: cargo xtask real {}\n{text}", words.join(" "));
}

/// Plays a scene over each kind of carrier.
fn play_over_all(scene: &str) {
    CARRIERS.iter().for_each(|carrier| play(&[scene, carrier]));
}
