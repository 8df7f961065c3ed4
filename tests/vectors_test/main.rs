//! The vectors that are checked in, read as another implementation would read them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::fs;
use std::path::Path;

use wherever_tests::vectors::json::{Json, parse};
use wherever_tests::vectors::{meaning, slots};

fn read(name: &str) -> Json {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name);
    parse(&fs::read_to_string(path).unwrap()).unwrap()
}

fn entries(file: &Json, key: &str) -> Vec<Json> {
    file.get(key).and_then(Json::as_list).unwrap().to_vec()
}

fn text<'a>(entry: &'a Json, key: &str) -> &'a str {
    entry.get(key).and_then(Json::as_text).unwrap()
}

#[test]
fn every_vector_means_what_it_says() {
    let files = ["primitives", "prefaces", "frames", "shapes", "values", "payloads", "messages"];
    for file in files {
        let vectors = entries(&read(&format!("{file}.json")), "vectors");
        assert!(vectors.len() >= 5, "{file} has few vectors");
        for vector in vectors {
            let refs = vector.get("references").and_then(Json::as_number).unwrap_or(0);
            let bytes = vector.get("bytes").and_then(Json::as_bytes).unwrap();
            let means = meaning::of_bytes(text(&vector, "kind"), &bytes, &slots(refs as usize));
            assert_eq!(means.as_ref(), Ok(vector.get("means").unwrap()), "{file}: {}", text(&vector, "name"));
        }
    }
}

#[test]
fn every_wrong_vector_is_refused() {
    for vector in entries(&read("refused.json"), "refused") {
        let bytes = vector.get("bytes").and_then(Json::as_bytes).unwrap();
        let means = meaning::of_bytes(text(&vector, "kind"), &bytes, &[]);
        assert!(means.is_err(), "taken: {bytes:02x?} as {}, though {}", text(&vector, "kind"), text(&vector, "why"));
    }
}

#[test]
fn every_unit_of_the_conversation_means_what_it_says() {
    let units = entries(&read("conversation.json"), "units");
    assert!(units.len() > 20);
    for unit in units {
        let bytes = unit.get("bytes").and_then(Json::as_bytes).unwrap();
        let means = meaning::of_bytes(text(&unit, "kind"), &bytes, &[]);
        assert_eq!(means.as_ref(), Ok(unit.get("means").unwrap()), "{}", text(&unit, "step"));
    }
}
