//! What the pages say of themselves: links that lead somewhere, words that mean one thing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::manifest::top;

/// All pages: those at the top, and those of the documentation and the tests.
fn pages() -> Vec<PathBuf> {
    let folders = ["", "docs", "tests", "tests/vectors", "fuzz", "demos", "transports", "python"];
    let entries = folders.iter().flat_map(|folder| fs::read_dir(top().join(folder)).unwrap());
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "md"))
        .collect()
}

/// The targets of the links of a page, code left out.
fn links(text: &str) -> Vec<String> {
    let prose = text.split("```").step_by(2).collect::<String>();
    let targets = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.split('#').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn every_link_leads_to_a_file() {
    let mut lost = Vec::new();
    for page in pages() {
        let folder = page.parent().unwrap_or(Path::new("")).to_path_buf();
        for link in links(&fs::read_to_string(&page).unwrap()) {
            let elsewhere = link.contains("://") || link.starts_with("mailto:");
            if !elsewhere && !link.is_empty() && !folder.join(&link).exists() {
                lost.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(lost.is_empty(), "links to nothing:\n{}", lost.join("\n"));
}

#[test]
fn every_word_means_one_thing() {
    let glossary = fs::read_to_string(top().join("docs/glossary.md")).unwrap();
    let rows = glossary.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| word "));
    let cells = rows.map(|row| row.split('|').nth(1).unwrap_or_default().to_owned());
    let words: Vec<String> =
        cells.flat_map(|cell| cell.split(',').map(|word| word.trim().to_owned()).collect::<Vec<_>>()).collect();
    assert!(words.len() > 60, "only {} words were found", words.len());
    let mut met = BTreeSet::new();
    let twice: Vec<_> = words.iter().filter(|word| !met.insert(word.as_str())).collect();
    assert!(twice.is_empty(), "said twice: {twice:?}");
}
