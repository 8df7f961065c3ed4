//! What the core depends on, by the manifests and the lock file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

/// All that the core may depend on.
const ALLOWED: [&str; 6] = ["crossbeam-channel", "parking_lot", "postcard", "serde", "smallvec", "thiserror"];

/// What runs while a program is built, unless it does without: by the one feature that is on by default.
const MACROS: &str = "wherever-macros";

/// What it depends on only if it is asked to: by a feature of that name; and for model checking, by a flag.
const FEATURES: [&str; 2] = ["futures-core", "tracing"];
const BY_FEATURE: [&str; 3] = ["futures-core", "tracing", "tracing-subscriber"];
const BY_FLAG: &str = "shuttle";

/// What the Python package depends on; and it alone on the first of them.
const PYTHON: [&str; 4] = ["pyo3", "parking_lot", "wherever", "wherever-transports"];

/// What the interfaces of debuggers depend on, and what the adapter for editors does.
const DEBUG: [&str; 1] = ["wherever"];
const DAP: [&str; 6] = ["parking_lot", "serde", "serde_json", "wherever", "wherever-debug", "wherever-transports"];

/// Packages below the core at any depth, those for compiling and for other systems included. More need a reason.
const TREE_MAX: usize = 25;

/// The top of the repository.
pub(crate) fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// The keys of one table of the manifest at the top.
fn keys(table: &str) -> Vec<String> {
    let manifest = fs::read_to_string(top().join("Cargo.toml")).unwrap();
    let lines = manifest.lines().skip_while(|line| *line != format!("[{table}]")).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('[')).filter(|line| line.contains('='));
    lines.map(|line| line.split(['.', ' ', '=']).next().unwrap().to_owned()).collect()
}

/// The packages of the lock file, each with the names of what it depends on.
fn locked() -> BTreeMap<String, Vec<String>> {
    let lock = fs::read_to_string(top().join("Cargo.lock")).unwrap();
    let packages = lock.split("[[package]]").skip(1).map(|package| {
        let name = package.lines().find_map(|line| line.strip_prefix("name = ")).unwrap();
        let list = package.split_once("dependencies = [").map_or("", |(_, list)| list);
        let dependencies = list.split(']').next().unwrap().split('"').skip(1).step_by(2);
        // A name, and a version where there are several.
        let dependencies = dependencies.map(|name| name.split(' ').next().unwrap().to_owned());
        (name.trim_matches('"').to_owned(), dependencies.collect())
    });
    packages.collect()
}

#[test]
fn the_core_depends_on_six_packages() {
    let with_feature = ALLOWED.into_iter().chain(BY_FEATURE).chain([MACROS]).collect::<BTreeSet<_>>();
    assert_eq!(keys("dependencies").iter().map(String::as_str).collect::<BTreeSet<_>>(), with_feature);
    assert_eq!(keys("features"), ["default", FEATURES[0], "macros", FEATURES[1]]);
    for table in ["build-dependencies", "dev-dependencies"] {
        assert_eq!(keys(table), Vec::<String>::new(), "{table}");
    }
    let locked = locked();
    let direct: BTreeSet<&str> = locked["wherever"].iter().map(String::as_str).collect();
    let with_flag = with_feature.into_iter().chain([BY_FLAG]).collect();
    assert_eq!(direct, with_flag, "by the lock file");
}

#[test]
fn what_is_below_the_core_stays_little() {
    let locked = locked();
    let (mut met, mut todo) = (BTreeSet::new(), vec!["wherever"]);
    while let Some(name) = todo.pop() {
        let asked_for =
            |below: &&String| name == "wherever" && (BY_FEATURE.contains(&below.as_str()) || below.as_str() == BY_FLAG);
        for below in locked[name].iter().filter(|below| !asked_for(below)) {
            if met.insert(below.as_str()) {
                todo.push(below);
            }
        }
    }
    println!("{} packages below the core: {}", met.len(), met.iter().copied().collect::<Vec<_>>().join(", "));
    assert!(met.len() <= TREE_MAX, "{} packages: {met:?}", met.len());
}

#[test]
fn the_interpreter_is_the_python_packages_alone() {
    let locked = locked();
    let direct: BTreeSet<&str> = locked["wherever-python"].iter().map(String::as_str).collect();
    assert_eq!(direct, BTreeSet::from(PYTHON));
    let others = locked.iter().filter(|(_, below)| below.iter().any(|name| name == PYTHON[0]));
    assert_eq!(others.map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["wherever-python"]);
}

#[test]
fn whoever_debugs_depends_on_little() {
    let locked = locked();
    let direct = |name: &str| locked[name].iter().map(String::as_str).collect::<BTreeSet<_>>();
    assert_eq!(direct("wherever-debug"), BTreeSet::from(DEBUG));
    assert_eq!(direct("wherever-dap"), BTreeSet::from(DAP));
}
