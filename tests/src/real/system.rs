//! What the system says of a process: its threads, its processor time, its memory.

use std::fs;
use std::thread;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Threads of this process.
pub fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

/// Processor time that this process has used, all its threads together.
pub fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Bytes of memory that this process has in use.
pub fn memory() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap();
    text.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// Whether all threads of this process sleep, but the one that asks: nothing moves in it until something comes.
pub fn others_sleep() -> bool {
    let me = fs::read_link("/proc/thread-self").unwrap().file_name().unwrap().to_owned();
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    tasks.filter(|task| task.file_name() != me).all(|task| match fs::read_to_string(task.path().join("stat")) {
        Ok(stat) => stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('S')),
        // It has ended meanwhile.
        Err(_) => true,
    })
}

/// Waits for something that is sure to come; a scene that waits in vain is killed.
pub fn until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        thread::yield_now();
    }
}
