//! Which fuzz targets there are, and how they are built.

use crate::process::{Failure, cargo, root, run, target_dir};
use std::env;
use std::path::PathBuf;
use std::process::Command;

/// What `cargo-fuzz` would pass, less the sanitizer: counters on every edge, a
/// table of their places, and the operands of comparisons, from which libFuzzer
/// learns magic numbers and lengths. With several codegen units, counters of
/// code that is inlined across them get lost.
const RUSTC_FLAGS: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "--cfg",
    "fuzzing",
];

/// The names of the `[[bin]]` targets, in the order of `fuzz/Cargo.toml`.
pub(super) fn targets() -> Result<Vec<String>, Failure> {
    let path = root().join("fuzz").join("Cargo.toml");
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Failure::new(format!("cannot read fuzz/Cargo.toml: {error}")))?;
    Ok(bin_names(&text))
}

/// Reads the names by hand: asking cargo would mean parsing JSON.
fn bin_names(manifest: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut in_bin = false;
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            in_bin = line.starts_with("[[bin]]");
        } else if in_bin
            && let Some((key, value)) = line.split_once('=')
            && key.trim() == "name"
            && let Some(name) = value.split('"').nth(1)
        {
            names.push(name.to_owned());
        }
    }
    names
}

/// Builds all targets, instrumented, and returns the folder they are in.
///
/// In a target folder of its own, so that it does not wait for other builds.
/// Checks that a release build leaves out are on: a finding may be an overflow.
pub(super) fn build() -> Result<PathBuf, Failure> {
    let host = host_triple()?;
    let dir = target_dir().join("fuzz");
    // With `--target`, build scripts and macros are not instrumented: they
    // would look for counters that only libFuzzer has.
    let base = ["build", "--quiet", "--release", "--bins", "--package"];
    let mut command = cargo(&base);
    command
        .args(["wherever-fuzz", "--target", &host, "--target-dir"])
        .arg(&dir)
        // The encoded form wins over RUSTFLAGS and over any configuration.
        .env("CARGO_ENCODED_RUSTFLAGS", RUSTC_FLAGS.join("\u{1f}"))
        .env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true")
        .env("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", "true");
    run(&mut command).map_err(|failure| Failure {
        message: Some("the fuzz targets do not build (libFuzzer needs a C++ compiler)".into()),
        ..failure
    })?;
    Ok(dir.join(host).join("release"))
}

/// The triple that this rustc compiles for when not told otherwise.
fn host_triple() -> Result<String, Failure> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .arg("-vV")
        .output()
        .map_err(|error| Failure::new(format!("cannot start rustc: {error}")))?;
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .find_map(|line| line.strip_prefix("host: ").map(str::to_owned))
        .ok_or_else(|| Failure::new("`rustc -vV` does not name the host"))
}

#[cfg(test)]
mod tests {
    use super::bin_names;

    #[test]
    fn only_bins_are_targets() {
        let manifest = "[package]\nname = \"wherever-fuzz\"\n\n[[bin]]\nname = \"frame\"\n\
                        path = \"x\"\n[[bin]]\npath = \"y\"\nname=\"shape\" # why\n\
                        [lib]\nname = \"other\"\n";
        assert_eq!(bin_names(manifest), ["frame", "shape"]);
    }
}
