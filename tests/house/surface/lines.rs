//! Each public item as a line: the path by which users know it, and its signature.

use std::collections::{BTreeMap, BTreeSet};

use quote::{ToTokens, quote};
use syn::{Attribute, Fields, ImplItem, Item, ItemImpl, ItemTrait, TraitItem, Type, Visibility};

use super::tree::{Place, Target, Tree, is_for_tests, is_hidden};

/// Writes the lines of a library.
pub(super) fn write(tree: &Tree, name: &str, lines: &mut BTreeSet<String>) {
    let mut walk = Walk { tree, lines, known: BTreeMap::new() };
    walk.module(&Vec::new(), name, 0);
    let known = walk.known;
    for (place, module) in &tree.modules {
        for item in &module.items {
            match item {
                Item::Impl(block) => implementation(tree, place, block, &known, lines),
                // What a macro writes is not read; what it is given says what there is of it.
                Item::Macro(written) if written.ident.is_none() && !written.mac.path.is_ident("thread_local") => {
                    let (path, given) = (&written.mac.path, without_docs(written.mac.tokens.clone()));
                    let place =
                        [name].into_iter().chain(place.iter().map(String::as_str)).collect::<Vec<_>>().join("::");
                    lines.insert(format!("{place} by a macro: {}", tidy(&quote!(#path! { #given }))));
                }
                _ => {}
            }
        }
    }
}

/// Public names of items, by where they are defined; the first is the one under which all of it is listed.
type Known = BTreeMap<(Place, String), Vec<String>>;

struct Walk<'a> {
    tree: &'a Tree,
    lines: &'a mut BTreeSet<String>,
    known: Known,
}

impl Walk<'_> {
    fn module(&mut self, place: &Place, path: &str, depth: usize) {
        // Modules that bring each other in would have no end.
        if depth > 8 {
            return;
        }
        let module = &self.tree.modules[place];
        for item in &module.items {
            let (name, attributes, visibility) = match item {
                Item::Const(item) => (&item.ident, &item.attrs, &item.vis),
                Item::Enum(item) => (&item.ident, &item.attrs, &item.vis),
                Item::Fn(item) => (&item.sig.ident, &item.attrs, &item.vis),
                Item::Static(item) => (&item.ident, &item.attrs, &item.vis),
                Item::Struct(item) => (&item.ident, &item.attrs, &item.vis),
                Item::Trait(item) => (&item.ident, &item.attrs, &item.vis),
                Item::Type(item) => (&item.ident, &item.attrs, &item.vis),
                Item::Mod(item) => (&item.ident, &item.attrs, &item.vis),
                _ => continue,
            };
            if !matches!(visibility, Visibility::Public(_)) || is_hidden(attributes) {
                continue;
            }
            let path = format!("{path}::{name}");
            if let Item::Mod(_) = item {
                self.lines.insert(format!("{path}: {}mod", conditions(attributes)));
                let below = place.iter().cloned().chain([name.to_string()]).collect();
                self.module(&below, &path, depth + 1);
            } else {
                self.item(place, &name.to_string(), &path);
            }
        }
        for used in module.uses.iter().filter(|used| used.public && !used.hidden) {
            match (self.tree.resolve(place, &used.path), used.name.as_str()) {
                (Target::Module(target), "*") => self.module(&target, path, depth + 1),
                (Target::Module(target), name) => {
                    self.lines.insert(format!("{path}::{name}: mod"));
                    self.module(&target, &format!("{path}::{name}"), depth + 1);
                }
                (Target::Item(target, of), name) => self.item(&target, &of, &format!("{path}::{name}")),
                (Target::Elsewhere(of), name) => {
                    self.lines.insert(format!("{path}::{name}: use {of}"));
                }
            }
        }
    }

    fn item(&mut self, place: &Place, name: &str, path: &str) {
        let known = self.known.entry((place.clone(), name.to_owned())).or_default();
        if known.iter().any(|other| other == path) {
            return;
        }
        known.push(path.to_owned());
        if known.len() > 1 {
            self.lines.insert(format!("{path}: {}", known[0]));
            return;
        }
        for item in self.tree.items(place, name) {
            self.lines.extend(described(item, path));
        }
    }
}

/// The lines of an item, those of what it has of its own among them.
fn described(item: &Item, path: &str) -> Vec<String> {
    let line = |attributes: &[Attribute], text: String| format!("{path}: {}{text}", conditions(attributes));
    match item {
        Item::Const(item) => vec![line(&item.attrs, format!("const: {}", tidy(&item.ty)))],
        Item::Static(item) => vec![line(&item.attrs, format!("static: {}", tidy(&item.ty)))],
        Item::Fn(item) => vec![line(&item.attrs, tidy(&item.sig))],
        Item::Type(item) => {
            let (generics, of) = (&item.generics, &item.ty);
            vec![line(&item.attrs, format!("type{} = {}", tidy(generics), tidy(of)))]
        }
        Item::Struct(item) => {
            let bounds = &item.generics.where_clause;
            let head = format!("struct{}{}", tidy(&item.generics), tidy(bounds));
            let mut lines = vec![line(&item.attrs, head + &openness(&item.fields))];
            lines.extend(derived(&item.attrs, path));
            lines.extend(fields(&item.fields, path, true));
            lines
        }
        Item::Enum(item) => {
            let mut lines = vec![line(&item.attrs, format!("enum{}", tidy(&item.generics)))];
            lines.extend(derived(&item.attrs, path));
            for variant in item.variants.iter().filter(|variant| !is_hidden(&variant.attrs)) {
                let path = format!("{path}::{}", variant.ident);
                let kind = match &variant.fields {
                    Fields::Unit => String::new(),
                    Fields::Named(_) => " { .. }".to_owned(),
                    Fields::Unnamed(_) => " (..)".to_owned(),
                };
                lines.push(format!("{path}: {}variant{kind}", conditions(&variant.attrs)));
                lines.extend(fields(&variant.fields, &path, false));
            }
            lines
        }
        Item::Trait(item) => of_trait(item, path),
        _ => Vec::new(),
    }
}

fn of_trait(item: &ItemTrait, path: &str) -> Vec<String> {
    let (above, bounds) = (&item.supertraits, &item.generics.where_clause);
    let above = if above.is_empty() { String::new() } else { format!(": {}", tidy(above)) };
    let head = format!("trait{}{above}{}", tidy(&item.generics), tidy(bounds));
    let mut lines = vec![format!("{path}: {}{head}", conditions(&item.attrs))];
    for inner in &item.items {
        let (name, attributes, text) = match inner {
            TraitItem::Fn(function) => {
                let given = if function.default.is_some() { "provided" } else { "required" };
                (&function.sig.ident, &function.attrs, format!("{given} {}", tidy(&function.sig)))
            }
            TraitItem::Type(of) => {
                let (of_type, bounds) = (&of.ident, &of.bounds);
                (of_type, &of.attrs, format!("type: {}", tidy(bounds)))
            }
            TraitItem::Const(of) => (&of.ident, &of.attrs, format!("const: {}", tidy(&of.ty))),
            _ => continue,
        };
        if !is_hidden(attributes) {
            lines.push(format!("{path}::{name}: {}{text}", conditions(attributes)));
        }
    }
    lines
}

/// Whether there are fields that are not public, so that only the library can make one.
fn openness(fields: &Fields) -> String {
    let is_public = |field: &syn::Field| matches!(field.vis, Visibility::Public(_));
    if fields.iter().all(is_public) { String::new() } else { " { .. }".to_owned() }
}

fn fields(fields: &Fields, path: &str, by_visibility: bool) -> Vec<String> {
    let open = fields
        .iter()
        .enumerate()
        .filter(|(_, field)| !by_visibility || matches!(field.vis, Visibility::Public(_)) && !is_hidden(&field.attrs));
    open.map(|(at, field)| {
        let name = field.ident.as_ref().map_or_else(|| at.to_string(), ToString::to_string);
        format!("{path}.{name}: {}", tidy(&field.ty))
    })
    .collect()
}

fn derived(attributes: &[Attribute], path: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("derive")) {
        let _ = attribute.parse_nested_meta(|derived| {
            let name = derived.path.segments.last().map(|segment| segment.ident.to_string());
            lines.push(format!("{path} implements: {}", name.unwrap_or_default()));
            Ok(())
        });
    }
    lines
}

/// The lines of an `impl` block, for each public name of the type.
fn implementation(tree: &Tree, place: &Place, block: &ItemImpl, known: &Known, lines: &mut BTreeSet<String>) {
    if is_hidden(&block.attrs) || is_for_tests(&block.attrs) {
        return;
    }
    let names = |path: &syn::Path| {
        let path: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        match tree.resolve(place, &path) {
            Target::Item(place, name) => {
                // All else that it is called is listed as the same.
                Some(known.get(&(place, name)).map(|names| names[..1].to_vec()).unwrap_or_default())
            }
            _ => None,
        }
    };
    // Of a type of another package, or of any type, what is implemented is told at the trait.
    let of_type = path_of(&block.self_ty).and_then(names);
    let (generics, bounds) = (&block.generics, &block.generics.where_clause);
    let conditions_of_block = conditions(&block.attrs);
    let Some((of_trait, _)) = &block.trait_ else {
        for path in of_type.iter().flatten() {
            for item in &block.items {
                let (name, attributes, visibility, text) = match item {
                    ImplItem::Fn(item) => (&item.sig.ident, &item.attrs, &item.vis, tidy(&item.sig)),
                    ImplItem::Const(item) => {
                        (&item.ident, &item.attrs, &item.vis, format!("const: {}", tidy(&item.ty)))
                    }
                    _ => continue,
                };
                if matches!(visibility, Visibility::Public(_)) && !is_hidden(attributes) {
                    let given =
                        if generics.params.is_empty() { String::new() } else { format!("for{} ", tidy(generics)) };
                    let conditions = format!("{conditions_of_block}{}", conditions(attributes));
                    lines.insert(format!("{path}::{name}: {conditions}{given}{text}{}", tidy(bounds)));
                }
            }
        }
        return;
    };
    // A trait that users do not know is not theirs to use.
    let of_trait_known = names(of_trait);
    if of_trait_known.as_ref().is_some_and(Vec::is_empty) || of_type.as_ref().is_some_and(Vec::is_empty) {
        return;
    }
    let this = &block.self_ty;
    let text =
        format!("{conditions_of_block}impl{} {} for {}{}", tidy(generics), tidy(of_trait), tidy(this), tidy(bounds));
    let at = of_type.or(of_trait_known).unwrap_or_default();
    for path in at {
        lines.insert(format!("{path} implements: {text}"));
    }
}

fn path_of(of: &Type) -> Option<&syn::Path> {
    match of {
        Type::Path(path) => Some(&path.path),
        Type::Reference(reference) => path_of(&reference.elem),
        _ => None,
    }
}

/// The `#[cfg(...)]` and what says that more may come.
fn conditions(attributes: &[Attribute]) -> String {
    let kept = |attribute: &&Attribute| {
        ["cfg", "non_exhaustive", "must_use", "deprecated"].iter().any(|name| attribute.path().is_ident(name))
    };
    let kept = attributes.iter().filter(kept);
    kept.map(|attribute| format!("#[{}] ", tidy(&attribute.meta))).collect()
}

fn without_docs(tokens: proc_macro2::TokenStream) -> proc_macro2::TokenStream {
    let mut kept = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_doc = |next: &proc_macro2::TokenTree| next.to_string().starts_with("[doc");
        if token.to_string() == "#" && tokens.peek().is_some_and(is_doc) {
            tokens.next();
            continue;
        }
        kept.push(match token {
            proc_macro2::TokenTree::Group(group) => {
                proc_macro2::Group::new(group.delimiter(), without_docs(group.stream())).into()
            }
            other => other,
        });
    }
    kept.into_iter().collect()
}

/// The tokens as people write them, on one line.
fn tidy(tokens: &impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string().replace('\n', " ");
    for (spaced, tight) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" ::", "::"),
        (" : ", ": "),
        (" , ", ", "),
        (" ,", ","),
        ("& ", "&"),
        ("( ", "("),
        (" )", ")"),
        ("[ ", "["),
        (" ]", "]"),
        (" (", "("),
        (" ;", ";"),
        ("# ", "#"),
        ("! ", "!"),
        (" !", "!"),
        (" ?", "?"),
        ("? ", "?"),
        (" < ", "<"),
        (" <", "<"),
        ("< ", "<"),
        (" >", ">"),
        ("- >", " ->"),
        (" ->", " ->"),
        (" = >", " =>"),
        ("->(", "-> ("),
        ("->", " -> "),
        ("  ", " "),
        ("  ", " "),
        (",>", ">"),
        (",)", ")"),
        ("+(", "+ ("),
        ("* ", "*"),
        ("_:", "_:"),
        (" .. .", "..."),
    ] {
        text = text.replace(spaced, tight);
    }
    if text.starts_with("where") { format!(" {text}") } else { text }.trim_end().to_owned()
}
