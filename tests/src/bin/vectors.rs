//! Writes the protocol's vectors, or compares with those that are there: `cargo xtask vectors [--check]`.
//!
//! With `--seeds` it writes the inputs that fuzzing begins with instead.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program: printing is its job")]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use wherever_tests::vectors::{files, seeds::seeds};

fn main() -> ExitCode {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        [] => write_all(&top.join("vectors"), files().into_iter().map(|(name, text)| (name.into(), text.into_bytes()))),
        ["--check"] => check(&top.join("vectors")),
        ["--seeds"] => {
            let seeds = seeds().into_iter().map(|(target, name, bytes)| (Path::new(target).join(name), bytes));
            write_all(&top.join("../fuzz/seeds"), seeds)
        }
        _ => Err("usage: vectors [--check | --seeds]".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("{text}");
            ExitCode::FAILURE
        }
    }
}

fn write_all(folder: &Path, files: impl Iterator<Item = (PathBuf, Vec<u8>)>) -> Result<(), String> {
    for (name, bytes) in files {
        let path = folder.join(name);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, bytes));
        written.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(())
}

/// Compares all files with what they would be if they were written now.
fn check(folder: &Path) -> Result<(), String> {
    let files = files();
    for (name, now) in &files {
        let before = fs::read_to_string(folder.join(name)).map_err(|error| format!("cannot read {name}: {error}"))?;
        let mut lines = before.lines().zip(now.lines()).enumerate();
        if let Some((line, (before, now))) = lines.find(|(_, (before, now))| before != now) {
            let at = line + 1;
            return Err(format!("tests/vectors/{name} differs in line {at}:\n  there: {before}\n  now:   {now}"));
        }
        if before != *now {
            return Err(format!("tests/vectors/{name} is longer or shorter than it would be now"));
        }
    }
    let known = |name: &str| files.iter().any(|(known, _)| *known == name) || name == "README.md";
    let strangers = names(folder).map_err(|error| error.to_string())?.into_iter().filter(|name| !known(name));
    match strangers.collect::<Vec<_>>().first() {
        Some(stranger) => Err(format!("tests/vectors/{stranger} is no file of vectors")),
        None => {
            println!("{} files of vectors are as they would be written now", files.len());
            Ok(())
        }
    }
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    names.collect()
}
