//! Tells the compiler that `cfg(fuzzing)` is a name we mean.
//!
//! A package that inherits the workspace's lints cannot add a `check-cfg` of
//! its own in `Cargo.toml`, so it is said here.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(fuzzing)");
    println!("cargo::rerun-if-changed=build.rs");
}
