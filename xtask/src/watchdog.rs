//! Ends what a step has started and does not end by itself: a gate that hangs tells nobody what hung.

use std::collections::HashMap;
use std::fs;
use std::process::Command;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::process::say;

/// While it lives, everything that this process has started is given so much time.
pub(crate) struct Watchdog {
    _alive: Sender<()>,
}

impl Watchdog {
    /// Gives whatever is started from here on `limit`; then it is named, and killed.
    pub(crate) fn begin(limit: Duration) -> Self {
        let (alive, dropped) = channel();
        thread::spawn(move || {
            if dropped.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                kill_all(limit);
            }
        });
        Self { _alive: alive }
    }
}

fn kill_all(limit: Duration) {
    say(format!("   not done after {} s; killed:", limit.as_secs()));
    for process in descendants(std::process::id(), &all_processes()) {
        say(format!("     {process} {}", command_line(process)));
        // One that has ended meanwhile needs no killing.
        let _ = Command::new("kill").args(["-KILL", &process.to_string()]).status();
    }
}

/// All processes, by that which started them; none where the system has no `/proc`.
fn all_processes() -> HashMap<u32, Vec<u32>> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        children.entry(parent_of(&stat)).or_default().push(process);
    }
    children
}

/// The parent that a line of `/proc/N/stat` tells: the second field behind the name, which may hold anything.
fn parent_of(stat: &str) -> u32 {
    let behind_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    behind_name.split(' ').nth(1).and_then(|parent| parent.parse().ok()).unwrap_or(0)
}

/// Whatever a process has started, and what that has started, outermost first.
fn descendants(process: u32, children: &HashMap<u32, Vec<u32>>) -> Vec<u32> {
    let mut found = children.get(&process).cloned().unwrap_or_default();
    let mut place = 0;
    while let Some(process) = found.get(place) {
        found.extend(children.get(process).into_iter().flatten());
        place += 1;
    }
    found
}

fn command_line(process: u32) -> String {
    let line = fs::read_to_string(format!("/proc/{process}/cmdline")).unwrap_or_default();
    line.trim_end_matches('\0').replace('\0', " ").chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hangs_is_killed() {
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let watchdog = Watchdog::begin(Duration::ZERO);
        assert!(!child.wait().unwrap().success());
        drop(watchdog);
    }

    #[test]
    fn parents_are_found_whatever_the_name() {
        assert_eq!(parent_of("12 (a) b) c) S 7 12 12 0"), 7);
        assert_eq!(parent_of(""), 0);
    }

    #[test]
    fn descendants_are_found_at_any_depth() {
        let children = HashMap::from([(1, vec![2, 3]), (3, vec![4]), (4, vec![5]), (9, vec![1])]);
        assert_eq!(descendants(1, &children), [2, 3, 4, 5]);
    }
}
