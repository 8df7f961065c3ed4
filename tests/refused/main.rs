//! What the attributes and derives refuse, and the message that a user reads: one file of code each, with the messages
//! beside it. `TRYBUILD=overwrite` writes them anew; what changed is then looked at as a reader of them would.
//!
//! It is a package of its own because what trybuild compiles depends on all that its package does: here that is little.
#![allow(clippy::unwrap_used, reason = "a test that finds something else has failed")]

use proc_macro2::{TokenStream, TokenTree};

#[test]
fn what_is_refused_is_told_where_it_stands_with_what_to_do_instead() {
    trybuild::TestCases::new().compile_fail("code/*.rs");
}

/// Texts of the sources that are no refusals: they stand in what is written.
const WRITTEN: [&str; 6] = [
    "as peers can be given it",
    "an object of any side",
    "a variant of ",
    " has no data of its own",
    "the result is promised",
    "what a promise is wanted of",
];

#[test]
fn every_refusal_is_provoked() {
    let read = |folder: &str, ending: &str| {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        // The test of the guide refuses nothing.
        let files = entries.filter(|path| path.to_string_lossy().ends_with(ending) && !path.ends_with("guide.rs"));
        files.map(|path| std::fs::read_to_string(path).unwrap()).collect::<Vec<_>>()
    };
    let told = read("code", ".stderr").concat();
    let mut texts = Vec::new();
    for source in read("../../macros/src", ".rs") {
        sentences(source.parse().unwrap(), &mut texts);
    }
    texts.retain(|text| !WRITTEN.iter().any(|written| text.contains(written)));
    assert!(texts.len() > 45, "only {} texts were found", texts.len());
    let silent: Vec<_> = texts.iter().filter(|text| !told.contains(text.as_str())).collect();
    assert!(silent.is_empty(), "no file provokes these: {silent:#?}");
}

/// Texts of several words, documentation left out; of one with places to fill in, the longest part between them.
fn sentences(tokens: TokenStream, found: &mut Vec<String>) {
    let mut is_doc = false;
    for token in tokens {
        match &token {
            TokenTree::Group(group) => sentences(group.stream(), found),
            TokenTree::Literal(literal) if !is_doc => {
                let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) else { continue };
                let text = text.value();
                let part = text.split(['{', '}']).step_by(2).max_by_key(|part| part.len()).unwrap_or_default();
                if part.matches(' ').count() >= 3 {
                    found.push(part.to_owned());
                }
            }
            _ => {}
        }
        // The text of a comment stands as `doc = "..."`.
        is_doc = match token {
            TokenTree::Ident(word) => word == "doc",
            TokenTree::Punct(_) => is_doc,
            _ => false,
        };
    }
}
