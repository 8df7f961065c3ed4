//! What `wherever` costs beside the bare carrier: both in one run, in turns, between two processes. `cargo xtask bench`.
//!
//! The program starts itself again for each row and placement, and that process starts the two servers, so that rows
//! share neither memory nor threads.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program: printing is its job")]

#[cfg(target_os = "linux")]
mod arguments;
#[cfg(target_os = "linux")]
mod bare;
#[cfg(target_os = "linux")]
mod figures;
#[cfg(target_os = "linux")]
mod measure;
#[cfg(target_os = "linux")]
mod ours;
#[cfg(target_os = "linux")]
mod place;
#[cfg(target_os = "linux")]
mod report;
#[cfg(target_os = "linux")]
mod rows;
#[cfg(target_os = "linux")]
mod run;
#[cfg(target_os = "linux")]
mod server;
#[cfg(target_os = "linux")]
mod system;
#[cfg(target_os = "linux")]
mod tasks;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    run::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("the bench reads what Linux tells of a process, and places it as Linux does: it runs nowhere else");
}
