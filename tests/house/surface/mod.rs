//! The public surface of the libraries, held against the file that lists it: nothing is added by accident, and what
//! is removed or changed is seen for what it is, a break with those who use it.

mod lines;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::{env, fs};

use crate::manifest::top;

/// The list, and what writes it anew.
const FILE: &str = "docs/surface.txt";
const UPDATE: &str = "UPDATE_SURFACE";

/// The packages, by the names that their users write.
const PACKAGES: [(&str, &str); 3] =
    [("wherever", "src"), ("wherever_transports", "transports/src"), ("wherever_debug", "debug/src")];

/// Every public item, one line each, in the order of the alphabet.
fn surface() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (name, folder) in PACKAGES {
        let tree = tree::Tree::read(&top().join(folder));
        lines::write(&tree, name, &mut found);
    }
    found
}

/// What a line is about: all that stands before its first `: `.
fn subject(line: &str) -> &str {
    line.split_once(": ").map_or(line, |(subject, _)| subject)
}

/// Whether code that was written before lacks it: a method that a trait requires; a variant or field of what may be
/// matched or made in full.
fn breaks_though_added(line: &str, before: &BTreeSet<String>) -> bool {
    let (subject, text) = line.split_once(": ").unwrap_or((line, ""));
    let was_in_full = |of: &str| {
        let is_it = |line: &&String| line.strip_prefix(of).is_some_and(|text| text.starts_with(": "));
        before.iter().find(is_it).is_some_and(|line| !line.contains("non_exhaustive") && !line.ends_with("{ .. }"))
    };
    let (above, last) = subject.rsplit_once("::").unwrap_or(("", subject));
    match last.split_once('.') {
        Some((of, _)) => was_in_full(&format!("{above}::{of}")),
        None if text.contains("required fn ") => before.iter().any(|line| line.starts_with(&format!("{above}: "))),
        None => text.contains("variant") && was_in_full(above),
    }
}

/// What differs, breaks first.
fn difference(before: &BTreeSet<String>, now: &BTreeSet<String>) -> String {
    let by_subject = |lines: Vec<&String>| {
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        lines.into_iter().for_each(|line| all.entry(subject(line).to_owned()).or_default().push(line.clone()));
        all
    };
    let removed = by_subject(before.difference(now).collect());
    let mut added = by_subject(now.difference(before).collect());
    let mut told = String::new();
    for (subject, lines) in &removed {
        let instead = added.remove(subject);
        let _ = writeln!(told, "{}", if instead.is_some() { "BREAKS, changed:" } else { "BREAKS, removed:" });
        lines.iter().for_each(|line| told += &format!("  - {line}\n"));
        instead.iter().flatten().for_each(|line| told += &format!("  + {line}\n"));
    }
    for line in added.values().flatten() {
        let head = if breaks_though_added(line, before) { "BREAKS, added:" } else { "added:" };
        let _ = writeln!(told, "{head}\n  + {line}");
    }
    told
}

#[test]
fn the_public_surface_is_as_it_is_listed() {
    let now = surface();
    assert!(now.len() > 800, "only {} items were found", now.len());
    let path = top().join(FILE);
    if env::var_os(UPDATE).is_some() {
        fs::write(&path, now.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    }
    let before: BTreeSet<String> = fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
    let told = difference(&before, &now);
    assert!(
        told.is_empty(),
        "the public surface is not what {FILE} lists. What breaks needs a reason, and a version that says so; if all of \
         this is meant, write the list anew with `{UPDATE}=1 cargo test --package wherever-tests --test house surface`:\n\
         {told}"
    );
}

#[test]
fn a_break_is_told_from_an_addition() {
    let set = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<BTreeSet<_>>();
    let before = set(&["a::gone: fn gone()", "a::kept: fn kept()", "a::other: fn other()"]);
    let now = set(&["a::kept: fn kept()", "a::new: fn new()", "a::other: fn other(one: i64)"]);
    assert_eq!(
        difference(&before, &now),
        "BREAKS, removed:\n  - a::gone: fn gone()\n\
         BREAKS, changed:\n  - a::other: fn other()\n  + a::other: fn other(one: i64)\n\
         added:\n  + a::new: fn new()\n"
    );
    assert_eq!(difference(&now, &now), "");
    let before =
        set(&["a::E: enum", "a::N: #[non_exhaustive] enum", "a::S: struct", "a::P: struct { .. }", "a::T: trait"]);
    let added = [
        "a::E::V: variant",
        "a::N::V: variant",
        "a::S.f: u8",
        "a::P.f: u8",
        "a::T::g: required fn g()",
        "a::T::h: provided fn h()",
    ];
    let breaking: Vec<_> = added.iter().filter(|line| breaks_though_added(line, &before)).collect();
    assert_eq!(breaking, [&"a::E::V: variant", &"a::S.f: u8", &"a::T::g: required fn g()"]);
}
