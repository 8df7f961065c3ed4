//! What the fuzz targets share: a heap bound, a way to catch stack overflows,
//! and a `main` for each of the two builds.
//!
//! A target is one function from bytes to nothing that must not panic. The
//! [`target!`] macro makes it a libFuzzer program under `cfg(fuzzing)`, and in
//! every other build a program that runs the same function once on each file
//! named on its command line, which is how a finding is replayed.

mod heap;
mod replay;
#[cfg(all(fuzzing, unix))]
mod stack;

pub use heap::heap_bound;
pub use replay::replay;

/// Prepares the process for a fuzzing run; called once, by [`target!`].
#[cfg(fuzzing)]
pub fn init() {
    #[cfg(unix)]
    stack::report_overflow();
}

/// Turns a function `fn(&[u8])` into the `main` of a fuzz target.
///
/// The target's file must start with `#![cfg_attr(fuzzing, no_main)]`.
#[macro_export]
macro_rules! target {
    ($run:path) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(init: { $crate::init() }, |data: &[u8]| $run(data));

        #[cfg(not(fuzzing))]
        fn main() -> std::process::ExitCode {
            $crate::replay($run)
        }
    };
}
