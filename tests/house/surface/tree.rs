//! The modules of a library as they stand in its files, and where a name leads.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use syn::{Attribute, Item, ItemUse, UseTree, Visibility};

/// A module's place: the names of the modules that lead to it.
pub(super) type Place = Vec<String>;

/// All modules, tests left out.
pub(super) struct Tree {
    pub(super) modules: BTreeMap<Place, Module>,
}

#[derive(Default)]
pub(super) struct Module {
    pub(super) items: Vec<Item>,
    pub(super) uses: Vec<Use>,
}

/// One name that a `use` brings in.
pub(super) struct Use {
    pub(super) public: bool,
    pub(super) hidden: bool,
    pub(super) path: Vec<String>,
    /// The name here; `*` brings in all.
    pub(super) name: String,
}

/// What a name leads to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Target {
    Module(Place),
    /// An item of a module, by its name there.
    Item(Place, String),
    /// Something of another package.
    Elsewhere(String),
}

impl Tree {
    pub(super) fn read(folder: &Path) -> Self {
        let mut tree = Self { modules: BTreeMap::new() };
        let file = syn::parse_file(&fs::read_to_string(folder.join("lib.rs")).unwrap()).unwrap();
        tree.add(Vec::new(), file.items, folder);
        tree
    }

    /// Adds a module whose own modules are in this folder.
    fn add(&mut self, place: Place, items: Vec<Item>, folder: &Path) {
        let mut module = Module::default();
        for item in items {
            match item {
                Item::Mod(inner) if !is_for_tests(&inner.attrs) => {
                    let name = inner.ident.to_string();
                    let below = folder.join(&name);
                    let place = place.iter().cloned().chain([name.clone()]).collect();
                    let items = match &inner.content {
                        Some((_, items)) => items.clone(),
                        None => {
                            let beside = [folder.join(format!("{name}.rs")), below.join("mod.rs")];
                            let file = beside.iter().find_map(|file| fs::read_to_string(file).ok());
                            syn::parse_file(&file.unwrap_or_else(|| panic!("no file of {place:?}"))).unwrap().items
                        }
                    };
                    self.add(place, items, &below);
                    module.items.push(Item::Mod(inner));
                }
                Item::Use(item) => read_use(&item, &mut module.uses),
                other => module.items.push(other),
            }
        }
        self.modules.insert(place, module);
    }

    /// Where a path leads that stands in this module.
    pub(super) fn resolve(&self, from: &Place, path: &[String]) -> Target {
        self.resolve_within(from, path, 0)
    }

    fn resolve_within(&self, from: &Place, path: &[String], steps: usize) -> Target {
        let elsewhere = || Target::Elsewhere(path.join("::"));
        let Some((first, rest)) = path.split_first() else { return Target::Module(from.clone()) };
        if steps > 40 {
            return elsewhere();
        }
        let next = |place: &Place, rest: &[String]| self.resolve_within(place, rest, steps + 1);
        match first.as_str() {
            "crate" => return next(&Vec::new(), rest),
            "self" => return next(from, rest),
            "super" => return next(&from[..from.len().saturating_sub(1)].to_vec(), rest),
            _ => {}
        }
        let below: Place = from.iter().cloned().chain([first.clone()]).collect();
        if self.modules.contains_key(&below) {
            return next(&below, rest);
        }
        let module = &self.modules[from];
        if module.items.iter().any(|item| name_of(item).as_ref() == Some(first)) {
            return Target::Item(from.clone(), first.clone());
        }
        let named = module.uses.iter().find(|used| used.name == *first && used.path != [first.clone()]);
        if let Some(used) = named {
            let whole: Vec<String> = used.path.iter().chain(rest).cloned().collect();
            return next(from, &whole);
        }
        let all = module.uses.iter().filter(|used| used.name == "*");
        let through = all.map(|used| used.path.iter().chain(path).cloned().collect::<Vec<_>>());
        let found = through.map(|whole| next(from, &whole)).find(|target| !matches!(target, Target::Elsewhere(_)));
        found.unwrap_or_else(elsewhere)
    }

    /// The items of a module that have this name: there may be several, under a `#[cfg(...)]` each.
    pub(super) fn items<'a>(&'a self, place: &Place, name: &'a str) -> impl Iterator<Item = &'a Item> {
        self.modules[place].items.iter().filter(move |item| name_of(item).as_deref() == Some(name))
    }
}

/// Whether it is compiled for tests alone.
pub(super) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| {
                let condition = list.tokens.to_string();
                condition == "test" || condition.starts_with("all (test") || condition.starts_with("all(test")
            })
    })
}

pub(super) fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("doc")
            && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string() == "hidden")
    })
}

fn read_use(item: &ItemUse, uses: &mut Vec<Use>) {
    let public = matches!(item.vis, Visibility::Public(_));
    let mut add = |path: Vec<String>, name: String| {
        uses.push(Use { public, hidden: is_hidden(&item.attrs), path, name });
    };
    read_tree(&item.tree, &[], &mut add);
}

fn read_tree(tree: &UseTree, before: &[String], add: &mut impl FnMut(Vec<String>, String)) {
    let with = |name: &syn::Ident| before.iter().cloned().chain([name.to_string()]).collect::<Vec<_>>();
    match tree {
        UseTree::Path(path) => read_tree(&path.tree, &with(&path.ident), add),
        UseTree::Name(name) if name.ident == "self" => {
            add(before.to_vec(), before.last().cloned().unwrap_or_default());
        }
        UseTree::Name(name) => add(with(&name.ident), name.ident.to_string()),
        UseTree::Rename(rename) if rename.ident == "self" => add(before.to_vec(), rename.rename.to_string()),
        UseTree::Rename(rename) => add(with(&rename.ident), rename.rename.to_string()),
        UseTree::Glob(_) => add(before.to_vec(), "*".to_owned()),
        UseTree::Group(group) => group.items.iter().for_each(|tree| read_tree(tree, before, add)),
    }
}

/// The name of an item that has one, modules left out.
fn name_of(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}
