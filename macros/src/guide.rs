//! The page that shows what the attributes write: what stands there is what they write, token by token.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::fs;
use std::path::Path;

use quote::ToTokens;
use syn::{Attribute, File, Item, Meta};

/// Begins a comment of the page that names what is left out.
const LEFT_OUT: &str = "// Left out: ";

/// The code behind a line of the page.
fn code_behind<'a>(page: &'a str, line: &str) -> &'a str {
    let (_, rest) = page.split_once(line).unwrap_or_else(|| panic!("{line:?} is not on the page"));
    let (_, rest) = rest.split_once("```rust").unwrap();
    rest.split_once('\n').unwrap().1.split_once("```").unwrap().0
}

/// What the attributes write for these items.
fn expanded(source: &str) -> Vec<Item> {
    let mut items = Vec::new();
    for item in syn::parse_file(source).unwrap().items {
        let written = match item {
            Item::Trait(mut declared) => {
                let words = words(&mut declared.attrs);
                crate::interface::interface(words, declared).unwrap()
            }
            Item::Impl(mut block) => {
                let words = words(&mut block.attrs);
                crate::export::export(words, block).unwrap()
            }
            other => other.into_token_stream(),
        };
        items.extend(syn::parse2::<File>(written).unwrap().items);
    }
    items
}

/// Takes the attribute of ours away, and gives what stands in its parentheses.
fn words(attributes: &mut Vec<Attribute>) -> proc_macro2::TokenStream {
    let is_ours =
        |attribute: &Attribute| attribute.path().segments.first().is_some_and(|first| first.ident == "wherever");
    let at = attributes.iter().position(is_ours).unwrap();
    match attributes.remove(at).meta {
        Meta::List(list) => list.tokens,
        _ => proc_macro2::TokenStream::new(),
    }
}

/// The tokens of an item, but for `#[allow(...)]` and `#[automatically_derived]` above it and its members.
fn tokens(mut item: Item) -> String {
    let plain = |attributes: &mut Vec<Attribute>| {
        attributes.retain(|attribute| {
            !attribute.path().is_ident("allow") && !attribute.path().is_ident("automatically_derived")
        });
    };
    match &mut item {
        Item::Impl(block) => plain(&mut block.attrs),
        Item::Struct(declared) => plain(&mut declared.attrs),
        Item::Trait(declared) => {
            for member in &mut declared.items {
                if let syn::TraitItem::Fn(function) = member {
                    plain(&mut function.attrs);
                }
            }
        }
        _ => {}
    }
    let tokens = item.to_token_stream().to_string();
    // Blanks within literals go as well, on both sides. A comma before a bracket is the formatter's.
    let tokens: String = tokens.split_whitespace().collect();
    [",)", ",]", ",}"].iter().fold(tokens, |tokens, end| tokens.replace(end, &end[1..]))
}

/// An item, as the page names it where it leaves it out.
fn name(item: &Item) -> String {
    let name = match item {
        Item::Impl(block) => {
            let of = block.trait_.as_ref().map(|(path, _)| path.segments.last().unwrap().to_token_stream());
            format!("impl {} for {}", of.unwrap_or_default(), block.self_ty.to_token_stream())
        }
        Item::Struct(declared) => format!("struct {}", declared.ident),
        other => panic!("nothing of this kind is left out: {}", other.to_token_stream()),
    };
    [(" :: ", "::"), (":: ", "::"), ("for::", "for ::"), (" < ", "<"), (" >", ">"), ("& ", "&"), (" ,", ",")]
        .iter()
        .fold(name, |name, (from, to)| name.replace(from, to))
}

#[test]
fn the_guide_shows_what_is_written() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide.md");
    let page = fs::read_to_string(page).unwrap();
    let shown = code_behind(&page, "This is what comes out");
    let items: Vec<String> = syn::parse_file(shown).unwrap().items.into_iter().map(tokens).collect();
    let left_out: Vec<&str> = shown.lines().filter_map(|line| line.strip_prefix(LEFT_OUT)).collect();
    let (mut seen, mut unseen) = (0, Vec::new());
    for item in expanded(code_behind(&page, "## What the attributes write")) {
        let told = item.to_token_stream().to_string();
        match items.iter().any(|shown| *shown == tokens(item.clone())) {
            true => seen += 1,
            false => unseen.push((name(&item), told)),
        }
    }
    assert_eq!(seen, items.len(), "what is shown and is not written stands among these:\n{unseen:#?}");
    assert_eq!(unseen.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), left_out);
}
