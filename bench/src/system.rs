//! What the system tells of a process.

use std::fs;
use std::io;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setrlimit};

use crate::figures::Failure;

/// Bytes in a page of memory.
fn page() -> u64 {
    rustix::param::page_size() as u64
}

/// Bytes of memory that a process has in use: the resident set, of which what it shares with files is taken off.
pub(crate) fn memory(process: u32) -> io::Result<u64> {
    let statm = fs::read_to_string(format!("/proc/{process}/statm"))?;
    let pages: Vec<u64> = statm.split(' ').map_while(|word| word.trim().parse().ok()).collect();
    let [_, resident, shared, ..] = pages[..] else { return Err(io::ErrorKind::InvalidData.into()) };
    Ok((resident - shared.min(resident)) * page())
}

/// Has the system end this process when the one that started it ends, however that happens.
pub(crate) fn end_with_parent() -> Result<(), Failure> {
    Ok(set_parent_process_death_signal(Some(Signal::KILL)).map_err(io::Error::from)?)
}

/// Lets this process, and those that it starts, have as many files open as the system ever lets it.
pub(crate) fn allow_files() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?)
}

/// How often the threads that a process has now gave up their CPU, or were taken off it.
pub(crate) fn switches(process: u32) -> io::Result<u64> {
    let mut sum = 0;
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        let status = fs::read_to_string(task?.path().join("status"))?;
        let lines = status.lines().filter(|line| line.contains("ctxt_switches"));
        sum += lines.filter_map(|line| line.split_once(':')?.1.trim().parse::<u64>().ok()).sum::<u64>();
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_tells_of_this_process() {
        let here = std::process::id();
        let before = memory(here).unwrap();
        let filled = std::hint::black_box(vec![1_u8; 64 << 20]);
        assert!(memory(here).unwrap() >= before + (32 << 20));
        drop(filled);
        assert!(switches(here).unwrap() > 0);
        assert!(memory(u32::MAX).is_err());
    }
}
