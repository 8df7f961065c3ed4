//! The sources of the core and of the Python package's extension: lengths, purposes, layers, and what they never do.

use std::fs;
use std::path::Path;

use crate::manifest::top;

/// Lines of a file, and of a function, at most.
pub(crate) const FILE_LINES: usize = 500;
pub(crate) const FUNCTION_LINES: usize = 70;

/// A source file: its path, and its lines, without those of its tests.
struct Source {
    path: String,
    lines: Vec<String>,
}

/// The sources of the core.
fn core() -> Vec<Source> {
    sources("src", 50)
}

/// The sources of all that is held to the same lengths and manners.
fn all() -> Vec<Source> {
    let others = [("python/src", 20), ("debug/src", 5), ("dap/src", 10)];
    core().into_iter().chain(others.into_iter().flat_map(|(folder, least)| sources(folder, least))).collect()
}

fn sources(folder: &str, least: usize) -> Vec<Source> {
    let mut sources = Vec::new();
    collect(&top().join(folder), &format!("{folder}/"), &mut sources);
    assert!(sources.len() >= least, "only {} files were found in {folder}", sources.len());
    sources
}

fn collect(folder: &Path, below: &str, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{below}{}", path.file_name().unwrap().to_string_lossy());
        if path.is_dir() {
            collect(&path, &format!("{name}/"), sources);
        } else if name.ends_with(".rs") && !is_test(&name) {
            let text = fs::read_to_string(&path).unwrap();
            let lines = without_tests(&text);
            sources.push(Source { path: name, lines });
        }
    }
}

/// Files that are compiled for tests only.
fn is_test(name: &str) -> bool {
    ["/tests.rs", "/testing.rs", "/model.rs"].iter().any(|end| name.ends_with(end))
        || ["/tests/", "/model/"].iter().any(|folder| name.contains(folder))
}

/// The lines up to the module of tests, which stands last.
fn without_tests(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let tests = lines.windows(2).position(|pair| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod tests {"));
    lines[..tests.unwrap_or(lines.len())].iter().map(|line| (*line).to_owned()).collect()
}

/// The line without what follows `//`, roughly: a comment is no code.
fn code(line: &str) -> &str {
    let line = line.trim_start();
    if line.starts_with("//") { "" } else { line.split(" // ").next().unwrap_or_default() }
}

pub(crate) fn complain(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

#[test]
fn files_are_short() {
    let long = all().into_iter().filter(|source| source.lines.len() >= FILE_LINES);
    let long: Vec<_> = long.map(|source| format!("{}: {} lines", source.path, source.lines.len())).collect();
    complain("files of 500 lines or more, tests not counted", &long);
}

#[test]
fn functions_are_short() {
    let mut long = Vec::new();
    for source in all() {
        for (start, line) in source.lines.iter().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let words: Vec<&str> = code(line).split_whitespace().take_while(|word| !word.contains('(')).collect();
            let is_function = words.contains(&"fn") || code(line).starts_with("fn ");
            if !is_function || code(line).ends_with(';') || code(line).ends_with('}') {
                continue;
            }
            let end = format!("{}}}", " ".repeat(indent));
            let length = source.lines[start..].iter().position(|line| *line == end).map_or(0, |length| length + 1);
            if length >= FUNCTION_LINES {
                long.push(format!("{}:{}: {length} lines", source.path, start + 1));
            }
        }
    }
    complain("functions of 70 lines or more", &long);
}

#[test]
fn every_module_tells_its_purpose() {
    let silent = all().into_iter().filter(|source| !source.lines.first().is_some_and(|line| line.starts_with("//!")));
    let silent: Vec<_> = silent.map(|source| source.path).collect();
    complain("modules that do not begin with their purpose", &silent);
}

#[test]
fn nothing_gives_up() {
    let words = [".unwrap()", ".expect(", "panic!(", "todo!(", "unimplemented!(", "unreachable!(", ".unwrap_err()"];
    let mut found = Vec::new();
    for source in all() {
        for (number, line) in source.lines.iter().enumerate() {
            if let Some(word) = words.iter().find(|word| code(line).contains(**word)) {
                found.push(format!("{}:{}: {word}", source.path, number + 1));
            }
        }
    }
    complain("places that give up", &found);
}

/// What each layer may not name, being below it.
const LAYERS: [(&str, &[&str]); 3] = [
    ("src/wire/", &["session", "drive", "peer", "proxy", "promise", "node", "call", "batch", "stream", "transport"]),
    (
        "src/table/",
        &["wire", "session", "drive", "peer", "proxy", "promise", "node", "call", "batch", "stream", "transport"],
    ),
    ("src/session/", &["drive", "peer", "proxy", "promise", "node", "call", "batch", "stream", "transport"]),
];

#[test]
fn layers_know_nothing_above_them() {
    let mut found = Vec::new();
    for source in core() {
        let Some((_, above)) = LAYERS.iter().find(|(layer, _)| source.path.starts_with(layer)) else { continue };
        for (number, line) in source.lines.iter().enumerate() {
            let named = code(line)
                .split("crate::")
                .skip(1)
                .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default());
            for name in named.filter(|name| above.contains(name)) {
                found.push(format!("{}:{}: crate::{name}", source.path, number + 1));
            }
        }
    }
    complain("layers that name what is above them", &found);
}

#[test]
fn the_core_forbids_unsafe_code() {
    let lib = fs::read_to_string(top().join("src/lib.rs")).unwrap();
    assert!(lib.contains("#![forbid(unsafe_code)]"));
}
