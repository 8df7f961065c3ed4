//! The Python files of the package, its tests and its benchmark: lengths, purposes, and versions that are exact.

use std::fs;
use std::path::{Path, PathBuf};

use crate::manifest::top;
use crate::source::{FILE_LINES, FUNCTION_LINES, complain};

/// Characters of a line at most.
const LINE_CHARS: usize = 120;

/// A Python file: its path, and its lines.
struct Source {
    path: String,
    lines: Vec<String>,
}

fn files(folder: &Path, kind: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // What tools leave behind begins with a dot, or is nobody's writing.
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') {
            files(&path, kind, found);
        } else if name.ends_with(kind) {
            found.push(path);
        }
    }
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for kind in [".py", ".pyi"] {
        files(&top().join("python"), kind, &mut found);
    }
    assert!(found.len() > 10, "only {} files were found", found.len());
    let source = |path: PathBuf| Source {
        lines: fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect(),
        path: path.strip_prefix(top()).unwrap().display().to_string(),
    };
    found.into_iter().map(source).collect()
}

#[test]
fn files_and_lines_are_short() {
    let mut long = Vec::new();
    for source in sources() {
        let is_test = source.path.starts_with("python/tests/");
        if source.lines.len() >= FILE_LINES && !is_test {
            long.push(format!("{}: {} lines", source.path, source.lines.len()));
        }
        for (number, line) in source.lines.iter().enumerate() {
            if line.chars().count() > LINE_CHARS {
                long.push(format!("{}:{}: {} characters", source.path, number + 1, line.chars().count()));
            }
        }
    }
    complain("files of 500 lines or more, tests not counted, lines of more than 120 characters", &long);
}

#[test]
fn functions_are_short() {
    let mut long = Vec::new();
    for source in sources() {
        for (start, line) in source.lines.iter().enumerate() {
            let code = line.trim_start();
            if code.starts_with("def ") || code.starts_with("async def ") {
                let length = length(&source.lines[start..], line.len() - code.len());
                if length >= FUNCTION_LINES {
                    long.push(format!("{}:{}: {length} lines", source.path, start + 1));
                }
            }
        }
    }
    complain("functions of 70 lines or more", &long);
}

/// Lines of what begins with the first of these: up to the last that stands further to the right.
fn length(lines: &[String], indent: usize) -> usize {
    let is_inside = |line: &String| {
        let code = line.trim_start();
        code.is_empty() || code.starts_with(')') || line.len() - code.len() > indent
    };
    let body = lines[1..].iter().take_while(|line| is_inside(line)).collect::<Vec<_>>();
    1 + body.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |last| last + 1)
}

#[test]
fn lengths_are_counted_as_they_are() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(length(&lines("def f():\n    a\n\n    b\n\n\ndef g():"), 0), 4);
    assert_eq!(length(&lines("def f(\n    a,\n) -> None:\n    b\nc"), 0), 4);
    assert_eq!(length(&lines("    def f(): pass\n    def g(): pass"), 4), 1);
}

#[test]
fn every_module_tells_its_purpose() {
    let silent =
        sources().into_iter().filter(|source| !source.lines.first().is_some_and(|line| line.starts_with("\"\"\"")));
    let silent: Vec<_> = silent.map(|source| source.path).collect();
    complain("modules that do not begin with their purpose", &silent);
}

#[test]
fn nothing_is_left_for_later() {
    let words = ["TODO", "FIXME", "XXX", "NotImplementedError()", "breakpoint(", "print(file="];
    let mut found = Vec::new();
    for source in sources() {
        for (number, line) in source.lines.iter().enumerate() {
            // As a word: what sets a breakpoint is none.
            let has = |word: &str| {
                let is_inner =
                    |at: usize| line[..at].ends_with(|before: char| before == '_' || before.is_alphanumeric());
                line.match_indices(word).any(|(at, _)| !is_inner(at))
            };
            if let Some(word) = words.iter().find(|word| has(word)) {
                found.push(format!("{}:{}: {word}", source.path, number + 1));
            }
        }
    }
    complain("what is left for later", &found);
}

#[test]
fn what_is_installed_has_an_exact_version() {
    let mut lists = Vec::new();
    files(&top().join("python"), "requirements.txt", &mut lists);
    assert_eq!(lists.len(), 3, "{lists:?}");
    let mut loose = Vec::new();
    for list in lists {
        let text = fs::read_to_string(&list).unwrap();
        let packages: Vec<_> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        assert!(!packages.is_empty(), "{}", list.display());
        for line in packages.iter().filter(|line| !line.contains("==")) {
            loose.push(format!("{}: {line}", list.display()));
        }
    }
    complain("packages without an exact version", &loose);
}
