//! Words of `#[wherever(...)]` that are none, or that say nothing where they stand.
#![allow(dead_code, unused)]

struct Counter;

#[wherever::export]
impl Counter {
    #[wherever(atribute)]
    pub fn misspelt(&self) -> i64 {
        1
    }

    pub fn parameter(&self, #[wherever(name = "other")] one: i64) {}

    #[wherever(attribute, skip)]
    pub fn two_at_once(&self) -> i64 {
        1
    }

    #[wherever(constructor, attribute)]
    pub fn made_and_read() -> Self {
        Self
    }

    #[wherever(constructor)]
    pub fn made_of_itself(&self) -> Self {
        Self
    }

    #[wherever(constructor, one_way)]
    pub fn made_one_way() -> Self {
        Self
    }

    #[wherever(skip, hidden)]
    pub fn no_member(&self) {}

    #[wherever(attribute)]
    pub async fn awaited(&self) -> i64 {
        1
    }

    #[wherever(attribute)]
    pub fn with_argument(&self, a: i64) -> i64 {
        a
    }

    #[wherever(attribute, concurrent)]
    pub fn concurrent(&self) -> i64 {
        1
    }

    #[wherever(attribute, reads)]
    pub fn set_concurrent(&self, to: i64) {}

    #[wherever(one_way)]
    pub fn one_way(&self) -> i64 {
        1
    }
}

#[derive(wherever::ValueType)]
#[wherever(title = "example.Data")]
struct Data {
    #[wherever(optional)]
    number: i64,
}

#[derive(wherever::ValueType)]
#[wherever(version = 4294967296)]
struct Versions;

#[derive(wherever::ValueType)]
enum Choice {
    #[wherever(default)]
    One,
}

#[derive(wherever::ValueType)]
enum Errors {
    #[wherever(remote)]
    Remote(i64),
}

fn main() {}
